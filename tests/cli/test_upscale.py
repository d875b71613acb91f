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
    assert 'width="1024" height="1024"' in text


def test_a_pdf_is_written_where_the_format_says_so(vecstack: Call, mark: Path, tmp_path: Path) -> None:
    folder = tmp_path / "out"
    folder.mkdir()
    assert vecstack("upscale", mark, "-o", folder, "--format", "pdf").code == 0
    assert (folder / "mark.pdf").read_bytes().startswith(b"%PDF")
    assert b"/MediaBox [0 0 1024 1024]" in (folder / "mark.pdf").read_bytes()


@pytest.fixture
def sprite(tmp_path: Path) -> Path:
    """A red square with a green step on it, enlarged four times from 12 x 12."""
    pixels = np.zeros((12, 12, 4), np.uint8)
    pixels[2:10, 2:10] = (200, 30, 30, 255)
    pixels[4:6, 4:6] = pixels[5:7, 6:8] = (30, 200, 30, 255)
    path = tmp_path / "sprite.png"
    Image.fromarray(pixels).resize((48, 48), Image.Resampling.NEAREST).save(path)
    return path


def test_pixel_art_is_drawn_as_outlines_or_blocks(vecstack: Call, sprite: Path, tmp_path: Path) -> None:
    smooth, crisp, exact = tmp_path / "smooth.png", tmp_path / "crisp.png", Image.open(sprite).resize((480, 480), 0)
    assert vecstack("upscale", sprite, "-o", smooth, "--size", 480, "--pixel-art", "--keep-layers").code == 0
    assert vecstack("upscale", sprite, "-o", crisp, "--size", 480, "--blocks").code == 0
    assert np.array_equal(np.asarray(Image.open(crisp)), np.asarray(exact))
    assert (np.asarray(Image.open(smooth)) != np.asarray(exact)).any(2).mean() < 0.05
    kept = load(tmp_path / "smooth.layers")
    assert (kept.model or {})["name"] == "pixel-art"
    assert len(kept.layers) == 2


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (("--pixel-art", "--model", "paths"), "--pixel-art asks for model pixel-art, and --model for paths"),
        (("--pixel-art", "--smooth", "2"), "--smooth is not for pixel-art; leave it out"),
        (("--pixel-art", "--opaque"), "--opaque is not for pixel-art; leave it out"),
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


def test_a_run_that_broke_off_goes_on_where_it_was(vecstack: Call, mark: Path, tmp_path: Path) -> None:
    folder, out = tmp_path / "in", tmp_path / "out"
    (folder / "deep").mkdir(parents=True)
    for name in ("a.png", "b.gif", "deep/c.bmp", "d.jpg"):
        with Image.open(mark) as picture:
            picture.save(folder / name)
    (folder / "e.png").write_bytes(mark.read_bytes()[:50])
    options = ("-o", out, "--size", 48, "--keep-layers", "-q")
    first = vecstack("upscale", folder, *options)
    assert first.code == 7
    assert "1 of 5 inputs failed" in first.err
    every = {path.relative_to(out).as_posix() for path in out.rglob("*.*")} - {"manifest.jsonl"}
    assert every == {f"{name}.{suffix}" for name in ("a", "b", "deep/c", "d") for suffix in ("png", "layers")}
    (out / "a.png").unlink()
    (out / "b.layers").unlink()
    kept = (out / "b.png").stat().st_mtime_ns, (out / "a.layers").stat().st_mtime_ns
    again = vecstack("upscale", folder, *options, "--skip-existing")
    assert again.code == 7
    assert "1 of 3 inputs failed" in again.err
    assert {path.relative_to(out).as_posix() for path in out.rglob("*.*")} == every | {"manifest.jsonl"}
    assert kept == ((out / "b.png").stat().st_mtime_ns, (out / "a.layers").stat().st_mtime_ns)


def test_an_output_of_no_format_is_refused(vecstack: Call, mark: Path, tmp_path: Path) -> None:
    result = vecstack("upscale", mark, "-o", tmp_path / "large.layers", "--keep-layers")
    assert result.code == 4
    assert "png" in result.err
    assert not (tmp_path / "large.layers").exists()
