/* A made-up result file with everything in it that a report shows.
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#ifndef COP_TESTS_FAKE_RESULTS_H
#define COP_TESTS_FAKE_RESULTS_H

#include <stdbool.h>

#include "pipeline/eval/results.h"

typedef struct FakeResults {
    int models, corruptions, clips; /* at most 4 corruptions; from model 4 on, other seeds */
    bool pictures;
    const char *name; /* of the last model instead of its own; NULL to keep it */
    int missing;      /* clips that the last model's last cell leaves out */
} FakeResults;

/* Writes it to `path`. The same arguments give the same rows. */
CopStatus fake_results(const char *path, const FakeResults *fake, CopError *err) COP_MUST_CHECK;

/* Writes it and reads it back; fails the test when that fails. cop_results_free() it. */
CopResults *fake_load(const char *path, const FakeResults *fake);

#endif
