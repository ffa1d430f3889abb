/* H.264 at constant quality: lossless at crf 0, and as good as the ffmpeg command.
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#include <gst/check/check.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "tests/corrupt_clip.h"

/* crf 0 loses nothing, so every plane, its order and the count show any slip. */
START_TEST(crf_0_is_lossless)
{
    enum { N = 21 };
    static const struct {
        CopPixelFormat format;
        int width, height;
    } cases[] = {{COP_PIXEL_I420, 48, 32}, {COP_PIXEL_NV12, 48, 32},  {COP_PIXEL_I422, 34, 17},
                 {COP_PIXEL_I444, 33, 17}, {COP_PIXEL_GRAY8, 48, 32}, {COP_PIXEL_GRAY8, 33, 17},
                 {COP_PIXEL_I420, 33, 17}, {COP_PIXEL_NV12, 7, 5},    {COP_PIXEL_I422, 1, 3}};
    CopFrame in[N], out[N];
    clip_make(in, N, cases[_i].format, cases[_i].width, cases[_i].height, 3);
    CopCorrupt *corrupt = clip_corrupt("h264_crf", 3, 0, NULL, "crf=0, gop=8");
    ck_assert_int_eq(cop_corrupt_frames(corrupt, in, N, out), COP_OK);
    for (int i = 0; i < N; i++)
        ck_assert_msg(clip_same_pixels(&in[i], &out[i]), "frame %d", i);
    clip_free(in, N);
    clip_free(out, N);
    cop_corrupt_destroy(&corrupt);
}
END_TEST

/* RGB goes through 8-bit limited-range YUV 4:4:4. Each component is rounded by half a
 * level; the inverse matrix (BT.601) weighs them by at most 1.164 + 2.017, and rounds. */
START_TEST(rgb_loses_only_its_rounding)
{
    enum { N = 3, W = 31, H = 9 };
    CopFrame in[N], out[N];
    clip_make(in, N, COP_PIXEL_BGRX, W, H, 0);
    CopCorrupt *corrupt = clip_corrupt("h264_crf", 3, 0, NULL, "crf=0");
    ck_assert_int_eq(cop_corrupt_frames(corrupt, in, N, out), COP_OK);
    for (int i = 0; i < N; i++)
        for (int y = 0; y < H; y++)
            for (int x = 0; x < 4 * W; x++)
                ck_assert_int_le(abs(in[i].plane[0][y * in[i].stride[0] + x] -
                                     out[i].plane[0][y * out[i].stride[0] + x]),
                                 2);
    clip_free(in, N);
    clip_free(out, N);
    cop_corrupt_destroy(&corrupt);
}
END_TEST

enum { FRAMES = 128, GOP = 32, WIDTH = 128, HEIGHT = 96 };

/* Of all groups but the first and the last, where one long stream starts and ends. */
static double psnr(const CopFrame *a, const CopFrame *b)
{
    return 10 * log10(255.0 * 255.0 / clip_mse(a + GOP, b + GOP, FRAMES - 2 * GOP));
}

static void move_raw(CopFrame *frame, FILE *file, bool write)
{
    for (int i = 0; i < FRAMES; i++)
        for (int p = 0; p < 3; p++) {
            int row_bytes, rows;
            cop_plane_size(COP_PIXEL_I420, WIDTH, HEIGHT, p, &row_bytes, &rows);
            for (int y = 0; y < rows; y++) {
                uint8_t *row = frame[i].plane[p] + y * frame[i].stride[p];
                const size_t n = write ? fwrite(row, 1, (size_t)row_bytes, file)
                                       : fread(row, 1, (size_t)row_bytes, file);
                ck_assert_uint_eq(n, (size_t)row_bytes);
            }
        }
}

/* What the ffmpeg command makes of `in`. */
static void run_ffmpeg(const CopFrame *in, CopFrame *out, double crf)
{
    char folder[] = "/tmp/coppice-h264-XXXXXX", path[64], command[512];
    ck_assert(mkdtemp(folder) != NULL);
    snprintf(path, sizeof path, "%s/in.yuv", folder);
    FILE *file = fopen(path, "wb");
    ck_assert(file != NULL);
    clip_make(out, FRAMES, COP_PIXEL_I420, WIDTH, HEIGHT, 0);
    for (int i = 0; i < FRAMES; i++)
        cop_frame_copy_pixels(&out[i], &in[i]);
    move_raw(out, file, true);
    fclose(file);
    snprintf(
        command, sizeof command,
        "cd %s && ffmpeg -v error -nostdin -f rawvideo -pix_fmt yuv420p -s %dx%d -r 25 -i in.yuv "
        "-c:v libx264 -preset medium -crf %g -g 32 -threads 1 out.mkv && "
        "ffmpeg -v error -nostdin -i out.mkv -f rawvideo -pix_fmt yuv420p out.yuv",
        folder, WIDTH, HEIGHT, crf);
    ck_assert_int_eq(system(command), 0);
    snprintf(path, sizeof path, "%s/out.yuv", folder);
    file = fopen(path, "rb");
    ck_assert(file != NULL);
    move_raw(out, file, false);
    fclose(file);
    snprintf(command, sizeof command, "rm -r %s", folder);
    ck_assert_int_eq(system(command), 0);
}

START_TEST(as_good_as_the_command)
{
    static const double crf[] = {23, 30, 37, 44, 51};
    static CopFrame in[FRAMES], ours[FRAMES], theirs[FRAMES];
    clip_make(in, FRAMES, COP_PIXEL_I420, WIDTH, HEIGHT, 0);
    double last = INFINITY;
    for (int s = 1; s <= 5; s++) {
        CopCorrupt *corrupt = clip_corrupt("h264_crf", s, 0, "kinetics-c", NULL);
        ck_assert_int_eq(cop_corrupt_frames(corrupt, in, FRAMES, ours), COP_OK);
        run_ffmpeg(in, theirs, crf[s - 1]);
        const double a = psnr(in, ours), b = psnr(in, theirs);
        ck_assert_msg(fabs(a - b) < 0.3, "crf %g: %.2f dB, the command %.2f dB", crf[s - 1], a, b);
        ck_assert(a < last);
        last = a;
        printf("crf %g: %.2f dB, the command %.2f dB\n", crf[s - 1], a, b);
        cop_corrupt_destroy(&corrupt);
        clip_free(ours, FRAMES);
        clip_free(theirs, FRAMES);
    }
    clip_free(in, FRAMES);
}
END_TEST

static Suite *suite(void)
{
    Suite *s = suite_create("corrupt_h264_crf");
    TCase *tc = tcase_create("codec");
    tcase_set_timeout(tc, 120);
    tcase_add_loop_test(tc, crf_0_is_lossless, 0, 9);
    tcase_add_test(tc, rgb_loses_only_its_rounding);
    if (system("command -v ffmpeg >/dev/null") == 0)
        tcase_add_test(tc, as_good_as_the_command);
    else
        printf("0 passed, 0 failed, 1 skipped\n");
    suite_add_tcase(s, tc);
    return s;
}

int main(void)
{
    SRunner *runner = srunner_create(suite());
    srunner_run_all(runner, CK_NORMAL);
    const int failures = srunner_ntests_failed(runner);
    srunner_free(runner);
    return failures ? 1 : 0;
}
