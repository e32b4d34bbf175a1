"""Layers of the tiny model."""


def width():
    return 8
