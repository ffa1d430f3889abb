/* Frost: y = trunc(clip(a x + b F)) on levels, F a picture of frost on a window (Hendrycks
 * and Dietterich, ICLR 2019).
 *
 * The original crops photographs whose origin nobody documents. Here F is grown from
 * random numbers (frost_texture.h) to their statistics, or cropped from pictures in a
 * folder of the user's. Frost sits on the lens: by default a clip has one F. Asked to move
 * (`coherent`) it spreads from the border, bright crystals first, until all is covered.
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#include "pipeline/corrupt/corrupt.h"

#include <stdlib.h>

#include "pipeline/corrupt/frost_pictures.h"
#include "pipeline/corrupt/frost_texture.h"
#include "pipeline/corrupt/tiers.h"

/* `draw` of addresses; the texture's are those from there on. */
enum { DRAW_CROP, DRAW_TEXTURE };

/* What F was made of. */
typedef struct FrostKey {
    int width, height;
    double scale;
    uint32_t clip, frame;
    bool made;
} FrostKey;

typedef struct Frost {
    double weight, frost_weight, scale;
    int growth;
    char *folder;
    CopFrostPictures pictures;
    FrostKey key;
    uint8_t *texture; /* [height][width][3] */
    float *arrival; /* [height][width] when frost comes, 0..1; only where it spreads; then a row */
} Frost;

static const CopOption options[] = {
    {"weight", "of the picture", COP_TYPE_DOUBLE, offsetof(Frost, weight), "0.8", 0, 10, NULL,
     COP_OPTION_INTERPOLATE | COP_OPTION_CONTROLLABLE},
    {"frost_weight", "of the frost", COP_TYPE_DOUBLE, offsetof(Frost, frost_weight), "0.6", 0, 10,
     NULL, COP_OPTION_INTERPOLATE | COP_OPTION_CONTROLLABLE},
    {"scale", "size of the frost's structures, of pictures of a folder", COP_TYPE_DOUBLE,
     offsetof(Frost, scale), "1", 0.02, 100, NULL, COP_OPTION_LENGTH},
    {"folder", "of pictures of frost, PNG or JPEG; empty: frost is generated", COP_TYPE_STRING,
     offsetof(Frost, folder), "", 0, 0, NULL, 0},
    {"growth", "frames until all is covered, where frost spreads", COP_TYPE_INT,
     offsetof(Frost, growth), "300", 1, 1000000, NULL, COP_OPTION_CONTROLLABLE},
    COP_OPTIONS_END,
};

static void close_texture(CopCorrupt *corrupt)
{
    Frost *frost = corrupt->state;
    free(frost->texture);
    free(frost->arrival);
    frost->texture = NULL;
    frost->arrival = NULL;
    frost->key = (FrostKey){.made = false};
    cop_frost_pictures_free(&frost->pictures);
}

static CopStatus init(CopCorrupt *corrupt, CopError *err)
{
    Frost *frost = corrupt->state;
    return *frost->folder ? cop_frost_pictures_list(&frost->pictures, frost->folder, err) : COP_OK;
}

static CopStatus fill(const CopCorrupt *corrupt, const Frost *frost, const FrostKey *key)
{
    CopRngAddress at = {.draw = DRAW_TEXTURE, .frame = key->frame, .clip = key->clip};
    if (!*frost->folder)
        return cop_frost_texture(corrupt->key, at, key->width, key->height, key->scale,
                                 frost->texture);
    at.draw = DRAW_CROP;
    const uint32_t which = cop_rng_below(corrupt->key, 0, at, (uint32_t)frost->pictures.n);
    return cop_frost_picture_crop(frost->pictures.path[which], key->width, key->height, key->scale,
                                  cop_rng_uniform(corrupt->key, 1, at),
                                  cop_rng_uniform(corrupt->key, 2, at), frost->texture);
}

/* Far from the border frost comes later, where it is thick earlier. */
static void time_arrival(const Frost *frost, const FrostKey *key)
{
    const int width = key->width, height = key->height;
    const float half = (float)(width < height ? width : height) / 2;
    float least = 2, most = -2;
    for (int y = 0; y < height; y++)
        for (int x = 0; x < width; x++) {
            const int across = x < width - x ? x : width - x,
                      down = y < height - y ? y : height - y;
            const ptrdiff_t i = (ptrdiff_t)y * width + x;
            const float t =
                (float)(across < down ? across : down) / half - (float)frost->texture[3 * i] / 300;
            frost->arrival[i] = t;
            least = t < least ? t : least;
            most = t > most ? t : most;
        }
    const float range = most > least ? most - least : 1;
    for (ptrdiff_t i = 0; i < (ptrdiff_t)width * height; i++)
        frost->arrival[i] = (frost->arrival[i] - least) / range;
}

static bool same_key(const FrostKey *a, const FrostKey *b)
{
    return a->made && a->width == b->width && a->height == b->height && a->scale == b->scale &&
           a->clip == b->clip && a->frame == b->frame;
}

static CopStatus prepare(CopCorrupt *corrupt, const CopFrame *frame)
{
    Frost *frost = corrupt->state;
    const FrostKey key = {
        .width = frame->width,
        .height = frame->height,
        .scale = frost->scale,
        .clip = corrupt->clip,
        .frame = cop_corrupt_drawn_at(corrupt, frame->index),
        .made = true,
    };
    if (same_key(&frost->key, &key))
        return COP_OK;
    frost->key.made = false;
    const size_t n = (size_t)frame->width * (size_t)frame->height;
    uint8_t *texture = realloc(frost->texture, 3 * n);
    if (!texture)
        return COP_ERR_NOMEM;
    frost->texture = texture;
    COP_TRY(fill(corrupt, frost, &key));
    if (corrupt->temporal == COP_TEMPORAL_COHERENT) {
        float *arrival = realloc(frost->arrival, (n + (size_t)frame->width) * sizeof *arrival);
        if (!arrival)
            return COP_ERR_NOMEM;
        frost->arrival = arrival;
        time_arrival(frost, &key);
    }
    frost->key = key;
    return COP_OK;
}

COP_TIERS static void blend(uint8_t *restrict x, const uint8_t *restrict f, int n, double a,
                            double b)
{
    for (int i = 0; i < n; i++) {
        const double y = a * x[i] + b * f[i];
        x[i] = (uint8_t)(int)(y > 255 ? 255 : y);
    }
}

/* How much of the frost is there at each pixel: it takes a tenth of the whole time to come. */
COP_TIERS static void arrive(const float *restrict arrival, float *restrict cover, int n,
                             float front)
{
    for (int i = 0; i < n; i++) {
        float c = (front - arrival[i]) * 10;
        c = c < 0 ? 0 : c;
        cover[i] = c > 1 ? 1 : c;
    }
}

COP_TIERS static void blend_part(uint8_t *restrict x, const uint8_t *restrict f,
                                 const float *restrict cover, int n, float a, float b)
{
    for (int i = 0; i < n; i++)
        for (int c = 0; c < 3; c++) {
            const float level = (float)x[3 * i + c];
            const float y = level + cover[i] * (a * level + b * (float)f[3 * i + c] - level);
            x[3 * i + c] = (uint8_t)(int)(y < 0 ? 0 : y > 255 ? 255 : y);
        }
}

static CopStatus apply(CopCorrupt *corrupt, CopFrame *frame)
{
    COP_TRY(prepare(corrupt, frame));
    const Frost *frost = corrupt->state;
    const int width = frame->width;
    /* The border is covered from the start. */
    const double grown = (double)frame->index / frost->growth;
    const float front = (float)(0.3 + 0.8 * (grown < 1 ? grown : 1));
    for (int y = 0; y < frame->height; y++) {
        uint8_t *x = frame->plane[0] + (ptrdiff_t)y * frame->stride[0];
        const uint8_t *f = frost->texture + (ptrdiff_t)y * width * 3;
        if (frost->arrival) {
            float *cover = frost->arrival + (ptrdiff_t)frame->height * width;
            arrive(frost->arrival + (ptrdiff_t)y * width, cover, width, front);
            blend_part(x, f, cover, width, (float)frost->weight, (float)frost->frost_weight);
        } else {
            blend(x, f, 3 * width, frost->weight, frost->frost_weight);
        }
    }
    return COP_OK;
}

static const char *const columns[] = {"weight", "frost_weight", "scale", NULL};

static const CopSeverityTable tables[] = {
    {COP_PRESET_DEFAULT, "Hendrycks and Dietterich, ICLR 2019", columns, (const double[]){1, 0, 1},
     (const double[]){1, 0.4, 1, 0.8, 0.6, 1, 0.7, 0.7, 1, 0.65, 0.7, 1, 0.6, 0.75, 1}},
    {"imagenet-c-224", "Hendrycks and Dietterich, ICLR 2019", columns, (const double[]){1, 0, 1},
     (const double[]){1, 0.4, 1, 0.8, 0.6, 1, 0.7, 0.7, 1, 0.65, 0.7, 1, 0.6, 0.75, 1}},
    {"imagenet-c-299", "the same authors, for Inception", columns, (const double[]){1, 0, 1},
     (const double[]){1, 0.4, 1, 0.8, 0.6, 1, 0.7, 0.7, 1, 0.65, 0.7, 1, 0.6, 0.75, 1}},
    {"tiny-64", "Tiny ImageNet-C, same authors", columns, (const double[]){1, 0, 0.3},
     (const double[]){1, 0.3, 0.3, 0.9, 0.4, 0.3, 0.8, 0.45, 0.3, 0.75, 0.5, 0.3, 0.7, 0.55, 0.3}},
    {"cifar-32", "CIFAR-10-C, same authors", columns, (const double[]){1, 0, 0.2},
     (const double[]){1, 0.2, 0.2, 1, 0.3, 0.2, 0.9, 0.4, 0.2, 0.85, 0.4, 0.2, 0.75, 0.45, 0.2}},
    {.preset = NULL},
};

const CopCorruptDesc cop_corrupt_frost = {
    .name = "frost",
    .summary = "frost on the lens: crystals that are grown, or pictures of a folder",
    .reference = "Hendrycks and Dietterich, ICLR 2019",
    .family = COP_FAMILY_WEATHER,
    .flags = COP_CORRUPT_RGB | COP_CORRUPT_RANDOM,
    .temporal = 1u << COP_TEMPORAL_IID | 1u << COP_TEMPORAL_STATIC | 1u << COP_TEMPORAL_COHERENT,
    .temporal_default = COP_TEMPORAL_STATIC,
    .options = options,
    .tables = tables,
    .state_size = sizeof(Frost),
    .init = init,
    .apply = apply,
    .close = close_texture,
};
