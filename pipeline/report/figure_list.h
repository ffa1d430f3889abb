/* What `coppice analyse` leaves in a folder, as pages show it: figures.json says which figures
 * there are, what was made of which runs, and names the pictures beside it. GLib's memory.
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#ifndef COP_REPORT_FIGURE_LIST_H
#define COP_REPORT_FIGURE_LIST_H

#include <glib.h>
#include <stdint.h>

#include "models/core/status.h"

typedef struct CopFigurePicture {
    char *name, *what; /* FOLDER/NAME.png and NAME.svg; a line on it */
    char *png;         /* the bytes of the first */
    gsize size;
    int width, height; /* as it shall be shown: half of its pixels each way */
} CopFigurePicture;

typedef struct CopFigureTable {
    char *name, *what; /* FOLDER/NAME.csv and NAME.json */
    int64_t rows;
} CopFigureTable;

typedef struct CopFigureEntry {
    char *name, *title, *caption; /* plain text */
    GPtrArray *pictures, *tables;
} CopFigureEntry;

typedef struct CopFigureRun {
    char *series, *model, *sha256, *folder;
    uint64_t seed;
} CopFigureRun;

typedef struct CopFigureList {
    char *folder;              /* where the files are */
    char *version, *command;   /* that made them */
    char *baseline;            /* a series; NULL: there is none */
    char *results, *setup;     /* result file and its setup, cop_figure_setup(); NULL: none */
    int64_t series;            /* how many there are */
    GPtrArray *entries, *runs; /* CopFigureEntry, CopFigureRun */
    GPtrArray *notes, *broken; /* texts: figures and runs that were left out, and why */
} CopFigureList;

/* An empty list of files in `folder`. */
CopFigureList *cop_figure_list_create(const char *folder);
void cop_figure_list_free(CopFigureList *list);

/* The name of a setup: the SHA-256 of its text; returned. */
char *cop_figure_setup(const char *setup_text);

/* Adds a figure, and to the last one a picture, whose file is read, or a table. A name is of small
 * letters, digits and underscores. COP_ERR_DATA where the picture is not there or no PNG. */
void cop_figure_list_add(CopFigureList *list, const char *name, const char *title,
                         const char *caption);
CopStatus cop_figure_list_add_picture(CopFigureList *list, const char *name, const char *what,
                                      CopError *err) COP_MUST_CHECK;
void cop_figure_list_add_table(CopFigureList *list, const char *name, const char *what,
                               int64_t rows);
void cop_figure_list_add_run(CopFigureList *list, const char *series, uint64_t seed,
                             const char *model, const char *sha256, const char *folder);

/* FOLDER/figures.json. Reading is COP_ERR_DATA where the folder has none, it is not such a file or
 * names a picture that is not there. Returned in *out. */
CopStatus cop_figure_list_write(const CopFigureList *list, CopError *err) COP_MUST_CHECK;
CopStatus cop_figure_list_read(CopFigureList **out, const char *folder,
                               CopError *err) COP_MUST_CHECK;

/* The list of the folder "analyse" beside a result file; NULL in *out where there is none. */
CopStatus cop_figure_list_beside(CopFigureList **out, const char *db, CopError *err) COP_MUST_CHECK;

#endif
