/* What recipes add to plain steps, against PyTorch's numbers: several batches a step, clipped
 * gradients, frozen layers, mixup.
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#include <gst/check/check.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "models/layers/cross_entropy.h"
#include "models/train/mixup.h"
#include "models/train/trainer.h"
#include "tests/net_help.h"

enum { BATCH = 7, MOST = 18 };

/* Steps of two batches, of seven clips and of four, whose gradient is clipped, while stem and
 * first stage, or the stage alone, are frozen: losses, norms before clipping, and what the
 * parameters become. */
START_TEST(a_recipe_is_pytorchs)
{
    char *frozen[] = {(char[]){"stem"}, (char[]){"layer1"}};
    const char *kind = _i ? "middle." : "";
    char final[32];
    snprintf(final, sizeof final, "%sfinal.", kind);
    static const int part[2][2] = {{0, BATCH}, {BATCH, 4}};
    enum { RECIPE_STEPS = 5 };
    CopSafetensors *weights = golden_net("dense_weights"), *clips = golden_net("dense_results");
    CopSafetensors *results = golden_net("recipe_results");
    CopNet *net = narrow_create();
    CopError err = {0};
    must(cop_net_freeze(net, &(CopStrings){frozen + _i, 2 - _i}, &err), &err);
    const CopNetPlan plan = {.batch = MOST, .training = true, .accumulate = true, .threads = 1};
    must(cop_net_plan(net, &plan, &err), &err);
    must(cop_net_load(net, weights, &err), &err);
    CopTrainer trainer = {
        .net = net,
        .options = {.sgd = {.momentum = 0.9, .weight_decay = 1e-3},
                    .schedule = {.kind = COP_SCHEDULE_CONSTANT, .lr = 0.05, .total_steps = 5},
                    .clip_grad = 0.5,
                    .accumulate = 2}};
    float losses[2 * RECIPE_STEPS], norms[RECIPE_STEPS];
    for (int i = 0; i < 2 * RECIPE_STEPS; i++) {
        int labels[BATCH];
        CopTrainStats stats;
        golden_clips(net, clips, part[i % 2][0], part[i % 2][1], labels);
        must(cop_trainer_step(&trainer, labels, NULL, &stats, &err), &err);
        ck_assert_uint_eq(trainer.step, (unsigned)(i + 1) / 2);
        losses[i] = (float)stats.loss;
        norms[i / 2] = (float)trainer.norm;
    }
    ck_assert(golden_error(results, kind, "losses", losses) <= 1e-5);
    ck_assert(golden_error(results, kind, "norms", norms) <= 1e-5);
    CopParam *const *params;
    const int n = cop_net_params(net, &params);
    for (int i = 0; i < n; i++) {
        const double off = golden_error(results, final, params[i]->name, params[i]->value);
        ck_assert_msg(off < 1e-5, "%s: %g", params[i]->name, off);
        const CopStTensor *start = cop_safetensors_find(weights, params[i]->name);
        if (params[i]->frozen)
            ck_assert(memcmp(params[i]->value, start->data, start->bytes) == 0);
    }
    cop_net_destroy(&net);
    cop_safetensors_close(&weights);
    cop_safetensors_close(&clips);
    cop_safetensors_close(&results);
}
END_TEST

START_TEST(mixup_is_pytorchs)
{
    enum { CLIPS = 21 };
    CopSafetensors *weights = golden_net("dense_weights"), *clips = golden_net("dense_results");
    CopSafetensors *results = golden_net("recipe_results");
    CopNet *net = narrow_plan(&(CopNetPlan){.batch = CLIPS, .training = true, .threads = 2});
    CopPool *pool;
    CopError err = {0};
    int labels[CLIPS], other[CLIPS];
    must(cop_net_load(net, weights, &err), &err);
    ck_assert_int_eq(cop_pool_create(&pool, 2), COP_OK);
    golden_clips(net, clips, 0, CLIPS, labels);
    const CopTensor *x = cop_net_input(net);
    cop_mixup(x, 0.75F, pool);
    for (int i = 0; i < CLIPS; i++)
        other[i] = labels[cop_mixup_partner(i, CLIPS)];
    const size_t size = (size_t)x->c * (size_t)x->t * (size_t)x->h * (size_t)x->w;
    float *mixed = malloc(size * CLIPS * sizeof *mixed);
    for (int i = 0; i < CLIPS; i++)
        cop_tensor_store_lane(x, i, mixed + (size_t)i * size);
    ck_assert(golden_error(results, "", "mixed", mixed) <= 1e-7);
    const CopStep step = {.pool = pool, .training = true};
    const CopTargets targets = {labels, other, 0.75, 0.1};
    cop_net_forward(net, &step);
    const float loss =
        (float)cop_cross_entropy_of(cop_net_logits(net), &targets, cop_net_logits_grad(net), NULL);
    ck_assert(golden_error(results, "mixed.", "loss", &loss) <= 1e-6);
    must(cop_net_backward(net, &step, NULL), &err);
    CopParam *const *params;
    const int n = cop_net_params(net, &params);
    for (int i = 0; i < n; i++)
        if (params[i]->grad) {
            const double off =
                golden_error(results, "mixed.grad.", params[i]->name, params[i]->grad);
            ck_assert_msg(off < 1e-5, "%s: %g", params[i]->name, off);
        }
    free(mixed);
    cop_pool_destroy(&pool);
    cop_net_destroy(&net);
    cop_safetensors_close(&weights);
    cop_safetensors_close(&clips);
    cop_safetensors_close(&results);
}
END_TEST

/* Beta(a, a) has mean 1/2 and variance 1 / (8 a + 4); 4000 shares, five standard errors. */
START_TEST(mixup_shares_are_beta)
{
    enum { N = 4000 };
    static const double alphas[] = {0.1, 0.4, 1, 5};
    const double alpha = alphas[_i], variance = 1 / (8 * alpha + 4);
    double sum = 0, square = 0;
    for (int i = 0; i < N; i++) {
        const double share = cop_mixup_share(alpha, 3, (uint64_t)i);
        ck_assert(share >= 0 && share <= 1);
        ck_assert(share == cop_mixup_share(alpha, 3, (uint64_t)i));
        sum += share - 0.5;
        square += (share - 0.5) * (share - 0.5);
    }
    ck_assert(fabs(sum / N) <= 5 * sqrt(variance / N));
    /* A share's square is within 1/4, so its standard deviation is below sqrt(variance) / 2. */
    ck_assert(fabs(square / N - variance) <= 5 * sqrt(variance / N) / 2);
    ck_assert(cop_mixup_share(alpha, 3, 0) != cop_mixup_share(alpha, 4, 0));
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("recipe");
    TCase *tests = tcase_create("recipe");
    tcase_set_timeout(tests, 120);
    tcase_add_loop_test(tests, a_recipe_is_pytorchs, 0, 2);
    tcase_add_test(tests, mixup_is_pytorchs);
    tcase_add_loop_test(tests, mixup_shares_are_beta, 0, 4);
    suite_add_tcase(suite, tests);
    SRunner *runner = srunner_create(suite);
    srunner_run_all(runner, CK_NORMAL);
    const int failures = srunner_ntests_failed(runner);
    srunner_free(runner);
    return failures ? 1 : 0;
}
