/* Intervals and paired tests against SciPy's numbers (tests/golden/make_metrics.py).
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#include <gst/check/check.h>

#include <math.h>
#include <stdbool.h>

#include "pipeline/eval/metrics.h"

/* Both sides are good to some 1e-14; a wrong formula is off by 1e-4 and more. */
static const double tolerance = 1e-11;

static bool near(double a, double b)
{
    return fabs(a - b) <= tolerance * fmax(1, fabs(b));
}

/* For values that are very small: the relative error alone. */
static bool close_to(double a, double b)
{
    return fabs(a - b) <= 1e-9 * fabs(b);
}

START_TEST(wilson)
{
    static const struct {
        int64_t right, n;
        double low, high;
    } rows[] = {
        {0, 10, 0.0, 0.27753279986288926},
        {10, 10, 0.7224672001371109, 1.0},
        {85, 100, 0.7671644040916763, 0.9069401471634337},
        {1, 2, 0.09453120573423074, 0.9054687942657693},
        {5000, 10000, 0.49020206181540477, 0.5097979381845952},
        {81, 263, 0.2552885198782742, 0.36620957698280004},
    };
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        const CopInterval got = cop_wilson(rows[i].right, rows[i].n);
        ck_assert(got.value == (double)rows[i].right / (double)rows[i].n);
        ck_assert_msg(near(got.low, rows[i].low) && near(got.high, rows[i].high),
                      "row %zu: %.17g %.17g", i, got.low, got.high);
        ck_assert_int_eq(got.n, rows[i].n);
    }
    ck_assert(cop_wilson(0, 7).low == 0);
    ck_assert(cop_wilson(7, 7).high == 1);
    ck_assert(isnan(cop_wilson(0, 0).value) && isnan(cop_wilson(0, 0).low));
}
END_TEST

START_TEST(mcnemar)
{
    static const struct {
        int64_t a, b;
        double p, statistic, corrected;
    } rows[] = {
        {5, 15, 0.04138946533203125, 4.05, 0.04417134490844271},
        {15, 5, 0.04138946533203125, 4.05, 0.04417134490844271},
        {0, 6, 0.03125, 4.166666666666667, 0.041226833337163815},
        {1, 0, 1.0, 0.0, 1.0},
        {40, 60, 0.05688793364098088, 3.61, 0.05743311963200335},
        {400, 520, 8.54917092388378e-05, 15.392391304347827, 8.733926588357831e-05},
        {121, 59, 4.4344492637551645e-06, 20.67222222222222, 5.450094825427117e-06},
        {2, 14, 0.004180908203125, 7.5625, 0.005959526470109121},
    };
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        const CopMcNemar got = cop_mcnemar(rows[i].a, rows[i].b, 1000);
        ck_assert_msg(close_to(got.p, rows[i].p), "row %zu: p %.17g", i, got.p);
        ck_assert_msg(near(got.statistic, rows[i].statistic), "row %zu: %.17g", i, got.statistic);
        ck_assert_msg(close_to(got.p_corrected, rows[i].corrected), "row %zu: %.17g", i,
                      got.p_corrected);
    }
    /* No disagreement, or as much each way: nothing speaks for a difference. */
    ck_assert(cop_mcnemar(0, 0, 10).p == 1);
    ck_assert(cop_mcnemar(10, 10, 30).p == 1);
    ck_assert(cop_mcnemar(10, 10, 30).statistic == 0);
}
END_TEST

START_TEST(incomplete_beta)
{
    static const double rows[][4] = {
        {2, 3, 0.4, 0.5248},
        {0.5, 0.5, 0.1, 0.2048327646991335},
        {80, 0.5, 0.99, 0.2054728375540109},
        {500, 600, 0.45, 0.3816937336647099},
        {1, 1, 0.3, 0.3},
        {1000, 2, 0.5, 4.675650728705561e-299},
    };
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        const double got = cop_incomplete_beta(rows[i][0], rows[i][1], rows[i][2]);
        ck_assert_msg(close_to(got, rows[i][3]), "row %zu: %.17g", i, got);
    }
    ck_assert(cop_incomplete_beta(2, 3, 0) == 0);
    ck_assert(cop_incomplete_beta(2, 3, 1) == 1);
}
END_TEST

START_TEST(student)
{
    static const double rows[][3] = {
        {0.975, 1, 12.706204736432095},  {0.975, 2, 4.302652729911275},
        {0.975, 9, 2.2621571627409915},  {0.975, 159, 1.9749962127602252},
        {0.025, 30, -2.042272456301238}, {0.995, 1e6, 2.575834220105334},
        {0.6, 3.5, 0.2732654540496292},
    };
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        const double got = cop_student_quantile(rows[i][0], rows[i][1]);
        ck_assert_msg(close_to(got, rows[i][2]), "row %zu: %.17g", i, got);
    }
    ck_assert(cop_student_quantile(0.5, 7) == 0);
}
END_TEST

START_TEST(mean)
{
    static const double x[] = {0.1, 0.4, -0.2, 0.3, 0.25};
    CopMoments moments = {0};
    ck_assert(isnan(cop_mean_interval(&moments).value));
    cop_moments_add(&moments, x[0]);
    ck_assert(cop_mean_interval(&moments).value == 0.1);
    ck_assert(isnan(cop_mean_interval(&moments).low) && isnan(cop_mean_p(&moments)));
    for (int i = 1; i < 5; i++)
        cop_moments_add(&moments, x[i]);
    const CopInterval got = cop_mean_interval(&moments);
    ck_assert(near(got.value, 0.17) && near(got.low, -0.11986937903429418) &&
              near(got.high, 0.45986937903429415));
    ck_assert(near(cop_mean_p(&moments), 0.17879118170584307));

    CopMoments same = {0}, zero = {0};
    for (int i = 0; i < 4; i++) {
        cop_moments_add(&same, 0.5);
        cop_moments_add(&zero, 0);
    }
    ck_assert(cop_mean_p(&same) == 0);
    ck_assert(cop_mean_p(&zero) == 1);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("metrics");
    TCase *tc = tcase_create("statistics");
    tcase_add_test(tc, wilson);
    tcase_add_test(tc, mcnemar);
    tcase_add_test(tc, incomplete_beta);
    tcase_add_test(tc, student);
    tcase_add_test(tc, mean);
    suite_add_tcase(suite, tc);
    SRunner *runner = srunner_create(suite);
    srunner_run_all(runner, CK_NORMAL);
    const int failed = srunner_ntests_failed(runner);
    srunner_free(runner);
    return failed ? 1 : 0;
}
