"""A word tokenizer that lower-cases what it is given."""
from transformers import PreTrainedTokenizerFast


class TinyWordsTokenizer(PreTrainedTokenizerFast):
    def fold(self, text):
        return self.encode(text.lower())
