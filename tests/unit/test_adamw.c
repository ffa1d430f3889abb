/* Adam with decoupled weight decay against PyTorch's, dense and with a mask that moves.
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#include <gst/check/check.h>
#include <math.h>
#include <string.h>

#include "models/core/mask.h"
#include "models/train/optimizer.h"
#include "tests/golden/adamw.h"

/* A step moves a weight by a few rates at most, and about ten roundings of 2^-24 touch what it
 * adds; decay and the sum round weights below 4: ADAMW_STEPS * 2^-24 * (2 * 4 + 10 * 4 * 0.02)
 * < 3.2e-6. Leaving out decay, a moment or its correction moves weights by 1e-3 and more. */
static const double tolerance = 3.2e-6;

enum { LARGE = 100003 };

/* Active weights of a masked parameter, as the golden run's mask has them before each step. */
static void move(CopParam *param, int step, float *scratch)
{
    if (adamw_mask[step] != param->mask[0])
        cop_param_set_mask(param, &adamw_mask[step], scratch);
}

START_TEST(steps_are_pytorchs)
{
    const CopAdamW adamw = {adamw_runs[_i].beta1, adamw_runs[_i].beta2, adamw_runs[_i].eps,
                            adamw_runs[_i].weight_decay, false};
    float value[ADAMW_SIZE], grad[ADAMW_SIZE], first[ADAMW_SIZE] = {0}, second[ADAMW_SIZE] = {0};
    float dense[ADAMW_SIZE], scratch[ADAMW_SIZE];
    uint64_t mask[1] = {adamw_mask[0]};
    const bool masked = adamw_runs[_i].masked;
    CopParam param = {.name = "w",
                      .rank = 1,
                      .shape = {ADAMW_SIZE},
                      .numel = ADAMW_SIZE,
                      .nnz = masked ? cop_mask_count(mask, ADAMW_SIZE) : ADAMW_SIZE,
                      .capacity = ADAMW_SIZE,
                      .mask = masked ? mask : NULL,
                      .value = value,
                      .grad = grad,
                      .state = {first, second}};
    for (int i = 0; i < ADAMW_SIZE; i++)
        dense[i] = (float)adamw_start[i];
    cop_param_gather(&param, dense, value);
    CopParam *params[] = {&param};
    for (int step = 0; step < ADAMW_STEPS; step++) {
        if (masked)
            move(&param, step, scratch);
        for (int i = 0; i < ADAMW_SIZE; i++)
            dense[i] = (float)adamw_grad[step][i];
        cop_param_gather(&param, dense, grad);
        cop_adamw_step(&adamw, adamw_runs[_i].lr, (uint64_t)step + 1, params, 1, NULL);
        cop_param_scatter(&param, value, dense);
        for (int i = 0; i < ADAMW_SIZE; i++) {
            const double off = fabs((double)dense[i] - adamw_runs[_i].value[step][i]);
            ck_assert_msg(off <= tolerance, "run %d, step %d, weight %d: off by %g", _i, step, i,
                          off);
        }
    }
}
END_TEST

START_TEST(decay_is_for_weights_unless_for_all)
{
    static const CopParamRole roles[] = {COP_PARAM_WEIGHT, COP_PARAM_BIAS, COP_PARAM_SCALE,
                                         COP_PARAM_SHIFT, COP_PARAM_STATISTIC};
    for (int all = 0; all < 2; all++)
        for (int r = 0; r < 5; r++) {
            float value = 1, grad = 0, first = 0, second = 0;
            CopParam param = {.role = roles[r],
                              .nnz = 1,
                              .value = &value,
                              .grad = &grad,
                              .state = {&first, &second}};
            CopParam *params[] = {&param};
            const CopAdamW adamw = {0.9, 0.999, 1e-8, 0.5, all};
            cop_adamw_step(&adamw, 0.1, 1, params, 1, NULL);
            const bool decays =
                roles[r] == COP_PARAM_WEIGHT || (all && roles[r] != COP_PARAM_STATISTIC);
            ck_assert(fabsf(value - (decays ? 0.95f : 1)) < 1e-6f && first == 0 && second == 0);
        }
}
END_TEST

START_TEST(threads_change_nothing)
{
    static float value[2][LARGE], grad[LARGE], first[2][LARGE], second[2][LARGE];
    const CopAdamW adamw = {0.9, 0.999, 1e-8, 0.01, false};
    for (int i = 0; i < LARGE; i++) {
        grad[i] = (float)(i % 1009) / 504 - 1;
        value[0][i] = value[1][i] = (float)(i % 601) / 300 - 1;
    }
    for (int threads = 1; threads <= 2; threads++) {
        const int k = threads - 1;
        CopParam param = {
            .nnz = LARGE, .value = value[k], .grad = grad, .state = {first[k], second[k]}};
        CopParam *params[] = {&param};
        CopPool *pool = NULL;
        ck_assert_int_eq(cop_pool_create(&pool, threads), COP_OK);
        for (uint64_t step = 1; step <= 3; step++)
            cop_adamw_step(&adamw, 0.01, step, params, 1, pool);
        cop_pool_destroy(&pool);
    }
    ck_assert(memcmp(value[0], value[1], sizeof value[0]) == 0);
    ck_assert(memcmp(second[0], second[1], sizeof second[0]) == 0);
    ck_assert(value[0][5] != (float)(5 % 601) / 300 - 1);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("adamw");
    TCase *tests = tcase_create("adamw");
    suite_add_tcase(suite, tests);
    tcase_add_loop_test(tests, steps_are_pytorchs, 0, sizeof adamw_runs / sizeof adamw_runs[0]);
    tcase_add_test(tests, decay_is_for_weights_unless_for_all);
    tcase_add_test(tests, threads_change_nothing);
    SRunner *runner = srunner_create(suite);
    srunner_run_all(runner, CK_NORMAL);
    const int failures = srunner_ntests_failed(runner);
    srunner_free(runner);
    return failures ? 1 : 0;
}
