/* What a model sees in videos, in a program of one's own.
 *   cc classify.c $(pkg-config --cflags --libs libcoppice) -o classify
 *   ./classify model.safetensors video.mp4...
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#include <stdio.h>

#include "pipeline/model/classifier.h"

static int look_at(CopClassifier *classifier, const char *video)
{
    const float *p;
    CopError err = {0};
    if (cop_classify(classifier, video, &p, &err) != COP_OK) {
        fprintf(stderr, "classify: %s\n", err.text);
        return 1;
    }
    int best = 0;
    for (int k = 1; k < cop_classifier_classes(classifier); k++)
        if (p[k] > p[best])
            best = k;
    printf("%s: %s, %.1f %%\n", video, cop_classifier_label(classifier, best),
           100 * (double)p[best]);
    return 0;
}

int main(int argc, char **argv)
{
    CopClassifier *classifier = NULL;
    CopError err = {0};
    if (argc < 3 || cop_classifier_open(&classifier, argv[1], NULL, &err) != COP_OK) {
        fprintf(stderr, "classify: %s\n", argc < 3 ? "classify MODEL VIDEO..." : err.text);
        return 1;
    }
    int failed = 0;
    for (int i = 2; i < argc; i++)
        failed |= look_at(classifier, argv[i]);
    cop_classifier_close(&classifier);
    return failed;
}
