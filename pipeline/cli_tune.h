/* coppice profile --tune: timing, choosing, writing a table of kernels.
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#ifndef COP_CLI_TUNE_H
#define COP_CLI_TUNE_H

#include <stdbool.h>

#include "models/core/status.h"

typedef struct CopTuneWords {
    const char *file;                        /* to write */
    const char *model, *arch, *arch_options; /* whose convolutions; arch may be NULL with model */
    const char *densities;                   /* "1, 0.5"; NULL: a list of seven */
    int batch, repeat;
    bool train, json;
} CopTuneWords;

/* Times, writes the file, whole or not at all, and prints what was chosen. */
CopStatus cop_cli_tune(const CopTuneWords *words, CopError *err) COP_MUST_CHECK;

#endif
