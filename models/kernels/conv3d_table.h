/* Which kernels and blocking a convolution uses: a table by density, one a CPU tier.
 * Together with the shape it alone decides; nothing is timed when a net is planned. A
 * file, such as `coppice profile --tune` writes, may take the place of the built-in table:
 *     tier avx512
 *     # below  walk     positions  cols  KiB
 *     0.15     singles  14         7     44
 *     0.32     pairs    14         14    28
 *     1        winograd 14         14    36
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#ifndef COP_KERNELS_CONV3D_TABLE_H
#define COP_KERNELS_CONV3D_TABLE_H

#include <stdbool.h>
#include <stdint.h>

#include "models/core/cpu.h"
#include "models/core/status.h"

enum { COP_KERNEL_ROWS = 32, COP_KERNEL_HASH = 17 };

typedef enum CopWalk {
    COP_WALK_SINGLES,
    COP_WALK_PAIRS,    /* units are pairs of output channels */
    COP_WALK_WINOGRAD, /* so they are, and go by Winograd's filtering where a shape fits it */
    COP_WALK_COUNT
} CopWalk;

/* How a pass walks a layer. Shapes bend it: pointwise and strided ones take larger blocks, single
 * channels whose input is not copied narrower tiles (conv3d_plan.c), Winograd's filtering larger
 * blocks and, where rows are short, no masks of low density (conv3d_winograd.c); what comes of it
 * is what a profile names. */
typedef struct CopBlocking {
    CopWalk walk;
    int positions;   /* most in a tile */
    int cols;        /* most in a row of a tile */
    int block_bytes; /* of a tile's input, of one frame where it is copied */
} CopBlocking;

/* Holds for densities below `below`, 0..1, that no row before it holds for; the last one
 * says 1 and holds for 1, too. */
typedef struct CopKernelRow {
    double below;
    CopBlocking blocking;
} CopKernelRow;

/* Zeroed, it stands for the built-in one. */
typedef struct CopKernelTable {
    CopTier tier;
    int n;
    CopKernelRow row[COP_KERNEL_ROWS];
    uint64_t hash; /* of the file's bytes; 0: built in */
} CopKernelTable;

/* `table` if it has rows of the tier, else (NULL, too) the built-in one. */
const CopKernelTable *cop_kernel_table_of(const CopKernelTable *table, CopTier tier);

/* The blocking of a gather over weights of a density, 0..1. */
CopBlocking cop_kernel_table_find(const CopKernelTable *table, double density);

/* Reads a file. COP_ERR_CONFIG, with file, line, value seen and values allowed, for what is
 * missing, malformed, made for another tier than the one that runs, or more than its kernels
 * can do. `out` is overwritten, with zeros after a failure. */
CopStatus cop_kernel_table_read(CopKernelTable *out, const char *path,
                                CopError *err) COP_MUST_CHECK;

/* Writes a whole file that reads back as the same rows. `comment` (borrowed; lines) heads it. */
CopStatus cop_kernel_table_write(const CopKernelTable *table, const char *comment, const char *path,
                                 CopError *err) COP_MUST_CHECK;

/* As in a file. */
const char *cop_walk_name(CopWalk walk);

/* The hash as results and checkpoints name it: sixteen digits, or "built-in". */
char *cop_kernel_table_name(const CopKernelTable *table, char text[COP_KERNEL_HASH]);

#endif
