/* Frame rate: the video at fewer frames a second, each held until the next (Yi et al.,
 * NeurIPS 2021: Mini Kinetics-C, Mini SSV2-C; without their second coding).
 *
 * Down and up again as FFmpeg's `fps` filter does it, "fps=12,fps=30": a frame's time is
 * rounded to the new rate's grid, and the last frame that lands on a point or before it is
 * shown there. Rounding to the nearest, the filter's default, so shows frames up to half a
 * long period early; rounding up is what a live sender can do. The engine knows no rates,
 * so both are options: the presets take 30 frames a second for Kinetics, 12 for SSV2.
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#include <math.h>

#include "pipeline/corrupt/index_map.h"

typedef enum Rounding { ROUND_NEAR, ROUND_UP, ROUND_DOWN } Rounding;

typedef struct FrameRate {
    CopIndexMap map; /* first */
    double fps, source_fps;
    int rounding; /* Rounding */
} FrameRate;

static const char *const roundings[] = {"near", "up", "down", NULL};

static const CopOption options[] = {
    {"fps", "frames a second that are left; from source_fps on: untouched", COP_TYPE_DOUBLE,
     offsetof(FrameRate, fps), "12", 0.5, 240, NULL,
     COP_OPTION_INTERPOLATE | COP_OPTION_CONTROLLABLE},
    {"source_fps", "frames a second of the video, by which fps is measured", COP_TYPE_DOUBLE,
     offsetof(FrameRate, source_fps), "30", 0.5, 240, NULL, 0},
    {"round", "to which frame of the other rate a time is moved; up never looks ahead",
     COP_TYPE_CHOICE, offsetof(FrameRate, rounding), "near", 0, 0, roundings, 0},
    COP_OPTIONS_END,
};

/* ceil(a / b) for a >= 0, b > 0 */
static int64_t ceil_ratio(int64_t a, int64_t b)
{
    return (a + b - 1) / b;
}

/* The last x >= 0 whose rounded x times `from` / `to` is at most n: rates are in thousandths
 * of a frame a second, so that all of it is exact. */
static int64_t last_until(int64_t n, int64_t from, int64_t to, int rounding)
{
    switch (rounding) {
    case ROUND_UP: /* x from / to <= n */
        return n * to / from;
    case ROUND_DOWN: /* x from / to < n + 1 */
        return ceil_ratio((n + 1) * to, from) - 1;
    default: /* x from / to < n + 1/2 */
        return ceil_ratio((2 * n + 1) * to, 2 * from) - 1;
    }
}

static int64_t thousandths(double rate)
{
    return (int64_t)floor(1000 * rate + 0.5);
}

static CopIndexWant plan(const CopCorrupt *corrupt, int64_t i)
{
    const FrameRate *rate = corrupt->state;
    const int64_t few = thousandths(rate->fps), many = thousandths(rate->source_fps);
    if (few >= many)
        return (CopIndexWant){.low = i, .high = i};
    const int64_t n = last_until(i, many, few, rate->rounding); /* of the lower rate */
    const int64_t source = last_until(n, few, many, rate->rounding);
    return (CopIndexWant){.low = source, .high = source};
}

static const CopIndexRule rule = {.plan = plan};

/* From the inequalities of last_until(), with p frames of the source to one of the lower
 * rate: near  -p/2 - 1/2 <= m(i) - i < p/2 + 1/2;  up  -p - 1 < m(i) - i <= 0;
 * down  0 <= m(i) - i < p + 1, since n is then the lower rate's frame that ends after i. */
static CopStatus init(CopCorrupt *corrupt, CopError *err)
{
    (void)err;
    FrameRate *rate = corrupt->state;
    rate->map.rule = &rule;
    const int64_t few = thousandths(rate->fps), many = thousandths(rate->source_fps);
    if (few >= many)
        return COP_OK;
    switch (rate->rounding) {
    case ROUND_UP:
        corrupt->look_behind = (int)ceil_ratio(many + few, few) - 1;
        break;
    case ROUND_DOWN:
        corrupt->latency = (int)ceil_ratio(many + few, few) - 1;
        break;
    default:
        corrupt->look_behind = (int)((many + few) / (2 * few));
        corrupt->latency = (int)ceil_ratio(many + few, 2 * few) - 1;
    }
    return COP_OK;
}

static const char *const columns[] = {"fps", "source_fps", NULL};

static const CopSeverityTable tables[] = {
    {COP_PRESET_DEFAULT, "Mini Kinetics-C, Yi et al., NeurIPS 2021", columns,
     (const double[]){30, 30}, (const double[]){20, 30, 16, 30, 12, 30, 9, 30, 6, 30}},
    {"kinetics-c", "Mini Kinetics-C, Yi et al., NeurIPS 2021", columns, (const double[]){30, 30},
     (const double[]){20, 30, 16, 30, 12, 30, 9, 30, 6, 30}},
    {"ssv2-c", "Mini SSV2-C, same authors", columns, (const double[]){12, 12},
     (const double[]){10, 12, 8, 12, 6, 12, 4, 12, 2, 12}},
    {.preset = NULL},
};

const CopCorruptDesc cop_corrupt_frame_rate = {
    .name = "frame_rate",
    .summary = "fewer frames a second, each held until the next",
    .reference = "Yi et al., NeurIPS 2021 (datasets and benchmarks)",
    .family = COP_FAMILY_TEMPORAL,
    .flags = COP_CORRUPT_PARTIAL,
    .options = options,
    .tables = tables,
    .state_size = sizeof(FrameRate),
    .init = init,
    .push = cop_index_map_push,
    .pull = cop_index_map_pull,
    .flush = cop_index_map_flush,
    .close = cop_index_map_close,
};
