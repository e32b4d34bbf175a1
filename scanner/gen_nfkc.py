# SPDX-License-Identifier: Apache-2.0
"""Writes nfkc_table.h from the running Python's unicodedata: python3 gen_nfkc.py > nfkc_table.h

Only characters that Python lets stand in a name are in it. Hangul syllables are computed, not listed.
The second part is the table of \\N{...} names of the first 256 characters.
"""
import sys
import unicodedata

HANGUL = range(0xAC00, 0xAC00 + 11172)


def rows(items, per_line):
    items = list(items)
    for i in range(0, len(items), per_line):
        print("    " + ", ".join(items[i:i + per_line]) + ",")


def decompositions():
    for cp in range(0x80, 0x110000):
        c = chr(cp)
        if 0xD800 <= cp < 0xE000 or cp in HANGUL or not ("a" + c).isidentifier():
            continue
        full = unicodedata.normalize("NFKD", c)
        if full != c:
            yield cp, [ord(x) for x in full]


def classes():
    start = None
    for cp in range(0x300, 0x110001):
        ccc = unicodedata.combining(chr(cp)) if cp < 0x110000 else 0
        if start is not None and ccc != start[1]:
            yield start[0], cp - 1, start[1]
            start = None
        if start is None and ccc:
            start = cp, ccc


def compositions():
    for cp in range(0x80, 0x110000):
        if cp in HANGUL:
            continue
        d = unicodedata.decomposition(chr(cp))
        if d and not d.startswith("<") and len(d.split()) == 2:
            a, b = (int(x, 16) for x in d.split())
            if unicodedata.normalize("NFC", chr(a) + chr(b)) == chr(cp):
                yield a, b, cp


def names():
    aliases = ["NULL", "BACKSPACE", "CHARACTER TABULATION", "LINE FEED", "FORM FEED", "CARRIAGE RETURN", "ESCAPE",
               "DELETE", "NEXT LINE", "NEW LINE", "TAB", "ALERT", "NUL", "LF", "CR", "HT", "ESC", "DEL", "SP", "NBSP"]
    found = {}
    for cp in range(256):
        name = unicodedata.name(chr(cp), "")
        if name:
            found[name] = cp
    for alias in aliases:
        try:
            found[alias] = ord(unicodedata.lookup(alias))
        except KeyError:
            pass
    return sorted(found.items())


def main():
    pool, index, entries = [], {}, []
    for cp, seq in decompositions():
        key = tuple(seq)
        if key not in index:
            index[key] = len(pool)
            pool += seq
        entries.append((cp, index[key], len(seq)))
    print("/* SPDX-License-Identifier: Apache-2.0 */")
    print(f"/* Made by gen_nfkc.py from Unicode {unicodedata.unidata_version}; do not edit. Included by py_nfkc.c only. */")
    print("#ifndef HUBGUARD_SCANNER_NFKC_TABLE_H\n#define HUBGUARD_SCANNER_NFKC_TABLE_H\n\n#include <stdint.h>\n")
    print("/* clang-format off */")
    print("/* code points of all compatibility decompositions */")
    print(f"static const uint32_t nfkc_pool[{len(pool)}] = {{")
    rows((f"0x{x:x}" for x in pool), 14)
    print("};\n/* sorted: character, where its decomposition starts in the pool, how long it is */")
    print(f"static const struct nfkc_decomposition {{ uint32_t cp; uint16_t at; uint8_t len; }} nfkc_decompositions[{len(entries)}] = {{")
    rows((f"{{0x{c:x},{a},{n}}}" for c, a, n in entries), 7)
    ccc = list(classes())
    print("};\n/* sorted: ranges of characters with a combining class */")
    print(f"static const struct nfkc_class {{ uint32_t first, last; uint8_t ccc; }} nfkc_classes[{len(ccc)}] = {{")
    rows((f"{{0x{a:x},0x{b:x},{c}}}" for a, b, c in ccc), 6)
    pairs = sorted(compositions())
    print("};\n/* sorted: pairs and the character that they compose to */")
    print(f"static const struct nfkc_pair {{ uint32_t a, b, cp; }} nfkc_pairs[{len(pairs)}] = {{")
    rows((f"{{0x{a:x},0x{b:x},0x{c:x}}}" for a, b, c in pairs), 5)
    known = names()
    print("};\n/* sorted by name */")
    print(f"static const struct char_name {{ const char *name; uint8_t cp; }} char_names[{len(known)}] = {{")
    rows((f'{{"{n}",0x{c:02x}}}' for n, c in known), 2)
    print("};\n/* clang-format on */\n\n#endif")


if __name__ == "__main__":
    sys.exit(main())
