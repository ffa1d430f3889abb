/* What the corruptions by libx264 and libx265 at a bit rate share. Peak rate and buffer are as
 * large as the rate, as in the original.
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#include "pipeline/corrupt/x26x_abr.h"

#include <stdio.h>

/* Mirrored frames before a group: a bit rate has to be found first, and a full buffer spent. */
enum { LEAD = 32 };

/* The encoders count in kilobits; a picture of a few pixels is to have one, too. */
enum { BITRATE_MIN = 1000, BITRATE_MAX = 1000000000 };

static const char *const origins[] = {"fixed", "source", NULL};

CopStatus cop_x26x_abr_init(CopCorrupt *corrupt, const char *encoder, CopError *err)
{
    const CopX26xAbr *abr = corrupt->state;
    corrupt->wants_bits = abr->from == COP_ABR_FROM_SOURCE;
    return cop_x26x_init(corrupt, encoder, err);
}

/* Bits a second, at 25 frames. */
static double bitrate_of(const CopCorrupt *corrupt, const CopFrame *frame)
{
    const CopX26xAbr *abr = corrupt->state;
    if (abr->from == COP_ABR_FROM_SOURCE && corrupt->source_bits > 0)
        return corrupt->source_bits * COP_CODED_RATE / abr->divisor;
    if (abr->bitrate > 0)
        return abr->bitrate;
    return abr->bits_per_pixel * frame->width * frame->height * COP_CODED_RATE;
}

static void begin(const CopCorrupt *corrupt, const CopFrame *frame)
{
    CopX26xAbr *abr = corrupt->state;
    const double bits = bitrate_of(corrupt, frame);
    const int rate = bits < BITRATE_MIN   ? BITRATE_MIN
                     : bits > BITRATE_MAX ? BITRATE_MAX
                                          : (int)bits;
    char text[96];
    snprintf(text, sizeof text, "flags=+global_header,b=%d,maxrate=%d,bufsize=%d", rate, rate,
             rate);
    cop_x26x_plan(&abr->coder, text, "");
    abr->coder.codec.plan.lead = LEAD;
}

CopStatus cop_x26x_abr_push(CopCorrupt *corrupt, const CopFrame *frame)
{
    CopX26xAbr *abr = corrupt->state;
    if (cop_group_begins(&abr->coder.codec))
        begin(corrupt, frame);
    return cop_group_push(&abr->coder.codec, frame);
}

const CopOption cop_x26x_abr_options[] = {
    {"bitrate_from",
     "source: the bit rate of the file that frames come from, over divisor, and what fixed means "
     "where nobody knows it; fixed: bitrate, or bits_per_pixel",
     COP_TYPE_CHOICE, offsetof(CopX26xAbr, from), "fixed", 0, 0, origins, 0},
    {"divisor", "of the source's bit rate", COP_TYPE_DOUBLE, offsetof(CopX26xAbr, divisor), "2", 1,
     1e6, NULL, COP_OPTION_INTERPOLATE | COP_OPTION_RECIPROCAL | COP_OPTION_CONTROLLABLE},
    {"bits_per_pixel", "bits for each pixel of luma", COP_TYPE_DOUBLE,
     offsetof(CopX26xAbr, bits_per_pixel), "0.1", 1e-4, 24, NULL,
     COP_OPTION_INTERPOLATE | COP_OPTION_CONTROLLABLE},
    {"bitrate", "bits a second, at 25 frames; 0: by bits_per_pixel", COP_TYPE_DOUBLE,
     offsetof(CopX26xAbr, bitrate), "0", 0, BITRATE_MAX, NULL, COP_OPTION_CONTROLLABLE},
    COP_X26X_CODEC_OPTIONS,
    COP_OPTIONS_END,
};

const char *const cop_x26x_abr_columns[] = {"bits_per_pixel", "preset", NULL};
const char *const cop_x26x_abr_columns_of_source[] = {"divisor", "bitrate_from", "bits_per_pixel",
                                                      NULL};
