/* From a libconfig file to option rows.
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#include <glib.h>
#include <libconfig.h>
#include <string.h>

#include "pipeline/config/config_private.h"

static const char *kind(const config_setting_t *setting)
{
    switch (config_setting_type(setting)) {
    case CONFIG_TYPE_GROUP:
        return "a block";
    case CONFIG_TYPE_INT:
    case CONFIG_TYPE_INT64:
        return "a whole number";
    case CONFIG_TYPE_FLOAT:
        return "a number with a point";
    case CONFIG_TYPE_STRING:
        return "text";
    case CONFIG_TYPE_BOOL:
        return "true or false";
    default:
        return "a list";
    }
}

static bool is_integer(int type)
{
    return type == CONFIG_TYPE_INT || type == CONFIG_TYPE_INT64;
}

static void append_quoted(GString *text, const char *item)
{
    g_string_append_c(text, '"');
    for (; *item; item++) {
        if (*item == '"' || *item == '\\')
            g_string_append_c(text, '\\');
        g_string_append_c(text, *item);
    }
    g_string_append_c(text, '"');
}

/* Appends one value in the form that cop_options_set() reads; `quoted` for the
 * items of lists. False when its type is not one that the row takes. */
static bool append_value(GString *text, const config_setting_t *value, CopOptionType type,
                         bool quoted)
{
    const int found = config_setting_type(value);
    char number[G_ASCII_DTOSTR_BUF_SIZE];
    switch (type) {
    case COP_TYPE_BOOL:
        if (found != CONFIG_TYPE_BOOL)
            return false;
        g_string_append(text, config_setting_get_bool(value) ? "true" : "false");
        return true;
    case COP_TYPE_DOUBLE:
    case COP_TYPE_DOUBLES:
        if (found == CONFIG_TYPE_FLOAT) {
            g_string_append(text,
                            g_ascii_dtostr(number, sizeof number, config_setting_get_float(value)));
            return true;
        }
        /* fall through */
    case COP_TYPE_INT:
    case COP_TYPE_INTS:
    case COP_TYPE_U64:
        if (is_integer(found)) {
            g_string_append_printf(text, "%lld", config_setting_get_int64(value));
            return true;
        }
        /* The upper half of 64 bits has no literal in libconfig. */
        if (type != COP_TYPE_U64 || found != CONFIG_TYPE_STRING)
            return false;
        g_string_append(text, config_setting_get_string(value));
        return true;
    default:
        if (found != CONFIG_TYPE_STRING)
            return false;
        if (quoted)
            append_quoted(text, config_setting_get_string(value));
        else
            g_string_append(text, config_setting_get_string(value));
        return true;
    }
}

static bool append_setting(GString *text, const config_setting_t *setting, const CopOption *row)
{
    const bool takes_list = row->type == COP_TYPE_INTS || row->type == COP_TYPE_DOUBLES ||
                            row->type == COP_TYPE_STRINGS;
    if (!takes_list || !config_setting_is_aggregate(setting))
        return append_value(text, setting, row->type, false);
    if (config_setting_is_group(setting))
        return false;
    g_string_append_c(text, '[');
    for (int i = 0; i < config_setting_length(setting); i++) {
        g_string_append(text, i ? ", " : "");
        if (!append_value(text, config_setting_get_elem(setting, (unsigned)i), row->type, true))
            return false;
    }
    g_string_append_c(text, ']');
    return true;
}

/* libconfig names no file for what stands in the text that it was given. */
static const char *source(const config_setting_t *setting, const char *path)
{
    const char *file = config_setting_source_file(setting);
    return file ? file : path;
}

static CopStatus read_key(CopConfig *config, const CopConfigBlock *block,
                          const config_setting_t *setting, const char *folder, CopError *err)
{
    const CopOption *row = cop_config_row(block, config_setting_name(setting), err);
    if (!row)
        return COP_ERR_CONFIG;
    GString *text = g_string_new(NULL);
    CopStatus status;
    if (append_setting(text, setting, row)) {
        status = cop_config_assign(config, block, row, text->str, folder, err);
    } else {
        char allowed[320];
        status =
            cop_error_set(err, COP_ERR_CONFIG, "%s.%s: got %s; allowed: %s", block->name, row->name,
                          kind(setting), cop_option_allowed(row, allowed, sizeof allowed));
    }
    g_string_free(text, TRUE);
    return status;
}

static CopStatus located(CopStatus status, const CopError *inner, const config_setting_t *setting,
                         const char *path, CopError *err)
{
    return cop_error_set(err, status, "%s:%u: %s", source(setting, path),
                         config_setting_source_line(setting), inner->text);
}

static CopStatus read_block(CopConfig *config, const config_setting_t *group, const char *path,
                            const char *folder, CopError *err)
{
    const char *name = config_setting_name(group);
    const CopConfigBlock *block = cop_config_block_find(name);
    CopError inner = {0};
    if (!block)
        return located(cop_config_unknown_block(name, &inner), &inner, group, path, err);
    if (!config_setting_is_group(group)) {
        cop_error_set(&inner, COP_ERR_CONFIG, "%s: got %s; allowed: a block { }", name,
                      kind(group));
        return located(COP_ERR_CONFIG, &inner, group, path, err);
    }
    /* A preset comes before what stands beside it, wherever it stands. */
    const int n = config_setting_length(group);
    for (int i = 0; i < 2 * n; i++) {
        const config_setting_t *setting = config_setting_get_elem(group, (unsigned)(i % n));
        const bool preset = strcmp(config_setting_name(setting), "preset") == 0;
        if (preset != (i < n))
            continue;
        const CopStatus status = read_key(config, block, setting, folder, &inner);
        if (status != COP_OK)
            return located(status, &inner, setting, path, err);
    }
    return COP_OK;
}

static CopStatus refuse(const config_t *file, const char *path, CopError *err)
{
    const char *text = config_error_text(file);
    const char *hint = "";
    if (strstr(text, "mismatched"))
        hint = "; numbers in [ ] must all have a point or all have none, ( ) takes both";
    else if (strstr(text, "syntax"))
        hint = "; the form is block = { key = value; };";
    return cop_error_set(err, COP_ERR_CONFIG, "%s:%d: %s%s",
                         config_error_file(file) ? config_error_file(file) : path,
                         config_error_line(file), text, hint);
}

CopStatus cop_config_read(CopConfig *config, const char *path, CopError *err)
{
    char *text = NULL;
    GError *error = NULL;
    if (!g_file_get_contents(path, &text, NULL, &error)) {
        const CopStatus status = cop_error_set(err, COP_ERR_CONFIG, "%s", error->message);
        g_error_free(error);
        return status;
    }
    char *folder = g_path_get_dirname(path);
    CopStatus status = cop_config_scan(path, text, folder, err);
    if (status == COP_OK) {
        config_t file;
        config_init(&file);
        config_set_include_dir(&file, folder);
        if (!config_read_string(&file, text)) {
            status = refuse(&file, path, err);
        } else {
            const config_setting_t *root = config_root_setting(&file);
            for (int i = 0; status == COP_OK && i < config_setting_length(root); i++)
                status = read_block(config, config_setting_get_elem(root, (unsigned)i), path,
                                    folder, err);
        }
        config_destroy(&file);
    }
    g_free(folder);
    g_free(text);
    return status;
}
