/* Small safetensors files, put together by hand.
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#include "tests/safetensors_help.h"

#include <gst/check/check.h>
#include <stdlib.h>
#include <string.h>

StBytes *st_compose(StBytes *bytes, const char *header, size_t data_size)
{
    const size_t length = strlen(header);
    ck_assert(8 + length + data_size <= ST_ROOM);
    for (int i = 0; i < 8; i++)
        bytes->data[i] = (unsigned char)(length >> 8 * i);
    memcpy(bytes->data + 8, header, length);
    for (size_t i = 0; i < data_size; i++)
        bytes->data[8 + length + i] = (unsigned char)i;
    bytes->size = 8 + length + data_size;
    return bytes;
}

CopSafetensors *st_parse(const char *header, size_t data_size, StBytes *bytes)
{
    CopSafetensors *file;
    CopError err = {0};
    st_compose(bytes, header, data_size);
    const CopStatus status = cop_safetensors_parse(&file, bytes->data, bytes->size, "test", &err);
    ck_assert_msg(status == COP_OK, "%s", err.text);
    return file;
}

void st_refuse_bytes(const void *bytes, size_t size, const char *said)
{
    /* A copy of exactly this size lets the address sanitizer see a step too far. */
    unsigned char *copy = malloc(size + (size == 0));
    CopSafetensors *file;
    CopError err = {0};
    memcpy(copy, bytes, size);
    ck_assert_msg(cop_safetensors_parse(&file, copy, size, "test", &err) == COP_ERR_MODEL,
                  "taken, should say: %s", said);
    ck_assert(file == NULL);
    ck_assert_msg(strstr(err.text, said) && strstr(err.text, "test: "), "\"%s\" lacks \"%s\"",
                  err.text, said);
    free(copy);
}

void st_refuse(const char *header, size_t data_size, const char *said)
{
    static StBytes bytes;
    st_compose(&bytes, header, data_size);
    st_refuse_bytes(bytes.data, bytes.size, said);
}
