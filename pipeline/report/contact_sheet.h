/* A sheet of small pictures in rows and columns, with words around them.
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#ifndef COP_REPORT_CONTACT_SHEET_H
#define COP_REPORT_CONTACT_SHEET_H

#include "pipeline/media/frame.h"

typedef struct CopContactSheet CopContactSheet;

/* Room for rows x columns pictures of at most `tile` pixels a side, whose shape is that of
 * width x height. `title` stands above. COP_ERR_ARG where the sheet would have a side of more
 * than 16384 pixels. Returned in *out. */
CopStatus cop_contact_sheet_create(CopContactSheet **out, int rows, int columns, int width,
                                   int height, int tile, const char *title,
                                   CopError *err) COP_MUST_CHECK;
void cop_contact_sheet_destroy(CopContactSheet **sheet);

/* Words at the left of a row and above a column. */
void cop_contact_sheet_row(CopContactSheet *sheet, int row, const char *text);
void cop_contact_sheet_column(CopContactSheet *sheet, int column, const char *text);

/* Draws a frame of any format and size, scaled to its place. */
CopStatus cop_contact_sheet_put(CopContactSheet *sheet, int row, int column,
                                const CopFrame *frame) COP_MUST_CHECK;

/* A remark in the place of a picture. */
void cop_contact_sheet_remark(CopContactSheet *sheet, int row, int column, const char *text);

/* Writes it as PNG, whole or not at all. */
CopStatus cop_contact_sheet_write(CopContactSheet *sheet, const char *path,
                                  CopError *err) COP_MUST_CHECK;

#endif
