"""The version of the format that this program writes and reads, and the fields that it knows."""

from __future__ import annotations

FORMAT = "vecstack-layers"
VERSION = (1, 1)  # of the format: the version written, and the newest that can be read
MIN_READER = (1, 0)  # the least that draws what is written as meant

TOP_FIELDS = (
    *("format", "version", "min_reader", "features_required", "generator"),
    *("canvas", "assets", "groups", "layers", "source", "model", "metrics"),
)
CANVAS_FIELDS = ("width", "height", "background", "transparent")
GROUP_FIELDS = ("id", "name", "parent")
LAYER_FIELDS = ("id", "name", "kind", "visible", "opacity", "transform", "group")


def dotted(version: tuple[int, int]) -> str:
    """A version as it is written: 1.0."""
    return f"{version[0]}.{version[1]}"
