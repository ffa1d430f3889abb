/* Lists of other data sets: HMDB51, Kinetics, SlowFast, Something-Something, MMAction2, ours.
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#include <glib.h>
#include <gst/check/check.h>
#include <stdlib.h>
#include <string.h>

#include "tests/data_help.h"

/* A list with each of these lines third is refused by place and words. */
typedef struct Bad {
    const char *line, *words[3];
} Bad;

static void refuse_lines(const char *name, const char *head, const Bad *bad, size_t n)
{
    const char *base = strrchr(name, '/') + 1;
    char *place = g_strconcat(base, ":3: ", NULL);
    for (size_t i = 0; i < n; i++) {
        char *text = g_strconcat(head, bad[i].line, "\n", NULL);
        data_write(name, text);
        g_free(text);
        DATA_REFUSED(COP_SPLIT_TRAIN, COP_ERR_DATA, place, bad[i].words[0], bad[i].words[1],
                     bad[i].words[2]);
    }
    g_free(place);
}

/* --- hmdb51 ----------------------------------------------------------------------- */

static void setup_hmdb51(void)
{
    data_set_up();
    data_use("hmdb51", "lists");
    data_write("lists/ride_bike_test_split1.txt", "#437_How_To_Ride A Bike&_f_cm_0.avi 1 \r\n"
                                                  "b 2 1.avi 2 \r\n"
                                                  "c.avi 0 \r\n");
    data_write("lists/Zoo_test_split1.txt", "z.avi 2\ny.avi 1\n\n");
    data_write("lists/brush_hair_test_split1.txt", "April_09_brush_hair_u_nm_np1_ba_goo_0.avi 1\n");
    data_write("lists/brush_hair_test_split2.txt", "other.avi 2\nmore.avi 1\n");
    data_write("lists/readme.txt", "no list");
}

START_TEST(hmdb51)
{
    data_loads(COP_SPLIT_TRAIN);
    ck_assert_int_eq(data_set.classes.n, 3);
    ck_assert_str_eq(data_set.classes.item[0], "Zoo");
    ck_assert_str_eq(data_set.classes.item[1], "brush_hair");
    ck_assert_str_eq(data_set.classes.item[2], "ride_bike");
    ck_assert_int_eq(data_set.n, 3);
    data_item(0, "Zoo/y.avi", 0);
    data_item(1, "brush_hair/April_09_brush_hair_u_nm_np1_ba_goo_0.avi", 1);
    data_item(2, "ride_bike/#437_How_To_Ride A Bike&_f_cm_0.avi", 2);
    data_loads(COP_SPLIT_TEST);
    ck_assert_int_eq(data_set.n, 2);
    data_item(0, "Zoo/z.avi", 0);
    data_item(1, "ride_bike/b 2 1.avi", 2);
    data_configure("fold", "2");
    DATA_REFUSED(COP_SPLIT_TEST, COP_ERR_DATA, "Zoo_test_split2.txt");
    data_write("lists/Zoo_test_split2.txt", "z.avi 0\n");
    data_write("lists/ride_bike_test_split2.txt", "c.avi 2\n");
    data_loads(COP_SPLIT_TEST);
    ck_assert_int_eq(data_set.classes.n, 3);
    ck_assert_int_eq(data_set.n, 2);
    data_item(0, "brush_hair/other.avi", 1);
    data_item(1, "ride_bike/c.avi", 2);
    data_use("hmdb51", "media");
    data_write("media/readme.txt", "no list");
    DATA_REFUSED(COP_SPLIT_TEST, COP_ERR_DATA, "media", "_test_split2.txt");
}
END_TEST

START_TEST(hmdb51_broken)
{
    static const Bad bad[] = {
        {"d.avi 3", {"3; ", "0 (unused)", NULL}},   {"d.avi -1", {"-1; ", NULL, NULL}},
        {"d.avi", {"not of the form", NULL, NULL}}, {"d.avi one", {"not of the form", NULL, NULL}},
        {"1", {"not of the form", NULL, NULL}},     {"../d.avi 1", {"not of the form", NULL, NULL}},
        {"a.avi 2", {"line 1 too", NULL, NULL}},
    };
    refuse_lines("lists/Zoo_test_split1.txt", "a.avi 1\nb.avi 2\n", bad, G_N_ELEMENTS(bad));
    data_configure("annotation", "");
    DATA_REFUSED(COP_SPLIT_TRAIN, COP_ERR_CONFIG, "data.annotation", "hmdb51");
    data_configure("annotation", "/nowhere");
    DATA_REFUSED(COP_SPLIT_TRAIN, COP_ERR_DATA, "/nowhere");
}
END_TEST

/* --- kinetics --------------------------------------------------------------------- */

#define KINETICS "label,youtube_id,time_start,time_end,split,is_cc\n"

static void setup_kinetics(void)
{
    data_set_up();
    data_use("kinetics", "lists");
    data_write("lists/train.csv", KINETICS "\"b c\",x1,3,13,train,0\n"
                                           "\"a, \"\"z\"\"\",x2,0,10,train,1\n");
    data_write("lists/validate.csv", KINETICS "b c,y1,1,11,validate,0\n");
    data_write("lists/test.csv", "youtube_id,time_start,time_end,split\nz1,123456,1234567,test\n");
}

START_TEST(kinetics)
{
    data_loads(COP_SPLIT_TRAIN);
    ck_assert_int_eq(data_set.classes.n, 2);
    ck_assert_str_eq(data_set.classes.item[0], "a, \"z\"");
    ck_assert_int_eq(data_set.n, 2);
    /* No folder is there: named by the label, and missing when it is opened. */
    data_item(0, "train/b c/x1_000003_000013.mp4", 1);
    data_item(1, "train/a, \"z\"/x2_000000_000010.mp4", 0);
    data_loads(COP_SPLIT_TEST);
    ck_assert_int_eq(data_set.n, 1);
    data_item(0, "val/b c/y1_000001_000011.mp4", 1);
    data_configure("test_split", "test");
    data_loads(COP_SPLIT_TEST);
    ck_assert_int_eq(data_set.n, 1);
    ck_assert_int_eq(data_set.classes.n, 2);
    data_item(0, "test/z1_123456_1234567.mp4", -1);
}
END_TEST

/* Folders as people have them. */
START_TEST(kinetics_folders)
{
    data_write("validation/b_c/y1_000001_000011.mp4", "");
    data_loads(COP_SPLIT_TEST);
    data_item(0, "validation/b_c/y1_000001_000011.mp4", 1);
    data_write("validation/b c/y1_000001_000011.mp4", "");
    data_loads(COP_SPLIT_TEST);
    data_item(0, "validation/b c/y1_000001_000011.mp4", 1);
    data_write("val/x", "");
    data_write("lists/my.csv", KINETICS "b c,w,1,2,x,0\n");
    data_configure("test_list", "my.csv");
    data_loads(COP_SPLIT_TEST);
    data_item(0, "val/b c/w_000001_000002.mp4", 1);
    /* As torchvision makes them. */
    data_write("lists/train.csv",
               KINETICS "petting animal (not cat),p,1,2,x,0\nmassaging person's head,m,1,2,x,0\n");
    data_write("train/petting_animal_not_cat/x", "");
    data_write("train/massaging_persons_head/x", "");
    data_loads(COP_SPLIT_TRAIN);
    data_item(0, "train/petting_animal_not_cat/p_000001_000002.mp4", 1);
    data_item(1, "train/massaging_persons_head/m_000001_000002.mp4", 0);
}
END_TEST

START_TEST(kinetics_broken)
{
    static const Bad bad[] = {
        {",x2,1,2,train,0", {"without a label", NULL, NULL}},
        {"a,,1,2,train,0", {"youtube_id", NULL, NULL}},
        {"a,../x,1,2,train,0", {"youtube_id", NULL, NULL}},
        {"a,x2,1.5,2,train,0", {"\"1.5\"", "whole seconds", NULL}},
        {"a,x2,3,2,train,0", {"whole seconds", NULL, NULL}},
        {"a,x2", {"whole seconds", NULL, NULL}},
        {"a,x2,1,2,train,0,7", {"7 fields under 6 columns", NULL, NULL}},
        {"\"a,x2,1,2,train,0", {"quote", NULL, NULL}},
        {"\"a\"b,x2,1,2,train,0", {"quote", NULL, NULL}},
        {"a/b,x2,1,2,train,0", {"no name of a folder", NULL, NULL}},
        {"a,x1,1,2,train,0", {"line 2 too", NULL, NULL}},
    };
    refuse_lines("lists/train.csv", KINETICS "a,x1,1,2,train,0\n", bad, G_N_ELEMENTS(bad));
    data_write("lists/train.csv", "label,youtube_id,time_start\na,x,1\n");
    DATA_REFUSED(COP_SPLIT_TRAIN, COP_ERR_DATA, "train.csv: ", "\"time_end\"");
    data_write("lists/train.csv", "\n");
    DATA_REFUSED(COP_SPLIT_TRAIN, COP_ERR_DATA, "train.csv: ", "header");
    data_write("lists/train.csv", KINETICS);
    DATA_REFUSED(COP_SPLIT_TRAIN, COP_ERR_DATA, "train.csv: ", "no clips");
    data_write("lists/train.csv", KINETICS "a,x,1,2,train,0\n");
    DATA_REFUSED(COP_SPLIT_TEST, COP_ERR_DATA, "validate.csv:2: ", "\"b c\"", "training table");
}
END_TEST

/* --- lists with numbers ----------------------------------------------------------- */

static void setup_slowfast(void)
{
    data_set_up();
    data_use("slowfast", "lists");
}

START_TEST(slowfast)
{
    char *text = g_strconcat("a b.mp4 1\r\n", data_root, "/c/d.mp4\t0\n./e.mp4 2\n", NULL);
    data_write("lists/train.csv", text);
    g_free(text);
    data_write("lists/val.csv", "v.mp4 2\n");
    data_write("lists/test.csv", "t.mp4 0\n");
    data_loads(COP_SPLIT_TRAIN);
    ck_assert_int_eq(data_set.classes.n, 3);
    ck_assert_str_eq(data_set.classes.item[2], "2");
    ck_assert_int_eq(data_set.n, 3);
    data_item(0, "a b.mp4", 1);
    data_item(1, "c/d.mp4", 0);
    data_item(2, "e.mp4", 2);
    data_loads(COP_SPLIT_TEST);
    data_item(0, "v.mp4", 2);
    data_configure("test_split", "test");
    data_loads(COP_SPLIT_TEST);
    data_item(0, "t.mp4", 0);
    ck_assert_int_eq(data_set.classes.n, 3);
    static const char *const lines[] = {"a b.mp4,0\nc,d.mp4,1\n", "a b.mp4;0\nc,d.mp4;1\n",
                                        "a b.mp4\t0\nc,d.mp4\t1\n"};
    static const char *const names[] = {"comma", "semicolon", "tab"};
    for (int i = 0; i < 3; i++) {
        data_write("lists/train.csv", lines[i]);
        data_configure("separator", names[i]);
        data_loads(COP_SPLIT_TRAIN);
        ck_assert_int_eq(data_set.n, 2);
        data_item(0, "a b.mp4", 0);
        data_item(1, "c,d.mp4", 1);
    }
}
END_TEST

START_TEST(slowfast_broken)
{
    static const Bad bad[] = {
        {"a.mp4", {"not of the form", "blank", NULL}},
        {"a.mp4 x", {"not of the form", NULL, NULL}},
        {"0", {"not of the form", NULL, NULL}},
        {"../a.mp4 0", {"../a.mp4", "data.root", NULL}},
        {"/elsewhere/a.mp4 0", {"/elsewhere/a.mp4", "data.root", NULL}},
        {"b.mp4 1", {"line 2 too", NULL, NULL}},
        {"a.mp4 -1", {"label -1", "from 0 on", NULL}},
        {"a.mp4 99999999", {"label 99999999", NULL, NULL}},
    };
    refuse_lines("lists/train.csv", "c.mp4 0\nb.mp4 1\n", bad, G_N_ELEMENTS(bad));
    data_write_bytes("lists/train.csv", "a\0b 0\n", 6);
    DATA_REFUSED(COP_SPLIT_TRAIN, COP_ERR_DATA, "train.csv: ", "plain text");
    data_write("lists/train.csv", "\n\n");
    DATA_REFUSED(COP_SPLIT_TRAIN, COP_ERR_DATA, "train.csv: ", "no clips");
}
END_TEST

/* The commonest fault of lists that people make. */
START_TEST(labels_from_one)
{
    data_write("lists/train.csv", "a 1\nb 3\nc 2\n");
    data_write("lists/val.csv", "d 3\n");
    DATA_REFUSED(COP_SPLIT_TRAIN, COP_ERR_DATA, "train.csv:2: label 3", "1 to 3", "1-based",
                 "data.label_base = 1");
    data_configure("label_base", "1");
    data_loads(COP_SPLIT_TRAIN);
    ck_assert_int_eq(data_set.classes.n, 3);
    ck_assert_str_eq(data_set.classes.item[0], "1");
    data_item(0, "a", 0);
    data_item(1, "b", 2);
    data_loads(COP_SPLIT_TEST);
    data_item(0, "d", 2);
    data_write("lists/val.csv", "d 0\n");
    DATA_REFUSED(COP_SPLIT_TEST, COP_ERR_DATA, "val.csv:1: label 0", "1 to 3");
    data_write("lists/train.csv", "a 0\nb 1\n");
    DATA_REFUSED(COP_SPLIT_TRAIN, COP_ERR_DATA, "train.csv:1: label 0", "from 1 on");
}
END_TEST

START_TEST(labels_with_gaps)
{
    data_write("lists/train.csv", "a 0\nb 1\nc 4\nd 3\n");
    data_write("lists/val.csv", "e 2\n");
    DATA_REFUSED(COP_SPLIT_TRAIN, COP_ERR_DATA, "train.csv:3: label 4", "no line has label 2",
                 "data.classes");
    data_write("names.txt", "A\nB\nC\r\nD\nE\nF F\n\n");
    char *names = g_build_filename(data_root, "names.txt", NULL);
    data_configure("classes", names);
    data_loads(COP_SPLIT_TRAIN);
    ck_assert_int_eq(data_set.classes.n, 6);
    ck_assert_str_eq(data_set.classes.item[2], "C");
    ck_assert_str_eq(data_set.classes.item[5], "F F");
    data_item(2, "c", 4);
    data_loads(COP_SPLIT_TEST);
    data_item(0, "e", 2);
    data_write("lists/train.csv", "a 1\nb 6\n");
    DATA_REFUSED(COP_SPLIT_TRAIN, COP_ERR_DATA, "train.csv:2: label 6", "6 classes are 0 to 5",
                 "data.label_base = 1");
    data_write("lists/train.csv", "a 1\nb 7\n");
    DATA_REFUSED(COP_SPLIT_TRAIN, COP_ERR_DATA, "train.csv:2: label 7", "0 to 5");
    data_write("names.txt", "A\nB\nA\n");
    DATA_REFUSED(COP_SPLIT_TRAIN, COP_ERR_DATA, "names.txt:3: ", "line 1");
    data_write("names.txt", "\n");
    DATA_REFUSED(COP_SPLIT_TRAIN, COP_ERR_DATA, "names.txt: ", "no classes");
    data_configure("classes", "/nowhere.txt");
    DATA_REFUSED(COP_SPLIT_TRAIN, COP_ERR_DATA, "/nowhere.txt");
    g_free(names);
}
END_TEST

START_TEST(mmaction)
{
    data_use("mmaction", "lists");
    data_write("lists/train_list_videos.txt", "c/a b.mp4 1\nc/d.mp4 0\n");
    data_write("lists/val_list_videos.txt", "e.mp4 1\n");
    data_write("lists/mine.txt", "f.mp4 0\n");
    data_loads(COP_SPLIT_TRAIN);
    ck_assert_int_eq(data_set.n, 2);
    data_item(0, "c/a b.mp4", 1);
    data_item(1, "c/d.mp4", 0);
    ck_assert(data_set.item[0].source.pattern == NULL);
    data_loads(COP_SPLIT_TEST);
    data_item(0, "e.mp4", 1);
    data_configure("test_list", "mine.txt");
    data_loads(COP_SPLIT_TEST);
    data_item(0, "f.mp4", 0);
    static const Bad bad[] = {
        {"a.mp4", {"not of the form", "path label", NULL}},
        {"a.mp4 1 2 3", {"more numbers", "data.rawframes", NULL}},
        {"/a.mp4 1", {"/a.mp4", "data.root", NULL}},
        {"x.mp4 1", {"line 1 too", NULL, NULL}},
    };
    refuse_lines("lists/train_list_videos.txt", "x.mp4 0\ny.mp4 1\n", bad, G_N_ELEMENTS(bad));
}
END_TEST

START_TEST(mmaction_rawframes)
{
    data_use("mmaction", "lists");
    data_configure("rawframes", "true");
    data_write("lists/train_list_rawframes.txt", "c/a b 17 1\nc/d 1 0\n");
    data_loads(COP_SPLIT_TRAIN);
    ck_assert_int_eq(data_set.n, 2);
    data_item(0, "c/a b", 1);
    data_item(1, "c/d", 0);
    const CopFrameSource *source = &data_set.item[0].source;
    ck_assert_str_eq(source->pattern, "img_{:05}.jpg");
    ck_assert_int_eq(source->first, 1);
    ck_assert_int_eq(source->frames, 17);
    static const Bad bad[] = {
        {"a 1", {"not of the form", "folder frames label", NULL}},
        {"a 0 1", {"0 frames", NULL, NULL}},
        {"a 1000001 1", {"1000001 frames", "1 to 1000000", NULL}},
        {"a 2147483647 1", {"2147483647 frames", "1 to 1000000", NULL}},
        {"a 3 1 2", {"more numbers", NULL, NULL}},
        {"a b 1", {"not of the form", NULL, NULL}},
    };
    refuse_lines("lists/train_list_rawframes.txt", "x 5 0\ny 5 1\n", bad, G_N_ELEMENTS(bad));
    data_configure("frame_template", "img_05.jpg");
    DATA_REFUSED(COP_SPLIT_TRAIN, COP_ERR_CONFIG, "data.frame_template", "img_05.jpg");
}
END_TEST

/* --- manifest --------------------------------------------------------------------- */

START_TEST(manifest_names)
{
    data_use("manifest", "lists");
    data_write("lists/train.tsv", "path\tlabel\tframes\tsha1\r\n"
                                  "a \"b\".mp4\twalk, run\t12\tabc\r\n"
                                  "c.mp4\tJump\r\n"
                                  "\r\n"
                                  "d.mp4\twalk, run\t\r\n");
    data_write("lists/val.tsv", "label\tpath\tstart\tend\nJump\te.mp4\n\tf.mp4\n");
    data_loads(COP_SPLIT_TRAIN);
    ck_assert_int_eq(data_set.classes.n, 2);
    ck_assert_str_eq(data_set.classes.item[0], "Jump");
    ck_assert_int_eq(data_set.n, 3);
    data_item(0, "a \"b\".mp4", 1);
    data_item(1, "c.mp4", 0);
    data_item(2, "d.mp4", 1);
    data_loads(COP_SPLIT_TEST);
    ck_assert_int_eq(data_set.n, 2);
    data_item(0, "e.mp4", 0);
    data_item(1, "f.mp4", -1);
}
END_TEST

START_TEST(manifest_numbers)
{
    data_use("manifest", "lists");
    data_write("lists/train.tsv", "path\tlabel\na\t0\nb\t1\n");
    data_write("lists/val.tsv", "path\tlabel\nc\t1\nd\n");
    data_loads(COP_SPLIT_TEST);
    ck_assert_int_eq(data_set.classes.n, 2);
    ck_assert_int_eq(data_set.n, 2);
    data_item(0, "c", 1);
    data_item(1, "d", -1);
    /* A file of classes gives meaning to both. */
    data_write("names.txt", "zero\none\ntwo\n");
    char *names = g_build_filename(data_root, "names.txt", NULL);
    data_configure("classes", names);
    g_free(names);
    data_write("lists/train.tsv", "path\tlabel\na\ttwo\nb\t1\n");
    data_loads(COP_SPLIT_TRAIN);
    data_item(0, "a", 2);
    data_item(1, "b", 1);
}
END_TEST

START_TEST(manifest_broken)
{
    data_use("manifest", "lists");
    static const Bad bad[] = {
        {"a.mp4", {"without a label", NULL, NULL}},
        {"../a.mp4\tx", {"../a.mp4", "data.root", NULL}},
        {"a.mp4\tx\t3", {"start", "\"3\"", "must be empty"}},
        {"x.mp4\ty", {"line 2 too", NULL, NULL}},
        {"a.mp4\tx\t\t\t5", {"5 fields under 3", NULL, NULL}},
    };
    refuse_lines("lists/train.tsv", "path\tlabel\tstart\nx.mp4\tx\n", bad, G_N_ELEMENTS(bad));
    data_write("lists/train.tsv", "path label\na b\n");
    DATA_REFUSED(COP_SPLIT_TRAIN, COP_ERR_DATA, "train.tsv: ", "\"path label\"", "tabs");
    data_write("lists/train.tsv", "path\tsha1\na\tb\n");
    DATA_REFUSED(COP_SPLIT_TRAIN, COP_ERR_DATA, "train.tsv: ", "no column \"label\"");
    data_write("lists/train.tsv", "path\tlabel\na\tx\n");
    data_write("lists/val.tsv", "path\tlabel\nb\ty\n");
    DATA_REFUSED(COP_SPLIT_TEST, COP_ERR_DATA, "val.tsv:2: ", "\"y\"", "training clips");
}
END_TEST

/* --- something-something ----------------------------------------------------------- */

static void setup_ssv2(void)
{
    data_set_up();
    data_use("ssv2", "lists");
    data_write("lists/labels.json", "{\"Holding something\": \"1\", \"Turning something upside "
                                    "down\": \"0\", \"Putting something on something\": \"2\"}");
    data_write("lists/train.json",
               "[{\"id\": \"78687\", \"label\": \"holding potato next to vicks\", \"template\": "
               "\"Holding [something]\", \"placeholders\": [\"potato\"]},\n"
               "{\"id\": 42326, \"template\": \"Putting [something] on [something]\"}]");
    data_write("lists/validation.json",
               "[{\"id\": \"7\", \"template\": \"Turning [something] upside down\"}]");
    data_write("lists/test.json", "[{\"id\": \"1420\"}, {\"id\": \"3\"}]");
}

START_TEST(ssv2)
{
    data_loads(COP_SPLIT_TRAIN);
    ck_assert_int_eq(data_set.classes.n, 3);
    ck_assert_str_eq(data_set.classes.item[0], "Turning something upside down");
    ck_assert_str_eq(data_set.classes.item[1], "Holding something");
    ck_assert_int_eq(data_set.n, 2);
    data_item(0, "78687.webm", 1);
    data_item(1, "42326.webm", 2);
    data_loads(COP_SPLIT_TEST);
    ck_assert_int_eq(data_set.n, 1);
    data_item(0, "7.webm", 0);
    data_configure("test_split", "test");
    data_loads(COP_SPLIT_TEST);
    ck_assert_int_eq(data_set.n, 2);
    data_item(0, "1420.webm", -1);
    data_write("lists/mine.json", "[]");
    data_configure("train_list", "mine.json");
    DATA_REFUSED(COP_SPLIT_TRAIN, COP_ERR_DATA, "no training clips");
    /* The spelling of the first release. */
    data_use("ssv2", "old");
    data_configure("train_list", "");
    data_write("old/something-something-v2-labels.json", "{\"Holding something\": \"0\"}");
    data_write("old/something-something-v2-train.json",
               "[{\"id\": \"5\", \"template\": \"Holding [something]\"}]");
    data_loads(COP_SPLIT_TRAIN);
    data_item(0, "5.webm", 0);
}
END_TEST

START_TEST(ssv2_broken)
{
    static const struct {
        const char *file, *text, *words[3];
    } bad[] = {
        {"train",
         "[{\"id\": \"1\", \"template\": \"Eating [something]\"}]",
         {"entry 1", "Eating something", "labels"}},
        {"train", "[{\"id\": \"1\"}]", {"entry 1", "no template", NULL}},
        {"train", "[{\"template\": \"Holding [something]\"}]", {"entry 1", "no id", NULL}},
        {"train", "[7]", {"entry 1", "no id", NULL}},
        {"train", "[{\"id\": \"../x\", \"template\": \"Holding [something]\"}]", {"no id", NULL}},
        {"train",
         "[{\"id\": \"1\", \"template\": \"Holding [something]\"},"
         "{\"id\": 1, \"template\": \"Holding [something]\"}]",
         {"entries 1 and 2", NULL, NULL}},
        {"train", "{}", {"not a JSON list", NULL, NULL}},
        {"train", "[{\"id\": ", {"train.json", NULL, NULL}},
        {"train", "", {"train.json", NULL, NULL}},
        {"labels", "[]", {"not a JSON object", NULL, NULL}},
        {"labels", "{}", {"no classes", NULL, NULL}},
        {"labels", "{\"a\": \"0\", \"b\": \"2\"}", {"\"b\"", "number 2", "0 to 1"}},
        {"labels", "{\"a\": \"0\", \"b\": \"0\"}", {"\"b\"", "number 0", NULL}},
        {"labels", "{\"a\": \"x\"}", {"\"a\"", "number x", NULL}},
        {"labels", "{\"a\": null}", {"\"a\"", "none", NULL}},
    };
    for (size_t i = 0; i < G_N_ELEMENTS(bad); i++) {
        char *name = g_strdup_printf("lists/%s.json", bad[i].file);
        data_write(name, bad[i].text);
        DATA_REFUSED(COP_SPLIT_TRAIN, COP_ERR_DATA, bad[i].file, bad[i].words[0], bad[i].words[1],
                     bad[i].words[2]);
        g_free(name);
    }
}
END_TEST

static TCase *add_case(Suite *suite, const char *name, SFun setup)
{
    TCase *tcase = tcase_create(name);
    tcase_add_checked_fixture(tcase, setup, data_tear_down);
    suite_add_tcase(suite, tcase);
    return tcase;
}

int main(void)
{
    Suite *suite = suite_create("data formats");
    TCase *tcase = add_case(suite, "hmdb51", setup_hmdb51);
    tcase_add_test(tcase, hmdb51);
    tcase_add_test(tcase, hmdb51_broken);
    tcase = add_case(suite, "kinetics", setup_kinetics);
    tcase_add_test(tcase, kinetics);
    tcase_add_test(tcase, kinetics_folders);
    tcase_add_test(tcase, kinetics_broken);
    tcase = add_case(suite, "slowfast", setup_slowfast);
    tcase_add_test(tcase, slowfast);
    tcase_add_test(tcase, slowfast_broken);
    tcase_add_test(tcase, labels_from_one);
    tcase_add_test(tcase, labels_with_gaps);
    tcase = add_case(suite, "mmaction", data_set_up);
    tcase_add_test(tcase, mmaction);
    tcase_add_test(tcase, mmaction_rawframes);
    tcase = add_case(suite, "manifest", data_set_up);
    tcase_add_test(tcase, manifest_names);
    tcase_add_test(tcase, manifest_numbers);
    tcase_add_test(tcase, manifest_broken);
    tcase = add_case(suite, "ssv2", setup_ssv2);
    tcase_add_test(tcase, ssv2);
    tcase_add_test(tcase, ssv2_broken);
    SRunner *runner = srunner_create(suite);
    srunner_run_all(runner, CK_NORMAL);
    const int failed = srunner_ntests_failed(runner);
    srunner_free(runner);
    return failed ? 1 : 0;
}
