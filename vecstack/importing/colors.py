"""CSS colours as sRGB."""

from __future__ import annotations

import functools
import math
from typing import Any

import numpy as np

from vecstack.color import Color, to_srgb
from vecstack.importing.values import LARGEST

CURRENT = "currentcolor"
FROM_PACKAGE = ("srgb", "hsl", "hwb")  # the spaces that it takes to sRGB


@functools.lru_cache(4096)
def parsed(text: str) -> tuple[Color, float] | str | None:
    """A colour as sRGB in 0..1 and its alpha; CURRENT where the text is currentColor; None where it is no colour, or of
    a space other than sRGB, HSL, HWB and OKLab."""
    from tinycss2.color4 import parse_color

    try:
        color = parse_color(text)
    except ValueError:  # of color() without a space
        return None
    if color is None or isinstance(color, str):
        return None if color is None else CURRENT
    values = _srgb(color)
    if values is None:
        return None
    red, green, blue = (min(max(value, 0.0), 1.0) for value in values)
    return (red, green, blue), min(max(float(color.alpha), 0.0), 1.0)


def _srgb(color: Any) -> list[float] | None:
    """The channels of a colour of the package; None where there is no way to them."""
    values = np.nan_to_num([float(value or 0) for value in color.coordinates])
    first, second, third = values.clip(-LARGEST, LARGEST).tolist()
    if color.space == "hsl":  # Saturation has been clipped since CSS 2.
        second = min(max(second, 0.0), 100.0)
    if color.space in FROM_PACKAGE:
        finite = type(color)(color.space, (first, second, third), color.alpha)
        return [float(value or 0) for value in finite.to("srgb").coordinates]
    if color.space == "oklch":
        first, second, third = first, *_around(second, third)
    elif color.space != "oklab":
        return None
    channels: list[float] = to_srgb(np.array([(first, second, third)]))[0].tolist()
    return channels


def _around(radius: float, degrees: float) -> tuple[float, float]:
    return radius * math.cos(math.radians(degrees)), radius * math.sin(math.radians(degrees))
