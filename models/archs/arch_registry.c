/* The list of architectures.
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#include "models/archs/arch.h"

extern const CopArchDesc cop_arch_r3d_18, cop_arch_r3d_10, cop_arch_r3d_tiny, cop_arch_mc3_18,
    cop_arch_r2plus1d_18, cop_arch_x3d_stack, cop_arch_resnet18, cop_arch_resnet34,
    cop_arch_resnet50, cop_arch_vgg11_bn, cop_arch_vgg16_bn;

const CopArchDesc *const cop_arch_registry[] = {
    &cop_arch_r3d_18,      &cop_arch_r3d_10,    &cop_arch_r3d_tiny, &cop_arch_mc3_18,
    &cop_arch_r2plus1d_18, &cop_arch_x3d_stack, &cop_arch_resnet18, &cop_arch_resnet34,
    &cop_arch_resnet50,    &cop_arch_vgg11_bn,  &cop_arch_vgg16_bn, NULL,
};

/* Nets of published comparisons that are missing here: who asks for one learns so. */
static const struct Missing {
    const char *name, *title, *instead;
} missing[] = {
    {"efficientnet_b0", "EfficientNet-B0 (Tan and Le, ICML 2019)", "resnet18 with stem=cifar"},
    {"deit_b", "DeiT-B (Touvron et al., ICML 2021)", "resnet50"},
    {"r3d_50", "3D ResNet-50 (Hara et al., CVPR 2018)", "r3d_18"},
    {"i3d", "I3D (Carreira and Zisserman, CVPR 2017)", "r3d_18 and r2plus1d_18"},
    {0},
};

enum { ARCHS = sizeof cop_arch_registry / sizeof cop_arch_registry[0] };

const CopArchDesc *cop_arch_find(const char *name, CopError *err)
{
    const char *names[ARCHS] = {NULL};
    for (int i = 0; cop_arch_registry[i]; i++) {
        names[i] = cop_arch_registry[i]->name;
        if (cop_name_equal(names[i], name))
            return cop_arch_registry[i];
    }
    for (const struct Missing *net = missing; net->name; net++)
        if (cop_name_equal(net->name, name)) {
            cop_error_set(err, COP_ERR_CONFIG,
                          "architecture '%s' is not there yet: %s; what comes near is %s, and "
                          "`coppice list archs` names all that there are",
                          net->name, net->title, net->instead);
            return NULL;
        }
    const char *near = cop_nearest_name(name, names);
    cop_error_set(err, COP_ERR_CONFIG,
                  "unknown architecture '%s'%s%s%s; `coppice list archs` names them all", name,
                  near ? " (did you mean '" : "", near ? near : "", near ? "'?)" : "");
    return NULL;
}
