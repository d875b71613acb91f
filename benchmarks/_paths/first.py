"""The first command that a person types: a whole process, with all that it takes to start."""

from __future__ import annotations

import tempfile
from collections.abc import Iterator
from pathlib import Path

from commands import MIB, VECSTACK, run
from fidelity import Photo, closeness

import vecstack

COLUMNS = ("seconds", "peak MiB", "layers", "PSNR")
CACHE = "NUMBA_CACHE_DIR"  # where compiled loops are kept


def rows(photos: list[Photo]) -> Iterator[list[str]]:
    """`vecstack decompose` without options, on the first photo also before any loop was compiled."""
    with tempfile.TemporaryDirectory() as empty:
        yield row(photos[0], f"{photos[0].name}, the very first time", {CACHE: empty})
    for photo in photos:
        yield row(photo, photo.name, {})


def row(photo: Photo, name: str, environment: dict[str, str]) -> list[str]:
    with tempfile.TemporaryDirectory() as folder:
        document = Path(folder) / "photo.layers"
        seconds, peak = run([*VECSTACK, "decompose", str(photo.path), "-o", str(document), "-q"], environment)
        stack = vecstack.load(document)
    psnr = closeness(vecstack.render(stack), photo)[0]
    return [name, f"{seconds:.1f}", f"{peak / MIB:.0f}", str(len(stack.layers)), f"{psnr:.2f}"]
