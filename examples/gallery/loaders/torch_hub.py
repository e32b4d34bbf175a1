# SPDX-License-Identifier: Apache-2.0
"""What a user writes: an entry point of a torch.hub repository (already in the hub folder, so no network)."""
import sys

import torch

made = torch.hub.load(sys.argv[1], "tiny", trust_repo=True, verbose=False)
if isinstance(made, torch.nn.Module):
    output = made(torch.linspace(-1, 1, 16).reshape(2, 8))
    print("result:", type(made).__name__, *[x.hex() for x in output.flatten().tolist()])
else:
    print("result:", made)
