/* What every sparse-training method promises, on convolutions and linear layers. What an
 * update may do to a mask and to weights is checked by tests/sparse_help.c in each step.
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#include <gst/check/check.h>
#include <math.h>
#include <string.h>

#include "models/core/mask.h"
#include "tests/sparse_help.h"

/* Too large for the stack; each test runs in a process of its own. */
static SparseRun runs[2];
static CopError err;

START_TEST(descriptors_are_whole)
{
    const CopSparseDesc *desc = cop_sparse_registry[_i];
    ck_assert(desc->name && desc->name[0] && desc->summary && desc->summary[0] && desc->reference);
    ck_assert_ptr_eq(cop_sparse_find(desc->name), desc); /* names are unique */
    const bool updates = desc->flags & COP_SPARSE_UPDATES;
    const bool scheduled = desc->flags & COP_SPARSE_SCHEDULED;
    ck_assert(updates == (desc->plan_update != NULL));
    ck_assert(!updates || desc->flags & COP_SPARSE_MASKED);
    ck_assert(!(desc->flags & COP_SPARSE_DENSE_GRADIENT) || desc->growth == COP_GROW_GRADIENT);
    ck_assert(!(desc->flags & COP_SPARSE_GLOBAL) || scheduled);
    ck_assert(scheduled == (desc->initial_density > 0));
    ck_assert((scheduled || desc->flags & COP_SPARSE_ENDS) == (desc->final_step > 0));
    ck_assert(!cop_sparse_find("no such method"));
}
END_TEST

/* Densities and counts by the rule alone, for the layers that `init` masks. */
static int expect(const SparseRun *run, int init, double density, const CopParam **weights,
                  size_t *nnz)
{
    double d[SPARSE_PARAMS];
    int n = 0;
    for (int i = 0; i < SPARSE_PARAMS; i++) {
        const bool dense = init == COP_DENSITY_UNIFORM && (i == 0 || sparse_rows[i].groups > 1);
        if (sparse_rows[i].role == COP_PARAM_WEIGHT && !dense)
            weights[n++] = &run->param[i];
    }
    ck_assert_int_eq(cop_density_layers((CopDensityInit)init, density, weights, n, d, &err),
                     COP_OK);
    ck_assert_int_eq(cop_density_counts(density, weights, n, d, nnz, &err), COP_OK);
    for (int i = 0; i < n; i++)
        ck_assert(d[i] <= 1 && (d[i] < 1 || nnz[i] == weights[i]->numel));
    return n;
}

START_TEST(initial_counts_are_exact)
{
    const CopSparseDesc *desc = cop_sparse_registry[_i];
    static const double densities[] = {0.05, 0.1, 0.2, 0.3, 0.5, 0.77, 0.9, 1};
    for (int init = COP_DENSITY_UNIFORM; init <= COP_DENSITY_ERK; init++)
        for (size_t k = 0; k < sizeof densities / sizeof densities[0]; k++) {
            CopSparseOptions options = sparse_options(desc->name);
            options.density = densities[k];
            options.init = init;
            SparseRun *run = &runs[0];
            sparse_start(run, options, 1);
            const CopParam *weights[SPARSE_PARAMS];
            size_t nnz[SPARSE_PARAMS], active = 0, all = 0;
            const double initial = fmax(densities[k], desc->initial_density);
            const bool masked = desc->flags & COP_SPARSE_MASKED;
            const int n = masked ? expect(run, init, initial, weights, nnz) : 0;
            for (int i = 0, layer = 0; i < SPARSE_PARAMS; i++) {
                const CopParam *param = &run->param[i];
                const bool counts = layer < n && weights[layer] == param;
                ck_assert_uint_eq(param->nnz, counts ? nnz[layer] : param->numel);
                /* A full layer has a mask only where a schedule may thin it out. */
                ck_assert(param->mask || param->nnz == param->numel);
                ck_assert(!param->mask || param->nnz < param->numel || initial > densities[k]);
                ck_assert((cop_sparse_fired(run->sparse, i) == NULL) == (param->mask == NULL));
                ck_assert(param->capacity >= param->nnz && param->capacity <= param->numel);
                if (param->mask)
                    ck_assert_uint_eq(cop_mask_count(param->mask, param->numel), param->nnz);
                active += counts ? param->nnz : 0;
                all += counts ? param->numel : 0;
                layer += counts;
            }
            ck_assert_uint_eq(active, (size_t)round(initial * (double)all));
            const double density = all ? (double)active / (double)all : 1;
            ck_assert(cop_sparse_density(run->sparse) == density);
            ck_assert(cop_sparse_explored(run->sparse) == density);
            sparse_finish(run);
        }
}
END_TEST

static CopSparseOptions combination(const CopSparseDesc *desc, int which)
{
    CopSparseOptions options = sparse_options(desc->name);
    options.growth = which % 3;
    options.prune = which / 3 % 3;
    options.regrow = which / 9;
    options.density = which % 2 ? 0.3 : 0.8; /* the latter has little room to grow */
    options.drop_decay = which % 4 % 3;
    options.grow_init = which % 5 == 4 ? 0.25 : 0;
    options.mest_mode = which % 3;
    options.mest_lambda = which % 7 == 1 ? 0.5 : 0;
    options.drop_round = which % 2;
    if (desc->flags & COP_SPARSE_ONE_SIDED && options.prune == 1 + COP_PRUNE_TWO_SIDED)
        options.prune = 0;
    return options;
}

/* Every combination of growth, prune, regrow, decay and initial value. */
START_TEST(training_keeps_every_invariant)
{
    const CopSparseDesc *desc = cop_sparse_registry[_i];
    const bool updates = desc->flags & COP_SPARSE_UPDATES;
    for (int which = 0; which < 3 * 3 * 2; which++) {
        SparseRun *run = &runs[0];
        sparse_start(run, combination(desc, which), 7);
        const double density = cop_sparse_density(run->sparse);
        double explored = cop_sparse_explored(run->sparse);
        double open = cop_sparse_explored_open(run->sparse);
        ck_assert(explored == density && open <= explored);
        for (uint64_t step = 1; step <= SPARSE_STEPS; step++) {
            run->events = 0;
            sparse_train(run, step, step);
            const bool due = updates && step % SPARSE_INTERVAL == 0 && step <= 45;
            ck_assert(cop_sparse_is_update(run->sparse, step) == due);
            ck_assert_int_eq(run->events, due ? SPARSE_MASKABLE : 0); /* full ones included */
            if (!due)
                ck_assert(run->hash[step] == run->hash[step - 1]);
            for (int i = 0; i < SPARSE_PARAMS; i++)
                ck_assert(!run->gave[i] || (due && sparse_growth(run) == COP_GROW_GRADIENT));
            const double now = cop_sparse_explored(run->sparse);
            ck_assert(now >= explored && now <= 1);
            ck_assert(cop_sparse_density(run->sparse) == density || !sparse_is_constant(run));
            explored = now;
        }
        ck_assert(updates == (run->hash[SPARSE_STEPS] != run->hash[0]));
        const bool grows = updates && desc != cop_sparse_find("gradual");
        ck_assert(grows == (explored > density));
        ck_assert(cop_sparse_explored_open(run->sparse) >= open);
        sparse_finish(run);
    }
}
END_TEST

START_TEST(the_seed_decides_the_masks)
{
    const CopSparseDesc *desc = cop_sparse_registry[_i];
    sparse_start(&runs[0], sparse_options(desc->name), 21);
    sparse_start(&runs[1], sparse_options(desc->name), 21);
    sparse_train(&runs[0], 1, SPARSE_STEPS);
    sparse_train(&runs[1], 1, SPARSE_STEPS);
    ck_assert(memcmp(runs[0].hash, runs[1].hash, sizeof runs[0].hash) == 0);
    ck_assert(cop_sparse_hash(runs[0].sparse) == cop_sparse_hash(runs[1].sparse));
    sparse_same_weights(&runs[0], &runs[1]);
    sparse_finish(&runs[1]);
    sparse_start(&runs[1], sparse_options(desc->name), 22);
    /* A full mask is the same for every seed. */
    const bool drawn = desc->flags & COP_SPARSE_MASKED && cop_sparse_density(runs[1].sparse) < 1;
    ck_assert(drawn == (runs[0].hash[0] != runs[1].hash[0]));
    sparse_finish(&runs[0]);
    sparse_finish(&runs[1]);
}
END_TEST

/* From equal masks and weights: what is drawn depends on seed and layer, what the
 * gradient says does not. */
START_TEST(growth_draws_depend_on_seed_and_layer)
{
    enum { PROJ = 4, TWIN = 7 };
    const CopSparseDesc *desc = cop_sparse_registry[_i];
    if (!(desc->flags & COP_SPARSE_UPDATES) || desc == cop_sparse_find("gradual"))
        return;
    static uint64_t mask[SPARSE_WORDS_MAX];
    static float value[SPARSE_NUMEL_MAX], gradient[SPARSE_NUMEL_MAX];
    CopSparseOptions options = sparse_options(desc->name);
    options.density = options.initial_density = 0.1; /* neither layer full */
    for (int seed = 1; seed <= 2; seed++) {
        SparseRun *run = &runs[seed - 1];
        sparse_start(run, options, (uint64_t)seed);
        if (seed == 1) {
            memcpy(mask, run->mask[PROJ], sizeof mask);
            memcpy(value, run->value[PROJ], sizeof value);
            memcpy(gradient, run->w[0], sizeof gradient);
        }
        for (int i = PROJ; i <= TWIN; i += TWIN - PROJ) {
            memcpy(run->mask[i], mask, sizeof mask);
            memcpy(run->value[i], value, sizeof value);
            memcpy(run->g[i], gradient, sizeof gradient);
            ck_assert_uint_eq(run->param[i].nnz, cop_mask_count(mask, 24 * 16));
        }
        for (int i = 0; i < SPARSE_PARAMS; i++)
            ck_assert_int_eq(
                cop_sparse_give_gradient(run->sparse, SPARSE_INTERVAL, i, run->g[i], &err), COP_OK);
        ck_assert_int_eq(cop_sparse_update(run->sparse, SPARSE_INTERVAL, NULL, NULL, &err), COP_OK);
    }
    ck_assert(memcmp(runs[0].mask[PROJ], mask, sizeof mask) != 0);
    const bool drawn = sparse_growth(&runs[0]) == COP_GROW_RANDOM;
    const size_t size = sizeof runs[0].mask[PROJ];
    ck_assert(drawn == (memcmp(runs[0].mask[PROJ], runs[0].mask[TWIN], size) != 0));
    ck_assert(drawn == (memcmp(runs[0].mask[PROJ], runs[1].mask[PROJ], size) != 0));
    sparse_finish(&runs[0]);
    sparse_finish(&runs[1]);
}
END_TEST

/* A checkpoint between an update's gradient and the next holds values, states,
 * masks and what was ever active; nothing else may matter. */
START_TEST(a_resumed_run_continues_alike)
{
    const CopSparseDesc *desc = cop_sparse_registry[_i];
    sparse_start(&runs[0], sparse_options(desc->name), 33);
    sparse_train(&runs[0], 1, 23);
    sparse_start(&runs[1], sparse_options(desc->name), 33);
    for (int i = 0; i < SPARSE_PARAMS; i++) {
        runs[1].param[i].nnz = runs[0].param[i].nnz;
        if (cop_sparse_fired(runs[0].sparse, i))
            memcpy(cop_sparse_fired(runs[1].sparse, i), cop_sparse_fired(runs[0].sparse, i),
                   cop_mask_words(runs[0].param[i].numel) * sizeof(uint64_t));
    }
    memcpy(runs[1].mask, runs[0].mask, sizeof runs[0].mask);
    memcpy(runs[1].value, runs[0].value, sizeof runs[0].value);
    memcpy(runs[1].state, runs[0].state, sizeof runs[0].state);
    memcpy(runs[1].w, runs[0].w, sizeof runs[0].w);
    memcpy(runs[1].v, runs[0].v, sizeof runs[0].v);
    memcpy(runs[1].u, runs[0].u, sizeof runs[0].u);
    sparse_train(&runs[0], 24, SPARSE_STEPS);
    sparse_train(&runs[1], 24, SPARSE_STEPS);
    ck_assert(
        memcmp(&runs[0].hash[24], &runs[1].hash[24], (SPARSE_STEPS - 23) * sizeof(uint64_t)) == 0);
    sparse_same_weights(&runs[0], &runs[1]);
    ck_assert(cop_sparse_explored(runs[0].sparse) == cop_sparse_explored(runs[1].sparse));
    sparse_finish(&runs[0]);
    sparse_finish(&runs[1]);
}
END_TEST

START_TEST(density_one_is_dense)
{
    CopSparseOptions options = sparse_options(cop_sparse_registry[_i]->name);
    options.density = 1;
    sparse_start(&runs[0], options, 5);
    sparse_start(&runs[1], sparse_options("dense"), 5);
    sparse_train(&runs[0], 1, SPARSE_STEPS);
    sparse_train(&runs[1], 1, SPARSE_STEPS);
    sparse_same_weights(&runs[0], &runs[1]);
    ck_assert(cop_sparse_explored(runs[0].sparse) == 1);
    for (int i = 0; i < SPARSE_PARAMS; i++)
        ck_assert(!runs[0].param[i].mask); /* not even a mask */
    sparse_finish(&runs[0]);
    sparse_finish(&runs[1]);
}
END_TEST

/* Where density stays: no schedule, no bound. */
START_TEST(drop_fraction_zero_is_static)
{
    const CopSparseDesc *desc = cop_sparse_registry[_i];
    if (!(desc->flags & COP_SPARSE_MASKED))
        return;
    CopSparseOptions options = sparse_options(desc->name);
    options.drop_fraction = options.soft_bound = 0; /* drop_min stays: it must not raise it */
    options.initial_density = options.density;
    sparse_start(&runs[0], options, 5);
    sparse_start(&runs[1], sparse_options("static"), 5);
    sparse_train(&runs[0], 1, SPARSE_STEPS);
    sparse_train(&runs[1], 1, SPARSE_STEPS);
    sparse_same_weights(&runs[0], &runs[1]);
    ck_assert(memcmp(runs[0].hash, runs[1].hash, sizeof runs[0].hash) == 0);
    sparse_finish(&runs[0]);
    sparse_finish(&runs[1]);
}
END_TEST

START_TEST(drop_fractions_never_rise)
{
    for (int decay = COP_DROP_CONSTANT; decay <= COP_DROP_LINEAR; decay++) {
        CopSparseOptions options = sparse_options(cop_sparse_registry[_i]->name);
        options.drop_decay = decay;
        sparse_start(&runs[0], options, 1);
        const bool updates = cop_sparse_method(runs[0].sparse)->flags & COP_SPARSE_UPDATES;
        double last = cop_sparse_drop_fraction(runs[0].sparse, 0);
        ck_assert(last == (updates ? 0.5 : 0));
        for (uint64_t step = 1; step <= SPARSE_STEPS; step++) {
            const double p = cop_sparse_drop_fraction(runs[0].sparse, step);
            ck_assert(p <= last && p >= 0);
            last = p;
        }
        sparse_finish(&runs[0]);
    }
}
END_TEST

/* Layers at density 1 do not move, whatever is drawn around them. */
START_TEST(full_layers_are_left_alone)
{
    const CopSparseDesc *desc = cop_sparse_registry[_i];
    CopSparseOptions options = sparse_options(desc->name);
    options.initial_density = options.density = 0.6;
    SparseRun *run = &runs[0];
    sparse_start(run, options, 3);
    int full = 0;
    for (int i = 0; i < SPARSE_PARAMS; i++)
        full += sparse_rows[i].role == COP_PARAM_WEIGHT && !run->param[i].mask;
    ck_assert_int_ge(full, 2);
    sparse_train(run, 1, SPARSE_STEPS);
    for (int i = 0; i < SPARSE_PARAMS; i++)
        ck_assert(run->param[i].mask || run->param[i].generation == 0);
    sparse_finish(run);
}
END_TEST

static void give_all(SparseRun *run, uint64_t step)
{
    for (int i = 0; i < SPARSE_PARAMS; i++)
        ck_assert_int_eq(cop_sparse_give_gradient(run->sparse, step, i, run->g[i], &err), COP_OK);
}

/* At the second update, which prunes in every method. */
START_TEST(failures_name_the_layer)
{
    enum { SECOND = 2 * SPARSE_INTERVAL };
    const CopSparseDesc *desc = cop_sparse_registry[_i];
    if (!(desc->flags & COP_SPARSE_UPDATES))
        return;
    SparseRun *run = &runs[0];
    sparse_start(run, sparse_options(desc->name), 1);
    const bool gradient = sparse_growth(run) == COP_GROW_GRADIENT;
    const char *name = sparse_rows[3].name;
    sparse_train(run, 1, SECOND - 1);
    run->g[3][7] = NAN;
    err = (CopError){0};
    ck_assert_int_eq(cop_sparse_give_gradient(run->sparse, SECOND, 3, run->g[3], &err),
                     gradient ? COP_ERR_ARG : COP_OK);
    ck_assert(!gradient || strstr(err.text, name));
    if (gradient) {
        err = (CopError){0};
        ck_assert_int_eq(cop_sparse_update(run->sparse, SECOND, NULL, NULL, &err), COP_ERR_ARG);
        ck_assert(strstr(err.text, "no gradient"));
    }
    err = (CopError){0};
    for (int i = 0; i < SPARSE_PARAMS; i++) /* for an update that never ran */
        ck_assert_int_eq(cop_sparse_give_gradient(run->sparse, SECOND, i, run->w[i], &err), COP_OK);
    ck_assert_int_eq(cop_sparse_update(run->sparse, SECOND + SPARSE_INTERVAL, NULL, NULL, &err),
                     gradient ? COP_ERR_ARG : COP_OK);
    sparse_finish(run);

    sparse_start(run, sparse_options(desc->name), 1);
    sparse_train(run, 1, SECOND - 1);
    give_all(run, SECOND);
    run->value[3][0] = INFINITY;
    err = (CopError){0};
    ck_assert_int_eq(cop_sparse_update(run->sparse, SECOND, NULL, NULL, &err), COP_ERR_ARG);
    ck_assert(strstr(err.text, name) && strstr(err.text, "finite"));
    sparse_finish(run);

    sparse_start(run, sparse_options(desc->name), 1);
    for (int i = 0; i < SPARSE_PARAMS; i++)
        run->param[i].mask = NULL;
    err = (CopError){0};
    ck_assert_int_eq(cop_sparse_update(run->sparse, SPARSE_INTERVAL, NULL, NULL, &err),
                     COP_ERR_ARG);
    ck_assert(strstr(err.text, ".weight: ") && strstr(err.text, "never applied"));
    sparse_finish(run);
}
END_TEST

/* Rounding may lift both products of a share: 0.82 of 350 and of 250 weights are 287 and 205, of
 * 600 491. Gradients of all that grow are kept. */
START_TEST(shares_of_signs_find_their_gradients)
{
    enum { LAYER = 3, NUMEL = 16 * 16 * 9 };
    static const struct {
        double fraction;
        size_t positive, negative;
        int round;
    } shares[] = {{0.82, 350, 250, 0}, {0.07, 100, 400, 1}};
    SparseRun *run = &runs[0];
    CopSparseOptions options = sparse_options("rigl");
    options.init = COP_DENSITY_UNIFORM;
    options.prune = 1 + COP_PRUNE_TWO_SIDED;
    options.drop_decay = COP_DROP_CONSTANT;
    options.drop_fraction = shares[_i].fraction;
    options.drop_round = shares[_i].round;
    options.density = (double)(shares[_i].positive + shares[_i].negative) / NUMEL;
    sparse_start(run, options, 1);
    ck_assert_uint_eq(run->param[LAYER].nnz, shares[_i].positive + shares[_i].negative);
    for (size_t k = 0; k < run->param[LAYER].nnz; k++)
        run->value[LAYER][k] = k < shares[_i].positive ? 1 : -1;
    give_all(run, SPARSE_INTERVAL);
    ck_assert_msg(cop_sparse_update(run->sparse, SPARSE_INTERVAL, NULL, NULL, &err) == COP_OK, "%s",
                  err.text);
    sparse_finish(run);
}
END_TEST

/* Two batches a step, of 3 and of 5 clips: growth ranks the mean that the optimiser sees. */
START_TEST(batches_of_a_step_add_up)
{
    const CopSparseDesc *desc = cop_sparse_registry[_i];
    static float half[2][SPARSE_NUMEL_MAX], mean[SPARSE_NUMEL_MAX];
    CopSparseOptions options = sparse_options(desc->name);
    options.growth = 1 + COP_GROW_GRADIENT;
    for (int r = 0; r < 2; r++) {
        sparse_start(&runs[r], options, 9);
        sparse_train(&runs[r], 1, 2 * SPARSE_INTERVAL - 1);
    }
    const uint64_t step = 2 * SPARSE_INTERVAL;
    for (int i = 0; i < SPARSE_PARAMS; i++) {
        for (size_t k = 0; k < SPARSE_NUMEL_MAX; k++) {
            half[0][k] = runs[0].g[i][k];
            half[1][k] = -0.7f * runs[0].g[i][SPARSE_NUMEL_MAX - 1 - k];
            const float first = 3 * half[0][k], second = 5 * half[1][k];
            mean[k] = 0.125f * (first + second);
        }
        cop_param_gather(&runs[0].param[i], mean, runs[0].param[i].grad);
        cop_param_gather(&runs[1].param[i], mean, runs[1].param[i].grad);
        for (int h = 0; h < 2; h++)
            ck_assert_int_eq(
                cop_sparse_add_gradient(runs[0].sparse, step, i, half[h], h ? 5.0f : 3.0f, &err),
                COP_OK);
        ck_assert_int_eq(cop_sparse_give_gradient(runs[1].sparse, step, i, mean, &err), COP_OK);
    }
    ck_assert_int_eq(cop_sparse_take_gradients(runs[0].sparse, step, 0.125f, &err), COP_OK);
    for (int r = 0; r < 2; r++)
        ck_assert_int_eq(cop_sparse_update(runs[r].sparse, step, NULL, NULL, &err), COP_OK);
    ck_assert(cop_sparse_hash(runs[0].sparse) == cop_sparse_hash(runs[1].sparse));
    sparse_same_weights(&runs[0], &runs[1]);
    sparse_finish(&runs[0]);
    sparse_finish(&runs[1]);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("sparse methods");
    TCase *methods = tcase_create("methods");
    const int n = sparse_methods();
    suite_add_tcase(suite, methods);
    tcase_set_timeout(methods, 240);
    tcase_add_loop_test(methods, descriptors_are_whole, 0, n);
    tcase_add_loop_test(methods, initial_counts_are_exact, 0, n);
    tcase_add_loop_test(methods, training_keeps_every_invariant, 0, n);
    tcase_add_loop_test(methods, the_seed_decides_the_masks, 0, n);
    tcase_add_loop_test(methods, growth_draws_depend_on_seed_and_layer, 0, n);
    tcase_add_loop_test(methods, a_resumed_run_continues_alike, 0, n);
    tcase_add_loop_test(methods, density_one_is_dense, 0, n);
    tcase_add_loop_test(methods, drop_fraction_zero_is_static, 0, n);
    tcase_add_loop_test(methods, drop_fractions_never_rise, 0, n);
    tcase_add_loop_test(methods, full_layers_are_left_alone, 0, n);
    tcase_add_loop_test(methods, failures_name_the_layer, 0, n);
    tcase_add_loop_test(methods, shares_of_signs_find_their_gradients, 0, 2);
    tcase_add_loop_test(methods, batches_of_a_step_add_up, 0, n);
    SRunner *runner = srunner_create(suite);
    srunner_run_all(runner, CK_NORMAL);
    const int failures = srunner_ntests_failed(runner);
    srunner_free(runner);
    return failures ? 1 : 0;
}
