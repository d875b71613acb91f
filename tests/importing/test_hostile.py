"""Hostile drawings are refused in one line, or become layers, in a bounded time."""

from __future__ import annotations

import io
import time

import pytest

from tests.importing.hostile import BOUNDED, REFUSED
from vecstack import import_svg
from vecstack.errors import PictureError

SECONDS = 60  # far more than any takes on a slow machine
LONG = {"nested groups of use", "too many shapes"}  # of what is refused


@pytest.mark.parametrize("name", [pytest.param(name, marks=[pytest.mark.slow] * (name in LONG)) for name in REFUSED])
def test_a_hostile_drawing_is_refused_in_one_line(name: str) -> None:
    make, words = REFUSED[name]
    text = make()
    start = time.monotonic()
    with pytest.raises(PictureError, match=words) as caught:
        import_svg(io.BytesIO(text if isinstance(text, bytes) else text.encode()))
    assert time.monotonic() - start < SECONDS
    assert "\n" not in str(caught.value)
    assert len(str(caught.value)) < 200


@pytest.mark.slow
@pytest.mark.parametrize("name", BOUNDED)
def test_a_hostile_drawing_takes_a_bounded_time(name: str) -> None:
    start = time.monotonic()
    stack = import_svg(io.BytesIO(BOUNDED[name]().encode()))
    assert time.monotonic() - start < SECONDS
    assert len(stack.layers) <= 100
