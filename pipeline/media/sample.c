/* Which source frames make a clip. Formulas are those of torchvision 0.14
 * (datasets/video_utils.py, samplers/clip_sampler.py), MMAction2 (SampleFrames) and SlowFast
 * (datasets/decoder.py, ssv2.py).
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#include "pipeline/media/sample.h"

#include <assert.h>
#include <math.h>
#include <stddef.h>

const char *const cop_sampler_names[] = {"uniform",  "random",          "torchvision", "mmaction",
                                         "slowfast", "slowfast_offset", "segments",    NULL};
const char *const cop_edge_names[] = {"loop", "repeat", "repeat_last", "wrap", "error", NULL};

/* One clip being sampled. Positions count frames of a line, which is the video's unless it
 * is resampled: position p is source frame floor(p step). */
typedef struct Clip {
    const CopSampleOptions *options;
    int view;
    int64_t n; /* frames of the line */
    double step;
    int64_t start;
    float from, to; /* slowfast: first and last point */
    CopRngKey key;
    CopRngAddress at;
} Clip;

bool cop_sampler_takes_fps(CopSampler sampler)
{
    return sampler != COP_SAMPLER_MMACTION && sampler != COP_SAMPLER_SEGMENTS;
}

static int64_t below(const Clip *clip, int position, int64_t n)
{
    return cop_rng_below(clip->key, (uint32_t)position, clip->at,
                         n < UINT32_MAX ? (uint32_t)n : UINT32_MAX);
}

/* Point i of n from `from` to `to`, as torch.linspace has it: from both ends. */
static float linspace(float from, float to, int n, int i)
{
    if (n == 1)
        return from;
    const float step = (to - from) / (float)(n - 1);
    return i < n / 2 ? from + step * (float)i : to - step * (float)(n - 1 - i);
}

static bool has_points(const Clip *clip)
{
    return clip->options->sampler == COP_SAMPLER_SLOWFAST ||
           clip->options->sampler == COP_SAMPLER_SLOWFAST_OFFSET;
}

static void resample(Clip *clip, int total, double rate)
{
    const double fps = clip->options->fps;
    clip->n = total;
    clip->step = 1;
    if (has_points(clip) || fps <= 0 || rate <= 0)
        return;
    clip->step = rate / fps;
    const bool whole = clip->step == floor(clip->step);
    const double n = whole ? ceil(total / clip->step) : floor(total * (fps / rate));
    clip->n = n < 1 ? 1 : n > INT32_MAX ? INT32_MAX : (int64_t)n;
}

/* Where a clip of evenly stepped frames begins; room: starts but one. */
static int64_t find_start(const Clip *clip, int64_t room)
{
    const CopSampleOptions *o = clip->options;
    const int64_t k = clip->view, gaps = o->clips - 1;
    switch (o->sampler) {
    case COP_SAMPLER_TORCHVISION:
        if (room <= 0)
            return 0;
        return o->test ? (int64_t)linspace(0, (float)room, o->clips, clip->view)
                       : below(clip, 0, room + 1);
    case COP_SAMPLER_MMACTION:
        if (!o->test)
            room -= o->stride - 1; /* a clip takes T s frames here */
        if (room <= 0)
            return 0;
        if (!o->test)
            return below(clip, 0, room + 1);
        return gaps > 0 ? (int64_t)nearbyint((double)k * ((double)room / (double)gaps)) : room / 2;
    case COP_SAMPLER_RANDOM:
        if (room > 0 && !o->test)
            return below(clip, clip->view, room + 1);
        break;
    default:
        break;
    }
    if (room <= 0)
        return 0;
    return gaps > 0 ? (2 * k * room + gaps) / (2 * gaps) : room / 2;
}

static void find_points(Clip *clip, double rate)
{
    const CopSampleOptions *o = clip->options;
    double span = (double)o->frames * o->stride;
    if (o->fps > 0 && rate > 0)
        span = span * rate / o->fps;
    const double room = fmax((double)clip->n - span, 0);
    double start;
    if (!o->test)
        start = cop_rng_uniform(clip->key, 0, clip->at) * room;
    else if (o->sampler == COP_SAMPLER_SLOWFAST)
        start = room * clip->view / o->clips;
    else if (o->clips == 1)
        start = floor(room / 2);
    else
        start = clip->view * floor(room / (o->clips - 1));
    clip->from = (float)start;
    clip->to = (float)(start + span - 1);
}

static int64_t segment(const Clip *clip, int j)
{
    const double size = (double)(clip->n - 1) / clip->options->frames;
    const int64_t first = (int64_t)nearbyint(size * j), last = (int64_t)nearbyint(size * (j + 1));
    return clip->options->test ? (first + last) / 2 : first + below(clip, j, last - first + 1);
}

/* Frame j of the clip on the line; may lie behind its end. */
static int64_t position(const Clip *clip, int j)
{
    const CopSampleOptions *o = clip->options;
    if (o->sampler == COP_SAMPLER_SEGMENTS)
        return segment(clip, j);
    if (has_points(clip)) {
        const float point = linspace(clip->from, clip->to, o->frames, j);
        return point > 0 ? (int64_t)point : 0;
    }
    return clip->start + (int64_t)j * o->stride;
}

/* Frames of the clip that are there; positions do not fall. */
static int count_inside(const Clip *clip)
{
    int n = 1;
    while (n < clip->options->frames && position(clip, n) < clip->n)
        n++;
    return n;
}

static int64_t fit(const Clip *clip, int j, int inside)
{
    const int64_t at = position(clip, j);
    if (at < clip->n)
        return at;
    if (has_points(clip))
        return clip->n - 1;
    switch (clip->options->policy) {
    case COP_EDGE_LOOP:
        return at % clip->n;
    case COP_EDGE_REPEAT_LAST:
        return position(clip, inside - 1);
    case COP_EDGE_WRAP:
        return position(clip, j % inside);
    default:
        return clip->n - 1;
    }
}

/* As torchvision's tensors do: in float where the step is not whole. */
static int source_frame(const Clip *clip, int64_t at, int total)
{
    const bool whole = clip->step == floor(clip->step);
    const double frame =
        whole ? (double)at * clip->step : floor((double)((float)at * (float)clip->step));
    return frame < total ? (int)frame : total - 1;
}

bool cop_sample_clip(const CopSampleOptions *options, int total, double rate, int view,
                     CopRngKey key, CopRngAddress at, int *index)
{
    assert(total >= 1 && options->frames >= 1 && options->stride >= 1);
    assert(view >= 0 && (view < options->clips || options->clips < 1));
    Clip clip = {.options = options, .view = view, .key = key, .at = at};
    resample(&clip, total, rate);
    if (has_points(&clip))
        find_points(&clip, rate);
    else
        clip.start =
            find_start(&clip, clip.n - ((int64_t)(options->frames - 1) * options->stride + 1));
    const int inside = count_inside(&clip);
    if (inside < options->frames && options->policy == COP_EDGE_ERROR)
        return false;
    for (int j = 0; j < options->frames; j++)
        index[j] = source_frame(&clip, fit(&clip, j, inside), total);
    return true;
}

CopStatus cop_sample_too_short(const CopSampleOptions *options, const char *path, int total,
                               CopError *err)
{
    return cop_error_set(err, COP_ERR_DATA,
                         "%s: has %d frames, too few for a clip of %d with stride %d (clip.policy "
                         "= error)",
                         path, total, options->frames, options->stride);
}
