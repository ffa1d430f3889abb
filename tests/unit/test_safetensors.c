/* safetensors: what is written reads back, what is broken is refused.
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#include <gst/check/check.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "tests/safetensors_help.h"

/* --- sound files ----------------------------------------------------------- */

START_TEST(tensors_come_in_file_order)
{
    static StBytes bytes;
    CopSafetensors *file =
        st_parse("{" ENTRY("b", "U8", "[4]", 2, 6) "," ENTRY("a", "U8", "[2]", 0, 2) "," ENTRY(
                     "empty", "F32", "[0,7]", 2, 2) "," ENTRY("scalar", "I16", "[]", 6, 8) "}  ",
                 8, &bytes);
    static const char *const names[] = {"a", "empty", "b", "scalar"};
    ck_assert_int_eq(file->n_tensors, 4);
    for (int i = 0; i < 4; i++) {
        ck_assert_str_eq(file->tensor[i].name, names[i]);
        ck_assert(cop_safetensors_find(file, names[i]) == &file->tensor[i]);
    }
    ck_assert(cop_safetensors_find(file, "c") == NULL);
    const CopStTensor *b = cop_safetensors_find(file, "b");
    ck_assert_int_eq(b->dtype, COP_DTYPE_U8);
    ck_assert_int_eq(b->rank, 1);
    ck_assert(b->shape[0] == 4 && b->bytes == 4);
    ck_assert(((const unsigned char *)b->data)[0] == 2);
    ck_assert_int_eq(cop_safetensors_find(file, "scalar")->rank, 0);
    ck_assert_int_eq(cop_safetensors_find(file, "empty")->rank, 2);
    cop_safetensors_close(&file);
    ck_assert(file == NULL);
    cop_safetensors_close(&file);
}
END_TEST

START_TEST(blanks_and_escapes_are_read)
{
    static StBytes bytes;
    CopSafetensors *file =
        st_parse("{ \"__metadata__\" :\t{ \"k\\u00e9\\n\" : \"\\ud83d\\ude00\\/\\\"\\\\\" , \"\": "
                 "\"\xc3\xa9\" } ,\r\n \"\\u0061\" : { \"shape\" : [ 1 , 2 ] , \"data_offsets\" : "
                 "[ 0 , 2 ] , \"dtype\" : \"I8\" } }  ",
                 2, &bytes);
    ck_assert_int_eq(file->n_meta, 2);
    ck_assert_str_eq(cop_safetensors_meta(file, "k\xc3\xa9\n"), "\xf0\x9f\x98\x80/\"\\");
    ck_assert_str_eq(cop_safetensors_meta(file, ""), "\xc3\xa9");
    ck_assert(cop_safetensors_meta(file, "k") == NULL);
    ck_assert(cop_safetensors_find(file, "a") != NULL);
    cop_safetensors_close(&file);

    file = st_parse("{}", 0, &bytes);
    ck_assert(file->n_tensors == 0 && file->n_meta == 0);
    ck_assert(cop_safetensors_find(file, "a") == NULL && cop_safetensors_meta(file, "a") == NULL);
    cop_safetensors_close(&file);
    file = st_parse("{\"__metadata__\":{}}", 0, &bytes);
    cop_safetensors_close(&file);
}
END_TEST

/* --- conversion ------------------------------------------------------------ */

/* Elements of one tensor that starts at an odd address. */
static void assert_read(CopDtype dtype, const void *elements, int n, const float *expected)
{
    unsigned char memory[129];
    float out[16];
    const size_t size = cop_dtype_size(dtype) * (size_t)n;
    memcpy(memory + 1, elements, size);
    const CopStTensor tensor = {.name = "x",
                                .dtype = dtype,
                                .rank = 1,
                                .shape = {(uint64_t)n},
                                .data = memory + 1,
                                .bytes = size};
    ck_assert_int_eq(cop_safetensors_read_f32(&tensor, out, (size_t)n, NULL), COP_OK);
    for (int i = 0; i < n; i++)
        ck_assert_msg(memcmp(&out[i], &expected[i], sizeof(float)) == 0 ||
                          (isnan(out[i]) && isnan(expected[i])),
                      "%s %d: %a, not %a", cop_dtype_name(dtype), i, (double)out[i],
                      (double)expected[i]);
}

START_TEST(halves_convert_exactly)
{
    /* IEEE 754: smallest and largest subnormal, smallest normal, one third,
     * largest, infinities, not a number. */
    static const uint16_t f16[] = {0x0000, 0x8000, 0x0001, 0x83FF, 0x0400, 0x3C00,
                                   0xC000, 0x3555, 0x7BFF, 0x7C00, 0xFC00, 0x7E01};
    static const float f16_values[] = {0,  -0.0f,       0x1p-24f, -0x1.ff8p-15f, 0x1p-14f,  1,
                                       -2, 0x1.554p-2f, 65504,    INFINITY,      -INFINITY, NAN};
    assert_read(COP_DTYPE_F16, f16, 12, f16_values);
    static const uint16_t bf16[] = {0x0000, 0x8000, 0x3F80, 0xC000, 0x3EAB,
                                    0x7F7F, 0x7F80, 0xFF80, 0x7FC0, 0x0001};
    static const float bf16_values[] = {0,           -0.0f,    1,         -2,  0x1.56p-2f,
                                        0x1.fep127f, INFINITY, -INFINITY, NAN, 0x1p-133f};
    assert_read(COP_DTYPE_BF16, bf16, 10, bf16_values);
}
END_TEST

START_TEST(other_types_convert)
{
    static const double f64[] = {0.1, -1e300, 1e-300};
    assert_read(COP_DTYPE_F64, f64, 3, (const float[]){0.1f, -INFINITY, 0});
    static const float f32[] = {0.1f, -0.0f, 3e38f};
    assert_read(COP_DTYPE_F32, f32, 3, f32);
    static const int64_t i64[] = {INT64_MIN, -1, 16777217};
    assert_read(COP_DTYPE_I64, i64, 3, (const float[]){-0x1p63f, -1, 16777216});
    static const int32_t i32[] = {INT32_MIN, 7};
    assert_read(COP_DTYPE_I32, i32, 2, (const float[]){-0x1p31f, 7});
    static const int16_t i16[] = {INT16_MIN, 7};
    assert_read(COP_DTYPE_I16, i16, 2, (const float[]){-32768, 7});
    static const int8_t i8[] = {-128, 7};
    assert_read(COP_DTYPE_I8, i8, 2, (const float[]){-128, 7});
    static const uint8_t u8[] = {255, 0};
    assert_read(COP_DTYPE_U8, u8, 2, (const float[]){255, 0});
    assert_read(COP_DTYPE_BOOL, u8, 2, (const float[]){1, 0});
    static const uint16_t u16[] = {65535};
    assert_read(COP_DTYPE_U16, u16, 1, (const float[]){65535});
    static const uint32_t u32[] = {UINT32_MAX};
    assert_read(COP_DTYPE_U32, u32, 1, (const float[]){0x1p32f});
    static const uint64_t u64[] = {UINT64_MAX};
    assert_read(COP_DTYPE_U64, u64, 1, (const float[]){0x1p64f});
}
END_TEST

START_TEST(reading_checks_the_count)
{
    static const float two[2];
    float out[4];
    CopError err = {0};
    const CopStTensor tensor = {"x", COP_DTYPE_F32, 1, {2}, two, sizeof two, NULL};
    ck_assert_int_eq(cop_safetensors_read_f32(&tensor, out, 3, &err), COP_ERR_SHAPE);
    ck_assert(strstr(err.text, "\"x\" has 2 elements, not 3") != NULL);
    ck_assert_int_eq(cop_safetensors_read_f32(&tensor, out, 1, NULL), COP_ERR_SHAPE);
}
END_TEST

/* --- broken files ---------------------------------------------------------- */

START_TEST(lengths_that_lie_are_refused)
{
    static const unsigned char past[12] = {5, 0, 0, 0, 0, 0, 0, 0, '{', '}', ' ', ' '};
    static const unsigned char huge[10] = {255, 255, 255, 255, 255, 255, 255, 255, '{', '}'};
    st_refuse_bytes("", 0, "no safetensors file");
    st_refuse_bytes(past, 7, "7 bytes");
    st_refuse_bytes(past, 12, "header of 5 bytes");
    st_refuse_bytes(huge, 10, "header of 18446744073709551615 bytes");
    st_refuse("", 0, "expected '{'");

    /* The format's limit, in a file that is long enough for more. */
    const size_t size = 100 * 1000 * 1000 + 64;
    unsigned char *large = calloc(size, 1);
    memcpy(large, (const unsigned char[]){0x01, 0xE1, 0xF5, 0x05, 0, 0, 0, 0, '{', '}'}, 10);
    st_refuse_bytes(large, size, "allows 100000000");
    free(large);
}
END_TEST

START_TEST(places_that_do_not_tile_are_refused)
{
    st_refuse("{" ENTRY("a", "U8", "[4]", 0, 4) "," ENTRY("b", "U8", "[4]", 3, 7) "}", 7,
              "an overlap");
    st_refuse("{" ENTRY("a", "U8", "[4]", 0, 4) "," ENTRY("b", "U8", "[4]", 0, 4) "}", 4,
              "an overlap");
    st_refuse("{" ENTRY("a", "U8", "[4]", 0, 4) "," ENTRY("b", "U8", "[0]", 2, 2) "}", 4,
              "an overlap");
    st_refuse("{" ENTRY("a", "U8", "[4]", 0, 4) "," ENTRY("b", "U8", "[4]", 5, 9) "}", 9, "a gap");
    st_refuse("{" ENTRY("a", "U8", "[4]", 1, 5) "}", 5, "a gap");
    st_refuse("{" ENTRY("a", "U8", "[4]", 0, 4) "}", 6, "2 bytes belong to no tensor");
    st_refuse("{}", 1, "1 bytes belong to no tensor");
    st_refuse("{" ENTRY("a", "U8", "[4]", 0, 4) "}", 3, "outside the data");
    st_refuse("{" ENTRY("a", "U8", "[4]", 4, 0) "}", 8, "outside the data");
    st_refuse("{" ENTRY("a", "U8", "[4]", 18446744073709551612, 18446744073709551615) "}", 8,
              "outside the data");
}
END_TEST

START_TEST(shapes_that_do_not_fit_are_refused)
{
    st_refuse("{" ENTRY("a", "F32", "[2]", 0, 4) "}", 4, "do not fit its shape");
    st_refuse("{" ENTRY("a", "U8", "[]", 0, 2) "}", 2, "do not fit its shape");
    st_refuse("{" ENTRY("a", "U8", "[0]", 0, 1) "}", 1, "do not fit its shape");
    /* 2^32 * 2^32 and 2^62 * 4 bytes are both 0 modulo 2^64. */
    st_refuse("{" ENTRY("a", "U8", "[4294967296,4294967296]", 0, 0) "}", 0, "do not fit its shape");
    st_refuse("{" ENTRY("a", "F32", "[4611686018427387904]", 0, 0) "}", 0, "do not fit its shape");
    st_refuse("{" ENTRY("a", "U8", "[18446744073709551616]", 0, 0) "}", 0, "beyond 64 bits");
    st_refuse("{" ENTRY("a", "U8", "[-1]", 0, 1) "}", 1, "whole number, 0 or above");
    st_refuse("{" ENTRY("a", "U8", "[1.0]", 0, 1) "}", 1, "',' or ']'");
    st_refuse("{" ENTRY("a", "U8", "[1e0]", 0, 1) "}", 1, "',' or ']'");
    st_refuse("{" ENTRY("a", "U8", "[01]", 0, 1) "}", 1, "leading zero");
    st_refuse("{" ENTRY("a", "U8", "[\"1\"]", 0, 1) "}", 1, "whole number");
    st_refuse("{" ENTRY("a", "U8", "[1,]", 0, 1) "}", 1, "whole number");
    st_refuse("{" ENTRY("a", "U8", "[[1]]", 0, 1) "}", 1, "whole number");
    st_refuse("{" ENTRY("a", "U8", "1", 0, 1) "}", 1, "expected a list");
    st_refuse("{" ENTRY("a", "U8", "[1,1,1,1,1,1,1,1,1]", 0, 1) "}", 1, "too long");
    st_refuse("{" ENTRY("a", "F8_E4M3", "[1]", 0, 1) "}", 1, "dtype");
    st_refuse("{" ENTRY("a", "f32", "[1]", 0, 4) "}", 4, "dtype");
}
END_TEST

START_TEST(names_that_repeat_are_refused)
{
    st_refuse("{" ENTRY("a", "U8", "[1]", 0, 1) "," ENTRY("a", "U8", "[1]", 1, 2) "}", 2,
              "\"a\" is there twice");
    st_refuse("{" ENTRY("a", "U8", "[1]", 0, 1) "," ENTRY("\\u0061", "U8", "[1]", 1, 2) "}", 2,
              "\"a\" is there twice");
    st_refuse("{\"__metadata__\":{\"k\":\"1\",\"j\":\"2\",\"k\":\"3\"}}", 0,
              "\"k\" is there twice");
    st_refuse("{\"__metadata__\":{},\"__metadata__\":{}}", 0, "metadata twice");
    st_refuse("{\"a\":{\"dtype\":\"U8\",\"dtype\":\"U8\",\"shape\":[],\"data_offsets\":[0,1]}}", 1,
              "the same member twice");
}
END_TEST

START_TEST(members_must_be_those_of_the_format)
{
    st_refuse("{\"a\":{\"dtype\":\"U8\",\"shape\":[]}}", 0, "a tensor needs");
    st_refuse("{\"a\":{\"dtype\":\"U8\",\"shape\":[],\"data_offsets\":[0]}}", 0,
              "two data_offsets");
    st_refuse("{\"a\":{\"dtype\":\"U8\",\"shape\":[],\"data_offsets\":[0,1,1]}}", 1, "too long");
    st_refuse("{\"a\":{\"dtype\":\"U8\",\"shape\":[],\"offsets\":[0,1]}}", 1, "unknown member");
    st_refuse("{\"a\":{}}", 0, "expected a string");
    st_refuse("{\"a\":[]}", 0, "tensor's object");
    st_refuse("{\"a\":null}", 0, "tensor's object");
    st_refuse("{\"__metadata__\":{\"k\":1}}", 0, "expected a string");
    st_refuse("{\"__metadata__\":{\"k\":null}}", 0, "expected a string");
    st_refuse("{\"__metadata__\":{\"k\":{\"a\":\"b\"}}}", 0, "expected a string");
    st_refuse("{\"__metadata__\":[]}", 0, "metadata's object");
}
END_TEST

START_TEST(text_that_is_not_json_is_refused)
{
    st_refuse(" {}", 0, "byte 8: expected '{'");
    st_refuse("[]", 0, "expected '{'");
    st_refuse("{", 0, "byte 9: expected a string");
    st_refuse("{\"a", 0, "no end");
    st_refuse("{\"a\"", 0, "expected ':'");
    st_refuse("{\"a\":", 0, "tensor's object");
    st_refuse("{a:1}", 0, "expected a string");
    st_refuse("{'a':1}", 0, "expected a string");
    st_refuse("{} x", 0, "byte 11: something follows");
    st_refuse("{}{}", 0, "something follows");
    st_refuse("{" ENTRY("a", "U8", "[1]", 0, 1) ",}", 1, "expected a string");
    st_refuse("{" ENTRY("a", "U8", "[1]", 0, 1) " " ENTRY("b", "U8", "[1]", 1, 2) "}", 2,
              "',' or '}'");
    st_refuse("{\"__metadata__\":{\"k\":\"v\",}}", 0, "expected a string");
    st_refuse("{/**/}", 0, "expected a string");

    static const unsigned char nul[] = {3, 0, 0, 0, 0, 0, 0, 0, '{', '}', 0};
    st_refuse_bytes(nul, sizeof nul, "something follows");
    static StBytes bytes;
    memset(bytes.data, '[', 40000);
    memcpy(bytes.data, "@\x9c\0\0\0\0\0\0{\"a\":", 13); /* a header of 40000 bytes */
    st_refuse_bytes(bytes.data, 40008, "tensor's object");
    memset(bytes.data + 8, '{', 40000);
    st_refuse_bytes(bytes.data, 40008, "expected a string");
}
END_TEST

START_TEST(strings_that_are_not_text_are_refused)
{
    static const char *const broken[][2] = {
        {"\x80", "not UTF-8"},     /* continuation first */
        {"\xc3", "not UTF-8"},     /* cut short by the quote */
        {"\xc0\xaf", "not UTF-8"}, /* overlong slash */
        {"\xe0\x80\xaf", "not UTF-8"},
        {"\xf0\x80\x80\xaf", "not UTF-8"},
        {"\xed\xa0\x80", "not UTF-8"},     /* surrogate */
        {"\xf4\x90\x80\x80", "not UTF-8"}, /* above U+10FFFF */
        {"\xf8\x88\x80\x80\x80", "not UTF-8"},
        {"\xff", "not UTF-8"},
        {"\n", "control character"},
        {"\x1f", "control character"},
        {"\\x41", "no such escape"},
        {"\\", "no end"},
        {"\\u12", "no such escape"},
        {"\\u12G4", "no such escape"},
        {"\\u0000", "NUL"},
        {"\\ud83d", "surrogate"},
        {"\\ude00", "surrogate"},
        {"\\ud83d\\u0041", "surrogate"},
        {"\\ud83d\\n", "surrogate"},
    };
    for (size_t i = 0; i < sizeof broken / sizeof broken[0]; i++) {
        char header[128];
        snprintf(header, sizeof header, "{\"__metadata__\":{\"%s\":\"v\"}}", broken[i][0]);
        /* A backslash takes the closing quote along; the rest is one long string. */
        st_refuse(header, 0, strcmp(broken[i][0], "\\") == 0 ? "expected ':'" : broken[i][1]);
    }
    st_refuse("{\"\xe2\x82", 0, "not UTF-8"); /* cut short by the end */
    st_refuse("{\"\\", 0, "no such escape");
    st_refuse("{\"\\u00", 0, "no such escape");
    st_refuse("{\"\\ud83d\\", 0, "surrogate");
    st_refuse("{\"\\ud83d\\ude", 0, "surrogate");
}
END_TEST

START_TEST(every_cut_is_refused)
{
    static StBytes bytes;
    st_compose(&bytes,
               "{\"__metadata__\":{\"k\":\"v\\u00e9\"}," ENTRY("a", "U8", "[2,2]", 0, 4) "}", 4);
    for (size_t size = 0; size < bytes.size; size++) {
        st_refuse_bytes(bytes.data, size, "");
        if (size > 8) { /* the same with a length that admits it */
            StBytes cut = bytes;
            cut.data[0] = (unsigned char)(size - 8);
            if (size < bytes.size - 4)
                st_refuse_bytes(cut.data, size, "");
        }
    }
}
END_TEST

/* --- files ----------------------------------------------------------------- */

static char folder[32], path[64];

static void setup(void)
{
    snprintf(folder, sizeof folder, "/tmp/cop-safetensors-XXXXXX");
    ck_assert(mkdtemp(folder) != NULL);
    snprintf(path, sizeof path, "%s/x.safetensors", folder);
}

static void teardown(void)
{
    char command[64];
    snprintf(command, sizeof command, "rm -rf %s", folder);
    ck_assert_int_eq(system(command), 0);
}

/* Files that Python's json and struct wrote: tests/fuzz/make_safetensors.py. */
START_TEST(foreign_files_open)
{
    static const struct {
        const char *name;
        int n_tensors, n_meta;
    } cases[] = {{"empty", 0, 0}, {"metadata", 0, 2}, {"two", 2, 0},
                 {"all", 13, 0},  {"zero", 3, 0},     {"raw", 1, 0}};
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        char name[256];
        CopSafetensors *file;
        CopError err = {0};
        snprintf(name, sizeof name, COP_TESTS "/fuzz/corpus/safetensors/%s.safetensors",
                 cases[i].name);
        ck_assert_msg(cop_safetensors_open(&file, name, &err) == COP_OK, "%s", err.text);
        ck_assert_int_eq(file->n_tensors, cases[i].n_tensors);
        ck_assert_int_eq(file->n_meta, cases[i].n_meta);
        if (strcmp(cases[i].name, "metadata") == 0)
            ck_assert_str_eq(cop_safetensors_meta(file, "k\xc3\xa9y"), "\xf0\x9f\x98\x80 \"\\\n\t");
        cop_safetensors_close(&file);
    }
}
END_TEST

START_TEST(written_files_read_back)
{
    static const float weight[6] = {1, -2, 3.5f, 0, 1e-40f, INFINITY};
    static const unsigned char bytes[3] = {1, 2, 3};
    const CopStTensor tensors[] = {
        {"odd \"name\"\\\n\xc3\xa9", COP_DTYPE_U8, 1, {3}, bytes, 3, NULL},
        {"conv1.weight", COP_DTYPE_F32, 3, {1, 2, 3}, weight, sizeof weight, NULL},
        {"none", COP_DTYPE_F64, 2, {4, 0}, NULL, 0, NULL},
        {"scalar", COP_DTYPE_BOOL, 0, {0}, bytes, 1, NULL},
    };
    const CopStMeta meta[] = {{"arch", "r3d_18"}, {"\x01 quote\"", "tab\t, \xf0\x9f\x98\x80"}};
    CopError err = {0};
    CopSafetensors *file;
    ck_assert_int_eq(cop_safetensors_write(path, tensors, 4, meta, 2, &err), COP_OK);
    ck_assert_int_eq(cop_safetensors_open(&file, path, &err), COP_OK);
    ck_assert_int_eq(file->n_tensors, 4);
    for (int i = 0; i < 4; i++) {
        const CopStTensor *a = &tensors[i], *b = cop_safetensors_find(file, a->name);
        ck_assert(b && b->dtype == a->dtype && b->rank == a->rank && b->bytes == a->bytes);
        ck_assert(memcmp(b->shape, a->shape, sizeof a->shape) == 0);
        ck_assert(a->bytes == 0 || memcmp(b->data, a->data, a->bytes) == 0);
    }
    ck_assert((uintptr_t)file->tensor[0].data % 64 == 0); /* pages are aligned, so the file is */
    ck_assert_int_eq(file->n_meta, 2);
    ck_assert_str_eq(cop_safetensors_meta(file, "arch"), "r3d_18");
    ck_assert_str_eq(cop_safetensors_meta(file, meta[1].key), meta[1].value);
    cop_safetensors_close(&file);

    ck_assert_int_eq(cop_safetensors_write(path, NULL, 0, NULL, 0, &err), COP_OK);
    ck_assert_int_eq(cop_safetensors_open(&file, path, &err), COP_OK);
    ck_assert_int_eq(file->n_tensors, 0);
    cop_safetensors_close(&file);
}
END_TEST

/* The text that the format's description prescribes, byte by byte. */
START_TEST(layout_is_the_formats)
{
    static const unsigned char data[4] = {1, 2, 3, 4};
    const CopStTensor tensor = {"w", COP_DTYPE_I16, 2, {1, 2}, data, 4, NULL};
    const CopStMeta meta = {"format", "pt"};
    static const char header[] = "{\"__metadata__\":{\"format\":\"pt\"},\"w\":{\"dtype\":\"I16\","
                                 "\"shape\":[1,2],\"data_offsets\":[0,4]}}";
    unsigned char bytes[256];
    ck_assert_int_eq(cop_safetensors_write(path, &tensor, 1, &meta, 1, NULL), COP_OK);
    FILE *file = fopen(path, "rb");
    ck_assert_uint_eq(fread(bytes, 1, sizeof bytes, file), 128 + 4);
    fclose(file);
    ck_assert(memcmp(bytes, (const unsigned char[]){120, 0, 0, 0, 0, 0, 0, 0}, 8) == 0);
    ck_assert(memcmp(bytes + 8, header, sizeof header - 1) == 0);
    for (size_t i = 8 + sizeof header - 1; i < 128; i++)
        ck_assert_int_eq(bytes[i], ' ');
    ck_assert(memcmp(bytes + 128, data, 4) == 0);
}
END_TEST

START_TEST(writer_refuses_what_the_reader_would)
{
    static const unsigned char data[8];
    static const CopStTensor bad[] = {
        {"\xff", COP_DTYPE_U8, 1, {8}, data, 8, NULL},
        {"__metadata__", COP_DTYPE_U8, 1, {8}, data, 8, NULL},
        {"a", COP_DTYPE_U8, 1, {7}, data, 8, NULL},
        {"a", COP_DTYPE_U8, 9, {8}, data, 8, NULL},
        {"a", COP_DTYPE_U8, -1, {8}, data, 8, NULL},
        {"a", COP_DTYPE_COUNT, 1, {8}, data, 8, NULL},
        {"a", COP_DTYPE_F64, 1, {UINT64_C(1) << 61}, data, 0, NULL},
    };
    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++)
        ck_assert_int_eq(cop_safetensors_write(path, &bad[i], 1, NULL, 0, NULL), COP_ERR_ARG);
    const CopStTensor twins[] = {{"a", COP_DTYPE_U8, 1, {8}, data, 8, NULL},
                                 {"a", COP_DTYPE_U8, 1, {8}, data, 8, NULL}};
    ck_assert_int_eq(cop_safetensors_write(path, twins, 2, NULL, 0, NULL), COP_ERR_ARG);
    const CopStMeta meta[] = {{"k", "1"}, {"k", "2"}, {"j", "\xff"}};
    ck_assert_int_eq(cop_safetensors_write(path, NULL, 0, meta, 2, NULL), COP_ERR_ARG);
    ck_assert_int_eq(cop_safetensors_write(path, NULL, 0, meta + 1, 2, NULL), COP_ERR_ARG);
    ck_assert_int_eq(access(path, F_OK), -1);
}
END_TEST

START_TEST(paths_that_are_no_files_are_refused)
{
    CopSafetensors *file;
    CopError err = {0};
    ck_assert_int_eq(cop_safetensors_open(&file, path, &err), COP_ERR_IO);
    ck_assert(strstr(err.text, path) && strstr(err.text, "No such file"));
    ck_assert_int_eq(cop_safetensors_open(&file, folder, NULL), COP_ERR_IO);
    ck_assert_int_eq(mkfifo(path, 0600), 0);
    ck_assert_int_eq(cop_safetensors_open(&file, path, NULL), COP_ERR_IO);
    ck_assert_int_eq(unlink(path), 0);
    fclose(fopen(path, "wb"));
    ck_assert_int_eq(cop_safetensors_open(&file, path, NULL), COP_ERR_MODEL);
    ck_assert(file == NULL);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("safetensors");
    TCase *sound = tcase_create("sound"), *broken = tcase_create("broken");
    TCase *files = tcase_create("files");
    tcase_add_test(sound, tensors_come_in_file_order);
    tcase_add_test(sound, blanks_and_escapes_are_read);
    tcase_add_test(sound, halves_convert_exactly);
    tcase_add_test(sound, other_types_convert);
    tcase_add_test(sound, reading_checks_the_count);
    suite_add_tcase(suite, sound);
    tcase_add_test(broken, lengths_that_lie_are_refused);
    tcase_add_test(broken, places_that_do_not_tile_are_refused);
    tcase_add_test(broken, shapes_that_do_not_fit_are_refused);
    tcase_add_test(broken, names_that_repeat_are_refused);
    tcase_add_test(broken, members_must_be_those_of_the_format);
    tcase_add_test(broken, text_that_is_not_json_is_refused);
    tcase_add_test(broken, strings_that_are_not_text_are_refused);
    tcase_add_test(broken, every_cut_is_refused);
    suite_add_tcase(suite, broken);
    tcase_add_checked_fixture(files, setup, teardown);
    tcase_add_test(files, foreign_files_open);
    tcase_add_test(files, written_files_read_back);
    tcase_add_test(files, layout_is_the_formats);
    tcase_add_test(files, writer_refuses_what_the_reader_would);
    tcase_add_test(files, paths_that_are_no_files_are_refused);
    suite_add_tcase(suite, files);
    SRunner *runner = srunner_create(suite);
    srunner_run_all(runner, CK_NORMAL);
    const int failures = srunner_ntests_failed(runner);
    srunner_free(runner);
    return failures ? 1 : 0;
}
