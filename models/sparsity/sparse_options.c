/* The rows of the `sparse` block.
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#include <stddef.h>

#include "models/sparsity/sparse.h"

static const char *const decays[] = {[COP_DROP_CONSTANT] = "constant",
                                     [COP_DROP_COSINE] = "cosine",
                                     [COP_DROP_LINEAR] = "linear",
                                     NULL};
static const char *const growths[] = {"auto", [1 + COP_GROW_RANDOM] = "random",
                                      [1 + COP_GROW_GRADIENT] = "gradient", NULL};
static const char *const prunes[] = {"auto", [1 + COP_PRUNE_MAGNITUDE] = "magnitude",
                                     [1 + COP_PRUNE_TWO_SIDED] = "two-sided", NULL};
static const char *const regrows[] = {
    [COP_REGROW_ALLOW] = "allow", [COP_REGROW_FORBID] = "forbid", NULL};
static const char *const scales[] = {[COP_INIT_SCALE_NONE] = "none",
                                     [COP_INIT_SCALE_LAYER] = "layer",
                                     [COP_INIT_SCALE_UNIT] = "unit",
                                     NULL};
static const char *const shares[] = {
    [COP_DENSITY_OF_WEIGHTS] = "weights", [COP_DENSITY_OF_FLOPS] = "flops", NULL};
static const char *const rounds[] = {"floor", "ceil", NULL};
static const char *const depthwise[] = {
    [COP_DEPTHWISE_AUTO] = "auto", [COP_DEPTHWISE_YES] = "yes", [COP_DEPTHWISE_NO] = "no", NULL};
static const char *const modes[] = {
    [COP_MEST_EM] = "em", [COP_MEST_EMS] = "ems", [COP_MEST_EMS_DROP] = "ems_drop", NULL};
static const char *const bounds[] = {
    [COP_BOUND_CONSTANT] = "constant", [COP_BOUND_STEPS] = "steps", NULL};

const CopOption cop_sparse_options[] = {
    {.name = "preset",
     .help = "sets others before they are read, to published settings as far as they are known; "
             "`coppice list sparse-presets` shows them",
     .type = COP_TYPE_CHOICE,
     .offset = offsetof(CopSparseOptions, preset),
     .def = "none",
     .choices = cop_sparse_preset_names,
     .flags = COP_OPTION_NO_EFFECT}, /* the others hold it */
    {.name = "method",
     .help = "sparse-training method; `coppice list methods` shows them",
     .type = COP_TYPE_STRING,
     .offset = offsetof(CopSparseOptions, method),
     .def = "dense"},
    {.name = "density",
     .help = "share of the maskable weights that is active",
     .type = COP_TYPE_DOUBLE,
     .offset = offsetof(CopSparseOptions, density),
     .def = "0.5",
     .min = 1e-6,
     .max = 1},
    {.name = "density_of",
     .help = "what density is a share of: the maskable weights, or the multiply-adds of all "
             "convolutions and linear layers (flops), of which small layers with large outputs "
             "have most",
     .type = COP_TYPE_CHOICE,
     .offset = offsetof(CopSparseOptions, density_of),
     .def = "weights",
     .choices = shares},
    {.name = "init",
     .help =
         "how that share is spread over the layers: the same for all but the first convolution, "
         "which stays dense (uniform); more for small layers, by channels (er) or by channels "
         "and kernel size (erk); or the masks of the file in model.weights, whose density "
         "counts (weights)",
     .type = COP_TYPE_CHOICE,
     .offset = offsetof(CopSparseOptions, init),
     .def = "erk",
     .choices = cop_density_init_names},
    {.name = "interval",
     .help = "optimiser steps between topology updates; 0: 1 % of all steps",
     .type = COP_TYPE_INT,
     .offset = offsetof(CopSparseOptions, interval),
     .def = "100",
     .min = 0,
     .max = 1000000000},
    {.name = "drop_fraction",
     .help = "share of a layer's active weights that the first update replaces",
     .type = COP_TYPE_DOUBLE,
     .offset = offsetof(CopSparseOptions, drop_fraction),
     .def = "0.5",
     .min = 0,
     .max = 1},
    {.name = "drop_decay",
     .help = "how drop_fraction falls to drop_min on the way to stop",
     .type = COP_TYPE_CHOICE,
     .offset = offsetof(CopSparseOptions, drop_decay),
     .def = "cosine",
     .choices = decays},
    {.name = "drop_min",
     .help = "drop fraction of the last update (constant decay ignores it); never above "
             "drop_fraction; 0 is RigL's",
     .type = COP_TYPE_DOUBLE,
     .offset = offsetof(CopSparseOptions, drop_min),
     .def = "0.005",
     .min = 0,
     .max = 1},
    {.name = "drop_round",
     .help = "how that share becomes whole weights: rounded down (floor), or up as in ITOP and "
             "GraNet (ceil)",
     .type = COP_TYPE_CHOICE,
     .offset = offsetof(CopSparseOptions, drop_round),
     .def = "floor",
     .choices = rounds},
    {.name = "stop",
     .help =
         "share of all steps after which the topology is fixed: 0.75 leaves the last quarter to "
         "train what grew last, as RigL does and short runs need; 1 never stops, as ITOP and "
         "most of its followers do",
     .type = COP_TYPE_DOUBLE,
     .offset = offsetof(CopSparseOptions, stop),
     .def = "0.75",
     .min = 0,
     .max = 1},
    {.name = "growth",
     .help = "what grows: positions drawn at random, or those of the largest gradient; auto is the "
             "method's own",
     .type = COP_TYPE_CHOICE,
     .offset = offsetof(CopSparseOptions, growth),
     .def = "auto",
     .choices = growths},
    {.name = "prune",
     .help = "what is dropped: the smallest magnitudes, or the smallest positive and the largest "
             "negative weights, as many of each sign as its share; auto is the method's own",
     .type = COP_TYPE_CHOICE,
     .offset = offsetof(CopSparseOptions, prune),
     .def = "auto",
     .choices = prunes},
    {.name = "regrow",
     .help = "whether a weight dropped in an update may grow again in it, with its value; forbid "
             "drops no more weights than there are inactive ones",
     .type = COP_TYPE_CHOICE,
     .offset = offsetof(CopSparseOptions, regrow),
     .def = "allow",
     .choices = regrows},
    {.name = "exclude",
     .help = "names of weights that stay dense; a trailing * matches any ending",
     .type = COP_TYPE_STRINGS,
     .offset = offsetof(CopSparseOptions, exclude),
     .def = ""},
    {.name = "mask_depthwise",
     .help = "whether depthwise convolutions are masked; auto: not under uniform densities",
     .type = COP_TYPE_CHOICE,
     .offset = offsetof(CopSparseOptions, mask_depthwise),
     .def = "auto",
     .choices = depthwise},
    {.name = "grow_init",
     .help = "value of a newly grown weight",
     .type = COP_TYPE_DOUBLE,
     .offset = offsetof(CopSparseOptions, grow_init),
     .def = "0",
     .min = -1,
     .max = 1},
    {.name = "init_scale",
     .help = "scale of the initial weights: as in the dense net (none), or divided by the square "
             "root of the layer's density, which keeps the variance of its outputs (layer), or of "
             "the density of each output's own weights (unit)",
     .type = COP_TYPE_CHOICE,
     .offset = offsetof(CopSparseOptions, init_scale),
     .def = "none",
     .choices = scales},
    {.name = "soft_bound",
     .help = "mest: share of a layer's weights that it may have beyond its density between "
             "updates (not in mode em)",
     .type = COP_TYPE_DOUBLE,
     .offset = offsetof(CopSparseOptions, soft_bound),
     .def = "0.1",
     .min = 0,
     .max = 10},
    {.name = "bound_decay",
     .help = "mest: the bound holds until the last update (constant), or halves at 9/16 of all "
             "steps and ends at 3/4 (steps)",
     .type = COP_TYPE_CHOICE,
     .offset = offsetof(CopSparseOptions, bound_decay),
     .def = "constant",
     .choices = bounds},
    {.name = "mest_mode",
     .help = "mest: prunes below the density and grows back (em), prunes to the density and grows "
             "to the soft bound (ems), or prunes below and grows to the bound (ems_drop)",
     .type = COP_TYPE_CHOICE,
     .offset = offsetof(CopSparseOptions, mest_mode),
     .def = "ems",
     .choices = modes},
    {.name = "mest_lambda",
     .help = "mest: weight of the gradient in the score |w| + lambda |gradient| that decides what "
             "is pruned",
     .type = COP_TYPE_DOUBLE,
     .offset = offsetof(CopSparseOptions, mest_lambda),
     .def = "0",
     .min = 0,
     .max = 1e6},
    {.name = "initial_density",
     .help = "granet, gradual: where density starts, never below density; 0: the method's own, "
             "0.8 and 1",
     .type = COP_TYPE_DOUBLE,
     .offset = offsetof(CopSparseOptions, initial_density),
     .def = "0",
     .min = 0,
     .max = 1},
    {.name = "final_step",
     .help = "granet, gradual, mest: share of all steps by which density is reached, and nothing "
             "moves any more in the latter two; never after stop; 0: the method's own, 0.5, "
             "0.75 and 0.75",
     .type = COP_TYPE_DOUBLE,
     .offset = offsetof(CopSparseOptions, final_step),
     .def = "0",
     .min = 0,
     .max = 1},
    COP_OPTIONS_END};
