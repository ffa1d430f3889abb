/* GObject properties from option rows: one table for an element's words, their defaults,
 * bounds and documentation.
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#ifndef COP_ELEMENTS_OPTION_PROPERTY_H
#define COP_ELEMENTS_OPTION_PROPERTY_H

#include <gst/gst.h>

#include "models/core/option.h"

/* An enumeration called `type_name` of the names in `choices` (ended by NULL), each value
 * being its place. `describe` gives what is shown beside a name, NULL: the name itself; texts
 * are borrowed for ever. The same type whenever the name is the same. */
GType cop_choice_type(const char *type_name, const char *const *choices,
                      const char *(*describe)(int place));

/* Property number 1 + i of `klass` is row i: its name with dashes, its help
 * as the blurb. Choices become enumerations called as the class and the row, as
 * GstVideoCorruptTemporal, made by cop_choice_type() beforehand where they are to be described;
 * lists are texts. Rows that are COP_OPTION_CONTROLLABLE may be driven by a GstController;
 * `flags` goes to all. Returns the number of the next property. */
guint cop_properties_install(GObjectClass *klass, const CopOption *rows, GParamFlags flags);

/* Moves a property between `value` and the row's field of `object`, which the caller locks.
 * False for a list that does not parse: the field keeps its value. */
gboolean cop_property_set(const CopOption *row, void *object, const GValue *value, CopError *err);
void cop_property_get(const CopOption *row, const void *object, GValue *value);

#endif
