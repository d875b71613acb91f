"""Give VTracer its best: search its settings for the closest drawing of a picture within a budget of paths or bytes."""

from __future__ import annotations

import gzip
import io
import re
import time
from bisect import bisect_left
from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import resvg_py
import vtracer  # type: ignore[import-untyped]
from PIL import Image

ROUNDS = 2  # through all settings, at most: the second sees what the later settings changed for the first
SPECKLES = (*range(1, 17), 18, 20, 22, 24, 28, 32, 40, 48, 64, 96, 128)  # side in pixels of what is left out
HEADER = re.compile(r"<\?xml[^>]*\?>|<!--.*?-->", re.DOTALL)  # what VTracer writes before the picture
NUMBER = re.compile(r"-?(?:\d+\.?\d*|\.\d+)")
PATH = re.compile(r'<path d="([^"]*)"[^>]*?(?:transform="([^"]*)")?/>')
COLOR_NUMBERS = 3  # of each path


@dataclass(frozen=True)
class Settings:
    """What VTracer is told (its own names), and `scale`: the side of the picture that it is given, of the whole 1."""

    scale: float
    layer_difference: int
    color_precision: int = 8
    mode: str = "none"
    hierarchical: str = "stacked"
    path_precision: int = 1
    corner_threshold: int = 60
    length_threshold: float = 4.0
    splice_threshold: int = 45


# A layer difference of 0 stops VTracer 0.6 by a division by zero.
CHOICES: dict[str, tuple[Any, ...]] = {
    "scale": (1, 0.85, 0.7, 0.5, 0.35, 0.25, 0.15, 0.1),
    "mode": ("none", "polygon", "spline"),
    "layer_difference": (1, 8, 16, 24, 32, 48),
    "color_precision": (8, 7, 6),
    "hierarchical": ("stacked", "cutout"),
    "path_precision": (0, 1, 2),
    "corner_threshold": (20, 60, 100, 180),
    "length_threshold": (3.5, 4.0, 10.0),
    "splice_threshold": (20, 45, 90),
}
OF_CURVES = ("path_precision", "corner_threshold", "length_threshold", "splice_threshold")  # no other mode reads them
START = Settings(scale=1, layer_difference=16)


@dataclass(frozen=True)
class Tracing:
    """An SVG, as it is stored, and what it costs: `seconds` is the one call of VTracer, without the search."""

    settings: Settings
    speckle: int
    svg: str
    seconds: float

    @property
    def paths(self) -> int:
        return self.svg.count("<path")

    @property
    def bytes(self) -> int:
        return len(gzip.compress(self.svg.encode(), 9, mtime=0))

    @property
    def numbers(self) -> int:
        """Coordinates, offsets and colours of all paths."""
        written = (NUMBER.findall(f"{data} {moved}") for data, moved in PATH.findall(self.svg))
        return sum(len(numbers) + COLOR_NUMBERS for numbers in written)


def draw(svg: str) -> np.ndarray[Any, Any]:
    """The picture of an SVG over black: uint8 [H,W,3]."""
    png = resvg_py.svg_to_bytes(svg_string=svg, background="#000", skip_system_fonts=True)
    return np.asarray(Image.open(io.BytesIO(png)).convert("RGB"))


class Tracer:
    """Traces one picture; what was traced once is kept."""

    def __init__(self, picture: Image.Image) -> None:
        self.picture = picture
        self.truth = np.asarray(picture, np.float32)
        self.given: dict[float, bytes] = {}
        self.traced: dict[tuple[Settings, int], Tracing] = {}
        self.errors: dict[str, float] = {}

    def best(self, fits: Callable[[Tracing], bool]) -> Tracing | None:
        """The closest tracing found among those that fit, by coordinate descent over the settings; None for none."""
        found = self.least_speckle(START, fits)
        for _ in range(ROUNDS):
            before = found
            for name in CHOICES:
                found = self._best_of(name, found, fits)
            if found is before:
                break
        return found

    def _best_of(self, name: str, found: Tracing | None, fits: Callable[[Tracing], bool]) -> Tracing | None:
        """The closest tracing over the values of one setting, beside what was found."""
        settings = found.settings if found else START
        if name in OF_CURVES and settings.mode != "spline":
            return found
        tried = [self.least_speckle(replace(settings, **{name: value}), fits) for value in CHOICES[name]]
        return min((tracing for tracing in (found, *tried) if tracing), key=self.error, default=None)

    def least_speckle(self, settings: Settings, fits: Callable[[Tracing], bool]) -> Tracing | None:
        """The tracing that leaves out the least and fits: a larger speckle gives fewer paths. None if none fits."""
        index = bisect_left(SPECKLES, True, key=lambda speckle: fits(self.trace(settings, speckle)))
        return self.trace(settings, SPECKLES[index]) if index < len(SPECKLES) else None

    def trace(self, settings: Settings, speckle: int) -> Tracing:
        key = settings, speckle
        if key not in self.traced:
            self.traced[key] = self._trace(settings, speckle)
        return self.traced[key]

    def error(self, tracing: Tracing) -> float:
        """Mean squared error of what is drawn, in levels of 0..255."""
        if tracing.svg not in self.errors:
            self.errors[tracing.svg] = float(np.square(draw(tracing.svg) - self.truth).mean())
        return self.errors[tracing.svg]

    def _trace(self, settings: Settings, speckle: int) -> Tracing:
        told = dict(vars(settings))
        png, size = self._reduced(told.pop("scale"))
        began = time.perf_counter()
        svg = vtracer.convert_raw_image_to_svg(png, "png", filter_speckle=speckle, **told)
        seconds = time.perf_counter() - began
        return Tracing(settings, speckle, self._at_full_size(svg, size), seconds)

    def _reduced(self, scale: float) -> tuple[bytes, tuple[int, int]]:
        """The picture at a part of its side as PNG, and its size."""
        width, height = (max(1, round(side * scale)) for side in self.picture.size)
        if scale not in self.given:
            buffer = io.BytesIO()
            self.picture.resize((width, height), Image.Resampling.LANCZOS).save(buffer, "PNG")
            self.given[scale] = buffer.getvalue()
        return self.given[scale], (width, height)

    def _at_full_size(self, svg: str, size: tuple[int, int]) -> str:
        """The SVG of a reduced picture, shown at the whole one's size and without what needs no bytes."""
        width, height = self.picture.size
        box = f'viewBox="0 0 {size[0]} {size[1]}" preserveAspectRatio="none"' if size != (width, height) else ""
        sized = re.sub(r'width="\d+" height="\d+"', f'width="{width}" height="{height}" {box}', svg, count=1)
        return HEADER.sub("", sized).strip()
