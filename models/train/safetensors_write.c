/* Writing safetensors files.
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "models/core/file.h"
#include "models/train/safetensors_json.h"

enum { ALIGN = 64 };

static bool is_text(const char *text)
{
    const unsigned char *p = (const unsigned char *)text, *end = p + strlen(text);
    while (p < end) {
        const int length = cop_st_utf8_length(p, end);
        if (length == 0)
            return false;
        p += length;
    }
    return true;
}

static int compare(const void *a, const void *b)
{
    return strcmp(*(const char *const *)a, *(const char *const *)b);
}

/* The first name that stands twice among n names (sorted here), or NULL. */
static const char *find_twin(const char **names, int n)
{
    qsort(names, (size_t)n, sizeof *names, compare);
    for (int i = 1; i < n; i++)
        if (strcmp(names[i - 1], names[i]) == 0)
            return names[i];
    return NULL;
}

static CopStatus check_names(const CopStTensor *tensor, int n_tensors, const CopStMeta *meta,
                             int n_meta, const char *path, CopError *err)
{
    const char **names = calloc((size_t)n_tensors + (size_t)n_meta + 1, sizeof *names);
    if (!names)
        return cop_error_set(err, COP_ERR_NOMEM, "%s: out of memory", path);
    for (int i = 0; i < n_tensors; i++)
        names[i] = tensor[i].name;
    for (int i = 0; i < n_meta; i++)
        names[n_tensors + i] = meta[i].key;
    const char *twin = find_twin(names, n_tensors);
    if (!twin)
        twin = find_twin(names + n_tensors, n_meta);
    free(names);
    return twin ? cop_error_set(err, COP_ERR_ARG, "%s: \"%.100s\" is to be written twice", path,
                                twin)
                : COP_OK;
}

/* What the reader would refuse is not written in the first place. */
static CopStatus check(const CopStTensor *tensor, int n_tensors, const CopStMeta *meta, int n_meta,
                       const char *path, CopError *err)
{
    for (int i = 0; i < n_tensors; i++) {
        const CopStTensor *x = &tensor[i];
        uint64_t bytes;
        if (!is_text(x->name) || strcmp(x->name, COP_ST_METADATA) == 0)
            return cop_error_set(err, COP_ERR_ARG, "%s: tensor %d has no proper name", path, i);
        if ((unsigned)x->dtype >= COP_DTYPE_COUNT || x->rank < 0 || x->rank > COP_ST_RANK_MAX ||
            !cop_st_bytes(x->dtype, x->rank, x->shape, &bytes) || bytes != x->bytes)
            return cop_error_set(err, COP_ERR_ARG, "%s: tensor \"%.100s\": shape and size differ",
                                 path, x->name);
    }
    for (int i = 0; i < n_meta; i++)
        if (!is_text(meta[i].key) || !is_text(meta[i].value))
            return cop_error_set(err, COP_ERR_ARG, "%s: metadata %d is not UTF-8", path, i);
    return check_names(tensor, n_tensors, meta, n_meta, path, err);
}

static void put_string(FILE *out, const char *text)
{
    fputc('"', out);
    for (; *text; text++) {
        const unsigned char c = (unsigned char)*text;
        if (c < 0x20)
            fprintf(out, "\\u%04x", c);
        else if (c == '"' || c == '\\')
            fprintf(out, "\\%c", c);
        else
            fputc(c, out);
    }
    fputc('"', out);
}

static void put_metadata(FILE *out, const CopStMeta *meta, int n)
{
    fputs("\"" COP_ST_METADATA "\":{", out);
    for (int i = 0; i < n; i++) {
        fputs(i ? "," : "", out);
        put_string(out, meta[i].key);
        fputc(':', out);
        put_string(out, meta[i].value);
    }
    fputc('}', out);
}

static void put_tensor(FILE *out, const CopStTensor *tensor, uint64_t offset)
{
    put_string(out, tensor->name);
    fprintf(out, ":{\"dtype\":\"%s\",\"shape\":[", cop_dtype_name(tensor->dtype));
    for (int i = 0; i < tensor->rank; i++)
        fprintf(out, "%s%" PRIu64, i ? "," : "", tensor->shape[i]);
    fprintf(out, "],\"data_offsets\":[%" PRIu64 ",%" PRIu64 "]}", offset, offset + tensor->bytes);
}

/* The header, padded, after eight bytes that hold its length. malloc'ed. */
static char *make_header(const CopStTensor *tensor, int n_tensors, const CopStMeta *meta,
                         int n_meta, size_t *size)
{
    char *text = NULL;
    FILE *out = open_memstream(&text, size);
    if (!out)
        return NULL;
    for (int i = 0; i < COP_ST_LENGTH_BYTES; i++)
        fputc(0, out);
    fputc('{', out);
    if (n_meta)
        put_metadata(out, meta, n_meta);
    uint64_t offset = 0;
    for (int i = 0; i < n_tensors; i++) {
        fputs(i || n_meta ? "," : "", out);
        put_tensor(out, &tensor[i], offset);
        offset += tensor[i].bytes;
    }
    fputc('}', out);
    while (ftell(out) % ALIGN)
        fputc(' ', out);
    const bool failed = ferror(out) != 0;
    if (fclose(out) != 0 || failed) {
        free(text);
        return NULL;
    }
    const uint64_t length = *size - COP_ST_LENGTH_BYTES;
    for (int i = 0; i < COP_ST_LENGTH_BYTES; i++)
        text[i] = (char)(length >> 8 * i & 0xFF);
    return text;
}

static CopStatus write_plain(const char *path, const CopStTensor *tensor, int n_tensors,
                             const CopStMeta *meta, int n_meta, CopError *err)
{
    COP_TRY(check(tensor, n_tensors, meta, n_meta, path, err));
    size_t size;
    char *header = make_header(tensor, n_tensors, meta, n_meta, &size);
    if (!header)
        return cop_error_set(err, COP_ERR_NOMEM, "%s: out of memory", path);
    CopFile file = {0};
    CopStatus status = COP_OK;
    if (size - COP_ST_LENGTH_BYTES > COP_ST_HEADER_MAX)
        status = cop_error_set(err, COP_ERR_ARG, "%s: a header of %zu bytes, beyond the format",
                               path, size);
    if (status == COP_OK)
        status = cop_file_create(&file, path, err);
    if (status == COP_OK)
        status = cop_file_append(&file, header, size, err);
    for (int i = 0; status == COP_OK && i < n_tensors; i++)
        status = cop_file_append(&file, tensor[i].data, tensor[i].bytes, err);
    if (status == COP_OK)
        status = cop_file_commit(&file, err);
    else
        cop_file_abandon(&file);
    free(header);
    return status;
}

CopStatus cop_safetensors_write(const char *path, const CopStTensor *tensor, int n_tensors,
                                const CopStMeta *meta, int n_meta, CopError *err)
{
    CopStPacked packed;
    CopStatus status = cop_st_pack(&packed, tensor, n_tensors, meta, n_meta);
    if (status == COP_OK)
        status =
            write_plain(path, packed.tensor, packed.n_tensors, packed.meta, packed.n_meta, err);
    else
        cop_error_set(err, status, "%s: out of memory", path);
    cop_st_pack_free(&packed);
    return status;
}
