/* What the corruptions by libx264 and libx265 share: options, and how a group is coded.
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#include "pipeline/corrupt/x26x.h"

#include <stdio.h>
#include <string.h>

/* Mirrored frames before a group. At constant quality more move PSNR away from that of one
 * long stream. A bit rate has to be found first, and a full buffer spent. */
enum { LEAD_CRF = 4, LEAD_ABR = 32 };

/* The encoders count in kilobits; a picture of a few pixels is to have one, too. */
enum { BITRATE_MIN = 1000, FRAMES_A_SECOND = 25 };

const char *const cop_x26x_presets[] = {"ultrafast", "superfast", "veryfast", "faster",   "fast",
                                        "medium",    "slow",      "slower",   "veryslow", NULL};
const char *const cop_x26x_delays[] = {"group", "low", NULL};

void cop_x26x_plan(CopGroupPlan *plan, const char *encoder, int gop, int preset, bool low_delay,
                   const char *rate, const char *more)
{
    const bool x265 = strcmp(encoder, "libx265") == 0;
    *plan = (CopGroupPlan){
        .encoder = encoder,
        .shape = {.formats = 1u << COP_PIXEL_GRAY8 | 1u << COP_PIXEL_I420 | 1u << COP_PIXEL_I422 |
                             1u << COP_PIXEL_I444,
                  /* libx265 3.5 writes past its memory below 64 pixels, and is not steady at 64. */
                  .side_min = x265 ? 72 : 1,
                  .side_step = x265 ? 8 : 1,
                  .rgb_range = COP_RANGE_LIMITED},
        .gop = gop,
        .lead = LEAD_CRF,
        .low_delay = low_delay,
    };
    snprintf(plan->options, sizeof plan->options, "%s,preset=%s,forced-idr=1,%s%s%s", rate,
             cop_x26x_presets[preset],
             x265 ? "x265-params=log-level=none:wpp=0:lookahead-slices=0:frame-threads=1"
                  : "x264-params=cpu-independent=1",
             low_delay ? ",tune=zerolatency" : "", more);
}

CopStatus cop_x26x_init(CopCorrupt *corrupt, const char *encoder, CopError *err)
{
    const CopX26x *codec = corrupt->state;
    return cop_group_init(corrupt, encoder, codec->gop, codec->delay ? 0 : codec->gop - 1, err);
}

CopStatus cop_x26x_push_crf(CopCorrupt *corrupt, const char *encoder, const CopFrame *frame)
{
    CopX26x *codec = corrupt->state;
    char number[32], rate[40];
    snprintf(rate, sizeof rate, "crf=%s", cop_format_double(codec->crf, number));
    CopGroupPlan plan;
    cop_x26x_plan(&plan, encoder, codec->gop, codec->preset, codec->delay, rate, "");
    return cop_group_push(&codec->codec, &plan, frame);
}

CopStatus cop_x26x_push_abr(CopCorrupt *corrupt, const char *encoder, const CopFrame *frame)
{
    CopX26x *codec = corrupt->state;
    double bits = codec->bitrate;
    if (bits == 0)
        bits = codec->bits_per_pixel * frame->width * frame->height * FRAMES_A_SECOND;
    const int rate = bits < BITRATE_MIN ? BITRATE_MIN : bits > 1e9 ? 1000000000 : (int)bits;
    char text[96];
    snprintf(text, sizeof text, "flags=+global_header,b=%d,maxrate=%d,bufsize=%d", rate, rate,
             rate);
    CopGroupPlan plan;
    cop_x26x_plan(&plan, encoder, codec->gop, codec->preset, codec->delay, text, "");
    plan.lead = LEAD_ABR;
    return cop_group_push(&codec->codec, &plan, frame);
}

const CopOption cop_x26x_abr_options[] = {
    {"bits_per_pixel", "bits for each pixel of luma", COP_TYPE_DOUBLE,
     offsetof(CopX26x, bits_per_pixel), "0.1", 1e-4, 24, NULL,
     COP_OPTION_INTERPOLATE | COP_OPTION_CONTROLLABLE},
    {"bitrate", "bits a second, at 25 frames; 0: by bits_per_pixel", COP_TYPE_DOUBLE,
     offsetof(CopX26x, bitrate), "0", 0, 1e9, NULL, COP_OPTION_CONTROLLABLE},
    COP_X26X_OPTIONS(CopX26x, "32"),
    COP_OPTIONS_END,
};

static const char *const columns[] = {"bits_per_pixel", NULL};

const CopSeverityTable cop_x26x_abr_tables[] = {
    {COP_PRESET_DEFAULT, "ours: about 0.2 bits a pixel divided by 2, 4, 8, 16, 32", columns,
     (const double[]){0.2}, (const double[]){0.1, 0.05, 0.025, 0.012, 0.006}},
    {"kinetics-c", "Yi et al., NeurIPS 2021, on files of 0.2 bits a pixel", columns,
     (const double[]){0.2}, (const double[]){0.1, 0.05, 0.025, 0.0125, 0.00625}},
    {.preset = NULL},
};
