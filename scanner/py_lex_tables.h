/* SPDX-License-Identifier: Apache-2.0 */
/* What the lexer looks up: character classes and keywords. Included by py_lex.c only. */
#ifndef HUBGUARD_SCANNER_PY_LEX_TABLES_H
#define HUBGUARD_SCANNER_PY_LEX_TABLES_H

#include "scanner/py_lex.h"

enum { CH_NAME = 1, CH_DIGIT = 2, CH_HEX = 4 };

/* Every byte of a character beyond ASCII counts as part of a name. Python refuses some of them; a file with
 * those does not run, so accepting them here hides nothing. */
static const uint8_t py_chars[256] = {
    ['A' ... 'F'] = CH_NAME | CH_HEX,
    ['a' ... 'f'] = CH_NAME | CH_HEX,
    ['G' ... 'Z'] = CH_NAME,
    ['g' ... 'z'] = CH_NAME,
    ['_'] = CH_NAME,
    ['0' ... '9'] = CH_DIGIT | CH_HEX,
    [0x80 ... 0xff] = CH_NAME,
};

struct py_keyword {
    char text[9];
    uint8_t len;
    uint8_t type;
};

/* No two keywords share a value: found by trying multipliers. Names of 2 to 8 characters only. */
#define PY_KEYWORD_HASH(s, n) (((s)[0] + 7U * (s)[1] + 16U * (s)[(n)-1] + (n)) & 127U)

static const struct py_keyword py_keywords[128] = {
    [10] = {"def", 3, T_DEF},         [12] = {"class", 5, T_CLASS},    [18] = {"for", 3, T_FOR},
    [21] = {"if", 2, T_IF},           [27] = {"return", 6, T_RETURN},  [29] = {"yield", 5, T_YIELD},
    [33] = {"global", 6, T_GLOBAL},   [36] = {"while", 5, T_WHILE},    [37] = {"try", 3, T_TRY},
    [38] = {"and", 3, T_AND},         [41] = {"lambda", 6, T_LAMBDA},  [42] = {"import", 6, T_IMPORT},
    [43] = {"None", 4, T_NONE},       [45] = {"else", 4, T_ELSE},      [47] = {"or", 2, T_OR},
    [53] = {"break", 5, T_BREAK},     [56] = {"as", 2, T_AS},          [58] = {"not", 3, T_NOT},
    [59] = {"async", 5, T_ASYNC},     [61] = {"elif", 4, T_ELIF},      [63] = {"nonlocal", 8, T_NONLOCAL},
    [64] = {"is", 2, T_IS},           [66] = {"False", 5, T_FALSE},    [68] = {"continue", 8, T_CONTINUE},
    [70] = {"True", 4, T_TRUE},       [75] = {"pass", 4, T_PASS},      [76] = {"assert", 6, T_ASSERT},
    [77] = {"in", 2, T_IN},           [88] = {"from", 4, T_FROM},      [90] = {"with", 4, T_WITH},
    [92] = {"finally", 7, T_FINALLY}, [103] = {"await", 5, T_AWAIT},   [106] = {"del", 3, T_DEL},
    [110] = {"raise", 5, T_RAISE},    [115] = {"except", 6, T_EXCEPT},
};

#endif
