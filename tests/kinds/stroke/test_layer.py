from __future__ import annotations

import json
from typing import Any

import pytest

from tests.kinds.stroke.examples import at, stroke
from vecstack import Canvas, Stack
from vecstack.document.file import dumps_json
from vecstack.errors import DocumentError
from vecstack.kinds.stroke.layer import sharpest_turn

SPINE = (-9.0, -3.0, 2.0, 4.5, 8.0, 0.0)


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("spine", (1.0, 2.0, 3.0, 4.0)),
        ("spine", (1.0, 2.0, 3.0, 4.0, 5.0, 2e6)),
        ("spine", "curve"),
        ("radii", (-1.0, 2.0)),
        ("radii", (1.0, float("nan"))),
        ("radii", (1.0,)),
        ("opacities", (0.5, 1.5)),
        ("opacities", None),
        ("color", (0.0, 0.0, 2.0)),
    ],
)
def test_a_field_out_of_range_is_refused_by_name(field: str, value: object) -> None:
    fields: dict[str, Any] = {"spine": SPINE, "radii": (2.0, 1.0), field: value}
    with pytest.raises(DocumentError, match=field):
        stroke("s", at(1, 2), **fields)


def test_opacities_of_one_are_not_written() -> None:
    layers = (
        stroke("plain", at(1, 2), SPINE, (2.0, 1.0)),
        stroke("faded", at(1, 2), SPINE, (2.0, 1.0), opacities=(1.0, 0.5)),
    )
    plain, faded = json.loads(dumps_json(Stack(Canvas(9, 9), layers)))["layers"]
    assert "opacities" not in plain
    assert faded["opacities"] == [1.0, 0.5]


def test_the_sharpest_turn_is_that_of_a_circle() -> None:
    assert sharpest_turn((-1.0, 0.0, 0.0, 1.0, 1.0, 0.0)) == pytest.approx(1.0)  # a parabola's at its top: y'' / x'^2
    assert sharpest_turn((0.0, 0.0, 1.0, 0.0, 2.0, 0.0)) == 0
    assert sharpest_turn((0.0, 0.0, 2.0, 0.0, 0.0, 0.0)) == float("inf")
