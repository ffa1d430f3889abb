/* One corruption over one file.
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#ifndef COP_CORRUPT_FILE_H
#define COP_CORRUPT_FILE_H

#include "pipeline/corrupt/corrupt.h"

typedef struct CopCorruptFile {
    CopCorruptSpec spec;
    int crf, threads; /* of an H.264 output; of the decoder */
    /* What came of it: */
    int64_t frames;
    int broken;   /* packets of the input that were skipped */
    bool no_bits; /* the corruption goes by the input's bit rate, of which nothing is known */
    int mute;     /* streams of sound that the output has no place for */
} CopCorruptFile;

/* Decodes `in`, corrupts it and writes `out` (see decode.h and encode.h for what either
 * may be; - is a y4m stream), sound copied along. */
CopStatus cop_corrupt_file(CopCorruptFile *job, const char *in, const char *out,
                           CopError *err) COP_MUST_CHECK;

#endif
