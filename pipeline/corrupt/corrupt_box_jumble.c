/* Box jumble: the video is cut into boxes of frames whose order is shuffled; inside a box
 * time runs as before (Schiappa et al., CVPR 2023).
 *
 * The originals let boxes move anywhere in a clip and leave one alone that is no longer than
 * a box. Here they move inside windows at absolute multiples of the window's length, a
 * window that holds one box only (at the stream's end, too) is cut into halves, and an
 * order that would move nothing is turned by one box: a severity always does something.
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#include "pipeline/corrupt/index_map.h"

typedef struct BoxJumble {
    CopIndexMap map; /* first */
    int box, window;
} BoxJumble;

static const CopOption options[] = {
    {"box", "frames that stay together", COP_TYPE_INT, offsetof(BoxJumble, box), "16", 1,
     COP_INDEX_WINDOW_MAX, NULL, COP_OPTION_INTERPOLATE | COP_OPTION_CONTROLLABLE},
    {"window",
     "frames inside which boxes are shuffled, the last box being what is left; 1 is "
     "untouched",
     COP_TYPE_INT, offsetof(BoxJumble, window), "64", 1, COP_INDEX_WINDOW_MAX, NULL,
     COP_OPTION_CONTROLLABLE},
    COP_OPTIONS_END,
};

static CopIndexWant plan(const CopCorrupt *corrupt, int64_t i)
{
    const BoxJumble *jumble = corrupt->state;
    CopIndexWant want = cop_index_window(i, jumble->window);
    want.count = jumble->box;
    return want;
}

static bool is_sorted(const int *order, int n)
{
    for (int k = 0; k < n; k++)
        if (order[k] != k)
            return false;
    return true;
}

static int64_t pick(const CopCorrupt *corrupt, const CopIndexWant *want, int64_t i)
{
    const int frames = (int)(want->high - want->low) + 1;
    const int box = want->count < frames ? want->count : (frames + 1) / 2;
    const int boxes = (frames + box - 1) / box;
    int order[COP_INDEX_WINDOW_MAX];
    cop_index_shuffle(corrupt, want->low, box, boxes, order);
    if (is_sorted(order, boxes))
        for (int k = 0; k < boxes; k++)
            order[k] = (k + 1) % boxes;
    int at = (int)(i - want->low);
    for (int k = 0;; k++) {
        const int start = order[k] * box;
        const int length = frames - start < box ? frames - start : box;
        if (at < length)
            return want->low + start + at;
        at -= length;
    }
}

static const CopIndexRule rule = {.plan = plan, .pick = pick};

static CopStatus init(CopCorrupt *corrupt, CopError *err)
{
    (void)err;
    const BoxJumble *jumble = corrupt->state;
    cop_index_declare(corrupt, &rule, jumble->window);
    return COP_OK;
}

static const char *const columns[] = {"box", "window", NULL};

/* Larger boxes are milder: theirs has severity 5 the mildest. */
static const CopSeverityTable tables[] = {
    {COP_PRESET_DEFAULT, "Schiappa et al., CVPR 2023", columns, (const double[]){36, 1},
     (const double[]){36, 64, 25, 64, 16, 64, 9, 64, 4, 64}},
    {"ucf101-p", "Schiappa et al., CVPR 2023", columns, (const double[]){36, 1},
     (const double[]){36, 64, 25, 64, 16, 64, 9, 64, 4, 64}},
    {"schiappa-orig", "Schiappa et al., CVPR 2023, in their order", columns, (const double[]){4, 1},
     (const double[]){4, 64, 9, 64, 16, 64, 25, 64, 36, 64}},
    {.preset = NULL},
};

const CopCorruptDesc cop_corrupt_box_jumble = {
    .name = "box_jumble",
    .summary = "runs of frames in another order",
    .reference = "Schiappa et al., CVPR 2023",
    .family = COP_FAMILY_TEMPORAL,
    .flags = COP_CORRUPT_RANDOM | COP_CORRUPT_PARTIAL,
    .options = options,
    .tables = tables,
    .state_size = sizeof(BoxJumble),
    .init = init,
    .push = cop_index_map_push,
    .pull = cop_index_map_pull,
    .flush = cop_index_map_flush,
    .close = cop_index_map_close,
};
