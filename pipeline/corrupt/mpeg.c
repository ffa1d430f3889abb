/* What the corruptions by FFmpeg's own MPEG encoders share. There are no B frames and there is
 * no rate control, so that frames leave as they come, of MPEG-1 one later.
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#include "pipeline/corrupt/mpeg.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

/* FFmpeg's unit of quantisers (FF_QP2LAMBDA). */
enum { LAMBDA = 118 };

int cop_mpeg_quality(double q)
{
    return (int)floor(q * LAMBDA + 0.5);
}

CopGroupPlan cop_mpeg_plan(const char *encoder, unsigned formats, double q)
{
    CopGroupPlan plan = {
        .encoder = encoder,
        .shape = {.formats = formats, .side_min = 1, .side_step = 1},
        .gop = 1,
        .low_delay = true,
    };
    /* A bit in MPEG-2's header, which makes both coders hold no frame back. */
    const char *flags = strcmp(encoder, "mpeg2video") == 0 ? "+low_delay" : "";
    const char *range = strcmp(encoder, "mjpeg") == 0 ? ",color_range=pc" : "";
    snprintf(plan.options, sizeof plan.options, "flags=+qscale%s,global_quality=%d,qmin=1%s", flags,
             cop_mpeg_quality(q), range);
    return plan;
}

CopStatus cop_mpeg_init(CopCorrupt *corrupt, const char *encoder, CopError *err)
{
    const CopMpeg *codec = corrupt->state;
    return cop_group_init(corrupt, encoder, codec->gop, strcmp(encoder, "mpeg1video") == 0, err);
}

CopStatus cop_mpeg_push(CopCorrupt *corrupt, const char *encoder, unsigned formats,
                        const CopFrame *frame)
{
    CopMpeg *codec = corrupt->state;
    if (cop_group_begins(&codec->codec)) {
        codec->codec.plan = cop_mpeg_plan(encoder, formats, codec->q);
        codec->codec.plan.gop = codec->gop;
    }
    return cop_group_push(&codec->codec, frame);
}
