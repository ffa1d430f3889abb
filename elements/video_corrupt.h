/* The element "videocorrupt".
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#ifndef COP_ELEMENTS_VIDEO_CORRUPT_H
#define COP_ELEMENTS_VIDEO_CORRUPT_H

#include <gst/gst.h>

GST_ELEMENT_REGISTER_DECLARE(videocorrupt)

#endif
