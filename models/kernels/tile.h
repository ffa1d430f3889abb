/* Tile mode: one clip spread over the lanes.
 * Between operations only the interior of tiles counts. Before an operation that looks
 * at more than one position, an exchange makes the rest of what it reads true: halos
 * hold what the neighbouring tiles have there, and positions outside the clip, which
 * ragged last tiles have inside too, hold a value that the operation wants.
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#ifndef COP_KERNELS_TILE_H
#define COP_KERNELS_TILE_H

#include <stdbool.h>

#include "models/core/pool.h"
#include "models/core/tensor.h"

/* What output position o reads: `kernel` positions from o * stride - pad on. */
typedef struct CopWindow {
    CopSize kernel, stride, pad;
} CopWindow;

/* Cut that a clip of size `in` must have, so that each tile of an output cut as `out`
 * comes from its own lane and that lane's halo. False if there is none. */
bool cop_tile_input(const CopWindow *window, CopSize in, const CopCut *out, CopCut *cut);

/* Halo that tiles of a clip of size `in`, cut as `cut`, need for that; along t none where the clip
 * is not cut, since operations skip padding there. */
CopHalo cop_tile_halo(const CopWindow *window, CopSize in, const CopCut *cut);

/* How a kernel that knows no tiles must see x to compute a layer of `window`: where x is
 * cut, neighbours are real data and not padding, so that the halo belongs to the view's
 * interior and *pad is 0; elsewhere nothing changes. In batch mode *view is *x. */
void cop_tile_view(const CopTensor *x, const CopWindow *window, CopTensor *view, CopSize *pad);

/* Writes the halo of x, which has one group, and all positions outside the clip: a
 * neighbour's values, else `outside`. */
void cop_tile_exchange(const CopTensor *x, float outside, CopPool *pool);

/* Copies the clip into another cut; interiors only. */
void cop_tile_copy(const CopTensor *from, const CopTensor *to, CopPool *pool);

/* One table a CPU tier. */
typedef struct CopTileKernels {
    void (*exchange)(const CopTensor *x, int c, int end, float outside); /* channels c..end-1 */
} CopTileKernels;

extern const CopTileKernels cop_tile_kernels_generic;
#if defined(__x86_64__)
extern const CopTileKernels cop_tile_kernels_avx2, cop_tile_kernels_avx512;
#endif

#endif
