/* Lists of weights of conv3d: building them from a mask, a unit of a block after the other, as
 * they lie in memory.
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#include <string.h>

#include "models/kernels/conv3d_plan.h"

/* Words that a mask of one kernel would fill. */
static int kernel_words(int taps)
{
    return cop_ceil_div(taps, 64);
}

CopStatus cop_gather_plan_lists(CopGather *gather, CopArena *arena, const CopConvShape *s,
                                size_t slots, size_t starts)
{
    const int taps = s->kt * s->kh * s->kw;
    const size_t words = (size_t)(s->kt * kernel_words(taps)); /* no sweep has more segments */
    gather->tap = cop_arena_alloc(arena, (size_t)taps, sizeof *gather->tap);
    gather->in_segment = cop_arena_alloc(arena, words, sizeof *gather->in_segment);
    /* Kernels look one slot ahead, and lists are written by whole vectors. */
    slots += 2 * COP_PLACE_LANES;
    gather->offset = cop_arena_alloc(arena, slots, sizeof *gather->offset);
    gather->index = cop_arena_alloc(arena, slots, sizeof *gather->index);
    gather->start = cop_arena_alloc(arena, starts + 2, sizeof *gather->start);
    return gather->tap && gather->in_segment && gather->offset && gather->index && gather->start
               ? COP_OK
               : COP_ERR_NOMEM;
}

size_t cop_gather_build_scratch(const CopGather *gather, const CopConvShape *s)
{
    const size_t taps = (size_t)(s->kt * s->kh * s->kw);
    return COP_PLACE_ARRAYS * taps * (size_t)(gather->in_channels + COP_PLACE_LANES);
}

/* Which taps of a kernel lie in each segment of a sweep. */
static void find_segments(const CopGather *gather, int taps, int sweep)
{
    const int words = kernel_words(taps);
    memset(gather->in_segment, 0,
           (size_t)(gather->sweep[sweep].t.taps * words) * sizeof *gather->in_segment);
    for (int k = 0; k < taps; k++)
        if (gather->tap[k].sweep == sweep)
            gather->in_segment[gather->tap[k].t * words + k / 64] |= (uint64_t)1 << k % 64;
}

/* Kernels of how many input channels vectors take at a time: where weights are counted, one, or
 * as many as have nothing else between their taps. `most`: taps of a segment. */
static int channels_at_a_time(const CopConv3dSlots *slots, int most)
{
    if (slots->words > 1 || most > COP_PLACE_LANES)
        return 0;
    for (int i = 0; i < slots->segments; i++) {
        const uint64_t own = slots->in_segment[i], lowest = own & -own;
        if (slots->rank && ((own + lowest) & own))
            return 0; /* others lie between */
    }
    if (slots->rank && (slots->transposed || slots->segments > 1 || most < slots->taps))
        return 1;
    return cop_min(COP_PLACE_LANES / most, COP_PLACE_BITS / slots->taps);
}

/* What vectors need to place the taps of a block of `channels` input channels. */
static void fill_lanes(CopConv3dSlots *slots, int channels)
{
    int most = 1;
    for (int i = 0; i < slots->segments; i++)
        most = cop_max(most, __builtin_popcountll(slots->in_segment[i]));
    slots->channels = channels_at_a_time(slots, most);
    slots->room = (size_t)channels * (size_t)most + COP_PLACE_LANES;
    for (int i = 0; i < slots->segments && slots->channels; i++) {
        int lane = 0;
        slots->lanes_of[i] = 0;
        for (int c = 0; c < COP_PLACE_BITS / slots->taps; c++)
            slots->lanes_of[i] |= slots->in_segment[i] << (c * slots->taps);
        for (int c = 0; c < slots->channels; c++) {
            for (uint64_t rest = slots->in_segment[i]; rest; rest &= rest - 1, lane++) {
                const int tap = __builtin_ctzll(rest);
                slots->lane_offset[i][lane] =
                    (uint32_t)c * slots->in_c + (uint32_t)slots->tap[tap].offset;
                slots->lane_index[i][lane] = (uint32_t)((size_t)c * slots->in_step) + (uint32_t)tap;
            }
        }
    }
}

/* Bits of a mask, or weights, from an input channel's kernel to the next one's. */
static size_t input_step(const CopGather *gather)
{
    return gather->transposed ? gather->channel_step * (size_t)gather->out_channels
                              : gather->channel_step / (size_t)gather->in_channels;
}

/* The input channels of a block, and the first tap along t of those that it has. */
typedef struct Block {
    int in, channels, tap;
    uint32_t offset; /* of what its first channel reads; a copy of inputs is a block's alone */
} Block;

static Block block_of(const CopGather *gather, const CopSweep *sweep, int block)
{
    Block b = {.in = block / sweep->splits * sweep->block_channels, .tap = block % sweep->splits};
    b.channels = cop_min(sweep->block_channels, gather->in_channels - b.in);
    if (!gather->transformed && !sweep->packed)
        b.offset = (uint32_t)((size_t)b.in * sweep->read_c);
    return b;
}

/* Lists the active weights of a sweep from slot `at` on; returns where they end. */
static uint32_t list_sweep(const CopGather *gather, int taps, const CopSweep *sweep,
                           const uint64_t *mask, void *scratch, uint32_t *start, uint32_t at)
{
    const int width = gather->pairs ? 2 : 1, segments = sweep->segments;
    CopConv3dPlaceFn *const place = cop_conv3d_kernels(cop_tier())->place;
    CopConv3dSlots slots = {.offset = gather->offset,
                            .index = gather->index,
                            .scratch = scratch,
                            .mask = mask,
                            .rank = gather->transformed ? NULL : gather->rank,
                            .tap = gather->tap,
                            .taps = taps,
                            .words = kernel_words(taps),
                            .segments = segments,
                            .pairs = gather->pairs,
                            .transposed = gather->transposed,
                            .in_step = input_step(gather),
                            .in_c = (uint32_t)sweep->read_c};
    for (int list = 0; list < gather->groups * sweep->blocks; list++) {
        const Block block = block_of(gather, sweep, list % sweep->blocks);
        CopConv3dUnit unit = {.channels = block.channels, .offset = block.offset};
        slots.in_segment = gather->in_segment + (ptrdiff_t)block.tap * slots.words;
        if (list == 0 || sweep->splits > 1)
            fill_lanes(&slots, sweep->block_channels);
        const size_t kernel =
            (size_t)(list / sweep->blocks) * gather->group_step + (size_t)block.in * slots.in_step;
        for (int out = 0; out < gather->out_channels; out += width) {
            unit.first = kernel + (size_t)out * gather->channel_step;
            unit.second = unit.first + gather->channel_step;
            unit.alone = width == 1 || out + 1 == gather->out_channels;
            unit.start = start;
            at = place(&slots, &unit, at);
            start += segments * gather->kinds;
        }
    }
    return at;
}

/* The one list of all weights, as unit 0 has it. */
static uint32_t list_shared(const CopGather *gather, int taps, const CopSweep *sweep,
                            uint32_t *start, uint32_t at)
{
    const size_t step = input_step(gather);
    const int width = gather->pairs ? 2 : 1;
    for (int i = 0; i < sweep->blocks; i++) {
        const Block block = block_of(gather, sweep, i);
        for (int t = block.tap; t < block.tap + sweep->segments; t++) {
            *start++ = at;
            for (int c = 0; c < block.channels; c++)
                for (int k = 0; k < taps; k++) {
                    const CopTap *tap = &gather->tap[k];
                    if (&gather->sweep[tap->sweep] != sweep || tap->t != t)
                        continue;
                    const size_t index = (size_t)(block.in + c) * step + (size_t)k;
                    for (int second = 0; second < width; second++, at++) {
                        gather->offset[at] = block.offset + (uint32_t)((size_t)c * sweep->read_c) +
                                             (uint32_t)tap->offset;
                        gather->index[at] =
                            (uint32_t)(index + (size_t)second * gather->channel_step);
                    }
                }
        }
    }
    return at;
}

void cop_gather_build(CopGather *gather, const CopConvShape *s, CopBlocking blocking,
                      const uint64_t *mask, void *scratch)
{
    const int taps = s->kt * s->kh * s->kw;
    uint32_t *start = gather->start;
    uint32_t at = 0;
    gather->shared = !mask;
    cop_gather_block(gather, blocking);
    if (!gather->transformed)
        cop_gather_place_taps(gather, s);
    for (int i = 0; i < gather->sweeps; i++) {
        CopSweep *sweep = &gather->sweep[i];
        sweep->start = start;
        find_segments(gather, taps, i);
        at = mask ? list_sweep(gather, taps, sweep, mask, scratch, start, at)
                  : list_shared(gather, taps, sweep, start, at);
        start += cop_sweep_segments(gather, sweep);
    }
    *start = at;
    gather->offset[at] = 0; /* where kernels look, too */
    gather->slots = at;
}
