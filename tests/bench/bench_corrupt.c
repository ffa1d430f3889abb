/* Times corruptions on the frames of a video and measures what they do; a line of JSON each.
 * bench_corrupt.py runs it by turns with implementations on NumPy, SciPy, scikit-image,
 * OpenCV and Pillow.
 * Usage: bench_corrupt VIDEO ROUNDS NAME:SEVERITY[:PRESET[:TEMPORAL]]...
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "pipeline/corrupt/corrupt.h"
#include "pipeline/eval/fidelity.h"
#include "pipeline/media/convert.h"
#include "pipeline/media/decode.h"
#include "tests/bench/bench_clock.h"

enum { ROUNDS_MAX = 99 };

static void must(CopStatus status, const CopError *err, const char *what)
{
    if (status == COP_OK)
        return;
    fprintf(stderr, "bench_corrupt: %s: %s\n", what,
            err->text[0] ? err->text : cop_status_name(status));
    exit(1);
}

/* All frames, as RGB: what reading and conversion cost is not a corruption's doing. */
static CopFrame *read_rgb(const char *path, int *n)
{
    CopError err = {0};
    must(cop_video_count(path, n, &err), &err, path);
    CopFrame *frame = calloc((size_t)*n, sizeof *frame);
    if (!frame)
        exit(1);
    must(cop_video_read(path, 0, *n - 1, NULL, frame, n, &err), &err, path);
    for (int i = 0; i < *n; i++) {
        CopFrame rgb;
        must(cop_convert_new(&rgb, COP_PIXEL_RGB, &frame[i]), &err, path);
        cop_frame_unref(&frame[i]);
        frame[i] = rgb;
    }
    return frame;
}

/* Splits NAME:SEVERITY[:PRESET[:TEMPORAL]]; false where it is not that. */
static bool parse(char *word, CopCorruptSpec *spec)
{
    char *severity = strchr(word, ':');
    if (!severity)
        return false;
    *severity++ = '\0';
    char *preset = strchr(severity, ':');
    if (preset)
        *preset++ = '\0';
    char *temporal = preset ? strchr(preset, ':') : NULL;
    if (temporal)
        *temporal++ = '\0';
    *spec = (CopCorruptSpec){.name = word, .seed = 1, .preset = preset};
    while (temporal && strcmp(cop_temporal_names[spec->temporal], temporal) != 0)
        if (!cop_temporal_names[++spec->temporal])
            return false;
    return cop_parse_double(severity, &spec->severity);
}

static int by_size(const void *a, const void *b)
{
    const double x = *(const double *)a, y = *(const double *)b;
    return (x > y) - (x < y);
}

/* Frames leave as they come, as in a stream, so that memory is used again. */
static void stream(CopCorrupt *corrupt, const CopFrame *in, int n)
{
    CopError err = {0};
    must(cop_corrupt_reset(corrupt, corrupt->clip), &err, "reset");
    for (int i = 0; i <= n; i++) {
        CopFrame out;
        must(i < n ? cop_corrupt_push(corrupt, &in[i]) : cop_corrupt_flush(corrupt), &err, "push");
        while (cop_corrupt_pull(corrupt, &out) == COP_OK)
            cop_frame_unref(&out);
    }
}

/* The first pass builds what a clip needs once; the others are frames alone. */
static void time_one(const CopCorruptSpec *spec, const CopFrame *in, int n, int rounds)
{
    CopError err = {0};
    CopCorrupt *corrupt;
    const CopStatus status = cop_corrupt_create(&corrupt, spec, &err);
    if (status == COP_ERR_UNSUPPORTED) {
        fprintf(stderr, "bench_corrupt: %s\n", err.text);
        return;
    }
    must(status, &err, spec->name);
    CopFrame *out = calloc((size_t)n, sizeof *out);
    double ms[ROUNDS_MAX + 1];
    CopFidelity fidelity = {0};
    for (int round = 0; round <= rounds; round++) {
        const double start = bench_cpu();
        stream(corrupt, in, n);
        ms[round] = 1e3 * (bench_cpu() - start) / n;
    }
    must(cop_corrupt_frames(corrupt, in, n, out), &err, spec->name);
    for (int i = 0; i < n; i++)
        cop_fidelity_add(&fidelity, &in[i], &out[i]);
    cop_frames_unref(out, n);
    const double first = ms[0];
    qsort(ms + 1, (size_t)rounds, sizeof *ms, by_size);
    const double median = ms[1 + (rounds - 1) / 2],
                 psnr = cop_psnr(fidelity.squares / fidelity.samples);
    printf(
        "{\"name\": \"%s\", \"severity\": %g, \"preset\": \"%s\", \"width\": %d, \"height\": %d, "
        "\"frames\": %d, \"ms\": %.5f, \"ms_min\": %.5f, \"once_ms\": %.3f, \"psnr\": ",
        spec->name, spec->severity, spec->preset ? spec->preset : "", in[0].width, in[0].height, n,
        median, ms[1], fmax(0, (first - median) * n));
    if (isfinite(psnr))
        printf("%.3f, \"ssim\": %.4f}\n", psnr, fidelity.ssim / (double)fidelity.frames);
    else
        printf("null, \"ssim\": 1}\n");
    fflush(stdout);
    free(out);
    cop_corrupt_destroy(&corrupt);
}

int main(int argc, char **argv)
{
    int rounds = 0, n;
    if (argc < 4 || !cop_parse_int(argv[2], &rounds) || rounds < 1 || rounds > ROUNDS_MAX) {
        fprintf(stderr, "usage: bench_corrupt VIDEO ROUNDS NAME:SEVERITY[:PRESET[:TEMPORAL]]...\n");
        return 2;
    }
    CopFrame *in = read_rgb(argv[1], &n);
    for (int i = 3; i < argc; i++) {
        CopCorruptSpec spec;
        if (!parse(argv[i], &spec)) {
            fprintf(stderr, "bench_corrupt: \"%s\" is not NAME:SEVERITY\n", argv[i]);
            return 2;
        }
        time_one(&spec, in, n, rounds);
    }
    cop_frames_unref(in, n);
    free(in);
    return 0;
}
