/* Clocks, samples and what a machine is, for the timing programs.
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#ifndef COP_TESTS_BENCH_CLOCK_H
#define COP_TESTS_BENCH_CLOCK_H

#include <stddef.h>
#include <stdio.h>

enum { BENCH_ROUNDS = 99 };

/* Seconds: of a clock on the wall, and of processor time of all threads. */
double bench_wall(void);
double bench_cpu(void);

/* One contender's times, a value a round. */
typedef struct BenchSeries {
    int calls; /* in one round */
    int n;
    double ms[BENCH_ROUNDS]; /* of one call */
    double wall, cpu;        /* seconds of all calls */
} BenchSeries;

/* Runs one round of `calls` calls, timed by `clock` (one of the two above); the first round
 * of all finds out how many calls take `least` milliseconds. */
void bench_round(BenchSeries *series, double least, double (*clock)(void), void (*fn)(void *ctx),
                 void *ctx);

double bench_min(const BenchSeries *series);
double bench_median(const BenchSeries *series);

/* Interquartile range, as a share of the median. */
double bench_spread(const BenchSeries *series);

/* Processor time by time on the wall: how many threads really ran. */
double bench_load(const BenchSeries *series);

/* {"min": , "median": , "spread": , "load": , "calls": , "ms": [...]} */
void bench_series_json(FILE *out, const BenchSeries *series);

/* {"cpu": , "cores": , "tier": , "compiler": , "kernel": } */
void bench_machine_json(FILE *out);

/* Writes the model name of the processor. */
void bench_processor(char *name, size_t size);

/* Most memory that the process ever had, MiB. */
double bench_peak_memory(void);

#endif
