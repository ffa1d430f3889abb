/* Zoom ramp: the mean of ever more, then ever fewer copies of the picture, each zoomed a
 * little further about its middle (ImageNet-P, zoom_blur). Frame i of the sequence has
 * i + 1 of them; the original is severity 3, the others have a part or a multiple of its
 * step.
 *
 * Copies are 8-bit pictures as Pillow zooms them, bilinear and truncated, and added up in
 * 32-bit floats as torch does. Rows are interpolated along once, then mixed in pairs. The
 * work of a frame grows with its copies: 31 of them are slow at 720 lines.
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#include <stdlib.h>
#include <string.h>

#include "pipeline/corrupt/ramp.h"
#include "pipeline/corrupt/tiers.h"

typedef struct ZoomRamp {
    double step;
    int frames;
    int width, height; /* of what follows */
    uint8_t *source;   /* [height][3 width] */
    float *sum;        /* [height][3 width] */
    float *row[2];     /* [3 width]: two rows of the source interpolated along */
    int *first;        /* [width]: the left one of two columns */
    float *along;      /* [width][3]: how far behind it */
} ZoomRamp;

static const CopOption options[] = {
    {"step", "added to the zoom from copy to copy", COP_TYPE_DOUBLE, offsetof(ZoomRamp, step),
     "0.004", 0, 1, NULL, COP_OPTION_INTERPOLATE | COP_OPTION_CONTROLLABLE},
    {"frames", "length of the sequence, one way", COP_TYPE_INT, offsetof(ZoomRamp, frames), "31", 1,
     256, NULL, COP_OPTION_CONTROLLABLE},
    COP_OPTIONS_END,
};

static void release(ZoomRamp *zoom)
{
    free(zoom->source);
    free(zoom->sum);
    free(zoom->row[0]);
    free(zoom->row[1]);
    free(zoom->first);
    free(zoom->along);
    zoom->source = NULL;
    zoom->sum = zoom->row[0] = zoom->row[1] = zoom->along = NULL;
    zoom->first = NULL;
    zoom->width = zoom->height = 0;
}

static CopStatus fit(ZoomRamp *zoom, int width, int height)
{
    if (zoom->width == width && zoom->height == height)
        return COP_OK;
    release(zoom);
    const size_t row = 3 * (size_t)width;
    zoom->source = malloc(row * (size_t)height + 3); /* what a picture of one column looks at */
    zoom->sum = malloc(row * (size_t)height * sizeof *zoom->sum);
    zoom->row[0] = malloc(row * sizeof *zoom->row[0]);
    zoom->row[1] = malloc(row * sizeof *zoom->row[1]);
    zoom->first = malloc((size_t)width * sizeof *zoom->first);
    zoom->along = malloc(row * sizeof *zoom->along);
    if (!zoom->source || !zoom->sum || !zoom->row[0] || !zoom->row[1] || !zoom->first ||
        !zoom->along) {
        release(zoom);
        return COP_ERR_NOMEM;
    }
    zoom->width = width;
    zoom->height = height;
    return COP_OK;
}

/* The pixels on either side of where out pixel `at` comes from, and how far it is from the
 * first. Zooming in never leaves the picture. */
static int place(double scale, double offset, int at, int n, float *fraction)
{
    const double x = scale * (at + 0.5) + offset - 0.5;
    int first = (int)x;
    first = first < 0 ? 0 : first > n - 1 ? n - 1 : first;
    *fraction = (float)(x - first);
    return first;
}

COP_TIERS static void along_run(float *restrict out, const uint8_t *restrict left,
                                const float *restrict along, int n)
{
    for (int i = 0; i < n; i++)
        out[i] = (float)left[i] + (float)(left[i + 3] - left[i]) * along[i];
}

/* Pixels come from as far away as the one before them, but for one here and there: runs. */
static void along_row(const ZoomRamp *zoom, int y, float *out)
{
    const uint8_t *in = zoom->source + (size_t)y * 3 * (size_t)zoom->width;
    const int *first = zoom->first;
    for (int u = 0, end; u < zoom->width; u = end) {
        for (end = u + 1; end < zoom->width && first[end] - end == first[u] - u;)
            end++;
        along_run(out + 3 * u, in + 3 * first[u], zoom->along + 3 * u, 3 * (end - u));
    }
}

/* A row of the copy, truncated, added to the sum. */
COP_TIERS static void add_row(float *restrict sum, const float *restrict above,
                              const float *restrict below, float down, int n)
{
    for (int i = 0; i < n; i++)
        sum[i] += (float)(int)(above[i] + (below[i] - above[i]) * down) / 255;
}

static void add_copy(ZoomRamp *zoom, double scale)
{
    const int width = zoom->width, height = zoom->height;
    const double linear[4] = {1 / scale, 0, 0, 1 / scale};
    double m[6];
    cop_warp_about_centre(width, height, linear, 0, 0, m);
    for (int u = 0; u < width; u++) {
        float *along = zoom->along + 3 * (ptrdiff_t)u;
        zoom->first[u] = place(m[0], m[2], u, width, along);
        along[1] = along[2] = along[0];
    }
    int held[2] = {-1, -1}; /* row i of the source is kept in place i % 2 */
    for (int v = 0; v < height; v++) {
        float down;
        const int top = place(m[4], m[5], v, height, &down);
        const int need[2] = {top, top + 1 < height ? top + 1 : top};
        for (int i = 0; i < 2; i++)
            if (held[need[i] % 2] != need[i]) {
                along_row(zoom, need[i], zoom->row[need[i] % 2]);
                held[need[i] % 2] = need[i];
            }
        add_row(zoom->sum + (size_t)v * 3 * (size_t)width, zoom->row[need[0] % 2],
                zoom->row[need[1] % 2], down, 3 * width);
    }
}

static CopStatus apply(CopCorrupt *corrupt, CopFrame *frame)
{
    ZoomRamp *zoom = corrupt->state;
    const int last = (int)cop_ramp_place(zoom->frames, frame->index);
    if (last == 0)
        return COP_OK;
    COP_TRY(fit(zoom, frame->width, frame->height));
    const int row = 3 * frame->width;
    for (int y = 0; y < frame->height; y++) {
        uint8_t *in = zoom->source + (size_t)y * (size_t)row;
        float *sum = zoom->sum + (size_t)y * (size_t)row;
        memcpy(in, frame->plane[0] + (ptrdiff_t)y * frame->stride[0], (size_t)row);
        for (int i = 0; i < row; i++)
            sum[i] = (float)in[i] / 255;
    }
    for (int k = 1; k <= last; k++)
        add_copy(zoom, 1 + zoom->step * k);
    for (int y = 0; y < frame->height; y++) {
        uint8_t *out = frame->plane[0] + (ptrdiff_t)y * frame->stride[0];
        const float *sum = zoom->sum + (size_t)y * (size_t)row;
        for (int i = 0; i < row; i++) {
            const float level = sum[i] / (float)(last + 1) * 255;
            out[i] = (uint8_t)(int)(level > 255 ? 255 : level);
        }
    }
    return COP_OK;
}

static void close_scratch(CopCorrupt *corrupt)
{
    release(corrupt->state);
}

static const char *const columns[] = {"step", "frames", NULL};
static const double identity[] = {0, 31};
static const double rows[] = {0.002, 31, 0.003, 31, 0.004, 31, 0.006, 31, 0.008, 31};

static const CopSeverityTable tables[] = {
    {COP_PRESET_DEFAULT, "Hendrycks and Dietterich, ICLR 2019 (ImageNet-P)", columns, identity,
     rows},
    {"imagenet-p-224", "Hendrycks and Dietterich, ICLR 2019 (ImageNet-P)", columns, identity, rows},
    {"imagenet-p-64", "Hendrycks and Dietterich, ICLR 2019 (ImageNet-P)", columns, identity, rows},
    {"imagenet-p-32", "Hendrycks and Dietterich, ICLR 2019 (ImageNet-P)", columns, identity, rows},
    {.preset = NULL},
};

const CopCorruptDesc cop_corrupt_zoom_ramp = {
    .name = "zoom_ramp",
    .summary = "ever more copies zoomed about the middle, then fewer",
    .reference = "Hendrycks and Dietterich, ICLR 2019 (ImageNet-P)",
    .family = COP_FAMILY_BLUR,
    .flags = COP_CORRUPT_RGB | COP_CORRUPT_PARTIAL,
    .options = options,
    .tables = tables,
    .state_size = sizeof(ZoomRamp),
    .apply = apply,
    .close = close_scratch,
};
