/* safetensors files: 64-bit little-endian header length, JSON header, raw data.
 * The reader trusts nothing: lengths, offsets, overlaps, duplicates, nesting and
 * sizes are checked before any tensor is touched.
 *
 * A compact file, marked by the metadata sparse.format = "bitmask", stores a tensor X with
 * many zeros as three: X.compressed, its other elements in order; X.bitmask (U8), bit i of
 * byte b set where element 8 b + i is among them; X.shape (I64). Reader and writer make one
 * of them and three again.
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#ifndef COP_TRAIN_SAFETENSORS_H
#define COP_TRAIN_SAFETENSORS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "models/core/status.h"

typedef enum CopDtype {
    COP_DTYPE_F64,
    COP_DTYPE_F32,
    COP_DTYPE_F16,
    COP_DTYPE_BF16,
    COP_DTYPE_I64,
    COP_DTYPE_I32,
    COP_DTYPE_I16,
    COP_DTYPE_I8,
    COP_DTYPE_U8,
    COP_DTYPE_BOOL,
    COP_DTYPE_U16,
    COP_DTYPE_U32,
    COP_DTYPE_U64,
    COP_DTYPE_COUNT
} CopDtype;

const char *cop_dtype_name(CopDtype dtype); /* "F32" */
size_t cop_dtype_size(CopDtype dtype);      /* bytes an element */

typedef struct CopStTensor {
    const char *name;
    CopDtype dtype;
    int rank; /* 0..8 */
    uint64_t shape[8];
    const void *data; /* little-endian, row-major, not necessarily aligned */
    size_t bytes;     /* of data */
    /* Compact: bit i, low bits first, says that element i is in data; the others are 0. NULL:
     * all are. */
    const unsigned char *bits;
} CopStTensor;

typedef struct CopStMeta {
    const char *key, *value;
} CopStMeta;

/* A file opened for reading; owns all it points to. Tensors in file order. */
typedef struct CopSafetensors {
    int n_tensors, n_meta;
    CopStTensor *tensor;
    CopStMeta *meta;
    void *priv;
} CopSafetensors;

/* Opens and checks `path`. COP_ERR_IO when it cannot be read, COP_ERR_MODEL with
 * what is wrong and at which byte when it is not a sound file. Returned in *out. */
CopStatus cop_safetensors_open(CopSafetensors **out, const char *path,
                               CopError *err) COP_MUST_CHECK;

/* The same over bytes in memory (borrowed, must live as long); `label` names them in errors. */
CopStatus cop_safetensors_parse(CopSafetensors **out, const void *bytes, size_t size,
                                const char *label, CopError *err) COP_MUST_CHECK;
void cop_safetensors_close(CopSafetensors **file);

const CopStTensor *cop_safetensors_find(const CopSafetensors *file, const char *name);
size_t cop_safetensors_count(const CopStTensor *tensor); /* elements of its shape */
const char *cop_safetensors_meta(const CopSafetensors *file, const char *key); /* NULL if absent */

/* Elements of a tensor as float (F64, F32, F16, BF16 and integer types are
 * converted; compact ones are spread out). `out` holds `count` floats; COP_ERR_SHAPE
 * unless that is the tensor's size. */
CopStatus cop_safetensors_read_f32(const CopStTensor *tensor, float *out, size_t count,
                                   CopError *err) COP_MUST_CHECK;

/* Writes a file through a temporary name, synced and renamed. Names and values
 * are JSON-escaped. The data start at a multiple of 64 bytes, by blanks after the
 * header, and follow each other in the order given. Tensors with bits make it a compact
 * file. COP_ERR_ARG for what the reader would refuse: names twice or not UTF-8, bytes that
 * are not the shape's. */
CopStatus cop_safetensors_write(const char *path, const CopStTensor *tensor, int n_tensors,
                                const CopStMeta *meta, int n_meta, CopError *err) COP_MUST_CHECK;

/* Writes what `file` holds to `path`, metadata included: with `compact`, float tensors of two
 * and more dimensions whose zeros make it worth while by their bits, else all elements. A
 * negative zero is a zero. */
CopStatus cop_safetensors_convert(const CopSafetensors *file, const char *path, bool compact,
                                  CopError *err) COP_MUST_CHECK;

#endif
