/* Videos in, classes out: a model with what it needs to look at files.
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#ifndef COP_MODEL_CLASSIFIER_H
#define COP_MODEL_CLASSIFIER_H

#include "pipeline/eval/aggregate.h"
#include "pipeline/media/sample.h"

typedef struct CopClassifier CopClassifier;

/* Zeros: one clip as the model was trained on, from the middle, one crop, all processors, spread
 * over the lanes. */
typedef struct CopClassifierOptions {
    int clips, crops; /* views a video: clips times crops along the longer side; 0: 1 */
    int sampler;      /* 1 + CopSampler; 0: the model's */
    double fps;       /* that clips are counted in, for samplers that can; 0: the model's, or with a
                    sampler given the video's */
    CopAggregate aggregate;
    bool batch; /* run clips in a lane of a batch, not as tiles */
    int threads;
} CopClassifierOptions;

/* Opens a model file (cop_model_open()). `options` may be NULL. COP_ERR_ARG for crops of a model
 * that takes whole pictures. Returned in *out. */
CopStatus cop_classifier_open(CopClassifier **out, const char *model,
                              const CopClassifierOptions *options, CopError *err) COP_MUST_CHECK;
void cop_classifier_close(CopClassifier **classifier); /* NULL-safe, idempotent */

int cop_classifier_classes(const CopClassifier *classifier);

/* Name of class k; its number where the model has no names. Borrowed until the next call. */
const char *cop_classifier_label(CopClassifier *classifier, int k);

/* Probabilities of all classes for the video (or picture) in file `path`, in *p [classes],
 * borrowed until the next call. COP_ERR_DATA for a file that cannot be used. Not for two
 * threads at a time. */
CopStatus cop_classify(CopClassifier *classifier, const char *path, const float **p,
                       CopError *err) COP_MUST_CHECK;

#endif
