from __future__ import annotations

import pytest

from vecstack.drawing.viewport import Viewport
from vecstack.errors import UsageError
from vecstack.geometry import Rect


@pytest.mark.parametrize(
    ("asked", "expected"),
    [
        ({}, (37, 53)),
        ({"size": 106}, (74, 106)),
        ({"width": 74}, (74, 106)),
        ({"height": 106}, (74, 106)),
        ({"width": 10, "height": 20}, (10, 20)),
        ({"scale": 0.5}, (18, 26)),
        ({"scale": 1e-6}, (1, 1)),
    ],
)
def test_frame_has_the_pixels_asked_for(asked: dict[str, float], expected: tuple[int, int]) -> None:
    viewport = Viewport.of_region(Rect(0, 0, 37, 53), **asked)  # type: ignore[arg-type]
    assert (viewport.width_px, viewport.height_px) == expected


@pytest.mark.parametrize(
    "asked", [{"size": 0}, {"width": -1}, {"height": 0}, {"scale": 0}, {"scale": float("nan")}, {"size": 5, "scale": 2}]
)
def test_frame_refuses_what_cannot_be_meant(asked: dict[str, float]) -> None:
    with pytest.raises(UsageError):
        Viewport.of_region(Rect(0, 0, 37, 53), **asked)  # type: ignore[arg-type]


@pytest.mark.parametrize("region", [Rect(0, 0, 0, 5), Rect(0, 0, 5, -1), Rect(0, 0, float("nan"), 1)])
def test_frame_refuses_an_empty_region(region: Rect) -> None:
    with pytest.raises(UsageError):
        Viewport.of_region(region)
