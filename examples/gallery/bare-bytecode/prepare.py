"""Ship tiny_layers.pyc without any tiny_layers.py."""
import importlib.util
import marshal


def prepare(place):
    code = compile((place.case / "evil.txt").read_text(), "tiny_layers.py", "exec")
    (place.repo / "tiny_layers.pyc").write_bytes(importlib.util.MAGIC_NUMBER + b"\0" * 12 + marshal.dumps(code))
