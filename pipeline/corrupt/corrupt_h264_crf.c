/* H.264 at constant quality: each group of pictures [k gop, (k + 1) gop) goes through
 * libx264 and back by itself (Yi et al., NeurIPS 2021 datasets track: h264_crf).
 *
 * Encoding group by group, at absolute multiples, is what lets a stream start
 * anywhere and give the same bytes: prediction and look-ahead end there. One
 * thread each way, and the encoder's CPU-independent mode, keep the bytes equal
 * on every machine with the same libx264.
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#include "pipeline/corrupt/corrupt.h"

#include <libavcodec/avcodec.h>
#include <stdio.h>
#include <string.h>

#include "pipeline/corrupt/frame_queue.h"
#include "pipeline/media/convert.h"

/* Moves the codecs' messages past every log level (libavutil keeps 8 bits of the
 * sum): a library does not print. */
enum { QUIET = 128 };

typedef struct H264Crf {
    double crf;
    int gop, preset;
    AVCodecContext *encoder, *decoder; /* of the open group, NULL between groups */
    AVFrame *picture;
    AVPacket *packet;
    CopPixelFormat coded;
    CopFrameQueue group;   /* what went into the open group's encoder */
    int packets;           /* what came out */
    CopFrameQueue waiting; /* as pushed, not yet decoded */
    CopFrameQueue ready;
    bool flushed;
} H264Crf;

static const char *const presets[] = {"ultrafast", "superfast", "veryfast", "faster",   "fast",
                                      "medium",    "slow",      "slower",   "veryslow", NULL};

static const CopOption options[] = {
    {"crf", "constant rate factor; 0 is lossless", COP_TYPE_DOUBLE, offsetof(H264Crf, crf), "23", 0,
     51, NULL, COP_OPTION_INTERPOLATE | COP_OPTION_CONTROLLABLE},
    {"gop", "frames a group; the codec restarts at its multiples", COP_TYPE_INT,
     offsetof(H264Crf, gop), "32", 1, 250, NULL, 0},
    {"preset", "the encoder's speed", COP_TYPE_CHOICE, offsetof(H264Crf, preset), "medium", 0, 0,
     presets, 0},
    COP_OPTIONS_END,
};

static CopStatus status_from_av(int code)
{
    return code >= 0 ? COP_OK : code == AVERROR(ENOMEM) ? COP_ERR_NOMEM : COP_ERR_DATA;
}

/* 4:2:0 and 4:2:2 are coded as they are where the size allows it; RGB and odd
 * sizes become 4:4:4, so that the loss is the codec's alone. */
static CopPixelFormat coded_format(const CopFrame *frame)
{
    switch (frame->format) {
    case COP_PIXEL_GRAY8:
        return COP_PIXEL_GRAY8;
    case COP_PIXEL_I420:
    case COP_PIXEL_NV12:
        return frame->width % 2 || frame->height % 2 ? COP_PIXEL_I444 : COP_PIXEL_I420;
    case COP_PIXEL_I422:
        return frame->width % 2 ? COP_PIXEL_I444 : COP_PIXEL_I422;
    default:
        return COP_PIXEL_I444;
    }
}

static enum AVPixelFormat av_format(CopPixelFormat format)
{
    switch (format) {
    case COP_PIXEL_GRAY8:
        return AV_PIX_FMT_GRAY8;
    case COP_PIXEL_I420:
        return AV_PIX_FMT_YUV420P;
    case COP_PIXEL_I422:
        return AV_PIX_FMT_YUV422P;
    default:
        return AV_PIX_FMT_YUV444P;
    }
}

static int open_encoder(H264Crf *codec, const CopFrame *frame)
{
    AVCodecContext *encoder = codec->encoder =
        avcodec_alloc_context3(avcodec_find_encoder_by_name("libx264"));
    if (!encoder)
        return AVERROR(ENOMEM);
    encoder->log_level_offset = QUIET;
    encoder->width = frame->width;
    encoder->height = frame->height;
    encoder->pix_fmt = av_format(codec->coded);
    encoder->time_base = (AVRational){1, 25}; /* frames carry no rate; crf hardly depends on it */
    encoder->framerate = (AVRational){25, 1};
    encoder->gop_size = codec->gop;
    encoder->thread_count = 1;
    char crf[32];
    AVDictionary *dict = NULL;
    av_dict_set(&dict, "crf", cop_format_double(codec->crf, crf), 0);
    av_dict_set(&dict, "preset", presets[codec->preset], 0);
    av_dict_set(&dict, "forced-idr", "1", 0);
    av_dict_set(&dict, "x264-params", "cpu-independent=1", 0);
    const int code = avcodec_open2(encoder, NULL, &dict);
    av_dict_free(&dict);
    return code;
}

static int open_decoder(H264Crf *codec)
{
    AVCodecContext *decoder = codec->decoder =
        avcodec_alloc_context3(avcodec_find_decoder(AV_CODEC_ID_H264));
    if (!decoder)
        return AVERROR(ENOMEM);
    decoder->log_level_offset = QUIET;
    decoder->thread_count = 1;
    return avcodec_open2(decoder, NULL, NULL);
}

static void close_group(H264Crf *codec)
{
    avcodec_free_context(&codec->encoder);
    avcodec_free_context(&codec->decoder);
    av_frame_free(&codec->picture);
    av_packet_free(&codec->packet);
    cop_frame_queue_clear(&codec->group);
    codec->packets = 0;
}

static CopStatus open_group(H264Crf *codec, const CopFrame *frame)
{
    codec->coded = coded_format(frame);
    codec->picture = av_frame_alloc();
    codec->packet = av_packet_alloc();
    int code = codec->picture && codec->packet ? 0 : AVERROR(ENOMEM);
    if (code >= 0)
        code = open_encoder(codec, frame);
    if (code >= 0)
        code = open_decoder(codec);
    if (code < 0)
        close_group(codec);
    return status_from_av(code);
}

/* The decoded picture as a frame that borrows its planes. */
static CopStatus borrow_picture(const H264Crf *codec, const CopFrame *original, CopFrame *frame)
{
    const AVFrame *picture = codec->picture;
    /* The decoder may give grey as 4:2:0; its luma is all that is read. */
    const bool grey = codec->coded == COP_PIXEL_GRAY8 && picture->format == AV_PIX_FMT_YUV420P;
    if (picture->width != original->width || picture->height != original->height ||
        (picture->format != av_format(codec->coded) && !grey))
        return COP_ERR_DATA;
    *frame = (CopFrame){.format = codec->coded, .width = picture->width, .height = picture->height};
    for (int p = 0; p < cop_pixel_format_planes(codec->coded); p++) {
        frame->plane[p] = picture->data[p];
        frame->stride[p] = picture->linesize[p];
    }
    return COP_OK;
}

/* Chroma and luma of coded RGB mean BT.601, limited range, as with the ffmpeg command. */
static CopColour coded_colour(const CopFrame *original)
{
    const bool rgb = original->format >= COP_PIXEL_RGB;
    return rgb ? (CopColour){COP_MATRIX_BT601, COP_RANGE_LIMITED} : original->colour;
}

/* Takes decoded pictures for the oldest waiting frames. */
static CopStatus receive_pictures(H264Crf *codec)
{
    for (;;) {
        const int code = avcodec_receive_frame(codec->decoder, codec->picture);
        if (code == AVERROR(EAGAIN) || code == AVERROR_EOF)
            return COP_OK;
        COP_TRY(status_from_av(code));
        CopFrame frame, decoded;
        if (!cop_frame_queue_pop(&codec->waiting, &frame))
            return COP_ERR_DATA;
        CopStatus status = borrow_picture(codec, &frame, &decoded);
        if (status == COP_OK)
            status = cop_frame_make_writable(&frame);
        if (status != COP_OK) {
            cop_frame_unref(&frame);
            return status;
        }
        decoded.colour = coded_colour(&frame);
        cop_convert(&frame, &decoded);
        av_frame_unref(codec->picture);
        COP_TRY(cop_frame_queue_push(&codec->ready, &frame));
    }
}

/* Decodes what the encoder has finished, up to the group's last packet. */
static CopStatus receive_packets(H264Crf *codec)
{
    while (codec->packets < codec->group.n) {
        int code = avcodec_receive_packet(codec->encoder, codec->packet);
        if (code == AVERROR(EAGAIN))
            return COP_OK;
        if (code >= 0)
            code = avcodec_send_packet(codec->decoder, codec->packet);
        av_packet_unref(codec->packet);
        COP_TRY(status_from_av(code));
        codec->packets++;
        COP_TRY(receive_pictures(codec));
    }
    return COP_OK;
}

/* Gives the encoder a coded picture. Without a buffer of its own libavcodec copies it. */
static CopStatus send_picture(H264Crf *codec, const CopFrame *frame, int64_t pts,
                              enum AVPictureType type)
{
    AVFrame *picture = codec->picture;
    picture->format = av_format(codec->coded);
    picture->width = frame->width;
    picture->height = frame->height;
    picture->pts = pts;
    picture->pict_type = type;
    for (int p = 0; p < cop_pixel_format_planes(codec->coded); p++) {
        picture->data[p] = frame->plane[p];
        picture->linesize[p] = frame->stride[p];
    }
    const int code = avcodec_send_frame(codec->encoder, picture);
    av_frame_unref(picture);
    return status_from_av(code);
}

static CopStatus encode(H264Crf *codec, const CopFrame *frame)
{
    CopFrame source = *frame, coded;
    source.colour = coded_colour(frame);
    if (frame->format == codec->coded)
        COP_TRY(cop_frame_ref(&coded, frame));
    else
        COP_TRY(cop_convert_new(&coded, codec->coded, &source));
    const CopStatus status = send_picture(codec, &coded, codec->group.n, AV_PICTURE_TYPE_NONE);
    if (status != COP_OK) {
        cop_frame_unref(&coded);
        return status;
    }
    COP_TRY(cop_frame_queue_push(&codec->group, &coded));
    return receive_packets(codec);
}

/* The encoder spends less on what little will be predicted from, and at the end of
 * its input that is everything. In a longer stream it would look past the group
 * (x264 does, across the key frame); here it sees the group mirrored, from a key
 * frame on, of which nothing is kept. */
static CopStatus mirror(H264Crf *codec)
{
    const int n = codec->group.n;
    for (int i = 1; i < n && codec->packets < n; i++) {
        COP_TRY(send_picture(codec, cop_frame_queue_at(&codec->group, n - 1 - i), n - 1 + i,
                             i == 1 ? AV_PICTURE_TYPE_I : AV_PICTURE_TYPE_NONE));
        COP_TRY(receive_packets(codec));
    }
    return COP_OK;
}

/* Drains the open group, if there is one; all its frames are then ready. */
static CopStatus finish_group(H264Crf *codec)
{
    if (!codec->encoder)
        return COP_OK;
    CopStatus status = mirror(codec);
    if (status == COP_OK && codec->packets < codec->group.n)
        status = status_from_av(avcodec_send_frame(codec->encoder, NULL));
    if (status == COP_OK)
        status = receive_packets(codec);
    if (status == COP_OK)
        status = status_from_av(avcodec_send_packet(codec->decoder, NULL));
    if (status == COP_OK)
        status = receive_pictures(codec);
    close_group(codec);
    return status == COP_OK && codec->waiting.n ? COP_ERR_DATA : status;
}

static CopStatus init(CopCorrupt *corrupt, CopError *err)
{
    H264Crf *codec = corrupt->state;
    if (!avcodec_find_encoder_by_name("libx264"))
        return cop_error_set(err, COP_ERR_UNSUPPORTED,
                             "h264_crf: this FFmpeg has no libx264 encoder");
    if (!avcodec_find_decoder(AV_CODEC_ID_H264))
        return cop_error_set(err, COP_ERR_UNSUPPORTED,
                             "h264_crf: this FFmpeg has no H.264 decoder");
    corrupt->latency = corrupt->look_behind = codec->gop - 1;
    corrupt->align = codec->gop;
    /* Frames in flight keep the quality they were pushed with. */
    const CopStatus status = finish_group(codec);
    return status == COP_OK ? COP_OK : cop_error_set(err, status, "h264_crf: the codec failed");
}

static CopStatus push(CopCorrupt *corrupt, const CopFrame *frame)
{
    H264Crf *codec = corrupt->state;
    if (!codec->encoder)
        COP_TRY(open_group(codec, frame));
    CopFrame held = {0};
    COP_TRY(cop_frame_ref(&held, frame));
    COP_TRY(cop_frame_queue_push(&codec->waiting, &held));
    COP_TRY(encode(codec, frame));
    return (frame->index + 1) % codec->gop ? COP_OK : finish_group(codec);
}

static CopStatus pull(CopCorrupt *corrupt, CopFrame *out)
{
    H264Crf *codec = corrupt->state;
    if (cop_frame_queue_pop(&codec->ready, out))
        return COP_OK;
    return codec->flushed ? COP_EOF : COP_AGAIN;
}

static CopStatus flush(CopCorrupt *corrupt)
{
    H264Crf *codec = corrupt->state;
    codec->flushed = true;
    return finish_group(codec);
}

static void close(CopCorrupt *corrupt)
{
    H264Crf *codec = corrupt->state;
    close_group(codec);
    cop_frame_queue_clear(&codec->waiting);
    cop_frame_queue_clear(&codec->ready);
    codec->flushed = false;
}

static const char *const columns[] = {"crf", NULL};

static const CopSeverityTable tables[] = {
    {"kinetics-c", "the h264_crf of Yi et al., NeurIPS 2021", columns, (const double[]){0},
     (const double[]){23, 30, 37, 44, 51}},
    {.preset = NULL},
};

const CopCorruptDesc cop_corrupt_h264_crf = {
    .name = "h264_crf",
    .summary = "H.264 compression at constant quality",
    .reference = "Yi et al., NeurIPS 2021 (datasets and benchmarks)",
    .family = COP_FAMILY_CODEC,
    .options = options,
    .tables = tables,
    .state_size = sizeof(H264Crf),
    .init = init,
    .push = push,
    .pull = pull,
    .flush = flush,
    .close = close,
};
