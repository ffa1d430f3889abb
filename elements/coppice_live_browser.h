/* A page with the pictures of a pipeline and what it says, for browsers.
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#ifndef COP_ELEMENTS_COPPICE_LIVE_BROWSER_H
#define COP_ELEMENTS_COPPICE_LIVE_BROWSER_H

#include <gst/gst.h>

#include "models/core/status.h"

typedef struct CopLiveBrowser CopLiveBrowser;

/* Serves /, a page; /stream, what `sink` (a multisocketsink of multipart JPEG, its boundary
 * being "frame"; borrowed) gets; /said, the last line given. `address` is a port of this
 * machine alone ("8080"; "0": any free one), or HOST:PORT, where 0.0.0.0 lets the network in.
 * Runs in the default main loop. Returned in *out; COP_ERR_ARG, and COP_ERR_IO for a port that
 * is taken. */
CopStatus cop_live_browser_open(CopLiveBrowser **out, const char *address, GstElement *sink,
                                CopError *err) COP_MUST_CHECK;
void cop_live_browser_close(CopLiveBrowser **browser);

guint cop_live_browser_port(const CopLiveBrowser *browser);

/* What /said answers from now on: JSON, copied. */
void cop_live_browser_say(CopLiveBrowser *browser, const char *json);

#endif
