# SPDX-License-Identifier: Apache-2.0
"""Writes codec_table.h from the running Python's codecs: python3 gen_codecs.py > codec_table.h

Every codec name that Python knows, normalised as Python does it, and what a coding cookie with that name means
for us; and the upper halves of the single-byte codecs that agree with ASCII.
"""
import codecs
import encodings
import encodings.aliases
import pkgutil
import sys

ICONV = {
    "gbk": "GBK", "gb2312": "EUC-CN", "gb18030": "GB18030", "big5": "BIG5", "cp932": "CP932", "cp949": "UHC",
    "cp950": "CP950", "euc_jp": "EUC-JP", "euc_kr": "EUC-KR", "shift_jis": "CP932",
}
# Not here, and so refused: big5hkscs, euc_jis_2004, euc_jisx0213, johab, shift_jis_2004, shift_jisx0213. iconv and Python
# disagree about some of their sequences, which can hide code. glibc's SJIS reads 0x5C as a yen sign where Python reads a
# backslash; its CP932 does as Python does. tests/evasion/test_codings.py compares every pair of bytes.
UTF8 = {"utf_8", "utf_8_sig", "cp65001"}
# Names that other Pythons or other systems know.
EXTRA = {"string_escape": "", "unicode_internal": "", "mbcs": "", "oem": "", "ansi": "", "dbcs": "", "cp65001": "utf_8",
         "bz2": "", "zip": "", "zlib": "", "hex": "", "uu": "", "base64": "", "rot13": "", "quopri": "",
         "quotedprintable": "", "cp273": "", "charmap": ""}
# Looks like a single-byte codec byte by byte, but is not one.
ESCAPES = {"raw_unicode_escape", "unicode_escape"}


def upper_half(name):
    """The characters of bytes 128 to 255, or None when this is no single-byte codec on top of ASCII."""
    try:
        if any(bytes([b]).decode(name) != chr(b) for b in range(128)):
            return None
        out = []
        for b in range(128, 256):
            try:
                text = bytes([b]).decode(name)
            except UnicodeDecodeError:
                out.append(0xFFFF)
                continue
            if len(text) != 1:
                return None
            out.append(ord(text))
        return tuple(out) if set(out) != {0xFFFF} else None
    except (LookupError, UnicodeError, TypeError, AssertionError):
        return None


def main():
    names = {m.name for m in pkgutil.iter_modules(encodings.__path__)} - {"aliases"}
    names = {n: n for n in names}
    names.update(EXTRA)
    names.update(encodings.aliases.aliases)
    maps, rows = [], []
    for name, codec in sorted(names.items()):
        name = name.replace(".", "_").lower()
        half = upper_half(codec) if codec and codec not in {*ICONV, *UTF8, *ESCAPES} else None
        if codec in UTF8:
            rows.append((name, "CODEC_UTF8", "0"))
        elif codec == "ascii":
            rows.append((name, "CODEC_ASCII", "0"))
        elif codec in ICONV:
            rows.append((name, "CODEC_ICONV", str(sorted(set(ICONV.values())).index(ICONV[codec]))))
        elif half is not None:
            if half not in maps:
                maps.append(half)
            rows.append((name, "CODEC_TABLE", str(maps.index(half))))
        else:
            rows.append((name, "CODEC_REFUSED", "0"))
    rows = sorted(set(rows))
    version = ".".join(map(str, sys.version_info[:2]))
    print("/* SPDX-License-Identifier: Apache-2.0 */")
    print(f"/* Made by gen_codecs.py from the codecs of Python {version}; do not edit. Included by py_source.c only. */")
    print("#ifndef HUBGUARD_SCANNER_CODEC_TABLE_H\n#define HUBGUARD_SCANNER_CODEC_TABLE_H\n\n#include <stdint.h>\n")
    print("/* clang-format off */")
    print("enum codec_kind { CODEC_UTF8, CODEC_ASCII, CODEC_TABLE, CODEC_ICONV, CODEC_REFUSED };\n")
    charsets = sorted(set(ICONV.values()))
    print(f"static const char *const codec_charsets[{len(charsets)}] = {{")
    print("    " + ", ".join(f'"{c}"' for c in charsets) + ",\n};\n")
    print("/* sorted by name */")
    print(f"static const struct codec {{ const char *name; uint8_t kind; uint8_t index; }} codecs[{len(rows)}] = {{")
    for name, kind, index in rows:
        print(f'    {{"{name}", {kind}, {index}}},')
    print("};\n\n/* bytes 128 to 255; 0xffff is none */")
    print(f"static const uint16_t codec_tables[{len(maps)}][128] = {{")
    for half in maps:
        print("    {")
        for i in range(0, 128, 16):
            print("        " + ",".join(f"0x{c:x}" for c in half[i:i + 16]) + ",")
        print("    },")
    print("};\n/* clang-format on */\n\n#endif")


if __name__ == "__main__":
    sys.exit(main())
