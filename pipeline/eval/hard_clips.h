/* Which clips the models get wrong, and on which they change their mind.
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#ifndef COP_EVAL_HARD_CLIPS_H
#define COP_EVAL_HARD_CLIPS_H

#include "pipeline/eval/results.h"

/* One clip over all models and corrupted cells that answered it. */
typedef struct CopHardClip {
    int clip;               /* index */
    int wrong, answers;     /* 0 of 0 for a clip without label */
    int flips, pairs;       /* pairs: corrupted answers that have a clean one beside them */
    int clean_wrong, clean; /* the same of the clean clip, by model */
    int mistake;            /* the wrong class given most often; -1 without one */
} CopHardClip;

typedef enum CopHardOrder { COP_HARD_WRONG, COP_HARD_FLIPS } CopHardOrder;

/* The `most` hardest clips into out[most], by falling share of wrong answers or of flips, then
 * by index; clips without any are left out. Returns how many there are. */
int cop_results_hard_clips(const CopResults *results, CopHardOrder order, CopHardClip *out,
                           int most);

#endif
