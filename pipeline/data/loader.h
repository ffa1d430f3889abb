/* Training clips in batches: decoded by threads behind a bounded queue.
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#ifndef COP_DATA_LOADER_H
#define COP_DATA_LOADER_H

#include <stdbool.h>

#include "models/core/tensor.h"
#include "pipeline/data/dataset.h"
#include "pipeline/eval/variant.h"
#include "pipeline/media/preprocess.h"
#include "pipeline/media/sample.h"

typedef enum CopAugmentCrop { COP_CROP_CENTRE, COP_CROP_RANDOM } CopAugmentCrop;

typedef struct CopLoaderOptions {
    const CopDataset *dataset; /* borrowed for the loader's life */
    CopSampleOptions sample;
    CopPrepare prepare;
    bool shuffle;
    double hflip; /* probability */
    CopAugmentCrop crop;
    int pad; /* black pixels around pictures of which random crops may take some */
    uint64_t seed;
    int crops;      /* views a clip, side by side (cop_prepare_view()); 0: 1, the centre */
    int view;       /* clip * crops + crop, for cop_load_clip() */
    uint32_t epoch; /* addresses the order, the clips' starts and the augmentation */
    /* Each clip is corrupted with this probability, before sampling, by one of the variants that
     * are not clean (borrowed; NULL: none). Both, and what is random in it, are addressed. */
    const CopVariants *corruptions;
    double corrupt_probability;
    int batch;
    bool drop_last; /* no batch of the clips that are left when no more full ones can be made */
    long first;     /* batch to begin with: those before count as done */
    int threads;    /* decoding threads */
    int depth;      /* batches in flight */
} CopLoaderOptions;

/* A clip that could not be used. */
typedef struct CopSkip {
    int item; /* of the data set */
    char reason[256];
} CopSkip;

typedef struct CopBatch {
    long index;     /* of all batches of the epoch, those of which nothing was left included */
    int n;          /* lanes filled: fewer than asked for at the end and where clips are broken */
    int *label;     /* [batch] borrowed until the next call */
    uint32_t *clip; /* [batch] identities, likewise */
    double waited;  /* seconds that this call waited for data */
} CopBatch;

typedef struct CopLoader CopLoader;

/* Batches of an epoch over n clips. */
long cop_loader_batches(int n, int batch, bool drop_last);

/* Starts the threads. `like` gives the shape and halo of the tensors to fill. The
 * order and the contents of batches do not depend on `threads`. Returned in *out. */
CopStatus cop_loader_create(CopLoader **out, const CopLoaderOptions *options, const CopTensor *like,
                            CopError *err) COP_MUST_CHECK;

/* Stops the threads, also in the middle of an epoch. NULL-safe, idempotent. */
void cop_loader_destroy(CopLoader **loader);

/* Copies the next batch into x (n is set to the lanes filled). COP_EOF after the
 * last. A batch of which no clip could be read is passed over. What is not a clip's
 * fault, such as a lack of memory, is an error. */
CopStatus cop_loader_next(CopLoader *loader, CopTensor *x, CopBatch *batch,
                          CopError *err) COP_MUST_CHECK;

/* Clips skipped so far, in the order of batches; borrowed until the next call. */
int cop_loader_skips(const CopLoader *loader, const CopSkip **skips);

/* Decodes one clip and prepares it into lane `lane` of x, uncorrupted; for other users of
 * clips. */
CopStatus cop_load_clip(const CopLoaderOptions *options, const CopDataItem *item,
                        const CopTensor *x, int lane, CopError *err) COP_MUST_CHECK;

/* Index order[n] of one epoch: 0..n-1, shuffled by (seed, epoch) or as it is. */
void cop_epoch_order(uint64_t seed, uint32_t epoch, bool shuffle, int n, int *order);

#endif
