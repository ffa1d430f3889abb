/* Lists of weights of conv3d: building them from a mask.
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#include <string.h>

#include "models/core/mask.h"
#include "models/kernels/conv3d_plan.h"

typedef struct Visit {
    CopGather *gather;
    const uint64_t *mask; /* NULL: all weights */
    bool place;           /* else count */
} Visit;

static uint32_t rank_of(const Visit *visit, size_t index)
{
    const uint64_t word = visit->mask[index / 64], below = ((uint64_t)1 << index % 64) - 1;
    return visit->gather->rank[index / 64] + (uint32_t)__builtin_popcountll(word & below);
}

/* Where the start of a segment of slots lies: those of a tap along t of a unit, for a
 * weight between channels `in` and `out` of a group. */
static uint32_t *segment(const CopGather *gather, const CopTap *tap, int group, int in, int out,
                         int kind)
{
    const CopSweep *sweep = &gather->sweep[tap->sweep];
    const int taps = sweep->t.taps;
    const int block = sweep->block_channels ? in / sweep->block_channels : in * taps + tap->t;
    size_t list = (size_t)block;
    if (!gather->shared) {
        const int unit = gather->blocking.pairs ? out / 2 : out;
        list = (((size_t)group * (size_t)sweep->blocks + list) * (size_t)gather->units +
                (size_t)unit) *
                   (size_t)gather->kinds +
               (size_t)kind;
    }
    return gather->start + (sweep->start - gather->start) + list * (size_t)taps + tap->t;
}

/* Puts a slot behind those that its segment has, or counts it. A segment's start lies
 * one ahead while slots are placed, and its count two ahead before. */
static void put(const Visit *visit, uint32_t *at, size_t offset, uint32_t index)
{
    if (!visit->place) {
        ++at[2];
        return;
    }
    visit->gather->offset[at[1]] = (uint32_t)offset;
    visit->gather->index[at[1]] = index;
    ++at[1];
}

/* One active weight of output channel `out`. */
static void visit_weight(const Visit *visit, const CopTap *tap, int group, int in, int out,
                         size_t index)
{
    const CopGather *gather = visit->gather;
    const size_t offset = (size_t)in * gather->in_c + tap->offset;
    const bool pairs = gather->blocking.pairs, first = out % 2 == 0;
    const size_t step = gather->channel_step, other = first ? index + step : index - step;
    const bool both = pairs && (out ^ 1) < gather->out_channels && cop_mask_get(visit->mask, other);
    if (both && !first)
        return; /* placed with its partner */
    const int kind = !pairs || both ? 0 : first ? 1 : 2;
    uint32_t *at = segment(gather, tap, group, in, out, kind);
    put(visit, at, offset, rank_of(visit, index));
    if (both)
        put(visit, at, offset, rank_of(visit, other));
}

/* Active weights in ascending order. */
static void visit_all(const Visit *visit, const CopConvShape *s)
{
    const CopGather *gather = visit->gather;
    const int taps = s->kt * s->kh * s->kw, ic = s->ic / s->groups, oc = s->oc / s->groups;
    const size_t row = (size_t)ic * (size_t)taps;
    for (int o = 0; o < s->oc; o++)
        for (int i = 0; i < ic; i++)
            for (int k = 0; k < taps; k++) {
                const size_t index = (size_t)o * row + (size_t)(i * taps + k);
                if (!cop_mask_get(visit->mask, index))
                    continue;
                visit_weight(visit, &gather->tap[k], o / oc, gather->transposed ? o % oc : i,
                             gather->transposed ? i : o % oc, index);
            }
}

/* The one list of all weights, as unit 0 has it. */
static void visit_shared(const Visit *visit, const CopConvShape *s)
{
    const CopGather *gather = visit->gather;
    const int taps = s->kt * s->kh * s->kw;
    const size_t in_step = (size_t)taps * (gather->transposed ? (size_t)(s->ic / s->groups) : 1);
    for (int in = 0; in < gather->in_channels; in++)
        for (int k = 0; k < taps; k++) {
            const CopTap *tap = &gather->tap[k];
            uint32_t *at = segment(gather, tap, 0, in, 0, 0);
            const size_t index = (size_t)in * in_step + (size_t)k;
            const size_t offset = (size_t)in * gather->in_c + tap->offset;
            put(visit, at, offset, (uint32_t)index);
            if (gather->blocking.pairs)
                put(visit, at, offset, (uint32_t)(index + gather->channel_step));
        }
}

static void count_ranks(CopGather *gather, const uint64_t *mask)
{
    const size_t words = cop_mask_words((size_t)gather->groups * gather->group_step);
    uint32_t before = 0;
    for (size_t i = 0; i < words; i++) {
        gather->rank[i] = before;
        before += (uint32_t)__builtin_popcountll(mask[i]);
    }
}

void cop_gather_build(CopGather *gather, const CopConvShape *s, CopBlocking blocking,
                      const uint64_t *mask)
{
    gather->shared = !mask;
    cop_gather_block(gather, blocking);
    size_t n = 0;
    for (int i = 0; i < gather->sweeps; i++) {
        gather->sweep[i].start = gather->start + n;
        n += cop_sweep_segments(gather, &gather->sweep[i]);
    }
    if (gather->winograd) {
        cop_winograd_build(gather, s);
        return;
    }
    if (mask)
        count_ranks(gather, mask);
    /* A counting sort in place. */
    memset(gather->start, 0, (n + 2) * sizeof *gather->start);
    for (int place = 0; place < 2; place++) {
        const Visit visit = {gather, mask, place};
        if (mask)
            visit_all(&visit, s);
        else
            visit_shared(&visit, s);
        for (size_t i = 2; !place && i < n + 2; i++)
            gather->start[i] += gather->start[i - 1];
    }
    gather->slots = gather->start[n];
}
