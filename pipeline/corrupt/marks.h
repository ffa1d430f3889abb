/* Rows of bytes of which a few are marked.
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#ifndef COP_CORRUPT_MARKS_H
#define COP_CORRUPT_MARKS_H

#include <stdint.h>
#include <string.h>

/* The first i from `from` on with mark[i] not 0; n where there is none. */
static inline int cop_next_mark(const uint8_t *mark, int from, int n)
{
    int i = from;
    for (uint64_t eight; i + 8 <= n; i += 8) {
        memcpy(&eight, mark + i, sizeof eight);
        if (eight)
            break;
    }
    while (i < n && !mark[i])
        i++;
    return i;
}

#endif
