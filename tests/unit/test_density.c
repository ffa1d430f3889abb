/* Densities and exact counts of masked layers.
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#include <gst/check/check.h>
#include <math.h>

#include "models/core/rng.h"
#include "models/sparsity/density.h"

enum { LAYERS_MAX = 64 };

typedef struct Golden {
    const char *name;
    CopDensityInit init;
    double density;
    const int (*shapes)[5];
    int layers;
    const double *d;
    const size_t *nnz;
} Golden;

#include "tests/golden/density_golden.h"

enum { CASES = sizeof golden / sizeof golden[0] };

typedef struct Net {
    CopParam param[LAYERS_MAX];
    const CopParam *weights[LAYERS_MAX];
    double d[LAYERS_MAX];
    size_t nnz[LAYERS_MAX], total;
    int n;
} Net;

static void add_layer(Net *net, const int *shape)
{
    CopParam *param = &net->param[net->n];
    *param = (CopParam){.name = "w", .role = COP_PARAM_WEIGHT, .numel = 1};
    for (; param->rank < COP_RANK_MAX && shape[param->rank]; param->rank++) {
        param->shape[param->rank] = shape[param->rank];
        param->numel *= (size_t)shape[param->rank];
    }
    net->weights[net->n++] = param;
    net->total += param->numel;
}

static void spread(Net *net, CopDensityInit init, double density)
{
    CopError err = {0};
    ck_assert_msg(cop_density_layers(init, density, net->weights, net->n, net->d, &err) == COP_OK,
                  "%s", err.text);
    ck_assert_msg(cop_density_counts(density, net->weights, net->n, net->d, net->nnz, &err) ==
                      COP_OK,
                  "%s", err.text);
}

static size_t sum_counts(const Net *net)
{
    size_t sum = 0;
    for (int i = 0; i < net->n; i++)
        sum += net->nnz[i];
    return sum;
}

START_TEST(exact_arithmetic_agrees)
{
    const Golden *want = &golden[_i];
    Net net = {0};
    for (int i = 0; i < want->layers; i++)
        add_layer(&net, want->shapes[i]);
    spread(&net, want->init, want->density);
    for (int i = 0; i < net.n; i++) {
        /* Below 100 roundings of 2^-53, amplified below 100 times where most of the
         * budget is spent on full layers. */
        ck_assert_msg(fabs(net.d[i] - want->d[i]) <= 1e-12 * want->d[i],
                      "%s: layer %d: density %.17g, not %.17g", want->name, i, net.d[i],
                      want->d[i]);
        ck_assert_msg((net.d[i] == 1) == (want->d[i] == 1), "%s: layer %d", want->name, i);
        ck_assert_msg(net.nnz[i] == want->nnz[i], "%s: layer %d: %zu weights, not %zu", want->name,
                      i, net.nnz[i], want->nnz[i]);
    }
}
END_TEST

/* Numbers worked out elsewhere, so that generator and code cannot err alike. */
START_TEST(vgg16_and_a_small_net_have_known_densities)
{
    static const struct {
        double density;
        int full;
        double smallest;
    } want[] = {{.9, 9, .875}, {.8, 9, .751}, {.7, 8, .631}, {.6, 8, .523},
                {.5, 6, .426}, {.4, 6, .334}, {.3, 5, .247}};
    for (size_t k = 0; k < sizeof want / sizeof want[0]; k++) {
        Net net = {0};
        for (size_t i = 0; i < sizeof vgg16 / sizeof vgg16[0]; i++)
            add_layer(&net, vgg16[i]);
        ck_assert_uint_eq(net.total, 14715584);
        spread(&net, COP_DENSITY_ERK, want[k].density);
        int full = 0;
        double smallest = 1;
        for (int i = 0; i < net.n; i++) {
            full += net.nnz[i] == net.param[i].numel;
            smallest = fmin(smallest, net.d[i]);
        }
        ck_assert_int_eq(full, want[k].full);
        ck_assert(fabs(smallest - want[k].smallest) <= 0.0006) /* printed with three digits */;
    }
    Net net = {0};
    for (size_t i = 0; i < sizeof small3d / sizeof small3d[0]; i++)
        add_layer(&net, small3d[i]);
    spread(&net, COP_DENSITY_ERK, 0.1);
    ck_assert(fabs(net.d[0] - .1970649895) < 1e-10 && fabs(net.d[1] - .0609669811) < 1e-10);
    ck_assert(net.nnz[0] == 127 && net.nnz[1] == 211 && net.nnz[2] == 80);
}
END_TEST

START_TEST(ties_clamp_together)
{
    static const int small[5] = {4, 4, 3, 3}, large[5] = {256, 256, 3, 3};
    Net net = {0};
    add_layer(&net, small);
    add_layer(&net, large);
    add_layer(&net, small);
    spread(&net, COP_DENSITY_ERK, 0.3);
    ck_assert(net.d[0] == 1 && net.d[2] == 1 && net.d[1] < 1);
    ck_assert_uint_eq(sum_counts(&net), (size_t)round(0.3 * (double)net.total));
}
END_TEST

START_TEST(remainder_ties_go_to_the_lower_index)
{
    static const int shape[5] = {1, 5};
    Net net = {0};
    for (int i = 0; i < 4; i++)
        add_layer(&net, shape);
    spread(&net, COP_DENSITY_UNIFORM, 0.5); /* 2.5 each, 10 in all */
    ck_assert(net.nnz[0] == 3 && net.nnz[1] == 3 && net.nnz[2] == 2 && net.nnz[3] == 2);

    /* Shares of two shapes with one sum, equal but for the last bit in favour of the second. */
    static const int low[5] = {1, 5}, high[5] = {2, 4}, rest[5] = {40, 3};
    net = (Net){0};
    add_layer(&net, low);
    add_layer(&net, high);
    add_layer(&net, rest);
    spread(&net, COP_DENSITY_ERK, 0.1);
    ck_assert(net.d[0] * 5 < net.d[1] * 8);
    ck_assert(net.nnz[0] == 2 && net.nnz[1] == 1);
}
END_TEST

START_TEST(every_layer_keeps_one)
{
    static const int tiny[5] = {1, 2}, large[5] = {20, 50};
    Net net = {0};
    for (int i = 0; i < 5; i++)
        add_layer(&net, tiny);
    add_layer(&net, large);
    spread(&net, COP_DENSITY_UNIFORM,
           0.01); /* K = 10: five of them for layers with a share of .02 */
    for (int i = 0; i < 5; i++)
        ck_assert_uint_eq(net.nnz[i], 1);
    ck_assert_uint_eq(net.nnz[5], 5);

    CopError err = {0};
    ck_assert_int_eq(cop_density_counts(0.005, net.weights, net.n, net.d, net.nnz, &err),
                     COP_ERR_ARG);
    ck_assert(err.text[0]);
}
END_TEST

START_TEST(any_net_meets_its_budget)
{
    const CopRngKey key = cop_rng_key(5, "shapes");
    Net net = {0};
    const CopRngAddress at = {.draw = (uint32_t)_i};
    const int n = 1 + (int)cop_rng_below(key, 0, at, 12);
    for (int i = 0; i < n; i++) {
        int shape[5] = {0};
        const uint32_t base = 8 * (uint32_t)(i + 1);
        const int rank = 2 + (int)cop_rng_below(key, base, at, 4);
        for (int k = 0; k < rank; k++)
            shape[k] = 1 + (int)cop_rng_below(key, base + 1 + (uint32_t)k, at, k < 2 ? 40 : 3);
        add_layer(&net, shape);
    }
    const double density = 0.05 + 0.95 * cop_rng_uniform(key, 1, at);
    for (int init = COP_DENSITY_UNIFORM; init <= COP_DENSITY_ERK; init++) {
        if (round(density * (double)net.total) < n)
            continue;
        spread(&net, (CopDensityInit)init, density);
        double share = 0;
        for (int i = 0; i < n; i++) {
            ck_assert(net.d[i] > 0 && net.d[i] <= 1);
            ck_assert(net.nnz[i] >= 1 && net.nnz[i] <= net.param[i].numel);
            share += net.d[i] * (double)net.param[i].numel;
        }
        ck_assert(fabs(share - density * (double)net.total) <= 1e-11 * (double)net.total);
        ck_assert_uint_eq(sum_counts(&net), (size_t)round(density * (double)net.total));
    }
}
END_TEST

START_TEST(densities_outside_the_range_are_refused)
{
    static const int shape[5] = {3, 7};
    static const double refused[] = {0, -0.1, 1.0001, NAN};
    Net net = {0};
    add_layer(&net, shape);
    for (size_t i = 0; i < sizeof refused / sizeof refused[0]; i++) {
        ck_assert_int_eq(
            cop_density_layers(COP_DENSITY_ERK, refused[i], net.weights, 1, net.d, NULL),
            COP_ERR_ARG);
        ck_assert_int_eq(cop_density_counts(refused[i], net.weights, 1, net.d, net.nnz, NULL),
                         COP_ERR_ARG);
    }
    for (int init = COP_DENSITY_UNIFORM; init <= COP_DENSITY_ERK; init++) {
        spread(&net, (CopDensityInit)init, 1);
        ck_assert(net.d[0] == 1 && net.nnz[0] == 21);
    }
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("density");
    TCase *tcase = tcase_create("density");
    suite_add_tcase(suite, tcase);
    tcase_add_loop_test(tcase, exact_arithmetic_agrees, 0, CASES);
    tcase_add_test(tcase, vgg16_and_a_small_net_have_known_densities);
    tcase_add_test(tcase, ties_clamp_together);
    tcase_add_test(tcase, remainder_ties_go_to_the_lower_index);
    tcase_add_test(tcase, every_layer_keeps_one);
    tcase_add_loop_test(tcase, any_net_meets_its_budget, 0, 50);
    tcase_add_test(tcase, densities_outside_the_range_are_refused);
    SRunner *runner = srunner_create(suite);
    srunner_run_all(runner, CK_NORMAL);
    const int failures = srunner_ntests_failed(runner);
    srunner_free(runner);
    return failures ? 1 : 0;
}
