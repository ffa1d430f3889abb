/* safetensors files: opening, checking and looking up.
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#include "models/train/safetensors.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include "models/train/safetensors_json.h"

static const struct {
    const char *name;
    size_t size;
} dtypes[] = {
    [COP_DTYPE_F64] = {"F64", 8},   [COP_DTYPE_F32] = {"F32", 4}, [COP_DTYPE_F16] = {"F16", 2},
    [COP_DTYPE_BF16] = {"BF16", 2}, [COP_DTYPE_I64] = {"I64", 8}, [COP_DTYPE_I32] = {"I32", 4},
    [COP_DTYPE_I16] = {"I16", 2},   [COP_DTYPE_I8] = {"I8", 1},   [COP_DTYPE_U8] = {"U8", 1},
    [COP_DTYPE_BOOL] = {"BOOL", 1}, [COP_DTYPE_U16] = {"U16", 2}, [COP_DTYPE_U32] = {"U32", 4},
    [COP_DTYPE_U64] = {"U64", 8},
};
_Static_assert(sizeof dtypes / sizeof dtypes[0] == COP_DTYPE_COUNT, "one entry a dtype");

/* What a file owns besides its lists. */
typedef struct Priv {
    char *text;                  /* decoded names, keys and values */
    const CopStTensor **by_name; /* sorted, as are keys */
    const CopStMeta **by_key;
    void *map; /* NULL when the bytes are the caller's */
    size_t map_size;
} Priv;

const char *cop_dtype_name(CopDtype dtype)
{
    return (unsigned)dtype < COP_DTYPE_COUNT ? dtypes[dtype].name : "unknown";
}

size_t cop_dtype_size(CopDtype dtype)
{
    return (unsigned)dtype < COP_DTYPE_COUNT ? dtypes[dtype].size : 0;
}

/* By place in the file. Tensors without bytes may share theirs: they come first,
 * in the order of the header, which is that of the names in the text buffer. */
static int compare_place(const void *a, const void *b)
{
    const CopStTensor *x = a, *y = b;
    if (x->data != y->data)
        return (const char *)x->data < (const char *)y->data ? -1 : 1;
    if (x->bytes != y->bytes)
        return x->bytes < y->bytes ? -1 : 1;
    return x->name < y->name ? -1 : x->name > y->name;
}

static int compare_name(const void *a, const void *b)
{
    const CopStTensor *const *x = a, *const *y = b;
    return strcmp((*x)->name, (*y)->name);
}

static int compare_key(const void *a, const void *b)
{
    const CopStMeta *const *x = a, *const *y = b;
    return strcmp((*x)->key, (*y)->key);
}

/* The data must be covered without gaps and overlaps, as the format says. */
static CopStatus check_places(const CopSafetensors *file, const unsigned char *data, size_t size,
                              const char *label, CopError *err)
{
    size_t end = 0;
    for (int i = 0; i < file->n_tensors; i++) {
        const CopStTensor *tensor = &file->tensor[i];
        const size_t begin = (size_t)((const unsigned char *)tensor->data - data);
        if (begin != end)
            return cop_error_set(err, COP_ERR_MODEL, "%s: data, byte %zu: %s before \"%.100s\"",
                                 label, begin, begin > end ? "a gap" : "an overlap", tensor->name);
        end = begin + tensor->bytes;
    }
    if (end != size)
        return cop_error_set(err, COP_ERR_MODEL,
                             "%s: data, byte %zu: %zu bytes belong to no tensor", label, end,
                             size - end);
    return COP_OK;
}

static CopStatus index_names(CopSafetensors *file, const char *label, CopError *err)
{
    Priv *priv = file->priv;
    free(priv->by_name);
    free(priv->by_key);
    priv->by_name = calloc((size_t)file->n_tensors + 1, sizeof *priv->by_name);
    priv->by_key = calloc((size_t)file->n_meta + 1, sizeof *priv->by_key);
    if (!priv->by_name || !priv->by_key)
        return cop_error_set(err, COP_ERR_NOMEM, "%s: out of memory", label);
    for (int i = 0; i < file->n_tensors; i++)
        priv->by_name[i] = &file->tensor[i];
    for (int i = 0; i < file->n_meta; i++)
        priv->by_key[i] = &file->meta[i];
    qsort(priv->by_name, (size_t)file->n_tensors, sizeof *priv->by_name, compare_name);
    qsort(priv->by_key, (size_t)file->n_meta, sizeof *priv->by_key, compare_key);
    for (int i = 1; i < file->n_tensors; i++)
        if (compare_name(&priv->by_name[i - 1], &priv->by_name[i]) == 0)
            return cop_error_set(err, COP_ERR_MODEL, "%s: tensor \"%.100s\" is there twice", label,
                                 priv->by_name[i]->name);
    for (int i = 1; i < file->n_meta; i++)
        if (compare_key(&priv->by_key[i - 1], &priv->by_key[i]) == 0)
            return cop_error_set(err, COP_ERR_MODEL, "%s: metadata \"%.100s\" is there twice",
                                 label, priv->by_key[i]->key);
    return COP_OK;
}

static CopStatus parse(CopSafetensors *file, const unsigned char *bytes, size_t size,
                       const char *label, CopError *err)
{
    Priv *priv = file->priv;
    if (size < COP_ST_LENGTH_BYTES)
        return cop_error_set(err, COP_ERR_MODEL, "%s: %zu bytes are no safetensors file", label,
                             size);
    uint64_t length = 0;
    for (int i = COP_ST_LENGTH_BYTES - 1; i >= 0; i--)
        length = length << 8 | bytes[i];
    const size_t rest = size - COP_ST_LENGTH_BYTES;
    if (length > COP_ST_HEADER_MAX || length > rest)
        return cop_error_set(err, COP_ERR_MODEL,
                             "%s: not a safetensors file, or cut short: a header of %llu bytes; "
                             "the file has %zu after its length, the format allows %d",
                             label, (unsigned long long)length, rest, COP_ST_HEADER_MAX);
    priv->text = malloc((size_t)length + 1);
    if (!priv->text)
        return cop_error_set(err, COP_ERR_NOMEM, "%s: out of memory", label);
    const unsigned char *header = bytes + COP_ST_LENGTH_BYTES, *data = header + length;
    const size_t data_size = rest - (size_t)length;
    COP_TRY(cop_st_parse_header(file, (const char *)header, (size_t)length, priv->text, data,
                                data_size, label, err));
    if (file->n_tensors)
        qsort(file->tensor, (size_t)file->n_tensors, sizeof *file->tensor, compare_place);
    COP_TRY(check_places(file, data, data_size, label, err));
    COP_TRY(index_names(file, label, err));
    if (!cop_safetensors_meta(file, COP_ST_SPARSE_KEY))
        return COP_OK;
    COP_TRY(cop_st_unpack(file, label, err));
    return index_names(file, label, err);
}

static CopSafetensors *create(void)
{
    CopSafetensors *file = calloc(1, sizeof *file);
    if (file)
        file->priv = calloc(1, sizeof(Priv));
    if (file && !file->priv) {
        free(file);
        return NULL;
    }
    return file;
}

CopStatus cop_safetensors_parse(CopSafetensors **out, const void *bytes, size_t size,
                                const char *label, CopError *err)
{
    *out = NULL;
    CopSafetensors *file = create();
    if (!file)
        return cop_error_set(err, COP_ERR_NOMEM, "%s: out of memory", label);
    const CopStatus status = parse(file, bytes, size, label, err);
    if (status != COP_OK) {
        cop_safetensors_close(&file);
        return status;
    }
    *out = file;
    return COP_OK;
}

/* The whole of a regular file as read-only memory; an empty one leaves both as
 * they are. Returns an errno, 0 when all went well. */
static int map_file(const char *path, void **map, size_t *size)
{
    /* Without O_NONBLOCK, opening a FIFO would wait for its writer. */
    const int fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
    if (fd < 0)
        return errno;
    struct stat info;
    int reason = 0;
    if (fstat(fd, &info) != 0)
        reason = errno;
    else if (!S_ISREG(info.st_mode))
        reason = S_ISDIR(info.st_mode) ? EISDIR : EINVAL;
    else if (info.st_size > 0) {
        *size = (size_t)info.st_size;
        *map = mmap(NULL, *size, PROT_READ, MAP_PRIVATE, fd, 0);
        if (*map == MAP_FAILED)
            reason = errno;
    }
    close(fd);
    return reason;
}

CopStatus cop_safetensors_open(CopSafetensors **out, const char *path, CopError *err)
{
    *out = NULL;
    void *map = NULL;
    size_t size = 0;
    const int reason = map_file(path, &map, &size);
    if (reason)
        return cop_error_set(err, COP_ERR_IO, "%s: cannot be read: %s", path, strerror(reason));
    const CopStatus status = cop_safetensors_parse(out, map, size, path, err);
    if (status == COP_OK) {
        Priv *priv = (*out)->priv;
        priv->map = map;
        priv->map_size = size;
    } else if (map) {
        munmap(map, size);
    }
    return status;
}

void cop_safetensors_close(CopSafetensors **out)
{
    if (!out || !*out)
        return;
    CopSafetensors *file = *out;
    Priv *priv = file->priv;
    if (priv->map)
        munmap(priv->map, priv->map_size);
    free(priv->text);
    free(priv->by_name);
    free(priv->by_key);
    free(priv);
    free(file->tensor);
    free(file->meta);
    free(file);
    *out = NULL;
}

const CopStTensor *cop_safetensors_find(const CopSafetensors *file, const char *name)
{
    const Priv *priv = file->priv;
    const CopStTensor probe = {.name = name}, *key = &probe;
    const CopStTensor *const *found =
        bsearch(&key, priv->by_name, (size_t)file->n_tensors, sizeof *priv->by_name, compare_name);
    return found ? *found : NULL;
}

size_t cop_safetensors_count(const CopStTensor *tensor)
{
    size_t count = 1;
    for (int i = 0; i < tensor->rank; i++)
        count *= (size_t)tensor->shape[i];
    return count;
}

const char *cop_safetensors_meta(const CopSafetensors *file, const char *key)
{
    const Priv *priv = file->priv;
    const CopStMeta probe = {.key = key}, *wanted = &probe;
    const CopStMeta *const *found =
        bsearch(&wanted, priv->by_key, (size_t)file->n_meta, sizeof *priv->by_key, compare_key);
    return found ? (*found)->value : NULL;
}
