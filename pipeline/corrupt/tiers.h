/* Inner loops of pictures compiled once a CPU tier, picked at run time.
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#ifndef COP_CORRUPT_TIERS_H
#define COP_CORRUPT_TIERS_H

#include <stdint.h> /* what such loops work on; and a header of macros alone is no unit of C */

/* In front of a function whose loops compilers vectorise. Its bytes are the same in every
 * tier: sums keep the order that is written, and nothing is contracted. For the latter
 * -ffp-contract=off is not enough: gcc 12 still makes fused products of sums and differences by
 * turns. So tiers are instruction sets that have none, which rules out x86-64-v3 and AVX-512.
 * Sanitizers instrument what picks a tier before they are ready. */
#if defined(__x86_64__) && defined(__GNUC__) && !defined(__clang__) &&                             \
    !defined(__SANITIZE_ADDRESS__) && !defined(__SANITIZE_THREAD__)
#define COP_TIERS __attribute__((target_clones("avx2", "default")))
/* The same for loops over whole numbers alone, where there is nothing to fuse. */
#define COP_TIERS_WHOLE __attribute__((target_clones("arch=x86-64-v4", "avx2", "default")))
/* For sums whose rounding is bounded and reaches no byte, since what lies too near to a whole
 * level is decided otherwise (cop_cut_row()): fused, and in the widest vectors. */
#define COP_TIERS_ROUGH                                                                            \
    __attribute__((target_clones("arch=x86-64-v4", "arch=x86-64-v3", "default"),                   \
                   optimize("fp-contract=fast")))
#else
#define COP_TIERS
#define COP_TIERS_WHOLE
#define COP_TIERS_ROUGH
#endif

#endif
