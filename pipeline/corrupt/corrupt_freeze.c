/* Freeze: a share of the frames, at random places, is kept and held until the next (Schiappa
 * et al., CVPR 2023).
 *
 * The original keeps exactly k of a clip's T frames, which a stream cannot know. By default
 * every frame is kept or not by a draw of its own, so that what frame i shows is found by
 * walking back from i; a frame whose index is a multiple of `window` is always kept, which
 * bounds the walk. With `exact`, windows of that length keep their share to the frame, as the
 * original does where the clip is one window; frames before the first kept one, which the
 * original drops, show it.
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#include "pipeline/corrupt/index_map.h"

typedef struct Freeze {
    CopIndexMap map; /* first */
    double keep;
    int least, window;
    bool exact;
} Freeze;

static const CopOption options[] = {
    {"keep", "share of frames that are kept; 1 is untouched", COP_TYPE_DOUBLE,
     offsetof(Freeze, keep), "0.1", 0, 1, NULL, COP_OPTION_INTERPOLATE | COP_OPTION_CONTROLLABLE},
    {"exact",
     "keep exactly this share of each window, which is then waited for; else each frame "
     "is kept with this probability",
     COP_TYPE_BOOL, offsetof(Freeze, exact), "false", 0, 0, NULL, 0},
    {"window", "frames among which `exact` chooses; else the longest time that one is held",
     COP_TYPE_INT, offsetof(Freeze, window), "64", 1, COP_INDEX_WINDOW_MAX, NULL,
     COP_OPTION_CONTROLLABLE},
    {"least", "frames that `exact` keeps at least", COP_TYPE_INT, offsetof(Freeze, least), "1", 1,
     COP_INDEX_WINDOW_MAX, NULL, 0},
    COP_OPTIONS_END,
};

static bool is_kept(const CopCorrupt *corrupt, int64_t i)
{
    const Freeze *freeze = corrupt->state;
    const CopRngAddress at = {.frame = (uint32_t)i, .clip = corrupt->clip};
    return i % freeze->window == 0 || cop_rng_uniform(corrupt->key, 0, at) < freeze->keep;
}

static CopIndexWant plan(const CopCorrupt *corrupt, int64_t i)
{
    const Freeze *freeze = corrupt->state;
    if (freeze->exact) {
        CopIndexWant want = cop_index_window(i, freeze->window);
        want.count = freeze->least;
        want.share = freeze->keep;
        return want;
    }
    int64_t kept = i;
    while (!is_kept(corrupt, kept))
        kept--;
    return (CopIndexWant){.low = kept, .high = kept, .hidden = kept < i};
}

static int64_t pick(const CopCorrupt *corrupt, const CopIndexWant *want, int64_t i)
{
    const int n = (int)(want->high - want->low) + 1;
    const int share = (int)(want->share * n), most = share > want->count ? share : want->count;
    int order[COP_INDEX_WINDOW_MAX];
    cop_index_shuffle(corrupt, want->low, 1, n, order);
    const int at = (int)(i - want->low);
    int first = n, last = -1; /* kept ones: the first at all, the last one not after i */
    for (int k = 0; k < n && k < most; k++) {
        first = order[k] < first ? order[k] : first;
        last = order[k] <= at && order[k] > last ? order[k] : last;
    }
    return want->low + (last >= 0 ? last : first);
}

static const CopIndexRule by_frame = {.plan = plan}, by_window = {.plan = plan, .pick = pick};

static CopStatus init(CopCorrupt *corrupt, CopError *err)
{
    (void)err;
    Freeze *freeze = corrupt->state;
    if (freeze->exact) {
        cop_index_declare(corrupt, &by_window, freeze->window);
    } else {
        freeze->map.rule = &by_frame;
        corrupt->look_behind = freeze->window - 1;
    }
    return COP_OK;
}

static const char *const columns[] = {"keep", "exact", "window", "least", NULL};

/* Kept frames of a clip: .4, .2, .1, .05 but 2 at least, and one alone; without a clip's
 * length, one of 64. */
static const CopSeverityTable tables[] = {
    {COP_PRESET_DEFAULT, "Schiappa et al., CVPR 2023, by frame", columns,
     (const double[]){1, 0, 64, 1},
     (const double[]){.4, 0, 64, 1, .2, 0, 64, 1, .1, 0, 64, 1, .05, 0, 64, 1, 1. / 64, 0, 64, 1}},
    {"ucf101-p", "Schiappa et al., CVPR 2023", columns, (const double[]){1, 1, 256, 1},
     (const double[]){.4, 1, 256, 1, .2, 1, 256, 1, .1, 1, 256, 1, .05, 1, 256, 2, 0, 1, 256, 1}},
    {"schiappa-orig", "Schiappa et al., CVPR 2023", columns, (const double[]){1, 1, 256, 1},
     (const double[]){.4, 1, 256, 1, .2, 1, 256, 1, .1, 1, 256, 1, .05, 1, 256, 2, 0, 1, 256, 1}},
    {.preset = NULL},
};

const CopCorruptDesc cop_corrupt_freeze = {
    .name = "freeze",
    .summary = "frames at random places are held until the next such",
    .reference = "Schiappa et al., CVPR 2023",
    .family = COP_FAMILY_TEMPORAL,
    .flags = COP_CORRUPT_RANDOM | COP_CORRUPT_PARTIAL,
    .options = options,
    .tables = tables,
    .state_size = sizeof(Freeze),
    .init = init,
    .push = cop_index_map_push,
    .pull = cop_index_map_pull,
    .flush = cop_index_map_flush,
    .close = cop_index_map_close,
};
