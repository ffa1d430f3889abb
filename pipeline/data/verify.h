/* A data set looked through before anything is made of it: every file is decoded once, what
 * is wrong with any is listed, and all that was learnt goes into the index.
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#ifndef COP_DATA_VERIFY_H
#define COP_DATA_VERIFY_H

#include "pipeline/config/config.h"
#include "pipeline/media/decode.h"

/* What is found: the faults of CopVideoFault, by the same numbers, for which a file cannot be
 * used, and remarks on files that can. */
typedef enum CopFinding {
    COP_FINDING_SHORT =
        COP_FAULT_ENDLESS + 1, /* fewer frames than a clip spans: clip.policy fills up */
    COP_FINDING_DAMAGED,       /* packets that could not be decoded */
    COP_FINDING_DUPLICATE,     /* the same bytes as another file of its split */
    COP_FINDING_LEAK,          /* ... of the other split, or listed in both */
    COP_FINDING_COUNT
} CopFinding;
extern const char *const cop_finding_names[]; /* "none", "missing", ..., "leak", NULL */

typedef struct CopVerifyFile {
    const CopDataItem *item; /* of one of the data sets */
    bool train, test;        /* lists that it stands in */
    CopVideoFacts facts;     /* without the table */
    char sha256[65];         /* "": could not be read */
    int twin;                /* an earlier file with the same bytes; -1: none */
    bool known;              /* from the index: the file was not decoded now */
} CopVerifyFile;

typedef struct CopVerifyNote {
    int file;
    int kind; /* of cop_finding_names */
    char *text;
} CopVerifyNote;

typedef struct CopVerifyOptions {
    unsigned count; /* 1 << CopFinding: remarks that make a file count as broken */
    bool again;     /* decode also what the index knows */
} CopVerifyOptions;

typedef struct CopVerifyResult {
    CopDataset train, test;
    CopVerifyFile *file; /* training files, then test files that are not among these */
    CopVerifyNote *note; /* by file */
    int n, n_notes;
    int n_known, n_broken; /* broken: with a fault, or a remark that counts */
    long frames;
    int found[COP_FINDING_COUNT]; /* notes of each kind */
    char *index;                  /* path */
} CopVerifyResult;

/* Looks through both splits of the configured data set on run.threads threads. Files at fault
 * are no error of this function. A signal ends it after the files in hand with
 * COP_ERR_INTERRUPTED; what was found by then is in the index, and the next call goes on from
 * there. Free `result` in any case. `label` heads the progress bar. */
CopStatus cop_verify(const CopConfig *config, const CopVerifyOptions *options, const char *label,
                     CopVerifyResult *result, CopError *err) COP_MUST_CHECK;
void cop_verify_free(CopVerifyResult *result);

#endif
