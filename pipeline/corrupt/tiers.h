/* Inner loops of pictures compiled once a CPU tier, picked at run time.
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#ifndef COP_CORRUPT_TIERS_H
#define COP_CORRUPT_TIERS_H

/* In front of a function whose loops compilers vectorise. Its bytes are the same in
 * every tier: sums keep the order that is written, and nothing is contracted
 * (-ffp-contract=off). Levels, not models: those would be asked of one maker only.
 * Sanitizers instrument what picks a tier before they are ready. */
#if defined(__x86_64__) && defined(__GNUC__) && __GNUC__ >= 12 && !defined(__clang__) &&           \
    !defined(__SANITIZE_ADDRESS__) && !defined(__SANITIZE_THREAD__)
#define COP_TIERS __attribute__((target_clones("arch=x86-64-v4", "arch=x86-64-v3", "default")))
#else
#define COP_TIERS
#endif

#endif
