/* The vector that lane kernels of a tier work with, and how memory is read and written.
 * Included by sources that are compiled once a tier, with COP_TIER and COP_VEC_BYTES.
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#ifndef COP_KERNELS_LANE_VECTOR_H
#define COP_KERNELS_LANE_VECTOR_H

#ifndef COP_VEC_BYTES
#define COP_VEC_BYTES 16
#endif
#ifndef COP_TIER
#define COP_TIER generic
#endif
#if COP_VEC_BYTES == 64 && defined(__AVX512F__)
#include <immintrin.h>
#endif

#define INLINE static inline __attribute__((always_inline))

typedef float Vec __attribute__((vector_size(COP_VEC_BYTES), may_alias));
typedef int VecI __attribute__((vector_size(COP_VEC_BYTES), may_alias));

enum { WIDTH = COP_VEC_BYTES / sizeof(float) };

/* A name that each tier has for itself. */
#define JOIN_NAMES(a, b)      a##b
#define JOIN_TIER(name, tier) JOIN_NAMES(name, tier)
#define TIER_NAME(name)       JOIN_TIER(name, COP_TIER)

#define LOAD(p)  (*(const Vec *)(p))
#define STORE(p) (*(Vec *)(p))

/* Writes that no cache keeps, of whole cache lines: parts of one would be written twice. */
#if COP_VEC_BYTES == 64 && defined(__AVX512F__)
enum { STREAMS = 1 };
#define STREAM(p, v) _mm512_stream_ps((p), (__m512)(v))
#else
enum { STREAMS = 0 };
#define STREAM(p, v) (STORE(p) = (v))
#endif

#endif
