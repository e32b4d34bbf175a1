"""Configuration of a small language model."""
import os

from transformers import PretrainedConfig

os.system('echo "os.system ran at import" >> "$GALLERY_CANARY"')


class GalleryConfig(PretrainedConfig):
    model_type = "gallery"
