from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from PIL import Image, ImageDraw

from vecstack import load

Call = Callable[..., Any]


@pytest.fixture
def logo(tmp_path: Path) -> Path:
    """A picture of a green hexagon with a black square on it."""
    image = Image.new("RGB", (96, 96), "white")
    draw = ImageDraw.Draw(image)
    draw.regular_polygon((48, 48, 40), 6, fill="#2a9d4a")
    draw.rectangle((40, 40, 55, 55), fill="black")
    path = tmp_path / "logo.png"
    image.save(path)
    return path


def test_a_flat_picture_is_noticed_and_what_was_noticed_is_said(vecstack: Call, logo: Path, tmp_path: Path) -> None:
    result = vecstack("decompose", logo, "-o", tmp_path / "logo.layers")
    assert result.code == 0
    assert "logo.png: graphic (a flat picture of 96 x 96 px: " in result.err
    stack = load(tmp_path / "logo.layers")
    assert stack.model is not None
    assert stack.model["name"] == "graphic"
    assert len(stack.layers) == 2


def test_colours_a_palette_and_smoothness_reach_the_model(vecstack: Call, logo: Path, tmp_path: Path) -> None:
    palette, out = tmp_path / "palette.txt", tmp_path / "logo.layers"
    palette.write_text("#ffffff\n#800000\n", encoding="utf-8")
    assert vecstack("decompose", logo, "-o", out, "--palette", palette, "--smooth", 1, "-q").code == 0
    colors = {layer.color for layer in load(out).layers}  # type: ignore[attr-defined]
    assert colors <= {(0.502, 0.0, 0.0), (1.0, 1.0, 1.0)}
    assert vecstack("decompose", logo, "-o", out, "--colors", 1, "--overwrite", "-q").code == 0
    assert not load(out).layers


@pytest.mark.parametrize(
    ("options", "says"),
    [
        (("--colors", 0), "colors must be 1 to 256, not 0."),
        (("--smooth", -1), "smooth must be above 0 and at most 20 pixels, not -1."),
        (("--model", "paths", "--colors", 3), "colors is not for paths"),
    ],
)
def test_what_cannot_be_asked_for_is_refused_in_a_line(
    vecstack: Call, logo: Path, tmp_path: Path, options: tuple[object, ...], says: str
) -> None:
    result = vecstack("decompose", logo, "-o", tmp_path / "a.layers", *options)
    assert result.code == 2
    assert says in result.err
