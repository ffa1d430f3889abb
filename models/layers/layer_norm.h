/* Batch normalisation as the affine map that it is in inference.
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#ifndef COP_LAYERS_LAYER_NORM_H
#define COP_LAYERS_LAYER_NORM_H

#include "models/layers/layer.h"

/* scale[c] and shift[c] of a batchnorm3d layer with its running statistics:
 * y = x * scale + shift. */
void cop_layer_norm_fold(const CopLayer *norm, float *scale, float *shift);

#endif
