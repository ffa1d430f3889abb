/* Damage of byte streams against FFmpeg's filter, plain rewritings and exact distributions.
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#include <gst/check/check.h>
#include <libavcodec/bsf.h>
#include <libavutil/opt.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "pipeline/corrupt/packet_cut.h"
#include "pipeline/corrupt/stream_damage.h"

static const CopRngKey key = {{0x1234567, 0x89abcde}};

static uint32_t draw(uint32_t position, uint32_t frame)
{
    return cop_rng_u32((CopRngKey){{7, 9}}, position, (CopRngAddress){.frame = frame});
}

static void check_at_most(double value, double limit)
{
    ck_assert_msg(value <= limit, "%g is above %g", value, limit);
}

static void check_bytes(const uint8_t *a, const uint8_t *b, size_t n)
{
    ck_assert(memcmp(a, b, n) == 0);
}

/* What FFmpeg's filter makes of a packet; its state goes on from one to the next. */
static void filter_packet(AVBSFContext *filter, AVPacket *packet, const uint8_t *in, uint8_t *out,
                          int size)
{
    ck_assert_int_eq(av_new_packet(packet, size), 0);
    memcpy(packet->data, in, (size_t)size);
    ck_assert_int_eq(av_bsf_send_packet(filter, packet), 0);
    ck_assert_int_eq(av_bsf_receive_packet(filter, packet), 0);
    ck_assert_int_eq(packet->size, size);
    memcpy(out, packet->data, (size_t)size);
    av_packet_unref(packet);
}

START_TEST(noise_rule_is_ffmpegs)
{
    enum { SIZE = 70000 };
    static const int amounts[] = {1, 2, 100, 10000, 20000, 100000};
    static uint8_t ours[SIZE], theirs[SIZE];
    char text[16];
    snprintf(text, sizeof text, "%d", amounts[_i]);
    AVBSFContext *filter;
    ck_assert_int_eq(av_bsf_alloc(av_bsf_get_by_name("noise"), &filter), 0);
    ck_assert_int_eq(av_opt_set(filter->priv_data, "amount", text, 0), 0);
    ck_assert_int_eq(av_bsf_init(filter), 0);
    AVPacket *packet = av_packet_alloc();
    uint32_t state = 0;
    int64_t hits = 0, bytes = 0;
    for (uint32_t p = 0; p < 12; p++) {
        const int size = 1 + (int)(draw(p, 1000) % SIZE);
        for (int i = 0; i < size; i++)
            ours[i] = (uint8_t)draw((uint32_t)i, p);
        filter_packet(filter, packet, ours, theirs, size);
        hits += cop_noise_bytes(ours, (size_t)size, &state, (uint32_t)amounts[_i]);
        bytes += size;
        check_bytes(ours, theirs, (size_t)size);
    }
    /* A sum of random steps is a multiple of `amount` once in `amount` steps. */
    const double want = (double)bytes / amounts[_i];
    check_at_most(fabs((double)hits - want), 4 * sqrt(want) + 1);
    av_packet_free(&packet);
    av_bsf_free(&filter);
}
END_TEST

START_TEST(losses_keep_rate_and_burst)
{
    enum { N = 200000 };
    static const struct {
        double rate, burst;
    } cases[] = {{0.01, 0}, {0.06, 0}, {0.05, 1}, {0.05, 3}, {0.06, 4}, {0.5, 2}, {0.9, 2}};
    const double rate = cases[_i].rate, burst = cases[_i].burst;
    bool *lost = malloc(N * sizeof *lost);
    const CopLoss model = cop_loss_model(rate, burst);
    const int count = cop_loss_mask(lost, N, model, false, key, (CopRngAddress){.frame = 16});
    int seen = 0, runs = 0;
    for (int i = 0; i < N; i++) {
        seen += lost[i];
        runs += lost[i] && (i == 0 || !lost[i - 1]);
    }
    ck_assert_int_eq(seen, count);
    /* A two-state chain's mean has its variance times (1 + r) / (1 - r), r its memory. */
    const double memory = model.after_loss - model.after_none;
    const double spread = sqrt(rate * (1 - rate) / N * (1 + memory) / (1 - memory));
    check_at_most(fabs((double)seen / N - rate), 4 * spread);
    /* Runs are geometric; without a burst, of chances that do not know the last one. A rate
     * that needs more than every second packet makes them longer. */
    double length = burst > 0 ? burst : 1 / (1 - rate);
    if (rate / (length * (1 - rate)) > 1)
        length = rate / (1 - rate);
    check_at_most(fabs((double)seen / runs - length),
                  4 * sqrt(length * (length - 1) / runs) + 1e-9);
    free(lost);
}
END_TEST

/* Of n packets so many lost, given that any is: binomial over 1 .. n. */
START_TEST(at_least_one_is_a_condition)
{
    enum { N = 8, GROUPS = 20000 };
    const double rate = 0.03;
    const CopLoss model = cop_loss_model(rate, 0);
    int counts[N + 1] = {0}, first[N] = {0};
    for (uint32_t g = 0; g < GROUPS; g++) {
        bool lost[N];
        const CopRngAddress at = {.frame = 16 * g, .clip = 3};
        const int n = cop_loss_mask(lost, N, model, true, key, at);
        ck_assert(n >= 1 && n <= N);
        counts[n]++;
        int i = 0;
        while (!lost[i])
            i++;
        first[i]++;
    }
    const double any = 1 - pow(1 - rate, N);
    const double one = N * rate * pow(1 - rate, N - 1) / any;
    check_at_most(fabs((double)counts[1] / GROUPS - one), 4 * sqrt(one * (1 - one) / GROUPS));
    for (int i = 0; i < N; i++) {
        const double here = rate * pow(1 - rate, i) / any;
        check_at_most(fabs((double)first[i] / GROUPS - here), 4 * sqrt(here * (1 - here) / GROUPS));
    }
    /* A chance that never comes is not waited for. */
    bool lost[N];
    ck_assert_int_eq(cop_loss_mask(lost, N, cop_loss_model(1e-9, 0), true, key, (CopRngAddress){0}),
                     1);
    ck_assert_int_eq(cop_loss_mask(lost, 0, model, true, key, (CopRngAddress){0}), 0);
}
END_TEST

START_TEST(hits_are_a_poisson_process)
{
    enum { GROUPS = 20000 };
    const double expected = 2.5;
    for (int conditioned = 0; conditioned < 2; conditioned++) {
        double sum = 0, squares = 0, places = 0;
        int64_t flips[256] = {0};
        for (uint32_t g = 0; g < GROUPS; g++) {
            CopHits hits = {.key = key,
                            .at = {.frame = g},
                            .expected = expected,
                            .at_least_one = conditioned == 1};
            double place, n = 0;
            uint8_t flip;
            for (; cop_hits_next(&hits, &place, &flip); n++) {
                ck_assert(place >= 0 && place < 1 && flip > 0);
                places += place;
                flips[flip]++;
            }
            ck_assert(n >= conditioned);
            sum += n;
            squares += n * n;
        }
        /* Mean and mean square of a Poisson number, given that it is not 0. */
        const double any = conditioned ? 1 - exp(-expected) : 1;
        const double mean = expected / any, square = (expected + expected * expected) / any;
        const double variance = square - mean * mean;
        check_at_most(fabs(sum / GROUPS - mean), 4 * sqrt(variance / GROUPS));
        check_at_most(fabs(squares / GROUPS - square), 0.3);
        check_at_most(fabs(places / sum - 0.5), 4 / sqrt(12 * sum));
        for (int v = 1; v < 256; v++)
            check_at_most(fabs((double)flips[v] - sum / 255), 5 * sqrt(sum / 255));
    }
}
END_TEST

/* More hits are added to the same ones. */
START_TEST(hits_grow_with_what_is_expected)
{
    for (uint32_t g = 0; g < 100; g++) {
        CopHits few = {.key = key, .at = {.frame = g}, .expected = 3}, many = few;
        many.expected = 9;
        double a, b;
        uint8_t x, y;
        while (cop_hits_next(&few, &a, &x)) {
            ck_assert(cop_hits_next(&many, &b, &y));
            ck_assert(a == b && x == y);
        }
    }
}
END_TEST

enum { PICTURES = 5, BYTES_MAX = 900 };

/* Pictures of one to three units with random bytes, many of them 0 and 1. */
static void make_pictures(uint8_t memory[][BYTES_MAX], CopCodedPicture *picture, uint32_t seed)
{
    for (int i = 0; i < PICTURES; i++) {
        uint8_t *data = memory[i];
        const size_t size = 60 + draw(0, seed + (uint32_t)i) % (BYTES_MAX - 60);
        for (size_t k = 0; k < size; k++) {
            const uint32_t r = draw(1 + (uint32_t)k, seed + (uint32_t)i);
            data[k] = r % 3 ? (uint8_t)(r >> 8) : (uint8_t)(r >> 8 & 1);
        }
        memcpy(data, "\0\0\0\1\x41", 5);
        memcpy(data + 30, "\0\0\1\x06", 4);
        picture[i] = (CopCodedPicture){.data = data, .size = size, .frame = i};
    }
}

/* The same with every byte marked by where it comes from. */
static void check_cut(uint32_t seed, int mtu, bool whole)
{
    static uint8_t memory[PICTURES][BYTES_MAX], sent[PICTURES * BYTES_MAX];
    static int from[PICTURES * BYTES_MAX];
    bool lost[PICTURES * BYTES_MAX / 8] = {false};
    CopCodedPicture picture[PICTURES];
    make_pictures(memory, picture, seed);
    const int packets = cop_packet_count(picture, PICTURES, mtu, whole);
    for (int i = 0; i < packets; i++)
        lost[i] = draw((uint32_t)i, seed + 77) % 4 == 0;
    size_t n = 0;
    int packet = -1, filled = mtu;
    for (int i = 0; i < PICTURES; i++)
        for (size_t k = 0; k < picture[i].size; k++, filled++) {
            if (filled == mtu || (whole && k == 0)) {
                packet++;
                filled = 0;
            }
            if (lost[packet])
                continue;
            sent[n] = picture[i].data[k];
            from[n++] = i;
        }
    ck_assert_int_eq(packet + 1, packets);
    static uint8_t want[PICTURES][PICTURES * BYTES_MAX];
    size_t size[PICTURES] = {0};
    int owner = -1;
    for (size_t k = 0; k < n; k++) {
        if (k + 2 < n && sent[k] == 0 && sent[k + 1] == 0 && sent[k + 2] == 1)
            owner = from[k];
        if (owner >= 0)
            want[owner][size[owner]++] = sent[k];
    }
    CopPacketCut cut = {0};
    ck_assert_int_eq(cop_packet_cut(&cut, picture, PICTURES, mtu, whole, lost), COP_OK);
    for (int i = 0; i < PICTURES; i++) {
        ck_assert_uint_eq(picture[i].size, size[i]);
        ck_assert(size[i] == 0 || memcmp(picture[i].data, want[i], size[i]) == 0);
    }
    cop_packet_cut_free(&cut);
}

START_TEST(packets_are_cut_as_by_hand)
{
    for (uint32_t seed = 0; seed < 2000; seed += 10)
        for (int mtu = 8; mtu < 1500; mtu = 3 * mtu - 1) {
            check_cut(seed, mtu, false);
            check_cut(seed, mtu, true);
        }
}
END_TEST

/* Without a loss nothing changes but a zero in front of the first start code. */
START_TEST(no_loss_no_change)
{
    static uint8_t memory[PICTURES][BYTES_MAX];
    CopCodedPicture picture[PICTURES], kept[PICTURES];
    make_pictures(memory, picture, 5);
    memcpy(kept, picture, sizeof kept);
    const bool lost[PICTURES * BYTES_MAX / 100 + 1] = {false};
    CopPacketCut cut = {0};
    ck_assert_int_eq(cop_packet_cut(&cut, picture, PICTURES, 100, false, lost), COP_OK);
    size_t size = 0;
    for (int i = 0; i < PICTURES; i++)
        size += picture[i].size;
    for (int i = 0; i < PICTURES; i++)
        size -= kept[i].size;
    ck_assert_uint_eq(size, (size_t)-1);
    check_bytes(picture[0].data, kept[0].data + 1, picture[0].size - 1);
    cop_packet_cut_free(&cut);
}
END_TEST

START_TEST(holes_lie_in_slices)
{
    static const uint8_t stream[] = {0,  0,  0,  1,  0x67, 9,  9,  0, 0, 1, 0x65, 10, 11, 12,
                                     13, 14, 15, 16, 17,   18, 19, 0, 0, 1, 0x41, 20, 21};
    uint8_t data[sizeof stream];
    int64_t cuts = 0;
    /* The slice has ten bytes of payload, from 10 on; the other one keeps its first. */
    memcpy(data, stream, sizeof stream);
    size_t size = cop_excise_slices(data, sizeof stream, 0.4, 0.3, 0, &cuts);
    static const uint8_t by_share[] = {0,  0,  0,  1,  0x67, 9,  9, 0, 0, 1,    0x65, 10,
                                       11, 12, 13, 17, 18,   19, 0, 0, 1, 0x41, 20};
    ck_assert_uint_eq(size, sizeof by_share);
    check_bytes(data, by_share, sizeof by_share);
    ck_assert_int_eq((int)cuts, 2);
    memcpy(data, stream, sizeof stream);
    size = cop_excise_slices(data, sizeof stream, 0.8, 0, 1000, &cuts);
    static const uint8_t by_bytes[] = {0,  0,  0,  1,  0x67, 9,  9,  0, 0, 1, 0x65, 10,
                                       11, 12, 13, 14, 15,   16, 17, 0, 0, 1, 0x41, 20};
    ck_assert_uint_eq(size, sizeof by_bytes);
    check_bytes(data, by_bytes, sizeof by_bytes);
    /* At the very end, or of no length: nothing. */
    memcpy(data, stream, sizeof stream);
    ck_assert_uint_eq(cop_excise_slices(data, sizeof stream, 1, 0.3, 0, &cuts), sizeof stream);
    ck_assert_uint_eq(cop_excise_slices(data, sizeof stream, 0.5, 0, 0, &cuts), sizeof stream);
    ck_assert_int_eq((int)cuts, 4);
    check_bytes(data, stream, sizeof stream);
}
END_TEST

START_TEST(remarks_are_dropped)
{
    uint8_t data[] = {0, 0, 1, 6, 5, 5, 0, 0, 1, 0x65, 1, 0, 0, 1, 6, 0, 0, 1};
    ck_assert_uint_eq(cop_drop_remarks(data, sizeof data), 8);
    static const uint8_t want[] = {0, 0, 1, 0x65, 1, 0, 0, 1};
    check_bytes(data, want, sizeof want);
    ck_assert_uint_eq(cop_drop_remarks(data, 2), 2);
    ck_assert_uint_eq(cop_start_code(data, 2, 0), 2);
    ck_assert_uint_eq(cop_start_code(data, 0, 0), 0);
    ck_assert_uint_eq(cop_start_code(data, 8, 1), 5);
    ck_assert_uint_eq(cop_start_code(data, 8, 6), 8);
}
END_TEST

static Suite *suite(void)
{
    Suite *s = suite_create("stream_damage");
    TCase *tc = tcase_create("bytes");
    tcase_add_loop_test(tc, noise_rule_is_ffmpegs, 0, 6);
    tcase_add_loop_test(tc, losses_keep_rate_and_burst, 0, 7);
    tcase_add_test(tc, at_least_one_is_a_condition);
    tcase_add_test(tc, hits_are_a_poisson_process);
    tcase_add_test(tc, hits_grow_with_what_is_expected);
    tcase_add_test(tc, packets_are_cut_as_by_hand);
    tcase_add_test(tc, no_loss_no_change);
    tcase_add_test(tc, holes_lie_in_slices);
    tcase_add_test(tc, remarks_are_dropped);
    suite_add_tcase(s, tc);
    return s;
}

int main(void)
{
    SRunner *runner = srunner_create(suite());
    srunner_run_all(runner, CK_NORMAL);
    const int failures = srunner_ntests_failed(runner);
    srunner_free(runner);
    return failures ? 1 : 0;
}
