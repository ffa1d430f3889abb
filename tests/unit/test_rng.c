/* Addressed random numbers: known answers, then how they are spread.
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#include <gst/check/check.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "models/core/rng.h"

enum { DRAWS = 1 << 20 };

/* Known-answer tests of the Random123 library (kat_vectors). */
START_TEST(philox_known_answers)
{
    static const struct {
        uint32_t key[2], counter[4], out[4];
    } cases[] = {
        {{0, 0}, {0, 0, 0, 0}, {0x6627e8d5, 0xe169c58d, 0xbc57ac4c, 0x9b00dbd8}},
        {{0xffffffff, 0xffffffff},
         {0xffffffff, 0xffffffff, 0xffffffff, 0xffffffff},
         {0x408f276d, 0x41c83b0e, 0xa20bc7c6, 0x6d5451fd}},
        {{0xa4093822, 0x299f31d0},
         {0x243f6a88, 0x85a308d3, 0x13198a2e, 0x03707344},
         {0xd16cfe09, 0x94fdcceb, 0x5001e420, 0x24126ea1}},
    };
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        uint32_t out[4];
        cop_philox(cases[i].key, cases[i].counter, out);
        ck_assert(memcmp(out, cases[i].out, sizeof out) == 0);
    }
}
END_TEST

/* Vectors of the FNV authors' test suite, and MurmurHash3's finaliser at 1. */
START_TEST(hash_known_answers)
{
    ck_assert(cop_fnv1a("", 0) == 0xcbf29ce484222325u);
    ck_assert(cop_fnv1a("a", 1) == 0xaf63dc4c8601ec8cu);
    ck_assert(cop_fnv1a("foobar", 6) == 0x85944171f73967e8u);
    ck_assert(cop_mix64(0) == 0);
    ck_assert(cop_mix64(1) == 0xb456bcfc34c2cb2cu);
}
END_TEST

/* tests/golden/make_rng.py; a change here changes every result ever stored. */
START_TEST(addresses_known_answers)
{
    static const struct {
        uint64_t seed;
        const char *purpose;
        uint32_t position;
        CopRngAddress at;
        CopRngKey key;
        uint32_t word;
    } cases[] = {
        {0u, "", 0u, {0u, 0u, 0u}, {{0xba992926u, 0xefd01f60u}}, 0x7101181bu},
        {1u, "weights", 5u, {2u, 3u, 4u}, {{0x83597dc6u, 0x948ff11du}}, 0x50c2d833u},
        {18446744073709551615u,
         "shot_noise",
         4294967295u,
         {7u, 1000u, 3735928559u},
         {{0x5b112f97u, 0x931f359au}},
         0x1571c851u},
    };
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        const CopRngKey key = cop_rng_key(cases[i].seed, cases[i].purpose);
        ck_assert_uint_eq(key.word[0], cases[i].key.word[0]);
        ck_assert_uint_eq(key.word[1], cases[i].key.word[1]);
        ck_assert_uint_eq(cop_rng_u32(key, cases[i].position, cases[i].at), cases[i].word);
        uint32_t block[4];
        cop_rng_block(key, cases[i].position / 4, cases[i].at, block);
        ck_assert_uint_eq(block[cases[i].position % 4], cases[i].word);
    }
}
END_TEST

/* A step in any part of the address flips half of the bits: 64 words of 32
 * bits are 1024 +- 22.6, and six deviations happen once in 10^9. */
START_TEST(every_part_of_an_address_counts)
{
    const CopRngKey key = cop_rng_key(1, "a"), other = cop_rng_key(1, "b"),
                    seed = cop_rng_key(2, "a");
    int flipped[6] = {0};
    for (uint32_t i = 0; i < 64; i++) {
        const uint32_t word = cop_rng_u32(key, i, (CopRngAddress){0, 0, 0});
        const uint32_t near[6] = {
            cop_rng_u32(key, i + 64, (CopRngAddress){0, 0, 0}),
            cop_rng_u32(key, i, (CopRngAddress){1, 0, 0}),
            cop_rng_u32(key, i, (CopRngAddress){0, 1, 0}),
            cop_rng_u32(key, i, (CopRngAddress){0, 0, 1}),
            cop_rng_u32(other, i, (CopRngAddress){0, 0, 0}),
            cop_rng_u32(seed, i, (CopRngAddress){0, 0, 0}),
        };
        for (int j = 0; j < 6; j++)
            flipped[j] += __builtin_popcount(word ^ near[j]);
    }
    for (int j = 0; j < 6; j++)
        ck_assert_int_le(abs(flipped[j] - 1024), 136);
}
END_TEST

/* Chi-square of DRAWS values in `bins` bins against five standard deviations. */
static void assert_even(const int *count, int bins)
{
    double chi = 0;
    const double expected = (double)DRAWS / bins;
    for (int i = 0; i < bins; i++)
        chi += (count[i] - expected) * (count[i] - expected) / expected;
    const double freedom = bins - 1;
    ck_assert_msg(fabs(chi - freedom) < 5 * sqrt(2 * freedom), "chi-square %g of %g", chi, freedom);
}

START_TEST(uniform_is_even)
{
    const CopRngKey key = cop_rng_key(7, "uniform");
    int count[256] = {0}, outside = 0;
    for (uint32_t i = 0; i < DRAWS; i++) {
        const double u = cop_rng_uniform(key, i, (CopRngAddress){0, 0, 0});
        outside += u < 0 || u >= 1;
        count[(int)(u * 256) & 255]++;
    }
    ck_assert_int_eq(outside, 0);
    assert_even(count, 256);
}
END_TEST

START_TEST(below_is_even_and_below)
{
    const CopRngKey key = cop_rng_key(7, "below");
    int count[101] = {0}, outside = 0;
    for (uint32_t i = 0; i < DRAWS; i++) {
        const uint32_t value = cop_rng_below(key, i, (CopRngAddress){0, 0, 0}, 101);
        outside += value > 100 || cop_rng_below(key, i, (CopRngAddress){0, 0, 0}, 1) != 0;
        count[value % 101]++;
    }
    ck_assert_int_eq(outside, 0);
    assert_even(count, 101);
}
END_TEST

/* Standard errors of the first four moments of n normal deviates are sqrt(1/n),
 * sqrt(2/n), sqrt(6/n), sqrt(24/n) after standardising; five of them. */
START_TEST(normal_has_its_moments)
{
    const CopRngKey key = cop_rng_key(7, "normal");
    double sum[5] = {0};
    for (uint32_t i = 0; i < DRAWS; i++) {
        const double z = cop_rng_normal(key, i, (CopRngAddress){0, 0, 0});
        double power = z;
        for (int k = 1; k <= 4; k++, power *= z)
            sum[k] += power;
    }
    const double mean = sum[1] / DRAWS, var = sum[2] / DRAWS - mean * mean;
    const double skew = sum[3] / DRAWS - 3 * mean * var, kurtosis = sum[4] / DRAWS / (var * var);
    ck_assert_msg(fabs(mean) < 5 * sqrt(1.0 / DRAWS), "mean %g", mean);
    ck_assert_msg(fabs(var - 1) < 5 * sqrt(2.0 / DRAWS), "variance %g", var);
    ck_assert_msg(fabs(skew) < 5 * sqrt(6.0 / DRAWS), "skewness %g", skew);
    ck_assert_msg(fabs(kurtosis - 3) < 5 * sqrt(24.0 / DRAWS), "kurtosis %g", kurtosis);
}
END_TEST

/* The C library's erfc() takes each deviate back to the probability it came
 * from. An error of d units in the last place of z is one of z^2 d in the tail,
 * and z^2 < 41: d = 4 allows 41 * 4 * 2^-52 = 3.7e-14. */
START_TEST(normal_inverts_the_distribution)
{
    const CopRngKey key = cop_rng_key(7, "normal");
    double least = 1, worst = 0;
    for (uint32_t i = 0; i < DRAWS; i++) {
        const CopRngAddress at = {0, 0, 0};
        const double p = (cop_rng_u32(key, i, at) + 0.5) * 0x1p-32;
        const double z = cop_rng_normal(key, i, at);
        const double tail = p < 0.5 ? p : 1 - p;
        const double back = 0.5 * erfc(p < 0.5 ? -z / sqrt(2) : z / sqrt(2));
        worst = fmax(worst, fabs(back - tail) / tail);
        least = fmin(least, tail);
    }
    ck_assert_msg(worst <= 3.7e-14, "off by %g", worst);
    ck_assert(least < 1e-5); /* both branches of the approximation were used */
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("rng");
    TCase *known = tcase_create("known"), *spread = tcase_create("spread");
    tcase_set_timeout(spread, 60);
    tcase_add_test(known, philox_known_answers);
    tcase_add_test(known, hash_known_answers);
    tcase_add_test(known, addresses_known_answers);
    suite_add_tcase(suite, known);
    tcase_add_test(spread, every_part_of_an_address_counts);
    tcase_add_test(spread, uniform_is_even);
    tcase_add_test(spread, below_is_even_and_below);
    tcase_add_test(spread, normal_has_its_moments);
    tcase_add_test(spread, normal_inverts_the_distribution);
    suite_add_tcase(suite, spread);
    SRunner *runner = srunner_create(suite);
    srunner_run_all(runner, CK_NORMAL);
    const int failures = srunner_ntests_failed(runner);
    srunner_free(runner);
    return failures ? 1 : 0;
}
