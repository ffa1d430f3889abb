/* A planned net allocates nothing: counts the calls of malloc and its kin.
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#include <gst/check/check.h>
#include <stdatomic.h>
#include <stdlib.h>

#include "models/train/trainer.h"
#include "tests/net_help.h"

/* Sanitizers bring their own malloc, which must not be replaced. */
#if defined(__GLIBC__) && !defined(__SANITIZE_ADDRESS__) && !defined(__SANITIZE_THREAD__) &&       \
    !defined(__clang__)
#define COUNTS 1

extern void *__libc_malloc(size_t size);
extern void *__libc_calloc(size_t count, size_t size);
extern void *__libc_realloc(void *memory, size_t size);

static atomic_long calls;

void *malloc(size_t size)
{
    atomic_fetch_add(&calls, 1);
    return __libc_malloc(size);
}

void *calloc(size_t count, size_t size)
{
    atomic_fetch_add(&calls, 1);
    return __libc_calloc(count, size);
}

void *realloc(void *memory, size_t size)
{
    atomic_fetch_add(&calls, 1);
    return __libc_realloc(memory, size);
}
#else
#define COUNTS 0
static atomic_long calls;
#endif

START_TEST(calls_are_counted)
{
    const long before = atomic_load(&calls);
    void *volatile memory = malloc(100);
    free(memory);
    ck_assert_int_eq(atomic_load(&calls) - before, COUNTS);
}
END_TEST

enum { BATCH = 17 };

START_TEST(inference_allocates_nothing)
{
    CopNet *net = narrow_plan(&(CopNetPlan){.batch = BATCH, .threads = 2});
    CopStep step = {.training = false};
    ck_assert_int_eq(cop_pool_create(&step.pool, 2), COP_OK);
    cop_net_init(net, 1, NULL);
    net_fill(net, BATCH, NULL, 0);
    const long before = atomic_load(&calls);
    cop_net_forward(net, &step);
    ck_assert_int_eq(atomic_load(&calls) - before, 0);
    cop_pool_destroy(&step.pool);
    cop_net_destroy(&net);
}
END_TEST

/* Between topology updates, steps of dense and of masked nets. */
START_TEST(training_allocates_nothing)
{
    CopSafetensors *weights = golden_net(_i ? "sparse_weights" : "dense_weights");
    CopNet *net = narrow_plan(
        &(CopNetPlan){.batch = BATCH, .training = true, .threads = 2, .weights = weights});
    CopTrainer trainer = {
        .net = net,
        .options = {.sgd = {.momentum = 0.9, .weight_decay = 1e-4, .nesterov = true},
                    .schedule = {.kind = COP_SCHEDULE_COSINE, .lr = 0.01, .total_steps = 10}}};
    CopError err = {0};
    must(cop_net_load(net, weights, &err), &err);
    cop_safetensors_close(&weights);
    ck_assert_int_eq(cop_pool_create(&trainer.pool, 2), COP_OK);
    net_fill(net, BATCH, NULL, 0);
    const int labels[BATCH] = {1, 2, 3, 4};
    const uint32_t clip[BATCH] = {0};
    for (int i = 0; i < 3; i++) {
        CopTrainStats stats;
        const long before = atomic_load(&calls);
        const CopStatus status = cop_trainer_step(&trainer, labels, clip, &stats, &err);
        const long after = atomic_load(&calls);
        must(status, &err);
        ck_assert_int_eq(after - before, 0);
    }
    cop_pool_destroy(&trainer.pool);
    cop_net_destroy(&net);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("allocations");
    TCase *tests = tcase_create("allocations");
    tcase_add_test(tests, calls_are_counted);
    tcase_add_test(tests, inference_allocates_nothing);
    tcase_add_loop_test(tests, training_allocates_nothing, 0, 2);
    suite_add_tcase(suite, tests);
    SRunner *runner = srunner_create(suite);
    srunner_run_all(runner, CK_NORMAL);
    const int failures = srunner_ntests_failed(runner);
    srunner_free(runner);
    return failures ? 1 : 0;
}
