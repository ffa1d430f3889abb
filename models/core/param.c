/* Parameters of a net, dense or sparse.
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#include "models/core/param.h"

#include <assert.h>
#include <string.h>

#include "models/core/mask.h"

void cop_param_scatter(const CopParam *param, const float *compact, float *out)
{
    if (!param->mask) {
        memcpy(out, compact, param->numel * sizeof *out);
        return;
    }
    memset(out, 0, param->numel * sizeof *out);
    for (size_t word = 0; word < cop_mask_words(param->numel); word++)
        for (uint64_t bits = param->mask[word]; bits; bits &= bits - 1)
            out[word * 64 + (size_t)__builtin_ctzll(bits)] = *compact++;
}

void cop_param_gather(const CopParam *param, const float *dense, float *compact)
{
    if (!param->mask) {
        memcpy(compact, dense, param->numel * sizeof *compact);
        return;
    }
    for (size_t word = 0; word < cop_mask_words(param->numel); word++)
        for (uint64_t bits = param->mask[word]; bits; bits &= bits - 1)
            *compact++ = dense[word * 64 + (size_t)__builtin_ctzll(bits)];
}

void cop_param_fill_mask(CopParam *param, uint64_t *storage)
{
    assert(!param->mask && param->nnz == param->numel);
    const size_t words = cop_mask_words(param->numel), rest = param->numel % 64;
    memset(storage, 0xFF, words * sizeof *storage);
    if (rest)
        storage[words - 1] >>= 64 - rest;
    param->mask = storage;
    param->generation++;
}

static void move(float *array, size_t nnz, const uint64_t *from, const uint64_t *to, size_t words,
                 float *scratch)
{
    memcpy(scratch, array, nnz * sizeof *array);
    for (size_t word = 0; word < words; word++) {
        if (from[word] == to[word]) { /* most words, once the drop fraction has decayed */
            const size_t run = (size_t)__builtin_popcountll(to[word]);
            memcpy(array, scratch, run * sizeof *array);
            scratch += run;
            array += run;
            continue;
        }
        for (uint64_t bits = from[word] | to[word]; bits; bits &= bits - 1) {
            const uint64_t bit = bits & -bits;
            const float kept = from[word] & bit ? *scratch++ : 0;
            if (to[word] & bit)
                *array++ = kept;
        }
    }
}

void cop_param_set_mask(CopParam *param, const uint64_t *mask, float *scratch)
{
    const size_t words = cop_mask_words(param->numel);
    const size_t nnz = cop_mask_count(mask, param->numel);
    assert(param->mask && nnz <= param->capacity);
    float *const arrays[] = {param->value, param->state[0], param->state[1]};
    for (size_t i = 0; i < sizeof arrays / sizeof arrays[0]; i++)
        if (arrays[i])
            move(arrays[i], param->nnz, param->mask, mask, words, scratch);
    memcpy(param->mask, mask, words * sizeof *mask);
    param->nnz = nnz;
    param->generation++;
}

double cop_param_density(const CopParam *param)
{
    return (double)param->nnz / (double)param->numel;
}

size_t cop_param_bytes(const CopParam *param, size_t *dense)
{
    size_t a_weight = 0;
    const float *const array[] = {param->value, param->grad, param->state[0], param->state[1],
                                  param->sum};
    for (size_t i = 0; i < sizeof array / sizeof array[0]; i++)
        a_weight += array[i] ? sizeof *array[i] : 0;
    *dense = param->numel * a_weight;
    return param->capacity * a_weight +
           (param->mask ? cop_mask_words(param->numel) * sizeof *param->mask : 0);
}
