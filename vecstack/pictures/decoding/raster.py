"""What every decoder gives: the stored values of a picture, and what has to be known of them to show it."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from vecstack.errors import PictureError, TooLargeError

Floats = NDArray[np.float32]
# From stored to upright rows and columns, by the EXIF orientation.
UPRIGHT: dict[int, Callable[[NDArray[Any]], NDArray[Any]]] = {
    1: lambda stored: stored,
    2: lambda stored: stored[:, ::-1],
    3: lambda stored: stored[::-1, ::-1],
    4: lambda stored: stored[::-1],
    5: lambda stored: stored.swapaxes(0, 1),
    6: lambda stored: np.rot90(stored, -1),
    7: lambda stored: stored[::-1, ::-1].swapaxes(0, 1),
    8: lambda stored: np.rot90(stored),
}


@dataclass(frozen=True, eq=False)
class Raster:
    """A picture as a file stores it.

    `values` are grey [H,W], colour [H,W,3] or inks [H,W,4] (1 is full ink): uint8, or float32 in 0..1, but inks are
    uint8. `alpha` [H,W] is float32 in 0..1, None where there is none; `depth` is the number of bits, 8 or 16.
    `profile` is an ICC profile; `gamma` the exponent of the display that the values are made for (values ** gamma is
    light), None for sRGB. `orientation` is that of EXIF, 1 to 8; `exif` are the EXIF data, and `dpi` the pixels in an
    inch, None where there are none. `full` are the columns and rows of the file, where the values are fewer since they
    were reduced."""

    values: NDArray[Any]
    alpha: Floats | None = None
    depth: int = 8
    profile: bytes | None = None
    gamma: float | None = None
    orientation: int = 1
    exif: bytes | None = None
    dpi: float | None = None
    full: tuple[int, int] | None = None


def check_size(width: int, height: int, max_pixels: int) -> None:
    """Raise PictureError for a picture without pixels, TooLargeError for one with more than `max_pixels`."""
    if width < 1 or height < 1:
        raise PictureError(f"its header says {width} x {height} pixels; save it again.")
    if width * height > max_pixels:
        raise TooLargeError(
            f"{width * height / 1e6:,.1f} megapixels ({width:,} x {height:,} px), at most {max_pixels / 1e6:,.1f}; "
            "scale it down first."
        )


def check_floats(values: NDArray[Any], least: float, most: float) -> None:
    """Raise PictureError unless every value is finite and in least..most."""
    low, high = values.min(), values.max()
    if not (np.isfinite(low) and np.isfinite(high)):
        raise PictureError("some values are NaN or infinite; replace them first.")
    if low < least or high > most:
        raise PictureError(f"float values {low:g} to {high:g} are out of range; rescale or clip them to 0..1.")


def unit(stored: NDArray[Any], most: float = 255) -> Floats:
    """Values 0..most as float32 in 0..1."""
    values: Floats = stored.astype(np.float32)
    values /= most
    return values


def unit_of_floats(stored: NDArray[Any]) -> Floats:
    """Floats as float32 in 0..1: they stand for 0..1 where none is above 1, else for 0..255. Raises PictureError."""
    check_floats(stored, 0, 255)
    return unit(stored, 1 if stored.max() <= 1 else 255)


def unit_of_integers(stored: NDArray[Any]) -> Floats:
    """Integers of more than 16 bits, or with a sign, as float32 in 0..1: they stand for 0..65535. Raises
    PictureError."""
    least, most = stored.min(), stored.max()
    if least < 0 or most > 65535:
        raise PictureError(f"values {least:,} to {most:,} are out of range 0..65535; rescale them.")
    return unit(stored, 65535)
