/* Filters along time. Weights are whole numbers and every sum is exact, so the bytes are the
 * same on every machine and in any order of summing.
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#include "pipeline/corrupt/temporal_fir.h"

#include <math.h>
#include <stdlib.h>

#include "models/core/portable_math.h"
#include "pipeline/corrupt/fourth_byte.h"
#include "pipeline/corrupt/tiers.h"

int cop_temporal_half(double cutoff)
{
    const double half = ceil(2 / cutoff);
    return half < COP_FIR_HALF_MAX ? (int)half : COP_FIR_HALF_MAX;
}

static double windowed_sinc(double cutoff, int half, int k)
{
    if (k == 0)
        return cutoff;
    double sine, cosine, unused;
    cop_sin_cos(COP_PI * cutoff * k, &sine, &unused);
    cop_sin_cos(COP_PI * k / (half + 1), &unused, &cosine);
    return sine / (COP_PI * k) * (0.5 + 0.5 * cosine);
}

void cop_temporal_weights(const CopTemporalFilter *filter, int32_t *weight)
{
    double low[COP_FIR_HALF_MAX + 1], sum = 0;
    for (int k = 0; k <= filter->half; k++) {
        low[k] = windowed_sinc(filter->cutoff, filter->half, k);
        sum += k ? 2 * low[k] : low[k];
    }
    weight[0] = (int32_t)floor(COP_FIR_ONE * (filter->keep + filter->mix) + 0.5);
    for (int k = 1; k <= filter->half; k++) {
        weight[k] = (int32_t)floor(COP_FIR_ONE * filter->mix * low[k] / sum + 0.5);
        weight[0] -= 2 * weight[k];
    }
}

/* Whole sums stay below 255 COP_FIR_ONE times the absolute weights' sum, which is under 4. */
COP_TIERS static void set_row(int32_t *sum, const uint8_t *x, int n, int32_t weight, int32_t start)
{
    for (int i = 0; i < n; i++)
        sum[i] = start + weight * x[i];
}

COP_TIERS static void add_rows(int32_t *sum, const uint8_t *a, const uint8_t *b, int n,
                               int32_t weight)
{
    for (int i = 0; i < n; i++)
        sum[i] += weight * (a[i] + b[i]);
}

COP_TIERS static void round_row(uint8_t *y, const int32_t *sum, int n)
{
    for (int i = 0; i < n; i++) {
        int32_t level = (sum[i] > 0 ? sum[i] : 0) / COP_FIR_ONE;
        level = level < 255 ? level : 255;
        y[i] = (uint8_t)level;
    }
}

static const uint8_t *row_of(const CopFrame *frame, int plane, int y)
{
    return frame->plane[plane] + (ptrdiff_t)y * frame->stride[plane];
}

/* `middle` is the index that the window lies around. */
static void filter_plane(const CopTemporalFir *fir, int64_t middle, int plane, const CopFrame *out)
{
    const CopFrame *around[2 * COP_FIR_HALF_MAX + 1];
    const int half = fir->weighed.half;
    int32_t total = fir->weight[0];
    for (int k = -half; k <= half; k++)
        around[half + k] = cop_frame_window_at(&fir->window, middle + k);
    for (int k = 1; k <= half; k++)
        total += 2 * fir->weight[k];
    const int32_t start = 128 * (COP_FIR_ONE - total) + COP_FIR_ONE / 2;
    int row_bytes, rows;
    cop_plane_size(out->format, out->width, out->height, plane, &row_bytes, &rows);
    for (int y = 0; y < rows; y++) {
        set_row(fir->sum, row_of(around[half], plane, y), row_bytes, fir->weight[0], start);
        for (int k = 1; k <= half; k++)
            if (fir->weight[k])
                add_rows(fir->sum, row_of(around[half - k], plane, y),
                         row_of(around[half + k], plane, y), row_bytes, fir->weight[k]);
        round_row(out->plane[plane] + (ptrdiff_t)y * out->stride[plane], fir->sum, row_bytes);
    }
}

void cop_temporal_fir_declare(CopCorrupt *corrupt)
{
    const CopTemporalFir *fir = corrupt->state;
    corrupt->latency = fir->causal ? 0 : fir->filter.half;
    corrupt->look_behind = fir->causal ? 2 * fir->filter.half : fir->filter.half;
}

CopStatus cop_temporal_fir_push(CopCorrupt *corrupt, const CopFrame *frame)
{
    CopTemporalFir *fir = corrupt->state;
    if (!fir->sum) {
        int row_bytes, rows; /* of the first plane, whose rows are the longest */
        cop_plane_size(frame->format, frame->width, frame->height, 0, &row_bytes, &rows);
        fir->sum = malloc(((size_t)row_bytes + 1) * sizeof *fir->sum); /* NV12: 1 more */
        if (!fir->sum)
            return COP_ERR_NOMEM;
    }
    fir->pushed[(uint64_t)frame->index % (COP_FIR_HALF_MAX + 1)] = fir->filter;
    return cop_frame_window_push(&fir->window, frame);
}

static bool is_weighed(const CopTemporalFir *fir, const CopTemporalFilter *filter)
{
    const CopTemporalFilter *old = &fir->weighed;
    return old->cutoff == filter->cutoff && old->half == filter->half &&
           old->keep == filter->keep && old->mix == filter->mix;
}

CopStatus cop_temporal_fir_pull(CopCorrupt *corrupt, CopFrame *out)
{
    CopTemporalFir *fir = corrupt->state;
    const CopFrame *frame = cop_frame_window_next(&fir->window);
    if (!frame)
        return fir->window.flushed ? COP_EOF : COP_AGAIN;
    const CopTemporalFilter filter = fir->pushed[(uint64_t)frame->index % (COP_FIR_HALF_MAX + 1)];
    if (!cop_frame_window_ready(&fir->window, fir->causal ? 0 : filter.half))
        return COP_AGAIN;
    if (!is_weighed(fir, &filter)) {
        cop_temporal_weights(&filter, fir->weight);
        fir->weighed = filter;
    }
    COP_TRY(cop_frame_alloc_like(out, frame));
    const int64_t middle = fir->causal ? frame->index - filter.half : frame->index;
    for (int p = 0; p < cop_pixel_format_planes(frame->format); p++)
        filter_plane(fir, middle, p, out);
    cop_keep_fourth_byte(out, frame);
    cop_frame_window_advance(&fir->window, middle - filter.half + 1);
    return COP_OK;
}

CopStatus cop_temporal_fir_flush(CopCorrupt *corrupt)
{
    CopTemporalFir *fir = corrupt->state;
    fir->window.flushed = true;
    return COP_OK;
}

void cop_temporal_fir_close(CopCorrupt *corrupt)
{
    CopTemporalFir *fir = corrupt->state;
    cop_frame_window_clear(&fir->window);
    free(fir->sum);
    fir->sum = NULL;
}
