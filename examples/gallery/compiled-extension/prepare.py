"""Compile the extension into the repository, as a publisher would."""
import subprocess


def prepare(place):
    subprocess.run(
        ["gcc", "-shared", "-fPIC", "-O1", "-o", place.repo / "fastops.so", place.case / "fastops.c"], check=True
    )
