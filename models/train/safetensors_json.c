/* The JSON header of a safetensors file (RFC 8259, and of that only what the
 * format uses: one object of objects, so no depth has to be limited).
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#include "models/train/safetensors_json.h"

#include <stdlib.h>
#include <string.h>

typedef struct Parser {
    const unsigned char *begin, *p, *end;
    char *text; /* where the next decoded string goes */
    const char *label;
    CopError *err;
} Parser;

static CopStatus fail_at(const Parser *parser, const unsigned char *where, const char *what)
{
    return cop_error_set(parser->err, COP_ERR_MODEL, "%s: header, byte %zu: %s", parser->label,
                         (size_t)(where - parser->begin) + COP_ST_LENGTH_BYTES, what);
}

static CopStatus no_memory(const Parser *parser)
{
    return cop_error_set(parser->err, COP_ERR_NOMEM, "%s: header: out of memory", parser->label);
}

static void skip_blanks(Parser *parser)
{
    while (parser->p < parser->end &&
           (*parser->p == ' ' || *parser->p == '\t' || *parser->p == '\n' || *parser->p == '\r'))
        parser->p++;
}

/* Takes `c` if it comes next, blanks aside. */
static bool take(Parser *parser, char c)
{
    skip_blanks(parser);
    if (parser->p == parser->end || *parser->p != (unsigned char)c)
        return false;
    parser->p++;
    return true;
}

static CopStatus expect(Parser *parser, char c, const char *what)
{
    return take(parser, c) ? COP_OK : fail_at(parser, parser->p, what);
}

/* --- strings --------------------------------------------------------------- */

int cop_st_utf8_length(const unsigned char *text, const unsigned char *end)
{
    const size_t room = (size_t)(end - text);
    if (room == 0)
        return 0;
    const unsigned first = text[0];
    if (first < 0x80)
        return 1;
    const int length = first >= 0xC2 && first <= 0xDF   ? 2
                       : first >= 0xE0 && first <= 0xEF ? 3
                       : first >= 0xF0 && first <= 0xF4 ? 4
                                                        : 0;
    if (length == 0 || room < (size_t)length)
        return 0;
    /* The second byte's range keeps out overlong forms, surrogates and what
     * lies above U+10FFFF. */
    const unsigned low = first == 0xE0 ? 0xA0 : first == 0xF0 ? 0x90 : 0x80;
    const unsigned high = first == 0xED ? 0x9F : first == 0xF4 ? 0x8F : 0xBF;
    if (text[1] < low || text[1] > high)
        return 0;
    for (int i = 2; i < length; i++)
        if (text[i] < 0x80 || text[i] > 0xBF)
            return 0;
    return length;
}

static void put_utf8(Parser *parser, uint32_t code)
{
    unsigned char bytes[4];
    int n = 0;
    if (code < 0x80) {
        bytes[n++] = (unsigned char)code;
    } else if (code < 0x800) {
        bytes[n++] = (unsigned char)(0xC0 | code >> 6);
        bytes[n++] = (unsigned char)(0x80 | (code & 0x3F));
    } else if (code < 0x10000) {
        bytes[n++] = (unsigned char)(0xE0 | code >> 12);
        bytes[n++] = (unsigned char)(0x80 | (code >> 6 & 0x3F));
        bytes[n++] = (unsigned char)(0x80 | (code & 0x3F));
    } else {
        bytes[n++] = (unsigned char)(0xF0 | code >> 18);
        bytes[n++] = (unsigned char)(0x80 | (code >> 12 & 0x3F));
        bytes[n++] = (unsigned char)(0x80 | (code >> 6 & 0x3F));
        bytes[n++] = (unsigned char)(0x80 | (code & 0x3F));
    }
    memcpy(parser->text, bytes, (size_t)n);
    parser->text += n;
}

/* Four hexadecimal digits after "\u". */
static bool take_hex(Parser *parser, uint32_t *code)
{
    if (parser->end - parser->p < 4)
        return false;
    *code = 0;
    for (int i = 0; i < 4; i++, parser->p++) {
        const unsigned char c = *parser->p;
        const int digit = c >= '0' && c <= '9'   ? c - '0'
                          : c >= 'a' && c <= 'f' ? c - 'a' + 10
                          : c >= 'A' && c <= 'F' ? c - 'A' + 10
                                                 : -1;
        if (digit < 0)
            return false;
        *code = *code << 4 | (uint32_t)digit;
    }
    return true;
}

/* The rest of an escape sequence, its backslash taken. */
static CopStatus take_escape(Parser *parser)
{
    static const char from[] = "\"\\/bfnrt", to[] = "\"\\/\b\f\n\r\t";
    const unsigned char *start = parser->p - 1;
    const int c = parser->p < parser->end ? *parser->p++ : 0;
    const char *simple = c ? strchr(from, c) : NULL;
    if (simple) {
        *parser->text++ = to[simple - from];
        return COP_OK;
    }
    uint32_t code, low;
    if (c != 'u' || !take_hex(parser, &code))
        return fail_at(parser, start, "no such escape sequence");
    if (code >= 0xD800 && code <= 0xDBFF) {
        const bool pair =
            parser->end - parser->p >= 2 && parser->p[0] == '\\' && parser->p[1] == 'u';
        if (pair)
            parser->p += 2;
        if (!pair || !take_hex(parser, &low) || low < 0xDC00 || low > 0xDFFF)
            return fail_at(parser, start, "half a surrogate pair");
        code = 0x10000 + ((code - 0xD800) << 10) + (low - 0xDC00);
    } else if (code >= 0xDC00 && code <= 0xDFFF) {
        return fail_at(parser, start, "half a surrogate pair");
    } else if (code == 0) {
        return fail_at(parser, start, "a NUL character in a string");
    }
    put_utf8(parser, code);
    return COP_OK;
}

/* A string, decoded and NUL-terminated in the text buffer. Decoding never
 * lengthens, and the two quotes pay for the NUL, so the buffer cannot run out. */
static CopStatus take_string(Parser *parser, const char **out)
{
    COP_TRY(expect(parser, '"', "expected a string"));
    *out = parser->text;
    for (;;) {
        if (parser->p == parser->end)
            return fail_at(parser, parser->p, "a string has no end");
        const unsigned char c = *parser->p;
        if (c == '"')
            break;
        if (c < 0x20)
            return fail_at(parser, parser->p, "a control character in a string");
        if (c == '\\') {
            parser->p++;
            COP_TRY(take_escape(parser));
            continue;
        }
        const int length = cop_st_utf8_length(parser->p, parser->end);
        if (length == 0)
            return fail_at(parser, parser->p, "not UTF-8");
        memcpy(parser->text, parser->p, (size_t)length);
        parser->text += length;
        parser->p += length;
    }
    parser->p++;
    *parser->text++ = '\0';
    return COP_OK;
}

/* --- numbers and lists ----------------------------------------------------- */

static CopStatus take_u64(Parser *parser, uint64_t *out)
{
    skip_blanks(parser);
    const unsigned char *start = parser->p;
    uint64_t value = 0;
    for (; parser->p < parser->end && *parser->p >= '0' && *parser->p <= '9'; parser->p++)
        if (__builtin_mul_overflow(value, 10, &value) ||
            __builtin_add_overflow(value, (uint64_t)(*parser->p - '0'), &value))
            return fail_at(parser, start, "a number beyond 64 bits");
    if (parser->p == start)
        return fail_at(parser, start, "expected a whole number, 0 or above");
    if (*start == '0' && parser->p - start > 1)
        return fail_at(parser, start, "a number with a leading zero");
    *out = value;
    return COP_OK;
}

/* "[1, 2]" of at most `most` numbers. */
static CopStatus take_list(Parser *parser, uint64_t *out, int most, int *n)
{
    *n = 0;
    COP_TRY(expect(parser, '[', "expected a list"));
    if (take(parser, ']'))
        return COP_OK;
    do {
        if (*n == most)
            return fail_at(parser, parser->p, "a list that is too long");
        COP_TRY(take_u64(parser, &out[(*n)++]));
    } while (take(parser, ','));
    return expect(parser, ']', "expected ',' or ']'");
}

/* --- members --------------------------------------------------------------- */

static CopStatus take_dtype(Parser *parser, CopDtype *out)
{
    const char *name;
    skip_blanks(parser);
    const unsigned char *start = parser->p;
    COP_TRY(take_string(parser, &name));
    for (int i = 0; i < COP_DTYPE_COUNT; i++)
        if (strcmp(name, cop_dtype_name((CopDtype)i)) == 0) {
            *out = (CopDtype)i;
            return COP_OK;
        }
    return fail_at(parser, start, "a dtype that is not known here");
}

bool cop_st_bytes(CopDtype dtype, int rank, const uint64_t *shape, uint64_t *bytes)
{
    *bytes = cop_dtype_size(dtype);
    for (int i = 0; i < rank; i++)
        if (__builtin_mul_overflow(*bytes, shape[i], bytes))
            return false;
    return true;
}

static CopStatus take_tensor(Parser *parser, CopStTensor *tensor, const unsigned char *data,
                             size_t data_size)
{
    enum { DTYPE = 1, SHAPE = 2, OFFSETS = 4, ALL = 7 };
    unsigned seen = 0;
    uint64_t offset[2] = {0, 0}, bytes;
    int n_offsets = 2;
    skip_blanks(parser);
    const unsigned char *start = parser->p;
    COP_TRY(expect(parser, '{', "expected a tensor's object"));
    do {
        const char *key;
        skip_blanks(parser);
        const unsigned char *member = parser->p;
        COP_TRY(take_string(parser, &key));
        const unsigned bit = strcmp(key, "dtype") == 0          ? DTYPE
                             : strcmp(key, "shape") == 0        ? SHAPE
                             : strcmp(key, "data_offsets") == 0 ? OFFSETS
                                                                : 0;
        if (!bit || seen & bit)
            return fail_at(parser, member, bit ? "the same member twice" : "an unknown member");
        seen |= bit;
        COP_TRY(expect(parser, ':', "expected ':'"));
        if (bit == DTYPE)
            COP_TRY(take_dtype(parser, &tensor->dtype));
        else if (bit == SHAPE)
            COP_TRY(take_list(parser, tensor->shape, COP_ST_RANK_MAX, &tensor->rank));
        else
            COP_TRY(take_list(parser, offset, 2, &n_offsets));
    } while (take(parser, ','));
    COP_TRY(expect(parser, '}', "expected ',' or '}'"));
    if (seen != ALL || n_offsets != 2)
        return fail_at(parser, start, "a tensor needs dtype, shape and two data_offsets");
    if (offset[0] > offset[1] || offset[1] > data_size)
        return fail_at(parser, start, "a tensor outside the data");
    if (!cop_st_bytes(tensor->dtype, tensor->rank, tensor->shape, &bytes) ||
        bytes != offset[1] - offset[0])
        return fail_at(parser, start, "a tensor whose offsets do not fit its shape");
    tensor->data = data + offset[0];
    tensor->bytes = (size_t)bytes;
    return COP_OK;
}

/* Makes room for one more item of an array that doubles. */
static void *grow(void *item, int n, size_t size)
{
    if (n & (n - 1))
        return item;
    return realloc(item, (n ? (size_t)n * 2 : 1) * size);
}

static CopStatus take_metadata(Parser *parser, CopSafetensors *file)
{
    COP_TRY(expect(parser, '{', "expected the metadata's object"));
    if (take(parser, '}'))
        return COP_OK;
    do {
        CopStMeta *meta = grow(file->meta, file->n_meta, sizeof *meta);
        if (!meta)
            return no_memory(parser);
        file->meta = meta;
        CopStMeta *entry = &meta[file->n_meta];
        COP_TRY(take_string(parser, &entry->key));
        COP_TRY(expect(parser, ':', "expected ':'"));
        COP_TRY(take_string(parser, &entry->value));
        file->n_meta++;
    } while (take(parser, ','));
    return expect(parser, '}', "expected ',' or '}'");
}

static CopStatus take_header(Parser *parser, CopSafetensors *file, const unsigned char *data,
                             size_t data_size)
{
    bool metadata = false;
    if (parser->p == parser->end || *parser->p++ != '{')
        return fail_at(parser, parser->begin, "expected '{'");
    if (take(parser, '}'))
        return COP_OK;
    do {
        const char *name;
        skip_blanks(parser);
        const unsigned char *member = parser->p;
        COP_TRY(take_string(parser, &name));
        COP_TRY(expect(parser, ':', "expected ':'"));
        if (strcmp(name, COP_ST_METADATA) == 0) {
            if (metadata)
                return fail_at(parser, member, "metadata twice");
            metadata = true;
            COP_TRY(take_metadata(parser, file));
            continue;
        }
        CopStTensor *tensor = grow(file->tensor, file->n_tensors, sizeof *tensor);
        if (!tensor)
            return no_memory(parser);
        file->tensor = tensor;
        tensor[file->n_tensors] = (CopStTensor){.name = name};
        COP_TRY(take_tensor(parser, &tensor[file->n_tensors], data, data_size));
        file->n_tensors++;
    } while (take(parser, ','));
    return expect(parser, '}', "expected ',' or '}'");
}

CopStatus cop_st_parse_header(CopSafetensors *file, const char *header, size_t size, char *text,
                              const unsigned char *data, size_t data_size, const char *label,
                              CopError *err)
{
    const unsigned char *begin = (const unsigned char *)header;
    Parser parser = {begin, begin, begin + size, text, label, err};
    COP_TRY(take_header(&parser, file, data, data_size));
    skip_blanks(&parser);
    return parser.p == parser.end
               ? COP_OK
               : fail_at(&parser, parser.p, "something follows the header's object");
}
