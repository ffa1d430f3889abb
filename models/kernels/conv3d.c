/* Three-dimensional convolution on lane tensors: plan, forward pass and gradient of the input.
 *
 * A pass walks tiles of positions; for each tile it walks blocks of input channels that
 * fit the first-level cache, and for each block the lists of all output channels. Where
 * lists of a mask read copies, it walks frames and blocks of the input, and for each all
 * tiles that it adds to. Every output is summed in list order whatever the tiles, blocks,
 * groups and threads, so only the tier can move a result.
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#include "models/kernels/conv3d.h"

#include <assert.h>
#include <stdatomic.h>
#include <stdint.h>

#include "models/core/mask.h"
#include "models/kernels/conv3d_plan.h"

enum {
    ITEMS_PER_THREAD = 8,   /* enough to even out threads, few enough to keep rows in cache */
    COPIES_PER_THREAD = 2,  /* where each copies or transforms what it reads */
    STREAM_BYTES = 12 << 20 /* of a result that is gone from the caches before it is read */
};

const CopConv3dKernels *cop_conv3d_kernels(CopTier tier)
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
    if (s->groups < 1 || s->ic % s->groups || s->oc % s->groups)
        return false;
    numel /= (size_t)s->groups;
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

bool cop_conv3d_same_layout(const CopTensor *a, const CopTensor *b)
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
        !covers(x->halo, cop_conv3d_input_halo(s, x->h, x->w)))
        return false;
    if (dy && !same_size(dy, y))
        return false;
    return !dx || (dy && same_size(dx, x) && covers(dy->halo, cop_conv3d_grad_halo(s, x->h, x->w)));
}

/* Weights in list order: the active ones, or all with a slot for each channel that a last
 * pair lacks, or Winograd's. */
static size_t weight_room(const CopConv3d *conv)
{
    const CopConvShape *s = &conv->shape;
    const CopParam *param = conv->param;
    const size_t oc = (size_t)(s->oc / s->groups), ic = (size_t)(s->ic / s->groups);
    size_t room = param->capacity;
    if (param->capacity >= param->numel)
        room = param->numel / oc / ic * (oc + oc % 2) * (ic + ic % 2);
    const size_t forward = cop_winograd_room(&conv->forward);
    const size_t backward = cop_winograd_room(&conv->backward);
    room = forward > room ? forward : room;
    return backward > room ? backward : room;
}

static double density_of(const CopConv3d *conv)
{
    return conv->param->mask ? cop_param_density(conv->param) : 1;
}

/* The lists of one direction. The gradient of masked weights, where there is one, needs the forward
 * ones in any case; that of all weights has its own. */
static void build_item(void *ctx, int backward, int worker)
{
    CopConv3d *conv = ctx;
    float *scratch = conv->scratch + (size_t)worker * conv->scratch_floats;
    const uint64_t *mask = conv->param->mask;
    CopGather *gather = backward ? &conv->backward : &conv->forward;
    if (!gather->sweeps)
        return;
    const double density = density_of(conv);
    const CopBlocking blocking = cop_kernel_table_find(conv->table, density);
    gather->slots = 0;
    if (!gather->filtered || (mask && !backward && conv->full.sweeps))
        cop_gather_build(gather, &conv->shape, blocking, mask, scratch);
    if (gather->filtered)
        cop_winograd_build(gather, blocking, &conv->rows, density, scratch);
}

static void build(CopConv3d *conv, CopPool *pool)
{
    const CopParam *param = conv->param;
    const double density = density_of(conv);
    const CopBlocking blocking = cop_kernel_table_find(conv->table, density);
    CopGather *const both[] = {&conv->forward, &conv->backward};
    bool lists = false;
    for (int i = 0; i < 2; i++) {
        both[i]->filtered = cop_winograd_takes(both[i], blocking, density);
        lists = lists || (both[i]->filtered && cop_winograd_lists(both[i], density));
    }
    const CopConv3dMaskKernels *kernels = conv->kernels->mask;
    if (param->mask)
        kernels->rank(param->mask, cop_mask_words(param->numel), conv->rank);
    if (lists)
        kernels->rows(param->mask, cop_mask_words(param->numel), &conv->rows);
    cop_parallel_for(pool, 2, build_item, conv);
    conv->generation = param->generation;
}

/* Passes keep copies of inputs, by Winograd's filtering transformed ones, or a row of the dense
 * gradient; lists are made there. */
static void grow_scratch(CopConv3d *conv, CopGather *gather)
{
    const size_t floats[] = {gather->winograd ? cop_winograd_scratch(gather, conv->table) : 0,
                             cop_pack_scratch(gather, conv->table),
                             cop_gather_build_scratch(gather, &conv->shape), conv->full.slots};
    for (size_t i = 0; i < sizeof floats / sizeof floats[0]; i++)
        if (floats[i] > conv->scratch_floats)
            conv->scratch_floats = (floats[i] + COP_LANES - 1) / COP_LANES * COP_LANES;
}

CopStatus cop_conv3d_create(CopConv3d **out, CopArena *arena, const CopConvShape *shape,
                            const CopParam *param, const CopTensor *x, const CopTensor *y,
                            const CopTensor *dx, const CopTensor *dy, int threads,
                            const CopKernelTable *table)
{
    *out = NULL;
    if (!shape_fits(shape, param) || !tensors_fit(shape, x, y, dx, dy) || threads < 1)
        return COP_ERR_SHAPE;
    CopConv3d *conv = cop_arena_alloc(arena, 1, sizeof *conv);
    if (!conv)
        return COP_ERR_NOMEM;
    *conv = (CopConv3d){.shape = *shape,
                        .param = param,
                        .kernels = cop_conv3d_kernels(cop_tier()),
                        .table = cop_kernel_table_of(table, cop_tier()),
                        .threads = threads,
                        .x = *x,
                        .y = *y};
    const size_t capacity = param->capacity ? param->capacity : 1;
    const size_t words = cop_mask_words(param->numel); /* a mask may come later */
    COP_TRY(cop_gather_plan(&conv->forward, arena, shape, x, y, false, conv->table, capacity));
    COP_TRY(cop_winograd_plan(&conv->forward, arena, shape, conv->table, param));
    if (dy)
        conv->dy = *dy;
    if (dy && !param->frozen) {
        COP_TRY(cop_gather_plan(&conv->full, arena, shape, x, dy, false, conv->table, 0));
        /* Units of one channel have each weight once, as the caller's array has. */
        CopBlocking blocking = cop_kernel_table_find(conv->table, 1);
        blocking.walk = COP_WALK_SINGLES;
        cop_gather_build(&conv->full, shape, blocking, NULL, NULL);
    }
    if (dx) {
        conv->dx = *dx;
        COP_TRY(
            cop_gather_plan(&conv->backward, arena, shape, dy, dx, true, conv->table, capacity));
        COP_TRY(cop_winograd_plan(&conv->backward, arena, shape, conv->table, param));
    }
    /* Sums of a tile between blocks. */
    const int channels = dx ? cop_max(shape->oc, shape->ic) : shape->oc;
    conv->scratch_floats = (size_t)(channels / shape->groups + 1) * COP_TILE_MAX * COP_LANES;
    grow_scratch(conv, &conv->forward);
    grow_scratch(conv, &conv->backward);
    conv->weight = cop_arena_alloc(arena, weight_room(conv), sizeof *conv->weight);
    conv->scratch =
        cop_arena_alloc(arena, (size_t)threads * conv->scratch_floats, sizeof *conv->scratch);
    conv->rank = cop_arena_alloc(arena, words, sizeof *conv->rank);
    conv->forward.rank = conv->backward.rank = conv->rank;
    const bool filtered = conv->forward.winograd || conv->backward.winograd;
    if (filtered)
        conv->dense = cop_arena_alloc(arena, words * 64, sizeof *conv->dense);
    if (!conv->weight || !conv->scratch || !conv->rank || (filtered && !conv->dense))
        return COP_ERR_NOMEM;
    if ((conv->forward.winograd && conv->forward.winograd->masked) ||
        (conv->backward.winograd && conv->backward.winograd->masked))
        COP_TRY(cop_row_masks_plan(&conv->rows, arena, param->numel));
    build(conv, NULL);
    *out = conv;
    return COP_OK;
}

static void load(CopConv3d *conv, const CopGather *gather, CopPool *pool)
{
    if (gather->filtered)
        cop_winograd_load(conv, gather, pool);
    else
        cop_gather_load(gather, conv->param->value, conv->weight, pool);
}

void cop_conv3d_load(CopConv3d *conv, const float *scale, CopPool *pool)
{
    if (conv->generation != conv->param->generation)
        build(conv, pool);
    load(conv, &conv->forward, pool);
    if (scale && conv->forward.filtered)
        cop_winograd_scale(&conv->forward, scale, conv->weight);
    else if (scale)
        cop_gather_scale(&conv->forward, scale, conv->weight);
    conv->loaded = true;
}

/* --- forward and gradient of the input --- */

/* Where position i of a sweep lies in the tensor that it writes. */
static int place_in_out(const CopAxis *axis, int i)
{
    return axis->phase + i * axis->stride;
}

/* Kernel, and where results go and what is added, of a tile. */
typedef struct Aim {
    CopConv3dFn *fn;
    float *out;
    const float *sum;
} Aim;

static Aim aim_at(const CopGatherJob *job, const CopPlace *at, int group)
{
    const CopConv3dKernels *kernels = job->conv->kernels;
    const CopGather *gather = job->gather;
    const CopSweep *sweep = job->tiling.sweep;
    const CopTensor *y = job->out, *add = job->tail.add;
    const int step = cop_tile_step(sweep), c = group * gather->out_channels;
    return (Aim){
        .fn = gather->pairs ? kernels->pairs[step][at->rows - 1][at->cols - 1]
                            : kernels->gather[step][at->rows - 1][at->cols - 1],
        .out = y->data + (size_t)at->g * y->stride_g + (size_t)c * y->stride_c + sweep->out_first +
               at->t * sweep->out_t + at->h * sweep->out_h + at->w * sweep->out_w,
        .sum = add ? cop_tensor_at(add, at->g, c, place_in_out(&sweep->t, at->t),
                                   place_in_out(&sweep->h, at->h), place_in_out(&sweep->w, at->w))
                   : NULL};
}

/* One tile's share of some units of a group. */
static void gather_tile(const CopGatherJob *job, CopConv3dTile *tile, CopPlace at,
                        const CopPlace *next, int group, float *scratch)
{
    const CopGather *gather = job->gather;
    const CopSweep *sweep = job->tiling.sweep;
    const CopTensor *x = job->in;
    const Aim aim = aim_at(job, &at, group);
    const float *in = x->data + (size_t)at.g * x->stride_g +
                      (size_t)(group * gather->in_channels) * x->stride_c + sweep->in_first +
                      at.t * sweep->in_t + at.h * sweep->in_h + at.w * sweep->in_w;
    int first_tap, end_tap;
    cop_conv3d_valid_taps(&sweep->t, at.t, &first_tap, &end_tap);
    for (int block = 0; block < sweep->blocks; block++) {
        if (next)
            cop_tile_prefetch(gather, sweep, next, group, block, x);
        cop_tile_block(tile, gather, sweep, group, block, job->conv->weight);
        cop_tile_taps(tile, sweep, block, first_tap, end_tap);
        tile->first = block == 0;
        tile->last = block == sweep->blocks - 1;
        for (int lane = 0; lane < COP_LANES; lane += job->conv->kernels->width) {
            tile->in = in + lane;
            tile->out = aim.out + lane;
            tile->add = aim.sum ? aim.sum + lane : NULL;
            tile->scratch = scratch + lane * at.rows * at.cols * (gather->out_channels + 1);
            aim.fn(tile);
        }
    }
}

/* A run of tiles of a packed sweep, some units of a group of it. */
typedef struct PackedGather {
    const CopGatherJob *job;
    const CopPackRun *run;
    CopConv3dTile *tile;
    float *sums; /* that wait */
} PackedGather;

static void gather_packed(void *ctx, const CopPackVisit *visit)
{
    const PackedGather *of = ctx;
    const CopGatherJob *job = of->job;
    const CopGather *gather = job->gather;
    const CopSweep *sweep = job->tiling.sweep;
    const CopPlace *at = &visit->at;
    const Aim aim = aim_at(job, at, of->run->group);
    const int channels = (of->tile->to - of->tile->from) * (gather->pairs ? 2 : 1);
    float *sums = of->sums + (size_t)visit->waits * cop_pack_sums(gather, sweep);
    CopConv3dTile tile = *of->tile;
    tile.end_tap = !visit->nothing;
    tile.first = visit->first;
    tile.last = visit->last;
    tile.ahead = visit->ahead;
    cop_tile_block(&tile, gather, sweep, of->run->group, visit->block, job->conv->weight);
    for (int lane = 0; lane < COP_LANES; lane += job->conv->kernels->width) {
        tile.in = of->run->packed + lane;
        tile.out = aim.out + lane;
        tile.add = aim.sum ? aim.sum + lane : NULL;
        tile.scratch = sums + lane * at->rows * at->cols * channels;
        aim.fn(&tile);
    }
}

/* Units tile->from..to of a group in a run of tiles, as many at a time as there is room for. */
static void gather_run(const CopGatherJob *job, const CopConv3dTile *all, CopPackRun *run,
                       float *scratch)
{
    const CopGather *gather = job->gather;
    const CopSweep *sweep = run->sweep;
    const int units = cop_pack_units(gather, sweep);
    CopConv3dTile tile = *all;
    run->packed = scratch + cop_pack_waiting(gather, sweep);
    for (int from = all->from; from < all->to; from += units) {
        tile.from = from;
        tile.to = cop_min(from + units, all->to);
        run->lists = (tile.to - from) * (COP_LANES / job->conv->kernels->width);
        cop_pack_visit(run, gather_packed, &(PackedGather){job, run, &tile, scratch});
    }
}

static void gather_item(void *ctx, int item, int worker)
{
    const CopGatherJob *job = ctx;
    const CopGather *gather = job->gather;
    const CopSweep *sweep = job->tiling.sweep;
    const int part = item % job->parts, chunk = item / job->parts;
    float *scratch = job->conv->scratch + (size_t)worker * job->conv->scratch_floats;
    CopConv3dTile tile = {.in_h = sweep->packed ? sweep->h.step * (ptrdiff_t)sweep->read_h
                                                : sweep->in_h,
                          .in_w = sweep->in_w,
                          .out_c = (ptrdiff_t)gather->out_c,
                          .out_h = sweep->out_h,
                          .out_w = sweep->out_w,
                          .relu = job->tail.relu,
                          .stream = job->stream};
    const CopTensor *add = job->tail.add;
    if (add) {
        tile.add_c = (ptrdiff_t)add->stride_c;
        tile.add_h = sweep->h.stride * (ptrdiff_t)add->stride_h;
        tile.add_w = sweep->out_w;
    }
    cop_tile_list(&tile, gather, sweep);
    const int tiles = job->tiling.tiles, units = gather->groups * gather->units;
    const int end = (int)((int64_t)tiles * (chunk + 1) / job->chunks);
    const int first = (int)((int64_t)units * part / job->parts);
    const int last = (int)((int64_t)units * (part + 1) / job->parts);
    for (int i = (int)((int64_t)tiles * chunk / job->chunks), behind; i < end; i = behind) {
        CopPackRun run = {.gather = gather, .sweep = sweep, .in = job->in};
        behind = sweep->packed ? cop_pack_run(&run, &job->tiling, i, end) : i + 1;
        const CopPlace at = cop_conv3d_place(&job->tiling, i);
        const CopPlace next = cop_conv3d_place(&job->tiling, behind);
        const CopPlace *ahead = behind < end ? &next : NULL;
        if (gather->filtered) {
            cop_winograd_tile(job, at, ahead, first, last, scratch);
            continue;
        }
        for (int group = first / gather->units; group * gather->units < last; group++) {
            tile.from = cop_max(first - group * gather->units, 0);
            tile.to = cop_min(last - group * gather->units, gather->units);
            tile.bias = job->tail.bias ? job->tail.bias + group * gather->out_channels : NULL;
            if (!sweep->packed) {
                gather_tile(job, &tile, at, ahead, group, scratch);
                continue;
            }
            run.group = group;
            gather_run(job, &tile, &run, scratch);
        }
    }
    if (job->stream)
        atomic_thread_fence(memory_order_seq_cst); /* such stores wait for a locked instruction */
}

static void run_gather(CopConv3d *conv, const CopGather *gather, CopConvTail tail,
                       const CopTensor *in, const CopTensor *out, CopPool *pool)
{
    const int threads = cop_pool_threads(pool);
    assert(threads <= conv->threads && conv->generation == conv->param->generation);
    /* Memory that is read for the sum is cached already. */
    const bool stream = (!tail.add || tail.add->data != out->data) &&
                        (size_t)out->g * out->stride_g * sizeof(float) >= STREAM_BYTES;
    for (int i = 0; i < gather->sweeps; i++) {
        const CopSweep *sweep = gather->filtered ? gather->winograd->sweep : &gather->sweep[i];
        CopGatherJob job = {.conv = conv,
                            .gather = gather,
                            .tiling = cop_conv3d_tiling(sweep, out->g),
                            .in = in,
                            .out = out,
                            .tail = tail,
                            .stream = stream};
        if (job.tiling.tiles < 1)
            continue;
        const int parts = sweep->packed || gather->filtered ? COPIES_PER_THREAD : ITEMS_PER_THREAD;
        job.chunks = cop_min(threads == 1 ? 1 : threads * ITEMS_PER_THREAD, job.tiling.tiles);
        job.parts = cop_min(threads == 1 ? 1 : cop_ceil_div(threads * parts, job.chunks),
                            gather->groups * gather->units);
        cop_parallel_for(pool, job.chunks * job.parts, gather_item, &job);
    }
}

void cop_conv3d_forward(CopConv3d *conv, const CopConvTail *tail, const CopTensor *x,
                        const CopTensor *y, CopPool *pool)
{
    assert(conv->loaded && cop_conv3d_same_layout(x, &conv->x) &&
           cop_conv3d_same_layout(y, &conv->y) && x->n == y->n &&
           (!tail || !tail->add || (same_size(tail->add, y) && tail->add->n == y->n)));
    run_gather(conv, &conv->forward, tail ? *tail : (CopConvTail){0}, x, y, pool);
}

void cop_conv3d_backward_data(CopConv3d *conv, const CopTensor *dy, const CopTensor *dx,
                              bool accumulate, CopPool *pool)
{
    assert(conv->backward.sweeps && cop_conv3d_same_layout(dx, &conv->dx) &&
           cop_conv3d_same_layout(dy, &conv->dy) && dx->n == dy->n);
    conv->loaded = false;
    load(conv, &conv->backward, pool);
    run_gather(conv, &conv->backward, (CopConvTail){.add = accumulate ? dx : NULL}, dy, dx, pool);
}
