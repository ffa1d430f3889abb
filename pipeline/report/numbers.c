/* Numbers as reports write them.
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#include <glib.h>
#include <math.h>
#include <stdio.h>
#include <string.h>

#include "pipeline/report/terminal.h"

static char *put(char *text, const char *format, double value)
{
    if (isnan(value)) {
        g_strlcpy(text, "-", COP_NUMBER_SIZE);
        return text;
    }
    g_ascii_formatd(text, COP_NUMBER_SIZE, format, value);
    /* What rounds to zero has no sign. */
    if (text[0] == '-' && strspn(text, "-0.") == strlen(text))
        memmove(text, text + 1, strlen(text));
    return text;
}

char *cop_text_percent(char text[COP_NUMBER_SIZE], double share)
{
    return put(text, "%.1f", 100 * share);
}

char *cop_text_measure(char text[COP_NUMBER_SIZE], double value, bool share)
{
    return share ? cop_text_percent(text, value) : put(text, "%.3f", value);
}

char *cop_text_points(char text[COP_NUMBER_SIZE], double share)
{
    put(text, "%+.1f", 100 * share);
    if (strcmp(text, "+0.0") == 0)
        memmove(text, text + 1, strlen(text));
    return text;
}

static char *bracket(char text[COP_NUMBER_SIZE], CopInterval interval,
                     char *(*number)(char[COP_NUMBER_SIZE], double))
{
    char value[COP_NUMBER_SIZE], low[COP_NUMBER_SIZE], high[COP_NUMBER_SIZE];
    number(value, interval.value);
    if (isnan(interval.low) || isnan(interval.high))
        g_strlcpy(text, value, COP_NUMBER_SIZE);
    else
        g_snprintf(text, COP_NUMBER_SIZE, "%.16s [%.16s, %.16s]", value, number(low, interval.low),
                   number(high, interval.high));
    return text;
}

char *cop_text_interval(char text[COP_NUMBER_SIZE], CopInterval interval)
{
    return bracket(text, interval, cop_text_percent);
}

char *cop_text_change(char text[COP_NUMBER_SIZE], CopInterval interval)
{
    return bracket(text, interval, cop_text_points);
}

char *cop_text_p(char text[COP_NUMBER_SIZE], double p)
{
    if (p < 0.001)
        g_strlcpy(text, "< 0.001", COP_NUMBER_SIZE);
    else
        put(text, "%.3f", p);
    return text;
}

char *cop_text_count(char text[COP_NUMBER_SIZE], int64_t count)
{
    static const char *const unit[] = {"", " k", " M", " G", " T", " P", " E"};
    double value = (double)count;
    size_t i = 0;
    /* 999.95 would print as 1000.0. */
    while (fabs(value) >= 999.95 && i + 1 < sizeof unit / sizeof unit[0]) {
        value /= 1000;
        i++;
    }
    put(text, i == 0 ? "%.0f" : "%.1f", value);
    g_strlcat(text, unit[i], COP_NUMBER_SIZE);
    return text;
}

char *cop_text_number(char text[COP_NUMBER_SIZE], double value, int digits)
{
    char format[16];
    g_snprintf(format, sizeof format, "%%.%dg", digits);
    return put(text, format, value);
}

char *cop_text_exact(char text[COP_NUMBER_SIZE], double value)
{
    for (int digits = 6; digits <= 17; digits++) {
        cop_text_number(text, value, digits);
        if (isnan(value) || g_ascii_strtod(text, NULL) == value)
            break;
    }
    return text;
}
