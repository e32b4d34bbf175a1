# SPDX-License-Identifier: Apache-2.0
"""A coding under which Python and the scanner read different ASCII hides code in plain sight."""
import ast
import itertools
import subprocess

import pytest
from conftest import REPO

SAMPLES = {
    # 0x5C is a yen sign for some decoders and a backslash for Python: the string ends earlier for Python.
    "shift_jis": rb"x = '\'';os.system({shell!r})#'",
    "sjis": rb"x = '\'';os.system({shell!r})#'",
    "johab": rb"x = '\'';os.system({shell!r})#'",
    "shift_jis_2004": b"x = '\x81_'';os.system({shell!r})#'",
}


def source(coding, line, shell):
    return f"# coding: {coding}\nimport os\n".encode() + line.replace(b"{shell!r}", repr(shell).encode()) + b"\n"


@pytest.mark.parametrize("coding", SAMPLES)
def test_ascii_that_only_python_sees(new_box, mode, coding):
    for each in ("none", mode):
        box = new_box()
        shell = f"echo hidden >> {box.place.canary}"
        box.write("payload.py", source(coding, SAMPLES[coding], shell))
        outcome = box.run("import sys\nsys.path.insert(0, ROOT)\nimport payload\n", each)
        ran = box.struck()
        if each == "none":
            if not ran:  # this spelling is no code for this Python either: nothing to hide
                assert coding == "shift_jis_2004", outcome.err
        else:
            assert ran == 0 and "hubguard: blocked" in outcome.err


@pytest.mark.parametrize("coding", ["gbk", "gb18030", "big5", "cp932", "cp949", "cp950", "shift_jis", "euc_jp", "euc_kr"])
def test_every_pair_of_bytes_reads_like_python(box, build, coding):
    """Which of the allowed codings' two-byte sequences swallow or give an ASCII character: the scanner sees the calls that Python
    sees. One call a line, behind every sequence that Python accepts there."""
    lines = []
    for a, b in itertools.product(range(0x80, 0x100), range(0x20, 0x100)):
        pair = bytes([a, b])
        try:
            text = pair.decode(coding)
            tail = (pair + b"'").decode(coding)
        except UnicodeDecodeError:
            continue
        if len(text) == 1 and tail == text + "'" and text not in "\\'\n\r":
            lines.append(b"x = '" + pair + b"'; f" + b"%02x%02x()" % (a, b))
    assert len(lines) > 3000
    whole = f"# coding: {coding}\n".encode() + b"\n".join(lines) + b"\n"
    path = box.write("pairs.py", whole)
    python = sorted((n.lineno, n.func.id) for n in ast.walk(ast.parse(whole)) if isinstance(n, ast.Call))
    subprocess.run(["make", "-s", "-C", REPO, f"BUILD={build}", f"{build}/dump_calls"], check=True)
    shown = subprocess.run([build / "dump_calls", path], capture_output=True, text=True, check=True).stdout
    ours = sorted((int(line), name) for kind, line, name in (row.split(" ", 2) for row in shown.splitlines() if row[0] == "C"))
    assert ours == python
