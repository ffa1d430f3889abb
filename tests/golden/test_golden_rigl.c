/* Three RigL updates on a net of two convolutions and a linear layer, step by step as an
 * independent script in NumPy traces them (tests/golden/make_rigl.py).
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#include <gst/check/check.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "models/archs/arch.h"
#include "models/core/mask.h"
#include "models/layers/layer_options.h"
#include "models/train/trainer.h"
#include "tests/net_help.h"

enum { STEPS = 8, TOTAL = 9, BATCH = 4, MASKED = 3 };

static const char *const names[] = {"conv1.weight", "conv2.weight", "fc.weight", "fc.bias"};

static void build(CopNet *net, const void *options, int classes)
{
    (void)options;
    const CopConvOptions conv1 = {6, 3, 3, 3, 1, 1, 1, 1, 1, 1, 1, false};
    const CopConvOptions conv2 = {8, 3, 3, 3, 2, 2, 2, 1, 1, 1, 1, false};
    const CopLinearOptions fc = {classes, true};
    int edge = cop_net_add(net, cop_layer_find("conv3d"), "conv1", &conv1, 0, 0);
    edge = cop_net_add(net, cop_layer_find("relu"), "relu1", NULL, edge, 0);
    edge = cop_net_add(net, cop_layer_find("conv3d"), "conv2", &conv2, edge, 0);
    edge = cop_net_add(net, cop_layer_find("relu"), "relu2", NULL, edge, 0);
    edge = cop_net_add(net, cop_layer_find("global_avgpool"), "pool", NULL, edge, 0);
    cop_net_add(net, cop_layer_find("linear"), "fc", &fc, edge, 0);
}

/* The mask of a weight after some step of the trace; malloc'ed. */
static uint64_t *read_mask(const CopSafetensors *trace, int step, const char *name)
{
    char full[64];
    snprintf(full, sizeof full, "mask.%d.%s", step, name);
    const CopStTensor *tensor = cop_safetensors_find(trace, full);
    ck_assert_msg(tensor && tensor->dtype == COP_DTYPE_U8, "%s", full);
    uint64_t *mask = calloc(cop_mask_words(tensor->bytes), sizeof *mask);
    for (size_t i = 0; i < tensor->bytes; i++)
        if (((const unsigned char *)tensor->data)[i])
            cop_mask_set(mask, i);
    return mask;
}

static void start(CopNet *net, const CopSafetensors *trace)
{
    for (int i = 0; i < 4; i++) {
        CopParam *param = narrow_param(net, names[i]);
        char full[64];
        snprintf(full, sizeof full, "start.%s", names[i]);
        const CopStTensor *tensor = cop_safetensors_find(trace, full);
        float *dense = malloc(param->numel * sizeof *dense);
        ck_assert_int_eq(cop_safetensors_read_f32(tensor, dense, param->numel, NULL), COP_OK);
        cop_param_gather(param, dense, param->value);
        free(dense);
    }
    cop_net_changed(net);
}

static void compare(const CopNet *net, const CopSafetensors *trace, int step)
{
    char prefix[16];
    snprintf(prefix, sizeof prefix, "step.%d.", step);
    for (int i = 0; i < 4; i++) {
        const CopParam *param = narrow_param(net, names[i]);
        float *dense = param_dense(param, param->value);
        const double error = golden_error(trace, prefix, names[i], dense);
        ck_assert_msg(error < 1e-5, "step %d, %s: off by %g", step, names[i], error);
        free(dense);
    }
    for (int i = 0; i < MASKED && (step == 2 || step == 4 || step == 6); i++) {
        const CopParam *param = narrow_param(net, names[i]);
        uint64_t *mask = read_mask(trace, step, names[i]);
        const size_t bytes = cop_mask_words(param->numel) * sizeof *mask;
        ck_assert_msg(memcmp(mask, param->mask, bytes) == 0, "step %d: mask of %s", step, names[i]);
        free(mask);
    }
}

static void count(void *ctx, const CopSparseEvent *event)
{
    *(size_t *)ctx += event->grown;
}

START_TEST(three_updates_are_numpys)
{
    static const CopOption none[] = {COP_OPTIONS_END};
    const CopArchDesc arch = {.name = "traced", .options = none, .build = build};
    CopSafetensors *trace = golden_net("rigl_trace");
    CopError err = {0};
    CopNet *net;
    CopSparse *sparse;
    CopParam *const *params;
    char method[] = "rigl";
    const CopSparseOptions options = {.method = method,
                                      .density = 0.5,
                                      .init = COP_DENSITY_GIVEN,
                                      .interval = 2,
                                      .drop_fraction = 0.5,
                                      .drop_decay = COP_DROP_COSINE,
                                      .stop = 0.8};
    must(cop_net_create_of(&net, &arch, NULL, 5, (CopShape){3, 4, 8, 8}, &err), &err);
    const int n = cop_net_params(net, &params);
    uint64_t *masks[4] = {0};
    ck_assert_int_eq(n, 4);
    for (int i = 0; i < MASKED; i++) {
        ck_assert_str_eq(params[i]->name, names[i]);
        masks[i] = read_mask(trace, 0, names[i]);
    }
    must(cop_sparse_create_from(&sparse, &options, params, n, (const uint64_t *const *)masks, 1,
                                TOTAL, &err),
         &err);
    must(cop_net_plan(
             net, &(CopNetPlan){.batch = BATCH, .training = true, .threads = 1, .sparse = sparse},
             &err),
         &err);
    start(net, trace);
    size_t grown = 0;
    CopTrainer trainer = {
        .net = net,
        .sparse = sparse,
        .options = {.sgd = {.momentum = 0.9, .weight_decay = 1e-3},
                    .schedule = {.kind = COP_SCHEDULE_CONSTANT, .lr = 0.1, .total_steps = TOTAL}},
        .report = count,
        .report_ctx = &grown};
    float losses[STEPS];
    for (int step = 1; step <= STEPS; step++) {
        int labels[BATCH];
        CopTrainStats stats;
        golden_clips(net, trace, (step - 1) % 3 * BATCH, BATCH, labels);
        must(cop_trainer_step(&trainer, labels, NULL, &stats, &err), &err);
        losses[step - 1] = (float)stats.loss;
        compare(net, trace, step);
    }
    ck_assert(golden_error(trace, "", "losses", losses) < 1e-6);
    ck_assert_uint_gt(grown, 200);
    for (int i = 0; i < MASKED; i++)
        free(masks[i]);
    cop_net_destroy(&net);
    cop_sparse_destroy(&sparse);
    cop_safetensors_close(&trace);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("RigL, traced");
    TCase *tests = tcase_create("trace");
    suite_add_tcase(suite, tests);
    tcase_add_test(tests, three_updates_are_numpys);
    SRunner *runner = srunner_create(suite);
    srunner_run_all(runner, CK_NORMAL);
    const int failures = srunner_ntests_failed(runner);
    srunner_free(runner);
    return failures ? 1 : 0;
}
