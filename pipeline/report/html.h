/* The parts of the report page; each appends to `out`.
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#ifndef COP_REPORT_HTML_H
#define COP_REPORT_HTML_H

#include <glib.h>

#include "pipeline/eval/results.h"
#include "pipeline/report/report.h"

/* A file of the page, "report.css", as it is. */
void cop_html_asset(GString *out, const char *name);

/* html_text.c: what all parts use. */

/* Text with HTML's five special characters escaped; invalid UTF-8 is replaced. */
void cop_html_text(GString *out, const char *text);

/* "motion_blur" as people write it: "motion blur", escaped. */
void cop_html_name(GString *out, const char *name);

/* A model's key (its marker in the charts, that of its recipe where cop_compare_pools()) and its
 * label. */
void cop_html_model(GString *out, const CopResults *results, int model);

/* What charts and maps show: models, or recipes where these are pooled. How many, and their keys
 * and names. */
int cop_html_shown(const CopResults *results);
void cop_html_shown_name(GString *out, const CopResults *results, int i);

/* Opens a section with its heading; the caller closes it. */
void cop_html_section(GString *out, const char *id, const char *title);

/* "1 clip", "2 clips". */
void cop_html_plural(GString *out, int n, const char *noun);

/* A table cell of a number: "-" becomes a dash. */
void cop_html_number(GString *out, const char *text);

/* A table cell of a share in percent, its interval in small print below. */
void cop_html_interval(GString *out, CopInterval interval, bool best);

/* A table cell of a difference in points: coloured, with its interval and p (NaN: none) below. */
void cop_html_change(GString *out, CopInterval change, double p);

/* Begins a table's row of a scope (clean, robust, a corruption) with its name. */
void cop_html_scope_row(GString *out, const CopResults *results, int scope);

/* Parts. */
void cop_html_results(GString *out, const CopResults *results, int baseline);
void cop_html_seeds(GString *out, const CopResults *results, int baseline);
/* Against the baseline's recipe, seed by seed; nothing where no recipe shares two seeds with it
 * (one, where models are pooled). */
void cop_html_seed_gains(GString *out, const CopResults *results, int baseline);
void cop_html_slices(GString *out, const CopResults *results);
void cop_html_heat_maps(GString *out, const CopResults *results);
void cop_html_differences(GString *out, const CopResults *results, int baseline);
void cop_html_pictures(GString *out, const CopResults *results);
void cop_html_hard_clips(GString *out, const CopResults *results, const char *media);
void cop_html_topology(GString *out, const CopResults *results, const GPtrArray *runs);
/* What `coppice analyse` made, as a section: nothing is linked, and what differs from the page's
 * models and setup is said. */
void cop_html_figures(GString *out, const CopFigureList *list, const CopResults *results);
void cop_html_skips(GString *out, const CopResults *results);
void cop_html_provenance(GString *out, const CopResults *results, const char *command);
void cop_html_reading(GString *out, const CopResults *results);

/* The same figures as a page that lies beside their files and links them. */
void cop_html_figures_page(GString *out, const CopFigureList *list);

#endif
