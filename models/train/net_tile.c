/* Tile mode: how each edge of a net is cut into tiles.
 *
 * Edges that flow into each other position by position, or through layers that keep the
 * size, share one cut. Between such families a layer that strides wants its input cut
 * like its output; where the cuts differ, a step that copies from one into the other is
 * put in. Cuts are chosen so that the estimated time is least, one family at a time,
 * from the last to the first, until nothing changes: a function of shapes and numbers
 * of weights alone.
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#include <math.h>
#include <stdlib.h>

#include "models/train/net_private.h"

/* Times are in multiply-adds of sixteen lanes. The convolution kernels do them on blocks of
 * up to POSITIONS positions, in up to ROWS rows. Constants are from timings of 3x3x3 layers
 * of 128 to 512 channels in many cuts. */
enum { POSITIONS = 14, ROWS = 4, SWEEPS = 4, SIZE_MOST = 1 << 24 };
static const double per_weight = 0.7;  /* to fetch one, for a block */
static const double least_dense = 7.5; /* a block with fewer positions takes as long: its sums */
static const double least_masked = 4;  /* wait for each other, longer in a long list of weights */
static const double per_exchange = 6;  /* a position of a channel's halo */
static const double per_copied = 3;    /* a value that is copied into another cut */
static const double per_pointwise = 2; /* a position of a channel of any other layer */

typedef struct Family {
    CopSize clip, cover; /* tiles must cover this, for layers that stride into the family */
    CopCut cut;          /* grid.t 0: not chosen yet */
} Family;

typedef struct Planner {
    CopNet *net;
    int *family; /* [edges], in two stages: another edge of the family, then its number */
    Family *families;
    int n;
} Planner;

static int max(int a, int b)
{
    return a > b ? a : b;
}

static int min(int a, int b)
{
    return a < b ? a : b;
}

static int ceil_div(int a, int b)
{
    return (a + b - 1) / b;
}

static CopSize size_of(const CopNet *net, int edge)
{
    const CopShape *s = &net->edge[edge].shape;
    return (CopSize){s->t, s->h, s->w};
}

static bool same_size(CopSize a, CopSize b)
{
    return a.t == b.t && a.h == b.h && a.w == b.w;
}

static bool same_cut(const CopCut *a, const CopCut *b)
{
    return same_size(a->grid, b->grid) && same_size(a->tile, b->tile);
}

static CopWindow window_of(const CopLayer *layer)
{
    CopWindow window = {{1, 1, 1}, {1, 1, 1}, {0, 0, 0}};
    if (layer->desc->window)
        layer->desc->window(layer, &window);
    return window;
}

/* Whether a window looks at more than the positions of its own tile. */
static bool looks_around(const CopWindow *w, CopSize in, const CopCut *cut)
{
    const CopHalo o = cop_tile_halo(w, in, cut);
    return o.t_lo || o.t_hi || o.h_lo || o.h_hi || o.w_lo || o.w_hi;
}

static bool whole(const CopLayer *layer)
{
    return layer->desc->flags & COP_LAYER_WHOLE;
}

/* True where input and output of a step may be of two families. */
static bool parts(const CopNet *net, const CopNetStep *step)
{
    const CopWindow w = window_of(step->layer);
    return whole(step->layer) || !same_size(size_of(net, step->in[0]), size_of(net, step->out)) ||
           w.stride.t != 1 || w.stride.h != 1 || w.stride.w != 1;
}

/* --- families --------------------------------------------------------------------------- */

static int find(const Planner *p, int edge)
{
    while (p->family[edge] != edge)
        edge = p->family[edge];
    return edge;
}

static void join(Planner *p, int a, int b)
{
    const int x = find(p, a), y = find(p, b);
    p->family[max(x, y)] = x < y ? x : y;
}

static void find_families(Planner *p)
{
    const CopNet *net = p->net;
    for (int e = 0; e < net->n_edges; e++)
        p->family[e] = e;
    for (int i = 0; i < net->n_steps; i++) {
        const CopNetStep *step = &net->step[i];
        for (int k = parts(net, step); k < cop_layer_inputs(step->layer); k++)
            join(p, step->in[k], step->out);
    }
    /* The first edge of a family is its root, so that one pass numbers all. */
    for (int e = 0; e < net->n_edges; e++) {
        if (p->family[e] != e) {
            p->family[e] = p->family[p->family[e]];
            continue;
        }
        p->families[p->n] = (Family){.clip = size_of(net, e), .cover = size_of(net, e)};
        p->family[e] = p->n++;
    }
}

static void find_covers(Planner *p)
{
    const CopNet *net = p->net;
    for (int i = 0; i < net->n_steps; i++) {
        const CopNetStep *step = &net->step[i];
        const CopWindow w = window_of(step->layer);
        const CopSize in = size_of(net, step->in[0]);
        CopSize *cover = &p->families[p->family[step->out]].cover;
        if (!parts(net, step) || whole(step->layer))
            continue;
        cover->t = max(cover->t, ceil_div(in.t, w.stride.t));
        cover->h = max(cover->h, ceil_div(in.h, w.stride.h));
        cover->w = max(cover->w, ceil_div(in.w, w.stride.w));
    }
}

/* --- times ------------------------------------------------------------------------------ */

/* Taps along t that all positions of a tile meet together; padding is skipped, a
 * neighbour's tile is not. */
static double taps_along_t(const CopWindow *w, int in, const CopCut *cut)
{
    if (cut->grid.t > 1)
        return (double)cut->tile.t * w->kernel.t;
    const int k = w->kernel.t, s = w->stride.t, p = w->pad.t, n = cut->tile.t;
    double taps = (double)n * k;
    for (int t = 0; t < n && t * s < p; t++)
        taps -= min(p - t * s, k);
    for (int t = n - 1; t >= 0 && t * s - p + k > in; t--)
        taps -= min(t * s - p + k - in, k);
    return taps;
}

/* One weight on all positions of a plane. */
static double plane_time(int h, int w, double least)
{
    const int strips = ceil_div(w, POSITIONS), cols = ceil_div(w, strips);
    const int rows = POSITIONS / cols < ROWS ? POSITIONS / cols : ROWS;
    const double blocks = (double)strips * ceil_div(h, rows);
    return fmax((double)h * w, blocks * least) + blocks * per_weight;
}

static double work_time(const CopLayer *layer, const CopWindow *w, CopSize in, const CopCut *out)
{
    const double volume = (double)out->tile.t * out->tile.h * out->tile.w;
    if (!(layer->desc->flags & COP_LAYER_SPARSE))
        return layer->out_shape.c * volume * w->kernel.t * w->kernel.h * w->kernel.w *
               per_pointwise;
    const CopParam *param = layer->param[0];
    return (double)param->nnz / w->kernel.t * taps_along_t(w, in.t, out) *
           plane_time(out->tile.h, out->tile.w, param->mask ? least_masked : least_dense);
}

/* A step whose output and (t 0: not known) input are cut so; infinite if it cannot be done. */
static double step_time(const CopNet *net, const CopNetStep *step, const CopCut *in,
                        const CopCut *out)
{
    const CopSize size = size_of(net, step->in[0]);
    const int channels = net->edge[step->in[0]].shape.c;
    if (whole(step->layer))
        return in->grid.t ? channels * (double)in->tile.t * in->tile.h * in->tile.w : 0;
    const CopWindow w = window_of(step->layer);
    CopCut need;
    if (!cop_tile_input(&w, size, out, &need))
        return INFINITY;
    const CopHalo o = cop_tile_halo(&w, size, &need);
    const CopSize tile = need.tile;
    double time = work_time(step->layer, &w, size, out) +
                  channels * per_exchange *
                      ((double)(tile.t + o.t_lo + o.t_hi) * (tile.h + o.h_lo + o.h_hi) *
                           (tile.w + o.w_lo + o.w_hi) -
                       (double)tile.t * tile.h * tile.w);
    if (in->grid.t && !same_cut(in, &need))
        time += channels * per_copied * size.t * size.h * size.w;
    return time;
}

/* All steps that a cut of family f has a say in. */
static double family_time(const Planner *p, int f)
{
    const CopNet *net = p->net;
    double time = 0;
    for (int i = 0; i < net->n_steps; i++) {
        const CopNetStep *step = &net->step[i];
        const int in = p->family[step->in[0]], out = p->family[step->out];
        if ((in == f || out == f) && p->families[out].cut.grid.t)
            time += step_time(net, step, &p->families[in].cut, &p->families[out].cut);
    }
    return time;
}

/* --- choice ----------------------------------------------------------------------------- */

/* Tiles of one dimension; false where a smaller grid would do as well. */
static bool tile_size(int grid, int clip, int cover, int *tile)
{
    *tile = grid == 1 ? clip : ceil_div(cover, grid);
    return grid == 1 || (grid - 1) * *tile < clip;
}

/* The best cut of one family, given those of the others; true if it has changed. */
static bool choose(Planner *p, int f)
{
    Family *family = &p->families[f];
    const CopSize clip = family->clip, cover = family->cover;
    const CopCut before = family->cut;
    CopCut best = before, cut;
    double least = INFINITY;
    for (int t = 1; t <= COP_LANES && tile_size(t, clip.t, cover.t, &cut.tile.t); t++)
        for (int h = 1; t * h <= COP_LANES; h++)
            for (int w = 1; t * h * w <= COP_LANES; w++) {
                cut.grid = (CopSize){t, h, w};
                if (!tile_size(h, clip.h, cover.h, &cut.tile.h) ||
                    !tile_size(w, clip.w, cover.w, &cut.tile.w))
                    continue;
                family->cut = cut;
                const double time = family_time(p, f);
                if (time < least) {
                    least = time;
                    best = cut;
                }
            }
    family->cut = best;
    return !same_cut(&best, &before);
}

static void choose_cuts(Planner *p)
{
    bool changed = true;
    for (int sweep = 0; sweep < SWEEPS && changed; sweep++) {
        changed = false;
        for (int f = p->n - 1; f >= 0; f--)
            changed |= choose(p, f);
    }
}

/* --- steps ------------------------------------------------------------------------------ */

static void copy(CopLayer *layer, const CopStep *step)
{
    cop_tile_copy(layer->in[0], layer->out, step->pool);
}

static const CopLayerDesc retile = {
    .name = "retile",
    .summary = "copies a clip into other tiles",
    .inputs = 1,
    .forward = copy,
};

/* An edge with the values of `edge` cut as `cut` for layer `reader`, made by a step after the
 * first *n of `steps` unless there is one; -1 without memory. */
static int recut(CopNet *net, CopNetStep *steps, int *n, int edge, const CopCut *cut, int reader)
{
    for (int i = 0; i < *n; i++)
        if (steps[i].layer->desc == &retile && steps[i].in[0] == edge &&
            same_cut(&net->edge[steps[i].out].cut, cut)) {
            net->edge[steps[i].out].consumers++;
            return steps[i].out;
        }
    CopLayer *layer = cop_arena_alloc(net->graph, 1, sizeof *layer);
    if (!layer)
        return -1;
    const CopShape shape = net->edge[edge].shape;
    *layer = (CopLayer){.desc = &retile,
                        .name = retile.name,
                        .index = reader,
                        .in_shape = {shape},
                        .out_shape = shape};
    const int out = net->n_edges++;
    net->edge[out] = (CopNetEdge){.shape = shape, .consumers = 1, .cut = *cut};
    steps[(*n)++] = (CopNetStep){.layer = layer, .in = {edge}, .out = out};
    return out;
}

/* The exchange that a step needs before it, unless the last one of its input will do. */
static void plan_exchange(CopNet *net, CopNetStep *step)
{
    const CopLayer *layer = step->layer;
    const CopWindow w = window_of(layer);
    CopNetEdge *in = &net->edge[step->in[0]];
    const float outside = layer->desc->outside;
    if ((!whole(layer) && !looks_around(&w, size_of(net, step->in[0]), &in->cut)) ||
        (in->exchanged && !(in->outside < outside) && !(in->outside > outside)))
        return;
    step->exchange = in->exchanged = true;
    in->outside = outside;
}

/* Puts copies and exchanges between the steps. */
static CopStatus connect(CopNet *net)
{
    CopNetStep *steps = cop_arena_alloc(net->graph, 2 * (size_t)net->n_steps, sizeof *steps);
    int *moved = calloc((size_t)net->n_steps, sizeof *moved);
    CopStatus status = steps && moved ? COP_OK : COP_ERR_NOMEM;
    int n = 0;
    for (int i = 0; i < net->n_steps && status == COP_OK; i++) {
        CopNetStep step = net->step[i];
        const CopWindow w = window_of(step.layer);
        CopCut need = net->edge[step.in[0]].cut;
        if (!whole(step.layer) &&
            !cop_tile_input(&w, size_of(net, step.in[0]), &net->edge[step.out].cut, &need))
            status = COP_ERR_SHAPE;
        if (!same_cut(&need, &net->edge[step.in[0]].cut))
            step.in[0] = recut(net, steps, &n, step.in[0], &need, step.layer->index);
        if (step.in[0] < 0)
            status = COP_ERR_NOMEM;
        else
            plan_exchange(net, &step);
        moved[i] = n;
        steps[n++] = step;
    }
    for (int e = 1; e <= net->n_layers && status == COP_OK; e++)
        net->edge[e].writer = moved[net->edge[e].writer];
    for (int i = 0; i < n; i++)
        net->edge[steps[i].out].writer = i;
    free(moved);
    net->step = steps;
    net->n_steps = n;
    return status;
}

/* No tensor could be as large; sums of sizes stay in an int. */
static CopStatus check_sizes(const CopNet *net)
{
    for (int e = 0; e < net->n_edges; e++) {
        const CopSize size = size_of(net, e);
        if (size.t > SIZE_MOST || size.h > SIZE_MOST || size.w > SIZE_MOST)
            return COP_ERR_SHAPE;
    }
    return COP_OK;
}

CopStatus cop_net_tile(CopNet *net)
{
    Planner p = {.net = net};
    p.family = calloc((size_t)net->n_edges, sizeof *p.family);
    p.families = calloc((size_t)net->n_edges, sizeof *p.families);
    CopStatus status = p.family && p.families ? COP_OK : COP_ERR_NOMEM;
    if (status == COP_OK)
        status = check_sizes(net);
    if (status == COP_OK) {
        find_families(&p);
        find_covers(&p);
        choose_cuts(&p);
        for (int e = 0; e < net->n_edges; e++)
            net->edge[e].cut = p.families[p.family[e]].cut;
        status = connect(net);
    }
    free(p.family);
    free(p.families);
    return status;
}
