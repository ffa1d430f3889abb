/* Whole videos: how many frames there are, and some of them.
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#include <errno.h>
#include <pthread.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "models/core/rng.h"
#include "pipeline/media/decode.h"

enum { BUCKETS = 4096 };

/* A counted file; the key holds path, size and time of change. */
typedef struct Count {
    struct Count *next;
    CopVideoLength length;
    char key[];
} Count;

/* Counting costs a whole decoding, and every run asks again: the one place in
 * the pipeline that remembers something across calls. */
static struct {
    pthread_mutex_t lock;
    Count *bucket[BUCKETS];
} counts = {.lock = PTHREAD_MUTEX_INITIALIZER};

static char *make_key(const char *path)
{
    struct stat st;
    if (stat(path, &st) != 0)
        return NULL;
    const size_t size = strlen(path) + 96;
    char *key = malloc(size);
    if (key)
        snprintf(key, size, "%lld %lld.%09ld %s", (long long)st.st_size,
                 (long long)st.st_mtim.tv_sec, st.st_mtim.tv_nsec, path);
    return key;
}

static Count **find(const char *key)
{
    Count **count = &counts.bucket[cop_fnv1a(key, strlen(key)) % BUCKETS];
    while (*count && strcmp((*count)->key, key) != 0)
        count = &(*count)->next;
    return count;
}

static CopVideoLength recall(const char *key)
{
    pthread_mutex_lock(&counts.lock);
    const Count *count = *find(key);
    const CopVideoLength length = count ? count->length : (CopVideoLength){0};
    pthread_mutex_unlock(&counts.lock);
    return length;
}

static void remember(const char *key, CopVideoLength length)
{
    Count *count = malloc(sizeof *count + strlen(key) + 1);
    if (!count)
        return; /* counted again next time */
    count->next = NULL;
    count->length = length;
    memcpy(count->key, key, strlen(key) + 1);
    pthread_mutex_lock(&counts.lock);
    Count **place = find(key);
    if (*place)
        free(count); /* another thread was first */
    else
        *place = count;
    pthread_mutex_unlock(&counts.lock);
}

CopStatus cop_video_length(const char *path, CopVideoLength *out, CopError *err)
{
    *out = (CopVideoLength){0};
    if (strcmp(path, "-") == 0)
        return cop_error_set(err, COP_ERR_ARG, "-: a stream cannot be counted ahead");
    char *key = make_key(path);
    if (key && (*out = recall(key)).frames > 0) {
        free(key);
        return COP_OK;
    }
    CopDecoder *decoder;
    CopStatus status = cop_decoder_open(&decoder, path, 1, err);
    CopVideoLength length = {0};
    if (status == COP_OK) {
        const CopVideoInfo *info = cop_decoder_info(decoder);
        length.rate = (double)info->rate_num / info->rate_den;
    }
    while (status == COP_OK && (status = cop_decoder_skip(decoder, err)) == COP_OK &&
           length.frames < INT32_MAX)
        length.frames++;
    cop_decoder_close(&decoder);
    if (status == COP_EOF) {
        status = COP_OK;
        *out = length;
        if (key)
            remember(key, length);
    }
    free(key);
    return status;
}

CopStatus cop_video_count(const char *path, int *frames, CopError *err)
{
    CopVideoLength length;
    const CopStatus status = cop_video_length(path, &length, err);
    *frames = length.frames;
    return status;
}

CopStatus cop_video_read(const char *path, int first, int last, CopFrame *out, int *n,
                         CopError *err)
{
    *n = 0;
    if (first < 0 || last < first)
        return cop_error_set(err, COP_ERR_ARG, "%s: frames %d to %d", path, first, last);
    memset(out, 0, ((size_t)last - (size_t)first + 1) * sizeof *out);
    CopDecoder *decoder;
    COP_TRY(cop_decoder_open(&decoder, path, 1, err));
    CopStatus status = COP_OK;
    for (int i = 0; i < first && status == COP_OK; i++)
        status = cop_decoder_skip(decoder, err);
    while (status == COP_OK && *n <= last - first) {
        status = cop_decoder_next(decoder, &out[*n], err);
        *n += status == COP_OK;
    }
    cop_decoder_close(&decoder);
    if (status == COP_OK || status == COP_EOF)
        return COP_OK;
    while (*n > 0)
        cop_frame_unref(&out[--*n]);
    return status;
}
