/* What the media tests share: frames full of noise, comparison, commands.
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#ifndef COP_TESTS_MEDIA_HELP_H
#define COP_TESTS_MEDIA_HELP_H

#include <stdbool.h>
#include <stddef.h>

#include "models/core/status.h"
#include "pipeline/media/frame.h"

/* Bytes of a linear congruential generator, plane by plane, row by row:
 * s = 1664525 s + 1013904223 mod 2^32, byte = s / 2^24. */
void help_fill(const CopFrame *frame, unsigned seed);

/* Allocates and fills; fails the test when it cannot. */
void help_make(CopFrame *frame, CopPixelFormat format, int width, int height, unsigned seed);

bool help_equal(const CopFrame *a, const CopFrame *b);

/* A fresh folder (returned, static), removed with all it holds by help_remove_folder(). */
const char *help_folder(void);
void help_remove_folder(void);

/* Path of `name` inside the folder; one of eight static texts in turn. */
const char *help_path(const char *name);

/* Runs a shell command inside the folder; fails the test when the command fails. */
void help_shell(const char *format, ...) COP_PRINTF(1, 2);

/* All that a shell command, run inside the folder, writes to stdout: malloc'ed, returned. */
unsigned char *help_output(size_t *size, const char *format, ...) COP_PRINTF(2, 3);

#endif
