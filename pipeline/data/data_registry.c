/* The data-set formats.
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#include <stddef.h>

#include "pipeline/data/dataset.h"

extern const CopDataDesc cop_data_cifar10, cop_data_cifar100, cop_data_folder, cop_data_idx,
    cop_data_hmdb51, cop_data_kinetics, cop_data_manifest, cop_data_mmaction, cop_data_slowfast,
    cop_data_ssv2, cop_data_ucf101;

const CopDataDesc *const cop_data_registry[] = {
    &cop_data_folder,   &cop_data_ucf101,   &cop_data_hmdb51,   &cop_data_kinetics,
    &cop_data_slowfast, &cop_data_ssv2,     &cop_data_mmaction, &cop_data_manifest,
    &cop_data_cifar10,  &cop_data_cifar100, &cop_data_idx,      NULL,
};
