/* A look at a configuration file before libconfig 1.5 reads it.
 *
 * libconfig 1.5 reads 4294967297 as 1 and 99999999999L as another number too,
 * without a word, takes the end of the file for the end of a comment, and ends the
 * process when an included name is a folder. This scan follows its token rules just far
 * enough to find such places.
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#include <glib.h>
#include <stdlib.h>
#include <string.h>

#include "pipeline/config/config_private.h"

enum { FILES_MAX = 64 };

typedef struct Scan {
    const char *path, *at;
    int line;
    GPtrArray *includes; /* names still to be looked at */
    CopError *err;
} Scan;

/* True when libconfig keeps the value of the integer literal at `text`. */
static bool fits(const char *text, size_t length)
{
    char digits[32];
    if (length >= sizeof digits)
        return false;
    const bool plus = *text == '+';
    length -= plus;
    memcpy(digits, text + plus, length);
    digits[length] = '\0';
    const bool is_long = digits[length - 1] == 'L';
    digits[strcspn(digits, "L")] = '\0';
    const bool is_hex = strpbrk(digits, "xX") != NULL;
    gint64 value;
    if (is_hex) {
        guint64 bits;
        if (!g_ascii_string_to_unsigned(digits + 2, 16, 0, G_MAXINT64, &bits, NULL))
            return false;
        value = (gint64)bits;
    } else if (!g_ascii_string_to_signed(digits, 10, G_MININT64, G_MAXINT64, &value, NULL)) {
        return false;
    }
    return is_long || (value >= G_MININT32 && value <= G_MAXINT32);
}

/* A word: a name, a number or a boolean. */
static CopStatus scan_word(Scan *scan)
{
    const char *begin = scan->at;
    while (g_ascii_isalnum(*scan->at) || (*scan->at && strchr("+-._*", *scan->at)))
        scan->at++;
    const size_t length = (size_t)(scan->at - begin);
    const bool is_signed = *begin == '-' || *begin == '+';
    const char *digits = begin + is_signed;
    size_t n = length - is_signed;
    while (n > 0 && digits[n - 1] == 'L')
        n--;
    const bool is_hex = !is_signed && n > 2 && digits[0] == '0' && strchr("xX", digits[1]);
    const char *set = is_hex ? "0123456789abcdefABCDEFxX" : "0123456789";
    if (n == 0 || strspn(digits, set) < n || fits(begin, length))
        return COP_OK;
    return cop_error_set(scan->err, COP_ERR_CONFIG,
                         "%s:%d: %.*s does not fit the integers of libconfig; end it in L up to "
                         "9223372036854775807L, beyond that write it as text",
                         scan->path, scan->line, (int)MIN(length, 40), begin);
}

/* libconfig takes the end of the file for the end of a string or comment. */
static CopStatus unclosed(const Scan *scan, const char *what, int line)
{
    return cop_error_set(scan->err, COP_ERR_CONFIG, "%s:%d: this %s does not end", scan->path, line,
                         what);
}

static CopStatus scan_string(Scan *scan)
{
    const int line = scan->line;
    for (scan->at++; *scan->at && *scan->at != '"'; scan->at++) {
        if (*scan->at == '\\' && scan->at[1])
            scan->at++;
        scan->line += *scan->at == '\n';
    }
    if (!*scan->at)
        return unclosed(scan, "text", line);
    scan->at++;
    return COP_OK;
}

static CopStatus scan_comment(Scan *scan)
{
    if (scan->at[0] != '/' || scan->at[1] != '*') {
        scan->at += strcspn(scan->at, "\n");
        return COP_OK;
    }
    const char *end = strstr(scan->at + 2, "*/");
    if (!end)
        return unclosed(scan, "comment", scan->line);
    for (; scan->at < end + 2; scan->at++)
        scan->line += *scan->at == '\n';
    return COP_OK;
}

static CopStatus scan_include(Scan *scan)
{
    scan->at += strlen("@include");
    scan->at += strspn(scan->at, " \t");
    if (*scan->at != '"')
        return COP_OK;
    const char *name = scan->at + 1;
    COP_TRY(scan_string(scan));
    g_ptr_array_add(scan->includes, g_strndup(name, (gsize)(scan->at - 1 - name)));
    return COP_OK;
}

static CopStatus scan_text(Scan *scan)
{
    while (*scan->at) {
        if (*scan->at == '"') {
            COP_TRY(scan_string(scan));
        } else if (*scan->at == '#' ||
                   (*scan->at == '/' && (scan->at[1] == '/' || scan->at[1] == '*'))) {
            COP_TRY(scan_comment(scan));
        } else if (g_str_has_prefix(scan->at, "@include")) {
            COP_TRY(scan_include(scan));
        } else if (g_ascii_isalnum(*scan->at) || *scan->at == '-' || *scan->at == '+') {
            COP_TRY(scan_word(scan));
        } else {
            scan->line += *scan->at == '\n';
            scan->at++;
        }
    }
    return COP_OK;
}

static CopStatus scan_file(const char *path, GPtrArray *includes, CopError *err)
{
    char *text = NULL;
    GError *error = NULL;
    CopStatus status;
    if (!g_file_test(path, G_FILE_TEST_IS_REGULAR)) {
        status = cop_error_set(err, COP_ERR_CONFIG, "%s: included, but no such file", path);
    } else if (!g_file_get_contents(path, &text, NULL, &error)) {
        status = cop_error_set(err, COP_ERR_CONFIG, "%s", error->message);
    } else {
        Scan scan = {.path = path, .at = text, .line = 1, .includes = includes, .err = err};
        status = scan_text(&scan);
    }
    g_clear_error(&error);
    g_free(text);
    return status;
}

CopStatus cop_config_scan(const char *path, const char *text, const char *folder, CopError *err)
{
    GPtrArray *includes = g_ptr_array_new_with_free_func(g_free);
    Scan scan = {.path = path, .at = text, .line = 1, .includes = includes, .err = err};
    CopStatus status = scan_text(&scan);
    /* The list grows while it is walked; the bound ends circles, which libconfig reports. */
    for (guint i = 0; status == COP_OK && i < includes->len && i < FILES_MAX; i++) {
        char *file = g_build_filename(folder, g_ptr_array_index(includes, i), NULL);
        status = scan_file(file, includes, err);
        g_free(file);
    }
    g_ptr_array_unref(includes);
    return status;
}
