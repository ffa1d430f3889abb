/* One process a folder.
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#ifndef COP_MODEL_FOLDER_LOCK_H
#define COP_MODEL_FOLDER_LOCK_H

#include <stdbool.h>

#include "models/core/status.h"

enum { COP_FOLDER_UNLOCKED = -1 };

/* Takes the folder (which must be there) for this process: an advisory lock (flock) on its file
 * "lock", which the end of the process, however it comes, releases. COP_AGAIN where another one
 * has it, COP_ERR_IO. `lock` is for cop_folder_unlock(). */
CopStatus cop_folder_lock(const char *folder, int *lock, CopError *err) COP_MUST_CHECK;
void cop_folder_unlock(const char *folder, int *lock); /* idempotent */

/* True where some process has the folder. */
bool cop_folder_locked(const char *folder);

#endif
