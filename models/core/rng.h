/* Addressed random numbers: Philox4x32-10 (Salmon et al., SC 2011).
 * A value is a pure function of where it is used, never of how many values
 * were drawn before, so results do not depend on threads, order or shards.
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#ifndef COP_CORE_RNG_H
#define COP_CORE_RNG_H

#include <stddef.h>
#include <stdint.h>

typedef struct CopRngKey {
    uint32_t word[2];
} CopRngKey;

/* The rest of an address. `frame` is the index of the decoded source frame,
 * `clip` identifies the file (see DESIGN.md, section 1); users outside the
 * pixel path give these words the meaning they state. */
typedef struct CopRngAddress {
    uint32_t draw, frame, clip;
} CopRngAddress;

/* Ten rounds of Philox4x32: out = f(key, counter). */
void cop_philox(const uint32_t key[2], const uint32_t counter[4], uint32_t out[4]);

/* 64-bit mix of a seed and the FNV-1a-64 hash of `purpose`. */
CopRngKey cop_rng_key(uint64_t seed, const char *purpose);

/* The four words of positions 4*block .. 4*block+3. */
void cop_rng_block(CopRngKey key, uint32_t block, CopRngAddress at, uint32_t out[4]);

/* The word at `position`: word position%4 of counter (position/4, draw, frame, clip). */
uint32_t cop_rng_u32(CopRngKey key, uint32_t position, CopRngAddress at);

/* Uniform on [0, 1), 2^-32 apart. */
double cop_rng_uniform(CopRngKey key, uint32_t position, CopRngAddress at);

/* Uniform on 0 .. n-1 (n >= 1) by multiply and shift; bias below n / 2^32. */
uint32_t cop_rng_below(CopRngKey key, uint32_t position, CopRngAddress at, uint32_t n);

/* Inverse of the normal distribution function for 2^-33 <= p <= 1 - 2^-33 (Wichura,
 * Applied Statistics 37, 1988, AS 241, PPND16): relative error about 1e-16, the same
 * double on every machine. */
double cop_normal_quantile(double p);

/* Standard normal deviate by inversion. */
double cop_rng_normal(CopRngKey key, uint32_t position, CopRngAddress at);

/* FNV-1a-64 of `size` bytes (Fowler, Noll, Vo), and the finaliser of
 * MurmurHash3 as a 64-bit mix. */
uint64_t cop_fnv1a(const void *bytes, size_t size);
uint64_t cop_mix64(uint64_t x);

#endif
