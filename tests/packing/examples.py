"""Files that collages are made of."""

from __future__ import annotations

from pathlib import Path

import numpy as np
from PIL import Image

SVG = '<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 40 40">{}</svg>'
LEAF = (
    '<path d="M20 2 C34 10 34 30 20 38 C6 30 6 10 20 2Z" fill="seagreen"/><circle cx="20" cy="20" r="4" fill="gold"/>'
)
RING = '<path fill-rule="evenodd" d="M0 0H40V40H0Z M8 8H32V32H8Z" fill="navy"/>'


def drawing(folder: Path, name: str, content: str) -> Path:
    """An SVG file."""
    path = folder / f"{name}.svg"
    path.write_text(SVG.format(content))
    return path


def cut_out(folder: Path, name: str = "disc", side: int = 60) -> Path:
    """A PNG of an orange disc to the left of the middle, transparent elsewhere."""
    rows, columns = np.mgrid[:side, : 2 * side]
    pixels = np.zeros((side, 2 * side, 4), np.uint8)
    pixels[np.hypot(rows - side / 2 + 0.5, columns - side / 2 + 0.5) < side / 3] = (240, 140, 20, 255)
    path = folder / f"{name}.png"
    Image.fromarray(pixels).save(path)
    return path
