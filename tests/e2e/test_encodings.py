# SPDX-License-Identifier: Apache-2.0
"""Sources that Python decodes with a codec of East Asia: read by the confined scanner as Python reads them, alone and
inside an archive. libc keeps the converters for these in libraries of their own, and the scanner may open no file."""
import zipfile

import pytest

TEXTS = {"gbk": "汉字", "gb18030": "汉字", "big5": "漢字", "euc_jp": "漢字", "shift_jis": "漢字", "cp932": "漢字",
         "euc_kr": "한글", "cp949": "한글"}
IMPORT = "import sys\nsys.path.insert(0, ROOT + '/bundle.zip')\nsys.path.insert(0, ROOT)\nimport payload\n" \
         "print('result:', ascii(payload.NAME))\n"


def encoded(codec, rest=""):
    return f"# -*- coding: {codec} -*-\nNAME = '{TEXTS[codec]}'\n{rest}".encode(codec)


def bundle(box, name, source):
    with zipfile.ZipFile(box.root / "bundle.zip", "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr(name, source)


def assert_blocked_by_rule(box, outcome):
    assert outcome.result is None and "ImportError: hubguard: blocked" in outcome.err, outcome.err
    assert "HG-PY-001" in outcome.err and "CWE-78" in outcome.err
    assert box.struck() == 0


@pytest.mark.parametrize("codec", TEXTS)
def test_benign_source_loads(box, codec):
    box.write("payload.py", encoded(codec))
    outcome = box.run(IMPORT)
    assert (outcome.rc, outcome.result) == (0, ascii(TEXTS[codec])), outcome.err


@pytest.mark.parametrize("codec", TEXTS)
def test_what_it_does_is_seen(box, codec):
    box.write("payload.py", encoded(codec, box.evil()))
    assert box.run(IMPORT, "none").result == ascii(TEXTS[codec]) and box.struck() == 1
    box.place.canary.unlink()
    assert_blocked_by_rule(box, box.run(IMPORT))


def test_benign_archive_loads(box, mode):
    bundle(box, "payload.py", encoded("gbk"))
    outcome = box.run(IMPORT, mode)
    assert (outcome.rc, outcome.result) == (0, ascii(TEXTS["gbk"])), outcome.err


def test_archive_members_are_read(box, mode):
    bundle(box, "payload.py", encoded("gbk", box.evil()))
    assert box.run(IMPORT, "none").result == ascii(TEXTS["gbk"]) and box.struck() == 1
    box.place.canary.unlink()
    outcome = box.run(IMPORT, mode)
    assert outcome.result is None and box.struck() == 0, outcome.err
    assert "HG-PY-001" in outcome.err and "payload.py" in outcome.err
