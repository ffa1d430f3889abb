/* The GStreamer plugin "coppice".
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#include "elements/register.h"

/* What GST_PLUGIN_DEFINE asks for. */
#define PACKAGE "coppice"

GST_PLUGIN_DEFINE(GST_VERSION_MAJOR, GST_VERSION_MINOR, coppice,
                  "Corruption of video and robust video models, live", cop_elements_register,
                  COP_VERSION, "LGPL", "coppice", "Unknown package origin")
