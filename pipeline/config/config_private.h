/* What the parts of the configuration share.
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#ifndef COP_CONFIG_CONFIG_PRIVATE_H
#define COP_CONFIG_CONFIG_PRIVATE_H

#include "pipeline/config/config.h"

/* Finds a block by name, '-' and '_' being the same; NULL if there is none. */
const CopConfigBlock *cop_config_block_find(const char *name);

/* COP_ERR_CONFIG for a block that does not exist, with the nearest one. */
CopStatus cop_config_unknown_block(const char *name, CopError *err);

/* The row of `key`; NULL and an error that names the nearest key if there is none. */
const CopOption *cop_config_row(const CopConfigBlock *block, const char *key, CopError *err);

/* Sets a row from text and checks what a row alone cannot say: lengths of lists
 * and names of registries. Relative paths are taken from `folder`. Texts of `err`
 * begin with "block.key". */
CopStatus cop_config_assign(CopConfig *config, const CopConfigBlock *block, const CopOption *row,
                            const char *text, const char *folder, CopError *err) COP_MUST_CHECK;

/* Refuses what libconfig 1.5 would take wrongly or not survive: integers that it
 * would wrap, comments without an end, and included files that cannot be read. `text`
 * is the content of `path`; included names are below `folder`. */
CopStatus cop_config_scan(const char *path, const char *text, const char *folder,
                          CopError *err) COP_MUST_CHECK;

/* Reads a file over the values that `config` has. */
CopStatus cop_config_read(CopConfig *config, const char *path, CopError *err) COP_MUST_CHECK;

#endif
