/* Snow: the picture pales towards white, and flakes cut from normal noise and blurred
 * along a line are added (Hendrycks and Dietterich, ICLR 2019).
 *
 * The original adds one layer of flakes and the same turned by 180 degrees. Here flakes
 * fall: two layers of different depth, larger than the frame and closed to tori, slide
 * along the direction of their blur, the farther one smaller and slower; the wind sways
 * them across it. All is a closed form of the frame's index.
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#include "pipeline/corrupt/corrupt.h"

#include <math.h>
#include <stdlib.h>

#include "models/core/portable_math.h"
#include "pipeline/corrupt/normal_field.h"
#include "pipeline/corrupt/snow_layer.h"
#include "pipeline/corrupt/torus.h"

/* `draw` of addresses; layers of moving snow count on from the first. */
enum { DRAW_ANGLE, DRAW_FLAKES, LAYERS = 2, SWAY_FRAMES = 150 };

static const double depth[LAYERS] = {1, 0.6}; /* size and speed of layers */

/* What layers were made of. */
typedef struct SnowKey {
    int width, height;
    CopSnowFlakes flakes;
    uint32_t clip, frame;
    bool made;
} SnowKey;

typedef struct Snow {
    double mean, std, zoom, threshold, radius, sigma, weight, speed, sway;
    SnowKey key;
    uint8_t *still; /* [height][width] */
    uint16_t *torus[LAYERS];
    int torus_width[LAYERS], torus_height[LAYERS];
    float *line;  /* float [LAYERS][width], and width + 1 of scratch */
    double *pale; /* double [3 width] */
} Snow;

static const CopOption options[] = {
    {"mean", "mean of the noise that flakes are cut from", COP_TYPE_DOUBLE, offsetof(Snow, mean),
     "0.1", -10, 10, NULL, COP_OPTION_INTERPOLATE},
    {"std", "its standard deviation", COP_TYPE_DOUBLE, offsetof(Snow, std), "0.3", 0, 10, NULL,
     COP_OPTION_INTERPOLATE},
    {"zoom", "size of flakes, in pixels", COP_TYPE_DOUBLE, offsetof(Snow, zoom), "3", 1, 200, NULL,
     COP_OPTION_INTERPOLATE | COP_OPTION_LENGTH},
    {"threshold", "flakes are where the noise is above this", COP_TYPE_DOUBLE,
     offsetof(Snow, threshold), "0.5", -10, 10, NULL, COP_OPTION_INTERPOLATE},
    {"radius", "half the length of the line of blur, in pixels", COP_TYPE_DOUBLE,
     offsetof(Snow, radius), "10", 0, 256, NULL, COP_OPTION_INTERPOLATE | COP_OPTION_LENGTH},
    {"sigma", "of the blur along it, in pixels", COP_TYPE_DOUBLE, offsetof(Snow, sigma), "4", 0,
     256, NULL, COP_OPTION_INTERPOLATE | COP_OPTION_LENGTH},
    {"weight", "of the picture beside its pale version", COP_TYPE_DOUBLE, offsetof(Snow, weight),
     "0.8", 0, 1, NULL, COP_OPTION_INTERPOLATE | COP_OPTION_CONTROLLABLE},
    {"speed", "pixels that near flakes fall a frame", COP_TYPE_DOUBLE, offsetof(Snow, speed), "14",
     0, 10000, NULL, COP_OPTION_INTERPOLATE | COP_OPTION_LENGTH},
    {"sway", "degrees that the wind turns their way to either side", COP_TYPE_DOUBLE,
     offsetof(Snow, sway), "10", 0, 60, NULL, COP_OPTION_CONTROLLABLE},
    COP_OPTIONS_END,
};

static void close_layers(CopCorrupt *corrupt)
{
    Snow *snow = corrupt->state;
    free(snow->still);
    free(snow->torus[0]);
    free(snow->torus[1]);
    free(snow->line);
    free(snow->pale);
    snow->still = NULL;
    snow->torus[0] = snow->torus[1] = NULL;
    snow->line = NULL;
    snow->pale = NULL;
    snow->key = (SnowKey){.made = false};
}

static CopStatus make_still(const CopCorrupt *corrupt, Snow *snow, const SnowKey *key)
{
    const CopSnowCrop crop = cop_snow_crop(key->width, key->height, key->flakes.zoom);
    const CopRngAddress at = {.draw = DRAW_FLAKES, .frame = key->frame, .clip = key->clip};
    double *field = malloc((size_t)crop.width * (size_t)crop.height * sizeof *field);
    snow->still = malloc((size_t)key->width * (size_t)key->height);
    CopStatus status = field && snow->still ? COP_OK : COP_ERR_NOMEM;
    if (status == COP_OK) {
        for (int y = 0; y < crop.height; y++)
            cop_normal_field(corrupt->key, at,
                             (uint32_t)(crop.top + y) * (uint32_t)key->width + (uint32_t)crop.left,
                             key->flakes.mean, key->flakes.std, field + (ptrdiff_t)y * crop.width,
                             crop.width);
        status = cop_snow_still(field, key->width, key->height, &key->flakes, snow->still);
    }
    free(field);
    return status;
}

static CopStatus make_tori(const CopCorrupt *corrupt, Snow *snow, const SnowKey *key)
{
    for (int i = 0; i < LAYERS; i++) {
        CopSnowFlakes flakes = key->flakes;
        flakes.zoom = fmax(flakes.zoom * depth[i], 1);
        flakes.radius *= depth[i];
        flakes.sigma *= depth[i];
        /* Sizes that have no short common multiple: the same picture never comes back. */
        const int width = snow->torus_width[i] = key->width + key->width / (4 + i) + 16 + 3 * i;
        const int height = snow->torus_height[i] = 2 * key->height + 64 + 7 * i;
        snow->torus[i] = malloc((size_t)width * (size_t)height * sizeof **snow->torus);
        if (!snow->torus[i])
            return COP_ERR_NOMEM;
        const CopRngAddress at = {.draw = DRAW_FLAKES + (uint32_t)i, .frame = 0, .clip = key->clip};
        COP_TRY(cop_snow_torus(corrupt->key, at, width, height, &flakes, snow->torus[i]));
    }
    return COP_OK;
}

static bool same_key(const SnowKey *a, const SnowKey *b)
{
    const CopSnowFlakes *x = &a->flakes, *y = &b->flakes;
    return a->made && a->width == b->width && a->height == b->height && a->clip == b->clip &&
           a->frame == b->frame && x->mean == y->mean && x->std == y->std && x->zoom == y->zoom &&
           x->threshold == y->threshold && x->radius == y->radius && x->sigma == y->sigma &&
           x->angle == y->angle;
}

static CopStatus make_layers(CopCorrupt *corrupt, const SnowKey *key)
{
    Snow *snow = corrupt->state;
    close_layers(corrupt);
    const size_t width = (size_t)key->width;
    snow->line = malloc((3 * width + 1) * sizeof *snow->line);
    snow->pale = malloc(3 * width * sizeof *snow->pale);
    if (!snow->line || !snow->pale)
        return COP_ERR_NOMEM;
    if (corrupt->temporal == COP_TEMPORAL_COHERENT)
        COP_TRY(make_tori(corrupt, snow, key));
    else
        COP_TRY(make_still(corrupt, snow, key));
    snow->key = *key;
    return COP_OK;
}

static CopStatus prepare(CopCorrupt *corrupt, const CopFrame *frame)
{
    const Snow *snow = corrupt->state;
    SnowKey key = {
        .width = frame->width,
        .height = frame->height,
        .flakes = {.mean = snow->mean,
                   .std = snow->std,
                   .zoom = snow->zoom,
                   .threshold = snow->threshold,
                   .radius = snow->radius,
                   .sigma = snow->sigma},
        .clip = corrupt->clip,
        .frame = cop_corrupt_drawn_at(corrupt, frame->index),
        .made = true,
    };
    const CopRngAddress at = {.draw = DRAW_ANGLE, .frame = key.frame, .clip = key.clip};
    key.flakes.angle = -135 + 90 * cop_rng_uniform(corrupt->key, 0, at);
    return same_key(&snow->key, &key) ? COP_OK : make_layers(corrupt, &key);
}

/* How far a layer of depth 1 has moved by frame `index`: against the tail of the blur, which
 * reads upwards, and across it as far as turns its way by `sway`. */
static void way_of(const Snow *snow, int64_t index, double *x, double *y)
{
    double sine, cosine, tilt, unused, phase;
    const double turn = 2 * COP_PI;
    cop_sin_cos(snow->key.flakes.angle * turn / 360, &sine, &cosine);
    cop_sin_cos(snow->sway * turn / 360, &tilt, &unused);
    cop_sin_cos(turn * (double)(index % SWAY_FRAMES) / SWAY_FRAMES, &phase, &unused);
    const double along = snow->speed * (double)index;
    const double across = snow->speed * tilt * SWAY_FRAMES / turn * phase;
    *x = -along * cosine + across * sine;
    *y = -along * sine - across * cosine;
}

/* A row of the layer and of the same turned by 180 degrees. */
static void still_row(const Snow *snow, int y, float *front, float *back)
{
    const int width = snow->key.width, last = snow->key.height - 1;
    const uint8_t *row = snow->still + (ptrdiff_t)y * width;
    const uint8_t *turned = snow->still + (ptrdiff_t)(last - y) * width;
    for (int x = 0; x < width; x++) {
        front[x] = row[x];
        back[x] = turned[width - 1 - x];
    }
}

static CopStatus apply(CopCorrupt *corrupt, CopFrame *frame)
{
    COP_TRY(prepare(corrupt, frame));
    const Snow *snow = corrupt->state;
    const bool moves = corrupt->temporal == COP_TEMPORAL_COHERENT;
    const int width = frame->width;
    float *front = snow->line, *back = front + width, *scratch = back + width;
    double x_moved, y_moved;
    way_of(snow, frame->index, &x_moved, &y_moved);
    for (int y = 0; y < frame->height; y++) {
        if (!moves)
            still_row(snow, y, front, back);
        for (int i = 0; moves && i < LAYERS; i++) {
            const CopTorusRow at = cop_torus_row(snow->torus_width[i], snow->torus_height[i],
                                                 -x_moved * depth[i], -y_moved * depth[i], y);
            cop_torus_read(snow->torus[i], snow->torus_width[i], &at, scratch, i ? back : front,
                           width);
        }
        cop_snow_row(frame->plane[0] + (ptrdiff_t)y * frame->stride[0], front, back,
                     moves ? 65535 : 255, snow->pale, width, snow->weight);
    }
    return COP_OK;
}

static const char *const scaled_columns[] = {"mean",  "std",    "zoom",  "threshold", "radius",
                                             "sigma", "weight", "speed", NULL};
static const char *const columns[] = {"mean",   "std",   "zoom",   "threshold",
                                      "radius", "sigma", "weight", NULL};

#define IMAGENET_C                                                                                 \
    (const double[])                                                                               \
    {                                                                                              \
        0.1, 0.3, 3, 0.5, 10, 4, 0.8,          /* */                                               \
            0.2, 0.3, 2, 0.5, 12, 4, 0.7,      /* */                                               \
            0.55, 0.3, 4, 0.9, 12, 8, 0.7,     /* */                                               \
            0.55, 0.3, 4.5, 0.85, 12, 8, 0.65, /* */                                               \
            0.55, 0.3, 2.5, 0.85, 12, 12, 0.55,                                                    \
    }

/* The identity's threshold is above what noise reaches. */
static const CopSeverityTable tables[] = {
    {COP_PRESET_DEFAULT, "Hendrycks and Dietterich, ICLR 2019; speed: ours", scaled_columns,
     (const double[]){0.1, 0.3, 3, 2, 10, 4, 1, 14},
     (const double[]){0.1,  0.3, 3,   0.5,  10, 4,  0.8,  14, //
                      0.2,  0.3, 2,   0.5,  12, 4,  0.7,  16, //
                      0.55, 0.3, 4,   0.9,  12, 8,  0.7,  16, //
                      0.55, 0.3, 4.5, 0.85, 12, 8,  0.65, 16, //
                      0.55, 0.3, 2.5, 0.85, 12, 12, 0.55, 16}},
    {"imagenet-c-224", "Hendrycks and Dietterich, ICLR 2019", columns,
     (const double[]){0.1, 0.3, 3, 2, 10, 4, 1}, IMAGENET_C},
    {"imagenet-c-299", "the same authors, for Inception", columns,
     (const double[]){0.1, 0.3, 3, 2, 10, 4, 1}, IMAGENET_C},
    {"tiny-64", "Tiny ImageNet-C, same authors", columns, (const double[]){0.1, 0.2, 1, 2, 8, 3, 1},
     (const double[]){0.1,  0.2, 1,    0.6,  8,  3,  0.8,  //
                      0.1,  0.2, 1,    0.5,  10, 4,  0.8,  //
                      0.15, 0.3, 1.75, 0.55, 10, 4,  0.7,  //
                      0.25, 0.3, 2.25, 0.6,  12, 6,  0.65, //
                      0.3,  0.3, 1.25, 0.65, 14, 12, 0.6}},
    {"cifar-32", "CIFAR-10-C, same authors", columns, (const double[]){0.1, 0.2, 1, 2, 8, 3, 1},
     (const double[]){0.1,  0.2, 1,    0.6,  8,  3,  0.95, //
                      0.1,  0.2, 1,    0.5,  10, 4,  0.9,  //
                      0.15, 0.3, 1.75, 0.55, 10, 4,  0.9,  //
                      0.25, 0.3, 2.25, 0.6,  12, 6,  0.85, //
                      0.3,  0.3, 1.25, 0.65, 14, 12, 0.8}},
    {.preset = NULL},
};

const CopCorruptDesc cop_corrupt_snow = {
    .name = "snow",
    .summary = "falling flakes and a pale picture",
    .reference = "Hendrycks and Dietterich, ICLR 2019",
    .family = COP_FAMILY_WEATHER,
    .flags = COP_CORRUPT_RGB | COP_CORRUPT_RANDOM,
    .temporal = 1u << COP_TEMPORAL_IID | 1u << COP_TEMPORAL_STATIC | 1u << COP_TEMPORAL_COHERENT,
    .temporal_default = COP_TEMPORAL_COHERENT,
    .options = options,
    .tables = tables,
    .state_size = sizeof(Snow),
    .apply = apply,
    .close = close_layers,
};
