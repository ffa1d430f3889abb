/* Figures as TensorBoard's event files.
 * A record is: length (u64), masked CRC-32C of it, an Event message, masked CRC-32C of that.
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#ifndef COP_REPORT_TENSORBOARD_H
#define COP_REPORT_TENSORBOARD_H

#include <stddef.h>
#include <stdint.h>

#include "models/core/status.h"

typedef struct CopEvents CopEvents;

/* Makes events.out.tfevents.SECONDS.HOST.PID.N in `folder`, which must be there. A run that
 * goes on begins a new file with the step of its next figure in `step`: TensorBoard then
 * forgets what earlier files say about that and later steps. COP_ERR_IO. Returned in *out. */
CopStatus cop_events_create(CopEvents **out, const char *folder, uint64_t step,
                            CopError *err) COP_MUST_CHECK;

/* Adds one figure, as float32, which is what the format holds. Failures show in the flush. */
void cop_events_scalar(CopEvents *events, const char *tag, uint64_t step, double value);

/* Hands everything to the system. COP_ERR_IO with the file's name. */
CopStatus cop_events_flush(CopEvents *events, CopError *err) COP_MUST_CHECK;

void cop_events_close(CopEvents **events); /* NULL-safe, idempotent */

/* CRC-32C (Castagnoli; RFC 3720, appendix B.4). */
uint32_t cop_crc32c(const void *bytes, size_t size);

#endif
