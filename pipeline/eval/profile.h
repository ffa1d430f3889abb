/* What a net takes, layer by layer: time, floating-point operations, bytes.
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#ifndef COP_EVAL_PROFILE_H
#define COP_EVAL_PROFILE_H

#include "models/kernels/conv3d.h"
#include "models/train/net.h"

typedef struct CopProfileOptions {
    const char *model;               /* weights, zeros being masked; NULL: random ones */
    const char *arch, *arch_options; /* arch: NULL where the model's file names it */
    double density;                  /* of random weights, 0..1 */
    const char *init;                /* how it is spread: a name of cop_density_init_names */
    int batch, repeat;               /* clips a batch; batches timed, 0: two seconds, at least 3 */
    bool train;                      /* training steps, too */
    bool tile;                       /* inference in tile mode: a batch of one clip */
    const CopKernelTable *kernels;   /* borrowed, for as long as the profile; NULL: built in */
    CopPool *pool;                   /* borrowed */
} CopProfileOptions;

/* One layer, in seconds a batch (medians); 0 for what runs as part of another layer. */
typedef struct CopProfileTimes {
    double forward;                /* of a net planned for inference */
    double step_forward, backward; /* of a training step; 0 without one */
} CopProfileTimes;

typedef struct CopProfile {
    char *arch, *arch_options;
    double density;                /* of a model: over masked weights, as its file says */
    char kernels[COP_KERNEL_HASH]; /* name of the table */
    CopNet *net;                   /* as planned last: for training where that was asked for */
    CopProfileTimes *layer;
    int repeat;          /* batches timed, the fewest of the two kinds */
    double forward;      /* seconds a batch (medians): inference */
    double step, update; /* a training step, and its optimiser's share; 0 without one */
    double peak;         /* FLOP/s that the pool's threads reach at best */
} CopProfile;

/* Runs the net on random clips. COP_ERR_ARG for options out of bounds, else what opening,
 * building and planning a net may fail of. Returned in *out. */
CopStatus cop_profile_create(CopProfile **out, const CopProfileOptions *options,
                             CopError *err) COP_MUST_CHECK;
void cop_profile_destroy(CopProfile **profile);

/* What a pass of a layer runs, as cop_conv3d_kernel() says it, in `text`; NULL for layers
 * without weights and for passes that are not planned. */
const char *cop_profile_kernel(const CopLayer *layer, CopConvPass pass, char text[COP_CONV_TEXT]);

/* Random values of variance 1 in all lanes, the same each time. */
void cop_profile_fill(const CopTensor *x);

/* Bytes of the lists that a layer's passes walk (offsets, places, weights in their order), as
 * planned last. */
size_t cop_profile_lists(const CopLayer *layer);

#endif
