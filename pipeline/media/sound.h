/* Sound that goes with corrupted pictures: packets copied from file to file as they are.
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#ifndef COP_MEDIA_SOUND_H
#define COP_MEDIA_SOUND_H

#include "models/core/status.h"

struct AVFormatContext;
typedef struct CopSound CopSound;

/* Adds a stream to `to`, whose header is not written yet, for each sound stream of `path`
 * that its container can hold. *out is NULL where there is none. *left_out counts the
 * others. A file that does not open has no sound. */
CopStatus cop_sound_open(CopSound **out, const char *path, struct AVFormatContext *to,
                         int *left_out, CopError *err) COP_MUST_CHECK;

/* Writes what sounds before `seconds` from the first picture and is not written yet.
 * INFINITY: all that is left. Returns a negative FFmpeg code where writing fails; what
 * cannot be read ends the sound. NULL-safe. */
int cop_sound_write(CopSound *sound, double seconds);

void cop_sound_close(CopSound **sound);

#endif
