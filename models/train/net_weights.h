/* Names under which files keep a net's tensors.
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#ifndef COP_TRAIN_NET_WEIGHTS_H
#define COP_TRAIN_NET_WEIGHTS_H

#include "models/train/safetensors.h"

/* The tensor called `name`, also behind "module.", "model." or "backbone."; NULL if absent. */
const CopStTensor *cop_net_find_tensor(const CopSafetensors *file, const char *name);

/* Active elements of a stored tensor into mask (numel bits, as many as it has elements): those
 * of its bit mask, or those that are not zero. *nnz counts them. COP_ERR_NOMEM. */
CopStatus cop_net_stored_mask(const CopStTensor *tensor, size_t numel, uint64_t *mask,
                              size_t *nnz) COP_MUST_CHECK;

#endif
