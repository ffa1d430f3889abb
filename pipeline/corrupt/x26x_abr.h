/* What the corruptions by libx264 and libx265 at a bit rate share.
 *
 * The original divides a file's bit rate by 2 .. 32; that is bitrate_from=source. A stream
 * that has none, and bitrate_from=fixed, go by bits a pixel: 0.1 is half of what a clean file
 * of 0.2 has.
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#ifndef COP_CORRUPT_X26X_ABR_H
#define COP_CORRUPT_X26X_ABR_H

#include "pipeline/corrupt/x26x.h"

typedef struct CopX26xAbr {
    CopX26x coder;
    int from; /* of bitrate_from */
    double bits_per_pixel, bitrate, divisor;
} CopX26xAbr;

extern const CopOption cop_x26x_abr_options[];
extern const CopSeverityTable cop_x26x_abr_tables[];

/* init() and push(). */
CopStatus cop_x26x_abr_init(CopCorrupt *corrupt, const char *encoder, CopError *err);
CopStatus cop_x26x_abr_push(CopCorrupt *corrupt, const CopFrame *frame);

#endif
