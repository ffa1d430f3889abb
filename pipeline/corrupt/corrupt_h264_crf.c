/* H.264 at constant quality: each group of pictures [k gop, (k + 1) gop) goes through
 * libx264 and back by itself (Yi et al., NeurIPS 2021 datasets track: h264_crf).
 *
 * Coding group by group, at absolute multiples, is what lets a stream start
 * anywhere and give the same bytes: prediction, rate control and look-ahead end
 * there. In one long stream, though, x264 carries rate control into a group and
 * looks past its end, across the key frames. So the encoder is shown the group
 * mirrored at both ends, of which nothing is kept: without, quality sags at either
 * end, by up to 1 dB a clip.
 *
 * One thread each way, and the encoder's CPU-independent mode, keep the bytes equal
 * on every machine with the same libx264.
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#include "pipeline/corrupt/corrupt.h"

#include <libavcodec/avcodec.h>

#include "pipeline/corrupt/frame_queue.h"
#include "pipeline/media/convert.h"
#include "pipeline/media/libav.h"

/* Mirrored frames before a group (more move PSNR away from that of one long stream);
 * after it go as many as the encoder asks for. */
enum { LEAD = 4 };

typedef struct H264Crf {
    double crf;
    int gop, preset;
    CopFrameQueue group;   /* the open group, in the coded format */
    CopFrameQueue waiting; /* the same frames as they were pushed */
    double group_crf;      /* crf when the group began: severity may change in it */
    CopFrameQueue ready;
    bool flushed;
} H264Crf;

/* What codes one group. */
typedef struct Coder {
    AVCodecContext *encoder, *decoder;
    AVFrame *picture;
    AVPacket *packet;
    int packets; /* of the group itself, so far */
} Coder;

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

static int open_encoder(Coder *coder, const H264Crf *codec, const CopFrame *frame)
{
    AVCodecContext *encoder = coder->encoder =
        avcodec_alloc_context3(avcodec_find_encoder_by_name("libx264"));
    if (!encoder)
        return AVERROR(ENOMEM);
    encoder->width = frame->width;
    encoder->height = frame->height;
    encoder->pix_fmt = cop_av_pixel_format(frame->format);
    /* x264 spends more on a frame that stays longer (2 dB at 10 frames a second), but a
     * picture's bytes are to follow from pictures alone: always 25. */
    encoder->time_base = (AVRational){1, 25};
    encoder->framerate = (AVRational){25, 1};
    encoder->gop_size = codec->gop;
    encoder->thread_count = 1;
    char crf[32];
    AVDictionary *dict = NULL;
    av_dict_set(&dict, "crf", cop_format_double(codec->group_crf, crf), 0);
    av_dict_set(&dict, "preset", presets[codec->preset], 0);
    av_dict_set(&dict, "forced-idr", "1", 0);
    av_dict_set(&dict, "x264-params", "cpu-independent=1", 0);
    const int code = avcodec_open2(encoder, NULL, &dict);
    av_dict_free(&dict);
    return code;
}

static int open_decoder(Coder *coder)
{
    AVCodecContext *decoder = coder->decoder =
        avcodec_alloc_context3(avcodec_find_decoder(AV_CODEC_ID_H264));
    if (!decoder)
        return AVERROR(ENOMEM);
    decoder->thread_count = 1;
    return avcodec_open2(decoder, NULL, NULL);
}

static void coder_close(Coder *coder)
{
    avcodec_free_context(&coder->encoder);
    avcodec_free_context(&coder->decoder);
    av_frame_free(&coder->picture);
    av_packet_free(&coder->packet);
}

/* coder_close() is due whatever the outcome. */
static CopStatus coder_open(Coder *coder, const H264Crf *codec)
{
    *coder = (Coder){.picture = av_frame_alloc(), .packet = av_packet_alloc()};
    if (!coder->picture || !coder->packet)
        return COP_ERR_NOMEM;
    const int code = open_encoder(coder, codec, cop_frame_queue_at(&codec->group, 0));
    return status_from_av(code < 0 ? code : open_decoder(coder));
}

/* Chroma and luma of coded RGB mean BT.601, limited range, as with the ffmpeg command. */
static CopColour coded_colour(const CopFrame *original)
{
    const bool rgb = original->format >= COP_PIXEL_RGB;
    return rgb ? (CopColour){COP_MATRIX_BT601, COP_RANGE_LIMITED} : original->colour;
}

/* Writes a decoded picture into the frame that it came from. */
static CopStatus store_picture(const AVFrame *picture, CopFrame *frame)
{
    CopFrame decoded = {.format = coded_format(frame),
                        .width = frame->width,
                        .height = frame->height,
                        .colour = coded_colour(frame)};
    /* The decoder may give grey as 4:2:0; its luma is all that is read. */
    const bool grey = decoded.format == COP_PIXEL_GRAY8 && picture->format == AV_PIX_FMT_YUV420P;
    if (picture->width != frame->width || picture->height != frame->height ||
        (picture->format != cop_av_pixel_format(decoded.format) && !grey))
        return COP_ERR_DATA;
    for (int p = 0; p < cop_pixel_format_planes(decoded.format); p++) {
        decoded.plane[p] = picture->data[p];
        decoded.stride[p] = picture->linesize[p];
    }
    COP_TRY(cop_frame_make_writable(frame));
    cop_convert(frame, &decoded);
    return COP_OK;
}

/* Takes decoded pictures for the oldest waiting frames. */
static CopStatus receive_pictures(Coder *coder, H264Crf *codec)
{
    for (;;) {
        const int code = avcodec_receive_frame(coder->decoder, coder->picture);
        if (code == AVERROR(EAGAIN) || code == AVERROR_EOF)
            return COP_OK;
        COP_TRY(status_from_av(code));
        CopFrame frame;
        if (!cop_frame_queue_pop(&codec->waiting, &frame))
            return COP_ERR_DATA;
        const CopStatus status = store_picture(coder->picture, &frame);
        av_frame_unref(coder->picture);
        if (status != COP_OK) {
            cop_frame_unref(&frame);
            return status;
        }
        COP_TRY(cop_frame_queue_push(&codec->ready, &frame));
    }
}

/* Decodes what the encoder has finished of the group; mirrored frames are dropped. */
static CopStatus receive_packets(Coder *coder, H264Crf *codec)
{
    while (coder->packets < codec->group.n) {
        int code = avcodec_receive_packet(coder->encoder, coder->packet);
        if (code == AVERROR(EAGAIN))
            return COP_OK;
        const bool own = coder->packet->pts >= 0 && coder->packet->pts < codec->group.n;
        if (code >= 0 && own) {
            code = avcodec_send_packet(coder->decoder, coder->packet);
            coder->packets++;
        }
        av_packet_unref(coder->packet);
        COP_TRY(status_from_av(code));
        COP_TRY(receive_pictures(coder, codec));
    }
    return COP_OK;
}

/* Gives the encoder the picture at `position` of the mirrored group, -n < position < 2 n - 1.
 * Without a buffer of its own libavcodec copies it. */
static CopStatus send_picture(Coder *coder, const H264Crf *codec, int position)
{
    const int n = codec->group.n;
    const int inside = position < 0 ? -position : position < n ? position : 2 * (n - 1) - position;
    const CopFrame *frame = cop_frame_queue_at(&codec->group, inside);
    AVFrame *picture = coder->picture;
    picture->format = cop_av_pixel_format(frame->format);
    picture->width = frame->width;
    picture->height = frame->height;
    picture->pts = position;
    /* Key frames where the group begins and ends. */
    picture->pict_type = position == 0 || position == n ? AV_PICTURE_TYPE_I : AV_PICTURE_TYPE_NONE;
    for (int p = 0; p < cop_pixel_format_planes(frame->format); p++) {
        picture->data[p] = frame->plane[p];
        picture->linesize[p] = frame->stride[p];
    }
    const int code = avcodec_send_frame(coder->encoder, picture);
    av_frame_unref(picture);
    return status_from_av(code);
}

static CopStatus code_group(Coder *coder, H264Crf *codec)
{
    const int n = codec->group.n;
    for (int i = n > LEAD ? -LEAD : 1 - n; i < 2 * n - 1 && coder->packets < n; i++) {
        COP_TRY(send_picture(coder, codec, i));
        COP_TRY(receive_packets(coder, codec));
    }
    if (coder->packets < n)
        COP_TRY(status_from_av(avcodec_send_frame(coder->encoder, NULL)));
    COP_TRY(receive_packets(coder, codec));
    COP_TRY(status_from_av(avcodec_send_packet(coder->decoder, NULL)));
    COP_TRY(receive_pictures(coder, codec));
    return codec->waiting.n ? COP_ERR_DATA : COP_OK;
}

/* Codes what there is of the open group; all its frames are then ready. */
static CopStatus finish_group(H264Crf *codec)
{
    if (!codec->group.n)
        return COP_OK;
    Coder coder;
    CopStatus status = coder_open(&coder, codec);
    if (status == COP_OK)
        status = code_group(&coder, codec);
    coder_close(&coder);
    cop_frame_queue_clear(&codec->group);
    return status;
}

static CopStatus init(CopCorrupt *corrupt, CopError *err)
{
    H264Crf *codec = corrupt->state;
    cop_av_quiet();
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
    if (!codec->group.n)
        codec->group_crf = codec->crf;
    CopFrame held, coded, source = *frame;
    COP_TRY(cop_frame_ref(&held, frame));
    COP_TRY(cop_frame_queue_push(&codec->waiting, &held));
    source.colour = coded_colour(frame);
    const CopPixelFormat format = coded_format(frame);
    COP_TRY(format == frame->format ? cop_frame_ref(&coded, frame)
                                    : cop_convert_new(&coded, format, &source));
    COP_TRY(cop_frame_queue_push(&codec->group, &coded));
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
    cop_frame_queue_clear(&codec->group);
    cop_frame_queue_clear(&codec->waiting);
    cop_frame_queue_clear(&codec->ready);
    codec->flushed = false;
}

static const char *const columns[] = {"crf", NULL};

static const CopSeverityTable tables[] = {
    {COP_PRESET_DEFAULT, "the h264_crf of Yi et al., NeurIPS 2021", columns, (const double[]){0},
     (const double[]){23, 30, 37, 44, 51}},
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
