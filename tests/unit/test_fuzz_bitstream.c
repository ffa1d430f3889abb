/* Two hundred inputs of the fuzz target of damaged video, the same ones every time.
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#include <gst/check/check.h>

#include "models/core/rng.h"
#include "tests/fuzz/fuzz_bitstream.c"

enum { PARTS = 4, INPUTS = 50, BYTES = 300 };

START_TEST(every_damage_gives_a_clip)
{
    for (uint32_t k = 0; k < INPUTS; k++) {
        uint8_t data[BYTES];
        const CopRngAddress at = {.frame = k, .clip = (uint32_t)_i};
        for (uint32_t i = 0; i < BYTES; i++)
            data[i] = (uint8_t)cop_rng_u32((CopRngKey){{1, 2}}, i, at);
        const size_t size = 4 + cop_rng_below((CopRngKey){{1, 3}}, 0, at, BYTES - 4);
        uint8_t *copy = malloc(size); /* of just that size, so that a sanitizer sees the end */
        ck_assert(copy != NULL);
        memcpy(copy, data, size);
        LLVMFuzzerTestOneInput(copy, size);
        free(copy);
    }
}
END_TEST

START_TEST(short_inputs_are_inputs)
{
    const uint8_t data[] = {5, 200, 3};
    for (size_t size = 0; size <= sizeof data; size++)
        LLVMFuzzerTestOneInput(data, size);
}
END_TEST

static Suite *suite(void)
{
    Suite *s = suite_create("fuzz_bitstream");
    TCase *tc = tcase_create("damage");
    tcase_set_timeout(tc, 240);
    tcase_add_loop_test(tc, every_damage_gives_a_clip, 0, PARTS);
    tcase_add_test(tc, short_inputs_are_inputs);
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
