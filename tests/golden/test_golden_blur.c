/* Blurs, pixelate and JPEG against outputs of the original scripts (corrupt/README.md),
 * fed with the originals' own draws: every byte is theirs.
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#include <gst/check/check.h>
#include <stdio.h>
#include <stdlib.h>

#include "pipeline/corrupt/gaussian_rgb.h"
#include "pipeline/corrupt/glass.h"
#include "tests/corrupt_clip.h"
#include "tests/golden_help.h"

static const char *const pictures[] = {"astronaut", "coffee"};

static const char *const undrawn[] = {"gaussian_blur", "defocus_blur", "zoom_blur", "pixelate",
                                      "jpeg_compression"};
enum { UNDRAWN = sizeof undrawn / sizeof undrawn[0] };

START_TEST(without_draws_every_byte_is_theirs)
{
    for (int s = 1; s <= 5; s += 2)
        for (int p = 0; p < 2; p++)
            golden_exact("tiny-64", undrawn[_i], s, pictures[p], 0, 0);
}
END_TEST

START_TEST(motion_blur_is_exact_at_their_angle)
{
    for (int s = 1; s <= 5; s += 2) {
        char name[128], angle[96], number[32];
        snprintf(name, sizeof name, "tiny-64_motion_blur_s%d_%s", s, pictures[_i]);
        Golden golden;
        golden_open(&golden, name);
        double *drawn = golden_doubles(&golden, "draw.angle", 1);
        snprintf(angle, sizeof angle, "spread=0, angle=%s", cop_format_double(*drawn, number));
        CopFrame x = golden_frame(&golden, golden.input, 0);
        CopFrame want = golden_frame(&golden, golden.output, 0);
        CopCorrupt *corrupt = clip_corrupt("motion_blur", s, 0, "tiny-64", angle);
        ck_assert_int_eq(cop_corrupt_in_place(corrupt, &x), COP_OK);
        int worst;
        const size_t differ = golden_differ(&x, &want, &worst);
        ck_assert_msg(differ == 0, "%s: %zu bytes differ, by up to %d", name, differ, worst);
        cop_corrupt_destroy(&corrupt);
        clip_free(&x, 1);
        clip_free(&want, 1);
        free(drawn);
        cop_safetensors_close(&golden.file);
    }
}
END_TEST

/* Disks of one pixel, which are smoothed all the same */
START_TEST(least_disks_are_theirs)
{
    for (int s = 1; s <= 3; s += 2)
        for (int p = 0; p < 2; p++)
            golden_exact("cifar-32", "defocus_blur", s, pictures[p], 0, 0);
}
END_TEST

/* Their offsets through our shuffle, between two of our filters. */
START_TEST(glass_blur_is_exact_with_their_offsets)
{
    static const double sigmas[] = {0.1, 0.6, 0.9};
    static const int deltas[] = {1, 1, 2}, passes[] = {1, 2, 2};
    for (int level = 0; level < 3; level++) {
        char name[128];
        snprintf(name, sizeof name, "tiny-64_glass_blur_s%d_%s", 2 * level + 1, pictures[_i]);
        Golden golden;
        golden_open(&golden, name);
        const int delta = deltas[level], side = golden.h - 2 * delta;
        const size_t n = (size_t)(passes[level] * side * side * 2);
        double *offsets = golden_doubles(&golden, "draw.offsets", n);
        CopFrame x = golden_frame(&golden, golden.input, 0);
        CopFrame want = golden_frame(&golden, golden.output, 0);
        CopGaussianRgb filter = {0};
        ck_assert_int_eq(cop_gaussian_rgb(&filter, &x, sigmas[level]), COP_OK);
        const double *next = offsets;
        for (int pass = 0; pass < passes[level]; pass++)
            for (int row = golden.h - delta; row > delta; row--) {
                int dx[64], dy[64];
                for (int column = golden.w - delta; column > delta; column--) {
                    dx[column] = (int)*next++;
                    dy[column] = (int)*next++;
                }
                cop_glass_row(x.plane[0] + row * x.stride[0], x.stride[0], golden.w, delta, dx, dy);
            }
        ck_assert_int_eq(cop_gaussian_rgb(&filter, &x, sigmas[level]), COP_OK);
        int worst;
        const size_t differ = golden_differ(&x, &want, &worst);
        ck_assert_msg(differ == 0, "%s: %zu bytes differ, by up to %d", name, differ, worst);
        cop_gaussian_rgb_free(&filter);
        clip_free(&x, 1);
        clip_free(&want, 1);
        free(offsets);
        cop_safetensors_close(&golden.file);
    }
}
END_TEST

static Suite *suite(void)
{
    Suite *s = suite_create("golden_blur");
    TCase *tc = tcase_create("originals");
    tcase_set_timeout(tc, 60);
    tcase_add_loop_test(tc, without_draws_every_byte_is_theirs, 0, UNDRAWN);
    tcase_add_test(tc, least_disks_are_theirs);
    tcase_add_loop_test(tc, motion_blur_is_exact_at_their_angle, 0, 2);
    tcase_add_loop_test(tc, glass_blur_is_exact_with_their_offsets, 0, 2);
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
