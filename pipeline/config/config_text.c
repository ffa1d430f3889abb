/* A configuration as text that loads back to it.
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#include <glib.h>
#include <limits.h>
#include <stdlib.h>
#include <string.h>

#include "pipeline/config/config_private.h"

static void append_string(GString *out, const char *text)
{
    g_string_append_c(out, '"');
    for (; *text; text++) {
        const unsigned char c = (unsigned char)*text;
        if (c == '"' || c == '\\')
            g_string_append_printf(out, "\\%c", c);
        else if (c < 0x20)
            g_string_append_printf(out, "\\x%02X", c);
        else
            g_string_append_c(out, *text);
    }
    g_string_append_c(out, '"');
}

/* Always with a point or exponent: libconfig refuses arrays of both kinds. */
static void append_double(GString *out, double value)
{
    char text[32];
    g_string_append(out, cop_format_double(value, text));
    if (!strpbrk(text, ".eE"))
        g_string_append(out, ".0");
}

static void append_u64(GString *out, uint64_t value)
{
    const char *form = value <= INT_MAX     ? "%" G_GUINT64_FORMAT
                       : value <= INT64_MAX ? "%" G_GUINT64_FORMAT "L"
                                            : "\"%" G_GUINT64_FORMAT "\"";
    g_string_append_printf(out, form, (guint64)value);
}

static void append_field(GString *out, const CopOption *row, const void *object)
{
    const void *field = (const char *)object + row->offset;
    switch (row->type) {
    case COP_TYPE_BOOL:
        g_string_append(out, *(const bool *)field ? "true" : "false");
        break;
    case COP_TYPE_INT:
        g_string_append_printf(out, "%d", *(const int *)field);
        break;
    case COP_TYPE_U64:
        append_u64(out, *(const uint64_t *)field);
        break;
    case COP_TYPE_DOUBLE:
        append_double(out, *(const double *)field);
        break;
    case COP_TYPE_STRING:
        append_string(out, *(char *const *)field);
        break;
    case COP_TYPE_CHOICE:
        append_string(out, row->choices[*(const int *)field]);
        break;
    case COP_TYPE_INTS:
        g_string_append_c(out, '[');
        for (int i = 0; i < ((const CopInts *)field)->n; i++)
            g_string_append_printf(out, "%s%d", i ? ", " : "", ((const CopInts *)field)->item[i]);
        g_string_append_c(out, ']');
        break;
    case COP_TYPE_DOUBLES:
        g_string_append_c(out, '[');
        for (int i = 0; i < ((const CopDoubles *)field)->n; i++) {
            g_string_append(out, i ? ", " : "");
            append_double(out, ((const CopDoubles *)field)->item[i]);
        }
        g_string_append_c(out, ']');
        break;
    case COP_TYPE_STRINGS:
        g_string_append_c(out, '[');
        for (int i = 0; i < ((const CopStrings *)field)->n; i++) {
            g_string_append(out, i ? ", " : "");
            append_string(out, ((const CopStrings *)field)->item[i]);
        }
        g_string_append_c(out, ']');
        break;
    case COP_TYPE_COUNT:
        break;
    }
}

static bool at_default(const CopOption *row, const void *object, const void *defaults)
{
    GString *seen = g_string_new(NULL), *usual = g_string_new(NULL);
    append_field(seen, row, object);
    append_field(usual, row, defaults);
    const bool same = g_string_equal(seen, usual);
    g_string_free(seen, TRUE);
    g_string_free(usual, TRUE);
    return same;
}

static void append_block(GString *out, const CopConfigBlock *block, const CopConfig *config,
                         const CopConfig *defaults, CopConfigView view)
{
    const void *object = (const char *)config + block->offset;
    const void *usual = (const char *)defaults + block->offset;
    g_string_append_printf(out, "%s = {\n", block->name);
    for (const CopOption *row = block->options; row->name; row++) {
        if (view == COP_CONFIG_EFFECTIVE && (row->flags & COP_OPTION_NO_EFFECT))
            continue;
        if (view == COP_CONFIG_IDENTITY && (row->flags & COP_OPTION_LATER) &&
            at_default(row, object, usual))
            continue;
        g_string_append_printf(out, "    %s = ", row->name);
        append_field(out, row, object);
        g_string_append(out, ";\n");
    }
    g_string_append(out, "};\n");
}

char *cop_config_text(const CopConfig *config, CopConfigView view)
{
    CopConfig defaults = {0};
    GString *out = g_string_new(NULL);
    CopStatus status = COP_OK;
    for (const CopConfigBlock *block = cop_config_blocks; block->name && status == COP_OK; block++)
        status = cop_options_defaults(block->options, (char *)&defaults + block->offset, NULL);
    for (const CopConfigBlock *block = cop_config_blocks; block->name; block++)
        if (view != COP_CONFIG_EFFECTIVE || block->at_test)
            append_block(out, block, config, &defaults, view);
    cop_config_free(&defaults);
    /* The caller frees with free(), which GLib's own memory does not promise. */
    char *text = status == COP_OK ? strdup(out->str) : NULL;
    g_string_free(out, TRUE);
    return text;
}
