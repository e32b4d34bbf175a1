"""Ship bytecode that tells Python not to look at the source at all (PEP 552, unchecked hash)."""
import importlib.util
import marshal

UNCHECKED_HASH = (1).to_bytes(4, "little")


def prepare(place):
    source = place.repo / "tiny_layers.py"
    cached = source.parent / "__pycache__" / f"tiny_layers.{place.cache_tag}.pyc"
    cached.parent.mkdir()
    code = compile((place.case / "evil.txt").read_text(), str(source), "exec")
    cached.write_bytes(importlib.util.MAGIC_NUMBER + UNCHECKED_HASH + b"\0" * 8 + marshal.dumps(code))
