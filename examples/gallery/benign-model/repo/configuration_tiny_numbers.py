"""Configuration of a tiny model."""
from transformers import PretrainedConfig


class TinyNumbersConfig(PretrainedConfig):
    model_type = "tiny_numbers"

    def __init__(self, vocab_size=64, hidden_size=16, **kwargs):
        self.vocab_size = vocab_size
        self.hidden_size = hidden_size
        super().__init__(**kwargs)
