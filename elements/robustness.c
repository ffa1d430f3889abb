/* The element "robustness": models beside the stream, clean and corrupted.
 * SPDX-License-Identifier: LGPL-2.1-or-later */
/**
 * SECTION:element-robustness
 * @title: robustness
 * @short_description: shows which models still see when video is corrupted
 *
 * Takes a sliding window of the stream, corrupts it in many ways and shows all of these to one
 * or more models, in a thread of its own; frames pass at once. It counts how often models are right
 * (where label or label-track says what the stream shows) or agree with what they say of the clean
 * window, for each corruption and severity. Answers are those of "coppice eval" on the same
 * frames. Where computing takes longer than the stream, windows fall out as backpressure says, and
 * a QoS message tells how many were answered and lost. After a seek, a gap or a change of caps
 * windows begin anew. At the end all windows are answered before EOS goes on.
 *
 * An answer is an element message "robustness", and as long as there is no newer one each buffer
 * carries it as custom meta "CoppiceRobustnessMeta". Both have the fields
 *
 * - window (uint64), first, last (int64), start, end (uint64), padded (int), waited, run (uint64)
 *   and, in the meta alone, age (int64): as in videoclassify
 * - label (int, -1: not known), label-name (string): what the window shows
 * - models (array of string): their names
 * - measure (string): accuracy, or agreement while nothing was labelled
 * - robust, live-robust (array of double, one a model): mean over corruptions of the mean over
 *   severities of it, of all windows, and with the newest ones weighing most; NaN while there is
 *   a variant without an answer
 * - corruptions (array of string), severities (array of double): variants of this window, clean
 *   first
 * - classes (array of int), scores (array of double), agrees, right (arrays of int; right is -1
 *   without a label): one a model and variant, model by model
 *
 * At the end of the stream a message "robustness-summary" has all figures as JSON in its field
 * json (string); the file at location has them as its last line, or as "live.summary" in its table
 * meta, when the element goes to READY.
 *
 * ## Example launch lines
 * |[
 * gst-launch-1.0 -m filesrc location=in.mp4 ! decodebin ! videoconvert ! \
 *     robustness models=dense.safetensors,sparse.safetensors location=live.db ! fakesink
 * ]| Afterwards "coppice compare live.db" sets the models side by side.
 * |[
 * gst-launch-1.0 v4l2src ! videoconvert ! robustness models=model.safetensors \
 *     corruptions="fog, rain, gaussian_noise" overlay=true ! videoconvert ! autovideosink
 * ]| A camera: what the model sees when the air gets thick.
 */
#include "elements/robustness.h"

#include <stddef.h>

#include "elements/robustness_private.h"
#include "pipeline/live/live_json.h"

G_DEFINE_TYPE(GstRobustness, cop_robustness, COP_TYPE_LIVE_FILTER)
GST_ELEMENT_REGISTER_DEFINE(robustness, "robustness", GST_RANK_NONE, COP_TYPE_ROBUSTNESS)

/* --- the core ------------------------------------------------------------------------ */

static CopStatus open_core(GstLiveFilter *filter, CopError *err)
{
    return cop_robustness_open(COP_ROBUSTNESS(filter), 0, err);
}

static void close_core(GstLiveFilter *filter)
{
    GstRobustness *self = COP_ROBUSTNESS(filter);
    CopError err = {0};
    cop_live_grid_flush(self->core); /* nothing is written any more */
    if (cop_live_sink_close(&self->sink, &err) != COP_OK)
        GST_ELEMENT_WARNING(self, RESOURCE, WRITE, ("%s", err.text), (NULL));
    cop_live_grid_destroy(&self->core);
}

/* Models that count clips in frames a second see other frames of a stream of another rate. */
static gboolean hangs_on_rate(const CopLiveGrid *grid)
{
    gboolean hangs = FALSE;
    for (int m = 0; m < cop_live_grid_models(grid); m++)
        hangs |= cop_live_grid_model(grid, m)->model->fps > 0;
    return hangs;
}

static CopStatus set_rate(GstLiveFilter *filter, double rate, CopError *err)
{
    GstRobustness *self = COP_ROBUSTNESS(filter);
    if (!hangs_on_rate(self->core) || cop_live_grid_options(self->core)->rate == rate)
        return COP_OK;
    CopLiveGrid *old = self->core;
    CopLiveSink *old_sink = self->sink;
    cop_live_grid_end(old);
    cop_live_filter_seize(filter);
    self->core = NULL;
    self->sink = NULL;
    cop_live_sink_abandon(&old_sink);
    const CopStatus status = cop_robustness_open(self, rate, err);
    if (status == COP_OK)
        cop_live_grid_destroy(&old);
    else
        self->core = old; /* it stays to be closed */
    cop_live_filter_release(filter);
    return status;
}

static CopStatus push(GstLiveFilter *filter, const CopFrame *frame, int *dropped, CopError *err)
{
    return cop_live_grid_push(COP_ROBUSTNESS(filter)->core, frame, dropped, err);
}

static void interrupt(GstLiveFilter *filter)
{
    cop_live_grid_break(COP_ROBUSTNESS(filter)->core);
}

static void flush(GstLiveFilter *filter)
{
    cop_live_grid_flush(COP_ROBUSTNESS(filter)->core);
}

static void end(GstLiveFilter *filter)
{
    GstRobustness *self = COP_ROBUSTNESS(filter);
    CopLiveStats stats;
    cop_live_grid_end(self->core);
    cop_live_grid_stats(self->core, &stats, NULL);
    GST_OBJECT_LOCK(self);
    char *stream = g_strdup(self->settings.stream);
    GST_OBJECT_UNLOCK(self);
    char *json = cop_live_json_summary(stream, &stats, self->core);
    gst_element_post_message(
        GST_ELEMENT(self),
        gst_message_new_element(GST_OBJECT(self), gst_structure_new(COP_ROBUSTNESS_SUMMARY, "json",
                                                                    G_TYPE_STRING, json, NULL)));
    g_free(json);
    g_free(stream);
}

static void set_policy(GstLiveFilter *filter, CopBackpressure policy)
{
    cop_live_grid_set_policy(COP_ROBUSTNESS(filter)->core, policy);
}

static void stats(GstLiveFilter *filter, CopLiveStats *out, CopClipWindowCounts *counts)
{
    cop_live_grid_stats(COP_ROBUSTNESS(filter)->core, out, counts);
}

static CopStatus set_label(GstLiveFilter *filter, CopError *err)
{
    GstRobustness *self = COP_ROBUSTNESS(filter);
    GST_OBJECT_LOCK(self);
    char *label = g_strdup(self->settings.label);
    GST_OBJECT_UNLOCK(self);
    const CopStatus status = cop_live_grid_set_label(self->core, label, err);
    g_free(label);
    return status;
}

/* --- class --------------------------------------------------------------------------- */

static void cop_robustness_class_init(GstRobustnessClass *klass)
{
    GstElementClass *element = GST_ELEMENT_CLASS(klass);
    GstLiveFilterClass *filter = COP_LIVE_FILTER_CLASS(klass);
    filter->meta = COP_ROBUSTNESS_META;
    filter->rows = cop_robustness_rows;
    filter->settings = offsetof(GstRobustness, settings);
    filter->live = COP_ROBUSTNESS_LABEL;
    filter->take = set_label;
    filter->open = open_core;
    filter->close = close_core;
    filter->set_rate = set_rate;
    filter->push = push;
    filter->interrupt = interrupt;
    filter->flush = flush;
    filter->end = end;
    filter->set_policy = set_policy;
    filter->stats = stats;
    cop_live_filter_class_set_up(filter, GST_PARAM_MUTABLE_READY);
    gst_element_class_set_static_metadata(element, "Robustness of video models",
                                          "Filter/Analyzer/Video",
                                          "Corrupts a sliding window in many ways and counts "
                                          "which models still see",
                                          "coppice developers");
}

/* The base gives the settings their defaults. */
static void cop_robustness_init(GstRobustness *self)
{
    (void)self;
}
