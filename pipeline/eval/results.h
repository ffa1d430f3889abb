/* Reading a result file: one setup's models, corruptions and clips, and what they score.
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#ifndef COP_EVAL_RESULTS_H
#define COP_EVAL_RESULTS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "models/core/arena.h"
#include "models/core/status.h"
#include "pipeline/eval/metrics.h"
#include "pipeline/eval/store.h"

typedef struct CopResultClip {
    int64_t id;
    const char *path;
    int label; /* -1: unknown; such a clip counts for flips only */
} CopResultClip;

typedef struct CopResultCorruption {
    const char *name, *family;
    int first, n; /* its columns, by rising severity */
} CopResultCorruption;

typedef enum CopSliceKind {
    COP_SLICE_CORRUPTION,
    COP_SLICE_FAMILY,
    COP_SLICE_SEVERITY
} CopSliceKind;

/* A part of the grid that has scores of its own. */
typedef struct CopResultSlice {
    CopSliceKind kind;
    const char *name; /* of the corruption or family; a severity as text */
    double severity;  /* of a severity */
} CopResultSlice;

/* A column of the grid: one corruption at one severity. */
typedef struct CopResultColumn {
    int corruption; /* index; -1 for clean, which is column 0 */
    double severity;
    const char *detail;
    int64_t measured;  /* clips whose distance to the clean ones is known */
    double psnr, ssim; /* of their mean squared error, in dB; their mean. NaN: not known */
} CopResultColumn;

enum { COP_HIT_ANSWERED = 1, COP_HIT_TOP1 = 2, COP_HIT_TOP5 = 4 };

/* What one model answered in one column. Arrays have one entry a clip. */
typedef struct CopResultCell {
    int64_t answers;       /* clips answered, labelled or not */
    int64_t n, top1, top5; /* labelled clips answered, and those right */
    double seconds;
    uint8_t *hit;      /* COP_HIT_* */
    int32_t *answer;   /* class of highest score */
    float *confidence; /* that score; NaN where the file has none */
} CopResultCell;

typedef struct CopResultModel {
    CopStoreModel about;
    const char *label;    /* the name, with seed or hash where names repeat */
    const char *path;     /* of its file at the last run; NULL where it is not known */
    CopResultCell *cells; /* [n_columns] */
    double seconds;       /* of all cells */
    int recipe;           /* equal for models that differ in their seed, 0 and up */
    bool seed_repeats;    /* its recipe would hold a seed twice, so it is one of its own */
} CopResultModel;

typedef struct CopResultPicture {
    int corruption; /* -1: clean */
    double severity;
    const void *png;
    size_t size;
} CopResultPicture;

typedef struct CopResultPair {
    const char *key, *value;
} CopResultPair;

/* A command that added predictions to the setup. */
typedef struct CopResultRun {
    const char *started, *command, *folder, *config_hash, *config, *root, *version;
} CopResultRun;

/* Read-only once loaded; everything lives in the arena. */
typedef struct CopResults {
    CopArena *arena;
    const char *path, *setup_text, *classes; /* classes: JSON array of names */
    const char *aggregate; /* how views became one answer: "prob", ...; "" where it is not said */
    int64_t setup;
    int n_setups; /* in the file; one of them is here */
    int n_clips, n_labelled, n_models, n_corruptions, n_columns, n_pictures, n_skips, n_meta;
    int n_slices, n_recipes, n_runs;
    int n_unpooled;       /* models whose seed_repeats */
    CopResultClip *clips; /* by id; skipped ones are left out of everything */
    CopResultModel *models;
    CopResultCorruption *corruptions; /* in the order in which they were evaluated */
    CopResultColumn *columns;
    CopResultSlice *slices;      /* the corruptions, then families, then severities */
    CopResultPicture *pictures;  /* all of one clip */
    const char *picture_clip;    /* its path */
    CopResultPair *skips, *meta; /* path and reason; key and value */
    CopResultRun *runs;          /* in order; none in files from before schema 2 */
} CopResults;

/* Reads setup number `setup`, or with 0 the newest that has predictions. Setups are
 * never mixed. COP_ERR_ARG for a negative one, COP_ERR_DATA when
 * the file is not ours or has nothing to show. One
 * consistent snapshot, also while an evaluation writes. Returned in *out. */
CopStatus cop_results_load(CopResults **out, const char *path, int64_t setup,
                           CopError *err) COP_MUST_CHECK;
void cop_results_free(CopResults **results);

/* Index of the model of this hash; -1: it is not there. */
int cop_results_find(const CopResults *results, const char *sha256);

/* What a score is taken over: a slice's index, so that a corruption's index is its scope,
 * or these. Whatever the scope, a score is the mean over its corruptions of the mean over
 * their severities in it. */
enum {
    COP_SCOPE_ROBUST = -1, /* all corruptions */
    COP_SCOPE_CLEAN = -2
};

/* "clean", "robust", "corruption", "family" or "severity"; and which one: "fog", "weather",
 * "3", the kind again for the first two. */
const char *cop_results_scope_kind(const CopResults *results, int scope);
const char *cop_results_scope_name(const CopResults *results, int scope);

/* Mean over the corruptions of a scope of the mean over their columns in it of value();
 * clean: value() of column 0. NaN for a scope without columns. */
double cop_results_mean(const CopResults *results, int scope,
                        double (*value)(const void *ctx, int column), const void *ctx);

/* Top-1 and top-5 of one cell with Wilson's interval; NaN without labelled answers. */
CopInterval cop_results_top1(const CopResults *results, int model, int column);
CopInterval cop_results_top5(const CopResults *results, int model, int column);

/* True when every cell of the scope has an answer for every clip. */
bool cop_results_complete(const CopResults *results, int model, int scope);

/* Top-1 over a scope; NaN while a cell is missing or incomplete. Clean has Wilson's
 * interval. Cells of one clip depend on each other, so every other interval treats the
 * clip as the unit: Student's interval over clips of a clip's own mean over the cells. */
CopInterval cop_results_score(const CopResults *results, int model, int scope);
CopInterval cop_results_score5(const CopResults *results, int model, int scope); /* of top-5 */

/* The first of these without its interval, which takes a walk over all clips. */
double cop_results_value(const CopResults *results, int model, int scope);

/* robust / clean: NaN where either is missing or clean is 0. */
double cop_results_rpc(const CopResults *results, int model);

/* Share of clips whose top-1 class differs from the same model's on the clean clip;
 * Wilson's interval over clips answered in both. */
CopInterval cop_results_flips(const CopResults *results, int model, int column);

/* Score of `a` less score of `b`, paired by clip; interval as above, *p (may be NULL)
 * from the paired t test. NaN unless both are complete. */
CopInterval cop_results_difference(const CopResults *results, int a, int b, int scope, double *p);

/* Pairwise test in one column, over the labelled clips that both models answered. */
CopMcNemar cop_results_mcnemar(const CopResults *results, int a, int b, int column);

/* Column of a corruption (-1: clean, with severity 0), or -1. */
int cop_results_column(const CopResults *results, int corruption, double severity);

/* Index of the model called `name` (label, name, or four digits and more of the hash), or
 * with NULL the first dense one, else the first. -1 and COP_ERR_CONFIG in err if there is
 * none, or where a name or hash fits several. */
int cop_results_baseline(const CopResults *results, const char *name, CopError *err);

#endif
