/* A model in use by a stream: shared, so that one can take another's place in mid-stream.
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#include "pipeline/live/live_model.h"

#include <glib.h>
#include <string.h>

#include "pipeline/data/list_file.h"

static void clear(void *memory)
{
    CopLiveModel *m = memory;
    cop_model_close(&m->model);
    g_strfreev(m->label);
}

static void name_classes(CopLiveModel *m)
{
    m->label = g_new0(char *, m->classes + 1);
    for (int k = 0; k < m->classes; k++)
        m->label[k] = k < m->model->classes.n ? g_strdup(m->model->classes.item[k])
                                              : g_strdup_printf("%d", k);
}

/* Empty lines at the end do not count. */
static CopStatus read_labels(CopLiveModel *m, const char *path, CopError *err)
{
    CopListFile list = {0};
    CopStatus status = cop_list_open(&list, "", path, err);
    if (status == COP_OK) {
        int n = list.n;
        while (n > 0 && !*list.line[n - 1])
            n--;
        if (n != m->classes)
            status = cop_error_set(err, COP_ERR_DATA, "%s: has %d lines, %s %d classes", path, n,
                                   m->model->path, m->classes);
        for (int k = 0; status == COP_OK && k < n; k++) {
            g_free(m->label[k]);
            m->label[k] = g_strdup(list.line[k]);
        }
    }
    cop_list_close(&list);
    return status;
}

CopStatus cop_live_model_open(CopLiveModel **out, const char *path, const char *labels, int batch,
                              int threads, CopError *err)
{
    *out = NULL;
    CopModel *model;
    COP_TRY(cop_model_open(&model, path, NULL, NULL, batch, threads, NULL, err));
    CopLiveModel *m = g_atomic_rc_box_alloc0(sizeof *m);
    m->model = model;
    m->classes = cop_net_classes(model->net);
    name_classes(m);
    const CopStatus status = labels && *labels ? read_labels(m, labels, err) : COP_OK;
    if (status == COP_OK)
        *out = m;
    else
        cop_live_model_unref(&m);
    return status;
}

CopLiveModel *cop_live_model_ref(CopLiveModel *model)
{
    return g_atomic_rc_box_acquire(model);
}

void cop_live_model_unref(CopLiveModel **model)
{
    if (!model || !*model)
        return;
    g_atomic_rc_box_release_full(*model, clear);
    *model = NULL;
}

int cop_live_model_class(const CopLiveModel *model, const char *name)
{
    for (int k = 0; k < model->classes; k++)
        if (strcmp(model->label[k], name) == 0)
            return k;
    int number;
    return cop_parse_int(name, &number) && number >= 0 && number < model->classes ? number : -1;
}
