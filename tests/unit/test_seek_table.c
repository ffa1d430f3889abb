/* Seek tables: packed and back, hostile bytes, and which frame is whose.
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#include "pipeline/media/seek_table.h"

#include <gst/check/check.h>
#include <stdlib.h>
#include <string.h>

enum { FRAMES = 100 };

/* Times of three rates, the first below 0; packets 10, 30, ... begin something. */
static int64_t time_of(int i)
{
    return i < 40 ? -500 + 40 * i : i < 60 ? 2000 + 33 * i : 5000000000 + 7 * (int64_t)i * i;
}

static void take_notes(CopSeekNotes *notes, bool timed)
{
    for (int i = 0; i < FRAMES; i++) {
        cop_seek_note_frame(notes, time_of(i), timed, i % 20 == 10, (uint16_t)(i * 700));
        if (i % 20 == 10)
            cop_seek_note_packet(notes, timed ? time_of(i) : INT64_MIN, time_of(i) - 80);
    }
}

static void make(CopSeekTable *table, bool timed, CopSeekBy by)
{
    CopSeekNotes *notes;
    uint8_t *bytes;
    size_t size;
    ck_assert_int_eq(cop_seek_notes_create(&notes), COP_OK);
    take_notes(notes, timed);
    ck_assert_int_eq(cop_seek_pack(notes, !timed, by, &bytes, &size), COP_OK);
    ck_assert_int_eq(cop_seek_unpack(table, bytes, size), COP_OK);
    free(bytes);
    cop_seek_notes_destroy(&notes);
    cop_seek_notes_destroy(&notes);
}

START_TEST(there_and_back)
{
    CopSeekTable table;
    for (int timed = 0; timed < 2; timed++) { /* packets matched by time, or in turn */
        make(&table, timed, timed ? COP_SEEK_BY_PTS : COP_SEEK_BY_DTS);
        ck_assert(table.timed == timed && table.intra == !timed);
        ck_assert_int_eq(table.frames, FRAMES);
        ck_assert_int_eq(table.keys, 5);
        for (int i = 0; i < FRAMES; i++) {
            ck_assert_int_eq(table.time[i], time_of(i));
            ck_assert_uint_eq(table.sum[i], (uint16_t)(i * 700));
            ck_assert_int_eq(cop_seek_frame_at(&table, time_of(i)), i);
            ck_assert_int_eq(cop_seek_frame_at(&table, time_of(i) + 1), -1);
            ck_assert_int_eq(cop_seek_key(&table, i), i < 10 ? -1 : (i - 10) / 20);
        }
        for (int k = 0; k < table.keys; k++) {
            ck_assert_int_eq(table.key[k], 10 + 20 * k);
            ck_assert_int_eq(table.ask[k], time_of(10 + 20 * k) - (timed ? 0 : 80));
        }
        cop_seek_table_free(&table);
        cop_seek_table_free(&table);
    }
    make(&table, true, COP_SEEK_BY_NOTHING);
    ck_assert_int_eq(table.keys, 0);
    cop_seek_table_free(&table);
}
END_TEST

/* Times that stand still or are not known make no table. */
START_TEST(no_table)
{
    static const int64_t times[][3] = {{1, 2, 2}, {1, 3, 2}, {1, INT64_MIN, 3}};
    for (int i = 0; i < 3; i++) {
        CopSeekNotes *notes;
        uint8_t *bytes;
        size_t size = 1;
        ck_assert_int_eq(cop_seek_notes_create(&notes), COP_OK);
        for (int k = 0; k < 3; k++)
            cop_seek_note_frame(notes, times[i][k], true, true, 0);
        ck_assert_int_eq(cop_seek_pack(notes, false, COP_SEEK_BY_DTS, &bytes, &size), COP_OK);
        ck_assert(bytes == NULL && size == 0);
        cop_seek_notes_destroy(&notes);
    }
}
END_TEST

/* Packets of nowhere, and more of them than key frames. */
START_TEST(unmatched)
{
    CopSeekNotes *notes;
    CopSeekTable table;
    uint8_t *bytes;
    size_t size;
    ck_assert_int_eq(cop_seek_notes_create(&notes), COP_OK);
    take_notes(notes, true);
    cop_seek_note_packet(notes, 123456, 0);
    cop_seek_note_packet(notes, INT64_MIN, 0);
    cop_seek_note_packet(notes, time_of(95), INT64_MIN);
    ck_assert_int_eq(cop_seek_pack(notes, false, COP_SEEK_BY_DTS, &bytes, &size), COP_OK);
    ck_assert_int_eq(cop_seek_unpack(&table, bytes, size), COP_OK);
    ck_assert_int_eq(table.keys, 5);
    cop_seek_table_free(&table);
    free(bytes);
    cop_seek_notes_destroy(&notes);
}
END_TEST

static void try(const uint8_t *bytes, size_t size)
{
    CopSeekTable table;
    uint8_t *copy = malloc(size + 1); /* of its own, so that a byte too far is seen */
    memcpy(copy, bytes, size);
    if (cop_seek_unpack(&table, copy, size) == COP_OK) {
        for (int i = 1; i < table.frames; i++)
            ck_assert(table.time[i] > table.time[i - 1]);
        for (int k = 0; k < table.keys; k++)
            ck_assert(table.key[k] >= 0 && table.key[k] < table.frames &&
                      (k == 0 || table.key[k] > table.key[k - 1]));
    }
    cop_seek_table_free(&table);
    free(copy);
}

START_TEST(hostile)
{
    CopSeekNotes *notes;
    CopSeekTable table;
    uint8_t *bytes;
    size_t size;
    ck_assert_int_eq(cop_seek_notes_create(&notes), COP_OK);
    take_notes(notes, true);
    ck_assert_int_eq(cop_seek_pack(notes, false, COP_SEEK_BY_DTS, &bytes, &size), COP_OK);
    for (size_t n = 0; n < size; n++)
        ck_assert_int_eq(cop_seek_unpack(&table, bytes, n), COP_ERR_DATA);
    unsigned seed = 1;
    for (int i = 0; i < 20000; i++) {
        seed = seed * 1664525u + 1013904223u;
        const size_t at = (seed >> 8) % size;
        const uint8_t before = bytes[at];
        bytes[at] = (uint8_t)(seed >> 24);
        try(bytes, size);
        bytes[at] = before;
    }
    free(bytes);
    cop_seek_notes_destroy(&notes);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("seek_table");
    TCase *tc = tcase_create("seek_table");
    tcase_add_test(tc, there_and_back);
    tcase_add_test(tc, no_table);
    tcase_add_test(tc, unmatched);
    tcase_add_test(tc, hostile);
    suite_add_tcase(suite, tc);
    SRunner *runner = srunner_create(suite);
    srunner_run_all(runner, CK_NORMAL);
    const int failures = srunner_ntests_failed(runner);
    srunner_free(runner);
    return failures ? 1 : 0;
}
