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
static const char *const scales[] = {
    [COP_INIT_SCALE_NONE] = "none", [COP_INIT_SCALE_LAYER] = "layer", NULL};

const CopOption cop_sparse_options[] = {
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
     .help = "optimiser steps between topology updates; best 0.5 to 1 % of all steps",
     .type = COP_TYPE_INT,
     .offset = offsetof(CopSparseOptions, interval),
     .def = "100",
     .min = 1,
     .max = 1000000000},
    {.name = "drop_fraction",
     .help = "share of a layer's active weights that the first update replaces, rounded down to "
             "whole weights",
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
    {.name = "grow_init",
     .help = "value of a newly grown weight",
     .type = COP_TYPE_DOUBLE,
     .offset = offsetof(CopSparseOptions, grow_init),
     .def = "0",
     .min = -1,
     .max = 1},
    {.name = "init_scale",
     .help = "scale of the initial weights: as in the dense net (none), or divided by the square "
             "root of the layer's density, which keeps the variance of its outputs (layer)",
     .type = COP_TYPE_CHOICE,
     .offset = offsetof(CopSparseOptions, init_scale),
     .def = "none",
     .choices = scales},
    COP_OPTIONS_END};
