/* Sound that goes with corrupted pictures: packets copied from file to file as they are.
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#include "pipeline/media/sound.h"

#include <libavcodec/avcodec.h>
#include <libavformat/avformat.h>
#include <stdbool.h>
#include <stdlib.h>

struct CopSound {
    AVFormatContext *from, *to;
    int *stream;   /* [from->nb_streams] index in `to`, -1: not copied */
    int64_t start; /* of the pictures in `from`, microseconds */
    AVPacket *packet;
    bool held, ended; /* packet is waiting for its time; nothing is left to read */
};

/* Our pictures start at 0; the sound moves with them. */
static int64_t picture_start(const AVFormatContext *from)
{
    const int video = av_find_best_stream((AVFormatContext *)(uintptr_t)from, AVMEDIA_TYPE_VIDEO,
                                          -1, -1, NULL, 0);
    if (video >= 0 && from->streams[video]->start_time != AV_NOPTS_VALUE)
        return av_rescale_q(from->streams[video]->start_time, from->streams[video]->time_base,
                            AV_TIME_BASE_Q);
    return from->start_time != AV_NOPTS_VALUE ? from->start_time : 0;
}

static CopStatus add_streams(CopSound *sound, int *kept, int *left_out)
{
    for (unsigned i = 0; i < sound->from->nb_streams; i++) {
        AVStream *from = sound->from->streams[i];
        sound->stream[i] = -1;
        from->discard = AVDISCARD_ALL;
        if (from->codecpar->codec_type != AVMEDIA_TYPE_AUDIO)
            continue;
        if (avformat_query_codec(sound->to->oformat, from->codecpar->codec_id,
                                 FF_COMPLIANCE_NORMAL) <= 0) {
            ++*left_out;
            continue;
        }
        AVStream *to = avformat_new_stream(sound->to, NULL);
        if (!to || avcodec_parameters_copy(to->codecpar, from->codecpar) < 0)
            return COP_ERR_NOMEM;
        to->codecpar->codec_tag = 0; /* the container's own */
        to->time_base = from->time_base;
        to->disposition = from->disposition;
        av_dict_copy(&to->metadata, from->metadata, 0);
        from->discard = AVDISCARD_DEFAULT;
        sound->stream[i] = to->index;
        ++*kept;
    }
    return COP_OK;
}

CopStatus cop_sound_open(CopSound **out, const char *path, AVFormatContext *to, int *left_out,
                         CopError *err)
{
    int kept = 0;
    *out = NULL;
    *left_out = 0;
    CopSound *sound = calloc(1, sizeof *sound);
    if (!sound)
        return cop_error_set(err, COP_ERR_NOMEM, "%s: out of memory", path);
    AVDictionary *options = NULL;
    av_dict_set(&options, "protocol_whitelist", "file", 0);
    const bool opened = avformat_open_input(&sound->from, path, NULL, &options) >= 0 &&
                        avformat_find_stream_info(sound->from, NULL) >= 0;
    av_dict_free(&options);
    CopStatus status = COP_OK;
    if (opened) {
        sound->to = to;
        sound->start = picture_start(sound->from);
        sound->packet = av_packet_alloc();
        sound->stream = calloc(sound->from->nb_streams ? sound->from->nb_streams : 1, sizeof(int));
        status =
            sound->packet && sound->stream ? add_streams(sound, &kept, left_out) : COP_ERR_NOMEM;
    }
    if (status != COP_OK)
        cop_error_set(err, status, "%s: out of memory", path);
    if (status != COP_OK || !kept)
        cop_sound_close(&sound);
    *out = sound;
    return status;
}

/* The next packet of sound, in its new stream and time. False at the end. */
static bool take(CopSound *sound)
{
    AVPacket *packet = sound->packet;
    while (!sound->held && !sound->ended) {
        if (av_read_frame(sound->from, packet) < 0) {
            sound->ended = true;
            break;
        }
        const int stream = sound->stream[packet->stream_index];
        const AVRational base = sound->from->streams[packet->stream_index]->time_base;
        const int64_t shift = av_rescale_q(sound->start, AV_TIME_BASE_Q, base);
        if (stream < 0 || (packet->pts == AV_NOPTS_VALUE && packet->dts == AV_NOPTS_VALUE)) {
            av_packet_unref(packet);
            continue;
        }
        if (packet->pts != AV_NOPTS_VALUE)
            packet->pts -= shift;
        packet->dts = packet->dts == AV_NOPTS_VALUE ? packet->pts : packet->dts - shift;
        av_packet_rescale_ts(packet, base, sound->to->streams[stream]->time_base);
        packet->stream_index = stream;
        packet->pos = -1;
        sound->held = true;
    }
    return sound->held;
}

int cop_sound_write(CopSound *sound, double seconds)
{
    while (sound && take(sound)) {
        AVPacket *packet = sound->packet;
        const AVRational base = sound->to->streams[packet->stream_index]->time_base;
        if ((double)packet->dts * av_q2d(base) >= seconds)
            return 0;
        sound->held = false;
        const int code = av_interleaved_write_frame(sound->to, packet); /* takes the packet */
        if (code < 0)
            return code;
    }
    return 0;
}

void cop_sound_close(CopSound **sound)
{
    if (!sound || !*sound)
        return;
    avformat_close_input(&(*sound)->from);
    av_packet_free(&(*sound)->packet);
    free((*sound)->stream);
    free(*sound);
    *sound = NULL;
}
