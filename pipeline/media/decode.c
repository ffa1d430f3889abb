/* Decoding of any file that FFmpeg reads, frame by frame, in order.
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#include "pipeline/media/decode.h"

#include <errno.h>
#include <libavcodec/avcodec.h>
#include <libavformat/avformat.h>
#include <libavutil/avstring.h>
#include <libavutil/pixdesc.h>
#include <libswscale/swscale.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "pipeline/media/convert.h"
#include "pipeline/media/libav.h"

enum {
    SIDE_MAX = 16384,
    THREADS_MAX = 16,
    ERRORS_IN_A_ROW = 1 << 16,
    FRAMES_OPEN = 1 << 30 /* frames of an AVI file that FFmpeg wrote to a pipe */
};

/* Lists of other files (which may be remote, or grow for ever), and text drawn as video. */
static const char refused[] = "hls,applehttp,concat,dash,imf,sdp,rtsp,rtp,tty,tedcaptions";

struct CopDecoder {
    char *path;
    AVFormatContext *format;
    AVCodecContext *codec;
    AVPacket *packet;
    AVFrame *frame, *scaled;
    struct SwsContext *sws;
    CopVideoInfo info;
    AVRational time_base;
    int stream, errors;
    int64_t index;
    bool draining, waiting; /* waiting: the frame that open() decoded is still to be handed out */
    bool partial;           /* the file ended inside the last packet */
};

/* Also of memory: FFmpeg runs out of it over absurd sizes that a broken file asks for. */
static CopStatus fail(const CopDecoder *decoder, CopError *err, const char *what, int code)
{
    char text[128];
    return cop_error_set(err, COP_ERR_DATA, "%s: %s%s%s", decoder->path, what, *what ? ": " : "",
                         cop_av_strerror(code, text));
}

/* A pipe or a device could keep us waiting for ever. */
static CopStatus check_file(const char *path, CopError *err)
{
    struct stat st;
    if (stat(path, &st) != 0)
        return cop_error_set(err, COP_ERR_DATA, "%s: %s", path, strerror(errno));
    if (S_ISDIR(st.st_mode))
        return cop_error_set(err, COP_ERR_DATA, "%s: is a directory", path);
    if (!S_ISREG(st.st_mode))
        return cop_error_set(err, COP_ERR_DATA, "%s: not a regular file", path);
    if (st.st_size == 0)
        return cop_error_set(err, COP_ERR_DATA, "%s: empty file", path);
    return COP_OK;
}

/* The demuxer that avformat_open_input() would choose, known before it reads on. */
static CopStatus probe(const CopDecoder *decoder, const char *url, const AVInputFormat **input,
                       CopError *err)
{
    AVIOContext *io = NULL;
    int code = avio_open2(&io, url, AVIO_FLAG_READ, NULL, NULL);
    if (code < 0)
        return fail(decoder, err, "", code);
    code = av_probe_input_buffer2(io, input, url, NULL, 0, 0);
    avio_closep(&io);
    if (code < 0)
        return fail(decoder, err, "not a video", code);
    if (av_match_name((*input)->name, refused))
        return cop_error_set(err, COP_ERR_DATA, "%s: not a video: files of kind %s are not read",
                             decoder->path, (*input)->name);
    return COP_OK;
}

static CopStatus open_container(CopDecoder *decoder, CopError *err)
{
    const bool standard_input = strcmp(decoder->path, "-") == 0;
    const AVInputFormat *input = NULL;
    /* With its protocol spelled out, a path may hold colons. */
    char *url = av_asprintf(
        "%s%s", standard_input ? "pipe:0" : "file:", standard_input ? "" : decoder->path);
    AVDictionary *options = NULL;
    CopStatus status = COP_OK;
    if (!url)
        return fail(decoder, err, "", AVERROR(ENOMEM));
    if (standard_input)
        input = av_find_input_format("yuv4mpegpipe");
    else if ((status = check_file(decoder->path, err)) == COP_OK)
        status = probe(decoder, url, &input, err);
    if (status == COP_OK) {
        av_dict_set(&options, "protocol_whitelist", "file,pipe", 0);
        av_dict_set(&options, "scan_all_pmts", "1", 0);   /* as the ffmpeg command */
        av_dict_set(&options, "pattern_type", "none", 0); /* "%d" is part of a picture's name */
        int code = avformat_open_input(&decoder->format, url, input, &options);
        if (code >= 0)
            code = avformat_find_stream_info(decoder->format, NULL);
        /* What the streams are may stay unknown until they are decoded. */
        if (code < 0 && (!decoder->format || !decoder->format->nb_streams))
            status = fail(decoder, err, standard_input ? "not a y4m stream" : "not a video", code);
        av_dict_free(&options);
    }
    av_free(url);
    return status;
}

static int find_stream(const AVFormatContext *format)
{
    int best = -1;
    int64_t best_score = -1;
    for (unsigned i = 0; i < format->nb_streams; i++) {
        const AVStream *stream = format->streams[i];
        if (stream->codecpar->codec_type != AVMEDIA_TYPE_VIDEO ||
            stream->disposition & (AV_DISPOSITION_ATTACHED_PIC | AV_DISPOSITION_TIMED_THUMBNAILS))
            continue;
        const int64_t score = (int64_t)stream->codecpar->width * stream->codecpar->height +
                              (stream->disposition & AV_DISPOSITION_DEFAULT ? 5000000 : 0);
        if (score > best_score) {
            best_score = score;
            best = (int)i;
        }
    }
    return best;
}

static CopStatus open_codec(CopDecoder *decoder, int threads, CopError *err)
{
    decoder->stream = find_stream(decoder->format);
    if (decoder->stream < 0)
        return cop_error_set(err, COP_ERR_DATA, "%s: has no video stream", decoder->path);
    for (unsigned i = 0; i < decoder->format->nb_streams; i++)
        if ((int)i != decoder->stream)
            decoder->format->streams[i]->discard = AVDISCARD_ALL;

    AVStream *stream = decoder->format->streams[decoder->stream];
    const char *name = avcodec_get_name(stream->codecpar->codec_id);
    const AVCodec *codec = avcodec_find_decoder(stream->codecpar->codec_id);
    if (!codec)
        return cop_error_set(err, COP_ERR_DATA, "%s: FFmpeg has no decoder for %s", decoder->path,
                             name);
    decoder->codec = avcodec_alloc_context3(codec);
    decoder->packet = av_packet_alloc();
    decoder->frame = av_frame_alloc();
    decoder->scaled = av_frame_alloc();
    if (!decoder->codec || !decoder->packet || !decoder->frame || !decoder->scaled)
        return fail(decoder, err, "", AVERROR(ENOMEM));
    int code = avcodec_parameters_to_context(decoder->codec, stream->codecpar);
    decoder->codec->pkt_timebase = decoder->time_base = stream->time_base;
    /* Frame threads conceal errors in an order that changes from run to run, and
     * H.264 drops concealment with slice threads unless told. */
    decoder->codec->thread_count = threads;
    decoder->codec->thread_type = FF_THREAD_SLICE;
    AVDictionary *options = NULL;
    av_dict_set(&options, "enable_er", "1", 0);
    decoder->codec->max_pixels = (int64_t)SIDE_MAX * SIDE_MAX;
    decoder->codec->flags |= AV_CODEC_FLAG_UNALIGNED; /* crop to the pixel, not to the vector */
    if (code >= 0)
        code = avcodec_open2(decoder->codec, codec, &options);
    av_dict_free(&options);
    if (code < 0)
        return fail(decoder, err, "cannot be decoded", code);

    const AVRational rate = av_guess_frame_rate(decoder->format, stream, NULL);
    decoder->info.rate_num = rate.num > 0 && rate.den > 0 ? rate.num : 0;
    decoder->info.rate_den = rate.num > 0 && rate.den > 0 ? rate.den : 1;
    snprintf(decoder->info.codec, sizeof decoder->info.codec, "%s", name);
    return COP_OK;
}

/* Feeds the codec one packet of our stream, or the end. */
static int feed(CopDecoder *decoder)
{
    int code;
    while ((code = av_read_frame(decoder->format, decoder->packet)) >= 0) {
        if (decoder->packet->stream_index == decoder->stream) {
            decoder->partial = decoder->packet->flags & AV_PKT_FLAG_CORRUPT;
            code = avcodec_send_packet(decoder->codec, decoder->packet);
            av_packet_unref(decoder->packet);
            return code;
        }
        av_packet_unref(decoder->packet);
    }
    decoder->draining = true;
    if (code != AVERROR_EOF)
        decoder->errors++;
    return avcodec_send_packet(decoder->codec, NULL);
}

/* The next decoded picture in decoder->frame. */
static CopStatus receive(CopDecoder *decoder, CopError *err)
{
    if (decoder->waiting) {
        decoder->waiting = false;
        return COP_OK;
    }
    for (int in_a_row = 0; in_a_row < ERRORS_IN_A_ROW;) {
        int code = avcodec_receive_frame(decoder->codec, decoder->frame);
        if (code == 0 && decoder->frame->width > 0 && decoder->frame->width <= SIDE_MAX &&
            decoder->frame->height > 0 && decoder->frame->height <= SIDE_MAX)
            return COP_OK;
        if (code == AVERROR_EOF)
            return COP_EOF;
        if (code == AVERROR(EAGAIN)) {
            if (decoder->draining)
                return COP_EOF;
            code = feed(decoder);
        }
        if (code == AVERROR(ENOMEM))
            return fail(decoder, err, "", code);
        in_a_row = code < 0 ? in_a_row + 1 : 0;
        decoder->errors += code < 0;
    }
    return COP_EOF;
}

/* COP_EOF, unless there should have been more. */
static CopStatus check_end(CopDecoder *decoder, CopError *err)
{
    AVFormatContext *format = decoder->format;
    if (format->pb && format->pb->error < 0)
        return fail(decoder, err, "cannot be read", format->pb->error);
    if (!decoder->partial && !cop_av_is_cut(format, decoder->stream))
        return COP_EOF;
    const long long frames = decoder->index;
    const long long promised = format->streams[decoder->stream]->nb_frames;
    if (promised > frames && promised < FRAMES_OPEN)
        return cop_error_set(err, COP_ERR_DATA, "%s: is cut off after %lld of %lld frames",
                             decoder->path, frames, promised);
    if (format->duration > 0 && format->duration_estimation_method != AVFMT_DURATION_FROM_BITRATE)
        return cop_error_set(err, COP_ERR_DATA,
                             "%s: is cut off after %lld frames; it should last %.2f seconds",
                             decoder->path, frames, (double)format->duration / AV_TIME_BASE);
    return cop_error_set(err, COP_ERR_DATA, "%s: is cut off after %lld frames", decoder->path,
                         frames);
}

/* The picture in decoder->frame, brought by swscale to a width, height and format. */
static CopStatus scale(CopDecoder *decoder, enum AVPixelFormat format, int width, int height,
                       CopError *err)
{
    const AVFrame *from = decoder->frame;
    AVFrame *to = decoder->scaled;
    av_frame_unref(to);
    to->width = width;
    to->height = height;
    to->format = format;
    to->colorspace = from->colorspace;
    to->color_range = from->color_range;
    decoder->sws = sws_getCachedContext(
        decoder->sws, from->width, from->height, (enum AVPixelFormat)from->format, width, height,
        format, SWS_BILINEAR | SWS_ACCURATE_RND | SWS_FULL_CHR_H_INT | SWS_BITEXACT, NULL, NULL,
        NULL);
    if (!decoder->sws)
        return fail(decoder, err, "cannot be scaled", AVERROR(EINVAL));
    int code = av_frame_get_buffer(to, 0);
    if (code >= 0)
        code = sws_scale(decoder->sws, (const uint8_t *const *)from->data, from->linesize, 0,
                         from->height, to->data, to->linesize);
    return code < 0 ? fail(decoder, err, "cannot be scaled", code) : COP_OK;
}

/* decoder->frame as a frame of ours, in the stream's size, format and colour
 * once these are known. */
static CopStatus import(CopDecoder *decoder, CopFrame *out, CopError *err)
{
    const CopVideoInfo *info = &decoder->info;
    const AVFrame *from = decoder->frame;
    const int width = info->width ? info->width : from->width;
    const int height = info->height ? info->height : from->height;
    const bool readable = cop_av_importable((enum AVPixelFormat)from->format);
    if (!readable || from->width != width || from->height != height) {
        const enum AVPixelFormat same = (enum AVPixelFormat)from->format;
        const bool keep = readable && sws_isSupportedOutput(same);
        COP_TRY(scale(decoder, keep ? same : cop_av_replacement(same), width, height, err));
        from = decoder->scaled;
    }
    if (cop_av_import(out, from) != COP_OK)
        return fail(decoder, err, "", AVERROR(ENOMEM));
    if (info->format != COP_PIXEL_NONE &&
        (out->format != info->format || out->colour.matrix != info->colour.matrix ||
         out->colour.range != info->colour.range)) {
        CopFrame other;
        if (cop_frame_alloc(&other, info->format, width, height) != COP_OK) {
            cop_frame_unref(out);
            return fail(decoder, err, "", AVERROR(ENOMEM));
        }
        other.colour = info->colour;
        cop_convert(&other, out);
        cop_frame_unref(out);
        *out = other;
    }
    out->index = decoder->index++;
    const int64_t pts = decoder->frame->best_effort_timestamp;
    if (pts != AV_NOPTS_VALUE)
        out->pts = av_rescale_q(pts, decoder->time_base, (AVRational){1, 1000000});
    return COP_OK;
}

/* What comes out is known only when the first picture has come out. */
static CopStatus open_first(CopDecoder *decoder, CopError *err)
{
    const CopStatus status = receive(decoder, err);
    if (status == COP_EOF)
        return cop_error_set(err, COP_ERR_DATA, "%s: no frame could be decoded", decoder->path);
    COP_TRY(status);
    CopFrame first;
    COP_TRY(import(decoder, &first, err));
    decoder->info.format = first.format;
    decoder->info.width = first.width;
    decoder->info.height = first.height;
    decoder->info.colour = first.colour;
    cop_frame_unref(&first);
    decoder->index = 0;
    decoder->waiting = true;
    return COP_OK;
}

CopStatus cop_decoder_open(CopDecoder **out, const char *path, int threads, CopError *err)
{
    *out = NULL;
    if (threads < 1 || threads > THREADS_MAX)
        return cop_error_set(err, COP_ERR_ARG, "%s: %d decoder threads; allowed are 1 to %d", path,
                             threads, THREADS_MAX);
    cop_av_quiet();
    CopDecoder *decoder = calloc(1, sizeof *decoder);
    if (!decoder || !(decoder->path = strdup(path))) {
        free(decoder);
        return cop_error_set(err, COP_ERR_NOMEM, "%s: out of memory", path);
    }
    CopStatus status = open_container(decoder, err);
    if (status == COP_OK)
        status = open_codec(decoder, threads, err);
    if (status == COP_OK)
        status = open_first(decoder, err);
    if (status != COP_OK)
        cop_decoder_close(&decoder);
    *out = decoder;
    return status;
}

void cop_decoder_close(CopDecoder **decoder)
{
    CopDecoder *d = decoder ? *decoder : NULL;
    if (!d)
        return;
    sws_freeContext(d->sws);
    av_frame_free(&d->scaled);
    av_frame_free(&d->frame);
    av_packet_free(&d->packet);
    avcodec_free_context(&d->codec);
    avformat_close_input(&d->format);
    free(d->path);
    free(d);
    *decoder = NULL;
}

const CopVideoInfo *cop_decoder_info(const CopDecoder *decoder)
{
    return &decoder->info;
}

CopStatus cop_decoder_next(CopDecoder *decoder, CopFrame *out, CopError *err)
{
    *out = (CopFrame){0};
    const CopStatus status = receive(decoder, err);
    if (status == COP_EOF)
        return check_end(decoder, err);
    COP_TRY(status);
    return import(decoder, out, err);
}

CopStatus cop_decoder_skip(CopDecoder *decoder, CopError *err)
{
    const CopStatus status = receive(decoder, err);
    if (status == COP_EOF)
        return check_end(decoder, err);
    decoder->index += status == COP_OK;
    return status;
}

int cop_decoder_errors(const CopDecoder *decoder)
{
    return decoder->errors;
}
