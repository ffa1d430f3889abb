/* Writing video files, y4m streams and PNG pictures.
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#ifndef COP_MEDIA_ENCODE_H
#define COP_MEDIA_ENCODE_H

#include "pipeline/media/decode.h"
#include "pipeline/media/frame.h"

typedef struct CopEncoder CopEncoder;

/* What to write. The container follows the suffix of the path: .mp4 and .mov are
 * H.264 (libx264), .mkv and .avi lossless FFV1, .y4m and "-" (stdout) raw y4m,
 * .png one picture (or, with a %d form in the name, one a frame). */
typedef struct CopEncodeOptions {
    int rate_num, rate_den;
    int crf;     /* H.264 only; 0..51 */
    int keyint;  /* H.264 only; 0: the encoder's default */
    int threads; /* 1 for bytes that do not depend on the machine */
} CopEncodeOptions;

/* Opens `path` (through a temporary name, renamed by cop_encoder_finish()) for
 * frames like `first` (format, size, colour). COP_ERR_UNSUPPORTED names a missing
 * encoder or unknown suffix, COP_ERR_IO a refused file. Returned in *out. */
CopStatus cop_encoder_open(CopEncoder **out, const char *path, const CopFrame *first,
                           const CopEncodeOptions *options, CopError *err) COP_MUST_CHECK;
CopStatus cop_encoder_write(CopEncoder *encoder, const CopFrame *frame,
                            CopError *err) COP_MUST_CHECK;
CopStatus cop_encoder_finish(CopEncoder *encoder, CopError *err) COP_MUST_CHECK;
/* Without a finish before, nothing is left on disk. NULL-safe, idempotent. */
void cop_encoder_close(CopEncoder **encoder);

#endif
