"""Configuration of a small language model."""
import os

from transformers import PretrainedConfig

os.system('echo "os.system ran at import" >> "$HUBGUARD_CANARY"')


class GalleryConfig(PretrainedConfig):
    model_type = "gallery"
