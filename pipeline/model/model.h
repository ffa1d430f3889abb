/* A model file with what is needed to use it: net, classes, clip and preparation.
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#ifndef COP_MODEL_MODEL_H
#define COP_MODEL_MODEL_H

#include "models/core/option.h"
#include "models/train/net.h"
#include "pipeline/config/config.h"

typedef struct CopModel {
    CopNet *net;
    char *path, *sha256;
    char *name, *arch, *arch_options, *method;
    char *recipe; /* hash of what trained it but the seed; "": the file does not say */
    double
        density; /* achieved, over masked weights; over all weights where the file says nothing */
    uint64_t seed;
    CopStrings classes; /* may be empty where the file names none */
    int frames, stride;
    CopSampler sampler; /* which frames; uniform where the file does not say, as for the next two */
    CopEdgePolicy policy;
    double fps; /* that frames are counted in; 0: the video's */
    CopPrepare prepare;
    int clips, skipped; /* of the data set it was trained on; 0 where the file does not say */
} CopModel;

/* The training run that a model comes from. Strings are borrowed. */
typedef struct CopModelRun {
    int clips, skipped; /* of both splits; those that could not be read */
    const char *skips;  /* JSON: [{"path": ..., "reason": ...}], as many as there is room for */
    const char *config; /* hash of the configuration, as its checkpoints have it */
    const char *recipe; /* the same without the seed */
    uint64_t step;      /* optimiser steps done */
} CopModelRun;

enum { COP_MODEL_TILES = 0 }; /* as a batch: one clip a step, spread over the lanes (tile mode) */

/* Opens a model for inference on up to `batch` clips a step. Everything is read from
 * the file's metadata; a file without it (another program's weights) needs `arch`
 * ("r3d_18", or with options "resnet34, stem=cifar"; NULL or "": the file must say), and gets
 * that architecture's input; its classes are counted from fc.weight or classifier.weight. With
 * `input` (NULL: as the file says) the net is built for clips of another size. Zeros become
 * masked weights. `kernels` (borrowed, for as long as the model; NULL: the built-in table)
 * says how the net is run. COP_ERR_MODEL, and COP_ERR_CONFIG for an unknown `arch`. Returned
 * in *out. */
CopStatus cop_model_open(CopModel **out, const char *path, const char *arch, const CopShape *input,
                         int batch, int threads, const CopKernelTable *kernels,
                         CopError *err) COP_MUST_CHECK;
void cop_model_close(CopModel **model);

/* SHA-256 of a file, the identity of a model; g_malloc'ed and returned. COP_ERR_IO. */
CopStatus cop_model_hash(const char *path, char **sha256, CopError *err) COP_MUST_CHECK;

/* Writes a trained net with its metadata (DESIGN.md, section 7). `run`: NULL for a net that was
 * never trained. */
CopStatus cop_model_save(const CopNet *net, const CopConfig *config, const CopStrings *classes,
                         const char *method, double density, const CopModelRun *run,
                         const char *path, CopError *err) COP_MUST_CHECK;

/* Name that results show: model.name, or method and density ("rigl 0.5"). malloc'ed. */
char *cop_model_default_name(const char *method, double density, uint64_t seed);

#endif
