/* Low-pass: only spatial frequencies up to a radius are kept, with a sharp edge (Yin et
 * al., NeurIPS 2019: a square; Wang et al., CVPR 2020: a disc). The radius is a share of
 * Nyquist's frequency, so that it means the same at every size of picture.
 *
 * The Fourier transform repeats the picture, whose opposite borders then ring at each
 * other; the cosine transform mirrors it. Results are rounded to the nearest level, not
 * truncated as ImageNet-C does: a flat picture must stay what it is. Transforms are in
 * floats by KissFFT with factors from libm, so bytes are equal wherever these are.
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#include "pipeline/corrupt/pass_filter.h"

static const CopOption options[] = {
    COP_PASS_OPTIONS("frequencies kept, of Nyquist's", "0.25"),
    COP_OPTIONS_END,
};

static CopStatus apply(CopCorrupt *corrupt, CopFrame *frame)
{
    CopPassState *pass = corrupt->state;
    return cop_pass_filter_apply(&pass->filter, frame, COP_PASS_LOW, pass->radius,
                                 cop_pass_is_square(pass), cop_pass_is_cosine(pass));
}

static const char *const columns[] = {"radius", NULL};

/* The diagonal of all frequencies is sqrt(2) long. */
static const CopSeverityTable tables[] = {
    {COP_PRESET_DEFAULT, "ours", columns, (const double[]){1.4142135623730951},
     (const double[]){0.5, 0.35, 0.25, 0.15, 0.08}},
    {.preset = NULL},
};

const CopCorruptDesc cop_corrupt_low_pass = {
    .name = "low_pass",
    .summary = "spatial frequencies above a radius taken out",
    .reference = "Yin et al., NeurIPS 2019; Wang et al., CVPR 2020",
    .family = COP_FAMILY_SPECTRAL,
    .flags = COP_CORRUPT_RGB,
    .options = options,
    .tables = tables,
    .state_size = sizeof(CopPassState),
    .apply = apply,
    .close = cop_pass_close,
};
