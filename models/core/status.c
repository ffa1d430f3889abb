/* Status codes and error texts.
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#include "models/core/status.h"

#include <stdarg.h>
#include <stdio.h>

static const char *const names[] = {
    [COP_OK] = "ok",
    [COP_EOF] = "end of stream",
    [COP_AGAIN] = "again",
    [COP_ERR_ARG] = "argument",
    [COP_ERR_NOMEM] = "memory",
    [COP_ERR_IO] = "io",
    [COP_ERR_CONFIG] = "config",
    [COP_ERR_DATA] = "data",
    [COP_ERR_MODEL] = "model",
    [COP_ERR_SHAPE] = "shape",
    [COP_ERR_UNSUPPORTED] = "unsupported",
    [COP_ERR_NUMERIC] = "not a finite number",
    [COP_ERR_INTERRUPTED] = "interrupted",
};
_Static_assert(sizeof names / sizeof names[0] == COP_STATUS_COUNT, "one name a status");

const char *cop_status_name(CopStatus status)
{
    return (unsigned)status < COP_STATUS_COUNT ? names[status] : "unknown";
}

CopStatus cop_error_set(CopError *err, CopStatus status, const char *fmt, ...)
{
    if (err && err->status == COP_OK) {
        va_list args;
        va_start(args, fmt);
        vsnprintf(err->text, sizeof err->text, fmt, args);
        va_end(args);
        err->status = status;
    }
    return status;
}
