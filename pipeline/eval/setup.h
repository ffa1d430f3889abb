/* What a setup of the result file is, as text.
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#ifndef COP_EVAL_SETUP_H
#define COP_EVAL_SETUP_H

#include <glib.h>

#include "models/kernels/conv3d_table.h"
#include "pipeline/config/config.h"

/* Every option that can move a prediction and is neither part of the model nor of the cell, a
 * line each: predictions under different texts are never mixed. g_malloc'ed and returned. */
char *cop_setup_text(const CopConfig *config, const CopDataset *dataset,
                     const CopKernelTable *kernels);

/* Its lines of what corrupts, and of what a machine's answers hang on, for texts of other kinds. */
void cop_setup_append_corrupt(GString *text, const CopCorruptOptions *corrupt);
void cop_setup_append_machine(GString *text, int aggregate);

#endif
