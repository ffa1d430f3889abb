/* Times one whole net of ours, inference or training step, and prints a line of JSON.
 * bench_nets.py runs it by turns with PyTorch.
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#include <getopt.h>
#include <stdlib.h>
#include <string.h>

#include "models/archs/arch.h"
#include "models/core/rng.h"
#include "models/train/trainer.h"
#include "tests/bench/bench_clock.h"

enum { CLASSES = 400, MOST_STEPS = 1000 };

typedef struct Options {
    const char *arch, *init;
    bool training, recompute, list;
    int batch, threads, frames, side; /* frames, side: 0 for the architecture's own */
    double density, seconds;
} Options;

typedef struct Work {
    CopNet *net;
    CopSparse *sparse;
    CopSparseOptions sparse_options;
    CopPool *pool;
    CopTrainer trainer;
    float *clips;
    int *labels;
    uint32_t *ids;
} Work;

static CopStatus make_masks(const Options *o, Work *w, CopError *err)
{
    char density[32];
    snprintf(density, sizeof density, "%.9g", o->density);
    CopSparseOptions *s = &w->sparse_options;
    COP_TRY(cop_options_set(cop_sparse_options, s, "method", "static", err));
    COP_TRY(cop_options_set(cop_sparse_options, s, "density", density, err));
    COP_TRY(cop_options_set(cop_sparse_options, s, "init", o->init, err));
    CopParam *const *params;
    const int n = cop_net_params(w->net, &params);
    return cop_sparse_create(&w->sparse, s, params, n, 1, 1000000, err);
}

static CopStatus fill(const Options *o, Work *w)
{
    const CopShape in = cop_net_input_shape(w->net);
    const size_t clip = (size_t)in.c * (size_t)(in.t * in.h * in.w), n = (size_t)o->batch;
    w->clips = malloc(n * clip * sizeof *w->clips);
    w->labels = malloc(n * sizeof *w->labels);
    w->ids = malloc(n * sizeof *w->ids);
    if (!w->clips || !w->labels || !w->ids)
        return COP_ERR_NOMEM;
    for (size_t i = 0; i < n * clip; i++)
        w->clips[i] = (float)(int32_t)(cop_mix64(i) >> 32) * 0x1p-31f;
    for (size_t i = 0; i < n; i++) {
        w->labels[i] = (int)(i % CLASSES);
        w->ids[i] = (uint32_t)i;
    }
    return COP_OK;
}

static CopStatus set_up(const Options *o, Work *w, CopError *err)
{
    const CopArchDesc *arch = cop_arch_find(o->arch, err);
    if (!arch)
        return COP_ERR_CONFIG;
    CopShape in = arch->input;
    in.t = o->frames && in.t > 1 ? o->frames : in.t; /* nets of pictures have one */
    in.h = o->side ? o->side : in.h;
    in.w = o->side ? o->side : in.w;
    COP_TRY(cop_net_create(&w->net, o->arch, NULL, CLASSES, in, err));
    COP_TRY(cop_options_defaults(cop_sparse_options, &w->sparse_options, err));
    if (o->density < 1)
        COP_TRY(make_masks(o, w, err));
    const CopNetPlan plan = {.batch = o->batch,
                             .training = o->training,
                             .recompute = o->recompute,
                             .threads = o->threads,
                             .sparse = w->sparse,
                             .tile = o->batch == 1 && !o->training};
    COP_TRY(cop_net_plan(w->net, &plan, err));
    cop_net_init(w->net, 1, w->sparse);
    cop_net_set_n(w->net, o->batch);
    COP_TRY(cop_pool_create(&w->pool, o->threads));
    w->trainer = (CopTrainer){
        .net = w->net,
        .sparse = w->sparse,
        .pool = w->pool,
        .options = {.sgd = {.momentum = 0.9, .weight_decay = 1e-4},
                    .schedule = {.kind = COP_SCHEDULE_CONSTANT, .lr = 1e-3, .total_steps = 1000},
                    .seed = 1}};
    return fill(o, w);
}

/* From clips as a decoder leaves them to logits, or to new weights. */
static CopStatus step(const Options *o, Work *w, CopError *err)
{
    const CopTensor *x = cop_net_input(w->net);
    const CopShape in = cop_net_input_shape(w->net);
    const size_t clip = (size_t)in.c * (size_t)(in.t * in.h * in.w);
    for (int i = 0; i < o->batch; i++)
        cop_tensor_load_lane(x, i, w->clips + (size_t)i * clip);
    CopTrainStats stats;
    if (o->training)
        return cop_trainer_step(&w->trainer, w->labels, w->ids, &stats, err);
    cop_net_forward(w->net, &(CopStep){.pool = w->pool});
    return COP_OK;
}

static CopStatus time_steps(const Options *o, Work *w, CopError *err)
{
    COP_TRY(step(o, w, err));
    double cpu = bench_cpu();
    const double start = bench_wall();
    printf("{\"ms\": [");
    for (int i = 0; i < MOST_STEPS && (i == 0 || bench_wall() - start < o->seconds); i++) {
        const double begin = bench_wall();
        COP_TRY(step(o, w, err));
        printf("%s%.5g", i ? ", " : "", 1e3 * (bench_wall() - begin));
    }
    cpu = bench_cpu() - cpu;
    const double macs = cop_net_macs(w->net, NULL);
    printf("], \"load\": %.3f, \"peak_mib\": %.1f, \"gmacs\": %.4g, \"density\": %.4g, "
           "\"machine\": ",
           cpu / (bench_wall() - start), bench_peak_memory(), 1e-9 * macs,
           w->sparse ? cop_sparse_density(w->sparse) : 1);
    bench_machine_json(stdout);
    printf("}\n");
    return COP_OK;
}

static const char usage[] =
    "usage: bench_nets [--arch NAME] [--train] [--batch N] [--threads N] [--density D]\n"
    "                  [--init uniform|erk] [--frames N] [--side N] [--seconds S] [--recompute]\n"
    "       bench_nets --archs\n";

static bool parse(Options *o, int argc, char **argv)
{
    static const struct option table[] = {
        {"arch", required_argument, NULL, 'a'},    {"train", no_argument, NULL, 'T'},
        {"recompute", no_argument, NULL, 'r'},     {"batch", required_argument, NULL, 'b'},
        {"threads", required_argument, NULL, 't'}, {"density", required_argument, NULL, 'd'},
        {"init", required_argument, NULL, 'i'},    {"frames", required_argument, NULL, 'f'},
        {"side", required_argument, NULL, 's'},    {"seconds", required_argument, NULL, 'S'},
        {"archs", no_argument, NULL, 'l'},         {NULL, 0, NULL, 0}};
    for (int c; (c = getopt_long(argc, argv, "", table, NULL)) != -1;)
        switch (c) {
        case 'a':
            o->arch = optarg;
            break;
        case 'T':
            o->training = true;
            break;
        case 'r':
            o->recompute = true;
            break;
        case 'b':
            o->batch = atoi(optarg);
            break;
        case 't':
            o->threads = atoi(optarg);
            break;
        case 'd':
            o->density = strtod(optarg, NULL);
            break;
        case 'i':
            o->init = optarg;
            break;
        case 'f':
            o->frames = atoi(optarg);
            break;
        case 's':
            o->side = atoi(optarg);
            break;
        case 'S':
            o->seconds = strtod(optarg, NULL);
            break;
        case 'l':
            o->list = true;
            break;
        default:
            return false;
        }
    return o->batch >= 1 && o->threads >= 1 && o->density > 0 && o->density <= 1;
}

int main(int argc, char **argv)
{
    Options o = {.arch = "r3d_18", .init = "uniform", .batch = 1, .threads = 1, .density = 1};
    if (!parse(&o, argc, argv)) {
        fputs(usage, stderr);
        return 2;
    }
    for (int i = 0; o.list && cop_arch_registry[i]; i++)
        puts(cop_arch_registry[i]->name);
    if (o.list)
        return 0;
    Work w = {0};
    CopError err = {0};
    CopStatus status = set_up(&o, &w, &err);
    if (status == COP_OK)
        status = time_steps(&o, &w, &err);
    if (status != COP_OK)
        fprintf(stderr, "bench_nets: %s: %s\n", cop_status_name(status), err.text);
    cop_net_destroy(&w.net);
    cop_sparse_destroy(&w.sparse);
    cop_options_free(cop_sparse_options, &w.sparse_options);
    cop_pool_destroy(&w.pool);
    free(w.clips);
    free(w.labels);
    free(w.ids);
    return status == COP_OK ? 0 : 1;
}
