/* One region of memory that is handed out from its start and freed at once.
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#ifndef COP_CORE_ARENA_H
#define COP_CORE_ARENA_H

#include <stddef.h>

#include "models/core/status.h"

/* The address range is reserved when the arena is made and backed by memory
 * only as it is touched, so a plan needs no dry pass to learn its size, and
 * a plan that cannot fit is refused before it hurts the machine. */
typedef struct CopArena CopArena;

/* Reserves `limit` bytes; 0 means 80 % of the machine's RAM. The arena is
 * returned in *out (NULL on failure). COP_ERR_NOMEM when the address range
 * is refused. */
CopStatus cop_arena_create(CopArena **out, size_t limit) COP_MUST_CHECK;

/* Frees the whole region. NULL-safe, idempotent. */
void cop_arena_destroy(CopArena **arena);

/* `count` zeroed items of `size` bytes, 64-byte aligned; NULL when the limit
 * would be passed. The pointer is borrowed from the arena. */
void *cop_arena_alloc(CopArena *arena, size_t count, size_t size);

/* A copy of a NUL-terminated text in the arena. */
char *cop_arena_strdup(CopArena *arena, const char *text);

/* Bytes handed out so far, and the limit. */
size_t cop_arena_used(const CopArena *arena);
size_t cop_arena_limit(const CopArena *arena);

#endif
