/* Small safetensors files, put together by hand.
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#ifndef COP_TESTS_SAFETENSORS_HELP_H
#define COP_TESTS_SAFETENSORS_HELP_H

#include "models/train/safetensors.h"

enum { ST_ROOM = 1 << 16 };

typedef struct StBytes {
    unsigned char data[ST_ROOM];
    size_t size;
} StBytes;

/* A file of `header` and data_size bytes 0, 1, 2, ...; returns `bytes`. */
StBytes *st_compose(StBytes *bytes, const char *header, size_t data_size);

/* The same, parsed; it must be sound. */
CopSafetensors *st_parse(const char *header, size_t data_size, StBytes *bytes);

/* These must be refused, as a bad model, with a text that holds `said`. */
void st_refuse_bytes(const void *bytes, size_t size, const char *said);
void st_refuse(const char *header, size_t data_size, const char *said);

/* One tensor of a header. */
#define ENTRY(name, dtype, shape, from, to)                                                        \
    "\"" name "\":{\"dtype\":\"" dtype "\",\"shape\":" shape ",\"data_offsets\":[" #from "," #to   \
    "]}"

#endif
