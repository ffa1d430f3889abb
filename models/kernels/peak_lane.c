/* A loop of multiply-adds that wait for nothing, compiled once a tier.
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#include "models/kernels/peak.h"

#include "models/kernels/lane_vector.h"

/* Two units with a latency of four to five cycles take ten sums at one time; twelve, a
 * factor and a term fit in sixteen registers. Sums that start equal would be made one, and one
 * that starts at 1 stays there. */
enum { SUMS = 12 };
#define EACH_SUM(X) X(0) X(1) X(2) X(3) X(4) X(5) X(6) X(7) X(8) X(9) X(10) X(11)
#define DECLARE(i)  Vec sum##i = zero + (float)(i + 2);
#define STEP(i)     sum##i = sum##i * factor + term;
#define ADD(i)      total += sum##i;

float TIER_NAME(cop_multiply_adds_)(int rounds, double *flops)
{
    const Vec zero = {0}, factor = zero + 0.999f, term = zero + 0.001f;
    Vec total = zero;
    EACH_SUM(DECLARE)
    for (int round = 0; round < rounds; round++) {
        EACH_SUM(STEP)
    }
    EACH_SUM(ADD)
    float mean = 0;
    for (int i = 0; i < WIDTH; i++)
        mean += total[i] / (SUMS * WIDTH);
    *flops = 2.0 * SUMS * WIDTH * rounds;
    return mean;
}
