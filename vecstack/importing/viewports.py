"""How large a drawing is, and how its contents are put into a rectangle."""

from __future__ import annotations

import math
from collections.abc import Callable

from vecstack.errors import PictureError
from vecstack.geometry import Affine, Rect
from vecstack.importing.values import IDENTITY, length, numbers, scale, shift
from vecstack.stack import MAX_SIDE

Get = Callable[[str], "str | None"]
ALMOST_WHOLE = 1e-3  # canvas units: sides that are less off are rounded


def view_box(get: Get) -> Rect | None:
    """The rectangle that an element's contents are drawn in; None where it has none or an empty one."""
    values = numbers(get("viewBox") or "")
    return Rect(*values) if len(values) == 4 and values[2] > 0 and values[3] > 0 else None


def size(get: Get) -> tuple[float, float]:
    """Width and height of a drawing in px. Raises PictureError where neither they nor a viewBox say it."""
    box = view_box(get)
    whole = (math.nan, math.nan) if box is None else (box.width, box.height)
    width, height = _side(get("width"), whole[0]), _side(get("height"), whole[1])
    if box is not None:
        width = width if width is not None else box.width if height is None else height * box.width / box.height
        height = height if height is not None else width * box.height / box.width
    if width is None or height is None:
        raise PictureError("says no size; give the svg element a width and a height, or a viewBox.")
    if not (0 < width <= MAX_SIDE and 0 < height <= MAX_SIDE):
        raise PictureError(f"its sides are {width:g} x {height:g}, but must be up to {MAX_SIDE:,}; scale it.")
    return width, height


def _side(text: str | None, whole: float) -> float | None:
    """A side; None where it is not said, or in percent of what a drawing by itself does not have."""
    value = length(text, whole)
    return None if value is None or math.isnan(value) or (text or "").strip() in ("100%", "") else value


def canvas_of(width: float, height: float) -> tuple[int, int, float]:
    """The sides of a canvas, which are whole, and by what the drawing is scaled: the long side becomes whole, and the
    short one is filled up."""
    long = max(width, height)
    factor = max(1, round(long)) / long if abs(long - round(long)) < ALMOST_WHOLE else math.ceil(long) / long
    across, down = (max(1, math.ceil(side * factor - ALMOST_WHOLE)) for side in (width, height))
    return across, down, factor


def fitted(get: Get, width: float, height: float) -> Affine:
    """The map from an element's own units into a rectangle at the origin, as its viewBox and preserveAspectRatio
    say."""
    box = view_box(get)
    if box is None:
        return IDENTITY
    across, down = width / box.width, height / box.height
    words = (get("preserveAspectRatio") or "").split() or ["xMidYMid"]
    if words[0] != "none":
        across = down = max(across, down) if "slice" in words[1:] else min(across, down)
    place = words[0].lower()
    x = _aligned(place[:4], "xmin", "xmax", width - across * box.width)
    y = _aligned(place[4:], "ymin", "ymax", height - down * box.height)
    return shift(x, y).after(scale(across, down)).after(shift(-box.x, -box.y))


def _aligned(word: str, first: str, last: str, space: float) -> float:
    """How much of the space that is left comes before the contents."""
    return 0.0 if word == first else space if word == last else space / 2
