/* What all sub-commands share: options, error lines, progress.
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#include "pipeline/cli.h"

#include <glib.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "models/core/option.h"

enum { NAMES_MAX = 64 };

CopExit cop_exit_code(CopStatus status)
{
    switch (status) {
    case COP_OK:
        return COP_EXIT_OK;
    case COP_ERR_ARG:
    case COP_ERR_CONFIG:
        return COP_EXIT_USAGE;
    case COP_ERR_DATA:
        return COP_EXIT_DATA;
    case COP_ERR_MODEL:
    case COP_ERR_SHAPE:
        return COP_EXIT_MODEL;
    case COP_ERR_INTERRUPTED:
        return COP_EXIT_INTERRUPTED;
    default:
        return COP_EXIT_RUN;
    }
}

int cop_cli_fail(const char *command, const CopError *err)
{
    fprintf(stderr, "coppice %s: %s\n", command,
            err->text[0] ? err->text : cop_status_name(err->status));
    return (int)cop_exit_code(err->status);
}

/* --- options ------------------------------------------------------------------ */

/* One line; for an option that GLib does not know, which its message ends in, the nearest one. */
static void report(const CopCommand *command, const GOptionEntry *entries, const GError *error)
{
    const char *word = strrchr(error->message, ' ');
    const char *near = NULL;
    if (g_error_matches(error, G_OPTION_ERROR, G_OPTION_ERROR_UNKNOWN_OPTION) && word) {
        const char *names[NAMES_MAX] = {"help"};
        for (int i = 0; entries && entries[i].long_name && i + 2 < NAMES_MAX; i++)
            names[i + 1] = entries[i].long_name;
        char *name = g_strdup(word + 1 + strspn(word + 1, "-"));
        name[strcspn(name, "=")] = '\0';
        near = cop_nearest_name(name, names);
        g_free(name);
    }
    fprintf(stderr, "coppice %s: %c%s", command->name, g_ascii_tolower(error->message[0]),
            error->message + 1);
    if (near)
        fprintf(stderr, "; did you mean --%s?\n", near);
    else
        fprintf(stderr, "; \"coppice %s --help\" lists the options\n", command->name);
}

/* GLib leaves the "--" that ends options among the positional words. */
static void drop_separator(int *argc, char **argv)
{
    if (*argc < 2 || strcmp(argv[1], "--") != 0)
        return;
    memmove(argv + 1, argv + 2, (size_t)(*argc - 1) * sizeof *argv);
    (*argc)--;
}

int cop_cli_parse(const CopCommand *command, const void *entries, int *argc, char ***argv,
                  bool *done)
{
    gboolean help = FALSE;
    const GOptionEntry own[] = {
        {"help", 'h', 0, G_OPTION_ARG_NONE, &help, "Show this help", NULL},
        {.long_name = NULL},
    };
    GOptionContext *context = g_option_context_new(command->usage);
    g_option_context_set_help_enabled(context, FALSE);
    g_option_context_set_summary(context, command->summary);
    if (entries)
        g_option_context_add_main_entries(context, entries, NULL);
    g_option_context_add_main_entries(context, own, NULL);
    char *program = g_strconcat("coppice ", command->name, NULL);
    g_set_prgname(program);

    GError *error = NULL;
    int code = COP_EXIT_OK;
    *done = true;
    if (!g_option_context_parse(context, argc, argv, &error)) {
        report(command, entries, error);
        code = COP_EXIT_USAGE;
    } else if (help) {
        char *details = command->details ? command->details() : NULL;
        g_option_context_set_description(context, details);
        g_free(details);
        char *text = g_option_context_get_help(context, TRUE, NULL);
        fputs(text, stdout);
        g_free(text);
    } else {
        drop_separator(argc, *argv);
        *done = false;
    }
    g_clear_error(&error);
    g_free(program);
    g_option_context_free(context);
    return code;
}

CopStatus cop_cli_tile(const char *word, int clips, bool *tile, CopError *err)
{
    const bool on = word && strcmp(word, "on") == 0, off = word && strcmp(word, "off") == 0;
    *tile = on || (!off && clips == 1);
    if (!word || on || off || strcmp(word, "auto") == 0)
        return COP_OK;
    return cop_error_set(err, COP_ERR_ARG, "tile: got \"%s\"; allowed: auto, on, off", word);
}

void cop_cli_note(const char *fmt, ...)
{
    va_list args;
    va_start(args, fmt);
    vfprintf(stderr, fmt, args);
    va_end(args);
    fputc('\n', stderr);
}

/* --- progress ----------------------------------------------------------------- */

struct CopProgress {
    char *label;
    long total, before;  /* before: done by an earlier sitting */
    gint64 start, shown; /* microseconds */
    GMutex lock;         /* steps may come from several threads */
};

CopProgress *cop_progress_start(const char *label, long total)
{
    if (!isatty(STDERR_FILENO))
        return NULL;
    CopProgress *progress = g_new0(CopProgress, 1);
    progress->label = g_strdup(label);
    progress->total = total;
    progress->start = g_get_monotonic_time();
    g_mutex_init(&progress->lock);
    return progress;
}

static void show(CopProgress *progress, long done, const char *note, double seconds)
{
    const double rate = seconds > 0 ? (double)(done - progress->before) / seconds : 0;
    fprintf(stderr, "\r\033[K%s %ld/%ld", progress->label, done, progress->total);
    if (rate > 0)
        fprintf(stderr, "  %.1f/s", rate);
    if (rate > 0 && done < progress->total) {
        const long left = (long)((double)(progress->total - done) / rate + 0.5);
        fprintf(stderr, "  %ld:%02ld left", left / 60, left % 60);
    }
    if (note && *note)
        fprintf(stderr, "  %s", note);
    fflush(stderr);
}

void cop_progress_skip(CopProgress *progress, long done)
{
    if (progress)
        progress->before = done;
}

void cop_progress_step(CopProgress *progress, long done, const char *note)
{
    enum { INTERVAL = 100000 };
    if (!progress)
        return;
    g_mutex_lock(&progress->lock);
    const gint64 now = g_get_monotonic_time();
    if (now - progress->shown >= INTERVAL || done >= progress->total) {
        progress->shown = now;
        show(progress, done, note, (double)(now - progress->start) * 1e-6);
    }
    g_mutex_unlock(&progress->lock);
}

void cop_progress_end(CopProgress **progress)
{
    if (!progress || !*progress)
        return;
    if ((*progress)->shown)
        fputc('\n', stderr);
    g_mutex_clear(&(*progress)->lock);
    g_free((*progress)->label);
    g_free(*progress);
    *progress = NULL;
}
