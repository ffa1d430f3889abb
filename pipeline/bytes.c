/* Bytes of files and messages.
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#include "pipeline/bytes.h"

#include <stdio.h>

void cop_put_varint(GByteArray *out, uint64_t value)
{
    guint8 byte[10];
    guint n = 0;
    do {
        byte[n++] = (guint8)((value & 0x7F) | (value > 0x7F ? 0x80 : 0));
        value >>= 7;
    } while (value);
    g_byte_array_append(out, byte, n);
}

bool cop_checksum_file(GChecksum *sum, const char *path)
{
    guint8 bytes[1 << 14];
    gsize n;
    FILE *file = fopen(path, "rbe");
    if (!file)
        return false;
    while ((n = fread(bytes, 1, sizeof bytes, file)) > 0)
        g_checksum_update(sum, bytes, (gssize)n);
    const bool whole = !ferror(file);
    fclose(file);
    return whole;
}
