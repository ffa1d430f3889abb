/* Entry point of a fuzz target, as libFuzzer calls it.
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#ifndef COP_TESTS_FUZZ_H
#define COP_TESTS_FUZZ_H

#include <stddef.h>
#include <stdint.h>

/* Feeds `size` bytes to the code under test and aborts when a promise is broken. */
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

#endif
