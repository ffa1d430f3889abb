/* Dense convolution by Winograd's filtering along w, on the kernels of pairs. For each block of
 * input channels a tile's inputs are transformed into scratch memory, four parts one after the
 * other; each part is gathered from there as a convolution over t and h alone, and its sums wait
 * in scratch for the other blocks. What the parts' sums make is written at the end.
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#include "models/kernels/winograd.h"

#include "models/kernels/conv3d_plan.h"

enum {
    CHUNK_UNITS = 64, /* pairs of output channels whose sums stay in the second-level cache */
    LEAST_POSITIONS = 4,
    LEAST_CHANNELS = 16 /* of the output, to pay for transforming the input */
};

bool cop_winograd_fits(const CopGather *gather)
{
    const CopAxis *h = &gather->sweep->h, *w = &gather->sweep->w;
    return gather->sweeps == 1 && gather->groups == 1 && w->taps == COP_WINOGRAD_TAPS &&
           w->step == 1 && w->positions >= LEAST_POSITIONS && h->positions > 0 &&
           gather->out_channels >= LEAST_CHANNELS;
}

/* Rows of input under the tallest tile. */
static int input_rows(const CopSweep *sweep)
{
    return (cop_ceil_div(sweep->h.positions, sweep->h_pieces) - 1) * sweep->h.step + sweep->h.taps;
}

static size_t row_floats(void)
{
    return (size_t)COP_WINOGRAD_COLS * COP_LANES;
}

/* One part of a channel's transformed inputs under the tallest tile, and of a block's. */
static size_t channel_floats(const CopSweep *sweep)
{
    return (size_t)(sweep->t.taps * input_rows(sweep)) * row_floats();
}

static size_t part_floats(const CopSweep *sweep)
{
    return (size_t)sweep->block_channels * channel_floats(sweep);
}

size_t cop_winograd_channel_bytes(const CopSweep *sweep)
{
    return channel_floats(sweep) * sizeof(float);
}

/* Sums of one part of a chunk of units. */
static size_t sums_floats(const CopGather *gather)
{
    return (size_t)(2 * cop_min(gather->units, CHUNK_UNITS)) * COP_TILE_MAX * COP_LANES;
}

size_t cop_winograd_scratch(const CopGather *gather)
{
    return COP_WINOGRAD_PARTS * (part_floats(gather->sweep) + sums_floats(gather));
}

CopSweep cop_winograd_sweep(const CopSweep *sweep)
{
    CopSweep half = *sweep;
    half.w.positions = cop_ceil_div(sweep->w.positions, 2);
    return half;
}

/* --- lists and weights --- */

/* One list for all units: slots of each block by tap along t, channel, tap along h. */
void cop_winograd_build(CopGather *gather, const CopConvShape *s)
{
    const CopSweep *sweep = gather->sweep;
    const int kernel = s->kt * s->kh * s->kw, rows = input_rows(sweep);
    const size_t in_step = (size_t)kernel * (gather->transposed ? (size_t)s->ic : 1);
    uint32_t n = 0, *start = gather->start;
    for (int block = 0; block < sweep->blocks; block++) {
        const int first = block * sweep->block_channels;
        const int channels = cop_min(sweep->block_channels, gather->in_channels - first);
        for (int t = 0; t < s->kt; t++) {
            *start++ = n;
            for (int c = 0; c < channels; c++)
                for (int h = 0; h < s->kh; h++) {
                    /* Taps of a transposed kernel run backwards. */
                    const int tap = (t * s->kh + h) * s->kw;
                    const size_t index = (size_t)(first + c) * in_step +
                                         (size_t)(gather->transposed ? kernel - 1 - tap : tap);
                    const size_t row = (size_t)((c * s->kt + t) * rows + h);
                    for (size_t channel = 0; channel < 2; channel++, n++) {
                        gather->offset[n] = (uint32_t)(row * row_floats());
                        gather->index[n] = (uint32_t)(index + channel * gather->channel_step);
                    }
                }
        }
    }
    *start = n;
    gather->slots = n;
}

typedef struct LoadJob {
    const CopGather *gather;
    const float *value;
    float *listed; /* [part][unit][slot] */
} LoadJob;

static void load_unit(void *ctx, int unit, int worker)
{
    (void)worker;
    const LoadJob *job = ctx;
    const CopGather *gather = job->gather;
    const size_t part = (size_t)gather->units * gather->slots;
    const ptrdiff_t step = gather->transposed ? -1 : 1;
    const bool alone = 2 * unit + 1 == gather->out_channels;
    float *out = job->listed + (size_t)unit * gather->slots;
    for (size_t j = 0; j < gather->slots; j++, out++) {
        float g[COP_WINOGRAD_TAPS] = {0};
        if (!alone || j % 2 == 0) {
            const float *value =
                job->value + (size_t)(2 * unit) * gather->channel_step + gather->index[j];
            for (int k = 0; k < COP_WINOGRAD_TAPS; k++)
                g[k] = value[k * step];
        }
        const float outer = 0.5F * (g[0] + g[2]), inner = 0.5F * g[1];
        out[0] = g[0];
        out[part] = outer + inner;
        out[2 * part] = outer - inner;
        out[3 * part] = g[2];
    }
}

void cop_winograd_load(const CopGather *gather, const float *value, float *listed, CopPool *pool)
{
    LoadJob job = {gather, value, listed};
    cop_parallel_for(pool, gather->units, load_unit, &job);
}

/* --- a tile --- */

/* Transforms the inputs of one block. */
static void transform(const CopGatherJob *job, CopPlace at, int block, CopWinogradInput *input)
{
    const CopGather *gather = job->gather;
    const CopSweep *sweep = gather->sweep;
    const CopTensor *x = job->in;
    const CopConv3dKernels *kernels = job->conv->kernels;
    const int first = block * sweep->block_channels;
    const float *in = x->data + (size_t)at.g * x->stride_g + (size_t)first * x->stride_c +
                      sweep->in_first + at.t * sweep->in_t + at.h * sweep->in_h +
                      2 * at.w * COP_LANES;
    float *out = input->out;
    input->channels = cop_min(sweep->block_channels, gather->in_channels - first);
    for (int lane = 0; lane < COP_LANES; lane += kernels->width) {
        input->in = in + lane;
        input->out = out + lane;
        kernels->winograd->input(input);
    }
    input->out = out;
}

/* Adds a block to the sums of `units` units from `from` on. */
static void add_block(const CopGatherJob *job, CopConv3dTile *tile, CopPlace at, int block,
                      int from, int units, const float *inputs, float *sums)
{
    const CopGather *gather = job->gather;
    const CopSweep *sweep = gather->sweep;
    const CopConv3dKernels *kernels = job->conv->kernels;
    CopConv3dFn *const fn = kernels->pairs[0][at.rows - 1][at.cols - 1];
    tile->start = sweep->start + (size_t)(block * sweep->t.taps);
    tile->first = block == 0;
    tile->from = 0;
    tile->to = units;
    for (size_t part = 0; part < COP_WINOGRAD_PARTS; part++) {
        tile->weight =
            job->conv->weight + (part * (size_t)gather->units + (size_t)from) * gather->slots;
        for (int lane = 0; lane < COP_LANES; lane += kernels->width) {
            tile->in = inputs + part * part_floats(sweep) + lane;
            tile->scratch =
                sums + part * sums_floats(gather) + lane * 2 * units * at.rows * at.cols;
            fn(tile);
        }
    }
}

static void write_sums(const CopGatherJob *job, CopPlace at, bool odd, int from, int units,
                       const float *sums)
{
    const CopGather *gather = job->gather;
    const CopSweep *sweep = gather->sweep;
    const CopTensor *y = job->out, *add = job->tail.add;
    const CopConv3dKernels *kernels = job->conv->kernels;
    const int c = 2 * from;
    float *out = cop_tensor_at(y, at.g, c, at.t, at.h, 2 * at.w);
    const float *sum = add ? cop_tensor_at(add, at.g, c, at.t, at.h, 2 * at.w) : NULL;
    CopWinogradOutput output = {.part = sums_floats(gather),
                                .out_c = (ptrdiff_t)gather->out_c,
                                .out_h = sweep->out_h,
                                .out_w = sweep->out_w,
                                .channels = cop_min(2 * units, gather->out_channels - c),
                                .rows = at.rows,
                                .pairs = at.cols,
                                .odd = odd,
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
        kernels->winograd->output(&output);
    }
}

/* A place in pairs of columns as one in columns. */
static CopPlace widened(CopPlace at, int positions)
{
    at.w *= 2;
    at.cols = cop_min(2 * at.cols, positions - at.w);
    return at;
}

void cop_winograd_tile(const CopGatherJob *job, CopPlace at, const CopPlace *next, int from, int to,
                       float *scratch)
{
    const CopGather *gather = job->gather;
    const CopSweep *sweep = gather->sweep;
    const CopTensor *x = job->in;
    const int positions = sweep->w.positions, taps = sweep->t.taps, rows = input_rows(sweep);
    const bool odd = 2 * (at.w + at.cols) > positions;
    float *inputs = scratch, *sums = scratch + COP_WINOGRAD_PARTS * part_floats(sweep);
    CopConv3dTile tile = {.in_h = sweep->h.step * (ptrdiff_t)row_floats(),
                          .in_w = COP_LANES,
                          .channels = 2 * gather->units,
                          .offset = gather->offset,
                          .weight_step = gather->slots,
                          .pairs = true,
                          .taps = taps};
    cop_conv3d_valid_taps(&sweep->t, at.t, &tile.first_tap, &tile.end_tap);
    CopWinogradInput input = {.in_c = (ptrdiff_t)x->stride_c,
                              .in_t = (ptrdiff_t)x->stride_t,
                              .in_h = (ptrdiff_t)x->stride_h,
                              .out = inputs,
                              .out_part = part_floats(sweep),
                              .out_c = (size_t)(taps * rows) * row_floats(),
                              .out_t = (size_t)rows * row_floats(),
                              .first_tap = tile.first_tap,
                              .end_tap = tile.end_tap,
                              .rows = (at.rows - 1) * sweep->h.step + sweep->h.taps,
                              .pairs = at.cols,
                              .odd = odd};
    const CopPlace ahead = next ? widened(*next, positions) : at;
    for (int chunk = from; chunk < to; chunk += CHUNK_UNITS) {
        const int units = cop_min(CHUNK_UNITS, to - chunk);
        for (int block = 0; block < sweep->blocks; block++) {
            if (next && chunk == from)
                cop_tile_prefetch(gather, sweep, &ahead, 0, block, x);
            transform(job, at, block, &input);
            add_block(job, &tile, at, block, chunk, units, inputs, sums);
        }
        write_sums(job, at, odd, chunk, units, sums);
    }
}
