/* The element "robustness".
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#ifndef COP_ELEMENTS_ROBUSTNESS_H
#define COP_ELEMENTS_ROBUSTNESS_H

#include <gst/gst.h>

GST_ELEMENT_REGISTER_DECLARE(robustness)

/* Names of the custom meta and of the element messages. */
#define COP_ROBUSTNESS_META    "CoppiceRobustnessMeta"
#define COP_ROBUSTNESS_MESSAGE "robustness"
#define COP_ROBUSTNESS_SUMMARY "robustness-summary"

#endif
