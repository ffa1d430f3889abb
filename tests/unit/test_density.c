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

static void bottlenecks(Net *net, int dimensions, int classes)
{
    static const int blocks[] = {3, 4, 6, 3};
    const int k = dimensions;
    add_layer(net, (int[5]){64, 3, 7, 7, k == 3 ? 7 : 0});
    for (int stage = 0, in = 64; stage < 4; stage++)
        for (int block = 0; block < blocks[stage]; block++) {
            const int width = 64 << stage, one = k == 3 ? 1 : 0, three = k == 3 ? 3 : 0;
            add_layer(net, (int[5]){width, in, 1, 1, one});
            add_layer(net, (int[5]){width, width, 3, 3, three});
            add_layer(net, (int[5]){4 * width, width, 1, 1, one});
            if (block == 0)
                add_layer(net, (int[5]){4 * width, in, 1, 1, one});
            in = 4 * width;
        }
    add_layer(net, (int[5]){classes, 2048});
}

static void transformer(Net *net)
{
    add_layer(net, (int[5]){768, 3, 16, 16});
    for (int block = 0; block < 12; block++) {
        add_layer(net, (int[5]){2304, 768});
        add_layer(net, (int[5]){768, 768});
        add_layer(net, (int[5]){3072, 768});
        add_layer(net, (int[5]){768, 3072});
    }
    add_layer(net, (int[5]){1000, 768});
}

/* ERK of the paper's nets: parameters, and at each sparsity the layers that are full and the
 * smallest density, with three digits. Worked out elsewhere. */
START_TEST(known_nets_have_known_densities)
{
    static const struct {
        int net;
        size_t total;
        int full[7];
        double smallest[7];
    } want[] = {
        {0, 21311168, {32, 31, 20, 20, 20, 19, 12}, {.819, .642, .491, .411, .331, .253, .185}},
        {1, 25502912, {51, 45, 43, 34, 32, 29, 16}, {.640, .389, .252, .173, .133, .095, .068}},
        {2, 0, {51, 51, 45, 45, 41, 38, 31}, {.782, .563, .421, .312, .209, .116, .055}},
        {3, 86292480, {13, 13, 12, 0, 0, 0, 0}, {.732, .642, .552, .470, .392, .313, .235}},
    };
    for (int tenth = 1; tenth <= 7; tenth++) {
        Net net = {0};
        for (size_t i = 0; _i == 0 && i < sizeof resnet34 / sizeof resnet34[0]; i++)
            add_layer(&net, resnet34[i]);
        if (_i == 1 || _i == 2)
            bottlenecks(&net, _i + 1, _i == 1 ? 1000 : 101);
        if (_i == 3)
            transformer(&net);
        ck_assert_int_eq(net.n, _i == 0 ? 37 : _i == 3 ? 50 : 54);
        ck_assert(want[_i].total == 0 || net.total == want[_i].total);
        spread(&net, COP_DENSITY_ERK, 1 - tenth / 10.0);
        int full = 0;
        double smallest = 1;
        for (int i = 0; i < net.n; i++) {
            full += net.d[i] == 1;
            smallest = fmin(smallest, net.d[i]);
        }
        ck_assert_msg(full == want[_i].full[tenth - 1], "net %d at %d: %d full", _i, tenth, full);
        ck_assert_msg(fabs(smallest - want[_i].smallest[tenth - 1]) <= 0.0006, "net %d at %d: %g",
                      _i, tenth, smallest);
        ck_assert_uint_eq(sum_counts(&net), (size_t)round((1 - tenth / 10.0) * (double)net.total));
    }
}
END_TEST

/* VGG16 on 32x32: known multiply-adds, and a share of them that comes out exactly, under
 * every rule, whatever is full. */
START_TEST(multiply_adds_are_shared_out)
{
    static const int sides[14] = {32, 32, 16, 16, 8, 8, 8, 4, 4, 4, 2, 2, 2, 1};
    for (int init = COP_DENSITY_UNIFORM; init <= COP_DENSITY_ERK; init++)
        for (int tenth = 1; tenth <= 10; tenth++) {
            Net net = {0};
            double all = 0, active = 0;
            CopError err = {0};
            for (int i = 0; i < 14; i++) {
                add_layer(&net, vgg16[i]);
                net.param[i].positions = sides[i] * sides[i];
                all += (double)net.param[i].numel * net.param[i].positions;
            }
            ck_assert(all == 313201664);
            ck_assert_int_eq(cop_density_layers_flops((CopDensityInit)init, tenth / 10.0,
                                                      net.weights, net.n, net.d, &err),
                             COP_OK);
            for (int i = 0; i < net.n; i++) {
                ck_assert(net.d[i] > 0 && net.d[i] <= 1);
                active += net.d[i] * (double)net.param[i].numel * net.param[i].positions;
            }
            ck_assert(fabs(active / all - tenth / 10.0) < 1e-12);
        }
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
    tcase_add_loop_test(tcase, known_nets_have_known_densities, 0, 4);
    tcase_add_test(tcase, multiply_adds_are_shared_out);
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
