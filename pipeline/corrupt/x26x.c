/* What the corruptions by libx264 and libx265 share: options, and how a group is coded.
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#include "pipeline/corrupt/x26x.h"

#include <stdio.h>
#include <string.h>

/* Mirrored frames before a group. At constant quality more move PSNR away from that of one
 * long stream. */
enum { LEAD = 4 };

/* Frames of one stream that are inside at most: the slowest preset looks 60 frames ahead,
 * and neither encoder reorders by more than 16. */
enum { IN_FLIGHT_MAX = 80 };

const char *const cop_x26x_presets[] = {"ultrafast", "superfast", "veryfast", "faster",   "fast",
                                        "medium",    "slow",      "slower",   "veryslow", NULL};
const char *const cop_x26x_delays[] = {"group", "low", NULL};

CopStatus cop_x26x_init(CopCorrupt *corrupt, const char *encoder, CopError *err)
{
    CopX26x *codec = corrupt->state;
    codec->encoder = encoder;
    const int waits = codec->gop ? codec->gop - 1 : IN_FLIGHT_MAX;
    return cop_group_init(corrupt, encoder, codec->gop, codec->delay ? 0 : waits, err);
}

void cop_x26x_plan(CopX26x *codec, const char *rate, const char *more)
{
    const bool x265 = strcmp(codec->encoder, "libx265") == 0;
    CopGroupPlan *plan = &codec->codec.plan;
    *plan = (CopGroupPlan){
        .encoder = codec->encoder,
        .shape = {.formats = 1u << COP_PIXEL_GRAY8 | 1u << COP_PIXEL_I420 | 1u << COP_PIXEL_I422 |
                             1u << COP_PIXEL_I444,
                  /* libx265 3.5 writes past its memory below 64 pixels, and is not steady at 64. */
                  .side_min = x265 ? 72 : 1,
                  .side_step = x265 ? 8 : 1,
                  .rgb_range = COP_RANGE_LIMITED},
        .gop = codec->gop,
        .lead = LEAD,
        .low_delay = codec->delay,
    };
    snprintf(plan->options, sizeof plan->options, "%s,preset=%s,forced-idr=1,%s%s%s", rate,
             cop_x26x_presets[codec->preset],
             x265 ? "x265-params=log-level=none:wpp=0:lookahead-slices=0:frame-threads=1"
                  : "x264-params=cpu-independent=1",
             codec->delay ? ",tune=zerolatency" : "", more);
}

void cop_x26x_plan_crf(CopX26x *codec, const char *more)
{
    char number[32], rate[40];
    snprintf(rate, sizeof rate, "crf=%s", cop_format_double(codec->crf, number));
    cop_x26x_plan(codec, rate, more);
}

CopStatus cop_x26x_push_crf(CopCorrupt *corrupt, const CopFrame *frame)
{
    CopX26x *codec = corrupt->state;
    if (cop_group_begins(&codec->codec))
        cop_x26x_plan_crf(codec, "");
    return cop_group_push(&codec->codec, frame);
}
