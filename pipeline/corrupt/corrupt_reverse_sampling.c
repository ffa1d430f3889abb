/* Reverse sampling: every r-th frame, held, and time runs backwards (Schiappa et al.,
 * CVPR 2023). The original turns the whole clip round, which a stream cannot: here windows
 * are turned, which start at absolute multiples of their length. Where the clip lies in one
 * window it is the original's.
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#include "pipeline/corrupt/index_map.h"

typedef struct ReverseSampling {
    CopIndexMap map; /* first */
    int step, window;
} ReverseSampling;

static const CopOption options[] = {
    {"step", "every step-th frame is kept", COP_TYPE_INT, offsetof(ReverseSampling, step), "8", 1,
     COP_INDEX_WINDOW_MAX, NULL, COP_OPTION_INTERPOLATE | COP_OPTION_CONTROLLABLE},
    {"window", "frames that are turned round; with 1 and a step of 1 all are untouched",
     COP_TYPE_INT, offsetof(ReverseSampling, window), "64", 1, COP_INDEX_WINDOW_MAX, NULL,
     COP_OPTION_CONTROLLABLE},
    COP_OPTIONS_END,
};

static CopIndexWant plan(const CopCorrupt *corrupt, int64_t i)
{
    const ReverseSampling *reverse = corrupt->state;
    CopIndexWant want = cop_index_window(i, reverse->window);
    want.count = reverse->step;
    return want;
}

/* The kept frames of a window are number 0, r, 2 r ... of it, each shown r times. */
static int64_t pick(const CopCorrupt *corrupt, const CopIndexWant *want, int64_t i)
{
    (void)corrupt;
    const int64_t last = (want->high - want->low) / want->count;
    return want->low + (last - (i - want->low) / want->count) * want->count;
}

static const CopIndexRule rule = {.plan = plan, .pick = pick};

static CopStatus init(CopCorrupt *corrupt, CopError *err)
{
    (void)err;
    const ReverseSampling *reverse = corrupt->state;
    cop_index_declare(corrupt, &rule, reverse->window);
    return COP_OK;
}

static const char *const columns[] = {"step", "window", NULL};

static const CopSeverityTable tables[] = {
    {COP_PRESET_DEFAULT, "Schiappa et al., CVPR 2023", columns, (const double[]){1, 1},
     (const double[]){2, 64, 4, 64, 8, 64, 16, 64, 32, 64}},
    {"ucf101-p", "Schiappa et al., CVPR 2023", columns, (const double[]){1, 1},
     (const double[]){2, 64, 4, 64, 8, 64, 16, 64, 32, 64}},
    {"schiappa-orig", "Schiappa et al., CVPR 2023", columns, (const double[]){1, 1},
     (const double[]){2, 64, 4, 64, 8, 64, 16, 64, 32, 64}},
    {.preset = NULL},
};

const CopCorruptDesc cop_corrupt_reverse_sampling = {
    .name = "reverse_sampling",
    .summary = "every r-th frame, held, with time reversed in windows",
    .reference = "Schiappa et al., CVPR 2023",
    .family = COP_FAMILY_TEMPORAL,
    .flags = COP_CORRUPT_PARTIAL,
    .options = options,
    .tables = tables,
    .state_size = sizeof(ReverseSampling),
    .init = init,
    .push = cop_index_map_push,
    .pull = cop_index_map_pull,
    .flush = cop_index_map_flush,
    .close = cop_index_map_close,
};
