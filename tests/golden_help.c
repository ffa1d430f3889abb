/* Outputs of the original corruption scripts with what they drew (golden/corrupt/README.md).
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#include "tests/golden_help.h"

#include <gst/check/check.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "tests/corrupt_clip.h"

void golden_open(Golden *golden, const char *name)
{
    char path[512];
    CopError err = {0};
    snprintf(path, sizeof path, "%s/golden/corrupt/%s.safetensors", COP_TESTS, name);
    ck_assert_msg(cop_safetensors_open(&golden->file, path, &err) == COP_OK, "%s", err.text);
    golden->input = cop_safetensors_find(golden->file, "input");
    golden->output = cop_safetensors_find(golden->file, "output");
    ck_assert(golden->input && golden->output && golden->input->dtype == COP_DTYPE_U8);
    const int clip = golden->input->rank == 4;
    golden->t = clip ? (int)golden->input->shape[0] : 1;
    golden->h = (int)golden->input->shape[clip];
    golden->w = (int)golden->input->shape[clip + 1];
    ck_assert_uint_eq(golden->input->bytes, (size_t)(golden->t * golden->h * golden->w * 3));
}

CopFrame golden_frame(const Golden *golden, const CopStTensor *tensor, int i)
{
    CopFrame frame;
    ck_assert_int_eq(cop_frame_alloc(&frame, COP_PIXEL_RGB, golden->w, golden->h), COP_OK);
    frame.index = i;
    const size_t row = (size_t)golden->w * 3;
    const uint8_t *from = (const uint8_t *)tensor->data + (size_t)i * row * (size_t)golden->h;
    for (int y = 0; y < golden->h; y++)
        memcpy(frame.plane[0] + y * frame.stride[0], from + (size_t)y * row, row);
    return frame;
}

static const CopStTensor *numbers(const Golden *golden, const char *name, size_t n)
{
    const CopStTensor *tensor = cop_safetensors_find(golden->file, name);
    ck_assert_msg(tensor != NULL, "there is no %s", name);
    const size_t size = tensor->dtype == COP_DTYPE_F64 ? 8 : tensor->dtype == COP_DTYPE_U8 ? 1 : 4;
    ck_assert_uint_eq(tensor->bytes, n * size);
    return tensor;
}

double *golden_doubles(const Golden *golden, const char *name, size_t n)
{
    const CopStTensor *tensor = numbers(golden, name, n);
    double *out = malloc(n * sizeof *out);
    ck_assert(out != NULL);
    const uint8_t *at = tensor->data;
    for (size_t i = 0; i < n; i++) {
        float real;
        int32_t whole;
        switch (tensor->dtype) {
        case COP_DTYPE_F64:
            memcpy(&out[i], at + 8 * i, 8);
            break;
        case COP_DTYPE_F32:
            memcpy(&real, at + 4 * i, 4);
            out[i] = (double)real;
            break;
        case COP_DTYPE_I32:
            memcpy(&whole, at + 4 * i, 4);
            out[i] = whole;
            break;
        default:
            ck_assert(tensor->dtype == COP_DTYPE_U8);
            out[i] = at[i];
        }
    }
    return out;
}

float *golden_floats(const Golden *golden, const char *name, size_t n)
{
    double *from = golden_doubles(golden, name, n);
    float *out = malloc(n * sizeof *out);
    ck_assert(out != NULL);
    for (size_t i = 0; i < n; i++)
        out[i] = (float)from[i];
    free(from);
    return out;
}

size_t golden_differ(const CopFrame *a, const CopFrame *b, int *worst)
{
    size_t n = 0;
    *worst = 0;
    for (int y = 0; y < a->height; y++)
        for (int x = 0; x < 3 * a->width; x++) {
            const int d =
                abs(a->plane[0][y * a->stride[0] + x] - b->plane[0][y * b->stride[0] + x]);
            n += d > 0;
            *worst = d > *worst ? d : *worst;
        }
    return n;
}

void golden_exact(const char *preset, const char *corruption, int s, const char *picture,
                  size_t bytes, int levels)
{
    char name[128];
    snprintf(name, sizeof name, "%s_%s_s%d_%s", preset, corruption, s, picture);
    Golden golden;
    golden_open(&golden, name);
    CopFrame in = golden_frame(&golden, golden.input, 0), out;
    CopFrame want = golden_frame(&golden, golden.output, 0);
    CopCorrupt *corrupt = clip_corrupt(corruption, s, 0, preset, NULL);
    ck_assert_int_eq(cop_corrupt_frames(corrupt, &in, 1, &out), COP_OK);
    int worst;
    const size_t differ = golden_differ(&out, &want, &worst);
    ck_assert_msg(differ <= bytes && worst <= levels, "%s: %zu bytes differ, by up to %d", name,
                  differ, worst);
    cop_corrupt_destroy(&corrupt);
    clip_free(&in, 1);
    clip_free(&out, 1);
    clip_free(&want, 1);
    cop_safetensors_close(&golden.file);
}
