/* Figures as TensorBoard's event files: tensorflow/core/util/event.proto and
 * framework/summary.proto, of which four messages are needed and written by hand.
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#include "pipeline/report/tensorboard.h"

#include <errno.h>
#include <glib.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "pipeline/bytes.h"

struct CopEvents {
    FILE *file;
    char *path;
    int error; /* errno of the first write that failed */
};

/* Numbers of fields and their wire types. */
enum { VARINT = 0, FIXED64 = 1, BYTES = 2, FIXED32 = 5 };
enum { WALL_TIME = 1, STEP = 2, FILE_VERSION = 3, SUMMARY = 5, SESSION_LOG = 7 };
enum { SUMMARY_VALUE = 1, VALUE_TAG = 1, VALUE_SIMPLE = 2, LOG_STATUS = 1, LOG_START = 1 };

uint32_t cop_crc32c(const void *bytes, size_t size)
{
    static const uint32_t polynomial = 0x82F63B78; /* 0x1EDC6F41, bits reversed */
    const unsigned char *p = bytes;
    uint32_t crc = ~0u;
    for (size_t i = 0; i < size; i++) {
        crc ^= p[i];
        for (int bit = 0; bit < 8; bit++)
            crc = crc >> 1 ^ (crc & 1 ? polynomial : 0);
    }
    return ~crc;
}

/* --- protocol buffers ----------------------------------------------------------- */

static void put_key(GByteArray *out, unsigned field, unsigned type)
{
    cop_put_varint(out, field << 3 | type);
}

/* Low byte first. */
static void put_fixed(GByteArray *out, uint64_t bits, int bytes)
{
    for (int i = 0; i < bytes; i++) {
        const guint8 byte = (guint8)(bits >> 8 * i & 0xFF);
        g_byte_array_append(out, &byte, 1);
    }
}

static void put_bytes(GByteArray *out, unsigned field, const void *bytes, size_t size)
{
    put_key(out, field, BYTES);
    cop_put_varint(out, size);
    g_byte_array_append(out, bytes, (guint)size);
}

static void put_message(GByteArray *out, unsigned field, GByteArray *message)
{
    put_bytes(out, field, message->data, message->len);
    g_byte_array_unref(message);
}

static GByteArray *begin_event(uint64_t step)
{
    const double now = (double)g_get_real_time() * 1e-6;
    uint64_t bits;
    memcpy(&bits, &now, sizeof bits);
    GByteArray *event = g_byte_array_new();
    put_key(event, WALL_TIME, FIXED64);
    put_fixed(event, bits, sizeof bits);
    put_key(event, STEP, VARINT);
    cop_put_varint(event, step);
    return event;
}

/* --- records ---------------------------------------------------------------------- */

static uint32_t masked_crc(const void *bytes, size_t size)
{
    const uint32_t crc = cop_crc32c(bytes, size);
    return (crc >> 15 | crc << 17) + 0xA282EAD8u;
}

static void end_event(CopEvents *events, GByteArray *event)
{
    GByteArray *record = g_byte_array_new();
    put_fixed(record, event->len, 8);
    put_fixed(record, masked_crc(record->data, 8), 4);
    g_byte_array_append(record, event->data, event->len);
    put_fixed(record, masked_crc(event->data, event->len), 4);
    if (fwrite(record->data, 1, record->len, events->file) != record->len && !events->error)
        events->error = errno;
    g_byte_array_unref(record);
    g_byte_array_unref(event);
}

CopStatus cop_events_create(CopEvents **out, const char *folder, uint64_t step, CopError *err)
{
    static const char version[] = "brain.Event:2";
    static int count; /* of this process, so that no two share a name */
    char *name = g_strdup_printf("events.out.tfevents.%" G_GINT64_FORMAT ".%s.%d.%d",
                                 g_get_real_time() / G_USEC_PER_SEC, g_get_host_name(),
                                 (int)getpid(), g_atomic_int_add(&count, 1));
    CopEvents *events = g_new0(CopEvents, 1);
    events->path = g_build_filename(folder, name, NULL);
    g_free(name);
    events->file = fopen(events->path, "wbx");
    if (!events->file) {
        cop_error_set(err, COP_ERR_IO, "%s: cannot be made: %s", events->path, strerror(errno));
        cop_events_close(&events);
        *out = NULL;
        return COP_ERR_IO;
    }
    GByteArray *event = begin_event(0);
    put_bytes(event, FILE_VERSION, version, sizeof version - 1);
    end_event(events, event);
    event = begin_event(step);
    GByteArray *log = g_byte_array_new();
    put_key(log, LOG_STATUS, VARINT);
    cop_put_varint(log, LOG_START);
    put_message(event, SESSION_LOG, log);
    end_event(events, event);
    *out = events;
    return COP_OK;
}

void cop_events_scalar(CopEvents *events, const char *tag, uint64_t step, double value)
{
    const float single = (float)value;
    uint32_t bits;
    memcpy(&bits, &single, sizeof bits);
    GByteArray *entry = g_byte_array_new(), *summary = g_byte_array_new();
    put_bytes(entry, VALUE_TAG, tag, strlen(tag));
    put_key(entry, VALUE_SIMPLE, FIXED32);
    put_fixed(entry, bits, sizeof bits);
    put_message(summary, SUMMARY_VALUE, entry);
    GByteArray *event = begin_event(step);
    put_message(event, SUMMARY, summary);
    end_event(events, event);
}

CopStatus cop_events_flush(CopEvents *events, CopError *err)
{
    if (fflush(events->file) != 0 && !events->error)
        events->error = errno;
    if (!events->error)
        return COP_OK;
    return cop_error_set(err, COP_ERR_IO, "%s: cannot be written: %s", events->path,
                         strerror(events->error));
}

void cop_events_close(CopEvents **events)
{
    if (!events || !*events)
        return;
    if ((*events)->file)
        fclose((*events)->file);
    g_free((*events)->path);
    g_free(*events);
    *events = NULL;
}
