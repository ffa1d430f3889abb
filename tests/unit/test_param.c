/* Dense and masked parameters: reading, writing and moving active weights.
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#include <gst/check/check.h>
#include <string.h>

#include "models/core/mask.h"
#include "models/core/param.h"
#include "models/core/rng.h"

enum { NUMEL_MAX = 200, WORDS_MAX = 4 };

static const float POISON = 1e30f;

/* A parameter with all its memory. */
typedef struct Memory {
    CopParam param;
    uint64_t mask[WORDS_MAX];
    float value[NUMEL_MAX + 1], grad[NUMEL_MAX + 1], state[2][NUMEL_MAX + 1],
        scratch[NUMEL_MAX + 1];
} Memory;

static void set_up(Memory *memory, size_t numel, size_t nnz, size_t capacity)
{
    *memory = (Memory){0};
    memory->param = (CopParam){.name = "w",
                               .rank = 1,
                               .shape = {(int)numel},
                               .numel = numel,
                               .nnz = nnz,
                               .capacity = capacity,
                               .value = memory->value,
                               .grad = memory->grad,
                               .state = {memory->state[0], memory->state[1]}};
    memory->value[capacity] = memory->state[0][capacity] = memory->state[1][capacity] = POISON;
    memory->scratch[capacity] = POISON;
}

static void check_guards(const Memory *memory)
{
    const size_t capacity = memory->param.capacity;
    ck_assert(memory->value[capacity] == POISON && memory->scratch[capacity] == POISON);
    ck_assert(memory->state[0][capacity] == POISON && memory->state[1][capacity] == POISON);
}

/* Each bit set with probability eighths/8, but at most `most` bits. */
static void random_mask(uint64_t *mask, size_t numel, uint32_t eighths, size_t most, uint32_t draw)
{
    const CopRngKey key = cop_rng_key(3, "param test");
    memset(mask, 0, cop_mask_words(numel) * sizeof *mask);
    for (size_t i = 0; i < numel && most; i++)
        if (cop_rng_below(key, (uint32_t)i, (CopRngAddress){.draw = draw}, 8) < eighths) {
            cop_mask_set(mask, i);
            most--;
        }
}

START_TEST(a_dense_parameter_reads_and_writes_all)
{
    Memory memory;
    float out[NUMEL_MAX];
    set_up(&memory, 70, 70, 70);
    for (size_t i = 0; i < 70; i++)
        memory.value[i] = (float)i + 1;
    cop_param_scatter(&memory.param, memory.value, out);
    ck_assert(memcmp(out, memory.value, 70 * sizeof *out) == 0);
    cop_param_gather(&memory.param, out, memory.grad);
    ck_assert(memcmp(out, memory.grad, 70 * sizeof *out) == 0);
    ck_assert(cop_param_density(&memory.param) == 1);
}
END_TEST

/* Around every word size, against one bit at a time. */
START_TEST(masked_weights_follow_their_mask)
{
    static const size_t sizes[] = {1, 2, 63, 64, 65, 127, 128, 129, 192, NUMEL_MAX};
    const size_t numel = sizes[_i];
    Memory memory;
    float dense[3][NUMEL_MAX], out[NUMEL_MAX];
    uint64_t next[WORDS_MAX];
    set_up(&memory, numel, 0, numel);
    memory.param.mask = memory.mask;
    memset(dense, 0, sizeof dense);
    for (uint32_t round = 0; round < 200; round++) {
        const uint32_t eighths = round % 9;
        random_mask(next, numel, eighths, numel, round);
        if (round % 5 == 4) { /* words that do not change */
            next[0] = memory.mask[0];
            memcpy(next, memory.mask, (cop_mask_words(numel) - 1) * sizeof *next);
        }
        cop_param_set_mask(&memory.param, next, memory.scratch);
        float *const arrays[3] = {memory.value, memory.state[0], memory.state[1]};
        ck_assert_uint_eq(memory.param.nnz, cop_mask_count(next, numel));
        ck_assert_uint_eq(memory.param.generation, round + 1);
        ck_assert(memcmp(memory.mask, next, cop_mask_words(numel) * sizeof *next) == 0);
        for (int a = 0; a < 3; a++) {
            for (size_t i = 0; i < numel; i++)
                dense[a][i] = cop_mask_get(next, i) ? dense[a][i] : 0;
            cop_param_scatter(&memory.param, arrays[a], out);
            ck_assert(memcmp(out, dense[a], numel * sizeof *out) == 0);
            for (size_t i = 0; i < numel; i++) /* training touches active weights only */
                dense[a][i] =
                    cop_mask_get(next, i) ? (float)(a * 100000 + (int)round * 300 + (int)i) : 0;
            cop_param_gather(&memory.param, dense[a], arrays[a]);
        }
        check_guards(&memory);
    }
}
END_TEST

START_TEST(nothing_past_the_capacity_is_touched)
{
    Memory memory;
    uint64_t next[WORDS_MAX];
    set_up(&memory, 150, 0, 40);
    memory.param.mask = memory.mask;
    for (uint32_t round = 0; round < 50; round++) {
        random_mask(next, 150, 4, 40, round);
        cop_param_set_mask(&memory.param, next, memory.scratch);
        check_guards(&memory);
        for (size_t i = 0; i < memory.param.nnz; i++)
            memory.value[i] = memory.state[0][i] = memory.state[1][i] = 1;
    }
    ck_assert_uint_eq(memory.param.nnz, 40);
}
END_TEST

START_TEST(state_may_be_missing)
{
    Memory memory;
    uint64_t next[WORDS_MAX] = {1};
    set_up(&memory, 100, 0, 100);
    memory.param.mask = memory.mask;
    memory.param.state[0] = memory.param.state[1] = memory.param.grad = NULL;
    memory.state[0][0] = memory.state[1][0] = 7;
    cop_param_set_mask(&memory.param, next, memory.scratch);
    ck_assert(memory.state[0][0] == 7 && memory.state[1][0] == 7);
    ck_assert(memory.value[0] == 0 && memory.param.nnz == 1);
}
END_TEST

START_TEST(bytes_are_those_of_arrays_and_mask)
{
    Memory memory;
    size_t dense;
    set_up(&memory, 130, 20, 30);
    ck_assert_uint_eq(cop_param_bytes(&memory.param, &dense), 30 * 16);
    memory.param.mask = memory.mask; /* three words */
    ck_assert_uint_eq(cop_param_bytes(&memory.param, &dense), 30 * 16 + 24);
    ck_assert_uint_eq(dense, 130 * 16);
    memory.param.grad = memory.param.state[0] = memory.param.state[1] = NULL;
    ck_assert_uint_eq(cop_param_bytes(&memory.param, &dense), 30 * 4 + 24);
    ck_assert_uint_eq(dense, 130 * 4);
}
END_TEST

START_TEST(a_dense_parameter_becomes_a_masked_one)
{
    static const size_t sizes[] = {1, 63, 64, 65, 128, 150};
    for (size_t s = 0; s < sizeof sizes / sizeof sizes[0]; s++) {
        const size_t numel = sizes[s];
        Memory memory;
        float out[NUMEL_MAX];
        uint64_t next[WORDS_MAX];
        set_up(&memory, numel, numel, numel);
        for (size_t i = 0; i < numel; i++)
            memory.value[i] = (float)i + 1;
        memset(memory.mask, 0x55, sizeof memory.mask);
        cop_param_fill_mask(&memory.param, memory.mask);
        ck_assert_uint_eq(cop_mask_count(memory.mask, numel), numel); /* counts whole words */
        ck_assert_uint_eq(memory.param.generation, 1);
        random_mask(next, numel, 4, numel, 9);
        cop_param_set_mask(&memory.param, next, memory.scratch);
        cop_param_scatter(&memory.param, memory.value, out);
        for (size_t i = 0; i < numel; i++)
            ck_assert(out[i] == (cop_mask_get(next, i) ? (float)i + 1 : 0));
        ck_assert(cop_param_density(&memory.param) ==
                  (double)cop_mask_count(next, numel) / (double)numel);
    }
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("param");
    TCase *tcase = tcase_create("param");
    suite_add_tcase(suite, tcase);
    tcase_add_test(tcase, a_dense_parameter_reads_and_writes_all);
    tcase_add_loop_test(tcase, masked_weights_follow_their_mask, 0, 10);
    tcase_add_test(tcase, nothing_past_the_capacity_is_touched);
    tcase_add_test(tcase, state_may_be_missing);
    tcase_add_test(tcase, bytes_are_those_of_arrays_and_mask);
    tcase_add_test(tcase, a_dense_parameter_becomes_a_masked_one);
    SRunner *runner = srunner_create(suite);
    srunner_run_all(runner, CK_NORMAL);
    const int failures = srunner_ntests_failed(runner);
    srunner_free(runner);
    return failures ? 1 : 0;
}
