/* Video through an encoder and a decoder of FFmpeg, a group of pictures at a time.
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#include "pipeline/corrupt/group_codec.h"

#include <libavcodec/avcodec.h>
#include <limits.h>
#include <stdlib.h>
#include <string.h>

#include "pipeline/media/libav.h"

/* Errors in a row that a decoder may give for one damaged picture. */
enum { ERRORS_MAX = 64 };

/* What codes one group. */
typedef struct CopGroupCoder {
    AVCodecContext *encoder, *decoder;
    AVFrame *picture, *last; /* last: what is held, without planes until there is a picture */
    AVPacket *packet;
    AVPacket **kept; /* of the group, to be damaged together */
    int n;           /* frames the group has; INT_MAX when they come one by one */
    int sent;        /* to the encoder, low delay only */
    int packets;     /* of the group itself, so far */
    int next;        /* place in the group of the oldest waiting frame */
} Coder;

static CopStatus status_from_av(int code)
{
    return code >= 0 ? COP_OK : code == AVERROR(ENOMEM) ? COP_ERR_NOMEM : COP_ERR_DATA;
}

static int open_encoder(Coder *coder, const CopGroupPlan *plan, const CopFrame *frame)
{
    AVCodecContext *encoder = coder->encoder =
        avcodec_alloc_context3(avcodec_find_encoder_by_name(plan->encoder));
    if (!encoder)
        return AVERROR(ENOMEM);
    encoder->width = frame->width;
    encoder->height = frame->height;
    encoder->pix_fmt = cop_av_pixel_format(frame->format);
    /* x264 spends more on a frame that stays longer (2 dB at 10 frames a second), but a
     * picture's bytes are to follow from pictures alone: always 25. */
    encoder->time_base = (AVRational){1, 25};
    encoder->framerate = (AVRational){25, 1};
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

static int open_decoder(Coder *coder, const CopGroupPlan *plan)
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

static void coder_close(Coder **out)
{
    Coder *coder = *out;
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

/* n frames like `frame` are to come, INT_MAX if nobody knows how many. coder_close() is
 * due whatever the outcome. */
static CopStatus coder_open(Coder **out, const CopGroupPlan *plan, const CopFrame *frame, int n)
{
    Coder *coder = *out = calloc(1, sizeof *coder);
    if (!coder)
        return COP_ERR_NOMEM;
    coder->n = n;
    coder->picture = av_frame_alloc();
    coder->last = av_frame_alloc();
    coder->packet = av_packet_alloc();
    const bool keeps = plan->damage && !plan->low_delay;
    if (keeps)
        coder->kept = calloc((size_t)n, sizeof(AVPacket *));
    if (!coder->picture || !coder->last || !coder->packet || (keeps && !coder->kept))
        return COP_ERR_NOMEM;
    const int code = open_encoder(coder, plan, frame);
    return status_from_av(code < 0 ? code : open_decoder(coder, plan));
}

/* Whether a decoded picture is one of the open group that is still waited for. */
static bool is_wanted(const CopGroupCodec *codec, const Coder *coder)
{
    const AVFrame *picture = coder->picture;
    const AVCodecContext *encoder = coder->encoder;
    /* The decoder may give grey as 4:2:0; its luma is all that is read. */
    const bool grey = encoder->pix_fmt == AV_PIX_FMT_GRAY8 && picture->format == AV_PIX_FMT_YUV420P;
    return picture->width == encoder->width && picture->height == encoder->height &&
           (picture->format == (int)encoder->pix_fmt || grey) && picture->pts >= coder->next &&
           picture->pts - coder->next < codec->waiting.n;
}

/* The oldest waiting frame, with the planes of `decoded`, is ready. */
static CopStatus finish_frame(CopGroupCodec *codec, Coder *coder, const CopFrame *decoded)
{
    CopFrame frame;
    if (!cop_frame_queue_pop(&codec->waiting, &frame))
        return COP_ERR_DATA;
    coder->next++;
    const CopStatus status = cop_coded_store(&frame, &codec->plan.shape, decoded);
    if (status != COP_OK) {
        cop_frame_unref(&frame);
        return status;
    }
    return cop_frame_queue_push(&codec->ready, &frame);
}

static CopStatus finish_from(CopGroupCodec *codec, Coder *coder, const AVFrame *picture)
{
    CopFrame decoded = {.format = cop_av_same_format(coder->encoder->pix_fmt)};
    for (int p = 0; p < cop_pixel_format_planes(decoded.format); p++) {
        decoded.plane[p] = picture->data[p];
        decoded.stride[p] = picture->linesize[p];
    }
    return finish_frame(codec, coder, &decoded);
}

static CopStatus finish_grey(CopGroupCodec *codec, Coder *coder)
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
static CopStatus hold(CopGroupCodec *codec, Coder *coder)
{
    if (codec->waiting.n && !codec->plan.damage)
        return COP_ERR_DATA;
    while (codec->waiting.n)
        COP_TRY(coder->last->data[0] ? finish_from(codec, coder, coder->last)
                                     : finish_grey(codec, coder));
    return COP_OK;
}

/* Takes the decoded picture for its frame, and for those before it that have none. */
static CopStatus accept(CopGroupCodec *codec, Coder *coder)
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

static CopStatus receive_pictures(CopGroupCodec *codec, Coder *coder)
{
    for (int errors = 0; errors < ERRORS_MAX;) {
        const int code = avcodec_receive_frame(coder->decoder, coder->picture);
        if (code == AVERROR(EAGAIN) || code == AVERROR_EOF)
            return COP_OK;
        if (code < 0 && (!codec->plan.damage || code == AVERROR(ENOMEM)))
            return status_from_av(code);
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
static CopStatus decode(CopGroupCodec *codec, Coder *coder, const AVPacket *packet)
{
    const int code = avcodec_send_packet(coder->decoder, packet);
    if (code < 0 && (!codec->plan.damage || code == AVERROR(ENOMEM)))
        return status_from_av(code);
    return receive_pictures(codec, coder);
}

/* What damage has left of a picture, as a packet. */
static int set_bytes(AVPacket *packet, const CopCodedPicture *picture)
{
    const int size = (int)picture->size;
    if (size > packet->size) {
        const int code = av_grow_packet(packet, size - packet->size);
        if (code < 0)
            return code;
    }
    av_shrink_packet(packet, size);
    if (picture->data != packet->data && size)
        memcpy(packet->data, picture->data, picture->size);
    return 0;
}

static CopStatus decode_damaged(CopGroupCodec *codec, Coder *coder, AVPacket **packet, int n)
{
    CopCodedPicture *picture = calloc((size_t)n, sizeof *picture);
    if (!picture)
        return COP_ERR_NOMEM;
    CopStatus status = COP_OK;
    for (int i = 0; i < n && status == COP_OK; i++) {
        status = status_from_av(av_packet_make_writable(packet[i]));
        picture[i] = (CopCodedPicture){.data = packet[i]->data,
                                       .size = (size_t)packet[i]->size,
                                       .frame = (int)packet[i]->pts,
                                       .key = packet[i]->flags & AV_PKT_FLAG_KEY};
    }
    if (status == COP_OK)
        status = codec->plan.damage(codec->plan.ctx, picture, n, coder->packets - n);
    for (int i = 0; i < n && status == COP_OK; i++) {
        status = status_from_av(set_bytes(packet[i], &picture[i]));
        if (status == COP_OK && packet[i]->size) /* an empty one would mean the end */
            status = decode(codec, coder, packet[i]);
    }
    free(picture);
    return status;
}

/* Takes what the encoder has finished of the group; mirrored frames are dropped. */
static CopStatus receive_packets(CopGroupCodec *codec, Coder *coder)
{
    AVPacket *packet = coder->packet;
    while (coder->packets < coder->n) {
        const int code = avcodec_receive_packet(coder->encoder, packet);
        if (code == AVERROR(EAGAIN) || code == AVERROR_EOF)
            return COP_OK;
        COP_TRY(status_from_av(code));
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

/* Gives the encoder a picture, number `position` of the group; those outside are mirrored
 * ones. Without a buffer of its own libavcodec copies it. */
static CopStatus send_picture(Coder *coder, const CopFrame *frame, int position)
{
    AVFrame *picture = coder->picture;
    picture->format = cop_av_pixel_format(frame->format);
    picture->width = frame->width;
    picture->height = frame->height;
    picture->pts = position;
    /* Key frames where the group begins and ends. */
    const bool key = position == 0 || position == coder->n;
    picture->pict_type = key ? AV_PICTURE_TYPE_I : AV_PICTURE_TYPE_NONE;
    for (int p = 0; p < cop_pixel_format_planes(frame->format); p++) {
        picture->data[p] = frame->plane[p];
        picture->linesize[p] = frame->stride[p];
    }
    if (coder->encoder->flags & AV_CODEC_FLAG_QSCALE)
        picture->quality = coder->encoder->global_quality;
    const int code = avcodec_send_frame(coder->encoder, picture);
    av_frame_unref(picture);
    return status_from_av(code);
}

/* Frame at `position` of the group mirrored at both ends, -n < position < 2 n - 1. */
static const CopFrame *mirrored(const CopGroupCodec *codec, int position)
{
    const int n = codec->group.n;
    return cop_frame_queue_at(&codec->group, position < 0   ? -position
                                             : position < n ? position
                                                            : 2 * (n - 1) - position);
}

static CopStatus code_group(CopGroupCodec *codec, Coder *coder)
{
    const int n = codec->group.n, lead = codec->plan.lead;
    for (int i = n > lead ? -lead : 1 - n; i < 2 * n - 1 && coder->packets < n; i++) {
        COP_TRY(send_picture(coder, mirrored(codec, i), i));
        COP_TRY(receive_packets(codec, coder));
    }
    if (coder->packets < n)
        COP_TRY(status_from_av(avcodec_send_frame(coder->encoder, NULL)));
    COP_TRY(receive_packets(codec, coder));
    if (coder->kept)
        COP_TRY(decode_damaged(codec, coder, coder->kept, n));
    COP_TRY(decode(codec, coder, NULL));
    return hold(codec, coder);
}

/* Takes what is still in the coders of a group that came frame by frame. */
static CopStatus drain(CopGroupCodec *codec, Coder *coder)
{
    COP_TRY(status_from_av(avcodec_send_frame(coder->encoder, NULL)));
    COP_TRY(receive_packets(codec, coder));
    COP_TRY(decode(codec, coder, NULL));
    return hold(codec, coder);
}

/* Codes what there is of the open group; all its frames are then ready. */
static CopStatus finish_group(CopGroupCodec *codec)
{
    CopStatus status = COP_OK;
    if (codec->coder) {
        status = drain(codec, codec->coder);
    } else if (codec->group.n) {
        status = coder_open(&codec->coder, &codec->plan, cop_frame_queue_at(&codec->group, 0),
                            codec->group.n);
        if (status == COP_OK)
            status = code_group(codec, codec->coder);
        cop_frame_queue_clear(&codec->group);
    }
    coder_close(&codec->coder);
    return status;
}

/* Codes one frame. What damage keeps from the decoder does not come later, either. */
static CopStatus code_frame(CopGroupCodec *codec, const CopFrame *coded)
{
    if (!codec->coder)
        COP_TRY(coder_open(&codec->coder, &codec->plan, coded, INT_MAX));
    Coder *coder = codec->coder;
    COP_TRY(send_picture(coder, coded, coder->sent++));
    COP_TRY(receive_packets(codec, coder));
    return codec->plan.damage ? hold(codec, coder) : COP_OK;
}

CopStatus cop_group_init(CopCorrupt *corrupt, const char *encoder, int gop, int latency,
                         CopError *err)
{
    const char *name = corrupt->desc->name;
    cop_av_quiet();
    const AVCodec *codec = avcodec_find_encoder_by_name(encoder);
    if (!codec)
        return cop_error_set(err, COP_ERR_UNSUPPORTED, "%s: this FFmpeg has no %s encoder", name,
                             encoder);
    if (!avcodec_find_decoder(codec->id))
        return cop_error_set(err, COP_ERR_UNSUPPORTED, "%s: this FFmpeg has no %s decoder", name,
                             avcodec_get_name(codec->id));
    corrupt->latency = latency < gop ? latency : gop - 1;
    corrupt->look_behind = gop - 1;
    corrupt->align = gop;
    /* Frames in flight keep the quality they were pushed with. */
    const CopStatus status = finish_group(corrupt->state);
    return status == COP_OK ? COP_OK : cop_error_set(err, status, "%s: the codec failed", name);
}

bool cop_group_begins(const CopGroupCodec *codec)
{
    return !codec->coder && !codec->group.n;
}

static CopStatus add(CopGroupCodec *codec, CopFrame *coded)
{
    if (!codec->plan.low_delay)
        return cop_frame_queue_push(&codec->group, coded);
    const CopStatus status = code_frame(codec, coded);
    cop_frame_unref(coded);
    return status;
}

CopStatus cop_group_push(CopGroupCodec *codec, const CopGroupPlan *plan, const CopFrame *frame)
{
    if (cop_group_begins(codec))
        codec->plan = *plan;
    CopFrame held, coded;
    COP_TRY(cop_frame_ref(&held, frame));
    COP_TRY(cop_frame_queue_push(&codec->waiting, &held));
    COP_TRY(cop_coded_frame(&coded, &codec->plan.shape, frame));
    COP_TRY(add(codec, &coded));
    return (frame->index + 1) % codec->plan.gop ? COP_OK : finish_group(codec);
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
    coder_close(&codec->coder);
    cop_frame_queue_clear(&codec->group);
    cop_frame_queue_clear(&codec->waiting);
    cop_frame_queue_clear(&codec->ready);
    codec->flushed = false;
}
