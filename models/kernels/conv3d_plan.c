/* Planning of conv3d: sweeps, blocks and lists of weights.
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#include "models/kernels/conv3d_plan.h"

#include <string.h>

enum {
    WIDEST_GROUPED = 7, /* rows that kernels take in groups */
    /* How shapes bend the table, as measured: docs/BENCHMARKS.md. */
    NARROW_COLS = 4,
    WIDE_ROW = 56,
    POINTWISE_BYTES = 60 << 10,
    REACHING_BYTES = 44 << 10,
    SINGLE_BYTES = 512 << 10,
    LEAST_PACKED = 16 /* output channels */
};

int cop_conv_out(int in, int k, int stride, int pad)
{
    const int room = in + 2 * pad - k;
    return room < 0 ? 0 : room / stride + 1;
}

/* One dimension of the shape. */
typedef struct Dim {
    int k, stride, pad;
} Dim;

static CopAxis forward_axis(Dim d, int in)
{
    return (CopAxis){.positions = cop_conv_out(in, d.k, d.stride, d.pad),
                     .taps = d.k,
                     .source = -d.pad,
                     .step = d.stride,
                     .stride = 1,
                     .extent = in};
}

/* Positions p = phase, phase + stride, ... of an input of `in`. Taps k with
 * k = phase + pad (mod stride) read output (p + pad - k) / stride; counted from
 * the largest k they are consecutive. */
static CopAxis backward_axis(Dim d, int in, int phase)
{
    CopAxis axis = {.positions = in > phase ? cop_ceil_div(in - phase, d.stride) : 0,
                    .step = 1,
                    .phase = phase,
                    .stride = d.stride,
                    .extent = cop_conv_out(in, d.k, d.stride, d.pad)};
    const int smallest = (phase + d.pad) % d.stride;
    if (smallest < d.k) {
        axis.taps = (d.k - 1 - smallest) / d.stride + 1;
        const int largest = smallest + (axis.taps - 1) * d.stride;
        axis.source = (phase + d.pad - largest) / d.stride; /* divides exactly */
    }
    return axis;
}

/* The phase at which weight k of one dimension is met backwards, and as which tap. */
static int phase_of(Dim d, int k)
{
    return (k + d.stride * d.pad - d.pad) % d.stride;
}

static int tap_of(Dim d, const CopAxis *axis, int k)
{
    return (axis->phase + d.pad - k) / d.stride - axis->source;
}

/* Elements read before index 0 and after the last one. */
static void reach(const CopAxis *axis, int *lo, int *hi)
{
    if (axis->positions < 1 || axis->taps < 1)
        return;
    const int last = axis->source + (axis->positions - 1) * axis->step + axis->taps - 1;
    *lo = cop_max(*lo, -axis->source);
    *hi = cop_max(*hi, last - (axis->extent - 1));
}

CopHalo cop_conv3d_input_halo(const CopConvShape *s, int h, int w)
{
    CopHalo halo = {0};
    const CopAxis axis_h = forward_axis((Dim){s->kh, s->sh, s->ph}, h);
    const CopAxis axis_w = forward_axis((Dim){s->kw, s->sw, s->pw}, w);
    reach(&axis_h, &halo.h_lo, &halo.h_hi);
    reach(&axis_w, &halo.w_lo, &halo.w_hi);
    return halo;
}

static void reach_backward(Dim d, int in, int *lo, int *hi)
{
    for (int phase = 0; phase < d.stride; phase++) {
        const CopAxis axis = backward_axis(d, in, phase);
        reach(&axis, lo, hi);
    }
}

CopHalo cop_conv3d_grad_halo(const CopConvShape *s, int h, int w)
{
    CopHalo halo = {0};
    reach_backward((Dim){s->kh, s->sh, s->ph}, h, &halo.h_lo, &halo.h_hi);
    reach_backward((Dim){s->kw, s->sw, s->pw}, w, &halo.w_lo, &halo.w_hi);
    return halo;
}

/* Rows of w positions in equal pieces, and rows in groups, so that a tile has at most `most`
 * positions and `cols` in a row. */
static void cut(int h, int w, int most, int cols, int most_rows, int *h_pieces, int *w_pieces)
{
    *h_pieces = *w_pieces = 0;
    if (h < 1 || w < 1)
        return; /* a phase that a small input does not have */
    *w_pieces = cop_ceil_div(w, cop_min(most, cols));
    *h_pieces = cop_ceil_div(h, cop_min(most / cop_ceil_div(w, *w_pieces), most_rows));
}

/* Kernels take short rows in groups alone. */
static void cut_for_kernels(int h, int w, int most, int cols, int *h_pieces, int *w_pieces)
{
    const int pieces = w < 1 ? 1 : cop_ceil_div(w, cop_min(most, cols));
    cut(h, w, most, cols, cop_ceil_div(w, pieces) > WIDEST_GROUPED ? 1 : COP_TILE_ROWS, h_pieces,
        w_pieces);
}

static CopTiling tiling_of(const CopSweep *sweep, int lane_groups, int h_pieces, int w_pieces)
{
    return (CopTiling){.sweep = sweep,
                       .h_pieces = h_pieces,
                       .w_pieces = w_pieces,
                       .tiles = lane_groups * w_pieces * sweep->t.positions * h_pieces};
}

CopTiling cop_conv3d_tiling(const CopSweep *sweep, int lane_groups)
{
    return tiling_of(sweep, lane_groups, sweep->h_pieces, sweep->w_pieces);
}

CopTiling cop_conv3d_tiling_of(const CopSweep *sweep, int lane_groups, int most, int cols)
{
    int h_pieces, w_pieces;
    cut_for_kernels(sweep->h.positions, sweep->w.positions, most, cols, &h_pieces, &w_pieces);
    return tiling_of(sweep, lane_groups, h_pieces, w_pieces);
}

CopTiling cop_conv3d_tiling_large(const CopSweep *sweep, int lane_groups, int most, int cols)
{
    int h_pieces, w_pieces;
    cut(sweep->h.positions, sweep->w.positions, most, cols, most, &h_pieces, &w_pieces);
    return tiling_of(sweep, lane_groups, h_pieces, w_pieces);
}

bool cop_sweep_along_t(const CopSweep *sweep)
{
    return sweep->t.taps > 1 && (sweep->packed || sweep->t.step == 1);
}

CopPlace cop_conv3d_place(const CopTiling *tiling, int tile)
{
    const CopSweep *sweep = tiling->sweep;
    const int frames = sweep->t.positions, pieces = tiling->w_pieces;
    const int column = tile / (frames * tiling->h_pieces) % pieces; /* were all strips one wide */
    const int strips = cop_ceil_div(pieces, sweep->places);
    const int strip = (strips * (column + 1) - 1) / pieces;
    const int first = pieces * strip / strips, wide = pieces * (strip + 1) / strips - first;
    const int places = tiling->h_pieces * wide;
    const int i = tile % (frames * tiling->h_pieces * pieces) - frames * tiling->h_pieces * first;
    const bool along_t = cop_sweep_along_t(sweep);
    const int place = along_t ? i / frames : i % places;
    const int hp = place / wide, wp = first + place % wide;
    const int h = sweep->h.positions * hp / tiling->h_pieces;
    const int w = sweep->w.positions * wp / tiling->w_pieces;
    return (CopPlace){.g = tile / (frames * tiling->h_pieces * pieces),
                      .t = along_t ? i % frames : i / places,
                      .h = h,
                      .w = w,
                      .rows = sweep->h.positions * (hp + 1) / tiling->h_pieces - h,
                      .cols = sweep->w.positions * (wp + 1) / tiling->w_pieces - w};
}

void cop_conv3d_valid_taps(const CopAxis *axis, int position, int *first, int *end)
{
    const int source = axis->source + position * axis->step;
    const int before = cop_max(-source, 0), inside = axis->extent - source;
    *first = before < axis->taps ? before : axis->taps;
    *end = cop_max(inside < axis->taps ? inside : axis->taps, *first);
}

size_t cop_sweep_segments(const CopGather *gather, const CopSweep *sweep)
{
    const size_t segments = (size_t)sweep->blocks * (size_t)sweep->segments;
    if (gather->shared)
        return segments;
    return segments * (size_t)gather->groups * (size_t)gather->units * (size_t)gather->kinds;
}

static void place_sweep(CopSweep *sweep, const CopTensor *in, const CopTensor *out)
{
    const CopAxis *t = &sweep->t, *h = &sweep->h, *w = &sweep->w;
    const ptrdiff_t in_t = (ptrdiff_t)in->stride_t, in_h = (ptrdiff_t)in->stride_h;
    const ptrdiff_t out_t = (ptrdiff_t)out->stride_t, out_h = (ptrdiff_t)out->stride_h;
    sweep->in_first = t->source * in_t + h->source * in_h + w->source * COP_LANES;
    sweep->in_t = t->step * in_t;
    sweep->in_h = h->step * in_h;
    sweep->in_w = w->step * COP_LANES;
    sweep->out_first = t->phase * out_t + h->phase * out_h + w->phase * COP_LANES;
    sweep->out_t = t->stride * out_t;
    sweep->out_h = h->stride * out_h;
    sweep->out_w = w->stride * COP_LANES;
}

/* Whether inputs are copied: lists of a mask walk them again and again where taps along h or w
 * overlap and there are output channels enough. */
static bool packs(const CopGather *gather, const CopSweep *sweep)
{
    return !gather->shared && !gather->transformed && sweep->t.taps > 0 &&
           sweep->h.taps * sweep->w.taps > 1 && gather->out_channels >= LEAST_PACKED;
}

/* A row of the table as a shape bends it. Where positions share no input, blocks need not stay in
 * the first-level cache, and short tiles keep the sums of more channels in the second. Under a
 * stride along w each input is read by few taps, so that more of them may be in a block. Narrow
 * tiles let a block have more input channels, for single ones: that pays where a tile reaches far,
 * and where rows are so short that the strip beside is read before its columns have left the
 * second-level cache. A single position reads each weight once: where all are listed, the fewer
 * pieces the faster. */
static CopBlocking sweep_blocking(const CopGather *gather, const CopSweep *sweep)
{
    CopBlocking b = gather->blocking;
    const bool reaches = sweep->w.step > 1;
    if (gather->transformed) {
        b.cols = COP_WINOGRAD_QUADS;
    } else if (sweep->t.taps <= 1 && sweep->h.taps <= 1 && sweep->w.taps <= 1) {
        b.cols = cop_min(b.cols, WIDEST_GROUPED);
        b.positions = cop_min(b.positions, b.cols);
        b.block_bytes = cop_max(b.block_bytes, POINTWISE_BYTES);
    } else {
        if (reaches)
            b.block_bytes = cop_max(b.block_bytes, REACHING_BYTES);
        if (!packs(gather, sweep) && !gather->pairs && (reaches || sweep->w.positions < WIDE_ROW)) {
            b.cols = cop_min(b.cols, NARROW_COLS);
            b.positions = cop_min(b.positions, 2 * NARROW_COLS);
        }
    }
    if (gather->shared && sweep->t.positions * sweep->h.positions * sweep->w.positions == 1)
        b.block_bytes = cop_max(b.block_bytes, SINGLE_BYTES);
    return b;
}

/* Rows and columns of input under the largest tile. */
static int input_rows(const CopSweep *sweep)
{
    const CopAxis *h = &sweep->h;
    return (cop_ceil_div(h->positions, sweep->h_pieces) - 1) * h->step + cop_max(h->taps, 1);
}

static int input_cols(const CopSweep *sweep)
{
    const CopAxis *w = &sweep->w;
    return (cop_ceil_div(w->positions, sweep->w_pieces) - 1) * w->step + cop_max(w->taps, 1);
}

static void block_sweep(CopSweep *sweep, const CopGather *gather)
{
    const CopBlocking b = sweep_blocking(gather, sweep);
    sweep->blocks = sweep->splits = sweep->places = 1;
    sweep->segments = sweep->t.taps;
    sweep->block_channels = gather->in_channels;
    sweep->block_bytes = b.block_bytes;
    sweep->packed = false;
    sweep->read_c = gather->in_c;
    sweep->read_t = gather->in_t;
    sweep->read_h = gather->in_h;
    cut_for_kernels(sweep->h.positions, sweep->w.positions, b.positions, b.cols, &sweep->h_pieces,
                    &sweep->w_pieces);
    if (!sweep->h_pieces)
        return; /* nothing to walk, but weights are listed */
    const int rows = input_rows(sweep), cols = input_cols(sweep);
    const size_t room = (size_t)b.block_bytes;
    size_t bytes = (size_t)rows * (size_t)cols * COP_LANES * sizeof(float);
    sweep->packed = packs(gather, sweep);
    if (sweep->packed || gather->transformed)
        sweep->splits = cop_max(sweep->t.taps, 1);
    if (sweep->packed) {
        cop_pack_places(gather, sweep);
        sweep->read_h = (size_t)cols * COP_LANES;
        sweep->read_t = 0;
        sweep->read_c = (size_t)rows * sweep->read_h;
    } else if (!gather->transformed) {
        bytes *= (size_t)cop_max(sweep->t.taps, 1);
        if (bytes > room && sweep->t.taps > 1) {
            sweep->splits = sweep->t.taps;
            bytes = room;
        }
    }
    if (sweep->splits > 1)
        sweep->segments = 1;
    /* Equal blocks: a short last one would cost as much overhead. */
    const int channels = gather->in_channels;
    const int blocks = cop_ceil_div(channels, cop_max((int)(room / bytes), 1));
    sweep->block_channels = cop_ceil_div(channels, blocks);
    sweep->blocks = cop_ceil_div(channels, sweep->block_channels) * sweep->splits;
}

void cop_gather_place_taps(CopGather *gather, const CopConvShape *s)
{
    const Dim t = {s->kt, s->st, s->pt}, h = {s->kh, s->sh, s->ph}, w = {s->kw, s->sw, s->pw};
    CopTap *tap = gather->tap;
    for (int kt = 0; kt < s->kt; kt++)
        for (int kh = 0; kh < s->kh; kh++)
            for (int kw = 0; kw < s->kw; kw++, tap++) {
                int tap_t = kt, tap_h = kh, tap_w = kw;
                tap->sweep = 0;
                if (gather->transposed) {
                    tap->sweep =
                        (phase_of(t, kt) * s->sh + phase_of(h, kh)) * s->sw + phase_of(w, kw);
                    const CopSweep *of = &gather->sweep[tap->sweep];
                    tap_t = tap_of(t, &of->t, kt);
                    tap_h = tap_of(h, &of->h, kh);
                    tap_w = tap_of(w, &of->w, kw);
                }
                const CopSweep *sweep = &gather->sweep[tap->sweep];
                tap->t = tap_t;
                tap->offset = (size_t)tap_t * sweep->read_t + (size_t)tap_h * sweep->read_h +
                              (size_t)tap_w * COP_LANES;
            }
}

size_t cop_gather_block(CopGather *gather, CopBlocking blocking)
{
    gather->blocking = blocking;
    gather->pairs = blocking.walk != COP_WALK_SINGLES;
    gather->kinds = gather->pairs ? 3 : 1;
    gather->units = gather->pairs ? cop_ceil_div(gather->out_channels, 2) : gather->out_channels;
    size_t starts = 0;
    for (int i = 0; i < gather->sweeps; i++) {
        block_sweep(&gather->sweep[i], gather);
        starts += cop_sweep_segments(gather, &gather->sweep[i]);
    }
    return starts;
}

static void plan_sweeps(CopGather *gather, const CopConvShape *s, const CopTensor *in,
                        const CopTensor *out)
{
    const Dim t = {s->kt, s->st, s->pt}, h = {s->kh, s->sh, s->ph}, w = {s->kw, s->sw, s->pw};
    for (int i = 0; i < gather->sweeps; i++) {
        CopSweep *sweep = &gather->sweep[i];
        if (gather->transposed) {
            sweep->t = backward_axis(t, out->t, i / (s->sh * s->sw));
            sweep->h = backward_axis(h, out->h, i / s->sw % s->sh);
            sweep->w = backward_axis(w, out->w, i % s->sw);
        } else {
            sweep->t = forward_axis(t, in->t);
            sweep->h = forward_axis(h, in->h);
            sweep->w = forward_axis(w, in->w);
        }
        place_sweep(sweep, in, out);
    }
}

/* Most starts that lists may have: the density may change, and with it the blocking. */
static size_t most_starts(CopGather *gather, const CopKernelTable *table, bool masked)
{
    size_t most = 0;
    gather->shared = !masked;
    for (int i = 0; i < table->n; i++) {
        const size_t n = cop_gather_block(gather, table->row[i].blocking);
        most = n > most ? n : most;
    }
    return most;
}

CopStatus cop_gather_plan(CopGather *gather, CopArena *arena, const CopConvShape *s,
                          const CopTensor *in, const CopTensor *out, bool transposed,
                          const CopKernelTable *table, size_t capacity)
{
    const int ic = s->ic / s->groups, oc = s->oc / s->groups;
    const size_t taps = (size_t)s->kt * (size_t)s->kh * (size_t)s->kw;
    *gather = (CopGather){.groups = s->groups,
                          .in_channels = transposed ? oc : ic,
                          .out_channels = transposed ? ic : oc,
                          .transposed = transposed,
                          .in_c = in->stride_c,
                          .in_t = in->stride_t,
                          .in_h = in->stride_h,
                          .out_c = out->stride_c,
                          .channel_step = transposed ? taps : taps * (size_t)ic,
                          .group_step = (size_t)oc * (size_t)ic * taps,
                          .sweeps = transposed ? s->st * s->sh * s->sw : 1};
    gather->sweep = cop_arena_alloc(arena, (size_t)gather->sweeps, sizeof *gather->sweep);
    if (!gather->sweep)
        return COP_ERR_NOMEM;
    plan_sweeps(gather, s, in, out);
    const size_t shared_starts = (size_t)gather->in_channels * taps;
    const size_t own_starts = most_starts(gather, table, capacity > 0);
    const size_t starts = own_starts > shared_starts ? own_starts : shared_starts;
    /* Whether lists are shared may change later too, and then blocks have a channel at least. */
    const size_t shared = 2 * (size_t)gather->in_channels * taps;
    const size_t slots = capacity > shared ? capacity : shared;
    if (slots > UINT32_MAX || (size_t)in->c * in->stride_c > UINT32_MAX)
        return COP_ERR_SHAPE;
    return cop_gather_plan_lists(gather, arena, s, slots, starts);
}

size_t cop_gather_listed(const CopGather *gather)
{
    const size_t lists = gather->shared ? (size_t)gather->groups * (size_t)gather->units : 1;
    return gather->slots * lists;
}

size_t cop_gather_weights(const CopGather *gather)
{
    return gather->filtered ? cop_winograd_weights(gather) : cop_gather_listed(gather);
}
