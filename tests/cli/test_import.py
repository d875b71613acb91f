from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image

from vecstack import load, render

Call = Callable[..., Any]
BOX = '<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 40 30">'


@pytest.fixture
def drawing(tmp_path: Path) -> Path:
    path = tmp_path / "drawing.svg"
    path.write_text(f'{BOX}<rect x="5" y="5" width="20" height="15" fill="tomato"/><text>a</text></svg>')
    return path


def test_a_drawing_becomes_a_layer_file_beside_it(vecstack: Call, drawing: Path) -> None:
    result = vecstack("import", drawing)
    assert (result.code, result.out) == (0, "")
    assert result.err.startswith(f"{drawing}: left out: text (1)\n")
    stack = load(drawing.with_suffix(".layers"))
    assert (len(stack.layers), stack.canvas.width, stack.canvas.transparent) == (1, 40, True)
    assert stack.thumbnail is not None


def test_quietly_nothing_is_said(vecstack: Call, drawing: Path) -> None:
    assert vecstack("import", drawing, "-q").err == ""


def test_strictly_what_would_be_left_out_is_refused(vecstack: Call, drawing: Path) -> None:
    result = vecstack("import", drawing, "--strict")
    assert (result.code, result.out) == (3, "")
    assert result.err.count("\n") == 1
    assert "left out: text (1)" in result.err
    assert not drawing.with_suffix(".layers").exists()


def test_a_picture_is_no_drawing_and_a_drawing_is_no_picture(vecstack: Call, drawing: Path, photo: Path) -> None:
    result = vecstack("import", photo, "-o", drawing.parent / "x.layers")
    assert result.code == 3
    assert (
        result.err == f"vecstack: {photo}: a picture, not a drawing; turn it into layers with `vecstack decompose`.\n"
    )
    result = vecstack("decompose", drawing)
    assert result.code == 3
    assert result.err.endswith("a drawing, not a picture of pixels; turn it into layers with `vecstack import`.\n")
    result = vecstack("info", drawing)
    assert result.code == 3
    assert result.err.endswith("is a drawing, not a layer file; turn it into one with `vecstack import`.\n")


def test_folders_of_drawings(vecstack: Call, drawing: Path, tmp_path: Path) -> None:
    (tmp_path / "bad.svg").write_text("<svg")
    result = vecstack("import", tmp_path, "-o", tmp_path / "out", "-q")
    assert result.code == 7
    assert "bad.svg: not well-formed XML" in result.err
    assert sorted(path.name for path in (tmp_path / "out").iterdir()) == ["drawing.layers", "manifest.jsonl"]


@pytest.mark.slow
def test_a_drawing_is_refined_towards_a_photo(vecstack: Call, drawing: Path, tmp_path: Path) -> None:
    pixels = np.zeros((30, 40, 4), np.uint8)
    pixels[8:25, 10:32] = (40, 90, 200, 255)
    Image.fromarray(pixels).save(tmp_path / "photo.png")
    layers, closer = tmp_path / "drawing.layers", tmp_path / "closer.layers"
    assert vecstack("import", drawing).code == 0
    assert vecstack("refine", layers, "--to", tmp_path / "photo.png", "-o", closer, "--effort", "fast").code == 0
    before, after = (np.abs(render(load(path)).astype(int) - pixels).mean() for path in (layers, closer))
    assert after < before / 4
