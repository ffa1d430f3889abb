/* Option rows: one table a struct feeds the configuration reader, --set,
 * GObject properties, `coppice list` and the documentation.
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#ifndef COP_CORE_OPTION_H
#define COP_CORE_OPTION_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "models/core/status.h"

/* The C type at `offset` is named behind each. Lists and strings are owned by
 * the struct and freed by cop_options_free(). */
typedef enum CopOptionType {
    COP_TYPE_BOOL,    /* bool */
    COP_TYPE_INT,     /* int */
    COP_TYPE_U64,     /* uint64_t */
    COP_TYPE_DOUBLE,  /* double */
    COP_TYPE_STRING,  /* char *, never NULL once defaults are set */
    COP_TYPE_CHOICE,  /* int, index into choices */
    COP_TYPE_INTS,    /* CopInts */
    COP_TYPE_DOUBLES, /* CopDoubles */
    COP_TYPE_STRINGS, /* CopStrings */
    COP_TYPE_COUNT
} CopOptionType;

typedef struct CopInts {
    int *item;
    int n;
} CopInts;

typedef struct CopDoubles {
    double *item;
    int n;
} CopDoubles;

typedef struct CopStrings {
    char **item;
    int n;
} CopStrings;

enum {
    COP_OPTION_INTERPOLATE = 1u << 0,  /* linear between severity table rows */
    COP_OPTION_CONTROLLABLE = 1u << 1, /* may change while a stream runs */
    COP_OPTION_NO_EFFECT = 1u << 2,    /* cannot move a prediction: left out of hashes */
    COP_OPTION_LENGTH = 1u << 3,       /* in pixels: may be scaled with the picture */
    COP_OPTION_RECIPROCAL = 1u << 4,   /* interpolates 1 / x, where 0 stands for no limit */
    COP_OPTION_LATER = 1u << 5         /* came after runs were written: no hash holds its default */
};

/* One row. `def` is the default as it would be typed ("0.5", "true",
 * "a, b"); min and max bound numbers and list items (both 0: unbounded);
 * choices end in NULL and also bound the items of a COP_TYPE_STRINGS list. */
typedef struct CopOption {
    const char *name, *help;
    CopOptionType type;
    size_t offset;
    const char *def;
    double min, max;
    const char *const *choices;
    unsigned flags;
} CopOption;

/* A table ends in a row whose name is NULL. */
#define COP_OPTIONS_END                                                                            \
    {                                                                                              \
        .name = NULL                                                                               \
    }

/* Name of a type as documentation shows it, e.g. "list of numbers". */
const char *cop_option_type_name(CopOptionType type);

/* The row called `name`, '-' and '_' being the same; NULL if there is none. */
const CopOption *cop_option_find(const CopOption *rows, const char *name);

/* Fills a zeroed struct with every row's default. */
CopStatus cop_options_defaults(const CopOption *rows, void *object, CopError *err) COP_MUST_CHECK;

/* Parses `text` into the field of row `name`. Lists are separated by commas,
 * brackets around them are allowed; an item that holds a comma, or blanks at
 * its ends, goes in double quotes (see list.h). COP_ERR_CONFIG with the row, the value
 * seen and the values allowed; an unknown name comes with the nearest one. */
CopStatus cop_options_set(const CopOption *rows, void *object, const char *name, const char *text,
                          CopError *err) COP_MUST_CHECK;

/* The field of `row` as text that cop_options_set() reads back to the same
 * value. malloc'ed and returned; NULL when memory is out. */
char *cop_option_text(const CopOption *row, const void *object);

/* What a row allows, as text: "0 to 5", "one of: erk, uniform", "any text".
 * Written into `text` (borrowed, `size` bytes). Returns `text`. */
char *cop_option_allowed(const CopOption *row, char *text, size_t size);

/* Copies every field from `from` into a zeroed struct. */
CopStatus cop_options_copy(const CopOption *rows, void *to, const void *from) COP_MUST_CHECK;

/* Frees strings and lists and zeroes their fields. */
void cop_options_free(const CopOption *rows, void *object);

/* The entry of `names` (ended by NULL) nearest to `name` by edit distance, or
 * NULL when none is near enough to be a slip of the keyboard. */
const char *cop_nearest_name(const char *name, const char *const *names);

/* True when the names are equal with '-' and '_' taken as the same. */
bool cop_name_equal(const char *a, const char *b);

/* The whole of `text` as a number, in the C locale's notation whatever the
 * locale. False when anything else follows or the value does not fit. */
bool cop_parse_double(const char *text, double *value);
bool cop_parse_int(const char *text, int *value);
bool cop_parse_u64(const char *text, uint64_t *value);

/* Shortest text (at most 17 digits) that reads back as `value`. */
char *cop_format_double(double value, char text[32]);

#endif
