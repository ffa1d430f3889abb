/* Addressed random numbers: Philox4x32-10 (Salmon et al., SC 2011).
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#include "models/core/rng.h"

#include <math.h>
#include <string.h>

#include "models/core/portable_math.h"

void cop_philox(const uint32_t key[2], const uint32_t counter[4], uint32_t out[4])
{
    uint32_t k0 = key[0], k1 = key[1];
    uint32_t c0 = counter[0], c1 = counter[1], c2 = counter[2], c3 = counter[3];
    for (int round = 0; round < 10; round++) {
        const uint64_t p0 = (uint64_t)0xD2511F53u * c0, p1 = (uint64_t)0xCD9E8D57u * c2;
        c0 = (uint32_t)(p1 >> 32) ^ c1 ^ k0;
        c1 = (uint32_t)p1;
        c2 = (uint32_t)(p0 >> 32) ^ c3 ^ k1;
        c3 = (uint32_t)p0;
        k0 += 0x9E3779B9u; /* Weyl constants: golden ratio, sqrt(3) - 1 */
        k1 += 0xBB67AE85u;
    }
    out[0] = c0;
    out[1] = c1;
    out[2] = c2;
    out[3] = c3;
}

uint64_t cop_fnv1a(const void *bytes, size_t size)
{
    const unsigned char *p = bytes;
    uint64_t hash = 0xCBF29CE484222325u;
    for (size_t i = 0; i < size; i++)
        hash = (hash ^ p[i]) * 0x100000001B3u;
    return hash;
}

uint64_t cop_mix64(uint64_t x)
{
    x = (x ^ (x >> 33)) * 0xFF51AFD7ED558CCDu;
    x = (x ^ (x >> 33)) * 0xC4CEB9FE1A85EC53u;
    return x ^ (x >> 33);
}

CopRngKey cop_rng_key(uint64_t seed, const char *purpose)
{
    /* Both mixes are needed: seeds are small and close to each other. */
    const uint64_t key = cop_mix64(cop_mix64(seed) + cop_fnv1a(purpose, strlen(purpose)));
    return (CopRngKey){{(uint32_t)key, (uint32_t)(key >> 32)}};
}

void cop_rng_block(CopRngKey key, uint32_t block, CopRngAddress at, uint32_t out[4])
{
    const uint32_t counter[4] = {block, at.draw, at.frame, at.clip};
    cop_philox(key.word, counter, out);
}

uint32_t cop_rng_u32(CopRngKey key, uint32_t position, CopRngAddress at)
{
    uint32_t out[4];
    cop_rng_block(key, position / 4, at, out);
    return out[position % 4];
}

double cop_rng_uniform(CopRngKey key, uint32_t position, CopRngAddress at)
{
    return cop_rng_u32(key, position, at) * 0x1p-32;
}

uint32_t cop_rng_below(CopRngKey key, uint32_t position, CopRngAddress at, uint32_t n)
{
    return (uint32_t)(((uint64_t)cop_rng_u32(key, position, at) * n) >> 32);
}

static double horner(const double *coefficient, int n, double x)
{
    double y = 0;
    for (int i = n - 1; i >= 0; i--)
        y = y * x + coefficient[i];
    return y;
}

double cop_normal_quantile(double p)
{
    static const double a[8] = {3.3871328727963666080e0,  1.3314166789178437745e+2,
                                1.9715909503065514427e+3, 1.3731693765509461125e+4,
                                4.5921953931549871457e+4, 6.7265770927008700853e+4,
                                3.3430575583588128105e+4, 2.5090809287301226727e+3};
    static const double b[8] = {1.0,
                                4.2313330701600911252e+1,
                                6.8718700749205790830e+2,
                                5.3941960214247511077e+3,
                                2.1213794301586595867e+4,
                                3.9307895800092710610e+4,
                                2.8729085735721942674e+4,
                                5.2264952788528545610e+3};
    static const double c[8] = {1.42343711074968357734e0,  4.63033784615654529590e0,
                                5.76949722146069140550e0,  3.64784832476320460504e0,
                                1.27045825245236838258e0,  2.41780725177450611770e-1,
                                2.27238449892691845833e-2, 7.74545014278341407640e-4};
    static const double d[8] = {1.0,
                                2.05319162663775882187e0,
                                1.67638483018380384940e0,
                                6.89767334985100004550e-1,
                                1.48103976427480074590e-1,
                                1.51986665636164571966e-2,
                                5.47593808499534494600e-4,
                                1.05075007164441684324e-9};
    const double q = p - 0.5;
    if (fabs(q) <= 0.425) {
        const double r = 0.180625 - q * q;
        return q * horner(a, 8, r) / horner(b, 8, r);
    }
    /* p is at least 2^-33 from either end, so r stays below 5 and the third
     * branch of the algorithm is never needed. */
    const double r = sqrt(-cop_log(q < 0 ? p : 1 - p)) - 1.6;
    const double tail = horner(c, 8, r) / horner(d, 8, r);
    return q < 0 ? -tail : tail;
}

double cop_rng_normal(CopRngKey key, uint32_t position, CopRngAddress at)
{
    /* The middle of the 2^-32 cell: never 0 or 1. */
    return cop_normal_quantile((cop_rng_u32(key, position, at) + 0.5) * 0x1p-32);
}
