/* Three-dimensional convolution on lane tensors: gradients of weights and bias.
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#include <assert.h>
#include <string.h>

#include "models/kernels/conv3d_plan.h"

/* Of one list for all channels: enough to make adding up lanes cheap. */
enum { SHARED_POSITIONS = 112, SHARED_COLS = 56 };

typedef struct CorrelateJob {
    const CopConv3d *conv;
    const CopGather *gather;
    CopTiling tiling;
    const CopTensor *x, *dy;
    float *sums; /* list order */
    int parts;
} CorrelateJob;

/* What one tile of dy adds to the sums of a block, whose input lies at `in`. */
static void correlate_block(const CorrelateJob *job, CopConv3dTile *tile, const CopPlace *at,
                            int group, int block, const float *in)
{
    const CopConv3dKernels *kernels = job->conv->kernels;
    const CopGather *gather = job->gather;
    const CopSweep *sweep = job->tiling.sweep;
    CopConv3dFn *const fn =
        gather->shared ? kernels->correlate->shared
                       : kernels->correlate->tile[cop_tile_step(sweep)][at->rows - 1][at->cols - 1];
    float *out = cop_tensor_at(job->dy, at->g, group * gather->out_channels, at->t, at->h, at->w);
    tile->rows = at->rows;
    tile->cols = at->cols;
    cop_tile_block(tile, gather, sweep, group, block, job->sums);
    for (int lane = 0; lane < COP_LANES; lane += kernels->width) {
        tile->in = in + lane;
        tile->out = out + lane;
        fn(tile);
    }
}

static void correlate_tile(const CorrelateJob *job, CopConv3dTile *tile, CopPlace at,
                           const CopPlace *next, int group)
{
    const CopGather *gather = job->gather;
    const CopSweep *sweep = job->tiling.sweep;
    const CopTensor *x = job->x;
    const float *in = x->data + (size_t)at.g * x->stride_g +
                      (size_t)(group * gather->in_channels) * x->stride_c + sweep->in_first +
                      at.t * sweep->in_t + at.h * sweep->in_h + at.w * sweep->in_w;
    int first_tap, end_tap;
    cop_conv3d_valid_taps(&sweep->t, at.t, &first_tap, &end_tap);
    for (int block = 0; block < sweep->blocks; block++) {
        if (next)
            cop_tile_prefetch(gather, sweep, next, group, block, x);
        tile->first = block == 0;
        cop_tile_taps(tile, sweep, block, first_tap, end_tap);
        correlate_block(job, tile, &at, group, block, in);
    }
}

typedef struct PackedCorrelate {
    const CorrelateJob *job;
    const CopPackRun *run;
    CopConv3dTile *tile;
} PackedCorrelate;

static void correlate_packed(void *ctx, const CopPackVisit *visit)
{
    const PackedCorrelate *of = ctx;
    of->tile->end_tap = !visit->nothing;
    of->tile->first = visit->first;
    of->tile->ahead = visit->ahead;
    correlate_block(of->job, of->tile, &visit->at, of->run->group, visit->block, of->run->packed);
}

/* A work item owns its output channels, so sums need neither locks nor copies
 * and their order does not depend on the number of items. */
static void correlate_item(void *ctx, int part, int worker)
{
    const CorrelateJob *job = ctx;
    const CopGather *gather = job->gather;
    const CopSweep *sweep = job->tiling.sweep;
    const CopTensor *dy = job->dy;
    CopConv3dTile tile = {.in_h = sweep->packed ? sweep->h.step * (ptrdiff_t)sweep->read_h
                                                : sweep->in_h,
                          .in_w = sweep->in_w,
                          .out_c = (ptrdiff_t)dy->stride_c,
                          .out_h = (ptrdiff_t)dy->stride_h,
                          .out_w = COP_LANES};
    cop_tile_list(&tile, gather, sweep);
    const int channels = gather->groups * gather->out_channels;
    const int first = (int)((int64_t)channels * part / job->parts);
    const int last = (int)((int64_t)channels * (part + 1) / job->parts);
    const int tiles = job->tiling.tiles;
    for (int i = 0, behind; i < tiles; i = behind) {
        CopPackRun run = {.gather = gather,
                          .sweep = sweep,
                          .in = job->x,
                          .packed =
                              job->conv->scratch + (size_t)worker * job->conv->scratch_floats};
        behind = sweep->packed ? cop_pack_run(&run, &job->tiling, i, tiles) : i + 1;
        const CopPlace at = cop_conv3d_place(&job->tiling, i);
        const CopPlace next = cop_conv3d_place(&job->tiling, behind);
        const CopPlace *ahead = behind < tiles ? &next : NULL;
        for (int group = first / gather->out_channels; group * gather->out_channels < last;
             group++) {
            tile.from = cop_max(first - group * gather->out_channels, 0);
            tile.to = cop_min(last - group * gather->out_channels, gather->out_channels);
            if (!sweep->packed) {
                correlate_tile(job, &tile, at, ahead, group);
                continue;
            }
            run.group = group;
            run.lists = (tile.to - tile.from) * (COP_LANES / job->conv->kernels->width);
            cop_pack_visit(&run, correlate_packed, &(PackedCorrelate){job, &run, &tile});
        }
    }
}

const CopGather *cop_conv3d_correlated(const CopConv3d *conv)
{
    return conv->forward.filtered && !conv->param->mask ? &conv->full : &conv->forward;
}

/* Tiles that blocks were made for, or larger ones where sums stay in registers. */
CopTiling cop_conv3d_correlate_tiling(const CopConv3d *conv, const CopGather *gather,
                                      int lane_groups)
{
    const CopSweep *sweep = gather->sweep;
    if (gather->shared)
        return cop_conv3d_tiling_large(sweep, lane_groups, SHARED_POSITIONS, SHARED_COLS);
    const CopBlocking *blocking = &gather->blocking;
    const int most = cop_min(blocking->positions, conv->kernels->correlate->most);
    /* Of what is not copied, more rows would be more of the cache. */
    const int cols = sweep->packed ? blocking->cols : COP_TILE_MAX;
    return cop_conv3d_tiling_of(sweep, lane_groups, most, cols);
}

static void run_correlate(CopConv3d *conv, const CopGather *gather, const CopTensor *x,
                          const CopTensor *dy, float *sums, CopPool *pool)
{
    assert(conv->full.sweeps && cop_conv3d_same_layout(x, &conv->x) &&
           cop_conv3d_same_layout(dy, &conv->dy) && x->n == dy->n &&
           cop_pool_threads(pool) <= conv->threads && conv->generation == conv->param->generation);
    if (sums == conv->weight)
        conv->loaded = false;
    memset(sums, 0, cop_gather_listed(gather) * sizeof *sums);
    const int channels = gather->groups * gather->out_channels;
    /* More items than threads would read x more often. */
    const int threads = cop_pool_threads(pool);
    CorrelateJob job = {.conv = conv,
                        .gather = gather,
                        .tiling = cop_conv3d_correlate_tiling(conv, gather, dy->g),
                        .x = x,
                        .dy = dy,
                        .sums = sums,
                        .parts = cop_min(threads, channels)};
    cop_parallel_for(pool, job.parts, correlate_item, &job);
}

void cop_conv3d_backward_weight(CopConv3d *conv, const CopTensor *x, const CopTensor *dy,
                                CopPool *pool)
{
    const CopGather *gather = cop_conv3d_correlated(conv);
    run_correlate(conv, gather, x, dy, conv->weight, pool);
    cop_gather_store(gather, conv->weight, conv->param->grad, pool);
}

typedef struct OrderJob {
    const CopConv3d *conv;
    float *grad;
} OrderJob;

/* Puts one output channel's row from list order into row-major order. */
static void order_item(void *ctx, int channel, int worker)
{
    const OrderJob *job = ctx;
    const CopGather *full = &job->conv->full;
    float *row = job->grad + (size_t)channel * full->slots;
    float *copy = job->conv->scratch + (size_t)worker * job->conv->scratch_floats;
    memcpy(copy, row, full->slots * sizeof *row);
    for (size_t j = 0; j < full->slots; j++)
        row[full->index[j]] = copy[j];
}

void cop_conv3d_dense_gradient(CopConv3d *conv, const CopTensor *x, const CopTensor *dy,
                               float *grad, CopPool *pool)
{
    run_correlate(conv, &conv->full, x, dy, grad, pool);
    OrderJob order = {.conv = conv, .grad = grad};
    cop_parallel_for(pool, conv->shape.oc, order_item, &order);
}

typedef struct BiasJob {
    const CopTensor *dy;
    float *grad;
} BiasJob;

static void bias_item(void *ctx, int c, int worker)
{
    (void)worker;
    const BiasJob *job = ctx;
    const CopTensor *dy = job->dy;
    double total = 0;
    for (int g = 0; g < dy->g; g++) {
        const int lanes = cop_tensor_lanes(dy, g);
        for (int t = 0; t < dy->t; t++)
            for (int h = 0; h < dy->h; h++) {
                const float *row = cop_tensor_at(dy, g, c, t, h, 0);
                float sum[COP_LANES] = {0};
                for (int w = 0; w < dy->w; w++)
                    for (int lane = 0; lane < COP_LANES; lane++)
                        sum[lane] += row[w * COP_LANES + lane];
                for (int lane = 0; lane < lanes; lane++)
                    total += (double)sum[lane];
            }
    }
    job->grad[c] = (float)total;
}

void cop_conv3d_backward_bias(const CopTensor *dy, float *bias_grad, CopPool *pool)
{
    BiasJob job = {.dy = dy, .grad = bias_grad};
    cop_parallel_for(pool, dy->c, bias_item, &job);
}
