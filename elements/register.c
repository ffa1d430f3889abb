/* The elements of the plugin.
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#include "elements/register.h"

#include "elements/robustness.h"
#include "elements/video_classify.h"
#include "elements/video_corrupt.h"

gboolean cop_elements_register(GstPlugin *plugin)
{
    return GST_ELEMENT_REGISTER(videocorrupt, plugin) &&
           GST_ELEMENT_REGISTER(videoclassify, plugin) && GST_ELEMENT_REGISTER(robustness, plugin);
}
