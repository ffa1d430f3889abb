/* What every sparse-training method promises, on a net of convolutions and
 * linear layers whose gradients are random numbers.
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#include <gst/check/check.h>
#include <math.h>
#include <stdio.h>
#include <string.h>

#include "models/core/mask.h"
#include "models/core/rng.h"
#include "models/sparsity/sparse.h"

enum { PARAMS = 8, NUMEL_MAX = 3456, WORDS_MAX = 54, STEPS = 60, INTERVAL = 5 };

static const struct {
    const char *name;
    int rank, shape[COP_RANK_MAX];
    CopParamRole role;
} rows[PARAMS] = {
    {"stem.0.weight", 5, {8, 3, 3, 3, 3}, COP_PARAM_WEIGHT},
    {"stem.1.weight", 1, {8}, COP_PARAM_SCALE},
    {"layer1.0.conv1.weight", 5, {16, 8, 3, 3, 3}, COP_PARAM_WEIGHT},
    {"layer1.0.conv2.weight", 4, {16, 16, 3, 3}, COP_PARAM_WEIGHT},
    {"layer1.0.proj.weight", 2, {24, 16}, COP_PARAM_WEIGHT},
    {"fc.weight", 2, {5, 16}, COP_PARAM_WEIGHT},
    {"fc.bias", 1, {5}, COP_PARAM_BIAS},
    {"layer1.0.twin.weight", 2, {24, 16}, COP_PARAM_WEIGHT}, /* shape of proj */
};

/* One run. `w` and `v` are what a dense optimiser with a mask multiplied in would
 * hold; the parameters must agree with them bit for bit. */
typedef struct Run {
    CopSparseOptions options;
    CopSparse *sparse;
    CopParam param[PARAMS], *params[PARAMS];
    uint64_t mask[PARAMS][WORDS_MAX];
    float value[PARAMS][NUMEL_MAX], grad[PARAMS][NUMEL_MAX], state[PARAMS][NUMEL_MAX];
    float w[PARAMS][NUMEL_MAX], v[PARAMS][NUMEL_MAX], g[PARAMS][NUMEL_MAX];
    uint64_t before[PARAMS][WORDS_MAX];
    uint64_t hash[STEPS + 1]; /* of all masks after each step */
    double fraction;          /* drop fraction of the step */
    int events;
    bool gave[PARAMS];
} Run;

/* Too large for the stack; each test runs in a process of its own. */
static Run runs[2];
static CopError err;

static CopSparseOptions make_options(const char *method)
{
    static char names[8][16];
    static int next;
    char *name = names[next++ % 8];
    snprintf(name, sizeof names[0], "%s", method);
    return (CopSparseOptions){.method = name,
                              .density = 0.5,
                              .init = COP_DENSITY_ERK,
                              .interval = INTERVAL,
                              .drop_fraction = 0.5,
                              .drop_decay = COP_DROP_COSINE,
                              .drop_min = 0.005,
                              .stop = 0.75};
}

static void hash_masks(Run *run, uint64_t step)
{
    run->hash[step] = cop_fnv1a(run->mask, sizeof run->mask);
}

/* Makes the net, applies the masks and fills the weights, as a trainer would. */
static void start(Run *run, CopSparseOptions options, uint64_t seed)
{
    const CopRngKey key = cop_rng_key(4, "weights");
    memset(run, 0, sizeof *run);
    run->options = options;
    for (int i = 0; i < PARAMS; i++) {
        CopParam *param = run->params[i] = &run->param[i];
        *param = (CopParam){.name = rows[i].name, .rank = rows[i].rank, .role = rows[i].role};
        param->numel = 1;
        for (int k = 0; k < param->rank; k++)
            param->numel *= (size_t)(param->shape[k] = rows[i].shape[k]);
        param->nnz = param->numel;
        param->value = run->value[i];
        param->grad = run->grad[i];
        param->state[0] = run->state[i];
    }
    err = (CopError){0};
    ck_assert_msg(cop_sparse_create(&run->sparse, &run->options, run->params, PARAMS, seed, STEPS,
                                    &err) == COP_OK,
                  "%s: %s", options.method, err.text);
    static float scratch[NUMEL_MAX];
    for (int i = 0; i < PARAMS; i++) {
        CopParam *param = &run->param[i];
        param->capacity = cop_sparse_capacity(run->sparse, i);
        const uint64_t *mask = cop_sparse_mask(run->sparse, i);
        if (mask) {
            param->nnz = 0;
            param->mask = run->mask[i];
            cop_param_set_mask(param, mask, scratch);
        }
        for (size_t k = 0; k < param->numel; k++)
            if (!mask || cop_mask_get(mask, k))
                run->w[i][k] =
                    (float)cop_rng_normal(key, (uint32_t)k, (CopRngAddress){.clip = (uint32_t)i});
        cop_param_gather(param, run->w[i], param->value);
    }
    hash_masks(run, 0);
}

static void finish(Run *run)
{
    cop_sparse_destroy(&run->sparse);
    ck_assert(!run->sparse);
    cop_sparse_destroy(&run->sparse);
}

static CopGrowth growth_of(const Run *run)
{
    return run->options.growth ? (CopGrowth)(run->options.growth - 1)
                               : cop_sparse_method(run->sparse)->growth;
}

/* Growth by gradient: nothing that stayed out beats anything that came in. */
static void check_growth(const Run *run, int i)
{
    const CopParam *param = &run->param[i];
    float least = INFINITY, most = 0;
    for (size_t k = 0; k < param->numel; k++) {
        if (cop_mask_get(run->before[i], k))
            continue;
        const float g = fabsf(run->g[i][k]);
        if (cop_mask_get(param->mask, k))
            least = fminf(least, g);
        else
            most = fmaxf(most, g);
    }
    ck_assert(least >= most);
}

static void check_event(void *ctx, const CopSparseEvent *event)
{
    Run *run = ctx;
    const int i = event->layer;
    const CopParam *param = &run->param[i];
    const bool forbid = run->options.regrow == COP_REGROW_FORBID;
    run->events++;
    ck_assert_str_eq(event->name, param->name);
    ck_assert_uint_eq(event->nnz, param->nnz);
    ck_assert_uint_eq(event->numel, param->numel);
    ck_assert_uint_eq(event->dropped, event->grown);
    ck_assert(event->regrown <= event->grown && !(forbid && event->regrown));
    if (!param->mask) {
        ck_assert_uint_eq(event->dropped, 0);
        return;
    }
    ck_assert(event->explored <= param->numel &&
              event->explored >= param->nnz + event->dropped - event->regrown);
    ck_assert_uint_eq(event->explored,
                      cop_mask_count(cop_sparse_fired(run->sparse, i), param->numel));
    size_t lost = 0;
    for (size_t word = 0; word < cop_mask_words(param->numel); word++)
        lost += (size_t)__builtin_popcountll(run->before[i][word] & ~param->mask[word]);
    ck_assert_uint_eq(event->dropped - event->regrown, lost);
    const size_t nominal = (size_t)(run->fraction * (double)param->nnz);
    if (forbid && nominal > param->numel - param->nnz)
        ck_assert_uint_eq(event->dropped, param->numel - param->nnz);
    else if (run->options.prune == 1 + COP_PRUNE_TWO_SIDED) /* two floors */
        ck_assert(event->dropped <= nominal && event->dropped + 1 >= nominal);
    else
        ck_assert_uint_eq(event->dropped, nominal);
    if (growth_of(run) == COP_GROW_GRADIENT)
        check_growth(run, i);
}

/* Forward and backward are replaced by random gradients; then one step of SGD
 * with momentum on the active weights, and the topology update. */
static void train_step(Run *run, uint64_t step)
{
    const CopRngKey key = cop_rng_key(6, "gradients");
    const float lr = 0.05f, momentum = 0.9f;
    size_t nnz[PARAMS];
    unsigned generation[PARAMS];
    for (int i = 0; i < PARAMS; i++) {
        CopParam *param = &run->param[i];
        for (size_t k = 0; k < param->numel; k++)
            run->g[i][k] = (float)cop_rng_normal(
                key, (uint32_t)k, (CopRngAddress){.frame = (uint32_t)step, .clip = (uint32_t)i});
        cop_param_gather(param, run->g[i], param->grad);
        run->gave[i] = cop_sparse_wants_gradient(run->sparse, step, i);
        if (run->gave[i])
            ck_assert_int_eq(cop_sparse_give_gradient(run->sparse, step, i, run->g[i], &err),
                             COP_OK);
        for (size_t k = 0; k < param->nnz; k++) {
            param->state[0][k] = momentum * param->state[0][k] + param->grad[k];
            param->value[k] -= lr * param->state[0][k];
        }
        for (size_t k = 0; k < param->numel; k++) {
            if (param->mask && !cop_mask_get(param->mask, k))
                continue;
            run->v[i][k] = momentum * run->v[i][k] + run->g[i][k];
            run->w[i][k] -= lr * run->v[i][k];
        }
        nnz[i] = param->nnz;
        generation[i] = param->generation;
    }
    memcpy(run->before, run->mask, sizeof run->mask);
    run->fraction = cop_sparse_drop_fraction(run->sparse, step);
    ck_assert_msg(cop_sparse_update(run->sparse, step, check_event, run, &err) == COP_OK, "%s",
                  err.text);
    hash_masks(run, step);
    for (int i = 0; i < PARAMS; i++) {
        CopParam *param = &run->param[i];
        ck_assert_uint_eq(param->nnz, nnz[i]);
        ck_assert(param->generation == generation[i] || cop_sparse_is_update(run->sparse, step));
        static float out[NUMEL_MAX];
        for (size_t k = 0; k < param->numel && param->mask; k++)
            if (!cop_mask_get(param->mask, k))
                run->w[i][k] = run->v[i][k] = 0;
            else if (!cop_mask_get(run->before[i], k))
                run->w[i][k] = (float)run->options.grow_init;
        cop_param_scatter(param, param->value, out);
        ck_assert(memcmp(out, run->w[i], param->numel * sizeof *out) == 0);
        cop_param_scatter(param, param->state[0], out);
        ck_assert(memcmp(out, run->v[i], param->numel * sizeof *out) == 0);
    }
}

static void train(Run *run, uint64_t from, uint64_t to)
{
    for (uint64_t step = from; step <= to; step++)
        train_step(run, step);
}

static void check_same_weights(const Run *a, const Run *b)
{
    ck_assert(memcmp(a->w, b->w, sizeof a->w) == 0);
    ck_assert(memcmp(a->v, b->v, sizeof a->v) == 0);
    ck_assert(memcmp(a->value, b->value, sizeof a->value) == 0);
}

static int count_methods(void)
{
    int n = 0;
    while (cop_sparse_registry[n])
        n++;
    return n;
}

START_TEST(descriptors_are_whole)
{
    const CopSparseDesc *desc = cop_sparse_registry[_i];
    ck_assert(desc->name && desc->name[0] && desc->summary && desc->summary[0] && desc->reference);
    ck_assert_ptr_eq(cop_sparse_find(desc->name), desc); /* names are unique */
    const bool updates = desc->flags & COP_SPARSE_UPDATES;
    ck_assert(updates == (desc->plan_update != NULL));
    ck_assert(!updates || desc->flags & COP_SPARSE_MASKED);
    ck_assert(!(desc->flags & COP_SPARSE_DENSE_GRADIENT) || desc->growth == COP_GROW_GRADIENT);
    ck_assert(!cop_sparse_find("no such method"));
}
END_TEST

START_TEST(initial_counts_are_exact)
{
    const CopSparseDesc *desc = cop_sparse_registry[_i];
    static const double densities[] = {0.05, 0.1, 0.2, 0.3, 0.5, 0.77, 0.9, 1};
    for (int init = COP_DENSITY_UNIFORM; init <= COP_DENSITY_ERK; init++)
        for (size_t k = 0; k < sizeof densities / sizeof densities[0]; k++) {
            CopSparseOptions options = make_options(desc->name);
            options.density = densities[k];
            options.init = init;
            Run *run = &runs[0];
            start(run, options, 1);
            const CopParam *weights[PARAMS];
            double d[PARAMS];
            size_t nnz[PARAMS], total = 0, active = 0, all = 0;
            int n = 0;
            const int first = init == COP_DENSITY_UNIFORM ? 1 : 0; /* dense stem */
            for (int i = first; i < PARAMS && desc->flags & COP_SPARSE_MASKED; i++)
                if (rows[i].role == COP_PARAM_WEIGHT)
                    weights[n++] = &run->param[i];
            ck_assert_int_eq(
                cop_density_layers((CopDensityInit)init, densities[k], weights, n, d, &err),
                COP_OK);
            ck_assert_int_eq(cop_density_counts(densities[k], weights, n, d, nnz, &err), COP_OK);
            for (int i = 0, layer = 0; i < PARAMS; i++) {
                const CopParam *param = &run->param[i];
                const bool masked = layer < n && weights[layer] == param;
                ck_assert_uint_eq(param->nnz, masked ? nnz[layer] : param->numel);
                ck_assert((param->mask == NULL) == (param->nnz == param->numel));
                ck_assert((cop_sparse_fired(run->sparse, i) == NULL) == (param->mask == NULL));
                ck_assert(param->capacity >= param->nnz);
                if (param->mask)
                    ck_assert_uint_eq(cop_mask_count(param->mask, param->numel), param->nnz);
                active += masked ? param->nnz : 0;
                all += masked ? param->numel : 0;
                layer += masked;
            }
            total = (size_t)round(densities[k] * (double)all);
            ck_assert_uint_eq(active, total);
            const double density = all ? (double)total / (double)all : 1;
            ck_assert(cop_sparse_density(run->sparse) == density);
            ck_assert(cop_sparse_explored(run->sparse) == density);
            finish(run);
        }
}
END_TEST

/* Every combination of growth, prune, regrow, decay and initial value; the
 * checks are in train_step() and check_event(). */
START_TEST(training_keeps_every_invariant)
{
    const CopSparseDesc *desc = cop_sparse_registry[_i];
    const bool updates = desc->flags & COP_SPARSE_UPDATES;
    for (int which = 0; which < 3 * 3 * 2; which++) {
        CopSparseOptions options = make_options(desc->name);
        options.growth = which % 3;
        options.prune = which / 3 % 3;
        options.regrow = which / 9;
        options.density = which % 2 ? 0.3 : 0.8; /* the latter has little room to grow */
        options.drop_decay = which % 4 % 3;
        options.grow_init = which % 5 == 4 ? 0.25 : 0;
        Run *run = &runs[0];
        start(run, options, 7);
        const double density = cop_sparse_density(run->sparse);
        double explored = cop_sparse_explored(run->sparse);
        ck_assert(explored == density);
        for (uint64_t step = 1; step <= STEPS; step++) {
            run->events = 0;
            train_step(run, step);
            const bool due = updates && step % INTERVAL == 0 && step <= 45;
            ck_assert(cop_sparse_is_update(run->sparse, step) == due);
            ck_assert_int_eq(run->events, due ? 6 : 0); /* masked layers, full ones included */
            if (!due)
                ck_assert(run->hash[step] == run->hash[step - 1]);
            for (int i = 0; i < PARAMS; i++)
                ck_assert(!run->gave[i] || growth_of(run) == COP_GROW_GRADIENT);
            const double now = cop_sparse_explored(run->sparse);
            ck_assert(now >= explored && now <= 1);
            ck_assert(cop_sparse_density(run->sparse) == density);
            explored = now;
        }
        ck_assert(updates == (run->hash[STEPS] != run->hash[0]));
        ck_assert(updates == (explored > density));
        finish(run);
    }
}
END_TEST

START_TEST(the_seed_decides_the_masks)
{
    const CopSparseDesc *desc = cop_sparse_registry[_i];
    start(&runs[0], make_options(desc->name), 21);
    start(&runs[1], make_options(desc->name), 21);
    train(&runs[0], 1, STEPS);
    train(&runs[1], 1, STEPS);
    ck_assert(memcmp(runs[0].hash, runs[1].hash, sizeof runs[0].hash) == 0);
    check_same_weights(&runs[0], &runs[1]);
    finish(&runs[1]);
    start(&runs[1], make_options(desc->name), 22);
    const bool masked = desc->flags & COP_SPARSE_MASKED;
    ck_assert(masked == (runs[0].hash[0] != runs[1].hash[0]));
    finish(&runs[0]);
    finish(&runs[1]);
}
END_TEST

/* From equal masks and weights: what is drawn depends on seed and layer, what the
 * gradient says does not. */
START_TEST(growth_draws_depend_on_seed_and_layer)
{
    enum { PROJ = 4, TWIN = 7 };
    const CopSparseDesc *desc = cop_sparse_registry[_i];
    if (!(desc->flags & COP_SPARSE_UPDATES))
        return;
    static uint64_t mask[WORDS_MAX];
    static float value[NUMEL_MAX], gradient[NUMEL_MAX];
    CopSparseOptions options = make_options(desc->name);
    options.density = 0.1; /* neither layer full */
    for (int seed = 1; seed <= 2; seed++) {
        Run *run = &runs[seed - 1];
        start(run, options, (uint64_t)seed);
        if (seed == 1) {
            memcpy(mask, run->mask[PROJ], sizeof mask);
            memcpy(value, run->value[PROJ], sizeof value);
            memcpy(gradient, run->w[0], sizeof gradient);
        }
        for (int i = PROJ; i <= TWIN; i += TWIN - PROJ) {
            memcpy(run->mask[i], mask, sizeof mask);
            memcpy(run->value[i], value, sizeof value);
            memcpy(run->g[i], gradient, sizeof gradient);
            run->param[i].nnz = run->param[i].capacity = cop_mask_count(mask, 24 * 16);
        }
        for (int i = 0; i < PARAMS; i++)
            ck_assert_int_eq(cop_sparse_give_gradient(run->sparse, INTERVAL, i, run->g[i], &err),
                             COP_OK);
        ck_assert_int_eq(cop_sparse_update(run->sparse, INTERVAL, NULL, NULL, &err), COP_OK);
    }
    ck_assert(memcmp(runs[0].mask[PROJ], mask, sizeof mask) != 0);
    const bool drawn = growth_of(&runs[0]) == COP_GROW_RANDOM;
    const size_t size = sizeof runs[0].mask[PROJ];
    ck_assert(drawn == (memcmp(runs[0].mask[PROJ], runs[0].mask[TWIN], size) != 0));
    ck_assert(drawn == (memcmp(runs[0].mask[PROJ], runs[1].mask[PROJ], size) != 0));
    finish(&runs[0]);
    finish(&runs[1]);
}
END_TEST

/* A checkpoint between an update's gradient and the next holds values, states,
 * masks and what was ever active; nothing else may matter. */
START_TEST(a_resumed_run_continues_alike)
{
    const CopSparseDesc *desc = cop_sparse_registry[_i];
    start(&runs[0], make_options(desc->name), 33);
    train(&runs[0], 1, 23);
    start(&runs[1], make_options(desc->name), 33);
    for (int i = 0; i < PARAMS; i++) {
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
    train(&runs[0], 24, STEPS);
    train(&runs[1], 24, STEPS);
    ck_assert(memcmp(&runs[0].hash[24], &runs[1].hash[24], (STEPS - 23) * sizeof(uint64_t)) == 0);
    check_same_weights(&runs[0], &runs[1]);
    ck_assert(cop_sparse_explored(runs[0].sparse) == cop_sparse_explored(runs[1].sparse));
    finish(&runs[0]);
    finish(&runs[1]);
}
END_TEST

START_TEST(density_one_is_dense)
{
    CopSparseOptions options = make_options(cop_sparse_registry[_i]->name);
    options.density = 1;
    start(&runs[0], options, 5);
    start(&runs[1], make_options("dense"), 5);
    train(&runs[0], 1, STEPS);
    train(&runs[1], 1, STEPS);
    check_same_weights(&runs[0], &runs[1]);
    ck_assert(cop_sparse_explored(runs[0].sparse) == 1);
    finish(&runs[0]);
    finish(&runs[1]);
}
END_TEST

START_TEST(drop_fraction_zero_is_static)
{
    const CopSparseDesc *desc = cop_sparse_registry[_i];
    if (!(desc->flags & COP_SPARSE_MASKED))
        return;
    CopSparseOptions options = make_options(desc->name);
    options.drop_fraction = 0; /* drop_min stays: it must not raise it */
    start(&runs[0], options, 5);
    start(&runs[1], make_options("static"), 5);
    train(&runs[0], 1, STEPS);
    train(&runs[1], 1, STEPS);
    check_same_weights(&runs[0], &runs[1]);
    ck_assert(memcmp(runs[0].hash, runs[1].hash, sizeof runs[0].hash) == 0);
    finish(&runs[0]);
    finish(&runs[1]);
}
END_TEST

START_TEST(drop_fractions_never_rise)
{
    for (int decay = COP_DROP_CONSTANT; decay <= COP_DROP_LINEAR; decay++) {
        CopSparseOptions options = make_options(cop_sparse_registry[_i]->name);
        options.drop_decay = decay;
        start(&runs[0], options, 1);
        const bool updates = cop_sparse_method(runs[0].sparse)->flags & COP_SPARSE_UPDATES;
        double last = cop_sparse_drop_fraction(runs[0].sparse, 0);
        ck_assert(last == (updates ? 0.5 : 0));
        for (uint64_t step = 1; step <= STEPS; step++) {
            const double p = cop_sparse_drop_fraction(runs[0].sparse, step);
            ck_assert(p <= last && p >= 0);
            last = p;
        }
        finish(&runs[0]);
    }
}
END_TEST

START_TEST(failures_name_the_layer)
{
    const CopSparseDesc *desc = cop_sparse_registry[_i];
    if (!(desc->flags & COP_SPARSE_UPDATES))
        return;
    Run *run = &runs[0];
    start(run, make_options(desc->name), 1);
    const bool gradient = growth_of(run) == COP_GROW_GRADIENT;
    train(run, 1, INTERVAL - 1);
    run->g[3][7] = NAN;
    ck_assert_int_eq(cop_sparse_give_gradient(run->sparse, INTERVAL, 3, run->g[3], &err),
                     gradient ? COP_ERR_ARG : COP_OK);
    ck_assert(!gradient || strstr(err.text, rows[3].name));
    if (gradient) {
        err = (CopError){0};
        ck_assert_int_eq(cop_sparse_update(run->sparse, INTERVAL, NULL, NULL, &err), COP_ERR_ARG);
        ck_assert(strstr(err.text, "no gradient"));
    }
    err = (CopError){0};
    for (int i = 0; i < PARAMS; i++) /* for an update that never ran */
        ck_assert_int_eq(cop_sparse_give_gradient(run->sparse, INTERVAL, i, run->w[i], &err),
                         COP_OK);
    ck_assert_int_eq(cop_sparse_update(run->sparse, 2 * INTERVAL, NULL, NULL, &err),
                     gradient ? COP_ERR_ARG : COP_OK);
    finish(run);

    start(run, make_options(desc->name), 1);
    train(run, 1, INTERVAL - 1);
    for (int i = 0; i < PARAMS; i++)
        ck_assert_int_eq(cop_sparse_give_gradient(run->sparse, INTERVAL, i, run->g[i], &err),
                         COP_OK);
    run->value[3][0] = INFINITY;
    err = (CopError){0};
    ck_assert_int_eq(cop_sparse_update(run->sparse, INTERVAL, NULL, NULL, &err), COP_ERR_ARG);
    ck_assert(strstr(err.text, rows[3].name) && strstr(err.text, "finite"));
    finish(run);

    start(run, make_options(desc->name), 1);
    for (int i = 0; i < PARAMS; i++)
        run->param[i].mask = NULL;
    err = (CopError){0};
    ck_assert_int_eq(cop_sparse_update(run->sparse, INTERVAL, NULL, NULL, &err), COP_ERR_ARG);
    ck_assert(strstr(err.text, ".weight: ") && strstr(err.text, "never applied"));
    finish(run);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("sparse methods");
    TCase *methods = tcase_create("methods");
    const int n = count_methods();
    suite_add_tcase(suite, methods);
    tcase_set_timeout(methods, 120);
    tcase_add_loop_test(methods, descriptors_are_whole, 0, n);
    tcase_add_loop_test(methods, initial_counts_are_exact, 0, n);
    tcase_add_loop_test(methods, training_keeps_every_invariant, 0, n);
    tcase_add_loop_test(methods, the_seed_decides_the_masks, 0, n);
    tcase_add_loop_test(methods, growth_draws_depend_on_seed_and_layer, 0, n);
    tcase_add_loop_test(methods, a_resumed_run_continues_alike, 0, n);
    tcase_add_loop_test(methods, density_one_is_dense, 0, n);
    tcase_add_loop_test(methods, drop_fraction_zero_is_static, 0, n);
    tcase_add_loop_test(methods, drop_fractions_never_rise, 0, n);
    tcase_add_loop_test(methods, failures_name_the_layer, 0, n);
    SRunner *runner = srunner_create(suite);
    srunner_run_all(runner, CK_NORMAL);
    const int failures = srunner_ntests_failed(runner);
    srunner_free(runner);
    return failures ? 1 : 0;
}
