/* Video through an encoder and a decoder of FFmpeg, a group of pictures at a time.
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#include "pipeline/corrupt/group_codec.h"

#include <libavcodec/avcodec.h>
#include <limits.h>
#include <stdlib.h>
#include <string.h>

#include "pipeline/corrupt/group_coder.h"
#include "pipeline/media/decode.h"

/* Errors in a row that a decoder may give for one damaged picture. */
enum { ERRORS_MAX = 64 };

/* Whether a decoded picture is one of the open group that is still waited for. */
static bool is_wanted(const CopGroupCodec *codec, const CopGroupCoder *coder)
{
    const AVFrame *picture = coder->picture;
    return cop_group_coder_gave(coder, picture) && picture->pts >= coder->next &&
           picture->pts - coder->next < codec->waiting.n;
}

/* The oldest waiting frame, with the planes of `decoded`, is ready. */
static CopStatus finish_frame(CopGroupCodec *codec, CopGroupCoder *coder, const CopFrame *decoded)
{
    CopFrame frame;
    if (!cop_frame_queue_pop(&codec->waiting, &frame))
        return COP_ERR_DATA;
    coder->next++;
    const CopStatus status = cop_frame_make_writable(&frame);
    if (status != COP_OK) {
        cop_frame_unref(&frame);
        return status;
    }
    cop_coded_store(&frame, &codec->plan.shape, decoded);
    return cop_frame_queue_push(&codec->ready, &frame);
}

static CopStatus finish_from(CopGroupCodec *codec, CopGroupCoder *coder, const AVFrame *picture)
{
    const CopFrame decoded = cop_group_coder_planes(coder, picture);
    return finish_frame(codec, coder, &decoded);
}

static CopStatus finish_grey(CopGroupCodec *codec, CopGroupCoder *coder)
{
    const AVCodecContext *encoder = coder->encoder;
    CopFrame grey;
    COP_TRY(cop_frame_alloc(&grey, cop_av_same_format(encoder->pix_fmt), encoder->width,
                            encoder->height));
    for (int p = 0; p < cop_pixel_format_planes(grey.format); p++) {
        int row_bytes, rows;
        cop_plane_size(grey.format, grey.width, grey.height, p, &row_bytes, &rows);
        memset(grey.plane[p], 128, (size_t)grey.stride[p] * (size_t)rows);
    }
    const CopStatus status = finish_frame(codec, coder, &grey);
    cop_frame_unref(&grey);
    return status;
}

/* Nothing more comes for the frames that wait: the last picture is held. */
static CopStatus hold(CopGroupCodec *codec, CopGroupCoder *coder)
{
    if (codec->waiting.n && !codec->plan.damage)
        return COP_ERR_DATA;
    while (codec->waiting.n)
        COP_TRY(coder->last->data[0] ? finish_from(codec, coder, coder->last)
                                     : finish_grey(codec, coder));
    return COP_OK;
}

/* Takes the decoded picture for its frame, and for those before it that have none. */
static CopStatus accept(CopGroupCodec *codec, CopGroupCoder *coder)
{
    if (!is_wanted(codec, coder))
        return codec->plan.damage ? COP_OK : COP_ERR_DATA;
    const int64_t place = coder->picture->pts;
    if (place > coder->next && !codec->plan.damage)
        return COP_ERR_DATA;
    while (coder->next < place)
        COP_TRY(finish_from(codec, coder, coder->last->data[0] ? coder->last : coder->picture));
    COP_TRY(finish_from(codec, coder, coder->picture));
    av_frame_unref(coder->last);
    av_frame_move_ref(coder->last, coder->picture);
    return COP_OK;
}

static CopStatus receive_pictures(CopGroupCodec *codec, CopGroupCoder *coder)
{
    for (int errors = 0; errors < ERRORS_MAX;) {
        const int code = avcodec_receive_frame(coder->decoder, coder->picture);
        if (code == AVERROR(EAGAIN) || code == AVERROR_EOF)
            return COP_OK;
        if (code < 0 && (!codec->plan.damage || code == AVERROR(ENOMEM)))
            return cop_group_status(code);
        if (code < 0) {
            errors++;
            continue;
        }
        const CopStatus status = accept(codec, coder);
        av_frame_unref(coder->picture);
        COP_TRY(status);
    }
    return COP_OK;
}

/* NULL for the end. A damaged picture that the decoder refuses is one that it does not give. */
static CopStatus decode(CopGroupCodec *codec, CopGroupCoder *coder, const AVPacket *packet)
{
    const int code = avcodec_send_packet(coder->decoder, packet);
    if (code < 0 && (!codec->plan.damage || code == AVERROR(ENOMEM)))
        return cop_group_status(code);
    return receive_pictures(codec, coder);
}

static CopStatus decode_damaged(CopGroupCodec *codec, CopGroupCoder *coder, AVPacket **packet,
                                int n)
{
    CopCodedPicture *picture = calloc((size_t)n, sizeof *picture);
    if (!picture)
        return COP_ERR_NOMEM;
    CopStatus status = COP_OK;
    for (int i = 0; i < n && status == COP_OK; i++) {
        status = cop_group_status(av_packet_make_writable(packet[i]));
        picture[i] = (CopCodedPicture){.data = packet[i]->data,
                                       .size = (size_t)packet[i]->size,
                                       .frame = (int)packet[i]->pts,
                                       .key = packet[i]->flags & AV_PKT_FLAG_KEY};
    }
    if (status == COP_OK)
        status = codec->plan.damage(codec->plan.ctx, picture, n);
    for (int i = 0; i < n && status == COP_OK; i++) {
        status = cop_group_coder_bytes(packet[i], &picture[i]);
        if (status == COP_OK && packet[i]->size) /* an empty one would mean the end */
            status = decode(codec, coder, packet[i]);
    }
    free(picture);
    return status;
}

/* Takes what the encoder has finished of the group; mirrored frames are dropped. */
static CopStatus receive_packets(CopGroupCodec *codec, CopGroupCoder *coder)
{
    AVPacket *packet = coder->packet;
    while (coder->packets < coder->n) {
        const int code = avcodec_receive_packet(coder->encoder, packet);
        if (code == AVERROR(EAGAIN) || code == AVERROR_EOF)
            return COP_OK;
        COP_TRY(cop_group_status(code));
        CopStatus status = COP_OK;
        if (packet->pts >= 0 && packet->pts < coder->n) {
            coder->packets++;
            if (coder->kept)
                status = (coder->kept[coder->packets - 1] = av_packet_clone(packet))
                             ? COP_OK
                             : COP_ERR_NOMEM;
            else if (codec->plan.damage)
                status = decode_damaged(codec, coder, &coder->packet, 1);
            else
                status = decode(codec, coder, packet);
        }
        av_packet_unref(packet);
        COP_TRY(status);
    }
    return COP_OK;
}

/* Frame at `position` of the group mirrored at both ends, -n < position < 2 n - 1. */
static const CopFrame *mirrored(const CopGroupCodec *codec, int position)
{
    const int n = codec->group.n;
    return cop_frame_queue_at(&codec->group, position < 0   ? -position
                                             : position < n ? position
                                                            : 2 * (n - 1) - position);
}

/* Takes what is still in the coders; all frames of the group are then ready. */
static CopStatus drain(CopGroupCodec *codec, CopGroupCoder *coder)
{
    if (coder->packets < coder->n)
        COP_TRY(cop_group_status(avcodec_send_frame(coder->encoder, NULL)));
    COP_TRY(receive_packets(codec, coder));
    if (coder->kept)
        COP_TRY(decode_damaged(codec, coder, coder->kept, coder->n));
    COP_TRY(decode(codec, coder, NULL));
    return hold(codec, coder);
}

static CopStatus code_group(CopGroupCodec *codec, CopGroupCoder *coder)
{
    const int n = codec->group.n, lead = codec->plan.lead;
    for (int i = n > lead ? -lead : 1 - n; i < 2 * n - 1 && coder->packets < n; i++) {
        COP_TRY(cop_group_coder_send(coder, mirrored(codec, i), i));
        COP_TRY(receive_packets(codec, coder));
    }
    return drain(codec, coder);
}

/* Codes what there is of the open group. */
static CopStatus finish_group(CopGroupCodec *codec)
{
    CopStatus status = COP_OK;
    if (codec->coder) {
        status = drain(codec, codec->coder);
    } else if (codec->group.n) {
        status = cop_group_coder_open(&codec->coder, &codec->plan,
                                      cop_frame_queue_at(&codec->group, 0), codec->group.n);
        if (status == COP_OK)
            status = code_group(codec, codec->coder);
        cop_frame_queue_clear(&codec->group);
    }
    cop_group_coder_close(&codec->coder);
    return status;
}

/* Codes one frame. What damage keeps from the decoder does not come later, either. */
static CopStatus code_frame(CopGroupCodec *codec, const CopFrame *coded)
{
    if (!codec->coder)
        COP_TRY(cop_group_coder_open(&codec->coder, &codec->plan, coded, INT_MAX));
    CopGroupCoder *coder = codec->coder;
    COP_TRY(cop_group_coder_send(coder, coded, coder->next + codec->waiting.n - 1));
    COP_TRY(receive_packets(codec, coder));
    return codec->plan.damage ? hold(codec, coder) : COP_OK;
}

CopStatus cop_group_find(const char *name, const char *encoder, CopError *err)
{
    cop_av_quiet();
    const AVCodec *codec = avcodec_find_encoder_by_name(encoder);
    if (!codec)
        return cop_error_set(err, COP_ERR_UNSUPPORTED, "%s: this FFmpeg has no %s encoder", name,
                             encoder);
    if (!avcodec_find_decoder(codec->id))
        return cop_error_set(err, COP_ERR_UNSUPPORTED, "%s: this FFmpeg has no %s decoder", name,
                             avcodec_get_name(codec->id));
    return COP_OK;
}

CopStatus cop_group_init(CopCorrupt *corrupt, const char *encoder, int gop, int latency,
                         CopError *err)
{
    COP_TRY(cop_group_find(corrupt->desc->name, encoder, err));
    corrupt->latency = gop && latency >= gop ? gop - 1 : latency;
    corrupt->look_behind = gop ? gop - 1 : COP_FRAMES_MAX;
    corrupt->align = gop ? gop : 1;
    /* Frames in flight keep the quality they were pushed with. */
    const CopStatus status = finish_group(corrupt->state);
    return status == COP_OK
               ? COP_OK
               : cop_error_set(err, status, "%s: the codec failed", corrupt->desc->name);
}

bool cop_group_begins(const CopGroupCodec *codec)
{
    return !codec->coder && !codec->group.n;
}

static CopStatus add(CopGroupCodec *codec, CopFrame *coded)
{
    if (codec->plan.gop && !codec->plan.low_delay)
        return cop_frame_queue_push(&codec->group, coded);
    const CopStatus status = code_frame(codec, coded);
    cop_frame_unref(coded);
    return status;
}

CopStatus cop_group_push(CopGroupCodec *codec, const CopFrame *frame)
{
    const int gop = codec->plan.gop;
    CopFrame held, coded;
    COP_TRY(cop_frame_ref(&held, frame));
    COP_TRY(cop_frame_queue_push(&codec->waiting, &held));
    COP_TRY(cop_coded_frame(&coded, &codec->plan.shape, frame));
    COP_TRY(add(codec, &coded));
    return gop && (frame->index + 1) % gop == 0 ? finish_group(codec) : COP_OK;
}

CopStatus cop_group_pull(CopCorrupt *corrupt, CopFrame *out)
{
    CopGroupCodec *codec = corrupt->state;
    if (cop_frame_queue_pop(&codec->ready, out))
        return COP_OK;
    return codec->flushed ? COP_EOF : COP_AGAIN;
}

CopStatus cop_group_flush(CopCorrupt *corrupt)
{
    CopGroupCodec *codec = corrupt->state;
    codec->flushed = true;
    return finish_group(codec);
}

void cop_group_close(CopCorrupt *corrupt)
{
    CopGroupCodec *codec = corrupt->state;
    cop_group_coder_close(&codec->coder);
    cop_frame_queue_clear(&codec->group);
    cop_frame_queue_clear(&codec->waiting);
    cop_frame_queue_clear(&codec->ready);
    codec->flushed = false;
}
