/* Model files with random weights, for tests.
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#ifndef COP_TESTS_MODEL_HELP_H
#define COP_TESTS_MODEL_HELP_H

#include "pipeline/model/model.h"

/* Defaults and the sets given ("block.key=value", ended by NULL) on top of a narrow net on
 * clips of 3x4x13x11; fails the test when one is refused. */
void model_config(CopConfig *config, const char *const *sets);

/* Writes a net of the configuration's architecture with weights of `seed` to `path`. Half of
 * the weights of each layer are zero where `half`. The classifier's are large enough for
 * clips to differ. */
void model_write(const char *path, const CopConfig *config, const CopStrings *classes,
                 uint64_t seed, bool half);

/* The same with the metadata `meta` instead of a configuration's. */
void model_write_meta(const char *path, const CopStMeta *meta, int n_meta);

/* Opens it for 8 clips; fails the test when it cannot be opened. */
CopModel *model_open(const char *path);

#endif
