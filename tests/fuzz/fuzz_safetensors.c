/* Fuzz target of the safetensors reader: what it takes must keep every promise of
 * safetensors.h, what it refuses must come with a reason. Long runs:
 *   clang -g -O1 -D_POSIX_C_SOURCE=200809L -I. -fsanitize=fuzzer,address,undefined -pthread
 *     tests/fuzz/fuzz_safetensors.c models/train/safetensors*.c models/core/file.c
 *     models/core/status.c -o fuzz && ./fuzz -max_len=1024 NEW tests/fuzz/corpus/safetensors
 * The corpus is replayed and mutated by tests/unit/test_fuzz_safetensors.c.
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#include "tests/fuzz/fuzz.h"

#include <stdlib.h>
#include <string.h>

#include "models/train/safetensors.h"

static void require(int promise)
{
    if (!promise)
        abort();
}

static void check_tensor(const CopSafetensors *file, int i, const uint8_t *data, size_t size)
{
    const CopStTensor *x = &file->tensor[i];
    const uint8_t *begin = x->data;
    require(x->rank >= 0 && x->rank <= 8);
    require(begin >= data && begin <= data + size && x->bytes <= (size_t)(data + size - begin));
    require(cop_safetensors_find(file, x->name) == x);
    uint64_t count = 1;
    for (int k = 0; k < x->rank; k++)
        count *= x->shape[k];
    require(count == cop_safetensors_count(x));
    if (x->bits) {
        require(x->bits >= data && (count + 7) / 8 <= (size_t)(data + size - x->bits));
        require(x->bytes <= count * cop_dtype_size(x->dtype));
    } else {
        require(cop_safetensors_meta(file, "sparse.format") || i == 0 ||
                begin == (const uint8_t *)x[-1].data + x[-1].bytes);
        require(x->bytes == count * cop_dtype_size(x->dtype));
    }
    float *out = malloc((count + 1) * sizeof *out);
    if (out)
        require(cop_safetensors_read_f32(x, out, count, NULL) == COP_OK);
    free(out);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    CopSafetensors *file;
    CopError err = {0};
    const CopStatus status = cop_safetensors_parse(&file, data, size, "fuzz", &err);
    if (status != COP_OK) {
        require(!file && err.status == status && err.text[0]);
        require(status == COP_ERR_MODEL || status == COP_ERR_NOMEM);
        return 0;
    }
    for (int i = 0; i < file->n_tensors; i++)
        check_tensor(file, i, data, size);
    for (int i = 0; i < file->n_meta; i++)
        require(cop_safetensors_meta(file, file->meta[i].key) == file->meta[i].value);
    cop_safetensors_close(&file);
    return 0;
}
