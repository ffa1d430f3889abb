/* Times the convolutions of video nets, dense and sparse, against oneDNN's dense ones.
 * Both sides keep their own layout and make their plans beforehand; rounds are
 * interleaved, so that a slow moment of the machine hits all contenders.
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#include <getopt.h>
#include <math.h>
#include <regex.h>
#include <stdlib.h>
#include <string.h>

#include "models/core/cpu.h"
#include "models/core/rng.h"
#include "tests/bench/bench_clock.h"
#include "tests/bench/bench_conv.h"
#include "tests/bench/bench_onednn.h"

/* Float sums in two orders: sqrt(terms) 2^-24 of the largest, with room. */
#define MOST_ERROR 1e-4

enum { LOAD = BENCH_PASSES, SERIES }; /* ours has a fourth series: taking over new weights */

static const char *const pass_names[] = {"forward", "data", "weight", "load"};

typedef struct Options {
    const char *net, *layer, *json;
    double density[BENCH_DENSITIES];
    int n_density, batch, threads, rounds;
    double slot; /* milliseconds that one contender has at least in a round */
    double (*clock)(void);
    unsigned passes;
    bool check_all;
    CopKernelTable kernels; /* of no rows: the built-in one */
} Options;

typedef struct Result {
    const BenchLayer *layer;
    bool supported;
    int n; /* densities */
    char kernel[BENCH_PASSES][64];
    double error[BENCH_PASSES];
    BenchSeries peer[BENCH_PASSES], ours[BENCH_DENSITIES][SERIES];
} Result;

/* Everything of the one layer that is resident. */
typedef struct Work {
    CopArena *arena;
    float *x, *dy, *weight, *expected;
    BenchConv conv;
    BenchPeer *peer;
} Work;

/* What one timed call works on. */
typedef struct Call {
    Work *work;
    int i, pass; /* density, pass */
} Call;

static void run_peer(void *ctx)
{
    const Call *c = ctx;
    bench_peer_run(c->work->peer, (BenchPass)c->pass);
}

static void run_ours(void *ctx)
{
    const Call *c = ctx;
    BenchConv *b = &c->work->conv;
    CopConv3d *conv = b->conv[c->i];
    switch (c->pass) {
    case BENCH_FORWARD:
        cop_conv3d_forward(conv, NULL, &b->x, &b->y, b->pool);
        break;
    case BENCH_DATA:
        cop_conv3d_backward_data(conv, &b->dy, &b->dx, false, b->pool);
        break;
    case BENCH_WEIGHT:
        cop_conv3d_backward_weight(conv, &b->x, &b->dy, b->pool);
        break;
    default:
        cop_conv3d_load(conv, NULL, b->pool);
    }
}

static bool wants(const Options *o, const BenchLayer *layer, int pass)
{
    return (o->passes >> pass & 1) && !(layer->stem && pass == BENCH_DATA);
}

/* Compares each pass of density i with oneDNN's on the same, masked, weights. */
static bool check(const Options *o, Result *r, Work *work, int i)
{
    bench_conv_masked(&work->conv, i, work->weight);
    if (!bench_peer_set_weight(work->peer, work->weight))
        return false;
    cop_conv3d_load(work->conv.conv[i], NULL, work->conv.pool);
    for (int pass = 0; pass < BENCH_PASSES; pass++) {
        if (!wants(o, r->layer, pass))
            continue;
        Call c = {work, i, pass};
        run_peer(&c);
        if (!bench_peer_result(work->peer, (BenchPass)pass, work->expected))
            return false;
        run_ours(&c);
        const double error = bench_conv_error(&work->conv, i, (BenchPass)pass, work->expected);
        r->error[pass] = fmax(r->error[pass], error);
        if (!(error <= MOST_ERROR)) {
            fprintf(stderr, "%s, %s, density %g: results differ by %.3g of the largest\n",
                    r->layer->name, pass_names[pass], o->density[i], error);
            return false;
        }
    }
    return true;
}

static void time_round(const Options *o, Result *r, Work *work)
{
    for (int pass = 0; pass < BENCH_PASSES; pass++) {
        if (!wants(o, r->layer, pass))
            continue;
        bench_round(&r->peer[pass], o->slot, o->clock, run_peer, &(Call){work, 0, pass});
        for (int i = 0; i < r->n; i++) {
            if (pass == BENCH_FORWARD)
                bench_round(&r->ours[i][LOAD], o->slot / 4, o->clock, run_ours,
                            &(Call){work, i, LOAD});
            bench_round(&r->ours[i][pass], o->slot, o->clock, run_ours, &(Call){work, i, pass});
        }
    }
}

static float *random_floats(size_t n, uint64_t seed)
{
    float *array = malloc(n * sizeof *array);
    for (size_t i = 0; array && i < n; i++)
        array[i] = (float)(int32_t)(cop_mix64(seed << 40 | i) >> 32) * 0x1p-31f;
    return array;
}

static size_t most(size_t a, size_t b)
{
    return a > b ? a : b;
}

static CopStatus set_up(const Options *o, CopPool *pool, Result *r, Work *work)
{
    const BenchLayer *layer = r->layer;
    const BenchSize size = bench_conv_size(layer);
    const size_t n = (size_t)o->batch;
    work->x = random_floats(n * size.x, 1);
    work->dy = random_floats(n * size.y, 2);
    work->weight = random_floats(size.weight, 3);
    work->expected = malloc(most(n * most(size.x, size.y), size.weight) * sizeof *work->expected);
    if (!work->x || !work->dy || !work->weight || !work->expected)
        return COP_ERR_NOMEM;
    COP_TRY(cop_arena_create(&work->arena, 0));
    COP_TRY(bench_conv_create(&work->conv, work->arena, layer, o->batch, pool,
                              layer->stem ? (double[]){1} : o->density, r->n, work->x, work->dy,
                              work->weight, &o->kernels));
    unsigned passes = 0;
    for (int pass = 0; pass < BENCH_PASSES; pass++)
        passes |= (unsigned)wants(o, layer, pass) << pass;
    work->peer = bench_peer_create(work->arena, layer, o->batch, o->threads, passes, work->x,
                                   work->dy, work->weight);
    return work->peer ? COP_OK : COP_ERR_NOMEM;
}

static void tear_down(Work *work)
{
    bench_peer_destroy(&work->peer);
    cop_arena_destroy(&work->arena);
    free(work->x);
    free(work->dy);
    free(work->weight);
    free(work->expected);
}

/* Checks and times one layer. False, after a message, when it fails. */
static bool time_layer(const Options *o, CopPool *pool, Result *r)
{
    Work work = {0};
    r->n = r->layer->stem ? 1 : o->n_density;
    const CopStatus status = set_up(o, pool, r, &work);
    bool done = r->supported = status == COP_OK;
    for (int i = 0; done && i < (o->check_all ? r->n : 1); i++)
        done = check(o, r, &work, i);
    for (int pass = 0; done && pass < BENCH_PASSES; pass++)
        if (wants(o, r->layer, pass))
            snprintf(r->kernel[pass], sizeof r->kernel[pass], "%s",
                     bench_peer_kernel(work.peer, (BenchPass)pass));
    for (int round = 0; done && round < o->rounds; round++)
        time_round(o, r, &work);
    tear_down(&work);
    if (status == COP_ERR_SHAPE || status == COP_ERR_UNSUPPORTED)
        return true;
    if (status != COP_OK)
        fprintf(stderr, "%s: %s\n", r->layer->name, cop_status_name(status));
    return done;
}

static double density_of(const Options *o, const Result *r, int i)
{
    return r->layer->stem ? 1 : o->density[i];
}

/* Marks a lone thread that was not alone, or not given the processor. */
static void print_row(const Options *o, const char *pass, const char *who, const BenchSeries *s)
{
    const bool odd = o->threads == 1 && o->clock == bench_wall && fabs(bench_load(s) - 1) > 0.05;
    printf("  %-8s %-7s %9.3f %9.3f %4.0f%% %5.2f%c", pass, who, bench_min(s), bench_median(s),
           100 * bench_spread(s), bench_load(s), odd ? '!' : ' ');
}

static void print_result(const Options *o, const Result *r)
{
    const BenchLayer *l = r->layer;
    const CopConvShape *s = &l->s;
    printf("%s", l->name);
    if (l->count > 1)
        printf(" and %d more", l->count - 1);
    printf(": %d->%d, %dx%dx%d, stride %dx%dx%d, on %dx%dx%d", s->ic, s->oc, s->kt, s->kh, s->kw,
           s->st, s->sh, s->sw, l->t, l->h, l->w);
    if (s->groups > 1)
        printf(", %d groups", s->groups);
    printf("%s\n", r->supported ? "" : ": not supported");
    for (int pass = 0; r->supported && pass < BENCH_PASSES; pass++) {
        if (!wants(o, l, pass))
            continue;
        const BenchSeries *peer = &r->peer[pass];
        print_row(o, pass_names[pass], "oneDNN", peer);
        printf("  %s, error %.1e\n", r->kernel[pass], r->error[pass]);
        for (int i = 0; i < r->n; i++) {
            const BenchSeries *ours = &r->ours[i][pass];
            char density[16];
            snprintf(density, sizeof density, "%g", density_of(o, r, i));
            print_row(o, "", density, ours);
            printf("  %.2f (%.2f)\n", bench_median(peer) / bench_median(ours),
                   bench_min(peer) / bench_min(ours));
        }
    }
    fflush(stdout);
}

/* A whole net at one density, its stem dense. */
typedef struct Sum {
    double peer[BENCH_PASSES], ours[SERIES]; /* milliseconds, medians times counts */
    double ratio[BENCH_PASSES];              /* geometric means over the layers but the stem */
    int missing;                             /* layers not supported */
} Sum;

static Sum sum_up(const Options *o, const Result *result, int n, int density)
{
    Sum sum = {0};
    double weight = 0;
    for (int k = 0; k < n; k++) {
        const Result *r = &result[k];
        const int i = r->layer->stem ? 0 : density, count = r->layer->count;
        if (!r->supported) {
            sum.missing += count;
            continue;
        }
        weight += r->layer->stem ? 0 : count;
        for (int pass = 0; pass < BENCH_PASSES; pass++) {
            if (!wants(o, r->layer, pass))
                continue;
            const double peer = bench_median(&r->peer[pass]),
                         ours = bench_median(&r->ours[i][pass]);
            sum.peer[pass] += count * peer;
            sum.ours[pass] += count * ours;
            if (!r->layer->stem)
                sum.ratio[pass] += count * log(peer / ours);
        }
        if (wants(o, r->layer, BENCH_FORWARD))
            sum.ours[LOAD] += count * bench_median(&r->ours[i][LOAD]);
    }
    for (int pass = 0; pass < BENCH_PASSES; pass++)
        sum.ratio[pass] = exp(sum.ratio[pass] / weight);
    return sum;
}

static double total(const double *ms, int n)
{
    double all = 0;
    for (int i = 0; i < n; i++)
        all += ms[i];
    return all;
}

static void print_sums(const Options *o, const char *net, const Result *result, int n)
{
    printf("%s, all layers: ms (medians times counts), ratio of the sums, geometric mean of the "
           "ratios of single layers but the stem\n",
           net);
    for (int i = 0; i < o->n_density; i++) {
        const Sum sum = sum_up(o, result, n, i);
        for (int pass = 0; pass < BENCH_PASSES; pass++)
            if (o->passes >> pass & 1)
                printf("  %-5g %-8s oneDNN %9.1f  ours %9.1f  %6.2f %6.2f\n", o->density[i],
                       pass_names[pass], sum.peer[pass], sum.ours[pass],
                       sum.peer[pass] / sum.ours[pass], sum.ratio[pass]);
        if (o->passes == (1u << BENCH_PASSES) - 1)
            printf("  %-5g %-8s oneDNN %9.1f  ours %9.1f  %6.2f        (load %.1f ms)\n",
                   o->density[i], "step", total(sum.peer, BENCH_PASSES), total(sum.ours, SERIES),
                   total(sum.peer, BENCH_PASSES) / total(sum.ours, SERIES), sum.ours[LOAD]);
        if (sum.missing)
            printf("  not supported, and not in these sums: %d layers\n", sum.missing);
    }
    printf("\n");
    fflush(stdout);
}

static void write_result(FILE *out, const Options *o, const Result *r)
{
    const BenchLayer *l = r->layer;
    const CopConvShape *s = &l->s;
    fprintf(out,
            "{\"name\": \"%s\", \"count\": %d, \"stem\": %s, \"channels\": [%d, %d], "
            "\"kernel\": [%d, %d, %d], \"stride\": [%d, %d, %d], \"padding\": [%d, %d, %d], "
            "\"groups\": %d, \"input\": [%d, %d, %d], \"supported\": %s, \"passes\": [",
            l->name, l->count, l->stem ? "true" : "false", s->ic, s->oc, s->kt, s->kh, s->kw, s->st,
            s->sh, s->sw, s->pt, s->ph, s->pw, s->groups, l->t, l->h, l->w,
            r->supported ? "true" : "false");
    const char *comma = "";
    for (int pass = 0; r->supported && pass < BENCH_PASSES; pass++) {
        if (!wants(o, l, pass))
            continue;
        fprintf(out,
                "%s\n  {\"pass\": \"%s\", \"error\": %.2e, \"kernel\": \"%s\", \"onednn\": ", comma,
                pass_names[pass], r->error[pass], r->kernel[pass]);
        bench_series_json(out, &r->peer[pass]);
        fprintf(out, ", \"ours\": [");
        for (int i = 0; i < r->n; i++) {
            fprintf(out, "%s\n    {\"density\": %g, \"time\": ", i ? "," : "", density_of(o, r, i));
            bench_series_json(out, &r->ours[i][pass]);
            if (pass == BENCH_FORWARD) {
                fprintf(out, ", \"load\": ");
                bench_series_json(out, &r->ours[i][LOAD]);
            }
            fprintf(out, "}");
        }
        fprintf(out, "]}");
        comma = ",";
    }
    fprintf(out, "]}");
}

static bool parse_int(const char *text, int least, int greatest, int *value)
{
    char *end;
    const long number = strtol(text, &end, 10);
    *value = (int)number;
    return end != text && !*end && number >= least && number <= greatest;
}

/* A number is an index, all else a pattern. */
static bool matches(const Options *o, const regex_t *pattern, const BenchLayer *layer, int index)
{
    int number;
    if (!o->layer)
        return true;
    if (parse_int(o->layer, 0, BENCH_LAYERS, &number))
        return number == index;
    return regexec(pattern, layer->name, 0, NULL, 0) == 0;
}

static bool time_net(const Options *o, CopPool *pool, const char *name, FILE *json, bool first)
{
    BenchNet net;
    Result *result = calloc(BENCH_LAYERS, sizeof *result);
    regex_t pattern;
    if (!result || !bench_net_layers(&net, name) ||
        regcomp(&pattern, o->layer ? o->layer : ".", REG_EXTENDED | REG_NOSUB) != 0) {
        free(result);
        return false;
    }
    if (json)
        fprintf(json, "%s{\"net\": \"%s\", \"layers\": [", first ? "" : ",\n", name);
    printf("%s\n", name);
    bool done = true;
    int n = 0;
    for (int i = 0; done && i < net.n; i++) {
        if (!matches(o, &pattern, &net.layer[i], i))
            continue;
        Result *r = &result[n];
        r->layer = &net.layer[i];
        done = time_layer(o, pool, r);
        if (!done)
            break;
        print_result(o, r);
        if (json) {
            fprintf(json, "%s\n", n ? "," : "");
            write_result(json, o, r);
        }
        n++;
    }
    if (done && n)
        print_sums(o, name, result, n);
    if (json)
        fprintf(json, "]}");
    regfree(&pattern);
    free(result);
    return done;
}

static bool time_nets(const Options *o, CopPool *pool, FILE *json)
{
    char version[32], processor[80];
    bench_peer_version(version, sizeof version);
    bench_processor(processor, sizeof processor);
    printf("%s, tier %s, oneDNN %s; %d clips, %d threads, %d rounds\n"
           "columns: pass, density or oneDNN, minimum and median of the rounds in ms of %s time a "
           "call, interquartile range, processor by wall time, ratio of medians (of minima)\n\n",
           processor, cop_tier_name(cop_tier()), version, o->batch, o->threads, o->rounds,
           o->clock == bench_cpu ? "processor" : "wall");
    if (json) {
        fprintf(json, "{\"machine\": ");
        bench_machine_json(json);
        fprintf(json,
                ", \"onednn\": \"%s\", \"batch\": %d, \"threads\": %d, \"rounds\": %d, "
                "\"clock\": \"%s\", \"nets\": [\n",
                version, o->batch, o->threads, o->rounds, o->clock == bench_cpu ? "cpu" : "wall");
    }
    bool done = true, first = true;
    for (int i = 0; done && bench_net_names[i]; i++)
        if (strcmp(o->net, "all") == 0 || strcmp(o->net, bench_net_names[i]) == 0) {
            done = time_net(o, pool, bench_net_names[i], json, first);
            first = false;
        }
    if (json)
        fprintf(json, "]}\n");
    return done;
}

static bool parse_list(Options *o, char *text, bool passes)
{
    if (passes)
        o->passes = 0;
    else
        o->n_density = 0;
    char *rest = NULL;
    for (char *word = strtok_r(text, ", ", &rest); word; word = strtok_r(NULL, ", ", &rest)) {
        if (passes) {
            int i = 0;
            while (i < BENCH_PASSES && strcmp(word, pass_names[i]) != 0)
                i++;
            if (i == BENCH_PASSES)
                return false;
            o->passes |= 1u << i;
            continue;
        }
        char *end;
        const double density = strtod(word, &end);
        if (*end || !(density > 0 && density <= 1) || o->n_density == BENCH_DENSITIES)
            return false;
        o->density[o->n_density++] = density;
    }
    return passes ? o->passes != 0 : o->n_density > 0;
}

static bool known_net(const char *name)
{
    int i = 0;
    while (bench_net_names[i] && strcmp(name, bench_net_names[i]) != 0)
        i++;
    return bench_net_names[i] || strcmp(name, "all") == 0;
}

static const char usage[] =
    "usage: bench_layers [options]\n"
    "  --net NAME        r3d_18 (default), r2plus1d_18, vgg16, x3d or all\n"
    "  --layer REGEX     layers whose name matches, or the one of this index\n"
    "  --density LIST    default 1,0.9,0.7,0.5,0.3,0.1; the stem is always dense\n"
    "  --pass LIST       forward, data (gradient of the input), weight; default all\n"
    "  --batch N         clips, default 16\n"
    "  --threads N       default 1\n"
    "  --rounds N        default 9\n"
    "  --slot MS         a contender's least time in a round, default 30\n"
    "  --cpu-time        on a machine that others use: processor time, with one thread\n"
    "  --quick           densities 1, 0.5 and 0.1\n"
    "  --check-all       compare results at each density, not at the first alone\n"
    "  --kernels FILE    table of kernels, as coppice profile --tune writes it\n"
    "  --json FILE       write every sample\n";

/* 0: go on; otherwise the exit status plus 1. */
static int parse(Options *o, int argc, char **argv)
{
    static const struct option table[] = {{"net", required_argument, NULL, 'n'},
                                          {"layer", required_argument, NULL, 'l'},
                                          {"density", required_argument, NULL, 'd'},
                                          {"pass", required_argument, NULL, 'p'},
                                          {"batch", required_argument, NULL, 'b'},
                                          {"threads", required_argument, NULL, 't'},
                                          {"rounds", required_argument, NULL, 'r'},
                                          {"slot", required_argument, NULL, 's'},
                                          {"quick", no_argument, NULL, 'q'},
                                          {"check-all", no_argument, NULL, 'c'},
                                          {"cpu-time", no_argument, NULL, 'u'},
                                          {"json", required_argument, NULL, 'j'},
                                          {"kernels", required_argument, NULL, 'k'},
                                          {"help", no_argument, NULL, 'h'},
                                          {NULL, 0, NULL, 0}};
    for (int c; (c = getopt_long(argc, argv, "", table, NULL)) != -1;) {
        bool good = true;
        int slot;
        CopError err;
        switch (c) {
        case 'n':
            o->net = optarg;
            good = known_net(optarg);
            break;
        case 'l':
            o->layer = optarg;
            break;
        case 'd':
        case 'p':
            good = parse_list(o, optarg, c == 'p');
            break;
        case 'b':
            good = parse_int(optarg, 1, 1024, &o->batch);
            break;
        case 't':
            good = parse_int(optarg, 1, 256, &o->threads);
            break;
        case 'r':
            good = parse_int(optarg, 1, BENCH_ROUNDS, &o->rounds);
            break;
        case 's':
            good = parse_int(optarg, 0, 100000, &slot);
            o->slot = slot;
            break;
        case 'q':
            o->n_density = 3;
            o->density[1] = 0.5;
            o->density[2] = 0.1;
            break;
        case 'c':
            o->check_all = true;
            break;
        case 'u':
            o->clock = bench_cpu;
            break;
        case 'k':
            if (cop_kernel_table_read(&o->kernels, optarg, &err) != COP_OK) {
                fprintf(stderr, "bench_layers: %s\n", err.text);
                return 3;
            }
            break;
        case 'j':
            o->json = optarg;
            break;
        default:
            fputs(usage, c == 'h' ? stdout : stderr);
            return c == 'h' ? 1 : 3;
        }
        if (!good) {
            fprintf(stderr, "bench_layers: \"%s\" is out of place\n%s", optarg, usage);
            return 3;
        }
    }
    if (o->clock == bench_cpu && o->threads > 1) {
        fprintf(stderr, "bench_layers: --cpu-time is for one thread\n");
        return 3;
    }
    return 0;
}

int main(int argc, char **argv)
{
    Options o = {.net = "r3d_18",
                 .density = {1, 0.9, 0.7, 0.5, 0.3, 0.1},
                 .n_density = 6,
                 .batch = 16,
                 .threads = 1,
                 .rounds = 9,
                 .slot = 30,
                 .clock = bench_wall,
                 .passes = (1u << BENCH_PASSES) - 1};
    const int exit_status = parse(&o, argc, argv);
    if (exit_status)
        return exit_status - 1;
    FILE *json = o.json ? fopen(o.json, "w") : NULL;
    if (o.json && !json) {
        perror(o.json);
        return 2;
    }
    CopPool *pool;
    bool done = cop_pool_create(&pool, o.threads) == COP_OK;
    done = done && time_nets(&o, pool, json);
    cop_pool_destroy(&pool);
    if (json && fclose(json) != 0)
        done = false;
    return done ? 0 : 1;
}
