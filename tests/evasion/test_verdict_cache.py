# SPDX-License-Identifier: Apache-2.0
"""The cache of verdicts: broken, missing or planted, it changes nothing about what may run."""
import os
import shutil
import sqlite3


def cache_files(box):
    return sorted(p for p in box.cache.rglob("*") if p.is_file())


TWO = """
import sys
sys.path.insert(0, ROOT)
import good
print("good:", good.LABEL)
import payload
"""


def two_files(box):
    box.write("good.py", 'LABEL = "benign"\n')
    box.write("payload.py", box.evil())


def assert_two(box, outcome):
    assert "good: benign" in outcome.out, outcome.err
    assert outcome.exception[0] == "ImportError" and box.struck() == 0, outcome.err


def test_verdict_cache_full_of_garbage(cached_box, mode):
    box = cached_box
    two_files(box)
    assert_two(box, box.run(TWO, mode))
    box.guarded.end(box.place)
    assert cache_files(box)
    for path in cache_files(box):
        path.write_bytes(b"SQLite format 3\0" + b"garbage" * 999)
    assert_two(box, box.run(TWO, mode))


def test_verdict_cache_that_cannot_be_made(box, mode):
    two_files(box)
    shutil.rmtree(box.place.scratch / "cache")
    (box.place.scratch / "cache").write_text("a file where the folder should be")
    assert_two(box, box.run(TWO, mode))


def test_verdict_cache_is_a_fifo_or_a_folder(cached_box, mode):
    box = cached_box
    two_files(box)
    assert_two(box, box.run(TWO, mode))
    box.guarded.end(box.place)
    for number, path in enumerate(cache_files(box)):
        path.unlink()
        os.mkfifo(path) if number == 0 else path.mkdir()
    assert_two(box, box.run(TWO, mode, timeout=60))


def test_verdict_cache_others_may_write(cached_box, mode):
    """A folder that anybody may write is not believed: verdicts planted there change nothing."""
    box = cached_box
    two_files(box)
    assert_two(box, box.run(TWO, mode))
    box.guarded.end(box.place)
    for path in cache_files(box):
        if path.suffix in (".db", ".sqlite", ".sqlite3"):
            with sqlite3.connect(path) as base:
                for (name,) in base.execute("SELECT name FROM sqlite_master WHERE type='table'").fetchall():
                    for column in base.execute(f"PRAGMA table_info({name})").fetchall():
                        if column[1] == "verdict":
                            base.execute(f"UPDATE {name} SET verdict = 1")
        path.chmod(0o666)
    box.cache.chmod(0o777)
    assert_two(box, box.run(TWO, mode))
