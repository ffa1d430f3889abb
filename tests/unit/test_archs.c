/* Architectures: what they are made of.
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#include <gst/check/check.h>
#include <math.h>
#include <stdio.h>
#include <string.h>

#include "models/archs/arch.h"
#include "pipeline/eval/profile.h"
#include "tests/net_help.h"

static CopNet *create(const char *arch, int classes, CopShape input)
{
    CopNet *net;
    CopError err = {0};
    ck_assert_msg(cop_net_create(&net, arch, NULL, classes, input, &err) == COP_OK, "%s", err.text);
    return net;
}

static int find_param(CopParam *const *params, int n, const char *name)
{
    for (int i = 0; i < n; i++)
        if (strcmp(params[i]->name, name) == 0)
            return i;
    return -1;
}

START_TEST(every_architecture_is_built)
{
    for (int i = 0; cop_arch_registry[i]; i++) {
        const CopArchDesc *arch = cop_arch_registry[i];
        CopNet *net = create(arch->name, 101, arch->input);
        CopLayer *const *layers;
        CopParam *const *params;
        const int n_layers = cop_net_layers(net, &layers), n_params = cop_net_params(net, &params);
        ck_assert_int_eq(cop_net_classes(net), 101);
        ck_assert_int_eq(layers[n_layers - 1]->out_shape.c, 101);
        for (int a = 0; a < n_params; a++) {
            size_t numel = 1;
            for (int d = 0; d < params[a]->rank; d++)
                numel *= (size_t)params[a]->shape[d];
            ck_assert_uint_eq(params[a]->numel, numel);
            for (int b = 0; b < a; b++)
                ck_assert_str_ne(params[a]->name, params[b]->name);
        }
        cop_net_destroy(&net);
        ck_assert_ptr_eq(net, NULL);
    }
    cop_net_destroy(NULL);
}
END_TEST

/* Parameters and GFLOPs (multiply-adds) as torchvision's documentation of the weights
 * says, 400 or 1000 classes. */
START_TEST(nets_of_torchvision_have_their_published_sizes)
{
    static const CopShape clip = {3, 16, 112, 112}, image = {3, 1, 224, 224};
    static const struct {
        const char *arch;
        int classes;
        const CopShape *input;
        size_t parameters;
        double gmacs;
    } nets[] = {
        {"r3d_18", 400, &clip, 33371472, 40.697},      {"mc3_18", 400, &clip, 11695440, 43.343},
        {"r2plus1d_18", 400, &clip, 31505325, 40.519}, {"resnet18", 1000, &image, 11689512, 1.814},
        {"resnet34", 1000, &image, 21797672, 3.664},   {"resnet50", 1000, &image, 25557032, 4.089},
    };
    for (size_t i = 0; i < sizeof nets / sizeof nets[0]; i++) {
        CopNet *net = create(nets[i].arch, nets[i].classes, *nets[i].input);
        size_t nonzeros;
        double dense;
        ck_assert_uint_eq(cop_net_count(net, &nonzeros), nets[i].parameters);
        ck_assert_uint_eq(nonzeros, nets[i].parameters);
        const double macs = cop_net_macs(net, &dense);
        ck_assert(macs == dense);
        ck_assert(fabs(macs * 1e-9 - nets[i].gmacs) < 0.00051);
        cop_net_destroy(&net);
    }
}
END_TEST

/* As PyTorch counts the same layers: X3dStack in tests/parity/parity_infer.py. Depthwise
 * weights see one channel each. */
START_TEST(a_stack_of_depthwise_blocks_has_its_size)
{
    CopNet *net = create("x3d_stack", 400, (CopShape){3, 13, 160, 160});
    size_t nonzeros;
    double dense;
    ck_assert_uint_eq(cop_net_count(net, &nonzeros), 1920682);
    ck_assert(cop_net_macs(net, &dense) == 1934149200);
    CopParam *const *params;
    const int n = cop_net_params(net, &params);
    const int depthwise = find_param(params, n, "layer4.6.conv2.0.weight");
    ck_assert_int_ge(depthwise, 0);
    ck_assert_int_eq(params[depthwise]->shape[0], 432);
    ck_assert_int_eq(params[depthwise]->shape[1], 1);
    cop_net_destroy(&net);
}
END_TEST

/* Weights that may be masked, and multiply-adds, of the paper's nets for small images. */
START_TEST(nets_of_small_images_have_their_sizes)
{
    static const struct {
        const char *arch, *options;
        int classes;
        size_t weights;
        double macs;
    } nets[] = {
        {"vgg16_bn", NULL, 10, 14715584, 313201664},
        {"resnet34", "stem=cifar", 100, 21311168, 1159448576},
    };
    for (size_t i = 0; i < sizeof nets / sizeof nets[0]; i++) {
        CopNet *net;
        CopError err = {0};
        ck_assert_msg(cop_net_create(&net, nets[i].arch, nets[i].options, nets[i].classes,
                                     (CopShape){3, 1, 32, 32}, &err) == COP_OK,
                      "%s", err.text);
        CopParam *const *params;
        size_t weights = 0;
        double dense;
        const int n = cop_net_params(net, &params);
        for (int p = 0; p < n; p++)
            weights += params[p]->role == COP_PARAM_WEIGHT ? params[p]->numel : 0;
        ck_assert_uint_eq(weights, nets[i].weights);
        ck_assert(cop_net_macs(net, &dense) == nets[i].macs);
        cop_net_destroy(&net);
    }
}
END_TEST

/* Every name and shape of torchvision's state_dict(), and no others, in its order: that is
 * the order of ERK's ties and of a weight's draw. */
START_TEST(nets_of_torchvision_have_its_names)
{
    FILE *file = fopen(COP_TESTS "/golden/torchvision_nets.txt", "r");
    ck_assert_ptr_ne(file, NULL);
    char line[256], arch[32] = "";
    CopNet *net = NULL;
    CopParam *const *params = NULL;
    int n = 0, next = 0, nets = 0;
    while (fgets(line, sizeof line, file)) {
        char name[64], word[64];
        int at, shape[COP_RANK_MAX] = {0}, rank = 0;
        if (line[0] == '#')
            continue;
        ck_assert_int_eq(sscanf(line, "%63s %63s%n", word, name, &at), 2);
        if (strcmp(word, arch) != 0) {
            ck_assert_int_eq(next, n);
            cop_net_destroy(&net);
            snprintf(arch, sizeof arch, "%.31s", word);
            net = create(arch, strchr(arch, '_') ? 400 : 1000, (CopShape){3, 16, 112, 112});
            n = cop_net_params(net, &params);
            next = 0;
            nets++;
        }
        for (int used; rank < COP_RANK_MAX && sscanf(line + at, "%d%n", &shape[rank], &used) == 1;
             at += used)
            rank++;
        ck_assert_msg(find_param(params, n, name) == next, "%s: no %s at %d", arch, name, next);
        ck_assert_int_eq(params[next]->rank, rank);
        ck_assert(memcmp(params[next]->shape, shape, (size_t)rank * sizeof *shape) == 0);
        next++;
    }
    fclose(file);
    ck_assert_int_eq(next, n);
    ck_assert_int_eq(nets, 6);
    cop_net_destroy(&net);
}
END_TEST

/* Values, gradients, states of the optimiser and masks of a net; in *all the lists, too. */
static double bytes_of_dense(const CopNet *net, double *all)
{
    CopLayer *const *layers;
    const int n = cop_net_layers(net, &layers);
    size_t bytes = 0, dense = 0, lists = 0;
    for (int i = 0; i < n; i++) {
        size_t own_dense;
        const size_t own = cop_layer_bytes(layers[i], &own_dense);
        const size_t own_lists = cop_profile_lists(layers[i]);
        const bool masked = layers[i]->n_params && layers[i]->param[0]->mask;
        if (masked && cop_param_density(layers[i]->param[0]) < 0.11)
            ck_assert_msg((double)(own + own_lists) < 0.36 * (double)own_dense,
                          "%s: %zu bytes and %zu of lists, of %zu", layers[i]->name, own, own_lists,
                          own_dense);
        bytes += own;
        dense += own_dense;
        lists += own_lists;
    }
    *all = (double)(bytes + lists) / (double)dense;
    return (double)bytes / (double)dense;
}

/* A tenth of the weights takes 0.11 of the memory that all of them take, and little more than 0.3
 * with the lists. */
START_TEST(sparse_nets_take_little_memory)
{
    static const char *const archs[] = {"r3d_18", "r2plus1d_18", "resnet18", "vgg16_bn"};
    static const char *const words[][2] = {{"static", "uniform"}, {"rigl", "erk"}};
    const CopShape clip = {3, 4, 32, 32}, picture = {3, 1, 32, 32};
    const char *arch = archs[_i];
    for (int i = 0; i < 2; i++) {
        CopNet *net = create(arch, 101, _i < 2 ? clip : picture);
        CopSparseOptions options = {0};
        CopSparse *sparse = NULL;
        CopError err = {0};
        CopParam *const *params;
        const int n = cop_net_params(net, &params);
        must(cop_options_defaults(cop_sparse_options, &options, &err), &err);
        must(cop_options_set(cop_sparse_options, &options, "method", words[i][0], &err), &err);
        must(cop_options_set(cop_sparse_options, &options, "init", words[i][1], &err), &err);
        options.density = 0.1;
        must(cop_sparse_create(&sparse, &options, params, n, 1, 1000, &err), &err);
        const CopNetPlan plan = {
            .batch = 1, .training = true, .moments = i, .threads = 1, .sparse = sparse};
        must(cop_net_plan(net, &plan, &err), &err);
        double all;
        const double share = bytes_of_dense(net, &all);
        ck_assert_msg(share < 0.125 && all < 0.35, "%s, %s: %.4f, %.4f with lists", arch,
                      words[i][1], share, all);
        cop_sparse_destroy(&sparse);
        cop_options_free(cop_sparse_options, &options);
        cop_net_destroy(&net);
    }
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("archs");
    TCase *tests = tcase_create("archs");
    tcase_set_timeout(tests, 300);
    tcase_add_test(tests, every_architecture_is_built);
    tcase_add_test(tests, nets_of_torchvision_have_their_published_sizes);
    tcase_add_test(tests, nets_of_torchvision_have_its_names);
    tcase_add_test(tests, nets_of_small_images_have_their_sizes);
    tcase_add_test(tests, a_stack_of_depthwise_blocks_has_its_size);
    tcase_add_loop_test(tests, sparse_nets_take_little_memory, 0, 4);
    suite_add_tcase(suite, tests);
    SRunner *runner = srunner_create(suite);
    srunner_run_all(runner, CK_NORMAL);
    const int failures = srunner_ntests_failed(runner);
    srunner_free(runner);
    return failures ? 1 : 0;
}
