/* Status codes and error texts.
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#ifndef COP_CORE_STATUS_H
#define COP_CORE_STATUS_H

#if defined(__GNUC__)
#define COP_MUST_CHECK        __attribute__((warn_unused_result))
#define COP_PRINTF(fmt, args) __attribute__((format(printf, fmt, args)))
#else
#define COP_MUST_CHECK
#define COP_PRINTF(fmt, args)
#endif

/* What a fallible function returns. COP_EOF and COP_AGAIN are not errors:
 * the stream has ended; feed more input before the next output. */
typedef enum CopStatus {
    COP_OK = 0,
    COP_EOF,
    COP_AGAIN,
    COP_ERR_ARG,         /* a caller passed something outside the contract */
    COP_ERR_NOMEM,       /* memory, or the planned share of it, is exhausted */
    COP_ERR_IO,          /* the operating system refused a file operation */
    COP_ERR_CONFIG,      /* a key, option or value in a configuration is wrong */
    COP_ERR_DATA,        /* a data set, list or media file is missing or broken */
    COP_ERR_MODEL,       /* a model file is broken or does not fit the net */
    COP_ERR_SHAPE,       /* shapes do not fit each other */
    COP_ERR_UNSUPPORTED, /* understood, but not available in this build */
    COP_ERR_NUMERIC,     /* a computation left the finite numbers */
    COP_ERR_INTERRUPTED, /* a signal asked for an orderly end */
    COP_STATUS_COUNT
} CopStatus;

/* The text that goes with a failed status: file, line, value seen, values
 * allowed. A zeroed CopError means no error. */
typedef struct CopError {
    CopStatus status;
    char text[504];
} CopError;

/* Short lower-case name of `status`, e.g. "config". Never NULL. */
const char *cop_status_name(CopStatus status);

/* Writes a formatted text into `err` (borrowed, may be NULL) and returns
 * `status`. The first error wins: an `err` already set is left alone. */
CopStatus cop_error_set(CopError *err, CopStatus status, const char *fmt, ...) COP_PRINTF(3, 4);

/* Passes any status but COP_OK to the caller. */
#define COP_TRY(expr)                                                                              \
    do {                                                                                           \
        const CopStatus cop_try_status = (expr);                                                   \
        if (cop_try_status != COP_OK)                                                              \
            return cop_try_status;                                                                 \
    } while (0)

#endif
