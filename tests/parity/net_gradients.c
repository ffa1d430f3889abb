/* Gradients of one training step, for comparison with another program's.
 * Usage: net_gradients ARCH OPTIONS WEIGHTS.safetensors BATCH.safetensors OUT.safetensors IDLE
 * BATCH holds "clips" [n,c,t,h,w] float32 and "labels" [n] int64, and its metadata
 * label_smoothing; weights that are zero are masked. Idle lanes are filled with IDLE.
 * OUT gets NAME (gradient, row-major, zero where masked), "dense.NAME" (gradient of all
 * weights of masked layers), "loss" and the running statistics after the step.
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "models/layers/cross_entropy.h"
#include "models/train/net.h"

enum { NAMES = 4096 };

static CopStTensor out[NAMES];
static int n_out;

static void check(CopStatus status, const CopError *err)
{
    if (status == COP_OK)
        return;
    fprintf(stderr, "net_gradients: %s\n", err->text[0] ? err->text : cop_status_name(status));
    exit(1);
}

static void keep(const char *prefix, const CopParam *param, float *data)
{
    char *name = malloc(strlen(prefix) + strlen(param->name) + 1);
    strcat(strcpy(name, prefix), param->name);
    CopStTensor *t = &out[n_out++];
    *t = (CopStTensor){.name = name,
                       .dtype = COP_DTYPE_F32,
                       .rank = param->rank,
                       .data = data,
                       .bytes = param->numel * sizeof(float)};
    for (int d = 0; d < param->rank; d++)
        t->shape[d] = (uint64_t)param->shape[d];
}

static void fill(const CopTensor *x, float value)
{
    for (int g = 0; g < x->g; g++)
        for (int c = 0; c < x->c; c++)
            for (int t = 0; t < x->t; t++)
                for (int h = 0; h < x->h; h++)
                    for (int i = 0; i < x->w * COP_LANES; i++)
                        cop_tensor_at(x, g, c, t, h, 0)[i] = value;
}

static bool wants(void *ctx, int param)
{
    (void)ctx;
    (void)param;
    return true;
}

static CopStatus give(void *ctx, int param, const float *dense_grad)
{
    CopParam *const *params;
    cop_net_params(ctx, &params);
    const size_t bytes = params[param]->numel * sizeof(float);
    keep("dense.", params[param], memcpy(malloc(bytes), dense_grad, bytes));
    return COP_OK;
}

int main(int argc, char **argv)
{
    if (argc != 7)
        return 2;
    CopError err = {0};
    CopSafetensors *weights, *batch;
    check(cop_safetensors_open(&weights, argv[3], &err), &err);
    check(cop_safetensors_open(&batch, argv[4], &err), &err);
    const CopStTensor *clips = cop_safetensors_find(batch, "clips");
    const CopStTensor *labels = cop_safetensors_find(batch, "labels");
    const CopStTensor *fc = cop_safetensors_find(weights, "fc.weight");
    if (!fc)
        fc = cop_safetensors_find(weights, "classifier.weight");
    if (!clips || !labels || !fc)
        return 2;
    const int n = (int)clips->shape[0];
    const CopShape shape = {(int)clips->shape[1], (int)clips->shape[2], (int)clips->shape[3],
                            (int)clips->shape[4]};
    CopNet *net;
    check(cop_net_create(&net, argv[1], argv[2], (int)fc->shape[0], shape, &err), &err);
    const CopNetPlan plan = {.batch = n, .training = true, .threads = 2, .weights = weights};
    check(cop_net_plan(net, &plan, &err), &err);
    check(cop_net_load(net, weights, &err), &err);

    cop_net_set_n(net, n);
    fill(cop_net_input(net), (float)atof(argv[6]));
    const size_t size = (size_t)shape.c * (size_t)shape.t * (size_t)shape.h * (size_t)shape.w;
    float *clip = malloc(size * sizeof *clip);
    int *label = malloc((size_t)n * sizeof *label);
    for (int i = 0; i < n; i++) {
        int64_t value;
        memcpy(clip, (const char *)clips->data + (size_t)i * size * sizeof *clip,
               size * sizeof *clip);
        cop_tensor_load_lane(cop_net_input(net), i, clip);
        memcpy(&value, (const char *)labels->data + (size_t)i * sizeof value, sizeof value);
        label[i] = (int)value;
    }
    const char *smoothing = cop_safetensors_meta(batch, "label_smoothing");
    CopPool *pool;
    check(cop_pool_create(&pool, 2), &err);
    const CopStep step = {.pool = pool, .training = true};
    cop_net_forward(net, &step);
    float loss =
        (float)cop_cross_entropy(cop_net_logits(net), label, smoothing ? atof(smoothing) : 0,
                                 cop_net_logits_grad(net), NULL);
    const CopGradientHook hook = {wants, give, net};
    check(cop_net_backward(net, &step, &hook), &err);

    CopParam *const *params;
    const int n_params = cop_net_params(net, &params);
    for (int i = 0; i < n_params; i++) {
        float *data = malloc(params[i]->numel * sizeof *data);
        cop_param_scatter(params[i], params[i]->grad ? params[i]->grad : params[i]->value, data);
        keep("", params[i], data);
    }
    out[n_out++] =
        (CopStTensor){.name = "loss", .dtype = COP_DTYPE_F32, .data = &loss, .bytes = sizeof loss};
    check(cop_safetensors_write(argv[5], out, n_out, NULL, 0, &err), &err);
    return 0;
}
