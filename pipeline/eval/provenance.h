/* Where numbers come from: program, compiler, processor, libraries.
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#ifndef COP_EVAL_PROVENANCE_H
#define COP_EVAL_PROVENANCE_H

#include "models/kernels/conv3d_table.h"
#include "pipeline/config/config.h"
#include "pipeline/eval/store.h"

/* Writes version, compiler, kernel tier and table, threads and library versions as meta rows. */
CopStatus cop_provenance_write(CopStore *store, int threads, const CopKernelTable *kernels,
                               CopError *err) COP_MUST_CHECK;

/* Writes a run's row: `command` (NULL: not known), the configuration and where the clips are. */
CopStatus cop_provenance_run(CopStore *store, int64_t setup, const CopConfig *config,
                             const char *command, int64_t *run, CopError *err) COP_MUST_CHECK;

/* Version of the FFmpeg libraries in use. */
const char *cop_provenance_ffmpeg(void);

#endif
