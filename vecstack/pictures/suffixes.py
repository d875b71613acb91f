"""The endings of files that are pictures. Imports nothing, so that a help text and a list of files stay quick."""

from __future__ import annotations

# In lower case. The formats are those of vecstack.pictures.read.PLUGINS, and the endings those that Pillow gives them.
SUFFIXES = frozenset(
    {
        *(".png", ".apng"),
        *(".jpg", ".jpeg", ".jpe", ".jfif"),
        ".webp",
        *(".tif", ".tiff"),
        ".gif",
        ".bmp",
        *(".avif", ".avifs"),
        *(".jp2", ".j2k", ".jpc", ".jpf", ".jpx", ".j2c"),  # JPEG 2000
        *(".ppm", ".pgm", ".pbm", ".pnm", ".pfm"),  # PPM
    }
)
