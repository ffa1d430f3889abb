/* The elements of the plugin.
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#ifndef COP_ELEMENTS_REGISTER_H
#define COP_ELEMENTS_REGISTER_H

#include <gst/gst.h>

/* Registers all of them, of `plugin`, or of the program itself where it is NULL. */
gboolean cop_elements_register(GstPlugin *plugin);

#endif
