/* One layer on tensors of its own, for tests.
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#ifndef COP_TESTS_LAYER_RIG_H
#define COP_TESTS_LAYER_RIG_H

#include "models/layers/layer.h"

typedef struct RigCase {
    const CopLayerDesc *desc;
    const char *options; /* "channels=4, ..."; NULL: defaults */
    CopShape in;         /* of all inputs */
    int n, threads;
    double density; /* of param[0] of layers that may be masked; 1: no mask */
    bool in_place, grad_in_place;
    CopLayerTail tail; /* without a batch-norm */
} RigCase;

/* Tensors have halos one wider than the layer asks for. Halos of what the layer reads
 * are zero as it may expect; all others hold RIG_POISON. */
typedef struct Rig {
    CopLayer layer;
    CopArena *arena;
    CopParam param[COP_LAYER_PARAMS];
    CopTensor in[COP_LAYER_INPUTS], out, din[COP_LAYER_INPUTS], dout;
} Rig;

#define RIG_POISON 7.0f

/* What rig_fill() draws for; each is a field of numbers of its own. */
typedef enum RigField { RIG_IN, RIG_DOUT = RIG_IN + COP_LAYER_INPUTS, RIG_DIN, RIG_PARAM } RigField;

/* Options, shapes, parameters (filled by rig_number()), tensors and plan. The status of
 * shape() or plan() is returned; rig_close() must follow in any case. */
CopStatus rig_open(Rig *rig, const RigCase *c, CopError *err) COP_MUST_CHECK;
void rig_close(Rig *rig);

/* Forward with the parameters as they are now. */
void rig_forward(Rig *rig, const CopStep *step);

/* A multiple of 1/8 from -2 to 2, 0 left out: sums of a few thousand products of two of these
 * are exact in float, so that the order of adding cannot matter. */
float rig_number(RigField field, uint32_t clip, uint32_t position);

/* Fills lane i with the numbers of clip[i] (NULL: clip i), idle lanes with `idle`. */
void rig_fill(const CopTensor *x, RigField field, const uint32_t *clip, float idle);

/* Fills in[] and dout as a pass expects them. */
void rig_fill_all(Rig *rig, const uint32_t *clip, float idle);

/* Values of lane `lane`, [c][t][h][w]; malloc'ed and returned, rig_elements() of them. */
size_t rig_elements(const CopTensor *x);
float *rig_lane(const CopTensor *x, int lane);

/* Sets the idle lanes, interior only. */
void rig_set_idle(const CopTensor *x, float value);
bool rig_idle_is(const CopTensor *x, float value);

/* True when every halo position holds `value`. */
bool rig_halo_is(const CopTensor *x, float value);

#endif
