#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""The Python front end against CPython: for every .py file of the running interpreter's standard library and of
its installed packages, the calls (line, name as written) have to be what `ast` gives.

    python3 tests/oracle/oracle.py DUMP_CALLS [--jobs N] [--parse-only] [PATH...]

A file that ast itself refuses must not crash the parser; it is counted apart. --parse-only compares nothing and
only asks that files are accepted (for the standard library of a Python that cannot run this script).
Exit status 1 when a file differs.
"""
import argparse
import ast
import concurrent.futures
import os
import subprocess
import sys
import sysconfig
import warnings

warnings.simplefilter("ignore")
BATCH = 200
# Before 3.12 the expressions inside an f-string have made-up line numbers: their names are compared, not the lines.
FSTRING_LINES = sys.version_info >= (3, 12)


def default_paths():
    paths = [sysconfig.get_paths()["stdlib"]]
    for key in ("purelib", "platlib"):
        if sysconfig.get_paths()[key] not in paths:
            paths.append(sysconfig.get_paths()[key])
    return paths


def files_below(paths):
    seen = set()
    for path in paths:
        if os.path.isfile(path):
            seen.add(path)
        for folder, _, names in os.walk(path):
            seen.update(os.path.join(folder, n) for n in names if n.endswith(".py"))
    return sorted(f for f in seen if "\n" not in f and os.path.isfile(f))


def name_of(func):
    chain = []
    while isinstance(func, ast.Attribute) and len(chain) < 64:
        chain.append(func.attr)
        func = func.value
    chain.append(func.id if isinstance(func, ast.Name) else "?")
    return ".".join(reversed(chain))


def expected(path):
    """Sorted lists: calls, names called inside f-strings where CPython has no line to trust, string hashes. No
    hashes (None) when a \\N{...} is in the file: only the names of Latin-1 characters are known to the parser."""
    with open(path, "rb") as f:
        data = f.read()
    tree = ast.parse(data)
    calls, loose, strings = [], [], []
    stack = [(tree, False)]
    while stack:
        node, inside = stack.pop()
        if isinstance(node, ast.JoinedStr):
            inside = True
        if isinstance(node, ast.Call):
            if inside and not FSTRING_LINES:
                loose.append(name_of(node.func))
            else:
                calls.append((node.lineno, name_of(node.func)))
        elif isinstance(node, ast.Constant) and isinstance(node.value, (str, bytes)) and not inside:
            value = node.value
            strings.append(fnv(value.encode("utf-8", "surrogatepass") if isinstance(value, str) else value))
        stack += [(child, inside) for child in ast.iter_child_nodes(node)]
    return sorted(calls), sorted(loose), None if b"\\N{" in data else sorted(strings)


def fnv(data):
    if len(data) > 64:  # the dump does the same: a long text is told by its ends and its length
        data = data[:32] + data[-32:] + str(len(data)).encode()
    h = 0xCBF29CE484222325
    for b in data:
        h = (h ^ b) * 0x100000001B3 & 0xFFFFFFFFFFFFFFFF
    return h


def ours(dump, batch):
    """path -> (calls, calls in f-strings, strings, error)"""
    run = subprocess.run([dump], input="\n".join(batch).encode() + b"\n", capture_output=True, check=False)
    result, current = {}, None
    for line in run.stdout.decode("utf-8", "surrogateescape").split("\n"):
        kind, _, rest = line.partition(" ")
        if kind == "F":
            current = result[rest] = [[], [], [], None]
        elif kind in ("C", "I"):
            number, _, name = rest.partition(" ")
            if kind == "I" and not FSTRING_LINES:
                current[1].append(name)
            else:
                current[0].append((int(number), name))
        elif kind == "S":
            current[2].append(int(rest))
        elif kind == "E":
            current[3] = rest
    return result, run.returncode


def difference(want, have):
    a, b = list(want), list(have)
    for item in want:
        if item in b:
            b.remove(item)
            a.remove(item)
    return f"missing {a[:4]} extra {b[:4]}"


def check_file(path, got, parse_only):
    """(kind, text): kind is ok, differs or refused."""
    if got is None:
        return "differs", "the parser gave nothing"
    if parse_only:
        return ("ok", "") if got[3] is None else ("differs", got[3])
    try:
        calls, loose, strings = expected(path)
    except (SyntaxError, ValueError, RecursionError, MemoryError) as e:
        return "refused", f"{type(e).__name__}; ours: {got[3] or 'accepted'}"
    if got[3] is not None:
        return "differs", "not accepted: " + got[3]
    for what, want, have in (("calls", calls, got[0]), ("calls in f-strings", loose, got[1]),
                             ("strings", strings, got[2])):
        if want is not None and want != sorted(have):
            return "differs", what + ": " + difference(want, sorted(have))
    return "ok", ""


def check_batch(args):
    dump, batch, parse_only = args
    result, status = ours(dump, batch)
    out = [(path, *check_file(path, result.get(path), parse_only)) for path in batch]
    if status != 0:
        out.append((batch[0], "differs", f"the parser ended with status {status} in this batch"))
    return out


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("dump")
    parser.add_argument("--jobs", type=int, default=2)
    parser.add_argument("--parse-only", action="store_true")
    parser.add_argument("paths", nargs="*")
    args = parser.parse_args()
    files = files_below(args.paths or default_paths())
    batches = [(args.dump, files[i:i + BATCH], args.parse_only) for i in range(0, len(files), BATCH)]
    count = {"ok": 0, "differs": 0, "refused": 0}
    with concurrent.futures.ProcessPoolExecutor(args.jobs) as pool:
        for rows in pool.map(check_batch, batches):
            for path, kind, text in rows:
                count[kind] += 1
                if kind != "ok":
                    print(f"{kind}: {path}: {text}")
    print(f"{len(files)} files: {count['ok']} equal, {count['differs']} differ, "
          f"{count['refused']} that Python {sys.version_info[0]}.{sys.version_info[1]} refuses itself")
    return 1 if count["differs"] or not count["ok"] else 0


if __name__ == "__main__":
    sys.exit(main())
