/* Timing of kernels and blockings: for each density and convolution all candidates in turns,
 * so that a machine that speeds up or slows down meanwhile does so for all of them.
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#include "pipeline/eval/tune.h"

#include <glib.h>
#include <math.h>
#include <stdlib.h>

#include "models/core/clock.h"
#include "models/core/mask.h"
#include "models/core/rng.h"
#include "models/kernels/conv3d_kernels.h"
#include "models/layers/layer_conv_common.h"
#include "pipeline/cli.h"
#include "pipeline/eval/profile.h"

extern const CopLayerDesc cop_layer_conv3d, cop_layer_conv2d;

enum { CANDIDATES = 21, BATCH_MOST = 256, REPEAT = 5, REPEAT_MOST = 101 };

/* One convolution of the net, and how often it has the like of it. */
typedef struct Conv {
    const CopLayer *layer;
    int count;
} Conv;

typedef struct Tuning {
    const CopTuneOptions *options;
    GArray *convs; /* of Conv */
    int repeat;
    CopKernelTable candidate[CANDIDATES]; /* of one row; the first is built in */
    int candidates;
    double seconds[CANDIDATES]; /* at the density in hand */
} Tuning;

/* --- convolutions -------------------------------------------------------------- */

static CopConvShape shape_of(const CopLayer *layer)
{
    const CopConvState *state = layer->state;
    return state->shape;
}

/* The first layer of a net has no gradient of its input. */
static bool alike(const CopLayer *a, const CopLayer *b)
{
    const CopConvShape p = shape_of(a), q = shape_of(b);
    const CopShape x = a->in_shape[0], y = b->in_shape[0];
    return p.ic == q.ic && p.oc == q.oc && p.kt == q.kt && p.kh == q.kh && p.kw == q.kw &&
           p.st == q.st && p.sh == q.sh && p.sw == q.sw && p.pt == q.pt && p.ph == q.ph &&
           p.pw == q.pw && p.groups == q.groups && x.t == y.t && x.h == y.h && x.w == y.w &&
           (a->index == 0) == (b->index == 0);
}

static void find_convs(Tuning *tuning)
{
    CopLayer *const *layers;
    const int n = cop_net_layers(tuning->options->net, &layers);
    for (int i = 0; i < n; i++) {
        Conv conv = {layers[i], 1};
        if (layers[i]->desc != &cop_layer_conv3d && layers[i]->desc != &cop_layer_conv2d)
            continue;
        guint k = 0;
        while (k < tuning->convs->len &&
               !alike(g_array_index(tuning->convs, Conv, k).layer, layers[i]))
            k++;
        if (k < tuning->convs->len)
            g_array_index(tuning->convs, Conv, k).count++;
        else
            g_array_append_val(tuning->convs, conv);
    }
}

/* --- candidates ---------------------------------------------------------------- */

static bool same(CopBlocking a, CopBlocking b)
{
    return a.walk == b.walk && a.positions == b.positions && a.cols == b.cols &&
           a.block_bytes == b.block_bytes;
}

static void add_candidate(Tuning *tuning, CopBlocking blocking)
{
    for (int i = 0; i < tuning->candidates; i++)
        if (same(tuning->candidate[i].row[0].blocking, blocking))
            return;
    tuning->candidate[tuning->candidates++] =
        (CopKernelTable){.tier = cop_tier(), .n = 1, .row = {{1, blocking}}};
}

static void list_candidates(Tuning *tuning, double density)
{
    static const CopBlocking shape[] = {{COP_WALK_PAIRS, COP_TILE_MAX, COP_TILE_MAX, 0},
                                        {COP_WALK_PAIRS, COP_TILE_MAX, 7, 0},
                                        {COP_WALK_SINGLES, COP_TILE_MAX, 7, 0},
                                        {COP_WALK_SINGLES, 8, 4, 0},
                                        {COP_WALK_WINOGRAD, COP_TILE_MAX, COP_TILE_MAX, 0}};
    static const int kib[] = {20, 28, 36, 44};
    const int pairs_max = cop_conv3d_kernels(cop_tier())->pairs_max;
    tuning->candidates = 0;
    add_candidate(tuning, cop_kernel_table_find(cop_kernel_table_of(NULL, cop_tier()), density));
    for (gsize i = 0; i < G_N_ELEMENTS(shape); i++)
        for (gsize k = 0; k < G_N_ELEMENTS(kib); k++) {
            CopBlocking blocking = shape[i];
            if (blocking.walk != COP_WALK_SINGLES)
                blocking.positions = MIN(blocking.positions, pairs_max);
            blocking.block_bytes = kib[k] << 10;
            add_candidate(tuning, blocking);
        }
}

/* --- times --------------------------------------------------------------------- */

/* One convolution at one density, planned for each candidate. */
typedef struct Trial {
    CopArena *arena;
    CopParam param;
    CopTensor x, y, dx, dy;
    bool train, first;
    CopConv3d *conv[CANDIDATES];
} Trial;

static CopStatus make_param(Trial *trial, const CopParam *like, double density)
{
    CopParam *param = &trial->param;
    *param = *like;
    uint64_t *mask = cop_arena_alloc(trial->arena, cop_mask_words(param->numel), sizeof *mask);
    if (!mask)
        return COP_ERR_NOMEM;
    for (size_t i = 0; i < param->numel; i++)
        if (density >= 1 || (double)(cop_mix64(i + 1) >> 32) * 0x1p-32 < density)
            cop_mask_set(mask, i);
    param->nnz = param->capacity = cop_mask_count(mask, param->numel);
    param->mask = density < 1 ? mask : NULL;
    param->value = cop_arena_alloc(trial->arena, param->nnz + 1, sizeof *param->value);
    param->grad = cop_arena_alloc(trial->arena, param->nnz + 1, sizeof *param->grad);
    if (!param->value || !param->grad)
        return COP_ERR_NOMEM;
    for (size_t i = 0; i < param->nnz; i++) /* of a size that sums do not outgrow */
        param->value[i] = (float)(i % 17) * 0x1p-8f;
    return COP_OK;
}

static CopStatus make_trial(Trial *trial, const Tuning *tuning, const CopLayer *layer,
                            double density)
{
    const CopConvShape s = shape_of(layer);
    const CopShape in = layer->in_shape[0], out = layer->out_shape;
    const int batch = tuning->options->batch;
    const CopHalo none = {0};
    *trial = (Trial){.train = tuning->options->train, .first = layer->index == 0};
    COP_TRY(cop_arena_create(&trial->arena, 0));
    COP_TRY(make_param(trial, layer->param[0], density));
    COP_TRY(cop_tensor_create(&trial->x, trial->arena, batch, in.c, in.t, in.h, in.w,
                              cop_conv3d_input_halo(&s, in.h, in.w)));
    COP_TRY(cop_tensor_create(&trial->y, trial->arena, batch, out.c, out.t, out.h, out.w, none));
    cop_profile_fill(&trial->x);
    if (trial->train) {
        COP_TRY(cop_tensor_create(&trial->dx, trial->arena, batch, in.c, in.t, in.h, in.w, none));
        COP_TRY(cop_tensor_create(&trial->dy, trial->arena, batch, out.c, out.t, out.h, out.w,
                                  cop_conv3d_grad_halo(&s, in.h, in.w)));
        cop_profile_fill(&trial->dy);
        cop_tensor_zero_idle(&trial->dy);
    }
    for (int i = 0; i < tuning->candidates; i++)
        COP_TRY(cop_conv3d_create(&trial->conv[i], trial->arena, &s, &trial->param, &trial->x,
                                  &trial->y, trial->train && !trial->first ? &trial->dx : NULL,
                                  trial->train ? &trial->dy : NULL, 1, &tuning->candidate[i]));
    return COP_OK;
}

static double pass(const Trial *trial, CopConv3d *conv)
{
    cop_conv3d_load(conv, NULL, NULL);
    const double start = cop_clock();
    cop_conv3d_forward(conv, NULL, &trial->x, &trial->y, NULL);
    if (trial->train)
        cop_conv3d_backward_weight(conv, &trial->x, &trial->dy, NULL);
    if (trial->train && !trial->first)
        cop_conv3d_backward_data(conv, &trial->dy, &trial->dx, false, NULL);
    return cop_clock() - start;
}

static int by_size(const void *a, const void *b)
{
    const double x = *(const double *)a, y = *(const double *)b;
    return (x > y) - (x < y);
}

/* Round 0 touches memory and does not count. */
static void time_trial(Tuning *tuning, const Trial *trial, int count)
{
    double series[CANDIDATES][REPEAT_MOST];
    for (int round = 0; round <= tuning->repeat; round++)
        for (int i = 0; i < tuning->candidates; i++) {
            const double seconds = pass(trial, trial->conv[i]);
            if (round)
                series[i][round - 1] = seconds;
        }
    for (int i = 0; i < tuning->candidates; i++) {
        const int n = tuning->repeat;
        qsort(series[i], (size_t)n, sizeof series[i][0], by_size);
        tuning->seconds[i] += count * (series[i][(n - 1) / 2] + series[i][n / 2]) / 2;
    }
}

static CopStatus tune_density(Tuning *tuning, CopTuneChoice *choice, CopProgress *progress,
                              long step)
{
    list_candidates(tuning, choice->density);
    for (int i = 0; i < tuning->candidates; i++)
        tuning->seconds[i] = 0;
    for (guint k = 0; k < tuning->convs->len; k++) {
        const Conv *conv = &g_array_index(tuning->convs, Conv, k);
        Trial trial;
        const CopStatus status = make_trial(&trial, tuning, conv->layer, choice->density);
        if (status == COP_OK)
            time_trial(tuning, &trial, conv->count);
        cop_arena_destroy(&trial.arena);
        COP_TRY(status);
        char note[64];
        g_snprintf(note, sizeof note, "density %g", choice->density);
        cop_progress_step(progress, step + (long)k + 1, note);
    }
    int best = 0;
    for (int i = 1; i < tuning->candidates; i++)
        if (tuning->seconds[i] < tuning->seconds[best])
            best = i;
    choice->blocking = tuning->candidate[best].row[0].blocking;
    choice->seconds = tuning->seconds[best];
    choice->built_in = tuning->seconds[0];
    return COP_OK;
}

/* Neighbours that chose the same share a row. */
static void make_table(CopKernelTable *table, const CopTuneChoice *choice, int n)
{
    *table = (CopKernelTable){.tier = cop_tier()};
    for (int i = 0; i < n; i++) {
        if (i + 1 < n && same(choice[i].blocking, choice[i + 1].blocking))
            continue;
        const double middle = i + 1 < n ? sqrt(choice[i].density * choice[i + 1].density) : 1;
        table->row[table->n++] =
            (CopKernelRow){i + 1 < n ? round(middle * 1e4) / 1e4 : 1, choice[i].blocking};
    }
}

static CopStatus check(const CopTuneOptions *o, CopError *err)
{
    if (o->batch < 1 || o->batch > BATCH_MOST)
        return cop_error_set(err, COP_ERR_ARG, "a batch of %d clips: allowed are 1 to %d", o->batch,
                             BATCH_MOST);
    if (o->repeat < 0 || o->repeat > REPEAT_MOST)
        return cop_error_set(err, COP_ERR_ARG, "%d rounds to time: allowed are 0 to %d", o->repeat,
                             REPEAT_MOST);
    if (o->n < 1 || o->n > COP_KERNEL_ROWS)
        return cop_error_set(err, COP_ERR_ARG, "%d densities: allowed are 1 to %d", o->n,
                             COP_KERNEL_ROWS);
    /* Steps of 0.001 keep the rows' bounds apart, of which four digits are written. */
    for (int i = 0; i < o->n; i++) {
        const double least = i ? o->density[i - 1] + 0.001 : 0.001;
        if (!(o->density[i] >= least * (1 - 1e-9) && o->density[i] <= 1))
            return cop_error_set(err, COP_ERR_ARG,
                                 "density %g: allowed are 0.001 to 1, each at least 0.001 apart",
                                 o->density[i]);
    }
    return COP_OK;
}

CopStatus cop_tune(CopKernelTable *table, CopTuneChoice *choice, const CopTuneOptions *options,
                   CopError *err)
{
    COP_TRY(check(options, err));
    Tuning *tuning = g_new0(Tuning, 1);
    *tuning = (Tuning){.options = options,
                       .convs = g_array_new(FALSE, FALSE, sizeof(Conv)),
                       .repeat = options->repeat ? options->repeat : REPEAT};
    find_convs(tuning);
    const long convs = (long)tuning->convs->len;
    CopProgress *progress = cop_progress_start("tune", convs * options->n);
    CopStatus status =
        convs ? COP_OK : cop_error_set(err, COP_ERR_ARG, "the net has no convolutions to time");
    for (int i = 0; i < options->n && status == COP_OK; i++) {
        choice[i] = (CopTuneChoice){.density = options->density[i]};
        status = tune_density(tuning, &choice[i], progress, convs * i);
    }
    cop_progress_end(&progress);
    if (status == COP_OK)
        make_table(table, choice, options->n);
    g_array_unref(tuning->convs);
    g_free(tuning);
    return status == COP_OK ? COP_OK
                            : cop_error_set(err, status, "tuning: %s", cop_status_name(status));
}
