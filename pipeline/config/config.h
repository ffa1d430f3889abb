/* The configuration file (libconfig 1.5), one option table a block.
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#ifndef COP_CONFIG_CONFIG_H
#define COP_CONFIG_CONFIG_H

#include "models/core/option.h"
#include "models/sparsity/sparse.h"
#include "pipeline/corrupt/corrupt.h"
#include "pipeline/data/dataset.h"
#include "pipeline/media/preprocess.h"
#include "pipeline/media/sample.h"

typedef struct CopRunOptions {
    uint64_t seed;
    char *out;
    int threads; /* 0: all processors */
} CopRunOptions;

typedef struct CopClipOptions {
    int frames, stride, sampler, clips, crops, policy;
    double fps;
} CopClipOptions;

typedef struct CopPrepOptions {
    int preset;     /* a row of cop_prep_presets; the fields below hold what it set */
    CopInts resize; /* [h, w] or [short side] */
    int crop;
    CopDoubles mean, std;
} CopPrepOptions;

typedef struct CopModelOptions {
    char *arch;
    char *options;     /* "width=16, blocks=1", the architecture's own rows */
    char *weights;     /* safetensors to start from, "" for none */
    int head;          /* keep, reset: whether the last layer's weights are taken from there */
    CopStrings freeze; /* layers that training leaves alone */
    char *kernels;     /* table of kernels, "" for the built-in one */
    char *name;        /* as reports show it, "" for method and density */
} CopModelOptions;

typedef struct CopTrainOptions {
    int epochs, batch, accum;
    bool shuffle, drop_last;
    int optimizer; /* CopOptimizer */
    double lr, momentum;
    bool nesterov;
    CopDoubles betas; /* two */
    double eps;
    double weight_decay;
    int schedule;
    CopDoubles milestones;
    double gamma, warmup, label_smoothing, clip_grad;
    bool recompute;
    int checkpoint_every;
    double checkpoint_minutes;
} CopTrainOptions;

typedef enum CopHead { COP_HEAD_KEEP, COP_HEAD_RESET } CopHead;

typedef struct CopAugmentOptions {
    double hflip;           /* probability */
    int crop;               /* centre, random */
    int pad;                /* around pictures, for random crops */
    double mixup;           /* alpha; 0: none */
    CopStrings corruptions; /* names, families, or "all" */
    CopDoubles severities;  /* of which one is drawn */
    double corrupt_probability;
} CopAugmentOptions;

typedef struct CopCorruptOptions {
    char *preset;
    CopStrings corruptions; /* names, families, or "all" */
    CopDoubles severities;
    int stage; /* native, input */
    int temporal;
    uint64_t seed;
    CopStrings params; /* "h264_crf:gop=16" */
} CopCorruptOptions;

typedef enum CopStage { COP_STAGE_NATIVE, COP_STAGE_INPUT } CopStage;

typedef struct CopEvalOptions {
    int aggregate; /* prob, score, max */
    bool save_views;
} CopEvalOptions;

typedef struct CopSweepOptions {
    CopStrings methods;
    CopDoubles densities;
    CopInts seeds;
    CopStrings controls; /* of cop_sweep_controls */
    int workers;         /* processes of this machine */
} CopSweepOptions;
extern const char *const cop_sweep_controls[]; /* parameters, flops; ended by NULL */

typedef struct CopConfig {
    CopRunOptions run;
    CopDataOptions data;
    CopClipOptions clip;
    CopPrepOptions prep;
    CopModelOptions model;
    CopTrainOptions train;
    CopSparseOptions sparse;
    CopAugmentOptions augment;
    CopCorruptOptions corrupt;
    CopEvalOptions eval;
    CopSweepOptions sweep;
} CopConfig;

typedef struct CopConfigBlock {
    const char *name, *help;
    const CopOption *options;
    size_t offset; /* of the block in CopConfig */
    bool at_test;  /* moves predictions of a given model file; the others make the file */
} CopConfigBlock;
extern const CopConfigBlock cop_config_blocks[]; /* ended by a row whose name is NULL */

/* Defaults, then the file `path` (NULL: none), then each "block.key=value" of
 * sets[n_sets]. data.root, .annotation and .classes, model.weights and .kernels become
 * absolute: in the file from its folder, in sets from the current one. COP_ERR_CONFIG with file,
 * line, value seen and values allowed; unknown blocks and keys name the nearest one.
 * `out` is overwritten; free it with cop_config_free(), also after a failure. */
CopStatus cop_config_load(CopConfig *out, const char *path, const char *const *sets, int n_sets,
                          CopError *err) COP_MUST_CHECK;
void cop_config_free(CopConfig *config);
CopStatus cop_config_copy(CopConfig *out, const CopConfig *config) COP_MUST_CHECK;

/* Sets one "block.key=value" on a loaded configuration. */
CopStatus cop_config_set(CopConfig *config, const char *assignment, CopError *err) COP_MUST_CHECK;

typedef enum CopConfigView {
    COP_CONFIG_ALL,       /* loads back to the same values */
    COP_CONFIG_EFFECTIVE, /* what can move a given model's prediction */
    COP_CONFIG_IDENTITY   /* what hashes cover: without COP_OPTION_LATER's rows at their defaults */
} CopConfigView;

/* The resolved configuration in libconfig's syntax; malloc'ed and returned. */
char *cop_config_text(const CopConfig *config, CopConfigView view);

/* Fields in the form that other modules take. */
CopPrepare cop_config_prepare(const CopConfig *config);
CopSampleOptions cop_config_sample(const CopConfig *config);

#endif
