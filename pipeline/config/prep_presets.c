/* Preparations that models of others were trained with, by name (prep.preset).
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#include "pipeline/config/prep_presets.h"

#include <stddef.h>

#define KINETICS "0.43216, 0.394666, 0.37645", "0.22803, 0.22145, 0.216989"
#define HALF     "0.45, 0.45, 0.45", "0.225, 0.225, 0.225"
#define IMAGENET "0.485, 0.456, 0.406", "0.229, 0.224, 0.225"

/* Sources: torchvision.models.video and .models (weights' transforms); SlowFast's and
 * PyTorchVideo's configurations, whose test crop is the short side; MMAction2 uses
 * imagenet's numbers; CIFAR's and MNIST's are the training sets' own. */
static const struct Preset {
    const char *resize, *crop, *mean, *std;
} presets[] = {
    {0},
    {"128, 171", "112", KINETICS},
    {"256, 256", "224", KINETICS},
    {"256", "224", HALF},
    {"256", "224", IMAGENET},
    {"256", "256", HALF},
    {"182", "182", HALF},
    {"256", "256", HALF},
    {"256", "224", IMAGENET},
    {"32, 32", "0", "0.4914, 0.4822, 0.4465", "0.247, 0.2435, 0.2616"},
    {"28, 28", "0", "0.1307, 0.1307, 0.1307", "0.3081, 0.3081, 0.3081"},
};

const char *const cop_prep_preset_names[] = {"none",
                                             "torchvision_r3d",
                                             "torchvision_s3d",
                                             "torchvision_mvit",
                                             "torchvision_swin3d",
                                             "slowfast",
                                             "x3d_s",
                                             "x3d_m",
                                             "imagenet",
                                             "cifar10",
                                             "mnist",
                                             NULL};

_Static_assert(sizeof cop_prep_preset_names / sizeof cop_prep_preset_names[0] ==
                   sizeof presets / sizeof presets[0] + 1,
               "a name a preset");

CopStatus cop_prep_preset_apply(const CopOption *rows, CopPrepOptions *prep, CopError *err)
{
    const struct Preset *preset = &presets[prep->preset];
    if (!preset->resize)
        return COP_OK;
    COP_TRY(cop_options_set(rows, prep, "resize", preset->resize, err));
    COP_TRY(cop_options_set(rows, prep, "crop", preset->crop, err));
    COP_TRY(cop_options_set(rows, prep, "mean", preset->mean, err));
    return cop_options_set(rows, prep, "std", preset->std, err);
}
