/* One process a folder.
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#include "pipeline/model/folder_lock.h"

#include <errno.h>
#include <fcntl.h>
#include <glib.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

/* cop_folder_locked() takes the lock for a moment; that is nobody at work. */
enum { LOOKS = 20 };

static char *lock_path(const char *folder)
{
    return g_build_filename(folder, "lock", NULL);
}

/* A lock on a file that its owner has removed since is worth nothing. */
static bool still_there(int fd, const char *path)
{
    struct stat opened, named;
    return fstat(fd, &opened) == 0 && stat(path, &named) == 0 && opened.st_ino == named.st_ino &&
           opened.st_dev == named.st_dev;
}

static CopStatus take(const char *folder, const char *path, int *lock, CopError *err)
{
    for (int looks = 0; looks < LOOKS;) {
        const int fd = open(path, O_RDWR | O_CREAT | O_CLOEXEC, 0666);
        if (fd < 0)
            return cop_error_set(err, COP_ERR_IO, "%s: %s", path, g_strerror(errno));
        const bool taken = flock(fd, LOCK_EX | LOCK_NB) == 0;
        const int why = errno;
        if (taken && still_there(fd, path)) {
            *lock = fd;
            return COP_OK;
        }
        close(fd);
        if (taken)
            continue;
        if (why != EWOULDBLOCK)
            return cop_error_set(err, COP_ERR_IO, "%s: cannot be locked: %s", path,
                                 g_strerror(why));
        looks++;
        g_usleep(1000);
    }
    return cop_error_set(err, COP_AGAIN, "%s: another process works here", folder);
}

CopStatus cop_folder_lock(const char *folder, int *lock, CopError *err)
{
    char *path = lock_path(folder);
    *lock = COP_FOLDER_UNLOCKED;
    const CopStatus status = take(folder, path, lock, err);
    g_free(path);
    return status;
}

void cop_folder_unlock(const char *folder, int *lock)
{
    if (*lock == COP_FOLDER_UNLOCKED)
        return;
    char *path = lock_path(folder);
    unlink(path);
    close(*lock);
    *lock = COP_FOLDER_UNLOCKED;
    g_free(path);
}

bool cop_folder_locked(const char *folder)
{
    char *path = lock_path(folder);
    const int fd = open(path, O_RDWR | O_CLOEXEC);
    const bool locked = fd >= 0 && flock(fd, LOCK_EX | LOCK_NB) != 0 && errno == EWOULDBLOCK;
    if (fd >= 0)
        close(fd);
    g_free(path);
    return locked;
}
