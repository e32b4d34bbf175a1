# SPDX-License-Identifier: Apache-2.0
"""Load one torch.hub repository again and again, while a thread renames another file over its hubconf.py."""
import os
import sys
import threading

import torch

repository, versions, rounds = sys.argv[1], sys.argv[2], int(sys.argv[3])
owner_name, ref = repository.replace("/", "_").split(":")
target = os.path.join(torch.hub.get_dir(), f"{owner_name}_{ref}", "hubconf.py")
contents = {name: open(os.path.join(versions, name), "rb").read() for name in ("benign", "evil")}
done = threading.Event()
swaps = 0


def swap():
    """Keep the same name changing between the two; os.replace is atomic, so a reader meets one or the other."""
    global swaps
    while not done.is_set():
        for name, data in contents.items():
            with open(target + ".next", "wb") as f:
                f.write(data)
            os.replace(target + ".next", target)
            swaps += 1


sys.setswitchinterval(1e-5)
sys.dont_write_bytecode = True
thread = threading.Thread(target=swap)
thread.start()
refused = 0
last = None
for _ in range(rounds):
    try:
        torch.hub.load(repository, "tiny", trust_repo=True, verbose=False)
    except (ImportError, PermissionError) as error:
        refused += 1
        last = error
done.set()
thread.join()
print(f"result: {refused} of {rounds} loads refused, {swaps} swaps")
if last is not None:
    print(f"{type(last).__name__}: {last}", file=sys.stderr)
