/* From pictures to a lane of the net's input: resize, crop, normalise.
 *
 * The arithmetic is PyTorch's (upsample_bilinear2d, float): weights of the two
 * neighbours along each axis, rows first along x, then along y. Only source
 * rows that are read are converted to RGB, only columns inside the crop computed.
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#include "pipeline/media/preprocess.h"

#include <assert.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "pipeline/media/convert.h"

enum { SIDE_MAX = 16384 };

/* One output position is weight_a * in[a] + weight_b * in[b]. */
typedef struct Tap {
    int a, b;
    float weight_a, weight_b;
} Tap;

typedef struct Size {
    int64_t h, w;
} Size;

typedef struct Resizer {
    const CopFrame *frame;
    CopFrame line;   /* one source row in RGB */
    int h, w;        /* of the output */
    Tap *x, *y;      /* [w], [h] */
    float *row[2];   /* [3][w] each: two source rows resized along x, ... */
    int row_of[2];   /* ... and which ones they are; -1: none */
    float *out;      /* [3][w] */
    float unit[256]; /* v / 255 */
} Resizer;

/* Receives output row y, [3][w] in 0..1. */
typedef void Emit(void *ctx, int y, const float *row);

static Size resized(const CopPrepare *prepare, int width, int height)
{
    const int64_t side = prepare->resize_h;
    if (prepare->resize_w)
        return (Size){side, prepare->resize_w};
    if (!side)
        return (Size){height, width};
    return width <= height ? (Size){side * height / width, side}
                           : (Size){side, side * width / height};
}

void cop_prepare_size(const CopPrepare *prepare, int width, int height, int *out_h, int *out_w)
{
    const Size size = resized(prepare, width, height);
    *out_h = prepare->crop ? prepare->crop : (int)(size.h < INT32_MAX ? size.h : INT32_MAX);
    *out_w = prepare->crop ? prepare->crop : (int)(size.w < INT32_MAX ? size.w : INT32_MAX);
}

/* round(room / 2) with halves to even, as Python's round(). */
static int centre(int64_t room)
{
    const int64_t half = room / 2;
    return (int)(half + (room % 2 ? half % 2 : 0));
}

CopCropBox cop_prepare_centre(const CopPrepare *prepare, int width, int height)
{
    const Size size = resized(prepare, width, height);
    if (!prepare->crop)
        return (CopCropBox){0};
    return (CopCropBox){.top = centre(size.h - prepare->crop),
                        .left = centre(size.w - prepare->crop)};
}

/* ceil(k room / gaps) */
static int spread(int64_t room, int k, int gaps)
{
    return (int)((k * room + gaps - 1) / gaps);
}

CopCropBox cop_prepare_view(const CopPrepare *prepare, int width, int height, int k, int n)
{
    if (n <= 1 || !prepare->crop)
        return cop_prepare_centre(prepare, width, height);
    const Size size = resized(prepare, width, height);
    const int64_t down = size.h - prepare->crop, right = size.w - prepare->crop;
    const bool tall = size.h > size.w;
    return (CopCropBox){.top = tall ? spread(down, k, n - 1) : spread(down, 1, 2),
                        .left = tall ? spread(right, 1, 2) : spread(right, k, n - 1)};
}

/* Taps of outputs first .. first + n - 1 where `in` samples become `out`; beyond these it is
 * black. */
static void find_taps(Tap *taps, int n, int first, int in, int out)
{
    const float scale = (float)in / (float)out;
    for (int i = 0; i < n; i++) {
        float at = scale * ((float)(first + i) + 0.5f) - 0.5f;
        at = at < 0.0f ? 0.0f : at;
        int a = (int)at;
        a = a < in - 1 ? a : in - 1;
        float weight = at - (float)a;
        weight = weight > 1.0f ? 1.0f : weight;
        taps[i] = (Tap){a, a < in - 1 ? a + 1 : a, 1.0f - weight, weight};
        if (first + i < 0 || first + i >= out)
            taps[i].weight_a = taps[i].weight_b = 0;
    }
}

static void close_resizer(Resizer *r)
{
    cop_frame_unref(&r->line);
    free(r->x);
    free(r->row[0]);
}

static CopStatus open_resizer(Resizer *r, const CopPrepare *prepare, const CopFrame *frame,
                              CopCropBox box)
{
    *r = (Resizer){.frame = frame, .row_of = {-1, -1}};
    const Size size = resized(prepare, frame->width, frame->height);
    cop_prepare_size(prepare, frame->width, frame->height, &r->h, &r->w);
    if (size.h < 1 || size.w < 1 || size.h > SIDE_MAX || size.w > SIDE_MAX || r->h < 1 ||
        r->w < 1 || box.pad < 0 || box.top < -box.pad || box.left < -box.pad ||
        box.top - box.pad > size.h - r->h || box.left - box.pad > size.w - r->w)
        return COP_ERR_ARG;
    const size_t w = (size_t)r->w;
    r->x = malloc((w + (size_t)r->h) * sizeof *r->x);
    r->row[0] = malloc(9 * w * sizeof *r->row[0]);
    if (!r->x || !r->row[0] ||
        cop_frame_alloc(&r->line, COP_PIXEL_RGB, frame->width, 1) != COP_OK) {
        close_resizer(r);
        return COP_ERR_NOMEM;
    }
    r->y = r->x + w;
    r->row[1] = r->row[0] + 3 * w;
    r->out = r->row[1] + 3 * w;
    find_taps(r->x, r->w, box.left, frame->width, (int)size.w);
    find_taps(r->y, r->h, box.top, frame->height, (int)size.h);
    for (int v = 0; v < 256; v++)
        r->unit[v] = (float)v / 255.0f;
    return COP_OK;
}

/* Source row y in RGB. Chroma is repeated, so that a row can be converted alone. */
static const uint8_t *load_line(Resizer *r, int y)
{
    CopFrame view = *r->frame;
    view.height = 1;
    for (int plane = 0; plane < cop_pixel_format_planes(view.format); plane++) {
        int row_bytes, rows;
        cop_plane_size(view.format, view.width, 2, plane, &row_bytes, &rows);
        view.plane[plane] += (ptrdiff_t)(y * rows / 2) * view.stride[plane];
    }
    cop_convert(&r->line, &view);
    return r->line.plane[0];
}

/* Source row y resized along x. Rows come in rising order: the one that is
 * replaced lies above both that are wanted. */
static const float *find_row(Resizer *r, int y)
{
    if (r->row_of[0] == y)
        return r->row[0];
    if (r->row_of[1] == y)
        return r->row[1];
    const int slot = r->row_of[0] <= r->row_of[1] ? 0 : 1;
    const uint8_t *line = load_line(r, y);
    float *row = r->row[slot];
    for (int c = 0; c < 3; c++)
        for (int x = 0; x < r->w; x++) {
            const Tap *tap = &r->x[x];
            row[c * r->w + x] = tap->weight_a * r->unit[line[3 * tap->a + c]] +
                                tap->weight_b * r->unit[line[3 * tap->b + c]];
        }
    r->row_of[slot] = y;
    return row;
}

static CopStatus resize(const CopPrepare *prepare, const CopFrame *frame, CopCropBox box,
                        Emit *emit, void *ctx)
{
    Resizer r;
    COP_TRY(open_resizer(&r, prepare, frame, box));
    for (int y = 0; y < r.h; y++) {
        const Tap *tap = &r.y[y];
        const float *a = find_row(&r, tap->a), *b = find_row(&r, tap->b);
        for (int i = 0; i < 3 * r.w; i++)
            r.out[i] = tap->weight_a * a[i] + tap->weight_b * b[i];
        emit(ctx, y, r.out);
    }
    close_resizer(&r);
    return COP_OK;
}

/* Where normalised values go: a lane of a tensor, or memory of its own. */
typedef struct Target {
    float *at;           /* of the frame's first value */
    size_t channel, row; /* floats from one to the next */
    int step, w;         /* from pixel to pixel; pixels of a row */
    bool flip;
    float mean[3], std[3];
} Target;

static Target make_target(const CopPrepare *prepare, float *at, size_t channel, size_t row,
                          int step, int w)
{
    Target out = {.at = at, .channel = channel, .row = row, .step = step, .w = w};
    for (int c = 0; c < 3; c++) {
        out.mean[c] = (float)prepare->mean[c];
        out.std[c] = (float)prepare->std[c];
    }
    return out;
}

static Target find_lane(const CopPrepare *prepare, const CopTensor *x, int lane, int t)
{
    float *at = cop_tensor_at(x, lane / COP_LANES, 0, t, 0, 0) + lane % COP_LANES;
    return make_target(prepare, at, x->stride_c, x->stride_h, COP_LANES, x->w);
}

static float *target_row(const Target *to, int c, int y)
{
    return to->at + (size_t)c * to->channel + (size_t)y * to->row;
}

static void emit_values(void *ctx, int y, const float *row)
{
    const Target *to = ctx;
    const int w = to->w, step = to->step;
    for (int c = 0; c < 3; c++) {
        const float mean = to->mean[c], std = to->std[c];
        float *out = target_row(to, c, y);
        for (int x = 0; x < w; x++)
            out[x * step] = (row[c * w + (to->flip ? w - 1 - x : x)] - mean) / std;
    }
}

CopStatus cop_prepare_frame(const CopPrepare *prepare, const CopFrame *frame, CopCropBox box,
                            const CopTensor *x, int lane, int t)
{
    int h, w;
    cop_prepare_size(prepare, frame->width, frame->height, &h, &w);
    if (x->c != 3 || x->h != h || x->w != w || t < 0 || t >= x->t || lane < 0 ||
        lane >= x->g * COP_LANES)
        return COP_ERR_SHAPE;
    Target to = find_lane(prepare, x, lane, t);
    to.flip = box.flip;
    return resize(prepare, frame, box, emit_values, &to);
}

CopStatus cop_prepare_values(const CopPrepare *prepare, const CopFrame *frame, CopCropBox box,
                             float *values)
{
    int h, w;
    cop_prepare_size(prepare, frame->width, frame->height, &h, &w);
    Target to = make_target(prepare, values, (size_t)h * (size_t)w, (size_t)w, 1, w);
    to.flip = box.flip;
    return resize(prepare, frame, box, emit_values, &to);
}

typedef struct Picture {
    const CopFrame *frame;
    bool flip;
} Picture;

static void emit_picture(void *ctx, int y, const float *row)
{
    const Picture *to = ctx;
    const int w = to->frame->width;
    uint8_t *out = to->frame->plane[0] + (ptrdiff_t)y * to->frame->stride[0];
    for (int x = 0; x < w; x++)
        for (int c = 0; c < 3; c++)
            out[3 * x + c] = (uint8_t)(row[c * w + (to->flip ? w - 1 - x : x)] * 255.0f + 0.5f);
}

CopStatus cop_prepare_picture(const CopPrepare *prepare, const CopFrame *frame, CopCropBox box,
                              CopFrame *out)
{
    int h, w;
    cop_prepare_size(prepare, frame->width, frame->height, &h, &w);
    COP_TRY(cop_frame_alloc(out, COP_PIXEL_RGB, w, h));
    out->index = frame->index;
    out->pts = frame->pts;
    out->colour = frame->colour;
    Picture to = {out, box.flip};
    const CopStatus status = resize(prepare, frame, box, emit_picture, &to);
    if (status != COP_OK)
        cop_frame_unref(out);
    return status;
}

void cop_prepare_normalise(const CopPrepare *prepare, const CopFrame *picture, const CopTensor *x,
                           int lane, int t)
{
    assert(picture->format == COP_PIXEL_RGB && picture->width == x->w && picture->height == x->h);
    const Target to = find_lane(prepare, x, lane, t);
    float value[3][256];
    for (int c = 0; c < 3; c++)
        for (int v = 0; v < 256; v++)
            value[c][v] = ((float)v / 255.0f - to.mean[c]) / to.std[c];
    for (int y = 0; y < x->h; y++) {
        const uint8_t *row = picture->plane[0] + (ptrdiff_t)y * picture->stride[0];
        for (int c = 0; c < 3; c++) {
            float *out = target_row(&to, c, y);
            for (int i = 0; i < x->w; i++)
                out[i * COP_LANES] = value[c][row[3 * i + c]];
        }
    }
}

bool cop_prepare_equal(const CopPrepare *a, const CopPrepare *b)
{
    return a->resize_h == b->resize_h && a->resize_w == b->resize_w && a->crop == b->crop &&
           memcmp(a->mean, b->mean, sizeof a->mean) == 0 &&
           memcmp(a->std, b->std, sizeof a->std) == 0;
}

CopStatus cop_prepare_check(const CopPrepare *prepare, const char *path, int width, int height,
                            int h, int w, CopError *err)
{
    int out_h, out_w;
    cop_prepare_size(prepare, width, height, &out_h, &out_w);
    if (out_h == h && out_w == w)
        return COP_OK;
    return cop_error_set(err, COP_ERR_SHAPE,
                         "%s: a %dx%d picture becomes %dx%d, the model takes %dx%d (set prep.crop, "
                         "or both sizes in prep.resize)",
                         path, width, height, out_w, out_h, w, h);
}
