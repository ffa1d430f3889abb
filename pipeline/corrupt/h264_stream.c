/* What the corruptions that damage an H.264 stream share: options, and how it is made.
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#include "pipeline/corrupt/h264_stream.h"

#include <stdio.h>

CopStatus cop_h264_stream_init(CopCorrupt *corrupt, CopError *err)
{
    return cop_x26x_init(corrupt, "libx264", err);
}

CopStatus cop_h264_stream_push(CopCorrupt *corrupt, const CopFrame *frame, CopGroupDamage *damage)
{
    CopH264Stream *stream = corrupt->state;
    if (cop_h264_stream_begins(stream)) {
        stream->group = frame->index - frame->index % stream->coder.gop;
        char more[16] = "";
        if (!stream->coder.delay)
            snprintf(more, sizeof more, ",bf=%d", stream->b_frames);
        cop_x26x_plan_crf(&stream->coder, more);
        stream->coder.codec.plan.damage = damage;
        stream->coder.codec.plan.ctx = corrupt;
    }
    return cop_group_push(&stream->coder.codec, frame);
}

bool cop_h264_stream_begins(const CopH264Stream *stream)
{
    return cop_group_begins(&stream->coder.codec);
}

bool cop_h264_stream_is_low(const CopH264Stream *stream)
{
    return stream->coder.codec.plan.low_delay;
}

CopRngAddress cop_h264_stream_address(const CopCorrupt *corrupt, uint32_t draw)
{
    const CopH264Stream *stream = corrupt->state;
    return (CopRngAddress){.draw = draw, .frame = (uint32_t)stream->group, .clip = corrupt->clip};
}
