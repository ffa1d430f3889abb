/* Opening a video: container, stream, codec.
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#include <errno.h>
#include <libavcodec/avcodec.h>
#include <libavutil/avstring.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>

#include "pipeline/media/decode_private.h"
#include "pipeline/media/libav.h"

/* Lists of other files (which may be remote, or grow for ever), and text drawn as video. */
static const char refused[] = "hls,applehttp,concat,dash,imf,sdp,rtsp,rtp,tty,tedcaptions";

static CopStatus refuse(CopDecoder *decoder, CopVideoFault fault, CopError *err, const char *why)
{
    decoder->fault = fault;
    return cop_error_set(err, COP_ERR_DATA, "%s: %s", decoder->path, why);
}

/* A pipe or a device could keep us waiting for ever. */
static CopStatus check_file(CopDecoder *decoder, CopError *err)
{
    struct stat st;
    if (stat(decoder->path, &st) != 0)
        return refuse(
            decoder, errno == ENOENT || errno == ENOTDIR ? COP_FAULT_MISSING : COP_FAULT_UNREADABLE,
            err, strerror(errno));
    if (S_ISDIR(st.st_mode))
        return refuse(decoder, COP_FAULT_UNREADABLE, err, "is a directory");
    if (!S_ISREG(st.st_mode))
        return refuse(decoder, COP_FAULT_UNREADABLE, err, "not a regular file");
    if (st.st_size == 0)
        return refuse(decoder, COP_FAULT_EMPTY, err, "empty file");
    return COP_OK;
}

/* FFmpeg asks while it reads: not 0 ends the reading. */
static int is_late(void *decoder)
{
    return cop_decoder_is_late(decoder);
}

/* The demuxer that avformat_open_input() would choose, known before it reads on. */
static CopStatus probe(CopDecoder *decoder, const char *url, const AVInputFormat **input,
                       CopError *err)
{
    AVIOContext *io = NULL;
    const AVIOInterruptCB interrupt = {is_late, decoder};
    int code = avio_open2(&io, url, AVIO_FLAG_READ, &interrupt, NULL);
    if (code < 0)
        return cop_decoder_fail(decoder, COP_FAULT_UNREADABLE, err, "", code);
    code = av_probe_input_buffer2(io, input, url, NULL, 0, 0);
    avio_closep(&io);
    if (code < 0)
        return cop_decoder_fail(decoder, COP_FAULT_NO_VIDEO, err, "not a video", code);
    if (av_match_name((*input)->name, refused)) {
        decoder->fault = COP_FAULT_NO_VIDEO;
        return cop_error_set(err, COP_ERR_DATA, "%s: not a video: files of kind %s are not read",
                             decoder->path, (*input)->name);
    }
    return COP_OK;
}

static CopStatus open_input(CopDecoder *decoder, const char *url, const AVInputFormat *input,
                            CopError *err)
{
    AVDictionary *options = NULL;
    decoder->format = avformat_alloc_context();
    if (!decoder->format)
        return cop_decoder_fail(decoder, COP_FAULT_UNDECODABLE, err, "", AVERROR(ENOMEM));
    decoder->format->interrupt_callback = (AVIOInterruptCB){is_late, decoder};
    av_dict_set(&options, "protocol_whitelist", "file,pipe", 0);
    av_dict_set(&options, "scan_all_pmts", "1", 0);   /* as the ffmpeg command */
    av_dict_set(&options, "pattern_type", "none", 0); /* "%d" is part of a picture's name */
    int code = avformat_open_input(&decoder->format, url, input, &options);
    if (code >= 0)
        code = avformat_find_stream_info(decoder->format, NULL);
    av_dict_free(&options);
    /* What the streams are may stay unknown until they are decoded. */
    if (code >= 0 || (decoder->format && decoder->format->nb_streams))
        return COP_OK;
    const bool y4m = strcmp(decoder->path, "-") == 0;
    return cop_decoder_fail(decoder, COP_FAULT_NO_VIDEO, err,
                            y4m ? "not a y4m stream" : "not a video", code);
}

static CopStatus open_container(CopDecoder *decoder, CopError *err)
{
    const bool standard_input = strcmp(decoder->path, "-") == 0;
    const AVInputFormat *input = NULL;
    /* With its protocol spelled out, a path may hold colons. */
    char *url = av_asprintf(
        "%s%s", standard_input ? "pipe:0" : "file:", standard_input ? "" : decoder->path);
    CopStatus status = COP_OK;
    if (!url)
        return cop_decoder_fail(decoder, COP_FAULT_UNDECODABLE, err, "", AVERROR(ENOMEM));
    if (standard_input)
        input = av_find_input_format("yuv4mpegpipe");
    else if ((status = check_file(decoder, err)) == COP_OK)
        status = probe(decoder, url, &input, err);
    if (status == COP_OK)
        status = open_input(decoder, url, input, err);
    av_free(url);
    return status;
}

static bool has_sound(const AVFormatContext *format)
{
    for (unsigned i = 0; i < format->nb_streams; i++)
        if (format->streams[i]->codecpar->codec_type == AVMEDIA_TYPE_AUDIO)
            return true;
    return false;
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
    AVStream *stream = decoder->format->streams[decoder->stream];
    const char *name = avcodec_get_name(stream->codecpar->codec_id);
    const AVCodec *codec = avcodec_find_decoder(stream->codecpar->codec_id);
    if (!codec) {
        decoder->fault = COP_FAULT_UNDECODABLE;
        return cop_error_set(err, COP_ERR_DATA, "%s: FFmpeg has no decoder for %s", decoder->path,
                             name);
    }
    decoder->codec = avcodec_alloc_context3(codec);
    decoder->packet = av_packet_alloc();
    decoder->frame = av_frame_alloc();
    decoder->scaled = av_frame_alloc();
    if (!decoder->codec || !decoder->packet || !decoder->frame || !decoder->scaled)
        return cop_decoder_fail(decoder, COP_FAULT_UNDECODABLE, err, "", AVERROR(ENOMEM));
    int code = avcodec_parameters_to_context(decoder->codec, stream->codecpar);
    decoder->codec->pkt_timebase = decoder->time_base = stream->time_base;
    /* Frame threads conceal errors in an order that changes from run to run, and
     * H.264 drops concealment with slice threads unless told. */
    decoder->codec->thread_count = threads;
    decoder->codec->thread_type = FF_THREAD_SLICE;
    AVDictionary *options = NULL;
    av_dict_set(&options, "enable_er", "1", 0);
    decoder->codec->max_pixels = (int64_t)COP_SIDE_MAX * COP_SIDE_MAX;
    decoder->codec->flags |= AV_CODEC_FLAG_UNALIGNED; /* crop to the pixel, not to the vector */
    if (code >= 0)
        code = avcodec_open2(decoder->codec, codec, &options);
    av_dict_free(&options);
    if (code < 0)
        return cop_decoder_fail(decoder, COP_FAULT_UNDECODABLE, err, "cannot be decoded", code);

    const AVRational rate = av_guess_frame_rate(decoder->format, stream, NULL);
    decoder->info.rate_num = rate.num > 0 && rate.den > 0 ? rate.num : 0;
    decoder->info.rate_den = rate.num > 0 && rate.den > 0 ? rate.den : 1;
    if (decoder->format->bit_rate > 0 && decoder->info.rate_num)
        decoder->info.bits = (double)decoder->format->bit_rate / av_q2d(rate);
    snprintf(decoder->info.codec, sizeof decoder->info.codec, "%s", name);
    return COP_OK;
}

CopStatus cop_decoder_open_file(CopDecoder *decoder, int threads, CopError *err)
{
    COP_TRY(open_container(decoder, err));
    decoder->stream = find_stream(decoder->format);
    if (decoder->stream < 0) {
        const bool sound = has_sound(decoder->format);
        return refuse(decoder, sound ? COP_FAULT_SOUND : COP_FAULT_NO_VIDEO, err,
                      sound ? "has no video stream, only sound" : "has no video stream");
    }
    for (unsigned i = 0; i < decoder->format->nb_streams; i++)
        if ((int)i != decoder->stream)
            decoder->format->streams[i]->discard = AVDISCARD_ALL;
    cop_decoder_allow(decoder);
    return open_codec(decoder, threads, err);
}
