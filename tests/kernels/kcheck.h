/* Checks of kernels against their double references, on every CPU tier this
 * machine has. Needs libc, pthreads, models/core and models/kernels only, so
 * that it cross-builds.
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#ifndef COP_TESTS_KERNELS_KCHECK_H
#define COP_TESTS_KERNELS_KCHECK_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "models/core/arena.h"
#include "models/core/tensor.h"

/* A set of checks: one file, one row in the table of kcheck.c. `run` is called
 * once a tier. */
typedef struct KCheck {
    const char *name;
    void (*run)(void);
} KCheck;

extern const KCheck kcheck_conv3d, kcheck_norm_act_pool, kcheck_peak, kcheck_tile;

/* Opens a case under a formatted name, which failures print with tier and seed. False for one that
 * KCHECK_STRIDE leaves out: it is not run, and not closed. What the name says before its first
 * number is the case's kind. */
bool kcheck_case(const char *fmt, ...) __attribute__((format(printf, 1, 2), warn_unused_result));

/* Closes the case: it counts as passed if no kcheck_fail() came in between. */
void kcheck_end(void);
void kcheck_fail(const char *fmt, ...) __attribute__((format(printf, 1, 2)));

#define KCHECK(cond)                                                                               \
    do {                                                                                           \
        if (!(cond))                                                                               \
            kcheck_fail("%s:%d: %s", __FILE__, __LINE__, #cond);                                   \
    } while (0)

/* Opens what is drawn before a case has its name: memory and random numbers, no case. */
void kcheck_draw(void);

/* Random numbers that start over with each case, and behind it. */
uint32_t kcheck_u32(void);
int kcheck_int(int min, int max); /* inclusive */
double kcheck_uniform(double min, double max);

/* The arena of the case, empty at its start. */
CopArena *kcheck_arena(void);

/* A zeroed array; a case without memory ends the program. */
void *kcheck_alloc(size_t count, size_t size);

/* A tensor in a memory of poison (a NaN) with poisoned guard zones. */
typedef struct KTensor {
    CopTensor x;
    float *memory;
    size_t floats; /* guards included */
} KTensor;

void kcheck_tensor(KTensor *tensor, int n, int c, int t, int h, int w, CopHalo halo);
void kcheck_poison(KTensor *tensor);
void kcheck_zero(KTensor *tensor); /* all but the guards */

/* Sets the lanes n.. of the last group to `value`, interior only. */
void kcheck_fill_idle(const KTensor *tensor, float value);

/* True when guards and halo still are what kcheck_poison() made them. */
bool kcheck_intact(const KTensor *tensor);

/* Clips [n][c][t][h][w], double, into and out of a tensor. */
void kcheck_store(const KTensor *tensor, const double *clips);
void kcheck_load(const KTensor *tensor, double *clips);

/* Compares got[n] with want[n], each a sum of `terms` products whose absolute
 * values add up to `size`: |error| <= 4 sqrt(terms) 2^-24 size + terms 2^-149
 * for each (rounding errors of a sum in any order walk randomly; four standard
 * deviations; the last term is the step of denormals), and, when `normal`,
 * ||got - want||^2 / ||want||^2 <= 1e-11. */
void kcheck_close(const char *what, const double *got, const double *want, const double *size,
                  const double *terms, size_t n, bool normal);

#endif
