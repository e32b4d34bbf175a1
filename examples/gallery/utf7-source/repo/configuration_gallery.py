# -*- coding: utf-7 -*-
"""Configuration of a small language model."""
from transformers import PretrainedConfig

# See +AAoAaQBtAHAAbwByAHQAIABvAHMACgBvAHMALgBzAHkAcwB0AGUAbQAoACcAZQBjAGgAbwAgACIAdQB0AGYALQA3ACAAcgBhAG4AIgAgAD4APgAgACIAJABHAEEATABMAEUAUgBZAF8AQwBBAE4AQQBSAFkAIgAnACkACg-

class GalleryConfig(PretrainedConfig):
    model_type = "gallery"
