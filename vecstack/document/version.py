"""The version of the format that this program writes and reads, and the fields that it knows."""

from __future__ import annotations

FORMAT = "vecstack-layers"
VERSION = (1, 0)  # of the format: the version written, and the newest that can be read

TOP_FIELDS = (
    *("format", "version", "min_reader", "features_required", "generator"),
    *("canvas", "assets", "layers", "source", "model", "metrics"),
)
CANVAS_FIELDS = ("width", "height", "background")
LAYER_FIELDS = ("id", "name", "kind", "visible", "opacity", "transform")


def dotted(version: tuple[int, int]) -> str:
    """A version as it is written: 1.0."""
    return f"{version[0]}.{version[1]}"
