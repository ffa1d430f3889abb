/* Data sets of pictures: CIFAR, IDX, folders of pictures as classes and as clips.
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#include <gio/gio.h>
#include <gst/check/check.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "pipeline/data/loader.h"
#include "pipeline/media/png_write.h"
#include "tests/data_help.h"
#include "tests/media_help.h"

enum { SIDE = 32, PLANE = SIDE * SIDE, RECORD = 3 * PLANE };

/* Byte c, y, x of picture i of file `file`. */
static uint8_t pixel(int file, int i, int c, int y, int x)
{
    return (uint8_t)(37 * file + 11 * i + 101 * c + 7 * y + 3 * x + x * y);
}

/* n records of `heads` label bytes and a picture; the bytes are label[i] + k. */
static void write_cifar(const char *name, int file, int heads, const uint8_t *label, int n)
{
    const size_t size = (size_t)(heads + RECORD);
    uint8_t *bytes = g_malloc((size_t)n * size);
    for (int i = 0; i < n; i++) {
        uint8_t *at = bytes + (size_t)i * size;
        for (int k = 0; k < heads; k++)
            *at++ = (uint8_t)(label[i] + k);
        for (int c = 0; c < 3; c++)
            for (int y = 0; y < SIDE; y++)
                for (int x = 0; x < SIDE; x++)
                    *at++ = pixel(file, i, c, y, x);
    }
    data_write_bytes(name, bytes, (size_t)n * size);
    g_free(bytes);
}

static void write_cifar10(void)
{
    data_configure("format", "cifar10");
    data_write("batches.meta.txt", "cat\ndog\nship\n\n");
    static const uint8_t label[] = {2, 0, 1, 2};
    for (int file = 1; file <= 5; file++) {
        char *name = g_strdup_printf("data_batch_%d.bin", file);
        write_cifar(name, file, 1, label, file == 1 ? 4 : 1);
        g_free(name);
    }
    write_cifar("test_batch.bin", 6, 1, label + 2, 2);
}

/* The item is one frame, of these bytes. */
static void assert_picture(const CopDataItem *item, int file, int i)
{
    CopVideoLength length;
    CopFrame frame[2];
    CopError err = {0};
    int n;
    ck_assert_int_eq(cop_source_length(&item->source, item->path, &length, &err), COP_OK);
    ck_assert_int_eq(length.frames, 1);
    ck_assert_int_eq(cop_source_read(&item->source, item->path, 0, 1, NULL, frame, &n, &err),
                     COP_OK);
    ck_assert_int_eq(n, 1);
    ck_assert_int_eq(frame[0].format, COP_PIXEL_RGB);
    ck_assert_int_eq(frame[0].index, 0);
    ck_assert(frame[1].buffer == NULL);
    for (int y = 0; y < SIDE; y++)
        for (int x = 0; x < SIDE; x++)
            for (int c = 0; c < 3; c++)
                ck_assert_int_eq(frame[0].plane[0][y * frame[0].stride[0] + 3 * x + c],
                                 pixel(file, i, c, y, x));
    cop_frame_unref(&frame[0]);
}

START_TEST(cifar10)
{
    write_cifar10();
    data_loads(COP_SPLIT_TRAIN);
    ck_assert_int_eq(data_set.classes.n, 3);
    ck_assert_str_eq(data_set.classes.item[2], "ship");
    ck_assert_int_eq(data_set.n, 8);
    data_item(0, "data_batch_1.bin#0", 2);
    data_item(1, "data_batch_1.bin#1", 0);
    data_item(3, "data_batch_1.bin#3", 2);
    data_item(4, "data_batch_2.bin#0", 2);
    for (int i = 0; i < 4; i++)
        assert_picture(&data_set.item[i], 1, i);
    assert_picture(&data_set.item[7], 5, 0);
    for (int i = 0; i < data_set.n; i++)
        for (int k = 0; k < i; k++)
            ck_assert_uint_ne(data_set.item[i].id, data_set.item[k].id);
    data_loads(COP_SPLIT_TEST);
    ck_assert_int_eq(data_set.n, 2);
    data_item(0, "test_batch.bin#0", 1);
    assert_picture(&data_set.item[1], 6, 1);
}
END_TEST

/* What a net of one frame gets is the picture. */
START_TEST(clips_of_one_frame)
{
    write_cifar10();
    data_loads(COP_SPLIT_TRAIN);
    const CopLoaderOptions options = {.dataset = &data_set,
                                      .sample = {.frames = 1, .stride = 2, .clips = 1},
                                      .prepare = {.resize_h = SIDE,
                                                  .resize_w = SIDE,
                                                  .mean = {0.5, 0.25, 0},
                                                  .std = {0.5, 0.25, 1}},
                                      .batch = 3,
                                      .threads = 2,
                                      .depth = 2};
    CopArena *arena;
    CopTensor x;
    CopLoader *loader;
    CopBatch batch;
    CopError err = {0};
    ck_assert_int_eq(cop_arena_create(&arena, 1 << 22), COP_OK);
    ck_assert_int_eq(cop_tensor_create(&x, arena, 3, 3, 1, SIDE, SIDE, (CopHalo){0}), COP_OK);
    ck_assert_msg(cop_loader_create(&loader, &options, &x, &err) == COP_OK, "%s", err.text);
    static float value[RECORD];
    int seen = 0;
    while (cop_loader_next(loader, &x, &batch, &err) == COP_OK)
        for (int lane = 0; lane < batch.n; lane++, seen++) {
            ck_assert_int_eq(batch.label[lane], data_set.item[seen].label);
            cop_tensor_store_lane(&x, lane, value);
            const int file = seen < 4 ? 1 : seen - 2, i = seen < 4 ? seen : 0;
            for (int at = 0; at < RECORD; at++) {
                const int c = at / PLANE;
                const float unit = (float)pixel(file, i, c, at % PLANE / SIDE, at % SIDE) / 255.0f;
                const float want =
                    (unit - (float)options.prepare.mean[c]) / (float)options.prepare.std[c];
                ck_assert_msg(value[at] == want, "%d %d: %g, not %g", seen, at, (double)value[at],
                              (double)want);
            }
        }
    ck_assert_int_eq(seen, 8);
    cop_loader_destroy(&loader);
    cop_arena_destroy(&arena);
}
END_TEST

START_TEST(cifar100)
{
    static const uint8_t label[] = {1, 0};
    data_configure("format", "cifar100");
    data_write("fine_label_names.txt", "apple\nbee\ncup\n");
    data_write("coarse_label_names.txt", "fruit\ninsect\n");
    write_cifar("train.bin", 1, 2, label, 2);
    write_cifar("test.bin", 2, 2, label + 1, 1);
    data_loads(COP_SPLIT_TRAIN);
    ck_assert_int_eq(data_set.classes.n, 3);
    data_item(0, "train.bin#0", 2);
    data_item(1, "train.bin#1", 1);
    assert_picture(&data_set.item[1], 1, 1);
    data_configure("coarse", "true");
    data_loads(COP_SPLIT_TRAIN);
    ck_assert_str_eq(data_set.classes.item[1], "insect");
    data_item(0, "train.bin#0", 1);
    data_item(1, "train.bin#1", 0);
    assert_picture(&data_set.item[1], 1, 1);
    data_loads(COP_SPLIT_TEST);
    ck_assert_int_eq(data_set.n, 1);
}
END_TEST

START_TEST(cifar_broken)
{
    write_cifar10();
    static const uint8_t label[] = {0, 3};
    write_cifar("data_batch_3.bin", 3, 1, label, 2);
    DATA_REFUSED(COP_SPLIT_TRAIN, COP_ERR_DATA, "data_batch_3.bin: ", "picture 1 has label 3",
                 "0 to 2");
    data_loads(COP_SPLIT_TEST);
    uint8_t *bytes = g_malloc0(2 * (RECORD + 1));
    data_write_bytes("data_batch_3.bin", bytes, 2 * (RECORD + 1) - 1);
    g_free(bytes);
    DATA_REFUSED(COP_SPLIT_TRAIN, COP_ERR_DATA, "data_batch_3.bin: ", "6145 bytes", "3073");
    data_write("data_batch_3.bin", "");
    DATA_REFUSED(COP_SPLIT_TRAIN, COP_ERR_DATA, "data_batch_3.bin: ", "empty");
    data_write("data_batch_3.bin", "\x1f\x8b\x08 no gzip");
    DATA_REFUSED(COP_SPLIT_TRAIN, COP_ERR_DATA, "data_batch_3.bin: ");
    data_write("batches.meta.txt", "\n");
    DATA_REFUSED(COP_SPLIT_TRAIN, COP_ERR_DATA, "batches.meta.txt: ", "no classes");
}
END_TEST

/* --- IDX -------------------------------------------------------------------------- */

enum { IDX_W = 5, IDX_H = 4, IDX_N = 3 };

/* The bytes of a file of n pictures, or of their labels. */
static GByteArray *idx(int n, const uint8_t *label)
{
    GByteArray *out = g_byte_array_new();
    const guint8 images[] = {0, 0, 8, 3, 0, 0, 0, (guint8)n, 0, 0, 0, IDX_H, 0, 0, 0, IDX_W};
    const guint8 labels[] = {0, 0, 8, 1, 0, 0, 0, (guint8)n};
    g_byte_array_append(out, label ? labels : images, label ? sizeof labels : sizeof images);
    for (int i = 0; i < n; i++)
        for (int at = 0; at < (label ? 1 : IDX_H * IDX_W); at++) {
            const guint8 byte = label ? label[i] : pixel(0, i, 0, at / IDX_W, at % IDX_W);
            g_byte_array_append(out, &byte, 1);
        }
    return out;
}

static GByteArray *zipped(GByteArray *plain)
{
    GZlibCompressor *gzip = g_zlib_compressor_new(G_ZLIB_COMPRESSOR_FORMAT_GZIP, 9);
    GByteArray *out = g_byte_array_new();
    gsize read, written;
    g_byte_array_set_size(out, 4096);
    ck_assert_int_eq(g_converter_convert(G_CONVERTER(gzip), plain->data, plain->len, out->data,
                                         out->len, G_CONVERTER_INPUT_AT_END, &read, &written, NULL),
                     G_CONVERTER_FINISHED);
    g_byte_array_set_size(out, (guint)written);
    g_byte_array_unref(plain);
    g_object_unref(gzip);
    return out;
}

static void write_idx(const char *name, GByteArray *bytes)
{
    data_write_bytes(name, bytes->data, bytes->len);
    g_byte_array_unref(bytes);
}

static const uint8_t digits[] = {2, 0, 1};

static void setup_idx(void)
{
    data_set_up();
    data_configure("format", "idx");
    write_idx("train-images-idx3-ubyte.gz", zipped(idx(IDX_N, NULL)));
    write_idx("train-labels-idx1-ubyte", idx(IDX_N, digits));
    write_idx("t10k-images.idx3-ubyte", idx(2, NULL));
    write_idx("t10k-labels.idx1-ubyte.gz", zipped(idx(2, digits + 1)));
}

START_TEST(idx_files)
{
    data_loads(COP_SPLIT_TRAIN);
    ck_assert_int_eq(data_set.classes.n, 3);
    ck_assert_str_eq(data_set.classes.item[2], "2");
    ck_assert_int_eq(data_set.n, IDX_N);
    for (int i = 0; i < IDX_N; i++) {
        char *name = g_strdup_printf("train-images-idx3-ubyte.gz#%d", i);
        data_item(i, name, digits[i]);
        g_free(name);
        const CopDataItem *item = &data_set.item[i];
        CopFrame frame;
        int n;
        ck_assert_int_eq(cop_source_read(&item->source, item->path, 0, 0, NULL, &frame, &n, NULL),
                         COP_OK);
        ck_assert_int_eq(frame.format, COP_PIXEL_GRAY8);
        ck_assert_int_eq(frame.colour.range, COP_RANGE_FULL);
        ck_assert_int_eq(frame.width, IDX_W);
        ck_assert_int_eq(frame.height, IDX_H);
        for (int y = 0; y < IDX_H; y++)
            for (int x = 0; x < IDX_W; x++)
                ck_assert_int_eq(frame.plane[0][y * frame.stride[0] + x], pixel(0, i, 0, y, x));
        cop_frame_unref(&frame);
    }
    data_loads(COP_SPLIT_TEST);
    ck_assert_int_eq(data_set.n, 2);
    data_item(1, "t10k-images.idx3-ubyte#1", 1);
    data_configure("label_base", "1"); /* as in EMNIST's letters */
    DATA_REFUSED(COP_SPLIT_TRAIN, COP_ERR_DATA, "train-labels", "picture 1 has label 0", "1 to 2");
    data_write("names.txt", "a\nb\n");
    char *names = g_build_filename(data_root, "names.txt", NULL);
    data_configure("classes", names);
    data_configure("label_base", "0");
    g_free(names);
    DATA_REFUSED(COP_SPLIT_TRAIN, COP_ERR_DATA, "train-labels", "picture 0 has label 2", "0 to 1");
}
END_TEST

START_TEST(idx_broken)
{
    static const char name[] = "train-images-idx3-ubyte.gz";
    static const struct {
        int at, value;
        const char *word;
    } bad[] = {{0, 1, "no IDX file"},  {2, 9, "no IDX file"}, {3, 1, "no IDX file"},
               {7, 2, "bytes behind"}, {7, 4, "size"},        {11, 0, "dimension 1"},
               {4, 255, "dimension 0"}};
    for (size_t i = 0; i < G_N_ELEMENTS(bad); i++) {
        GByteArray *bytes = idx(IDX_N, NULL);
        bytes->data[bad[i].at] = (guint8)bad[i].value;
        write_idx(name, bytes);
        DATA_REFUSED(COP_SPLIT_TRAIN, COP_ERR_DATA, name, bad[i].word);
    }
    write_idx(name, idx(2, NULL));
    DATA_REFUSED(COP_SPLIT_TRAIN, COP_ERR_DATA, "train-labels-idx1-ubyte: 3 labels for 2");
    data_write_bytes(name, "\0\0\x08\x03", 4);
    DATA_REFUSED(COP_SPLIT_TRAIN, COP_ERR_DATA, name, "no IDX file");
}
END_TEST

/* --- files of pictures --------------------------------------------------------------- */

static void write_png(const char *name, const CopFrame *frame)
{
    void *png;
    size_t size;
    ck_assert_int_eq(cop_png_encode(frame, &png, &size), COP_OK);
    data_write_bytes(name, png, size);
    free(png);
}

/* A folder a class: any kind of picture is a clip of one frame. */
START_TEST(folder_of_pictures)
{
    CopFrame frame;
    help_make(&frame, COP_PIXEL_RGB, 20, 12, 1);
    write_png("train/a/p.png", &frame);
    cop_frame_unref(&frame);
    char *from = g_build_filename(data_root, "train/a", NULL);
    for (int i = 0; i < 5; i++) {
        static const char *const kinds[] = {"jpg", "bmp", "ppm", "tiff", "gif"};
        help_shell("ffmpeg -v error -i %s/p.png %s/p.%s", from, from, kinds[i]);
    }
    help_remove_folder();
    g_free(from);
    data_loads(COP_SPLIT_TRAIN);
    ck_assert_int_eq(data_set.n, 6);
    for (int i = 0; i < data_set.n; i++) {
        const CopDataItem *item = &data_set.item[i];
        CopVideoLength length;
        CopError err = {0};
        int n;
        ck_assert_msg(cop_source_length(&item->source, item->path, &length, &err) == COP_OK, "%s",
                      err.text);
        ck_assert_int_eq(length.frames, 1);
        ck_assert_int_eq(cop_source_read(&item->source, item->path, 0, 0, NULL, &frame, &n, &err),
                         COP_OK);
        ck_assert(n == 1 && frame.width == 20 && frame.height == 12);
        cop_frame_unref(&frame);
    }
}
END_TEST

enum { PICTURES = 5 };

static CopFrame source_of[PICTURES];

/* Pictures 1 to 5 of one clip, "frame_%03d.png". */
static void setup_numbered(void)
{
    data_set_up();
    data_use("mmaction", "lists");
    data_configure("rawframes", "true");
    data_configure("frame_template", "frame_{:03d}.png");
    data_write("lists/train_list_rawframes.txt", "c/one two 5 0\n");
    for (int i = 0; i < PICTURES; i++) {
        char *name = g_strdup_printf("c/one two/frame_%03d.png", i + 1);
        help_make(&source_of[i], COP_PIXEL_RGB, 9, 7, (unsigned)i);
        write_png(name, &source_of[i]);
        g_free(name);
    }
    data_loads(COP_SPLIT_TRAIN);
}

static void teardown_numbered(void)
{
    for (int i = 0; i < PICTURES; i++)
        cop_frame_unref(&source_of[i]);
    data_tear_down();
}

static CopStatus read_numbered(int first, int last, CopFrame *frame, int *n, CopError *err)
{
    *err = (CopError){0};
    return cop_source_read(&data_set.item[0].source, data_set.item[0].path, first, last, NULL,
                           frame, n, err);
}

START_TEST(numbered_pictures)
{
    CopVideoLength length;
    CopFrame frame[8];
    CopError err = {0};
    int n;
    const CopDataItem *item = &data_set.item[0];
    ck_assert_int_eq(cop_source_length(&item->source, item->path, &length, &err), COP_OK);
    ck_assert_int_eq(length.frames, PICTURES);
    ck_assert(length.rate == 0);
    ck_assert_msg(read_numbered(1, 7, frame, &n, &err) == COP_OK, "%s", err.text);
    ck_assert_int_eq(n, PICTURES - 1);
    for (int i = 0; i < n; i++) {
        ck_assert_int_eq(frame[i].index, i + 1);
        ck_assert(help_equal(&frame[i], &source_of[i + 1]));
        cop_frame_unref(&frame[i]);
    }
    ck_assert(frame[n].buffer == NULL);
    ck_assert_int_eq(read_numbered(2, 1, frame, &n, &err), COP_ERR_ARG);
}
END_TEST

/* A hole, or a picture of another size, is the clip's fault; another format is not. */
START_TEST(numbered_pictures_broken)
{
    CopFrame frame[8], other;
    CopError err;
    int n;
    data_write("c/one two/frame_003.png", "P2\n9 7\n255\n" /* a grey one */
                                          "1 2 3 4 5 6 7 8 9  1 2 3 4 5 6 7 8 9  1 2 3 4 5 6 7 8 9 "
                                          "1 2 3 4 5 6 7 8 9  1 2 3 4 5 6 7 8 9  1 2 3 4 5 6 7 8 9 "
                                          "1 2 3 4 5 6 7 8 9\n");
    ck_assert_msg(read_numbered(0, 4, frame, &n, &err) == COP_OK, "%s", err.text);
    for (int x = 0; x < 9; x++)
        for (int c = 0; c < 3; c++)
            ck_assert_int_eq(frame[2].plane[0][3 * x + c], x + 1);
    for (int i = 0; i < n; i++) {
        ck_assert_int_eq(frame[i].format, COP_PIXEL_RGB);
        cop_frame_unref(&frame[i]);
    }
    help_make(&other, COP_PIXEL_RGB, 9, 8, 3);
    write_png("c/one two/frame_003.png", &other);
    cop_frame_unref(&other);
    ck_assert_int_eq(read_numbered(0, 4, frame, &n, &err), COP_ERR_DATA);
    ck_assert_ptr_ne(strstr(err.text, "frame_003.png: is 9x8"), NULL);
    ck_assert_int_eq(n, 0);
    for (int i = 0; i < 5; i++)
        ck_assert(frame[i].buffer == NULL);
    char *path = g_build_filename(data_root, "c/one two/frame_003.png", NULL);
    ck_assert_int_eq(remove(path), 0);
    g_free(path);
    ck_assert_int_eq(read_numbered(1, 4, frame, &n, &err), COP_ERR_DATA);
    ck_assert_ptr_ne(strstr(err.text, "frame_003.png"), NULL);
    ck_assert_msg(read_numbered(3, 4, frame, &n, &err) == COP_OK, "%s", err.text);
    ck_assert_int_eq(n, 2);
    cop_frame_unref(&frame[0]);
    cop_frame_unref(&frame[1]);
}
END_TEST

START_TEST(patterns)
{
    static const char *const good[] = {"img_{:05}.jpg", "{}", "{:05d}.png", "a{:3}b", "%d{:06}"};
    static const char *const bad[] = {"",     "img.jpg",    "{:x}.jpg", "{",
                                      "}{",   "{:05}{:05}", "a/{}.b",   "{0}",
                                      "{:05", "{:}}",       "{-5}",     "{:99999999999}"};
    for (size_t i = 0; i < G_N_ELEMENTS(good); i++)
        ck_assert_msg(cop_picture_pattern_valid(good[i]), "%s", good[i]);
    for (size_t i = 0; i < G_N_ELEMENTS(bad); i++)
        ck_assert_msg(!cop_picture_pattern_valid(bad[i]), "%s", bad[i]);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("data pictures");
    TCase *cifar = tcase_create("cifar"), *idx_case = tcase_create("idx");
    TCase *files = tcase_create("files"), *numbered = tcase_create("numbered");
    tcase_add_checked_fixture(cifar, data_set_up, data_tear_down);
    tcase_add_test(cifar, cifar10);
    tcase_add_test(cifar, clips_of_one_frame);
    tcase_add_test(cifar, cifar100);
    tcase_add_test(cifar, cifar_broken);
    suite_add_tcase(suite, cifar);
    tcase_add_checked_fixture(idx_case, setup_idx, data_tear_down);
    tcase_add_test(idx_case, idx_files);
    tcase_add_test(idx_case, idx_broken);
    suite_add_tcase(suite, idx_case);
    tcase_add_checked_fixture(files, data_set_up, data_tear_down);
    tcase_add_test(files, folder_of_pictures);
    tcase_add_test(files, patterns);
    suite_add_tcase(suite, files);
    tcase_add_checked_fixture(numbered, setup_numbered, teardown_numbered);
    tcase_add_test(numbered, numbered_pictures);
    tcase_add_test(numbered, numbered_pictures_broken);
    suite_add_tcase(suite, numbered);
    SRunner *runner = srunner_create(suite);
    srunner_run_all(runner, CK_NORMAL);
    const int failed = srunner_ntests_failed(runner);
    srunner_free(runner);
    return failed ? 1 : 0;
}
