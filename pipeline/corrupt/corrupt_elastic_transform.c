/* Elastic transform: an affine map whose three points are jittered, then a displacement
 * by a filtered field, bilinear both (Simard et al., ICDAR 2003; Hendrycks and
 * Dietterich, ICLR 2019).
 *
 * A fresh field a frame shuffles a clip, which no optics do. So by default one field
 * stays for the clip; `coherent` lets it drift as F(t) = A cos w t + B sin w t of two
 * independent fields, which has the same variance at all times. Fields are kept from
 * frame to frame and drawn anew when clip, size or filter change.
 *
 * A filtered field shrinks as its filter widens; so where lengths follow the picture's
 * size, displacements are multiplied by that scale beside alpha itself. affine=0 with
 * alpha=14, sigma=2.24 is the variant of the imagecorruptions package at 224.
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#include "pipeline/corrupt/corrupt.h"

#include <stdlib.h>

#include "models/core/portable_math.h"
#include "pipeline/corrupt/elastic.h"

enum { FIELDS = 2 };
enum { DX, DY, JITTER, DRAWS }; /* of one field; the next one begins at DRAWS */

typedef struct Elastic {
    double alpha, sigma, affine;
    int period;
    /* What the fields were drawn for. */
    struct {
        int width, height, fields;
        uint32_t frame, clip;
        double amplitude, sigma;
    } drawn;
    float *dx[FIELDS], *dy[FIELDS];
    float *scratch;
} Elastic;

static const CopOption options[] = {
    {"alpha", "displacements are the filtered field times this", COP_TYPE_DOUBLE,
     offsetof(Elastic, alpha), "12.2", 0, 100000, NULL,
     COP_OPTION_INTERPOLATE | COP_OPTION_CONTROLLABLE | COP_OPTION_LENGTH},
    {"sigma", "of the Gaussian that filters the field, in pixels", COP_TYPE_DOUBLE,
     offsetof(Elastic, sigma), "2.44", 0, 10000, NULL,
     COP_OPTION_INTERPOLATE | COP_OPTION_CONTROLLABLE | COP_OPTION_LENGTH},
    {"affine", "largest jitter of the affine map's points, in pixels", COP_TYPE_DOUBLE,
     offsetof(Elastic, affine), "4.88", 0, 10000, NULL,
     COP_OPTION_INTERPOLATE | COP_OPTION_CONTROLLABLE | COP_OPTION_LENGTH},
    {"period", "frames of a coherent field's round trip", COP_TYPE_INT, offsetof(Elastic, period),
     "150", 1, 1000000, NULL, COP_OPTION_CONTROLLABLE},
    COP_OPTIONS_END,
};

static void free_fields(Elastic *elastic)
{
    for (int i = 0; i < FIELDS; i++) {
        free(elastic->dx[i]);
        free(elastic->dy[i]);
        elastic->dx[i] = elastic->dy[i] = NULL;
    }
    free(elastic->scratch);
    elastic->scratch = NULL;
    elastic->drawn.width = elastic->drawn.height = 0;
}

static CopStatus allocate(Elastic *elastic, int width, int height, int fields)
{
    free_fields(elastic);
    const size_t bytes = (size_t)width * (size_t)height * sizeof(float);
    elastic->scratch = malloc(8 * bytes);
    bool whole = elastic->scratch != NULL;
    for (int i = 0; i < fields; i++) {
        elastic->dx[i] = malloc(bytes);
        elastic->dy[i] = malloc(bytes);
        whole = whole && elastic->dx[i] && elastic->dy[i];
    }
    if (whole)
        return COP_OK;
    free_fields(elastic);
    return COP_ERR_NOMEM;
}

/* Makes sure of the fields for this frame. */
static CopStatus draw(CopCorrupt *corrupt, const CopFrame *frame, CopRngAddress at)
{
    Elastic *elastic = corrupt->state;
    const int w = frame->width, h = frame->height;
    const int fields = corrupt->temporal == COP_TEMPORAL_COHERENT ? 2 : 1;
    const double amplitude = elastic->alpha * corrupt->scale;
    if (elastic->drawn.width != w || elastic->drawn.height != h || elastic->drawn.fields != fields)
        COP_TRY(allocate(elastic, w, h, fields));
    else if (elastic->drawn.frame == at.frame && elastic->drawn.clip == at.clip &&
             elastic->drawn.amplitude == amplitude && elastic->drawn.sigma == elastic->sigma)
        return COP_OK;
    elastic->drawn.width = 0; /* until they are whole */
    for (int i = 0; i < fields; i++) {
        at.draw = (uint32_t)(i * DRAWS + DX);
        COP_TRY(
            cop_elastic_draw(corrupt->key, at, w, h, elastic->sigma, amplitude, elastic->dx[i]));
        at.draw = (uint32_t)(i * DRAWS + DY);
        COP_TRY(
            cop_elastic_draw(corrupt->key, at, w, h, elastic->sigma, amplitude, elastic->dy[i]));
    }
    elastic->drawn.width = w;
    elastic->drawn.height = h;
    elastic->drawn.fields = fields;
    elastic->drawn.frame = at.frame;
    elastic->drawn.clip = at.clip;
    elastic->drawn.amplitude = amplitude;
    elastic->drawn.sigma = elastic->sigma;
    return COP_OK;
}

static double jitter_at(CopRngKey key, uint32_t i, CopRngAddress at, int field, double most)
{
    at.draw = (uint32_t)(field * DRAWS + JITTER);
    return most * (2 * cop_rng_uniform(key, i, at) - 1);
}

static CopStatus apply(CopCorrupt *corrupt, CopFrame *frame)
{
    const Elastic *elastic = corrupt->state;
    const bool fresh = corrupt->temporal == COP_TEMPORAL_IID;
    const CopRngAddress at = {.frame = fresh ? (uint32_t)frame->index : 0, .clip = corrupt->clip};
    COP_TRY(draw(corrupt, frame, at));
    CopElasticFields fields = {.dx = {elastic->dx[0], elastic->dx[1]},
                               .dy = {elastic->dy[0], elastic->dy[1]},
                               .a = {1, 0}};
    if (corrupt->temporal == COP_TEMPORAL_COHERENT) {
        const int64_t phase = frame->index % elastic->period;
        cop_sin_cos(2 * COP_PI * (double)phase / elastic->period, &fields.a[1], &fields.a[0]);
    }
    float jitter[6];
    for (uint32_t i = 0; i < 6; i++)
        jitter[i] = (float)(fields.a[0] * jitter_at(corrupt->key, i, at, 0, elastic->affine) +
                            fields.a[1] * jitter_at(corrupt->key, i, at, 1, elastic->affine));
    double inverse[6];
    cop_elastic_affine(frame->width, frame->height, jitter, inverse);
    cop_elastic_warp(frame, inverse, &fields, elastic->scratch);
    return COP_OK;
}

static void close_fields(CopCorrupt *corrupt)
{
    free_fields(corrupt->state);
}

static const char *const columns[] = {"alpha", "sigma", "affine", NULL};
static const double identity_at_224[] = {0, 170.8, 0};
static const double identity_below[] = {0, 0, 0};
static const double at_224[] = {488,  170.8, 24.4, 488,  19.52, 48.8, 12.2, 2.44,
                                4.88, 17.08, 2.44, 4.88, 29.28, 2.44, 4.88};
static const double at_299[] = {720, 252,  36,  720, 28.8, 72,  18, 3.6,
                                7.2, 25.2, 3.6, 7.2, 43.2, 3.6, 7.2};
static const double at_64[] = {0,    0,   5.12, 3.2,  19.2,  3.84, 6.4, 5.12,
                               3.84, 6.4, 1.92, 1.92, 10.24, 1.92, 1.28};
static const double at_32[] = {0,    0,   2.56, 1.6, 6.4, 2.24, 2.56, 1.92,
                               1.92, 3.2, 1.28, 1.6, 3.2, 0.96, 0.96};

static const CopSeverityTable tables[] = {
    {COP_PRESET_DEFAULT, "Hendrycks and Dietterich, ICLR 2019", columns, identity_at_224, at_224},
    {"imagenet-c-224", "Hendrycks and Dietterich, ICLR 2019", columns, identity_at_224, at_224},
    {"imagenet-c-299", "ImageNet-C for Inception, same authors", columns, identity_at_224, at_299},
    {"tiny-64", "Tiny ImageNet-C, same authors", columns, identity_below, at_64},
    {"cifar-32", "CIFAR-10-C, same authors", columns, identity_below, at_32},
    {.preset = NULL},
};

const CopCorruptDesc cop_corrupt_elastic_transform = {
    .name = "elastic_transform",
    .summary = "an affine jitter and a smooth field of displacements",
    .reference = "Hendrycks and Dietterich, ICLR 2019",
    .family = COP_FAMILY_DIGITAL,
    .flags = COP_CORRUPT_RGB | COP_CORRUPT_RANDOM,
    .temporal = 1u << COP_TEMPORAL_IID | 1u << COP_TEMPORAL_STATIC | 1u << COP_TEMPORAL_COHERENT,
    .temporal_default = COP_TEMPORAL_STATIC,
    .options = options,
    .tables = tables,
    .state_size = sizeof(Elastic),
    .apply = apply,
    .close = close_fields,
};
