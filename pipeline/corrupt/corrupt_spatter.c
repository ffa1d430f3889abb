/* Spatter: drops of water, or splashes of mud, on the lens (Hendrycks and Dietterich,
 * ICLR 2019).
 *
 * A field of normal noise is smoothed and cut at a threshold. Water adds light where
 * distances to the edges of what is left make a relief; mud covers the picture. The mask
 * lies on the lens: by default a clip has one. Asked to move (`coherent`) it creeps down,
 * closed to a torus taller than the frame. Smoothing over `sigma` pixels divides the
 * noise by sigma, so where lengths are scaled the noise's own deviation is, too.
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#include "pipeline/corrupt/corrupt.h"

#include <stdlib.h>
#include <string.h>

#include "pipeline/corrupt/normal_field.h"
#include "pipeline/corrupt/spatter_mask.h"
#include "pipeline/corrupt/torus.h"

/* What the mask was made of. */
typedef struct SpatterKey {
    int width, height;
    double mean, std, sigma, threshold, mud_sigma, reach;
    int step;
    bool mud, made;
    uint32_t clip, frame;
} SpatterKey;

typedef struct Spatter {
    double mean, std, sigma, threshold, amount, mud_sigma, reach, creep;
    int step;
    bool mud;
    SpatterKey key;
    float *mask;     /* [height][width] of what stays */
    uint16_t *torus; /* [rows][width] of what creeps, of a range of 65535 */
    int rows;
    float *line; /* rows of scratch: [6 width], then [2 width + 1] */
} Spatter;

static const CopOption options[] = {
    {"mean", "mean of the noise", COP_TYPE_DOUBLE, offsetof(Spatter, mean), "0.65", -10, 10, NULL,
     COP_OPTION_INTERPOLATE},
    {"std", "standard deviation of the noise before it is smoothed (grows with lengths)",
     COP_TYPE_DOUBLE, offsetof(Spatter, std), "0.3", 0, 100, NULL,
     COP_OPTION_INTERPOLATE | COP_OPTION_LENGTH},
    {"sigma", "of the filter that smooths it: the size of drops, in pixels", COP_TYPE_DOUBLE,
     offsetof(Spatter, sigma), "4", 0, 128, NULL, COP_OPTION_INTERPOLATE | COP_OPTION_LENGTH},
    {"threshold", "liquid is where the smooth noise is above this", COP_TYPE_DOUBLE,
     offsetof(Spatter, threshold), "0.69", -10, 10, NULL, COP_OPTION_INTERPOLATE},
    {"amount", "of light that water adds", COP_TYPE_DOUBLE, offsetof(Spatter, amount), "0.6", 0, 10,
     NULL, COP_OPTION_INTERPOLATE | COP_OPTION_CONTROLLABLE},
    {"mud", "mud instead of water", COP_TYPE_BOOL, offsetof(Spatter, mud), "false", 0, 0, NULL, 0},
    {"mud_sigma",
     "of the filter that smooths the edge of mud, in pixels (`amount` of the original)",
     COP_TYPE_DOUBLE, offsetof(Spatter, mud_sigma), "1.5", 0, 128, NULL,
     COP_OPTION_INTERPOLATE | COP_OPTION_LENGTH},
    {"reach", "of the relief from the edge of a drop, in pixels", COP_TYPE_DOUBLE,
     offsetof(Spatter, reach), "20", 1, 255, NULL, COP_OPTION_LENGTH},
    {"step", "pixels apart in which the relief is seen", COP_TYPE_INT, offsetof(Spatter, step), "1",
     1, 32, NULL, COP_OPTION_LENGTH},
    {"creep", "pixels down a frame, where it moves", COP_TYPE_DOUBLE, offsetof(Spatter, creep),
     "0.15", -1000, 1000, NULL, COP_OPTION_LENGTH | COP_OPTION_CONTROLLABLE},
    COP_OPTIONS_END,
};

static void close_mask(CopCorrupt *corrupt)
{
    Spatter *spatter = corrupt->state;
    free(spatter->mask);
    free(spatter->torus);
    free(spatter->line);
    spatter->mask = spatter->line = NULL;
    spatter->torus = NULL;
    spatter->key = (SpatterKey){.made = false};
}

/* mask [rows + 2 margin][width] from noise of `rows` rows that wrap around by `margin`. */
static CopStatus draw(const CopCorrupt *corrupt, const SpatterKey *key, int rows, int margin,
                      float *mask)
{
    const int width = key->width, height = rows + 2 * margin;
    const size_t row_bytes = (size_t)width * sizeof(double);
    double *field = malloc((size_t)height * row_bytes);
    if (!field)
        return COP_ERR_NOMEM;
    const CopRngAddress at = {.draw = 0, .frame = key->frame, .clip = key->clip};
    double *first = field + (ptrdiff_t)margin * width;
    cop_normal_field(corrupt->key, at, 0, key->mean, key->std, first, width * rows);
    for (int i = 0; i < margin; i++) {
        memcpy(first - (ptrdiff_t)(i + 1) * width, first + (ptrdiff_t)(rows - 1 - i % rows) * width,
               row_bytes);
        memcpy(first + (ptrdiff_t)(rows + i) * width, first + (ptrdiff_t)(i % rows) * width,
               row_bytes);
    }
    CopStatus status = cop_spatter_liquid(field, width, height, key->sigma, key->threshold);
    if (status == COP_OK && key->mud)
        status = cop_spatter_mud(field, width, height, key->threshold, key->mud_sigma, mask);
    else if (status == COP_OK)
        status = cop_spatter_water(field, width, height, key->reach, key->step, mask);
    free(field);
    return status;
}

/* A torus half as tall again as the frame. Filters reach no farther than the margin, but for
 * edges that are weak all along. */
static CopStatus draw_torus(const CopCorrupt *corrupt, Spatter *spatter, const SpatterKey *key)
{
    const int rows = spatter->rows = key->height + key->height / 2 + 16;
    const double edge = key->mud ? 4 * key->mud_sigma : key->reach + 3 * key->step;
    const int margin = (int)(4 * key->sigma + edge) + 4;
    const size_t width = (size_t)key->width, n = width * (size_t)rows;
    float *mask = malloc(width * (size_t)(rows + 2 * margin) * sizeof *mask);
    spatter->torus = malloc(n * sizeof *spatter->torus);
    CopStatus status = mask && spatter->torus ? COP_OK : COP_ERR_NOMEM;
    if (status == COP_OK)
        status = draw(corrupt, key, rows, margin, mask);
    if (status == COP_OK)
        for (size_t i = 0; i < n; i++) {
            const float m = mask[(size_t)margin * width + i];
            spatter->torus[i] = (uint16_t)(int)((m < 1 ? m : 1) * 65535 + 0.5F);
        }
    free(mask);
    return status;
}

static bool same_key(const SpatterKey *a, const SpatterKey *b)
{
    return a->made && a->width == b->width && a->height == b->height && a->mean == b->mean &&
           a->std == b->std && a->sigma == b->sigma && a->threshold == b->threshold &&
           a->mud_sigma == b->mud_sigma && a->reach == b->reach && a->step == b->step &&
           a->mud == b->mud && a->clip == b->clip && a->frame == b->frame;
}

static CopStatus prepare(CopCorrupt *corrupt, const CopFrame *frame)
{
    Spatter *spatter = corrupt->state;
    const SpatterKey key = {
        .width = frame->width,
        .height = frame->height,
        .mean = spatter->mean,
        .std = spatter->std,
        .sigma = spatter->sigma,
        .threshold = spatter->threshold,
        .mud_sigma = spatter->mud_sigma,
        .reach = spatter->reach,
        .step = spatter->step,
        .mud = spatter->mud,
        .made = true,
        .clip = corrupt->clip,
        .frame = cop_corrupt_drawn_at(corrupt, frame->index),
    };
    if (same_key(&spatter->key, &key))
        return COP_OK;
    close_mask(corrupt);
    const size_t width = (size_t)key.width;
    spatter->line = malloc((8 * width + 1) * sizeof *spatter->line);
    if (!spatter->line)
        return COP_ERR_NOMEM;
    if (corrupt->temporal == COP_TEMPORAL_COHERENT) {
        COP_TRY(draw_torus(corrupt, spatter, &key));
    } else {
        spatter->mask = malloc(width * (size_t)key.height * sizeof *spatter->mask);
        if (!spatter->mask)
            return COP_ERR_NOMEM;
        COP_TRY(draw(corrupt, &key, key.height, 0, spatter->mask));
    }
    spatter->key = key;
    return COP_OK;
}

/* A row of what creeps, in scratch. */
static const float *creeping_row(const Spatter *spatter, int64_t index, int y)
{
    const int width = spatter->key.width;
    float *row = spatter->line + 6 * (ptrdiff_t)width;
    const CopTorusRow at =
        cop_torus_row(width, spatter->rows, 0, -spatter->creep * (double)index, y);
    cop_torus_read(spatter->torus, width, &at, row + width, row, width);
    for (int x = 0; x < width; x++)
        row[x] *= 1.0F / 65535;
    return row;
}

static CopStatus apply(CopCorrupt *corrupt, CopFrame *frame)
{
    COP_TRY(prepare(corrupt, frame));
    const Spatter *spatter = corrupt->state;
    const int width = frame->width;
    const float amount = (float)spatter->amount;
    for (int y = 0; y < frame->height; y++) {
        const float *mask = spatter->torus ? creeping_row(spatter, frame->index, y)
                                           : spatter->mask + (ptrdiff_t)y * width;
        cop_spatter_row(frame->plane[0] + (ptrdiff_t)y * frame->stride[0], mask, spatter->line,
                        width, spatter->mud ? NULL : &amount);
    }
    return COP_OK;
}

static const char *const columns[] = {"mean",   "std",       "sigma", "threshold",
                                      "amount", "mud_sigma", "mud",   NULL};
static const char *const scaled_columns[] = {"mean",   "std",       "sigma", "threshold",
                                             "amount", "mud_sigma", "mud",   "reach",
                                             "step",   "creep",     NULL};

static const CopSeverityTable tables[] = {
    {COP_PRESET_DEFAULT, "Hendrycks and Dietterich, ICLR 2019; creep: ours", scaled_columns,
     (const double[]){0.65, 0.3, 4, 0.69, 0, 1.5, 0, 20, 1, 0.15},
     (const double[]){0.65, 0.3, 4, 0.69, 0.6, 1.5, 0, 20, 1, 0.15, //
                      0.65, 0.3, 3, 0.68, 0.6, 1.5, 0, 20, 1, 0.15, //
                      0.65, 0.3, 2, 0.68, 0.5, 1.5, 0, 20, 1, 0.15, //
                      0.65, 0.3, 1, 0.65, 0.5, 1.5, 1, 20, 1, 0.15, //
                      0.67, 0.4, 1, 0.65, 0.5, 1.5, 1, 20, 1, 0.15}},
    {"imagenet-c-224", "Hendrycks and Dietterich, ICLR 2019", columns,
     (const double[]){0.65, 0.3, 4, 0.69, 0, 1.5, 0},
     (const double[]){0.65, 0.3, 4, 0.69, 0.6, 1.5, 0, //
                      0.65, 0.3, 3, 0.68, 0.6, 1.5, 0, //
                      0.65, 0.3, 2, 0.68, 0.5, 1.5, 0, //
                      0.65, 0.3, 1, 0.65, 0.5, 1.5, 1, //
                      0.67, 0.4, 1, 0.65, 0.5, 1.5, 1}},
    {"imagenet-c-299", "the same authors, for Inception", columns,
     (const double[]){0.65, 0.3, 4, 0.69, 0, 1.8, 0},
     (const double[]){0.65, 0.3, 4,   0.69, 0.9, 1.8, 0, //
                      0.65, 0.3, 3.5, 0.68, 0.9, 1.8, 0, //
                      0.65, 0.3, 3,   0.68, 0.8, 1.8, 0, //
                      0.65, 0.3, 1.2, 0.65, 0.8, 1.8, 1, //
                      0.67, 0.4, 1.2, 0.65, 0.8, 1.8, 1}},
    {"tiny-64", "Tiny ImageNet-C, same authors", columns,
     (const double[]){0.62, 0.1, 0.7, 0.7, 0, 0.6, 0},
     (const double[]){0.62, 0.1, 0.7, 0.7,  0.6, 0.6, 0, //
                      0.65, 0.1, 0.8, 0.7,  0.6, 0.6, 0, //
                      0.65, 0.3, 1,   0.69, 0.6, 0.6, 0, //
                      0.65, 0.1, 0.7, 0.68, 0.6, 0.6, 1, //
                      0.65, 0.1, 0.5, 0.67, 0.6, 0.6, 1}},
    {"cifar-32", "CIFAR-10-C, same authors", columns,
     (const double[]){0.62, 0.1, 0.7, 0.7, 0, 0.6, 0},
     (const double[]){0.62, 0.1, 0.7, 0.7,  0.5, 0.6, 0, //
                      0.65, 0.1, 0.8, 0.7,  0.5, 0.6, 0, //
                      0.65, 0.3, 1,   0.69, 0.5, 0.6, 0, //
                      0.65, 0.1, 0.7, 0.69, 0.5, 0.6, 1, //
                      0.65, 0.1, 0.5, 0.68, 0.5, 0.6, 1}},
    {.preset = NULL},
};

const CopCorruptDesc cop_corrupt_spatter = {
    .name = "spatter",
    .summary = "drops of water or mud on the lens",
    .reference = "Hendrycks and Dietterich, ICLR 2019",
    .family = COP_FAMILY_WEATHER,
    .flags = COP_CORRUPT_RGB | COP_CORRUPT_RANDOM,
    .temporal = 1u << COP_TEMPORAL_IID | 1u << COP_TEMPORAL_STATIC | 1u << COP_TEMPORAL_COHERENT,
    .temporal_default = COP_TEMPORAL_STATIC,
    .options = options,
    .tables = tables,
    .state_size = sizeof(Spatter),
    .apply = apply,
    .close = close_mask,
};
