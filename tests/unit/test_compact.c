/* Compact safetensors: values and a bit mask for each tensor with many zeros.
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#include <gst/check/check.h>
#include <stdio.h>
#include <string.h>

#include "tests/media_help.h"
#include "tests/safetensors_help.h"

#define COMPACT(format) "{\"__metadata__\":{\"sparse.format\":\"" format "\"},"

/* 2x5 elements, of which 0, 3 and 9 are stored. Data: 12 bytes of values, 2 of bits, 16 of
 * shape, then 4 of another tensor. */
static void compose_compact(StBytes *bytes, const char *header)
{
    static const float values[] = {1.5F, -2, 3};
    static const int64_t shape[] = {2, 5};
    st_compose(bytes, header, 34);
    unsigned char *data = bytes->data + bytes->size - 34;
    memcpy(data, values, 12);
    data[12] = 1 << 0 | 1 << 3;
    data[13] = 1 << 1;
    memcpy(data + 14, shape, 16);
}

static const char compact_header[] =
    COMPACT("bitmask") ENTRY("w.compressed", "F32", "[3]", 0, 12) "," ENTRY(
        "w.bitmask", "U8", "[2]", 12, 14) "," ENTRY("w.shape", "I64", "[2]", 14,
                                                    30) "," ENTRY("b", "F32", "[1]", 30, 34) "}";

START_TEST(compact_tensors_are_one)
{
    static StBytes bytes;
    CopSafetensors *file;
    CopError err = {0};
    compose_compact(&bytes, compact_header);
    ck_assert_msg(cop_safetensors_parse(&file, bytes.data, bytes.size, "test", &err) == COP_OK,
                  "%s", err.text);
    ck_assert_int_eq(file->n_tensors, 2);
    const CopStTensor *w = cop_safetensors_find(file, "w");
    ck_assert(w && w->bits && w->dtype == COP_DTYPE_F32 && w->rank == 2 && w->bytes == 12);
    ck_assert(w->shape[0] == 2 && w->shape[1] == 5 && cop_safetensors_count(w) == 10);
    ck_assert(cop_safetensors_find(file, "w.bitmask") == NULL);
    ck_assert(cop_safetensors_find(file, "b") && !cop_safetensors_find(file, "b")->bits);
    static const float want[10] = {1.5F, 0, 0, -2, 0, 0, 0, 0, 0, 3};
    float got[10];
    ck_assert_int_eq(cop_safetensors_read_f32(w, got, 10, &err), COP_OK);
    ck_assert(memcmp(got, want, sizeof got) == 0);
    ck_assert_int_eq(cop_safetensors_read_f32(w, got, 3, NULL), COP_ERR_SHAPE);
    cop_safetensors_close(&file);
}
END_TEST

/* Without the mark in the metadata these are tensors like others. */
START_TEST(names_alone_make_nothing_compact)
{
    static StBytes bytes;
    CopSafetensors *file = st_parse("{" ENTRY("w.bitmask", "U8", "[2]", 0, 2) "}", 2, &bytes);
    ck_assert(cop_safetensors_find(file, "w.bitmask") != NULL);
    cop_safetensors_close(&file);
}
END_TEST

START_TEST(compact_tensors_that_do_not_fit_are_refused)
{
    static const struct {
        size_t at; /* byte of the data that is changed */
        unsigned char value;
        const char *said;
    } damage[] = {
        {12, 1, "not a value for each bit"},
        {13, 1 << 1 | 1 << 2, "past the last"},
        {14, 9, "not a bit for each"},
        {21, 0x80, "its shape"},
        {14, 0, "its shape"},
        {20, 0x7f, "not a bit for each"},
    };
    static StBytes bytes;
    for (size_t i = 0; i < sizeof damage / sizeof damage[0]; i++) {
        compose_compact(&bytes, compact_header);
        bytes.data[bytes.size - 34 + damage[i].at] = damage[i].value;
        st_refuse_bytes(bytes.data, bytes.size, damage[i].said);
    }
    st_refuse(COMPACT("csr") ENTRY("b", "U8", "[1]", 0, 1) "}", 1, "allowed: bitmask");
    st_refuse(COMPACT("bitmask") ENTRY("w.bitmask", "U8", "[1]", 0, 1) "}", 1, "are missing");
    st_refuse(COMPACT("bitmask") ENTRY("w.bitmask", "U8", "[1]", 0, 1) "," ENTRY(
                  "w.compressed", "F32", "[0]", 1, 1) "," ENTRY("w.shape", "I32", "[0]", 1, 1) "}",
              1, "its shape");
}
END_TEST

START_TEST(both_forms_hold_the_same)
{
    enum { ROWS = 7, COLUMNS = 45, COUNT = ROWS * COLUMNS };
    static float weight[COUNT], full[COUNT], vector[3] = {0, 1, 0};
    for (int i = 0; i < COUNT; i++) {
        weight[i] = i % 10 == 3 ? (float)i : 0;
        full[i] = (float)i + 1;
    }
    const CopStTensor tensors[] = {
        {.name = "w", .rank = 2, .shape = {ROWS, COLUMNS}, .data = weight, .bytes = sizeof weight},
        {.name = "full", .rank = 2, .shape = {COUNT, 1}, .data = full, .bytes = sizeof full},
        {.name = "bias", .rank = 1, .shape = {3}, .data = vector, .bytes = sizeof vector}};
    CopStTensor typed[3];
    for (int i = 0; i < 3; i++) {
        typed[i] = tensors[i];
        typed[i].dtype = COP_DTYPE_F32;
    }
    const CopStMeta meta[] = {{"arch", "x"}};
    char path[256], small[256], again[256];
    CopSafetensors *file;
    CopError err = {0};
    const char *folder = help_folder();
    snprintf(path, sizeof path, "%s/x", folder);
    snprintf(small, sizeof small, "%s/small", folder);
    snprintf(again, sizeof again, "%s/again", folder);
    ck_assert_int_eq(cop_safetensors_write(path, typed, 3, meta, 1, &err), COP_OK);
    ck_assert_int_eq(cop_safetensors_open(&file, path, &err), COP_OK);
    ck_assert_int_eq(cop_safetensors_convert(file, small, true, &err), COP_OK);
    cop_safetensors_close(&file);
    ck_assert_int_eq(cop_safetensors_open(&file, small, &err), COP_OK);
    ck_assert_int_eq(file->n_tensors, 3);
    const CopStTensor *w = cop_safetensors_find(file, "w");
    ck_assert(w->bits && w->bytes == 32 * sizeof(float)); /* 3, 13, ..., 313 */
    ck_assert(!cop_safetensors_find(file, "full")->bits &&
              !cop_safetensors_find(file, "bias")->bits);
    ck_assert_str_eq(cop_safetensors_meta(file, "arch"), "x");
    /* Compact stays compact, and comes back as it was, byte by byte. */
    ck_assert_int_eq(cop_safetensors_convert(file, again, true, &err), COP_OK);
    cop_safetensors_close(&file);
    ck_assert_int_eq(cop_safetensors_open(&file, again, &err), COP_OK);
    ck_assert_int_eq(cop_safetensors_convert(file, small, false, &err), COP_OK);
    cop_safetensors_close(&file);
    unsigned char a[8192], b[8192];
    FILE *x = fopen(path, "rb"), *y = fopen(small, "rb");
    const size_t size = fread(a, 1, sizeof a, x);
    ck_assert_uint_eq(fread(b, 1, sizeof b, y), size);
    ck_assert(size > sizeof weight && memcmp(a, b, size) == 0);
    fclose(x);
    fclose(y);
    help_remove_folder();
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("compact");
    TCase *tests = tcase_create("compact");
    tcase_add_test(tests, compact_tensors_are_one);
    tcase_add_test(tests, names_alone_make_nothing_compact);
    tcase_add_test(tests, compact_tensors_that_do_not_fit_are_refused);
    tcase_add_test(tests, both_forms_hold_the_same);
    suite_add_tcase(suite, tests);
    SRunner *runner = srunner_create(suite);
    srunner_run_all(runner, CK_NORMAL);
    const int failures = srunner_ntests_failed(runner);
    srunner_free(runner);
    return failures ? 1 : 0;
}
