/* Decoding of any file that FFmpeg reads, frame by frame, in order.
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#include "pipeline/media/decode.h"

#include <libavcodec/avcodec.h>
#include <libavutil/pixdesc.h>
#include <libswscale/swscale.h>
#include <math.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>

#include "models/core/clock.h"
#include "pipeline/media/convert.h"
#include "pipeline/media/decode_private.h"
#include "pipeline/media/libav.h"
#include "pipeline/media/orient.h"

enum {
    THREADS_MAX = 16,
    ERRORS_IN_A_ROW = 1 << 16,
    FRAMES_OPEN = 1 << 30 /* frames of an AVI file that FFmpeg wrote to a pipe */
};

const char *const cop_fault_names[] = {"none",     "missing", "unreadable",  "empty",
                                       "no-video", "sound",   "undecodable", "cut",
                                       "slow",     "endless", NULL};

bool cop_fault_lasts(CopVideoFault fault)
{
    return fault != COP_FAULT_MISSING && fault != COP_FAULT_UNREADABLE;
}

static atomic_int limit_ms = 30000;

void cop_decoder_limit(double seconds)
{
    atomic_store(&limit_ms, (int)(seconds * 1000 + 0.5));
}

double cop_decoder_patience(void)
{
    return atomic_load(&limit_ms) / 1000.0;
}

CopStatus cop_decoder_fail(CopDecoder *decoder, CopVideoFault fault, CopError *err,
                           const char *what, int code)
{
    char text[128];
    if (cop_decoder_is_late(decoder)) {
        decoder->fault = COP_FAULT_SLOW;
        if (decoder->spent + cop_clock() - decoder->begun > decoder->allowed)
            return cop_error_set(err, COP_ERR_DATA,
                                 "%s: not decoded in %g seconds, the most for a file of its length "
                                 "(data.timeout); frames so far: %lld",
                                 decoder->path, decoder->allowed, (long long)decoder->index);
        return cop_error_set(err, COP_ERR_DATA,
                             "%s: gave no frame in %g seconds (data.timeout); frames so far: %lld",
                             decoder->path, decoder->limit, (long long)decoder->index);
    }
    decoder->fault = fault;
    return cop_error_set(err, COP_ERR_DATA, "%s: %s%s%s", decoder->path, what, *what ? ": " : "",
                         cop_av_strerror(code, text));
}

void cop_decoder_hurry(CopDecoder *decoder)
{
    const double left = decoder->allowed - decoder->spent;
    decoder->begun = cop_clock();
    decoder->deadline = decoder->begun + (left < decoder->limit ? left : decoder->limit);
}

void cop_decoder_allow(CopDecoder *decoder)
{
    static const double limits = 100, lengths = 10, believed = 86400;
    const AVFormatContext *format = decoder->format;
    const bool claimed =
        format->duration > 0 && format->duration_estimation_method != AVFMT_DURATION_FROM_BITRATE;
    const double length = claimed ? (double)format->duration / AV_TIME_BASE : 0;
    decoder->allowed = limits * decoder->limit + lengths * (length < believed ? length : believed);
}

bool cop_decoder_is_late(CopDecoder *decoder)
{
    decoder->late |= decoder->limit > 0 && cop_clock() > decoder->deadline;
    return decoder->late;
}

/* Takes note of the packet, and tells the codec what of it may be left out: a picture that
 * nobody wants and nobody else is made from. */
static bool is_needed(CopDecoder *decoder)
{
    const AVPacket *packet = decoder->packet;
    if (decoder->notes && packet->flags & AV_PKT_FLAG_KEY)
        cop_seek_note_packet(decoder->notes, packet->pts, packet->dts);
    const CopPick *pick = decoder->pick;
    if (!pick || !pick->table->timed)
        return true;
    const int frame = cop_seek_frame_at(pick->table, packet->pts);
    const bool wanted = frame < 0 || (frame >= pick->first && frame <= pick->last &&
                                      (!pick->want || pick->want[frame - pick->first]));
    decoder->codec->skip_frame = wanted ? AVDISCARD_DEFAULT : AVDISCARD_NONREF;
    return wanted || !pick->table->intra;
}

/* Feeds the codec one packet of our stream, or the end. */
static int feed(CopDecoder *decoder)
{
    int code;
    while ((code = av_read_frame(decoder->format, decoder->packet)) >= 0) {
        if (decoder->packet->stream_index == decoder->stream && is_needed(decoder)) {
            decoder->partial = decoder->packet->flags & AV_PKT_FLAG_CORRUPT;
            code = avcodec_send_packet(decoder->codec, decoder->packet);
            av_packet_unref(decoder->packet);
            return code;
        }
        av_packet_unref(decoder->packet);
        if (cop_decoder_is_late(decoder))
            return AVERROR_EXIT;
    }
    decoder->draining = true;
    if (code != AVERROR_EOF)
        decoder->errors++;
    return avcodec_send_packet(decoder->codec, NULL);
}

static CopStatus receive(CopDecoder *decoder, CopError *err)
{
    for (int in_a_row = 0; in_a_row < ERRORS_IN_A_ROW;) {
        int code = avcodec_receive_frame(decoder->codec, decoder->frame);
        if (code == 0 && decoder->frame->width > 0 && decoder->frame->width <= COP_SIDE_MAX &&
            decoder->frame->height > 0 && decoder->frame->height <= COP_SIDE_MAX)
            return COP_OK;
        if (code == AVERROR_EOF)
            return COP_EOF;
        if (code == AVERROR(EAGAIN)) {
            if (decoder->draining)
                return COP_EOF;
            code = feed(decoder);
        }
        if (code == AVERROR(ENOMEM) || cop_decoder_is_late(decoder))
            return cop_decoder_fail(decoder, COP_FAULT_UNDECODABLE, err, "", code);
        in_a_row = code < 0 ? in_a_row + 1 : 0;
        decoder->errors += code < 0;
    }
    return COP_EOF;
}

CopStatus cop_decoder_receive(CopDecoder *decoder, CopError *err)
{
    if (decoder->waiting) {
        decoder->waiting = false;
        return COP_OK;
    }
    if (decoder->received >= decoder->most) {
        decoder->fault = COP_FAULT_ENDLESS;
        return cop_error_set(err, COP_ERR_DATA, "%s: does not end after %lld frames", decoder->path,
                             (long long)decoder->most);
    }
    cop_decoder_hurry(decoder);
    /* Frames that come at once never look at the clock. */
    if (cop_decoder_is_late(decoder))
        return cop_decoder_fail(decoder, COP_FAULT_SLOW, err, "", 0);
    const CopStatus status = receive(decoder, err);
    decoder->spent += cop_clock() - decoder->begun;
    decoder->received += status == COP_OK;
    return status;
}

/* COP_EOF, unless there should have been more. */
static CopStatus check_end(CopDecoder *decoder, CopError *err)
{
    AVFormatContext *format = decoder->format;
    if (format->pb && format->pb->error < 0)
        return cop_decoder_fail(decoder, COP_FAULT_UNREADABLE, err, "cannot be read",
                                format->pb->error);
    if (!decoder->partial && !cop_av_is_cut(format, decoder->stream))
        return COP_EOF;
    decoder->fault = COP_FAULT_CUT;
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
        return cop_decoder_fail(decoder, COP_FAULT_UNDECODABLE, err, "cannot be scaled",
                                AVERROR(EINVAL));
    int code = av_frame_get_buffer(to, 0);
    if (code >= 0)
        code = sws_scale(decoder->sws, (const uint8_t *const *)from->data, from->linesize, 0,
                         from->height, to->data, to->linesize);
    if (code < 0)
        return cop_decoder_fail(decoder, COP_FAULT_UNDECODABLE, err, "cannot be scaled", code);
    return COP_OK;
}

static CopStatus out_of_memory(CopDecoder *decoder, CopError *err)
{
    return cop_decoder_fail(decoder, COP_FAULT_UNDECODABLE, err, "", AVERROR(ENOMEM));
}

/* decoder->frame in the size and format of the stream, not yet turned. */
static CopStatus copy_out(CopDecoder *decoder, CopFrame *out, CopError *err)
{
    const CopVideoInfo *stored = &decoder->stored;
    const AVFrame *from = decoder->frame;
    const int width = stored->width ? stored->width : from->width;
    const int height = stored->height ? stored->height : from->height;
    const bool readable = cop_av_importable((enum AVPixelFormat)from->format);
    if (!readable || from->width != width || from->height != height) {
        const enum AVPixelFormat same = (enum AVPixelFormat)from->format;
        const bool keep = readable && sws_isSupportedOutput(same);
        COP_TRY(scale(decoder, keep ? same : cop_av_replacement(same), width, height, err));
        from = decoder->scaled;
    }
    if (cop_av_import(out, from) != COP_OK)
        return out_of_memory(decoder, err);
    if (stored->format == COP_PIXEL_NONE ||
        (out->format == stored->format && out->colour.matrix == stored->colour.matrix &&
         out->colour.range == stored->colour.range))
        return COP_OK;
    CopFrame other;
    if (cop_frame_alloc(&other, stored->format, width, height) != COP_OK) {
        cop_frame_unref(out);
        return out_of_memory(decoder, err);
    }
    other.colour = stored->colour;
    cop_convert(&other, out);
    cop_frame_unref(out);
    *out = other;
    return COP_OK;
}

CopStatus cop_decoder_import(CopDecoder *decoder, CopFrame *out, CopError *err)
{
    COP_TRY(copy_out(decoder, out, err));
    if (decoder->turn) {
        CopFrame upright = *out;
        const CopStatus status = cop_frame_turn(out, &upright, decoder->turn);
        cop_frame_unref(&upright);
        if (status != COP_OK)
            return out_of_memory(decoder, err);
    }
    out->index = decoder->index++;
    const int64_t pts = decoder->frame->best_effort_timestamp;
    if (pts != AV_NOPTS_VALUE)
        out->pts = av_rescale_q(pts, decoder->time_base, (AVRational){1, 1000000});
    return COP_OK;
}

/* A picture's own tag comes before the stream's. */
static unsigned find_turn(const CopDecoder *decoder)
{
    const AVFrameSideData *own =
        av_frame_get_side_data(decoder->frame, AV_FRAME_DATA_DISPLAYMATRIX);
    size_t size = 0;
    const uint8_t *tag = own ? own->data
                             : av_stream_get_side_data(decoder->format->streams[decoder->stream],
                                                       AV_PKT_DATA_DISPLAYMATRIX, &size);
    int32_t matrix[9];
    if (!tag || (own ? own->size : size) < sizeof matrix)
        return 0;
    memcpy(matrix, tag, sizeof matrix);
    return cop_turn_of_matrix(matrix);
}

static void take_over(CopVideoInfo *info, const CopFrame *frame)
{
    info->format = frame->format;
    info->width = frame->width;
    info->height = frame->height;
    info->colour = frame->colour;
}

/* What comes out is known only when the first picture has come out. */
static CopStatus open_first(CopDecoder *decoder, CopError *err)
{
    const CopStatus status = cop_decoder_receive(decoder, err);
    if (status == COP_EOF) {
        decoder->fault = COP_FAULT_UNDECODABLE;
        return cop_error_set(err, COP_ERR_DATA, "%s: no frame could be decoded", decoder->path);
    }
    COP_TRY(status);
    CopFrame first;
    COP_TRY(cop_decoder_import(decoder, &first, err));
    take_over(&decoder->stored, &first);
    decoder->turn = find_turn(decoder);
    if (decoder->turn) {
        cop_frame_unref(&first);
        COP_TRY(cop_decoder_import(decoder, &first, err));
    }
    take_over(&decoder->info, &first);
    cop_frame_unref(&first);
    decoder->index = 0;
    decoder->waiting = true;
    return COP_OK;
}

CopStatus cop_decoder_start(CopDecoder **out, const char *path, int threads, CopSeekNotes *notes,
                            CopVideoFault *fault, CopError *err)
{
    *out = NULL;
    *fault = COP_FAULT_NONE;
    if (threads < 1 || threads > THREADS_MAX)
        return cop_error_set(err, COP_ERR_ARG, "%s: %d decoder threads; allowed are 1 to %d", path,
                             threads, THREADS_MAX);
    cop_av_quiet();
    CopDecoder *decoder = calloc(1, sizeof *decoder);
    if (!decoder || !(decoder->path = strdup(path))) {
        free(decoder);
        return cop_error_set(err, COP_ERR_NOMEM, "%s: out of memory", path);
    }
    /* Who feeds a pipe may take his time. */
    const bool piped = strcmp(path, "-") == 0;
    decoder->limit = piped ? 0 : cop_decoder_patience();
    decoder->allowed = HUGE_VAL;
    decoder->most = piped ? INT64_MAX : COP_FRAMES_MAX;
    decoder->notes = notes;
    decoder->shown = AV_NOPTS_VALUE;
    cop_decoder_hurry(decoder);
    CopStatus status = cop_decoder_open_file(decoder, threads, err);
    if (status == COP_OK)
        status = open_first(decoder, err);
    *fault = decoder->fault;
    if (status != COP_OK)
        cop_decoder_close(&decoder);
    *out = decoder;
    return status;
}

CopStatus cop_decoder_open(CopDecoder **out, const char *path, int threads, CopError *err)
{
    CopVideoFault fault;
    return cop_decoder_start(out, path, threads, NULL, &fault, err);
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
    const CopStatus status = cop_decoder_receive(decoder, err);
    if (status == COP_EOF)
        return check_end(decoder, err);
    COP_TRY(status);
    return cop_decoder_import(decoder, out, err);
}

int64_t cop_decoder_time(CopDecoder *decoder)
{
    const int64_t time = decoder->frame->best_effort_timestamp;
    const bool follows = time == AV_NOPTS_VALUE && decoder->shown != AV_NOPTS_VALUE;
    decoder->shown = follows ? decoder->shown + 1 : time;
    return decoder->shown;
}

static void note_frame(CopDecoder *decoder)
{
    const AVFrame *frame = decoder->frame;
    const int64_t time = cop_decoder_time(decoder);
    cop_seek_note_frame(decoder->notes, time, frame->pts == time, frame->key_frame,
                        cop_picture_sum(frame));
}

CopStatus cop_decoder_skip(CopDecoder *decoder, CopError *err)
{
    const CopStatus status = cop_decoder_receive(decoder, err);
    if (status == COP_EOF)
        return check_end(decoder, err);
    COP_TRY(status);
    decoder->index++;
    if (decoder->notes)
        note_frame(decoder);
    return COP_OK;
}

int cop_decoder_errors(const CopDecoder *decoder)
{
    return decoder->errors;
}
