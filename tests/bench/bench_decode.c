/* Times the decoding of files, whole or 16 frames of each, and prints a line of JSON.
 * bench_decode.py runs it by turns with the ffmpeg command, OpenCV and torchvision.
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#include "pipeline/media/convert.h"
#include "pipeline/media/decode.h"
#include "tests/bench/bench_clock.h"

enum { SAMPLES = 16, PASSES = 64 };

static void must(CopStatus status, const CopError *err)
{
    if (status == COP_OK)
        return;
    fprintf(stderr, "bench_decode: %s\n", err->text);
    exit(1);
}

/* Every frame once, in memory of its own, as readers here get it. */
static int whole(const char *path)
{
    CopDecoder *decoder;
    CopFrame frame;
    CopError err = {0};
    CopStatus status;
    int n = 0;
    must(cop_decoder_open(&decoder, path, 1, &err), &err);
    for (; (status = cop_decoder_next(decoder, &frame, &err)) == COP_OK; n++)
        cop_frame_unref(&frame);
    must(status == COP_EOF ? COP_OK : status, &err);
    cop_decoder_close(&decoder);
    return n;
}

static double mean(const CopFrame *rgb)
{
    double sum = 0;
    for (int y = 0; y < rgb->height; y++)
        for (int x = 0; x < 3 * rgb->width; x++)
            sum += rgb->plane[0][(ptrdiff_t)y * rgb->stride[0] + x];
    return sum / (3.0 * rgb->width * rgb->height);
}

/* Frames first, first + stride, ... as RGB. With `value`, also their mean, which takes long. */
static void sample(const char *path, int first, int stride, double *value)
{
    const int span = (SAMPLES - 1) * stride + 1;
    bool *want = calloc((size_t)span, sizeof *want);
    CopFrame *frame = calloc((size_t)span, sizeof *frame);
    CopError err = {0};
    int n;
    if (!want || !frame)
        exit(1);
    for (int i = 0; i < span; i += stride)
        want[i] = true;
    must(cop_video_read(path, first, first + span - 1, want, frame, &n, &err), &err);
    for (int i = 0; i < n; i += stride) {
        CopFrame rgb;
        must(cop_convert_new(&rgb, COP_PIXEL_RGB, &frame[i]), &err);
        if (value)
            *value += mean(&rgb) / SAMPLES;
        cop_frame_unref(&rgb);
        cop_frame_unref(&frame[i]);
    }
    free(want);
    free(frame);
}

/* stride, passes, then pairs of file and first frame. */
static int samples(int argc, char **argv)
{
    const int stride = atoi(argv[0]), passes = atoi(argv[1]) < PASSES ? atoi(argv[1]) : PASSES;
    double value = 0;
    const double begin = bench_wall();
    for (int i = 2; i + 1 < argc; i += 2) {
        CopVideoFacts facts;
        CopError err = {0};
        must(cop_video_scan(argv[i], &facts, &err), &err);
        cop_video_facts_free(&facts);
    }
    const double scan = bench_wall() - begin;
    for (int i = 2; i + 1 < argc; i += 2)
        sample(argv[i], atoi(argv[i + 1]), stride, &value);
    printf("{\"scan\": %.6f, \"mean\": %.4f, \"wall\": [", scan, 2 * value / (argc - 2));
    double cpu[PASSES];
    for (int pass = 0; pass < passes; pass++) {
        const double start = bench_wall(), begun = bench_cpu();
        for (int i = 2; i + 1 < argc; i += 2)
            sample(argv[i], atoi(argv[i + 1]), stride, NULL);
        cpu[pass] = bench_cpu() - begun;
        printf("%s%.6f", pass ? ", " : "", bench_wall() - start);
    }
    printf("], \"cpu\": [");
    for (int pass = 0; pass < passes; pass++)
        printf("%s%.6f", pass ? ", " : "", cpu[pass]);
    printf("]}\n");
    return 0;
}

int main(int argc, char **argv)
{
    if (argc == 3 && strcmp(argv[1], "whole") == 0) {
        printf("{\"frames\": %d}\n", whole(argv[2]));
        return 0;
    }
    if (argc == 2 && strcmp(argv[1], "machine") == 0) {
        bench_machine_json(stdout);
        printf("\n");
        return 0;
    }
    if (argc >= 6 && strcmp(argv[1], "sample") == 0)
        return samples(argc - 2, argv + 2);
    fprintf(stderr, "usage: bench_decode whole FILE\n"
                    "       bench_decode sample STRIDE PASSES FILE FIRST [FILE FIRST]...\n"
                    "       bench_decode machine\n");
    return 2;
}
