/* Which frequencies of a plane's spectrum lie near zero.
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#include "pipeline/corrupt/frequency_disc.h"

#include <math.h>

int cop_frequency_disc_reach(const CopFrequencyDisc *disc, int kx)
{
    const double cycles = disc->cosine ? 1 : 2;
    const double square = disc->radius * disc->radius + 1e-9, fx = cycles * kx / disc->width;
    if (disc->radius < 0 || fx * fx > square)
        return -1;
    const int last = disc->cosine ? disc->height - 1 : disc->height / 2;
    const double reach = sqrt(disc->square ? square : square - fx * fx) * disc->height / cycles;
    return reach < last ? (int)reach : last;
}

int cop_frequency_disc_columns(const CopFrequencyDisc *disc)
{
    const int all = disc->cosine ? disc->width : disc->width / 2 + 1;
    int columns = 0;
    while (columns < all && cop_frequency_disc_reach(disc, columns) >= 0)
        columns++;
    return columns;
}
