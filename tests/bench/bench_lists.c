/* What lists of weights cost: to build them anew behind a change of the mask, both directions, and
 * to fill those of the forward pass with new values, on the plain layers of R3D-18.
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#include <getopt.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "models/core/cpu.h"
#include "tests/bench/bench_clock.h"
#include "tests/bench/bench_conv.h"

enum { DENSITIES = 4 };
static const double densities[DENSITIES] = {0.9, 0.5, 0.2, 0.1};

static const char usage[] = "usage: bench_lists [--rounds N] [--cpu-time] [--json FILE]\n";

typedef struct Options {
    int rounds;
    double (*clock)(void);
    FILE *json;
} Options;

typedef struct Call {
    BenchConv *conv;
    int i; /* density */
} Call;

static void fill(void *ctx)
{
    const Call *c = ctx;
    cop_conv3d_load(c->conv->conv[c->i], NULL, c->conv->pool);
}

static void build(void *ctx)
{
    const Call *c = ctx;
    c->conv->param[c->i].generation++;
    fill(ctx);
}

static void time_layer(const Options *o, const BenchLayer *layer, BenchConv *conv, bool first)
{
    BenchSeries series[DENSITIES][2] = {0};
    for (int round = 0; round < o->rounds; round++)
        for (int i = 0; i < DENSITIES; i++) {
            bench_round(&series[i][0], 5, o->clock, build, &(Call){conv, i});
            bench_round(&series[i][1], 5, o->clock, fill, &(Call){conv, i});
        }
    printf("%d->%d on %d columns\n", layer->s.ic, layer->s.oc, layer->w);
    for (int i = 0; i < DENSITIES; i++) {
        const BenchSeries *anew = &series[i][0], *values = &series[i][1];
        printf("  %-5g%11.3f%10.3f%11.3f%10.3f\n", densities[i], bench_min(anew),
               bench_median(anew), bench_min(values), bench_median(values));
        if (!o->json)
            continue;
        fprintf(o->json,
                "%s {\"channels\": %d, \"density\": %g, \"built\": ", first && i == 0 ? "" : ",\n",
                layer->s.ic, densities[i]);
        bench_series_json(o->json, anew);
        fprintf(o->json, ", \"filled\": ");
        bench_series_json(o->json, values);
        fputc('}', o->json);
    }
}

static CopStatus set_up(BenchConv *conv, CopArena *arena, const BenchLayer *layer, CopPool *pool)
{
    const BenchSize size = bench_conv_size(layer);
    const float *zeros = cop_arena_alloc(arena, size.x + size.y + size.weight, sizeof *zeros);
    return zeros ? bench_conv_create(conv, arena, layer, 1, pool, densities, DENSITIES, zeros,
                                     zeros, zeros, NULL)
                 : COP_ERR_NOMEM;
}

static bool time_layers(const Options *o, CopPool *pool)
{
    static BenchNet net;
    bool done = bench_net_layers(&net, "r3d_18"), first = true;
    for (int i = 0; done && i < net.n; i++) {
        const BenchLayer *layer = &net.layer[i];
        if (layer->s.ic != layer->s.oc)
            continue;
        CopArena *arena;
        BenchConv conv;
        done = cop_arena_create(&arena, 0) == COP_OK && set_up(&conv, arena, layer, pool) == COP_OK;
        if (done)
            time_layer(o, layer, &conv, first);
        cop_arena_destroy(&arena);
        first = false;
    }
    return done;
}

int main(int argc, char **argv)
{
    static const struct option table[] = {{"rounds", required_argument, NULL, 'r'},
                                          {"cpu-time", no_argument, NULL, 'u'},
                                          {"json", required_argument, NULL, 'j'},
                                          {"help", no_argument, NULL, 'h'},
                                          {NULL, 0, NULL, 0}};
    Options o = {.rounds = 9, .clock = bench_wall};
    const char *json = NULL;
    for (int c; (c = getopt_long(argc, argv, "", table, NULL)) != -1;)
        if (c == 'r' && atoi(optarg) > 0 && atoi(optarg) <= BENCH_ROUNDS) {
            o.rounds = atoi(optarg);
        } else if (c == 'u') {
            o.clock = bench_cpu;
        } else if (c == 'j') {
            json = optarg;
        } else {
            fputs(usage, c == 'h' ? stdout : stderr);
            return c == 'h' ? 0 : 3;
        }
    char processor[80];
    bench_processor(processor, sizeof processor);
    printf("%s, tier %s, %d rounds: milliseconds of %s time, minimum and median\n"
           "  %-5s%21s%21s\n",
           processor, cop_tier_name(cop_tier()), o.rounds,
           o.clock == bench_cpu ? "processor" : "wall", "", "built and filled", "filled, forward");
    if (json && !(o.json = fopen(json, "w"))) {
        perror(json);
        return 2;
    }
    if (o.json) {
        fprintf(o.json, "{\"machine\": ");
        bench_machine_json(o.json);
        fprintf(o.json, ", \"lists\": [\n");
    }
    CopPool *pool;
    bool done = cop_pool_create(&pool, 1) == COP_OK && time_layers(&o, pool);
    cop_pool_destroy(&pool);
    if (o.json) {
        fprintf(o.json, "]}\n");
        done = fclose(o.json) == 0 && done;
    }
    return done ? 0 : 1;
}
