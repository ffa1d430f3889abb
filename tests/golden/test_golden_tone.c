/* Brightness, saturation and contrast against outputs of the original scripts
 * (corrupt/README.md): not a byte differs.
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#include <gst/check/check.h>

#include "tests/corrupt_clip.h"
#include "tests/golden_help.h"

static const char *const pictures[] = {"astronaut", "coffee"};
static const char *const picture_tables[] = {"tiny-64", "cifar-32"};

static void every_picture(const char *table, const char *corruption)
{
    for (int s = 1; s <= 5; s += 2)
        for (int p = 0; p < 2; p++)
            golden_exact(table, corruption, s, pictures[p], 0, 0);
}

START_TEST(saturate_is_exact)
{
    every_picture(picture_tables[_i], "saturate");
}
END_TEST

START_TEST(contrast_is_exact)
{
    every_picture("tiny-64", "contrast");
}
END_TEST

START_TEST(contrast_of_a_clip_is_exact)
{
    Golden golden;
    golden_open(&golden, "mini-kinetics-64_contrast_s5_coffee");
    ck_assert_int_eq(golden.t, 16);
    CopCorrupt *corrupt = clip_corrupt("contrast", 5, 0, "kinetics-c", NULL);
    for (int i = 0; i < golden.t; i++) {
        CopFrame frame = golden_frame(&golden, golden.input, i);
        CopFrame want = golden_frame(&golden, golden.output, i);
        ck_assert_int_eq(cop_corrupt_in_place(corrupt, &frame), COP_OK);
        ck_assert_msg(clip_same_pixels(&frame, &want), "frame %d", i);
        clip_free(&frame, 1);
        clip_free(&want, 1);
    }
    cop_corrupt_destroy(&corrupt);
    cop_safetensors_close(&golden.file);
}
END_TEST

static Suite *suite(void)
{
    Suite *s = suite_create("golden_tone");
    TCase *tc = tcase_create("originals");
    tcase_set_timeout(tc, 60);
    tcase_add_loop_test(tc, saturate_is_exact, 0, 2);
    tcase_add_test(tc, contrast_is_exact);
    tcase_add_test(tc, contrast_of_a_clip_is_exact);
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
