/* What the media tests share.
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#include "tests/media_help.h"

#include <gst/check/check.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static char folder[64];

void help_fill(const CopFrame *frame, unsigned seed)
{
    for (int p = 0; p < cop_pixel_format_planes(frame->format); p++) {
        int row_bytes, rows;
        cop_plane_size(frame->format, frame->width, frame->height, p, &row_bytes, &rows);
        for (int y = 0; y < rows; y++)
            for (int x = 0; x < row_bytes; x++) {
                seed = seed * 1664525u + 1013904223u;
                frame->plane[p][y * frame->stride[p] + x] = (uint8_t)(seed >> 24);
            }
    }
}

void help_make(CopFrame *frame, CopPixelFormat format, int width, int height, unsigned seed)
{
    ck_assert_int_eq(cop_frame_alloc(frame, format, width, height), COP_OK);
    help_fill(frame, seed);
}

bool help_equal(const CopFrame *a, const CopFrame *b)
{
    if (a->format != b->format || a->width != b->width || a->height != b->height)
        return false;
    for (int p = 0; p < cop_pixel_format_planes(a->format); p++) {
        int row_bytes, rows;
        cop_plane_size(a->format, a->width, a->height, p, &row_bytes, &rows);
        for (int y = 0; y < rows; y++)
            if (memcmp(a->plane[p] + y * a->stride[p], b->plane[p] + y * b->stride[p],
                       (size_t)row_bytes) != 0)
                return false;
    }
    return true;
}

const char *help_folder(void)
{
    if (!folder[0]) {
        strcpy(folder, "/tmp/coppice-test-XXXXXX");
        ck_assert_ptr_ne(mkdtemp(folder), NULL);
    }
    return folder;
}

const char *help_path(const char *name)
{
    static char paths[8][256];
    static int next;
    char *path = paths[next++ % 8];
    snprintf(path, sizeof paths[0], "%s/%s", help_folder(), name);
    return path;
}

/* The command, run inside the folder. */
static void compose(char command[2048], const char *format, va_list args)
{
    const int n = snprintf(command, 2048, "cd '%s' && ", help_folder());
    vsnprintf(command + n, 2048 - (size_t)n, format, args);
}

void help_shell(const char *format, ...)
{
    char command[2048];
    va_list args;
    va_start(args, format);
    compose(command, format, args);
    va_end(args);
    ck_assert_msg(system(command) == 0, "failed: %s", command);
}

unsigned char *help_output(size_t *size, const char *format, ...)
{
    char command[2048];
    va_list args;
    va_start(args, format);
    compose(command, format, args);
    va_end(args);
    FILE *pipe = popen(command, "r");
    ck_assert_ptr_ne(pipe, NULL);
    size_t room = 1 << 16, n;
    unsigned char *bytes = malloc(room);
    *size = 0;
    while ((n = fread(bytes + *size, 1, room - *size, pipe)) > 0) {
        *size += n;
        if (*size == room)
            bytes = realloc(bytes, room *= 2);
    }
    pclose(pipe);
    return bytes;
}

void help_remove_folder(void)
{
    if (folder[0])
        help_shell("rm -rf '%s'", folder);
    folder[0] = 0;
}
