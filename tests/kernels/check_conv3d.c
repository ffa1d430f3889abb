/* conv3d against conv3d_ref: shapes, tiers, thread counts and fills.
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#include <math.h>
#include <string.h>

#include "models/core/cpu.h"
#include "tests/kernels/conv3d_problem.h"

/* Every tile: rows of every width below two full tiles, and narrow ones in groups. */
static void check_tiles(void)
{
    for (int w = 1; w <= 30; w++)
        for (int h = 1; h <= (w <= 7 ? 5 : 1); h++)
            for (int stride = 1; stride <= 3; stride++) {
                const CopConvShape s = {2, 3, 1, 3, 3, 1, stride, stride, 0, 1, 1, 1};
                conv3d_check("tile", &(Case){.s = s,
                                             .n = 2,
                                             .t = 1,
                                             .h = (h - 1) * stride + 1,
                                             .w = (w - 1) * stride + 1,
                                             .density = w % 2 ? 1 : 0.6});
            }
}

/* Layers as nets have them, small. */
static void check_layers(void)
{
    static const CopConvShape shapes[] = {
        {3, 4, 3, 7, 7, 1, 2, 2, 1, 3, 3, 1}, {3, 5, 1, 7, 7, 1, 2, 2, 0, 3, 3, 1},
        {5, 7, 3, 3, 3, 1, 1, 1, 1, 1, 1, 1}, {4, 6, 3, 3, 3, 2, 2, 2, 1, 1, 1, 1},
        {6, 3, 1, 3, 3, 1, 1, 1, 0, 1, 1, 1}, {3, 6, 3, 1, 1, 1, 1, 1, 1, 0, 0, 1},
        {4, 8, 1, 1, 1, 2, 2, 2, 0, 0, 0, 1}, {9, 5, 1, 1, 1, 1, 1, 1, 0, 0, 0, 1},
        {2, 2, 2, 2, 2, 1, 1, 1, 0, 0, 0, 1}, {2, 3, 3, 1, 1, 2, 1, 1, 1, 0, 0, 1},
        {1, 1, 5, 5, 5, 1, 1, 1, 4, 4, 4, 1}, {2, 3, 2, 3, 4, 3, 2, 1, 0, 2, 1, 1},
        {3, 2, 1, 2, 2, 3, 3, 3, 0, 0, 0, 1}, {1, 2, 4, 1, 3, 3, 1, 2, 3, 0, 1, 1},
        {6, 6, 3, 3, 3, 1, 1, 1, 1, 1, 1, 6}, {5, 5, 3, 3, 3, 1, 2, 2, 1, 1, 1, 5},
        {6, 9, 3, 3, 3, 2, 1, 2, 1, 1, 1, 3}};
    static const double densities[] = {1, 0.5, 0.2, 0.05};
    static const int lanes[] = {1, 5, 16, 21};
    for (size_t i = 0; i < sizeof shapes / sizeof shapes[0]; i++)
        for (int j = 0; j < 4; j++)
            conv3d_check("layer", &(Case){.s = shapes[i],
                                          .n = lanes[((int)i + j) % 4],
                                          .t = 4,
                                          .h = 9,
                                          .w = 8,
                                          .density = densities[j],
                                          .fill = (Fill)(((int)i / 2 + j) % FILL_COUNT),
                                          .slack = j,
                                          .accumulate = j % 2 == 0,
                                          .tail = i % 2 == 0});
}

/* Each kernel of video and image nets under each stride of 1 and 2, with half a kernel of padding
 * and none, dense and masked, in groups and by channel; those of one frame on one frame, too. */
static void check_named(void)
{
    static const int kernels[][3] = {{1, 1, 1}, {1, 3, 3}, {3, 1, 1}, {5, 1, 1},
                                     {3, 3, 3}, {1, 7, 7}, {3, 7, 7}};
    static const struct {
        int ic, oc, groups;
    } channels[] = {{4, 5, 1}, {4, 6, 2}, {4, 4, 4}, {3, 6, 3}};
    for (size_t k = 0; k < sizeof kernels / sizeof kernels[0]; k++)
        for (int stride = 0; stride < 8; stride++)
            for (int i = 0; i < 4; i++) {
                const int kt = kernels[k][0], kh = kernels[k][1], kw = kernels[k][2];
                const bool padded = (stride + i) % 4 != 3;
                conv3d_check(
                    "named",
                    &(Case){.s = {channels[i].ic, channels[i].oc, kt, kh, kw, 1 + stride / 4,
                                  1 + stride / 2 % 2, 1 + stride % 2, padded ? kt / 2 : 0,
                                  padded ? kh / 2 : 0, padded ? kw / 2 : 0, channels[i].groups},
                            .n = 1 + stride % 3,
                            .t = kt == 1 && i == 1 ? 1 : kt + stride % 2,
                            .h = 7 + i % 2,
                            .w = 9,
                            .density = (stride + i) % 2 ? 0.4 : 1});
            }
}

static void fill_frames(const CopTensor *x, int from, int to, float value)
{
    const CopHalo *o = &x->halo;
    for (int g = 0; g < x->g; g++)
        for (int c = 0; c < x->c; c++)
            for (int t = from; t < to; t++)
                for (int h = -o->h_lo; h < x->h + o->h_hi; h++)
                    for (int w = -o->w_lo; w < x->w + o->w_hi; w++)
                        for (int lane = 0; lane < COP_LANES; lane++)
                            cop_tensor_at(x, g, c, t, h, w)[lane] = value;
}

/* Results of all passes, one behind the other. */
static void run_passes(const Problem *p, double *y, double *dx, float *grad)
{
    cop_conv3d_load(p->conv, NULL, NULL);
    cop_conv3d_forward(p->conv, NULL, &p->tx.x, &p->ty.x, NULL);
    kcheck_load(&p->ty, y);
    cop_conv3d_backward_data(p->conv, &p->tdy.x, &p->tdx.x, false, NULL);
    kcheck_load(&p->tdx, dx);
    cop_conv3d_backward_weight(p->conv, &p->tx.x, &p->tdy.x, NULL);
    memcpy(grad, p->param.grad, p->param.nnz * sizeof *grad);
    cop_conv3d_dense_gradient(p->conv, &p->tx.x, &p->tdy.x, grad + p->numel, NULL);
}

/* Taps on frames of padding cost nothing: no pass reads what lies there. */
static void check_skipped(void)
{
    static const struct {
        CopConvShape s;
        int t, w;
    } layers[] = {{{6, 7, 3, 3, 3, 1, 1, 1, 1, 1, 1, 1}, 1, 7},
                  {{5, 6, 3, 3, 3, 2, 2, 2, 1, 1, 1, 1}, 4, 8},
                  {{18, 17, 3, 3, 3, 1, 1, 1, 1, 1, 1, 1}, 2, 7},
                  {{18, 17, 3, 3, 3, 1, 1, 1, 1, 1, 1, 1}, 2, 28},
                  {{3, 17, 3, 7, 7, 1, 2, 2, 1, 3, 3, 1}, 3, 15},
                  {{2, 3, 5, 1, 1, 1, 1, 1, 2, 0, 0, 1}, 3, 5},
                  {{5, 5, 3, 3, 3, 1, 2, 2, 1, 1, 1, 5}, 2, 9},
                  {{2, 2, 3, 7, 7, 1, 2, 2, 1, 3, 3, 1}, 2, 56}};
    static const double densities[] = {1, 0.7, 0.5, 0.1};
    for (size_t i = 0; i < sizeof layers / sizeof layers[0]; i++)
        for (int j = 0; j < 4; j++) {
            const Case c = {.s = layers[i].s,
                            .n = 2,
                            .t = layers[i].t,
                            .h = 5,
                            .w = layers[i].w,
                            .slack = 4,
                            .density = densities[j]};
            if (!kcheck_case("conv3d skipped %d, density %g", (int)i, c.density))
                continue;
            Problem p;
            conv3d_set_up(&p, &c);
            const size_t y = 2 * p.y_clip, x = 2 * p.x_clip;
            double *want = kcheck_alloc(y + x, sizeof *want),
                   *got = kcheck_alloc(y + x, sizeof *got);
            float *grad = kcheck_alloc(2 * p.numel, sizeof *grad),
                  *again = kcheck_alloc(2 * p.numel, sizeof *again);
            kcheck_fill_idle(&p.tx, 0);
            kcheck_fill_idle(&p.tdy, 0);
            run_passes(&p, want, want + y, grad);
            const CopTensor *const padded[] = {&p.tx.x, &p.tdy.x};
            for (int k = 0; k < 2; k++) {
                fill_frames(padded[k], -padded[k]->halo.t_lo, 0, NAN);
                fill_frames(padded[k], padded[k]->t, padded[k]->t + padded[k]->halo.t_hi, NAN);
            }
            run_passes(&p, got, got + y, again);
            for (int k = 0; k < 2; k++)
                KCHECK(padded[k]->halo.t_lo > 1 && padded[k]->halo.t_hi > 1);
            KCHECK(memcmp(want, got, (y + x) * sizeof *got) == 0);
            KCHECK(memcmp(grad, again, 2 * p.numel * sizeof *grad) == 0);
            kcheck_end();
        }
}

/* Layers of other kinds: a linear one, frames that only padding surrounds, one tap of one channel
 * that is more than a block, more channels than have their sums wait at a time, an input so large
 * that it is asked for ahead, strips that differ in width, and weights none of which are active. */
static void check_kinds(void)
{
    static const struct {
        const char *kind;
        Case c;
    } kinds[] = {
        {"linear", {{70, 11, 1, 1, 1, 1, 1, 1, 0, 0, 0, 1}, 21, 1, 1, 1, .density = 1}},
        {"linear", {{70, 11, 1, 1, 1, 1, 1, 1, 0, 0, 0, 1}, 5, 1, 1, 1, .density = 0.3}},
        {"padded", {{19, 9, 3, 3, 3, 1, 1, 1, 1, 1, 1, 1}, 3, 1, 7, 7, .density = 0.5}},
        {"padded",
         {{19, 9, 3, 3, 3, 2, 2, 2, 1, 1, 1, 1}, 16, 2, 4, 4, .density = 0.1, .accumulate = true}},
        {"large tap", {{2, 2, 3, 7, 7, 1, 2, 2, 1, 3, 3, 1}, 1, 3, 14, 56, .density = 0.5}},
        {"large tap", {{1, 2, 1, 15, 15, 1, 1, 1, 0, 7, 7, 1}, 1, 1, 3, 28, .density = 1}},
        {"many channels",
         {{5, 401, 3, 3, 3, 1, 1, 1, 1, 1, 1, 1}, 2, 4, 3, 5, .density = 0.1, .tail = true}},
        {"many channels", {{5, 401, 3, 3, 3, 1, 1, 1, 1, 1, 1, 1}, 2, 4, 3, 5, .density = 0.4}},
        {"many channels",
         {{399, 4, 3, 2, 3, 2, 1, 1, 1, 1, 1, 1}, 2, 5, 3, 5, .density = 0.1, .accumulate = true}},
        {"many channels", {{399, 4, 3, 2, 3, 2, 1, 1, 1, 1, 1, 1}, 2, 5, 3, 5, .density = 0.4}},
        {"large input", {{19, 17, 3, 3, 3, 2, 2, 2, 1, 1, 1, 1}, 1, 4, 80, 80, .density = 0.1}},
        {"strips", {{17, 18, 1, 3, 3, 1, 1, 1, 0, 1, 1, 1}, 2, 3, 2, 35, .density = 0.1}},
        {"empty", {{4, 5, 3, 3, 3, 1, 1, 1, 1, 1, 1, 1}, 4, 2, 3, 5, .density = 0}},
    };
    for (size_t i = 0; i < sizeof kinds / sizeof kinds[0]; i++)
        conv3d_check(kinds[i].kind, &kinds[i].c);
}

/* Rows that a file of this tier might have. */
static CopKernelTable random_table(void)
{
    CopKernelTable table = {.tier = cop_tier(), .n = kcheck_int(1, 4)};
    for (int i = 0; i < table.n; i++) {
        const CopWalk walk = (CopWalk)kcheck_int(0, COP_WALK_COUNT - 1);
        const int most =
            walk != COP_WALK_SINGLES ? cop_conv3d_kernels(table.tier)->pairs_max : COP_TILE_MAX;
        table.row[i] = (CopKernelRow){
            (i + 1.0) / table.n,
            {walk, kcheck_int(1, most), kcheck_int(1, COP_TILE_MAX), kcheck_int(9, 40) << 10}};
    }
    return table;
}

static void check_random(void)
{
    for (int i = 0; i < 160; i++) {
        /* Parameters come from the case before, which is as good as any. */
        Case c = {.s = {kcheck_int(1, 7), kcheck_int(1, 7), kcheck_int(1, 4), kcheck_int(1, 4),
                        kcheck_int(1, 4), kcheck_int(1, 3), kcheck_int(1, 3), kcheck_int(1, 3),
                        kcheck_int(0, 3), kcheck_int(0, 3), kcheck_int(0, 3), 1},
                  .n = kcheck_int(1, 20)};
        if (kcheck_int(0, 3) == 0) {
            c.s.groups = kcheck_int(2, 5);
            c.s.ic = c.s.groups * kcheck_int(1, 3);
            c.s.oc = c.s.groups * kcheck_int(1, 3);
        }
        if (kcheck_int(0, 3) == 0) { /* enough for inputs to be copied, both ways */
            c.s.groups = 1;
            c.s.ic = kcheck_int(16, 19);
            c.s.oc = kcheck_int(16, 19);
            if (c.s.pw >= c.s.kw) /* Winograd's bound is for outputs that meet an input */
                c.s.pw = c.s.kw - 1;
        }
        c.t = kcheck_int(c.s.kt, 6);
        c.h = kcheck_int(c.s.kh, 9);
        c.w = kcheck_int(c.s.kw, 20);
        c.density = kcheck_int(0, 3) ? kcheck_uniform(0.05, 1) : 1;
        c.fill = kcheck_int(0, 3) ? FILL_RANDOM : (Fill)kcheck_int(0, FILL_COUNT - 1);
        c.slack = kcheck_int(0, 2);
        c.accumulate = kcheck_int(0, 1);
        c.tail = kcheck_int(0, 1);
        const CopKernelTable table = random_table();
        c.table = i % 2 ? &table : NULL;
        conv3d_check("random", &c);
    }
}

/* That a layer runs what starts with `name`, both ways but under a stride, by the built-in
 * tables. */
static void check_runs(const Case *c, const char *name)
{
    Case whole = *c;
    whole.n = 1;
    whole.t = 2;
    whole.h = 4;
    if (!kcheck_case("conv3d runs %sat density %g on %d columns", name, c->density, c->w))
        return;
    Problem p;
    conv3d_set_up(&p, &whole);
    for (int pass = COP_CONV_FORWARD;
         p.conv && pass <= (c->s.sw > 1 ? COP_CONV_FORWARD : COP_CONV_DATA); pass++) {
        char text[COP_CONV_TEXT];
        cop_conv3d_kernel(p.conv, (CopConvPass)pass, text);
        KCHECK(strncmp(text, name, strlen(name)) == 0);
    }
    kcheck_end();
}

/* Layers whose rows of three taps go by Winograd: quads that lack outputs, all tiles, odd channels,
 * more channels than a chunk has, several blocks, small kernels along t and h; and masks, with
 * zeros in the lists of all weights or, in long rows, lists of their own. Seven taps, too. */
static void check_winograd(void)
{
    for (int w = 4; w <= 58; w += w < 22 ? 1 : 6)
        for (int h = 1; h <= 4; h += 3)
            conv3d_check("winograd", &(Case){.s = {16 + w % 3, 17 + h % 2, 1 + w % 3, 3, 3, 1, 1, 1,
                                                   w % 2, 1, 1, 1},
                                             .n = 1,
                                             .t = 3,
                                             .h = h,
                                             .w = w,
                                             .density = w % 4 ? 1 : 0.8,
                                             .slack = w % 2,
                                             .accumulate = h > 1,
                                             .tail = w % 3 == 0});
    static const CopConvShape shapes[] = {{67, 20, 1, 1, 3, 1, 1, 1, 0, 0, 1, 1},
                                          {16, 23, 3, 3, 3, 2, 2, 1, 1, 1, 2, 1},
                                          {21, 16, 4, 5, 3, 1, 1, 1, 2, 2, 0, 1},
                                          {18, 131, 3, 3, 3, 1, 1, 1, 1, 1, 1, 1}};
    for (int i = 0; i < 4; i++)
        for (int f = 0; f < FILL_COUNT; f++)
            conv3d_check("winograd fill", &(Case){.s = shapes[i],
                                                  .n = 3,
                                                  .t = 2,
                                                  .h = 5,
                                                  .w = 9,
                                                  .density = 1,
                                                  .fill = (Fill)f,
                                                  .tail = f % 2});
    static const double density[] = {0.35, 0.5, 0.7, 0.74, 0.9};
    for (int i = 0; i < 4; i++)
        for (int d = i < 3 ? 0 : 1; d < 5; d += i < 3 ? 1 : 3) /* the last takes long */
            conv3d_check("winograd mask", &(Case){.s = shapes[i],
                                                  .n = 1 + d % 2,
                                                  .t = 2,
                                                  .h = 3,
                                                  .w = 25 + d,
                                                  .density = density[d],
                                                  .fill = d == 2 ? (Fill)i : FILL_RANDOM,
                                                  .accumulate = d % 2,
                                                  .tail = i % 2});
    /* Sixteen taps at a time, most of them in both channels of a pair. */
    for (int d = 0; d < 3; d++)
        conv3d_check("four by four", &(Case){.s = {6, 7, 2, 4, 4, 1, 1, 1, 1, 2, 1, 1},
                                             .n = 2,
                                             .t = 2,
                                             .h = 5,
                                             .w = 6,
                                             .density = 0.6 + 0.15 * d});
    for (int w = 7; w <= 61; w += w < 17 ? 1 : 11)
        conv3d_check(
            "winograd of seven",
            &(Case){.s = {3 - w % 2, 17 + w % 2, 1 + w % 3, 7, 7, 1, 2, 2, w % 3 > 0, 3, 3, 1},
                    .n = 1 + w % 5 * 4,
                    .t = 2,
                    .h = w % 4 ? 5 : 8,
                    .w = w,
                    .density = w % 3 ? 1 : 0.8,
                    .fill = w < 10 ? (Fill)(w % FILL_COUNT) : FILL_RANDOM,
                    .tail = w % 2});
    const CopConvShape stem = {3, 45, 1, 7, 7, 1, 2, 2, 0, 3, 3, 1};
    check_runs(&(Case){.s = stem, .w = 15, .density = 1}, "winograd ");
    check_runs(&(Case){.s = shapes[3], .w = 7, .density = 1}, "winograd ");
    check_runs(&(Case){.s = shapes[3], .w = 7, .density = 0.8}, "winograd ");
    check_runs(&(Case){.s = shapes[3], .w = 7, .density = 0.5}, "pairs ");
    check_runs(&(Case){.s = shapes[3], .w = 28, .density = 1}, "winograd ");
    check_runs(&(Case){.s = shapes[3], .w = 28, .density = 0.5}, "winograd lists ");
    check_runs(&(Case){.s = shapes[3], .w = 28, .density = 0.1}, "singles ");
}

/* Results so large that they are written past the caches, where vectors fill lines: by
 * Winograd, pairs, singles and shared pairs, forward and back, added to another tensor too. */
static void check_large(void)
{
    static const double density[] = {1, 0.5, 0.1};
    for (int i = 0; i < 3; i++)
        for (int tail = 0; tail < 2; tail++)
            conv3d_check("large", &(Case){.s = {4, 49, 1, 1, 3, 1, 1, 1, 0, 0, 1, 1},
                                          .n = 1,
                                          .t = 1,
                                          .h = 65,
                                          .w = 64,
                                          .density = density[i],
                                          .tail = tail});
    for (int kw = 2; kw <= 3; kw++)
        conv3d_check("large", &(Case){.s = {49, 16, 1, 1, kw, 1, 1, 1, 0, 0, 1, 1},
                                      .n = 1,
                                      .t = 1,
                                      .h = 65,
                                      .w = 64,
                                      .density = 1});
}

/* A mask that moves, a dense layer that becomes sparse and dense again, and fewer lanes than
 * planned. */
static void check_refresh(int ic, int oc, int stride, int w, const CopKernelTable *table)
{
    const int n = ic < 16 ? 21 : 12;
    const Case c = {.s = {ic, oc, 3, 3, 3, 1, stride, 1, 1, 1, 1, 1},
                    .n = n,
                    .t = 3,
                    .h = ic < 16 ? 6 : 3,
                    .w = w,
                    .density = 1,
                    .table = table};
    if (!kcheck_case("conv3d refresh%s %d->%d, %d columns", table ? " by a table" : "", ic, oc, w))
        return;
    Problem p;
    conv3d_set_up(&p, &c);
    if (p.conv)
        for (int i = 0; i < 5; i++) {
            static const double density[] = {0.2, 0.6, 0.2, 0.8, 1};
            conv3d_draw_mask(&p, density[i]);
            conv3d_check_passes(&p);
            p.c.n = n / 2 - i;
            cop_tensor_set_n(&p.tx.x, p.c.n);
            cop_tensor_set_n(&p.ty.x, p.c.n);
            cop_tensor_set_n(&p.add.x, p.c.n);
            cop_tensor_set_n(&p.tdx.x, p.c.n);
            cop_tensor_set_n(&p.tdy.x, p.c.n);
        }
    kcheck_end();
}

/* A layer whose weights are frozen has the same results, and no lists for their gradient. */
static void check_frozen(void)
{
    const CopConvShape s = {16, 17, 3, 3, 3, 1, 1, 1, 1, 1, 1, 1};
    const Case c = {.s = s, .n = 2, .t = 2, .h = 3, .w = 27, .density = 0.5};
    if (!kcheck_case("conv3d frozen"))
        return;
    Problem p;
    conv3d_set_up(&p, &c);
    const size_t y = 2 * p.y_clip, x = 2 * p.x_clip;
    double *want = kcheck_alloc(y + x, sizeof *want), *got = kcheck_alloc(y + x, sizeof *got);
    const size_t bytes = cop_conv3d_bytes(p.conv);
    p.param.frozen = true;
    CopConv3d *frozen = NULL;
    KCHECK(cop_conv3d_create(&frozen, kcheck_arena(), &s, &p.param, &p.tx.x, &p.ty.x, &p.tdx.x,
                             &p.tdy.x, 1, NULL) == COP_OK);
    for (int i = 0; frozen && i < 2; i++) {
        CopConv3d *conv = i ? frozen : p.conv;
        cop_conv3d_load(conv, NULL, NULL);
        cop_conv3d_forward(conv, NULL, &p.tx.x, &p.ty.x, NULL);
        cop_conv3d_backward_data(conv, &p.tdy.x, &p.tdx.x, false, NULL);
        kcheck_load(&p.ty, i ? got : want);
        kcheck_load(&p.tdx, (i ? got : want) + y);
    }
    KCHECK(memcmp(got, want, (y + x) * sizeof *got) == 0);
    char text[COP_CONV_TEXT];
    KCHECK(frozen && *cop_conv3d_kernel(frozen, COP_CONV_WEIGHT, text) == '\0');
    /* An offset and an index of each active weight are saved at least. */
    KCHECK(frozen && cop_conv3d_bytes(frozen) + 8 * p.param.nnz <= bytes);
    kcheck_end();
}

/* A clip's result is the same bits alone, in another lane and in another group. */
static void check_packing(void)
{
    const Case c = {
        .s = {7, 5, 3, 3, 3, 1, 1, 1, 1, 1, 1, 1}, .n = 21, .t = 3, .h = 5, .w = 9, .density = 0.4};
    if (!kcheck_case("conv3d packing"))
        return;
    Problem p;
    conv3d_set_up(&p, &c);
    double *got = kcheck_alloc((size_t)c.n * p.y_clip, sizeof *got);
    double *alone = kcheck_alloc(p.y_clip, sizeof *alone);
    cop_conv3d_load(p.conv, NULL, NULL);
    cop_conv3d_forward(p.conv, NULL, &p.tx.x, &p.ty.x, NULL);
    kcheck_load(&p.ty, got);
    for (int n = 0; n < c.n; n++) {
        cop_tensor_set_n(&p.tx.x, 1);
        cop_tensor_set_n(&p.ty.x, 1);
        kcheck_store(&p.tx, p.x + (size_t)n * p.x_clip);
        cop_conv3d_forward(p.conv, NULL, &p.tx.x, &p.ty.x, NULL);
        kcheck_load(&p.ty, alone);
        KCHECK(memcmp(alone, got + (size_t)n * p.y_clip, p.y_clip * sizeof *alone) == 0);
    }
    kcheck_end();
}

/* Shapes that do not fit are refused, and so is an arena that is too small. */
static void check_refusals(void)
{
    const CopConvShape s = {2, 3, 3, 3, 3, 1, 1, 1, 1, 1, 1, 1};
    const Case c = {.s = s, .n = 1, .t = 3, .h = 4, .w = 5, .density = 0.5};
    if (!kcheck_case("conv3d refusals"))
        return;
    Problem p;
    conv3d_set_up(&p, &c);
    CopArena *arena = kcheck_arena();
    CopConv3d *conv;
    const CopTensor *x = &p.tx.x, *y = &p.ty.x, *dx = &p.tdx.x, *dy = &p.tdy.x;
    CopTensor bad = *x;
    bad.halo.w_hi = 0;
    KCHECK(cop_conv3d_create(&conv, arena, &s, &p.param, &bad, y, NULL, NULL, 1, NULL) ==
           COP_ERR_SHAPE);
    bad = *dy;
    bad.halo.h_lo = 0;
    KCHECK(cop_conv3d_create(&conv, arena, &s, &p.param, x, y, dx, &bad, 1, NULL) == COP_ERR_SHAPE);
    bad = *y;
    bad.h++;
    KCHECK(cop_conv3d_create(&conv, arena, &s, &p.param, x, &bad, NULL, NULL, 1, NULL) ==
           COP_ERR_SHAPE);
    KCHECK(cop_conv3d_create(&conv, arena, &s, &p.param, x, y, dx, NULL, 1, NULL) == COP_ERR_SHAPE);
    CopConvShape other = s;
    other.oc = 4;
    KCHECK(cop_conv3d_create(&conv, arena, &other, &p.param, x, y, NULL, NULL, 1, NULL) ==
           COP_ERR_SHAPE);
    other = s;
    other.sh = 0;
    KCHECK(cop_conv3d_create(&conv, arena, &other, &p.param, x, y, NULL, NULL, 1, NULL) ==
           COP_ERR_SHAPE);
    other = s;
    other.groups = 2;
    KCHECK(cop_conv3d_create(&conv, arena, &other, &p.param, x, y, NULL, NULL, 1, NULL) ==
           COP_ERR_SHAPE);
    KCHECK(conv == NULL);
    for (size_t limit = 64;; limit += 4096) {
        CopArena *small;
        if (cop_arena_create(&small, limit) != COP_OK)
            continue;
        const CopStatus status =
            cop_conv3d_create(&conv, small, &s, &p.param, x, y, dx, dy, 2, NULL);
        cop_arena_destroy(&small);
        if (status == COP_OK)
            break;
        KCHECK(status == COP_ERR_NOMEM && conv == NULL);
    }
    KCHECK(cop_conv_out(2, 5, 1, 1) < 1 && cop_conv_out(5, 3, 2, 1) == 3);
    kcheck_end();
}

static void run(void)
{
    conv3d_pools_create();
    check_refusals();
    check_packing();
    check_frozen();
    check_refresh(5, 6, 2, 9, NULL);
    check_refresh(17, 18, 1, 9, NULL);
    check_refresh(16, 17, 1, 27, NULL);
    for (int i = 0; i < 8; i++) {
        const CopKernelTable table = random_table();
        check_refresh(5, 6, 2, 9, &table);
        if (i < 2)
            check_refresh(17, 18, 1, i ? 27 : 9, &table);
    }
    check_layers();
    check_named();
    check_skipped();
    check_kinds();
    check_random();
    check_winograd();
    check_large();
    check_tiles();
    conv3d_pools_destroy();
}

const KCheck kcheck_conv3d = {.name = "conv3d", .run = run};
