/* The lane tensor: groups of sixteen clips, [g][c][t][h][w][16] floats.
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#ifndef COP_CORE_TENSOR_H
#define COP_CORE_TENSOR_H

#include <stdbool.h>
#include <stddef.h>

#include "models/core/arena.h"
#include "models/core/status.h"

enum { COP_LANES = 16 };

/* Border of zeros around each (t, h, w) volume, in positions; lo lies before
 * index 0, hi after the last index. */
typedef struct CopHalo {
    int t_lo, t_hi, h_lo, h_hi, w_lo, w_hi;
} CopHalo;

/* Positions, or tiles, along each dimension. */
typedef struct CopSize {
    int t, h, w;
} CopSize;

/* How one clip is cut into tiles, a lane each: tile (it, ih, iw) lies in lane
 * (it * grid.h + ih) * grid.w + iw and starts at position (it * tile.t, ih * tile.h,
 * iw * tile.w) of the clip. Tiles may reach beyond the clip's end, but not along a
 * dimension that has one alone. */
typedef struct CopCut {
    CopSize grid, tile; /* at most COP_LANES tiles */
} CopCut;

/* A view into an arena; owns nothing. In batch mode a lane is one clip and the grid
 * 1x1x1; in tile mode a lane is one tile of the only clip. */
typedef struct CopTensor {
    float *data;          /* position (0,0,0,0,0), lane 0; 64-byte aligned */
    int n, g, c, t, h, w; /* n valid lanes; g = ceil(n / 16) groups; size of a lane's volume */
    CopHalo halo;
    size_t stride_g, stride_c, stride_t, stride_h; /* in floats; w stride is 16 */
    CopSize grid, clip;                            /* tiles, and positions of the whole clip */
} CopTensor;

/* Address of the sixteen lanes of one position; indices may reach into the halo. */
static inline float *cop_tensor_at(const CopTensor *x, int g, int c, int t, int h, int w)
{
    return x->data + (ptrdiff_t)g * (ptrdiff_t)x->stride_g + (ptrdiff_t)c * (ptrdiff_t)x->stride_c +
           (ptrdiff_t)t * (ptrdiff_t)x->stride_t + (ptrdiff_t)h * (ptrdiff_t)x->stride_h +
           (ptrdiff_t)w * COP_LANES;
}

/* Valid lanes of group `g`: 1..16. */
static inline int cop_tensor_lanes(const CopTensor *x, int g)
{
    const int rest = x->n - g * COP_LANES;
    return rest < COP_LANES ? rest : COP_LANES;
}

/* More than one tile. */
static inline bool cop_tensor_tiled(const CopTensor *x)
{
    return x->grid.t * x->grid.h * x->grid.w > 1;
}

/* Address of position (t, h, w) of a clip in the first channel of its group; `lane` is
 * the clip's number in batch mode, 0 in tile mode. */
static inline float *cop_tensor_clip_at(const CopTensor *x, int lane, int t, int h, int w)
{
    const int tile = (t / x->t * x->grid.h + h / x->h) * x->grid.w + w / x->w;
    return cop_tensor_at(x, lane / COP_LANES, 0, t % x->t, h % x->h, w % x->w) + lane % COP_LANES +
           tile;
}

/* Elementwise maximum: a halo that serves both readers. */
CopHalo cop_halo_max(CopHalo a, CopHalo b);

/* Fills in shape, halo and strides (no data). Strides of t and c are an odd
 * number of cache lines, so that planes do not fall onto the same cache sets.
 * COP_ERR_SHAPE unless all sizes are 1..2^24, all sides of the halo 0..2^24, and
 * the whole fits in memory. */
CopStatus cop_tensor_shape(CopTensor *x, int n, int c, int t, int h, int w,
                           CopHalo halo) COP_MUST_CHECK;

/* The same for one clip cut into tiles; n is the number of tiles. COP_ERR_SHAPE also
 * where the cut does not cover the clip, or has more tiles than there are lanes. */
CopStatus cop_tensor_shape_tiles(CopTensor *x, int c, CopSize clip, const CopCut *cut,
                                 CopHalo halo) COP_MUST_CHECK;

/* Floats that a shaped tensor occupies, halo included. */
size_t cop_tensor_floats(const CopTensor *x);

/* Places a shaped tensor at `memory` (borrowed; 64-byte aligned,
 * cop_tensor_floats() floats). */
void cop_tensor_place(CopTensor *x, float *memory);

/* Shapes, allocates (zeroed) and places in one call. */
CopStatus cop_tensor_create(CopTensor *x, CopArena *arena, int n, int c, int t, int h, int w,
                            CopHalo halo) COP_MUST_CHECK;

/* Sets the number of valid lanes, at most what the tensor was shaped for; not in tile mode. */
void cop_tensor_set_n(CopTensor *x, int n);

/* Writes zero into every halo position, all lanes. */
void cop_tensor_zero_halo(const CopTensor *x);

/* Writes zero into the idle lanes of the last group, interior only. */
void cop_tensor_zero_idle(const CopTensor *x);

/* Copies one clip, float [c][t][h][w] contiguous, into or out of a lane, or (lane 0) the
 * tiles of a tensor in tile mode. */
void cop_tensor_load_lane(const CopTensor *x, int lane, const float *clip);
void cop_tensor_store_lane(const CopTensor *x, int lane, float *clip);

/* Copies one clip between tensors of equal c and clip size (halos and grids may differ). */
void cop_tensor_copy_lane(const CopTensor *to, int to_lane, const CopTensor *from, int from_lane);

/* The same for channels c..end-1 alone. */
void cop_tensor_copy_lane_channels(const CopTensor *to, int to_lane, const CopTensor *from,
                                   int from_lane, int c, int end);

/* Copies the interior of the groups that `to` has in use. */
void cop_tensor_copy(const CopTensor *to, const CopTensor *from);

#endif
