/* coppice profile --tune: timing, choosing, writing a table of kernels.
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#include "pipeline/cli_tune.h"

#include <glib.h>
#include <stdio.h>
#include <string.h>

#include "models/archs/arch.h"
#include "pipeline/eval/tune.h"
#include "pipeline/json_text.h"
#include "pipeline/model/model.h"
#include "pipeline/report/terminal.h"

enum { CLASSES = 400, KERNEL_TEXT = 48 };

static int by_size(const void *a, const void *b)
{
    const double x = *(const double *)a, y = *(const double *)b;
    return (x > y) - (x < y);
}

/* Numbers of a text, ascending. */
static CopStatus read_densities(const char *text, GArray *out, CopError *err)
{
    char **words = g_strsplit(text, ",", -1);
    CopStatus status = COP_OK;
    for (int i = 0; words[i] && status == COP_OK; i++) {
        double value;
        if (cop_parse_double(g_strstrip(words[i]), &value))
            g_array_append_val(out, value);
        else
            status =
                cop_error_set(err, COP_ERR_ARG,
                              "--densities: got \"%.40s\"; allowed: numbers and commas", words[i]);
    }
    g_strfreev(words);
    g_array_sort(out, by_size);
    return status;
}

/* The net whose convolutions are timed; it belongs to *model if that is set. */
static CopStatus open_net(const CopTuneWords *words, CopNet **net, CopModel **model, CopError *err)
{
    if (words->model) {
        COP_TRY(cop_model_open(model, words->model, words->arch, NULL, 1, 1, NULL, err));
        *net = (*model)->net;
        return COP_OK;
    }
    const CopArchDesc *arch = cop_arch_find(words->arch, err);
    if (!arch)
        return COP_ERR_CONFIG;
    return cop_net_create(net, arch->name, words->arch_options, CLASSES, arch->input, err);
}

/* The processor as Linux names it; g_malloc'ed. */
static char *processor(void)
{
    static const char key[] = "model name";
    char *text = NULL, *name = NULL;
    if (g_file_get_contents("/proc/cpuinfo", &text, NULL, NULL)) {
        const char *line = strstr(text, key), *colon = line ? strchr(line, ':') : NULL;
        if (colon)
            name = g_strstrip(g_strndup(colon + 1, strcspn(colon + 1, "\n")));
    }
    g_free(text);
    return name ? name : g_strdup("a processor without a name");
}

static CopStatus write_file(const CopTuneWords *words, const CopKernelTable *table, const char *net,
                            CopError *err)
{
    char *cpu = processor();
    char *comment = g_strdup_printf("coppice %s, profile --tune\n%s, one thread\n"
                                    "%s, %d clips, %s",
                                    COP_VERSION, cpu, net, words->batch,
                                    words->train ? "training steps" : "forward passes");
    g_strdelimit(comment, "\t\r", ' ');
    const CopStatus status = cop_kernel_table_write(table, comment, words->file, err);
    g_free(comment);
    g_free(cpu);
    return status;
}

static const char *blocking_text(CopBlocking b, char text[KERNEL_TEXT])
{
    g_snprintf(text, KERNEL_TEXT, "%s %d, %d a row, %dK", cop_walk_name(b.walk), b.positions,
               b.cols, b.block_bytes >> 10);
    return text;
}

static void print_text(const CopTuneWords *words, const CopKernelTable *table,
                       const CopTuneChoice *choice, int n)
{
    CopTable *out = cop_table_create();
    cop_table_column(out, "density", true);
    cop_table_column(out, "kernels", false);
    cop_table_column(out, "ms", true);
    cop_table_column(out, "built-in ms", true);
    cop_table_column(out, "ratio", true);
    for (int i = 0; i < n; i++) {
        char kernel[KERNEL_TEXT];
        cop_table_cell(out, "%g", choice[i].density);
        cop_table_cell(out, "%s", blocking_text(choice[i].blocking, kernel));
        cop_table_cell(out, "%.2f", 1e3 * choice[i].seconds);
        cop_table_cell(out, "%.2f", 1e3 * choice[i].built_in);
        cop_table_cell(out, "%.3f", choice[i].seconds / choice[i].built_in);
    }
    char *text = cop_table_text(out, COP_TABLE_TEXT), hash[COP_KERNEL_HASH];
    printf("%s\n%s: tier %s, hash %s\n", text, words->file, cop_tier_name(table->tier),
           cop_kernel_table_name(table, hash));
    g_free(text);
    cop_table_destroy(&out);
}

static void print_json(const CopTuneWords *words, const CopKernelTable *table,
                       const CopTuneChoice *choice, int n)
{
    char hash[COP_KERNEL_HASH];
    JsonBuilder *b = json_builder_new();
    json_builder_begin_object(b);
    json_builder_set_member_name(b, "file");
    json_builder_add_string_value(b, words->file);
    json_builder_set_member_name(b, "tier");
    json_builder_add_string_value(b, cop_tier_name(table->tier));
    json_builder_set_member_name(b, "kernels");
    json_builder_add_string_value(b, cop_kernel_table_name(table, hash));
    json_builder_set_member_name(b, "densities");
    json_builder_begin_array(b);
    for (int i = 0; i < n; i++) {
        char kernel[KERNEL_TEXT];
        json_builder_begin_object(b);
        json_builder_set_member_name(b, "density");
        json_builder_add_double_value(b, choice[i].density);
        json_builder_set_member_name(b, "kernel");
        json_builder_add_string_value(b, blocking_text(choice[i].blocking, kernel));
        json_builder_set_member_name(b, "ms");
        json_builder_add_double_value(b, 1e3 * choice[i].seconds);
        json_builder_set_member_name(b, "built_in_ms");
        json_builder_add_double_value(b, 1e3 * choice[i].built_in);
        json_builder_end_object(b);
    }
    json_builder_end_array(b);
    json_builder_end_object(b);
    char *text = cop_json_text(b, TRUE);
    printf("%s\n", text);
    g_free(text);
}

static CopStatus tune(const CopTuneWords *words, const CopNet *net, const char *name,
                      const GArray *densities, CopError *err)
{
    const CopTuneOptions options = {.net = net,
                                    .density = (const double *)(void *)densities->data,
                                    .n = (int)densities->len,
                                    .batch = words->batch,
                                    .repeat = words->repeat,
                                    .train = words->train};
    CopKernelTable table;
    CopTuneChoice *choice = g_new0(CopTuneChoice, densities->len + 1);
    CopStatus status = cop_tune(&table, choice, &options, err);
    if (status == COP_OK)
        status = write_file(words, &table, name, err);
    if (status == COP_OK) /* what lies there now has the hash */
        status = cop_kernel_table_read(&table, words->file, err);
    if (status == COP_OK)
        (words->json ? print_json : print_text)(words, &table, choice, options.n);
    g_free(choice);
    return status;
}

CopStatus cop_cli_tune(const CopTuneWords *words, CopError *err)
{
    const char *list = words->densities ? words->densities : "1, 0.7, 0.5, 0.3, 0.2, 0.1, 0.05";
    GArray *densities = g_array_new(FALSE, FALSE, sizeof(double));
    CopNet *net = NULL;
    CopModel *model = NULL;
    CopStatus status = read_densities(list, densities, err);
    if (status == COP_OK)
        status = open_net(words, &net, &model, err);
    if (status == COP_OK)
        status = tune(words, net, model ? model->arch : words->arch, densities, err);
    if (model)
        cop_model_close(&model);
    else
        cop_net_destroy(&net);
    g_array_unref(densities);
    return status;
}
