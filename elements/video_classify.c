/* The element "videoclassify": a model beside the stream.
 * SPDX-License-Identifier: LGPL-2.1-or-later */
/**
 * SECTION:element-videoclassify
 * @title: videoclassify
 * @short_description: names what a video shows
 *
 * Runs a video model on a sliding window of the stream, in a thread of its own: frames pass at
 * once, answers come when they are ready. A window has the frames, stride and preparation that
 * the model was trained with; its answer is that of "coppice predict" on the same frames.
 * Where the model is too slow, windows wait, up to two, then fall out as backpressure says; a
 * QoS message tells how many were answered and lost. After a seek, a gap or a change of caps
 * windows begin anew. At the end of the stream all windows are answered before EOS goes on.
 *
 * An answer is an element message "videoclassify", and as long as there is no newer one each
 * buffer carries it as custom meta "CoppicePredictionMeta". Both have the fields
 *
 * - window (uint64): counts answers' windows from 0
 * - first, last (int64): source frames of the clip, as videocorrupt counts them
 * - start, end (uint64): stream time of these in nanoseconds, GST_CLOCK_TIME_NONE if unknown
 * - padded (int): frames at the clip's end that repeat earlier ones
 * - waited, run (uint64): nanoseconds in the queue, and of computing
 * - model (string): its name
 * - classes (array of int), labels (array of string), scores (array of double, 0 to 1):
 *   the top-k classes, likeliest first
 * - age (int64, meta alone): frames that have passed since the last one of the clip
 *
 * The property model may be set while the stream runs: the new model is read first, then takes
 * the place of the old one between two windows.
 *
 * ## Example launch lines
 * |[
 * gst-launch-1.0 -m filesrc location=in.mp4 ! decodebin ! videoconvert ! \
 *     videoclassify model=model.safetensors ! fakesink
 * ]| Prints what the model sees, window by window.
 * |[
 * gst-launch-1.0 v4l2src ! videoconvert ! \
 *     videoclassify model=model.safetensors hop=8 overlay=true ! videoconvert ! autovideosink
 * ]| A camera with the likeliest classes in the picture.
 */
#include "elements/video_classify.h"

#include <stddef.h>

#include "elements/live_filter.h"
#include "pipeline/live/live_classifier.h"
#include "pipeline/live/overlay_feed.h"

#define COP_TYPE_VIDEO_CLASSIFY (cop_video_classify_get_type())
G_DECLARE_FINAL_TYPE(GstVideoClassify, cop_video_classify, COP, VIDEO_CLASSIFY, GstLiveFilter)

typedef struct Settings {
    char *model, *labels;
    int hop, top_k, threads;
    bool pad, tile;
} Settings;

static const CopOption rows[] = {
    {"model",
     "model file to run (safetensors); may be set while the stream runs: it takes over between two "
     "windows",
     COP_TYPE_STRING, offsetof(Settings, model), "", 0, 0, NULL, 0},
    {"labels", "text file with a name a line for each class, in place of the model's names",
     COP_TYPE_STRING, offsetof(Settings, labels), "", 0, 0, NULL, 0},
    {"hop", "frames from one window's start to the next's; 0: windows touch; taken in READY",
     COP_TYPE_INT, offsetof(Settings, hop), "0", 0, 4096, NULL, 0},
    {"top_k", "classes in messages, metas and overlay", COP_TYPE_INT, offsetof(Settings, top_k),
     "5", 1, COP_TOP, NULL, 0},
    {"threads", "threads that compute; 0: all processors; taken in READY", COP_TYPE_INT,
     offsetof(Settings, threads), "0", 0, 1024, NULL, 0},
    {"pad",
     "at the end answer a partial window, filled as the model's clip.policy says; taken in "
     "READY",
     COP_TYPE_BOOL, offsetof(Settings, pad), "false", 0, 0, NULL, 0},
    {"tile",
     "spread a window over the vector lanes, which is faster; else as a batch of one; taken "
     "in READY",
     COP_TYPE_BOOL, offsetof(Settings, tile), "true", 0, 0, NULL, 0},
    COP_OPTIONS_END,
};

enum { PROP_MODEL = 1 }; /* of the rows */

struct _GstVideoClassify {
    GstLiveFilter parent;
    Settings settings; /* under the object lock */
    CopLiveClassifier *core;
};

G_DEFINE_TYPE(GstVideoClassify, cop_video_classify, COP_TYPE_LIVE_FILTER)
GST_ELEMENT_REGISTER_DEFINE(videoclassify, "videoclassify", GST_RANK_NONE, COP_TYPE_VIDEO_CLASSIFY)

/* --- answers ------------------------------------------------------------------------- */

static void append(GValue *list, GType type, const CopLiveAnswer *answer, int i)
{
    GValue value = G_VALUE_INIT;
    g_value_init(&value, type);
    if (type == G_TYPE_INT)
        g_value_set_int(&value, answer->top[i]);
    else if (type == G_TYPE_STRING)
        g_value_set_string(&value, answer->model->label[answer->top[i]]);
    else
        g_value_set_double(&value, (double)answer->score[i]);
    gst_value_array_append_and_take_value(list, &value);
}

static void put_list(GstStructure *content, const char *field, GType type,
                     const CopLiveAnswer *answer, int top)
{
    GValue list = G_VALUE_INIT;
    g_value_init(&list, GST_TYPE_ARRAY);
    for (int i = 0; i < MIN(top, answer->n_top); i++)
        append(&list, type, answer, i);
    gst_structure_take_value(content, field, &list);
}

static void answered(void *ctx, const CopLiveAnswer *answer)
{
    GstVideoClassify *self = ctx;
    GST_OBJECT_LOCK(self);
    const int top = self->settings.top_k;
    GST_OBJECT_UNLOCK(self);
    CopOverlay *overlay = cop_live_filter_begin_overlay(COP_LIVE_FILTER(self));
    if (overlay) {
        CopLiveStats stats;
        cop_live_classifier_stats(self->core, &stats, NULL);
        cop_overlay_feed_prediction(overlay, answer, top, &stats);
    }
    cop_live_filter_end_overlay(COP_LIVE_FILTER(self));
    GstStructure *content = cop_live_filter_content(COP_VIDEO_CLASSIFY_MESSAGE, answer->window,
                                                    answer->waited, answer->seconds);
    gst_structure_set(content, "model", G_TYPE_STRING, answer->model->model->name, NULL);
    put_list(content, "classes", G_TYPE_INT, answer, top);
    put_list(content, "labels", G_TYPE_STRING, answer, top);
    put_list(content, "scores", G_TYPE_DOUBLE, answer, top);
    cop_live_filter_answered(COP_LIVE_FILTER(self), content);
}

static void failed(void *ctx, const CopError *err)
{
    cop_live_filter_failed(COP_LIVE_FILTER(ctx), err);
}

/* --- the core ------------------------------------------------------------------------ */

static CopStatus open_core(GstLiveFilter *filter, CopError *err)
{
    GstVideoClassify *self = COP_VIDEO_CLASSIFY(filter);
    const CopLiveCalls calls = {answered, failed, self};
    Settings s = {0};
    CopStatus status = cop_live_filter_copy_settings(filter, &s, err);
    const CopLiveClassifierOptions options = {.model = s.model,
                                              .labels = s.labels,
                                              .batch = !s.tile,
                                              .threads = s.threads,
                                              .policy = COP_BLOCK,
                                              .hop = s.hop,
                                              .pad = s.pad};
    if (status == COP_OK && !*s.model)
        status = cop_error_set(err, COP_ERR_CONFIG, "the property model is not set");
    if (status == COP_OK)
        status = cop_live_classifier_create(&self->core, &options, &calls, err);
    cop_options_free(rows, &s);
    return status;
}

static void close_core(GstLiveFilter *filter)
{
    cop_live_classifier_destroy(&COP_VIDEO_CLASSIFY(filter)->core);
}

static CopStatus push(GstLiveFilter *filter, const CopFrame *frame, int *dropped, CopError *err)
{
    return cop_live_classifier_push(COP_VIDEO_CLASSIFY(filter)->core, frame, dropped, err);
}

static void interrupt(GstLiveFilter *filter)
{
    cop_live_classifier_break(COP_VIDEO_CLASSIFY(filter)->core);
}

static void flush(GstLiveFilter *filter)
{
    cop_live_classifier_flush(COP_VIDEO_CLASSIFY(filter)->core);
}

static void end(GstLiveFilter *filter)
{
    cop_live_classifier_end(COP_VIDEO_CLASSIFY(filter)->core);
}

static void set_policy(GstLiveFilter *filter, CopBackpressure policy)
{
    cop_live_classifier_set_policy(COP_VIDEO_CLASSIFY(filter)->core, policy);
}

static void stats(GstLiveFilter *filter, CopLiveStats *out, CopClipWindowCounts *counts)
{
    cop_live_classifier_stats(COP_VIDEO_CLASSIFY(filter)->core, out, counts);
}

/* Where the model cannot be read the old one stays. */
static CopStatus swap(GstLiveFilter *filter, CopError *err)
{
    GstVideoClassify *self = COP_VIDEO_CLASSIFY(filter);
    GST_OBJECT_LOCK(self);
    char *model = g_strdup(self->settings.model), *labels = g_strdup(self->settings.labels);
    GST_OBJECT_UNLOCK(self);
    const CopStatus status = cop_live_classifier_swap(self->core, model, labels, err);
    g_free(model);
    g_free(labels);
    return status;
}

/* --- class --------------------------------------------------------------------------- */

static void cop_video_classify_class_init(GstVideoClassifyClass *klass)
{
    GstElementClass *element = GST_ELEMENT_CLASS(klass);
    GstLiveFilterClass *filter = COP_LIVE_FILTER_CLASS(klass);
    filter->meta = COP_VIDEO_CLASSIFY_META;
    filter->rows = rows;
    filter->settings = offsetof(GstVideoClassify, settings);
    filter->live = PROP_MODEL;
    filter->take = swap;
    filter->open = open_core;
    filter->close = close_core;
    filter->push = push;
    filter->interrupt = interrupt;
    filter->flush = flush;
    filter->end = end;
    filter->set_policy = set_policy;
    filter->stats = stats;
    cop_live_filter_class_set_up(filter, GST_PARAM_MUTABLE_PLAYING);
    gst_element_class_set_static_metadata(element, "Video classifier", "Filter/Analyzer/Video",
                                          "Names what a video shows, by a sliding window and a "
                                          "model of coppice",
                                          "coppice developers");
}

/* The base gives the settings their defaults. */
static void cop_video_classify_init(GstVideoClassify *self)
{
    (void)self;
}
