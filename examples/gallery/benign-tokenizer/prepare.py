"""Train a small word vocabulary and write tokenizer.json."""
from tokenizers import Tokenizer
from tokenizers.models import WordLevel
from tokenizers.pre_tokenizers import Whitespace
from tokenizers.trainers import WordLevelTrainer

CORPUS = ["the bytes that run are the bytes that were scanned", "no remote file starts to run before that"]


def prepare(place):
    tokenizer = Tokenizer(WordLevel(unk_token="[UNK]"))
    tokenizer.pre_tokenizer = Whitespace()
    tokenizer.train_from_iterator(CORPUS, WordLevelTrainer(special_tokens=["[UNK]"]))
    tokenizer.save(str(place.repo / "tokenizer.json"))
