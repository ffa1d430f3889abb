/* Where numbers come from: program, compiler, processor, libraries.
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#include "pipeline/eval/provenance.h"

#include <glib.h>
#include <libavcodec/avcodec.h>
#include <libavutil/avutil.h>
#include <sqlite3.h>
#include <stdlib.h>

#include "models/core/cpu.h"

const char *cop_provenance_ffmpeg(void)
{
    return av_version_info();
}

CopStatus cop_provenance_write(CopStore *store, int threads, const CopKernelTable *kernels,
                               CopError *err)
{
    char thread_text[16], glib_text[32], kernel_text[COP_KERNEL_HASH];
    g_snprintf(thread_text, sizeof thread_text, "%d", threads);
    g_snprintf(glib_text, sizeof glib_text, "%u.%u.%u", glib_major_version, glib_minor_version,
               glib_micro_version);
    GDateTime *now = g_date_time_new_now_utc();
    char *date = g_date_time_format(now, "%Y-%m-%d %H:%M UTC");
    const struct {
        const char *key, *value;
    } row[] = {
        {"version", COP_VERSION},
        {"compiler", __VERSION__},
        {"tier", cop_tier_name(cop_tier())},
        {"kernels", cop_kernel_table_name(kernels, kernel_text)},
        {"threads", thread_text},
        {"ffmpeg", cop_provenance_ffmpeg()},
        {"sqlite", sqlite3_libversion()},
        {"glib", glib_text},
        {"date", date},
    };
    CopStatus status = COP_OK;
    for (gsize i = 0; i < G_N_ELEMENTS(row) && status == COP_OK; i++)
        status = cop_store_meta(store, row[i].key, row[i].value, err);
    g_free(date);
    g_date_time_unref(now);
    return status;
}

CopStatus cop_provenance_run(CopStore *store, int64_t setup, const CopConfig *config,
                             const char *command, int64_t *run, CopError *err)
{
    char *text = cop_config_text(config, COP_CONFIG_ALL), *folder = g_get_current_dir();
    const CopStoreRun row = {.command = command ? command : "",
                             .folder = folder,
                             .config = text,
                             .root = config->data.root,
                             .version = COP_VERSION};
    const CopStatus status = text ? cop_store_run(store, setup, &row, run, err)
                                  : cop_error_set(err, COP_ERR_NOMEM, "out of memory");
    g_free(folder);
    free(text);
    return status;
}
