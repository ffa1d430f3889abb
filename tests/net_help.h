/* A narrow residual net and what the tests of nets and training share.
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#ifndef COP_TESTS_NET_HELP_H
#define COP_TESTS_NET_HELP_H

#include "models/train/net.h"

enum { NARROW_CLASSES = 5, NARROW_PARAMS = 32 };

/* r3d_tiny as tests/golden/make_net.py builds it: two stages, six channels, clips of
 * 3x4x13x11; not planned. */
CopNet *narrow_create(void);

/* The same, planned. */
CopNet *narrow_plan(const CopNetPlan *plan);

CopParam *narrow_param(const CopNet *net, const char *name);

/* All weights of a parameter, row-major; malloc'ed and returned. */
float *param_dense(const CopParam *param, const float *compact);

/* Fills n lanes of the input with the random clips clip[i] (NULL: i), and the idle
 * ones with `idle`. */
void net_fill(CopNet *net, int n, const uint32_t *clip, float idle);

/* Logits of one lane. */
void net_logits(const CopNet *net, int lane, float logits[NARROW_CLASSES]);

/* A file of tests/golden/net. */
CopSafetensors *golden_net(const char *name);

/* Fills the input with clips first .. first + n - 1 of a results file, and labels[n]. */
void golden_clips(CopNet *net, const CopSafetensors *results, int first, int n, int *labels);

/* ||got - want|| / ||want|| of a tensor; `got` has as many elements. */
double golden_error(const CopSafetensors *results, const char *prefix, const char *name,
                    const float *got);

/* Statuses of fallible calls that must not fail. */
void must(CopStatus status, const CopError *err);

#endif
