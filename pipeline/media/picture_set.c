/* Files that hold many pictures of one size, as bytes one behind the other.
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#include "pipeline/media/picture_set.h"

#include <assert.h>
#include <gio/gio.h>
#include <stdlib.h>
#include <string.h>

enum { CHUNK = 1 << 20, SIDE_MAX = 16384 };

static const gsize size_most = (gsize)4 << 30;

/* The file as a stream, through a decompressor where it begins as gzip's do. */
static GInputStream *open_stream(const char *path, GError **error)
{
    GFile *file = g_file_new_for_path(path);
    GFileInputStream *raw = g_file_read(file, NULL, error);
    g_object_unref(file);
    if (!raw)
        return NULL;
    GInputStream *stream = g_buffered_input_stream_new(G_INPUT_STREAM(raw));
    g_object_unref(raw);
    GBufferedInputStream *buffered = G_BUFFERED_INPUT_STREAM(stream);
    guint8 magic[2] = {0};
    if (g_buffered_input_stream_fill(buffered, -1, NULL, error) < 0) {
        g_object_unref(stream);
        return NULL;
    }
    g_buffered_input_stream_peek(buffered, magic, 0, sizeof magic);
    if (magic[0] != 0x1f || magic[1] != 0x8b)
        return stream;
    GConverter *gzip = G_CONVERTER(g_zlib_decompressor_new(G_ZLIB_COMPRESSOR_FORMAT_GZIP));
    GInputStream *plain = g_converter_input_stream_new(stream, gzip);
    g_object_unref(gzip);
    g_object_unref(stream);
    return plain;
}

static bool read_all(GInputStream *stream, GByteArray *bytes, GError **error)
{
    guint8 *chunk = g_malloc(CHUNK);
    gsize n = 0;
    bool fine = true;
    do {
        fine = g_input_stream_read_all(stream, chunk, CHUNK, &n, NULL, error);
        if (bytes->len + n >= size_most - CHUNK) {
            g_set_error(error, G_IO_ERROR, G_IO_ERROR_FAILED, "more than 4 GiB");
            fine = false;
        }
        if (fine)
            g_byte_array_append(bytes, chunk, (guint)n);
    } while (fine && n == CHUNK);
    g_free(chunk);
    return fine;
}

CopStatus cop_picture_set_open(CopPictureSet **out, const char *path, CopError *err)
{
    *out = NULL;
    GError *error = NULL;
    GInputStream *stream = open_stream(path, &error);
    GByteArray *bytes = g_byte_array_new();
    if (!stream || !read_all(stream, bytes, &error)) {
        cop_error_set(err, COP_ERR_DATA, "%s: %s", path, error->message);
        g_error_free(error);
    } else if (bytes->len == 0) {
        cop_error_set(err, COP_ERR_DATA, "%s: empty file", path);
    } else {
        *out = g_new0(CopPictureSet, 1);
        (*out)->size = bytes->len;
        (*out)->bytes = g_realloc(g_byte_array_free(bytes, FALSE), (*out)->size);
        bytes = NULL;
    }
    if (bytes)
        g_byte_array_unref(bytes);
    if (stream)
        g_object_unref(stream);
    return *out ? COP_OK : COP_ERR_DATA;
}

void cop_picture_set_close(CopPictureSet **set)
{
    if (!set || !*set)
        return;
    g_free((*set)->bytes);
    g_free(*set);
    *set = NULL;
}

bool cop_picture_set_fits(const CopPictureSet *set)
{
    if (set->n < 1 || set->width < 1 || set->width > SIDE_MAX || set->height < 1 ||
        set->height > SIDE_MAX || (set->planes != 1 && set->planes != 3))
        return false;
    const size_t picture = (size_t)set->planes * (size_t)set->width * (size_t)set->height;
    if (set->size < set->offset || set->size - set->offset < picture)
        return false;
    const size_t rest = set->size - set->offset - picture;
    return set->n == 1 || (set->stride > 0 && (size_t)set->n - 1 <= rest / set->stride);
}

CopStatus cop_picture_set_frame(const CopPictureSet *set, int i, CopFrame *out)
{
    assert(i >= 0 && i < set->n);
    const size_t plane = (size_t)set->width * (size_t)set->height;
    const uint8_t *from = set->bytes + set->offset + (size_t)i * set->stride;
    COP_TRY(cop_frame_alloc(out, set->planes == 1 ? COP_PIXEL_GRAY8 : COP_PIXEL_RGB, set->width,
                            set->height));
    out->colour.range = COP_RANGE_FULL;
    for (int y = 0; y < set->height; y++) {
        uint8_t *row = out->plane[0] + (ptrdiff_t)y * out->stride[0];
        const uint8_t *line = from + (size_t)y * (size_t)set->width;
        if (set->planes == 1)
            memcpy(row, line, (size_t)set->width);
        for (int x = 0; x < set->width && set->planes == 3; x++)
            for (int c = 0; c < 3; c++)
                row[3 * x + c] = line[(size_t)c * plane + (size_t)x];
    }
    return COP_OK;
}
