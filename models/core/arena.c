/* One region of memory that is handed out from its start and freed at once.
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#define _GNU_SOURCE
#include "models/core/arena.h"

#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

enum { ALIGN = 64, SMALLEST = 1 << 20 };

struct CopArena {
    unsigned char *base;
    size_t used, limit;
};

static size_t default_limit(void)
{
    const long pages = sysconf(_SC_PHYS_PAGES), page = sysconf(_SC_PAGESIZE);
    if (pages <= 0 || page <= 0)
        return (size_t)1 << 30;
    return (size_t)pages / 10 * 8 * (size_t)page;
}

static void *reserve(size_t size)
{
    return mmap(NULL, size, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1,
                0);
}

CopStatus cop_arena_create(CopArena **out, size_t limit)
{
    *out = NULL;
    CopArena *arena = calloc(1, sizeof *arena);
    if (!arena)
        return COP_ERR_NOMEM;

    /* A caller that names a limit means it; the default only asks for as much
     * address space as the system's overcommit policy gives. */
    size_t size = limit ? limit : default_limit();
    void *base = reserve(size);
    while (base == MAP_FAILED && !limit && size > SMALLEST)
        base = reserve(size /= 2);
    if (base == MAP_FAILED) {
        free(arena);
        return COP_ERR_NOMEM;
    }
    madvise(base, size, MADV_HUGEPAGE); /* a hint: failure only costs speed */
    *arena = (CopArena){.base = base, .limit = size};
    *out = arena;
    return COP_OK;
}

void cop_arena_destroy(CopArena **arena)
{
    if (!arena || !*arena)
        return;
    munmap((*arena)->base, (*arena)->limit);
    free(*arena);
    *arena = NULL;
}

void *cop_arena_alloc(CopArena *arena, size_t count, size_t size)
{
    if (size && count > (SIZE_MAX - ALIGN) / size)
        return NULL;
    const size_t bytes = (count * size + ALIGN - 1) / ALIGN * ALIGN;
    if (bytes > arena->limit - arena->used)
        return NULL;
    void *p = arena->base + arena->used;
    arena->used += bytes;
    return p;
}

char *cop_arena_strdup(CopArena *arena, const char *text)
{
    const size_t size = strlen(text) + 1;
    char *copy = cop_arena_alloc(arena, size, 1);
    return copy ? memcpy(copy, text, size) : NULL;
}

size_t cop_arena_used(const CopArena *arena)
{
    return arena->used;
}

size_t cop_arena_limit(const CopArena *arena)
{
    return arena->limit;
}
