/* Everything that training needs to go on: weights, masks, momentum, statistics, step.
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#ifndef COP_TRAIN_CHECKPOINT_H
#define COP_TRAIN_CHECKPOINT_H

#include "models/train/trainer.h"

/* Writes the trainer's state as safetensors: each parameter's active values
 * ("NAME"), momentum ("NAME.momentum", and of Adam "NAME.second_moment") and mask bits
 * ("NAME.mask", bytes, bit i % 8 of byte i / 8 = weight i), ever-active bits of the method,
 * step and FLOPs. `extra` metadata (borrowed) is kept with it. */
CopStatus cop_checkpoint_save(const CopTrainer *trainer, const char *path, const CopStMeta *extra,
                              int n_extra, CopError *err) COP_MUST_CHECK;

/* Reads it back into a trainer made from the same configuration. COP_ERR_MODEL when
 * a tensor is missing or does not fit: nothing is changed then. */
CopStatus cop_checkpoint_load(CopTrainer *trainer, const CopSafetensors *file,
                              CopError *err) COP_MUST_CHECK;

#endif
