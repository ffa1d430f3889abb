/* Planning of conv3d: sweeps, blocks and lists of weights.
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#include "models/kernels/conv3d_plan.h"

#include <string.h>

#include "models/core/mask.h"

/* What a block's share of the input may fill of the first-level cache; the
 * rest is for the weights and sums that stream by. */
enum { BLOCK_BYTES = 28 << 10 };

static int max(int a, int b)
{
    return a > b ? a : b;
}

static int ceil_div(int a, int b)
{
    return (a + b - 1) / b;
}

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
    CopAxis axis = {.positions = in > phase ? ceil_div(in - phase, d.stride) : 0,
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
    *lo = max(*lo, -axis->source);
    *hi = max(*hi, last - (axis->extent - 1));
}

CopHalo cop_conv3d_input_halo(const CopConvShape *s, int t, int h, int w)
{
    CopHalo halo = {0};
    const CopAxis axis_t = forward_axis((Dim){s->kt, s->st, s->pt}, t);
    const CopAxis axis_h = forward_axis((Dim){s->kh, s->sh, s->ph}, h);
    const CopAxis axis_w = forward_axis((Dim){s->kw, s->sw, s->pw}, w);
    reach(&axis_t, &halo.t_lo, &halo.t_hi);
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

CopHalo cop_conv3d_grad_halo(const CopConvShape *s, int t, int h, int w)
{
    CopHalo halo = {0};
    reach_backward((Dim){s->kt, s->st, s->pt}, t, &halo.t_lo, &halo.t_hi);
    reach_backward((Dim){s->kh, s->sh, s->ph}, h, &halo.h_lo, &halo.h_hi);
    reach_backward((Dim){s->kw, s->sw, s->pw}, w, &halo.w_lo, &halo.w_hi);
    return halo;
}

void cop_conv3d_cut(int h, int w, int most, int *h_pieces, int *w_pieces)
{
    *w_pieces = ceil_div(w, most);
    const int cols = ceil_div(w, *w_pieces);
    int rows = most / cols;
    rows = rows > COP_TILE_ROWS ? COP_TILE_ROWS : rows;
    *h_pieces = ceil_div(h, rows);
}

CopTiling cop_conv3d_tiling(const CopSweep *sweep, int groups, int most)
{
    CopTiling tiling = {.sweep = sweep};
    const int h = sweep->h.positions, w = sweep->w.positions;
    if (h < 1 || w < 1)
        return tiling;
    cop_conv3d_cut(h, w, most, &tiling.h_pieces, &tiling.w_pieces);
    tiling.tiles = groups * tiling.w_pieces * sweep->t.positions * tiling.h_pieces;
    return tiling;
}

CopPlace cop_conv3d_place(const CopTiling *tiling, int tile)
{
    const CopSweep *sweep = tiling->sweep;
    const int hp = tile % tiling->h_pieces, column = tile / tiling->h_pieces;
    const int strip = column / sweep->t.positions;
    const int wp = strip % tiling->w_pieces;
    const int h = sweep->h.positions * hp / tiling->h_pieces;
    const int w = sweep->w.positions * wp / tiling->w_pieces;
    return (CopPlace){.g = strip / tiling->w_pieces,
                      .t = column % sweep->t.positions,
                      .h = h,
                      .w = w,
                      .rows = sweep->h.positions * (hp + 1) / tiling->h_pieces - h,
                      .cols = sweep->w.positions * (wp + 1) / tiling->w_pieces - w};
}

void cop_conv3d_valid_taps(const CopAxis *axis, int position, int *first, int *end)
{
    const int source = axis->source + position * axis->step;
    const int before = max(-source, 0), inside = axis->extent - source;
    *first = before < axis->taps ? before : axis->taps;
    *end = max(inside < axis->taps ? inside : axis->taps, *first);
}

static size_t segments(const CopGather *gather, const CopSweep *sweep)
{
    const int channels = gather->shared ? 1 : gather->out_channels;
    return (size_t)sweep->blocks * (size_t)channels * (size_t)sweep->t.taps;
}

static void plan_sweep(CopSweep *sweep, const CopGather *gather, const CopTensor *in,
                       const CopTensor *out)
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
    sweep->blocks = 1;
    sweep->block_channels = gather->in_channels;
    if (h->positions < 1 || w->positions < 1)
        return; /* a phase that a small input does not have, but whose weights are listed */
    int h_pieces, w_pieces;
    cop_conv3d_cut(h->positions, w->positions, COP_TILE_MAX, &h_pieces, &w_pieces);
    const int rows = (ceil_div(h->positions, h_pieces) - 1) * h->step + max(h->taps, 1);
    const int cols = (ceil_div(w->positions, w_pieces) - 1) * w->step + max(w->taps, 1);
    const size_t plane = (size_t)rows * (size_t)cols * COP_LANES * sizeof(float);
    const size_t volume = plane * (size_t)max(t->taps, 1);
    if (volume > BLOCK_BYTES && t->taps > 1) {
        sweep->blocks = gather->in_channels * t->taps;
        sweep->block_channels = 0;
    } else {
        /* Equal blocks: a short last one would cost as much overhead. */
        const int channels = gather->in_channels;
        const int blocks = ceil_div(channels, max((int)(BLOCK_BYTES / volume), 1));
        sweep->block_channels = ceil_div(channels, blocks);
        sweep->blocks = ceil_div(channels, sweep->block_channels);
    }
}

/* The kernel's taps, row-major. */
static void plan_taps(CopGather *gather, const CopConvShape *s, const CopTensor *in)
{
    const Dim t = {s->kt, s->st, s->pt}, h = {s->kh, s->sh, s->ph}, w = {s->kw, s->sw, s->pw};
    CopTap *tap = gather->tap;
    for (int kt = 0; kt < s->kt; kt++)
        for (int kh = 0; kh < s->kh; kh++)
            for (int kw = 0; kw < s->kw; kw++, tap++) {
                int tap_t = kt, tap_h = kh, tap_w = kw;
                if (gather->transposed) {
                    tap->sweep =
                        (phase_of(t, kt) * s->sh + phase_of(h, kh)) * s->sw + phase_of(w, kw);
                    const CopSweep *sweep = &gather->sweep[tap->sweep];
                    tap_t = tap_of(t, &sweep->t, kt);
                    tap_h = tap_of(h, &sweep->h, kh);
                    tap_w = tap_of(w, &sweep->w, kw);
                }
                tap->t = tap_t;
                tap->offset = (size_t)tap_t * in->stride_t + (size_t)tap_h * in->stride_h +
                              (size_t)tap_w * COP_LANES;
            }
}

CopStatus cop_gather_plan(CopGather *gather, CopArena *arena, const CopConvShape *s,
                          const CopTensor *in, const CopTensor *out, bool transposed,
                          size_t entries)
{
    *gather = (CopGather){.in_channels = transposed ? s->oc : s->ic,
                          .out_channels = transposed ? s->ic : s->oc,
                          .transposed = transposed,
                          .shared = entries == 0,
                          .in_c = in->stride_c,
                          .out_c = out->stride_c};
    const Dim t = {s->kt, s->st, s->pt}, h = {s->kh, s->sh, s->ph}, w = {s->kw, s->sw, s->pw};
    const size_t taps = (size_t)s->kt * (size_t)s->kh * (size_t)s->kw;
    gather->channel_step = transposed ? taps : taps * (size_t)s->ic;
    gather->sweeps = transposed ? s->st * s->sh * s->sw : 1;
    gather->sweep = cop_arena_alloc(arena, (size_t)gather->sweeps, sizeof *gather->sweep);
    gather->tap = cop_arena_alloc(arena, taps, sizeof *gather->tap);
    if (!gather->sweep || !gather->tap)
        return COP_ERR_NOMEM;

    size_t starts = 2;
    for (int i = 0; i < gather->sweeps; i++) {
        CopSweep *sweep = &gather->sweep[i];
        if (transposed) {
            sweep->t = backward_axis(t, out->t, i / (s->sh * s->sw));
            sweep->h = backward_axis(h, out->h, i / s->sw % s->sh);
            sweep->w = backward_axis(w, out->w, i % s->sw);
        } else {
            sweep->t = forward_axis(t, in->t);
            sweep->h = forward_axis(h, in->h);
            sweep->w = forward_axis(w, in->w);
        }
        plan_sweep(sweep, gather, in, out);
        starts += segments(gather, sweep);
    }
    plan_taps(gather, s, in);
    /* Lists need the entries of one output channel when shared, and those of
     * the active weights otherwise; which of the two may change later. */
    const size_t shared = (size_t)gather->in_channels * taps;
    entries = entries > shared ? entries : shared;
    if (entries > UINT32_MAX || (size_t)in->c * in->stride_c > UINT32_MAX)
        return COP_ERR_SHAPE;
    gather->offset = cop_arena_alloc(arena, entries, sizeof *gather->offset);
    gather->index = cop_arena_alloc(arena, entries, sizeof *gather->index);
    gather->start = cop_arena_alloc(arena, starts, sizeof *gather->start);
    return gather->offset && gather->index && gather->start ? COP_OK : COP_ERR_NOMEM;
}

/* Visits active weights in ascending order: the first pass counts those of
 * each segment, the second puts them in place. */
static void visit(CopGather *gather, const CopConvShape *s, const uint64_t *mask, bool place)
{
    const int taps = s->kt * s->kh * s->kw;
    const int o_end = !mask && !gather->transposed ? 1 : s->oc;
    const int i_end = !mask && gather->transposed ? 1 : s->ic;
    const size_t channels = gather->shared ? 1 : (size_t)gather->out_channels;
    size_t rank = 0; /* among active weights */
    for (int o = 0; o < o_end; o++)
        for (int i = 0; i < i_end; i++) {
            const int in = gather->transposed ? o : i, out = gather->transposed ? i : o;
            const size_t pair = ((size_t)o * (size_t)s->ic + (size_t)i) * (size_t)taps;
            for (int k = 0; k < taps; k++) {
                const size_t index = pair + (size_t)k;
                if (mask && !cop_mask_get(mask, index))
                    continue;
                const CopTap *tap = &gather->tap[k];
                const CopSweep *sweep = &gather->sweep[tap->sweep];
                const size_t block = (size_t)(sweep->block_channels ? in / sweep->block_channels
                                                                    : in * sweep->t.taps + tap->t);
                uint32_t *end = gather->start + (sweep->start - gather->start) + 1 +
                                (block * channels + (size_t)out) * (size_t)sweep->t.taps + tap->t;
                if (place) {
                    gather->offset[*end] = (uint32_t)((size_t)in * gather->in_c + tap->offset);
                    gather->index[*end] = (uint32_t)(mask ? rank : index);
                    ++*end;
                } else {
                    ++end[1];
                }
                rank++;
            }
        }
}

void cop_gather_build(CopGather *gather, const CopConvShape *s, const uint64_t *mask)
{
    gather->shared = !mask;
    size_t n = 0;
    for (int i = 0; i < gather->sweeps; i++) {
        gather->sweep[i].start = gather->start + n;
        n += segments(gather, &gather->sweep[i]);
    }
    /* Counting sort in place: counts sit two ahead, so that after the prefix
     * sum each segment's start sits one ahead, moves to the segment's end
     * while weights are placed, and is then the start of the next one. */
    memset(gather->start, 0, (n + 2) * sizeof *gather->start);
    visit(gather, s, mask, false);
    for (size_t i = 2; i < n + 2; i++)
        gather->start[i] += gather->start[i - 1];
    visit(gather, s, mask, true);
    gather->entries = gather->start[n];
}
