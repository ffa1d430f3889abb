/* Brightness: a constant is added to V of HSV, hue and saturation kept, and the
 * result truncated to 8 bits (Hendrycks and Dietterich, ICLR 2019).
 *
 * With hue and saturation kept, each channel x becomes x v' / v where v is the
 * largest and v' the brightened largest channel; two tables hold that. The
 * original goes through HSV in doubles, though, and truncates: where the exact
 * value is a whole level, its rounding errors choose between two. The least
 * channel's are known from (largest, least) alone and sit in its table; for the
 * middle one these cases are marked and take the original's way.
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#include "pipeline/corrupt/corrupt.h"

#include <math.h>

enum { NEAR_WHOLE = 0x100 };

typedef struct Brightness {
    double offset;
    double value[256];         /* v' of the largest channel */
    uint8_t top[256];          /* of [largest]: its new level */
    uint8_t least[256][256];   /* of [largest][least] */
    uint16_t middle[256][256]; /* of [largest][middle]: level, perhaps NEAR_WHOLE */
} Brightness;

static const CopOption options[] = {
    {"offset", "added to V, of a range of 1", COP_TYPE_DOUBLE, offsetof(Brightness, offset), "0.1",
     -1, 1, NULL, COP_OPTION_INTERPOLATE | COP_OPTION_CONTROLLABLE},
    COP_OPTIONS_END,
};

static double clip_unit(double x)
{
    return x < 0 ? 0 : x > 1 ? 1 : x;
}

static uint8_t truncated(double x)
{
    return (uint8_t)(clip_unit(x) * 255);
}

static CopStatus init(CopCorrupt *corrupt, CopError *err)
{
    (void)err;
    Brightness *state = corrupt->state;
    for (int v = 0; v < 256; v++) {
        state->value[v] = clip_unit(v / 255.0 + state->offset);
        state->top[v] = truncated(state->value[v]);
        for (int x = 0; x <= v; x++) {
            /* Black has no hue: it turns grey, which the table of `top` does. */
            const double saturation = v ? (v / 255.0 - x / 255.0) / (v / 255.0) : 0;
            state->least[v][x] = truncated(state->value[v] * (1 - saturation));
            const double level = v ? state->value[v] * 255 * x / v : 0;
            /* Rounding errors of either way stay below 1e-12 levels. */
            const bool near = fabs(level - floor(level + 0.5)) < 1e-9;
            state->middle[v][x] = (uint16_t)((unsigned)level | (near ? NEAR_WHOLE : 0));
        }
    }
    return COP_OK;
}

/* The middle channel through hue, by the textbook transform in doubles. `largest`
 * is 0, 1 or 2 for red, green or blue; equal channels count as the last of them. */
static uint8_t middle_by_hue(const Brightness *state, const uint8_t x[3], int largest, int v,
                             int least)
{
    const double top = v / 255.0, chroma = top - least / 255.0;
    const double ahead = x[(largest + 1) % 3] / 255.0, behind = x[(largest + 2) % 3] / 255.0;
    double hue = (2.0 * largest + (ahead - behind) / chroma) / 6;
    if (hue < 0)
        hue += 1;
    const double sector = floor(hue * 6), along = hue * 6 - sector;
    const double saturation = chroma / top, value = state->value[v];
    /* In odd sectors the middle channel falls, in even ones it rises. */
    return (int)sector % 2 ? truncated(value * (1 - along * saturation))
                           : truncated(value * (1 - (1 - along) * saturation));
}

static void brighten(const Brightness *state, uint8_t x[3])
{
    const int r = x[0], g = x[1], b = x[2];
    const int larger = r > g ? r : g, smaller = r > g ? g : r;
    const int v = b >= larger ? b : larger, least = b < smaller ? b : smaller;
    if (v == least) {
        x[0] = x[1] = x[2] = state->top[v];
        return;
    }
    const int middle = r + g + b - v - least;
    const unsigned entry = state->middle[v][middle];
    uint8_t level = (uint8_t)entry;
    if (middle == least)
        level = state->least[v][least];
    else if (middle == v)
        level = state->top[v];
    else if (entry & NEAR_WHOLE)
        level = middle_by_hue(state, x, b == v ? 2 : g == v, v, least);
    const uint8_t high = state->top[v], low = state->least[v][least];
    x[0] = r == v ? high : r == least ? low : level;
    x[1] = g == v ? high : g == least ? low : level;
    x[2] = b == v ? high : b == least ? low : level;
}

static CopStatus apply(CopCorrupt *corrupt, CopFrame *frame)
{
    const Brightness *state = corrupt->state;
    for (int row = 0; row < frame->height; row++) {
        uint8_t *x = frame->plane[0] + (ptrdiff_t)row * frame->stride[0];
        for (int column = 0; column < frame->width; column++)
            brighten(state, x + 3 * column);
    }
    return COP_OK;
}

static const char *const columns[] = {"offset", NULL};

static const CopSeverityTable tables[] = {
    {COP_PRESET_DEFAULT, "Hendrycks and Dietterich, ICLR 2019; also Tiny ImageNet-C", columns,
     (const double[]){0}, (const double[]){0.1, 0.2, 0.3, 0.4, 0.5}},
    {"imagenet-c-224", "Hendrycks and Dietterich, ICLR 2019; also Tiny ImageNet-C", columns,
     (const double[]){0}, (const double[]){0.1, 0.2, 0.3, 0.4, 0.5}},
    {"tiny-64", "Tiny ImageNet-C, same authors", columns, (const double[]){0},
     (const double[]){0.1, 0.2, 0.3, 0.4, 0.5}},
    {"cifar-32", "CIFAR-10-C, same authors", columns, (const double[]){0},
     (const double[]){0.05, 0.1, 0.15, 0.2, 0.3}},
    {.preset = NULL},
};

const CopCorruptDesc cop_corrupt_brightness = {
    .name = "brightness",
    .summary = "a constant added to the value channel of HSV",
    .reference = "Hendrycks and Dietterich, ICLR 2019",
    .family = COP_FAMILY_DIGITAL,
    .flags = COP_CORRUPT_RGB,
    .options = options,
    .tables = tables,
    .state_size = sizeof(Brightness),
    .init = init,
    .apply = apply,
};
