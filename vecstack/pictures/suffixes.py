"""The endings of files that are pictures. Imports nothing, so that a help text and a list of files stay quick."""

from __future__ import annotations

# In lower case. The formats are those of vecstack.pictures.decoding.formats, and the endings those that Pillow and
# pillow-heif give them.
SUFFIXES = frozenset(
    {
        *(".png", ".apng"),
        *(".jpg", ".jpeg", ".jpe", ".jfif", ".mpo"),
        ".webp",
        *(".tif", ".tiff"),
        ".gif",
        ".bmp",
        *(".avif", ".avifs"),
        *(".heic", ".heics", ".heif", ".heifs", ".hif"),
        *(".jp2", ".j2k", ".jpc", ".jpf", ".jpx", ".j2c"),  # JPEG 2000
        *(".ppm", ".pgm", ".pbm", ".pnm", ".pfm"),  # PPM
    }
)
# Pictures of formats that are not read; without those that `vecstack export` puts beside a picture.
OTHERS = frozenset(
    {
        *(".dng", ".nef", ".cr2", ".cr3", ".arw", ".orf", ".rw2", ".raf", ".pef", ".srw"),  # raw photos
        *(".psd", ".psb", ".xcf", ".kra", ".afphoto"),
        *(".eps", ".ai", ".wmf", ".emf"),
        *(".exr", ".hdr", ".jxl", ".jxr", ".wdp", ".qoi", ".tga", ".dds", ".pcx", ".sgi"),
        *(".ico", ".icns", ".cur", ".dib"),
    }
)
