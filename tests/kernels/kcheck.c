/* Runner and helpers of the kernel checks.
 * KCHECK_SEED changes the random numbers, arguments choose sets by name,
 * COPPICE_TIER chooses one tier. KCHECK_STRIDE=N runs the first case of each kind and one of each
 * N that follow each other, drawn by the seed: the same ones every time, each as it is in a whole
 * run. For slow machines and sanitizers.
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#include "tests/kernels/kcheck.h"

#include <math.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "models/core/cpu.h"
#include "models/core/rng.h"

enum { GUARD = 256, FAILURES_SHOWN = 20, KINDS_MOST = 64 };

static const uint32_t poison = 0x7fa5a5a5u;

static const KCheck *const checks[] = {&kcheck_conv3d, &kcheck_norm_act_pool, &kcheck_peak,
                                       &kcheck_tile, NULL};

static struct {
    char name[200];
    bool failed;
    int passed, failures;
    uint64_t seed;
    uint32_t stride;
    uint32_t stretch, draws; /* of random numbers: a case, or what lies between two */
    CopArena *arena;
    int kinds;
    struct {
        uint64_t name; /* its hash */
        uint32_t cases;
    } kind[KINDS_MOST];
} run;

static void out_of_memory(void)
{
    fprintf(stderr, "kcheck: out of memory\n");
    exit(2);
}

/* Each case, run or not, has random numbers of its own, and so has what comes behind it. */
static void start_over(void)
{
    run.stretch++;
    run.draws = 0;
}

void kcheck_draw(void)
{
    start_over();
    cop_arena_destroy(&run.arena);
    if (cop_arena_create(&run.arena, (size_t)1 << 30) != COP_OK)
        out_of_memory();
}

/* Length of what a name says before its first number. */
static size_t kind_length(const char *name)
{
    size_t n = 0;
    while (name[n] && !(name[n] == ' ' && name[n + 1] >= '0' && name[n + 1] <= '9'))
        n++;
    return n;
}

/* Whether the stride takes the case by this name. Drawn, since loops of few turns would always
 * meet a constant stride at the same one. */
static bool taken(const char *name)
{
    const uint64_t hash = cop_fnv1a(name, kind_length(name));
    int i = 0;
    while (i < run.kinds && run.kind[i].name != hash)
        i++;
    if (i == run.kinds) {
        if (i == KINDS_MOST) {
            fprintf(stderr, "kcheck: more than %d kinds of cases\n", KINDS_MOST);
            exit(2);
        }
        run.kind[run.kinds++].name = hash;
    }
    const uint32_t n = run.kind[i].cases++;
    const CopRngAddress at = {.frame = n / run.stride, .clip = (uint32_t)hash};
    const CopRngKey key = cop_rng_key(run.seed, "kcheck stride");
    return n == 0 || n % run.stride == cop_rng_below(key, 0, at, run.stride);
}

bool kcheck_case(const char *fmt, ...)
{
    va_list args;
    va_start(args, fmt);
    vsnprintf(run.name, sizeof run.name, fmt, args);
    va_end(args);
    run.failed = false;
    if (taken(run.name)) {
        kcheck_draw();
        return true;
    }
    run.stretch++;
    start_over();
    return false;
}

void kcheck_end(void)
{
    run.passed += !run.failed;
    run.failures += run.failed;
    start_over();
}

void kcheck_fail(const char *fmt, ...)
{
    if (!run.failed && run.failures < FAILURES_SHOWN) {
        va_list args;
        va_start(args, fmt);
        printf("FAIL %s [%s, seed %llu]: ", run.name, cop_tier_name(cop_tier()),
               (unsigned long long)run.seed);
        vprintf(fmt, args);
        printf("\n");
        va_end(args);
    }
    run.failed = true;
}

uint32_t kcheck_u32(void)
{
    const CopRngAddress at = {.clip = run.stretch};
    return cop_rng_u32(cop_rng_key(run.seed, "kcheck"), run.draws++, at);
}

int kcheck_int(int min, int max)
{
    return min + (int)(kcheck_u32() % (uint32_t)(max - min + 1));
}

double kcheck_uniform(double min, double max)
{
    return min + (max - min) * kcheck_u32() * 0x1p-32;
}

CopArena *kcheck_arena(void)
{
    return run.arena;
}

void *kcheck_alloc(size_t count, size_t size)
{
    void *p = cop_arena_alloc(run.arena, count ? count : 1, size);
    if (!p)
        out_of_memory();
    return p;
}

void kcheck_tensor(KTensor *tensor, int n, int c, int t, int h, int w, CopHalo halo)
{
    if (cop_tensor_shape(&tensor->x, n, c, t, h, w, halo) != COP_OK)
        out_of_memory();
    tensor->floats = cop_tensor_floats(&tensor->x) + 2 * GUARD;
    tensor->memory = kcheck_alloc(tensor->floats, sizeof(float));
    cop_tensor_place(&tensor->x, tensor->memory + GUARD);
    kcheck_poison(tensor);
}

void kcheck_poison(KTensor *tensor)
{
    for (size_t i = 0; i < tensor->floats; i++)
        memcpy(tensor->memory + i, &poison, sizeof poison);
}

void kcheck_zero(KTensor *tensor)
{
    memset(tensor->memory + GUARD, 0, (tensor->floats - 2 * GUARD) * sizeof(float));
}

static bool poisoned(const float *p, size_t n)
{
    for (size_t i = 0; i < n; i++)
        if (memcmp(p + i, &poison, sizeof poison) != 0)
            return false;
    return true;
}

bool kcheck_intact(const KTensor *tensor)
{
    /* Positions are walked in memory order; what lies between two interior
     * rows is halo or the padding of a stride. */
    const CopTensor *x = &tensor->x;
    const float *at = tensor->memory;
    for (int g = 0; g < x->g; g++)
        for (int c = 0; c < x->c; c++)
            for (int t = 0; t < x->t; t++)
                for (int h = 0; h < x->h; h++) {
                    const float *row = cop_tensor_at(x, g, c, t, h, 0);
                    if (!poisoned(at, (size_t)(row - at)))
                        return false;
                    at = row + (size_t)x->w * COP_LANES;
                }
    return poisoned(at, (size_t)(tensor->memory + tensor->floats - at));
}

void kcheck_fill_idle(const KTensor *tensor, float value)
{
    const CopTensor *x = &tensor->x;
    for (int lane = x->n; lane < x->g * COP_LANES; lane++)
        for (int c = 0; c < x->c; c++)
            for (int t = 0; t < x->t; t++)
                for (int h = 0; h < x->h; h++)
                    for (int w = 0; w < x->w; w++)
                        cop_tensor_at(x, lane / COP_LANES, c, t, h, w)[lane % COP_LANES] = value;
}

/* Calls fn for each valid element, in the order of clips. */
static void each(const CopTensor *x, void (*fn)(float *element, double *clip), double *clip)
{
    for (int n = 0; n < x->n; n++)
        for (int c = 0; c < x->c; c++)
            for (int t = 0; t < x->t; t++)
                for (int h = 0; h < x->h; h++)
                    for (int w = 0; w < x->w; w++)
                        fn(cop_tensor_at(x, n / COP_LANES, c, t, h, w) + n % COP_LANES, clip++);
}

static void put(float *element, double *clip)
{
    *element = (float)*clip;
}

static void get(float *element, double *clip)
{
    *clip = (double)*element;
}

void kcheck_store(const KTensor *tensor, const double *clips)
{
    const CopTensor *x = &tensor->x;
    double *copy = kcheck_alloc(
        (size_t)x->n * (size_t)x->c * (size_t)x->t * (size_t)x->h * (size_t)x->w, sizeof *copy);
    memcpy(copy, clips,
           (size_t)x->n * (size_t)x->c * (size_t)x->t * (size_t)x->h * (size_t)x->w * sizeof *copy);
    each(x, put, copy);
}

void kcheck_load(const KTensor *tensor, double *clips)
{
    each(&tensor->x, get, clips);
}

void kcheck_close(const char *what, const double *got, const double *want, const double *size,
                  const double *terms, size_t n, bool normal)
{
    double error2 = 0, want2 = 0;
    for (size_t i = 0; i < n; i++) {
        const double error = fabs(got[i] - want[i]);
        const double limit = 4 * sqrt(terms[i]) * 0x1p-24 * size[i] + (terms[i] + 1) * 0x1p-149;
        if (!(error <= limit)) {
            kcheck_fail("%s[%zu] = %.9g, want %.9g: error %.3g above %.3g", what, i, got[i],
                        want[i], error, limit);
            return;
        }
        error2 += error * error;
        want2 += want[i] * want[i];
    }
    /* A few sums alone may cancel to nearly nothing. */
    if (normal && n >= 16 && error2 > 1e-11 * want2)
        kcheck_fail("%s: normalised squared error %.3g", what, error2 / want2);
}

static bool wanted(const char *name, int argc, char **argv)
{
    for (int i = 1; i < argc; i++)
        if (strcmp(argv[i], name) == 0)
            return true;
    return argc < 2;
}

int main(int argc, char **argv)
{
    const char *seed = getenv("KCHECK_SEED"), *only = getenv("COPPICE_TIER");
    const char *stride = getenv("KCHECK_STRIDE");
    run.seed = seed ? strtoull(seed, NULL, 10) : 1;
    run.stride = stride ? (uint32_t)strtoul(stride, NULL, 10) : 1;
    if (run.stride < 1) {
        fprintf(stderr, "kcheck: KCHECK_STRIDE: got \"%s\"; allowed: 1 and more\n", stride);
        return 2;
    }
    for (int tier = 0; tier < COP_TIER_COUNT; tier++) {
        const char *name = cop_tier_name((CopTier)tier);
        if (only && strcmp(only, name) != 0)
            continue;
        if (!cop_tier_force((CopTier)tier)) {
            printf("tier %s: not on this machine\n", name);
            continue;
        }
        for (const KCheck *const *check = checks; *check; check++) {
            if (!wanted((*check)->name, argc, argv))
                continue;
            const int before = run.passed + run.failures;
            run.stretch = run.draws = 0; /* every tier sees the same cases */
            run.kinds = 0;
            memset(run.kind, 0, sizeof run.kind);
            (*check)->run();
            printf("tier %s: %s, %d cases\n", name, (*check)->name,
                   run.passed + run.failures - before);
            fflush(stdout);
        }
    }
    cop_arena_destroy(&run.arena);
    printf("%d passed, %d failed\n", run.passed, run.failures);
    return run.failures || !run.passed ? 1 : 0;
}
