/* Damage of byte streams: where it falls, and what it does. No codec is needed here.
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#ifndef COP_CORRUPT_STREAM_DAMAGE_H
#define COP_CORRUPT_STREAM_DAMAGE_H

#include <stdbool.h>
#include <stddef.h>

#include "models/core/rng.h"
#include "models/core/status.h"

/* The rule of FFmpeg's bitstream filter `noise`: *state (0 at first) grows by each byte + 1;
 * where it is a multiple of `amount` (>= 1) the byte becomes its low 8 bits. There is no
 * seed: the same stream has the same damage. Returns how many bytes were replaced. */
int64_t cop_noise_bytes(uint8_t *data, size_t size, uint32_t *state, uint32_t amount);

/* Errors that arrive in a stretch of coded video, a Poisson process: hit k is there while
 * `expected` (> 0) is beyond its time of arrival, so that more hits are added to the same ones. */
typedef struct CopHits {
    CopRngKey key;
    CopRngAddress at; /* draws at.draw .. at.draw + 2 are used */
    double expected;
    bool at_least_one; /* of all stretches, those that are hit */
    double time;
    uint32_t k;
} CopHits;

/* The next hit: where it falls in the stretch, 0 <= place < 1, and what its byte is XORed with,
 * 1 .. 255. False when there is none left. */
bool cop_hits_next(CopHits *hits, double *place, uint8_t *flip);

/* Loss of packets by chance. A packet is lost with probability `rate` on average: each by
 * itself where `burst` is 0, else in runs of mean length `burst` (>= 1) as in the model of
 * Gilbert, Bell System Technical Journal 1960 (of Elliott with losses in the bad state only).
 * A rate too high for runs so short keeps the rate. */
typedef struct CopLoss {
    double first, after_loss, after_none; /* chances of the next packet */
    int previous;                         /* -1: none yet; 1: it was lost */
} CopLoss;

CopLoss cop_loss_model(double rate, double burst);

/* Whether the next packet is lost, by a uniform draw 0 <= u < 1. */
bool cop_loss_next(CopLoss *loss, double u);

/* The same for n packets of a stretch, by draws number at.draw of positions 0 .. n - 1; with
 * `at_least_one`, by the first of draws at.draw, at.draw + 1, ... that lose any (after a thousand
 * of them, one packet). Returns how many are lost. */
int cop_loss_mask(bool *lost, int n, CopLoss loss, bool at_least_one, CopRngKey key,
                  CopRngAddress at);

/* Offset of the next start code (00 00 01) of H.264's byte stream at or after `from`, `size`
 * if there is none. */
size_t cop_start_code(const uint8_t *data, size_t size, size_t from);

/* Takes out the units that say nothing about pixels (H.264, type 6: an encoder's name and
 * settings, once a file). Returns the new size. */
size_t cop_drop_remarks(uint8_t *data, size_t size);

/* Takes `bytes`, or with `share` > 0 that share of the payload, out of each slice of an H.264
 * picture, from the relative position 0 <= position <= 1 on; what is not there is not taken,
 * and each keeps its first byte. *cuts grows by the slices that lost any. Returns the new size. */
size_t cop_excise_slices(uint8_t *data, size_t size, double position, double share, size_t bytes,
                         int64_t *cuts);

#endif
