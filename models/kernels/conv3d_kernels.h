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

/* Rows of memory that will be read soon, `rows` of them in a channel: before every list whose turn
 * it is, kernels ask for `each` of those left. Steps in floats. */
typedef struct CopAhead {
    const float *at;
    int left, each;
    int wait, period; /* lists until the next turn, and between turns */
    int lines;        /* of a row */
    int rows;
    ptrdiff_t row_step, channel_gap;
} CopAhead;

typedef struct CopConv3dTile {
    const float *in;      /* first tap of the tile's first position; outside of the tensor where
                           * that is padding along t, and then not read */
    ptrdiff_t in_h, in_w; /* from one position to the next, in floats */
    float *out;           /* the first position in channel 0; only read by `correlate` */
    ptrdiff_t out_c, out_h, out_w;
    int rows, cols; /* only read by `shared` */
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
    bool first, last;  /* block: start from the bias; write to `out`; `correlate`: asks for `out` */
    const float *add;  /* what the last block adds, at the first position in channel 0; or NULL */
    ptrdiff_t add_c, add_h, add_w;
    bool relu;
    bool stream; /* the last block writes past the caches, where a vector is a line of them */

    CopAhead *ahead; /* or NULL */
} CopConv3dTile;

typedef void CopConv3dFn(const CopConv3dTile *tile);

/* Where one tap of a kernel is met. */
typedef struct CopTap {
    int sweep, t;  /* t: tap along t in that sweep */
    size_t offset; /* from the sweep's first tap, in floats */
} CopTap;

enum { COP_PLACE_LANES = 16, COP_PLACE_BITS = 64, COP_PLACE_ARRAYS = 7 };

/* Lists being made, of one sweep (conv3d_build.c). A unit has a segment of slots for each kind and
 * each tap along t. */
typedef struct CopConv3dSlots {
    uint32_t *offset, *index;
    const uint64_t *mask;
    const uint32_t *rank; /* active weights before each word of it; NULL: `index` counts all taps */
    const CopTap *tap;    /* of a kernel */
    int taps, words;      /* of a kernel; words of a mask that it would fill */
    int segments;         /* taps along t */
    const uint64_t *in_segment; /* [segment][word]: which taps of a kernel have it */
    bool pairs;
    bool transposed; /* in the mask, a pair's second kernel follows the first, else the next input
                        channel's does */
    size_t in_step;  /* from an input channel's kernel to the next one's */
    uint32_t in_c;   /* and between what they read */

    /* For vectors, which place the kernels of a few channels at a time: 0 where they do not. */
    int channels;
    uint32_t *scratch;                 /* [segment][COP_PLACE_ARRAYS][room]: lists of a unit */
    size_t room;                       /* for a list, and a vector behind it */
    uint64_t lanes_of[COP_PLACE_BITS]; /* [segment]: taps in it, of a word of kernels in a row */
    uint32_t lane_offset[COP_PLACE_BITS][COP_PLACE_LANES];
    uint32_t lane_index[COP_PLACE_BITS][COP_PLACE_LANES]; /* where all taps are counted */
} CopConv3dSlots;

/* The kernels of a unit and a block's input channels. */
typedef struct CopConv3dUnit {
    size_t first, second; /* the first input channel's, of the first and the second channel */
    bool alone;           /* without the second */
    int channels;
    uint32_t offset; /* of what the first input channel reads */
    uint32_t *start; /* of its segments; written to one behind those of the next */
} CopConv3dUnit;

/* Lists the active taps of a unit, those of a segment in ascending order, from slot `at` on, and
 * returns where the next ones go. */
typedef uint32_t CopConv3dPlaceFn(const CopConv3dSlots *slots, const CopConv3dUnit *unit,
                                  uint32_t at);

/* Which rows of three taps of a mask have their first tap, any and their last one, and how many
 * have: lists of Winograd's filtering. */
typedef struct CopRowMasks {
    uint64_t *mask[3];
    size_t n[3];
} CopRowMasks;

/* What is made of `words` words of a mask. */
typedef struct CopConv3dMaskKernels {
    /* rank[i] = active weights before word i */
    void (*rank)(const uint64_t *mask, size_t words, uint32_t *rank);
    /* dense[64 i + j] = the next value where bit j of word i is set, else 0 */
    void (*spread)(const uint64_t *mask, size_t words, const float *value, float *dense);
    /* of all words of a mask; rows->mask is there */
    void (*rows)(const uint64_t *mask, size_t words, CopRowMasks *rows);
    /* tap[k][j] = value[3 index[j] + k], for j below n */
    void (*taps)(const float *value, const uint32_t *index, size_t n, float *const tap[3]);
} CopConv3dMaskKernels;

/* Tables are indexed [step][rows - 1][cols - 1] and hold the shapes that
 * tiles are cut to: at most COP_TILE_MAX positions, grouped rows of at
 * most 7. Sums of two channels, and of the gradient of weights beside what they
 * are made of, need registers too: pairs and `correlate` have their own most. */
typedef CopConv3dFn *CopConv3dFns[COP_STEPS][COP_TILE_ROWS][COP_TILE_MAX];

typedef struct CopCorrelateKernels {
    int most; /* positions in a tile */
    CopConv3dFns tile;
    CopConv3dFn *shared; /* one list for all channels, tiles of any size */
} CopCorrelateKernels;

typedef struct CopConv3dKernels {
    int width;     /* floats in a vector; a kernel does that many lanes */
    int pairs_max; /* positions in a tile */
    CopConv3dFns pairs, gather;
    const CopCorrelateKernels *correlate;
    const CopWinogradKernels *winograd;
    const CopConv3dMaskKernels *mask;
    CopConv3dPlaceFn *place;
} CopConv3dKernels;

extern const CopConv3dMaskKernels cop_conv3d_mask_kernels_generic, cop_conv3d_mask_kernels_avx2,
    cop_conv3d_mask_kernels_avx512;
CopConv3dPlaceFn cop_conv3d_place_generic, cop_conv3d_place_avx2, cop_conv3d_place_avx512;
extern const CopCorrelateKernels cop_correlate_kernels_generic, cop_correlate_kernels_avx2,
    cop_correlate_kernels_avx512;
extern const CopConv3dKernels cop_conv3d_kernels_generic;
#if defined(__x86_64__)
extern const CopConv3dKernels cop_conv3d_kernels_avx2, cop_conv3d_kernels_avx512;
#endif

/* Those of a tier; the generic ones where this build has none of it. */
const CopConv3dKernels *cop_conv3d_kernels(CopTier tier);

#endif
