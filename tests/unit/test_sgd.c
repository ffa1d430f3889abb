/* Stochastic gradient descent against PyTorch's.
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#include <gst/check/check.h>
#include <math.h>
#include <string.h>

#include "models/train/optimizer.h"
#include "tests/golden/sgd.h"

/* At most six roundings a step touch a weight of less than 4, and four touch the
 * momentum, which hands them on to no more than the SGD_STEPS steps that follow,
 * times a rate of 0.1 or less; each is 2^-24 of its value, and momenta stay
 * below 16: SGD_STEPS * 2^-24 * (6 * 4 + 4 * SGD_STEPS * 0.1 * 16) < 2.3e-5.
 * Leaving out decay, momentum or the look-ahead moves weights by more than 1e-3. */
static const double tolerance = 2.3e-5;

enum { GUARD = 8, LARGE = 100003 };

static void run_golden(size_t run, CopParamRole role, bool decay_all, bool masked, CopPool *pool)
{
    /* NaN beyond the active weights: whatever reads there, spreads it. */
    float value[SGD_SIZE + GUARD], grad[SGD_SIZE + GUARD], momentum[SGD_SIZE + GUARD];
    uint64_t mask[1] = {0x5555};
    for (int i = 0; i < SGD_SIZE + GUARD; i++) {
        value[i] = i < SGD_SIZE ? (float)sgd_start[i] : NAN;
        grad[i] = NAN;
        momentum[i] = i < SGD_SIZE ? 0 : NAN;
    }
    CopParam param = {
        .name = "w",
        .rank = 1,
        .shape = {SGD_SIZE},
        .role = role,
        .numel = SGD_SIZE,
        .nnz = SGD_SIZE,
        .capacity = SGD_SIZE,
        .value = value,
        .grad = grad,
        .state = {momentum},
    };
    if (masked) {
        param.mask = mask;
        param.numel = (size_t)(param.shape[0] = 2 * SGD_SIZE);
        param.capacity = SGD_SIZE + GUARD;
    }
    const CopSgd sgd = {sgd_runs[run].momentum, sgd_runs[run].weight_decay, sgd_runs[run].nesterov,
                        decay_all};
    if (sgd.momentum == 0)
        param.state[0] = NULL;
    CopParam *params[] = {&param};
    for (int step = 0; step < SGD_STEPS; step++) {
        float kept[SGD_SIZE];
        for (int i = 0; i < SGD_SIZE; i++)
            kept[i] = grad[i] = (float)sgd_grad[step][i];
        cop_sgd_step(&sgd, sgd_runs[run].lr, params, 1, pool);
        ck_assert(memcmp(grad, kept, sizeof kept) == 0);
        for (int i = 0; i < SGD_SIZE; i++) {
            const double off = fabs((double)value[i] - sgd_runs[run].value[step][i]);
            ck_assert_msg(off <= tolerance, "run %zu, step %d, weight %d: off by %g", run, step, i,
                          off);
        }
    }
    for (int i = SGD_SIZE; i < SGD_SIZE + GUARD; i++)
        ck_assert(isnan(value[i]) && isnan(momentum[i]));
}

START_TEST(steps_are_pytorchs)
{
    for (size_t run = 0; run < sizeof sgd_runs / sizeof sgd_runs[0]; run++) {
        run_golden(run, COP_PARAM_WEIGHT, false, false, NULL);
        run_golden(run, COP_PARAM_WEIGHT, false, true, NULL);
    }
}
END_TEST

/* Runs 0 and 1, and 2 and 3, differ in decay alone. */
START_TEST(decay_is_for_weights_unless_for_all)
{
    static const CopParamRole roles[] = {COP_PARAM_BIAS, COP_PARAM_SCALE, COP_PARAM_SHIFT};
    for (size_t i = 0; i < 3; i++) {
        run_golden(1, roles[i], true, false, NULL);
        run_golden(3, roles[i], true, false, NULL);
    }
    for (size_t i = 0; i < 3; i++) {
        float value = 1, grad = 0, momentum = 0;
        CopParam param = {.role = roles[i],
                          .numel = 1,
                          .nnz = 1,
                          .value = &value,
                          .grad = &grad,
                          .state = {&momentum}};
        CopParam *params[] = {&param};
        const CopSgd sgd = {.momentum = 0.9, .weight_decay = 0.5};
        cop_sgd_step(&sgd, 0.1, params, 1, NULL);
        ck_assert(value == 1 && momentum == 0);
        param.role = COP_PARAM_WEIGHT;
        cop_sgd_step(&sgd, 0.1, params, 1, NULL);
        ck_assert(fabsf(value - 0.95f) < 1e-6f);
    }
}
END_TEST

START_TEST(statistics_and_frozen_parameters_stay)
{
    float value = 1, grad = 1, momentum = 0;
    CopParam statistic = {.role = COP_PARAM_STATISTIC,
                          .nnz = 1,
                          .value = &value,
                          .grad = &grad,
                          .state = {&momentum}};
    CopParam frozen = {.role = COP_PARAM_WEIGHT, .nnz = 1, .value = &value, .state = {&momentum}};
    CopParam empty = {
        .role = COP_PARAM_WEIGHT, .nnz = 0, .value = &value, .grad = &grad, .state = {&momentum}};
    CopParam *params[] = {&statistic, &frozen, &empty};
    const CopSgd sgd = {.momentum = 0.9, .weight_decay = 0.5, .decay_all = true};
    cop_sgd_step(&sgd, 0.1, params, 3, NULL);
    cop_sgd_step(&sgd, 0.1, params, 0, NULL);
    ck_assert(value == 1 && momentum == 0);
}
END_TEST

/* Nesterov's step as optimizer.h states it, weight by weight. */
static void step_plainly(const CopParam *param, float lr, float mu, float decay)
{
    for (size_t i = 0; i < param->nnz; i++) {
        float *v = &param->state[0][i], *w = &param->value[i];
        const float g = param->grad[i] + (param->role == COP_PARAM_WEIGHT ? decay : 0) * *w;
        *v = mu * *v + g;
        *w -= lr * (g + mu * *v);
    }
}

/* Layers of many sizes, three steps, on `threads` threads; 0: plainly. */
static void run_layers(int threads, float *value)
{
    static const size_t sizes[] = {1, 16384, 0, 16385, 50000, 3, LARGE - 16384 - 16385 - 50000 - 4};
    enum { LAYERS = sizeof sizes / sizeof sizes[0] };
    static float grad[LARGE], momentum[LARGE];
    CopPool *pool;
    CopParam layer[LAYERS], *params[LAYERS];
    ck_assert_int_eq(cop_pool_create(&pool, threads), COP_OK);
    size_t at = 0;
    for (int i = 0; i < LAYERS; i++) {
        layer[i] = (CopParam){.role = i % 2 ? COP_PARAM_WEIGHT : COP_PARAM_BIAS,
                              .numel = sizes[i],
                              .nnz = sizes[i],
                              .value = value + at,
                              .grad = grad + at,
                              .state = {momentum + at}};
        params[i] = &layer[i];
        at += sizes[i];
    }
    ck_assert_uint_eq(at, LARGE);
    for (int i = 0; i < LARGE; i++) {
        value[i] = sinf((float)i);
        momentum[i] = 0;
    }
    const CopSgd sgd = {.momentum = 0.9, .weight_decay = 1e-3, .nesterov = true};
    for (int step = 0; step < 3; step++) {
        for (int i = 0; i < LARGE; i++)
            grad[i] = cosf((float)(i * (step + 1)));
        if (threads)
            cop_sgd_step(&sgd, 0.1, params, LAYERS, pool);
        for (int i = 0; i < LAYERS && !threads; i++)
            step_plainly(params[i], 0.1f, 0.9f, 1e-3f);
    }
    cop_pool_destroy(&pool);
}

START_TEST(threads_change_nothing)
{
    static float plain[LARGE], threaded[LARGE];
    run_layers(0, plain);
    for (int threads = 1; threads <= 5; threads++) {
        run_layers(threads, threaded);
        ck_assert(memcmp(plain, threaded, sizeof plain) == 0);
    }
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("sgd");
    TCase *tests = tcase_create("sgd");
    tcase_set_timeout(tests, 60);
    tcase_add_test(tests, steps_are_pytorchs);
    tcase_add_test(tests, decay_is_for_weights_unless_for_all);
    tcase_add_test(tests, statistics_and_frozen_parameters_stay);
    tcase_add_test(tests, threads_change_nothing);
    suite_add_tcase(suite, tests);
    SRunner *runner = srunner_create(suite);
    srunner_run_all(runner, CK_NORMAL);
    const int failures = srunner_ntests_failed(runner);
    srunner_free(runner);
    return failures ? 1 : 0;
}
