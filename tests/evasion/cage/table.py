# SPDX-License-Identifier: Apache-2.0
"""Prints the techniques that the cage is tried with as a table in Markdown, for docs/security.md."""
import sys
from pathlib import Path

sys.path[:0] = [str(Path(__file__).resolve().parent), str(Path(__file__).resolve().parents[3] / "examples")]
import cage_stage  # noqa: E402

MARKERS = "<!-- techniques: begin -->", "<!-- techniques: end -->"


def markdown():
    found = cage_stage.techniques()
    lines = [f"{len(found)} techniques, each shown to work without hubguard first:", ""]
    lines += ["| what is tried | refused with | event | test |", "|---|---|---|---|"]
    for family, title in cage_stage.FAMILIES.items():
        group = [technique for technique in found if technique.family == family]
        lines.append(f"| **{title}** ({len(group)}) | | | |")
        for technique in group:
            refusal = technique.refusal.replace("|", " or ")
            event = technique.event.replace("|", " or ") or "-"
            lines.append(f"| {technique.title} | {refusal} | {event} | `{technique.name}` |")
    return "\n".join(lines) + "\n"


if __name__ == "__main__":
    print(markdown(), end="")
