"""Entry points for torch.hub. The fast path is a compiled extension."""
dependencies = ["torch"]

import fastops


def tiny(**_):
    return fastops.__name__
