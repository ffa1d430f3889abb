/* Which frequencies of a plane's spectrum lie near zero.
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#ifndef COP_CORRUPT_FREQUENCY_DISC_H
#define COP_CORRUPT_FREQUENCY_DISC_H

#include <stdbool.h>

/* Frequencies count as shares of Nyquist's, half a cycle a pixel, so that a disc is round
 * in pictures of any shape: with kx of cop_fft2_forward() fx = 2 kx / width, with that of
 * cop_dct2_forward() kx / width. */
typedef struct CopFrequencyDisc {
    int width, height;
    double radius;
    bool square; /* max(fx, fy) <= radius in place of fx^2 + fy^2 <= radius^2 */
    bool cosine; /* of a cosine transform */
} CopFrequencyDisc;

/* The largest ky whose frequency (kx, ky) lies inside, edge included (to 1e-9 in the
 * square of the radius); -1 where none does. */
int cop_frequency_disc_reach(const CopFrequencyDisc *disc, int kx);

/* Columns kx = 0, 1, ... of the spectrum that hold frequencies inside. */
int cop_frequency_disc_columns(const CopFrequencyDisc *disc);

#endif
