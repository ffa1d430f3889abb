/* The innermost loops of conv3d, one table a CPU tier.
 * A tile is up to COP_TILE_MAX positions of the output, rows x cols, whose
 * values stay in registers while a list of weights is walked. A list says,
 * for one unit and one block of input channels, where each weight reads (an
 * offset from the position's first tap) and what it is. A unit is one output
 * channel, or a pair: what both channels of a pair read is loaded once.
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#ifndef COP_KERNELS_CONV3D_KERNELS_H
#define COP_KERNELS_CONV3D_KERNELS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "models/core/cpu.h"
#include "models/kernels/winograd.h"

enum {
    COP_TILE_MAX = 14, /* sums, with a weight and a product, fill sixteen registers */
    COP_TILE_ROWS = 4,
    COP_STEPS = 3 /* distance of neighbours in `in`: 1, 2 or any number of positions */
};

typedef struct CopConv3dTile {
    const float *in;      /* first tap of the tile's first position */
    ptrdiff_t in_h, in_w; /* from one position to the next, in floats */
    float *out;           /* the first position in channel 0; only read by `correlate` */
    ptrdiff_t out_c, out_h, out_w;
    int rows, cols; /* only read by `correlate_shared` */
    int channels;   /* of the output */
    int from, to;   /* units; `correlate`: channels */

    /* Slots: an offset in floats and the weight beside it; `correlate` adds its
     * sums there. Of a pair, a slot's weight belongs to the first channel and the
     * next slot's to the second where both read, and such slots come first. */
    const uint32_t *offset;
    float *weight;
    /* Where the slots of tap 0, 1, ... along t start, in unit 0; of a pair those of
     * both channels, of the first alone and of the second alone. */
    const uint32_t *start;
    size_t start_step, weight_step; /* from one unit to the next; start 0: one list for all */
    bool pairs;
    int taps, first_tap, end_tap; /* taps along t: all, and those to visit */

    /* `gather` only: sums live in scratch [channel][position] between blocks. */
    float *scratch;
    const float *bias; /* [channel], may be NULL */
    bool first, last;  /* block: start from the bias; write to `out` */
    const float *add;  /* what the last block adds, at the first position in channel 0; or NULL */
    ptrdiff_t add_c, add_h, add_w;
    bool relu;
    bool stream; /* the last block writes past the caches, where a vector is a line of them */
} CopConv3dTile;

typedef void CopConv3dFn(const CopConv3dTile *tile);

enum { COP_PLACE_TAPS = 16, COP_PLACE_BITS = 64 };

/* Lists being made (conv3d_build.c) of kernels of at most COP_PLACE_BITS taps, COP_PLACE_TAPS for
 * each along t. */
typedef struct CopConv3dSlots {
    bool place; /* else count */
    uint32_t *offset, *index;
    uint32_t tap_offset[COP_PLACE_BITS + COP_PLACE_TAPS];
    size_t segment[COP_PLACE_BITS]; /* of a tap along t, from a unit's first start */
    size_t kind; /* between the segments of both channels of a pair, of the first alone and of the
                    second alone; 0: units are single channels */
    int segments, taps; /* of each */
    bool positions;     /* `index` counts all taps, not the active ones */
    bool follows;       /* the second channel's weights follow the first's in memory */
} CopConv3dSlots;

/* Units whose weights follow each other in the mask: those of an output channel or pair and all
 * its input channels, or of an input channel and all pairs. */
typedef struct CopConv3dRow {
    const uint64_t *mask;
    size_t first, second;    /* bits of the first unit's channels */
    size_t step;             /* from unit to unit */
    int n, pairs;            /* units; those of them that have a second channel come first */
    uint32_t *start;         /* of the first unit's segments */
    uint32_t channel;        /* offset of its input channel */
    uint32_t rank_a, rank_b; /* active weights before each channel's; rank_b not where it follows */
    int block;               /* units up to the end of a block */
    int blocks_of;           /* units of each later one */
    ptrdiff_t start_step, start_jump;    /* from unit to unit; more at the end of a block */
    uint32_t channel_step, channel_back; /* likewise; taken back at the end of a block */
} CopConv3dRow;

/* Counts or lists the active taps of a row of units. Counts lie two behind a segment's start, and
 * where the next slot goes one behind. */
typedef void CopConv3dPlaceFn(const CopConv3dSlots *slots, CopConv3dRow row);

/* Tables are indexed [step][rows - 1][cols - 1] and hold the shapes that
 * tiles are cut to: at most COP_TILE_MAX positions, grouped rows of at
 * most 7. Sums of two channels, and of the gradient of weights beside what they
 * are made of, need registers too: pairs and `correlate` have their own most. */
typedef struct CopConv3dKernels {
    int width;                    /* floats in a vector; a kernel does that many lanes */
    int pairs_max, correlate_max; /* positions in a tile */
    CopConv3dFn *pairs[COP_STEPS][COP_TILE_ROWS][COP_TILE_MAX];
    CopConv3dFn *gather[COP_STEPS][COP_TILE_ROWS][COP_TILE_MAX];
    CopConv3dFn *correlate[COP_STEPS][COP_TILE_ROWS][COP_TILE_MAX];
    CopConv3dFn *correlate_shared; /* one list for all channels, tiles of any size */
    const CopWinogradKernels *winograd;
    CopConv3dPlaceFn *place; /* NULL: the tier has none */
} CopConv3dKernels;

CopConv3dPlaceFn cop_conv3d_place_avx512;
extern const CopConv3dKernels cop_conv3d_kernels_generic;
#if defined(__x86_64__)
extern const CopConv3dKernels cop_conv3d_kernels_avx2, cop_conv3d_kernels_avx512;
#endif

/* Those of a tier; the generic ones where this build has none of it. */
const CopConv3dKernels *cop_conv3d_kernels(CopTier tier);

#endif
