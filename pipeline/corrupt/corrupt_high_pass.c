/* High-pass: spatial frequencies up to a radius are taken out with a sharp edge, all but
 * the mean of each channel: what low_pass of the same radius takes out, plus the mean (Yin
 * et al., NeurIPS 2019; Wang et al., CVPR 2020). `around=grey` takes the mean out, too, and
 * shows the rest on mid-grey. Radius, rounding and portability are low_pass's.
 *
 * A small picture may have no frequency within a small radius. The first one of its
 * longer side is taken out in any case, so that each severity does something.
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#include "pipeline/corrupt/pass_filter.h"

typedef struct HighPass {
    CopPassState pass; /* first */
    int around;
} HighPass;

static const char *const middles[] = {"mean", "grey", NULL};

static const CopOption options[] = {
    COP_PASS_OPTIONS("frequencies taken out, of Nyquist's", "0.04"),
    {"around", "what stays: each channel's mean, or mid-grey in its place", COP_TYPE_CHOICE,
     offsetof(HighPass, around), "mean", 0, 0, middles, COP_OPTION_CONTROLLABLE},
    COP_OPTIONS_END,
};

static CopStatus apply(CopCorrupt *corrupt, CopFrame *frame)
{
    HighPass *high = corrupt->state;
    CopPassState *pass = &high->pass;
    const bool cosine = cop_pass_is_cosine(pass);
    const int longer = frame->width > frame->height ? frame->width : frame->height;
    const double first = (cosine ? 1.0 : 2.0) / longer;
    const double radius = pass->radius > 0 && pass->radius < first ? first : pass->radius;
    return cop_pass_filter_apply(&pass->filter, frame,
                                 high->around == 1 ? COP_PASS_HIGH_GREY : COP_PASS_HIGH, radius,
                                 cop_pass_is_square(pass), cosine);
}

static const char *const columns[] = {"radius", NULL};

static const CopSeverityTable tables[] = {
    {COP_PRESET_DEFAULT, "ours", columns, (const double[]){0},
     (const double[]){0.01, 0.02, 0.04, 0.08, 0.16}},
    {.preset = NULL},
};

const CopCorruptDesc cop_corrupt_high_pass = {
    .name = "high_pass",
    .summary = "spatial frequencies below a radius taken out, the mean kept",
    .reference = "Yin et al., NeurIPS 2019; Wang et al., CVPR 2020",
    .family = COP_FAMILY_SPECTRAL,
    .flags = COP_CORRUPT_RGB,
    .options = options,
    .tables = tables,
    .state_size = sizeof(HighPass),
    .apply = apply,
    .close = cop_pass_close,
};
