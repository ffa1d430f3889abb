/* Decoding of any file that FFmpeg reads, frame by frame, in order.
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#ifndef COP_MEDIA_DECODE_H
#define COP_MEDIA_DECODE_H

#include <stdbool.h>

#include "pipeline/media/frame.h"

typedef struct CopDecoder CopDecoder;

typedef struct CopVideoInfo {
    CopPixelFormat format; /* of the frames that come out */
    int width, height;
    CopColour colour;
    int rate_num, rate_den; /* frames a second; 0/1 if unknown */
    char codec[32];
} CopVideoInfo;

/* Opens the best video stream of `path` ("-" is y4m on stdin; a picture is a
 * video of one frame): the largest, as the ffmpeg command picks it; cover pictures of
 * music do not count. Frames keep their format where CopPixelFormat has it and
 * are converted to gray8, i444 or rgb otherwise (10 bits, palettes, ...; see
 * cop_av_import()). Rotation tags are ignored, interlaced pictures stay as they are.
 * `threads` is the codec's thread count, 1..16, for slices; pixels do not depend on
 * it, even in broken files. A file that does not open, has no video or yields no frame
 * is COP_ERR_DATA with one line that names it and why; so are playlists, which point
 * at other files, and anything but a regular file. */
CopStatus cop_decoder_open(CopDecoder **out, const char *path, int threads,
                           CopError *err) COP_MUST_CHECK;
void cop_decoder_close(CopDecoder **decoder);
const CopVideoInfo *cop_decoder_info(const CopDecoder *decoder);

/* The next frame in presentation order, a reference the caller drops; index
 * counts from 0. COP_EOF at the end; COP_ERR_DATA, with the frames so far and those
 * promised, where the file ends before its container says (cop_av_is_cut()) or inside
 * a packet. Broken packets inside the file are skipped and counted; pictures that change
 * size midway are scaled to the first one's. */
CopStatus cop_decoder_next(CopDecoder *decoder, CopFrame *out, CopError *err) COP_MUST_CHECK;

/* As cop_decoder_next(), but drops the frame and spares the copy. */
CopStatus cop_decoder_skip(CopDecoder *decoder, CopError *err) COP_MUST_CHECK;

/* Packets that could not be decoded so far. */
int cop_decoder_errors(const CopDecoder *decoder);

typedef struct CopVideoLength {
    int frames;
    double rate; /* frames a second; 0 if unknown */
} CopVideoLength;

/* Exact number of frames that decoding `path` yields, by decoding it once
 * without keeping anything; no frame, or a file that is cut, is COP_ERR_DATA. Remembered
 * per path, size and modification time for the life of the process. Thread-safe. */
CopStatus cop_video_length(const char *path, CopVideoLength *out, CopError *err) COP_MUST_CHECK;
CopStatus cop_video_count(const char *path, int *frames, CopError *err) COP_MUST_CHECK;

/* Frames first..last (inclusive) of `path`, as references in out[last-first+1].
 * *n says how many there were before the end (possibly 0); the rest of `out`
 * is zeroed, and all of it after an error. Decodes from the start. */
CopStatus cop_video_read(const char *path, int first, int last, CopFrame *out, int *n,
                         CopError *err) COP_MUST_CHECK;

#endif
