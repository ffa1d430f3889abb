/* The parts of the report page; each appends to `out`.
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#ifndef COP_REPORT_HTML_H
#define COP_REPORT_HTML_H

#include <glib.h>

#include "pipeline/eval/results.h"

/* Text with HTML's five special characters escaped; invalid UTF-8 is replaced. */
void cop_html_text(GString *out, const char *text);

/* "motion_blur" as people write it: "motion blur", escaped. */
void cop_html_name(GString *out, const char *name);

/* A model's key (its marker in the charts) and its label. */
void cop_html_model(GString *out, const CopResults *results, int model);

void cop_html_results(GString *out, const CopResults *results, int baseline);
void cop_html_heat_maps(GString *out, const CopResults *results);
void cop_html_differences(GString *out, const CopResults *results, int baseline);
void cop_html_pictures(GString *out, const CopResults *results);

#endif
