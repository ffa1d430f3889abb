/* Compact safetensors: tensors with many zeros as their other elements and a bit mask.
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#include <stdlib.h>
#include <string.h>

#include "models/train/safetensors_json.h"

typedef enum Part { VALUES, BITS, SHAPE, PARTS } Part;
static const char *const suffix[PARTS] = {".compressed", ".bitmask", ".shape"};
enum { SUFFIX_BYTES = 16 };

/* --- reading ------------------------------------------------------------------------- */

/* Length of the name before the suffix of `part`; 0 if it does not end so. */
static size_t stem_of(const char *name, Part part)
{
    const size_t length = strlen(name), tail = strlen(suffix[part]);
    return length > tail && strcmp(name + length - tail, suffix[part]) == 0 ? length - tail : 0;
}

static CopStTensor *find_part(const CopSafetensors *file, const char *name, size_t stem, Part part)
{
    char *full = malloc(stem + SUFFIX_BYTES);
    if (!full)
        return NULL;
    memcpy(full, name, stem);
    strcpy(full + stem, suffix[part]);
    const CopStTensor *found = cop_safetensors_find(file, full);
    free(full);
    return found ? &file->tensor[found - file->tensor] : NULL;
}

static size_t count_bits(const unsigned char *bits, size_t bytes)
{
    size_t count = 0;
    for (size_t i = 0; i < bytes; i++)
        count += (size_t)__builtin_popcount(bits[i]);
    return count;
}

/* Rank and shape, whose elements must be countable. */
static bool read_shape(const CopStTensor *from, CopDtype dtype, CopStTensor *out)
{
    uint64_t bytes;
    if (from->dtype != COP_DTYPE_I64 || from->rank != 1 || from->shape[0] > COP_ST_RANK_MAX)
        return false;
    out->rank = (int)from->shape[0];
    for (int i = 0; i < out->rank; i++) {
        int64_t length;
        memcpy(&length, (const char *)from->data + (size_t)i * sizeof length, sizeof length);
        if (length < 1)
            return false;
        out->shape[i] = (uint64_t)length;
    }
    return cop_st_bytes(dtype, out->rank, out->shape, &bytes);
}

static CopStatus join(const CopStTensor *bits, const CopStTensor *values, const CopStTensor *shape,
                      CopStTensor *out, const char *label, CopError *err)
{
    const char *wrong = NULL;
    *out = (CopStTensor){.dtype = COP_DTYPE_F32};
    if (!values || !shape)
        wrong = "its values or its shape are missing";
    else if (!read_shape(shape, values->dtype, out))
        wrong = "its shape is not one";
    else if (bits->dtype != COP_DTYPE_U8 || values->rank != 1 ||
             bits->bytes != (cop_safetensors_count(out) + 7) / 8)
        wrong = "it has not a bit for each element";
    else if (cop_safetensors_count(out) % 8 &&
             ((const unsigned char *)bits->data)[bits->bytes - 1] >> cop_safetensors_count(out) % 8)
        wrong = "it has bits past the last element";
    else if (count_bits(bits->data, bits->bytes) != values->shape[0])
        wrong = "it has not a value for each bit that is set";
    if (wrong)
        return cop_error_set(err, COP_ERR_MODEL, "%s: compact tensor \"%.100s\": %s", label,
                             bits->name, wrong);
    out->dtype = values->dtype;
    out->data = values->data;
    out->bytes = values->bytes;
    out->bits = bits->data;
    return COP_OK;
}

static bool is_part(const CopSafetensors *file, const CopStTensor *tensor)
{
    for (Part part = VALUES; part < PARTS; part++) {
        const size_t stem = stem_of(tensor->name, part);
        if (stem && find_part(file, tensor->name, stem, BITS))
            return true;
    }
    return false;
}

/* The tensors of the file as `out` (room for all), without their parts. */
static CopStatus join_all(const CopSafetensors *file, CopStTensor *out, int *n, const char *label,
                          CopError *err)
{
    *n = 0;
    for (int i = 0; i < file->n_tensors; i++) {
        const CopStTensor *tensor = &file->tensor[i];
        const size_t stem = stem_of(tensor->name, BITS);
        if (!stem) {
            if (!is_part(file, tensor))
                out[(*n)++] = *tensor;
            continue;
        }
        const CopStTensor *values = find_part(file, tensor->name, stem, VALUES);
        const CopStTensor *shape = find_part(file, tensor->name, stem, SHAPE);
        COP_TRY(join(tensor, values, shape, &out[*n], label, err));
        out[(*n)++].name = tensor->name;
    }
    return COP_OK;
}

CopStatus cop_st_unpack(CopSafetensors *file, const char *label, CopError *err)
{
    const char *format = cop_safetensors_meta(file, COP_ST_SPARSE_KEY);
    if (!format || strcmp(format, COP_ST_SPARSE_BITS) != 0)
        return cop_error_set(err, COP_ERR_MODEL,
                             "%s: metadata " COP_ST_SPARSE_KEY
                             " is \"%.40s\"; allowed: " COP_ST_SPARSE_BITS,
                             label, format ? format : "");
    CopStTensor *joined = calloc((size_t)file->n_tensors + 1, sizeof *joined);
    if (!joined)
        return cop_error_set(err, COP_ERR_NOMEM, "%s: out of memory", label);
    int n;
    const CopStatus status = join_all(file, joined, &n, label, err);
    if (status != COP_OK) {
        free(joined);
        return status;
    }
    free(file->tensor);
    file->tensor = joined;
    file->n_tensors = n;
    /* Only now, since the lookups above go by the whole names. */
    for (int i = 0; i < n; i++)
        if (joined[i].bits) {
            char *name = (char *)(uintptr_t)joined[i].name;
            name[stem_of(name, BITS)] = '\0';
        }
    return COP_OK;
}

/* --- writing ------------------------------------------------------------------------- */

/* Appends "name.suffix" to the text. */
static const char *put_name(char **text, const char *name, Part part)
{
    char *start = *text;
    strcpy(start, name);
    strcat(start, suffix[part]);
    *text += strlen(start) + 1;
    return start;
}

static void put_parts(CopStPacked *out, const CopStTensor *tensor, char **text, int64_t *shape)
{
    const size_t count = cop_safetensors_count(tensor);
    const CopStTensor part[PARTS] = {
        [VALUES] = {.dtype = tensor->dtype,
                    .rank = 1,
                    .shape = {tensor->bytes / cop_dtype_size(tensor->dtype)},
                    .data = tensor->data,
                    .bytes = tensor->bytes},
        [BITS] = {.dtype = COP_DTYPE_U8,
                  .rank = 1,
                  .shape = {(count + 7) / 8},
                  .data = tensor->bits,
                  .bytes = (count + 7) / 8},
        [SHAPE] = {.dtype = COP_DTYPE_I64,
                   .rank = 1,
                   .shape = {(uint64_t)tensor->rank},
                   .data = shape,
                   .bytes = (size_t)tensor->rank * sizeof *shape},
    };
    for (int i = 0; i < tensor->rank; i++)
        shape[i] = (int64_t)tensor->shape[i];
    for (Part i = VALUES; i < PARTS; i++) {
        out->tensor[out->n_tensors] = part[i];
        out->tensor[out->n_tensors++].name = put_name(text, tensor->name, i);
    }
}

CopStatus cop_st_pack(CopStPacked *out, const CopStTensor *tensor, int n_tensors,
                      const CopStMeta *meta, int n_meta)
{
    size_t text_bytes = 1;
    bool compact = false;
    for (int i = 0; i < n_tensors; i++) {
        text_bytes += PARTS * (strlen(tensor[i].name) + SUFFIX_BYTES);
        compact |= tensor[i].bits != NULL;
    }
    const size_t n = (size_t)n_tensors + 1;
    *out = (CopStPacked){.tensor = calloc(PARTS * n, sizeof *out->tensor),
                         .meta = calloc((size_t)n_meta + 1, sizeof *out->meta),
                         .text = malloc(text_bytes),
                         .shape = calloc(COP_ST_RANK_MAX * n, sizeof *out->shape)};
    if (!out->tensor || !out->meta || !out->text || !out->shape)
        return COP_ERR_NOMEM;
    char *text = out->text;
    for (int i = 0; i < n_tensors; i++)
        if (tensor[i].bits)
            put_parts(out, &tensor[i], &text, out->shape + (size_t)i * COP_ST_RANK_MAX);
        else
            out->tensor[out->n_tensors++] = tensor[i];
    for (int i = 0; i < n_meta; i++)
        if (strcmp(meta[i].key, COP_ST_SPARSE_KEY) != 0)
            out->meta[out->n_meta++] = meta[i];
    if (compact)
        out->meta[out->n_meta++] = (CopStMeta){COP_ST_SPARSE_KEY, COP_ST_SPARSE_BITS};
    return COP_OK;
}

void cop_st_pack_free(CopStPacked *packed)
{
    free(packed->tensor);
    free(packed->meta);
    free(packed->text);
    free(packed->shape);
    *packed = (CopStPacked){0};
}

/* --- from one form to the other ------------------------------------------------------ */

/* Elements that are not zero move to the front; their bits are set. Returns how many. */
static size_t squeeze(float *value, size_t count, unsigned char *bits)
{
    size_t stored = 0;
    memset(bits, 0, (count + 7) / 8);
    for (size_t i = 0; i < count; i++)
        if (value[i] != 0) {
            bits[i / 8] |= (unsigned char)(1u << i % 8);
            value[stored++] = value[i];
        }
    return stored;
}

/* Elements and bits in one allocation, for a float tensor; *tensor is turned into the form
 * wanted. A tensor that stays as it is owns nothing. */
static CopStatus turn(CopStTensor *tensor, bool compact, void **owned)
{
    const bool packs =
        compact && !tensor->bits && tensor->dtype == COP_DTYPE_F32 && tensor->rank >= 2;
    const size_t count = cop_safetensors_count(tensor), bytes = (count + 7) / 8;
    if (!packs && (compact || !tensor->bits))
        return COP_OK;
    float *value = malloc(count * sizeof *value + bytes);
    if (!value)
        return COP_ERR_NOMEM;
    *owned = value;
    COP_TRY(cop_safetensors_read_f32(tensor, value, count, NULL));
    if (!packs) {
        tensor->dtype = COP_DTYPE_F32;
        tensor->bits = NULL;
        tensor->data = value;
        tensor->bytes = count * sizeof *value;
        return COP_OK;
    }
    unsigned char *bits = (unsigned char *)(value + count);
    const size_t stored = squeeze(value, count, bits);
    if (stored * sizeof *value + bytes >= tensor->bytes)
        return COP_OK;
    tensor->bits = bits;
    tensor->data = value;
    tensor->bytes = stored * sizeof *value;
    return COP_OK;
}

CopStatus cop_safetensors_convert(const CopSafetensors *file, const char *path, bool compact,
                                  CopError *err)
{
    const size_t n = (size_t)file->n_tensors + 1;
    CopStTensor *tensor = calloc(n, sizeof *tensor);
    void **owned = calloc(n, sizeof *owned);
    CopStatus status = tensor && owned ? COP_OK : COP_ERR_NOMEM;
    for (int i = 0; status == COP_OK && i < file->n_tensors; i++) {
        tensor[i] = file->tensor[i];
        status = turn(&tensor[i], compact, &owned[i]);
    }
    if (status == COP_OK)
        status =
            cop_safetensors_write(path, tensor, file->n_tensors, file->meta, file->n_meta, err);
    else
        cop_error_set(err, status, "%s: %s", path, cop_status_name(status));
    for (int i = 0; owned && i < file->n_tensors; i++)
        free(owned[i]);
    free(owned);
    free(tensor);
    return status;
}
