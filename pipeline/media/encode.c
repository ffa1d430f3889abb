/* Writing video files, y4m streams and PNG pictures.
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#include "pipeline/media/encode.h"

#include <errno.h>
#include <libavcodec/avcodec.h>
#include <libavformat/avformat.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <unistd.h>

#include "models/core/file.h"
#include "pipeline/media/convert.h"
#include "pipeline/media/libav.h"
#include "pipeline/media/sound.h"

enum {
    IO_BUFFER = 1 << 16,
    THREADS_MAX = 16,
    LINES_SD = 576,
    NAME_MAX_BYTES = 4096,
    SLICED_MIN = 16
};

typedef struct Kind {
    const char *suffix, *muxer, *encoder; /* muxer NULL: packets are files */
} Kind;

static const Kind kinds[] = {
    {".mp4", "mp4", "libx264"},
    {".mov", "mov", "libx264"},
    {".mkv", "matroska", "ffv1"},
    {".avi", "avi", "ffv1"},
    {".y4m", "yuv4mpegpipe", "wrapped_avframe"},
    {"-", "yuv4mpegpipe", "wrapped_avframe"},
    {".png", NULL, "png"},
};

struct CopEncoder {
    const Kind *kind;
    char *path;
    CopFile file; /* stream is stdout for "-" */
    AVIOContext *io;
    AVFormatContext *format;
    AVCodecContext *codec;
    AVStream *stream;
    AVPacket *packet;
    AVFrame *frame;
    CopSound *sound;
    int mute; /* streams of sound that are left out */
    CopPixelFormat from;
    CopFrame picture; /* what the codec is given, where that is not the frame itself */
    CopPixelFormat to;
    CopColour colour;
    int64_t frames;
    int pictures; /* files of a sequence that lie on disk */
    bool sequence, header, finished;
};

static CopStatus fail(const CopEncoder *encoder, CopError *err, int code)
{
    char text[128];
    if (code == AVERROR(ENOMEM))
        return cop_error_set(err, COP_ERR_NOMEM, "%s: out of memory", encoder->path);
    return cop_error_set(err, COP_ERR_IO, "%s: cannot be written: %s", encoder->path,
                         cop_av_strerror(code, text));
}

static const Kind *find_kind(const char *path)
{
    const size_t length = strlen(path);
    for (size_t i = 0; i < sizeof kinds / sizeof kinds[0]; i++) {
        const size_t n = strlen(kinds[i].suffix);
        if (n == 1 ? strcmp(path, "-") == 0
                   : length >= n && strcasecmp(path + length - n, kinds[i].suffix) == 0)
            return &kinds[i];
    }
    return NULL;
}

static int write_bytes(void *opaque, uint8_t *bytes, int size)
{
    FILE *stream = opaque;
    errno = 0;
    if (fwrite(bytes, 1, (size_t)size, stream) == (size_t)size)
        return size;
    return AVERROR(errno ? errno : EIO);
}

static int64_t seek(void *opaque, int64_t offset, int whence)
{
    FILE *stream = opaque;
    if (whence == AVSEEK_SIZE)
        return AVERROR(ENOSYS);
    return fseeko(stream, (off_t)offset, whence) == 0 ? (int64_t)ftello(stream) : AVERROR(errno);
}

static bool is_rgb(CopPixelFormat format)
{
    return format >= COP_PIXEL_RGB && format < COP_PIXEL_COUNT;
}

/* Which of our formats, meaning which colours, the codec is given. */
static void choose_format(CopEncoder *encoder, const CopFrame *first)
{
    const bool rgb = is_rgb(first->format), grey = first->format == COP_PIXEL_GRAY8;
    const CopPixelFormat planar = first->format == COP_PIXEL_NV12 ? COP_PIXEL_I420 : first->format;
    CopColour fresh = {first->height > LINES_SD ? COP_MATRIX_BT709 : COP_MATRIX_BT601,
                       COP_RANGE_LIMITED};
    encoder->colour = first->colour;
    encoder->to = planar;
    if (!encoder->kind->muxer) {
        encoder->to = grey ? COP_PIXEL_GRAY8 : COP_PIXEL_RGB;
        encoder->colour.range = COP_RANGE_FULL;
    } else if (strcmp(encoder->kind->encoder, "libx264") == 0) {
        encoder->to = first->width % 2 || first->height % 2 ? COP_PIXEL_I444 : COP_PIXEL_I420;
        if (rgb || grey)
            encoder->colour = fresh;
    } else if (strcmp(encoder->kind->encoder, "ffv1") == 0) {
        encoder->to = rgb ? COP_PIXEL_BGRX : planar;
    } else if (rgb) {
        encoder->to = COP_PIXEL_I444;
        fresh.range = COP_RANGE_FULL;
        encoder->colour = fresh;
    }
}

static CopStatus open_codec(CopEncoder *encoder, const CopFrame *first,
                            const CopEncodeOptions *options, CopError *err)
{
    const Kind *kind = encoder->kind;
    const AVCodec *codec = avcodec_find_encoder_by_name(kind->encoder);
    if (!codec)
        return cop_error_set(err, COP_ERR_UNSUPPORTED,
                             "%s: this FFmpeg has no encoder %s, which %s needs", encoder->path,
                             kind->encoder, kind->suffix);
    AVCodecContext *context = encoder->codec = avcodec_alloc_context3(codec);
    encoder->packet = av_packet_alloc();
    encoder->frame = av_frame_alloc();
    if (!context || !encoder->packet || !encoder->frame)
        return fail(encoder, err, AVERROR(ENOMEM));
    AVFrame like = {0};
    cop_av_borrow(&like, &(CopFrame){.format = encoder->to, .colour = encoder->colour});
    const bool known = options->rate_num > 0 && options->rate_den > 0;
    context->width = first->width;
    context->height = first->height;
    context->pix_fmt = (enum AVPixelFormat)like.format;
    context->framerate =
        known ? (AVRational){options->rate_num, options->rate_den} : (AVRational){25, 1};
    context->time_base = av_inv_q(context->framerate);
    context->thread_count = options->threads;
    context->flags |= AV_CODEC_FLAG_BITEXACT;
    if (!is_rgb(encoder->to)) {
        context->color_range = like.color_range;
        context->colorspace = like.colorspace;
    }
    AVDictionary *private = NULL;
    if (strcmp(kind->encoder, "libx264") == 0) {
        cop_av_steady_x264(&private);
        av_dict_set_int(&private, "crf", options->crf, 0);
        /* Also keeps x264 0.164 off a macroblock-tree routine that reads memory nobody
         * wrote, where the width is no multiple of 128: bytes would differ from run to run. */
        av_dict_set(&private, "x264-params", "cpu-independent=1", 0);
        if (options->keyint > 0)
            context->gop_size = options->keyint;
    } else if (strcmp(kind->encoder, "ffv1") == 0) {
        /* Version 3 has checksums, but cuts pictures of a few pixels into empty slices.
         * Left open, the version would follow the number of threads. */
        context->level = first->width < SLICED_MIN || first->height < SLICED_MIN ? 1 : 3;
        context->gop_size = 1;
    }
    if (encoder->format && encoder->format->oformat->flags & AVFMT_GLOBALHEADER)
        context->flags |= AV_CODEC_FLAG_GLOBAL_HEADER;
    const int code = avcodec_open2(context, codec, &private);
    av_dict_free(&private);
    if (code < 0) {
        char text[128];
        return cop_error_set(err, code == AVERROR(ENOMEM) ? COP_ERR_NOMEM : COP_ERR_UNSUPPORTED,
                             "%s: %s refuses %dx%d %s: %s", encoder->path, kind->encoder,
                             first->width, first->height, cop_pixel_format_name(encoder->to),
                             cop_av_strerror(code, text));
    }
    return COP_OK;
}

static CopStatus open_container(CopEncoder *encoder, CopError *err)
{
    const int code =
        avformat_alloc_output_context2(&encoder->format, NULL, encoder->kind->muxer, encoder->path);
    return code < 0 ? cop_error_set(err, COP_ERR_UNSUPPORTED,
                                    "%s: this FFmpeg cannot write the format %s", encoder->path,
                                    encoder->kind->muxer)
                    : COP_OK;
}

static CopStatus open_file(CopEncoder *encoder, const char *sound, CopError *err)
{
    const bool standard_output = strcmp(encoder->path, "-") == 0;
    if (standard_output)
        encoder->file.stream = stdout;
    else
        COP_TRY(cop_file_create(&encoder->file, encoder->path, err));
    uint8_t *buffer = av_malloc(IO_BUFFER);
    encoder->io = avio_alloc_context(buffer, IO_BUFFER, 1, encoder->file.stream, NULL, write_bytes,
                                     standard_output ? NULL : seek);
    if (!buffer || !encoder->io) {
        av_free(buffer);
        return fail(encoder, err, AVERROR(ENOMEM));
    }
    encoder->format->pb = encoder->io;
    encoder->format->flags |= AVFMT_FLAG_BITEXACT;
    encoder->stream = avformat_new_stream(encoder->format, NULL);
    if (!encoder->stream)
        return fail(encoder, err, AVERROR(ENOMEM));
    encoder->stream->time_base = encoder->codec->time_base;
    encoder->stream->avg_frame_rate = encoder->codec->framerate;
    if (sound && encoder->format->oformat->audio_codec != AV_CODEC_ID_NONE)
        COP_TRY(cop_sound_open(&encoder->sound, sound, encoder->format, &encoder->mute, err));
    int code = avcodec_parameters_from_context(encoder->stream->codecpar, encoder->codec);
    if (code >= 0)
        code = avformat_write_header(encoder->format, NULL);
    if (code < 0)
        return fail(encoder, err, code);
    encoder->header = true;
    return COP_OK;
}

static CopStatus check_options(const char *path, const CopEncodeOptions *options, CopError *err)
{
    if (options->threads < 1 || options->threads > THREADS_MAX)
        return cop_error_set(err, COP_ERR_ARG, "%s: %d encoder threads; allowed are 1 to %d", path,
                             options->threads, THREADS_MAX);
    if (options->crf < 0 || options->crf > 51)
        return cop_error_set(err, COP_ERR_ARG, "%s: crf %d; allowed are 0 to 51", path,
                             options->crf);
    if (options->keyint < 0)
        return cop_error_set(err, COP_ERR_ARG, "%s: keyint %d; allowed are 0 and more", path,
                             options->keyint);
    return COP_OK;
}

CopStatus cop_encoder_open(CopEncoder **out, const char *path, const CopFrame *first,
                           const CopEncodeOptions *options, CopError *err)
{
    *out = NULL;
    const Kind *kind = find_kind(path);
    if (!kind)
        return cop_error_set(
            err, COP_ERR_UNSUPPORTED,
            "%s: unknown suffix; allowed are .mp4 .mov .mkv .avi .y4m .png, and - for y4m", path);
    COP_TRY(check_options(path, options, err));
    cop_av_quiet();
    CopEncoder *encoder = calloc(1, sizeof *encoder);
    if (!encoder || !(encoder->path = strdup(path))) {
        free(encoder);
        return cop_error_set(err, COP_ERR_NOMEM, "%s: out of memory", path);
    }
    encoder->kind = kind;
    encoder->from = first->format;
    choose_format(encoder, first);
    char name[NAME_MAX_BYTES];
    encoder->sequence = !kind->muxer && av_get_frame_filename(name, sizeof name, path, 1) == 0;
    CopStatus status = kind->muxer ? open_container(encoder, err) : COP_OK;
    if (status == COP_OK)
        status = open_codec(encoder, first, options, err);
    if (status == COP_OK && kind->muxer)
        status = open_file(encoder, options->sound, err);
    if (status == COP_OK &&
        cop_frame_alloc(&encoder->picture, encoder->to, first->width, first->height) != COP_OK)
        status = fail(encoder, err, AVERROR(ENOMEM));
    if (status != COP_OK)
        cop_encoder_close(&encoder);
    else
        encoder->picture.colour = encoder->colour;
    *out = encoder;
    return status;
}

/* Name of picture number i (from 1). False when it does not fit. */
static bool picture_name(const CopEncoder *encoder, int i, char name[NAME_MAX_BYTES])
{
    if (encoder->sequence)
        return av_get_frame_filename(name, NAME_MAX_BYTES, encoder->path, i) == 0;
    return snprintf(name, NAME_MAX_BYTES, "%s", encoder->path) < NAME_MAX_BYTES;
}

static CopStatus write_picture(CopEncoder *encoder, CopError *err)
{
    char name[NAME_MAX_BYTES];
    if (!picture_name(encoder, encoder->pictures + 1, name))
        return fail(encoder, err, AVERROR(ENAMETOOLONG));
    COP_TRY(cop_file_write(name, encoder->packet->data, (size_t)encoder->packet->size, err));
    encoder->pictures++;
    return COP_OK;
}

/* Moves finished packets from the codec into the file. `frame` NULL ends the stream. */
static CopStatus encode(CopEncoder *encoder, const AVFrame *frame, CopError *err)
{
    int code = avcodec_send_frame(encoder->codec, frame);
    while (code >= 0 && (code = avcodec_receive_packet(encoder->codec, encoder->packet)) >= 0) {
        if (!encoder->kind->muxer) {
            const CopStatus status = write_picture(encoder, err);
            av_packet_unref(encoder->packet);
            COP_TRY(status);
            continue;
        }
        const double now = (double)encoder->packet->dts * av_q2d(encoder->codec->time_base);
        if ((code = cop_sound_write(encoder->sound, now)) < 0)
            break;
        encoder->packet->stream_index = 0;
        encoder->packet->duration = 1;
        av_packet_rescale_ts(encoder->packet, encoder->codec->time_base,
                             encoder->stream->time_base);
        code = av_interleaved_write_frame(encoder->format, encoder->packet);
    }
    return code == AVERROR(EAGAIN) || code == AVERROR_EOF ? COP_OK : fail(encoder, err, code);
}

CopStatus cop_encoder_write(CopEncoder *encoder, const CopFrame *frame, CopError *err)
{
    if (frame->format != encoder->from || frame->width != encoder->picture.width ||
        frame->height != encoder->picture.height)
        return cop_error_set(err, COP_ERR_ARG, "%s: frame %lld is %dx%d %s, the first was %dx%d %s",
                             encoder->path, (long long)encoder->frames, frame->width, frame->height,
                             cop_pixel_format_name(frame->format), encoder->picture.width,
                             encoder->picture.height, cop_pixel_format_name(encoder->from));
    if (!encoder->kind->muxer && !encoder->sequence && encoder->frames > 0)
        return cop_error_set(err, COP_ERR_ARG,
                             "%s: holds one picture; a name like x%%03d.png takes more",
                             encoder->path);
    cop_convert(&encoder->picture, frame);
    cop_av_borrow(encoder->frame, &encoder->picture);
    encoder->frame->pts = encoder->frames++;
    return encode(encoder, encoder->frame, err);
}

CopStatus cop_encoder_finish(CopEncoder *encoder, CopError *err)
{
    if (encoder->finished)
        return COP_OK;
    if (encoder->frames == 0)
        return cop_error_set(err, COP_ERR_ARG, "%s: no frame to write", encoder->path);
    COP_TRY(encode(encoder, NULL, err));
    if (encoder->kind->muxer) {
        int code = cop_sound_write(encoder->sound, INFINITY);
        if (code < 0)
            return fail(encoder, err, code);
        code = av_write_trailer(encoder->format);
        avio_flush(encoder->io);
        if (code < 0 || encoder->io->error < 0)
            return fail(encoder, err, code < 0 ? code : encoder->io->error);
        if (encoder->file.stream == stdout) {
            if (fflush(stdout) != 0)
                return fail(encoder, err, AVERROR(errno));
        } else {
            COP_TRY(cop_file_commit(&encoder->file, err));
        }
    }
    encoder->finished = true;
    return COP_OK;
}

int cop_encoder_mute_streams(const CopEncoder *encoder)
{
    return encoder->mute;
}

void cop_encoder_close(CopEncoder **encoder)
{
    CopEncoder *e = encoder ? *encoder : NULL;
    if (!e)
        return;
    char name[NAME_MAX_BYTES];
    for (int i = 1; !e->finished && i <= e->pictures; i++)
        if (picture_name(e, i, name))
            unlink(name);
    cop_frame_unref(&e->picture);
    av_frame_free(&e->frame);
    av_packet_free(&e->packet);
    avcodec_free_context(&e->codec);
    cop_sound_close(&e->sound);
    avformat_free_context(e->format);
    if (e->io)
        av_freep(&e->io->buffer);
    avio_context_free(&e->io);
    if (e->file.stream == stdout)
        e->file.stream = NULL;
    cop_file_abandon(&e->file);
    free(e->path);
    free(e);
    *encoder = NULL;
}
