/* The list of sparse-training methods: one file, one declaration and one line each.
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#include "models/sparsity/sparse.h"

extern const CopSparseDesc cop_sparse_dense;
extern const CopSparseDesc cop_sparse_static;
extern const CopSparseDesc cop_sparse_set;
extern const CopSparseDesc cop_sparse_rigl;
extern const CopSparseDesc cop_sparse_mest;
extern const CopSparseDesc cop_sparse_granet;
extern const CopSparseDesc cop_sparse_gradual;

const CopSparseDesc *const cop_sparse_registry[] = {
    &cop_sparse_dense, &cop_sparse_static, &cop_sparse_set,     &cop_sparse_rigl,
    &cop_sparse_mest,  &cop_sparse_granet, &cop_sparse_gradual, NULL,
};

const CopSparseDesc *cop_sparse_find(const char *name)
{
    for (int i = 0; cop_sparse_registry[i]; i++)
        if (cop_name_equal(cop_sparse_registry[i]->name, name))
            return cop_sparse_registry[i];
    return NULL;
}
