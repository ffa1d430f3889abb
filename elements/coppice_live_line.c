/* The pipeline of coppice-live, as gst-launch-1.0 would take it.
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#include "elements/coppice_live_line.h"

#include <gst/gst.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#define DEFAULT_DEVICE "/dev/video0"

/* A camera that is ahead drops frames here, and nothing waits for anything. */
#define LEAKY "queue leaky=downstream max-size-buffers=2 max-size-bytes=0 max-size-time=0"

static gboolean installed(const char *element)
{
    GstElementFactory *factory = gst_element_factory_find(element);
    if (factory)
        gst_object_unref(factory);
    return factory != NULL;
}

/* " name=value", quoted; nothing where there is no value. */
static void put(GString *line, const char *name, const char *value)
{
    if (!value || !*value)
        return;
    g_string_append_printf(line, " %s=\"", name);
    for (; *value; value++) {
        if (*value == '"' || *value == '\\')
            g_string_append_c(line, '\\');
        g_string_append_c(line, *value);
    }
    g_string_append_c(line, '"');
}

static void put_number(GString *line, const char *name, double value)
{
    char text[G_ASCII_DTOSTR_BUF_SIZE];
    g_string_append_printf(line, " %s=%s", name, g_ascii_dtostr(text, sizeof text, value));
}

/* --- where frames come from ------------------------------------------------------- */

static gboolean at_pace(const CopLiveWords *words)
{
    return words->window || words->browser || words->pace;
}

static void put_pattern(GString *line, const CopLiveWords *words)
{
    g_string_append_printf(line, "videotestsrc pattern=ball is-live=%s",
                           at_pace(words) ? "true" : "false");
}

static void replaced(const char *what)
{
    fprintf(stderr, "coppice live: %s: a test pattern takes its place\n", what);
}

static void put_camera(GString *line, const CopLiveWords *words, const char *device)
{
    char *missing = NULL;
    if (!installed("v4l2src"))
        missing = g_strdup("there is no v4l2src (package gstreamer1.0-plugins-good)");
    else if (access(device, R_OK | W_OK) != 0)
        missing = g_strdup_printf("no camera at %s", device);
    if (missing) {
        replaced(missing);
        put_pattern(line, words);
    } else { /* raw or JPEG, as it can */
        g_string_append(line, "v4l2src");
        put(line, "device", device);
        g_string_append(line, " ! decodebin");
    }
    g_free(missing);
}

static void put_screen(GString *line, const CopLiveWords *words)
{
    const char *missing = NULL;
    if (!installed("ximagesrc"))
        missing = "there is no ximagesrc (package gstreamer1.0-plugins-good)";
    else if (!g_getenv("DISPLAY"))
        missing = "no X screen: DISPLAY is not set";
    if (missing) {
        replaced(missing);
        put_pattern(line, words);
    } else {
        g_string_append(line, "ximagesrc use-damage=false");
    }
}

static CopStatus put_file(GString *line, const char *path, CopError *err)
{
    if (access(path, R_OK) != 0)
        return cop_error_set(err, COP_ERR_DATA,
                             "%s: cannot be read; a source is test, camera[:DEVICE], screen, a "
                             "file, a URI or gst: and a line of elements",
                             path);
    char *whole = g_canonicalize_filename(path, NULL);
    char *uri = g_filename_to_uri(whole, NULL, NULL);
    g_string_append(line, "uridecodebin");
    put(line, "uri", uri);
    g_string_append(line, " caps=\"video/x-raw(ANY)\"");
    g_free(uri);
    g_free(whole);
    return COP_OK;
}

static CopStatus put_source(GString *line, const CopLiveWords *words, gboolean *paced,
                            CopError *err)
{
    const char *source = words->source ? words->source : "test";
    *paced = TRUE; /* by a clock of its own: frames that come too late are lost anyhow */
    if (strcmp(source, "test") == 0) {
        put_pattern(line, words);
    } else if (strcmp(source, "camera") == 0) {
        put_camera(line, words, DEFAULT_DEVICE);
    } else if (g_str_has_prefix(source, "camera:")) {
        put_camera(line, words, source + strlen("camera:"));
    } else if (strcmp(source, "screen") == 0) {
        put_screen(line, words);
    } else if (g_str_has_prefix(source, "gst:")) {
        g_string_append(line, source + strlen("gst:"));
    } else if (strstr(source, "://")) {
        g_string_append(line, "uridecodebin");
        put(line, "uri", source);
        g_string_append(line, " caps=\"video/x-raw(ANY)\"");
        *paced = !g_str_has_prefix(source, "file:");
    } else {
        *paced = FALSE;
        return put_file(line, source, err);
    }
    return COP_OK;
}

/* Size and rate as asked for; a pattern has none of its own. */
static CopStatus put_format(GString *line, const CopLiveWords *words, CopError *err)
{
    const gboolean pattern = strstr(line->str, "videotestsrc") != NULL;
    const char *size = words->size ? words->size : pattern ? "640x480" : NULL;
    const double fps = words->fps > 0 ? words->fps : pattern ? 30 : 0;
    int width = 0, height = 0, n = 0;
    if (size && (sscanf(size, "%dx%d%n", &width, &height, &n) != 2 || size[n] || width < 16 ||
                 height < 16 || width > 8192 || height > 8192))
        return cop_error_set(err, COP_ERR_ARG,
                             "--size: got \"%s\"; allowed: WIDTHxHEIGHT, 16 to 8192 each", size);
    g_string_append(line, " ! videoconvert name=" COP_LIVE_ENTRY);
    if (size)
        g_string_append_printf(line,
                               " ! videoscale ! "
                               "video/x-raw,width=%d,height=%d,pixel-aspect-ratio=1/1",
                               width, height);
    if (fps > 0) {
        int over, under;
        gst_util_double_to_fraction(fps, &over, &under);
        g_string_append_printf(line, " ! videorate ! video/x-raw,framerate=%d/%d", over, under);
    }
    return COP_OK;
}

/* --- what happens to them --------------------------------------------------------- */

static void put_corrupt(GString *line, const CopLiveWords *words)
{
    g_string_append(line, " ! videocorrupt name=" COP_LIVE_CORRUPT);
    put(line, "corruption", words->corruption);
    put_number(line, "severity", words->severity);
    put(line, "schedule", words->schedule);
    put(line, "temporal", words->temporal);
    put(line, "preset", words->preset);
    put(line, "params", words->params);
    put(line, "seed", words->seed);
}

static void put_models(GString *line, const CopLiveWords *words)
{
    char *models = g_strjoinv(",", words->models);
    g_string_append(line, words->classify ? " ! videoclassify" : " ! robustness");
    put(line, words->classify ? "model" : "models", models);
    put(line, "hop", words->hop);
    if (words->threads > 0)
        g_string_append_printf(line, " threads=%d", words->threads);
    g_string_append(line, " overlay=true");
    if (words->classify) {
        put(line, "labels", words->labels);
    } else {
        put(line, "corruptions", words->corruptions);
        put(line, "severities", words->severities);
        put(line, "label", words->label);
        put(line, "location", words->location);
    }
    g_free(models);
}

/* --- where they go ---------------------------------------------------------------- */

static const struct {
    const char *suffix, *needs, *package, *line;
} writers[] = {
    {".png", "pngenc", "gstreamer1.0-plugins-good",
     "fakesink name=" COP_LIVE_STILL " enable-last-sample=true sync=false"},
    {".mkv", "jpegenc", "gstreamer1.0-plugins-good", "jpegenc quality=90 ! matroskamux"},
    {".avi", "jpegenc", "gstreamer1.0-plugins-good", "jpegenc quality=90 ! avimux"},
    {".webm", "vp8enc", "gstreamer1.0-plugins-good",
     "vp8enc deadline=1 cpu-used=8 target-bitrate=2000000 ! webmmux"},
    {".mp4", "x264enc", "gstreamer1.0-plugins-ugly",
     "x264enc speed-preset=veryfast tune=zerolatency ! mp4mux"},
};

static CopStatus put_file_sink(GString *line, const char *out, CopError *err)
{
    for (gsize i = 0; i < G_N_ELEMENTS(writers); i++) {
        if (!g_str_has_suffix(out, writers[i].suffix))
            continue;
        if (!installed(writers[i].needs))
            return cop_error_set(err, COP_ERR_UNSUPPORTED,
                                 "%s: needs %s, which package %s has; .mkv, .avi, .webm and .png "
                                 "need gstreamer1.0-plugins-good alone",
                                 out, writers[i].needs, writers[i].package);
        g_string_append_printf(line, "videoconvert ! %s", writers[i].line);
        if (i > 0) {
            g_string_append(line, " ! filesink");
            put(line, "location", out);
        }
        return COP_OK;
    }
    return cop_error_set(err, COP_ERR_ARG,
                         "%s: suffixes that can be written: .mkv .avi .webm .mp4 .png", out);
}

static CopStatus put_sinks(GString *line, const CopLiveWords *words, CopError *err)
{
    const int n = (words->window ? 1 : 0) + (words->browser ? 1 : 0) + (words->out ? 1 : 0);
    const char *next = " ! ";
    if (n == 0)
        g_string_append(line, words->pace ? " ! fakesink name=" COP_LIVE_UNSEEN
                                            " sync=true qos=true"
                                          : " ! fakesink sync=false");
    if (n > 1) {
        g_string_append(line, " ! tee name=branches");
        next = " branches. ! queue ! ";
    }
    if (words->window) {
        if (!installed("autovideosink"))
            return cop_error_set(err, COP_ERR_UNSUPPORTED,
                                 "a window needs packages gstreamer1.0-plugins-good and "
                                 "gstreamer1.0-x");
        g_string_append_printf(line, "%svideoconvert ! autovideosink", next);
    }
    if (words->browser)
        g_string_append_printf(line,
                               "%svideoconvert ! jpegenc quality=85 ! multipartmux "
                               "boundary=frame ! multisocketsink name=" COP_LIVE_BROWSER
                               " recover-policy=latest buffers-max=30 buffers-soft-max=10",
                               next);
    if (words->out) {
        g_string_append(line, next);
        COP_TRY(put_file_sink(line, words->out, err));
    }
    return COP_OK;
}

CopStatus cop_live_line(const CopLiveWords *words, char **out, CopError *err)
{
    GString *line = g_string_new(NULL);
    gboolean paced = TRUE;
    CopStatus status = put_source(line, words, &paced, err);
    if (status == COP_OK)
        status = put_format(line, words, err);
    if (status == COP_OK) {
        /* A file waits for who works on it. */
        g_string_append(line,
                        paced && (words->window || words->browser) ? " ! " LEAKY : " ! queue");
        if (words->corruption || words->schedule)
            put_corrupt(line, words);
        if (words->models)
            put_models(line, words);
        status = put_sinks(line, words, err);
    }
    *out = g_string_free(line, status != COP_OK);
    return status;
}
