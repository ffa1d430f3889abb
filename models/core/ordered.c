/* Work that threads do ahead of its consumer, in order and bounded.
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#include "models/core/ordered.h"

#include <pthread.h>
#include <stdlib.h>

typedef struct Worker {
    CopOrdered *ordered;
    pthread_t thread;
    int index;
} Worker;

struct CopOrdered {
    long n, begun, released; /* tickets: all, handed to threads, given back */
    int threads, started, depth;
    bool *done; /* [depth] */
    bool quit;
    void (*fn)(void *ctx, long ticket, int slot, int worker);
    void *ctx;
    Worker *worker;
    pthread_mutex_t lock;
    pthread_cond_t filled, freed;
};

static void *work(void *arg)
{
    const Worker *self = arg;
    CopOrdered *o = self->ordered;
    pthread_mutex_lock(&o->lock);
    for (;;) {
        while (!o->quit && o->begun < o->n && o->begun >= o->released + o->depth)
            pthread_cond_wait(&o->freed, &o->lock);
        if (o->quit || o->begun >= o->n)
            break;
        const long ticket = o->begun++;
        const int slot = (int)(ticket % o->depth);
        pthread_mutex_unlock(&o->lock);
        o->fn(o->ctx, ticket, slot, self->index);
        pthread_mutex_lock(&o->lock);
        o->done[slot] = true;
        pthread_cond_signal(&o->filled);
    }
    pthread_mutex_unlock(&o->lock);
    return NULL;
}

CopStatus cop_ordered_create(CopOrdered **out, long n, int threads, int depth,
                             void (*fn)(void *ctx, long ticket, int slot, int worker), void *ctx)
{
    *out = NULL;
    if (n < 0 || threads < 1 || depth < 1)
        return COP_ERR_ARG;
    CopOrdered *o = calloc(1, sizeof *o);
    if (!o)
        return COP_ERR_NOMEM;
    *o = (CopOrdered){.n = n, .threads = threads, .depth = depth, .fn = fn, .ctx = ctx};
    pthread_mutex_init(&o->lock, NULL);
    pthread_cond_init(&o->filled, NULL);
    pthread_cond_init(&o->freed, NULL);
    o->done = calloc((size_t)depth, sizeof *o->done);
    o->worker = calloc((size_t)threads, sizeof *o->worker);
    bool ok = o->done && o->worker;
    for (int i = 0; ok && i < threads; i++) {
        o->worker[i] = (Worker){.ordered = o, .index = i};
        ok = pthread_create(&o->worker[i].thread, NULL, work, &o->worker[i]) == 0;
        o->started += ok;
    }
    if (!ok) {
        cop_ordered_destroy(&o);
        return COP_ERR_NOMEM;
    }
    *out = o;
    return COP_OK;
}

void cop_ordered_destroy(CopOrdered **out)
{
    if (!out || !*out)
        return;
    CopOrdered *o = *out;
    pthread_mutex_lock(&o->lock);
    o->quit = true;
    pthread_cond_broadcast(&o->freed);
    pthread_mutex_unlock(&o->lock);
    for (int i = 0; i < o->started; i++)
        pthread_join(o->worker[i].thread, NULL);
    pthread_cond_destroy(&o->freed);
    pthread_cond_destroy(&o->filled);
    pthread_mutex_destroy(&o->lock);
    free(o->worker);
    free(o->done);
    free(o);
    *out = NULL;
}

bool cop_ordered_next(CopOrdered *o, long *ticket, int *slot)
{
    if (o->released == o->n)
        return false;
    *ticket = o->released;
    *slot = (int)(o->released % o->depth);
    pthread_mutex_lock(&o->lock);
    while (!o->done[*slot])
        pthread_cond_wait(&o->filled, &o->lock);
    pthread_mutex_unlock(&o->lock);
    return true;
}

void cop_ordered_release(CopOrdered *o)
{
    pthread_mutex_lock(&o->lock);
    o->done[o->released % o->depth] = false;
    o->released++;
    pthread_cond_broadcast(&o->freed);
    pthread_mutex_unlock(&o->lock);
}
