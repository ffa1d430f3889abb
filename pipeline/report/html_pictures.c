/* The pictures of the report page: one clip under every corruption, and the hardest clips.
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#include <glib/gstdio.h>
#include <json-glib/json-glib.h>
#include <string.h>
#include <unistd.h>

#include "pipeline/config/config.h"
#include "pipeline/eval/hard_clips.h"
#include "pipeline/report/clip_frames.h"
#include "pipeline/report/html.h"
#include "pipeline/report/terminal.h"

static void put_image(GString *out, const CopResultPicture *picture, const char *alt)
{
    char *data = g_base64_encode(picture->png, picture->size);
    g_string_append_printf(out, "<img src=\"data:image/png;base64,%s\" alt=\"", data);
    cop_html_name(out, alt);
    g_string_append(out, "\">");
    g_free(data);
}

static const CopResultPicture *find_picture(const CopResults *results, int corruption,
                                            double severity)
{
    for (int i = 0; i < results->n_pictures; i++)
        if (results->pictures[i].corruption == corruption &&
            results->pictures[i].severity == severity)
            return &results->pictures[i];
    return NULL;
}

void cop_html_pictures(GString *out, const CopResults *results)
{
    const CopResultPicture *clean = find_picture(results, -1, 0);
    int widest = 0;
    for (int i = 0; i < results->n_corruptions; i++)
        widest = MAX(widest, results->corruptions[i].n);
    g_string_append(out, "<div class=\"scroll\"><table class=\"strip\"><tbody>");
    for (int i = 0; i < results->n_corruptions; i++) {
        const CopResultCorruption *corruption = &results->corruptions[i];
        g_string_append(out, "<tr><th scope=\"row\">");
        cop_html_name(out, corruption->name);
        g_string_append(out, "</th><td>");
        if (clean)
            put_image(out, clean, "clean");
        g_string_append(out, "<span class=\"aside\">clean</span></td>");
        for (int k = 0; k < widest; k++) {
            g_string_append(out, "<td>");
            if (k < corruption->n) {
                const CopResultColumn *column = &results->columns[corruption->first + k];
                const CopResultPicture *picture = find_picture(results, i, column->severity);
                char text[COP_NUMBER_SIZE];
                if (picture)
                    put_image(out, picture, corruption->name);
                g_string_append_printf(out, "<span class=\"aside\">%s</span>",
                                       cop_text_exact(text, column->severity));
            }
            g_string_append(out, "</td>");
        }
        g_string_append(out, "</tr>");
    }
    g_string_append(out, "</tbody></table></div>");
}

/* --- the hardest clips --------------------------------------------------------------- */

enum { CLIPS_EACH = 6 };

/* What the cards share. */
typedef struct Cards {
    const CopResults *results;
    const char *media;  /* NULL: not known */
    JsonParser *parser; /* of the class names */
    CopDataset *set;    /* of the last run, for clips that are no files; NULL: not read yet */
    int unread;
    char *reason; /* of the first clip that could not be read */
} Cards;

static void put_class(GString *out, const Cards *cards, int class)
{
    JsonNode *root = json_parser_get_root(cards->parser);
    JsonArray *names = root && JSON_NODE_HOLDS_ARRAY(root) ? json_node_get_array(root) : NULL;
    const char *name = NULL;
    if (names && class >= 0 && (guint) class < json_array_get_length(names))
        name = json_array_get_string_element(names, (guint) class);
    if (name)
        cop_html_text(out, name);
    else
        g_string_append_printf(out, "class %d", class);
}

/* The test clips of the last run, by its configuration; empty where they cannot be listed. */
static CopDataset *list_clips(const Cards *cards)
{
    const CopResults *r = cards->results;
    CopDataset *set = g_new0(CopDataset, 1);
    CopConfig config;
    char *file = NULL;
    const int handle = r->n_runs ? g_file_open_tmp("coppice-XXXXXX", &file, NULL) : -1;
    if (handle < 0)
        return set;
    char *root = g_strconcat("data.root=", cards->media, NULL);
    const char *const sets[] = {root};
    const CopResultRun *run = &r->runs[r->n_runs - 1];
    close(handle);
    if (g_file_set_contents(file, run->config, -1, NULL) &&
        cop_config_load(&config, file, sets, 1, NULL) == COP_OK) {
        if (cop_dataset_list(&config.data, COP_SPLIT_TEST, set, NULL) != COP_OK)
            *set = (CopDataset){0};
        cop_config_free(&config);
    }
    g_unlink(file);
    g_free(file);
    g_free(root);
    return set;
}

/* What a clip is read from if not from a file of its name; NULL if nothing says so. */
static const CopDataItem *find_item(Cards *cards, const char *relative)
{
    if (!cards->set)
        cards->set = list_clips(cards);
    for (int i = 0; i < cards->set->n; i++)
        if (strcmp(cards->set->item[i].relative, relative) == 0)
            return &cards->set->item[i];
    return NULL;
}

static void put_frames(GString *out, Cards *cards, const char *relative)
{
    CopClipFrames frames;
    CopError err = {0};
    if (!cards->media)
        return;
    char *path = g_build_filename(cards->media, relative, NULL);
    const bool file = g_file_test(path, G_FILE_TEST_IS_REGULAR);
    const CopDataItem *item = file ? NULL : find_item(cards, relative);
    if (cop_clip_frames(&frames, item ? &item->source : NULL, path, &err) != COP_OK) {
        cards->unread++;
        if (!cards->reason)
            cards->reason = g_strdup(err.text);
    } else {
        g_string_append(out, "<div class=\"frames\">");
        for (int i = 0; i < COP_CLIP_FRAMES; i++) {
            const CopResultPicture picture = {.png = frames.png[i], .size = frames.size[i]};
            if (picture.png)
                put_image(out, &picture, "frame");
        }
        g_string_append(out, "</div>");
        cop_clip_frames_free(&frames);
    }
    g_free(path);
}

/* A path that may break behind its slashes and underscores. */
static void put_path(GString *out, const char *path)
{
    const gsize from = out->len;
    cop_html_text(out, path);
    for (gsize i = from; i < out->len; i++)
        if (out->str[i] == '/' || out->str[i] == '_') {
            g_string_insert(out, (gssize)i + 1, "<wbr>");
            i += 5;
        }
}

static void put_share(GString *out, int part, int all)
{
    char text[COP_NUMBER_SIZE];
    g_string_append_printf(out, "%d of %d <span class=\"aside\">%s %%</span></dd>", part, all,
                           cop_text_percent(text, (double)part / all));
}

static void put_card(GString *out, Cards *cards, const CopHardClip *hard)
{
    const CopResultClip *clip = &cards->results->clips[hard->clip];
    g_string_append(out, "<article class=\"clip\">");
    put_frames(out, cards, clip->path);
    g_string_append(out, "<code>");
    put_path(out, clip->path);
    g_string_append(out, "</code><dl>");
    if (clip->label >= 0) {
        g_string_append(out, "<dt>Label</dt><dd>");
        put_class(out, cards, clip->label);
        g_string_append(out, "</dd>");
    }
    if (hard->mistake >= 0) {
        g_string_append(out, "<dt>Taken for</dt><dd>");
        put_class(out, cards, hard->mistake);
        g_string_append(out, "</dd>");
    }
    if (hard->answers) {
        g_string_append(out, "<dt>Wrong, corrupted</dt><dd>");
        put_share(out, hard->wrong, hard->answers);
    }
    if (hard->clean) {
        g_string_append(out, "<dt>Wrong, clean</dt><dd>");
        put_share(out, hard->clean_wrong, hard->clean);
    }
    if (hard->pairs) {
        g_string_append(out, "<dt>Flips</dt><dd>");
        put_share(out, hard->flips, hard->pairs);
    }
    g_string_append(out, "</dl></article>");
}

static void put_cards(GString *out, Cards *cards, const CopHardClip *clips, int n,
                      const CopHardClip *shown, int n_shown, const char *title)
{
    GString *inner = g_string_new(NULL);
    for (int i = 0, put = 0; i < n && put < CLIPS_EACH; i++) {
        bool before = false;
        for (int k = 0; k < n_shown; k++)
            before |= shown[k].clip == clips[i].clip;
        if (!before) {
            put_card(inner, cards, &clips[i]);
            put++;
        }
    }
    if (inner->len)
        g_string_append_printf(out, "<h3>%s</h3><div class=\"clips\">%s</div>", title, inner->str);
    g_string_free(inner, TRUE);
}

static void put_remark(GString *out, const Cards *cards)
{
    if (!cards->media)
        g_string_append(out, "<p class=\"note\">Frames are left out: the result file does not say "
                             "where the clips are (<code>coppice report --media DIR</code> "
                             "does).</p>");
    if (!cards->unread)
        return;
    g_string_append_printf(
        out, "<p class=\"note\">Frames of %d of these clips are left out: ", cards->unread);
    cop_html_text(out, cards->reason);
    g_string_append(out, " (<code>--media DIR</code> names another folder).</p>");
}

void cop_html_hard_clips(GString *out, const CopResults *results, const char *media)
{
    CopHardClip wrong[CLIPS_EACH], flips[2 * CLIPS_EACH];
    const int n_wrong = cop_results_hard_clips(results, COP_HARD_WRONG, wrong, CLIPS_EACH);
    const int n_flips = cop_results_hard_clips(results, COP_HARD_FLIPS, flips, 2 * CLIPS_EACH);
    const char *last = results->n_runs ? results->runs[results->n_runs - 1].root : "";
    Cards cards = {.results = results,
                   .media = media   ? media
                            : *last ? last
                                    : NULL,
                   .parser = json_parser_new()};
    if (!json_parser_load_from_data(cards.parser, results->classes, -1, NULL)) {
        g_object_unref(cards.parser);
        cards.parser = json_parser_new(); /* numbers stand in for names */
    }
    cop_html_section(out, "hard", "The hardest clips");
    g_string_append_printf(
        out,
        "<p class=\"caption\">Counted over all models and corrupted cells. A "
        "flip is an answer that differs from the same model's on the clean clip, "
        "right or wrong.%s</p>",
        cards.media ? " Frames are those of the clean clip." : "");
    put_cards(out, &cards, wrong, n_wrong, NULL, 0, "Most often wrong");
    put_cards(out, &cards, flips, n_flips, wrong, n_wrong, "Most flips among the others");
    put_remark(out, &cards);
    g_string_append(out, "</section>\n");
    g_object_unref(cards.parser);
    cop_dataset_free(cards.set);
    g_free(cards.set);
    g_free(cards.reason);
}
