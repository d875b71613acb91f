"""Export a stack as DXF, which cutting plotters, lasers and CAD programs read: the outlines of its layers."""

from __future__ import annotations

import io
import re
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import replace
from typing import Any

from vecstack.color import Color
from vecstack.errors import ExportError, UsageError
from vecstack.exporting.cutting.colors import mean_color
from vecstack.exporting.cutting.curves import Point, is_straight, on_piece
from vecstack.exporting.cutting.outlines import Outlined, outlined
from vecstack.exporting.parts import in_parts
from vecstack.exporting.physical import mm_per_unit, width_in_mm
from vecstack.extras import install
from vecstack.kinds import kind_of
from vecstack.stack import Stack

VERSION = "R2010"  # has true colours, and most programs read it
MILLIMETRES = 4  # $INSUNITS
DEGREE = 3
MAX_NAME = 255
MAX_PIECES = 1000  # straight ones in the place of a curve


def to_dxf(
    stack: Stack,
    *,
    width_mm: float | None = None,
    dpi: float | None = None,
    polylines: float | None = None,
    center_lines: bool = False,
    device: str = "auto",
) -> bytes:
    """The bytes of a DXF in millimetres, y up, the canvas's lower left corner at 0: a DXF layer of its name and true
    colour for each layer of the stack that is seen, with its outline as closed splines, which are its curves exactly,
    and polylines where it is straight; `polylines`, only these, within so many millimetres of the curves;
    `center_lines`, what a pen of one width draws as the lines along which it does. The canvas is `width_mm` wide, or
    has `dpi` pixels an inch (None: SCREEN_DPI). Raises UsageError; ExportError: no ezdxf, a layer without an outline;
    DeviceError."""
    width = width_in_mm(stack.canvas, width_mm, dpi)
    if polylines is not None and not 0 < polylines < float("inf"):
        raise UsageError(f"polylines must be above 0 mm, not {polylines:g}.", parameter="polylines")
    stack = in_parts(stack)
    shapes, scale = outlined(stack, device), mm_per_unit(stack.canvas, width)
    with _without_times():
        document = _need_ezdxf().new(VERSION)
        document.units = MILLIMETRES
        if center_lines:
            shapes = [_along_center_line(shape) for shape in shapes]
        _draw(document, stack, shapes, scale, polylines, device)
        text = io.StringIO()
        document.write(text)
    return document.encode(text.getvalue())  # type: ignore[no-any-return]


@contextmanager
def _without_times() -> Iterator[None]:
    """Files that are made meanwhile have no times and random numbers in them. Raises ExportError: no ezdxf."""
    options = _need_ezdxf().options
    before = options.write_fixed_meta_data_for_testing
    options.write_fixed_meta_data_for_testing = True
    try:
        yield
    finally:
        options.write_fixed_meta_data_for_testing = before


def _draw(
    document: Any, stack: Stack, shapes: Sequence[Outlined], scale: float, polylines: float | None, device: str
) -> None:
    """Add the shapes, each as a layer, at so many millimetres a canvas unit."""
    space, names = document.modelspace(), _Names()
    for shape in shapes:
        layer = document.layers.add(names.new(shape.layer.name or shape.layer.id))
        layer.rgb = tuple(int(value * 255 + 0.5) for value in _color(stack, shape, device))
        for curve in shape.outline:
            points = [(x * scale, (stack.canvas.height - y) * scale) for x, y in curve]
            _add(space, points, polylines, {"layer": layer.dxf.name})


def _along_center_line(shape: Outlined) -> Outlined:
    """A shape with the lines that a pen draws it along in the place of its outline; as it is where none does."""
    line = kind_of(shape.layer).center_line(shape.layer)
    return shape if line is None else replace(shape, outline=line.curves)


def _need_ezdxf() -> Any:
    """The package. Raises ExportError where it is not installed."""
    try:
        import ezdxf
    except ImportError as error:
        raise ExportError(f"DXF files need the package ezdxf. {install('dxf')}") from error
    return ezdxf


def _color(stack: Stack, shape: Outlined, device: str) -> Color:
    return shape.color or mean_color(stack, shape.layer, device)


class _Names:
    """Names of DXF layers, each given out once; they do not tell capitals from small letters."""

    def __init__(self) -> None:
        self._taken = {"0", "defpoints"}

    def new(self, wanted: str) -> str:
        """The name as far as DXF allows, with a number where it is taken."""
        base = re.sub(r'[<>/\\":;?*|=,`\x00-\x1f]', "_", wanted).strip()[: MAX_NAME - 8] or "layer"
        name, count = base, 1
        while name.lower() in self._taken:
            count += 1
            name = f"{base}-{count}"
        self._taken.add(name.lower())
        return name


def _add(space: Any, points: Sequence[Point], tolerance: float | None, attributes: dict[str, str]) -> None:
    """Add a curve, closed where it ends as it begins: a polyline where it is straight or a tolerance is given, else a
    spline of the same pieces."""
    is_closed = points[0] == points[-1]
    pieces = [points[at : at + 4] for at in range(0, len(points) - 1, 3)]
    if tolerance is None and not all(is_straight(*piece) for piece in pieces):
        knots = [0.0] * (DEGREE + 1)
        for piece in range(1, len(pieces)):
            knots += [float(piece)] * DEGREE
        knots += [float(len(pieces))] * (DEGREE + 1)
        spline = space.add_spline(degree=DEGREE, dxfattribs=attributes)
        spline.control_points = [(x, y, 0.0) for x, y in points]
        spline.knots = knots
        spline.dxf.flags = spline.PLANAR | (spline.CLOSED if is_closed else 0)
    else:
        corners = [corner for piece in pieces for corner in _corners(piece, tolerance or 1.0)]
        line = list(dict.fromkeys(corners if is_closed else [points[0], *corners]))
        space.add_lwpolyline(line, close=is_closed, dxfattribs=attributes)


def _corners(piece: Sequence[Point], tolerance: float) -> Iterator[Point]:
    """The points after the first of straight pieces within a tolerance of a cubic one: the distance of a chord over
    1/n of the parameter is at most the largest second derivative over 8 n^2."""
    if is_straight(*piece):
        yield piece[3]
        return
    bend = max(abs(complex(a[0] - 2 * b[0] + c[0], a[1] - 2 * b[1] + c[1])) for a, b, c in (piece[0:3], piece[1:4]))
    count = min(MAX_PIECES, max(1, int((6 * bend / (8 * tolerance)) ** 0.5) + 1))
    for step in range(1, count + 1):
        yield on_piece(piece, step / count)
