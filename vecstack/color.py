"""Colours: parsed, checked, written, and converted between sRGB and OKLab."""

from __future__ import annotations

import math
import numbers
import re
import reprlib
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, cast

from vecstack.errors import DocumentError, UsageError

if TYPE_CHECKING:
    import numpy as np

Color = tuple[float, float, float]  # sRGB, 0..1, not premultiplied

ROUNDS = 30  # of k-means; few stacks take more than 10
CHROMA_STEPS = 12  # halvings in the search for a chroma: finer than is visible
GREY = 0.5 / 255  # between the channels of what has no tint
GAMUT_SLACK = 1e-5  # of linear sRGB: how far rounding may move a colour out of the gamut
# From linear sRGB to the responses of three cones, and from their cube roots to OKLab: Bjorn Ottosson, "A perceptual
# color space for image processing", 2020, https://bottosson.github.io/posts/oklab/
CONES = (
    (0.4122214708, 0.5363325363, 0.0514459929),
    (0.2119034982, 0.6806995451, 0.1073969566),
    (0.0883024619, 0.2817188376, 0.6299787005),
)
OKLAB = (
    (0.2104542553, 0.7936177850, -0.0040720468),
    (1.9779984951, -2.4285922050, 0.4505937099),
    (0.0259040371, 0.7827717662, -0.8086757660),
)

PLAIN_NUMBERS = {int, float}  # types of nearly all numbers: told at once


def is_number(value: object) -> bool:
    """Whether the value is a real number, of Python or of numpy; booleans are not."""
    return isinstance(value, numbers.Real) and not isinstance(value, bool)


def is_number_list(values: object) -> bool:
    """Whether the value is a list or tuple of real numbers."""
    if not isinstance(values, list | tuple):
        return False
    return set(map(type, values)) <= PLAIN_NUMBERS or all(map(is_number, values))


def check_color(color: Color, where: str) -> None:
    """Raise DocumentError unless `color` is three numbers in 0..1; the message begins with `where`."""
    if not is_number_list(color) or len(color) != 3 or not all(0 <= value <= 1 for value in color):
        raise DocumentError(f"{where} must be three numbers in 0..1, not {reprlib.repr(color)}.")


def to_color(color: object) -> Color:
    """A colour written as #rrggbb, #rgb, a CSS name or three numbers, as sRGB in 0..1. Raises UsageError."""
    if not isinstance(color, str):
        try:
            check_color(cast(Color, color), "a colour")
        except DocumentError as error:
            raise UsageError(str(error)) from error
        red, green, blue = map(float, cast(Color, color))
        return red, green, blue
    from PIL.ImageColor import colormap, getrgb

    digits = color.removeprefix("#")
    if re.fullmatch(r"(?:[0-9a-fA-F]{3}){1,2}", digits):
        color = f"#{digits}"
    elif color.lower() not in colormap:
        raise UsageError(f"{reprlib.repr(color)} is not a colour; write it as #rrggbb or as a CSS name such as tomato.")
    red, green, blue = (value / 255 for value in getrgb(color)[:3])
    return red, green, blue


def to_hex(color: Color) -> str:
    """A colour as #rrggbb, each channel rounded to the nearest of 256 values, halves up."""
    return "#" + "".join(f"{int(value * 255 + 0.5):02x}" for value in color)


def to_oklab(colors: np.ndarray) -> np.ndarray:
    """Colours [N,3], sRGB in 0..1, in OKLab [N,3], where equal distances look equally large. Keeps float32."""
    import numpy as np

    cones, axes = (np.array(matrix, np.result_type(colors, np.float32)).T for matrix in (CONES, OKLAB))
    return cast("np.ndarray", np.cbrt(linear_light(colors) @ cones) @ axes)


def linear_light(colors: np.ndarray) -> np.ndarray:
    """Linear light, 0..1, of sRGB values in 0..1 [...]."""
    import numpy as np

    return np.where(colors <= 0.04045, colors / 12.92, ((colors + 0.055) / 1.055) ** 2.4)  # IEC 61966-2-1


def to_srgb(points: np.ndarray) -> np.ndarray:
    """The sRGB colours in 0..1 of points in OKLab, clipped channel by channel: [N,3] -> [N,3]."""
    import numpy as np

    linear = np.clip(_to_linear(points), 0, 1)
    return cast("np.ndarray", np.where(linear <= 0.0031308, 12.92 * linear, 1.055 * linear ** (1 / 2.4) - 0.055))


def in_gamut(points: np.ndarray) -> np.ndarray:
    """Points in OKLab [N,3]; those outside the gamut of sRGB with their chroma reduced to the most that it can show at
    their lightness and hue."""
    import numpy as np

    outside = ~_is_shown(points)
    wanted = points[outside]
    least, most = np.zeros_like(wanted[:, :1]), np.ones_like(wanted[:, :1])
    for _ in range(CHROMA_STEPS):
        middle = (least + most) / 2
        shown = _is_shown(np.concatenate([wanted[:, :1], middle * wanted[:, 1:]], axis=1))[:, None]
        least, most = np.where(shown, middle, least), np.where(shown, most, middle)
    result: np.ndarray = points.copy()
    result[outside, 1:] = least * wanted[:, 1:]
    return result


def _is_shown(points: np.ndarray) -> np.ndarray:
    """Whether points in OKLab [N,3] are inside the gamut of sRGB: [N]."""
    linear = _to_linear(points)
    return cast("np.ndarray", ((linear >= -GAMUT_SLACK) & (linear <= 1 + GAMUT_SLACK)).all(axis=1))


def _to_linear(points: np.ndarray) -> np.ndarray:
    """Linear sRGB, possibly outside 0..1, of points in OKLab: [N,3] -> [N,3]."""
    import numpy as np

    cones, axes = (np.linalg.inv(np.array(matrix)).T.astype(points.dtype) for matrix in (CONES, OKLAB))
    return cast("np.ndarray", (points @ axes) ** 3 @ cones)


# Words for hues of OKLab in degrees, each up to an angle.
HUES = (
    *((15, "pink"), (38, "red"), (62, "orange"), (85, "ochre"), (112, "yellow"), (132, "lime"), (160, "green")),
    *((210, "teal"), (248, "blue"), (285, "blue"), (320, "violet"), (350, "magenta"), (360, "pink")),
)
GREY_CHROMA, DULL_CHROMA = 0.025, 0.07


def color_words(color: Color) -> str:
    """A colour in a word or two that a person would use: "dark red", "pale blue", "grey", "brown"."""
    import numpy as np

    light, a, b = to_oklab(np.array([color], np.float32))[0].tolist()
    chroma, hue = math.hypot(a, b), math.degrees(math.atan2(b, a)) % 360
    if chroma < GREY_CHROMA or light < 0.15 or light > 0.97:
        words = ("black", "dark grey", "grey", "light grey", "white")
        return words[sum(light > bound for bound in (0.2, 0.42, 0.68, 0.93))]
    word = next(word for bound, word in HUES if hue <= bound)
    if word in ("orange", "ochre", "red") and light < 0.6 and chroma < 0.13:
        word = "brown"
    elif word in ("orange", "ochre") and light > 0.8 and chroma < 0.09:
        return "beige"
    elif word == "red" and light > 0.75:
        word = "pink"
    elif word in ("ochre", "yellow") and light < 0.62:
        word = "olive"
    if light < 0.4:
        return f"dark {word}"
    if light > 0.82 and word not in ("yellow", "lime"):
        return f"pale {word}"
    return f"greyish {word}" if chroma < DULL_CHROMA and word not in ("brown", "olive") else word


def is_grey(pixels: np.ndarray) -> bool:
    """Whether the pixels [H,W,3] in 0..1 are all without a tint, to within half a step of 8 bits."""
    red, green, blue = (pixels[..., channel] for channel in range(3))
    return all(bool((abs(one - other) <= GREY).all()) for one, other in ((red, green), (green, blue)))


def mean_color(pixels: np.ndarray) -> Color:
    """The mean colour of pixels [H,W,3] in 0..1, as a document keeps it."""
    red, green, blue = (round(float(value), 4) for value in pixels.mean((0, 1)))
    return red, green, blue


def nearest(colors: Sequence[Color], palette: Sequence[Color]) -> list[Color]:
    """For each colour the most similar one of the palette: at the smallest distance in OKLab."""
    import numpy as np

    points = to_oklab(np.array(palette))
    return [palette[int(np.square(points - color).sum(1).argmin())] for color in to_oklab(np.array(colors))]


def reduced(weights: Mapping[Color, float], count: int) -> list[Color]:
    """`count` colours of 8 bits per channel close to the given ones, which count by their weights (each above 0):
    weighted k-means (Lloyd) in OKLab, started from colours far apart. Where fewer are given, some are repeated."""
    import numpy as np

    points, shares = to_oklab(np.array(list(weights))), np.array(list(weights.values()))
    centres = points[[int(shares.argmax())]]
    while len(centres) < count:
        distances = np.square(points[:, None] - centres).sum(2).min(1)
        centres = np.concatenate([centres, points[[int((shares * distances).argmax())]]])
    for _ in range(ROUNDS):
        chosen = np.square(points[:, None] - centres).sum(2).argmin(1)
        old = centres.copy()
        for index in set(chosen.tolist()):
            its = chosen == index
            centres[index] = (points[its] * shares[its, None]).sum(0) / shares[its].sum()
        if np.array_equal(old, centres):
            break
    return [cast(Color, tuple(value / 255 for value in color)) for color in np.rint(to_srgb(centres) * 255).tolist()]
