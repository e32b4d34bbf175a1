"""Put the payload outside every guarded folder and link to it."""


def prepare(place):
    outside = place.scratch / "elsewhere"
    outside.mkdir()
    (outside / "payload.py").write_text((place.case / "evil.txt").read_text())
    (place.repo / "tiny_layers.py").symlink_to(outside / "payload.py")
