/* Elements of safetensors as float.
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#include <string.h>

#include "models/train/safetensors_json.h"

#if !defined(__BYTE_ORDER__) || __BYTE_ORDER__ != __ORDER_LITTLE_ENDIAN__
#error "safetensors are little-endian, and so must this machine be"
#endif

static float from_bits(uint32_t bits)
{
    float value;
    memcpy(&value, &bits, sizeof value);
    return value;
}

static float from_bf16(uint16_t half)
{
    return from_bits((uint32_t)half << 16);
}

/* IEEE 754 binary16: 1 sign, 5 exponent (bias 15), 10 fraction bits. */
static float from_f16(uint16_t half)
{
    const uint32_t sign = (uint32_t)(half & 0x8000) << 16;
    const uint32_t exponent = half >> 10 & 0x1F, fraction = half & 0x3FF;
    if (exponent == 0x1F)
        return from_bits(sign | 0x7F800000u | fraction << 13);
    if (exponent == 0) {
        const float magnitude = (float)fraction * 0x1p-24f; /* exact, also for zero */
        return sign ? -magnitude : magnitude;
    }
    return from_bits(sign | (exponent + 127 - 15) << 23 | fraction << 13);
}

/* Elements need not be aligned, hence the copy, which costs nothing. */
#define EACH(type, value)                                                                          \
    for (size_t i = 0; i < count; i++) {                                                           \
        type x;                                                                                    \
        memcpy(&x, from + i * sizeof x, sizeof x);                                                 \
        out[i] = (value);                                                                          \
    }                                                                                              \
    break

static void convert(CopDtype dtype, const unsigned char *from, float *out, size_t count)
{
    switch (dtype) {
    case COP_DTYPE_F64:
        EACH(double, (float)x);
    case COP_DTYPE_F32:
        memcpy(out, from, count * sizeof *out);
        break;
    case COP_DTYPE_F16:
        EACH(uint16_t, from_f16(x));
    case COP_DTYPE_BF16:
        EACH(uint16_t, from_bf16(x));
    case COP_DTYPE_I64:
        EACH(int64_t, (float)x);
    case COP_DTYPE_I32:
        EACH(int32_t, (float)x);
    case COP_DTYPE_I16:
        EACH(int16_t, (float)x);
    case COP_DTYPE_I8:
        EACH(int8_t, (float)x);
    case COP_DTYPE_U8:
        EACH(uint8_t, (float)x);
    case COP_DTYPE_BOOL:
        EACH(uint8_t, x ? 1.0f : 0.0f);
    case COP_DTYPE_U16:
        EACH(uint16_t, (float)x);
    case COP_DTYPE_U32:
        EACH(uint32_t, (float)x);
    case COP_DTYPE_U64:
        EACH(uint64_t, (float)x);
    case COP_DTYPE_COUNT:
        break;
    }
}

/* Moves the `stored` elements at the start of out[count] to where their bits say, from the
 * last one on, so that none is overwritten before it has moved. */
static void spread(const unsigned char *bits, float *out, size_t count, size_t stored)
{
    for (size_t i = count; i-- > 0;)
        out[i] = bits[i / 8] >> i % 8 & 1 ? out[--stored] : 0;
}

CopStatus cop_safetensors_read_f32(const CopStTensor *tensor, float *out, size_t count,
                                   CopError *err)
{
    const size_t size = cop_dtype_size(tensor->dtype), stored = size ? tensor->bytes / size : 0;
    const size_t has = tensor->bits ? cop_safetensors_count(tensor) : stored;
    if (count != has)
        return cop_error_set(err, COP_ERR_SHAPE, "tensor \"%.100s\" has %zu elements, not %zu",
                             tensor->name, has, count);
    if (stored)
        convert(tensor->dtype, tensor->data, out, stored);
    if (tensor->bits)
        spread(tensor->bits, out, count, stored);
    return COP_OK;
}
