/* Rain: streaks of grey over the picture, whose contrast falls (Yi et al., NeurIPS 2021).
 *
 * The original draws lines of one pixel anew in every frame, so that its video flickers
 * as no rain does; it means to slant them, but always moves by one column. Here drops
 * fall: each has a phase and a speed of about its length a frame, leaves below, and
 * comes back above at a new place, all of it a closed form of the frame's index. Two drops
 * of three are farther away: shorter, slower, fainter. The default preset paints
 * smooth slanted streaks; its lengths and the area of a drop grow with the picture.
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#include "pipeline/corrupt/corrupt.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "pipeline/corrupt/rain_fall.h"

/* `draw` of addresses */
enum { DRAW_PLACE, DRAW_PHASE, DRAW_COLUMN, DRAW_SLANT };

static const double far_away = 0.6; /* size and speed of the farther layer */

typedef struct Rain {
    double area, length, darken, width, slant, speed;
    int level;
    bool smooth;
    CopRainMask mask;
    CopRainScratch scratch;
} Rain;

static const CopOption options[] = {
    {"area", "pixels of a drop's share of the picture (of 224 where lengths are scaled)",
     COP_TYPE_DOUBLE, offsetof(Rain, area), "770", 20, 1e8, NULL,
     COP_OPTION_INTERPOLATE | COP_OPTION_CONTROLLABLE},
    {"length", "of a streak, in pixels", COP_TYPE_DOUBLE, offsetof(Rain, length), "30", 0, 2000,
     NULL, COP_OPTION_INTERPOLATE | COP_OPTION_CONTROLLABLE | COP_OPTION_LENGTH},
    {"darken", "contrast that is left", COP_TYPE_DOUBLE, offsetof(Rain, darken), "0.7", 0, 1, NULL,
     COP_OPTION_INTERPOLATE | COP_OPTION_CONTROLLABLE},
    {"level", "opacity and grey of a streak", COP_TYPE_INT, offsetof(Rain, level), "220", 0, 255,
     NULL, COP_OPTION_CONTROLLABLE},
    {"smooth", "streaks at parts of a pixel that fade at their ends; false: the original's lines",
     COP_TYPE_BOOL, offsetof(Rain, smooth), "false", 0, 0, NULL, 0},
    {"width", "of a smooth streak, in pixels", COP_TYPE_DOUBLE, offsetof(Rain, width), "1", 0.1, 32,
     NULL, COP_OPTION_CONTROLLABLE | COP_OPTION_LENGTH},
    {"slant", "columns that a smooth streak moves by over its length", COP_TYPE_DOUBLE,
     offsetof(Rain, slant), "-1", -2000, 2000, NULL,
     COP_OPTION_INTERPOLATE | COP_OPTION_CONTROLLABLE | COP_OPTION_LENGTH},
    {"speed", "lengths that a drop falls a frame", COP_TYPE_DOUBLE, offsetof(Rain, speed), "1", 0,
     100, NULL, COP_OPTION_CONTROLLABLE},
    COP_OPTIONS_END,
};

static void close_mask(CopCorrupt *corrupt)
{
    Rain *rain = corrupt->state;
    free(rain->mask.level);
    free(rain->scratch.lit);
    free(rain->scratch.soft);
    rain->mask = (CopRainMask){.level = NULL};
    rain->scratch = (CopRainScratch){.lit = NULL};
}

static CopStatus clear_mask(CopCorrupt *corrupt, int width, int height)
{
    Rain *rain = corrupt->state;
    const size_t n = (size_t)width * (size_t)height;
    if (rain->mask.width != width || rain->mask.height != height) {
        close_mask(corrupt);
        rain->mask.level = malloc(n);
        rain->scratch.lit = malloc(3 * n);
        rain->scratch.soft = malloc(3 * n);
        if (!rain->mask.level || !rain->scratch.lit || !rain->scratch.soft) {
            close_mask(corrupt);
            return COP_ERR_NOMEM;
        }
        rain->mask.width = width;
        rain->mask.height = height;
    }
    memset(rain->mask.level, 0, n);
    return COP_OK;
}

/* Columns a row; streaks lie no flatter than 4. */
static double slope_of(const Rain *rain)
{
    const double slope = rain->length > 0 ? rain->slant / rain->length : 0;
    return slope < -4 ? -4 : slope > 4 ? 4 : slope;
}

static void paint(Rain *rain, const CopRainStreak *streak)
{
    if (rain->smooth)
        cop_rain_streak(&rain->mask, streak);
    else
        cop_rain_line(&rain->mask, (int)floor(streak->x), (int)floor(streak->y),
                      (int)streak->length, streak->level);
}

/* Ten times what the originals' strongest rain has in a picture of 4K: nothing hangs. */
enum { DROPS_MAX = 1 << 18 };

static double drops_of(const CopCorrupt *corrupt, const Rain *rain)
{
    const double pixels = (double)rain->mask.width * rain->mask.height;
    return floor(pixels / (rain->area * corrupt->scale * corrupt->scale));
}

/* A number of n .. 0 where there is no room (n < 0), else of 0 .. n - 1. */
static double place(uint32_t word, double n)
{
    const double room = n < 0 ? 1 - n : n;
    const double at = floor(word * 0x1p-32 * room);
    return n < 0 ? -at : at;
}

/* As in the originals: whole streaks somewhere in the frame. */
static void scatter(const CopCorrupt *corrupt, Rain *rain, uint32_t frame)
{
    const CopRngAddress slant_at = {.draw = DRAW_SLANT, .frame = frame, .clip = corrupt->clip};
    const CopRngAddress at = {.draw = DRAW_PLACE, .frame = frame, .clip = corrupt->clip};
    const int slant = (int)cop_rng_below(corrupt->key, 0, slant_at, 20) - 10;
    const int n = (int)fmin(drops_of(corrupt, rain), DROPS_MAX);
    for (int i = 0; i < n; i++) {
        const uint32_t across = cop_rng_u32(corrupt->key, 2 * (uint32_t)i, at);
        const uint32_t down = cop_rng_u32(corrupt->key, 2 * (uint32_t)i + 1, at);
        CopRainStreak streak = {.length = rain->length,
                                .slant = slope_of(rain) * rain->length,
                                .width = rain->width,
                                .level = rain->level};
        /* The slant that is drawn moves nothing but the range of x. */
        const int width = rain->mask.width;
        streak.x = slant < 0 ? slant + place(across, width - slant) : place(across, width - slant);
        streak.y = place(down, rain->mask.height - floor(rain->length));
        paint(rain, &streak);
    }
}

/* Drop i at frame `index`. It falls through the frame and its own length, then comes
 * back; the number of times chooses the column. Columns reach beyond both sides, as
 * far as streaks slant on their way. */
static CopRainStreak drop_at(const CopCorrupt *corrupt, const Rain *rain, uint32_t i, int64_t index,
                             double margin)
{
    const double height = rain->mask.height, size = i % 3 ? far_away : 1;
    const CopRngAddress at = {.draw = DRAW_PHASE, .frame = 0, .clip = corrupt->clip};
    CopRainStreak streak = {.length = rain->length * size,
                            .slant = slope_of(rain) * rain->length * size,
                            .width = rain->width * size};
    const double pace = 0.8 + 0.4 * cop_rng_uniform(corrupt->key, 3 * i + 1, at);
    const double bright = 0.6 + 0.4 * cop_rng_uniform(corrupt->key, 3 * i + 2, at);
    streak.level = (int)(rain->level * (rain->smooth ? bright * (i % 3 ? 0.85 : 1) : 1));
    const double period = height + streak.length;
    const double fallen = cop_rng_uniform(corrupt->key, 3 * i, at) * period +
                          streak.length * rain->speed * pace * (double)index;
    const double turn = floor(fallen / period);
    const CopRngAddress column = {
        .draw = DRAW_COLUMN, .frame = (uint32_t)(int64_t)turn, .clip = corrupt->clip};
    streak.y = fallen - turn * period - streak.length;
    streak.x = cop_rng_uniform(corrupt->key, i, column) * (rain->mask.width + 2 * margin) - margin +
               slope_of(rain) * (streak.y - (height - streak.length) / 2);
    return streak;
}

/* As many drops as make the originals' coverage: more for those outside the frame and for
 * the shorter, thinner ones far away. */
static void fall(const CopCorrupt *corrupt, Rain *rain, int64_t index)
{
    const double width = rain->mask.width, height = rain->mask.height;
    const double margin = fabs(slope_of(rain)) * (height + rain->length) / 2;
    const double n = drops_of(corrupt, rain) * (height + rain->length) / height *
                     (width + 2 * margin) / width * 3 / (1 + 2 * far_away);
    const uint32_t drops = (uint32_t)ceil(fmin(n, DROPS_MAX));
    for (uint32_t i = 0; i < drops; i++) {
        const CopRainStreak streak = drop_at(corrupt, rain, i, index, margin);
        paint(rain, &streak);
    }
}

static CopStatus apply(CopCorrupt *corrupt, CopFrame *frame)
{
    Rain *rain = corrupt->state;
    COP_TRY(clear_mask(corrupt, frame->width, frame->height));
    if (corrupt->temporal == COP_TEMPORAL_COHERENT)
        fall(corrupt, rain, frame->index);
    else
        scatter(corrupt, rain, cop_corrupt_drawn_at(corrupt, frame->index));
    cop_rain_blend(frame, &rain->mask, rain->darken, &rain->scratch);
    return COP_OK;
}

static const char *const columns[] = {"area",  "length", "darken", "width",
                                      "slant", "smooth", "level",  NULL};
static const char *const original_columns[] = {"area", "length", "darken", NULL};

static const CopSeverityTable tables[] = {
    {COP_PRESET_DEFAULT, "Yi et al., NeurIPS 2021; slant, width and level: ours", columns,
     (const double[]){770, 0, 1, 1.5, 0, 1, 245},
     (const double[]){770, 10, 0.8, 1.5, -1,  1, 245, //
                      770, 30, 0.8, 1.5, -3,  1, 245, //
                      770, 60, 0.7, 1.5, -6,  1, 245, //
                      500, 60, 0.6, 1.5, -8,  1, 245, //
                      400, 80, 0.5, 1.5, -12, 1, 245}},
    {"kinetics-c", "Yi et al., NeurIPS 2021 (with temporal = iid)", original_columns,
     (const double[]){770, 0, 1},
     (const double[]){770, 10, 0.8, 770, 30, 0.8, 770, 60, 0.7, 500, 60, 0.6, 400, 80, 0.5}},
    {.preset = NULL},
};

const CopCorruptDesc cop_corrupt_rain = {
    .name = "rain",
    .summary = "falling streaks and less contrast",
    .reference = "Yi et al., NeurIPS 2021 (datasets and benchmarks)",
    .family = COP_FAMILY_WEATHER,
    .flags = COP_CORRUPT_RGB | COP_CORRUPT_RANDOM,
    .temporal = 1u << COP_TEMPORAL_IID | 1u << COP_TEMPORAL_STATIC | 1u << COP_TEMPORAL_COHERENT,
    .temporal_default = COP_TEMPORAL_COHERENT,
    .options = options,
    .tables = tables,
    .state_size = sizeof(Rain),
    .apply = apply,
    .close = close_mask,
};
