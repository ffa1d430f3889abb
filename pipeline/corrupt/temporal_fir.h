/* Filters along time with a symmetric window of frames, in whole numbers.
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#ifndef COP_CORRUPT_TEMPORAL_FIR_H
#define COP_CORRUPT_TEMPORAL_FIR_H

#include "pipeline/corrupt/corrupt.h"
#include "pipeline/corrupt/frame_window.h"

/* Frames on each side of the middle one; the sum of weights that keeps a level. */
enum { COP_FIR_HALF_MAX = 64, COP_FIR_ONE = 1 << 20 };

/* y = keep x + mix L(x) + (1 - keep - mix) 128: what a filter takes off the level of what
 * stands still, mid-grey replaces. L is the sinc of `cutoff` under a Hann window of 2 half + 1
 * frames; half the amplitude passes at `cutoff`, a share of half the frame rate. */
typedef struct CopTemporalFilter {
    double cutoff; /* above 0 to 1 */
    int half;      /* 1 .. COP_FIR_HALF_MAX */
    double keep, mix;
} CopTemporalFilter;

/* Frames on each side that a cut-off wants, 2 / cutoff: from less than a tenth of it to less
 * than twice it the response falls from all to nothing. */
int cop_temporal_half(double cutoff);

/* Weight k of weight[half + 1] goes to the frames k before and k after; of COP_FIR_ONE, and
 * their sum is COP_FIR_ONE (keep + mix), rounded. */
void cop_temporal_weights(const CopTemporalFilter *filter, int32_t *weight);

/* First member of the state of a corruption that is such a filter. Zeroed is empty; init()
 * sets `filter` and `causal` and calls cop_temporal_fir_declare(). */
typedef struct CopTemporalFir {
    CopTemporalFilter filter; /* of the frames pushed next */
    bool causal;              /* y[i] is the filter's value for frame i - half */
    CopFrameWindow window;
    CopTemporalFilter pushed[COP_FIR_HALF_MAX + 1]; /* of waiting frames, at index modulo length */
    CopTemporalFilter weighed;                      /* what `weight` belongs to */
    int32_t weight[COP_FIR_HALF_MAX + 1];
    int32_t *sum; /* of a row */
} CopTemporalFir;

/* The option rows of the window, of a state that has fields `half` and `causal`. */
#define COP_TEMPORAL_FIR_OPTIONS(state)                                                            \
    {"half",                                                                                       \
     "frames on each side of the filter's middle; 0: 2 / cutoff",                                  \
     COP_TYPE_INT,                                                                                 \
     offsetof(state, half),                                                                        \
     "0",                                                                                          \
     0,                                                                                            \
     COP_FIR_HALF_MAX,                                                                             \
     NULL,                                                                                         \
     COP_OPTION_CONTROLLABLE},                                                                     \
    {                                                                                              \
        "causal", "the filter's window ends at the frame: that much late, and none is waited for", \
            COP_TYPE_BOOL, offsetof(state, causal), "false", 0, 0, NULL, 0                         \
    }

/* Sets the corruption's latency and look_behind. */
void cop_temporal_fir_declare(CopCorrupt *corrupt);

/* Callbacks of such corruptions' descriptors. The ends of the stream are repeated. */
CopStatus cop_temporal_fir_push(CopCorrupt *corrupt, const CopFrame *frame);
CopStatus cop_temporal_fir_pull(CopCorrupt *corrupt, CopFrame *out);
CopStatus cop_temporal_fir_flush(CopCorrupt *corrupt);
void cop_temporal_fir_close(CopCorrupt *corrupt);

#endif
