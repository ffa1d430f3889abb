/* Option rows: typed fields of a struct, set from text and shown as text.
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#include "models/core/option.h"

#include <float.h>
#include <inttypes.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "models/core/list.h"

/* The value of any field; its type is the row's. */
typedef union Field {
    bool boolean;
    int integer;
    uint64_t u64;
    double number;
    char *string;
    CopInts ints;
    CopDoubles doubles;
    CopStrings strings;
} Field;

static const struct {
    const char *name;
    size_t size;
} types[] = {
    [COP_TYPE_BOOL] = {"true or false", sizeof(bool)},
    [COP_TYPE_INT] = {"whole number", sizeof(int)},
    [COP_TYPE_U64] = {"whole number", sizeof(uint64_t)},
    [COP_TYPE_DOUBLE] = {"number", sizeof(double)},
    [COP_TYPE_STRING] = {"text", sizeof(char *)},
    [COP_TYPE_CHOICE] = {"choice", sizeof(int)},
    [COP_TYPE_INTS] = {"list of whole numbers", sizeof(CopInts)},
    [COP_TYPE_DOUBLES] = {"list of numbers", sizeof(CopDoubles)},
    [COP_TYPE_STRINGS] = {"list of texts", sizeof(CopStrings)},
};
_Static_assert(sizeof types / sizeof types[0] == COP_TYPE_COUNT, "one entry a type");

static const struct {
    const char *text;
    bool value;
} booleans[] = {{"true", true}, {"false", false}, {"yes", true}, {"no", false},
                {"on", true},   {"off", false},   {"1", true},   {"0", false}};

static Field load(const CopOption *row, const void *object)
{
    Field field;
    memset(&field, 0, sizeof field);
    memcpy(&field, (const char *)object + row->offset, types[row->type].size);
    return field;
}

static void store(const CopOption *row, void *object, const Field *field)
{
    memcpy((char *)object + row->offset, field, types[row->type].size);
}

/* Frees what a field owns. */
static void release(const CopOption *row, Field *field)
{
    switch (row->type) {
    case COP_TYPE_STRING:
        free(field->string);
        break;
    case COP_TYPE_INTS:
        free(field->ints.item);
        break;
    case COP_TYPE_DOUBLES:
        free(field->doubles.item);
        break;
    case COP_TYPE_STRINGS:
        cop_list_free(&field->strings);
        break;
    default:
        break;
    }
}

static bool owns_memory(const CopOption *row)
{
    return row->type >= COP_TYPE_INTS || row->type == COP_TYPE_STRING;
}

static void *copy_items(const void *item, int n, size_t size)
{
    void *copy = n ? calloc((size_t)n, size) : NULL;
    return copy ? memcpy(copy, item, (size_t)n * size) : NULL;
}

/* Makes *to a copy of `from` that shares no memory with it. What a failure
 * leaves there can be released. */
static bool duplicate(const CopOption *row, const Field *from, Field *to)
{
    memset(to, 0, sizeof *to);
    switch (row->type) {
    case COP_TYPE_STRING:
        to->string = strdup(from->string ? from->string : "");
        return to->string != NULL;
    case COP_TYPE_INTS:
        to->ints.item = copy_items(from->ints.item, from->ints.n, sizeof(int));
        to->ints.n = from->ints.n;
        return to->ints.item || !to->ints.n;
    case COP_TYPE_DOUBLES:
        to->doubles.item = copy_items(from->doubles.item, from->doubles.n, sizeof(double));
        to->doubles.n = from->doubles.n;
        return to->doubles.item || !to->doubles.n;
    case COP_TYPE_STRINGS:
        return cop_list_copy(&to->strings, &from->strings);
    default:
        *to = *from;
        return true;
    }
}

static int find_choice(const CopOption *row, const char *text)
{
    for (int i = 0; row->choices[i]; i++)
        if (cop_name_equal(row->choices[i], text))
            return i;
    return -1;
}

/* Empty for a number that is no choice, which only a program can have put there. */
static const char *choice_name(const CopOption *row, int choice)
{
    for (int i = 0; row->choices[i]; i++)
        if (i == choice)
            return row->choices[i];
    return "";
}

static bool in_range(const CopOption *row, double value)
{
    return (row->min == 0 && row->max == 0) || (value >= row->min && value <= row->max);
}

/* "a, b, c" as far as it fits; the end is marked where it does not. */
static char *join(const char *const *names, char *text, size_t size)
{
    size_t used = 0;
    text[0] = '\0';
    for (int i = 0; names[i]; i++) {
        const int n = snprintf(text + used, size - used, "%s%s", i ? ", " : "", names[i]);
        if ((size_t)n >= size - used) {
            if (size > 4)
                memcpy(text + size - 4, "...", 4);
            break;
        }
        used += (size_t)n;
    }
    return text;
}

/* --- from text ------------------------------------------------------------- */

static CopStatus refuse(const CopOption *row, const char *seen, CopError *err)
{
    char allowed[300];
    const char *near = row->choices ? cop_nearest_name(seen, row->choices) : NULL;
    return cop_error_set(err, COP_ERR_CONFIG, "%s: got \"%.80s\"%s%s%s; allowed: %s", row->name,
                         seen, near ? ", did you mean \"" : "", near ? near : "", near ? "\"?" : "",
                         cop_option_allowed(row, allowed, sizeof allowed));
}

static CopStatus unknown(const CopOption *rows, const char *name, CopError *err)
{
    enum { MOST = 128 };
    const char *names[MOST + 1] = {NULL};
    for (int i = 0; i < MOST && rows[i].name; i++)
        names[i] = rows[i].name;
    const char *near = cop_nearest_name(name, names);
    if (near)
        return cop_error_set(err, COP_ERR_CONFIG, "unknown option \"%.80s\", did you mean \"%s\"?",
                             name, near);
    char known[300];
    return cop_error_set(err, COP_ERR_CONFIG, "unknown option \"%.80s\"; known: %s", name,
                         join(names, known, sizeof known));
}

static bool parse_bool(const char *text, bool *value)
{
    for (size_t i = 0; i < sizeof booleans / sizeof booleans[0]; i++)
        if (strcmp(text, booleans[i].text) == 0) {
            *value = booleans[i].value;
            return true;
        }
    return false;
}

static bool parse_scalar(const CopOption *row, const char *text, Field *field)
{
    switch (row->type) {
    case COP_TYPE_BOOL:
        return parse_bool(text, &field->boolean);
    case COP_TYPE_INT:
        return cop_parse_int(text, &field->integer) && in_range(row, field->integer);
    case COP_TYPE_U64:
        return cop_parse_u64(text, &field->u64) && in_range(row, (double)field->u64);
    case COP_TYPE_DOUBLE:
        return cop_parse_double(text, &field->number) && in_range(row, field->number);
    default:
        field->integer = find_choice(row, text);
        return field->integer >= 0;
    }
}

static CopStatus parse_ints(const CopOption *row, const CopStrings *list, CopInts *out,
                            CopError *err)
{
    out->item = list->n ? calloc((size_t)list->n, sizeof *out->item) : NULL;
    if (list->n && !out->item)
        return COP_ERR_NOMEM;
    for (; out->n < list->n; out->n++) {
        int *item = &out->item[out->n];
        if (!cop_parse_int(list->item[out->n], item) || !in_range(row, *item))
            return refuse(row, list->item[out->n], err);
    }
    return COP_OK;
}

static CopStatus parse_doubles(const CopOption *row, const CopStrings *list, CopDoubles *out,
                               CopError *err)
{
    out->item = list->n ? calloc((size_t)list->n, sizeof *out->item) : NULL;
    if (list->n && !out->item)
        return COP_ERR_NOMEM;
    for (; out->n < list->n; out->n++) {
        double *item = &out->item[out->n];
        if (!cop_parse_double(list->item[out->n], item) || !in_range(row, *item))
            return refuse(row, list->item[out->n], err);
    }
    return COP_OK;
}

static CopStatus parse_strings(const CopOption *row, CopStrings *list, CopStrings *out,
                               CopError *err)
{
    for (int i = 0; row->choices && i < list->n; i++)
        if (find_choice(row, list->item[i]) < 0)
            return refuse(row, list->item[i], err);
    *out = *list;
    *list = (CopStrings){0};
    return COP_OK;
}

static CopStatus parse_list(const CopOption *row, const char *text, Field *field, CopError *err)
{
    CopStrings list;
    CopStatus status = cop_list_split(text, &list);
    if (status == COP_ERR_CONFIG)
        return refuse(row, text, err);
    COP_TRY(status);
    if (row->type == COP_TYPE_INTS)
        status = parse_ints(row, &list, &field->ints, err);
    else if (row->type == COP_TYPE_DOUBLES)
        status = parse_doubles(row, &list, &field->doubles, err);
    else
        status = parse_strings(row, &list, &field->strings, err);
    cop_list_free(&list);
    return status;
}

static CopStatus parse(const CopOption *row, const char *text, Field *field, CopError *err)
{
    switch (row->type) {
    case COP_TYPE_STRING:
        field->string = strdup(text);
        return field->string ? COP_OK : COP_ERR_NOMEM;
    case COP_TYPE_INTS:
    case COP_TYPE_DOUBLES:
    case COP_TYPE_STRINGS:
        return parse_list(row, text, field, err);
    default:
        return parse_scalar(row, text, field) ? COP_OK : refuse(row, text, err);
    }
}

/* --- to text --------------------------------------------------------------- */

static void write_field(const CopOption *row, const Field *field, FILE *out)
{
    char number[32];
    switch (row->type) {
    case COP_TYPE_BOOL:
        fputs(field->boolean ? "true" : "false", out);
        break;
    case COP_TYPE_INT:
        fprintf(out, "%d", field->integer);
        break;
    case COP_TYPE_U64:
        fprintf(out, "%" PRIu64, field->u64);
        break;
    case COP_TYPE_DOUBLE:
        fputs(cop_format_double(field->number, number), out);
        break;
    case COP_TYPE_STRING:
        fputs(field->string ? field->string : "", out);
        break;
    case COP_TYPE_CHOICE:
        fputs(choice_name(row, field->integer), out);
        break;
    case COP_TYPE_INTS:
        for (int i = 0; i < field->ints.n; i++)
            fprintf(out, "%s%d", i ? ", " : "", field->ints.item[i]);
        break;
    case COP_TYPE_DOUBLES:
        for (int i = 0; i < field->doubles.n; i++)
            fprintf(out, "%s%s", i ? ", " : "", cop_format_double(field->doubles.item[i], number));
        break;
    default:
        cop_list_write(&field->strings, out);
        break;
    }
}

/* "0 to 5", "at least 1", "at most 3"; empty when unbounded. */
static void write_range(const CopOption *row, char text[80])
{
    char low[32], high[32];
    const bool whole = row->type == COP_TYPE_INT || row->type == COP_TYPE_INTS;
    cop_format_double(row->min, low);
    cop_format_double(row->max, high);
    text[0] = '\0';
    if (row->min == 0 && row->max == 0)
        return;
    if (row->max >= (whole ? INT_MAX : row->type == COP_TYPE_U64 ? 0x1p64 : DBL_MAX))
        snprintf(text, 80, "at least %s", low);
    else if (row->min <= (whole ? INT_MIN : -DBL_MAX))
        snprintf(text, 80, "at most %s", high);
    else
        snprintf(text, 80, "%s to %s", low, high);
}

/* --- the interface --------------------------------------------------------- */

const char *cop_option_type_name(CopOptionType type)
{
    return (unsigned)type < COP_TYPE_COUNT ? types[type].name : "unknown";
}

const CopOption *cop_option_find(const CopOption *rows, const char *name)
{
    for (; rows->name; rows++)
        if (cop_name_equal(rows->name, name))
            return rows;
    return NULL;
}

CopStatus cop_options_defaults(const CopOption *rows, void *object, CopError *err)
{
    for (const CopOption *row = rows; row->name; row++) {
        const CopStatus status =
            cop_options_set(rows, object, row->name, row->def ? row->def : "", err);
        if (status != COP_OK) {
            cop_options_free(rows, object);
            return status;
        }
    }
    return COP_OK;
}

CopStatus cop_options_set(const CopOption *rows, void *object, const char *name, const char *text,
                          CopError *err)
{
    const CopOption *row = cop_option_find(rows, name);
    if (!row)
        return unknown(rows, name, err);
    Field field;
    memset(&field, 0, sizeof field);
    const CopStatus status = parse(row, text, &field, err);
    if (status != COP_OK) {
        release(row, &field);
        return cop_error_set(err, status, "%s: out of memory", row->name);
    }
    Field old = load(row, object);
    store(row, object, &field);
    release(row, &old);
    return COP_OK;
}

char *cop_option_text(const CopOption *row, const void *object)
{
    char *text = NULL;
    size_t size = 0;
    FILE *out = open_memstream(&text, &size);
    if (!out)
        return NULL;
    const Field field = load(row, object);
    write_field(row, &field, out);
    const bool failed = ferror(out) != 0;
    if (fclose(out) != 0 || failed) {
        free(text);
        return NULL;
    }
    return text;
}

char *cop_option_allowed(const CopOption *row, char *text, size_t size)
{
    if (row->choices) {
        const char *of = row->type == COP_TYPE_STRINGS ? "any of: " : "one of: ";
        if (size > strlen(of))
            join(row->choices, strcpy(text, of) + strlen(of), size - strlen(of));
        return text;
    }
    char range[80];
    write_range(row, range);
    if (row->type == COP_TYPE_STRING)
        snprintf(text, size, "any text");
    else if (row->type == COP_TYPE_DOUBLE && range[0])
        snprintf(text, size, "%s", range);
    else
        snprintf(text, size, "%s%s%s", types[row->type].name, range[0] ? ", " : "", range);
    return text;
}

CopStatus cop_options_copy(const CopOption *rows, void *to, const void *from)
{
    for (const CopOption *row = rows; row->name; row++) {
        const Field field = load(row, from);
        Field copy;
        const bool ok = duplicate(row, &field, &copy);
        store(row, to, &copy);
        if (!ok) {
            cop_options_free(rows, to);
            return COP_ERR_NOMEM;
        }
    }
    return COP_OK;
}

void cop_options_free(const CopOption *rows, void *object)
{
    Field none;
    memset(&none, 0, sizeof none);
    for (const CopOption *row = rows; row->name; row++)
        if (owns_memory(row)) {
            Field field = load(row, object);
            release(row, &field);
            store(row, object, &none);
        }
}
