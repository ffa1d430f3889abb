/* How conv3d sees a layer: sweeps over positions, and lists of weights.
 *
 * The forward pass and the gradient of the input are the same thing: for each
 * position written, gather from the source at a fixed set of offsets. The
 * forward pass is one sweep over y. The gradient of the input has one sweep
 * over dx for each phase (position mod stride), because only taps k with
 * (position + pad - k) divisible by the stride meet an output there.
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#ifndef COP_KERNELS_CONV3D_PLAN_H
#define COP_KERNELS_CONV3D_PLAN_H

#include "models/kernels/conv3d.h"
#include "models/kernels/conv3d_kernels.h"
#include "models/kernels/conv3d_table.h"

static inline int cop_min(int a, int b)
{
    return a < b ? a : b;
}

static inline int cop_max(int a, int b)
{
    return a > b ? a : b;
}

static inline int cop_ceil_div(int a, int b)
{
    return (a + b - 1) / b;
}

/* One dimension of a sweep. Tap k of position i reads source index
 * source + i * step + k and belongs to destination index phase + i * stride. */
typedef struct CopAxis {
    int positions, taps; /* either may be 0 */
    int source, step;
    int phase, stride;
    int extent; /* of the source, halo excluded */
} CopAxis;

typedef struct CopSweep {
    CopAxis t, h, w;
    ptrdiff_t in_first, in_t, in_h, in_w; /* floats, from element (0,0,0) of a group */
    ptrdiff_t out_first, out_t, out_h, out_w;
    int h_pieces, w_pieces; /* into which tiles cut the positions */
    int block_bytes;        /* room for a tile's input */
    int block_channels;     /* input channels whose share of a tile has it; 0: one tap of one */
    int blocks;
    const uint32_t *start; /* [group][block][unit][kind][tap along t]; one list when shared */
} CopSweep;

/* Where one tap of the kernel is met. */
typedef struct CopTap {
    int sweep, t;         /* t: tap along t in that sweep */
    size_t offset;        /* from the sweep's first tap, in floats */
    size_t segment, kind; /* while lists are built: starts from a unit's first, between kinds */
} CopTap;

/* Weights in the order in which kernels walk them: sweep, group of channels,
 * block, unit, kind, tap along t, and row-major inside. A unit is an output
 * channel, or a pair of them with three kinds of weights (see CopConv3dTile). A
 * dense layer reads the same offsets for each unit, so they are kept once
 * (`shared`). */
typedef struct CopGather {
    int groups;
    int in_channels, out_channels; /* of a group */
    bool transposed;               /* from dy to dx */
    bool pairs, shared, winograd;  /* winograd: shared pairs, and `weight` has four parts */
    CopBlocking blocking;
    int units, kinds; /* of a group; of a unit */
    int sweeps;
    CopSweep *sweep;
    CopTap *tap;
    size_t in_c, out_c;       /* channel strides, in floats */
    uint32_t *offset, *index; /* [slots]; index into param->value (of unit 0 if shared) */
    uint32_t *start;
    size_t *origin; /* [sweeps], while lists are built: a unit's first start in each */
    uint32_t *rank; /* active weights before each word of the mask; NULL if always shared */
    size_t slots;   /* of all units, or of the one list if shared */
    size_t channel_step, group_step; /* between the weights of channels and of groups */
} CopGather;

struct CopConv3d {
    CopConvShape shape;
    const CopParam *param;
    const CopConv3dKernels *kernels;
    const CopKernelTable *table;
    unsigned generation;
    bool loaded; /* `weight` holds the forward list's */
    int threads;
    CopTensor x, y, dx, dy;            /* as planned; only shapes and strides count */
    CopGather forward, full, backward; /* full: forward over all weights; sweeps 0 if absent */
    float *weight;                     /* in list order, of the pass that ran or loads last */
    float *scratch;                    /* [threads][scratch_floats] */
    size_t scratch_floats;
};

/* Same sizes and strides. */
bool cop_conv3d_same_layout(const CopTensor *a, const CopTensor *b);

/* Plans the sweeps of one direction between two tensors; COP_ERR_NOMEM or
 * COP_ERR_SHAPE. `capacity` is the most active weights there will ever be, 0 for
 * lists that stay shared. */
CopStatus cop_gather_plan(CopGather *gather, CopArena *arena, const CopConvShape *shape,
                          const CopTensor *in, const CopTensor *out, bool transposed,
                          const CopKernelTable *table, size_t capacity) COP_MUST_CHECK;

/* Sets units, tiles and blocks; returns how many starts the lists have then, and how many
 * of them a sweep has. */
size_t cop_gather_block(CopGather *gather, CopBlocking blocking);
size_t cop_sweep_segments(const CopGather *gather, const CopSweep *sweep);

/* Fills the lists from a mask, NULL meaning all weights. */
void cop_gather_build(CopGather *gather, const CopConvShape *shape, CopBlocking blocking,
                      const uint64_t *mask);

/* Slots of all units, which is how many weights in list order there are. */
size_t cop_gather_listed(const CopGather *gather);

/* A sweep cut into tiles. They are numbered down a strip of columns first, so
 * that most of the rows that the next one reads are still in cache, then over
 * t, strips and groups. */
typedef struct CopTiling {
    const CopSweep *sweep;
    int h_pieces, w_pieces, tiles; /* tiles: 0 for a sweep without positions */
} CopTiling;

/* Group, first position and size of a tile. */
typedef struct CopPlace {
    int g, t, h, w, rows, cols;
} CopPlace;

/* Tiles as a sweep is blocked for; of other most positions, and columns; and of any number of
 * rows, which kernels of a shape do not take. */
CopTiling cop_conv3d_tiling(const CopSweep *sweep, int lane_groups);
CopTiling cop_conv3d_tiling_of(const CopSweep *sweep, int lane_groups, int most, int cols);
CopTiling cop_conv3d_tiling_large(const CopSweep *sweep, int lane_groups, int most, int cols);
CopTiling cop_conv3d_correlate_tiling(const CopConv3d *conv, const CopGather *gather,
                                      int lane_groups);
CopPlace cop_conv3d_place(const CopTiling *tiling, int tile);

/* Which taps of a position meet the source rather than its halo. */
void cop_conv3d_valid_taps(const CopAxis *axis, int position, int *first, int *end);

/* --- weights: owner's order <-> list order --- */

/* Multiplies the weights of output channel o by scale[o]. */
void cop_gather_scale(const CopGather *gather, const float *scale, float *listed);

/* listed = value, and grad = listed, for the weights of a list. The slot beside that of a
 * last channel without a partner is zero. */
void cop_gather_load(const CopGather *gather, const float *value, float *listed, CopPool *pool);
void cop_gather_store(const CopGather *gather, const float *listed, float *grad, CopPool *pool);

/* --- a tile's part of a pass --- */

/* Fills in what a kernel needs to know of the lists, and of one block of a group;
 * `weight` is all weights in list order. */
void cop_tile_list(CopConv3dTile *tile, const CopGather *gather, const CopSweep *sweep);
void cop_tile_block(CopConv3dTile *tile, const CopGather *gather, const CopSweep *sweep, int group,
                    int block, float *weight);

/* Index of the kernels for a distance of neighbours. */
int cop_tile_step(const CopSweep *sweep);

/* Asks for the rows that a block of the tile at `next` reads and the tile before did not. */
void cop_tile_prefetch(const CopGather *gather, const CopSweep *sweep, const CopPlace *next,
                       int group, int block, const CopTensor *in);

/* --- dense layers by Winograd's filtering: conv3d_winograd.c --- */

/* A pass over one pair of tensors, as work items see it. */
typedef struct CopGatherJob {
    const CopConv3d *conv;
    const CopGather *gather;
    CopTiling tiling;
    const CopTensor *in, *out;
    CopConvTail tail;
    bool stream;       /* results are written past the caches */
    int chunks, parts; /* a work item is a chunk of the tiles and a part of the units */
} CopGatherJob;

/* Whether a dense gather can be done so, and pays. */
bool cop_winograd_fits(const CopGather *gather);

/* The sweep over pairs of columns, which tiles then count. */
CopSweep cop_winograd_sweep(const CopSweep *sweep);

/* Of a gather that is cut into tiles: bytes of one part of a channel's inputs, transformed, and
 * floats of scratch memory that a thread needs. */
size_t cop_winograd_channel_bytes(const CopSweep *sweep);
size_t cop_winograd_scratch(const CopGather *gather);

void cop_winograd_build(CopGather *gather, const CopConvShape *shape);
void cop_winograd_load(const CopGather *gather, const float *value, float *listed, CopPool *pool);

/* A tile (in pairs of columns) of units from..to. */
void cop_winograd_tile(const CopGatherJob *job, CopPlace at, const CopPlace *next, int from, int to,
                       float *scratch);

#endif
