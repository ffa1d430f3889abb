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

/* Rows of the result whose sums stay in the second-level cache while all copies are added */
enum { ROWS = 16 };

typedef struct ZoomRamp {
    double step;
    int frames;
    int width, height, copies; /* of what follows */
    double made_step;
    int made;        /* copies whose columns are known, by that step */
    uint8_t *source; /* [height][3 width] */
    float *sum;      /* [ROWS][3 width] */
    float *row[2];   /* [3 width]: two rows of the source interpolated along */
    int *first;      /* [copies][width]: the left one of two columns */
    float *along;    /* [copies][width][3]: how far behind it */
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
    zoom->width = zoom->height = zoom->made = 0;
}

static CopStatus fit(ZoomRamp *zoom, int width, int height)
{
    if (zoom->width == width && zoom->height == height && zoom->copies == zoom->frames)
        return COP_OK;
    release(zoom);
    const size_t row = 3 * (size_t)width, copies = (size_t)zoom->frames;
    zoom->source = malloc(row * (size_t)height + 3); /* what a picture of one column looks at */
    zoom->sum = malloc(row * ROWS * sizeof *zoom->sum);
    zoom->row[0] = malloc(row * sizeof *zoom->row[0]);
    zoom->row[1] = malloc(row * sizeof *zoom->row[1]);
    zoom->first = malloc(copies * (size_t)width * sizeof *zoom->first);
    zoom->along = malloc(copies * row * sizeof *zoom->along);
    if (!zoom->source || !zoom->sum || !zoom->row[0] || !zoom->row[1] || !zoom->first ||
        !zoom->along) {
        release(zoom);
        return COP_ERR_NOMEM;
    }
    zoom->width = width;
    zoom->height = height;
    zoom->copies = zoom->frames;
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

/* Row y of the source, zoomed along as copy k is. Pixels come from as far away as the one before
 * them, but for one here and there: runs. */
static void along_row(const ZoomRamp *zoom, int k, int y, float *out)
{
    const int width = zoom->width;
    const uint8_t *in = zoom->source + (size_t)y * 3 * (size_t)width;
    const int *first = zoom->first + (ptrdiff_t)k * width;
    const float *along = zoom->along + (ptrdiff_t)k * 3 * width;
    for (int u = 0, end; u < width; u = end) {
        for (end = u + 1; end < width && first[end] - end == first[u] - u;)
            end++;
        along_run(out + 3 * u, in + 3 * first[u], along + 3 * u, 3 * (end - u));
    }
}

/* A row of the copy, truncated, added to the sum. */
COP_TIERS static void add_row(float *restrict sum, const float *restrict above,
                              const float *restrict below, float down, int n)
{
    for (int i = 0; i < n; i++)
        sum[i] += (float)(int)(above[i] + (below[i] - above[i]) * down) / 255;
}

/* The map of copy k, the k-th after the picture itself */
static void map_of(const ZoomRamp *zoom, int k, double m[6])
{
    const double scale = 1 + zoom->step * (k + 1);
    const double linear[4] = {1 / scale, 0, 0, 1 / scale};
    cop_warp_about_centre(zoom->width, zoom->height, linear, 0, 0, m);
}

/* The columns of copies that are new */
static void place_columns(ZoomRamp *zoom, int copies)
{
    if (zoom->made_step != zoom->step)
        zoom->made = 0;
    zoom->made_step = zoom->step;
    for (; zoom->made < copies; zoom->made++) {
        double m[6];
        map_of(zoom, zoom->made, m);
        int *first = zoom->first + (ptrdiff_t)zoom->made * zoom->width;
        float *along = zoom->along + (ptrdiff_t)zoom->made * 3 * zoom->width;
        for (int u = 0; u < zoom->width; u++, along += 3) {
            first[u] = place(m[0], m[2], u, zoom->width, along);
            along[1] = along[2] = along[0];
        }
    }
}

/* Adds rows v .. v + rows - 1 of copy k. */
static void add_copy(const ZoomRamp *zoom, int k, int v, int rows)
{
    const int n = 3 * zoom->width, height = zoom->height;
    double m[6];
    map_of(zoom, k, m);
    int held[2] = {-1, -1}; /* row i of the source is kept in place i % 2 */
    for (int i = 0; i < rows; i++) {
        float down;
        const int top = place(m[4], m[5], v + i, height, &down);
        const int need[2] = {top, top + 1 < height ? top + 1 : top};
        for (int j = 0; j < 2; j++)
            if (held[need[j] % 2] != need[j]) {
                along_row(zoom, k, need[j], zoom->row[need[j] % 2]);
                held[need[j] % 2] = need[j];
            }
        add_row(zoom->sum + (ptrdiff_t)i * n, zoom->row[need[0] % 2], zoom->row[need[1] % 2], down,
                n);
    }
}

COP_TIERS static void start_row(float *restrict sum, const uint8_t *restrict x, int n)
{
    for (int i = 0; i < n; i++)
        sum[i] = (float)x[i] / 255;
}

COP_TIERS static void finish_row(uint8_t *restrict y, const float *restrict sum, float pictures,
                                 int n)
{
    for (int i = 0; i < n; i++) {
        const int level = (int)(sum[i] / pictures * 255);
        y[i] = (uint8_t)(level > 255 ? 255 : level);
    }
}

static CopStatus apply(CopCorrupt *corrupt, CopFrame *frame)
{
    ZoomRamp *zoom = corrupt->state;
    const int copies = (int)cop_ramp_place(zoom->frames, frame->index), height = frame->height;
    if (copies == 0)
        return COP_OK;
    COP_TRY(fit(zoom, frame->width, height));
    place_columns(zoom, copies);
    const int n = 3 * frame->width;
    for (int v = 0; v < height; v++)
        memcpy(zoom->source + (ptrdiff_t)v * n, frame->plane[0] + (ptrdiff_t)v * frame->stride[0],
               (size_t)n);
    for (int v = 0; v < height; v += ROWS) {
        const int rows = height - v < ROWS ? height - v : ROWS;
        for (int i = 0; i < rows; i++)
            start_row(zoom->sum + (ptrdiff_t)i * n, zoom->source + (ptrdiff_t)(v + i) * n, n);
        for (int k = 0; k < copies; k++)
            add_copy(zoom, k, v, rows);
        for (int i = 0; i < rows; i++)
            finish_row(frame->plane[0] + (ptrdiff_t)(v + i) * frame->stride[0],
                       zoom->sum + (ptrdiff_t)i * n, (float)(copies + 1), n);
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
