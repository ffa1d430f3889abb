/* Pictures for tests of corruptions: made, corrupted, compared.
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#ifndef TESTS_PICTURE_HELP_H
#define TESTS_PICTURE_HELP_H

#include "pipeline/media/frame.h"

/* RGB frames of index 0 (returned): one level; noise, and a flat area in a corner of it. */
CopFrame picture_flat(int width, int height, int level);
CopFrame picture_rough(int width, int height);

/* Corrupts in place by parameters alone, with seed 7 and clip 0. */
void picture_corrupt(const char *name, const char *params, CopFrame *frame);

/* Bytes that differ between two RGB frames of one size. */
int picture_differ(const CopFrame *a, const CopFrame *b);

#endif
