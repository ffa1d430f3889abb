/* Writing video files, y4m streams and PNG pictures.
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#ifndef COP_MEDIA_ENCODE_H
#define COP_MEDIA_ENCODE_H

#include "pipeline/media/decode.h"
#include "pipeline/media/frame.h"

typedef struct CopEncoder CopEncoder;

/* What to write. The container follows the suffix of the path:
 * .mp4 .mov  H.264 by libx264 in i420; in i444 if a side is odd, which 4:2:0 cannot
 *            hold. YUV keeps its matrix and range; grey and RGB become limited range.
 * .mkv .avi  FFV1, lossless. nv12 becomes i420, packed RGB becomes bgrx. AVI has no
 *            place for matrix and range.
 * .y4m -     raw; - is stdout. nv12 becomes i420, RGB becomes full-range i444. The
 *            format has a place for the range, not for the matrix.
 * .png       one picture, gray8 or rgb; with a %d form ("x%03d.png") one a frame,
 *            numbered from 1. The fourth byte of packed formats is dropped.
 * RGB becomes YUV by the matrix that a reader takes for untagged video of that height:
 * BT.601 up to 576 lines, BT.709 above. */
typedef struct CopEncodeOptions {
    int rate_num, rate_den; /* frames a second; 25 unless both are positive */
    int crf;                /* H.264 only; 0..51 */
    int keyint;             /* H.264 only; 0: the encoder's default */
    int threads;            /* 1..16; 1 for bytes that do not depend on the machine */
    const char *sound;      /* file whose sound is copied along (sound.h); NULL: none. Formats
                               without sound (y4m, PNG) take none */
} CopEncodeOptions;

/* Opens `path` (through a temporary name, renamed by cop_encoder_finish()) for
 * frames like `first` (format, size, colour). COP_ERR_UNSUPPORTED names a missing
 * encoder or unknown suffix, COP_ERR_IO a refused file, COP_ERR_ARG an option out of
 * range. Returned in *out. */
CopStatus cop_encoder_open(CopEncoder **out, const char *path, const CopFrame *first,
                           const CopEncodeOptions *options, CopError *err) COP_MUST_CHECK;

/* The frame is borrowed; its format and size are those of `first`, else COP_ERR_ARG. */
CopStatus cop_encoder_write(CopEncoder *encoder, const CopFrame *frame,
                            CopError *err) COP_MUST_CHECK;

/* Streams of sound that the container has no place for. */
int cop_encoder_mute_streams(const CopEncoder *encoder);

/* Writes what the encoder still holds and puts the file in its place, whole. A file
 * without a frame is COP_ERR_ARG. */
CopStatus cop_encoder_finish(CopEncoder *encoder, CopError *err) COP_MUST_CHECK;

/* Without a finish before, nothing is left on disk. NULL-safe, idempotent. */
void cop_encoder_close(CopEncoder **encoder);

#endif
