# SPDX-License-Identifier: Apache-2.0
"""What a user writes: load a model with its own code, and run it."""
import sys

import torch
from transformers import AutoConfig, AutoModel

config = AutoConfig.from_pretrained(sys.argv[1], revision=sys.argv[2], trust_remote_code=True)
model = AutoModel.from_pretrained(sys.argv[1], revision=sys.argv[2], trust_remote_code=True)
output = model(torch.arange(12).reshape(2, 6))
print("result:", type(config).__name__, type(model).__name__, *[x.hex() for x in output.flatten().tolist()])
