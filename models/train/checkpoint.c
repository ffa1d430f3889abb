/* Everything that training needs to go on: weights, masks, momentum, statistics, step.
 * Random numbers need no state: they are addressed by step, epoch and clip.
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#include "models/train/checkpoint.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "models/core/mask.h"
#include "models/train/net_private.h"

enum { NAME_BYTES = 256 };

typedef enum Kind { VALUE, MOMENTUM, SECOND_MOMENT, MASK, FIRED, KINDS } Kind;
static const char *const suffix[KINDS] = {[VALUE] = "",
                                          [MOMENTUM] = ".momentum",
                                          [SECOND_MOMENT] = ".second_moment",
                                          [MASK] = ".mask",
                                          [FIRED] = ".fired"};

static const char step_key[] = "checkpoint.step", flops_key[] = "checkpoint.flops",
                  batches_key[] = "checkpoint.batches", norm_key[] = "checkpoint.norm";

/* The bytes of one part of a parameter, NULL where it has none. Masks are stored as
 * bytes of eight bits: the words of a little-endian machine. */
static void *part(const CopTrainer *trainer, int index, Kind kind, size_t *bytes)
{
    const CopParam *param = trainer->net->params[index];
    const size_t mask_bytes = cop_mask_words(param->numel) * sizeof(uint64_t);
    switch (kind) {
    case VALUE:
        *bytes = param->nnz * sizeof(float);
        return param->value;
    case MOMENTUM:
        *bytes = param->nnz * sizeof(float);
        return param->state[0];
    case SECOND_MOMENT:
        *bytes = param->nnz * sizeof(float);
        return param->state[1];
    case MASK:
        *bytes = mask_bytes;
        return param->mask;
    case FIRED:
        *bytes = mask_bytes;
        return trainer->sparse && param->mask ? cop_sparse_fired(trainer->sparse, index) : NULL;
    case KINDS:
        break;
    }
    return NULL;
}

static bool is_bits(Kind kind)
{
    return kind == MASK || kind == FIRED;
}

CopStatus cop_checkpoint_save(const CopTrainer *trainer, const char *path, const CopStMeta *extra,
                              int n_extra, CopError *err)
{
    const CopNet *net = trainer->net;
    const size_t room = (size_t)net->n_params * KINDS;
    CopStTensor *tensor = calloc(room, sizeof *tensor);
    char(*name)[NAME_BYTES] = calloc(room, sizeof *name);
    CopStMeta *meta = calloc((size_t)n_extra + 4, sizeof *meta);
    CopStatus status = COP_ERR_NOMEM;
    if (tensor && name && meta) {
        int n = 0;
        for (int i = 0; i < net->n_params; i++)
            for (Kind kind = VALUE; kind < KINDS; kind++) {
                size_t bytes;
                const void *data = part(trainer, i, kind, &bytes);
                if (!data)
                    continue;
                snprintf(name[n], sizeof name[n], "%s%s", net->params[i]->name, suffix[kind]);
                tensor[n] = (CopStTensor){.name = name[n],
                                          .dtype = is_bits(kind) ? COP_DTYPE_U8 : COP_DTYPE_F32,
                                          .rank = 1,
                                          .shape = {is_bits(kind) ? bytes : bytes / sizeof(float)},
                                          .data = data,
                                          .bytes = bytes};
                n++;
            }
        char step[32], flops[32], batches[32], norm[32];
        snprintf(step, sizeof step, "%llu", (unsigned long long)trainer->step);
        snprintf(batches, sizeof batches, "%llu", (unsigned long long)net->batches);
        for (int i = 0; i < n_extra; i++)
            meta[i] = extra[i];
        meta[n_extra] = (CopStMeta){step_key, step};
        meta[n_extra + 1] = (CopStMeta){flops_key, cop_format_double(trainer->flops, flops)};
        meta[n_extra + 2] = (CopStMeta){batches_key, batches};
        meta[n_extra + 3] = (CopStMeta){norm_key, cop_format_double(trainer->norm, norm)};
        status = cop_safetensors_write(path, tensor, n, meta, n_extra + 4, err);
    }
    free(meta);
    free(name);
    free(tensor);
    return status == COP_ERR_NOMEM ? cop_error_set(err, status, "%s: out of memory", path) : status;
}

static size_t count_bits(const CopStTensor *tensor)
{
    const unsigned char *byte = tensor->data;
    size_t count = 0;
    for (size_t i = 0; i < tensor->bytes; i++)
        count += (size_t)__builtin_popcount(byte[i]);
    return count;
}

/* True when no bit past the last weight is set. */
static bool tail_clear(const CopStTensor *tensor, size_t numel)
{
    const unsigned char *byte = tensor->data;
    for (size_t i = numel; i < tensor->bytes * 8; i++)
        if (byte[i / 8] >> (i % 8) & 1)
            return false;
    return true;
}

/* The tensor of one part, checked against the trainer; NULL with an error set. */
static const CopStTensor *checked(const CopTrainer *trainer, const CopSafetensors *file, int index,
                                  Kind kind, size_t nnz, CopError *err)
{
    const CopParam *param = trainer->net->params[index];
    char name[NAME_BYTES];
    snprintf(name, sizeof name, "%s%s", param->name, suffix[kind]);
    const CopStTensor *tensor = cop_safetensors_find(file, name);
    const size_t bytes =
        is_bits(kind) ? cop_mask_words(param->numel) * sizeof(uint64_t) : nnz * sizeof(float);
    if (!tensor || tensor->dtype != (is_bits(kind) ? COP_DTYPE_U8 : COP_DTYPE_F32) ||
        tensor->bytes != bytes || (is_bits(kind) && !tail_clear(tensor, param->numel)) ||
        (kind == MASK && count_bits(tensor) > param->capacity)) {
        cop_error_set(err, COP_ERR_MODEL, "the checkpoint does not fit this run: tensor %s is %s",
                      name, tensor ? "of another size" : "missing");
        return NULL;
    }
    return tensor;
}

static CopStatus check_param(const CopTrainer *trainer, const CopSafetensors *file, int index,
                             CopError *err)
{
    size_t bytes, nnz = trainer->net->params[index]->nnz;
    /* The mask comes first: it says how many values there are. */
    static const Kind order[KINDS] = {MASK, VALUE, MOMENTUM, SECOND_MOMENT, FIRED};
    for (int i = 0; i < KINDS; i++) {
        if (!part(trainer, index, order[i], &bytes))
            continue;
        const CopStTensor *tensor = checked(trainer, file, index, order[i], nnz, err);
        if (!tensor)
            return COP_ERR_MODEL;
        if (order[i] == MASK)
            nnz = count_bits(tensor);
    }
    return COP_OK;
}

static void apply_param(CopTrainer *trainer, const CopSafetensors *file, int index)
{
    CopParam *param = trainer->net->params[index];
    for (Kind kind = VALUE; kind < KINDS; kind++) {
        size_t bytes;
        void *data = part(trainer, index, kind, &bytes);
        if (!data)
            continue;
        char name[NAME_BYTES];
        snprintf(name, sizeof name, "%s%s", param->name, suffix[kind]);
        const CopStTensor *tensor = cop_safetensors_find(file, name);
        memcpy(data, tensor->data, tensor->bytes);
    }
    if (param->mask) {
        param->nnz = cop_mask_count(param->mask, param->numel);
        param->generation++;
    }
}

CopStatus cop_checkpoint_load(CopTrainer *trainer, const CopSafetensors *file, CopError *err)
{
    const char *step = cop_safetensors_meta(file, step_key);
    const char *flops = cop_safetensors_meta(file, flops_key);
    const char *batches = cop_safetensors_meta(file, batches_key);
    const char *norm = cop_safetensors_meta(file, norm_key);
    uint64_t steps, batch_count;
    double flop_count, last_norm;
    if (!step || !flops || !batches || !norm || !cop_parse_u64(step, &steps) ||
        !cop_parse_u64(batches, &batch_count) || !cop_parse_double(flops, &flop_count) ||
        !cop_parse_double(norm, &last_norm))
        return cop_error_set(err, COP_ERR_MODEL, "the file is not a checkpoint: no %s", step_key);
    for (int i = 0; i < trainer->net->n_params; i++)
        COP_TRY(check_param(trainer, file, i, err));
    for (int i = 0; i < trainer->net->n_params; i++)
        apply_param(trainer, file, i);
    cop_net_changed(trainer->net);
    trainer->step = steps;
    trainer->flops = flop_count;
    trainer->norm = last_norm;
    trainer->net->batches = batch_count;
    return COP_OK;
}
