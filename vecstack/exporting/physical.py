"""The size of a canvas in the world: millimetres for a canvas unit, and areas in either."""

from __future__ import annotations

import math
import re

from vecstack.color import is_number
from vecstack.drawing.file import MAX_DPI
from vecstack.errors import UsageError
from vecstack.stack import Canvas, Stack

MM_PER_INCH = 25.4
SCREEN_DPI = 96.0  # of CSS: where nothing is said, a pixel of the source is so much of an inch
MAX_MM = 1e6  # a kilometre


def source_dpi(stack: Stack) -> float | None:
    """The pixels in an inch that the picture told which a stack was made of; None where it told none."""
    dpi = stack.source.get("dpi", 0)
    return float(dpi) if is_number(dpi) and 0 < dpi < MAX_DPI else None


def width_in_mm(canvas: Canvas, width_mm: float | None, dpi: float | None) -> float | None:
    """The width of a canvas that is asked for, or that its pixels have at so many dots an inch; None where nothing is
    said. Raises UsageError."""
    if width_mm is not None and dpi is not None:
        raise UsageError("width_mm and `dpi` both say how large it is; leave one out.", parameter="width_mm")
    if width_mm is not None and not 0 < width_mm <= MAX_MM:
        raise UsageError(f"width_mm must be above 0 and at most {MAX_MM:,.0f}, not {width_mm:g}.", parameter="width_mm")
    if dpi is not None and not MM_PER_INCH / MAX_MM <= dpi < math.inf:
        raise UsageError(f"dpi must be above 0, not {dpi:g}.", parameter="dpi")
    return width_mm if dpi is None else canvas.width / dpi * MM_PER_INCH


def mm_per_unit(canvas: Canvas, width_mm: float | None) -> float:
    """The side of a pixel of the source in millimetres, for a canvas of that width (None: SCREEN_DPI)."""
    return MM_PER_INCH / SCREEN_DPI if width_mm is None else width_mm / canvas.width


def area_in_units(text: str, canvas: Canvas, width_mm: float | None) -> float:
    """An area such as 2mm2 or 30px in square canvas units. Raises UsageError."""
    value, is_mm = _read(text, "min_area", "mm2", "an area such as 2mm2 or 30px")
    return value / mm_per_unit(canvas, width_mm) ** 2 if is_mm else value


def length_in_units(text: str, canvas: Canvas, width_mm: float | None) -> float:
    """A length such as 0.2mm or 1px in canvas units. Raises UsageError."""
    value, is_mm = _read(text, "bleed", "mm", "a length such as 0.2mm or 1px")
    return value / mm_per_unit(canvas, width_mm) if is_mm else value


def _read(text: str, parameter: str, unit: str, what: str) -> tuple[float, bool]:
    """A number, and whether it is of a unit of the world instead of px. Raises UsageError."""
    match = re.fullmatch(rf"([0-9]{{1,9}}(?:\.[0-9]{{1,9}})?) *({unit}|px)", text.strip())
    if match is None:
        raise UsageError(f"{parameter} must be {what}, not {text!r:.40}.", parameter=parameter)
    return float(match[1]), match[2] == unit
