/* Training the runs of a sweep: alone, beside others, or with workers of its own.
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#include "pipeline/cli_sweep.h"

#include <errno.h>
#include <fcntl.h>
#include <glib.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "pipeline/cli.h"
#include "pipeline/interrupt.h"

enum { POLL = G_USEC_PER_SEC / 2 }; /* microseconds between looks at what others do */

static void print_result(const CopSweepRun *run, const CopTrainingResult *result)
{
    printf("%-16s test top-1 %5.1f %%  %8zu of %zu parameters non-zero  %6.1f s\n", run->name,
           100 * result->test_accuracy, result->nonzeros, result->parameters, result->seconds);
    fflush(stdout);
}

/* --- one progress view ------------------------------------------------------------------- */

void cop_cli_sweep_list(const CopSweep *sweep, int epochs)
{
    static const char *const states[] = {"waiting", "running", "done"};
    int counts[3] = {0};
    for (int i = 0; i < sweep->n; i++) {
        int epoch;
        double top1;
        const CopSweepState state = cop_sweep_look(&sweep->run[i], &epoch, &top1);
        counts[state]++;
        printf("%-28s %-8s", sweep->run[i].name, states[state]);
        if (epoch > 0)
            printf("  epoch %d of %d  test top-1 %5.1f %%", epoch, epochs, 100 * top1);
        putchar('\n');
    }
    printf("%d runs: %d done, %d running, %d waiting\n", sweep->n, counts[COP_SWEEP_DONE],
           counts[COP_SWEEP_RUNNING], counts[COP_SWEEP_WAITING]);
}

/* Epochs done of all runs, whoever does them, and the names of those under way. */
static void show_progress(const CopSweep *sweep, CopProgress *progress)
{
    GString *running = g_string_new(NULL);
    long epochs = 0;
    for (int i = 0; i < sweep->n; i++) {
        int epoch;
        double top1;
        if (cop_sweep_look(&sweep->run[i], &epoch, &top1) == COP_SWEEP_RUNNING)
            g_string_append_printf(running, "%s%s", running->len ? " " : "", sweep->run[i].name);
        epochs += epoch;
    }
    cop_progress_step(progress, epochs, running->str);
    g_string_free(running, TRUE);
}

/* --- one process --------------------------------------------------------------------------- */

/* Trains what is free until every run is settled. A run that another process has is settled
 * when that is done with it, in whichever way. */
static CopStatus train_free(const CopSweep *sweep, const CopConfig *config, CopError *err)
{
    bool *settled = g_new0(bool, sweep->n);
    CopStatus status = COP_OK;
    for (int left = sweep->n; status == COP_OK && left > 0;) {
        bool waiting = true;
        for (int i = 0; status == COP_OK && i < sweep->n; i++) {
            int epoch;
            double top1;
            CopTrainingResult result;
            CopError why = {0};
            if (settled[i] || cop_sweep_look(&sweep->run[i], &epoch, &top1) == COP_SWEEP_RUNNING)
                continue;
            const CopStatus trained = cop_sweep_train(&sweep->run[i], config, &result, &why);
            if (trained == COP_AGAIN)
                continue; /* somebody was faster */
            if (trained != COP_OK) {
                status = cop_error_set(err, trained, "%s", why.text);
                break;
            }
            print_result(&sweep->run[i], &result);
            settled[i] = true;
            waiting = false;
            left--;
        }
        if (status == COP_OK && cop_interrupted())
            status =
                cop_error_set(err, COP_ERR_INTERRUPTED, "interrupted; the same command goes on");
        else if (status == COP_OK && left > 0 && waiting)
            g_usleep(POLL);
    }
    g_free(settled);
    return status;
}

/* --- workers ------------------------------------------------------------------------------- */

/* In the child, which never returns. What it says goes to its log. */
static void work(const CopSweep *sweep, const CopConfig *config, const char *log, int threads)
{
    CopConfig own;
    CopError err = {0};
    const int fd = open(log, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0666);
    if (fd < 0 || dup2(fd, STDOUT_FILENO) < 0 || dup2(fd, STDERR_FILENO) < 0)
        _exit(COP_EXIT_RUN);
    CopStatus status = cop_config_copy(&own, config);
    own.run.threads = threads;
    if (status == COP_OK)
        status = train_free(sweep, &own, &err);
    fflush(stdout);
    if (status != COP_OK)
        cop_cli_fail("sweep", &err);
    _exit((int)(status == COP_OK ? COP_EXIT_OK : cop_exit_code(status)));
}

static void stop(const pid_t *pids, int n)
{
    for (int i = 0; i < n; i++)
        if (pids[i] > 0)
            kill(pids[i], SIGTERM);
}

/* Waits for all of them, and passes a signal on. */
static void wait_for(pid_t *pids, int n, const CopSweep *sweep, CopProgress *progress)
{
    bool told = false;
    for (int left = n; left > 0; g_usleep(POLL)) {
        for (int i = 0; i < n; i++)
            if (pids[i] > 0 && waitpid(pids[i], NULL, WNOHANG) == pids[i]) {
                pids[i] = 0;
                left--;
            }
        if (cop_interrupted() && !told) {
            told = true;
            stop(pids, n);
        }
        show_progress(sweep, progress);
    }
}

/* How they end does not matter: what they leave undone is still to be done. */
static CopStatus train_by_workers(const CopSweep *sweep, const CopConfig *config, const char *out,
                                  CopError *err)
{
    const int n = config->sweep.workers;
    const int all = config->run.threads ? config->run.threads : (int)g_get_num_processors();
    pid_t *pids = g_new0(pid_t, n);
    int started = 0;
    fflush(stdout);
    fflush(stderr);
    for (; started < n; started++) {
        char *log = g_strdup_printf("%s/worker-%d.log", out, started + 1);
        pids[started] = fork();
        if (pids[started] == 0)
            work(sweep, config, log, MAX(1, all / n));
        g_free(log);
        if (pids[started] < 0) {
            cop_error_set(err, COP_ERR_NOMEM, "worker %d cannot be started: %s", started + 1,
                          g_strerror(errno));
            stop(pids, started);
            break;
        }
    }
    CopProgress *progress =
        cop_progress_start("sweep, epochs", (long)sweep->n * config->train.epochs);
    wait_for(pids, started, sweep, progress);
    cop_progress_end(&progress);
    g_free(pids);
    if (started < n)
        return COP_ERR_NOMEM;
    return cop_interrupted()
               ? cop_error_set(err, COP_ERR_INTERRUPTED, "interrupted; the same command goes on")
               : COP_OK;
}

CopStatus cop_cli_sweep_train(const CopSweep *sweep, const CopConfig *config, const char *out,
                              CopError *err)
{
    if (config->sweep.workers > 1)
        COP_TRY(train_by_workers(sweep, config, out, err));
    /* What workers have finished is taken up and printed; what they failed at fails again, and says
     * why. */
    return train_free(sweep, config, err);
}
