/* The GStreamer plugin "coppice".
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#include <gst/gst.h>

#include "elements/robustness.h"
#include "elements/video_classify.h"
#include "elements/video_corrupt.h"

/* What GST_PLUGIN_DEFINE asks for. */
#define PACKAGE "coppice"

static gboolean plugin_init(GstPlugin *plugin)
{
    return GST_ELEMENT_REGISTER(videocorrupt, plugin) &&
           GST_ELEMENT_REGISTER(videoclassify, plugin) && GST_ELEMENT_REGISTER(robustness, plugin);
}

GST_PLUGIN_DEFINE(GST_VERSION_MAJOR, GST_VERSION_MINOR, coppice,
                  "Corruption of video and robust video models, live", plugin_init, COP_VERSION,
                  "LGPL", "coppice", "Unknown package origin")
