/* Sampling: every r-th frame is kept and held until the next (Schiappa et al., CVPR 2023).
 * The original's clip is shorter, which hides the corruption from whoever then samples it
 * uniformly; here it keeps its length and its time, as in the authors' files of the same.
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#include "pipeline/corrupt/index_map.h"

typedef struct Sampling {
    CopIndexMap map; /* first */
    int step;
} Sampling;

static const CopOption options[] = {
    {"step", "every step-th frame is kept, counted from the file's start; 1 is untouched",
     COP_TYPE_INT, offsetof(Sampling, step), "8", 1, COP_INDEX_WINDOW_MAX, NULL,
     COP_OPTION_INTERPOLATE | COP_OPTION_CONTROLLABLE},
    COP_OPTIONS_END,
};

static CopIndexWant plan(const CopCorrupt *corrupt, int64_t i)
{
    const Sampling *sampling = corrupt->state;
    const int64_t kept = i - i % sampling->step;
    return (CopIndexWant){.low = kept, .high = kept, .hidden = kept < i};
}

static const CopIndexRule rule = {.plan = plan};

static CopStatus init(CopCorrupt *corrupt, CopError *err)
{
    (void)err;
    Sampling *sampling = corrupt->state;
    sampling->map.rule = &rule;
    corrupt->look_behind = sampling->step - 1;
    return COP_OK;
}

static const char *const columns[] = {"step", NULL};

static const CopSeverityTable tables[] = {
    {COP_PRESET_DEFAULT, "Schiappa et al., CVPR 2023", columns, (const double[]){1},
     (const double[]){2, 4, 8, 16, 32}},
    {"ucf101-p", "Schiappa et al., CVPR 2023", columns, (const double[]){1},
     (const double[]){2, 4, 8, 16, 32}},
    {"schiappa-orig", "Schiappa et al., CVPR 2023", columns, (const double[]){1},
     (const double[]){2, 4, 8, 16, 32}},
    {.preset = NULL},
};

const CopCorruptDesc cop_corrupt_sampling = {
    .name = "sampling",
    .summary = "every r-th frame, held until the next",
    .reference = "Schiappa et al., CVPR 2023",
    .family = COP_FAMILY_TEMPORAL,
    .flags = COP_CORRUPT_PARTIAL,
    .options = options,
    .tables = tables,
    .state_size = sizeof(Sampling),
    .init = init,
    .push = cop_index_map_push,
    .pull = cop_index_map_pull,
    .flush = cop_index_map_flush,
    .close = cop_index_map_close,
};
