/* Corruptions that draw nothing against outputs of the original scripts (corrupt/README.md).
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#include <gst/check/check.h>
#include <stdio.h>

#include "tests/corrupt_clip.h"
#include "tests/golden_help.h"

static const char *const pictures[] = {"astronaut", "coffee"};
static const char *const picture_tables[] = {"tiny-64", "cifar-32"};

START_TEST(brightness_is_exact)
{
    for (int s = 1; s <= 5; s += 2)
        for (int p = 0; p < 2; p++)
            golden_exact(picture_tables[_i], "brightness", s, pictures[p], 0, 0);
}
END_TEST

/* The original's output j is the mean of inputs j .. j + 2 c - 1: our frame j + c. */
START_TEST(temporal_motion_blur_is_exact)
{
    static const int half[2][6] = {{0, 3, 5, 7, 9, 11}, {0, 1, 2, 3, 4, 6}};
    static const char *const tables[] = {"mini-kinetics-64", "mini-ssv2-64"};
    static const char *const presets[] = {"kinetics-c", "ssv2-c"};
    for (int s = 1; s <= 5; s += 2) {
        enum { MOST = 32 };
        char name[128];
        snprintf(name, sizeof name, "%s_motion_blur_s%d_astronaut", tables[_i], s);
        Golden golden;
        golden_open(&golden, name);
        const int c = half[_i][s];
        ck_assert_int_le(golden.t, MOST);
        ck_assert_int_eq((int)golden.output->shape[0], golden.t - 2 * c);
        CopFrame in[MOST], out[MOST];
        for (int i = 0; i < golden.t; i++)
            in[i] = golden_frame(&golden, golden.input, i);
        CopCorrupt *corrupt = clip_corrupt("motion_blur_temporal", s, 0, presets[_i], NULL);
        ck_assert_int_eq(cop_corrupt_frames(corrupt, in, golden.t, out), COP_OK);
        for (int j = 0; j < golden.t - 2 * c; j++) {
            CopFrame want = golden_frame(&golden, golden.output, j);
            ck_assert_msg(clip_same_pixels(&out[j + c], &want), "%s, frame %d", name, j);
            cop_frame_unref(&want);
        }
        cop_corrupt_destroy(&corrupt);
        clip_free(in, golden.t);
        clip_free(out, golden.t);
        cop_safetensors_close(&golden.file);
    }
}
END_TEST

static Suite *suite(void)
{
    Suite *s = suite_create("golden_corrupt");
    TCase *tc = tcase_create("originals");
    tcase_set_timeout(tc, 60);
    tcase_add_loop_test(tc, brightness_is_exact, 0, 2);
    tcase_add_loop_test(tc, temporal_motion_blur_is_exact, 0, 2);
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
