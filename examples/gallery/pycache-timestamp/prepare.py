"""Ship bytecode whose header claims the time and size of the harmless source beside it."""
import importlib.util
import marshal


def prepare(place):
    source = place.repo / "tiny_layers.py"
    cached = source.parent / "__pycache__" / f"tiny_layers.{place.cache_tag}.pyc"
    cached.parent.mkdir()
    code = compile((place.case / "evil.txt").read_text(), str(source), "exec")
    info = source.stat()
    header = b"\0\0\0\0" + int(info.st_mtime).to_bytes(4, "little") + info.st_size.to_bytes(4, "little")
    cached.write_bytes(importlib.util.MAGIC_NUMBER + header + marshal.dumps(code))
