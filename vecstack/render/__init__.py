"""Stacks drawn as pixels, in memory and into picture files."""

from __future__ import annotations

from vecstack.device import resolve_device
from vecstack.render.draw import render, render_plan, rows
from vecstack.render.write import THUMBNAIL_PX, pixels_to_file, render_to_file, thumbnail_png

__all__ = [
    "THUMBNAIL_PX",
    "pixels_to_file",
    "render",
    "render_plan",
    "render_to_file",
    "resolve_device",
    "rows",
    "thumbnail_png",
]
