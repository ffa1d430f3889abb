/* coppice-live: a camera, a file or a test pattern through corruptions and models into a window, a
 * file, a browser or lines of JSON.
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#include <glib-unix.h>
#include <gst/video/video.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "elements/coppice_live_browser.h"
#include "elements/coppice_live_json.h"
#include "elements/coppice_live_line.h"
#include "elements/register.h"
#include "models/core/file.h"
#include "pipeline/cli.h"

enum { END_SECONDS = 10 }; /* for what is inside to come out, once an end is asked for */

typedef struct Live {
    CopLiveWords words;
    char *json, *http;
    double duration;
    gboolean no_window, print;
    GMainLoop *loop;
    GstElement *pipeline;
    CopLiveBrowser *browser;
    FILE *lines;
    gint ending; /* atomic */
    gint64 frames;
    GstClockTime first; /* time of the first frame */
    int code;
} Live;

/* --- an end ------------------------------------------------------------------------ */

static gboolean give_up(gpointer data)
{
    Live *live = data;
    fprintf(stderr, "coppice live: no end after %d seconds\n", END_SECONDS);
    live->code = COP_EXIT_RUN;
    g_main_loop_quit(live->loop);
    return G_SOURCE_REMOVE;
}

/* What has gone in still comes out. */
static gboolean send_end(gpointer data)
{
    Live *live = data;
    gst_element_send_event(live->pipeline, gst_event_new_eos());
    g_timeout_add_seconds(END_SECONDS, give_up, live);
    return G_SOURCE_REMOVE;
}

static gboolean on_signal(gpointer data)
{
    Live *live = data;
    if (g_atomic_int_compare_and_exchange(&live->ending, 0, 1))
        send_end(live);
    else
        g_main_loop_quit(live->loop);
    return G_SOURCE_CONTINUE;
}

/* Counts frames, and ends the stream after --duration of it. */
static GstPadProbeReturn on_frame(GstPad *pad, GstPadProbeInfo *info, gpointer data)
{
    Live *live = data;
    const GstClockTime pts = GST_BUFFER_PTS(GST_PAD_PROBE_INFO_BUFFER(info));
    (void)pad;
    if (!GST_CLOCK_TIME_IS_VALID(live->first))
        live->first = pts;
    if (live->duration > 0 && GST_CLOCK_TIME_IS_VALID(pts) && pts >= live->first &&
        (double)(pts - live->first) >= live->duration * GST_SECOND) {
        if (g_atomic_int_compare_and_exchange(&live->ending, 0, 1))
            g_idle_add(send_end, live);
        return GST_PAD_PROBE_DROP;
    }
    live->frames++;
    return GST_PAD_PROBE_OK;
}

/* --- what is said ------------------------------------------------------------------- */

static void on_said(Live *live, const GstStructure *said)
{
    static const char *const ours[] = {"videocorrupt", "videoclassify", "robustness", NULL};
    const char *name = gst_structure_get_name(said);
    gboolean is_ours = FALSE;
    for (int i = 0; ours[i]; i++)
        is_ours |= g_str_has_prefix(name, ours[i]);
    if (!is_ours)
        return;
    char *json = cop_live_json(said);
    if (live->browser)
        cop_live_browser_say(live->browser, json);
    if (live->lines && (fprintf(live->lines, "%s\n", json) < 0 || fflush(live->lines) != 0)) {
        fprintf(stderr, "coppice live: messages cannot be written\n");
        live->code = COP_EXIT_RUN;
        g_main_loop_quit(live->loop);
    }
    g_free(json);
}

/* Keys in the window: up and down change the severity, left and right the corruption. */
static void on_key(Live *live, const char *key)
{
    GstElement *corrupt = gst_bin_get_by_name(GST_BIN(live->pipeline), COP_LIVE_CORRUPT);
    if (strcmp(key, "q") == 0 || strcmp(key, "Escape") == 0)
        on_signal(live);
    if (!corrupt)
        return;
    double severity;
    int corruption;
    g_object_get(corrupt, "severity", &severity, "corruption", &corruption, NULL);
    const GParamSpec *names =
        g_object_class_find_property(G_OBJECT_GET_CLASS(corrupt), "corruption");
    const int n = (int)G_PARAM_SPEC_ENUM(names)->enum_class->n_values;
    if (strcmp(key, "Up") == 0)
        g_object_set(corrupt, "severity", MIN(severity + 0.5, 5.0), NULL);
    else if (strcmp(key, "Down") == 0)
        g_object_set(corrupt, "severity", MAX(severity - 0.5, 0.0), NULL);
    else if (strcmp(key, "Right") == 0)
        g_object_set(corrupt, "corruption", (corruption + 1) % n, NULL);
    else if (strcmp(key, "Left") == 0)
        g_object_set(corrupt, "corruption", (corruption + n - 1) % n, NULL);
    gst_object_unref(corrupt);
}

static void on_navigation(Live *live, GstMessage *message)
{
    GstEvent *event = NULL;
    const char *key;
    if (gst_navigation_message_parse_event(message, &event) &&
        gst_navigation_event_get_type(event) == GST_NAVIGATION_EVENT_KEY_PRESS &&
        gst_navigation_event_parse_key_event(event, &key))
        on_key(live, key);
    if (event)
        gst_event_unref(event);
}

static void on_error(Live *live, GstMessage *message)
{
    GError *error = NULL;
    const GstStructure *details = NULL;
    int status;
    gst_message_parse_error(message, &error, NULL);
    gst_message_parse_error_details(message, &details);
    fprintf(stderr, "coppice live: %s: %s\n", GST_OBJECT_NAME(GST_MESSAGE_SRC(message)),
            error->message);
    if (details && gst_structure_get_int(details, "status", &status)) /* an element of ours */
        live->code = (int)cop_exit_code((CopStatus)status);
    else if (g_error_matches(error, GST_LIBRARY_ERROR, GST_LIBRARY_ERROR_SETTINGS))
        live->code = COP_EXIT_USAGE;
    else if (error->domain == GST_RESOURCE_ERROR || error->domain == GST_STREAM_ERROR)
        live->code = COP_EXIT_DATA;
    else
        live->code = COP_EXIT_RUN;
    g_error_free(error);
    g_main_loop_quit(live->loop);
}

static gboolean on_message(GstBus *bus, GstMessage *message, gpointer data)
{
    Live *live = data;
    (void)bus;
    switch (GST_MESSAGE_TYPE(message)) {
    case GST_MESSAGE_ERROR:
        on_error(live, message);
        break;
    case GST_MESSAGE_WARNING: {
        GError *error = NULL;
        gst_message_parse_warning(message, &error, NULL);
        fprintf(stderr, "coppice live: %s\n", error->message);
        g_error_free(error);
        break;
    }
    case GST_MESSAGE_EOS:
        g_main_loop_quit(live->loop);
        break;
    case GST_MESSAGE_LATENCY:
        gst_bin_recalculate_latency(GST_BIN(live->pipeline));
        break;
    case GST_MESSAGE_ELEMENT:
        if (gst_navigation_message_get_type(message) == GST_NAVIGATION_MESSAGE_EVENT)
            on_navigation(live, message);
        else if (gst_message_get_structure(message))
            on_said(live, gst_message_get_structure(message));
        break;
    default:
        break;
    }
    return G_SOURCE_CONTINUE;
}

/* --- the run ----------------------------------------------------------------------- */

/* What became of frames that nobody sees. */
static void tell_shown(const Live *live)
{
    GstElement *unseen = gst_bin_get_by_name(GST_BIN(live->pipeline), COP_LIVE_UNSEEN);
    GstStructure *stats = NULL;
    guint64 rendered = 0, late = 0;
    if (!unseen)
        return;
    g_object_get(unseen, "stats", &stats, NULL);
    gst_structure_get(stats, "rendered", G_TYPE_UINT64, &rendered, "dropped", G_TYPE_UINT64, &late,
                      NULL);
    fprintf(stderr, "coppice live: %" G_GUINT64_FORMAT " in time, %" G_GUINT64_FORMAT " late\n",
            rendered, late);
    gst_structure_free(stats);
    gst_object_unref(unseen);
}

/* The last frame as a picture. */
static CopStatus write_still(Live *live, CopError *err)
{
    GstElement *still = gst_bin_get_by_name(GST_BIN(live->pipeline), COP_LIVE_STILL);
    GstSample *last = NULL;
    GError *error = NULL;
    if (!still)
        return COP_OK;
    g_object_get(still, "last-sample", &last, NULL);
    gst_object_unref(still);
    if (!last)
        return cop_error_set(err, COP_ERR_DATA, "%s: there was no frame", live->words.out);
    GstCaps *caps = gst_caps_new_empty_simple("image/png");
    GstSample *png = gst_video_convert_sample(last, caps, 5 * GST_SECOND, &error);
    GstMapInfo map;
    CopStatus status = COP_OK;
    if (png && gst_buffer_map(gst_sample_get_buffer(png), &map, GST_MAP_READ)) {
        status = cop_file_write(live->words.out, map.data, map.size, err);
        gst_buffer_unmap(gst_sample_get_buffer(png), &map);
    } else {
        status = cop_error_set(err, COP_ERR_IO, "%s: %s", live->words.out,
                               error ? error->message : "the frame cannot be read");
    }
    g_clear_error(&error);
    g_clear_pointer(&png, gst_sample_unref);
    gst_caps_unref(caps);
    gst_sample_unref(last);
    return status;
}

/* Where nothing is asked for and nothing can be shown, messages are what is left. */
static CopStatus open_outputs(Live *live, CopError *err)
{
    const CopLiveWords *words = &live->words;
    if (!words->window && !words->browser && !words->out && !words->location && !live->json) {
        fprintf(stderr, "coppice live: no display: messages as lines of JSON on stdout\n");
        live->json = g_strdup("-");
    }
    if (live->json && strcmp(live->json, "-") != 0) {
        live->lines = fopen(live->json, "w");
        if (!live->lines)
            return cop_error_set(err, COP_ERR_IO, "%s: cannot be written", live->json);
    } else if (live->json) {
        live->lines = stdout;
    }
    if (live->http) {
        GstElement *sink = gst_bin_get_by_name(GST_BIN(live->pipeline), COP_LIVE_BROWSER);
        const CopStatus status = cop_live_browser_open(&live->browser, live->http, sink, err);
        gst_object_unref(sink);
        COP_TRY(status);
        fprintf(stderr, "coppice live: http://localhost:%u/\n",
                cop_live_browser_port(live->browser));
    }
    return COP_OK;
}

static CopStatus run_loop(Live *live, CopError *err)
{
    GstElement *entry = gst_bin_get_by_name(GST_BIN(live->pipeline), COP_LIVE_ENTRY);
    GstPad *pad = gst_element_get_static_pad(entry, "src");
    gst_pad_add_probe(pad, GST_PAD_PROBE_TYPE_BUFFER, on_frame, live, NULL);
    gst_object_unref(pad);
    gst_object_unref(entry);

    GstBus *bus = gst_element_get_bus(live->pipeline);
    const guint watch = gst_bus_add_watch(bus, on_message, live);
    const guint sigint = g_unix_signal_add(SIGINT, on_signal, live);
    const guint sigterm = g_unix_signal_add(SIGTERM, on_signal, live);
    live->loop = g_main_loop_new(NULL, FALSE);
    gst_element_set_state(live->pipeline, GST_STATE_PLAYING); /* what fails is said on the bus */
    g_main_loop_run(live->loop);
    const CopStatus status = live->code == COP_EXIT_OK ? write_still(live, err) : COP_OK;
    tell_shown(live);
    gst_element_set_state(live->pipeline, GST_STATE_NULL);
    g_main_loop_unref(live->loop);
    g_source_remove(sigterm);
    g_source_remove(sigint);
    g_source_remove(watch);
    gst_object_unref(bus);
    return status;
}

static CopStatus settle(Live *live, int argc, char **argv, CopError *err)
{
    CopLiveWords *words = &live->words;
    const gboolean display = g_getenv("DISPLAY") || g_getenv("WAYLAND_DISPLAY");
    if (argc > 2)
        return cop_error_set(err, COP_ERR_ARG, "one source is wanted; got \"%s\" and \"%s\"",
                             argv[1], argv[2]);
    words->source = argc > 1 ? argv[1] : NULL;
    words->browser = live->http != NULL;
    words->window = display && !live->no_window && !words->out && !words->browser;
    if (words->classify && (!words->models || words->models[1]))
        return cop_error_set(err, COP_ERR_ARG, "--classify: one --model is wanted");
    if (!words->models && (words->corruptions || words->location))
        return cop_error_set(err, COP_ERR_ARG, "--corruptions and --db are for --model");
    if (!words->models && !words->corruption && !words->schedule)
        words->corruption = g_strdup("gaussian_noise");
    for (int i = 0; words->models && words->models[i]; i++)
        if (access(words->models[i], R_OK) != 0)
            return cop_error_set(err, COP_ERR_MODEL, "%s: cannot be read", words->models[i]);
    if (!(words->severity >= 0 && words->severity <= 5))
        return cop_error_set(err, COP_ERR_ARG, "--severity: got %g; allowed: 0 to 5",
                             words->severity);
    return COP_OK;
}

static CopStatus run_line(Live *live, const char *line, CopError *err)
{
    GError *error = NULL;
    live->pipeline = gst_parse_launch_full(line, NULL, GST_PARSE_FLAG_FATAL_ERRORS, &error);
    if (!live->pipeline) {
        const CopStatus status =
            g_error_matches(error, GST_PARSE_ERROR, GST_PARSE_ERROR_NO_SUCH_ELEMENT)
                ? COP_ERR_UNSUPPORTED
                : COP_ERR_ARG;
        cop_error_set(err, status, "%s", error->message);
        g_error_free(error);
        return status;
    }
    CopStatus status = open_outputs(live, err);
    if (status == COP_OK)
        status = run_loop(live, err);
    cop_live_browser_close(&live->browser);
    gst_clear_object(&live->pipeline);
    if (live->lines && live->lines != stdout && fclose(live->lines) != 0 && status == COP_OK)
        status = cop_error_set(err, COP_ERR_IO, "%s: cannot be written", live->json);
    if (status == COP_OK && live->code == COP_EXIT_OK)
        fprintf(stderr, "coppice live: %" G_GINT64_FORMAT " frames\n", live->frames);
    return status;
}

static char *details(void)
{
    return g_strdup(
        "SOURCE: test (a moving pattern), camera or camera:/dev/videoN, screen, a file, a URI\n"
        "(rtsp://...), or gst: and a line of elements that ends in video. Without a camera or a\n"
        "screen a test pattern takes its place.\n\n"
        "It goes to a window, unless --output, --http or --no-window is given or there is no\n"
        "display; in the window, up and down change the severity, left and right the corruption,\n"
        "q ends. Files: .mkv .avi .webm .mp4, or .png of the last frame.");
}

static int run(const CopCommand *command, int argc, char **argv)
{
    Live live = {.words = {.severity = 3}, .first = GST_CLOCK_TIME_NONE};
    CopLiveWords *w = &live.words;
    const GOptionEntry entries[] = {
        {"model", 'm', 0, G_OPTION_ARG_FILENAME_ARRAY, &w->models, "Model; may be repeated", "M"},
        {"corruptions", 0, 0, G_OPTION_ARG_STRING, &w->corruptions,
         "What models are tried on, beside the clean clip", "LIST"},
        {"severities", 0, 0, G_OPTION_ARG_STRING, &w->severities, "How strongly", "LIST"},
        {"label", 0, 0, G_OPTION_ARG_STRING, &w->label,
         "What is to be seen: a class; else models are compared with what they say of the clean "
         "clip",
         "CLASS"},
        {"classify", 0, 0, G_OPTION_ARG_NONE, &w->classify,
         "Only say what the one model sees (videoclassify)", NULL},
        {"labels", 0, 0, G_OPTION_ARG_FILENAME, &w->labels, "Names of classes, one a line", "FILE"},
        {"hop", 0, 0, G_OPTION_ARG_STRING, &w->hop, "From window to window", "HOP"},
        {"threads", 0, 0, G_OPTION_ARG_INT, &w->threads, "Of inference; 0: all processors (0)",
         "N"},
        {"db", 0, 0, G_OPTION_ARG_FILENAME, &w->location,
         "Results: lines of JSON, or rows of SQLite where it ends in .db", "FILE"},
        {"corruption", 'c', 0, G_OPTION_ARG_STRING, &w->corruption,
         "Corrupt what is shown (gaussian_noise, where no model is given)", "NAME"},
        {"severity", 's', 0, G_OPTION_ARG_DOUBLE, &w->severity, "0 to 5 (3)", "S"},
        {"schedule", 0, 0, G_OPTION_ARG_STRING, &w->schedule,
         "In their place: \"0:fog:0;10:fog:5;20:rain:3\"", "TEXT"},
        {"seed", 0, 0, G_OPTION_ARG_STRING, &w->seed, "Seed of all that is drawn (0)", "N"},
        {"temporal", 0, 0, G_OPTION_ARG_STRING, &w->temporal, "auto, iid, static or coherent",
         "WORD"},
        {"preset", 0, 0, G_OPTION_ARG_STRING, &w->preset, "Table of severities", "P"},
        {"params", 0, 0, G_OPTION_ARG_STRING, &w->params, "Parameters: \"sigma=0.1, gop=16\"",
         "TEXT"},
        {"size", 0, 0, G_OPTION_ARG_STRING, &w->size, "WIDTHxHEIGHT (the source's)", "SIZE"},
        {"fps", 0, 0, G_OPTION_ARG_DOUBLE, &w->fps, "Frames a second (the source's)", "N"},
        {"duration", 0, 0, G_OPTION_ARG_DOUBLE, &live.duration, "Seconds of the stream (all)", "S"},
        {"output", 'o', 0, G_OPTION_ARG_FILENAME, &w->out, "Write what is shown", "FILE"},
        {"http", 0, 0, G_OPTION_ARG_STRING, &live.http,
         "Show it in browsers: a port of this machine, or ADDRESS:PORT", "PORT"},
        {"json", 0, 0, G_OPTION_ARG_FILENAME, &live.json,
         "Write messages as lines of JSON; -: stdout", "FILE"},
        {"no-window", 0, 0, G_OPTION_ARG_NONE, &live.no_window, "Open no window", NULL},
        {"pace", 0, 0, G_OPTION_ARG_NONE, &w->pace,
         "As for a window, where there is none; says how many frames came in time", NULL},
        {"print", 0, 0, G_OPTION_ARG_NONE, &live.print,
         "Print the line for gst-launch-1.0, and end", NULL},
        {.long_name = NULL},
    };
    bool done;
    int code = cop_cli_parse(command, entries, &argc, &argv, &done);
    if (!done) {
        CopError err = {0};
        char *line = NULL;
        CopStatus status = settle(&live, argc, argv, &err);
        if (status == COP_OK)
            status = cop_live_line(w, &line, &err);
        if (status == COP_OK && live.print)
            printf("%s\n", line);
        else if (status == COP_OK)
            status = run_line(&live, line, &err);
        code = status == COP_OK ? live.code : cop_cli_fail(command->name, &err);
        g_free(line);
    }
    g_strfreev(w->models);
    char *const texts[] = {w->corruptions, w->severities, w->label,      w->labels,
                           w->hop,         w->location,   w->corruption, w->schedule,
                           w->seed,        w->temporal,   w->preset,     w->params,
                           w->size,        w->out,        live.http,     live.json};
    for (gsize i = 0; i < G_N_ELEMENTS(texts); i++)
        g_free(texts[i]);
    return code;
}

int main(int argc, char **argv)
{
    const CopCommand command = {
        .name = "live",
        .usage = "[SOURCE]",
        .summary = "watch models hold or fail on a camera, a file or a test pattern",
        .details = details,
    };
    gst_init(NULL, NULL);
    if (!cop_elements_register(NULL)) {
        fprintf(stderr, "coppice live: the elements cannot be registered\n");
        return COP_EXIT_RUN;
    }
    return run(&command, argc, argv);
}
