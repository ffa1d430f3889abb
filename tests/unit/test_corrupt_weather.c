/* All weather: extreme options, caches.
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#include <gst/check/check.h>
#include <stdint.h>
#include <stdio.h>

#include "tests/corrupt_clip.h"
#include "tests/weather_help.h"

/* --- all -------------------------------------------------------------------------------- */

/* The ends of every option's range, on small frames, one at a time. */
START_TEST(extreme_options_are_harmless)
{
    static const char *const names[] = {"fog", "rain", "snow", "spatter", "frost"};
    for (int c = 0; c < 5; c++) {
        const CopCorruptDesc *desc = cop_corrupt_find(names[c], NULL);
        ck_assert(desc != NULL);
        for (const CopOption *row = desc->options; row->name; row++) {
            if (row->type != COP_TYPE_INT && row->type != COP_TYPE_DOUBLE)
                continue;
            ck_assert(row->min < row->max);
            const double ends[] = {row->min, row->max};
            for (int e = 0; e < 2; e++)
                for (int mode = COP_TEMPORAL_IID; mode <= COP_TEMPORAL_COHERENT; mode++) {
                    char params[96];
                    snprintf(params, sizeof params, "%s=%.17g", row->name, ends[e]);
                    CopCorrupt *corrupt =
                        weather_make(names[c], 3, (CopTemporal)mode, NULL, params);
                    CopFrame frame = weather_seen(corrupt, 33, 21, 90, 5);
                    clip_free(&frame, 1);
                    frame = weather_seen(corrupt, 1, 1, 90, INT32_MAX);
                    clip_free(&frame, 1);
                    cop_corrupt_destroy(&corrupt);
                }
        }
    }
}
END_TEST

static void see_and_drop(CopCorrupt *corrupt, int width, int height)
{
    CopFrame frame = weather_seen(corrupt, width, height, 90, 4);
    clip_free(&frame, 1);
}

/* Severity, clip and size may change from frame to frame, one at a time; what was seen
 * before leaves no trace. */
START_TEST(caches_follow_severity_clip_and_size)
{
    static const char *const names[] = {"fog", "rain", "snow", "spatter", "frost"};
    for (int c = 0; c < 5; c++)
        for (int mode = COP_TEMPORAL_IID; mode <= COP_TEMPORAL_COHERENT; mode++)
            for (int change = 0; change < 4; change++) {
                CopCorrupt *used = weather_make(names[c], 4, (CopTemporal)mode, NULL, NULL);
                CopCorrupt *fresh = weather_make(names[c], 4, (CopTemporal)mode, NULL, NULL);
                ck_assert_int_eq(cop_corrupt_reset(fresh, 5), COP_OK);
                ck_assert_int_eq(cop_corrupt_reset(used, change == 0 ? 3 : 5), COP_OK);
                ck_assert_int_eq(cop_corrupt_set_severity(used, change == 1 ? 5 : 4, NULL), COP_OK);
                see_and_drop(used, change == 2 ? 44 : 40, change == 3 ? 36 : 30);
                ck_assert_int_eq(cop_corrupt_set_severity(used, 4, NULL), COP_OK);
                ck_assert_int_eq(cop_corrupt_reset(used, 5), COP_OK);
                CopFrame a = weather_seen(used, 40, 30, 90, 6);
                CopFrame b = weather_seen(fresh, 40, 30, 90, 6);
                ck_assert_msg(clip_same_pixels(&a, &b), "%s, change %d", names[c], change);
                clip_free(&a, 1);
                clip_free(&b, 1);
                cop_corrupt_destroy(&used);
                cop_corrupt_destroy(&fresh);
            }
}
END_TEST

static Suite *suite(void)
{
    Suite *s = suite_create("corrupt_weather");
    TCase *tc = tcase_create("weather");
    tcase_set_timeout(tc, 120);
    tcase_add_test(tc, extreme_options_are_harmless);
    tcase_add_test(tc, caches_follow_severity_clip_and_size);
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
