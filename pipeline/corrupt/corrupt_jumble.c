/* Jumble: frames are shuffled inside windows (Schiappa et al., CVPR 2023).
 *
 * Windows start at absolute multiples of their length, and each frame draws its place by a
 * word of its own address, so that no frame hangs on where a stream starts; of a window that
 * the stream's end cuts, the frames there are keep their order among each other.
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#include "pipeline/corrupt/index_map.h"

typedef struct Jumble {
    CopIndexMap map; /* first */
    int window;
} Jumble;

static const CopOption options[] = {
    {"window", "frames that are shuffled among each other; 1 is untouched", COP_TYPE_INT,
     offsetof(Jumble, window), "16", 1, COP_INDEX_WINDOW_MAX, NULL,
     COP_OPTION_INTERPOLATE | COP_OPTION_CONTROLLABLE},
    COP_OPTIONS_END,
};

static CopIndexWant plan(const CopCorrupt *corrupt, int64_t i)
{
    const Jumble *jumble = corrupt->state;
    return cop_index_window(i, jumble->window);
}

static int64_t pick(const CopCorrupt *corrupt, const CopIndexWant *want, int64_t i)
{
    int order[COP_INDEX_WINDOW_MAX];
    cop_index_shuffle(corrupt, want->low, 1, (int)(want->high - want->low) + 1, order);
    return want->low + order[i - want->low];
}

static const CopIndexRule rule = {.plan = plan, .pick = pick};

static CopStatus init(CopCorrupt *corrupt, CopError *err)
{
    (void)err;
    const Jumble *jumble = corrupt->state;
    cop_index_declare(corrupt, &rule, jumble->window);
    return COP_OK;
}

static const char *const columns[] = {"window", NULL};

/* The authors' two programs have opposite orders; in theirs for the network's input
 * severity 5 is the mildest. */
static const CopSeverityTable tables[] = {
    {COP_PRESET_DEFAULT, "Schiappa et al., CVPR 2023", columns, (const double[]){1},
     (const double[]){4, 8, 16, 32, 64}},
    {"ucf101-p", "Schiappa et al., CVPR 2023", columns, (const double[]){1},
     (const double[]){4, 8, 16, 32, 64}},
    {"schiappa-orig", "Schiappa et al., CVPR 2023, in their order", columns, (const double[]){1},
     (const double[]){32, 16, 8, 4, 2}},
    {.preset = NULL},
};

const CopCorruptDesc cop_corrupt_jumble = {
    .name = "jumble",
    .summary = "frames shuffled inside windows",
    .reference = "Schiappa et al., CVPR 2023",
    .family = COP_FAMILY_TEMPORAL,
    .flags = COP_CORRUPT_RANDOM | COP_CORRUPT_PARTIAL,
    .options = options,
    .tables = tables,
    .state_size = sizeof(Jumble),
    .init = init,
    .push = cop_index_map_push,
    .pull = cop_index_map_pull,
    .flush = cop_index_map_flush,
    .close = cop_index_map_close,
};
