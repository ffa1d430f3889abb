/* How density runs over time: constant, falling to its final value, or bounded, as each
 * method says, to the weight.
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#include <gst/check/check.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "models/core/mask.h"
#include "tests/sparse_help.h"

static SparseRun run;
static CopError err;

static bool is_weight(int i)
{
    return sparse_rows[i].role == COP_PARAM_WEIGHT;
}

static size_t all_weights(void)
{
    size_t n = 0;
    for (int i = 0; i < SPARSE_PARAMS; i++)
        n += is_weight(i) ? run.param[i].numel : 0;
    return n;
}

/* Weights that ERK gives each masked layer, from the rule alone. */
static void shares(double density, size_t nnz[SPARSE_PARAMS])
{
    const CopParam *weights[SPARSE_PARAMS];
    size_t counts[SPARSE_PARAMS];
    double d[SPARSE_PARAMS];
    int n = 0;
    for (int i = 0; i < SPARSE_PARAMS; i++)
        if (is_weight(i))
            weights[n++] = &run.param[i];
    ck_assert_int_eq(cop_density_layers(COP_DENSITY_ERK, density, weights, n, d, &err), COP_OK);
    ck_assert_int_eq(cop_density_counts(density, weights, n, d, counts, &err), COP_OK);
    for (int i = 0, k = 0; i < SPARSE_PARAMS; i++)
        nnz[i] = is_weight(i) ? counts[k++] : 0;
}

static double cubic(double initial, double final, double u)
{
    return final + (initial - final) * pow(1 - u, 3);
}

/* Every method ends at its density, to the weight, whatever it does on the way. */
START_TEST(all_end_at_their_density)
{
    const CopSparseDesc *desc = cop_sparse_registry[_i];
    static const double densities[] = {0.1, 0.5, 0.7, 0.9};
    for (int k = 0; k < 4 * 3 && desc->flags & COP_SPARSE_MASKED; k++) {
        CopSparseOptions options = sparse_options(desc->name);
        options.density = densities[k % 4];
        options.mest_mode = k / 4;
        options.stop = k / 4 == 1 ? 1 : 0.75;
        sparse_start(&run, options, 3);
        size_t peak = 0;
        for (uint64_t step = 1; step <= SPARSE_STEPS; step++) {
            sparse_train(&run, step, step);
            peak = sparse_active(&run) > peak ? sparse_active(&run) : peak;
        }
        const size_t want = (size_t)round(options.density * (double)all_weights());
        ck_assert_uint_eq(sparse_active(&run), want);
        ck_assert(cop_sparse_density(run.sparse) == (double)want / (double)all_weights());
        ck_assert(cop_sparse_planned_density(run.sparse, SPARSE_STEPS) == options.density);
        const bool bounded = desc->most && options.mest_mode != COP_MEST_EM;
        const double most =
            fmax(desc->initial_density, options.density * (bounded ? 1 + options.soft_bound : 1));
        ck_assert((double)peak <= most * (double)all_weights() + 0.5);
        sparse_finish(&run);
    }
}
END_TEST

/* --- granet ------------------------------------------------------------------------ */

typedef struct Place {
    float magnitude;
    int layer;
    size_t index;
} Place;

static int by_size(const void *a, const void *b)
{
    const Place *x = a, *y = b;
    if (x->magnitude != y->magnitude)
        return x->magnitude < y->magnitude ? -1 : 1;
    if (x->layer != y->layer)
        return x->layer < y->layer ? -1 : 1;
    return x->index < y->index ? -1 : x->index > y->index;
}

/* Weights that each layer keeps when all together keep `want`: the smallest by magnitude,
 * layer and index go, but for the largest of each layer. */
static void thin_by_sort(size_t want, size_t kept[SPARSE_PARAMS])
{
    static Place place[SPARSE_PARAMS * SPARSE_NUMEL_MAX];
    size_t n = 0, active = 0;
    for (int i = 0; i < SPARSE_PARAMS; i++) {
        const size_t first = n;
        kept[i] = 0;
        if (!is_weight(i))
            continue;
        for (size_t k = 0; k < run.param[i].numel; k++)
            if (cop_mask_get(run.before[i], k))
                place[n++] = (Place){fabsf(run.stepped[i][k]), i, k};
        kept[i] = n - first;
        active += kept[i];
        qsort(place + first, n - first, sizeof *place, by_size);
        n--;
    }
    qsort(place, n, sizeof *place, by_size);
    for (size_t k = 0; k < active - want; k++)
        kept[place[k].layer]--;
}

/* After each update as many weights as the cubic says, and in each layer as many as thinning
 * leaves there: what is replaced after it moves no count. */
START_TEST(granet_thins_all_layers_together)
{
    static const double densities[] = {0.004, 0.1, 0.3, 0.5}; /* of the first, layers keep one */
    CopSparseOptions options = sparse_options("granet");
    options.density = densities[_i % 4];
    options.growth = 1 + _i / 4;
    sparse_start(&run, options, 8);
    const double all = (double)all_weights();
    size_t active = sparse_active(&run), kept[SPARSE_PARAMS], least = SIZE_MAX;
    ck_assert_uint_eq(active, (size_t)round(0.8 * all));
    for (uint64_t step = 1; step <= SPARSE_STEPS; step++) {
        sparse_train(&run, step, step);
        ck_assert_uint_le(sparse_active(&run), active);
        active = sparse_active(&run);
        if (!cop_sparse_is_update(run.sparse, step))
            continue;
        /* The density is reached at half of the steps: in six updates. */
        const double u = fmin((double)(step / SPARSE_INTERVAL) / 6, 1);
        const double d = cubic(0.8, options.density, u);
        ck_assert(fabs(cop_sparse_planned_density(run.sparse, step) - d) < 1e-12);
        ck_assert_uint_eq(active, (size_t)round(d * all));
        thin_by_sort(active, kept);
        for (int i = 0; i < SPARSE_PARAMS; i++) {
            if (!is_weight(i))
                continue;
            ck_assert_uint_eq(run.param[i].nnz, kept[i]);
            least = kept[i] < least ? kept[i] : least;
        }
        ck_assert(options.density < 0.1 || (run.grown > 0) == (run.fraction > 0));
    }
    ck_assert((least == 1) == (options.density == 0.004));
    sparse_finish(&run);
}
END_TEST

/* A frozen layer, the largest and sparsest, has its final share from the start: the others fall
 * to theirs, and no further. */
START_TEST(granet_ends_at_its_density_beside_a_frozen_layer)
{
    enum { FROZEN = 2 };
    size_t nnz[SPARSE_PARAMS];
    sparse_start_frozen(&run, sparse_options("granet"), 8, FROZEN);
    shares(0.5, nnz);
    const size_t start = sparse_active(&run);
    for (uint64_t step = 1; step <= SPARSE_STEPS; step++) {
        sparse_train(&run, step, step);
        const double d = cop_sparse_planned_density(run.sparse, step);
        const size_t want = (size_t)round(d * (double)all_weights());
        ck_assert_uint_eq(sparse_active(&run), want < start ? want : start);
        ck_assert_uint_eq(run.param[FROZEN].nnz, nnz[FROZEN]);
    }
    ck_assert_uint_lt(sparse_active(&run), start);
    ck_assert(cop_sparse_planned_density(run.sparse, SPARSE_STEPS) == 0.5);
    sparse_finish(&run);
}
END_TEST

/* Above its initial density GraNet has nothing to thin out: it is RigL, or SET. */
START_TEST(granet_above_its_start_is_rigl_or_set)
{
    static SparseRun other;
    CopSparseOptions options = sparse_options("granet");
    options.density = 0.9;
    options.growth = 1 + _i;
    sparse_start(&run, options, 5);
    ck_assert(cop_sparse_notice(run.sparse) && strstr(cop_sparse_notice(run.sparse), "0.8"));
    options.method = sparse_options(_i == COP_GROW_GRADIENT ? "rigl" : "set").method;
    sparse_start(&other, options, 5);
    ck_assert(!cop_sparse_notice(other.sparse));
    sparse_train(&run, 1, SPARSE_STEPS);
    sparse_train(&other, 1, SPARSE_STEPS);
    ck_assert(memcmp(run.hash, other.hash, sizeof run.hash) == 0);
    sparse_same_weights(&run, &other);
    sparse_finish(&run);
    sparse_finish(&other);
}
END_TEST

/* --- gradual, mest ------------------------------------------------------------------- */

/* Each layer by itself, from full to its share. */
START_TEST(gradual_thins_each_layer)
{
    size_t nnz[SPARSE_PARAMS];
    sparse_start(&run, sparse_options("gradual"), 8);
    shares(0.5, nnz);
    ck_assert_uint_eq(sparse_active(&run), all_weights());
    for (uint64_t step = 1; step <= SPARSE_STEPS; step++) {
        sparse_train(&run, step, step);
        ck_assert_uint_eq(run.grown, 0);
        const double u = fmin((double)(step / SPARSE_INTERVAL) / 9, 1);
        for (int i = 0; i < SPARSE_PARAMS; i++)
            if (is_weight(i)) {
                const double want = cubic((double)run.param[i].numel, (double)nnz[i], u);
                ck_assert_uint_eq(run.param[i].nnz, (size_t)round(want));
            }
    }
    ck_assert(!cop_sparse_is_update(run.sparse, 50) && cop_sparse_explored(run.sparse) == 1);
    sparse_finish(&run);
}
END_TEST

/* What an update of a layer of K weights goes down to and up to, in each mode. */
START_TEST(mest_hits_both_counts)
{
    const int mode = _i % 3, decay = _i / 3;
    size_t nnz[SPARSE_PARAMS], before[SPARSE_PARAMS];
    CopSparseOptions options = sparse_options("mest");
    options.mest_mode = mode;
    options.bound_decay = decay;
    options.soft_bound = 0.2;
    sparse_start(&run, options, 8);
    shares(0.5, nnz);
    for (uint64_t step = 1; step <= SPARSE_STEPS; step++) {
        for (int i = 0; i < SPARSE_PARAMS; i++)
            before[i] = run.param[i].nnz;
        sparse_train(&run, step, step);
        if (!cop_sparse_is_update(run.sparse, step))
            continue;
        const bool last = step == 45;
        const double bound = decay == COP_BOUND_CONSTANT || step < 34 ? 0.2 : step < 45 ? 0.1 : 0;
        size_t dropped = 0;
        for (int i = 0; i < SPARSE_PARAMS; i++) {
            const size_t full = run.param[i].numel, k = nnz[i];
            if (!is_weight(i) || k == full)
                continue;
            size_t low = k, high = k;
            if (mode != COP_MEST_EMS && !last)
                low -= (size_t)(run.fraction * (double)k);
            if (mode != COP_MEST_EM && !last)
                high += (size_t)(bound * (double)k);
            if (before[i] < full || high < full) /* nothing could grow but what was dropped */
                dropped += before[i] - low;
            ck_assert_uint_eq(run.param[i].nnz, high < full ? high : full);
        }
        ck_assert_uint_eq(run.dropped, dropped);
    }
    ck_assert_uint_eq(sparse_active(&run), (size_t)round(0.5 * (double)all_weights()));
    sparse_finish(&run);
}
END_TEST

/* The last update only prunes: it asks for no gradients. */
START_TEST(mest_grows_nothing_last)
{
    CopSparseOptions options = sparse_options("mest");
    options.growth = 1 + COP_GROW_GRADIENT;
    sparse_start(&run, options, 8);
    sparse_train(&run, 1, 44);
    ck_assert(cop_sparse_is_update(run.sparse, 45) && !cop_sparse_is_update(run.sparse, 50));
    for (int i = 0; i < SPARSE_PARAMS; i++)
        ck_assert(!cop_sparse_wants_gradient(run.sparse, 45, i));
    sparse_train(&run, 45, 45);
    ck_assert(run.grown == 0 && run.dropped > 0);
    sparse_finish(&run);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("densities over time");
    TCase *tests = tcase_create("densities");
    suite_add_tcase(suite, tests);
    tcase_set_timeout(tests, 240);
    tcase_add_loop_test(tests, all_end_at_their_density, 0, sparse_methods());
    tcase_add_loop_test(tests, granet_thins_all_layers_together, 0, 8);
    tcase_add_test(tests, granet_ends_at_its_density_beside_a_frozen_layer);
    tcase_add_loop_test(tests, granet_above_its_start_is_rigl_or_set, 0, 2);
    tcase_add_test(tests, gradual_thins_each_layer);
    tcase_add_loop_test(tests, mest_hits_both_counts, 0, 6);
    tcase_add_test(tests, mest_grows_nothing_last);
    SRunner *runner = srunner_create(suite);
    srunner_run_all(runner, CK_NORMAL);
    const int failures = srunner_ntests_failed(runner);
    srunner_free(runner);
    return failures ? 1 : 0;
}
