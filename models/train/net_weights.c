/* Weights of a net: random, from a file, into a file.
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#include "models/train/net_weights.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "models/core/mask.h"
#include "models/core/rng.h"
#include "models/train/net_private.h"

static const char *const prefixes[] = {"", "module.", "model.", "backbone."};
enum { PREFIXES = sizeof prefixes / sizeof prefixes[0], NAME_MAX_BYTES = 256 };

static const char statistic[] = ".running_var", tracked[] = ".num_batches_tracked";

const CopStTensor *cop_net_find_tensor(const CopSafetensors *file, const char *name)
{
    for (int i = 0; i < PREFIXES; i++) {
        char full[NAME_MAX_BYTES];
        snprintf(full, sizeof full, "%s%s", prefixes[i], name);
        const CopStTensor *tensor = cop_safetensors_find(file, full);
        if (tensor)
            return tensor;
    }
    return NULL;
}

/* Standard deviation of a weight's first values. */
static double deviation(const CopParam *param)
{
    if (param->rank < 3)
        return 0.01;
    const double fan_out = (double)(param->numel / (size_t)param->shape[1]);
    return sqrt(2 / fan_out);
}

static void init_weight(CopParam *param, int index, CopRngKey key, const CopSparse *sparse)
{
    const CopRngAddress at = {.draw = (uint32_t)index};
    const size_t fan_in = param->numel / (size_t)param->shape[0];
    size_t stored = 0;
    double sd = deviation(param);
    for (size_t i = 0; i < param->numel; i++) {
        if (sparse && i % fan_in == 0)
            sd = deviation(param) * cop_sparse_init_scale(sparse, index, (int)(i / fan_in));
        if (!param->mask || cop_mask_get(param->mask, i))
            param->value[stored++] = (float)(sd * cop_rng_normal(key, (uint32_t)i, at));
    }
}

void cop_net_init(CopNet *net, uint64_t seed, const CopSparse *sparse)
{
    const CopRngKey key = cop_rng_key(seed, "init");
    for (int i = 0; i < net->n_params; i++) {
        CopParam *param = net->params[i];
        const size_t length = strlen(param->name), tail = sizeof statistic - 1;
        const bool ones = param->role == COP_PARAM_SCALE ||
                          (length > tail && strcmp(param->name + length - tail, statistic) == 0);
        if (param->role == COP_PARAM_WEIGHT)
            init_weight(param, i, key, sparse);
        else
            for (size_t k = 0; k < param->nnz; k++)
                param->value[k] = ones ? 1 : 0;
    }
    cop_net_changed(net);
}

/* A list of names that stops growing when its buffer is full. */
typedef struct Names {
    char text[160];
    int n;
    bool full;
} Names;

static void note(Names *names, const char *name)
{
    const size_t used = strlen(names->text);
    names->n++;
    if (names->full)
        return;
    names->full = used + strlen(name) + 8 >= sizeof names->text;
    snprintf(names->text + used, sizeof names->text - used, "%s%s", used ? ", " : "",
             names->full ? "..." : name);
}

/* "[64,3,3,7,7]" */
static void put_shape(char *out, size_t room, const CopStTensor *tensor)
{
    size_t used = (size_t)snprintf(out, room, "[");
    for (int d = 0; d < tensor->rank && used < room; d++)
        used += (size_t)snprintf(out + used, room - used, "%s%llu", d ? "," : "",
                                 (unsigned long long)tensor->shape[d]);
    if (used < room)
        snprintf(out + used, room - used, "]");
}

static void describe(const CopParam *param, const float *data, CopStTensor *tensor)
{
    *tensor = (CopStTensor){.name = param->name,
                            .dtype = COP_DTYPE_F32,
                            .rank = param->rank,
                            .data = data,
                            .bytes = param->numel * sizeof(float)};
    for (int d = 0; d < param->rank; d++)
        tensor->shape[d] = (uint64_t)param->shape[d];
}

static void note_shapes(Names *names, const CopParam *param, const CopStTensor *tensor)
{
    char text[NAME_MAX_BYTES], seen[64], allowed[64];
    CopStTensor own;
    describe(param, NULL, &own);
    put_shape(seen, sizeof seen, tensor);
    put_shape(allowed, sizeof allowed, &own);
    snprintf(text, sizeof text, "%.100s %s for %s", param->name, seen, allowed);
    note(names, text);
}

static bool same_shape(const CopParam *param, const CopStTensor *tensor)
{
    if (tensor->rank != param->rank)
        return false;
    for (int d = 0; d < param->rank; d++)
        if (tensor->shape[d] != (uint64_t)param->shape[d])
            return false;
    return true;
}

static CopStatus read_param(CopParam *param, const CopStTensor *tensor, CopError *err)
{
    float *dense = malloc(param->numel * sizeof *dense);
    if (!dense)
        return cop_error_set(err, COP_ERR_NOMEM, "%s: out of memory", param->name);
    const CopStatus status = cop_safetensors_read_f32(tensor, dense, param->numel, err);
    if (status == COP_OK)
        cop_param_gather(param, dense, param->value);
    free(dense);
    for (size_t i = 0; status == COP_OK && i < param->nnz; i++)
        if (!isfinite(param->value[i]))
            return cop_error_set(err, COP_ERR_MODEL, "%s: holds a value that is not finite",
                                 param->name);
    return status;
}

/* True for a tensor that no parameter asks for; batch counters are not missed. */
static bool unexpected(const CopNet *net, const char *name)
{
    for (int i = 0; i < PREFIXES; i++) {
        const size_t length = strlen(prefixes[i]);
        if (strncmp(name, prefixes[i], length) != 0)
            continue;
        for (int k = 0; k < net->n_params; k++)
            if (strcmp(name + length, net->params[k]->name) == 0)
                return false;
    }
    const size_t length = strlen(name), tail = sizeof tracked - 1;
    return length < tail || strcmp(name + length - tail, tracked) != 0;
}

/* The first of the parameters of the last layer that has any. */
static int head_of(const CopNet *net)
{
    for (int i = net->n_layers - 1; i >= 0; i--)
        if (net->layers[i]->n_params > 0)
            return net->n_params - net->layers[i]->n_params;
    return net->n_params;
}

/* Reads the first n parameters. */
static CopStatus load(CopNet *net, const CopSafetensors *file, int n, CopError *err)
{
    Names missing = {0}, misshaped = {0}, extra = {0};
    cop_net_changed(net);
    for (int i = 0; i < n; i++) {
        CopParam *param = net->params[i];
        const CopStTensor *tensor = cop_net_find_tensor(file, param->name);
        if (!tensor)
            note(&missing, param->name);
        else if (!same_shape(param, tensor))
            note_shapes(&misshaped, param, tensor);
        else
            COP_TRY(read_param(param, tensor, err));
    }
    for (int i = 0; i < file->n_tensors; i++)
        if (unexpected(net, file->tensor[i].name))
            note(&extra, file->tensor[i].name);
    if (missing.n || misshaped.n || extra.n)
        return cop_error_set(err, COP_ERR_MODEL,
                             "weights do not fit the net: %d missing (%s), %d of another shape "
                             "(%s), %d unexpected (%s)",
                             missing.n, missing.text, misshaped.n, misshaped.text, extra.n,
                             extra.text);
    return COP_OK;
}

CopStatus cop_net_load(CopNet *net, const CopSafetensors *file, CopError *err)
{
    return load(net, file, net->n_params, err);
}

CopStatus cop_net_load_body(CopNet *net, const CopSafetensors *file, CopError *err)
{
    return load(net, file, head_of(net), err);
}

CopStatus cop_net_save(const CopNet *net, const char *path, const CopStMeta *meta, int n_meta,
                       CopError *err)
{
    size_t floats = 0;
    for (int i = 0; i < net->n_params; i++)
        floats += net->params[i]->numel;
    const size_t room = 2 * (size_t)net->n_params;
    float *dense = malloc(floats * sizeof *dense);
    CopStTensor *tensor = calloc(room, sizeof *tensor);
    char(*names)[NAME_MAX_BYTES] = calloc((size_t)net->n_params, sizeof *names);
    CopStatus status = COP_ERR_NOMEM;
    if (dense && tensor && names) {
        int n = 0;
        float *next = dense;
        const int64_t batches = (int64_t)net->batches;
        for (int i = 0; i < net->n_params; i++) {
            const CopParam *param = net->params[i];
            cop_param_scatter(param, param->value, next);
            describe(param, next, &tensor[n++]);
            next += param->numel;
            /* PyTorch keeps a batch counter beside each pair of running statistics. */
            const size_t length = strlen(param->name), tail = sizeof statistic - 1;
            if (length > tail && strcmp(param->name + length - tail, statistic) == 0) {
                snprintf(names[i], sizeof names[i], "%.*s%s", (int)(length - tail), param->name,
                         tracked);
                tensor[n++] = (CopStTensor){.name = names[i],
                                            .dtype = COP_DTYPE_I64,
                                            .data = &batches,
                                            .bytes = sizeof batches};
            }
        }
        status = cop_safetensors_write(path, tensor, n, meta, n_meta, err);
    }
    free(names);
    free(tensor);
    free(dense);
    return status == COP_ERR_NOMEM ? cop_error_set(err, status, "%s: out of memory", path) : status;
}
