/* Temporal high-pass: what stands still fades into mid-grey, what moves stays (after the
 * spatial filters of Yin et al., NeurIPS 2019). A video's own mean over time is what falls
 * away first, at any cut-off, so the severity steers how much of the slow part is taken off;
 * in YUV its grey is that of each plane.
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#include "pipeline/corrupt/temporal_fir.h"

typedef struct HighPass {
    CopTemporalFir fir; /* first */
    double strength, cutoff;
    int half;
    bool causal;
} HighPass;

static const CopOption options[] = {
    {"strength", "share of the slow part that is taken off; 0 is untouched", COP_TYPE_DOUBLE,
     offsetof(HighPass, strength), "0.8", 0, 1, NULL,
     COP_OPTION_INTERPOLATE | COP_OPTION_CONTROLLABLE},
    {"cutoff", "frequency below which changes are slow, of half the frame rate", COP_TYPE_DOUBLE,
     offsetof(HighPass, cutoff), "0.16", 0.03, 1, NULL, COP_OPTION_CONTROLLABLE},
    COP_TEMPORAL_FIR_OPTIONS(HighPass),
    COP_OPTIONS_END,
};

static CopStatus init(CopCorrupt *corrupt, CopError *err)
{
    (void)err;
    HighPass *high = corrupt->state;
    high->fir.causal = high->causal;
    high->fir.filter = (CopTemporalFilter){
        .cutoff = high->cutoff,
        .half = high->half ? high->half : cop_temporal_half(high->cutoff),
        .keep = 1,
        .mix = -high->strength,
    };
    cop_temporal_fir_declare(corrupt);
    return COP_OK;
}

static const char *const columns[] = {"strength", NULL};

static const CopSeverityTable tables[] = {
    {COP_PRESET_DEFAULT, "this project", columns, (const double[]){0},
     (const double[]){.4, .6, .8, .9, 1}},
    {.preset = NULL},
};

const CopCorruptDesc cop_corrupt_temporal_high_pass = {
    .name = "temporal_high_pass",
    .summary = "what stands still fades into grey",
    .reference = "this project, after Yin et al., NeurIPS 2019",
    .family = COP_FAMILY_SPECTRAL,
    .options = options,
    .tables = tables,
    .state_size = sizeof(HighPass),
    .init = init,
    .push = cop_temporal_fir_push,
    .pull = cop_temporal_fir_pull,
    .flush = cop_temporal_fir_flush,
    .close = cop_temporal_fir_close,
};
