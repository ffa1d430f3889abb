/* Damage of byte streams: where it falls, and what it does.
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#include "pipeline/corrupt/stream_damage.h"

#include <string.h>

#include "models/core/portable_math.h"

enum { ATTEMPTS_MAX = 1000, START_CODE = 3 };
enum { UNIT_SLICE = 1, UNIT_KEY_SLICE = 5, UNIT_REMARK = 6 }; /* H.264, table 7-1 */

int64_t cop_noise_bytes(uint8_t *data, size_t size, uint32_t *state, uint32_t amount)
{
    int64_t hits = 0;
    for (size_t i = 0; i < size; i++) {
        *state += data[i] + 1u;
        if (*state % amount == 0) {
            data[i] = (uint8_t)*state;
            hits++;
        }
    }
    return hits;
}

bool cop_hits_next(CopHits *hits, double *place, uint8_t *flip)
{
    CopRngAddress at = hits->at;
    double u = cop_rng_uniform(hits->key, hits->k, at);
    if (hits->k == 0 && hits->at_least_one)
        u *= 1 - cop_exp(-hits->expected); /* its time given that it is in time */
    hits->time -= cop_log(1 - u);
    if (!(hits->time < hits->expected) && !(hits->k == 0 && hits->at_least_one))
        return false;
    at.draw++;
    *place = cop_rng_uniform(hits->key, hits->k, at);
    at.draw++;
    *flip = (uint8_t)(1 + cop_rng_below(hits->key, hits->k, at, 255));
    hits->k++;
    return true;
}

CopLoss cop_loss_model(double rate, double burst)
{
    CopLoss loss = {.first = rate, .after_loss = rate, .after_none = rate, .previous = -1};
    if (burst < 1 || rate <= 0 || rate >= 1)
        return loss;
    loss.after_loss = 1 - 1 / burst;
    loss.after_none = rate / (burst * (1 - rate));
    if (loss.after_none > 1) {
        loss.after_none = 1;
        loss.after_loss = 1 - (1 - rate) / rate;
    }
    return loss;
}

bool cop_loss_next(CopLoss *loss, double u)
{
    const double chance = loss->previous < 0 ? loss->first
                          : loss->previous   ? loss->after_loss
                                             : loss->after_none;
    loss->previous = u < chance;
    return loss->previous;
}

int cop_loss_mask(bool *lost, int n, CopLoss loss, bool at_least_one, CopRngKey key,
                  CopRngAddress at)
{
    for (int attempt = 0; attempt < ATTEMPTS_MAX; attempt++, at.draw++) {
        CopLoss chain = loss;
        int count = 0;
        for (int i = 0; i < n; i++)
            count += lost[i] = cop_loss_next(&chain, cop_rng_uniform(key, (uint32_t)i, at));
        if (count || !at_least_one || !n)
            return count;
    }
    lost[cop_rng_below(key, 0, at, (uint32_t)n)] = true;
    return 1;
}

size_t cop_start_code(const uint8_t *data, size_t size, size_t from)
{
    for (size_t i = from; i + START_CODE <= size; i++)
        if (!data[i] && !data[i + 1] && data[i + 2] == 1)
            return i;
    return size;
}

/* One unit after the other, from its start code to the next one's. */
typedef struct Unit {
    size_t begin, end;
    int type; /* -1: it ends before that is said */
} Unit;

static bool next_unit(const uint8_t *data, size_t size, Unit *unit)
{
    unit->begin = cop_start_code(data, size, unit->end);
    if (unit->begin >= size)
        return false;
    const size_t head = unit->begin + START_CODE;
    unit->end = cop_start_code(data, size, head);
    unit->type = head < unit->end ? data[head] & 31 : -1;
    return true;
}

size_t cop_drop_remarks(uint8_t *data, size_t size)
{
    Unit unit = {0};
    while (next_unit(data, size, &unit))
        if (unit.type == UNIT_REMARK) {
            memmove(data + unit.begin, data + unit.end, size - unit.end);
            size -= unit.end - unit.begin;
            unit.end = unit.begin;
        }
    return size;
}

size_t cop_excise_slices(uint8_t *data, size_t size, double position, double share, size_t bytes,
                         int64_t *cuts)
{
    Unit unit = {0};
    while (next_unit(data, size, &unit)) {
        const size_t payload = unit.begin + START_CODE + 1;
        if ((unit.type != UNIT_SLICE && unit.type != UNIT_KEY_SLICE) || payload + 1 >= unit.end)
            continue;
        const size_t length = unit.end - payload;
        size_t from = payload + (size_t)(position * (double)length);
        if (from == payload)
            from++;
        size_t cut = share > 0 ? (size_t)(share * (double)length) : bytes;
        if (share > 0 && cut == 0)
            cut = 1;
        if (from >= unit.end)
            continue;
        if (cut > unit.end - from)
            cut = unit.end - from;
        memmove(data + from, data + from + cut, size - from - cut);
        size -= cut;
        unit.end -= cut;
        *cuts += cut > 0;
    }
    return size;
}
