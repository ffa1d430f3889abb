/* Every key of a configuration file: its help, type, default and bounds. The
 * defaults fit a small net on a small data set.
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#include "models/train/optimizer.h"
#include "pipeline/config/config_private.h"
#include "pipeline/config/prep_presets.h"

static const char *const crops[] = {"centre", "random", NULL};
static const char *const heads[] = {"keep", "reset", NULL};
static const char *const stages[] = {"native", "input", NULL};
static const char *const aggregates[] = {"prob", "score", "max", NULL};

#define ROW(key, kind, default_, low, high, text)                                                  \
    {                                                                                              \
        .name = #key, .help = text, .type = COP_TYPE_##kind, .offset = offsetof(OBJECT, key),      \
        .def = default_, .min = low, .max = high                                                   \
    }
#define ROW_CHOICE(key, default_, names, text)                                                     \
    {                                                                                              \
        .name = #key, .help = text, .type = COP_TYPE_CHOICE, .offset = offsetof(OBJECT, key),      \
        .def = default_, .choices = names                                                          \
    }
#define ROW_FLAGS(key, kind, default_, low, high, text, bits)                                      \
    {                                                                                              \
        .name = #key, .help = text, .type = COP_TYPE_##kind, .offset = offsetof(OBJECT, key),      \
        .def = default_, .min = low, .max = high, .flags = bits                                    \
    }
#define ROW_QUIET(key, kind, default_, low, high, text)                                            \
    ROW_FLAGS(key, kind, default_, low, high, text, COP_OPTION_NO_EFFECT)
#define ROW_LATER(key, kind, default_, low, high, text)                                            \
    ROW_FLAGS(key, kind, default_, low, high, text, COP_OPTION_LATER)

#define OBJECT CopRunOptions
static const CopOption run_options[] = {
    ROW(seed, U64, "1", 0, 0, "seed of weights, masks, order and sampling"),
    ROW_QUIET(out, STRING, "run", 0, 0, "folder for what a run leaves"),
    ROW_QUIET(threads, INT, "0", 0, 1024, "worker threads; 0: all processors"),
    COP_OPTIONS_END,
};
#undef OBJECT

#define OBJECT CopClipOptions
static const CopOption clip_options[] = {
    ROW(frames, INT, "8", 1, 1024, "frames a clip"),
    ROW(stride, INT, "2", 1, 1024, "source frames from one sampled frame to the next"),
    {.name = "sampler",
     .help = "which frames make a clip; uniform and random: spread evenly at test time",
     .type = COP_TYPE_CHOICE,
     .offset = offsetof(OBJECT, sampler),
     .def = "random",
     .choices = cop_sampler_names},
    ROW(clips, INT, "1", 1, 1000, "clips a video at test time"),
    ROW(crops, INT, "1", 1, 16, "crops a clip at test time, along the longer side"),
    ROW(fps, DOUBLE, "0", 0, 1000, "frames a second that clips are counted in; 0: the video's"),
    ROW_CHOICE(policy, "loop", cop_edge_names, "what follows the end of a short video"),
    COP_OPTIONS_END,
};
#undef OBJECT

#define OBJECT CopPrepOptions
static const CopOption prep_options[] = {
    {.name = "preset",
     .help = "sets the others before they are read",
     .type = COP_TYPE_CHOICE,
     .offset = offsetof(OBJECT, preset),
     .def = "none",
     .choices = cop_prep_preset_names,
     .flags = COP_OPTION_NO_EFFECT}, /* the others hold it */
    ROW(resize, INTS, "56, 56", 1, 16384, "height and width, or the short side alone"),
    ROW(crop, INT, "0", 0, 16384, "side of the square crop; 0: none"),
    ROW(mean, DOUBLES, "0.43216, 0.394666, 0.37645", -10, 10, "subtracted from R, G, B in 0..1"),
    ROW(std, DOUBLES, "0.22803, 0.22145, 0.216989", 1e-6, 100, "divisor of R, G, B after that"),
    COP_OPTIONS_END,
};
#undef OBJECT

#define OBJECT CopModelOptions
static const CopOption model_options[] = {
    ROW(arch, STRING, "r3d_tiny", 0, 0, "architecture"),
    ROW(options, STRING, "", 0, 0, "the architecture's own options: \"width=16, blocks=1\""),
    ROW(weights, STRING, "", 0, 0, "safetensors file to start from"),
    ROW_CHOICE(head, "keep", heads, "the last layer: from that file, or drawn anew"),
    ROW(freeze, STRINGS, "", 0, 0, "layers left as they are: \"stem\", \"layer1\""),
    ROW(kernels, STRING, "", 0, 0, "table of profile --tune; empty: the built-in one"),
    ROW_QUIET(name, STRING, "", 0, 0, "name in reports; empty: method and density"),
    COP_OPTIONS_END,
};
#undef OBJECT

#define OBJECT CopTrainOptions
static const CopOption train_options[] = {
    ROW(epochs, INT, "20", 1, 100000, "passes over the training clips"),
    ROW(batch, INT, "16", 1, 65536, "clips that go through the net together"),
    ROW(accum, INT, "1", 1, 65536, "batches an optimiser step"),
    ROW(shuffle, BOOL, "true", 0, 0, "another order of the clips each epoch; false: the list's"),
    ROW_LATER(drop_last, BOOL, "false", 0, 0,
              "leave out an epoch's last batch where it is not full"),
    ROW_CHOICE(optimizer, "sgd", cop_optimizer_names, "sgd, or Adam with decoupled weight decay"),
    ROW(lr, DOUBLE, "0.05", 0, 1000, "base learning rate"),
    ROW(momentum, DOUBLE, "0.9", 0, 1, "of stochastic gradient descent"),
    ROW(nesterov, BOOL, "false", 0, 0, "Nesterov's form of momentum"),
    ROW(betas, DOUBLES, "0.9, 0.999", 0, 0.999999999, "adamw: how slowly both moments change"),
    ROW(eps, DOUBLE, "1e-08", 0, 1, "adamw: added to the root of the second moment"),
    ROW(weight_decay, DOUBLE, "0.0005", 0, 10, "of weights: L2 penalty (sgd), or decay (adamw)"),
    ROW_CHOICE(schedule, "cosine", cop_schedule_names, "course of the learning rate"),
    ROW(milestones, DOUBLES, "0.5, 0.75", 0, 1, "multistep: shares of all steps"),
    ROW(gamma, DOUBLE, "0.1", 0, 1, "multistep: factor at each milestone"),
    ROW(warmup, DOUBLE, "0.05", 0, 1, "share of all steps that the rate rises over"),
    ROW(label_smoothing, DOUBLE, "0", 0, 0.99, "share of the target spread over all classes"),
    ROW(clip_grad, DOUBLE, "0", 0, 1e30, "largest norm of a step's gradient; 0: any"),
    ROW_QUIET(recompute, BOOL, "true", 0, 0, "make activations again in backward: less memory"),
    ROW_QUIET(checkpoint_every, INT, "1", 0, 100000, "epochs between checkpoints; 0: at the end"),
    ROW_QUIET(checkpoint_minutes, DOUBLE, "30", 0, 1e6, "at most so long without one; 0: any time"),
    COP_OPTIONS_END,
};
#undef OBJECT

#define OBJECT CopAugmentOptions
static const CopOption augment_options[] = {
    ROW(hflip, DOUBLE, "0", 0, 1, "probability of mirroring left and right"),
    ROW_CHOICE(crop, "centre", crops, "where the crop lies in training"),
    ROW_LATER(pad, INT, "0", 0, 1024,
              "black pixels around the picture that random crops may take in"),
    ROW(mixup, DOUBLE, "0", 0, 1000, "alpha of the Beta distribution of its shares; 0: none"),
    ROW(corruptions, STRINGS, "all", 0, 0, "to train on: names, families, or all"),
    ROW(severities, DOUBLES, "1, 2, 3", 0, 5, "of which each corrupted clip has one"),
    ROW(corrupt_probability, DOUBLE, "0", 0, 1, "share of clips that are corrupted"),
    COP_OPTIONS_END,
};
#undef OBJECT

/* Which cells a grid has moves no prediction of a cell. */
#define OBJECT CopCorruptOptions
static const CopOption corrupt_options[] = {
    ROW(preset, STRING, "", 0, 0, "severity table; empty: each corruption's first"),
    ROW_QUIET(corruptions, STRINGS, "all", 0, 0, "names, families, or all"),
    ROW_QUIET(severities, DOUBLES, "1, 2, 3, 4, 5", 0, 5, "of every corruption"),
    ROW_CHOICE(stage, "native", stages, "source frames, or the net's resized ones"),
    ROW_CHOICE(temporal, "auto", cop_temporal_names, "how what is drawn runs from frame to frame"),
    ROW(seed, U64, "1", 0, 0, "of everything random in corruptions"),
    ROW(params, STRINGS, "", 0, 0, "overrides: \"h264_crf:gop=16\""),
    COP_OPTIONS_END,
};
#undef OBJECT

#define OBJECT CopEvalOptions
static const CopOption eval_options[] = {
    ROW_CHOICE(aggregate, "prob", aggregates, "how the views of a video become one answer"),
    ROW_QUIET(save_views, BOOL, "false", 0, 0, "also keep the answer to each view"),
    COP_OPTIONS_END,
};
#undef OBJECT

const char *const cop_sweep_controls[] = {"parameters", "flops", NULL};

#define OBJECT CopSweepOptions
static const CopOption sweep_options[] = {
    ROW(methods, STRINGS, "dense, static, set, rigl", 0, 0,
        "sparse-training methods; mest and granet also as mest_r (growth at random) and mest_g (by "
        "gradients)"),
    ROW(densities, DOUBLES, "0.2", 0.0001, 1, "of every method but dense"),
    ROW(seeds, INTS, "1", 0, 2147483647, "one model each"),
    {.name = "controls",
     .help =
         "dense nets beside the sparse ones, for each density, with as many parameters or FLOPs "
         "by a smaller width; each width once",
     .type = COP_TYPE_STRINGS,
     .offset = offsetof(CopSweepOptions, controls),
     .def = "",
     .choices = cop_sweep_controls},
    ROW_QUIET(workers, INT, "1", 1, 1024,
              "processes that train side by side and share the threads"),
    COP_OPTIONS_END,
};
#undef OBJECT

const CopConfigBlock cop_config_blocks[] = {
    {"run", "what holds for the whole run", run_options, offsetof(CopConfig, run), false},
    {"data", "the data set", cop_data_options, offsetof(CopConfig, data), true},
    {"clip", "frames of a video that make a clip", clip_options, offsetof(CopConfig, clip), true},
    {"prep", "from pictures to the net's input", prep_options, offsetof(CopConfig, prep), true},
    {"model", "the net", model_options, offsetof(CopConfig, model), false},
    {"train", "optimiser and its schedule", train_options, offsetof(CopConfig, train), false},
    {"sparse", "sparse training", cop_sparse_options, offsetof(CopConfig, sparse), false},
    {"augment", "random changes in training", augment_options, offsetof(CopConfig, augment), false},
    {"corrupt", "the corruption grid", corrupt_options, offsetof(CopConfig, corrupt), true},
    {"eval", "testing", eval_options, offsetof(CopConfig, eval), true},
    {"sweep", "which models a sweep trains", sweep_options, offsetof(CopConfig, sweep), false},
    {0},
};
