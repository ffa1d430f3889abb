/* coppice live: hands over to coppice-live, the one program that needs GStreamer.
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#include <errno.h>
#include <gio/gio.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "pipeline/cli.h"

#define PROGRAM "coppice-live"

/* Beside this program, wherever links lead to it, or else in the path. */
static char *find_program(void)
{
    char *self = g_file_read_link("/proc/self/exe", NULL);
    char *folder = self ? g_path_get_dirname(self) : NULL;
    char *path = folder ? g_build_filename(folder, PROGRAM, NULL) : NULL;
    if (!path || access(path, X_OK) != 0) {
        g_free(path);
        path = g_find_program_in_path(PROGRAM);
    }
    g_free(folder);
    g_free(self);
    return path;
}

static int run(int argc, char **argv)
{
    (void)argc;
    char *path = find_program();
    if (!path) {
        fprintf(stderr, "coppice live: there is no " PROGRAM
                        " beside this program or in the path: it is built with GStreamer\n");
        return COP_EXIT_RUN;
    }
    argv[0] = path;
    execv(path, argv);
    fprintf(stderr, "coppice live: %s: %s\n", path, strerror(errno));
    g_free(path);
    return COP_EXIT_RUN;
}

const CopCommand cop_cmd_live = {
    .name = "live",
    .usage = "[SOURCE]",
    .summary = "watch models hold or fail on a camera, a file or a test pattern",
    .run = run,
};
