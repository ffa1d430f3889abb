/* What the corruptions by libx264 and libx265 at a bit rate share.
 *
 * The original divides a file's bit rate by 2 .. 32; that is bitrate_from=source. A stream
 * that has none, and bitrate_from=fixed, go by bits a pixel: 0.1 is half of what a clean file
 * of 0.2 has.
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#ifndef COP_CORRUPT_X26X_ABR_H
#define COP_CORRUPT_X26X_ABR_H

#include "pipeline/corrupt/x26x.h"

enum { COP_ABR_FROM_FIXED, COP_ABR_FROM_SOURCE };

typedef struct CopX26xAbr {
    CopX26x coder;
    int from; /* of bitrate_from */
    double bits_per_pixel, bitrate, divisor;
} CopX26xAbr;

extern const CopOption cop_x26x_abr_options[];
extern const char *const cop_x26x_abr_columns[], *const cop_x26x_abr_columns_of_source[];

/* Tables by an encoder at `speed` for the default preset. */
#define COP_X26X_ABR_TABLES(speed)                                                                 \
    {COP_PRESET_DEFAULT, "ours: about 0.2 bits a pixel divided by 2, 4, 8, 16, 32",                \
     cop_x26x_abr_columns, (const double[]){0.2, speed},                                           \
     (const double[]){0.1, speed, 0.05, speed, 0.025, speed, 0.012, speed, 0.006, speed}},         \
        {"kinetics-c",                                                                             \
         "Yi et al., NeurIPS 2021; frames of no file count as of one of 0.2 bits a pixel",         \
         cop_x26x_abr_columns_of_source, (const double[]){1, COP_ABR_FROM_SOURCE, 0.2},            \
         (const double[]){2, COP_ABR_FROM_SOURCE, 0.1, 4, COP_ABR_FROM_SOURCE, 0.05, 8,            \
                          COP_ABR_FROM_SOURCE, 0.025, 16, COP_ABR_FROM_SOURCE, 0.0125, 32,         \
                          COP_ABR_FROM_SOURCE, 0.00625}},                                          \
    {                                                                                              \
        .preset = NULL                                                                             \
    }

/* init() and push(). */
CopStatus cop_x26x_abr_init(CopCorrupt *corrupt, const char *encoder, CopError *err);
CopStatus cop_x26x_abr_push(CopCorrupt *corrupt, const CopFrame *frame);

#endif
