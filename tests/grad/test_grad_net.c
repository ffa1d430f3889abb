/* Logits, loss and gradients of a whole net against PyTorch's in float64
 * (tests/golden/make_net.py), dense and with 70 % of the weights masked.
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#include <gst/check/check.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "models/core/mask.h"
#include "models/layers/cross_entropy.h"
#include "tests/net_help.h"

/* ||got - want|| / ||want||. PyTorch's own float32 is up to 1e-6 away. */
static const double limit = 1e-5;

enum { CLIPS = 21 };
static const double smoothing = 0.1;
static const char *const kinds[] = {"dense", "sparse"};

typedef struct Golden {
    CopSafetensors *weights, *results;
    CopNet *net;
    int labels[CLIPS];
    CopStep step;
    int given; /* dense gradients */
} Golden;

static Golden golden_open(int kind, bool training, int threads)
{
    Golden golden = {.step = {.training = training}};
    char name[32];
    CopError err = {0};
    snprintf(name, sizeof name, "%s_weights", kinds[kind]);
    golden.weights = golden_net(name);
    snprintf(name, sizeof name, "%s_results", kinds[kind]);
    golden.results = golden_net(name);
    golden.net = narrow_plan(&(CopNetPlan){
        .batch = CLIPS, .training = training, .threads = threads, .weights = golden.weights});
    must(cop_net_load(golden.net, golden.weights, &err), &err);
    ck_assert_int_eq(cop_pool_create(&golden.step.pool, threads), COP_OK);
    golden_clips(golden.net, golden.results, 0, CLIPS, golden.labels);
    return golden;
}

static void golden_close(Golden *golden)
{
    cop_net_destroy(&golden->net);
    cop_pool_destroy(&golden->step.pool);
    cop_safetensors_close(&golden->weights);
    cop_safetensors_close(&golden->results);
}

START_TEST(logits_are_pytorchs)
{
    for (int training = 0; training < 2; training++) {
        Golden golden = golden_open(_i, training, 2);
        golden.step.training = false;
        cop_net_forward(golden.net, &golden.step);
        float logits[CLIPS * NARROW_CLASSES];
        for (int lane = 0; lane < CLIPS; lane++)
            net_logits(golden.net, lane, logits + lane * NARROW_CLASSES);
        const double error = golden_error(golden.results, "", "logits", logits);
        ck_assert_msg(error < limit, "%g", error);
        golden_close(&golden);
    }
}
END_TEST

/* Checks what backward hands out of one masked layer. */
static bool wants(void *ctx, int param)
{
    (void)ctx;
    return param >= 0;
}

static CopStatus give(void *ctx, int index, const float *dense_grad)
{
    Golden *golden = ctx;
    CopParam *const *params;
    cop_net_params(golden->net, &params);
    const CopParam *param = params[index];
    const double error = golden_error(golden->results, "grad.", param->name, dense_grad);
    ck_assert_msg(error < limit, "dense gradient of %s: %g", param->name, error);
    golden->given++;
    return COP_OK;
}

/* The gradient of a masked weight has PyTorch's values where it is active; elsewhere
 * there is no memory for it, and here the golden value is taken. */
static void check_gradient(const Golden *golden, const CopParam *param)
{
    char name[160];
    snprintf(name, sizeof name, "grad.%s", param->name);
    const CopStTensor *want = cop_safetensors_find(golden->results, name);
    ck_assert_msg(want != NULL, "%s", name);
    float *dense = malloc(param->numel * sizeof *dense);
    ck_assert_int_eq(cop_safetensors_read_f32(want, dense, param->numel, NULL), COP_OK);
    for (size_t i = 0, k = 0; i < param->numel; i++)
        if (!param->mask || cop_mask_get(param->mask, i))
            dense[i] = param->grad[k++];
    const double error = golden_error(golden->results, "grad.", param->name, dense);
    ck_assert_msg(error < limit, "%s: %g", param->name, error);
    free(dense);
}

START_TEST(gradients_are_pytorchs)
{
    for (int threads = 1; threads <= 3; threads++) {
        Golden golden = golden_open(_i, true, threads);
        cop_net_forward(golden.net, &golden.step);
        const float loss =
            (float)cop_cross_entropy(cop_net_logits(golden.net), golden.labels, smoothing,
                                     cop_net_logits_grad(golden.net), NULL);
        ck_assert(golden_error(golden.results, "", "loss", &loss) < limit);
        const CopGradientHook hook = {wants, give, &golden};
        ck_assert_int_eq(cop_net_backward(golden.net, &golden.step, &hook), COP_OK);
        ck_assert_int_eq(golden.given, _i ? 7 : 0); /* six convolutions and the classifier */
        CopParam *const *params;
        const int n = cop_net_params(golden.net, &params);
        for (int i = 0; i < n; i++)
            if (params[i]->role != COP_PARAM_STATISTIC)
                check_gradient(&golden, params[i]);
        golden_close(&golden);
    }
}
END_TEST

/* The loss's own differences: a step along the gradient changes the loss by its squared
 * length times the step, up to curvature, which halves with the step. */
START_TEST(the_loss_falls_along_the_gradient)
{
    Golden golden = golden_open(_i, true, 1);
    const CopTensor *logits = cop_net_logits(golden.net), *grad = cop_net_logits_grad(golden.net);
    cop_net_forward(golden.net, &golden.step);
    cop_cross_entropy(logits, golden.labels, smoothing, grad, NULL);
    ck_assert_int_eq(cop_net_backward(golden.net, &golden.step, NULL), COP_OK);
    CopParam *const *params;
    const int n = cop_net_params(golden.net, &params);
    double length2 = 0;
    for (int i = 0; i < n; i++)
        for (size_t k = 0; params[i]->grad && k < params[i]->nnz; k++)
            length2 += (double)params[i]->grad[k] * (double)params[i]->grad[k];
    double loss[2];
    const float h = 1e-3f;
    for (int side = 0; side < 2; side++) {
        for (int i = 0; i < n; i++)
            for (size_t k = 0; params[i]->grad && k < params[i]->nnz; k++)
                params[i]->value[k] += (side ? -2 * h : h) * params[i]->grad[k];
        cop_net_forward(golden.net, &golden.step);
        loss[side] = cop_cross_entropy(logits, golden.labels, smoothing, NULL, NULL);
    }
    const double slope = (loss[0] - loss[1]) / (2 * (double)h);
    ck_assert_msg(fabs(slope / length2 - 1) < 0.01, "%g, not %g", slope, length2);
    golden_close(&golden);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("gradients of nets");
    TCase *tests = tcase_create("nets");
    tcase_set_timeout(tests, 120);
    tcase_add_loop_test(tests, logits_are_pytorchs, 0, 2);
    tcase_add_loop_test(tests, gradients_are_pytorchs, 0, 2);
    tcase_add_loop_test(tests, the_loss_falls_along_the_gradient, 0, 2);
    suite_add_tcase(suite, tests);
    SRunner *runner = srunner_create(suite);
    srunner_run_all(runner, CK_NORMAL);
    const int failures = srunner_ntests_failed(runner);
    srunner_free(runner);
    return failures ? 1 : 0;
}
