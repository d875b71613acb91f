"""Values of SVG's attributes: numbers, lengths and transforms."""

from __future__ import annotations

import math
import re
from dataclasses import dataclass

from vecstack.geometry import Affine

IDENTITY = Affine(1.0, 0.0, 0.0, 0.0, 1.0, 0.0)
LARGEST = 1e9  # of any number: beyond it a drawing is damaged
SMALLEST = 1e-12  # of any number: what is nearer to 0 is meant to be 0, and its square may be too small for a float
NUMBER = re.compile(r"[+-]?(?:[0-9]+\.?[0-9]*|\.[0-9]+)(?:[eE][+-]?[0-9]+)?")
_LENGTH = re.compile(rf"\s*({NUMBER.pattern})\s*([a-zA-Z]*|%)\s*")
_SHARE = re.compile(rf"\s*({NUMBER.pattern})\s*(%?)\s*")
_UNIT = re.compile(r"([0-9.])(?:px|deg)\b")  # which CSS wants
_URL = re.compile(r"url\(\s*[\"']?([^\"')]*)[\"']?\s*\)\s*(.*)", re.DOTALL)
_FUNCTION = re.compile(r"[\s,]*([a-zA-Z]+)\s*\(([^()]*)\)")
UNITS = {  # in px, of which 96 are an inch
    "": 1.0,
    "px": 1.0,
    "in": 96.0,
    "cm": 96 / 2.54,
    "mm": 9.6 / 2.54,
    "q": 2.4 / 2.54,
    "pt": 96 / 72,
    "pc": 16.0,
}
TURNS = {"": 1.0, "deg": 1.0, "rad": math.degrees(1), "grad": 0.9, "turn": 360.0}  # in degrees
SIDES = {"left": "0%", "top": "0%", "center": "50%", "right": "100%", "bottom": "100%"}
FONT_PX = 16.0  # of a font whose size is nowhere said


@dataclass(frozen=True)
class Fonts:
    """What lengths refer to that are told in sizes of fonts: those of an element's own font and of the root's, in user
    units."""

    own: float = FONT_PX
    root: float = FONT_PX


@dataclass(frozen=True)
class Viewport:
    """What percentages refer to: a width and a height in user units, and the sizes of fonts."""

    width: float
    height: float
    font: Fonts = Fonts()

    @property
    def diagonal(self) -> float:
        """What percentages of lengths without a direction refer to."""
        return math.hypot(self.width, self.height) / math.sqrt(2)


def numbers(text: str) -> list[float]:
    """The numbers of a list, up to the first that is none or is too large."""
    found: list[float] = []
    for part in re.split(r"[\s,]+", text.strip()):
        at = 0
        while at < len(part):
            match = NUMBER.match(part, at)
            if match is None or abs(float(match[0])) > LARGEST:
                return found
            found.append(_told(float(match[0])))
            at = match.end()
    return found


def length(text: str | None, whole: float, font: Fonts = Viewport.font) -> float | None:
    """A length in user units, percentages of `whole`; None where the text is none, or too large."""
    match = _LENGTH.fullmatch(text or "")
    if match is None:
        return None
    unit = match[2].lower()
    factors = {**UNITS, "%": whole / 100, "em": font.own, "rem": font.root, "ex": font.own / 2, "ch": font.own / 2}
    value = float(match[1]) * factors.get(unit, math.nan)
    return _told(value) if abs(value) <= LARGEST else None


def _told(value: float) -> float:
    """A number, or 0 where it is as good as that."""
    return value if abs(value) >= SMALLEST else 0.0


def number(text: str, otherwise: float, least: float) -> float:
    """A number of at least so much; another where the text is none."""
    found = float(text) if NUMBER.fullmatch(text.strip()) else otherwise
    return min(max(found, least), LARGEST)


def share(text: str | None, otherwise: float = 1.0) -> float:
    """A number or a percentage, clipped to 0..1."""
    match = _SHARE.fullmatch(text or "")
    return min(max(float(match[1]) / (100 if match[2] else 1), 0.0), 1.0) if match is not None else otherwise


def split_url(text: str) -> tuple[str | None, str]:
    """What a url() refers to, and what stands behind it; None and the text where there is no url()."""
    match = _URL.match(text)
    return (None, text) if match is None else (match[1].strip(), match[2].strip())


def transform(text: str | None) -> Affine:
    """The map of a transform list; the identity where the text is no such list, as SVG asks for."""
    result, at = IDENTITY, 0
    text = (text or "").strip()
    while at < len(text):
        match = _FUNCTION.match(text, at)
        step = None if match is None else _function(match[1], numbers(_UNIT.sub(r"\1", match[2])))
        if match is None or step is None:
            return IDENTITY if text[at:].strip(" ,\t\r\n") else result
        result, at = result.after(step), match.end()
    return result if all(abs(value) <= LARGEST for row in result.rows() for value in row) else IDENTITY


def transform_about(text: str | None, origin: str, viewport: Viewport) -> Affine:
    """The map of a transform list about a point that is given as a transform-origin."""
    if not text:
        return IDENTITY
    x, y = _origin(origin, viewport)
    return shift(x, y).after(transform(text)).after(shift(-x, -y))


def _origin(text: str, viewport: Viewport) -> tuple[float, float]:
    words = text.lower().split()
    if len(words) == 1:
        words = ["center", words[0]] if words[0] in ("top", "bottom") else [words[0], "center"]
    if len(words) > 1 and (words[0] in ("top", "bottom") or words[1] in ("left", "right")):
        words = [words[1], words[0]]
    wholes = viewport.width, viewport.height
    found = [length(SIDES.get(word, word), whole, viewport.font) for word, whole in zip(words, wholes, strict=False)]
    x, y = (0.0 if value is None else value for value in (*found, None, None)[:2])
    return x, y


def _function(name: str, values: list[float]) -> Affine | None:
    count = len(values)
    if name == "matrix" and count == 6:
        a, b, c, d, e, f = values
        return Affine(a, c, e, b, d, f)
    if name == "translate" and count in (1, 2):
        return shift(values[0], values[1] if count == 2 else 0.0)
    if name in ("translateX", "translateY") and count == 1:
        return shift(values[0], 0.0) if name == "translateX" else shift(0.0, values[0])
    if name == "scale" and count in (1, 2):
        return scale(values[0], values[-1])
    if name == "rotate" and count in (1, 3):
        x, y = values[1:] or (0.0, 0.0)
        return shift(x, y).after(rotation(math.radians(values[0]))).after(shift(-x, -y))
    if name in ("skewX", "skewY") and count == 1:
        slope = math.tan(math.radians(values[0]))
        return Affine(1.0, slope, 0.0, 0.0, 1.0, 0.0) if name == "skewX" else Affine(1.0, 0.0, 0.0, slope, 1.0, 0.0)
    return None


def degrees(text: str) -> float:
    """An angle in degrees; 0 where the text is none, or too large."""
    match = _LENGTH.fullmatch(text)
    value = float(match[1]) * TURNS.get(match[2].lower(), 0.0) if match is not None else 0.0
    return value if abs(value) <= LARGEST else 0.0


def rotation(angle: float) -> Affine:
    """The map that turns points about the origin by an angle in radians, from x towards y."""
    cos, sin = math.cos(angle), math.sin(angle)
    return Affine(cos, -sin, 0.0, sin, cos, 0.0)


def shift(x: float, y: float) -> Affine:
    """The map that moves points."""
    return Affine(1.0, 0.0, x, 0.0, 1.0, y)


def scale(x: float, y: float) -> Affine:
    """The map that stretches about the origin."""
    return Affine(x, 0.0, 0.0, 0.0, y, 0.0)
