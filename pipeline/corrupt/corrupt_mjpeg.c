/* Motion JPEG at a constant quantiser: each frame by itself. One more of FFmpeg's own encoders
 * beside the MPEG ones of Schiappa et al., CVPR 2023; the quantisers are theirs.
 *
 * Planes are coded as they are, whatever their range; RGB becomes 4:4:4 of full range, as in
 * JPEG files. A frame leaves as it comes, so this is a corruption without memory: its coders
 * are only kept since opening them takes longer than coding a small picture.
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#include <libavcodec/avcodec.h>

#include "pipeline/corrupt/group_coder.h"
#include "pipeline/corrupt/mpeg.h"

typedef struct Mjpeg {
    double q;
    AVCodecContext *encoder, *decoder;
    AVFrame *picture;
    AVPacket *packet;
    double open_q; /* what the encoder was opened for */
    CopPixelFormat open_format;
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
    cop_av_quiet();
    if (!avcodec_find_encoder_by_name("mjpeg") || !avcodec_find_decoder(AV_CODEC_ID_MJPEG))
        return cop_error_set(err, COP_ERR_UNSUPPORTED, "%s: this FFmpeg has no mjpeg %s",
                             corrupt->desc->name,
                             avcodec_find_encoder_by_name("mjpeg") ? "decoder" : "encoder");
    return COP_OK;
}

static void close(CopCorrupt *corrupt)
{
    Mjpeg *codec = corrupt->state;
    avcodec_free_context(&codec->encoder);
    avcodec_free_context(&codec->decoder);
    av_frame_free(&codec->picture);
    av_packet_free(&codec->packet);
}

static enum AVPixelFormat full_range_format(CopPixelFormat format)
{
    return format == COP_PIXEL_I420   ? AV_PIX_FMT_YUVJ420P
           : format == COP_PIXEL_I422 ? AV_PIX_FMT_YUVJ422P
                                      : AV_PIX_FMT_YUVJ444P;
}

static int open_encoder(Mjpeg *codec, const CopFrame *coded)
{
    AVCodecContext *encoder = codec->encoder =
        avcodec_alloc_context3(avcodec_find_encoder_by_name("mjpeg"));
    if (!encoder)
        return AVERROR(ENOMEM);
    encoder->width = coded->width;
    encoder->height = coded->height;
    encoder->pix_fmt = full_range_format(coded->format);
    encoder->color_range = AVCOL_RANGE_JPEG;
    encoder->time_base = (AVRational){1, 25};
    encoder->thread_count = 1;
    char text[96];
    cop_mpeg_quantiser(codec->q, "", text, sizeof text);
    AVDictionary *dict = NULL;
    int code = av_dict_parse_string(&dict, text, "=", ",", 0);
    if (code >= 0)
        code = avcodec_open2(encoder, NULL, &dict);
    av_dict_free(&dict);
    return code;
}

/* Coders for pictures like `coded` at the present quantiser. */
static CopStatus prepare(CopCorrupt *corrupt, const CopFrame *coded)
{
    Mjpeg *codec = corrupt->state;
    if (codec->encoder && codec->encoder->width == coded->width &&
        codec->encoder->height == coded->height && codec->open_format == coded->format &&
        codec->open_q == codec->q)
        return COP_OK;
    close(corrupt);
    codec->picture = av_frame_alloc();
    codec->packet = av_packet_alloc();
    codec->decoder = avcodec_alloc_context3(avcodec_find_decoder(AV_CODEC_ID_MJPEG));
    if (!codec->picture || !codec->packet || !codec->decoder)
        return COP_ERR_NOMEM;
    codec->open_format = coded->format;
    codec->open_q = codec->q;
    codec->decoder->thread_count = 1;
    const int code = open_encoder(codec, coded);
    return cop_group_status(code < 0 ? code : avcodec_open2(codec->decoder, NULL, NULL));
}

/* The picture that comes back stands in codec->picture. */
static int code_picture(Mjpeg *codec, const CopFrame *coded)
{
    AVFrame *picture = codec->picture;
    cop_av_borrow(picture, coded);
    picture->format = codec->encoder->pix_fmt;
    picture->color_range = AVCOL_RANGE_JPEG;
    picture->quality = codec->encoder->global_quality;
    int code = avcodec_send_frame(codec->encoder, picture);
    av_frame_unref(picture);
    if (code >= 0)
        code = avcodec_receive_packet(codec->encoder, codec->packet);
    if (code >= 0)
        code = avcodec_send_packet(codec->decoder, codec->packet);
    av_packet_unref(codec->packet);
    return code < 0 ? code : avcodec_receive_frame(codec->decoder, picture);
}

static CopStatus code_frame(Mjpeg *codec, const CopFrame *coded, const CopFrame *frame)
{
    COP_TRY(cop_group_status(code_picture(codec, coded)));
    const AVFrame *picture = codec->picture;
    if (picture->width != coded->width || picture->height != coded->height ||
        cop_av_same_format((enum AVPixelFormat)picture->format) != coded->format)
        return COP_ERR_DATA;
    CopFrame decoded = {.format = coded->format};
    for (int p = 0; p < 3; p++) {
        decoded.plane[p] = picture->data[p];
        decoded.stride[p] = picture->linesize[p];
    }
    cop_coded_store(frame, &shape, &decoded);
    return COP_OK;
}

static CopStatus apply(CopCorrupt *corrupt, CopFrame *frame)
{
    Mjpeg *codec = corrupt->state;
    CopFrame coded;
    COP_TRY(cop_coded_frame(&coded, &shape, frame));
    CopStatus status = prepare(corrupt, &coded);
    if (status == COP_OK)
        status = code_frame(codec, &coded, frame);
    if (status == COP_OK)
        av_frame_unref(codec->picture);
    else
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
