/* Times GStreamer elements on raw frames; a line of JSON each. bench_elements.py makes tables.
 * Usage: bench_elements ROUNDS WIDTHxHEIGHT FORMAT ELEMENT..., each as in a launch line
 * An element that is not installed is left out with a word on stderr. Time is that of the
 * processor, all threads together, with the copy that a source would write.
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#include <gst/check/gstharness.h>
#include <gst/video/video.h>
#include <stdio.h>

#include "elements/video_corrupt.h"
#include "tests/bench/bench_clock.h"

enum { FRAMES = 8, LEAST = 16, ROUNDS_MAX = 99 };

typedef struct Source {
    GstVideoInfo info;
    GstCaps *caps;
    GstBuffer *frame[FRAMES];
} Source;

/* A gradient with a little grain that moves by three columns and a row a frame. */
static GstBuffer *make_frame(const GstVideoInfo *info, int index)
{
    GstBuffer *buffer = gst_buffer_new_allocate(NULL, GST_VIDEO_INFO_SIZE(info), NULL);
    GstVideoFrame mapped;
    guint32 grain = 1;
    if (!gst_video_frame_map(&mapped, info, buffer, GST_MAP_WRITE))
        g_error("bench_elements: a frame cannot be mapped");
    for (guint c = 0; c < GST_VIDEO_FRAME_N_COMPONENTS(&mapped); c++)
        for (int y = 0; y < GST_VIDEO_FRAME_COMP_HEIGHT(&mapped, c); y++) {
            guint8 *row = (guint8 *)GST_VIDEO_FRAME_COMP_DATA(&mapped, c) +
                          (gsize)(y * GST_VIDEO_FRAME_COMP_STRIDE(&mapped, c));
            for (int x = 0; x < GST_VIDEO_FRAME_COMP_WIDTH(&mapped, c); x++) {
                const int u = x + 3 * index, v = y + index;
                grain = grain * 1664525u + 1013904223u;
                row[x * GST_VIDEO_FRAME_COMP_PSTRIDE(&mapped, c)] =
                    (guint8)(60 + (u + 2 * v) % 128 + (u / 16 + v / 16) % 2 * 32 +
                             (int)(grain >> 30));
            }
        }
    gst_video_frame_unmap(&mapped);
    return buffer;
}

static gboolean open_source(Source *source, const char *size, const char *format)
{
    int width, height;
    if (sscanf(size, "%dx%d", &width, &height) != 2)
        return FALSE;
    source->caps = gst_caps_new_simple("video/x-raw", "format", G_TYPE_STRING, format, "width",
                                       G_TYPE_INT, width, "height", G_TYPE_INT, height, "framerate",
                                       GST_TYPE_FRACTION, 25, 1, NULL);
    if (!gst_video_info_from_caps(&source->info, source->caps))
        return FALSE;
    for (int i = 0; i < FRAMES; i++)
        source->frame[i] = make_frame(&source->info, i);
    return TRUE;
}

/* `n` frames in, and all of them out. */
static void run(GstHarness *harness, const Source *source, gint64 *place, int n)
{
    for (int i = 0; i < n; i++, ++*place) {
        GstBuffer *buffer = gst_buffer_copy_deep(source->frame[*place % FRAMES]);
        GST_BUFFER_PTS(buffer) = (GstClockTime)*place * (GstClockTime)GST_SECOND / 25;
        GST_BUFFER_DURATION(buffer) = (GstClockTime)GST_SECOND / 25;
        if (gst_harness_push(harness, buffer) != GST_FLOW_OK)
            g_error("bench_elements: a frame was refused");
    }
    GstQuery *drain = gst_query_new_drain();
    gst_pad_peer_query(harness->srcpad, drain);
    gst_query_unref(drain);
}

/* Latency of the element in frames: groups of pictures are timed whole. */
static int frames_held(GstHarness *harness)
{
    const GstClockTime latency = gst_harness_query_latency(harness);
    return (int)(latency * 25 / (GstClockTime)GST_SECOND);
}

static void time_one(const Source *source, const char *line, int rounds)
{
    GError *error = NULL;
    GstElement *element = gst_parse_bin_from_description(line, TRUE, &error);
    if (!element) {
        fprintf(stderr, "bench_elements: %s: %s\n", line, error->message);
        g_error_free(error);
        return;
    }
    GstHarness *harness = gst_harness_new_with_element(element, "sink", "src");
    gst_harness_set_drop_buffers(harness, TRUE);
    gst_harness_set_src_caps(harness, gst_caps_ref(source->caps));
    gint64 place = 0;
    run(harness, source, &place, LEAST); /* what a clip needs once, and pages */
    const int held = frames_held(harness), n = held ? held + 1 : LEAST;
    place += n - place % n; /* groups begin at their multiples */
    double least = 1e30;
    for (int round = 0; round < rounds; round++) {
        const double start = bench_cpu();
        run(harness, source, &place, n);
        const double ms = 1e3 * (bench_cpu() - start) / n;
        least = ms < least ? ms : least;
    }
    printf("{\"element\": \"%s\", \"format\": \"%s\", \"width\": %d, \"height\": %d, "
           "\"latency\": %d, \"ms\": %.4f}\n",
           line, gst_video_format_to_string(GST_VIDEO_INFO_FORMAT(&source->info)),
           GST_VIDEO_INFO_WIDTH(&source->info), GST_VIDEO_INFO_HEIGHT(&source->info), held, least);
    fflush(stdout);
    gst_harness_teardown(harness);
    gst_object_unref(element);
}

int main(int argc, char **argv)
{
    Source source;
    gst_init(&argc, &argv);
    const int rounds = argc > 4 ? atoi(argv[1]) : 0;
    if (rounds < 1 || rounds > ROUNDS_MAX || !open_source(&source, argv[2], argv[3])) {
        fprintf(stderr, "usage: bench_elements ROUNDS WIDTHxHEIGHT FORMAT ELEMENT...\n");
        return 2;
    }
    if (!GST_ELEMENT_REGISTER(videocorrupt, NULL))
        return 1;
    for (int i = 4; i < argc; i++)
        time_one(&source, argv[i], rounds);
    for (int i = 0; i < FRAMES; i++)
        gst_buffer_unref(source.frame[i]);
    gst_caps_unref(source.caps);
    return 0;
}
