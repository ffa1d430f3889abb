/* What lies in a folder of videos and pictures.
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#include "pipeline/data/media_folder.h"

#include <string.h>

#include "pipeline/data/dataset.h"

static const char *const suffixes[] = {
    "mp4",  "m4v", "mov", "mkv", "webm", "avi",  "mpg",  "mpeg", "ts",
    "wmv",  "flv", "ogv", "3gp", "y4m",  "h264", "hevc", "png",  "jpg",
    "jpeg", "bmp", "ppm", "pgm", "tif",  "gif",  "tiff", "webp", NULL,
};

static bool is_media(const char *name)
{
    const char *dot = strrchr(name, '.');
    for (int i = 0; dot && suffixes[i]; i++)
        if (g_ascii_strcasecmp(dot + 1, suffixes[i]) == 0)
            return true;
    return false;
}

CopStatus cop_media_list(const char *path, bool folders, GPtrArray **out, CopError *err)
{
    GError *error = NULL;
    GDir *dir = g_dir_open(path, 0, &error);
    *out = g_ptr_array_new_with_free_func(g_free);
    if (!dir) {
        const CopStatus status = cop_error_set(err, COP_ERR_DATA, "%s", error->message);
        g_error_free(error);
        return status;
    }
    for (const char *name; (name = g_dir_read_name(dir));) {
        if (name[0] == '.')
            continue;
        char *full = g_build_filename(path, name, NULL);
        if (g_file_test(full, G_FILE_TEST_IS_DIR) == folders && (folders || is_media(name)))
            g_ptr_array_add(*out, g_strdup(name));
        g_free(full);
    }
    g_dir_close(dir);
    g_ptr_array_sort(*out, cop_compare_names);
    return COP_OK;
}

static CopStatus walk_into(const char *root, const char *below, bool folders, GPtrArray *out,
                           CopError *err)
{
    char *path = *below ? g_build_filename(root, below, NULL) : g_strdup(root);
    GPtrArray *names;
    CopStatus status = cop_media_list(path, folders, &names, err);
    for (guint i = 0; i < names->len && status == COP_OK; i++) {
        const char *name = g_ptr_array_index(names, i);
        char *relative = *below ? g_strconcat(below, "/", name, NULL) : g_strdup(name);
        if (folders) {
            status = cop_media_walk(root, relative, out, err);
            g_free(relative);
        } else {
            g_ptr_array_add(out, relative);
        }
    }
    g_ptr_array_unref(names);
    g_free(path);
    return status;
}

CopStatus cop_media_walk(const char *root, const char *below, GPtrArray *out, CopError *err)
{
    COP_TRY(walk_into(root, below, false, out, err));
    return walk_into(root, below, true, out, err);
}
