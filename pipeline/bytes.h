/* Bytes of files and messages. This header needs GLib.
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#ifndef COP_BYTES_H
#define COP_BYTES_H

#include <glib.h>
#include <stdbool.h>
#include <stdint.h>

/* Appends a number, 7 bits a byte, low ones first (LEB128, the varint of protocol buffers). */
void cop_put_varint(GByteArray *out, uint64_t value);

/* Adds the bytes of a file to a checksum; false, with errno, where they cannot all be read. */
bool cop_checksum_file(GChecksum *sum, const char *path);

#endif
