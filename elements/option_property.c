/* GObject properties from option rows.
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#include "elements/option_property.h"

#include <string.h>

GType cop_choice_type(const char *type_name, const char *const *choices,
                      const char *(*describe)(int place))
{
    const GType known = g_type_from_name(type_name);
    if (known)
        return known;
    guint n = 0;
    while (choices[n])
        n++;
    GEnumValue *values = g_new0(GEnumValue, n + 1); /* kept: the type refers to them */
    for (guint i = 0; i < n; i++)
        values[i] = (GEnumValue){.value = (gint)i,
                                 .value_name = describe ? describe((int)i) : choices[i],
                                 .value_nick = choices[i]};
    return g_enum_register_static(type_name, values);
}

/* "clip_id" as "clip-id" (returned). */
static char *dashed(const char *name)
{
    return g_strdelimit(g_strdup(name), "_", '-');
}

/* "GstVideoCorruptClipId", from a class and "clip_id" (returned). */
static char *type_name_of(const char *class_name, const char *name)
{
    GString *text = g_string_new(class_name);
    for (gboolean up = TRUE; *name; name++) {
        if (*name != '_')
            g_string_append_c(text, up ? g_ascii_toupper(*name) : *name);
        up = *name == '_';
    }
    return g_string_free(text, FALSE);
}

static double least(const CopOption *row, double otherwise)
{
    return row->min != 0 || row->max != 0 ? row->min : otherwise;
}

static double most(const CopOption *row, double otherwise)
{
    return row->min != 0 || row->max != 0 ? row->max : otherwise;
}

static GParamSpec *choice_spec(const CopOption *row, const char *class_name, const char *name,
                               const char *blurb, GParamFlags flags)
{
    char *type_name = type_name_of(class_name, row->name);
    const GType type = cop_choice_type(type_name, row->choices, NULL);
    gint start = 0;
    while (row->choices[start + 1] && !cop_name_equal(row->choices[start], row->def))
        start++;
    g_free(type_name);
    return g_param_spec_enum(name, NULL, blurb, type, start, flags);
}

static GParamSpec *number_spec(const CopOption *row, const char *name, const char *blurb,
                               GParamFlags flags)
{
    double real = 0;
    int whole = 0;
    uint64_t wide = 0;
    switch (row->type) {
    case COP_TYPE_INT:
        (void)cop_parse_int(row->def, &whole);
        return g_param_spec_int(name, NULL, blurb, (gint)least(row, G_MININT),
                                (gint)most(row, G_MAXINT), whole, flags);
    case COP_TYPE_U64:
        (void)cop_parse_u64(row->def, &wide);
        return g_param_spec_uint64(name, NULL, blurb, (guint64)least(row, 0),
                                   row->max != 0 ? (guint64)row->max : G_MAXUINT64, wide, flags);
    default:
        (void)cop_parse_double(row->def, &real);
        return g_param_spec_double(name, NULL, blurb, least(row, -G_MAXDOUBLE),
                                   most(row, G_MAXDOUBLE), real, flags);
    }
}

static GParamSpec *spec_of(const CopOption *row, const char *class_name, GParamFlags flags)
{
    char *name = dashed(row->name), *blurb = g_strdup(row->help);
    GParamSpec *spec;
    blurb[0] = g_ascii_toupper(blurb[0]);
    switch (row->type) {
    case COP_TYPE_BOOL:
        spec = g_param_spec_boolean(name, NULL, blurb, strcmp(row->def, "true") == 0, flags);
        break;
    case COP_TYPE_INT:
    case COP_TYPE_U64:
    case COP_TYPE_DOUBLE:
        spec = number_spec(row, name, blurb, flags);
        break;
    case COP_TYPE_CHOICE:
        spec = choice_spec(row, class_name, name, blurb, flags);
        break;
    default:
        spec = g_param_spec_string(name, NULL, blurb, row->def, flags);
    }
    g_free(blurb);
    g_free(name);
    return spec;
}

guint cop_properties_install(GObjectClass *klass, const CopOption *rows, GParamFlags flags)
{
    guint id = 1;
    for (const CopOption *row = rows; row->name; row++, id++) {
        GParamFlags all = flags | G_PARAM_READWRITE;
        if (row->flags & COP_OPTION_CONTROLLABLE)
            all |= GST_PARAM_CONTROLLABLE;
        g_object_class_install_property(klass, id, spec_of(row, G_OBJECT_CLASS_NAME(klass), all));
    }
    return id;
}

static gboolean set_text(const CopOption *row, void *object, const char *text, CopError *err)
{
    const CopOption alone[] = {*row, COP_OPTIONS_END};
    return cop_options_set(alone, object, row->name, text ? text : "", err) == COP_OK;
}

gboolean cop_property_set(const CopOption *row, void *object, const GValue *value, CopError *err)
{
    void *field = (char *)object + row->offset;
    switch (row->type) {
    case COP_TYPE_BOOL:
        *(bool *)field = g_value_get_boolean(value) ? true : false;
        return TRUE;
    case COP_TYPE_INT:
        *(int *)field = g_value_get_int(value);
        return TRUE;
    case COP_TYPE_U64:
        *(uint64_t *)field = g_value_get_uint64(value);
        return TRUE;
    case COP_TYPE_DOUBLE:
        *(double *)field = g_value_get_double(value);
        return TRUE;
    case COP_TYPE_CHOICE:
        *(int *)field = g_value_get_enum(value);
        return TRUE;
    default:
        return set_text(row, object, g_value_get_string(value), err);
    }
}

void cop_property_get(const CopOption *row, const void *object, GValue *value)
{
    const void *field = (const char *)object + row->offset;
    switch (row->type) {
    case COP_TYPE_BOOL:
        g_value_set_boolean(value, *(const bool *)field);
        return;
    case COP_TYPE_INT:
        g_value_set_int(value, *(const int *)field);
        return;
    case COP_TYPE_U64:
        g_value_set_uint64(value, *(const uint64_t *)field);
        return;
    case COP_TYPE_DOUBLE:
        g_value_set_double(value, *(const double *)field);
        return;
    case COP_TYPE_CHOICE:
        g_value_set_enum(value, *(const int *)field);
        return;
    default: {
        char *text = cop_option_text(row, object);
        g_value_set_string(value, text);
        free(text);
    }
    }
}
