/* Prune and grow of one layer, against a plain version that sorts.
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#include <gst/check/check.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "models/core/mask.h"
#include "models/sparsity/topology.h"

enum { NUMEL_MAX = 150, WORDS_MAX = 3 };

/* A masked layer beside dense arrays of the same content. */
typedef struct Layer {
    CopParam param;
    uint64_t mask[WORDS_MAX];
    float value[NUMEL_MAX], grad[NUMEL_MAX], state[2][NUMEL_MAX], scratch[NUMEL_MAX];
    float w[NUMEL_MAX], g[NUMEL_MAX], v[2][NUMEL_MAX]; /* dense; g everywhere */
    bool active[NUMEL_MAX];
} Layer;

/* Random words, one after the other. */
typedef struct Draws {
    CopRngKey key;
    uint32_t draw, position;
} Draws;

static uint32_t below(Draws *draws, uint32_t n)
{
    return cop_rng_below(draws->key, draws->position++, (CopRngAddress){.draw = draws->draw}, n);
}

/* One of few magnitudes, so that most scores tie; zeros of both signs included.
 * Above six levels they are also as close to each other as floats can be. */
static float coarse(Draws *draws, uint32_t levels)
{
    const float x = levels > 6 ? 1 + 0x1p-23f * (float)below(draws, levels)
                               : 0.25f * (float)below(draws, levels);
    return below(draws, 2) ? x : -x;
}

static void compact(Layer *layer)
{
    cop_param_gather(&layer->param, layer->w, layer->value);
    cop_param_gather(&layer->param, layer->g, layer->grad);
    for (int s = 0; s < 2; s++)
        cop_param_gather(&layer->param, layer->v[s], layer->state[s]);
}

static void make_layer(Layer *layer, Draws *draws, size_t numel, size_t nnz, size_t capacity)
{
    const uint32_t levels = 1 + below(draws, 9);
    *layer = (Layer){0};
    layer->param = (CopParam){.name = "w",
                              .rank = 2,
                              .shape = {1, (int)numel},
                              .mask = layer->mask,
                              .numel = numel,
                              .nnz = nnz,
                              .capacity = capacity,
                              .value = layer->value,
                              .grad = layer->grad,
                              .state = {layer->state[0], layer->state[1]}};
    ck_assert_int_eq(cop_mask_random(layer->mask, numel, nnz, draws->key, draws->draw), COP_OK);
    for (size_t i = 0; i < numel; i++) {
        layer->active[i] = cop_mask_get(layer->mask, i);
        layer->g[i] = coarse(draws, levels);
        if (!layer->active[i])
            continue;
        layer->w[i] = coarse(draws, levels);
        layer->v[0][i] = (float)(i + 1);
        layer->v[1][i] = -(float)(i + 1);
    }
    compact(layer);
}

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

static void naive_drop(const Layer *layer, int sign, float lambda, size_t k, bool *dropped)
{
    Ranked ranked[NUMEL_MAX];
    size_t n = 0;
    for (size_t i = 0; i < layer->param.numel; i++)
        if (layer->active[i] && !dropped[i] && (sign == 0 || layer->w[i] * (float)sign > 0))
            ranked[n++] = (Ranked){fabsf(layer->w[i]) + lambda * fabsf(layer->g[i]), i};
    qsort(ranked, n, sizeof *ranked, compare);
    for (size_t i = 0; i < k; i++)
        dropped[ranked[i].index] = true;
}

static void naive_grow(const Layer *layer, const CopTopologyUpdate *update, size_t k,
                       const bool *dropped, bool *grown)
{
    Ranked ranked[NUMEL_MAX];
    size_t n = 0;
    for (size_t i = 0; i < layer->param.numel; i++) {
        const bool allowed = !dropped[i] || update->regrow == COP_REGROW_ALLOW;
        if ((!layer->active[i] || dropped[i]) && allowed)
            ranked[n++] = (Ranked){-fabsf(layer->g[i]), i};
    }
    if (update->growth == COP_GROW_GRADIENT)
        qsort(ranked, n, sizeof *ranked, compare);
    for (size_t i = 0; i < k; i++) {
        if (update->growth == COP_GROW_RANDOM) {
            const CopRngAddress at = {.frame = update->step, .clip = update->layer};
            const size_t j = i + cop_rng_below(update->key, (uint32_t)i, at, (uint32_t)(n - i));
            const Ranked drawn = ranked[j];
            ranked[j] = ranked[i];
            ranked[i] = drawn;
        }
        grown[ranked[i].index] = true;
    }
}

/* The update on the dense arrays, and what it should report. */
static CopTopologyResult naive_update(Layer *layer, const CopTopologyUpdate *update)
{
    bool dropped[NUMEL_MAX] = {false}, grown[NUMEL_MAX] = {false};
    CopTopologyResult result = {0};
    size_t drop = update->drop, negative = update->drop_negative;
    const size_t nnz = layer->param.nnz, numel = layer->param.numel;
    if (nnz == numel && update->target == numel)
        return result;
    const size_t thin = update->thin, room = numel - update->target;
    if (update->regrow == COP_REGROW_FORBID && drop > 0 && thin + drop > room) {
        negative = negative * (room - thin) / drop;
        drop = room - thin;
    }
    naive_drop(layer, 0, 0, thin, dropped);
    if (update->prune == COP_PRUNE_TWO_SIDED) {
        naive_drop(layer, 1, 0, drop - negative, dropped);
        naive_drop(layer, -1, 0, negative, dropped);
    } else {
        naive_drop(layer, 0, update->lambda, drop, dropped);
    }
    naive_grow(layer, update, update->target + thin + drop - nnz, dropped, grown);
    for (size_t i = 0; i < numel; i++) {
        result.dropped += dropped[i];
        result.grown += grown[i];
        result.regrown += dropped[i] && grown[i];
        if (grown[i] && !layer->active[i]) {
            layer->active[i] = true;
            layer->w[i] = update->grow_init;
            layer->v[0][i] = layer->v[1][i] = 0;
        } else if (dropped[i] && !grown[i]) {
            layer->active[i] = false;
            layer->w[i] = layer->v[0][i] = layer->v[1][i] = 0;
        }
    }
    return result;
}

static void check_equal(const Layer *layer)
{
    const size_t numel = layer->param.numel;
    const float *arrays[3] = {layer->value, layer->state[0], layer->state[1]};
    const float *wanted[3] = {layer->w, layer->v[0], layer->v[1]};
    size_t nnz = 0;
    for (size_t i = 0; i < numel; i++) {
        nnz += layer->active[i];
        ck_assert_msg(cop_mask_get(layer->mask, i) == layer->active[i], "weight %zu of %zu", i,
                      numel);
    }
    ck_assert_uint_eq(layer->param.nnz, nnz);
    for (int a = 0; a < 3; a++) {
        float out[NUMEL_MAX];
        cop_param_scatter(&layer->param, arrays[a], out);
        ck_assert(memcmp(out, wanted[a], numel * sizeof *out) == 0);
    }
}

/* Exact agreement over random cases; with few levels nearly all scores tie. */
START_TEST(updates_equal_those_of_a_sort)
{
    for (uint32_t round = 0; round < 500; round++) {
        Draws draws = {cop_rng_key(11, "topology test"), (uint32_t)_i * 500 + round, 0};
        Layer layer;
        const uint32_t numel = 1 + below(&draws, NUMEL_MAX);
        const uint32_t nnz = below(&draws, 4) ? 1 + below(&draws, numel) : numel;
        make_layer(&layer, &draws, numel, nnz, numel);
        CopTopologyUpdate update = {.prune = (CopPrune)below(&draws, 2),
                                    .growth = (CopGrowth)below(&draws, 2),
                                    .regrow = (CopRegrow)below(&draws, 2),
                                    .key = cop_rng_key(round, "grow"),
                                    .layer = below(&draws, 9),
                                    .step = below(&draws, 1000),
                                    .lambda = below(&draws, 2) ? 0.75f : 0,
                                    .grow_init = below(&draws, 2) ? 0.5f : 0};
        update.thin = below(&draws, 3) ? 0 : below(&draws, nnz + 1);
        const bool up = below(&draws, 2);
        cop_topology_drop(&layer.param, (double)below(&draws, 11) / 10, up, &update);
        const uint32_t gone = (uint32_t)(update.thin + update.drop), least = nnz - gone;
        const uint32_t most = numel - (uint32_t)update.thin; /* for what may not regrow */
        update.target =
            below(&draws, 2) && nnz <= most ? nnz : least + below(&draws, most - least + 1);

        uint32_t index[NUMEL_MAX];
        float magnitude[NUMEL_MAX];
        CopCandidates candidates = {index, magnitude, 0, update.target + gone - nnz};
        candidates.capacity += below(&draws, 3); /* more than needed must not matter */
        if (candidates.capacity > NUMEL_MAX)
            candidates.capacity = NUMEL_MAX;
        ck_assert_int_eq(cop_candidates_select(&candidates, &layer.param, layer.g), COP_OK);
        update.candidates = &candidates;

        CopTopologyResult got;
        const unsigned generation = layer.param.generation;
        ck_assert_int_eq(cop_topology_update(&layer.param, &update, &got), COP_OK);
        const bool moved = layer.param.generation != generation;
        bool was[NUMEL_MAX];
        memcpy(was, layer.active, sizeof was);
        layer.param.nnz = nnz;
        const CopTopologyResult want = naive_update(&layer, &update);
        layer.param.nnz = cop_mask_count(layer.mask, numel);
        ck_assert_uint_eq(got.dropped, want.dropped);
        ck_assert_uint_eq(got.grown, want.grown);
        ck_assert_uint_eq(got.regrown, want.regrown);
        ck_assert(moved == (memcmp(was, layer.active, sizeof was) != 0));
        if (update.regrow == COP_REGROW_FORBID)
            ck_assert_uint_eq(got.regrown, 0);
        check_equal(&layer);
    }
}
END_TEST

START_TEST(candidates_are_the_largest_inactive_gradients)
{
    for (uint32_t round = 0; round < 500; round++) {
        Draws draws = {cop_rng_key(12, "candidates test"), round, 0};
        Layer layer;
        const uint32_t numel = 1 + below(&draws, NUMEL_MAX), nnz = below(&draws, numel + 1);
        make_layer(&layer, &draws, numel, nnz, numel);
        uint32_t index[NUMEL_MAX];
        float magnitude[NUMEL_MAX];
        CopCandidates candidates = {index, magnitude, 99, below(&draws, numel + 1)};
        ck_assert_int_eq(cop_candidates_select(&candidates, &layer.param, layer.g), COP_OK);

        Ranked ranked[NUMEL_MAX];
        bool wanted[NUMEL_MAX] = {false};
        size_t n = 0;
        for (size_t i = 0; i < numel; i++)
            if (!layer.active[i])
                ranked[n++] = (Ranked){-fabsf(layer.g[i]), i};
        qsort(ranked, n, sizeof *ranked, compare);
        const size_t k = n < candidates.capacity ? n : candidates.capacity;
        ck_assert_uint_eq(candidates.n, k);
        for (size_t i = 0; i < k; i++)
            wanted[ranked[i].index] = true;
        for (size_t c = 0; c < k; c++) {
            ck_assert(wanted[index[c]] && (c == 0 || index[c] > index[c - 1]));
            ck_assert(magnitude[c] == fabsf(layer.g[index[c]]));
        }
    }
}
END_TEST

/* Shares become whole weights downwards or upwards; of what thinning leaves, and of each sign
 * of it. */
START_TEST(shares_of_weights_are_rounded)
{
    static const float weights[] = {-.9f, -.1f, .2f, .3f, .4f, .5f, .6f, .7f, -.8f, .05f};
    for (int up = 0; up < 2; up++)
        for (int thinned = 0; thinned < 2; thinned++)
            for (int two_sided = 0; two_sided < 2; two_sided++) {
                Draws draws = {cop_rng_key(1, "rounding"), 0, 0};
                Layer layer;
                make_layer(&layer, &draws, 10, 10, 10);
                memcpy(layer.w, weights, sizeof weights);
                compact(&layer);
                CopTopologyUpdate update = {.prune = (CopPrune)two_sided, .thin = thinned ? 2 : 0};
                cop_topology_drop(&layer.param, thinned ? 0.4 : 0.35, up, &update);
                /* 10 weights, 3 of them negative; without .05 and -.1: 8, 2 of them. */
                const double share = thinned ? 0.4 : 0.35;
                const double n = thinned ? 8 : 10, negative = thinned ? 2 : 3;
                const size_t low = (size_t)(up ? ceil(share * negative) : share * negative);
                const size_t high =
                    (size_t)(up ? ceil(share * (n - negative)) : share * (n - negative));
                const size_t all = (size_t)(up ? ceil(share * n) : share * n);
                ck_assert_uint_eq(update.drop, two_sided ? low + high : all);
                ck_assert_uint_eq(update.drop_negative, two_sided ? low : 0);
                ck_assert(thinned || two_sided || update.drop == (up ? 4 : 3));
            }
}
END_TEST

/* The example of a layer with more positive than negative weights: the same
 * share of each sign goes, where magnitude takes from one side only. */
START_TEST(two_sided_prune_takes_its_share_of_each_sign)
{
    static const float weights[] = {-.9f, -.8f, -.7f, -.6f, .01f, .02f, .03f, .04f, .05f, .06f};
    for (int two_sided = 0; two_sided < 2; two_sided++) {
        Draws draws = {cop_rng_key(1, "two sides"), 0, 0};
        Layer layer;
        make_layer(&layer, &draws, 10, 10, 10);
        memcpy(layer.w, weights, sizeof weights);
        compact(&layer);
        CopTopologyUpdate update = {.prune = two_sided ? COP_PRUNE_TWO_SIDED : COP_PRUNE_MAGNITUDE,
                                    .target = 5};
        CopTopologyResult result;
        cop_topology_drop(&layer.param, 0.5, false, &update);
        ck_assert_uint_eq(update.drop, 5);
        ck_assert_uint_eq(update.drop_negative, two_sided ? 2 : 0);
        ck_assert_int_eq(cop_topology_update(&layer.param, &update, &result), COP_OK);
        ck_assert_uint_eq(layer.mask[0], two_sided ? 0x383 : 0x20F);
        ck_assert(result.dropped == 5 && result.grown == 0 && result.regrown == 0);
    }
}
END_TEST

START_TEST(random_masks_are_exact_and_addressed)
{
    const CopRngKey key = cop_rng_key(8, "mask test");
    for (size_t numel = 1; numel <= NUMEL_MAX; numel++)
        for (size_t nnz = 0; nnz <= numel; nnz += 1 + numel / 7) {
            uint64_t mask[WORDS_MAX + 1] = {1, 2, 3, 4}, other[WORDS_MAX + 1] = {0};
            ck_assert_int_eq(cop_mask_random(mask, numel, nnz, key, 5), COP_OK);
            ck_assert_uint_eq(cop_mask_count(mask, numel), nnz);
            for (size_t i = numel; i < cop_mask_words(numel) * 64; i++)
                ck_assert(!cop_mask_get(mask, i));
            ck_assert_int_eq(cop_mask_random(other, numel, nnz, key, 5), COP_OK);
            ck_assert(memcmp(mask, other, cop_mask_words(numel) * sizeof *mask) == 0);
        }
    uint64_t a[WORDS_MAX], b[WORDS_MAX], c[WORDS_MAX];
    ck_assert_int_eq(cop_mask_random(a, NUMEL_MAX, 75, key, 5), COP_OK);
    ck_assert_int_eq(cop_mask_random(b, NUMEL_MAX, 75, key, 6), COP_OK);
    ck_assert_int_eq(cop_mask_random(c, NUMEL_MAX, 75, cop_rng_key(9, "mask test"), 5), COP_OK);
    ck_assert(memcmp(a, b, sizeof a) != 0 && memcmp(a, c, sizeof a) != 0);
    ck_assert_int_eq(cop_mask_random(a, 10, 11, key, 0), COP_ERR_ARG);
}
END_TEST

/* Each position is drawn as often as the others, and pairs too: chi-square over
 * positions has 39 degrees of freedom scaled by 1 - d; its mean is 40 (1 - d) and
 * its deviation sqrt(80) (1 - d), of which six are allowed. */
START_TEST(random_masks_are_uniform)
{
    enum { NUMEL = 40, NNZ = 10, ROUNDS = 20000 };
    const CopRngKey key = cop_rng_key(8, "uniform test");
    size_t hits[NUMEL] = {0}, together = 0;
    for (uint32_t round = 0; round < ROUNDS; round++) {
        uint64_t mask;
        ck_assert_int_eq(cop_mask_random(&mask, NUMEL, NNZ, key, round), COP_OK);
        for (size_t i = 0; i < NUMEL; i++)
            hits[i] += cop_mask_get(&mask, i);
        together += cop_mask_get(&mask, 0) && cop_mask_get(&mask, NUMEL - 1);
    }
    const double expected = (double)ROUNDS * NNZ / NUMEL;
    double square = 0;
    for (size_t i = 0; i < NUMEL; i++)
        square += ((double)hits[i] - expected) * ((double)hits[i] - expected) / expected;
    const double rest = 1 - (double)NNZ / NUMEL;
    ck_assert(fabs(square - NUMEL * rest) < 6 * sqrt(2.0 * NUMEL) * rest);
    const double pair = (double)NNZ * (NNZ - 1) / (NUMEL * (NUMEL - 1.0));
    ck_assert(fabs((double)together - ROUNDS * pair) < 6 * sqrt(ROUNDS * pair * (1 - pair)));
}
END_TEST

START_TEST(scores_that_are_not_finite_are_refused)
{
    static const float bad[] = {NAN, -NAN, INFINITY, -INFINITY};
    for (int b = 0; b < 4; b++)
        for (int where = 0; where < 3; where++) {
            Draws draws = {cop_rng_key(2, "finite"), 0, 0};
            Layer layer;
            make_layer(&layer, &draws, 90, 60, 90);
            uint32_t index[NUMEL_MAX];
            float magnitude[NUMEL_MAX];
            CopCandidates candidates = {index, magnitude, 0, 30};
            ck_assert_int_eq(cop_candidates_select(&candidates, &layer.param, layer.g), COP_OK);
            CopTopologyUpdate update = {
                .drop = 30, .target = 60, .growth = COP_GROW_GRADIENT, .candidates = &candidates};
            if (where == 0) {
                layer.value[59] = bad[b];
            } else if (where == 1) { /* all active gradients: the dropped ones compete */
                for (int i = 0; i < 60; i++)
                    layer.grad[i] = bad[b];
            } else {
                for (size_t i = 0; i < 90; i++)
                    if (!layer.active[i])
                        layer.g[i] = bad[b];
                ck_assert_int_eq(cop_candidates_select(&candidates, &layer.param, layer.g),
                                 COP_ERR_ARG);
                continue;
            }
            Layer before = layer;
            CopTopologyResult result;
            ck_assert_int_eq(cop_topology_update(&layer.param, &update, &result), COP_ERR_ARG);
            ck_assert(memcmp(&before, &layer, sizeof layer) == 0);
        }
}
END_TEST

START_TEST(counts_that_cannot_be_met_are_refused)
{
    Draws draws = {cop_rng_key(2, "counts"), 0, 0};
    Layer layer;
    make_layer(&layer, &draws, 100, 60, 70);
    uint32_t index[NUMEL_MAX];
    float magnitude[NUMEL_MAX];
    CopCandidates few = {index, magnitude, 0, 9};
    ck_assert_int_eq(cop_candidates_select(&few, &layer.param, layer.g), COP_OK);
    CopCandidates active = few;
    uint32_t wrong[NUMEL_MAX];
    for (size_t i = 0, n = 0; i < 100 && n < 9; i++)
        if (layer.active[i])
            wrong[n++] = (uint32_t)i;
    active.index = wrong;
    const CopTopologyUpdate refused[] = {
        {.drop = 61, .target = 60},
        {.thin = 61, .target = 60},
        {.thin = 31, .drop = 30, .target = 60},
        {.thin = 5, .target = 54},
        {.drop = 5, .target = 54},                               /* drops too few */
        {.drop = 0, .target = 71},                               /* past the capacity */
        {.drop = 0, .target = 101},                              /* past the layer */
        {.drop = 10, .target = 60, .growth = COP_GROW_GRADIENT}, /* no candidates */
        {.drop = 10, .target = 60, .growth = COP_GROW_GRADIENT, .candidates = &few},
        {.drop = 9, .target = 60, .growth = COP_GROW_GRADIENT, .candidates = &active},
        {.drop = 9, .drop_negative = 10, .target = 60, .prune = COP_PRUNE_TWO_SIDED},
        {.drop = 59, .drop_negative = 59, .target = 60, .prune = COP_PRUNE_TWO_SIDED},
        {.drop = 59, .drop_negative = 0, .target = 60, .prune = COP_PRUNE_TWO_SIDED},
    };
    for (size_t i = 0; i < sizeof refused / sizeof refused[0]; i++) {
        Layer before = layer;
        CopTopologyResult result;
        ck_assert_msg(cop_topology_update(&layer.param, &refused[i], &result) == COP_ERR_ARG,
                      "case %zu", i);
        ck_assert(memcmp(&before, &layer, sizeof layer) == 0);
    }
}
END_TEST

START_TEST(a_full_layer_is_left_alone)
{
    Draws draws = {cop_rng_key(2, "full"), 0, 0};
    Layer layer;
    make_layer(&layer, &draws, 100, 100, 100);
    layer.value[3] = NAN; /* not even looked at */
    Layer before = layer;
    const CopTopologyUpdate update = {.drop = 50, .target = 100, .growth = COP_GROW_GRADIENT};
    CopTopologyResult result = {1, 1, 1};
    ck_assert_int_eq(cop_topology_update(&layer.param, &update, &result), COP_OK);
    ck_assert(memcmp(&before, &layer, sizeof layer) == 0);
    ck_assert(result.dropped == 0 && result.grown == 0 && result.regrown == 0);
    layer.param.mask = NULL;
    ck_assert_int_eq(cop_topology_update(&layer.param, &update, &result), COP_OK);
}
END_TEST

/* Where half of the weights go and as many are drawn, those that went among them, the share of new
 * ones is p (1 - d) / ((1 - d) + p d); six deviations of a hypergeometric count are allowed. */
START_TEST(random_growth_draws_what_went_as_often_as_the_rest)
{
    enum { NUMEL = 40000 };
    static const struct {
        double density, mutated;
    } rows[] = {{0.9, 0.0909}, {0.7, 0.2308}, {0.5, 0.3333}, {0.3, 0.4118}};
    static uint64_t mask[NUMEL / 64 + 1];
    static float value[NUMEL], state[NUMEL];
    for (size_t r = 0; r < sizeof rows / sizeof rows[0]; r++) {
        const size_t nnz = (size_t)round(rows[r].density * NUMEL), drop = nnz / 2;
        CopParam param = {.name = "w",
                          .rank = 2,
                          .shape = {1, NUMEL},
                          .mask = mask,
                          .numel = NUMEL,
                          .nnz = nnz,
                          .capacity = nnz,
                          .value = value,
                          .state = {state}};
        ck_assert_int_eq(cop_mask_random(mask, NUMEL, nnz, cop_rng_key(r, "mask"), 0), COP_OK);
        for (size_t i = 0; i < nnz; i++)
            value[i] = (float)(i + 1);
        const CopTopologyUpdate update = {
            .drop = drop, .target = nnz, .growth = COP_GROW_RANDOM, .key = cop_rng_key(r, "grow")};
        CopTopologyResult result;
        ck_assert_int_eq(cop_topology_update(&param, &update, &result), COP_OK);
        const double k = (double)drop, m = NUMEL - (double)nnz + k;
        const double deviation = sqrt(k * (k / m) * (1 - k / m) * (m - k) / (m - 1));
        const double born = (double)(result.grown - result.regrown);
        ck_assert(result.dropped == drop && result.grown == drop);
        ck_assert_msg(fabs(born - rows[r].mutated * (double)nnz) < 6 * deviation + 2,
                      "density %g: %g new of %zu", rows[r].density, born, nnz);
    }
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("topology");
    TCase *tcase = tcase_create("topology");
    suite_add_tcase(suite, tcase);
    tcase_set_timeout(tcase, 60);
    tcase_add_loop_test(tcase, updates_equal_those_of_a_sort, 0, 20);
    tcase_add_test(tcase, candidates_are_the_largest_inactive_gradients);
    tcase_add_test(tcase, two_sided_prune_takes_its_share_of_each_sign);
    tcase_add_test(tcase, shares_of_weights_are_rounded);
    tcase_add_test(tcase, random_masks_are_exact_and_addressed);
    tcase_add_test(tcase, random_masks_are_uniform);
    tcase_add_test(tcase, random_growth_draws_what_went_as_often_as_the_rest);
    tcase_add_test(tcase, scores_that_are_not_finite_are_refused);
    tcase_add_test(tcase, counts_that_cannot_be_met_are_refused);
    tcase_add_test(tcase, a_full_layer_is_left_alone);
    SRunner *runner = srunner_create(suite);
    srunner_run_all(runner, CK_NORMAL);
    const int failures = srunner_ntests_failed(runner);
    srunner_free(runner);
    return failures ? 1 : 0;
}
