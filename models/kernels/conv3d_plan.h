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
    int block_channels;     /* input channels whose share of a tile has it */
    int splits;             /* blocks of the same channels: one, or one for each tap along t */
    int segments;           /* of a unit's list in a block: taps along t, or one if split */
    int blocks;
    bool packed;                   /* blocks are one frame each, copied together: conv3d_pack.c */
    int places;                    /* beside one another in a strip, which take turns if packed */
    size_t read_c, read_t, read_h; /* strides of what lists read, in floats */
    const uint32_t *start;         /* [group][block][unit][kind][segment]; one list when shared */
} CopSweep;

/* Weights in the order in which kernels walk them: sweep, group of channels,
 * block, unit, kind, tap along t, and row-major inside. A unit is an output
 * channel, or a pair of them with three kinds of weights (see CopConv3dTile). A
 * dense layer reads the same offsets for each unit, so they are kept once
 * (`shared`). */
typedef struct CopGather {
    int groups;
    int in_channels, out_channels; /* of a group */
    bool transposed;               /* from dy to dx */
    bool pairs, shared;
    bool transformed; /* one of Winograd's: reads a block of transformed inputs, and `index` counts
                         all rows of taps */
    bool filtered;    /* goes by the lists of `winograd` */
    struct CopWinograd *winograd; /* NULL: never */
    CopBlocking blocking;
    int units, kinds; /* of a group; of a unit */
    int sweeps;
    CopSweep *sweep;
    CopTap *tap;
    size_t in_c, in_t, in_h;  /* strides of the source, in floats, */
    size_t out_c;             /* and from one channel of the destination to the next */
    uint32_t *offset, *index; /* [slots]; index into param->value (of unit 0 if shared) */
    uint32_t *start;
    size_t slots;                    /* of all units, or of the one list if shared */
    uint64_t *in_segment;            /* while lists are built: a sweep's, see CopConv3dSlots */
    const uint32_t *rank;            /* the layer's */
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
    uint32_t *rank;                    /* active weights before each word of the mask */
    CopRowMasks rows;                  /* of it, where they are needed */
    float *weight;                     /* in list order, of the pass that ran or loads last */
    float *dense;   /* row-major weights with zeros, while masked ones are transformed; or NULL */
    float *scratch; /* [threads][scratch_floats] */
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

/* Memory for lists of some slots and starts, while lists of kernels of a shape are built, too. */
CopStatus cop_gather_plan_lists(CopGather *gather, CopArena *arena, const CopConvShape *shape,
                                size_t slots, size_t starts) COP_MUST_CHECK;

/* Words of scratch memory in which lists are built of a mask. */
size_t cop_gather_build_scratch(const CopGather *gather, const CopConvShape *shape);

/* Fills the lists from a mask, whose ranks have been counted, NULL meaning all weights. `scratch`
 * may be NULL without a mask. */
void cop_gather_build(CopGather *gather, const CopConvShape *shape, CopBlocking blocking,
                      const uint64_t *mask, void *scratch);

/* Slots of all units: how many weights in list order its own lists have, and those that the
 * gather goes by. */
size_t cop_gather_listed(const CopGather *gather);
size_t cop_gather_weights(const CopGather *gather);

/* A sweep cut into tiles. They are numbered so that most of what the next one reads is still in
 * cache: along t first, where all frames but one are the same, else down a strip of columns, one
 * piece or a few wide; then by the other of the two, over strips and over groups. */
typedef struct CopTiling {
    const CopSweep *sweep;
    int h_pieces, w_pieces, tiles; /* tiles: 0 for a sweep without positions */
} CopTiling;

bool cop_sweep_along_t(const CopSweep *sweep);

/* Where taps read, as the sweeps are blocked. */
void cop_gather_place_taps(CopGather *gather, const CopConvShape *shape);

/* Group, first position and size of a tile. */
typedef struct CopPlace {
    int g, t, h, w, rows, cols;
} CopPlace;

/* Tiles as a sweep is blocked for; of other most positions, and columns; and of any number of
 * rows, which kernels of a shape do not take. */
CopTiling cop_conv3d_tiling(const CopSweep *sweep, int lane_groups);
CopTiling cop_conv3d_tiling_of(const CopSweep *sweep, int lane_groups, int most, int cols);
CopTiling cop_conv3d_tiling_large(const CopSweep *sweep, int lane_groups, int most, int cols);
/* The lists that the gradient of the weights walks. */
const CopGather *cop_conv3d_correlated(const CopConv3d *conv);
CopTiling cop_conv3d_correlate_tiling(const CopConv3d *conv, const CopGather *gather,
                                      int lane_groups);
CopPlace cop_conv3d_place(const CopTiling *tiling, int tile);

/* Which taps of a position meet the source rather than padding. */
void cop_conv3d_valid_taps(const CopAxis *axis, int position, int *first, int *end);

/* --- weights: owner's order <-> list order --- */

/* A run of a list: slots index[0..n) belong to listed[0..n) and to elements
 * first + index[] of the owner's array, every second one to none if `alone`. An
 * item is the list of one unit if lists are shared, else a chunk. */
typedef struct CopRun {
    const uint32_t *index;
    size_t n, first, listed;
    bool alone; /* a pair's first channel without a second */
} CopRun;

int cop_gather_runs(const CopGather *gather);
CopRun cop_gather_run(const CopGather *gather, int item);

/* Multiplies the weights of output channel o by scale[o]. */
void cop_gather_scale(const CopGather *gather, const float *scale, float *listed);

/* listed = value, and grad = listed, for the weights of a list. The slot beside that of a
 * last channel without a partner is zero. */
void cop_gather_load(const CopGather *gather, const float *value, float *listed, CopPool *pool);
void cop_gather_store(const CopGather *gather, const float *listed, float *grad, CopPool *pool);

/* --- a tile's part of a pass --- */

/* Fills in what a kernel needs to know of the lists, and of one block of a group, of which taps
 * first..end along t are visited; `weight` is all weights in list order. */
void cop_tile_list(CopConv3dTile *tile, const CopGather *gather, const CopSweep *sweep);
void cop_tile_block(CopConv3dTile *tile, const CopGather *gather, const CopSweep *sweep, int group,
                    int block, float *weight);
void cop_tile_taps(CopConv3dTile *tile, const CopSweep *sweep, int block, int first, int end);

/* Index of the kernels for a distance of neighbours. */
int cop_tile_step(const CopSweep *sweep);

/* Asks for the rows that a block of the tile at `next` reads and the tile before did not. */
void cop_tile_prefetch(const CopGather *gather, const CopSweep *sweep, const CopPlace *next,
                       int group, int block, const CopTensor *in);

/* --- lists that read copies: conv3d_pack.c --- */

enum { COP_PACK_PLACES = 4 };

/* Tiles of places beside one another of a packed sweep, each from at[0].t to `end`. */
typedef struct CopPackRun {
    const CopGather *gather;
    const CopSweep *sweep;
    const CopTensor *in;
    CopPlace at[COP_PACK_PLACES];
    int places, group, end;
    float *packed; /* room for a block */
    int lists;     /* that a visit walks */
} CopPackRun;

/* What a block adds to a tile: nothing, to one that reads nothing. */
typedef struct CopPackVisit {
    CopPlace at;
    int waits; /* where the tile's sums do, of cop_pack_waiting() */
    int block;
    bool nothing;
    bool first, last; /* of the tile's */
    CopAhead *ahead;  /* what is copied next; or NULL */
} CopPackVisit;

typedef void CopPackFn(void *ctx, const CopPackVisit *visit);

/* Sets places of a sweep that has been cut. */
void cop_pack_places(const CopGather *gather, CopSweep *sweep);

/* Copies block after block of frame after frame, and visits all tiles that each adds to. */
void cop_pack_visit(const CopPackRun *run, CopPackFn *fn, void *ctx);

/* Sets places and end of a run of tiles from `tile` on, of a gather's sweep; returns the tile
 * behind it. */
int cop_pack_run(CopPackRun *run, const CopTiling *tiling, int tile, int end);

/* Units whose sums wait at a time; floats of the sums of one tile, and of all that wait; and of
 * scratch memory for a thread, sums and then a block, under each row of a table. */
int cop_pack_units(const CopGather *gather, const CopSweep *sweep);
size_t cop_pack_sums(const CopGather *gather, const CopSweep *sweep);
size_t cop_pack_waiting(const CopGather *gather, const CopSweep *sweep);
size_t cop_pack_scratch(CopGather *gather, const CopKernelTable *table);

/* --- Winograd's filtering: conv3d_winograd.c --- */

enum { COP_WINOGRAD_LISTS = 3 };

/* Taps along w and their stride; lists, and the first part that each serves. Of three taps the
 * first and the last part have weights of one tap alone, so that lists of a mask differ. */
typedef struct CopFilterKind {
    int taps, stride, lists;
    int part[COP_WINOGRAD_LISTS + 1];
} CopFilterKind;

extern const CopFilterKind cop_filters[COP_FILTER_COUNT];

/* The weights of a gather, transformed: lists of one or more parts, of three taps the first one,
 * the four in the middle and the last one. Each part is a convolution over t and h that counts
 * quads of positions along w. */
typedef struct CopWinograd {
    CopFilter filter;
    CopConvShape rows; /* the layer's shape with kernels one wide */
    CopGather list[COP_WINOGRAD_LISTS];
    CopSweep sweep[COP_WINOGRAD_LISTS];   /* theirs; alike but for the starts */
    CopSweep reads;                       /* what a tile reads, in their blocks */
    bool masked;                          /* lists have room for those of a mask */
    size_t first[COP_WINOGRAD_PARTS + 1]; /* weight of a part in list order */
} CopWinograd;

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

/* Gives a gather that has been planned what Winograd's filtering needs, if some row of the table
 * asks for it at a density that `param` may have, and the shape fits. */
CopStatus cop_winograd_plan(CopGather *gather, CopArena *arena, const CopConvShape *shape,
                            const CopKernelTable *table, const CopParam *param) COP_MUST_CHECK;

/* Whether a gather of some density, 1 for one without a mask, goes by it under a row of the
 * table, and whether by lists of a mask then. */
bool cop_winograd_takes(const CopGather *gather, CopBlocking blocking, double density);
bool cop_winograd_lists(const CopGather *gather, double density);

/* Memory for the rows of a parameter's mask. */
CopStatus cop_row_masks_plan(CopRowMasks *rows, CopArena *arena, size_t numel) COP_MUST_CHECK;

/* Weights in list order that there are at most (0 without it), and floats of scratch memory for a
 * thread. */
size_t cop_winograd_room(const CopGather *gather);
size_t cop_winograd_scratch(const CopGather *gather, const CopKernelTable *table);

/* Weights in list order that there are. */
size_t cop_winograd_weights(const CopGather *gather);

/* Builds the lists, by lists of a mask those of its rows; `scratch` as for cop_gather_build. */
void cop_winograd_build(CopGather *gather, CopBlocking blocking, const CopRowMasks *rows,
                        double density, void *scratch);
/* Fills conv->weight; where lists are shared, with zeros for what a mask lacks. */
void cop_winograd_load(CopConv3d *conv, const CopGather *gather, CopPool *pool);
void cop_winograd_scale(const CopGather *gather, const float *scale, float *listed);

/* A tile (in quads of columns) of units from..to. */
void cop_winograd_tile(const CopGatherJob *job, CopPlace at, const CopPlace *next, int from, int to,
                       float *scratch);

#endif
