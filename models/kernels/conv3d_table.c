/* Tables of kernels and blockings: the built-in ones, and files.
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#include "models/kernels/conv3d_table.h"

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "models/core/file.h"
#include "models/core/option.h"
#include "models/core/rng.h"
#include "models/kernels/conv3d_kernels.h"

enum {
    FILE_MOST = 1 << 16,
    WORDS = 5,
    /* One channel under a 3x3x3 kernel of a tile of fourteen positions in a row. */
    KIB_LEAST = 3 * 3 * (COP_TILE_MAX + 2) * 64 / 1024,
    KIB_MOST = 1024
};
static const char blanks[] = " \t\r";
static const char *const walks[COP_WALK_COUNT] = {"singles", "pairs", "winograd"};

static int min(int a, int b)
{
    return a < b ? a : b;
}

/* Few weights a block make the traffic of sums between blocks count: small tiles let a
 * block have more channels. Many make loads count: two channels share them. */
#define TABLE(which, pair_positions)                                                               \
    {                                                                                              \
        .tier = which, .n = 4, .row = {                                                            \
            {0.15, {COP_WALK_SINGLES, COP_TILE_MAX, 7, 36 << 10}},                                 \
            {0.32, {COP_WALK_PAIRS, pair_positions, 7, 32 << 10}},                                 \
            {0.75, {COP_WALK_WINOGRAD, pair_positions, 7, 32 << 10}},                              \
            {1, {COP_WALK_WINOGRAD, pair_positions, COP_TILE_MAX, 36 << 10}}                       \
        }                                                                                          \
    }
#define SIXTEEN_REGISTERS(which)    TABLE(which, 6)
#define THIRTY_TWO_REGISTERS(which) TABLE(which, COP_TILE_MAX)

static const CopKernelTable built_in[COP_TIER_COUNT] = {
#if defined(__aarch64__)
    THIRTY_TWO_REGISTERS(COP_TIER_GENERIC),
#else
    SIXTEEN_REGISTERS(COP_TIER_GENERIC),
#endif
    SIXTEEN_REGISTERS(COP_TIER_AVX2),
    THIRTY_TWO_REGISTERS(COP_TIER_AVX512),
};

const CopKernelTable *cop_kernel_table_of(const CopKernelTable *table, CopTier tier)
{
    return table && table->n && table->tier == tier ? table : &built_in[tier];
}

CopBlocking cop_kernel_table_find(const CopKernelTable *table, double density)
{
    int i = 0;
    while (i < table->n - 1 && !(density < table->row[i].below))
        i++;
    return table->row[i].blocking;
}

const char *cop_walk_name(CopWalk walk)
{
    return walks[walk];
}

char *cop_kernel_table_name(const CopKernelTable *table, char text[COP_KERNEL_HASH])
{
    if (table->hash)
        snprintf(text, COP_KERNEL_HASH, "%016" PRIx64, table->hash);
    else
        snprintf(text, COP_KERNEL_HASH, "built-in");
    return text;
}

/* --- reading ------------------------------------------------------------------- */

typedef struct Reader {
    const char *path;
    int line;
    CopKernelTable *out;
    bool tier; /* was named */
    CopError *err;
} Reader;

/* A value at the current line that is not what is allowed there. */
static CopStatus refuse(const Reader *r, const char *what, const char *seen, const char *allowed)
{
    return cop_error_set(r->err, COP_ERR_CONFIG, "%s:%d: %s: got \"%.40s\"; allowed: %s", r->path,
                         r->line, what, seen, allowed);
}

static CopStatus read_int(const Reader *r, const char *what, const char *text, int least, int most,
                          int *out)
{
    char allowed[48];
    snprintf(allowed, sizeof allowed, "%d to %d", least, most);
    if (!cop_parse_int(text, out) || *out < least || *out > most)
        return refuse(r, what, text, allowed);
    return COP_OK;
}

static CopStatus read_tier(Reader *r, char *const *word, int n)
{
    const char *runs = cop_tier_name(cop_tier());
    if (n != 2 || strcmp(word[0], "tier") != 0)
        return refuse(r, "first word", word[0], "tier NAME, before all rows");
    if (strcmp(word[1], runs) != 0) {
        char allowed[64];
        snprintf(allowed, sizeof allowed, "%s, the tier that runs", runs);
        return refuse(r, "tier", word[1], allowed);
    }
    r->tier = true;
    r->out->tier = cop_tier();
    return COP_OK;
}

static CopStatus read_row(Reader *r, char *const *word, int n)
{
    CopKernelTable *table = r->out;
    const double before = table->n ? table->row[table->n - 1].below : 0;
    if (n != WORDS)
        return refuse(r, "row", word[0], "five words: below, walk, positions, cols, KiB");
    if (table->n == COP_KERNEL_ROWS)
        return cop_error_set(r->err, COP_ERR_CONFIG, "%s:%d: got row %d; allowed: %d rows", r->path,
                             r->line, table->n + 1, COP_KERNEL_ROWS);
    CopKernelRow *row = &table->row[table->n];
    if (!cop_parse_double(word[0], &row->below) || !(row->below > before && row->below <= 1)) {
        char allowed[64];
        snprintf(allowed, sizeof allowed, "above %g, and at most 1", before);
        return refuse(r, "below", word[0], before < 1 ? allowed : "no row after that of 1");
    }
    int walk = 0;
    while (walk < COP_WALK_COUNT && strcmp(word[1], walks[walk]) != 0)
        walk++;
    if (walk == COP_WALK_COUNT)
        return refuse(r, "walk", word[1], "singles, pairs, winograd");
    row->blocking.walk = (CopWalk)walk;
    const int most =
        walk == COP_WALK_SINGLES ? (int)COP_TILE_MAX : cop_conv3d_kernels(table->tier)->pairs_max;
    int kib = 0;
    COP_TRY(read_int(r, "positions", word[2], 1, most, &row->blocking.positions));
    COP_TRY(read_int(r, "cols", word[3], 1, COP_TILE_MAX, &row->blocking.cols));
    COP_TRY(read_int(r, "KiB", word[4], KIB_LEAST, KIB_MOST, &kib));
    row->blocking.block_bytes = kib << 10;
    table->n++;
    return COP_OK;
}

static CopStatus read_line(Reader *r, char *line)
{
    char *word[WORDS + 1], *state = NULL;
    int n = 0;
    line[strcspn(line, "#")] = '\0';
    for (char *next = strtok_r(line, blanks, &state); next && n <= WORDS;
         next = strtok_r(NULL, blanks, &state))
        word[n++] = next;
    if (n == 0)
        return COP_OK;
    return r->tier ? read_row(r, word, n) : read_tier(r, word, n);
}

static CopStatus read_text(Reader *r, char *text, size_t size)
{
    for (size_t i = 0; i < size; i++) {
        r->line += i == 0 || text[i - 1] == '\n';
        const unsigned char c = (unsigned char)text[i];
        if ((c < ' ' && c != '\n' && c != '\t' && c != '\r') || c == 0x7f)
            return cop_error_set(r->err, COP_ERR_CONFIG,
                                 "%s:%d: got the byte %d; allowed: lines of text", r->path, r->line,
                                 c);
    }
    r->line = 0;
    for (char *line = text, *next; line; line = next) {
        next = strchr(line, '\n');
        if (next)
            *next++ = '\0';
        r->line++;
        COP_TRY(read_line(r, line));
    }
    if (r->out->n == 0 || r->out->row[r->out->n - 1].below < 1)
        return cop_error_set(r->err, COP_ERR_CONFIG,
                             "%s: ends after %d rows; allowed: a last row of densities below 1",
                             r->path, r->out->n);
    return COP_OK;
}

static CopStatus read_stream(Reader *r, FILE *stream, char *text)
{
    errno = 0;
    const size_t size = fread(text, 1, FILE_MOST, stream);
    if (ferror(stream))
        return cop_error_set(r->err, COP_ERR_CONFIG, "%s: cannot be read: %s", r->path,
                             strerror(errno));
    if (size == FILE_MOST)
        return cop_error_set(r->err, COP_ERR_CONFIG, "%s: got %d bytes or more; allowed: fewer",
                             r->path, FILE_MOST);
    text[size] = '\0';
    r->out->hash = cop_fnv1a(text, size);
    return read_text(r, text, size);
}

CopStatus cop_kernel_table_read(CopKernelTable *out, const char *path, CopError *err)
{
    *out = (CopKernelTable){0};
    Reader reader = {.path = path, .out = out, .err = err};
    FILE *stream = fopen(path, "rb");
    if (!stream)
        return cop_error_set(err, COP_ERR_CONFIG, "%s: cannot be opened: %s", path,
                             strerror(errno));
    char *text = malloc(FILE_MOST);
    const CopStatus status = text ? read_stream(&reader, stream, text)
                                  : cop_error_set(err, COP_ERR_NOMEM, "%s: out of memory", path);
    free(text);
    fclose(stream);
    if (status != COP_OK)
        *out = (CopKernelTable){0};
    return status;
}

/* --- writing ------------------------------------------------------------------- */

/* Each line of the comment behind a '#'. */
static void put_comment(FILE *stream, const char *comment)
{
    for (size_t length; *comment; comment += min((int)length + 1, (int)strlen(comment))) {
        length = strcspn(comment, "\n");
        fprintf(stream, "# %.*s\n", (int)length, comment);
    }
}

CopStatus cop_kernel_table_write(const CopKernelTable *table, const char *comment, const char *path,
                                 CopError *err)
{
    CopFile file;
    COP_TRY(cop_file_create(&file, path, err));
    put_comment(file.stream, comment);
    fprintf(file.stream, "tier %s\n# %-6s %-8s %9s %5s %4s\n", cop_tier_name(table->tier), "below",
            "walk", "positions", "cols", "KiB");
    for (int i = 0; i < table->n; i++) {
        const CopBlocking *b = &table->row[i].blocking;
        char below[32];
        fprintf(file.stream, "%-8s %-8s %9d %5d %4d\n",
                cop_format_double(table->row[i].below, below), cop_walk_name(b->walk), b->positions,
                b->cols, b->block_bytes >> 10);
    }
    return cop_file_commit(&file, err); /* knows whether a write has failed */
}
