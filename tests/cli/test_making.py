"""The options of paintings choose a model, or are refused in a line."""

from __future__ import annotations

from typing import Any

import pytest

from vecstack.cli.making import as_painted, painting_model
from vecstack.errors import UsageError
from vecstack.fitting.choose import AUTO
from vecstack.kinds.base import Style


def model_of(model: str = AUTO, *, is_asked_for: bool = False, **options: Any) -> str:
    asked = {"style": None, "strokes": None, "layers": None, **options}
    return painting_model(model, **asked, is_asked_for=is_asked_for)


def test_a_style_strokes_and_how_they_are_choose_a_painter() -> None:
    assert model_of() == AUTO
    assert model_of("paths") == "paths"
    assert model_of(style="abstract") == "abstract"
    assert model_of(strokes=5) == "painterly"
    assert model_of("realistic", strokes=5) == "realistic"
    assert model_of(is_asked_for=True) == "painterly"
    assert model_of("paths", is_asked_for=True) == "paths"


@pytest.mark.parametrize(
    ("options", "said"),
    [
        ({"style": "cubist"}, "--style must be one of painterly, realistic, abstract, expressionist, not 'cubist'"),
        ({"model": "paths", "style": "abstract"}, "leave one out"),
        ({"model": "paths", "strokes": 5}, "--layers, or --style painterly"),
        ({"strokes": 5, "layers": 5}, "leave one out"),
        ({"strokes": 0}, "strokes must be 1 to"),
    ],
)
def test_what_does_not_go_together_is_refused(options: dict[str, Any], said: str) -> None:
    with pytest.raises(UsageError, match=said):
        model_of(**options)


def test_looks_are_read() -> None:
    style = as_painted(Style(), "toned", "1.5:30", 3.0, "free")
    assert style == Style(ground="toned", radii=(1.5, 30.0), length=3.0, opacity="free")
    assert as_painted(Style(colors=3), "black", None, None, "0.5") == Style(colors=3, ground=(0, 0, 0), opacity=0.5)


@pytest.mark.parametrize("radii", ["3", "a:b", "1:2:3", ""])
def test_radii_that_are_no_two_numbers_are_refused(radii: str) -> None:
    with pytest.raises(UsageError, match="--radii must be such as 2:30"):
        as_painted(Style(), None, radii, None, None)
