"""Paths beside the windows of splines that detail is made of where no paths are wanted."""

from __future__ import annotations

import dataclasses
from collections.abc import Iterator

from _common import Cost, timed
from fidelity import Photo, closeness, numbers_of_layers

import vecstack
from _paths.quality import make, stored
from vecstack.stack import Stack

COLUMNS = ("layers", "numbers", "KB", "seconds", "PSNR")


def rows(photo: Photo, count: int, effort: str) -> Iterator[list[str]]:
    """Splines, and paths that are as many layers, as many numbers, and take as many seconds."""
    splines, cost = timed(lambda: vecstack.decompose(photo.path, "splines", count, effort=effort))
    yield row("splines", photo, dataclasses.replace(splines, thumbnail=None), cost)
    paths, of_paths = make(photo, count, effort)
    yield row("paths, as many", photo, paths, of_paths)
    each = numbers_of_layers(paths) / len(paths.layers)
    as_large = max(1, round(numbers_of_layers(splines) / each))
    yield row("paths, as many numbers", photo, *make(photo, as_large, effort))
    yield row("paths, as many and as many seconds", photo, *make(photo, count, cost.wall))


def row(name: str, photo: Photo, stack: Stack, cost: Cost) -> list[str]:
    loaded, file_bytes = stored(stack)
    return [
        name,
        f"{len(loaded.layers):,}",
        f"{numbers_of_layers(loaded):,}",
        f"{file_bytes / 1000:.1f}",
        f"{cost.wall:.1f}",
        f"{closeness(vecstack.render(loaded), photo)[0]:.2f}",
    ]
