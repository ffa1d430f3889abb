/* Optimisers and learning-rate schedules over active weights only.
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#ifndef COP_TRAIN_OPTIMIZER_H
#define COP_TRAIN_OPTIMIZER_H

#include <stdbool.h>
#include <stdint.h>

#include "models/core/option.h"
#include "models/core/param.h"
#include "models/core/pool.h"

/* Stochastic gradient descent as PyTorch defines it:
 * g += decay * w; v = momentum * v + g; g = nesterov ? g + momentum * v : v; w -= lr * g.
 * The first step's v is g itself (v starts at zero, no dampening). Decay applies
 * to weights only (not to biases, scales, shifts) unless decay_all. param->grad
 * is left as it was. Statistics, frozen parameters and those without a gradient are
 * not touched. */
typedef struct CopSgd {
    double momentum, weight_decay;
    bool nesterov, decay_all;
} CopSgd;

/* One step on n parameters (borrowed): value and, with momentum, state[0] of
 * their nnz active weights. The result is the same for any number of threads. */
void cop_sgd_step(const CopSgd *sgd, double lr, CopParam *const *params, int n, CopPool *pool);

/* Adam with decoupled weight decay (Loshchilov and Hutter, ICLR 2019), as PyTorch defines it:
 * w -= lr * decay * w; m = beta1 m + (1 - beta1) g; v = beta2 v + (1 - beta2) g^2;
 * w -= lr / (1 - beta1^t) * m / (sqrt(v / (1 - beta2^t)) + eps), t being the number of the step
 * from 1 on. A weight that grows starts with m = v = 0, whatever t is. What decays, and what
 * is not touched, is as above. */
typedef struct CopAdamW {
    double beta1, beta2, eps, weight_decay;
    bool decay_all;
} CopAdamW;

/* One step, number `step` from 1 on, on n parameters (borrowed): value and both states of
 * their nnz active weights. The result is the same for any number of threads. */
void cop_adamw_step(const CopAdamW *adamw, double lr, uint64_t step, CopParam *const *params, int n,
                    CopPool *pool);

typedef enum CopOptimizer { COP_OPTIMIZER_SGD, COP_OPTIMIZER_ADAMW } CopOptimizer;
extern const char *const cop_optimizer_names[]; /* "sgd", "adamw", NULL */

typedef enum CopScheduleKind {
    COP_SCHEDULE_CONSTANT,
    COP_SCHEDULE_MULTISTEP,
    COP_SCHEDULE_COSINE
} CopScheduleKind;
extern const char *const cop_schedule_names[]; /* "constant", "multistep", "cosine", NULL */

/* Learning rate as a function of the 0-based optimiser step. Shares become whole
 * steps by rounding. Multistep: lr * gamma^(milestones reached). Cosine: half a
 * period from lr after the warm-up to 0 at total_steps (Loshchilov and Hutter,
 * ICLR 2017, eq. 5, without restarts). */
typedef struct CopSchedule {
    CopScheduleKind kind;
    double lr;                /* base rate */
    double gamma;             /* multistep: factor at each milestone */
    const double *milestones; /* multistep: shares of all steps, 0..1, ascending (borrowed) */
    int n_milestones;
    double warmup; /* share of all steps, linear from lr/warmup_steps up to lr */
    uint64_t total_steps;
} CopSchedule;

double cop_schedule_lr(const CopSchedule *schedule, uint64_t step);

#endif
