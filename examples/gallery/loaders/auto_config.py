# SPDX-License-Identifier: Apache-2.0
"""What a user writes: load a configuration with its own code."""
import sys

from transformers import AutoConfig

config = AutoConfig.from_pretrained(sys.argv[1], revision=sys.argv[2], trust_remote_code=True)
print("result:", type(config).__name__)
