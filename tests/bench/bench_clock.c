/* Clocks, samples and what a machine is, for the timing programs.
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#include "tests/bench/bench_clock.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/utsname.h>
#include <time.h>
#include <unistd.h>

#include "models/core/cpu.h"

enum { MOST_CALLS = 2000 };

static double seconds(clockid_t clock)
{
    struct timespec t;
    clock_gettime(clock, &t);
    return (double)t.tv_sec + 1e-9 * (double)t.tv_nsec;
}

double bench_wall(void)
{
    return seconds(CLOCK_MONOTONIC);
}

double bench_cpu(void)
{
    return seconds(CLOCK_PROCESS_CPUTIME_ID);
}

static double call(void (*fn)(void *ctx), void *ctx)
{
    const double start = bench_wall();
    fn(ctx);
    return 1e3 * (bench_wall() - start);
}

void bench_round(BenchSeries *series, double least, double (*clock)(void), void (*fn)(void *ctx),
                 void *ctx)
{
    /* An OpenMP team spins for a while after its last region: let it go to sleep. */
    nanosleep(&(struct timespec){.tv_nsec = 5000000}, NULL);
    if (!series->calls) {
        double ms = call(fn, ctx);
        if (ms < 4 * least) /* the first call of all touches pages */
            ms = call(fn, ctx);
        series->calls = (int)fmin(fmax(ceil(least / ms), 1), MOST_CALLS);
    }
    if (series->calls > 1) /* short calls would time how the caches were left */
        fn(ctx);
    const double start = clock(), wall = bench_wall(), cpu = bench_cpu();
    for (int i = 0; i < series->calls; i++)
        fn(ctx);
    const double spent = clock() - start;
    series->wall += bench_wall() - wall;
    series->cpu += bench_cpu() - cpu;
    if (series->n < BENCH_ROUNDS)
        series->ms[series->n++] = 1e3 * spent / series->calls;
}

static int compare(const void *a, const void *b)
{
    const double x = *(const double *)a, y = *(const double *)b;
    return (x > y) - (x < y);
}

/* Linear between neighbours, as numpy.quantile has it. */
static double quantile(const BenchSeries *series, double q)
{
    double sorted[BENCH_ROUNDS];
    if (!series->n)
        return NAN;
    memcpy(sorted, series->ms, (size_t)series->n * sizeof *sorted);
    qsort(sorted, (size_t)series->n, sizeof *sorted, compare);
    const double at = q * (series->n - 1);
    const int i = (int)at;
    return i + 1 < series->n ? sorted[i] + (at - i) * (sorted[i + 1] - sorted[i]) : sorted[i];
}

double bench_min(const BenchSeries *series)
{
    return quantile(series, 0);
}

double bench_median(const BenchSeries *series)
{
    return quantile(series, 0.5);
}

double bench_spread(const BenchSeries *series)
{
    return (quantile(series, 0.75) - quantile(series, 0.25)) / bench_median(series);
}

double bench_load(const BenchSeries *series)
{
    return series->cpu / series->wall;
}

void bench_series_json(FILE *out, const BenchSeries *series)
{
    fprintf(out,
            "{\"min\": %.5g, \"median\": %.5g, \"spread\": %.3g, \"load\": %.3f, \"calls\": %d, "
            "\"ms\": [",
            bench_min(series), bench_median(series), bench_spread(series), bench_load(series),
            series->calls);
    for (int i = 0; i < series->n; i++)
        fprintf(out, "%s%.5g", i ? ", " : "", series->ms[i]);
    fprintf(out, "]}");
}

void bench_processor(char *name, size_t size)
{
    char line[256];
    FILE *file = fopen("/proc/cpuinfo", "r");
    snprintf(name, size, "unknown");
    while (file && fgets(line, sizeof line, file)) {
        const char *colon = strstr(line, ": ");
        if (strncmp(line, "model name", 10) == 0 && colon) {
            snprintf(name, size, "%.*s", (int)strcspn(colon + 2, "\n\"\\"), colon + 2);
            break;
        }
    }
    if (file)
        fclose(file);
}

void bench_machine_json(FILE *out)
{
    struct utsname system = {0};
    char processor[80];
    uname(&system);
    bench_processor(processor, sizeof processor);
    fprintf(out,
            "{\"cpu\": \"%s\", \"cores\": %ld, \"tier\": \"%s\", \"compiler\": \"%s\", "
            "\"kernel\": \"%s\"}",
            processor, sysconf(_SC_NPROCESSORS_ONLN), cop_tier_name(cop_tier()), __VERSION__,
            system.release);
}

double bench_peak_memory(void)
{
    struct rusage usage;
    getrusage(RUSAGE_SELF, &usage);
    return (double)usage.ru_maxrss / 1024;
}
