"""Entry points for torch.hub. This file is renamed over, again and again, while it is loaded."""
dependencies = ["torch"]


def tiny(**_):
    return 8
