/* Temporal low-pass: each pixel's course over time without its fast part (after the spatial
 * filters of Yin et al., NeurIPS 2019). Where motion_blur_temporal is a box, with side lobes
 * that let flicker of some rates through, this keeps what is slow and drops what is fast.
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#include "pipeline/corrupt/temporal_fir.h"

typedef struct LowPass {
    CopTemporalFir fir; /* first */
    double cutoff;
    int half;
    bool causal;
} LowPass;

static const CopOption options[] = {
    {"cutoff", "frequency that passes by half, of half the frame rate; 1 is untouched",
     COP_TYPE_DOUBLE, offsetof(LowPass, cutoff), "0.25", 0.03, 1, NULL,
     COP_OPTION_INTERPOLATE | COP_OPTION_CONTROLLABLE},
    COP_TEMPORAL_FIR_OPTIONS(LowPass),
    COP_OPTIONS_END,
};

static CopStatus init(CopCorrupt *corrupt, CopError *err)
{
    (void)err;
    LowPass *low = corrupt->state;
    low->fir.causal = low->causal;
    low->fir.filter = (CopTemporalFilter){
        .cutoff = low->cutoff,
        .half = low->half ? low->half : cop_temporal_half(low->cutoff),
        .mix = 1,
    };
    cop_temporal_fir_declare(corrupt);
    return COP_OK;
}

static const char *const columns[] = {"cutoff", NULL};

static const CopSeverityTable tables[] = {
    {COP_PRESET_DEFAULT, "this project", columns, (const double[]){1},
     (const double[]){.5, .35, .25, .15, .08}},
    {.preset = NULL},
};

const CopCorruptDesc cop_corrupt_temporal_low_pass = {
    .name = "temporal_low_pass",
    .summary = "only slow changes of every pixel are left",
    .reference = "this project, after Yin et al., NeurIPS 2019",
    .family = COP_FAMILY_SPECTRAL,
    .options = options,
    .tables = tables,
    .state_size = sizeof(LowPass),
    .init = init,
    .push = cop_temporal_fir_push,
    .pull = cop_temporal_fir_pull,
    .flush = cop_temporal_fir_flush,
    .close = cop_temporal_fir_close,
};
