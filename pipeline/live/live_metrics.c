/* How models do on a stream, clean and corrupted: running figures, safe to read from anywhere.
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#include "pipeline/live/live_metrics.h"

#include <math.h>
#include <pthread.h>
#include <stdlib.h>
#include <string.h>

/* Mean of values whose weight falls by a factor with each that follows. The weights are summed
 * beside them, so that the first values count in full. */
typedef struct Fading {
    double sum, weight;
} Fading;

typedef struct Tally {
    int64_t windows, labelled, right, agreed;
    double drop, seconds; /* sums */
    Fading live_right, live_agreed, live_drop, live_seconds;
} Tally;

struct CopLiveMetrics {
    int models, variants;
    int *group; /* [variants] */
    double fade;
    Tally *tally; /* [models * variants] */
    pthread_mutex_t lock;
};

static void fade_in(Fading *mean, double fade, double value)
{
    mean->sum = fade * mean->sum + value;
    mean->weight = fade * mean->weight + 1;
}

static double faded(const Fading *mean)
{
    return mean->weight > 0 ? mean->sum / mean->weight : NAN;
}

static double ratio(double part, int64_t whole)
{
    return whole > 0 ? part / (double)whole : NAN;
}

double cop_live_cell_score(const CopLiveCell *cell)
{
    return cell->labelled > 0 ? cell->accuracy : cell->agreement;
}

double cop_live_cell_live_score(const CopLiveCell *cell)
{
    return cell->labelled > 0 ? cell->live_accuracy : cell->live_agreement;
}

const char *cop_live_cell_measure(const CopLiveCell *cell)
{
    return cell->labelled > 0 ? "accuracy" : "agreement";
}

CopStatus cop_live_metrics_create(CopLiveMetrics **out, int models, int variants, const int *group,
                                  double half_life)
{
    *out = NULL;
    if (models < 1 || variants < 1 || !(half_life > 0))
        return COP_ERR_ARG;
    CopLiveMetrics *m = calloc(1, sizeof *m);
    if (!m)
        return COP_ERR_NOMEM;
    m->models = models;
    m->variants = variants;
    m->fade = exp2(-1 / half_life);
    m->group = calloc((size_t)variants, sizeof *m->group);
    m->tally = calloc((size_t)models * (size_t)variants, sizeof *m->tally);
    pthread_mutex_init(&m->lock, NULL);
    if (!m->group || !m->tally) {
        cop_live_metrics_destroy(&m);
        return COP_ERR_NOMEM;
    }
    memcpy(m->group, group, (size_t)variants * sizeof *group);
    *out = m;
    return COP_OK;
}

void cop_live_metrics_destroy(CopLiveMetrics **out)
{
    if (!out || !*out)
        return;
    CopLiveMetrics *m = *out;
    pthread_mutex_destroy(&m->lock);
    free(m->group);
    free(m->tally);
    free(m);
    *out = NULL;
}

void cop_live_metrics_add(CopLiveMetrics *m, int model, int variant, const CopLiveHit *hit)
{
    pthread_mutex_lock(&m->lock);
    Tally *t = &m->tally[model * m->variants + variant];
    t->windows++;
    t->agreed += hit->agrees;
    t->drop += hit->drop;
    t->seconds += hit->seconds;
    fade_in(&t->live_agreed, m->fade, hit->agrees);
    fade_in(&t->live_drop, m->fade, hit->drop);
    fade_in(&t->live_seconds, m->fade, hit->seconds);
    if (hit->right >= 0) {
        t->labelled++;
        t->right += hit->right;
        fade_in(&t->live_right, m->fade, hit->right);
    }
    pthread_mutex_unlock(&m->lock);
}

void cop_live_metrics_snapshot(CopLiveMetrics *m, CopLiveCell *cell)
{
    pthread_mutex_lock(&m->lock);
    for (int i = 0; i < m->models * m->variants; i++) {
        const Tally *t = &m->tally[i];
        const double agreement = ratio((double)t->agreed, t->windows);
        cell[i] = (CopLiveCell){.windows = t->windows,
                                .labelled = t->labelled,
                                .right = t->right,
                                .agreed = t->agreed,
                                .accuracy = ratio((double)t->right, t->labelled),
                                .agreement = agreement,
                                .flip_rate = 1 - agreement,
                                .drop = ratio(t->drop, t->windows),
                                .seconds = ratio(t->seconds, t->windows),
                                .live_accuracy = faded(&t->live_right),
                                .live_agreement = faded(&t->live_agreed),
                                .live_drop = faded(&t->live_drop),
                                .live_seconds = faded(&t->live_seconds)};
    }
    pthread_mutex_unlock(&m->lock);
}

/* Variants of one corruption need not stand side by side. */
double cop_live_metrics_robust(const CopLiveMetrics *m, const CopLiveCell *cell, bool live)
{
    double sum = 0;
    int corruptions = 0;
    for (int v = 1; v < m->variants; v++) {
        double inner = 0;
        int severities = 0;
        bool first = true;
        for (int k = 1; k < m->variants; k++) {
            if (m->group[k] != m->group[v])
                continue;
            first &= k >= v;
            inner += live ? cop_live_cell_live_score(&cell[k]) : cop_live_cell_score(&cell[k]);
            severities++;
        }
        if (first) {
            sum += inner / severities;
            corruptions++;
        }
    }
    return corruptions ? sum / corruptions : NAN;
}

void cop_live_metrics_reset(CopLiveMetrics *m)
{
    pthread_mutex_lock(&m->lock);
    memset(m->tally, 0, (size_t)m->models * (size_t)m->variants * sizeof *m->tally);
    pthread_mutex_unlock(&m->lock);
}
