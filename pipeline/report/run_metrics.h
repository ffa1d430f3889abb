/* How masks moved while the models of a report were trained: from the metrics.jsonl of their
 * runs. GLib's memory; for the files of pipeline/report/.
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#ifndef COP_REPORT_RUN_METRICS_H
#define COP_REPORT_RUN_METRICS_H

#include <glib.h>

#include "pipeline/eval/results.h"
#include "pipeline/model/update_log.h"

/* The run that a model came from. */
typedef struct CopRunMetrics {
    int model; /* index in the results */
    char *folder;
    CopUpdateLog *log;
} CopRunMetrics;

/* Runs of the models, in their order: a folder counts for a model where it holds
 * metrics.jsonl and a model of the model's SHA-256. Looked at are the file that the result file
 * remembers, then model.safetensors in each of folders[n] (may be NULL) and in the folders in
 * them. Returned, g_ptr_array_unref() it. */
GPtrArray *cop_run_metrics_find(const CopResults *results, const char *const *folders, int n);

/* Appends the runs as a JSON array for the page's charts. */
void cop_run_metrics_json(GString *out, const GPtrArray *runs);

#endif
