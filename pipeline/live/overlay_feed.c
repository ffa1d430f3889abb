/* From answers about a stream to what viewers see of them.
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#include "pipeline/live/overlay_feed.h"

#include <glib.h>
#include <math.h>
#include <stdlib.h>

void cop_overlay_feed_prediction(CopOverlay *overlay, const CopLiveAnswer *answer, int top,
                                 const CopLiveStats *stats)
{
    char note[128] = "";
    CopOverlayPredictions content = {.model = answer->model->model->name,
                                     .note = stats ? note : NULL,
                                     .n = CLAMP(top, 1, answer->n_top)};
    for (int i = 0; i < content.n; i++)
        content.top[i] =
            (CopOverlayLabel){answer->model->label[answer->top[i]], (double)answer->score[i]};
    if (stats && stats->run > 0)
        g_snprintf(note, sizeof note,
                   "%.0f ms \xC2\xB7 %.1f clips/s \xC2\xB7 %" G_GINT64_FORMAT " dropped",
                   1000 * stats->latency[0], stats->rate, stats->dropped);
    cop_overlay_show_predictions(overlay, &content);
}

/* One model's curve. */
typedef struct Curve {
    double severity[COP_OVERLAY_POINTS], score[COP_OVERLAY_POINTS];
    int n;
} Curve;

static int by_value(const void *a, const void *b)
{
    const double x = *(const double *)a, y = *(const double *)b;
    return (x > y) - (x < y);
}

/* The severities that there are, each once. */
static void find_severities(Curve *curve, const CopVariants *variants)
{
    double *all = g_new(double, variants->n);
    for (int v = 0; v < variants->n; v++)
        all[v] = variants->item[v].severity;
    qsort(all, (size_t)variants->n, sizeof *all, by_value);
    curve->n = 0;
    for (int v = 0; v < variants->n; v++)
        if ((v == 0 || all[v] != all[v - 1]) && curve->n < COP_OVERLAY_POINTS)
            curve->severity[curve->n++] = all[v];
    g_free(all);
}

/* Mean over what has been counted at each severity; clean is severity 0. */
static void find_scores(Curve *curve, const CopVariants *variants, const CopLiveCell *cell)
{
    for (int i = 0; i < curve->n; i++) {
        double sum = 0;
        int n = 0;
        for (int v = 0; v < variants->n; v++) {
            const double score = cop_live_cell_score(&cell[v]);
            if (variants->item[v].severity == curve->severity[i] && !isnan(score)) {
                sum += score;
                n++;
            }
        }
        curve->score[i] = n ? sum / n : NAN;
    }
}

static CopVerdict verdict_of(const CopLiveHit *hit)
{
    if (hit->right >= 0)
        return hit->right ? COP_VERDICT_RIGHT : COP_VERDICT_WRONG;
    return hit->agrees ? COP_VERDICT_AGREES : COP_VERDICT_DIFFERS;
}

static CopOverlayLabel said(const CopLiveModel *model, const CopLiveLane *lane)
{
    return (CopOverlayLabel){model->label[lane->top[0]], (double)lane->score[0]};
}

void cop_overlay_feed_robustness(CopOverlay *overlay, CopLiveGrid *grid,
                                 const CopLiveGridAnswer *answer)
{
    const CopVariants *variants = cop_live_grid_variants(grid);
    const int models = cop_live_grid_models(grid), n = answer->n_lanes;
    const int look = answer->look_lane > 0 ? answer->look_lane : 1;
    const CopVariant *variant = &variants->item[answer->variant[look]];
    CopLiveCell *cells = g_new(CopLiveCell, models * variants->n);
    Curve *curves = g_new0(Curve, COP_OVERLAY_MODELS);
    cop_live_metrics_snapshot(cop_live_grid_metrics(grid), cells);
    char *note =
        answer->label < 0
            ? NULL
            : g_strdup_printf("label: %s", cop_live_grid_model(grid, 0)->label[answer->label]);
    CopOverlayRobustness content = {.clean = answer->look_lane > 0 ? answer->look_clean : NULL,
                                    .corrupt = answer->look_lane > 0 ? answer->look_corrupt : NULL,
                                    .corruption = cop_variant_name(variant),
                                    .severity = variant->severity,
                                    .measure = cop_live_cell_measure(&cells[0]),
                                    .note = note,
                                    .n_models = models};
    /* One of the stream's own size lies over what the stream shows: no need to repeat that. */
    if (content.clean && content.clean->width == cop_overlay_width(overlay))
        content.clean = NULL;
    for (int m = 0; m < MIN(models, COP_OVERLAY_MODELS); m++) {
        const CopLiveModel *model = cop_live_grid_model(grid, m);
        const CopLiveLane *lane = &answer->lane[m * n];
        find_severities(&curves[m], variants);
        find_scores(&curves[m], variants, &cells[m * variants->n]);
        content.model[m] =
            (CopOverlayModel){.name = model->model->name,
                              .clean = said(model, &lane[0]),
                              .corrupt = said(model, &lane[look]),
                              .clean_verdict = verdict_of(&lane[0].hit),
                              .corrupt_verdict = verdict_of(&lane[look].hit),
                              .robust = cop_live_metrics_robust(cop_live_grid_metrics(grid),
                                                                &cells[m * variants->n], false),
                              .severity = curves[m].severity,
                              .score = curves[m].score,
                              .points = curves[m].n};
    }
    cop_overlay_show_robustness(overlay, &content);
    g_free(note);
    g_free(curves);
    g_free(cells);
}
