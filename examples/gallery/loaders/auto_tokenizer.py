# SPDX-License-Identifier: Apache-2.0
"""What a user writes: load a tokenizer with its own code."""
import sys

from transformers import AutoTokenizer

tokenizer = AutoTokenizer.from_pretrained(sys.argv[1], revision=sys.argv[2], trust_remote_code=True)
print("result:", type(tokenizer).__name__, tokenizer.fold("The bytes THAT run"))
