/* Low-pass and high-pass filters of RGB pictures with a sharp edge in frequency.
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#ifndef COP_CORRUPT_PASS_FILTER_H
#define COP_CORRUPT_PASS_FILTER_H

#include "pipeline/corrupt/corrupt.h"
#include "pipeline/corrupt/fft2.h"
#include "pipeline/corrupt/frequency_disc.h"
#include "pipeline/media/frame.h"

/* Plan and memory for pictures of one size; zeroed before first use. */
typedef struct CopPassFilter {
    int width, height;
    CopFft2 *fft;
    CopComplex *spectrum; /* or floats of a cosine transform */
    float *plane;
} CopPassFilter;

typedef enum CopPass {
    COP_PASS_LOW,      /* frequencies within the radius are kept */
    COP_PASS_HIGH,     /* they are taken out, all but the mean */
    COP_PASS_HIGH_GREY /* they are taken out, and the mean becomes mid-grey, 128 */
} CopPass;

/* Leaves in a plane of this disc's size what lies inside the disc, but without the mean for
 * HIGH: what cop_pass_filter_apply() keeps or subtracts. COP_ERR_NOMEM. */
CopStatus cop_pass_filter_plane(CopPassFilter *filter, float *plane, const CopFrequencyDisc *disc,
                                CopPass pass) COP_MUST_CHECK;

/* Filters an RGB frame in place, channel by channel, to the nearest level. radius, square
 * and cosine are CopFrequencyDisc's. COP_ERR_NOMEM. */
CopStatus cop_pass_filter_apply(CopPassFilter *filter, CopFrame *frame, CopPass pass, double radius,
                                bool square, bool cosine) COP_MUST_CHECK;
void cop_pass_filter_free(CopPassFilter *filter);

/* First member of the state of low_pass and high_pass. */
typedef struct CopPassState {
    double radius;
    int shape, mode;
    CopPassFilter filter;
} CopPassState;

extern const char *const cop_pass_shapes[], *const cop_pass_modes[];

/* The option rows that both have. */
#define COP_PASS_OPTIONS(radius_help, radius_default)                                              \
    {"radius",                                                                                     \
     radius_help,                                                                                  \
     COP_TYPE_DOUBLE,                                                                              \
     offsetof(CopPassState, radius),                                                               \
     radius_default,                                                                               \
     0,                                                                                            \
     1.5,                                                                                          \
     NULL,                                                                                         \
     COP_OPTION_INTERPOLATE | COP_OPTION_CONTROLLABLE},                                            \
        {"shape",                                                                                  \
         "of the region around zero",                                                              \
         COP_TYPE_CHOICE,                                                                          \
         offsetof(CopPassState, shape),                                                            \
         "disc",                                                                                   \
         0,                                                                                        \
         0,                                                                                        \
         cop_pass_shapes,                                                                          \
         COP_OPTION_CONTROLLABLE},                                                                 \
    {                                                                                              \
        "mode", "transform: dft repeats the picture, dct mirrors it at its borders",               \
            COP_TYPE_CHOICE, offsetof(CopPassState, mode), "dft", 0, 0, cop_pass_modes,            \
            COP_OPTION_CONTROLLABLE                                                                \
    }

/* Whether the options say so. */
bool cop_pass_is_square(const CopPassState *state);
bool cop_pass_is_cosine(const CopPassState *state);

/* close() of both. */
void cop_pass_close(CopCorrupt *corrupt);

#endif
