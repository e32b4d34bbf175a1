# SPDX-License-Identifier: Apache-2.0
"""Load every case of the gallery without hubguard and with it, through the real loaders, and print one table.

Every cell is the outcome of a run just made, in a fresh process with fresh folders. Ends with 1 when a row is not as it
should be: an attack that does not work without hubguard or works with it, a benign load that differs.

    python examples/demo.py [--only NAME]... [--build DIR] [--keep DIR]
"""
import argparse
import hashlib
import os
import re
import shutil
import sys
import tempfile
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from lab import CASES, Guarded, Hub, Listener, fresh_place, prepare

ROOT = Path(__file__).resolve().parent.parent
SOURCE = "tiny_layers.py"  # the harmless source beside the poisoned bytecode
ACT = re.compile(r" tried to (.*)")
RULE = re.compile(r"\bHG-[A-Z0-9]+(?:-[A-Z0-9]+)*\b")


class Run:
    """One process: what it did, in words, and whether a payload got anywhere."""

    def __init__(self, case, mode, scratch, guarded, hub, listener):
        self.case, self.mode, self.token = case, mode, f"{case.token}.{mode}"
        self.place = fresh_place(scratch / self.token)
        argv = prepare(case, self.place, hub, listener, self.token)
        self.outcome = guarded.run(mode, argv, self.place)
        guarded.end(self.place)
        self.struck = self.place.struck()
        self.secrets = listener.secrets(self.token)

    @property
    def harmed(self):
        return bool(self.struck or self.secrets)

    def words(self):
        kind, _ = self.outcome.exception
        if self.outcome.result is None and not kind and not self.harmed:
            return f"failed, exit {self.outcome.rc}"
        if self.case.expect == "race":
            return f"payload ran {self.struck} times; {self.outcome.result}"
        if self.secrets:
            return "KEYS WERE SENT OUT"
        if self.struck:
            return f"RAN: {self.place.canary.read_text().splitlines()[0]}"
        if kind:
            return f"{kind}, " + ("its act was refused" if self.case.expect == "caged" else "nothing ran")
        first, _, rest = self.outcome.result.partition(" ")
        if self.case.expect == "caged" and self.mode != "none":
            return "ran, and what it tried was refused"
        return f"loaded {first}" + (f", output {hashlib.sha256(rest.encode()).hexdigest()[:8]}" if rest else "")

    def stopped_by(self):
        """What stopped it, read from the exception text or, where the load went on, the report of this very run."""
        _, text = self.outcome.exception
        rules = list(dict.fromkeys(RULE.findall(text)))
        if rules:
            return " ".join(rules)
        act = ACT.search(text)
        if act:
            return f"tried to {act.group(1)}"
        if text:
            why = re.search(r"^ *why: (.*)", text, re.M)
            return why.group(1).partition(" (")[0] if why else text.splitlines()[0]
        refused = [e for e in self.place.events() if e.get("type") == "act" and e.get("verdict") == "refuse"]
        if refused:
            return f"{refused[0]['act']} {refused[0]['object']} refused ({refused[0]['reason']})"
        judged = [e for e in self.place.events() if e.get("type") == "file" and str(e.get("path")).endswith(SOURCE)]
        return f"{SOURCE} scanned and run instead" if judged and judged[0]["verdict"] == "allow" else ""


def judge(case, bare, guarded):
    """None when the row is as it should be, else what is wrong."""
    if case.expect == "same":
        if bare.outcome.result is None or bare.outcome.rc:
            return "the benign load fails without hubguard"
        if guarded.outcome.result != bare.outcome.result or guarded.outcome.rc:
            return "the benign load is not the same with hubguard"
        return "a canary file appeared" if guarded.harmed or bare.harmed else None
    if not bare.harmed:
        return "the attack does not work without hubguard"
    if guarded.harmed:
        return "the attack works with hubguard"
    if case.expect == "source":
        if guarded.outcome.rc or guarded.outcome.result != bare.outcome.result:
            return "the harmless source did not run in place of the bytecode"
        return None if guarded.stopped_by() else "the report does not show that the source was scanned"
    if case.expect == "caged":
        return None if guarded.stopped_by() else "no refusal was recorded"
    if guarded.outcome.exception[0] is None or not guarded.stopped_by():
        return "no exception of hubguard that names a rule"
    if case.expect == "race":
        return None if guarded.outcome.rc == 0 else "the racing process failed"
    return None if guarded.outcome.rc else "the process went on as if nothing had happened"


def table(rows):
    heads = ("case", "without hubguard", "with hubguard", "stopped by", "row")
    widths = [max(len(row[i]) for row in [heads, *rows]) for i in range(len(heads))]
    line = "  ".join("{:<%d}" % width for width in widths)
    print(line.format(*heads).rstrip())
    print("  ".join("-" * width for width in widths))
    for row in rows:
        print(line.format(*row).rstrip())


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--only", action="append", metavar="NAME", help="run this case of examples/gallery only")
    parser.add_argument("--build", type=Path, default=Path(os.environ.get("HUBGUARD_BUILD", ROOT / "build")))
    parser.add_argument("--keep", type=Path, metavar="DIR", help="keep scratch folders and outputs there")
    options = parser.parse_args()
    options.build = options.build.resolve()
    guarded = Guarded(options.build)
    for needed in (guarded.command, guarded.shim):
        if not needed.exists():
            parser.error(f"{needed} is missing: run `make` first")
    cases = [case for case in CASES if not options.only or case.name in options.only]
    if not cases:
        parser.error("no such case; see examples/gallery")
    scratch = options.keep.resolve() if options.keep else Path(tempfile.mkdtemp(prefix="demo-", dir=options.build))
    scratch.mkdir(parents=True, exist_ok=True)
    print(f"{len(cases)} cases through the real loaders, each in fresh processes without and with hubguard …", flush=True)
    with Hub() as hub, Listener() as listener, ThreadPoolExecutor(2) as pool:
        jobs = {
            (case, mode): pool.submit(Run, case, mode, scratch, guarded, hub, listener)
            for case in cases
            for mode in ("none", *case.modes)
        }
        rows, wrong = [], []
        for case in cases:
            bare = jobs[case, "none"].result()
            for mode in case.modes:
                run = jobs[case, mode].result()
                problem = judge(case, bare, run)
                name = case.title + (" (preload)" if mode == "preload" else "")
                stopped = run.stopped_by() if case.expect != "same" else ""
                rows.append((name, bare.words(), run.words(), stopped, "ok" if problem is None else "WRONG"))
                if problem:
                    wrong.append((run, problem, bare))
    table(rows)
    for run, problem, bare in wrong:
        print(f"\nWRONG: {run.token}: {problem}")
        for each in (bare, run):
            print(f"--- {each.token}: exit {each.outcome.rc}")
            print("\n".join((each.outcome.out + each.outcome.err).splitlines()[-15:]))
    if not options.keep:
        shutil.rmtree(scratch, ignore_errors=True)
    print(f"\n{len(rows) - len(wrong)} of {len(rows)} rows as they should be.")
    return 1 if wrong else 0


if __name__ == "__main__":
    sys.exit(main())
