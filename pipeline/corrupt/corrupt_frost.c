/* Frost: y = trunc(clip(a x + b F)) on levels, F a picture of frost on a window (Hendrycks
 * and Dietterich, ICLR 2019).
 *
 * The original crops photographs whose origin nobody documents. Here F is grown from
 * random numbers (frost_texture.h) to their statistics, or cropped from pictures in a
 * folder of the user's. Frost sits on the lens: by default a clip has one F.
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#include "pipeline/corrupt/corrupt.h"

#include <stdlib.h>
#include <string.h>

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
    char *folder;
    CopFrostPictures pictures;
    FrostKey key;
    uint8_t *texture; /* [height][width][3] */
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
    COP_OPTIONS_END,
};

static void close_texture(CopCorrupt *corrupt)
{
    Frost *frost = corrupt->state;
    free(frost->texture);
    frost->texture = NULL;
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
        .frame = corrupt->temporal == COP_TEMPORAL_IID ? (uint32_t)frame->index : 0,
        .made = true,
    };
    if (same_key(&frost->key, &key))
        return COP_OK;
    frost->key.made = false;
    uint8_t *texture = realloc(frost->texture, 3 * (size_t)frame->width * (size_t)frame->height);
    if (!texture)
        return COP_ERR_NOMEM;
    frost->texture = texture;
    COP_TRY(fill(corrupt, frost, &key));
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

static CopStatus apply(CopCorrupt *corrupt, CopFrame *frame)
{
    COP_TRY(prepare(corrupt, frame));
    const Frost *frost = corrupt->state;
    const int row_bytes = 3 * frame->width;
    for (int y = 0; y < frame->height; y++)
        blend(frame->plane[0] + (ptrdiff_t)y * frame->stride[0],
              frost->texture + (ptrdiff_t)y * row_bytes, row_bytes, frost->weight,
              frost->frost_weight);
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
    .temporal = 1u << COP_TEMPORAL_IID | 1u << COP_TEMPORAL_STATIC,
    .temporal_default = COP_TEMPORAL_STATIC,
    .options = options,
    .tables = tables,
    .state_size = sizeof(Frost),
    .init = init,
    .apply = apply,
    .close = close_texture,
};
