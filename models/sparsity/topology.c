/* Exact, deterministic prune and grow of one layer, linear in its weights.
 * Drop and grow after SET (Mocanu et al., 2018) and RigL (Evci et al., 2020). Two
 * departures make it exact: only positions that may be chosen are ranked, so
 * that no count drifts, and equal scores go to the smaller index.
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#include "models/sparsity/topology.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "models/core/mask.h"
#include "models/sparsity/select.h"

typedef enum Side { SIDE_BOTH, SIDE_POSITIVE, SIDE_NEGATIVE } Side;

/* Memory of one update. */
typedef struct Work {
    uint64_t *next, *born; /* the mask to come, and what is new in it */
    uint32_t *index;       /* positions that may grow */
    uint32_t *key;         /* what is ranked */
    float *scratch;
} Work;

static bool all_finite(const float *x, size_t n)
{
    for (size_t i = 0; i < n; i++)
        if (cop_magnitude_key(x[i]) >= COP_KEY_INFINITE)
            return false;
    return true;
}

static uint64_t valid_bits(size_t numel, size_t word)
{
    const size_t rest = numel - word * 64;
    return rest < 64 ? ((uint64_t)1 << rest) - 1 : ~(uint64_t)0;
}

static size_t bit_index(size_t word, uint64_t bits)
{
    return word * 64 + (size_t)__builtin_ctzll(bits);
}

/* Brings a random k-subset of n items to the front: Fisher-Yates, ended early. */
static void draw_subset(uint32_t *item, size_t n, size_t k, CopRngKey key, CopRngAddress at)
{
    uint32_t random[4];
    for (size_t i = 0; i < k; i++) {
        if (i % 4 == 0)
            cop_rng_block(key, (uint32_t)(i / 4), at, random);
        const size_t j = i + (size_t)(((uint64_t)random[i % 4] * (n - i)) >> 32);
        const uint32_t drawn = item[j];
        item[j] = item[i];
        item[i] = drawn;
    }
}

CopStatus cop_mask_random(uint64_t *mask, size_t numel, size_t nnz, CopRngKey key, uint32_t layer)
{
    if (nnz > numel || numel > UINT32_MAX)
        return COP_ERR_ARG;
    uint32_t *item = malloc((numel + 1) * sizeof *item);
    if (!item)
        return COP_ERR_NOMEM;
    for (size_t i = 0; i < numel; i++)
        item[i] = (uint32_t)i;
    draw_subset(item, numel, nnz, key, (CopRngAddress){.clip = layer});
    memset(mask, 0, cop_mask_words(numel) * sizeof *mask);
    for (size_t i = 0; i < nnz; i++)
        cop_mask_set(mask, item[i]);
    free(item);
    return COP_OK;
}

CopStatus cop_candidates_select(CopCandidates *out, const CopParam *param, const float *dense_grad)
{
    out->n = 0;
    if (!all_finite(dense_grad, param->numel))
        return COP_ERR_ARG;
    const size_t inactive = param->numel - param->nnz, words = cop_mask_words(param->numel);
    const size_t k = inactive < out->capacity ? inactive : out->capacity;
    if (k == 0)
        return COP_OK;
    uint32_t *key = calloc(inactive, sizeof *key);
    if (!key)
        return COP_ERR_NOMEM;
    size_t n = 0;
    for (size_t word = 0; word < words; word++)
        for (uint64_t bits = ~param->mask[word] & valid_bits(param->numel, word); bits;
             bits &= bits - 1)
            key[n++] = COP_KEY_LARGEST - cop_magnitude_key(dense_grad[bit_index(word, bits)]);
    CopCut cut = cop_cut_smallest(key, n, k);
    n = 0;
    for (size_t word = 0; word < words; word++)
        for (uint64_t bits = ~param->mask[word] & valid_bits(param->numel, word); bits;
             bits &= bits - 1)
            if (cop_cut_selects(&cut, key[n++])) {
                const size_t i = bit_index(word, bits);
                out->index[out->n] = (uint32_t)i;
                out->magnitude[out->n++] = fabsf(dense_grad[i]);
            }
    free(key);
    return COP_OK;
}

static bool has_sign(float w, Side side)
{
    return side == SIDE_BOTH || (side == SIDE_POSITIVE ? w > 0 : w < 0);
}

/* Active weights with a sign, of those that thinning leaves. */
static size_t count_sign(const CopParam *param, size_t thin, Side side)
{
    CopCut cut = cop_cut_smallest_values(param->value, param->nnz, thin);
    size_t n = 0;
    for (size_t i = 0; i < param->nnz; i++) {
        const float w = param->value[i];
        n += !cop_cut_selects(&cut, cop_magnitude_key(w)) && has_sign(w, side);
    }
    return n;
}

size_t cop_topology_share(size_t n, double fraction, bool up)
{
    const double share = fraction * (double)n;
    return (size_t)(up ? ceil(share) : share);
}

void cop_topology_drop(const CopParam *param, double fraction, bool up, CopTopologyUpdate *update)
{
    update->drop_negative = 0;
    if (update->prune == COP_PRUNE_MAGNITUDE) {
        update->drop = cop_topology_share(param->nnz - update->thin, fraction, up);
        return;
    }
    update->drop_negative =
        cop_topology_share(count_sign(param, update->thin, SIDE_NEGATIVE), fraction, up);
    update->drop = update->drop_negative +
                   cop_topology_share(count_sign(param, update->thin, SIDE_POSITIVE), fraction, up);
}

/* Clears the k weights of one side, among those still active, whose score is least. */
static void prune_side(const CopParam *param, Side side, float lambda, size_t k, const Work *work)
{
    size_t i = 0;
    if (k == 0)
        return;
    for (size_t word = 0; word < cop_mask_words(param->numel); word++)
        for (uint64_t bits = param->mask[word]; bits; bits &= bits - 1, i++) {
            const float w = param->value[i];
            const bool ranked = work->next[word] & bits & -bits && has_sign(w, side);
            const float score = lambda != 0 ? fabsf(w) + lambda * fabsf(param->grad[i]) : w;
            work->key[i] = ranked ? cop_magnitude_key(score) : UINT32_MAX;
        }
    CopCut cut = cop_cut_smallest(work->key, param->nnz, k);
    const uint32_t *key = work->key;
    for (size_t word = 0; word < cop_mask_words(param->numel); word++)
        for (uint64_t bits = param->mask[word]; bits; bits &= bits - 1)
            if (cop_cut_selects(&cut, *key++))
                work->next[word] &= ~(bits & -bits);
}

static void grow_random(const CopParam *param, const CopTopologyUpdate *update, size_t k,
                        const Work *work)
{
    size_t n = 0;
    for (size_t word = 0; word < cop_mask_words(param->numel); word++) {
        const uint64_t taken = update->regrow == COP_REGROW_FORBID ? param->mask[word] : 0;
        for (uint64_t bits = ~(work->next[word] | taken) & valid_bits(param->numel, word); bits;
             bits &= bits - 1)
            work->index[n++] = (uint32_t)bit_index(word, bits);
    }
    draw_subset(work->index, n, k, update->key,
                (CopRngAddress){.frame = update->step, .clip = update->layer});
    for (size_t i = 0; i < k; i++)
        cop_mask_set(work->next, work->index[i]);
}

/* Candidates and, where allowed, dropped weights compete; both come in the
 * order of their index, and a merge keeps it. */
static CopStatus grow_gradient(const CopParam *param, const CopTopologyUpdate *update, size_t k,
                               const Work *work)
{
    const CopCandidates *candidates = update->candidates;
    size_t n = 0, c = 0;
    const float *grad = param->grad;
    for (size_t word = 0; word < cop_mask_words(param->numel); word++) {
        for (uint64_t bits = param->mask[word]; bits; bits &= bits - 1, grad++) {
            const bool dropped = bits & -bits & ~work->next[word];
            if (!dropped || update->regrow == COP_REGROW_FORBID)
                continue;
            const size_t i = bit_index(word, bits);
            for (; c < candidates->n && candidates->index[c] < i; c++, n++) {
                work->index[n] = candidates->index[c];
                work->key[n] = cop_magnitude_key(candidates->magnitude[c]);
            }
            work->index[n] = (uint32_t)i;
            work->key[n++] = cop_magnitude_key(*grad);
        }
    }
    for (; c < candidates->n; c++, n++) {
        work->index[n] = candidates->index[c];
        work->key[n] = cop_magnitude_key(candidates->magnitude[c]);
    }
    for (size_t i = 0; i < n; i++) {
        if (work->key[i] >= COP_KEY_INFINITE)
            return COP_ERR_ARG;
        work->key[i] = COP_KEY_LARGEST - work->key[i]; /* the largest come first */
    }
    if (k > n)
        return COP_ERR_ARG;
    CopCut cut = cop_cut_smallest(work->key, n, k);
    for (size_t i = 0; i < n; i++)
        if (cop_cut_selects(&cut, work->key[i]))
            cop_mask_set(work->next, work->index[i]);
    return COP_OK;
}

static size_t gone(const CopTopologyUpdate *update)
{
    return update->thin + update->drop;
}

static size_t to_grow(const CopParam *param, const CopTopologyUpdate *update)
{
    return update->target + gone(update) - param->nnz;
}

static bool signs_suffice(const CopParam *param, const CopTopologyUpdate *update)
{
    return update->drop_negative <= update->drop &&
           update->drop_negative <= count_sign(param, update->thin, SIDE_NEGATIVE) &&
           update->drop - update->drop_negative <= count_sign(param, update->thin, SIDE_POSITIVE);
}

/* Whether the gradients are there that growing looks at. */
static bool candidates_suffice(const CopParam *param, const CopTopologyUpdate *update, size_t grow)
{
    const size_t inactive = param->numel - param->nnz;
    const CopCandidates *candidates = update->candidates;
    if (!candidates || candidates->n < (grow < inactive ? grow : inactive))
        return false;
    for (size_t c = 0; c < candidates->n; c++)
        if (candidates->index[c] >= param->numel || cop_mask_get(param->mask, candidates->index[c]))
            return false;
    const bool compete = update->regrow == COP_REGROW_ALLOW && gone(update) > 0;
    return !compete || param->grad;
}

/* Whether the counts can be met and all scores are finite. */
static CopStatus check(const CopParam *param, const CopTopologyUpdate *update)
{
    if (!param->mask || param->numel > UINT32_MAX || update->thin > param->nnz ||
        update->drop > param->nnz - update->thin || update->target + gone(update) < param->nnz ||
        update->target > param->numel || update->target > param->capacity)
        return COP_ERR_ARG;
    if (gone(update) > 0 && !all_finite(param->value, param->nnz))
        return COP_ERR_ARG;
    if (update->lambda != 0 && update->drop > 0 &&
        (!param->grad || !all_finite(param->grad, param->nnz)))
        return COP_ERR_ARG;
    if (update->prune == COP_PRUNE_TWO_SIDED && !signs_suffice(param, update))
        return COP_ERR_ARG;
    const size_t grow = to_grow(param, update);
    if (update->growth == COP_GROW_GRADIENT && grow > 0 && !candidates_suffice(param, update, grow))
        return COP_ERR_ARG;
    return COP_OK;
}

static void fill_born(const CopParam *param, const uint64_t *born, float value)
{
    float *w = param->value;
    for (size_t word = 0; word < cop_mask_words(param->numel); word++)
        for (uint64_t bits = param->mask[word]; bits; bits &= bits - 1, w++)
            if (born[word] & bits & -bits)
                *w = value;
}

static CopStatus change(CopParam *param, const CopTopologyUpdate *update, const Work *work,
                        CopTopologyResult *result)
{
    const size_t words = cop_mask_words(param->numel);
    memcpy(work->next, param->mask, words * sizeof *work->next);
    prune_side(param, SIDE_BOTH, 0, update->thin, work);
    if (update->prune == COP_PRUNE_TWO_SIDED) {
        prune_side(param, SIDE_POSITIVE, 0, update->drop - update->drop_negative, work);
        prune_side(param, SIDE_NEGATIVE, 0, update->drop_negative, work);
    } else {
        prune_side(param, SIDE_BOTH, update->lambda, update->drop, work);
    }
    const size_t grow = to_grow(param, update);
    if (grow > 0 && update->growth == COP_GROW_RANDOM)
        grow_random(param, update, grow, work);
    else if (grow > 0)
        COP_TRY(grow_gradient(param, update, grow, work));

    size_t lost = 0, born = 0;
    for (size_t word = 0; word < words; word++) {
        work->born[word] = work->next[word] & ~param->mask[word];
        born += (size_t)__builtin_popcountll(work->born[word]);
        lost += (size_t)__builtin_popcountll(param->mask[word] & ~work->next[word]);
    }
    *result = (CopTopologyResult){gone(update), grow, gone(update) - lost};
    if (lost == 0 && born == 0)
        return COP_OK;
    cop_param_set_mask(param, work->next, work->scratch);
    if (update->grow_init != 0)
        fill_born(param, work->born, update->grow_init);
    return COP_OK;
}

CopStatus cop_topology_update(CopParam *param, const CopTopologyUpdate *requested,
                              CopTopologyResult *result)
{
    *result = (CopTopologyResult){0};
    CopTopologyUpdate update = *requested;
    if (param->nnz == param->numel && update.target == param->numel)
        return COP_OK;
    const size_t room = update.target < param->numel ? param->numel - update.target : 0;
    if (update.regrow == COP_REGROW_FORBID && update.drop > 0 && gone(&update) > room) {
        const size_t most = room > update.thin ? room - update.thin : 0;
        update.drop_negative = update.drop_negative * most / update.drop; /* sides in proportion */
        update.drop = most;
    }
    COP_TRY(check(param, &update));

    const size_t words = cop_mask_words(param->numel);
    const size_t candidates = update.candidates ? update.candidates->n : 0;
    const size_t inactive = param->numel - param->nnz + gone(&update);
    const size_t listed = update.growth == COP_GROW_RANDOM ? inactive : candidates + gone(&update);
    const size_t ranked = param->nnz > listed ? param->nnz : listed;
    const Work work = {
        .next = malloc(words * sizeof *work.next),
        .born = malloc(words * sizeof *work.born),
        .index = malloc((listed + 1) * sizeof *work.index),
        .key = malloc((ranked + 1) * sizeof *work.key),
        .scratch = malloc((param->capacity + 1) * sizeof *work.scratch),
    };
    const bool ready = work.next && work.born && work.index && work.key && work.scratch;
    const CopStatus status = ready ? change(param, &update, &work, result) : COP_ERR_NOMEM;
    free(work.next);
    free(work.born);
    free(work.index);
    free(work.key);
    free(work.scratch);
    return status;
}
