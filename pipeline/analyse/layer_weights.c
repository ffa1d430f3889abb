/* The weights of a run's layers, with their masks.
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#include "pipeline/analyse/layer_weights.h"

#include <string.h>

#include "models/train/safetensors.h"

static bool is_weight(const CopStTensor *tensor)
{
    return tensor->rank == 2 || tensor->rank == 4 || tensor->rank == 5;
}

/* Non-zero elements of all, of a tensor of floats. */
static CopStatus count_active(const CopStTensor *tensor, size_t *active, CopError *err)
{
    const size_t n = cop_safetensors_count(tensor);
    float *value = g_new(float, n);
    const CopStatus status = cop_safetensors_read_f32(tensor, value, n, err);
    *active = 0;
    for (size_t i = 0; i < n && status == COP_OK; i++)
        *active += value[i] != 0;
    g_free(value);
    return status;
}

CopStatus cop_layer_choose(const CopAnalysis *a, char **name, CopError *err)
{
    size_t most = 0;
    *name = NULL;
    for (int s = 0; s < a->n_series && !*name; s++) {
        CopSafetensors *file;
        if (!cop_series_is_sparse(&a->series[s]))
            continue;
        COP_TRY(cop_safetensors_open(&file, a->series[s].first->model, err));
        CopStatus status = COP_OK;
        for (int i = 0; i < file->n_tensors && status == COP_OK; i++) {
            const CopStTensor *tensor = &file->tensor[i];
            const size_t n = cop_safetensors_count(tensor);
            size_t active;
            if (!is_weight(tensor) || n <= most)
                continue;
            status = count_active(tensor, &active, err);
            if (status == COP_OK && active < n) {
                most = n;
                g_free(*name);
                *name = g_strdup(tensor->name);
            }
        }
        cop_safetensors_close(&file);
        COP_TRY(status);
    }
    return *name ? COP_OK
                 : cop_error_set(err, COP_ERR_DATA,
                                 "no run has a layer of which weights are "
                                 "masked");
}

/* The bits of NAME.mask, where the checkpoint is of this model. */
static void take_mask(const CopAnalysisRun *run, const char *name, CopLayerWeights *out, size_t n)
{
    CopSafetensors *file = NULL;
    char *path = g_build_filename(run->folder, "checkpoint.safetensors", NULL);
    char *key = g_strconcat(name, ".mask", NULL);
    const CopStTensor *mask = NULL;
    if (cop_safetensors_open(&file, path, NULL) == COP_OK)
        mask = cop_safetensors_find(file, key);
    if (mask && mask->dtype == COP_DTYPE_U8 && mask->bytes >= (n + 7) / 8 && !mask->bits) {
        const uint8_t *bits = mask->data;
        bool fits = true; /* of another moment, some weights would lie outside it */
        for (size_t i = 0; i < n; i++)
            fits &= out->value[i] == 0 || (bits[i / 8] >> i % 8 & 1);
        for (size_t i = 0; i < n && fits; i++)
            out->active[i] = bits[i / 8] >> i % 8 & 1;
    }
    cop_safetensors_close(&file);
    g_free(path);
    g_free(key);
}

static const CopStTensor *find_layer(const CopSafetensors *file, const char *name)
{
    char *full = g_strconcat(name, ".weight", NULL);
    const CopStTensor *tensor = cop_safetensors_find(file, name);
    if (!tensor)
        tensor = cop_safetensors_find(file, full);
    g_free(full);
    return tensor && is_weight(tensor) ? tensor : NULL;
}

static CopStatus refuse(const CopSafetensors *file, const CopAnalysisRun *run, const char *name,
                        CopError *err)
{
    const char **names = g_new0(const char *, file->n_tensors + 1);
    for (int i = 0, n = 0; i < file->n_tensors; i++)
        if (is_weight(&file->tensor[i]))
            names[n++] = file->tensor[i].name;
    const char *near = cop_nearest_name(name, names);
    cop_error_set(err, COP_ERR_DATA, "%s: has no layer %s%s%s", run->model, name,
                  near ? "; nearest: " : "", near ? near : "");
    g_free(names);
    return COP_ERR_DATA;
}

static CopStatus take_layer(const CopStTensor *tensor, const CopAnalysisRun *run,
                            CopLayerWeights *out, CopError *err)
{
    const size_t n = cop_safetensors_count(tensor);
    out->out = (int)tensor->shape[0];
    out->in = (int)tensor->shape[1];
    out->kt = tensor->rank == 5 ? (int)tensor->shape[2] : 1;
    out->ks = tensor->rank > 2
                  ? (int)(tensor->shape[tensor->rank - 2] * tensor->shape[tensor->rank - 1])
                  : 1;
    out->value = g_new(float, n);
    out->active = g_new(uint8_t, n);
    COP_TRY(cop_safetensors_read_f32(tensor, out->value, n, err));
    for (size_t i = 0; i < n; i++)
        out->active[i] = out->value[i] != 0;
    if (strcmp(run->method, "dense") == 0) /* a weight that happens to be zero is active */
        memset(out->active, 1, n);
    else
        take_mask(run, tensor->name, out, n);
    return COP_OK;
}

CopStatus cop_layer_weights_read(const CopAnalysisRun *run, const char *name, CopLayerWeights *out,
                                 CopError *err)
{
    CopSafetensors *file;
    *out = (CopLayerWeights){0};
    COP_TRY(cop_safetensors_open(&file, run->model, err));
    const CopStTensor *tensor = find_layer(file, name);
    CopStatus status = tensor ? take_layer(tensor, run, out, err) : refuse(file, run, name, err);
    cop_safetensors_close(&file);
    if (status != COP_OK)
        cop_layer_weights_free(out);
    return status;
}

void cop_layer_weights_free(CopLayerWeights *weights)
{
    g_free(weights->value);
    g_free(weights->active);
    *weights = (CopLayerWeights){0};
}

double cop_layer_density(const CopLayerWeights *w)
{
    const size_t n = (size_t)w->out * (size_t)w->in * (size_t)w->kt * (size_t)w->ks;
    size_t active = 0;
    for (size_t i = 0; i < n; i++)
        active += w->active[i];
    return (double)active / (double)n;
}
