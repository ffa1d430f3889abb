/* Properties made of option rows: every type, its bounds, its way there and back.
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#include <gst/check/gstcheck.h>
#include <string.h>

#include "elements/option_property.h"
#include "tests/elements/video_help.h"

typedef struct Fields {
    bool flag;
    int whole, choice, free_whole;
    uint64_t wide;
    double real;
    char *text;
    CopInts ints;
    CopStrings names;
} Fields;

static const char *const choices[] = {"drop_oldest", "drop_newest", "block", NULL};

static const CopOption rows[] = {
    {"flag", "whether", COP_TYPE_BOOL, offsetof(Fields, flag), "true", 0, 0, NULL, 0},
    {"whole_number", "how many, 1 to 9", COP_TYPE_INT, offsetof(Fields, whole), "3", 1, 9, NULL, 0},
    {"free_whole", "how many", COP_TYPE_INT, offsetof(Fields, free_whole), "-5", 0, 0, NULL, 0},
    {"wide", "which", COP_TYPE_U64, offsetof(Fields, wide), "7", 0, 0, NULL, 0},
    {"real", "how much, -1 to 1", COP_TYPE_DOUBLE, offsetof(Fields, real), "0.5", -1, 1, NULL,
     COP_OPTION_CONTROLLABLE},
    {"policy", "what to do", COP_TYPE_CHOICE, offsetof(Fields, choice), "block", 0, 0, choices, 0},
    {"text", "what to say", COP_TYPE_STRING, offsetof(Fields, text), "hello", 0, 0, NULL, 0},
    {"ints", "numbers", COP_TYPE_INTS, offsetof(Fields, ints), "1, 2", 0, 9, NULL, 0},
    {"names", "names", COP_TYPE_STRINGS, offsetof(Fields, names), "", 0, 0, NULL, 0},
    COP_OPTIONS_END,
};

G_DECLARE_FINAL_TYPE(Thing, thing, TEST, THING, GstObject)
struct _Thing {
    GstObject parent;
    Fields fields;
    gboolean refused;
};
G_DEFINE_TYPE(Thing, thing, GST_TYPE_OBJECT)

static void set_property(GObject *object, guint id, const GValue *value, GParamSpec *spec)
{
    Thing *self = TEST_THING(object);
    CopError err = {0};
    (void)spec;
    self->refused = !cop_property_set(&rows[id - 1], &self->fields, value, &err);
    fail_unless(self->refused == (err.text[0] != '\0'));
}

static void get_property(GObject *object, guint id, GValue *value, GParamSpec *spec)
{
    (void)spec;
    cop_property_get(&rows[id - 1], &TEST_THING(object)->fields, value);
}

static void finalize(GObject *object)
{
    cop_options_free(rows, &TEST_THING(object)->fields);
    G_OBJECT_CLASS(thing_parent_class)->finalize(object);
}

static guint next_id;

static void thing_class_init(ThingClass *klass)
{
    GObjectClass *object = G_OBJECT_CLASS(klass);
    object->set_property = set_property;
    object->get_property = get_property;
    object->finalize = finalize;
    next_id = cop_properties_install(object, rows, GST_PARAM_MUTABLE_READY);
}

static void thing_init(Thing *self)
{
    fail_unless_equals_int(cop_options_defaults(rows, &self->fields, NULL), COP_OK);
}

static const GParamSpec *spec_called(gpointer thing, const char *name)
{
    const GParamSpec *spec = g_object_class_find_property(G_OBJECT_GET_CLASS(thing), name);
    fail_unless(spec != NULL, "%s", name);
    return spec;
}

GST_START_TEST(specs)
{
    Thing *thing = g_object_new(thing_get_type(), NULL);
    fail_unless_equals_int((int)next_id, (int)G_N_ELEMENTS(rows));
    const GParamSpec *spec = spec_called(thing, "whole-number");
    fail_unless_equals_int(G_PARAM_SPEC_INT(spec)->minimum, 1);
    fail_unless_equals_int(G_PARAM_SPEC_INT(spec)->maximum, 9);
    fail_unless_equals_string(g_param_spec_get_blurb(G_PARAM_SPEC(spec)), "How many, 1 to 9");
    fail_unless(spec->flags & GST_PARAM_MUTABLE_READY && spec->flags & G_PARAM_READWRITE);
    fail_if(spec->flags & GST_PARAM_CONTROLLABLE);
    fail_unless_equals_int(G_PARAM_SPEC_INT(spec_called(thing, "free-whole"))->minimum, G_MININT);
    fail_unless_equals_uint64(G_PARAM_SPEC_UINT64(spec_called(thing, "wide"))->maximum,
                              G_MAXUINT64);
    spec = spec_called(thing, "real");
    fail_unless(spec->flags & GST_PARAM_CONTROLLABLE);
    fail_unless_equals_float(G_PARAM_SPEC_DOUBLE(spec)->minimum, -1);
    fail_unless_equals_string(g_type_name(spec_called(thing, "policy")->value_type), "ThingPolicy");
    g_object_unref(thing);
}
GST_END_TEST

/* The default of a property is what the object starts with. */
GST_START_TEST(defaults)
{
    Thing *thing = g_object_new(thing_get_type(), NULL);
    for (const CopOption *row = rows; row->name; row++) {
        char *name = g_strdelimit(g_strdup(row->name), "_", '-');
        const GParamSpec *spec = spec_called(thing, name);
        GValue value = G_VALUE_INIT;
        g_value_init(&value, spec->value_type);
        g_object_get_property(G_OBJECT(thing), name, &value);
        fail_unless(g_param_value_defaults(G_PARAM_SPEC(spec), &value), "%s", name);
        g_value_unset(&value);
        g_free(name);
    }
    g_object_unref(thing);
}
GST_END_TEST

GST_START_TEST(there_and_back)
{
    static const struct {
        const char *name, *set, *read;
    } cases[] = {{"flag", "false", "FALSE"},     {"whole-number", "9", "9"},
                 {"free-whole", "-77", "-77"},   {"wide", "18446744073709551615", NULL},
                 {"real", "-0.25", "-0.25"},     {"policy", "drop_newest", NULL},
                 {"text", "a, b:c", NULL},       {"text", "", NULL},
                 {"ints", "3,4,5", "3, 4, 5"},   {"names", "a, \"b, c\"", "a, \"b, c\""},
                 {"policy", "drop_oldest", NULL}};
    Thing *thing = g_object_new(thing_get_type(), NULL);
    for (gsize i = 0; i < G_N_ELEMENTS(cases); i++) {
        gst_util_set_object_arg(G_OBJECT(thing), cases[i].name, cases[i].set);
        fail_if(thing->refused);
        GValue value = G_VALUE_INIT;
        g_value_init(&value, spec_called(thing, cases[i].name)->value_type);
        g_object_get_property(G_OBJECT(thing), cases[i].name, &value);
        char *text =
            G_VALUE_HOLDS_STRING(&value) ? g_value_dup_string(&value) : gst_value_serialize(&value);
        const char *read = cases[i].read ? cases[i].read : cases[i].set;
        fail_unless(g_ascii_strcasecmp(text, read) == 0, "%s: %s", cases[i].name, text);
        g_free(text);
        g_value_unset(&value);
    }
    fail_unless_equals_int(thing->fields.ints.n, 3);
    fail_unless_equals_int(thing->fields.choice, 0);
    fail_unless_equals_string(thing->fields.names.item[1], "b, c");
    g_object_unref(thing);
}
GST_END_TEST

/* A list that does not parse leaves the field as it was. */
GST_START_TEST(refused)
{
    Thing *thing = g_object_new(thing_get_type(), NULL);
    char *text;
    g_object_set(thing, "ints", "1, x", NULL);
    fail_unless(thing->refused);
    g_object_set(thing, "ints", "10", NULL);
    fail_unless(thing->refused);
    g_object_get(thing, "ints", &text, NULL);
    fail_unless_equals_string(text, "1, 2");
    g_free(text);
    ASSERT_WARNING(g_object_set(thing, "whole-number", 10, NULL));
    fail_unless_equals_int(thing->fields.whole, 3);
    g_object_unref(thing);
}
GST_END_TEST

static const char *describe(int place)
{
    return place ? "another" : "the first";
}

GST_START_TEST(choices_with_descriptions)
{
    const GType type = cop_choice_type("TestChoice", choices, describe);
    fail_unless(cop_choice_type("TestChoice", choices, NULL) == type);
    GEnumClass *klass = g_type_class_ref(type);
    fail_unless_equals_int((int)klass->n_values, 3);
    fail_unless_equals_string(g_enum_get_value(klass, 0)->value_name, "the first");
    fail_unless_equals_int(g_enum_get_value_by_nick(klass, "block")->value, 2);
    g_type_class_unref(klass);
}
GST_END_TEST

static Suite *suite(void)
{
    Suite *s = suite_create("option_property");
    TCase *tc = tcase_create("all");
    tcase_add_test(tc, specs);
    tcase_add_test(tc, defaults);
    tcase_add_test(tc, there_and_back);
    tcase_add_test(tc, refused);
    tcase_add_test(tc, choices_with_descriptions);
    suite_add_tcase(s, tc);
    return s;
}

int main(int argc, char **argv)
{
    video_init(&argc, &argv);
    return gst_check_run_suite(suite(), "option_property", __FILE__);
}
