/* Files that are either whole or not there.
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#define _XOPEN_SOURCE 700 /* realpath */
#include "models/core/file.h"

#include <errno.h>
#include <fcntl.h>
#include <libgen.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

/* A device or a pipe cannot be replaced by a rename: it is written as it is. */
static CopStatus open_directly(CopFile *file, const char *path, CopError *err)
{
    file->path = strdup(path);
    file->stream = file->path ? fopen(path, "wbe") : NULL;
    if (file->stream)
        return COP_OK;
    const int reason = errno;
    cop_file_abandon(file);
    return cop_error_set(err, COP_ERR_IO, "%s: cannot be written: %s", path, strerror(reason));
}

CopStatus cop_file_create(CopFile *file, const char *path, CopError *err)
{
    *file = (CopFile){0};
    struct stat st;
    const bool exists = stat(path, &st) == 0;
    if (exists && !S_ISREG(st.st_mode))
        return open_directly(file, path, err);
    /* The file that a link leads to is replaced, not the link. */
    file->path = exists ? realpath(path, NULL) : strdup(path);
    const size_t size = (file->path ? strlen(file->path) : 0) + 32;
    file->temporary = malloc(size);
    if (!file->path || !file->temporary) {
        cop_file_abandon(file);
        return cop_error_set(err, COP_ERR_NOMEM, "%s: out of memory", path);
    }
    snprintf(file->temporary, size, "%s.part%ld", file->path, (long)getpid());
    const int fd = open(file->temporary, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0666);
    file->stream = fd < 0 ? NULL : fdopen(fd, "wb");
    if (!file->stream) {
        const int reason = errno;
        if (fd >= 0) {
            close(fd);
            unlink(file->temporary);
        }
        free(file->temporary);
        file->temporary = NULL;
        cop_file_abandon(file);
        return cop_error_set(err, COP_ERR_IO, "%s: cannot be written: %s", path, strerror(reason));
    }
    return COP_OK;
}

/* A rename is only durable once the folder that holds the name is synced. */
static void sync_folder(const char *path)
{
    char *copy = strdup(path);
    if (!copy)
        return;
    const int fd = open(dirname(copy), O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (fd >= 0) {
        fsync(fd);
        close(fd);
    }
    free(copy);
}

CopStatus cop_file_commit(CopFile *file, CopError *err)
{
    errno = 0;
    const bool direct = !file->temporary; /* a device has nothing to sync or rename */
    int failed = fflush(file->stream) != 0 || ferror(file->stream) ||
                 (!direct && fsync(fileno(file->stream)) != 0);
    int reason = errno;
    if (fclose(file->stream) != 0 && !failed) {
        failed = 1;
        reason = errno;
    }
    file->stream = NULL;
    if (!failed && !direct && rename(file->temporary, file->path) != 0) {
        failed = 1;
        reason = errno;
    }
    CopStatus status = COP_OK;
    if (failed) {
        status = cop_error_set(err, COP_ERR_IO, "%s: cannot be written: %s", file->path,
                               strerror(reason ? reason : EIO));
    } else if (!direct) {
        sync_folder(file->path);
        free(file->temporary);
        file->temporary = NULL;
    }
    cop_file_abandon(file);
    return status;
}

void cop_file_abandon(CopFile *file)
{
    if (file->stream)
        fclose(file->stream);
    if (file->temporary)
        unlink(file->temporary);
    free(file->temporary);
    free(file->path);
    *file = (CopFile){0};
}

CopStatus cop_file_append(CopFile *file, const void *bytes, size_t size, CopError *err)
{
    errno = 0;
    if (size == 0 || fwrite(bytes, 1, size, file->stream) == size)
        return COP_OK;
    return cop_error_set(err, COP_ERR_IO, "%s: cannot be written: %s", file->path,
                         strerror(errno ? errno : EIO));
}

CopStatus cop_file_write(const char *path, const void *bytes, size_t size, CopError *err)
{
    CopFile file;
    COP_TRY(cop_file_create(&file, path, err));
    const CopStatus status = cop_file_append(&file, bytes, size, err);
    if (status != COP_OK) {
        cop_file_abandon(&file);
        return status;
    }
    return cop_file_commit(&file, err);
}
