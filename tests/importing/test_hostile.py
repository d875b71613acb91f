"""Hostile drawings are refused in one line, or become layers, in a bounded time."""

from __future__ import annotations

import io
import time

import pytest

from tests.importing.hostile import BOUNDED, RECT, REFUSED, double_clip, svg
from vecstack import import_svg
from vecstack.errors import PictureError
from vecstack.importing import visits
from vecstack.importing.colors import parsed

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


@pytest.mark.parametrize("text", ["hsl(1e309 50% 50%)", "hwb(9 1e309% 0%)", "oklch(50% .1 1e309)", "oklab(1e200 1 1)"])
def test_colors_beyond_numbers_are_colors(text: str) -> None:
    found = parsed(text)
    assert isinstance(found, tuple)
    assert all(0 <= value <= 1 for value in found[0])


@pytest.mark.parametrize(
    "inside",
    [
        "".join(map(double_clip, range(1, 7))) + f'{RECT} clip-path="url(#c6)"/>',
        f'<path id="a" d="M9 9{"h1v1" * 99}"/>' + '<use href="#a"/>' * 9,
    ],
)
def test_clips_and_long_elements_count_where_they_are_used(inside: str, monkeypatch: pytest.MonkeyPatch) -> None:
    data = svg(inside).encode()
    import_svg(io.BytesIO(data))
    monkeypatch.setattr(visits, "MAX_AGAIN", 50)
    with pytest.raises(PictureError, match="again and again"):
        import_svg(io.BytesIO(data))
