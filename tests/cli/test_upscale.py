from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image, ImageDraw

from vecstack import load

Call = Callable[..., Any]


@pytest.fixture
def mark(tmp_path: Path) -> Path:
    """A white tilted square on black, 24 px, averaged down from 32 times that."""
    large = Image.new("L", (768, 768))
    ImageDraw.Draw(large).polygon([(384, 160), (608, 384), (384, 608), (160, 384)], fill=255)
    path = tmp_path / "mark.png"
    large.reduce(32).save(path)
    return path


def test_a_small_bitmap_is_drawn_large_with_sharp_edges(vecstack: Call, mark: Path, tmp_path: Path) -> None:
    target = tmp_path / "large.png"
    assert vecstack("upscale", mark, "-o", target, "--size", "768").code == 0
    drawn = np.asarray(Image.open(target).convert("L"), float)
    assert drawn.shape == (768, 768)
    truth = Image.new("L", (768, 768))
    ImageDraw.Draw(truth).polygon([(384, 160), (608, 384), (384, 608), (160, 384)], fill=255)
    assert np.abs(drawn - np.asarray(truth, float)).mean() < 0.3
    assert ((drawn > 8) & (drawn < 247)).mean() < 0.01  # no blur


def test_a_scale_can_be_asked_for_instead_and_layers_kept(vecstack: Call, mark: Path, tmp_path: Path) -> None:
    target = tmp_path / "large.webp"
    assert vecstack("upscale", mark, "-o", target, "--scale", "3", "--keep-layers").code == 0
    with Image.open(target) as picture:
        assert picture.size == (72, 72)
    assert load(tmp_path / "large.layers").model["name"] == "bitmap"
    assert (tmp_path / "large.layers").stat().st_size < 3000


def test_an_svg_has_one_short_path(vecstack: Call, mark: Path, tmp_path: Path) -> None:
    target = tmp_path / "large.svg"
    assert vecstack("upscale", mark, "-o", target).code == 0
    text = target.read_text()
    assert text.count("<path") == 1
    assert "c" not in text.split(' d="')[1].split('"')[0]
    assert len(text) < 500


def test_a_pdf_is_written_where_the_format_says_so(vecstack: Call, mark: Path, tmp_path: Path) -> None:
    folder = tmp_path / "out"
    folder.mkdir()
    assert vecstack("upscale", mark, "-o", folder, "--format", "pdf").code == 0
    assert (folder / "mark.pdf").read_bytes().startswith(b"%PDF")


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (("--size", "9", "--scale", "2"), "exclude each other"),
        (("--format", "gif"), "--format must be one of png"),
        (("--effort", "sketch"), "effort"),
    ],
)
def test_what_cannot_be_is_refused(vecstack: Call, mark: Path, arguments: tuple[str, ...], words: str) -> None:
    result = vecstack("upscale", mark, "-o", mark.with_name("x.png"), *arguments)
    assert result.code == 2
    assert words in result.err
    assert not mark.with_name("x.png").exists()


def test_an_input_is_not_overwritten(vecstack: Call, mark: Path) -> None:
    before = mark.read_bytes()
    assert vecstack("upscale", mark).code == 4
    assert mark.read_bytes() == before
