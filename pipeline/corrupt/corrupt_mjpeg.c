/* Motion JPEG at a constant quantiser: each frame by itself. One more of FFmpeg's own encoders
 * beside the MPEG ones of Schiappa et al., CVPR 2023; the quantisers are theirs.
 *
 * Planes are coded as they are, whatever their range; RGB becomes 4:4:4 of full range, as in
 * JPEG files. A frame leaves as it comes, so this is a corruption without memory: its coders
 * are only kept since opening them takes longer than coding a small picture.
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#include <libavcodec/avcodec.h>
#include <limits.h>

#include "pipeline/corrupt/group_coder.h"
#include "pipeline/corrupt/mpeg.h"

typedef struct Mjpeg {
    double q;
    CopGroupCoder *coder; /* of the last picture; NULL: none yet */
} Mjpeg;

static const CopCodedShape shape = {.formats = 1u << COP_PIXEL_I420 | 1u << COP_PIXEL_I422 |
                                               1u << COP_PIXEL_I444,
                                    .side_min = 1,
                                    .side_step = 1,
                                    .rgb_range = COP_RANGE_FULL};

static const CopOption options[] = {
    {"q", "quantiser, 1 the finest", COP_TYPE_DOUBLE, offsetof(Mjpeg, q), "6", 1, 31, NULL,
     COP_OPTION_INTERPOLATE | COP_OPTION_CONTROLLABLE},
    COP_OPTIONS_END,
};

static CopStatus init(CopCorrupt *corrupt, CopError *err)
{
    return cop_group_find(corrupt->desc->name, "mjpeg", err);
}

static void close(CopCorrupt *corrupt)
{
    Mjpeg *codec = corrupt->state;
    cop_group_coder_close(&codec->coder);
}

/* Coders for pictures like `coded` at the present quantiser. */
static CopStatus prepare(Mjpeg *codec, const CopFrame *coded)
{
    if (codec->coder && cop_group_coder_fits(codec->coder, coded) &&
        codec->coder->encoder->global_quality == cop_mpeg_quality(codec->q))
        return COP_OK;
    const CopGroupPlan plan = cop_mpeg_plan("mjpeg", shape.formats, codec->q);
    cop_group_coder_close(&codec->coder);
    return cop_group_coder_open(&codec->coder, &plan, coded, INT_MAX);
}

/* The picture that comes back stands in coder->picture. */
static CopStatus code_picture(CopGroupCoder *coder, const CopFrame *coded)
{
    COP_TRY(cop_group_coder_send(coder, coded, coder->next++));
    int code = avcodec_receive_packet(coder->encoder, coder->packet);
    if (code >= 0)
        code = avcodec_send_packet(coder->decoder, coder->packet);
    av_packet_unref(coder->packet);
    if (code >= 0)
        code = avcodec_receive_frame(coder->decoder, coder->picture);
    return cop_group_status(code);
}

static CopStatus code_frame(Mjpeg *codec, const CopFrame *coded, const CopFrame *frame)
{
    COP_TRY(prepare(codec, coded));
    const AVFrame *picture = codec->coder->picture;
    COP_TRY(code_picture(codec->coder, coded));
    if (!cop_group_coder_gave(codec->coder, picture))
        return COP_ERR_DATA;
    const CopFrame decoded = cop_group_coder_planes(codec->coder, picture);
    cop_coded_store(frame, &shape, &decoded);
    av_frame_unref(codec->coder->picture);
    return COP_OK;
}

static CopStatus apply(CopCorrupt *corrupt, CopFrame *frame)
{
    Mjpeg *codec = corrupt->state;
    CopFrame coded;
    COP_TRY(cop_coded_frame(&coded, &shape, frame));
    const CopStatus status = code_frame(codec, &coded, frame);
    if (status != COP_OK)
        close(corrupt); /* after an error coders start anew */
    cop_frame_unref(&coded);
    return status;
}

static const char *const columns[] = {"q", NULL};

static const CopSeverityTable tables[] = {
    {COP_PRESET_DEFAULT, "ours, the quantisers of mpeg1", columns, (const double[]){1},
     (const double[]){6, 10, 16, 23, 31}},
    {.preset = NULL},
};

const CopCorruptDesc cop_corrupt_mjpeg = {
    .name = "mjpeg",
    .summary = "motion JPEG compression at a constant quantiser",
    .reference = "ours, after Schiappa et al., CVPR 2023",
    .family = COP_FAMILY_CODEC,
    .options = options,
    .tables = tables,
    .state_size = sizeof(Mjpeg),
    .init = init,
    .apply = apply,
    .close = close,
};
