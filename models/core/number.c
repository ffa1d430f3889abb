/* Names and numbers as people type them: compared, parsed and printed alike
 * in every locale. Declared in option.h.
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#include <ctype.h>
#include <errno.h>
#include <float.h>
#include <limits.h>
#include <locale.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "models/core/option.h"

enum { NAME_LEN = 63 };

static int fold(char c)
{
    return c == '-' ? '_' : tolower((unsigned char)c);
}

static int min(int a, int b)
{
    return a < b ? a : b;
}

/* Damerau-Levenshtein distance in its restricted form (optimal string
 * alignment): insertions, deletions, substitutions and swaps of neighbours. */
static int edit_distance(const char *a, int n, const char *b, int m)
{
    int rows[3][NAME_LEN + 1];
    int *before = rows[0], *above = rows[1], *row = rows[2];
    for (int j = 0; j <= m; j++)
        above[j] = j;
    for (int i = 1; i <= n; i++) {
        row[0] = i;
        for (int j = 1; j <= m; j++) {
            const int differs = fold(a[i - 1]) != fold(b[j - 1]);
            row[j] = min(min(above[j], row[j - 1]) + 1, above[j - 1] + differs);
            if (i > 1 && j > 1 && fold(a[i - 1]) == fold(b[j - 2]) &&
                fold(a[i - 2]) == fold(b[j - 1]))
                row[j] = min(row[j], before[j - 2] + 1);
        }
        int *const oldest = before;
        before = above;
        above = row;
        row = oldest;
    }
    return above[m];
}

const char *cop_nearest_name(const char *name, const char *const *names)
{
    const size_t n = strlen(name);
    if (n > NAME_LEN)
        return NULL;
    const char *nearest = NULL;
    int least = INT_MAX;
    for (; *names; names++) {
        const size_t m = strlen(*names);
        if (m > NAME_LEN)
            continue;
        const int distance = edit_distance(name, (int)n, *names, (int)m);
        /* One slip in a short name, one more every three letters: beyond that
         * a suggestion is more often wrong than right. */
        const int longest = (int)(n > m ? n : m), slips = longest < 6 ? 1 : longest / 3;
        if (distance <= slips && distance < longest && distance < least) {
            nearest = *names;
            least = distance;
        }
    }
    return nearest;
}

bool cop_name_equal(const char *a, const char *b)
{
    for (; *a && *b; a++, b++)
        if (*a != *b && !((*a == '-' || *a == '_') && (*b == '-' || *b == '_')))
            return false;
    return *a == *b;
}

/* Blanks, hexadecimal, "inf" and "nan" are what strto*() reads and nobody means. */
static bool made_of(const char *text, const char *characters)
{
    return *text && text[strspn(text, characters)] == '\0';
}

bool cop_parse_double(const char *text, double *value)
{
    if (!made_of(text, "+-.0123456789eE"))
        return false;
    const locale_t c = newlocale(LC_ALL_MASK, "C", (locale_t)0), own = uselocale(c);
    char *end;
    const double parsed = strtod(text, &end);
    uselocale(own);
    if (c)
        freelocale(c);
    if (*end != '\0' || end == text || !isfinite(parsed))
        return false;
    *value = parsed;
    return true;
}

bool cop_parse_int(const char *text, int *value)
{
    if (!made_of(text, "+-0123456789"))
        return false;
    char *end;
    errno = 0;
    const long long parsed = strtoll(text, &end, 10);
    if (*end != '\0' || errno || parsed < INT_MIN || parsed > INT_MAX)
        return false;
    *value = (int)parsed;
    return true;
}

bool cop_parse_u64(const char *text, uint64_t *value)
{
    /* strtoull() would turn "-1" into 2^64 - 1. */
    if (!made_of(text, "0123456789"))
        return false;
    char *end;
    errno = 0;
    const unsigned long long parsed = strtoull(text, &end, 10);
    if (*end != '\0' || errno)
        return false;
    *value = parsed;
    return true;
}

char *cop_format_double(double value, char text[32])
{
    const locale_t c = newlocale(LC_ALL_MASK, "C", (locale_t)0), own = uselocale(c);
    /* Fifteen digits reproduce every decimal that has so few, trailing zeros
     * dropped; only subnormal numbers have fewer to begin with. */
    int digits = fabs(value) < DBL_MIN ? 1 : DBL_DIG;
    do
        snprintf(text, 32, "%.*g", digits, value);
    while (digits++ < 17 && strtod(text, NULL) != value);
    uselocale(own);
    if (c)
        freelocale(c);
    return text;
}
