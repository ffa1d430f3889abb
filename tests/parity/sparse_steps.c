/* Steps of sparse training, for comparison with another program's.
 * Usage: sparse_steps ARCH OPTIONS WEIGHTS BATCHES OUT KEY=VALUE..., three safetensors files.
 * BATCHES holds "clips" [n,c,t,h,w] float32 and "labels" [n] int64; its metadata steps, batch,
 * optimizer, lr, momentum, weight_decay, eps. Step i takes clips i batch, ... of them, round and
 * round. Weights that are zero are masked; each KEY=VALUE is of the `sparse` block.
 * OUT gets "losses" [steps], and of each step, counted from 1, what it left: "value.STEP.NAME",
 * "state0.STEP.NAME" and, of AdamW, "state1.STEP.NAME", zeros where masked; after a topology
 * update "mask.STEP.NAME", a byte a weight, too.
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "models/core/mask.h"
#include "models/train/net_weights.h"
#include "models/train/trainer.h"

enum { LINE = 256, KEPT = 4 }; /* of a parameter after a step */

static CopStTensor *out;
static int n_out;
static CopError err;

static void check(CopStatus status)
{
    if (status == COP_OK)
        return;
    fprintf(stderr, "sparse_steps: %s\n", err.text[0] ? err.text : cop_status_name(status));
    exit(1);
}

static double number(const CopSafetensors *file, const char *key)
{
    const char *text = cop_safetensors_meta(file, key);
    return text ? atof(text) : 0;
}

static void keep(const char *name, CopDtype dtype, void *data, size_t count)
{
    const size_t bytes = dtype == COP_DTYPE_U8 ? count : count * sizeof(float);
    out[n_out++] = (CopStTensor){.name = strdup(name),
                                 .dtype = dtype,
                                 .rank = 1,
                                 .shape = {count},
                                 .data = data,
                                 .bytes = bytes};
}

static void keep_of(const CopParam *param, const char *what, uint64_t step, CopDtype dtype,
                    void *data)
{
    char name[LINE];
    snprintf(name, sizeof name, "%s.%llu.%s", what, (unsigned long long)step, param->name);
    keep(name, dtype, data, param->numel);
}

static void keep_floats(const CopParam *param, const char *what, uint64_t step,
                        const float *compact)
{
    float *dense = malloc(param->numel * sizeof *dense);
    cop_param_scatter(param, compact, dense);
    keep_of(param, what, step, COP_DTYPE_F32, dense);
}

static void keep_mask(const CopParam *param, uint64_t step)
{
    unsigned char *bytes = malloc(param->numel);
    for (size_t k = 0; k < param->numel; k++)
        bytes[k] = cop_mask_get(param->mask, k);
    keep_of(param, "mask", step, COP_DTYPE_U8, bytes);
}

static void keep_step(CopParam *const *params, int n, uint64_t step, bool update)
{
    for (int i = 0; i < n; i++) {
        if (params[i]->role == COP_PARAM_STATISTIC)
            continue;
        keep_floats(params[i], "value", step, params[i]->value);
        keep_floats(params[i], "state0", step, params[i]->state[0]);
        if (params[i]->state[1])
            keep_floats(params[i], "state1", step, params[i]->state[1]);
        if (update && params[i]->mask)
            keep_mask(params[i], step);
    }
}

static void load_batch(CopNet *net, const CopSafetensors *file, size_t first, int batch,
                       int *labels)
{
    const CopStTensor *clips = cop_safetensors_find(file, "clips");
    const CopStTensor *label = cop_safetensors_find(file, "labels");
    const size_t n = clips->shape[0], bytes = clips->bytes / n;
    float *clip = malloc(bytes);
    cop_net_set_n(net, batch);
    for (int i = 0; i < batch; i++) {
        const size_t at = (first + (size_t)i) % n;
        int64_t value;
        memcpy(clip, (const char *)clips->data + at * bytes, bytes);
        cop_tensor_load_lane(cop_net_input(net), i, clip);
        memcpy(&value, (const char *)label->data + at * sizeof value, sizeof value);
        labels[i] = (int)value;
    }
    free(clip);
}

static CopSparseOptions read_options(char **words, int n)
{
    CopSparseOptions options = {0};
    check(cop_options_defaults(cop_sparse_options, &options, &err));
    check(cop_options_set(cop_sparse_options, &options, "init", "weights", &err));
    for (int i = 0; i < n; i++) {
        char *value = strchr(words[i], '=');
        *value++ = '\0';
        check(cop_options_set(cop_sparse_options, &options, words[i], value, &err));
    }
    return options;
}

static uint64_t **read_masks(const CopSafetensors *weights, CopParam *const *params, int n)
{
    uint64_t **masks = calloc((size_t)n, sizeof *masks);
    size_t nnz;
    for (int i = 0; i < n; i++) {
        const CopStTensor *tensor = cop_safetensors_find(weights, params[i]->name);
        if (!tensor || params[i]->role != COP_PARAM_WEIGHT)
            continue;
        masks[i] = calloc(cop_mask_words(params[i]->numel), sizeof *masks[i]);
        check(cop_net_stored_mask(tensor, params[i]->numel, masks[i], &nnz));
    }
    return masks;
}

int main(int argc, char **argv)
{
    CopSafetensors *weights, *file;
    CopNet *net;
    CopSparse *sparse;
    CopPool *pool;
    CopParam *const *params;
    if (argc < 6)
        return 2;
    check(cop_safetensors_open(&weights, argv[3], &err));
    check(cop_safetensors_open(&file, argv[4], &err));
    const CopStTensor *clips = cop_safetensors_find(file, "clips");
    const CopStTensor *fc = cop_safetensors_find(weights, "fc.weight");
    if (!clips || !fc)
        return 2;
    const CopShape shape = {(int)clips->shape[1], (int)clips->shape[2], (int)clips->shape[3],
                            (int)clips->shape[4]};
    const int batch = (int)number(file, "batch"), steps = (int)number(file, "steps");
    const bool adamw = strcmp(cop_safetensors_meta(file, "optimizer"), "adamw") == 0;
    check(cop_net_create(&net, argv[1], argv[2], (int)fc->shape[0], shape, &err));
    const int n = cop_net_params(net, &params);
    CopSparseOptions options = read_options(argv + 6, argc - 6);
    uint64_t **masks = read_masks(weights, params, n);
    check(cop_sparse_create_from(&sparse, &options, params, n, (const uint64_t *const *)masks, 1,
                                 (uint64_t)steps, &err));
    const CopNetPlan plan = {
        .batch = batch, .training = true, .moments = adamw, .threads = 2, .sparse = sparse};
    check(cop_net_plan(net, &plan, &err));
    check(cop_net_load(net, weights, &err));
    check(cop_pool_create(&pool, 2));
    const double decay = number(file, "weight_decay"), lr = number(file, "lr");
    CopTrainer trainer = {
        .net = net,
        .sparse = sparse,
        .pool = pool,
        .options = {.optimizer = adamw ? COP_OPTIMIZER_ADAMW : COP_OPTIMIZER_SGD,
                    .sgd = {.momentum = number(file, "momentum"), .weight_decay = decay},
                    .adamw = {0.9, 0.999, number(file, "eps"), decay, false},
                    .schedule = {.kind = COP_SCHEDULE_CONSTANT, .lr = lr}}};
    float *losses = malloc((size_t)steps * sizeof *losses);
    int *labels = malloc((size_t)batch * sizeof *labels);
    out = calloc((size_t)steps * (size_t)n * KEPT + 1, sizeof *out);
    for (int i = 0; i < steps; i++) {
        CopTrainStats stats;
        load_batch(net, file, (size_t)i * (size_t)batch, batch, labels);
        check(cop_trainer_step(&trainer, labels, NULL, &stats, &err));
        losses[i] = (float)stats.loss;
        keep_step(params, n, trainer.step, cop_sparse_is_update(sparse, trainer.step));
    }
    keep("losses", COP_DTYPE_F32, losses, (size_t)steps);
    check(cop_safetensors_write(argv[5], out, n_out, NULL, 0, &err));
    return 0;
}
