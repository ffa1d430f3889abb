/* What the corruptions that damage an H.264 stream share: options, and how it is made.
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#include "pipeline/corrupt/h264_stream.h"

#include <stdio.h>

static const char encoder[] = "libx264";

CopStatus cop_h264_stream_init(CopCorrupt *corrupt, CopError *err)
{
    const CopH264Stream *stream = corrupt->state;
    return cop_group_init(corrupt, encoder, stream->gop, stream->delay ? 0 : stream->gop - 1, err);
}

CopStatus cop_h264_stream_push(CopCorrupt *corrupt, const CopFrame *frame, CopGroupDamage *damage)
{
    CopH264Stream *stream = corrupt->state;
    if (cop_group_begins(&stream->codec))
        stream->group = frame->index - frame->index % stream->gop;
    char number[32], rate[40], more[16] = "";
    snprintf(rate, sizeof rate, "crf=%s", cop_format_double(stream->crf, number));
    if (!stream->delay)
        snprintf(more, sizeof more, ",bf=%d", stream->b_frames);
    CopGroupPlan plan;
    cop_x26x_plan(&plan, encoder, stream->gop, stream->preset, stream->delay, rate, more);
    plan.damage = damage;
    plan.ctx = corrupt;
    return cop_group_push(&stream->codec, &plan, frame);
}

CopRngAddress cop_h264_stream_address(const CopCorrupt *corrupt, uint32_t draw)
{
    const CopH264Stream *stream = corrupt->state;
    return (CopRngAddress){.draw = draw, .frame = (uint32_t)stream->group, .clip = corrupt->clip};
}
