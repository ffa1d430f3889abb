/* Three-dimensional convolution on lane tensors: the passes.
 *
 * A pass walks tiles of positions; for each tile it walks blocks of input
 * channels that fit the first-level cache, and for each block the lists of all
 * output channels. Every output is summed in list order whatever the tiles,
 * blocks, groups and threads, so only the tier can move a result.
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#include "models/kernels/conv3d.h"

#include <assert.h>
#include <stdint.h>
#include <string.h>

#include "models/core/cpu.h"
#include "models/kernels/conv3d_plan.h"

enum {
    COPY_CHUNK = 1 << 16, /* weights a work item of a copy */
    ITEMS_PER_THREAD = 8  /* enough to even out threads, few enough to keep rows in cache */
};

static int min(int a, int b)
{
    return a < b ? a : b;
}

static int max(int a, int b)
{
    return a > b ? a : b;
}

static const CopConv3dKernels *kernels_of(CopTier tier)
{
    switch (tier) {
#if defined(__x86_64__)
    case COP_TIER_AVX2:
        return &cop_conv3d_kernels_avx2;
    case COP_TIER_AVX512:
        return &cop_conv3d_kernels_avx512;
#endif
    default:
        return &cop_conv3d_kernels_generic;
    }
}

static bool shape_fits(const CopConvShape *s, const CopParam *param)
{
    const int size[] = {s->ic, s->oc, s->kt, s->kh, s->kw};
    size_t numel = 1;
    for (int i = 0; i < 5; i++) {
        if (size[i] < 1 || numel > (size_t)UINT32_MAX / (size_t)size[i])
            return false;
        numel *= (size_t)size[i];
    }
    return s->st >= 1 && s->sh >= 1 && s->sw >= 1 && s->pt >= 0 && s->ph >= 0 && s->pw >= 0 &&
           param->numel == numel;
}

static bool covers(CopHalo has, CopHalo needs)
{
    return has.t_lo >= needs.t_lo && has.t_hi >= needs.t_hi && has.h_lo >= needs.h_lo &&
           has.h_hi >= needs.h_hi && has.w_lo >= needs.w_lo && has.w_hi >= needs.w_hi;
}

static bool same_size(const CopTensor *a, const CopTensor *b)
{
    return a->c == b->c && a->t == b->t && a->h == b->h && a->w == b->w;
}

static bool same_layout(const CopTensor *a, const CopTensor *b)
{
    return same_size(a, b) && a->stride_g == b->stride_g && a->stride_c == b->stride_c &&
           a->stride_t == b->stride_t && a->stride_h == b->stride_h;
}

static bool tensors_fit(const CopConvShape *s, const CopTensor *x, const CopTensor *y,
                        const CopTensor *dx, const CopTensor *dy)
{
    if (x->c != s->ic || y->c != s->oc || y->t != cop_conv_out(x->t, s->kt, s->st, s->pt) ||
        y->h != cop_conv_out(x->h, s->kh, s->sh, s->ph) ||
        y->w != cop_conv_out(x->w, s->kw, s->sw, s->pw) ||
        !covers(x->halo, cop_conv3d_input_halo(s, x->t, x->h, x->w)))
        return false;
    if (dy && !same_size(dy, y))
        return false;
    return !dx || (dy && same_size(dx, x) &&
                   covers(dy->halo, cop_conv3d_grad_halo(s, x->t, x->h, x->w)));
}

CopStatus cop_conv3d_create(CopConv3d **out, CopArena *arena, const CopConvShape *shape,
                            const CopParam *param, const CopTensor *x, const CopTensor *y,
                            const CopTensor *dx, const CopTensor *dy, int threads)
{
    *out = NULL;
    if (!shape_fits(shape, param) || !tensors_fit(shape, x, y, dx, dy) || threads < 1)
        return COP_ERR_SHAPE;
    CopConv3d *conv = cop_arena_alloc(arena, 1, sizeof *conv);
    if (!conv)
        return COP_ERR_NOMEM;
    *conv = (CopConv3d){.shape = *shape,
                        .param = param,
                        .kernels = kernels_of(cop_tier()),
                        .threads = threads,
                        .x = *x,
                        .y = *y};
    COP_TRY(cop_gather_plan(&conv->forward, arena, shape, x, y, false, param->capacity));
    if (dy) {
        conv->dy = *dy;
        COP_TRY(cop_gather_plan(&conv->full, arena, shape, x, dy, false, 0));
        cop_gather_build(&conv->full, shape, NULL);
    }
    if (dx) {
        conv->dx = *dx;
        COP_TRY(cop_gather_plan(&conv->backward, arena, shape, dy, dx, true, param->capacity));
    }
    /* Sums of a tile between blocks, or a row of the dense gradient. */
    const int channels = dx ? max(shape->oc, shape->ic) : shape->oc;
    conv->scratch_floats = (size_t)channels * COP_TILE_MAX * COP_LANES;
    if (dy && conv->full.entries > conv->scratch_floats)
        conv->scratch_floats = (conv->full.entries + COP_LANES - 1) / COP_LANES * COP_LANES;
    conv->weight = cop_arena_alloc(arena, param->capacity, sizeof *conv->weight);
    conv->scratch =
        cop_arena_alloc(arena, (size_t)threads * conv->scratch_floats, sizeof *conv->scratch);
    if (!conv->weight || !conv->scratch)
        return COP_ERR_NOMEM;
    conv->generation = param->generation + 1;
    cop_conv3d_refresh(conv);
    *out = conv;
    return COP_OK;
}

void cop_conv3d_refresh(CopConv3d *conv)
{
    const CopParam *param = conv->param;
    if (conv->generation == param->generation)
        return;
    cop_gather_build(&conv->forward, &conv->shape, param->mask);
    if (conv->backward.sweeps)
        cop_gather_build(&conv->backward, &conv->shape, param->mask);
    conv->generation = param->generation;
}

/* --- weights: owner's order <-> list order ------------------------------------- */

typedef struct CopyJob {
    const CopGather *gather;
    const float *value; /* owner's, read by `load_item` */
    float *grad;        /* owner's, written by `store_item` */
    float *listed;
} CopyJob;

/* A run of a list: entries index[0..n) of the list belong to listed[0..n) and
 * to elements first + index[] of the owner's array. An item is the list of one
 * output channel if lists are shared, else a chunk. */
typedef struct Run {
    const uint32_t *index;
    size_t n, first, listed;
} Run;

static Run run_of(const CopGather *gather, int item)
{
    if (gather->shared)
        return (Run){gather->index, gather->entries, (size_t)item * gather->channel_step,
                     (size_t)item * gather->entries};
    const size_t begin = (size_t)item * COPY_CHUNK, rest = gather->entries - begin;
    return (Run){gather->index + begin, rest < COPY_CHUNK ? rest : COPY_CHUNK, 0, begin};
}

static int runs(const CopGather *gather)
{
    return gather->shared ? gather->out_channels
                          : (int)((gather->entries + COPY_CHUNK - 1) / COPY_CHUNK);
}

static void load_item(void *ctx, int item, int worker)
{
    (void)worker;
    const CopyJob *job = ctx;
    const Run run = run_of(job->gather, item);
    const float *value = job->value + run.first;
    float *listed = job->listed + run.listed;
    for (size_t j = 0; j < run.n; j++)
        listed[j] = value[run.index[j]];
}

static void store_item(void *ctx, int item, int worker)
{
    (void)worker;
    const CopyJob *job = ctx;
    const Run run = run_of(job->gather, item);
    float *grad = job->grad + run.first;
    const float *listed = job->listed + run.listed;
    for (size_t j = 0; j < run.n; j++)
        grad[run.index[j]] = listed[j];
}

/* --- forward and gradient of the input ------------------------------------------- */

typedef struct GatherJob {
    const CopConv3d *conv;
    const CopGather *gather;
    const CopSweep *sweep;
    const CopTensor *in, *out;
    const float *bias;
    bool accumulate;
    int h_pieces, w_pieces, tiles; /* tiles: groups x w_pieces x t x h_pieces */
    int chunks, parts;             /* a work item is a chunk of the tiles and a part of the channels */
} GatherJob;

/* Which taps along t of position t meet a frame of the source rather than its halo. */
static void valid_taps(const CopAxis *axis, int t, int *first, int *end)
{
    const int source = axis->source + t * axis->step;
    *first = min(max(-source, 0), axis->taps);
    *end = max(min(axis->extent - source, axis->taps), *first);
}

static int step_kind(ptrdiff_t in_w)
{
    return in_w == COP_LANES ? 0 : in_w == 2 * COP_LANES ? 1 : 2;
}

static void use_list(CopConv3dTile *tile, const CopGather *gather, float *weight)
{
    tile->offset = gather->offset;
    tile->weight = weight;
    tile->weight_step = gather->shared ? gather->entries : 0;
}

static void use_block(CopConv3dTile *tile, const CopGather *gather, const CopSweep *sweep, int block)
{
    const size_t taps = (size_t)sweep->t.taps;
    const size_t channels = gather->shared ? 1 : (size_t)gather->out_channels;
    tile->start = sweep->start + (size_t)block * channels * taps;
    tile->start_step = gather->shared ? 0 : taps;
}

static void gather_item(void *ctx, int item, int worker)
{
    const GatherJob *job = ctx;
    const CopConv3d *conv = job->conv;
    const CopGather *gather = job->gather;
    const CopSweep *sweep = job->sweep;
    const int width = conv->kernels->width, part = item % job->parts, chunk = item / job->parts;
    float *scratch = conv->scratch + (size_t)worker * conv->scratch_floats;
    CopConv3dTile tile = {.in_h = sweep->in_h,
                          .in_w = sweep->in_w,
                          .out_c = (ptrdiff_t)gather->out_c,
                          .out_h = sweep->out_h,
                          .out_w = sweep->out_w,
                          .from = gather->out_channels * part / job->parts,
                          .to = gather->out_channels * (part + 1) / job->parts,
                          .bias = job->bias,
                          .accumulate = job->accumulate};
    use_list(&tile, gather, conv->weight);
    const int kind = step_kind(sweep->in_w);
    const int end = (int)((int64_t)job->tiles * (chunk + 1) / job->chunks);
    for (int i = (int)((int64_t)job->tiles * chunk / job->chunks); i < end; i++) {
        /* Down a strip of columns first: most of the rows read stay in cache. */
        const int hp = i % job->h_pieces, t = i / job->h_pieces % sweep->t.positions;
        const int strip = i / job->h_pieces / sweep->t.positions;
        const int wp = strip % job->w_pieces, g = strip / job->w_pieces;
        const int h = sweep->h.positions * hp / job->h_pieces;
        const int w = sweep->w.positions * wp / job->w_pieces;
        const int rows = sweep->h.positions * (hp + 1) / job->h_pieces - h;
        const int cols = sweep->w.positions * (wp + 1) / job->w_pieces - w;
        CopConv3dFn *const fn = conv->kernels->gather[kind][rows - 1][cols - 1];
        const float *in = job->in->data + (size_t)g * job->in->stride_g + sweep->in_first +
                          t * sweep->in_t + h * sweep->in_h + w * sweep->in_w;
        float *out = job->out->data + (size_t)g * job->out->stride_g + sweep->out_first +
                     t * sweep->out_t + h * sweep->out_h + w * sweep->out_w;
        valid_taps(&sweep->t, t, &tile.first_tap, &tile.end_tap);
        for (int block = 0; block < sweep->blocks; block++) {
            use_block(&tile, gather, sweep, block);
            tile.first = block == 0;
            tile.last = block == sweep->blocks - 1;
            for (int lane = 0; lane < COP_LANES; lane += width) {
                tile.in = in + lane;
                tile.out = out + lane;
                tile.scratch = scratch + lane * rows * cols * gather->out_channels;
                fn(&tile);
            }
        }
    }
}

static void run_gather(CopConv3d *conv, const CopGather *gather, const float *bias,
                       const CopTensor *in, const CopTensor *out, bool accumulate, CopPool *pool)
{
    const int threads = cop_pool_threads(pool);
    assert(threads <= conv->threads && conv->generation == conv->param->generation);
    CopyJob copy = {.gather = gather, .value = conv->param->value, .listed = conv->weight};
    cop_parallel_for(pool, runs(gather), load_item, &copy);
    for (int i = 0; i < gather->sweeps; i++) {
        const CopSweep *sweep = &gather->sweep[i];
        if (sweep->t.positions < 1 || sweep->h.positions < 1 || sweep->w.positions < 1)
            continue;
        GatherJob job = {.conv = conv,
                         .gather = gather,
                         .sweep = sweep,
                         .in = in,
                         .out = out,
                         .bias = bias,
                         .accumulate = accumulate};
        cop_conv3d_cut(sweep->h.positions, sweep->w.positions, COP_TILE_MAX, &job.h_pieces,
                       &job.w_pieces);
        job.tiles = out->g * job.w_pieces * sweep->t.positions * job.h_pieces;
        const int items = threads == 1 ? 1 : threads * ITEMS_PER_THREAD;
        job.chunks = min(items, job.tiles);
        job.parts = min((items + job.chunks - 1) / job.chunks, gather->out_channels);
        cop_parallel_for(pool, job.chunks * job.parts, gather_item, &job);
    }
}

void cop_conv3d_forward(CopConv3d *conv, const float *bias, const CopTensor *x, const CopTensor *y,
                        CopPool *pool)
{
    assert(same_layout(x, &conv->x) && same_layout(y, &conv->y) && x->n == y->n);
    run_gather(conv, &conv->forward, bias, x, y, false, pool);
}

void cop_conv3d_backward_data(CopConv3d *conv, const CopTensor *dy, const CopTensor *dx,
                              bool accumulate, CopPool *pool)
{
    assert(conv->backward.sweeps && same_layout(dx, &conv->dx) && same_layout(dy, &conv->dy) &&
           dx->n == dy->n);
    run_gather(conv, &conv->backward, NULL, dy, dx, accumulate, pool);
}

/* --- gradient of the weights ------------------------------------------------------ */

typedef struct CorrelateJob {
    const CopConv3d *conv;
    const CopGather *gather;
    const CopTensor *x, *dy;
    float *sums; /* list order */
    int h_pieces, w_pieces, parts;
} CorrelateJob;

/* A work item owns its output channels, so sums need neither locks nor copies
 * and their order does not depend on the number of items. */
static void correlate_item(void *ctx, int part, int worker)
{
    (void)worker;
    const CorrelateJob *job = ctx;
    const CopConv3d *conv = job->conv;
    const CopGather *gather = job->gather;
    const CopSweep *sweep = gather->sweep;
    const CopTensor *dy = job->dy;
    CopConv3dTile tile = {.in_h = sweep->in_h,
                          .in_w = sweep->in_w,
                          .out_c = (ptrdiff_t)dy->stride_c,
                          .out_h = (ptrdiff_t)dy->stride_h,
                          .out_w = COP_LANES,
                          .from = gather->out_channels * part / job->parts,
                          .to = gather->out_channels * (part + 1) / job->parts};
    use_list(&tile, gather, job->sums);
    const int kind = step_kind(sweep->in_w);
    for (int g = 0; g < dy->g; g++)
        for (int wp = 0; wp < job->w_pieces; wp++)
            for (int t = 0; t < dy->t; t++)
                for (int hp = 0; hp < job->h_pieces; hp++) {
                    const int h = dy->h * hp / job->h_pieces, w = dy->w * wp / job->w_pieces;
                    const int rows = dy->h * (hp + 1) / job->h_pieces - h;
                    const int cols = dy->w * (wp + 1) / job->w_pieces - w;
                    CopConv3dFn *const fn = conv->kernels->correlate[kind][rows - 1][cols - 1];
                    const float *in = job->x->data + (size_t)g * job->x->stride_g +
                                      sweep->in_first + t * sweep->in_t + h * sweep->in_h +
                                      w * sweep->in_w;
                    float *out = cop_tensor_at(dy, g, 0, t, h, w);
                    valid_taps(&sweep->t, t, &tile.first_tap, &tile.end_tap);
                    for (int block = 0; block < sweep->blocks; block++) {
                        use_block(&tile, gather, sweep, block);
                        for (int lane = 0; lane < COP_LANES; lane += conv->kernels->width) {
                            tile.in = in + lane;
                            tile.out = out + lane;
                            fn(&tile);
                        }
                    }
                }
}

static void run_correlate(CopConv3d *conv, const CopGather *gather, const CopTensor *x,
                          const CopTensor *dy, float *sums, CopPool *pool)
{
    assert(conv->full.sweeps && same_layout(x, &conv->x) && same_layout(dy, &conv->dy) &&
           x->n == dy->n && cop_pool_threads(pool) <= conv->threads &&
           conv->generation == conv->param->generation);
    CorrelateJob job = {.conv = conv, .gather = gather, .x = x, .dy = dy, .sums = sums};
    const size_t n = gather->entries * (gather->shared ? (size_t)gather->out_channels : 1);
    memset(sums, 0, n * sizeof *sums);
    cop_conv3d_cut(dy->h, dy->w, conv->kernels->correlate_max, &job.h_pieces, &job.w_pieces);
    /* More items than threads would read x more often. */
    job.parts = min(cop_pool_threads(pool), gather->out_channels);
    cop_parallel_for(pool, job.parts, correlate_item, &job);
}

void cop_conv3d_backward_weight(CopConv3d *conv, const CopTensor *x, const CopTensor *dy,
                                CopPool *pool)
{
    run_correlate(conv, &conv->forward, x, dy, conv->weight, pool);
    CopyJob copy = {
        .gather = &conv->forward, .grad = conv->param->grad, .listed = conv->weight};
    cop_parallel_for(pool, runs(copy.gather), store_item, &copy);
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
    float *row = job->grad + (size_t)channel * full->entries;
    float *copy = job->conv->scratch + (size_t)worker * job->conv->scratch_floats;
    memcpy(copy, row, full->entries * sizeof *row);
    for (size_t j = 0; j < full->entries; j++)
        row[full->index[j]] = copy[j];
}

void cop_conv3d_dense_gradient(CopConv3d *conv, const CopTensor *x, const CopTensor *dy,
                               float *grad, CopPool *pool)
{
    run_correlate(conv, &conv->full, x, dy, grad, pool);
    OrderJob order = {.conv = conv, .grad = grad};
    cop_parallel_for(pool, conv->full.out_channels, order_item, &order);
}

/* --- gradient of the bias ---------------------------------------------------------- */

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
