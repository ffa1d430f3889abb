/* Distance of pictures: closed forms, and a plain reading of the definition.
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#include <gst/check/check.h>
#include <math.h>

#include "pipeline/eval/fidelity.h"
#include "tests/corrupt_clip.h"

static CopFidelity distance(const CopFrame *a, const CopFrame *b)
{
    CopFidelity sum = {0};
    cop_fidelity_add(&sum, a, b);
    return sum;
}

START_TEST(equal_and_shifted)
{
    for (int format = 1; format < COP_PIXEL_COUNT; format++)
        for (int size = 1; size < 40; size += 6) {
            CopFrame a = clip_frame((CopPixelFormat)format, size, size, 0);
            CopFrame b = clip_frame((CopPixelFormat)format, size, size, 0);
            CopFidelity same = distance(&a, &b);
            ck_assert(same.squares == 0 && same.frames == 1);
            ck_assert(fabs(same.ssim - 1) < 1e-12);
            for (int p = 0; p < cop_pixel_format_planes(a.format); p++) {
                int row_bytes, rows;
                cop_plane_size(a.format, size, size, p, &row_bytes, &rows);
                for (int y = 0; y < rows; y++)
                    for (int x = 0; x < row_bytes; x++) {
                        uint8_t *level = &a.plane[p][y * a.stride[p] + x];
                        *level = 100;
                        b.plane[p][y * b.stride[p] + x] = 103;
                        if ((format == COP_PIXEL_RGBX || format == COP_PIXEL_BGRX) && x % 4 == 3)
                            *level = 0; /* no light */
                    }
            }
            /* Flat planes: the term of structure is 1, that of means is left. */
            const double c1 = 0.01 * 0.01 * 255 * 255 / 64;
            const double flat = (2 * 100 * 103 + c1) / (100 * 100 + 103 * 103 + c1);
            CopFidelity shifted = distance(&a, &b);
            ck_assert(shifted.squares == 9 * shifted.samples);
            ck_assert_msg(fabs(shifted.ssim - flat) < 1e-12, "%d: %.17g", format, shifted.ssim);
            ck_assert(fabs(cop_psnr(9) - 38.588379) < 1e-6);
            clip_free(&a, 1);
            clip_free(&b, 1);
        }
    ck_assert(isinf(cop_psnr(0)));
}
END_TEST

/* One window's SSIM from means, variances and covariance, each summed by itself. */
static double window_by_definition(const CopFrame *a, const CopFrame *b, int left, int top)
{
    double mean[2] = {0, 0}, variance[2] = {0, 0}, covariance = 0;
    for (int i = 0; i < 64; i++) {
        const int at = (top + i / 8) * a->stride[0] + left + i % 8;
        mean[0] += a->plane[0][at] / 64.0;
        mean[1] += b->plane[0][at] / 64.0;
    }
    for (int i = 0; i < 64; i++) {
        const int at = (top + i / 8) * a->stride[0] + left + i % 8;
        const double u = a->plane[0][at] - mean[0], v = b->plane[0][at] - mean[1];
        variance[0] += u * u / 63;
        variance[1] += v * v / 63;
        covariance += u * v / 63;
    }
    const double c1 = 6.5025 / 64, c2 = 58.5225;
    return (2 * mean[0] * mean[1] + c1) * (2 * covariance + c2) /
           ((mean[0] * mean[0] + mean[1] * mean[1] + c1) * (variance[0] + variance[1] + c2));
}

START_TEST(windows_by_definition)
{
    enum { W = 22, H = 17 };
    CopFrame a = clip_frame(COP_PIXEL_GRAY8, W, H, 0), b = clip_frame(COP_PIXEL_GRAY8, W, H, 9);
    double sum = 0, squares = 0;
    int n = 0;
    for (int top = 0; top + 8 <= H / 4 * 4; top += 4)
        for (int left = 0; left + 8 <= W / 4 * 4; left += 4, n++)
            sum += window_by_definition(&a, &b, left, top);
    for (int y = 0; y < H; y++)
        for (int x = 0; x < W; x++) {
            const int d = a.plane[0][y * a.stride[0] + x] - b.plane[0][y * b.stride[0] + x];
            squares += d * d;
        }
    CopFidelity got = distance(&a, &b);
    ck_assert_int_eq(n, 12);
    ck_assert_msg(fabs(got.ssim - sum / n) < 1e-12, "%.17g, not %.17g", got.ssim, sum / n);
    ck_assert(got.squares == squares && got.samples == W * H);
    ck_assert(got.ssim < 0.9);
    cop_fidelity_add(&got, &a, &a);
    ck_assert(got.frames == 2 && fabs(got.ssim - sum / n - 1) < 1e-12 && got.squares == squares);
    clip_free(&a, 1);
    clip_free(&b, 1);
}
END_TEST

static Suite *suite(void)
{
    Suite *s = suite_create("fidelity");
    TCase *tc = tcase_create("all");
    tcase_add_test(tc, equal_and_shifted);
    tcase_add_test(tc, windows_by_definition);
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
