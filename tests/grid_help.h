/* A drawn data set, random models and runs of the grid on them, for tests.
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#ifndef COP_TESTS_GRID_HELP_H
#define COP_TESTS_GRID_HELP_H

#include "pipeline/eval/grid.h"

enum { GRID_CLASSES = 3, GRID_CLIPS = 6, GRID_FRAMES = 12, GRID_VARIANTS = 7 };

/* Writes the set and the models a.safetensors and b.safetensors (equal in all but their
 * weights; b half zeros), and c.safetensors (longer clips of another size), into the test's
 * folder; and removes all. */
void grid_set_up(void);
void grid_tear_down(void);

/* The configuration of a run: clean and three corruptions at two severities on the test
 * split, two threads; `sets` ("block.key=value", ended by NULL; may be NULL) on top. */
void grid_config(CopConfig *config, const char *const *sets);

/* One run into the file `db` of the test's folder. `models` is a text of their letters,
 * "ab". What the run did is in *result. */
CopStatus grid_run(const char *db, const char *models, const char *const *sets, int limit,
                   const char *only, CopGridResult *result, CopError *err);

/* Shard `shard` of `shards` of the grid of both models. */
CopGridResult grid_do_shard(const char *db, int shard, int shards);

/* The same as the first, to be a success. */
CopGridResult grid_do(const char *db, const char *models, const char *const *sets);

/* All rows of a query on a result file, one a line, columns between bars; g_free() it. */
char *grid_query(const char *db, const char *query);
int64_t grid_number(const char *db, const char *query);

/* All predictions by names instead of keys, sorted. */
char *grid_dump(const char *db);

#endif
