/* Zoom blur: the mean of a picture and of copies zoomed about its middle, by factors from 1
 * upwards (Hendrycks and Dietterich, ICLR 2019; zoom.h). Factor 1 is one of them, so the
 * picture itself counts twice. Factors are NumPy's arange(1, stop, step), whose floats put
 * one more at some ends: 1.11 belongs to a stop of 1.11.
 *
 * The original adds up in 32-bit floats and truncates. So do we where a level hangs on it;
 * elsewhere rows are shifted and weighted whole, a tile at a time.
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#include "pipeline/corrupt/corrupt.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "pipeline/corrupt/flat_map.h"
#include "pipeline/corrupt/tiers.h"
#include "pipeline/corrupt/whole_levels.h"
#include "pipeline/corrupt/zoom.h"

/* A tile of the result; the source rows that one factor reads for it (and one more). */
enum { TILE_ROWS = 32, TILE_BLOCKS = 16, TILE = TILE_BLOCKS * COP_ZOOM_BLOCK };
enum { READ_ROWS = TILE_ROWS + 2, MARGIN = 256, FACTORS_MAX = 256 };

typedef struct ZoomBlur {
    double stop, step;

    double made_stop, made_step;
    int factors, width, height;
    CopZoomPoint *down, *across; /* [factors][height], [factors][width] */
    CopZoomRow row[FACTORS_MAX];
    float share[256]; /* of white, by level */
    int *span[4];     /* least and most column [width], least and most row [height] read */
    float bound;      /* of the difference of two ways to add up, in levels */
    uint8_t *source;  /* [height][width][3] */
    float *line, *tile, *sum;
    CopFlatMap flat;
} ZoomBlur;

static const CopOption options[] = {
    {"stop", "factors go from 1 up to this", COP_TYPE_DOUBLE, offsetof(ZoomBlur, stop), "1.21", 1,
     2, NULL, COP_OPTION_INTERPOLATE | COP_OPTION_CONTROLLABLE},
    {"step", "from one factor to the next", COP_TYPE_DOUBLE, offsetof(ZoomBlur, step), "0.02",
     0.005, 1, NULL, COP_OPTION_CONTROLLABLE},
    COP_OPTIONS_END,
};

static void release(ZoomBlur *zoom)
{
    for (int k = 0; k < zoom->factors; k++)
        cop_zoom_row_free(&zoom->row[k]);
    for (int i = 0; i < 4; i++) {
        free(zoom->span[i]);
        zoom->span[i] = NULL;
    }
    free(zoom->down);
    free(zoom->across);
    free(zoom->source);
    free(zoom->line);
    free(zoom->tile);
    free(zoom->sum);
    zoom->down = zoom->across = NULL;
    zoom->source = NULL;
    zoom->line = zoom->tile = zoom->sum = NULL;
    cop_flat_map_free(&zoom->flat);
    zoom->factors = zoom->width = zoom->height = 0;
}

static void widen(int *least, int *most, const CopZoomPoint *point, int size, bool first)
{
    for (int i = 0; i < size; i++) {
        const int from = point[i].first, to = from + (from + 1 < size);
        least[i] = first || from < least[i] ? from : least[i];
        most[i] = first || to > most[i] ? to : most[i];
    }
}

static CopStatus make_factors(ZoomBlur *zoom, int width, int height)
{
    /* arange's own floats: the step is what the first two differ by */
    const double step = 1 + zoom->step - 1;
    const int factors = (int)ceil((zoom->stop - 1) / zoom->step);
    zoom->down = malloc((size_t)(factors * height + 1) * sizeof *zoom->down);
    zoom->across = malloc((size_t)(factors * width + 1) * sizeof *zoom->across);
    for (int i = 0; i < 4; i++)
        zoom->span[i] = calloc((size_t)(i < 2 ? width : height), sizeof *zoom->span[i]);
    if (!zoom->down || !zoom->across || !zoom->span[0] || !zoom->span[1] || !zoom->span[2] ||
        !zoom->span[3])
        return COP_ERR_NOMEM;
    for (int k = 0; k < factors; k++) {
        CopZoomPoint *down = zoom->down + (ptrdiff_t)k * height;
        CopZoomPoint *across = zoom->across + (ptrdiff_t)k * width;
        cop_zoom_axis(down, height, 1 + k * step);
        cop_zoom_axis(across, width, 1 + k * step);
        widen(zoom->span[0], zoom->span[1], across, width, k == 0);
        widen(zoom->span[2], zoom->span[3], down, height, k == 0);
        zoom->factors = k + 1;
        COP_TRY(cop_zoom_row(&zoom->row[k], across, width));
    }
    for (int level = 0; level < 256; level++)
        zoom->share[level] = (float)(level / 255.0);
    /* Theirs and ours each round what is added up, besides a few products. */
    zoom->bound = (float)(255 * ldexp(1, -24) * (factors + 20));
    return COP_OK;
}

static CopStatus prepare(ZoomBlur *zoom, const CopFrame *frame)
{
    if (zoom->width == frame->width && zoom->height == frame->height &&
        zoom->made_stop == zoom->stop && zoom->made_step == zoom->step)
        return COP_OK;
    release(zoom);
    const size_t n = 3 * (size_t)frame->width;
    COP_TRY(make_factors(zoom, frame->width, frame->height));
    zoom->source = malloc(n * (size_t)frame->height);
    zoom->line = calloc(n + 2 * MARGIN, sizeof *zoom->line);
    zoom->tile = malloc((size_t)READ_ROWS * TILE * sizeof *zoom->tile);
    zoom->sum = malloc((size_t)TILE_ROWS * TILE * sizeof *zoom->sum);
    if (!zoom->source || !zoom->line || !zoom->tile || !zoom->sum)
        return COP_ERR_NOMEM;
    zoom->made_stop = zoom->stop;
    zoom->made_step = zoom->step;
    zoom->width = frame->width;
    zoom->height = frame->height;
    return COP_OK;
}

COP_TIERS static void to_floats(float *restrict y, const uint8_t *restrict x, float scale, int n)
{
    for (int i = 0; i < n; i++)
        y[i] = scale * x[i];
}

COP_TIERS static void add_two(float *restrict sum, const float *a, const float *b, float wa,
                              float wb, int n)
{
    for (int i = 0; i < n; i++)
        sum[i] += wa * a[i] + wb * b[i];
}

COP_TIERS static void divide(float *x, float by, int n)
{
    const float factor = 1 / by;
    for (int i = 0; i < n; i++)
        x[i] *= factor;
}

/* What lies under blocks `first` .. `end` - 1 of a zoomed row, into zoom->line */
static void read_line(const ZoomBlur *zoom, const CopZoomRow *row, int v, int first, int end)
{
    const int n = 3 * zoom->width, reach = cop_zoom_reach(row);
    int from = first * COP_ZOOM_BLOCK + 3 * row->shift[first] - reach;
    int to = end * COP_ZOOM_BLOCK + 3 * row->shift[end - 1] + reach;
    from = from < 0 ? 0 : from;
    to = to > n ? n : to;
    to_floats(zoom->line + MARGIN + from, zoom->source + (ptrdiff_t)v * n + from, 1, to - from);
}

/* Adds factor k to a tile of `rows` rows from v on and of blocks `first` .. `end` - 1 */
static void add_factor(const ZoomBlur *zoom, int k, int v, int rows, int first, int end)
{
    const CopZoomPoint *point = zoom->down + (ptrdiff_t)k * zoom->height + v;
    const int last = zoom->height - 1, top = point[0].first;
    const int below = point[rows - 1].first + 1, bottom = below < last ? below : last;
    for (int row = top; row <= bottom; row++) {
        read_line(zoom, &zoom->row[k], row, first, end);
        cop_zoom_blocks(zoom->tile + (ptrdiff_t)(row - top) * TILE, zoom->line + MARGIN,
                        &zoom->row[k], first, end);
    }
    for (int i = 0; i < rows; i++) {
        const int at = point[i].first - top;
        const float *a = zoom->tile + (ptrdiff_t)at * TILE;
        const float *b = point[i].first < last ? a + TILE : a;
        add_two(zoom->sum + (ptrdiff_t)i * TILE, a, b, (float)point[i].weight[0],
                (float)point[i].weight[1], (end - first) * COP_ZOOM_BLOCK);
    }
}

/* The original's chain: each copy by doubles, rounded to a float, and floats added up. */
static uint8_t exact(void *filter, int v, int i)
{
    const ZoomBlur *zoom = filter;
    const int width = zoom->width, height = zoom->height, channel = i % 3;
    const ptrdiff_t stride = 3 * (ptrdiff_t)width;
    const float own = zoom->share[zoom->source[v * stride + i]];
    float sum = 0;
    for (int k = 0; k < zoom->factors; k++) {
        const CopZoomPoint *down = &zoom->down[(ptrdiff_t)k * height + v];
        const CopZoomPoint *across = &zoom->across[(ptrdiff_t)k * width + i / 3];
        const uint8_t *at = zoom->source + down->first * stride + 3 * across->first + channel;
        const ptrdiff_t below = down->first + 1 < height ? stride : 0;
        const ptrdiff_t right = across->first + 1 < width ? 3 : 0;
        double copy = 0;
        for (int y = 0; y < 2; y++)
            for (int x = 0; x < 2; x++)
                copy += (double)zoom->share[at[y * below + x * right]] * down->weight[y] *
                        across->weight[x];
        sum += (float)copy;
    }
    float level = (own + sum) / (float)(zoom->factors + 1);
    level = (level < 0 ? 0 : level > 1 ? 1 : level) * 255;
    return (uint8_t)level;
}

static unsigned flat(void *filter, int channel, int v, int first, int last)
{
    ZoomBlur *zoom = filter;
    /* The first factor is 1: what is read includes the pixel itself. */
    return cop_flat_map_ask(&zoom->flat, channel, zoom->span[0][first / 3], zoom->span[1][last / 3],
                            zoom->span[2][v], zoom->span[3][v]);
}

static void finish_row(ZoomBlur *zoom, uint8_t *y, float *sum, int v, int from, int n)
{
    const CopCut cut = {zoom, zoom->bound, exact, &zoom->flat, flat, 0};
    divide(sum, (float)(zoom->factors + 1), n);
    cop_cut_row(&cut, y + from, sum, v, from, n);
}

static void blur_tile(ZoomBlur *zoom, const CopFrame *frame, int v, int rows, int first, int end)
{
    const int from = first * COP_ZOOM_BLOCK, n = 3 * zoom->width;
    const int part = (n < end * COP_ZOOM_BLOCK ? n : end * COP_ZOOM_BLOCK) - from;
    /* The picture and its copy by factor 1 */
    for (int i = 0; i < rows; i++)
        to_floats(zoom->sum + (ptrdiff_t)i * TILE, zoom->source + (ptrdiff_t)(v + i) * n + from, 2,
                  part);
    for (int k = 1; k < zoom->factors; k++)
        add_factor(zoom, k, v, rows, first, end);
    for (int i = 0; i < rows; i++)
        finish_row(zoom, frame->plane[0] + (ptrdiff_t)(v + i) * frame->stride[0],
                   zoom->sum + (ptrdiff_t)i * TILE, v + i, from, part);
}

static CopStatus apply(CopCorrupt *corrupt, CopFrame *frame)
{
    ZoomBlur *zoom = corrupt->state;
    COP_TRY(prepare(zoom, frame));
    if (zoom->factors < 2)
        return COP_OK;
    const int height = frame->height, blocks = zoom->row[0].blocks;
    for (int v = 0; v < height; v++)
        memcpy(zoom->source + (ptrdiff_t)v * 3 * frame->width,
               frame->plane[0] + (ptrdiff_t)v * frame->stride[0], 3 * (size_t)frame->width);
    cop_flat_map_start(&zoom->flat, zoom->source, 3 * (ptrdiff_t)frame->width, frame->width,
                       height);
    for (int v = 0; v < height; v += TILE_ROWS) {
        const int rows = height - v < TILE_ROWS ? height - v : TILE_ROWS;
        for (int first = 0; first < blocks; first += TILE_BLOCKS) {
            const int end = blocks - first < TILE_BLOCKS ? blocks : first + TILE_BLOCKS;
            blur_tile(zoom, frame, v, rows, first, end);
        }
    }
    return COP_OK;
}

static void close(CopCorrupt *corrupt)
{
    release(corrupt->state);
}

static const char *const columns[] = {"stop", "step", NULL};

static const CopSeverityTable tables[] = {
    {COP_PRESET_DEFAULT, "Hendrycks and Dietterich, ICLR 2019", columns, (const double[]){1, 0.01},
     (const double[]){1.11, 0.01, 1.16, 0.01, 1.21, 0.02, 1.26, 0.02, 1.31, 0.03}},
    {"imagenet-c-224", "Hendrycks and Dietterich, ICLR 2019", columns, (const double[]){1, 0.01},
     (const double[]){1.11, 0.01, 1.16, 0.01, 1.21, 0.02, 1.26, 0.02, 1.31, 0.03}},
    {"imagenet-c-299", "ImageNet-C for Inception, same authors", columns, (const double[]){1, 0.01},
     (const double[]){1.11, 0.01, 1.16, 0.01, 1.21, 0.02, 1.26, 0.02, 1.31, 0.03}},
    {"tiny-64", "Tiny ImageNet-C, same authors", columns, (const double[]){1, 0.01},
     (const double[]){1.06, 0.01, 1.11, 0.01, 1.16, 0.01, 1.21, 0.01, 1.26, 0.01}},
    {"cifar-32", "CIFAR-10-C, same authors", columns, (const double[]){1, 0.01},
     (const double[]){1.06, 0.01, 1.11, 0.01, 1.16, 0.01, 1.21, 0.01, 1.26, 0.01}},
    {"ucf101-p", "Schiappa et al., CVPR 2023", columns, (const double[]){1, 0.01},
     (const double[]){1.11, 0.01, 1.16, 0.01, 1.21, 0.02, 1.26, 0.02, 1.31, 0.03}},
    {.preset = NULL},
};

const CopCorruptDesc cop_corrupt_zoom_blur = {
    .name = "zoom_blur",
    .summary = "the mean of copies zoomed about the middle",
    .reference = "Hendrycks and Dietterich, ICLR 2019",
    .family = COP_FAMILY_BLUR,
    .flags = COP_CORRUPT_RGB,
    .options = options,
    .tables = tables,
    .state_size = sizeof(ZoomBlur),
    .apply = apply,
    .close = close,
};
