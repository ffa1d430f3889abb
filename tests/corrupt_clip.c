/* Clips for tests of corruptions: made, compared, run through an instance.
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#include "tests/corrupt_clip.h"

#include <gst/check/check.h>
#include <string.h>

CopFrame clip_frame(CopPixelFormat format, int width, int height, int64_t index)
{
    CopFrame frame;
    ck_assert_int_eq(cop_frame_alloc(&frame, format, width, height), COP_OK);
    frame.index = index;
    frame.pts = 40000 * index;
    for (int p = 0; p < cop_pixel_format_planes(format); p++) {
        int row_bytes, rows;
        cop_plane_size(format, width, height, p, &row_bytes, &rows);
        for (int y = 0; y < rows; y++)
            for (int x = 0; x < row_bytes; x++) {
                const int u = x + 2 * (int)index, v = y + (int)index;
                const uint64_t grain = cop_mix64((uint64_t)u * 8191 + (uint64_t)v) % 24;
                frame.plane[p][y * frame.stride[p] + x] =
                    (uint8_t)(40 + 60 * p + (u * 3 + v * 2) % 150 + (int)grain - 40 * (p > 0));
            }
    }
    return frame;
}

void clip_make(CopFrame *frame, int n, CopPixelFormat format, int width, int height, int64_t first)
{
    for (int i = 0; i < n; i++)
        frame[i] = clip_frame(format, width, height, first + i);
}

void clip_free(CopFrame *frame, int n)
{
    for (int i = 0; i < n; i++)
        cop_frame_unref(&frame[i]);
}

bool clip_same_shape(const CopFrame *a, const CopFrame *b)
{
    return a->format == b->format && a->width == b->width && a->height == b->height &&
           a->index == b->index && a->pts == b->pts && a->colour.matrix == b->colour.matrix &&
           a->colour.range == b->colour.range;
}

bool clip_same_pixels(const CopFrame *a, const CopFrame *b)
{
    for (int p = 0; p < cop_pixel_format_planes(a->format); p++) {
        int row_bytes, rows;
        cop_plane_size(a->format, a->width, a->height, p, &row_bytes, &rows);
        for (int y = 0; y < rows; y++)
            if (memcmp(a->plane[p] + y * a->stride[p], b->plane[p] + y * b->stride[p],
                       (size_t)row_bytes) != 0)
                return false;
    }
    return true;
}

double clip_mse(const CopFrame *a, const CopFrame *b, int n)
{
    double sum = 0, count = 0;
    for (int i = 0; i < n; i++)
        for (int p = 0; p < cop_pixel_format_planes(a[i].format); p++) {
            int row_bytes, rows;
            cop_plane_size(a[i].format, a[i].width, a[i].height, p, &row_bytes, &rows);
            count += (double)row_bytes * rows;
            for (int y = 0; y < rows; y++)
                for (int x = 0; x < row_bytes; x++) {
                    const int d = a[i].plane[p][y * a[i].stride[p] + x] -
                                  b[i].plane[p][y * b[i].stride[p] + x];
                    sum += d * d;
                }
        }
    return sum / count;
}

CopCorrupt *clip_corrupt(const char *name, double severity, uint64_t seed, const char *preset,
                         const char *params)
{
    CopCorrupt *corrupt;
    CopError err = {0};
    const CopCorruptSpec spec = {
        .name = name, .severity = severity, .seed = seed, .preset = preset, .params = params};
    ck_assert_msg(cop_corrupt_create(&corrupt, &spec, &err) == COP_OK, "%s", err.text);
    return corrupt;
}
