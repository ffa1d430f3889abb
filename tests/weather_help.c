/* What tests of weather share: flat frames seen through it, correlations, samples.
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#include "tests/weather_help.h"

#include <gst/check/check.h>
#include <math.h>
#include <string.h>

#include "tests/corrupt_clip.h"

CopFrame weather_flat(int width, int height, int level, int64_t index)
{
    CopFrame frame = clip_frame(COP_PIXEL_RGB, width, height, 0);
    frame.index = index;
    for (int y = 0; y < height; y++)
        memset(frame.plane[0] + y * frame.stride[0], level, (size_t)(3 * width));
    return frame;
}

CopCorrupt *weather_make(const char *name, double severity, CopTemporal temporal,
                         const char *preset, const char *params)
{
    CopCorrupt *corrupt;
    CopError err = {0};
    const CopCorruptSpec spec = {.name = name,
                                 .severity = severity,
                                 .seed = 7,
                                 .temporal = temporal,
                                 .preset = preset,
                                 .params = params};
    ck_assert_msg(cop_corrupt_create(&corrupt, &spec, &err) == COP_OK, "%s", err.text);
    return corrupt;
}

CopFrame weather_seen(CopCorrupt *corrupt, int width, int height, int level, int64_t index)
{
    CopFrame frame = weather_flat(width, height, level, index);
    ck_assert_int_eq(cop_corrupt_in_place(corrupt, &frame), COP_OK);
    return frame;
}

double weather_at(const CopFrame *frame, int x, int y)
{
    return frame->plane[0][y * frame->stride[0] + 3 * x + 1];
}

double weather_correlation(const CopFrame *a, const CopFrame *b, int dx, int dy)
{
    double n = 0, sa = 0, sb = 0, aa = 0, bb = 0, ab = 0;
    for (int y = dy < 0 ? -dy : 0; y < a->height && y + dy < b->height; y++)
        for (int x = dx < 0 ? -dx : 0; x < a->width && x + dx < b->width; x++) {
            const double p = weather_at(a, x, y), q = weather_at(b, x + dx, y + dy);
            n++;
            sa += p;
            sb += q;
            aa += p * p;
            bb += q * q;
            ab += p * q;
        }
    return (ab - sa * sb / n) / sqrt((aa - sa * sa / n) * (bb - sb * sb / n));
}

void weather_peak(const CopFrame *a, const CopFrame *b, int x, int y, int reach, int *px, int *py)
{
    double most = -2;
    for (int dy = y - reach; dy <= y + reach; dy++)
        for (int dx = x - reach; dx <= x + reach; dx++) {
            const double c = weather_correlation(a, b, dx, dy);
            if (c > most) {
                most = c;
                *px = dx;
                *py = dy;
            }
        }
}

void sample_add(Sample *sample, double x)
{
    sample->n++;
    sample->sum += x;
    sample->squares += x * x;
}

void sample_check(const Sample *sample, double want, double unit, const char *what)
{
    const double mean = sample->sum / sample->n;
    const double variance = sample->squares / sample->n - mean * mean;
    const double bound = 4 * sqrt(fmax(variance, 0) / (sample->n - 1)) + unit / 2;
    ck_assert_msg(fabs(mean - want) <= bound, "%s: %g, not %g (+- %g)", what, mean, want, bound);
}
