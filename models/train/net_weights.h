/* Names under which files keep a net's tensors.
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#ifndef COP_TRAIN_NET_WEIGHTS_H
#define COP_TRAIN_NET_WEIGHTS_H

#include "models/train/safetensors.h"

/* The tensor called `name`, also behind "module.", "model." or "backbone."; NULL if absent. */
const CopStTensor *cop_net_find_tensor(const CopSafetensors *file, const char *name);

#endif
