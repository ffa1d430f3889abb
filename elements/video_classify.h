/* The element "videoclassify".
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#ifndef COP_ELEMENTS_VIDEO_CLASSIFY_H
#define COP_ELEMENTS_VIDEO_CLASSIFY_H

#include <gst/gst.h>

GST_ELEMENT_REGISTER_DECLARE(videoclassify)

/* Name of the custom meta, and of the element message. */
#define COP_VIDEO_CLASSIFY_META    "CoppicePredictionMeta"
#define COP_VIDEO_CLASSIFY_MESSAGE "videoclassify"

#endif
