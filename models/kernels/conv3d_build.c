/* Lists of weights of conv3d: building them from a mask.
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#include <string.h>

#include "models/core/mask.h"
#include "models/kernels/conv3d_plan.h"

typedef struct Visit {
    CopGather *gather;
    const uint64_t *mask; /* NULL: all weights */
    bool place;           /* else count */
    CopConv3dPlaceFn *fast;
    CopConv3dSlots slots; /* for it */
} Visit;

uint32_t cop_gather_rank(const CopGather *gather, const uint64_t *mask, size_t index)
{
    const uint64_t word = mask[index / 64], below = ((uint64_t)1 << index % 64) - 1;
    return gather->rank[index / 64] + (uint32_t)__builtin_popcountll(word & below);
}

/* Transformed inputs are there a block at a time. */
static size_t channel_offset(const CopGather *gather, int in)
{
    return (size_t)(gather->transformed ? in % gather->sweep->block_channels : in) * gather->in_c;
}

/* Where a unit's segments for input channel `in` of a group start in each sweep; those of a tap
 * and a kind lie from there as place_taps() says. */
static void find_origins(const CopGather *gather, int group, int in, int unit)
{
    for (int i = 0; i < gather->sweeps; i++) {
        const CopSweep *sweep = &gather->sweep[i];
        const int block = sweep->block_channels ? in / sweep->block_channels : in * sweep->t.taps;
        size_t list = (size_t)block;
        if (!gather->shared)
            list = (((size_t)group * (size_t)sweep->blocks + list) * (size_t)gather->units +
                    (size_t)unit) *
                   (size_t)gather->kinds;
        gather->origin[i] = (size_t)(sweep->start - gather->start) + list * (size_t)sweep->t.taps;
    }
}

static void place_taps(CopGather *gather, int taps)
{
    for (CopTap *tap = gather->tap; tap < gather->tap + taps; tap++) {
        const CopSweep *sweep = &gather->sweep[tap->sweep];
        const size_t lists = gather->shared ? 1 : (size_t)(gather->units * gather->kinds);
        tap->kind = (size_t)sweep->t.taps;
        tap->segment = (size_t)tap->t;
        if (!sweep->block_channels) /* a block a tap */
            tap->segment += (size_t)tap->t * lists * (size_t)sweep->t.taps;
    }
}

static uint32_t *segment(const CopGather *gather, const CopTap *tap)
{
    return gather->start + gather->origin[tap->sweep] + tap->segment;
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

/* Bits set below bit k: of a in the low byte, of b in the high one. */
static void count_below(uint16_t before[64], uint64_t a, uint64_t b, int n)
{
    unsigned count = 0;
    for (int k = 0; k < n; k++, a >>= 1, b >>= 1) {
        before[k] = (uint16_t)count;
        count += (unsigned)(a & 1) + ((unsigned)(b & 1) << 8);
    }
}

/* The active weights of a unit for one input channel: taps of its first channel from `first` on,
 * and of a pair's second channel from `second` on. What both have and what one has are walked
 * one after the other, since which comes next in a random mask is what a processor guesses
 * wrong. */
static void visit_unit(const Visit *visit, int taps, int in, size_t first, size_t second,
                       bool alone)
{
    const CopGather *gather = visit->gather;
    const size_t channel = channel_offset(gather, in), pairs = gather->pairs;
    for (int k = 0; k < taps; k += 64) {
        const int n = taps - k < 64 ? taps - k : 64;
        const CopTap *tap = &gather->tap[k];
        const uint64_t a = cop_mask_bits(visit->mask, first + (size_t)k, n);
        const uint64_t b = alone ? 0 : cop_mask_bits(visit->mask, second + (size_t)k, n);
        uint32_t rank_a = 0, rank_b = 0;
        uint16_t before[64];
        before[0] = 0;
        if (visit->place && gather->transformed) {
            rank_a = (uint32_t)first + (uint32_t)k;
            rank_b = (uint32_t)second + (uint32_t)k;
            count_below(before, ~(uint64_t)0, ~(uint64_t)0, n);
        } else if (visit->place) {
            rank_a = cop_gather_rank(gather, visit->mask, first + (size_t)k);
            rank_b = alone ? 0 : cop_gather_rank(gather, visit->mask, second + (size_t)k);
            count_below(before, a, b, n);
        }
        for (uint64_t rest = a & b; rest; rest &= rest - 1) {
            const int i = __builtin_ctzll(rest);
            uint32_t *at = segment(gather, &tap[i]);
            put(visit, at, channel + tap[i].offset, rank_a + before[i] % 256);
            put(visit, at, channel + tap[i].offset, rank_b + before[i] / 256);
        }
        for (uint64_t rest = a ^ b; rest; rest &= rest - 1) {
            const int i = __builtin_ctzll(rest);
            const size_t of_b = b >> i & 1;
            const uint32_t rank[] = {rank_a + before[i] % 256, rank_b + before[i] / 256};
            put(visit, segment(gather, &tap[i]) + (1 + of_b) * pairs * tap[i].kind,
                channel + tap[i].offset, rank[of_b]);
        }
    }
}

/* Whether the tier's own way of placing slots will do, and what it needs to know. */
static void choose(Visit *visit, const CopConvShape *s)
{
    const CopGather *gather = visit->gather;
    const int taps = s->kh * s->kw;
    visit->fast = NULL;
    if (gather->sweeps > 1 || !gather->sweep->block_channels || taps > COP_PLACE_TAPS ||
        s->kt * taps > COP_PLACE_BITS)
        return;
    visit->fast = cop_conv3d_kernels(cop_tier())->place;
    visit->slots = (CopConv3dSlots){.place = visit->place,
                                    .offset = gather->offset,
                                    .index = gather->index,
                                    .kind = gather->pairs ? gather->tap->kind : 0,
                                    .segments = s->kt,
                                    .taps = taps,
                                    .positions = gather->transformed,
                                    .follows = gather->transposed && !gather->transformed};
    for (int i = 0; i < s->kt * taps; i++)
        visit->slots.tap_offset[i] = (uint32_t)gather->tap[i].offset;
    for (int i = 0; i < s->kt; i++)
        visit->slots.segment[i] = gather->tap[i * taps].segment;
}

/* A row of units by the tier's own way, which counts ranks and blocks along: looking each up costs
 * as much as placing. */
static void visit_row(const Visit *visit, const CopConvShape *s, int group, int o, size_t first)
{
    const CopGather *gather = visit->gather;
    const CopSweep *sweep = gather->sweep;
    const int taps = s->kt * s->kh * s->kw, ic = s->ic / s->groups;
    const int width = gather->pairs ? 2 : 1, step = gather->transposed ? width : 1;
    const size_t list = (size_t)(gather->kinds * sweep->t.taps); /* starts of a unit */
    const size_t block = (size_t)gather->units * list;
    const int in = gather->transposed ? o : 0, out = gather->transposed ? 0 : o;
    const size_t at = (size_t)group * (size_t)sweep->blocks + (size_t)(in / sweep->block_channels);
    CopConv3dRow row = {.mask = visit->mask,
                        .first = first,
                        .second = first + gather->channel_step,
                        .step = (size_t)(step * taps),
                        .n = cop_ceil_div(ic, step),
                        .start = gather->start + (sweep->start - gather->start) + at * block +
                                 (size_t)(out / width) * list,
                        .channel = (uint32_t)channel_offset(gather, in)};
    if (gather->transposed) {
        row.pairs = width == 2 ? ic / 2 : 0;
        row.block = row.blocks_of = row.n + 1; /* no block ends */
        row.start_step = (ptrdiff_t)list;
    } else {
        row.pairs = width == 2 && out + 1 < gather->out_channels ? row.n : 0;
        row.block = row.blocks_of = sweep->block_channels;
        row.start_jump = (ptrdiff_t)block;
        row.channel_step = (uint32_t)gather->in_c;
        if (gather->transformed)
            row.channel_back = (uint32_t)((size_t)sweep->block_channels * gather->in_c);
    }
    if (visit->place && !gather->transformed) {
        row.rank_a = cop_gather_rank(gather, visit->mask, row.first);
        if (row.pairs && !visit->slots.follows)
            row.rank_b = cop_gather_rank(gather, visit->mask, row.second);
    }
    visit->fast(&visit->slots, row);
}

/* Active weights, those of a segment in ascending order. */
static void visit_all(const Visit *visit, const CopConvShape *s)
{
    const CopGather *gather = visit->gather;
    const int taps = s->kt * s->kh * s->kw, ic = s->ic / s->groups, oc = s->oc / s->groups;
    const int width = gather->pairs ? 2 : 1;
    const int o_step = gather->transposed ? 1 : width, i_step = gather->transposed ? width : 1;
    for (int group = 0; group < s->groups; group++)
        for (int o = 0; o < oc; o += o_step) {
            const size_t row = (size_t)group * gather->group_step + (size_t)(o * ic * taps);
            if (visit->fast) {
                visit_row(visit, s, group, o, row);
                continue;
            }
            for (int i = 0; i < ic; i += i_step) {
                const int in = gather->transposed ? o : i, out = gather->transposed ? i : o;
                const size_t first = row + (size_t)(i * taps);
                find_origins(gather, group, in, out / width);
                const bool alone = width == 1 || out + 1 == gather->out_channels;
                visit_unit(visit, taps, in, first, first + gather->channel_step, alone);
            }
        }
}

/* The one list of all weights, as unit 0 has it. */
static void visit_shared(const Visit *visit, const CopConvShape *s)
{
    const CopGather *gather = visit->gather;
    const int taps = s->kt * s->kh * s->kw;
    const size_t in_step = (size_t)taps * (gather->transposed ? (size_t)(s->ic / s->groups) : 1);
    for (int in = 0; in < gather->in_channels; in++) {
        find_origins(gather, 0, in, 0);
        for (int k = 0; k < taps; k++) {
            const CopTap *tap = &gather->tap[k];
            uint32_t *at = segment(gather, tap);
            const size_t index = (size_t)in * in_step + (size_t)k;
            const size_t offset = channel_offset(gather, in) + tap->offset;
            put(visit, at, offset, (uint32_t)index);
            if (gather->pairs)
                put(visit, at, offset, (uint32_t)(index + gather->channel_step));
        }
    }
}

void cop_gather_count_ranks(CopGather *gather, const uint64_t *mask)
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
    place_taps(gather, s->kt * s->kh * s->kw);
    if (mask && !gather->transformed)
        cop_gather_count_ranks(gather, mask);
    /* A counting sort in place. */
    memset(gather->start, 0, (n + 2) * sizeof *gather->start);
    for (int place = 0; place < 2; place++) {
        Visit visit = {.gather = gather, .mask = mask, .place = place};
        choose(&visit, s);
        if (mask)
            visit_all(&visit, s);
        else
            visit_shared(&visit, s);
        for (size_t i = 2; !place && i < n + 2; i++)
            gather->start[i] += gather->start[i - 1];
    }
    gather->slots = gather->start[n];
}
