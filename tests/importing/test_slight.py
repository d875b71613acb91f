"""Numbers that are as good as 0, or that no layer can have, and texts that are very long."""

from __future__ import annotations

import io
from pathlib import Path

import pytest

from tests.importing.hostile import RECT, svg
from vecstack import import_svg
from vecstack.errors import PictureError
from vecstack.importing.tree import CHUNK_BYTES, MAX_BYTES
from vecstack.kinds import kind_of


def filled(gradient: str, shape: str = 'width="60" height="60"') -> str:
    """A rectangle with a gradient, beside one without."""
    stops = '<stop stop-color="red"/><stop offset="1" stop-color="blue"/>'
    name = gradient.split()[0]
    return svg(f'<{gradient} id="g">{stops}</{name}><rect width="9" height="9"/><rect {shape} fill="url(#g)"/>')


USER = 'gradientUnits="userSpaceOnUse"'
# Drawings of two shapes, the upper of which has a gradient that is too small, too large or too
# far away to be a layer's, and the colour that it shows.
ONE_COLOR: dict[str, tuple[str, tuple[float, float, float]]] = {
    "a radius of nearly nothing": (filled(f'radialGradient {USER} cx="50" cy="50" r="1e-8"'), (0, 0, 1)),
    "a radius of nothing": (filled(f'radialGradient {USER} cx="50" cy="50" r="1e-200"'), (0, 0, 1)),
    "an axis of nothing": (filled(f'linearGradient {USER} x1="5" x2="5" y1="0" y2="1e-99"'), (0, 0, 1)),
    "a far axis": (filled(f'linearGradient {USER} x1="-1e9" x2="1e9"'), (0.5, 0, 0.5)),
    "a far circle": (filled(f'radialGradient {USER} cx="1e9" cy="0" r="5"'), (0, 0, 1)),
    "a hairline over a wide gradient": (
        filled(f'linearGradient {USER} x1="0" x2="0" y1="0" y2="100"', 'y="25" width="90" height="1e-6"'),
        (0.75, 0, 0.25),
    ),
}
# Drawings in which one of two shapes is as good as nothing, and how many layers there are.
SLIGHT: dict[str, tuple[str, int]] = {
    "a sliver": (svg('<path d="M10 50h1e-4v3e-8h-1e-4z"/><rect width="9" height="9"/>'), 1),
    "a tile of nothing": (
        svg(
            '<pattern id="p" width="5e-324" height="4" patternUnits="userSpaceOnUse"><path d="M0 0h1v1z"/></pattern>'
            '<rect width="9" height="9"/><rect width="9" height="9" fill="url(#p)"/>'
        ),
        1,
    ),
    "a gradient that is shrunk to nothing": (
        filled('radialGradient gradientTransform="scale(1e-160)" spreadMethod="repeat"'),
        2,
    ),
    "paints behind one another": (svg(f'{RECT} fill="{"url(#a) " * 9_000}"/>'), 1),
    "a gradient that is very flat": (filled('radialGradient gradientTransform="scale(1 1e-12)"'), 2),
    "what is shrunk to nothing": (svg('<g transform="scale(1e-8)">' * 20 + "<circle r='9'/>" + "</g>" * 20), 0),
}


@pytest.mark.parametrize("name", ONE_COLOR)
def test_a_gradient_that_no_layer_can_have_is_one_colour(name: str) -> None:
    text, color = ONE_COLOR[name]
    _, layer = import_svg(io.BytesIO(text.encode()), strict=True).layers
    assert kind_of(layer).color(layer) == pytest.approx(color, abs=1e-3)


@pytest.mark.parametrize("name", SLIGHT)
def test_what_is_as_good_as_nothing_costs_no_drawing(name: str) -> None:
    text, count = SLIGHT[name]
    assert len(import_svg(io.BytesIO(text.encode())).layers) == count


def test_a_text_that_goes_on_is_read_again_a_few_times_at_most() -> None:
    assert MAX_BYTES <= 16 * CHUNK_BYTES  # of which each begins at the start of the text


def test_too_much_for_a_layer_file_is_told_with_the_name(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = tmp_path / "many.svg"
    path.write_text(svg("<circle r='9'/>" * 9))
    monkeypatch.setattr("vecstack.stack.MAX_LAYERS", 8)
    with pytest.raises(PictureError, match=r"many\.svg: too much for a layer file \(9 layers, at most 8\.\) Leave"):
        import_svg(path)
