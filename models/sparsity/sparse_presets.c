/* Settings of published work for the `sparse` block. What else such work sets (optimiser,
 * epochs) belongs to other blocks; docs/SPARSE.md has it.
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#include <stdio.h>
#include <string.h>

#include "models/sparsity/sparse.h"

enum { PAIR_MAX = 64 };

const CopSparsePreset cop_sparse_presets[] = {
    {"none", "the defaults, made for short runs", "coppice", ""},
    {"paper-like",
     "ours, after what is known of the paper: ERK, pruning by magnitude in every method, MEST's "
     "bound of 10 %, GraNet's start at 0.8; not known: interval, drop fraction and its course, "
     "MEST's mode, when GraNet's density is reached",
     "Wu et al., Dynamic Sparse Training versus Dense Training, ICLR 2025, its reviews",
     "init=erk; interval=0; drop_fraction=0.5; drop_decay=cosine; drop_min=0.005; stop=1; "
     "prune=magnitude; regrow=allow; soft_bound=0.1; mest_mode=ems; mest_lambda=0; "
     "initial_density=0.8; final_step=0"},
    {"rigl-orig",
     "RigL as its paper has it: 0.3 by the cosine to 0 at 3/4, every 100 steps (of 32,000 on "
     "ImageNet); unlike its code, an update takes no optimiser step's place, the first comes "
     "after step 100, and scores carry no noise",
     "Evci et al., ICML 2020, and github.com/google-research/rigl",
     "method=rigl; init=erk; interval=100; drop_fraction=0.3; drop_decay=cosine; drop_min=0; "
     "drop_round=floor; stop=0.75; growth=gradient; prune=magnitude; regrow=allow"},
    {"itop",
     "RigL-ITOP as its code has it on CIFAR: 0.5 by the cosine to 0.005, every 4000 steps (of "
     "98,000; SET 1500), to the end; unlike it, counts are exact",
     "Liu et al., Do We Actually Need Dense Over-Parameterization?, ICML 2021, and its code",
     "method=rigl; init=erk; interval=4000; drop_fraction=0.5; drop_decay=cosine; "
     "drop_min=0.005; drop_round=ceil; stop=1; prune=magnitude; regrow=allow"},
    {"granet-orig",
     "GraNet as its code has it on CIFAR: from 0.5, reached at half of the steps, updates every "
     "1000 (of 62,000); unlike it, a last prune ends at the density exactly",
     "Liu et al., NeurIPS 2021, and its code",
     "method=granet; init=erk; interval=1000; drop_fraction=0.5; drop_decay=cosine; "
     "drop_min=0.005; drop_round=ceil; stop=1; growth=gradient; prune=magnitude; regrow=allow; "
     "initial_density=0.5; final_step=0.5"},
    {"mest-orig",
     "MEST (EM&S) as its code has it on CIFAR: bound of 20, 10 and 0 %, random growth, every 5 "
     "epochs of 782 steps, uniform; unlike it, first masks are random, all weights but the "
     "first convolution's are masked (exclude the 1x1 and last ones), and no update precedes "
     "training",
     "Yuan et al., NeurIPS 2021, and its code",
     "method=mest; init=uniform; interval=3910; stop=1; final_step=0.75; growth=random; "
     "prune=magnitude; regrow=allow; soft_bound=0.2; bound_decay=steps; mest_mode=ems; "
     "mest_lambda=0"},
    {0},
};

const char *const cop_sparse_preset_names[] = {"none",        "paper-like", "rigl-orig", "itop",
                                               "granet-orig", "mest-orig",  NULL};

_Static_assert(sizeof cop_sparse_preset_names / sizeof cop_sparse_preset_names[0] ==
                   sizeof cop_sparse_presets / sizeof cop_sparse_presets[0],
               "a name a preset");

CopStatus cop_sparse_preset_apply(CopSparseOptions *options, CopError *err)
{
    const char *at = cop_sparse_presets[options->preset].settings;
    while (*at) {
        char pair[PAIR_MAX];
        const size_t length = strcspn(at, ";");
        snprintf(pair, sizeof pair, "%.*s", (int)length, at);
        char *value = strchr(pair, '=');
        *value++ = '\0';
        COP_TRY(cop_options_set(cop_sparse_options, options, pair, value, err));
        at += length;
        at += strspn(at, "; ");
    }
    return COP_OK;
}
