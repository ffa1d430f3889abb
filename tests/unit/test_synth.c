/* Drawn data sets: that the motion is there, that nothing else tells it, and the
 * layout on disk.
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#include <glib.h>
#include <glib/gstdio.h>
#include <gst/check/check.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "pipeline/data/dataset.h"
#include "pipeline/data/synth.h"
#include "pipeline/media/convert.h"
#include "pipeline/media/decode.h"

enum { SIZE = 128, FRAMES = 32, CLIPS = 12 };

static const double turn = 6.283185307179586;

static CopSynthClip clip_of(CopMotion motion, int number)
{
    return (CopSynthClip){cop_rng_key(7, "synth"), motion, (uint32_t)number / 4, (uint32_t)number};
}

/* --- looking at pixels ------------------------------------------------------------ */

/* What one bare frame shows: the sprite's centre on the torus and its area, in
 * pixels, and its brightness around the centre in steps of two degrees. */
enum { STEPS = 180 };
typedef struct Seen {
    double x, y, area, profile[STEPS];
} Seen;

static double level(const CopFrame *frame, int x, int y)
{
    const uint8_t *p = frame->plane[0] + y * frame->stride[0] + 3 * x;
    return p[0] + p[1] + p[2];
}

static double bilinear(const CopFrame *frame, double x, double y)
{
    const int x0 = (int)floor(x), y0 = (int)floor(y);
    const double u = x - x0, v = y - y0;
    const int xa = x0 & (SIZE - 1), xb = (x0 + 1) & (SIZE - 1);
    const int ya = y0 & (SIZE - 1), yb = (y0 + 1) & (SIZE - 1);
    return (1 - v) * ((1 - u) * level(frame, xa, ya) + u * level(frame, xb, ya)) +
           v * ((1 - u) * level(frame, xa, yb) + u * level(frame, xb, yb));
}

static void look(const CopSynthScene *scene, const CopSynthClip *clip, int t, Seen *seen)
{
    CopFrame frame;
    ck_assert_int_eq(cop_frame_alloc(&frame, COP_PIXEL_RGB, SIZE, SIZE), COP_OK);
    cop_synth_draw(scene, t, true, &frame);
    /* On a torus the mean is that of directions. */
    double cx = 0, sx = 0, cy = 0, sy = 0;
    *seen = (Seen){0};
    for (int y = 0; y < SIZE; y++)
        for (int x = 0; x < SIZE; x++)
            if (level(&frame, x, y) > 24) {
                seen->area++;
                cx += cos(turn * (x + 0.5) / SIZE);
                sx += sin(turn * (x + 0.5) / SIZE);
                cy += cos(turn * (y + 0.5) / SIZE);
                sy += sin(turn * (y + 0.5) / SIZE);
            }
    seen->x = atan2(sx, cx) / turn * SIZE;
    seen->y = atan2(sy, cy) / turn * SIZE;
    const CopSynthPose pose = cop_synth_pose(clip, t);
    for (int i = 0; i < STEPS; i++)
        for (int ring = 2; ring <= 10; ring++) {
            const double r = pose.radius * SIZE * ring / 10, angle = turn * i / STEPS;
            seen->profile[i] += bilinear(&frame, pose.x * SIZE - 0.5 + r * cos(angle),
                                         pose.y * SIZE - 0.5 + r * sin(angle));
        }
    cop_frame_unref(&frame);
}

/* From b to a on the torus, the short way. */
static double difference(double a, double b)
{
    return remainder(a - b, SIZE);
}

/* Steps of two degrees, clockwise, that bring profile a onto profile b. */
static int rotation(const Seen *a, const Seen *b)
{
    int best = 0;
    double least = INFINITY;
    for (int shift = -10; shift <= 10; shift++) {
        double error = 0;
        for (int i = 0; i < STEPS; i++)
            error += fabs(a->profile[i] - b->profile[(i + shift + STEPS) % STEPS]);
        if (error < least) {
            least = error;
            best = shift;
        }
    }
    return best;
}

/* Sums over a clip, in pixels of SIZE, degrees and factors. */
typedef struct Motion {
    double dx, dy, path, angle, swing;
    int grows, shrinks;
} Motion;

static Motion watch(const CopSynthClip *clip)
{
    Motion motion = {0};
    CopSynthScene *scene;
    ck_assert_int_eq(cop_synth_open(&scene, clip), COP_OK);
    Seen before, seen;
    look(scene, clip, 0, &before);
    for (int t = 1; t < FRAMES; t++) {
        look(scene, clip, t, &seen);
        const double dx = difference(seen.x, before.x), dy = difference(seen.y, before.y);
        const double angle = 2 * rotation(&before, &seen);
        motion.dx += dx;
        motion.dy += dy;
        motion.path += hypot(dx, dy);
        motion.angle += angle;
        motion.swing += fabs(angle);
        motion.grows += seen.area > before.area * 1.03;
        motion.shrinks += seen.area < before.area / 1.03;
        before = seen;
    }
    cop_synth_close(&scene);
    return motion;
}

/* What every clip of class _i shows. Speeds are in synth_motion.c: 0.025 to 0.045
 * widths a frame, 8 to 13 degrees, four to six per cent of size; every
 * sprite may drift by 0.004 widths and 0.7 degrees. */
START_TEST(motion_is_seen)
{
    const double moves = 0.9 * (0.025 - 0.004) * SIZE * (FRAMES - 1);
    const double drifts = 0.004 * SIZE * (FRAMES - 1) + 4;
    for (int number = 0; number < CLIPS; number++) {
        const CopSynthClip clip = clip_of((CopMotion)_i, number);
        const Motion m = watch(&clip);
        const bool left = m.dx<-moves, right = m.dx> moves;
        const bool up = m.dy<-moves, down = m.dy> moves;
        const bool clockwise = m.angle > 31 * 4, counter = m.angle < -31 * 4;
        const bool in = m.grows > 20 && m.shrinks<4, out = m.shrinks> 20 && m.grows < 4;
        const bool steady = m.grows + m.shrinks < 8;
        const bool stays = hypot(m.dx, m.dy) < drifts + 0.35 * SIZE;
        const bool far = m.path > 31 * 2.5;
        bool as_named = false;
        switch ((CopMotion)_i) {
        case COP_MOTION_LEFT:
            as_named = left && !up && !down && steady;
            break;
        case COP_MOTION_RIGHT:
            as_named = right && !up && !down && steady;
            break;
        case COP_MOTION_UP:
            as_named = up && !left && !right && steady;
            break;
        case COP_MOTION_DOWN:
            as_named = down && !left && !right && steady;
            break;
        case COP_MOTION_CLOCKWISE:
            as_named = clockwise && !far && steady;
            break;
        case COP_MOTION_COUNTERCLOCKWISE:
            as_named = counter && !far && steady;
            break;
        case COP_MOTION_ZOOM_IN:
            as_named = in && !out && !far;
            break;
        case COP_MOTION_ZOOM_OUT:
            as_named = out && !in && !far;
            break;
        case COP_MOTION_SHAKE:
        case COP_MOTION_BOUNCE:
        case COP_MOTION_ORBIT:
            as_named = far && stays && steady;
            break;
        case COP_MOTION_ROCK:
            as_named = !far && fabs(m.angle) < 100 && m.swing > 100 && steady;
            break;
        case COP_MOTION_COUNT:
            break;
        }
        ck_assert_msg(
            as_named, "%s %d: dx %.1f dy %.1f path %.1f angle %.0f swing %.0f grows %d shrinks %d",
            cop_motion_names[_i], number, m.dx, m.dy, m.path, m.angle, m.swing, m.grows, m.shrinks);
    }
}
END_TEST

/* Shaking is level, bouncing upright, an orbit neither. */
START_TEST(oscillations_differ)
{
    for (int number = 0; number < 40; number++)
        for (int i = 0; i < 3; i++) {
            const CopMotion motion[] = {COP_MOTION_SHAKE, COP_MOTION_BOUNCE, COP_MOTION_ORBIT};
            const CopSynthClip clip = clip_of(motion[i], number);
            double across = 0, along = 0;
            CopSynthPose before = cop_synth_pose(&clip, 0);
            for (int t = 1; t < FRAMES; t++) {
                const CopSynthPose pose = cop_synth_pose(&clip, t);
                across += fabs(remainder(pose.x - before.x, 1));
                along += fabs(remainder(pose.y - before.y, 1));
                before = pose;
            }
            ck_assert(i == 0   ? across > 4 * along
                      : i == 1 ? along > 4 * across
                               : across < 2 * along && along < 2 * across);
        }
}
END_TEST

/* --- what a single frame tells ------------------------------------------------------ */

/* Chi-square of n values in 0..1 against the uniform distribution, 8 bins. */
static double chi_square(const double *value, int n)
{
    enum { BINS = 8 };
    int count[BINS] = {0};
    for (int i = 0; i < n; i++)
        count[(int)(value[i] * BINS) & (BINS - 1)]++;
    double sum = 0;
    for (int i = 0; i < BINS; i++)
        sum += (count[i] - n / 8.0) * (count[i] - n / 8.0) / (n / 8.0);
    return sum;
}

/* Place, angle and the logarithm of size are uniform in every frame of class _i.
 * 7 degrees of freedom: chi-square above 40.5 has probability 1e-6, and there are
 * 12 * 3 * 4 of them, with a fixed seed. */
START_TEST(one_frame_tells_nothing)
{
    enum { N = 800 };
    static double value[4][N];
    const int frames[] = {0, 9, 31};
    double low = INFINITY, high = 0;
    for (int f = 0; f < 3; f++) {
        for (int i = 0; i < N; i++) {
            const CopSynthClip clip = clip_of((CopMotion)_i, i);
            const CopSynthPose pose = cop_synth_pose(&clip, frames[f]);
            low = fmin(low, pose.radius);
            high = fmax(high, pose.radius);
            value[0][i] = pose.x;
            value[1][i] = pose.y;
            value[2][i] = pose.angle / turn - floor(pose.angle / turn);
            value[3][i] = log(pose.radius / 0.14) / log(2.4);
        }
        for (int k = 0; k < 4; k++)
            ck_assert_msg(chi_square(value[k], N) < 40.5, "%s, frame %d, quantity %d: %.1f",
                          cop_motion_names[_i], frames[f], k, chi_square(value[k], N));
    }
    /* The whole range of sizes, and never so large that the sprite meets itself. */
    ck_assert(low >= 0.14 && low < 0.142);
    ck_assert(high <= 0.336 && high > 0.332);
}
END_TEST

static void draw(const CopSynthClip *clip, int t, CopFrame *frame)
{
    CopSynthScene *scene;
    ck_assert_int_eq(cop_synth_open(&scene, clip), COP_OK);
    ck_assert_int_eq(cop_frame_alloc(frame, COP_PIXEL_RGB, 64, 64), COP_OK);
    cop_synth_draw(scene, t, false, frame);
    cop_synth_close(&scene);
}

static double distance(const CopSynthClip *a, const CopSynthClip *b, int t)
{
    CopFrame x, y;
    draw(a, t, &x);
    draw(b, t, &y);
    double sum = 0;
    for (int row = 0; row < 64; row++)
        for (int i = 0; i < 3 * 64; i++)
            sum += abs(x.plane[0][row * x.stride[0] + i] - y.plane[0][row * y.stride[0] + i]);
    cop_frame_unref(&x);
    cop_frame_unref(&y);
    return sum / (64 * 64 * 3);
}

START_TEST(clips_differ_and_repeat)
{
    const CopSynthClip clip = clip_of(COP_MOTION_LEFT, 3);
    CopSynthClip other = clip;
    ck_assert(distance(&clip, &clip, 5) == 0);
    other.number++;
    ck_assert(distance(&clip, &other, 5) > 2);
    other = clip;
    other.motion = COP_MOTION_RIGHT; /* not the same sprite moving otherwise */
    ck_assert(distance(&clip, &other, 0) > 2);
    other = clip;
    other.key = cop_rng_key(8, "synth");
    ck_assert(distance(&clip, &other, 0) > 2);
    other = clip;
    other.group++;
    ck_assert(distance(&clip, &other, 0) > 2);
}
END_TEST

/* --- on disk ---------------------------------------------------------------------- */

static char *root;
static CopError err;

static void remove_all(const char *path)
{
    GDir *dir = g_dir_open(path, 0, NULL);
    for (const char *name; dir && (name = g_dir_read_name(dir));) {
        char *below = g_build_filename(path, name, NULL);
        remove_all(below);
        g_free(below);
    }
    if (dir)
        g_dir_close(dir);
    g_remove(path);
}

static void setup(void)
{
    root = g_dir_make_tmp("coppice-synth-XXXXXX", NULL);
    ck_assert(root != NULL);
    err = (CopError){0};
}

static void teardown(void)
{
    remove_all(root);
    g_free(root);
}

static char *write_set(const char *name, const CopSynthOptions *options, CopSynthSummary *summary)
{
    char *folder = g_build_filename(root, name, NULL);
    ck_assert_msg(cop_synth_write(folder, options, summary, NULL, NULL, &err) == COP_OK, "%s",
                  err.text);
    return folder;
}

static void load_set(const char *folder, const char *order, CopSplit split, CopDataset *set)
{
    CopDataOptions options = {0};
    ck_assert_int_eq(cop_options_defaults(cop_data_options, &options, &err), COP_OK);
    char *videos = g_build_filename(folder, "videos", NULL);
    char *lists = g_build_filename(folder, "annotations", NULL);
    const char *const values[][2] = {
        {"format", "ucf101"}, {"root", videos}, {"annotation", lists}, {"label_order", order}};
    for (int i = 0; i < 4; i++)
        ck_assert_int_eq(
            cop_options_set(cop_data_options, &options, values[i][0], values[i][1], &err), COP_OK);
    ck_assert_msg(cop_dataset_load(&options, split, set, &err) == COP_OK, "%s", err.text);
    cop_options_free(cop_data_options, &options);
    g_free(videos);
    g_free(lists);
}

static void assert_same_file(const char *a, const char *b)
{
    char *x, *y;
    gsize n, m;
    ck_assert(g_file_get_contents(a, &x, &n, NULL));
    ck_assert(g_file_get_contents(b, &y, &m, NULL));
    ck_assert_msg(n == m && memcmp(x, y, n) == 0, "%s and %s differ", a, b);
    g_free(x);
    g_free(y);
}

START_TEST(layout)
{
    enum { CLASSES = 3, PER_CLASS = 14 };
    const CopSynthOptions options = {
        .classes = CLASSES, .clips = PER_CLASS, .size = 32, .frames = 5, .seed = 3, .threads = 2};
    CopSynthSummary summary;
    char *folder = write_set("set", &options, &summary);
    /* Groups of four: 4, 4, 4, 2; the first of them for testing. */
    ck_assert_int_eq(summary.groups, 4);
    ck_assert_int_eq(summary.test_groups, 1);
    ck_assert_int_eq(summary.test, CLASSES * 4);
    ck_assert_int_eq(summary.train, CLASSES * 10);
    CopDataset train, test, byte;
    load_set(folder, "classind", COP_SPLIT_TRAIN, &train);
    load_set(folder, "classind", COP_SPLIT_TEST, &test);
    load_set(folder, "byte", COP_SPLIT_TEST, &byte);
    ck_assert_int_eq(train.n, summary.train);
    ck_assert_int_eq(test.n, summary.test);
    ck_assert_int_eq(train.classes.n, CLASSES);
    ck_assert_uint_eq(cop_dataset_hash(&test), cop_dataset_hash(&byte));
    for (int i = 0; i < train.n + test.n; i++) {
        const CopDataItem *item = i < train.n ? &train.item[i] : &test.item[i - train.n];
        const int group = atoi(strstr(item->relative, "_g") + 2);
        ck_assert_int_eq(group == 1, i >= train.n);
        ck_assert(g_str_has_prefix(item->relative, train.classes.item[item->label]));
        int frames;
        ck_assert_msg(cop_video_count(item->path, &frames, &err) == COP_OK, "%s", err.text);
        ck_assert_int_eq(frames, 5);
    }
    ck_assert_int_eq(cop_synth_write(folder, &options, &summary, NULL, NULL, &err), COP_ERR_ARG);
    ck_assert(strstr(err.text, "already") != NULL);
    cop_dataset_free(&train);
    cop_dataset_free(&test);
    cop_dataset_free(&byte);
    g_free(folder);
}
END_TEST

/* The same bytes whatever the threads, whose heaps hold different leftovers. */
START_TEST(same_files)
{
    CopSynthOptions options = {
        .classes = 4, .clips = 4, .size = 48, .frames = 16, .seed = 5, .threads = 1};
    CopSynthSummary summary;
    char *a = write_set("a", &options, &summary);
    options.threads = 3;
    char *b = write_set("b", &options, &summary);
    CopDataset x, y;
    for (int split = 0; split < 2; split++) {
        load_set(a, "classind", (CopSplit)split, &x);
        load_set(b, "classind", (CopSplit)split, &y);
        ck_assert_int_eq(x.n, y.n);
        for (int i = 0; i < x.n; i++)
            assert_same_file(x.item[i].path, y.item[i].path);
        cop_dataset_free(&x);
        cop_dataset_free(&y);
    }
    g_free(a);
    g_free(b);
}
END_TEST

/* A file holds the frames that were drawn, in order: each decoded luma plane is
 * nearer to its own drawing than to the neighbours', by far. */
START_TEST(files_hold_the_drawings)
{
    const CopSynthOptions options = {.classes = 2, .clips = 2, .size = 64, .frames = 8, .seed = 7};
    CopSynthSummary summary;
    char *folder = write_set("set", &options, &summary);
    char *path = g_build_filename(folder, "videos", "MoveRight", "v_MoveRight_g02_c01.mp4", NULL);
    const CopSynthClip clip = {cop_rng_key(7, "synth"), COP_MOTION_RIGHT, 1, 1};
    CopFrame frame[8];
    int n;
    ck_assert_msg(cop_video_read(path, 0, 7, NULL, frame, &n, &err) == COP_OK, "%s", err.text);
    ck_assert_int_eq(n, 8);
    double error[8] = {0};
    for (int t = 0; t < 8; t++)
        for (int drawn = 0; drawn < 8; drawn++) {
            CopFrame picture, planes;
            draw(&clip, drawn, &picture);
            ck_assert_int_eq(cop_convert_new(&planes, COP_PIXEL_I420, &picture), COP_OK);
            double sum = 0;
            for (int y = 0; y < 64; y++)
                for (int x = 0; x < 64; x++) {
                    const int d = frame[t].plane[0][y * frame[t].stride[0] + x] -
                                  planes.plane[0][y * planes.stride[0] + x];
                    sum += d * d;
                }
            if (drawn == t)
                error[t] = sum / (64 * 64);
            else
                ck_assert_msg(sum / (64 * 64) > 3 * 9, "frame %d looks like drawing %d", t, drawn);
            cop_frame_unref(&picture);
            cop_frame_unref(&planes);
        }
    for (int t = 0; t < 8; t++) {
        /* Constant rate factor 18 quantises with steps of about five to six levels. */
        ck_assert_msg(error[t] < 9, "frame %d: mean square error %.1f", t, error[t]);
        cop_frame_unref(&frame[t]);
    }
    g_free(path);
    g_free(folder);
}
END_TEST

START_TEST(options_out_of_range)
{
    const CopSynthOptions bad[] = {
        {1, 4, 32, 5, 1, 1},     {13, 4, 32, 5, 1, 1}, {2, 1, 32, 5, 1, 1},
        {2, 10000, 32, 5, 1, 1}, {2, 4, 14, 5, 1, 1},  {2, 4, 33, 5, 1, 1},
        {2, 4, 1026, 5, 1, 1},   {2, 4, 32, 1, 1, 1},  {2, 4, 32, 1025, 1, 1},
        {2, 4, 32, 5, 1, -1},
    };
    const char *const words[] = {"classes", "classes", "clips",  "clips",  "size",
                                 "size",    "size",    "frames", "frames", "threads"};
    CopSynthSummary summary;
    char *folder = g_build_filename(root, "none", NULL);
    for (size_t i = 0; i < G_N_ELEMENTS(bad); i++) {
        err = (CopError){0};
        ck_assert_int_eq(cop_synth_write(folder, &bad[i], &summary, NULL, NULL, &err), COP_ERR_ARG);
        ck_assert_msg(g_str_has_prefix(err.text, words[i]), "%s", err.text);
    }
    ck_assert(!g_file_test(folder, G_FILE_TEST_EXISTS));
    g_free(folder);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("synth");
    TCase *drawing = tcase_create("drawing");
    tcase_set_timeout(drawing, 60);
    tcase_add_loop_test(drawing, motion_is_seen, 0, COP_MOTION_COUNT);
    tcase_add_test(drawing, oscillations_differ);
    tcase_add_loop_test(drawing, one_frame_tells_nothing, 0, COP_MOTION_COUNT);
    tcase_add_test(drawing, clips_differ_and_repeat);
    suite_add_tcase(suite, drawing);
    TCase *files = tcase_create("files");
    tcase_set_timeout(files, 60);
    tcase_add_checked_fixture(files, setup, teardown);
    tcase_add_test(files, layout);
    tcase_add_test(files, same_files);
    tcase_add_test(files, files_hold_the_drawings);
    tcase_add_test(files, options_out_of_range);
    suite_add_tcase(suite, files);
    SRunner *runner = srunner_create(suite);
    srunner_run_all(runner, CK_NORMAL);
    const int failed = srunner_ntests_failed(runner);
    srunner_free(runner);
    return failed ? 1 : 0;
}
