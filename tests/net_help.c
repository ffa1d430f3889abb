/* A narrow residual net and what the tests of nets and training share.
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#include "tests/net_help.h"

#include <gst/check/check.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "models/core/rng.h"

static const CopShape input = {3, 4, 13, 11};

void must(CopStatus status, const CopError *err)
{
    ck_assert_msg(status == COP_OK, "%s: %s", cop_status_name(status), err->text);
}

CopNet *narrow_create(void)
{
    CopNet *net;
    CopError err = {0};
    must(cop_net_create(&net, "r3d_tiny", "width=6, blocks=1, 1, stem_kernel=3", NARROW_CLASSES,
                        input, &err),
         &err);
    return net;
}

CopNet *narrow_plan(const CopNetPlan *plan)
{
    CopNet *net = narrow_create();
    CopError err = {0};
    must(cop_net_plan(net, plan, &err), &err);
    return net;
}

CopParam *narrow_param(const CopNet *net, const char *name)
{
    CopParam *const *params;
    const int n = cop_net_params(net, &params);
    for (int i = 0; i < n; i++)
        if (strcmp(params[i]->name, name) == 0)
            return params[i];
    ck_abort_msg("no parameter %s", name);
    return NULL;
}

float *param_dense(const CopParam *param, const float *compact)
{
    float *dense = malloc(param->numel * sizeof *dense);
    cop_param_scatter(param, compact, dense);
    return dense;
}

static size_t clip_size(const CopTensor *x)
{
    return (size_t)x->c * (size_t)x->t * (size_t)x->h * (size_t)x->w;
}

static void fill_idle(const CopTensor *x, float value)
{
    float *clip = malloc(clip_size(x) * sizeof *clip);
    for (size_t i = 0; i < clip_size(x); i++)
        clip[i] = value;
    for (int lane = x->n; lane < x->g * COP_LANES; lane++)
        cop_tensor_load_lane(x, lane, clip);
    free(clip);
}

void net_fill(CopNet *net, int n, const uint32_t *clip, float idle)
{
    const CopRngKey key = cop_rng_key(11, "net test");
    cop_net_set_n(net, n);
    const CopTensor *x = cop_net_input(net);
    float *values = malloc(clip_size(x) * sizeof *values);
    for (int lane = 0; lane < n; lane++) {
        const CopRngAddress at = {.clip = clip ? clip[lane] : (uint32_t)lane};
        for (size_t i = 0; i < clip_size(x); i++)
            values[i] = (float)cop_rng_normal(key, (uint32_t)i, at);
        cop_tensor_load_lane(x, lane, values);
    }
    free(values);
    fill_idle(x, idle);
}

void net_logits(const CopNet *net, int lane, float logits[NARROW_CLASSES])
{
    cop_tensor_store_lane(cop_net_logits(net), lane, logits);
}

CopSafetensors *golden_net(const char *name)
{
    char path[512];
    CopSafetensors *file;
    CopError err = {0};
    snprintf(path, sizeof path, "%s/golden/net/%s.safetensors", COP_TESTS, name);
    must(cop_safetensors_open(&file, path, &err), &err);
    return file;
}

void golden_clips(CopNet *net, const CopSafetensors *results, int first, int n, int *labels)
{
    const CopStTensor *clips = cop_safetensors_find(results, "clips");
    const CopStTensor *label = cop_safetensors_find(results, "labels");
    ck_assert(clips && label && label->dtype == COP_DTYPE_I64);
    cop_net_set_n(net, n);
    const CopTensor *x = cop_net_input(net);
    const size_t bytes = clip_size(x) * sizeof(float);
    float *clip = malloc(bytes);
    for (int i = 0; i < n; i++) {
        int64_t number;
        memcpy(clip, (const char *)clips->data + (size_t)(first + i) * bytes, bytes);
        cop_tensor_load_lane(x, i, clip);
        memcpy(&number, (const char *)label->data + (size_t)(first + i) * sizeof number,
               sizeof number);
        labels[i] = (int)number;
    }
    free(clip);
    fill_idle(x, 3);
}

double golden_error(const CopSafetensors *results, const char *prefix, const char *name,
                    const float *got)
{
    char full[160];
    snprintf(full, sizeof full, "%s%s", prefix, name);
    const CopStTensor *tensor = cop_safetensors_find(results, full);
    ck_assert_msg(tensor != NULL, "no tensor %s", full);
    size_t count = 1;
    for (int d = 0; d < tensor->rank; d++)
        count *= (size_t)tensor->shape[d];
    float *want = malloc(count * sizeof *want);
    ck_assert_int_eq(cop_safetensors_read_f32(tensor, want, count, NULL), COP_OK);
    double error = 0, size = 0;
    for (size_t i = 0; i < count; i++) {
        const double d = (double)got[i] - (double)want[i];
        error += d * d;
        size += (double)want[i] * (double)want[i];
    }
    free(want);
    return sqrt(error / size);
}
