/* The JSON header of a safetensors file, and what reader and writer share.
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#ifndef COP_TRAIN_SAFETENSORS_JSON_H
#define COP_TRAIN_SAFETENSORS_JSON_H

#include <stdbool.h>

#include "models/train/safetensors.h"

enum {
    COP_ST_RANK_MAX = 8,
    COP_ST_LENGTH_BYTES = 8,          /* of the header's length, before the header */
    COP_ST_HEADER_MAX = 100 * 1000000 /* the format's own limit, in bytes */
};

#define COP_ST_METADATA    "__metadata__"
#define COP_ST_SPARSE_KEY  "sparse.format"
#define COP_ST_SPARSE_BITS "bitmask"

/* Reads `header` (size bytes, borrowed) into file->tensor and file->meta, which
 * are malloc'ed and must be freed by the caller, also after a failure; names,
 * keys and values go to `text` (size bytes, borrowed). Every tensor lies inside
 * `data` (data_size bytes, borrowed) and has the size of its shape; how tensors
 * lie to each other and whether names repeat is left to the caller. Tensors and
 * names are in the order of the header. COP_ERR_MODEL with the byte of the file
 * where the header is wrong, COP_ERR_NOMEM. */
CopStatus cop_st_parse_header(CopSafetensors *file, const char *header, size_t size, char *text,
                              const unsigned char *data, size_t data_size, const char *label,
                              CopError *err) COP_MUST_CHECK;

/* Bytes of a tensor; false when they do not fit into 64 bits. */
bool cop_st_bytes(CopDtype dtype, int rank, const uint64_t *shape, uint64_t *bytes);

/* safetensors_compact.c. Makes one tensor of the three that a compact file has for each;
 * names are cut short in the file's own text. COP_ERR_MODEL where they do not fit. */
CopStatus cop_st_unpack(CopSafetensors *file, const char *label, CopError *err) COP_MUST_CHECK;

/* The opposite, for a writer: plain tensors and metadata, which borrow from the given ones. */
typedef struct CopStPacked {
    CopStTensor *tensor;
    CopStMeta *meta;
    int n_tensors, n_meta;
    char *text;     /* names */
    int64_t *shape; /* contents of X.shape */
} CopStPacked;
CopStatus cop_st_pack(CopStPacked *out, const CopStTensor *tensor, int n_tensors,
                      const CopStMeta *meta, int n_meta) COP_MUST_CHECK; /* COP_ERR_NOMEM */
void cop_st_pack_free(CopStPacked *packed);

/* Length in bytes, 1..4, of the UTF-8 sequence at the start of text..end
 * (Unicode 15, table 3-7: no surrogates, nothing overlong); 0 if there is none. */
int cop_st_utf8_length(const unsigned char *text, const unsigned char *end);

#endif
