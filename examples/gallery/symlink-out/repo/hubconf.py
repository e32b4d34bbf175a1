"""Entry points for torch.hub. tiny_layers.py is a symbolic link that leaves the cache."""
dependencies = ["torch"]

from tiny_layers import width


def tiny(**_):
    return width()
