/* A net of convolutions and linear layers whose gradients are random numbers, trained sparsely
 * under the eyes of an oracle.
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#include "tests/sparse_help.h"

#include <gst/check/check.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "models/core/mask.h"
#include "models/core/rng.h"

/* clang-format off */
const SparseRow sparse_rows[SPARSE_PARAMS] = {
    {"stem.0.weight", 5, {8, 3, 3, 3, 3}, COP_PARAM_WEIGHT, 1, 400},
    {"stem.1.weight", 1, {8}, COP_PARAM_SCALE, 0, 0},
    {"layer1.0.conv1.weight", 5, {16, 8, 3, 3, 3}, COP_PARAM_WEIGHT, 1, 100},
    {"layer1.0.conv2.weight", 4, {16, 16, 3, 3}, COP_PARAM_WEIGHT, 1, 100},
    {"layer1.0.proj.weight", 2, {24, 16}, COP_PARAM_WEIGHT, 1, 25},
    {"fc.weight", 2, {5, 16}, COP_PARAM_WEIGHT, 1, 1},
    {"fc.bias", 1, {5}, COP_PARAM_BIAS, 0, 0},
    {"layer1.0.twin.weight", 2, {24, 16}, COP_PARAM_WEIGHT, 1, 25}, /* shape of proj */
    {"layer2.0.depthwise.weight", 4, {24, 1, 3, 3}, COP_PARAM_WEIGHT, 24, 25},
};
/* clang-format on */

CopSparseOptions sparse_options(const char *method)
{
    static char names[8][16];
    static int next;
    char *name = names[next++ % 8];
    snprintf(name, sizeof names[0], "%s", method);
    return (CopSparseOptions){.method = name,
                              .density = 0.5,
                              .init = COP_DENSITY_ERK,
                              .interval = SPARSE_INTERVAL,
                              .drop_fraction = 0.5,
                              .drop_decay = COP_DROP_COSINE,
                              .drop_min = 0.005,
                              .stop = 0.75,
                              .soft_bound = 0.1,
                              .mest_mode = COP_MEST_EMS_DROP};
}

void sparse_start(SparseRun *run, CopSparseOptions options, uint64_t seed)
{
    sparse_start_frozen(run, options, seed, -1);
}

void sparse_start_frozen(SparseRun *run, CopSparseOptions options, uint64_t seed, int frozen)
{
    const CopRngKey key = cop_rng_key(4, "weights");
    memset(run, 0, sizeof *run);
    run->options = options;
    for (int i = 0; i < SPARSE_PARAMS; i++) {
        const SparseRow *row = &sparse_rows[i];
        CopParam *param = run->params[i] = &run->param[i];
        *param = (CopParam){.name = row->name,
                            .rank = row->rank,
                            .role = row->role,
                            .numel = 1,
                            .frozen = i == frozen,
                            .value = run->value[i],
                            .grad = run->grad[i],
                            .state = {run->state[0][i], run->state[1][i]},
                            .groups = row->groups,
                            .positions = row->positions};
        for (int k = 0; k < param->rank; k++)
            param->numel *= (size_t)(param->shape[k] = row->shape[k]);
        param->nnz = param->numel;
    }
    CopError err = {0};
    ck_assert_msg(cop_sparse_create(&run->sparse, &run->options, run->params, SPARSE_PARAMS, seed,
                                    SPARSE_STEPS, &err) == COP_OK,
                  "%s: %s", options.method, err.text);
    static float scratch[SPARSE_NUMEL_MAX];
    for (int i = 0; i < SPARSE_PARAMS; i++) {
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
    run->hash[0] = cop_fnv1a(run->mask, sizeof run->mask);
}

void sparse_finish(SparseRun *run)
{
    cop_sparse_destroy(&run->sparse);
    ck_assert(!run->sparse);
    cop_sparse_destroy(&run->sparse);
}

CopGrowth sparse_growth(const SparseRun *run)
{
    return run->options.growth ? (CopGrowth)(run->options.growth - 1)
                               : cop_sparse_method(run->sparse)->growth;
}

bool sparse_is_constant(const SparseRun *run)
{
    const CopSparseDesc *method = cop_sparse_method(run->sparse);
    const bool falls = cop_sparse_planned_density(run->sparse, 0) > run->options.density;
    return !falls &&
           (!method->most || run->options.mest_mode == COP_MEST_EM || run->options.soft_bound == 0);
}

/* --- the oracle ------------------------------------------------------------------ */

typedef struct Ranked {
    float score;
    size_t index;
} Ranked;

static int compare(const void *a, const void *b)
{
    const Ranked *x = a, *y = b;
    if (x->score != y->score)
        return x->score < y->score ? -1 : 1;
    return x->index < y->index ? -1 : x->index > y->index;
}

/* Clears the k weights of one sign (0: any) nearest to zero. */
static void drop(const SparseRun *run, int i, int sign, float lambda, size_t k, bool *active)
{
    static Ranked ranked[SPARSE_NUMEL_MAX];
    size_t n = 0;
    for (size_t w = 0; w < run->param[i].numel; w++)
        if (active[w] && (sign == 0 || run->w[i][w] * (float)sign > 0))
            ranked[n++] = (Ranked){fabsf(run->w[i][w]) + lambda * fabsf(run->g[i][w]), w};
    qsort(ranked, n, sizeof *ranked, compare);
    ck_assert(k <= n);
    for (size_t r = 0; r < k; r++)
        active[ranked[r].index] = false;
}

static size_t count_sign(const SparseRun *run, int i, int sign, const bool *active)
{
    size_t n = 0;
    for (size_t w = 0; w < run->param[i].numel; w++)
        n += active[w] && run->w[i][w] * (float)sign > 0;
    return n;
}

static size_t share_of(const SparseRun *run, size_t n)
{
    const double share = run->fraction * (double)n;
    return (size_t)(run->options.drop_round ? ceil(share) : share);
}

/* Dropping by a sort: `thin` of the smallest, then `more` as the options say. */
static void drop_all(const SparseRun *run, int i, size_t thin, size_t more, bool *active)
{
    const CopSparseDesc *method = cop_sparse_method(run->sparse);
    const bool mest = method->most, replaces = method->plan_update == cop_sparse_replace;
    drop(run, i, 0, 0, thin, active);
    if (!mest && !replaces) {
        ck_assert_uint_eq(more, 0);
        return;
    }
    if (run->options.prune != 1 + COP_PRUNE_TWO_SIDED) {
        drop(run, i, 0, mest ? (float)run->options.mest_lambda : 0, more, active);
        return;
    }
    const size_t room = run->param[i].numel - run->param[i].nnz;
    size_t share[2];
    for (int side = 0; side < 2; side++)
        share[side] = share_of(run, count_sign(run, i, 2 * side - 1, active));
    if (run->options.regrow == COP_REGROW_FORBID && thin + share[0] + share[1] > room) {
        const size_t most = room > thin ? room - thin : 0;
        share[0] = share[0] * most / (share[0] + share[1]);
        share[1] = most - share[0];
    }
    ck_assert_uint_eq(share[0] + share[1], more);
    for (int side = 0; side < 2; side++)
        drop(run, i, 2 * side - 1, 0, share[side], active);
}

/* The mask that sorting gives; under random growth, what can be said of it. */
static void check_mask(const SparseRun *run, int i, size_t thin, size_t more, size_t grown)
{
    static Ranked ranked[SPARSE_NUMEL_MAX];
    static bool active[SPARSE_NUMEL_MAX];
    const CopParam *param = &run->param[i];
    const bool forbid = run->options.regrow == COP_REGROW_FORBID;
    size_t n = 0, lost = 0;
    for (size_t w = 0; w < param->numel; w++)
        active[w] = cop_mask_get(run->before[i], w);
    drop_all(run, i, thin, more, active);
    if (sparse_growth(run) == COP_GROW_GRADIENT) {
        for (size_t w = 0; w < param->numel; w++)
            if (!active[w] && !(forbid && cop_mask_get(run->before[i], w)))
                ranked[n++] = (Ranked){-fabsf(run->g[i][w]), w};
        qsort(ranked, n, sizeof *ranked, compare);
        ck_assert(grown <= n);
        for (size_t r = 0; r < grown; r++)
            active[ranked[r].index] = true;
        for (size_t w = 0; w < param->numel; w++)
            ck_assert_msg(active[w] == cop_mask_get(param->mask, w), "%s: weight %zu", param->name,
                          w);
        return;
    }
    for (size_t w = 0; w < param->numel; w++) {
        ck_assert(!active[w] || cop_mask_get(param->mask, w));
        lost += !active[w] && cop_mask_get(param->mask, w);
        ck_assert(!forbid || !cop_mask_get(run->before[i], w) || active[w] ||
                  !cop_mask_get(param->mask, w));
    }
    ck_assert_uint_eq(lost, grown);
}

/* --- events ------------------------------------------------------------------------ */

static void check_overlaps(const SparseRun *run, int i, const CopSparseEvent *event)
{
    const CopParam *param = &run->param[i];
    const uint64_t *first = cop_sparse_mask(run->sparse, i);
    size_t of_start = 0, of_last = 0;
    for (size_t w = 0; w < param->numel; w++) {
        of_start += cop_mask_get(first, w) && cop_mask_get(param->mask, w);
        of_last += cop_mask_get(run->before[i], w) && cop_mask_get(param->mask, w);
    }
    ck_assert_uint_eq(event->start, cop_mask_count(first, param->numel));
    ck_assert_uint_eq(event->of_start, of_start);
    ck_assert_uint_eq(event->before, cop_mask_count(run->before[i], param->numel));
    ck_assert_uint_eq(event->of_last, of_last);
}

static void check_event(void *ctx, const CopSparseEvent *event)
{
    SparseRun *run = ctx;
    const int i = event->layer;
    const CopParam *param = &run->param[i];
    const bool forbid = run->options.regrow == COP_REGROW_FORBID;
    run->events++;
    ck_assert_str_eq(event->name, param->name);
    ck_assert_uint_eq(event->nnz, param->nnz);
    ck_assert_uint_eq(event->numel, param->numel);
    ck_assert_uint_eq(event->nnz, event->before + event->grown - event->dropped);
    ck_assert(event->regrown <= event->grown && event->regrown <= event->dropped);
    ck_assert(!(forbid && event->regrown));
    ck_assert(event->clamped == !param->mask && event->seconds >= 0);
    run->grown += event->grown;
    run->dropped += event->dropped;
    if (!param->mask || param->frozen) {
        ck_assert_uint_eq(event->dropped + event->grown, 0);
        return;
    }
    ck_assert(event->explored <= param->numel &&
              event->explored >= param->nnz + event->dropped - event->regrown);
    ck_assert_uint_eq(event->explored,
                      cop_mask_count(cop_sparse_fired(run->sparse, i), param->numel));
    check_overlaps(run, i, event);
    ck_assert_uint_eq(event->of_last, event->before - event->dropped + event->regrown);
    const CopSparseDesc *method = cop_sparse_method(run->sparse);
    const bool replaces = method->plan_update == cop_sparse_replace;
    const size_t thin = method->flags & COP_SPARSE_SCHEDULED ? event->before - event->nnz : 0;
    run->thinned += thin;
    if (event->before == param->numel && thin == 0 && param->nnz == param->numel)
        return; /* a full one that stays full */
    if (replaces && run->options.prune != 1 + COP_PRUNE_TWO_SIDED) {
        const size_t nominal = share_of(run, event->before - thin);
        const size_t room = param->numel - param->nnz - (forbid ? thin : 0);
        ck_assert_uint_eq(event->dropped - thin, forbid && nominal > room ? room : nominal);
    }
    check_mask(run, i, thin, event->dropped - thin, event->grown);
}

/* --- training ---------------------------------------------------------------------- */

/* One step of the optimiser, on the parameters and on the dense arrays. */
static void step_param(SparseRun *run, int i)
{
    const float lr = 0.05f, momentum = 0.9f;
    CopParam *param = &run->param[i];
    if (param->frozen)
        return;
    for (size_t k = 0; k < param->nnz; k++) {
        const float g = param->grad[k];
        param->state[0][k] = momentum * param->state[0][k] + g;
        param->state[1][k] = 0.5f * param->state[1][k] + g * g;
        param->value[k] -= lr * param->state[0][k] / (1 + param->state[1][k]);
    }
    for (size_t k = 0; k < param->numel; k++) {
        if (param->mask && !cop_mask_get(param->mask, k))
            continue;
        const float g = run->g[i][k];
        run->v[i][k] = momentum * run->v[i][k] + g;
        run->u[i][k] = 0.5f * run->u[i][k] + g * g;
        run->w[i][k] -= lr * run->v[i][k] / (1 + run->u[i][k]);
    }
}

/* The dense arrays after an update, and that the parameters agree with them: what is
 * inactive is zero, what is new as it should be, all else as it was. */
static void follow(SparseRun *run, int i)
{
    static float out[SPARSE_NUMEL_MAX];
    const CopParam *param = &run->param[i];
    const float *const arrays[] = {param->value, param->state[0], param->state[1]};
    const float *const wanted[] = {run->w[i], run->v[i], run->u[i]};
    for (size_t k = 0; k < param->numel && param->mask; k++)
        if (!cop_mask_get(param->mask, k))
            run->w[i][k] = run->v[i][k] = run->u[i][k] = 0;
        else if (!cop_mask_get(run->before[i], k))
            run->w[i][k] = (float)run->options.grow_init;
    for (int a = 0; a < 3; a++) {
        cop_param_scatter(param, arrays[a], out);
        ck_assert(memcmp(out, wanted[a], param->numel * sizeof *out) == 0);
    }
}

/* Uniform on -1..1. */
static void draw_gradient(SparseRun *run, int i, uint64_t step)
{
    const CopRngAddress at = {.frame = (uint32_t)step, .clip = (uint32_t)i};
    const CopRngKey key = cop_rng_key(6, "gradients");
    uint32_t random[4];
    for (size_t k = 0; k < run->param[i].numel; k++) {
        if (k % 4 == 0)
            cop_rng_block(key, (uint32_t)(k / 4), at, random);
        run->g[i][k] = (float)(random[k % 4] * 0x1p-31 - 1);
    }
}

static void train_step(SparseRun *run, uint64_t step)
{
    size_t nnz[SPARSE_PARAMS];
    unsigned generation[SPARSE_PARAMS];
    CopError err = {0};
    for (int i = 0; i < SPARSE_PARAMS; i++) {
        CopParam *param = &run->param[i];
        draw_gradient(run, i, step);
        cop_param_gather(param, run->g[i], param->grad);
        run->gave[i] = cop_sparse_wants_gradient(run->sparse, step, i);
        if (run->gave[i])
            ck_assert_int_eq(cop_sparse_give_gradient(run->sparse, step, i, run->g[i], &err),
                             COP_OK);
        step_param(run, i);
        nnz[i] = param->nnz;
        generation[i] = param->generation;
    }
    memcpy(run->before, run->mask, sizeof run->mask);
    memcpy(run->stepped, run->w, sizeof run->w);
    run->fraction = cop_sparse_drop_fraction(run->sparse, step);
    run->thinned = run->dropped = run->grown = 0;
    ck_assert_msg(cop_sparse_update(run->sparse, step, check_event, run, &err) == COP_OK, "%s",
                  err.text);
    run->hash[step] = cop_fnv1a(run->mask, sizeof run->mask);
    for (int i = 0; i < SPARSE_PARAMS; i++) {
        const CopParam *param = &run->param[i];
        ck_assert(param->nnz == nnz[i] || !sparse_is_constant(run));
        ck_assert(param->nnz <= param->capacity && param->nnz >= 1);
        ck_assert(param->generation == generation[i] || cop_sparse_is_update(run->sparse, step));
        follow(run, i);
    }
}

void sparse_train(SparseRun *run, uint64_t from, uint64_t to)
{
    for (uint64_t step = from; step <= to; step++)
        train_step(run, step);
}

void sparse_same_weights(const SparseRun *a, const SparseRun *b)
{
    ck_assert(memcmp(a->w, b->w, sizeof a->w) == 0);
    ck_assert(memcmp(a->v, b->v, sizeof a->v) == 0);
    ck_assert(memcmp(a->u, b->u, sizeof a->u) == 0);
    for (int i = 0; i < SPARSE_PARAMS; i++)
        ck_assert(memcmp(a->value[i], b->value[i], a->param[i].nnz * sizeof(float)) == 0);
}

size_t sparse_active(const SparseRun *run)
{
    size_t all = 0, active = 0;
    for (int i = 0; i < SPARSE_PARAMS; i++)
        if (sparse_rows[i].role == COP_PARAM_WEIGHT) {
            all += run->param[i].numel;
            active += run->param[i].nnz;
        }
    ck_assert(all > 0);
    return active;
}

int sparse_methods(void)
{
    int n = 0;
    while (cop_sparse_registry[n])
        n++;
    return n;
}
