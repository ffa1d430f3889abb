/* What the files of the decoder share.
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#ifndef COP_MEDIA_DECODE_PRIVATE_H
#define COP_MEDIA_DECODE_PRIVATE_H

#include "pipeline/media/decode.h"
#include "pipeline/media/libav.h"
#include "pipeline/media/seek_table.h"

enum { COP_SIDE_MAX = 16384 };

/* Which frames somebody is after: packets of others need not be decoded. */
typedef struct CopPick {
    const CopSeekTable *table;
    int first, last;
    const bool *want; /* [last - first + 1]; NULL: all */
} CopPick;

struct CopDecoder {
    char *path;
    AVFormatContext *format;
    struct AVCodecContext *codec; /* of libavcodec/avcodec.h */
    AVPacket *packet;
    AVFrame *frame, *scaled;
    struct SwsContext *sws;
    CopVideoInfo info;   /* of what comes out */
    CopVideoInfo stored; /* the same before it is turned */
    unsigned turn;       /* COP_TURN_* */
    AVRational time_base;
    int stream, errors;
    int64_t index, shown;   /* shown: time of the last picture, as cop_decoder_time() has it */
    bool draining, waiting; /* waiting: the frame that open() decoded is still to be handed out */
    bool partial;           /* the file ended inside the last packet */
    double limit;           /* seconds for the next frame; 0: any time */
    double allowed, spent;  /* seconds for all frames, and for those so far */
    double begun, deadline; /* of the next frame, on cop_clock() */
    int64_t received, most; /* pictures so far, and how many there may be */
    bool late;              /* FFmpeg has been told to stop */
    CopVideoFault fault;
    CopSeekNotes *notes; /* borrowed */
    const CopPick *pick; /* borrowed */
};

/* cop_decoder_open(), and what is wrong with the file where it fails. `notes` (borrowed, may be
 * NULL) are filled in from the first packet on, frames by cop_decoder_skip(). */
CopStatus cop_decoder_start(CopDecoder **out, const char *path, int threads, CopSeekNotes *notes,
                            CopVideoFault *fault, CopError *err) COP_MUST_CHECK;

/* decode_open.c: container, stream and codec; no packet is decoded yet. */
CopStatus cop_decoder_open_file(CopDecoder *decoder, int threads, CopError *err) COP_MUST_CHECK;

/* COP_ERR_DATA with "path: what: FFmpeg's words"; also of memory: FFmpeg runs out of it over
 * absurd sizes that a broken file asks for. */
CopStatus cop_decoder_fail(CopDecoder *decoder, CopVideoFault fault, CopError *err,
                           const char *what, int code);

/* Sets how long all of the file may take, from what its container says. */
void cop_decoder_allow(CopDecoder *decoder);

/* Starts the time in which the next frame must come. */
void cop_decoder_hurry(CopDecoder *decoder);
bool cop_decoder_is_late(CopDecoder *decoder);

/* The next decoded picture in decoder->frame; COP_EOF at the end. */
CopStatus cop_decoder_receive(CopDecoder *decoder, CopError *err) COP_MUST_CHECK;

/* When decoder->frame is shown, in the stream's time base; to be asked once a picture, in
 * turn. One without a time, such as the last of an AVI file, comes right after the one before. */
int64_t cop_decoder_time(CopDecoder *decoder);

/* decoder->frame as a frame of ours, in the stream's size, format and colour once these
 * are known, turned as its tags say. */
CopStatus cop_decoder_import(CopDecoder *decoder, CopFrame *out, CopError *err) COP_MUST_CHECK;

/* decode_pick.c: frames first..last of which `want` (NULL: all) says so, found by `table`, into
 * out[last - first + 1], whose other entries stay as they are. Every frame is compared with
 * the table's sum. COP_AGAIN where the file does not behave as the table says: then
 * only a pass from the start will do. */
CopStatus cop_decoder_pick(CopDecoder *decoder, const CopPick *pick, CopFrame *out,
                           CopError *err) COP_MUST_CHECK;

/* Sixteen bits that tell pictures apart, of all planes as they were decoded. */
uint16_t cop_picture_sum(const AVFrame *frame);

#endif
