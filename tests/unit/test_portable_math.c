/* Portable functions against libm; Gaussian filters against their definition.
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#include <gst/check/check.h>
#include <math.h>
#include <stdlib.h>

#include "models/core/portable_math.h"
#include "models/core/rng.h"
#include "pipeline/corrupt/gaussian.h"

/* Both sides are within an ulp or two of the truth. */
START_TEST(functions_agree_with_libm)
{
    for (int i = -7000; i <= 7000; i++) {
        const double x = i / 10.0 + 0.003;
        const double e = exp(x > 700 ? 700 : x);
        if (x > -700)
            ck_assert_msg(fabs(cop_exp(x) - e) <= 1e-15 * e, "exp %g", x);
        if (i > 0) {
            const double l = log(x * 1e-3), far = log(x * 1e90);
            ck_assert_msg(fabs(cop_log(x * 1e-3) - l) <= 1e-15 * fmax(fabs(l), 0.1), "log %g", x);
            ck_assert_msg(fabs(cop_log(x * 1e90) - far) <= 1e-15 * fabs(far), "log %g", x);
        }
        double s, c;
        cop_sin_cos(x * 97, &s, &c);
        ck_assert_msg(fabs(s - sin(x * 97)) <= 1e-15, "sin %g", x * 97);
        ck_assert_msg(fabs(c - cos(x * 97)) <= 1e-15, "cos %g", x * 97);
    }
    ck_assert(cop_exp(0) == 1 && cop_log(1) == 0 && cop_exp(-701) == 0);
    ck_assert(fabs(cop_pow(3, 2.5) - pow(3, 2.5)) < 1e-13);
    ck_assert(cop_pow(0, 2) == 0 && cop_pow(0, 0) == 1);
    ck_assert(fabs(cop_normal_quantile(0.975) - 1.959963984540054) < 1e-14);
}
END_TEST

START_TEST(borders)
{
    static const int want[3][11] = {
        {0, 0, 0, 0, 0, 1, 2, 2, 2, 2, 2}, /* at -4 .. 6 of three */
        {2, 2, 1, 0, 0, 1, 2, 2, 1, 0, 0},
        {0, 1, 2, 1, 0, 1, 2, 1, 0, 1, 2},
    };
    for (int border = 0; border < 3; border++)
        for (int i = -4; i <= 6; i++) {
            const int expected = border == COP_BORDER_REFLECT && i == -4 ? 2 : want[border][i + 4];
            ck_assert_msg(cop_border_index(i, 3, (CopBorder)border) == expected, "%d at %d", border,
                          i);
        }
    for (int border = 0; border < 3; border++)
        for (int i = -3; i < 3; i++)
            ck_assert_int_eq(cop_border_index(i, 1, (CopBorder)border), 0);
}
END_TEST

static void check_filter(int width, int height, double sigma, double truncate, CopBorder border)
{
    const int n = width * height;
    double *x = malloc((size_t)n * sizeof *x), *kept = malloc((size_t)n * sizeof *kept), *weight;
    int radius;
    ck_assert(x && kept);
    for (int i = 0; i < n; i++)
        kept[i] = x[i] = (double)(cop_mix64((uint64_t)i) % 1000);
    ck_assert_int_eq(cop_gaussian_plane(x, width, height, sigma, truncate, border), COP_OK);
    ck_assert_int_eq(cop_gaussian_kernel(sigma, truncate, &weight, &radius), COP_OK);
    ck_assert_int_eq(radius, (int)(truncate * sigma + 0.5));
    for (int v = 0; v < height; v++)
        for (int u = 0; u < width; u++) {
            double sum = 0;
            for (int b = -radius; b <= radius; b++)
                for (int a = -radius; a <= radius; a++)
                    sum += weight[a + radius] * weight[b + radius] *
                           kept[cop_border_index(v + b, height, border) * width +
                                cop_border_index(u + a, width, border)];
            ck_assert_msg(fabs(x[v * width + u] - sum) < 1e-9, "%g, not %g", x[v * width + u], sum);
        }
    free(weight);
    free(kept);
    free(x);
}

START_TEST(gaussian_filters)
{
    for (int border = 0; border < 3; border++) {
        check_filter(1, 1, 2, 4, (CopBorder)border);
        check_filter(9, 5, 0.7, 4, (CopBorder)border);
        check_filter(7, 12, 3, 3, (CopBorder)border); /* the kernel is wider than the plane */
        check_filter(5, 5, 0, 4, (CopBorder)border);
    }
    double *weight;
    int radius;
    ck_assert_int_eq(cop_gaussian_kernel(1, 4, &weight, &radius), COP_OK);
    ck_assert(fabs(weight[4] / weight[5] - exp(0.5)) < 1e-15);
    free(weight);
}
END_TEST

static Suite *suite(void)
{
    Suite *s = suite_create("portable_math");
    TCase *tc = tcase_create("all");
    tcase_add_test(tc, functions_agree_with_libm);
    tcase_add_test(tc, borders);
    tcase_add_test(tc, gaussian_filters);
    suite_add_tcase(s, tc);
    return s;
}

int main(void)
{
    SRunner *runner = srunner_create(suite());
    srunner_run_all(runner, CK_NORMAL);
    const int failures = srunner_ntests_failed(runner);
    srunner_free(runner);
    return failures ? 1 : 0;
}
