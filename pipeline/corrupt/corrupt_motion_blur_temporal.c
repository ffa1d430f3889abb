/* Temporal motion blur: frame i becomes the truncated mean of frames i - c .. i + c - 1,
 * a long exposure (Yi et al., NeurIPS 2021 datasets track: Mini Kinetics-C, Mini SSV2-C).
 * The ends of the stream are repeated where the originals give a shorter clip. `causal` takes
 * the last 2 c frames instead: the same blur, c - 1 frames late, without waiting for any.
 *
 * A sum of the window slides along, one frame in and one out, so the cost does
 * not grow with c; whole-number arithmetic, so neither does any error.
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#include "pipeline/corrupt/corrupt.h"

#include <stdlib.h>
#include <string.h>

#include "pipeline/corrupt/fourth_byte.h"
#include "pipeline/corrupt/frame_window.h"

/* 2 c frames of 255 must fit in 16 bits; at most c frames wait at a time. */
enum { C_MAX = 64 };

typedef struct MotionBlur {
    int c;
    bool causal;
    CopFrameWindow window;
    int reach[C_MAX + 1]; /* c of frame i, as it was pushed, at i modulo the length */
    uint16_t *sum;        /* of frames low .. high, plane after plane */
    int64_t low, high;
} MotionBlur;

static const CopOption options[] = {
    {"c", "half the window: the mean is over 2 c frames; 0 is untouched", COP_TYPE_INT,
     offsetof(MotionBlur, c), "3", 0, C_MAX, NULL,
     COP_OPTION_INTERPOLATE | COP_OPTION_CONTROLLABLE},
    {"causal", "the last 2 c frames, so that none is waited for", COP_TYPE_BOOL,
     offsetof(MotionBlur, causal), "false", 0, 0, NULL, 0},
    COP_OPTIONS_END,
};

/* Frames before and after the one that is blurred. */
static int before(const MotionBlur *blur, int c)
{
    return blur->causal && c > 0 ? 2 * c - 1 : c;
}

static int after(const MotionBlur *blur, int c)
{
    return blur->causal || c == 0 ? 0 : c - 1;
}

static CopStatus init(CopCorrupt *corrupt, CopError *err)
{
    (void)err;
    const MotionBlur *blur = corrupt->state;
    corrupt->latency = after(blur, blur->c);
    corrupt->look_behind = before(blur, blur->c);
    return COP_OK;
}

static int *reach_of(MotionBlur *blur, int64_t index)
{
    return &blur->reach[(uint64_t)index % (C_MAX + 1)];
}

static void add_row(uint16_t *sum, const uint8_t *x, int n)
{
    for (int i = 0; i < n; i++)
        sum[i] = (uint16_t)(sum[i] + x[i]);
}

static void subtract_row(uint16_t *sum, const uint8_t *x, int n)
{
    for (int i = 0; i < n; i++)
        sum[i] = (uint16_t)(sum[i] - x[i]);
}

/* floor(sum / count) by a multiplication: exact while sum <= 255 count and count <= 2^7. */
static void mean_row(uint8_t *y, const uint16_t *sum, int n, uint32_t count)
{
    const uint32_t inverse = ((1u << 23) + count - 1) / count;
    for (int i = 0; i < n; i++)
        y[i] = (uint8_t)(sum[i] * inverse >> 23);
}

static void accumulate(uint16_t *sum, const CopFrame *frame,
                       void (*row)(uint16_t *sum, const uint8_t *x, int n))
{
    for (int p = 0; p < cop_pixel_format_planes(frame->format); p++) {
        int row_bytes, rows;
        cop_plane_size(frame->format, frame->width, frame->height, p, &row_bytes, &rows);
        for (int y = 0; y < rows; y++, sum += row_bytes)
            row(sum, frame->plane[p] + (ptrdiff_t)y * frame->stride[p], row_bytes);
    }
}

/* Moves the window to low .. high. Going in before going out keeps sums positive. */
static void slide(MotionBlur *blur, int64_t low, int64_t high)
{
    while (blur->high < high)
        accumulate(blur->sum, cop_frame_window_at(&blur->window, ++blur->high), add_row);
    while (blur->low > low)
        accumulate(blur->sum, cop_frame_window_at(&blur->window, --blur->low), add_row);
    while (blur->high > high)
        accumulate(blur->sum, cop_frame_window_at(&blur->window, blur->high--), subtract_row);
    while (blur->low < low)
        accumulate(blur->sum, cop_frame_window_at(&blur->window, blur->low++), subtract_row);
}

static CopStatus mean(const MotionBlur *blur, const CopFrame *frame, int count, CopFrame *out)
{
    COP_TRY(cop_frame_alloc_like(out, frame));
    const uint16_t *sum = blur->sum;
    for (int p = 0; p < cop_pixel_format_planes(frame->format); p++) {
        int row_bytes, rows;
        cop_plane_size(frame->format, frame->width, frame->height, p, &row_bytes, &rows);
        for (int y = 0; y < rows; y++, sum += row_bytes)
            mean_row(out->plane[p] + (ptrdiff_t)y * out->stride[p], sum, row_bytes,
                     (uint32_t)count);
    }
    cop_keep_fourth_byte(out, frame);
    return COP_OK;
}

static CopStatus start(MotionBlur *blur, const CopFrame *frame)
{
    blur->sum = calloc(cop_frame_row_bytes(frame), sizeof *blur->sum);
    blur->low = frame->index;
    blur->high = frame->index - 1;
    return blur->sum ? COP_OK : COP_ERR_NOMEM;
}

static CopStatus push(CopCorrupt *corrupt, const CopFrame *frame)
{
    MotionBlur *blur = corrupt->state;
    if (!blur->sum)
        COP_TRY(start(blur, frame));
    *reach_of(blur, frame->index) = blur->c;
    return cop_frame_window_push(&blur->window, frame);
}

static CopStatus pull(CopCorrupt *corrupt, CopFrame *out)
{
    MotionBlur *blur = corrupt->state;
    const CopFrame *frame = cop_frame_window_next(&blur->window);
    if (!frame)
        return blur->window.flushed ? COP_EOF : COP_AGAIN;
    const int c = *reach_of(blur, frame->index);
    if (!cop_frame_window_ready(&blur->window, after(blur, c)))
        return COP_AGAIN;
    const int64_t low = frame->index - before(blur, c);
    slide(blur, low, low + 2 * c - 1);
    COP_TRY(c ? mean(blur, frame, 2 * c, out) : cop_frame_ref(out, frame));
    cop_frame_window_advance(&blur->window, blur->low);
    return COP_OK;
}

static CopStatus flush(CopCorrupt *corrupt)
{
    MotionBlur *blur = corrupt->state;
    blur->window.flushed = true;
    return COP_OK;
}

static void close(CopCorrupt *corrupt)
{
    MotionBlur *blur = corrupt->state;
    cop_frame_window_clear(&blur->window);
    free(blur->sum);
    blur->sum = NULL;
}

static const char *const columns[] = {"c", NULL};

static const CopSeverityTable tables[] = {
    {COP_PRESET_DEFAULT, "Mini Kinetics-C, Yi et al., NeurIPS 2021", columns, (const double[]){0},
     (const double[]){3, 5, 7, 9, 11}},
    {"kinetics-c", "Mini Kinetics-C, Yi et al., NeurIPS 2021", columns, (const double[]){0},
     (const double[]){3, 5, 7, 9, 11}},
    {"ssv2-c", "Mini SSV2-C, same authors", columns, (const double[]){0},
     (const double[]){1, 2, 3, 4, 6}},
    {.preset = NULL},
};

const CopCorruptDesc cop_corrupt_motion_blur_temporal = {
    .name = "motion_blur_temporal",
    .summary = "mean of 2 c neighbouring frames, a long exposure",
    .reference = "Yi et al., NeurIPS 2021 (datasets and benchmarks)",
    .family = COP_FAMILY_TEMPORAL,
    .options = options,
    .tables = tables,
    .state_size = sizeof(MotionBlur),
    .init = init,
    .push = push,
    .pull = pull,
    .flush = flush,
    .close = close,
};
