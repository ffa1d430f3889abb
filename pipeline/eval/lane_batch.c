/* One model's part of the grid: lanes packed into batches, answers written.
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#include "pipeline/eval/lane_batch.h"

#include <glib.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "models/layers/cross_entropy.h"

/* One (clip, cell) whose views are not all in yet. */
typedef struct Answer {
    struct Answer *next;
    int64_t cell, clip;
    int left;
    double sum[]; /* [classes] */
} Answer;

typedef struct Lane {
    Answer *answer;
    int view;
} Lane;

struct CopLaneBatch {
    CopModel *model;
    CopStore *store;
    CopPool *pool;
    CopAggregate aggregate;
    int views, classes, n;
    bool save_views;
    Answer *open; /* all that wait for views */
    Lane *lane;   /* [batch] */
    float *p;     /* [classes] */
    CopLaneWrites *writes;
    void *ctx; /* of writes */
    long written;
};

CopStatus cop_lane_batch_create(CopLaneBatch **out, CopModel *model, CopStore *store, CopPool *pool,
                                CopAggregate aggregate, int views, bool save_views, CopError *err)
{
    *out = NULL;
    CopLaneBatch *batch = calloc(1, sizeof *batch);
    if (!batch)
        return cop_error_set(err, COP_ERR_NOMEM, "out of memory");
    *batch = (CopLaneBatch){.model = model,
                            .store = store,
                            .pool = pool,
                            .aggregate = aggregate,
                            .views = views,
                            .classes = cop_net_classes(model->net),
                            .save_views = save_views};
    batch->lane = calloc((size_t)cop_net_batch(model->net), sizeof *batch->lane);
    batch->p = calloc((size_t)batch->classes, sizeof *batch->p);
    if (!batch->lane || !batch->p) {
        cop_lane_batch_destroy(&batch);
        return cop_error_set(err, COP_ERR_NOMEM, "out of memory");
    }
    *out = batch;
    return COP_OK;
}

static void drop(CopLaneBatch *batch, Answer *answer)
{
    Answer **link = &batch->open;
    while (*link != answer)
        link = &(*link)->next;
    *link = answer->next;
    free(answer);
}

void cop_lane_batch_destroy(CopLaneBatch **out)
{
    if (!out || !*out)
        return;
    CopLaneBatch *batch = *out;
    while (batch->open)
        drop(batch, batch->open);
    free(batch->lane);
    free(batch->p);
    free(batch);
    *out = NULL;
}

void cop_lane_batch_on_write(CopLaneBatch *batch, CopLaneWrites *writes, void *ctx)
{
    batch->writes = writes;
    batch->ctx = ctx;
}

void cop_top_classes(const float *p, int classes, CopStorePrediction *out)
{
    out->n_top = 0;
    for (int k = 0; k < classes; k++) {
        int at = out->n_top;
        while (at > 0 && p[k] > out->score[at - 1])
            at--;
        if (at == COP_TOP)
            continue;
        if (out->n_top < COP_TOP)
            out->n_top++;
        for (int i = out->n_top - 1; i > at; i--) {
            out->top[i] = out->top[i - 1];
            out->score[i] = out->score[i - 1];
        }
        out->top[at] = k;
        out->score[at] = p[k];
    }
}

/* A run that was killed between two batches leaves views without their answer, and another
 * process on the same file may have been here first: what is there stays. */
static CopStatus write_answer(CopLaneBatch *batch, const Answer *answer, int view, CopError *err)
{
    bool there;
    COP_TRY(cop_store_has(batch->store, answer->cell, answer->clip, view, &there, err));
    if (there)
        return COP_OK;
    CopStorePrediction row = {.cell = answer->cell, .clip = answer->clip, .view = view};
    cop_top_classes(batch->p, batch->classes, &row);
    batch->written += view == COP_VIEW_ALL;
    return cop_store_predict(batch->store, &row, err);
}

static CopStatus write_lane(CopLaneBatch *batch, int index, CopError *err)
{
    const Lane *lane = &batch->lane[index];
    Answer *answer = lane->answer;
    cop_softmax(cop_net_logits(batch->model->net), index, batch->p);
    for (int k = 0; k < batch->classes; k++)
        if (!isfinite(batch->p[k]))
            return cop_error_set(err, COP_ERR_NUMERIC, "%s: answers with what is not a number",
                                 batch->model->path);
    cop_aggregate_add(batch->aggregate, batch->views, cop_net_logits(batch->model->net), index,
                      batch->p, answer->sum);
    if (batch->save_views)
        COP_TRY(write_answer(batch, answer, lane->view, err));
    if (answer->left > 1)
        return COP_OK;
    cop_aggregate_end(batch->aggregate, answer->sum, batch->classes, batch->p);
    return write_answer(batch, answer, COP_VIEW_ALL, err);
}

static CopStatus write_all(CopLaneBatch *batch, double seconds, CopError *err)
{
    for (int i = 0; i < batch->n; i++) {
        COP_TRY(write_lane(batch, i, err));
        COP_TRY(
            cop_store_seconds(batch->store, batch->lane[i].answer->cell, seconds / batch->n, err));
        if (--batch->lane[i].answer->left == 0)
            drop(batch, batch->lane[i].answer);
    }
    return COP_OK;
}

CopStatus cop_lane_batch_flush(CopLaneBatch *batch, CopError *err)
{
    if (batch->n == 0)
        return COP_OK;
    const CopStep step = {.pool = batch->pool};
    const gint64 start = g_get_monotonic_time();
    cop_net_set_n(batch->model->net, batch->n);
    cop_net_forward(batch->model->net, &step);
    const double seconds = (double)(g_get_monotonic_time() - start) * 1e-6;

    COP_TRY(cop_store_begin(batch->store, err));
    CopStatus status = batch->writes ? batch->writes(batch->ctx, err) : COP_OK;
    if (status == COP_OK)
        status = write_all(batch, seconds, err);
    if (status == COP_OK)
        status = cop_store_commit(batch->store, err);
    if (status != COP_OK)
        cop_store_rollback(batch->store);
    batch->n = 0;
    return status;
}

CopStatus cop_lane_batch_add(CopLaneBatch *batch, int64_t cell, int64_t clip, const CopTensor *x,
                             int first_lane, int step, CopError *err)
{
    Answer *answer = calloc(1, sizeof *answer + (size_t)batch->classes * sizeof answer->sum[0]);
    if (!answer)
        return cop_error_set(err, COP_ERR_NOMEM, "out of memory");
    answer->next = batch->open;
    answer->cell = cell;
    answer->clip = clip;
    answer->left = batch->views;
    batch->open = answer;
    const CopTensor *input = cop_net_input(batch->model->net);
    for (int view = 0; view < batch->views; view++) {
        batch->lane[batch->n] = (Lane){answer, view};
        cop_tensor_copy_lane(input, batch->n, x, first_lane + view * step);
        if (++batch->n == cop_net_batch(batch->model->net))
            COP_TRY(cop_lane_batch_flush(batch, err));
    }
    return COP_OK;
}

long cop_lane_batch_written(const CopLaneBatch *batch)
{
    return batch->written;
}
