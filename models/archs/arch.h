/* Architectures: a registry of descriptors that string layers together.
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#ifndef COP_ARCHS_ARCH_H
#define COP_ARCHS_ARCH_H

#include "models/core/option.h"
#include "models/train/net.h"

typedef struct CopArchDesc {
    const char *name, *summary, *reference;
    const CopOption *options;
    size_t options_size;
    CopShape input; /* of the published net: what commands use when nothing is said */
    /* Adds layers with cop_net_add(); the last one's output is the logits. */
    void (*build)(CopNet *net, const void *options, int classes);
} CopArchDesc;

/* All architectures, ended by NULL, and the one called `name`; unknown names are
 * COP_ERR_CONFIG with the nearest one. */
extern const CopArchDesc *const cop_arch_registry[];
const CopArchDesc *cop_arch_find(const char *name, CopError *err);

#endif
