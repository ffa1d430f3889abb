/* The result file: SQLite, write-ahead log, one row a prediction.
 * Tables model, setup, clip, cell, prediction (DESIGN.md, section 1.5), and
 * picture, fidelity, skip, meta, run, run_model and recipe beside them. PRAGMA user_version is the
 * schema's number; files of an older one are brought up when they are written.
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#ifndef COP_EVAL_STORE_H
#define COP_EVAL_STORE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "models/core/status.h"

typedef struct CopStore CopStore;

enum { COP_TOP = 5, COP_VIEW_ALL = -1 };

/* A model as results name it. Strings are borrowed. */
typedef struct CopStoreModel {
    const char *sha256; /* of the model file; the identity */
    const char *name, *arch, *method;
    const char *recipe; /* hash of what trained it but the seed; "": not known */
    double density;     /* achieved, over masked weights */
    uint64_t seed;
    int64_t parameters, nonzeros; /* of all weights and biases */
    int64_t flops;                /* 2 * multiply-adds with non-zero weights, one clip forward */
    int64_t flops_dense;
} CopStoreModel;

/* One (clip, cell, view) answer: classes by falling score, probabilities 0..1. */
typedef struct CopStorePrediction {
    int64_t cell, clip;
    int view; /* COP_VIEW_ALL: aggregated over views */
    int top[COP_TOP];
    float score[COP_TOP];
    int n_top; /* min(5, classes) */
} CopStorePrediction;

/* Opens or (with create) makes a result file. COP_ERR_DATA when it is not one of
 * ours or of a newer schema, COP_ERR_IO when the system refuses. */
CopStatus cop_store_open(CopStore **out, const char *path, bool create,
                         CopError *err) COP_MUST_CHECK;
void cop_store_close(CopStore **store);

/* Each finds its row or makes it, and returns its integer key in *id. */
CopStatus cop_store_model(CopStore *store, const CopStoreModel *model, int64_t *id,
                          CopError *err) COP_MUST_CHECK;
/* `text` is the effective configuration; `classes` a JSON array of names; identity:
 * FNV-1a-64 of text and classes. */
CopStatus cop_store_setup(CopStore *store, const char *text, const char *classes, int64_t *id,
                          CopError *err) COP_MUST_CHECK;
CopStatus cop_store_clip(CopStore *store, const char *path, uint32_t identity, int label,
                         int64_t *id, CopError *err) COP_MUST_CHECK;
/* Clean is corruption "clean", severity 0. `detail` is cop_corrupt_describe()'s text. */
CopStatus cop_store_cell(CopStore *store, int64_t model, int64_t setup, const char *corruption,
                         const char *family, double severity, const char *detail, int64_t *id,
                         CopError *err) COP_MUST_CHECK;

/* True in *has when the (cell, clip, view) row is there. */
CopStatus cop_store_has(CopStore *store, int64_t cell, int64_t clip, int view, bool *has,
                        CopError *err) COP_MUST_CHECK;

CopStatus cop_store_begin(CopStore *store, CopError *err) COP_MUST_CHECK;
CopStatus cop_store_commit(CopStore *store, CopError *err) COP_MUST_CHECK;
void cop_store_rollback(CopStore *store);

CopStatus cop_store_predict(CopStore *store, const CopStorePrediction *prediction,
                            CopError *err) COP_MUST_CHECK;
/* Adds compute seconds (forward pass, shared out over its lanes) to a cell. */
CopStatus cop_store_seconds(CopStore *store, int64_t cell, double seconds,
                            CopError *err) COP_MUST_CHECK;
/* A PNG of one frame of one clip as the setup corrupts it; a second one replaces the first. */
CopStatus cop_store_picture(CopStore *store, int64_t setup, const char *corruption, double severity,
                            int64_t clip, int frame, const void *png, size_t size,
                            CopError *err) COP_MUST_CHECK;
/* What a corruption did to a clip: mean squared error of 8-bit samples and SSIM (fidelity.h).
 * The first one stands. */
CopStatus cop_store_fidelity(CopStore *store, int64_t setup, const char *corruption,
                             double severity, int64_t clip, double mse, double ssim,
                             CopError *err) COP_MUST_CHECK;
/* A clip that could not be used, and why: results leave it out. */
CopStatus cop_store_skip(CopStore *store, int64_t setup, int64_t clip, const char *reason,
                         CopError *err) COP_MUST_CHECK;
/* Forgets that, for a clip that can be used again. */
CopStatus cop_store_unskip(CopStore *store, int64_t setup, int64_t clip,
                           CopError *err) COP_MUST_CHECK;
/* One command that adds predictions. Strings are borrowed. */
typedef struct CopStoreRun {
    const char *command; /* as it was typed, "" where it is not known */
    const char *folder;  /* that it ran in */
    const char *config;  /* the whole resolved configuration; its FNV-1a-64 is kept beside it */
    const char *root;    /* folder of the clips' paths */
    const char *version; /* of the program */
} CopStoreRun;
CopStatus cop_store_run(CopStore *store, int64_t setup, const CopStoreRun *run, int64_t *id,
                        CopError *err) COP_MUST_CHECK;
/* A model that a run evaluated, and where its file was. */
CopStatus cop_store_run_model(CopStore *store, int64_t run, int64_t model, const char *path,
                              CopError *err) COP_MUST_CHECK;

/* Provenance: version, compiler, tier, threads, library versions, hashes. */
CopStatus cop_store_meta(CopStore *store, const char *key, const char *value,
                         CopError *err) COP_MUST_CHECK;

#endif
