/* The arena: alignment, zeros and limits.
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#include <gst/check/check.h>
#include <stdint.h>
#include <string.h>

#include "models/core/arena.h"

START_TEST(blocks_are_zeroed_aligned_and_apart)
{
    CopArena *arena;
    ck_assert_int_eq(cop_arena_create(&arena, 1 << 20), COP_OK);
    static const size_t sizes[] = {1, 63, 64, 65, 4096, 3};
    unsigned char *end = NULL;
    for (size_t i = 0; i < sizeof sizes / sizeof sizes[0]; i++) {
        unsigned char *block = cop_arena_alloc(arena, sizes[i], 1);
        ck_assert(block != NULL && (uintptr_t)block % 64 == 0);
        ck_assert(!end || block >= end);
        for (size_t j = 0; j < sizes[i]; j++)
            ck_assert_int_eq(block[j], 0);
        memset(block, 0xFF, sizes[i]);
        end = block + sizes[i];
    }
    ck_assert_uint_eq(cop_arena_used(arena), 64 + 64 + 64 + 128 + 4096 + 64);
    cop_arena_destroy(&arena);
}
END_TEST

START_TEST(limit_holds)
{
    CopArena *arena;
    ck_assert_int_eq(cop_arena_create(&arena, 1 << 20), COP_OK);
    ck_assert_uint_eq(cop_arena_limit(arena), 1 << 20);
    ck_assert(cop_arena_alloc(arena, (1 << 20) + 1, 1) == NULL);
    ck_assert_uint_eq(cop_arena_used(arena), 0);
    ck_assert(cop_arena_alloc(arena, (1 << 20) - 64, 1) != NULL);
    ck_assert(cop_arena_alloc(arena, 65, 1) == NULL);
    unsigned char *last = cop_arena_alloc(arena, 64, 1);
    ck_assert(last != NULL);
    last[63] = 1;
    ck_assert(cop_arena_alloc(arena, 1, 1) == NULL);
    cop_arena_destroy(&arena);
}
END_TEST

START_TEST(products_that_overflow_are_refused)
{
    CopArena *arena;
    ck_assert_int_eq(cop_arena_create(&arena, 1 << 20), COP_OK);
    ck_assert(cop_arena_alloc(arena, SIZE_MAX / 4 + 2, 4) == NULL);
    ck_assert(cop_arena_alloc(arena, 4, SIZE_MAX / 4 + 2) == NULL);
    ck_assert(cop_arena_alloc(arena, SIZE_MAX, 1) == NULL);
    ck_assert(cop_arena_alloc(arena, SIZE_MAX, SIZE_MAX) == NULL);
    ck_assert_uint_eq(cop_arena_used(arena), 0);
    cop_arena_destroy(&arena);
}
END_TEST

START_TEST(texts_are_copied)
{
    CopArena *arena;
    ck_assert_int_eq(cop_arena_create(&arena, 4096), COP_OK);
    char text[] = "layer1.0.conv1.0.weight";
    char *copy = cop_arena_strdup(arena, text);
    text[0] = 'x';
    ck_assert_str_eq(copy, "layer1.0.conv1.0.weight");
    char *all = cop_arena_alloc(arena, 4096 - 64, 1);
    ck_assert(all != NULL);
    ck_assert(cop_arena_strdup(arena, text) == NULL);
    cop_arena_destroy(&arena);
}
END_TEST

START_TEST(impossible_limits_are_refused_and_destroy_is_idempotent)
{
    CopArena *arena;
    ck_assert_int_eq(cop_arena_create(&arena, SIZE_MAX / 2), COP_ERR_NOMEM);
    ck_assert(arena == NULL);
    cop_arena_destroy(&arena);
    cop_arena_destroy(NULL);
    ck_assert_int_eq(cop_arena_create(&arena, 0), COP_OK);
    ck_assert_uint_ge(cop_arena_limit(arena), 1 << 20);
    cop_arena_destroy(&arena);
    ck_assert(arena == NULL);
    cop_arena_destroy(&arena);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("arena");
    TCase *tests = tcase_create("arena");
    tcase_add_test(tests, blocks_are_zeroed_aligned_and_apart);
    tcase_add_test(tests, limit_holds);
    tcase_add_test(tests, products_that_overflow_are_refused);
    tcase_add_test(tests, texts_are_copied);
    tcase_add_test(tests, impossible_limits_are_refused_and_destroy_is_idempotent);
    suite_add_tcase(suite, tests);
    SRunner *runner = srunner_create(suite);
    srunner_run_all(runner, CK_NORMAL);
    const int failures = srunner_ntests_failed(runner);
    srunner_free(runner);
    return failures ? 1 : 0;
}
