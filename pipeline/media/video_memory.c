/* What is known of files that have been decoded once: counting costs a whole decoding, and
 * every epoch and view asks again. The one place in the pipeline that remembers something
 * across calls.
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#include "pipeline/media/video_memory.h"

#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "models/core/rng.h"

enum { BUCKETS = 1 << 16 };

/* A file as it was; the key holds size, time of change and path. Never freed nor changed. */
typedef struct Memory {
    struct Memory *next;
    CopVideoFacts facts;
    atomic_bool unseekable;
    char key[];
} Memory;

static struct {
    pthread_mutex_t lock;
    Memory *bucket[BUCKETS];
} memories = {.lock = PTHREAD_MUTEX_INITIALIZER};

static char *make_key(const char *path, int64_t size, int64_t mtime)
{
    const size_t room = strlen(path) + 64;
    char *key = malloc(room);
    if (key)
        snprintf(key, room, "%lld %lld %s", (long long)size, (long long)mtime, path);
    return key;
}

bool cop_video_stamp(const char *path, int64_t *size, int64_t *mtime)
{
    struct stat st;
    if (stat(path, &st) != 0)
        return false;
    *size = st.st_size;
    *mtime = (int64_t)st.st_mtim.tv_sec * 1000000000 + st.st_mtim.tv_nsec;
    return true;
}

static Memory **find(const char *key)
{
    Memory **memory = &memories.bucket[cop_fnv1a(key, strlen(key)) % BUCKETS];
    while (*memory && strcmp((*memory)->key, key) != 0)
        memory = &(*memory)->next;
    return memory;
}

/* Whoever would wait longer for a slow file may get more out of it. */
static bool holds(const CopVideoFacts *facts)
{
    const double patience = cop_decoder_patience();
    return facts->fault != COP_FAULT_SLOW || (patience > 0 && patience <= facts->waited);
}

static Memory *look_up(const char *path)
{
    int64_t size, mtime;
    char *key = cop_video_stamp(path, &size, &mtime) ? make_key(path, size, mtime) : NULL;
    if (!key)
        return NULL;
    pthread_mutex_lock(&memories.lock);
    Memory *memory = *find(key);
    pthread_mutex_unlock(&memories.lock);
    free(key);
    return memory && holds(&memory->facts) ? memory : NULL;
}

static bool copy(CopVideoFacts *to, const CopVideoFacts *from)
{
    *to = *from;
    to->seek = from->seek_size ? malloc(from->seek_size) : NULL;
    if (to->seek)
        memcpy(to->seek, from->seek, from->seek_size);
    else
        to->seek_size = 0;
    return to->seek || !from->seek_size;
}

void cop_video_facts_free(CopVideoFacts *facts)
{
    free(facts->seek);
    facts->seek = NULL;
    facts->seek_size = 0;
}

static bool says_more(const CopVideoFacts *facts, const CopVideoFacts *before)
{
    return before->fault == COP_FAULT_SLOW &&
           (facts->fault != COP_FAULT_SLOW || facts->waited > before->waited);
}

void cop_video_remember(const char *path, int64_t size, int64_t mtime, const CopVideoFacts *facts)
{
    char *key = make_key(path, size, mtime);
    const size_t length = key ? strlen(key) + 1 : 0;
    Memory *memory = key ? calloc(1, sizeof *memory + length) : NULL;
    if (!memory || !copy(&memory->facts, facts)) {
        free(memory); /* decoded again next time */
        free(key);
        return;
    }
    memcpy(memory->key, key, length);
    free(key);
    pthread_mutex_lock(&memories.lock);
    Memory **place = find(memory->key);
    const bool taken = !*place || says_more(facts, &(*place)->facts);
    if (taken) {
        memory->next = *place; /* what is found no more may still be in somebody's hands */
        *place = memory;
    }
    pthread_mutex_unlock(&memories.lock);
    if (!taken) {
        cop_video_facts_free(&memory->facts);
        free(memory);
    }
}

bool cop_video_recall(const char *path, CopVideoFacts *facts)
{
    const Memory *memory = look_up(path);
    *facts = (CopVideoFacts){0};
    return memory && copy(facts, &memory->facts);
}

const CopVideoFacts *cop_video_known(const char *path, atomic_bool **unseekable)
{
    Memory *memory = look_up(path);
    if (!memory)
        return NULL;
    *unseekable = &memory->unseekable;
    return &memory->facts;
}
