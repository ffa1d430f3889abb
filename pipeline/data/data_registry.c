/* The data-set formats.
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#include <stddef.h>

#include "pipeline/data/dataset.h"

extern const CopDataDesc cop_data_folder, cop_data_ucf101;

const CopDataDesc *const cop_data_registry[] = {
    &cop_data_folder,
    &cop_data_ucf101,
    NULL,
};
