/* The encoder and the decoder of one group of pictures.
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#include "pipeline/corrupt/group_coder.h"

#include <libavcodec/avcodec.h>
#include <limits.h>
#include <stdlib.h>
#include <string.h>

CopStatus cop_group_status(int code)
{
    return code >= 0 ? COP_OK : code == AVERROR(ENOMEM) ? COP_ERR_NOMEM : COP_ERR_DATA;
}

static int open_encoder(CopGroupCoder *coder, const CopGroupPlan *plan, const CopFrame *frame)
{
    AVCodecContext *encoder = coder->encoder =
        avcodec_alloc_context3(avcodec_find_encoder_by_name(plan->encoder));
    if (!encoder)
        return AVERROR(ENOMEM);
    encoder->width = frame->width;
    encoder->height = frame->height;
    encoder->pix_fmt = cop_av_pixel_format(frame->format);
    /* x264 spends more on a frame that stays longer (2 dB at 10 frames a second), but a
     * picture's bytes are to follow from pictures alone: always the same rate. */
    encoder->time_base = (AVRational){1, COP_CODED_RATE};
    encoder->framerate = (AVRational){COP_CODED_RATE, 1};
    if (plan->gop)
        encoder->gop_size = plan->gop;
    encoder->thread_count = 1;
    /* What is damaged are pictures: parameter sets reach the decoder by another way, as
     * in a file's header. */
    if (plan->damage)
        encoder->flags |= AV_CODEC_FLAG_GLOBAL_HEADER;
    AVDictionary *dict = NULL;
    int code = av_dict_parse_string(&dict, plan->options, "=", ",", 0);
    if (code >= 0)
        code = avcodec_open2(encoder, NULL, &dict);
    if (code >= 0 && av_dict_count(dict))
        code = AVERROR_OPTION_NOT_FOUND;
    av_dict_free(&dict);
    return code;
}

static int open_decoder(CopGroupCoder *coder, const CopGroupPlan *plan)
{
    const AVCodecContext *encoder = coder->encoder;
    AVCodecContext *decoder = coder->decoder =
        avcodec_alloc_context3(avcodec_find_decoder(encoder->codec_id));
    if (!decoder)
        return AVERROR(ENOMEM);
    decoder->thread_count = 1;
    if (plan->low_delay)
        decoder->flags |= AV_CODEC_FLAG_LOW_DELAY;
    if (encoder->extradata_size > 0) {
        const size_t size = (size_t)encoder->extradata_size;
        decoder->extradata = av_mallocz(size + AV_INPUT_BUFFER_PADDING_SIZE);
        if (!decoder->extradata)
            return AVERROR(ENOMEM);
        memcpy(decoder->extradata, encoder->extradata, size);
        decoder->extradata_size = (int)size;
    }
    if (!plan->damage)
        return avcodec_open2(decoder, NULL, NULL);
    /* A group whose key frame is lost is shown all the same, as by a receiver that has
     * seen groups before; and no damage may pass for a larger picture. */
    decoder->flags |= AV_CODEC_FLAG_OUTPUT_CORRUPT;
    decoder->max_pixels = ((int64_t)encoder->width + 64) * (encoder->height + 64);
    return avcodec_open2(decoder, NULL, NULL);
}

void cop_group_coder_close(CopGroupCoder **out)
{
    CopGroupCoder *coder = *out;
    if (!coder)
        return;
    avcodec_free_context(&coder->encoder);
    avcodec_free_context(&coder->decoder);
    av_frame_free(&coder->picture);
    av_frame_free(&coder->last);
    av_packet_free(&coder->packet);
    for (int i = 0; coder->kept && i < coder->n; i++)
        av_packet_free(&coder->kept[i]);
    free(coder->kept);
    free(coder);
    *out = NULL;
}

CopStatus cop_group_coder_open(CopGroupCoder **out, const CopGroupPlan *plan, const CopFrame *frame,
                               int n)
{
    CopGroupCoder *coder = *out = calloc(1, sizeof *coder);
    if (!coder)
        return COP_ERR_NOMEM;
    coder->n = n;
    coder->picture = av_frame_alloc();
    coder->last = av_frame_alloc();
    coder->packet = av_packet_alloc();
    const bool keeps = plan->damage && n < INT_MAX;
    if (keeps)
        coder->kept = calloc((size_t)n, sizeof(AVPacket *));
    if (!coder->picture || !coder->last || !coder->packet || (keeps && !coder->kept))
        return COP_ERR_NOMEM;
    const int code = open_encoder(coder, plan, frame);
    return cop_group_status(code < 0 ? code : open_decoder(coder, plan));
}

CopStatus cop_group_coder_send(CopGroupCoder *coder, const CopFrame *frame, int position)
{
    AVFrame *picture = coder->picture;
    cop_av_borrow(picture, frame);
    picture->format = coder->encoder->pix_fmt;
    picture->pts = position;
    /* Key frames where the group begins and ends. */
    const bool key = position == 0 || position == coder->n;
    picture->pict_type = key ? AV_PICTURE_TYPE_I : AV_PICTURE_TYPE_NONE;
    if (coder->encoder->flags & AV_CODEC_FLAG_QSCALE)
        picture->quality = coder->encoder->global_quality;
    const int code = avcodec_send_frame(coder->encoder, picture);
    av_frame_unref(picture);
    return cop_group_status(code);
}

bool cop_group_coder_fits(const CopGroupCoder *coder, const CopFrame *frame)
{
    const AVCodecContext *encoder = coder->encoder;
    return frame->width == encoder->width && frame->height == encoder->height &&
           cop_av_pixel_format(frame->format) == encoder->pix_fmt;
}

bool cop_group_coder_gave(const CopGroupCoder *coder, const AVFrame *picture)
{
    const AVCodecContext *encoder = coder->encoder;
    const CopPixelFormat given = cop_av_same_format((enum AVPixelFormat)picture->format),
                         coded = cop_av_same_format(encoder->pix_fmt);
    /* The decoder may give grey as 4:2:0; its luma is all that is read. */
    const bool grey = coded == COP_PIXEL_GRAY8 && given == COP_PIXEL_I420;
    return picture->width == encoder->width && picture->height == encoder->height &&
           (given == coded || grey);
}

CopFrame cop_group_coder_planes(const CopGroupCoder *coder, const AVFrame *picture)
{
    CopFrame planes = {.format = cop_av_same_format(coder->encoder->pix_fmt)};
    for (int p = 0; p < cop_pixel_format_planes(planes.format); p++) {
        planes.plane[p] = picture->data[p];
        planes.stride[p] = picture->linesize[p];
    }
    return planes;
}

CopStatus cop_group_coder_bytes(AVPacket *packet, const CopCodedPicture *picture)
{
    const int size = (int)picture->size;
    if (size > packet->size)
        COP_TRY(cop_group_status(av_grow_packet(packet, size - packet->size)));
    av_shrink_packet(packet, size);
    if (picture->data != packet->data && size)
        memcpy(packet->data, picture->data, picture->size);
    return COP_OK;
}
