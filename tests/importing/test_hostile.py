"""Hostile drawings are refused in one line, or become layers, in a bounded time."""

from __future__ import annotations

import io
import time
from pathlib import Path

import pytest

from tests.importing.hostile import BOUNDED, ONE_COLOR, RECT, REFUSED, SLIGHT, double_clip, svg
from vecstack import import_svg
from vecstack.errors import PictureError
from vecstack.importing import visits
from vecstack.importing.tree import parse
from vecstack.kinds import kind_of

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


@pytest.mark.parametrize("name", ONE_COLOR)
def test_a_gradient_that_no_layer_can_have_is_one_colour(name: str) -> None:
    text, color = ONE_COLOR[name]
    _, layer = import_svg(io.BytesIO(text.encode()), strict=True).layers
    assert kind_of(layer).color(layer) == pytest.approx(color, abs=1e-3)


@pytest.mark.parametrize("name", SLIGHT)
def test_what_is_as_good_as_nothing_costs_no_drawing(name: str) -> None:
    text, count = SLIGHT[name]
    assert len(import_svg(io.BytesIO(text.encode())).layers) == count


def test_long_texts_are_read_once() -> None:
    text = svg(f'<image href="data:image/png;base64,{"A" * 12_000_000}"/>').encode()
    start = time.process_time()
    parse(text)
    assert time.process_time() - start < 0.8


def test_too_much_for_a_layer_file_is_told_with_the_name(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = tmp_path / "many.svg"
    path.write_text(svg("<circle r='9'/>" * 9))
    monkeypatch.setattr("vecstack.stack.MAX_LAYERS", 8)
    with pytest.raises(PictureError, match=r"many\.svg: too much for a layer file \(9 layers, at most 8\.\) Leave"):
        import_svg(path)
    monkeypatch.setattr("vecstack.importing.painted.MAX_ALL_POINTS", 50)
    with pytest.raises(PictureError, match=r"many\.svg: draws shapes of more than 50 points in all"):
        import_svg(path)


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
