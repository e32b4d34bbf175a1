"""The two versions of hubconf.py that the racing thread renames into place."""


def prepare(place):
    versions = place.scratch / "versions"
    versions.mkdir()
    (versions / "benign").write_text((place.repo / "hubconf.py").read_text())
    (versions / "evil").write_text((place.case / "evil.txt").read_text())
