from __future__ import annotations

import dataclasses
import io
import math
import sys

import ezdxf
import pytest
from ezdxf.document import Drawing
from ezdxf.math import BSpline

from tests.exporting.conftest import HOSTILE
from tests.exporting.cutting.test_partition import STACK
from tests.helpers import block
from tests.kinds.path.examples import at, blob, corner
from vecstack import Canvas, Stack, import_svg
from vecstack.errors import ExportError, UsageError
from vecstack.exporting.dxf import to_dxf
from vecstack.geometry import Rect
from vecstack.kinds.path.layer import PathLayer

DISC = Stack(
    Canvas(100, 50), (PathLayer(id="disc", transform=at(30, 10), contours=(blob(8.0, 8.0),), color=(1, 0, 0)),)
)


def read(data: bytes) -> Drawing:
    document = ezdxf.read(io.StringIO(data.decode()))
    assert not document.audit().errors
    return document


def test_a_disc_is_a_closed_spline_of_its_size_with_y_up() -> None:
    document = read(to_dxf(DISC, width_mm=200.0, device="cpu"))
    (spline,) = document.modelspace()
    assert (document.units, spline.dxftype(), spline.closed) == (4, "SPLINE", True)
    points = list(spline.construction_tool().flattening(0.001))
    assert all(math.dist(point.vec2, (60.0, 80.0)) == pytest.approx(16.0, abs=0.02) for point in points)
    assert isinstance(spline.construction_tool(), BSpline)


def test_a_layer_of_the_stack_is_one_of_the_file() -> None:
    document = read(to_dxf(STACK, device="cpu"))
    assert {layer.dxf.name: layer.rgb for layer in document.layers if layer.dxf.name == "Low"} == {"Low": (230, 26, 26)}
    assert {entity.dxf.layer for entity in document.modelspace()} == {"Low", "glow", "edge", "top"}


def test_without_a_size_a_pixel_is_that_of_a_screen() -> None:
    (spline,) = read(to_dxf(DISC, device="cpu")).modelspace()
    assert spline.control_points[0][0] == pytest.approx(38 * 25.4 / 96)
    (spline,) = read(to_dxf(DISC, dpi=25.4, device="cpu")).modelspace()
    assert spline.control_points[0][0] == pytest.approx(38)


@pytest.mark.parametrize("tolerance", [1.0, 0.1, 0.01])
def test_polylines_keep_within_their_tolerance(tolerance: float) -> None:
    (line,) = read(to_dxf(DISC, dpi=25.4, polylines=tolerance, device="cpu")).modelspace()
    assert (line.dxftype(), line.closed) == ("LWPOLYLINE", True)
    corners = [(x, y) for x, y, *_ in line]
    middles = [((a[0] + b[0]) / 2, (a[1] + b[1]) / 2) for a, b in zip(corners, corners[1:] + corners[:1], strict=True)]
    worst = max(abs(math.dist(middle, (30.0, 40.0)) - 8.0) for middle in middles)
    assert tolerance / 20 < worst < tolerance + 0.01


def test_straight_sides_are_polylines() -> None:
    square = (*(-5.0, -5.0) * 2, *(5.0, -5.0) * 3, *(5.0, 5.0) * 3, *(-5.0, 5.0) * 3, -5.0, -5.0)
    layer = PathLayer(id="a", transform=at(30, 20), contours=(square,), color=(0, 1, 0))
    (line,) = read(to_dxf(Stack(Canvas(60, 40), (layer,)), device="cpu")).modelspace()
    assert (line.dxftype(), len(line)) == ("LWPOLYLINE", 4)


def test_the_bytes_are_the_same_each_time() -> None:
    assert to_dxf(STACK, device="cpu") == to_dxf(STACK, device="cpu")


def test_hostile_names_stay_names() -> None:
    shapes = tuple(
        PathLayer(id=name, name=text, transform=at(20, 20), contours=(corner(9.0),), color=(0, 0, 1))
        for name, text in HOSTILE
    )
    document = read(to_dxf(Stack(Canvas(60, 40), shapes), device="cpu"))
    assert len({entity.dxf.layer for entity in document.modelspace()}) == len(HOSTILE)


def test_soft_layers_are_traced_and_hidden_ones_left_out() -> None:
    soft = block("soft", Rect(10.0, 10.0, 20.0, 15.0))
    hidden = dataclasses.replace(soft, id="hidden", visible=False)
    document = read(to_dxf(Stack(Canvas(60, 40), (soft, hidden)), device="cpu"))
    assert {entity.dxf.layer for entity in document.modelspace()} == {"soft"}


@pytest.mark.parametrize(
    "options", [{"width_mm": 0.0}, {"dpi": -1.0}, {"polylines": 0.0}, {"width_mm": 1.0, "dpi": 1.0}]
)
def test_sizes_that_cannot_be_are_refused(options: dict[str, float]) -> None:
    with pytest.raises(UsageError, match=f"^{next(iter(options))} "):
        to_dxf(DISC, device="cpu", **options)  # type: ignore[arg-type]


def test_without_the_package_it_is_said_what_to_install(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "ezdxf", None)
    with pytest.raises(ExportError, match=r"ezdxf.*pip install '\.\[dxf\]'"):
        to_dxf(DISC, device="cpu")


def test_what_a_pen_draws_may_be_its_centre_line() -> None:
    smile = '<path fill="none" stroke="#000" stroke-width="4" stroke-linecap="round" d="M20 10c20 30 40 30 60 0"/>'
    svg = f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 100 50">{smile}</svg>'
    drawn = import_svg(io.BytesIO(svg.encode()))
    both = Stack(drawn.canvas, (*drawn.layers, *DISC.layers))
    line, disc = read(to_dxf(both, dpi=25.4, center_lines=True, device="cpu")).modelspace()
    assert (line.closed, disc.closed) == (False, True)
    points = [point.vec2 for point in line.construction_tool().flattening(0.01)]
    ends = sorted((round(point.x, 1), round(point.y, 1)) for point in (points[0], points[-1]))
    assert ends == [pytest.approx((20, 40), abs=0.1), pytest.approx((80, 40), abs=0.1)]
    assert min(point.y for point in points) == pytest.approx(50 - 32.5, abs=0.1)
