/* Blurs, pixelate and JPEG against outputs of the original scripts (corrupt/README.md),
 * fed with the originals' own draws: every byte is theirs.
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#include <gst/check/check.h>
#include <stdio.h>
#include <stdlib.h>

#include "tests/corrupt_clip.h"
#include "tests/golden_help.h"

static const char *const pictures[] = {"astronaut", "coffee"};

static const char *const undrawn[] = {"gaussian_blur"};
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

static Suite *suite(void)
{
    Suite *s = suite_create("golden_blur");
    TCase *tc = tcase_create("originals");
    tcase_set_timeout(tc, 60);
    tcase_add_loop_test(tc, without_draws_every_byte_is_theirs, 0, UNDRAWN);
    tcase_add_loop_test(tc, motion_blur_is_exact_at_their_angle, 0, 2);
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
