/* The measures of a comparison: robustness, corruption error, flips, calibration.
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#include "pipeline/eval/measures.h"

#include <glib.h>
#include <math.h>
#include <string.h>

#include "pipeline/eval/results_private.h"

static const CopInterval nothing = {NAN, NAN, NAN, 0};

const CopMeasureRow cop_measure_rows[COP_MEASURES] = {
    [COP_MEASURE_TOP1] = {"top1", "top-1",
                          "share of labelled clips whose class of highest score is the label", true,
                          true},
    [COP_MEASURE_TOP5] = {"top5", "top-5",
                          "share of labelled clips whose label is among the five highest scores",
                          true, true},
    [COP_MEASURE_RPC] = {"rpc", "robust/clean",
                         "relative robustness: top-1 under corruption / top-1 on clean clips "
                         "(Michaelis et al., 2019)",
                         false, false},
    [COP_MEASURE_GAMMA_ABSOLUTE] = {"gamma_absolute", "gamma abs.",
                                    "1 - (clean - corrupted top-1), both as shares (Schiappa et "
                                    "al., CVPR 2023)",
                                    false, false},
    [COP_MEASURE_GAMMA_RELATIVE] = {"gamma_relative", "gamma rel.",
                                    "1 - (clean - corrupted top-1) / clean top-1 (Schiappa et "
                                    "al., CVPR 2023); the same number as rpc",
                                    false, false},
    [COP_MEASURE_FLIPS] = {"flip_rate", "flips",
                           "share of clips, labelled or not, whose top-1 class differs from the "
                           "same model's on the clean clip",
                           true, true},
    [COP_MEASURE_ECE] = {"ece", "ECE",
                         "expected calibration error of a cell: 15 bins of equal width over the "
                         "top-1 probability; mean, weighted by answers, of |share right - mean "
                         "probability| (Guo et al., ICML 2017)",
                         true, false},
    [COP_MEASURE_CE] = {"ce", "mCE",
                        "corruption error: sum over severities of the error (1 - top-1) / the "
                        "same sum of the baseline; mCE is its mean over corruptions (Hendrycks "
                        "and Dietterich, ICLR 2019, with a baseline of your choice)",
                        false, false},
    [COP_MEASURE_RELATIVE_CE] = {"relative_ce", "relative mCE",
                                 "the same of what corruption adds to the clean error: sum of "
                                 "(error - clean error) / the baseline's sum",
                                 false, false},
};

/* What a mean over a scope is taken of. */
typedef struct Cells {
    const CopResults *results;
    const CopResultCell *cell; /* [n_columns] of the model */
    int model, clip;
} Cells;

static double one_if_whole(const void *ctx, int column)
{
    const Cells *cells = ctx;
    return cells->cell[column].answers < cells->results->n_clips ? NAN : 1;
}

/* Whether every clip, labelled or not, has its answer in every cell of the scope. */
static bool is_whole(const Cells *cells, int scope)
{
    return !isnan(cop_results_mean(cells->results, scope, one_if_whole, cells));
}

/* --- flips --------------------------------------------------------------------- */

static double flip_of_clip(const void *ctx, int column)
{
    const Cells *cells = ctx;
    return cells->cell[0].answer[cells->clip] != cells->cell[column].answer[cells->clip];
}

static double flip_rate(const void *ctx, int column)
{
    const Cells *cells = ctx;
    return cop_results_flips(cells->results, cells->model, column).value;
}

static CopInterval flips(Cells *cells, int scope)
{
    CopMoments moments = {0};
    if (!is_whole(cells, COP_SCOPE_CLEAN) || !is_whole(cells, scope))
        return nothing;
    for (cells->clip = 0; cells->clip < cells->results->n_clips; cells->clip++)
        cop_moments_add(&moments, cop_results_mean(cells->results, scope, flip_of_clip, cells));
    return cop_share_interval(&moments, cop_results_mean(cells->results, scope, flip_rate, cells));
}

/* --- calibration --------------------------------------------------------------- */

double cop_results_ece(const CopResults *results, int model, int column)
{
    enum { BINS = 15 };
    const CopResultCell *cell = &results->models[model].cells[column];
    double score[BINS] = {0}, gap = 0;
    int64_t right[BINS] = {0};
    for (int clip = 0; cell->hit && clip < results->n_clips; clip++) {
        if (!cell->hit[clip] || results->clips[clip].label < 0)
            continue;
        const double p = (double)cell->confidence[clip];
        int bin = 0;
        while (bin < BINS - 1 && p > (bin + 1.0) / BINS)
            bin++;
        score[bin] += p; /* a NaN stays one */
        right[bin] += (cell->hit[clip] & COP_HIT_TOP1) != 0;
    }
    for (int bin = 0; bin < BINS; bin++)
        gap += fabs((double)right[bin] - score[bin]);
    return cell->n > 0 ? gap / (double)cell->n : NAN;
}

static double calibration(const void *ctx, int column)
{
    const Cells *cells = ctx;
    return cop_results_ece(cells->results, cells->model, column);
}

/* --- corruption error ------------------------------------------------------------ */

/* Wrong answers of the columns of one corruption that are in the scope; `relative`: more than
 * on the clean clips. */
static int64_t wrong(const CopResults *results, int model, int corruption, int scope, bool relative)
{
    const CopResultCell *cell = results->models[model].cells;
    const CopResultCorruption *row = &results->corruptions[corruption];
    int64_t sum = 0;
    for (int column = row->first; column < row->first + row->n; column++)
        if (cop_results_in_scope(results, scope, column))
            sum += cell[column].n - cell[column].top1 - (relative ? cell[0].n - cell[0].top1 : 0);
    return sum;
}

/* Mean over the scope's corruptions of the quotients. Cells are whole and share one n, so
 * that counts stand for error rates. */
static double corruption_error(const CopResults *results, int model, int baseline, int scope,
                               bool relative)
{
    double sum = 0;
    int rows = 0;
    for (int which = 0; which < 2; which++) {
        const int m = which ? baseline : model;
        if (scope == COP_SCOPE_CLEAN || !cop_results_complete(results, m, scope) ||
            (relative && !cop_results_complete(results, m, COP_SCOPE_CLEAN)))
            return NAN;
    }
    for (int i = 0; i < results->n_corruptions; i++) {
        const CopResultCorruption *row = &results->corruptions[i];
        bool taken = false;
        for (int column = row->first; column < row->first + row->n; column++)
            taken |= cop_results_in_scope(results, scope, column);
        if (!taken)
            continue;
        const int64_t base = wrong(results, baseline, i, scope, relative);
        if (base <= 0)
            return NAN;
        sum += (double)wrong(results, model, i, scope, relative) / (double)base;
        rows++;
    }
    return rows ? sum / rows : NAN;
}

/* --- all of them ------------------------------------------------------------------ */

/* How much of the clean score is left: as a share of it, or in what is lost. */
static double left(const CopResults *results, int model, int scope, CopMeasure measure)
{
    const double clean = cop_results_score(results, model, COP_SCOPE_CLEAN).value;
    const double here = cop_results_score(results, model, scope).value;
    if (scope == COP_SCOPE_CLEAN)
        return NAN;
    if (measure == COP_MEASURE_GAMMA_ABSOLUTE)
        return 1 - (clean - here);
    if (!(clean > 0))
        return NAN;
    return measure == COP_MEASURE_RPC ? here / clean : 1 - (clean - here) / clean;
}

CopInterval cop_results_measure(const CopResults *results, int model, int scope, int baseline,
                                CopMeasure measure)
{
    Cells cells = {results, results->models[model].cells, model, 0};
    CopInterval out = nothing;
    switch (measure) {
    case COP_MEASURE_TOP1:
        return cop_results_score(results, model, scope);
    case COP_MEASURE_TOP5:
        return cop_results_score5(results, model, scope);
    case COP_MEASURE_FLIPS:
        return scope == COP_SCOPE_CLEAN ? nothing : flips(&cells, scope);
    case COP_MEASURE_ECE:
        if (is_whole(&cells, scope))
            out.value = cop_results_mean(results, scope, calibration, &cells);
        break;
    case COP_MEASURE_CE:
    case COP_MEASURE_RELATIVE_CE:
        out.value =
            corruption_error(results, model, baseline, scope, measure == COP_MEASURE_RELATIVE_CE);
        break;
    default:
        out.value = left(results, model, scope, measure);
    }
    return out;
}

/* --- over seeds ------------------------------------------------------------------- */

int cop_results_recipe_size(const CopResults *results, int recipe)
{
    int n = 0;
    for (int i = 0; i < results->n_models; i++)
        n += results->models[i].recipe == recipe;
    return n;
}

int cop_results_recipe_first(const CopResults *results, int recipe)
{
    int i = 0;
    while (results->models[i].recipe != recipe)
        i++;
    return i;
}

CopSpread cop_results_spread(const CopResults *results, int recipe, int scope, int baseline,
                             CopMeasure measure)
{
    CopMoments moments = {0};
    for (int i = 0; i < results->n_models; i++)
        if (results->models[i].recipe == recipe)
            cop_moments_add(&moments,
                            cop_results_measure(results, i, scope, baseline, measure).value);
    return cop_spread(&moments);
}

CopSpread cop_results_cell_spread(const CopResults *results, int recipe, int column)
{
    CopMoments moments = {0};
    for (int i = 0; i < results->n_models; i++) {
        const CopResultModel *model = &results->models[i];
        if (model->recipe == recipe)
            cop_moments_add(&moments, model->cells[column].answers < results->n_clips
                                          ? NAN
                                          : cop_results_top1(results, i, column).value);
    }
    return cop_spread(&moments);
}

/* Words of `text`, on lines of a terminal's width behind a margin. */
static void put_wrapped(GString *out, const char *text)
{
    enum { WIDTH = 88, MARGIN = 6 };
    char **words = g_strsplit(text, " ", -1);
    gsize line = WIDTH;
    for (char **word = words; *word; word++) {
        if (line + 1 + strlen(*word) > WIDTH) {
            g_string_append_printf(out, "\n%*s%s", MARGIN, "", *word);
            line = MARGIN + strlen(*word);
        } else {
            g_string_append_printf(out, " %s", *word);
            line += 1 + strlen(*word);
        }
    }
    g_strfreev(words);
}

char *cop_measures_text(void)
{
    GString *text = g_string_new(NULL);
    for (CopMeasure i = 0; i < COP_MEASURES; i++) {
        g_string_append_printf(text, "  %s", cop_measure_rows[i].key);
        put_wrapped(text, cop_measure_rows[i].definition);
        g_string_append_c(text, '\n');
    }
    return g_string_free(text, FALSE);
}
