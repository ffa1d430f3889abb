/* Convolution by Winograd's filtering along w, on the kernels of pairs. For each block of input
 * channels a tile's inputs are transformed into scratch memory, one part after the other; each
 * part is gathered from there as a convolution over t and h alone, and its sums wait in scratch
 * for the other blocks. What the parts' sums make is written at the end.
 *
 * Of a masked layer each part lists what its transformed weights are made of: the first and the
 * last part a row's first and last tap, the four between them all rows that are not empty.
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#include "models/kernels/winograd.h"

#include "models/core/mask.h"
#include "models/kernels/conv3d_plan.h"

enum {
    CHUNK_SUMS = 192, /* parts of pairs of output channels that the second-level cache holds */
    LEAST_POSITIONS = 4,
    LEAST_CHANNELS = 16, /* of the output, to pay for transforming the input */
    /* Lists of a mask pay where tiles are full rows of quads. */
    LISTED_POSITIONS = (COP_WINOGRAD_QUADS - 1) * COP_WINOGRAD_QUAD + 1
};

/* Below this density masked layers have lists, and from that on others have zeros for what a mask
 * lacks, all as measured: docs/BENCHMARKS.md. Of lists those of rows that are nearly all there are
 * cheaper as one for all channels. */
static const double listed_below = 0.75, zeros_from = 0.65, shared_from = 0.9;

const CopFilterKind cop_filters[COP_FILTER_COUNT] = {
    [COP_FILTER_3] = {3, 1, 3, {0, 1, 5, 6}},
    [COP_FILTER_7] = {7, 2, 1, {0, 13}},
};

static const CopFilterKind *filter_of(const CopWinograd *winograd)
{
    return &cop_filters[winograd->filter];
}

static int parts_of(const CopWinograd *winograd)
{
    return filter_of(winograd)->part[filter_of(winograd)->lists];
}

/* --- plan --- */

/* The filter that a shape fits; COP_FILTER_COUNT: none. */
static CopFilter find_filter(const CopGather *gather)
{
    const CopAxis *h = &gather->sweep->h, *w = &gather->sweep->w;
    CopFilter filter = COP_FILTER_COUNT;
    if (gather->sweeps == 1 && gather->groups == 1 && w->positions >= LEAST_POSITIONS &&
        h->positions > 0 && gather->out_channels >= LEAST_CHANNELS)
        for (filter = 0; filter < COP_FILTER_COUNT; filter++)
            if (w->taps == cop_filters[filter].taps && w->step == cop_filters[filter].stride)
                break;
    return filter;
}

/* Whether some row of the table filters layers of densities up to `densest`. */
static bool in_table(const CopKernelTable *table, double densest)
{
    double from = 0;
    for (int i = 0; i < table->n && from <= densest; from = table->row[i++].below)
        if (table->row[i].blocking.walk == COP_WALK_WINOGRAD)
            return true;
    return false;
}

/* A product needs but half a load, which the second-level cache can feed. */
static CopBlocking filtered(CopBlocking blocking, bool lists)
{
    blocking.block_bytes = lists ? blocking.block_bytes / 2 * 3 : blocking.block_bytes * 3;
    return blocking;
}

/* Rows of input under the tallest tile, and floats of such a row, transformed, under the widest. */
static int input_rows(const CopSweep *sweep)
{
    return (cop_ceil_div(sweep->h.positions, sweep->h_pieces) - 1) * sweep->h.step + sweep->h.taps;
}

static size_t row_floats(const CopSweep *sweep)
{
    return (size_t)cop_ceil_div(sweep->w.positions, sweep->w_pieces) * COP_LANES;
}

static size_t channel_floats(const CopSweep *sweep)
{
    return (size_t)input_rows(sweep) * row_floats(sweep);
}

/* One part of a block's transformed inputs, and the sums of one part of a chunk of units. */
static size_t part_floats(const CopSweep *sweep)
{
    return (size_t)sweep->block_channels * channel_floats(sweep);
}

static int chunk_units(const CopWinograd *winograd)
{
    return cop_min(winograd->list->units, CHUNK_SUMS / parts_of(winograd));
}

static size_t sums_floats(const CopWinograd *winograd)
{
    return (size_t)(2 * chunk_units(winograd)) * COP_TILE_MAX * COP_LANES;
}

/* Rows of kernels as a convolution over quads, with kernels that are one wide. */
static CopGather list_of(const CopGather *gather, const CopFilterKind *filter, CopSweep *sweep)
{
    CopGather list = *gather;
    *sweep = *gather->sweep;
    sweep->w = (CopAxis){.positions = cop_ceil_div(sweep->w.positions, COP_WINOGRAD_QUAD),
                         .taps = 1,
                         .step = 1,
                         .stride = 1};
    list.sweep = sweep;
    list.winograd = NULL;
    list.filtered = false;
    list.transformed = true;
    list.channel_step /= (size_t)filter->taps;
    list.group_step /= (size_t)filter->taps;
    return list;
}

/* Blocks and tiles, and where taps read then. */
static void block_list(CopGather *list, const CopConvShape *rows, CopBlocking blocking)
{
    cop_gather_block(list, blocking);
    const CopSweep *sweep = list->sweep;
    const size_t row = row_floats(sweep);
    list->in_c = channel_floats(sweep);
    CopTap *tap = list->tap;
    for (int t = 0; t < rows->kt; t++)
        for (int h = 0; h < rows->kh; h++, tap++) {
            /* Taps of a transposed kernel run backwards. */
            const int tap_t = list->transposed ? rows->kt - 1 - t : t;
            const int tap_h = list->transposed ? rows->kh - 1 - h : h;
            *tap = (CopTap){.t = tap_t, .offset = (size_t)tap_h * row};
        }
}

static CopStatus plan_list(CopGather *list, CopArena *arena, const CopConvShape *rows,
                           const CopKernelTable *table, bool masked)
{
    const size_t taps = (size_t)(rows->kt * rows->kh);
    const size_t numel = (size_t)rows->ic * (size_t)rows->oc * taps;
    size_t starts = 0;
    for (int i = 0; i < table->n; i++)
        for (int lists = 0; lists < (masked ? 2 : 1); lists++) {
            const CopBlocking blocking = table->row[i].blocking;
            if (blocking.walk != COP_WALK_WINOGRAD)
                continue;
            list->shared = !lists;
            const size_t n = cop_gather_block(list, filtered(blocking, lists));
            starts = n > starts ? n : starts;
        }
    const size_t shared = 2 * (size_t)list->in_channels * taps;
    const size_t slots = masked && numel > shared ? numel : shared;
    return cop_gather_plan_lists(list, arena, rows, slots, starts);
}

CopStatus cop_winograd_plan(CopGather *gather, CopArena *arena, const CopConvShape *shape,
                            const CopKernelTable *table, const CopParam *param)
{
    const double densest = (double)param->capacity / (double)param->numel;
    const CopFilter filter = find_filter(gather);
    const bool masked = filter == COP_FILTER_3 && gather->sweep->w.positions >= LISTED_POSITIONS;
    if (filter == COP_FILTER_COUNT || !in_table(table, densest) ||
        (!masked && densest < zeros_from))
        return COP_OK;
    CopWinograd *winograd = cop_arena_alloc(arena, 1, sizeof *winograd);
    if (!winograd)
        return COP_ERR_NOMEM;
    *winograd = (CopWinograd){.filter = filter, .rows = *shape, .masked = masked};
    winograd->rows.kw = 1;
    for (int i = 0; i < filter_of(winograd)->lists; i++) {
        winograd->list[i] = list_of(gather, &cop_filters[filter], &winograd->sweep[i]);
        COP_TRY(plan_list(&winograd->list[i], arena, &winograd->rows, table, masked));
    }
    gather->winograd = winograd;
    return COP_OK;
}

bool cop_winograd_lists(const CopGather *gather, double density)
{
    return gather->winograd && gather->winograd->masked && density < listed_below;
}

bool cop_winograd_takes(const CopGather *gather, CopBlocking blocking, double density)
{
    return gather->winograd && blocking.walk == COP_WALK_WINOGRAD &&
           (density >= zeros_from || cop_winograd_lists(gather, density));
}

size_t cop_winograd_room(const CopGather *gather)
{
    if (!gather->winograd)
        return 0;
    const CopConvShape *rows = &gather->winograd->rows;
    return (size_t)(rows->oc + rows->oc % 2) * (size_t)(rows->ic + rows->ic % 2) *
           (size_t)(rows->kt * rows->kh * parts_of(gather->winograd));
}

size_t cop_winograd_scratch(const CopGather *gather, const CopKernelTable *table)
{
    size_t most = 0;
    CopGather *list = gather->winograd->list;
    for (int i = 0; i < table->n; i++) {
        if (table->row[i].blocking.walk != COP_WALK_WINOGRAD)
            continue;
        cop_gather_block(list, filtered(table->row[i].blocking, false));
        const size_t floats = part_floats(list->sweep) + sums_floats(gather->winograd);
        most = floats > most ? floats : most;
    }
    return (size_t)parts_of(gather->winograd) * most;
}

/* --- lists and weights --- */

size_t cop_winograd_weights(const CopGather *gather)
{
    return gather->winograd->first[parts_of(gather->winograd)];
}

CopStatus cop_row_masks_plan(CopRowMasks *rows, CopArena *arena, size_t numel)
{
    for (int i = 0; i < 3; i++) {
        rows->mask[i] = cop_arena_alloc(arena, cop_mask_words(numel / 3), sizeof *rows->mask[i]);
        if (!rows->mask[i])
            return COP_ERR_NOMEM;
    }
    return COP_OK;
}

void cop_winograd_build(CopGather *gather, CopBlocking blocking, const CopRowMasks *rows,
                        double density, void *scratch)
{
    CopWinograd *winograd = gather->winograd;
    const CopFilterKind *filter = filter_of(winograd);
    const bool lists = cop_winograd_lists(gather, density);
    const CopConvShape *s = &winograd->rows;
    const double all = (double)winograd->list->group_step;
    blocking = filtered(blocking, lists);
    for (int i = 0; i < filter->lists; i++) {
        CopGather *list = &winograd->list[i];
        const int end = gather->transposed ? 2 - i : i;
        const bool own = lists && (double)rows->n[end] < shared_from * all;
        list->shared = !own;
        block_list(list, s, blocking);
        cop_gather_build(list, s, blocking, own ? rows->mask[end] : NULL, scratch);
    }
    winograd->reads = *gather->sweep;
    winograd->reads.block_channels = winograd->sweep->block_channels;
    winograd->reads.packed = false;
    winograd->reads.splits = winograd->sweep->splits;
    winograd->reads.blocks = winograd->sweep->blocks;
    winograd->first[0] = 0;
    for (int i = 0; i < filter->lists; i++)
        for (int part = filter->part[i]; part < filter->part[i + 1]; part++)
            winograd->first[part + 1] =
                winograd->first[part] + cop_gather_listed(&winograd->list[i]);
}

/* --- a tile --- */

/* Transforms the inputs of one block, which has one tap along t. */
static void transform(const CopGatherJob *job, CopPlace at, int block, CopWinogradInput *input)
{
    const CopSweep *sweep = job->gather->winograd->sweep, *reads = job->gather->sweep;
    const CopTensor *x = job->in;
    const CopConv3dKernels *kernels = job->conv->kernels;
    const int first = block / sweep->splits * sweep->block_channels, k = block % sweep->splits;
    const float *in = x->data + (size_t)at.g * x->stride_g + (size_t)first * x->stride_c +
                      (size_t)k * x->stride_t + reads->in_first + at.t * reads->in_t +
                      at.h * reads->in_h + at.w * COP_WINOGRAD_QUAD * reads->in_w;
    float *out = input->out;
    input->channels = cop_min(sweep->block_channels, job->gather->in_channels - first);
    for (int lane = 0; lane < COP_LANES; lane += kernels->width) {
        input->in = in + lane;
        input->out = out + lane;
        kernels->winograd->input[job->gather->winograd->filter](input);
    }
    input->out = out;
}

/* Adds a block to the sums of units tile->from..to; in no block's place, nothing. */
static void add_block(const CopGatherJob *job, CopConv3dTile *tile, CopPlace at, int block,
                      const float *inputs, float *sums)
{
    const CopWinograd *winograd = job->gather->winograd;
    const CopConv3dKernels *kernels = job->conv->kernels;
    CopConv3dFn *const fn = kernels->pairs[0][at.rows - 1][at.cols - 1];
    const CopFilterKind *filter = filter_of(winograd);
    for (int i = 0; i < filter->lists; i++) {
        const CopGather *list = &winograd->list[i];
        cop_tile_list(tile, list, list->sweep);
        for (int part = filter->part[i]; part < filter->part[i + 1]; part++) {
            cop_tile_block(tile, list, list->sweep, 0, block,
                           job->conv->weight + winograd->first[part]);
            for (int lane = 0; lane < COP_LANES; lane += kernels->width) {
                tile->in = inputs + (size_t)part * part_floats(list->sweep) + lane;
                tile->scratch = sums + (size_t)part * sums_floats(winograd) +
                                lane * 2 * (tile->to - tile->from) * at.rows * at.cols;
                fn(tile);
            }
        }
    }
}

static void write_sums(const CopGatherJob *job, CopPlace at, int cols, int from, int units,
                       const float *sums)
{
    const CopGather *gather = job->gather;
    const CopSweep *sweep = gather->sweep;
    const CopTensor *y = job->out, *add = job->tail.add;
    const CopConv3dKernels *kernels = job->conv->kernels;
    const int c = 2 * from, w = at.w * COP_WINOGRAD_QUAD;
    float *out = cop_tensor_at(y, at.g, c, at.t, at.h, w);
    const float *sum = add ? cop_tensor_at(add, at.g, c, at.t, at.h, w) : NULL;
    CopWinogradOutput output = {.part = sums_floats(gather->winograd),
                                .out_c = (ptrdiff_t)gather->out_c,
                                .out_h = sweep->out_h,
                                .out_w = sweep->out_w,
                                .channels = cop_min(2 * units, gather->out_channels - c),
                                .rows = at.rows,
                                .cols = cols,
                                .bias = job->tail.bias ? job->tail.bias + c : NULL,
                                .relu = job->tail.relu,
                                .stream = job->stream};
    if (add) {
        output.add_c = (ptrdiff_t)add->stride_c;
        output.add_h = (ptrdiff_t)add->stride_h;
        output.add_w = COP_LANES;
    }
    for (int lane = 0; lane < COP_LANES; lane += kernels->width) {
        output.sums = sums + lane * 2 * units * at.rows * at.cols;
        output.out = out + lane;
        output.add = sum ? sum + lane : NULL;
        kernels->winograd->output[gather->winograd->filter](&output);
    }
}

/* A place in quads of columns as one in columns. */
static CopPlace widened(CopPlace at, int positions)
{
    at.w *= COP_WINOGRAD_QUAD;
    at.cols = cop_min(COP_WINOGRAD_QUAD * at.cols, positions - at.w);
    return at;
}

void cop_winograd_tile(const CopGatherJob *job, CopPlace at, const CopPlace *next, int from, int to,
                       float *scratch)
{
    const CopGather *gather = job->gather;
    const CopWinograd *winograd = gather->winograd;
    const CopSweep *sweep = winograd->sweep;
    const CopTensor *x = job->in;
    const int positions = gather->sweep->w.positions, cols = widened(at, positions).cols;
    const size_t row = row_floats(sweep);
    float *inputs = scratch;
    float *sums = scratch + (size_t)parts_of(winograd) * part_floats(sweep);
    CopConv3dTile tile = {.in_h = sweep->h.step * (ptrdiff_t)row, .in_w = COP_LANES};
    CopWinogradInput input = {.in_c = (ptrdiff_t)x->stride_c,
                              .in_h = (ptrdiff_t)x->stride_h,
                              .out = inputs,
                              .out_part = part_floats(sweep),
                              .out_c = channel_floats(sweep),
                              .out_h = row,
                              .rows = (at.rows - 1) * sweep->h.step + sweep->h.taps,
                              .cols = cols};
    int first_tap, end_tap;
    cop_conv3d_valid_taps(&sweep->t, at.t, &first_tap, &end_tap);
    const int blocks = sweep->blocks / sweep->splits, visits = (end_tap - first_tap) * blocks;
    const CopPlace ahead = next ? widened(*next, positions) : at;
    const int units = chunk_units(winograd);
    for (int chunk = from; chunk < to; chunk += units) {
        tile.from = chunk;
        tile.to = cop_min(chunk + units, to);
        tile.first = true;
        if (visits == 0)
            add_block(job, &tile, at, 0, inputs, sums);
        for (int visit = 0; visit < visits; visit++, tile.first = false) {
            const int block = visit % blocks * sweep->splits + first_tap + visit / blocks;
            cop_tile_taps(&tile, sweep, block, first_tap, end_tap);
            if (next && chunk == from)
                cop_tile_prefetch(gather, &winograd->reads, &ahead, 0, block, x);
            if (chunk == from || visits > 1) /* else they are still there */
                transform(job, at, block, &input);
            add_block(job, &tile, at, block, inputs, sums);
        }
        write_sums(job, at, cols, chunk, tile.to - chunk, sums);
    }
}
