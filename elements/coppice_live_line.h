/* The pipeline of coppice-live, as gst-launch-1.0 would take it.
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#ifndef COP_ELEMENTS_COPPICE_LIVE_LINE_H
#define COP_ELEMENTS_COPPICE_LIVE_LINE_H

#include <glib.h>

#include "models/core/status.h"

typedef struct CopLiveWords {
    char *source; /* test, camera[:DEVICE], screen, FILE, URI, gst:LINE; NULL: test */
    char *size;   /* "640x480"; NULL: the source's own, or that of a test pattern */
    double fps;   /* 0: the source's own, or 30 of a test pattern */
    /* of videocorrupt */
    char *corruption, *schedule, *temporal, *preset, *params, *seed;
    double severity;
    /* of videoclassify and robustness; all comma-separated */
    char **models; /* NULL: none */
    char *corruptions, *severities, *label, *labels, *hop, *location;
    int threads;
    gboolean classify; /* one model, without variants */
    /* where it goes */
    char *out;
    gboolean window, browser;
    gboolean pace; /* as for a window, where there is none */
} CopLiveWords;

/* Names of elements in the line. */
#define COP_LIVE_ENTRY   "entry"   /* the first after the source; its frames are counted */
#define COP_LIVE_CORRUPT "corrupt" /* videocorrupt, where there is one */
#define COP_LIVE_STILL   "still"   /* keeps the last frame, where a PNG file is wanted */
#define COP_LIVE_UNSEEN  "unseen"  /* takes frames at their time, for nobody */
#define COP_LIVE_BROWSER "browser" /* sends to sockets */

/* The line (g_malloc'ed and returned). A camera or a screen that is not there is replaced by a
 * test pattern, and said on stderr. COP_ERR_ARG for words that do not fit, COP_ERR_DATA for a
 * file that cannot be read, COP_ERR_UNSUPPORTED for an encoder that is not installed, with the
 * packages that have it. */
CopStatus cop_live_line(const CopLiveWords *words, char **line, CopError *err) COP_MUST_CHECK;

#endif
