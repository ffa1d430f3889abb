/* Corruptions that hold, drop or reorder frames: which source frame each one shows.
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#include <gst/check/check.h>
#include <math.h>
#include <stdio.h>

#include "pipeline/corrupt/index_map.h"
#include "tests/corrupt_clip.h"

static const char *const names[] = {"frame_rate", "sampling",   "reverse_sampling",
                                    "jumble",     "box_jumble", "freeze"};
enum { NAMES = sizeof names / sizeof names[0] };

/* A picture that says which one it is. */
static CopFrame numbered(int index)
{
    CopFrame frame;
    ck_assert_int_eq(cop_frame_alloc(&frame, COP_PIXEL_GRAY8, 4, 1), COP_OK);
    frame.index = index;
    frame.pts = 1000 * index;
    for (int k = 0; k < 4; k++)
        frame.plane[0][k] = (uint8_t)(index >> 8 * k);
    return frame;
}

static int number_of(const CopFrame *frame)
{
    const uint8_t *x = frame->plane[0];
    return x[0] | x[1] << 8 | x[2] << 16 | x[3] << 24;
}

/* Pulls what there is: frame i of a stream from `first` on shows map[i - first]. */
static int pull_map(CopCorrupt *corrupt, int first, int *map, int done)
{
    CopFrame frame;
    while (cop_corrupt_pull(corrupt, &frame) == COP_OK) {
        ck_assert_int_eq((int)frame.index, first + done);
        ck_assert_int_eq((int)frame.pts, 1000 * (first + done));
        map[done++] = number_of(&frame);
        cop_frame_unref(&frame);
    }
    return done;
}

/* The map of frames first .. first + n - 1 as a stream of their own; frames come out as
 * soon as declared and show nothing outside what the stream may look at. */
static void find_map(CopCorrupt *corrupt, int first, int n, int *map)
{
    ck_assert_int_eq(cop_corrupt_reset(corrupt, corrupt->clip), COP_OK);
    int done = 0;
    for (int i = 0; i < n; i++) {
        CopFrame frame = numbered(first + i);
        ck_assert_int_eq(cop_corrupt_push(corrupt, &frame), COP_OK);
        cop_frame_unref(&frame);
        done = pull_map(corrupt, first, map, done);
        ck_assert_int_ge(done, i + 1 - corrupt->latency);
    }
    ck_assert_int_eq(cop_corrupt_flush(corrupt), COP_OK);
    ck_assert_int_eq(pull_map(corrupt, first, map, done), n);
    for (int i = 0; i < n; i++) {
        ck_assert_int_le(map[i], first + i + corrupt->latency);
        ck_assert_int_ge(map[i], first + i - corrupt->look_behind);
        if (corrupt->align > 1)
            ck_assert_int_eq(map[i] / corrupt->align, (first + i) / corrupt->align);
    }
}

static void map_of(const char *name, double severity, const char *params, int n, int *map)
{
    CopCorrupt *corrupt = clip_corrupt(name, severity, 3, NULL, params);
    find_map(corrupt, 0, n, map);
    cop_corrupt_destroy(&corrupt);
}

/* Whether map[0 .. n-1] holds low .. low + n - 1, each once. */
static bool is_permutation(const int *map, int n, int low)
{
    bool seen[1024] = {false};
    for (int i = 0; i < n; i++) {
        if (map[i] < low || map[i] >= low + n || seen[map[i] - low])
            return false;
        seen[map[i] - low] = true;
    }
    return true;
}

START_TEST(sampling_holds_every_rth_frame)
{
    enum { N = 100 };
    int map[N];
    for (int s = 1; s <= 5; s++) {
        map_of("sampling", s, NULL, N, map);
        for (int i = 0; i < N; i++)
            ck_assert_int_eq(map[i], i >> s << s);
    }
    map_of("sampling", 2.5, NULL, N, map);
    for (int i = 0; i < N; i++)
        ck_assert_int_eq(map[i], i / 6 * 6);
}
END_TEST

/* time from / to as the filter rounds it */
static int rounded(int time, int from, int to, int round)
{
    const int64_t up = round == 0 ? from : round == 1 ? 2 * from - 1 : 0;
    return (int)((2 * (int64_t)time * to + up) / (2 * (int64_t)from));
}

/* out[n] for n < most: the last of in[0 .. count-1] that lands at n or before. */
static void fps_filter(const int *in, int count, int from, int to, int round, int *out, int most)
{
    for (int n = 0, j = 0; n < most; n++) {
        while (j + 1 < count && rounded(j + 1, from, to, round) <= n)
            j++;
        out[n] = in[j];
    }
}

/* Frame by frame, as two fps filters in a row would do it. */
START_TEST(frame_rate_is_two_fps_filters)
{
    enum { N = 230 };
    static const int rates[][2] = {{20, 30}, {16, 30}, {12, 30}, {9, 30},  {6, 30}, {10, 12},
                                   {2, 12},  {7, 25},  {24, 25}, {29, 30}, {1, 60}, {13, 17}};
    static const char *const rounds[] = {"near", "up", "down"};
    for (size_t r = 0; r < sizeof rates / sizeof rates[0]; r++)
        for (int round = 0; round < 3; round++) {
            const int few = rates[r][0], many = rates[r][1];
            int source[N], low[N], want[N], map[N];
            for (int i = 0; i < N; i++)
                source[i] = i;
            fps_filter(source, N, many, few, round, low, N);
            fps_filter(low, N, few, many, round, want, N);
            char params[80];
            snprintf(params, sizeof params, "fps=%d, source_fps=%d, round=%s", few, many,
                     rounds[round]);
            map_of("frame_rate", 3, params, N, map);
            for (int i = 0; i < N; i++)
                ck_assert_msg(map[i] == want[i], "%s: frame %d shows %d, not %d", params, i, map[i],
                              want[i]);
        }
}
END_TEST

START_TEST(frame_rate_says_how_far_it_looks)
{
    static const struct {
        const char *params;
        int latency, look_behind;
    } cases[] = {{"fps=12, round=near", 1, 1},
                 {"fps=6, round=near", 2, 3},
                 {"fps=12, round=up", 0, 3},
                 {"fps=12, round=down", 3, 0},
                 {"fps=30", 0, 0},
                 {"fps=60", 0, 0},
                 {"fps=0.5, source_fps=240, round=up", 0, 480}};
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        CopCorrupt *corrupt = clip_corrupt("frame_rate", 3, 0, NULL, cases[i].params);
        ck_assert_int_eq(corrupt->latency, cases[i].latency);
        ck_assert_int_eq(corrupt->look_behind, cases[i].look_behind);
        cop_corrupt_destroy(&corrupt);
    }
    int map[64];
    map_of("frame_rate", 3, "fps=60", 64, map);
    for (int i = 0; i < 64; i++)
        ck_assert_int_eq(map[i], i);
}
END_TEST

START_TEST(jumble_keeps_each_window)
{
    enum { N = 150 };
    static const char *const presets[] = {"coppice", "schiappa-orig"};
    for (int p = 0; p < 2; p++)
        for (int s = 1; s <= 5; s++) {
            const int window = p ? 64 >> s : 2 << s;
            int map[N];
            CopCorrupt *corrupt = clip_corrupt("jumble", s, 3, presets[p], NULL);
            ck_assert_int_eq(corrupt->align, window);
            find_map(corrupt, 0, N, map);
            for (int low = 0; low < N; low += window)
                ck_assert(is_permutation(map + low, N - low < window ? N - low : window, low));
            cop_corrupt_destroy(&corrupt);
        }
}
END_TEST

/* All 24 orders of four frames are as frequent. One seed in 3000 would exceed the 0.9997
 * point of chi-square with 23 degrees, 54. */
START_TEST(jumble_draws_all_orders)
{
    enum { WINDOWS = 2400, N = 4 * WINDOWS };
    static int map[N], count[256];
    map_of("jumble", 1, NULL, N, map);
    for (int w = 0; w < WINDOWS; w++) {
        int code = 0;
        for (int k = 0; k < 4; k++)
            code = 4 * code + map[4 * w + k] % 4;
        count[code]++;
    }
    double chi = 0;
    int orders = 0;
    for (int code = 0; code < 256; code++)
        if (count[code]) {
            chi += pow(count[code] - WINDOWS / 24., 2) / (WINDOWS / 24.);
            orders++;
        }
    ck_assert_int_eq(orders, 24);
    ck_assert_msg(chi < 54, "chi-square %g", chi);
}
END_TEST

/* What the end cuts off leaves the rest in the order that it had. */
START_TEST(jumble_of_a_cut_window_is_the_same_without_the_others)
{
    enum { N = 64, CUT = 41 };
    int map[N], cut[CUT];
    map_of("jumble", 5, NULL, N, map);
    map_of("jumble", 5, NULL, CUT, cut);
    for (int i = 0, at = 0; i < N; i++)
        if (map[i] < CUT)
            ck_assert_int_eq(cut[at++], map[i]);
}
END_TEST

START_TEST(box_jumble_moves_whole_boxes)
{
    enum { N = 300, WINDOW = 64 };
    static const int boxes[] = {36, 25, 16, 9, 4};
    for (int s = 1; s <= 5; s++) {
        int map[N];
        map_of("box_jumble", s, NULL, N, map);
        for (int low = 0; low < N; low += WINDOW) {
            const int n = N - low < WINDOW ? N - low : WINDOW;
            const int box = boxes[s - 1] < n ? boxes[s - 1] : (n + 1) / 2;
            ck_assert(is_permutation(map + low, n, low));
            bool moved = false;
            for (int i = low; i < low + n; i++) {
                moved |= map[i] != i;
                if ((map[i] - low) % box) /* not the first one of a box */
                    ck_assert_int_eq(map[i], map[i - 1] + 1);
            }
            ck_assert(moved);
        }
    }
}
END_TEST

START_TEST(box_jumble_moves_short_clips)
{
    int map[8];
    for (int s = 1; s <= 4; s++) { /* one box holds the clip: its halves change places */
        map_of("box_jumble", s, NULL, 8, map);
        for (int i = 0; i < 8; i++)
            ck_assert_int_eq(map[i], (i + 4) % 8);
    }
    map_of("box_jumble", 1, NULL, 1, map);
    ck_assert_int_eq(map[0], 0);
}
END_TEST

START_TEST(reverse_sampling_turns_windows)
{
    enum { N = 150, WINDOW = 64 };
    for (int s = 1; s <= 5; s++) {
        const int r = 1 << s;
        int map[N];
        map_of("reverse_sampling", s, NULL, N, map);
        for (int low = 0; low < N; low += WINDOW) {
            int kept[WINDOW], n = 0;
            for (int i = low; i < low + WINDOW && i < N; i += r)
                kept[n++] = i;
            for (int i = low; i < low + WINDOW && i < N; i++)
                ck_assert_int_eq(map[i], kept[n - 1 - (i - low) / r]);
        }
    }
    int map[64];
    map_of("reverse_sampling", 1, "step=1", 64, map);
    for (int i = 0; i < 64; i++)
        ck_assert_int_eq(map[i], 63 - i);
}
END_TEST

static int count_changes(const int *map, int n)
{
    int changes = 0;
    for (int i = 1; i < n; i++)
        changes += map[i] != map[i - 1];
    return changes;
}

/* A frame is kept when it shows itself; their number is binomial. */
START_TEST(freeze_keeps_its_share)
{
    enum { N = 6400, WINDOW = 64 };
    static const double keep[] = {.4, .2, .1, .05, 1. / 64};
    static int map[N];
    for (int s = 1; s <= 5; s++) {
        map_of("freeze", s, NULL, N, map);
        int kept = 0;
        for (int i = 0; i < N; i++) {
            ck_assert_int_eq(map[map[i]], map[i]);
            ck_assert_int_ge(map[i], i - i % WINDOW);
            if (map[i] == i)
                kept++;
            else
                ck_assert_int_eq(map[i], map[i - 1]);
        }
        const double p = keep[s - 1], free_ones = N - N / WINDOW;
        const double want = N / WINDOW + p * free_ones;
        ck_assert_msg(fabs(kept - want) < 4 * sqrt(p * (1 - p) * free_ones), "%d kept, not %g",
                      kept, want);
    }
}
END_TEST

/* One field of draws: what a higher severity keeps, a lower one keeps, too. */
START_TEST(freeze_ramps)
{
    enum { N = 640 };
    int mild[N], hard[N];
    map_of("freeze", 2, NULL, N, mild);
    map_of("freeze", 4, NULL, N, hard);
    for (int i = 0; i < N; i++)
        ck_assert(hard[i] != i || mild[i] == i);
}
END_TEST

START_TEST(exact_freeze_keeps_its_number)
{
    enum { N = 300, WINDOW = 100 };
    static const struct {
        const char *params;
        int kept;
    } cases[] = {{"exact=true, window=100, keep=0.2", 20},
                 {"exact=true, window=100, keep=0", 1},
                 {"exact=true, window=100, keep=0.01, least=2", 2},
                 {"exact=true, window=100, keep=1", 100},
                 {"exact=true, window=100, keep=0, least=1000", 100}};
    for (size_t c = 0; c < sizeof cases / sizeof cases[0]; c++) {
        int map[N];
        map_of("freeze", 3, cases[c].params, N, map);
        for (int low = 0; low < N; low += WINDOW) {
            ck_assert_int_eq(count_changes(map + low, WINDOW), cases[c].kept - 1);
            for (int i = low; i < low + WINDOW; i++) {
                ck_assert_int_eq(map[map[i]], map[i]);
                ck_assert(map[i] <= i || map[i] == map[low]); /* only the first is early */
            }
        }
    }
}
END_TEST

/* As the authors': k of a whole clip that one window holds. */
START_TEST(preset_freeze_counts_in_the_clip)
{
    enum { N = 120 };
    static const int kept[] = {48, 24, 12, 6, 1};
    for (int s = 1; s <= 5; s++) {
        int map[N];
        CopCorrupt *corrupt = clip_corrupt("freeze", s, 3, "ucf101-p", NULL);
        find_map(corrupt, 0, N, map);
        ck_assert_int_eq(count_changes(map, N), kept[s - 1] - 1);
        find_map(corrupt, 0, 9, map);
        ck_assert_int_eq(count_changes(map, 9), s == 1 ? 2 : s == 4 ? 1 : 0);
        cop_corrupt_destroy(&corrupt);
    }
}
END_TEST

/* The contract's spans, for every table and severity. */
START_TEST(any_start_shows_the_same)
{
    enum { N = 200 };
    static const int spans[][2] = {{0, 0}, {5, 5}, {63, 64}, {70, 100}, {131, 140}, {190, N - 1}};
    const CopCorruptDesc *desc = cop_corrupt_find(names[_i], NULL);
    for (const CopSeverityTable *table = desc->tables; table->preset; table++)
        for (double s = 0.5; s <= 5; s += 0.5) {
            int whole[N], part[N];
            CopCorrupt *corrupt = clip_corrupt(names[_i], s, 3, table->preset, NULL);
            find_map(corrupt, 0, N, whole);
            for (size_t k = 0; k < sizeof spans / sizeof spans[0]; k++) {
                int from, to;
                cop_corrupt_span(corrupt, spans[k][0], spans[k][1], N, &from, &to);
                find_map(corrupt, from, to - from + 1, part);
                for (int i = spans[k][0]; i <= spans[k][1]; i++)
                    ck_assert_msg(part[i - from] == whole[i], "%s %g: %d shows %d, not %d",
                                  table->preset, s, i, part[i - from], whole[i]);
            }
            cop_corrupt_destroy(&corrupt);
        }
}
END_TEST

/* Of eight frames something moves at every severity but where places are drawn. */
START_TEST(short_clips_are_changed)
{
    const CopCorruptDesc *desc = cop_corrupt_find(names[_i], NULL);
    for (const CopSeverityTable *table = desc->tables; table->preset; table++)
        for (int s = 1; s <= 5; s++) {
            int map[8], same = 0;
            CopCorrupt *corrupt = clip_corrupt(names[_i], s, 3, table->preset, NULL);
            find_map(corrupt, 0, 8, map);
            for (int i = 0; i < 8; i++)
                same += map[i] == i;
            ck_assert_msg(same < 8, "%s at %d", table->preset, s);
            cop_corrupt_destroy(&corrupt);
        }
}
END_TEST

static void push_all(CopCorrupt *corrupt, const double *severity, int n, int *map)
{
    int done = 0;
    for (int i = 0; i < n; i++) {
        ck_assert_int_eq(cop_corrupt_set_severity(corrupt, severity[i], NULL), COP_OK);
        CopFrame frame = numbered(i);
        ck_assert_int_eq(cop_corrupt_push(corrupt, &frame), COP_OK);
        cop_frame_unref(&frame);
        done = pull_map(corrupt, 0, map, done);
    }
    ck_assert_int_eq(cop_corrupt_flush(corrupt), COP_OK);
    ck_assert_int_eq(pull_map(corrupt, 0, map, done), n);
}

START_TEST(severity_changes_with_the_frame_pushed)
{
    enum { N = 96, CHANGE = 37, PAUSE = 60 };
    int mild[N], hard[N], map[N];
    double severity[N];
    for (int i = 0; i < N; i++)
        severity[i] = i < CHANGE ? 2 : i < PAUSE ? 4 : i < PAUSE + 4 ? 0 : 1;
    map_of("jumble", 2, NULL, PAUSE, mild); /* the pause ends the stream before it */
    map_of("jumble", 4, NULL, PAUSE, hard);
    CopCorrupt *corrupt = clip_corrupt("jumble", 2, 3, NULL, NULL);
    push_all(corrupt, severity, N, map);
    for (int i = 0; i < PAUSE; i++)
        ck_assert_int_eq(map[i], i < CHANGE ? mild[i] : hard[i]);
    for (int i = PAUSE; i < PAUSE + 4; i++)
        ck_assert_int_eq(map[i], i);
    for (int low = PAUSE + 4; low < N; low += 4)
        ck_assert(is_permutation(map + low, 4, low));
    cop_corrupt_destroy(&corrupt);

    /* The frame that the finer step asks for is gone: the last one held stays. */
    for (int i = 0; i < N; i++)
        severity[i] = i < CHANGE ? 5 : 2;
    corrupt = clip_corrupt("sampling", 5, 3, NULL, NULL);
    push_all(corrupt, severity, N, map);
    for (int i = 0; i < N; i++)
        ck_assert_int_eq(map[i], i < CHANGE ? i / 32 * 32 : i < 40 ? 32 : i / 4 * 4);
    cop_corrupt_destroy(&corrupt);
}
END_TEST

/* A window that grows in a running stream reaches back over frames that are gone: it begins at
 * the oldest one held, and what is in it keeps the order that it has in the whole window. */
START_TEST(a_window_grows_over_frames_that_are_gone)
{
    enum { N = 96, LOW = 32, CHANGE = 50, OLDEST = 47 };
    int hard[N], map[N], order[N], n = 0;
    double severity[N];
    for (int i = 0; i < N; i++)
        severity[i] = i < CHANGE ? 2 : 4;
    map_of("jumble", 4, NULL, N, hard);
    CopCorrupt *corrupt = clip_corrupt("jumble", 2, 3, NULL, NULL);
    push_all(corrupt, severity, N, map);
    cop_corrupt_destroy(&corrupt);
    for (int i = LOW; i < 2 * LOW; i++)
        if (hard[i] >= OLDEST)
            order[n++] = hard[i];
    ck_assert_int_eq(n, 2 * LOW - OLDEST);
    for (int i = CHANGE; i < 2 * LOW; i++)
        ck_assert_int_eq(map[i], order[i - OLDEST]);
    for (int i = 2 * LOW; i < N; i++)
        ck_assert_int_eq(map[i], hard[i]);
}
END_TEST

START_TEST(planes_are_shared_and_let_go)
{
    CopCorrupt *corrupt = clip_corrupt("sampling", 5, 0, NULL, NULL);
    const CopIndexMap *map = corrupt->state;
    CopFrame first = clip_frame(COP_PIXEL_I420, 16, 16, 0), out;
    const uint8_t *planes = first.plane[0];
    ck_assert_int_eq(cop_corrupt_push(corrupt, &first), COP_OK);
    cop_frame_unref(&first);
    for (int i = 1; i < 200; i++) {
        ck_assert_int_eq(cop_corrupt_pull(corrupt, &out), COP_OK);
        if (i <= 32)
            ck_assert_ptr_eq(out.plane[0], planes);
        cop_frame_unref(&out);
        CopFrame frame = clip_frame(COP_PIXEL_I420, 16, 16, i);
        ck_assert_int_eq(cop_corrupt_push(corrupt, &frame), COP_OK);
        cop_frame_unref(&frame);
        ck_assert_int_le(map->held.n, 1);
        ck_assert_int_eq(map->waiting.n, 0);
    }
    cop_corrupt_destroy(&corrupt);
}
END_TEST

START_TEST(the_longest_windows_fit)
{
    enum { N = 2500 };
    static const char *const params[] = {
        NULL,          "step=1024",          "step=1, window=1024",
        "window=1024", "box=1, window=1024", "exact=true, window=1024"};
    static int map[N];
    map_of(names[_i], 5, params[_i], N, map);
}
END_TEST

static Suite *suite(void)
{
    Suite *s = suite_create("corrupt_temporal");
    TCase *tc = tcase_create("maps");
    tcase_add_test(tc, sampling_holds_every_rth_frame);
    tcase_add_test(tc, frame_rate_is_two_fps_filters);
    tcase_add_test(tc, frame_rate_says_how_far_it_looks);
    tcase_add_test(tc, jumble_keeps_each_window);
    tcase_add_test(tc, jumble_draws_all_orders);
    tcase_add_test(tc, jumble_of_a_cut_window_is_the_same_without_the_others);
    tcase_add_test(tc, box_jumble_moves_whole_boxes);
    tcase_add_test(tc, box_jumble_moves_short_clips);
    tcase_add_test(tc, reverse_sampling_turns_windows);
    tcase_add_test(tc, freeze_keeps_its_share);
    tcase_add_test(tc, freeze_ramps);
    tcase_add_test(tc, exact_freeze_keeps_its_number);
    tcase_add_test(tc, preset_freeze_counts_in_the_clip);
    tcase_add_loop_test(tc, any_start_shows_the_same, 0, NAMES);
    tcase_add_loop_test(tc, short_clips_are_changed, 0, NAMES);
    tcase_add_test(tc, severity_changes_with_the_frame_pushed);
    tcase_add_test(tc, a_window_grows_over_frames_that_are_gone);
    tcase_add_test(tc, planes_are_shared_and_let_go);
    tcase_add_loop_test(tc, the_longest_windows_fit, 0, NAMES);
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
