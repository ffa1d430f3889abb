/* Fog: y = trunc(255 clip((x + w P) M / (M + w))), P a plasma map of range 0..1, M the
 * maximum of the picture (Hendrycks and Dietterich, ICLR 2019).
 *
 * The originals draw a map for each picture, or one for a clip (mini Kinetics-C). Here
 * fog drifts: P slides over its torus by parts of a pixel, and is a mixture of two maps
 * whose weights go round a circle, so that it changes its shape for ever and keeps its
 * mean and variance. M of each frame would make video flicker; moving fog takes M = 1.
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#include "pipeline/corrupt/corrupt.h"

#include <stdlib.h>

#include "models/core/portable_math.h"
#include "pipeline/corrupt/fog_veil.h"
#include "pipeline/corrupt/plasma.h"
#include "pipeline/corrupt/tiers.h"
#include "pipeline/corrupt/torus.h"

typedef enum Maximum { MAXIMUM_AUTO, MAXIMUM_FRAME, MAXIMUM_ONE } Maximum;
static const char *const maximum_names[] = {"auto", "frame", "one", NULL};

/* What maps were made of. */
typedef struct FogKey {
    int width, height, side;
    double decay;
    uint32_t clip;
    int64_t frame; /* of fresh maps; else 0 */
    bool made;
} FogKey;

typedef struct Fog {
    double weight, decay, drift_x, drift_y;
    int map_size, maximum, morph;
    FogKey key;
    double *still;    /* [height][width] of one map: what the originals use */
    double *whole;    /* [side][side]: where maps are drawn; kept for a fresh one a frame */
    uint16_t *map[2]; /* [side][side] of what moves, of a range of 65535 */
    double mean[2];   /* of these */
    float *line;      /* rows of scratch: float [3][width + 1] */
    double *row;      /* [width]: a row of P */
} Fog;

static const CopOption options[] = {
    {"weight", "weight of the fog beside the picture", COP_TYPE_DOUBLE, offsetof(Fog, weight), "2",
     0, 100, NULL, COP_OPTION_INTERPOLATE | COP_OPTION_CONTROLLABLE},
    {"decay", "what amplitudes are divided by twice an octave: high is smooth", COP_TYPE_DOUBLE,
     offsetof(Fog, decay), "2", 1, 10, NULL, COP_OPTION_INTERPOLATE | COP_OPTION_CONTROLLABLE},
    {"map_size", "side of the map, made a power of two; 0: what covers the frame", COP_TYPE_INT,
     offsetof(Fog, map_size), "0", 0, COP_PLASMA_SIDE_MAX, NULL, 0},
    {"maximum", "M: of each frame, or one; auto: one where fog moves", COP_TYPE_CHOICE,
     offsetof(Fog, maximum), "auto", 0, 0, maximum_names, 0},
    {"drift_x", "pixels to the right a frame, where fog moves", COP_TYPE_DOUBLE,
     offsetof(Fog, drift_x), "0.3", -1000, 1000, NULL, COP_OPTION_LENGTH | COP_OPTION_CONTROLLABLE},
    {"drift_y", "pixels down a frame, where fog moves", COP_TYPE_DOUBLE, offsetof(Fog, drift_y),
     "0.05", -1000, 1000, NULL, COP_OPTION_LENGTH | COP_OPTION_CONTROLLABLE},
    {"morph", "frames until moving fog has its shape again; 0: it keeps its shape", COP_TYPE_INT,
     offsetof(Fog, morph), "900", 0, 1000000, NULL, COP_OPTION_CONTROLLABLE},
    COP_OPTIONS_END,
};

static void close_maps(CopCorrupt *corrupt)
{
    Fog *fog = corrupt->state;
    free(fog->still);
    free(fog->whole);
    free(fog->map[0]);
    free(fog->map[1]);
    free(fog->line);
    free(fog->row);
    fog->still = fog->whole = fog->row = NULL;
    fog->map[0] = fog->map[1] = NULL;
    fog->line = NULL;
    fog->key = (FogKey){.made = false};
}

COP_TIERS static void to_words(const double *restrict x, uint16_t *restrict y, size_t n)
{
    for (size_t i = 0; i < n; i++)
        y[i] = (uint16_t)(int)(x[i] * 65535 + 0.5);
}

static double mean_of(const double *x, size_t n)
{
    double sum = 0;
    for (size_t i = 0; i < n; i++)
        sum += x[i];
    return sum / (double)n;
}

static void crop(double *out, int width, int height, const double *map, int side)
{
    for (int y = 0; y < height; y++)
        for (int x = 0; x < width; x++)
            out[(size_t)y * (size_t)width + (size_t)x] =
                map[(size_t)(y % side) * (size_t)side + (size_t)(x % side)];
}

/* Draws the map or the two that the mode needs. */
static void draw_maps(const CopCorrupt *corrupt, Fog *fog)
{
    double *whole = fog->whole;
    const FogKey *key = &fog->key;
    const size_t n = (size_t)key->side * (size_t)key->side;
    const bool moves = corrupt->temporal == COP_TEMPORAL_COHERENT;
    const int maps = moves ? 2 : 1;
    for (int i = 0; i < maps; i++) {
        const CopPlasmaWords words = {
            .key = corrupt->key,
            .at = {.draw = (uint32_t)i, .frame = (uint32_t)key->frame, .clip = corrupt->clip}};
        cop_plasma(whole, key->side, key->decay, cop_plasma_words, &words);
        if (moves) {
            to_words(whole, fog->map[i], n);
            fog->mean[i] = mean_of(whole, n);
        } else {
            crop(fog->still, key->width, key->height, whole, key->side);
        }
    }
}

static CopStatus make_maps(CopCorrupt *corrupt, const FogKey *key)
{
    Fog *fog = corrupt->state;
    if (fog->key.width != key->width || fog->key.height != key->height ||
        fog->key.side != key->side)
        close_maps(corrupt);
    const size_t width = (size_t)key->width, n = (size_t)key->side * (size_t)key->side;
    if (!fog->line) {
        fog->line = malloc(3 * (width + 1) * sizeof *fog->line);
        fog->row = malloc(width * sizeof *fog->row);
        if (corrupt->temporal == COP_TEMPORAL_COHERENT)
            for (int i = 0; i < 2; i++)
                fog->map[i] = malloc(n * sizeof **fog->map);
        else
            fog->still = malloc(width * (size_t)key->height * sizeof *fog->still);
    }
    if (!fog->whole)
        fog->whole = malloc(n * sizeof *fog->whole);
    if (!fog->whole || !fog->line || !fog->row || !(fog->still || (fog->map[0] && fog->map[1]))) {
        close_maps(corrupt);
        return COP_ERR_NOMEM;
    }
    fog->key = *key;
    fog->key.made = true;
    draw_maps(corrupt, fog);
    if (corrupt->temporal != COP_TEMPORAL_IID) {
        free(fog->whole);
        fog->whole = NULL;
    }
    return COP_OK;
}

static bool same_key(const FogKey *a, const FogKey *b)
{
    return a->made && a->width == b->width && a->height == b->height && a->side == b->side &&
           a->decay == b->decay && a->clip == b->clip && a->frame == b->frame;
}

static CopStatus prepare(CopCorrupt *corrupt, const CopFrame *frame)
{
    const Fog *fog = corrupt->state;
    const int longer = frame->width > frame->height ? frame->width : frame->height;
    const FogKey key = {
        .width = frame->width,
        .height = frame->height,
        .side = cop_plasma_side(fog->map_size ? fog->map_size : longer),
        .decay = fog->decay,
        .clip = corrupt->clip,
        .frame = cop_corrupt_drawn_at(corrupt, frame->index),
    };
    return same_key(&fog->key, &key) ? COP_OK : make_maps(corrupt, &key);
}

/* How much of each map frame `index` takes, and what keeps the mean. */
typedef struct Mixture {
    float share[2], offset;
} Mixture;

static Mixture mixture_at(const Fog *fog, int64_t index)
{
    double sine = 0, cosine = 1;
    if (fog->morph > 0)
        cop_sin_cos(2 * COP_PI * (double)(index % fog->morph) / fog->morph, &sine, &cosine);
    const double mean = cosine * cosine * fog->mean[0] + sine * sine * fog->mean[1];
    return (Mixture){.share = {(float)(cosine / 65535), (float)(sine / 65535)},
                     .offset = (float)(mean - cosine * fog->mean[0] - sine * fog->mean[1])};
}

COP_TIERS static void mix_maps(const float *restrict a, const float *restrict b,
                               double *restrict out, int n, Mixture mixture)
{
    for (int i = 0; i < n; i++) {
        float p = mixture.share[0] * a[i] + mixture.share[1] * b[i] + mixture.offset;
        p = p < 0 ? 0 : p;
        out[i] = (double)(p > 1 ? 1 : p);
    }
}

static void moving_row(const Fog *fog, const CopFrame *frame, int y, Mixture mixture)
{
    const int width = frame->width, side = fog->key.side;
    const double left = -(double)frame->index * fog->drift_x;
    const double top = -(double)frame->index * fog->drift_y;
    const CopTorusRow at = cop_torus_row(side, side, left, top, y);
    float *a = fog->line + width + 1, *b = a + width + 1;
    cop_torus_read(fog->map[0], side, &at, fog->line, a, width);
    cop_torus_read(fog->map[1], side, &at, fog->line, b, width);
    mix_maps(a, b, fog->row, width, mixture);
}

static CopStatus apply(CopCorrupt *corrupt, CopFrame *frame)
{
    COP_TRY(prepare(corrupt, frame));
    const Fog *fog = corrupt->state;
    const bool moves = corrupt->temporal == COP_TEMPORAL_COHERENT;
    const bool of_frame = fog->maximum == MAXIMUM_FRAME || (fog->maximum == MAXIMUM_AUTO && !moves);
    const double maximum = of_frame ? cop_fog_maximum(frame) : 1;
    const Mixture mixture = mixture_at(fog, frame->index);
    const int width = frame->width;
    for (int y = 0; y < frame->height; y++) {
        if (moves)
            moving_row(fog, frame, y, mixture);
        const double *map = moves ? fog->row : fog->still + (size_t)y * (size_t)width;
        cop_fog_row(frame->plane[0] + (ptrdiff_t)y * frame->stride[0], map, width, fog->weight,
                    maximum);
    }
    return COP_OK;
}

static const char *const scaled_columns[] = {"weight", "decay", "drift_x", "drift_y", NULL};
static const char *const columns[] = {"weight", "decay", "map_size", NULL};

static const CopSeverityTable tables[] = {
    {COP_PRESET_DEFAULT, "Hendrycks and Dietterich, ICLR 2019; drift: ours", scaled_columns,
     (const double[]){0, 2, 0.3, 0.05}, (const double[]){1.5, 2,   0.3, 0.05, //
                                                         2,   2,   0.3, 0.05, //
                                                         2.5, 1.7, 0.3, 0.05, //
                                                         2.5, 1.5, 0.3, 0.05, //
                                                         3,   1.4, 0.3, 0.05}},
    {"imagenet-c-224", "Hendrycks and Dietterich, ICLR 2019", columns, (const double[]){0, 2, 256},
     (const double[]){1.5, 2, 256, 2, 2, 256, 2.5, 1.7, 256, 2.5, 1.5, 256, 3, 1.4, 256}},
    {"imagenet-c-299", "the same authors, for Inception", columns, (const double[]){0, 2, 512},
     (const double[]){1.5, 2, 512, 2, 2, 512, 2.5, 1.8, 512, 2.5, 1.6, 512, 3, 1.5, 512}},
    {"tiny-64", "Tiny ImageNet-C, same authors", columns, (const double[]){0, 3, 64},
     (const double[]){0.4, 3, 64, 0.7, 3, 64, 1, 2.5, 64, 1.5, 2, 64, 2, 1.75, 64}},
    {"cifar-32", "CIFAR-10-C, same authors", columns, (const double[]){0, 3, 32},
     (const double[]){0.2, 3, 32, 0.5, 3, 32, 0.75, 2.5, 32, 1, 2, 32, 1.5, 1.75, 32}},
    {"kinetics-c", "Yi et al., NeurIPS 2021 (with temporal = static)", columns,
     (const double[]){0, 2, 256},
     (const double[]){1.5, 2, 256, 2, 2, 256, 2.5, 1.7, 256, 2.5, 1.5, 256, 3, 1.4, 256}},
    {.preset = NULL},
};

const CopCorruptDesc cop_corrupt_fog = {
    .name = "fog",
    .summary = "drifting fog of plasma maps",
    .reference = "Hendrycks and Dietterich, ICLR 2019; Yi et al., NeurIPS 2021",
    .family = COP_FAMILY_WEATHER,
    .flags = COP_CORRUPT_RGB | COP_CORRUPT_RANDOM,
    .temporal = 1u << COP_TEMPORAL_IID | 1u << COP_TEMPORAL_STATIC | 1u << COP_TEMPORAL_COHERENT,
    .temporal_default = COP_TEMPORAL_COHERENT,
    .options = options,
    .tables = tables,
    .state_size = sizeof(Fog),
    .apply = apply,
    .close = close_maps,
};
