/* The part of the grid that threads do ahead: decode, corrupt and prepare one clip.
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#ifndef COP_EVAL_GRID_WORK_H
#define COP_EVAL_GRID_WORK_H

#include <stdbool.h>

#include "models/core/ordered.h"
#include "models/core/tensor.h"
#include "pipeline/eval/fidelity.h"
#include "pipeline/eval/variant.h"

enum { COP_GRID_INPUTS = 16 };

/* Clip and preparation that one or more models want. */
typedef struct CopGridInput {
    CopSampleOptions sample;
    CopPrepare prepare;
    int h, w; /* size of the prepared picture */
} CopGridInput;

typedef struct CopGridPicture {
    void *png;
    size_t size;
} CopGridPicture;

/* One video, ready: lane view * variants + variant of x[input]; view is clip * crops + crop. */
typedef struct CopGridSlot {
    CopTensor x[COP_GRID_INPUTS];
    CopError error;          /* set: the clip cannot be used */
    bool no_bits;            /* a corruption goes by its bit rate, of which nothing is known */
    CopGridPicture *picture; /* [variants], of the clip that pictures are kept of */
    CopFidelity *fidelity;   /* [variants], over the frames of the first input's clips */
} CopGridSlot;

typedef struct CopGridWork CopGridWork;

typedef struct CopGridWorkOptions {
    const CopDataset *dataset;
    const int *clips; /* [n_clips] items of the data set to do, in order */
    int n_clips;
    int picture_clip; /* item to keep pictures of; -1: none */
    const CopVariants *variants;
    const bool *need; /* [n_clips * variants] */
    const CopGridInput *inputs;
    int n_inputs, clips_each, crops; /* views a video: clips_each * crops */
    CopStage stage;
    int threads, depth;
    size_t memory; /* bytes at most; 0: 80 % of RAM */
} CopGridWorkOptions;

/* Starts the threads; everything in `options` is borrowed for the work's life. Returned in *out.
 * COP_ERR_NOMEM where the prepared clips (depth * variants * views of each input) do not fit: the
 * error says what they need and which options count. */
CopStatus cop_grid_work_create(CopGridWork **out, const CopGridWorkOptions *options,
                               CopError *err) COP_MUST_CHECK;
void cop_grid_work_destroy(CopGridWork **work);

/* The next clip in order (borrowed until released); NULL after the last. *index is its
 * place in options.clips. */
CopGridSlot *cop_grid_work_next(CopGridWork *work, int *index);
void cop_grid_work_release(CopGridWork *work);

#endif
