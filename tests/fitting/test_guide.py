"""Segments and focus: masks become groups, and layers go where detail matters."""

from __future__ import annotations

import dataclasses
from pathlib import Path
from statistics import median
from typing import Any

import numpy as np
import pytest
from PIL import Image

from tests.helpers import psnr_to
from vecstack import Stack, decompose, render
from vecstack.errors import UsageError
from vecstack.fitting.choose import choose_model
from vecstack.fitting.guide import find_guide
from vecstack.kinds.base import Guide
from vecstack.pictures.read import Picture, as_picture

HEIGHT, WIDTH = 120, 160


def photo() -> np.ndarray:
    """Waves, and a disc of nearly their colours: [H,W,3] uint8."""
    y, x = np.mgrid[0:HEIGHT, 0:WIDTH]
    values = np.stack([120 + 60 * np.sin(x / 9), 100 + 50 * np.cos(y / 7), 90 + 30 * np.sin((x + y) / 5)], -1)
    values[disc()] += 20
    return values.clip(0, 255).astype(np.uint8)


def disc(height: int = HEIGHT, width: int = WIDTH) -> np.ndarray:
    """A disc to the left of the middle: [H,W] bool."""
    y, x = np.mgrid[0:height, 0:width]
    found: np.ndarray = (x - 0.4 * width) ** 2 + (y - 0.5 * height) ** 2 < (0.3 * height) ** 2
    return found


def guided(layers: int = 24, **guide: Any) -> Stack:
    return decompose(photo(), layers=layers, effort="fast", device="cpu", **guide)


def root(stack: Stack, group: str | None) -> str | None:
    """The outermost group of a group."""
    parents = {each.id: each.parent for each in stack.groups}
    while group is not None and parents[group] is not None:
        group = parents[group]
    return group


def written(folder: Path, values: np.ndarray) -> Path:
    """A picture in a file."""
    Image.fromarray(values).save(folder / "mask.png")
    return folder / "mask.png"


@pytest.fixture
def picture() -> Picture:
    return as_picture(photo())


def test_a_mask_in_a_file_makes_a_subject_and_a_background(tmp_path: Path) -> None:
    stack = guided(segments=written(tmp_path, disc(60, 80).astype(np.uint8) * 255))
    roots = [root(stack, layer.group) for layer in stack.layers]
    assert set(roots) == {"background", "subject"}
    assert roots == sorted(roots)  # the subject above its background
    names = {group.id: group.name for group in stack.groups if group.parent is None}
    assert names["subject"].startswith("Subject: ")
    assert names["background"].startswith("Background: ")


def test_layers_of_the_subject_cover_the_subject() -> None:
    stack = guided(40, segments=disc())
    subject = [layer for layer in stack.layers if root(stack, layer.group) == "subject"]
    alone = on_green(stack).with_layers(subject)
    seen = np.abs(drawn(alone).astype(int) - drawn(on_green(stack).with_layers(()))).max(2) > 40
    inside = disc()
    assert seen[inside].mean() > 0.9
    assert seen[~inside].mean() < 0.25


def on_green(stack: Stack) -> Stack:
    """The stack on a canvas of a colour that it has nowhere."""
    return dataclasses.replace(stack, canvas=dataclasses.replace(stack.canvas, background=(0.0, 1.0, 0.0)))


def drawn(stack: Stack) -> np.ndarray:
    return render(stack, WIDTH, device="cpu")


def test_each_colour_of_a_picture_is_a_segment(tmp_path: Path, picture: Picture) -> None:
    parts = np.zeros((HEIGHT, WIDTH, 3), np.uint8)
    parts[:, :20], parts[80:, 20:] = (200, 90, 10), (10, 90, 200)
    guide = find_guide(picture, written(tmp_path, parts), None, layers=64)
    assert guide is not None
    assert guide.names == ("Segment 1", "Segment 2", "Segment 3")
    assert guide.segments is not None
    assert guide.segments[0, 60] == 0  # the largest is lowest
    assert {int(guide.segments[10, 10]), int(guide.segments[100, 60])} == {1, 2}


def test_groups_are_a_tree_as_the_parts_are(monkeypatch: pytest.MonkeyPatch) -> None:
    y, x = np.mgrid[0:HEIGHT, 0:WIDTH]
    numbers = np.where(x < 80, np.where(y < 60, 1, 2), 3)
    found = Guide(numbers, ("Whole", "Whole.1", "Whole.2", "Other"), parents=(None, 0, 0, None))
    monkeypatch.setattr("vecstack.fitting.decompose.find_guide", lambda *_, **__: found)
    stack = guided(30, segments="found")
    parents = {group.id: group.parent for group in stack.groups}
    assert parents["whole"] is None
    assert parents["other"] is None
    assert parents["whole-1"] == parents["whole-2"] == "whole"
    roots = [root(stack, layer.group) for layer in stack.layers]
    assert roots == sorted(roots, reverse=True)  # the whole below the other


def test_every_segment_has_layers_however_like_its_neighbours(picture: Picture) -> None:
    y, x = np.mgrid[0:HEIGHT, 0:WIDTH]
    board = (y // 40) * 4 + x // 40  # twelve squares across waves and disc
    stack = guided(16, segments=board)
    assert len({root(stack, layer.group) for layer in stack.layers}) == 12


def test_a_part_of_one_region_is_one_group() -> None:
    stack = guided(12, segments=np.arange(12).repeat(HEIGHT * WIDTH // 12).reshape(HEIGHT, WIDTH))
    assert all(group.parent is None for group in stack.groups)


def test_a_soft_mask_is_cut_at_its_half(tmp_path: Path, picture: Picture) -> None:
    soft = np.zeros((HEIGHT, WIDTH), np.uint8)
    soft[:, 48:], soft[:, 46], soft[:, 47] = 255, 100, 160
    guide = find_guide(picture, written(tmp_path, soft), None, layers=64)
    assert guide is not None
    assert guide.names == ("Background", "Subject")
    assert guide.segments is not None
    assert guide.segments[3, 44:50].tolist() == [0, 0, 0, 1, 1, 1]


def test_detail_goes_where_the_focus_is() -> None:
    inside = disc()

    def missed(stack: Stack) -> float:
        return float(np.square(drawn(stack)[inside].astype(float) - photo()[inside]).mean())

    found = [[guided(48, seed=seed, **how) for seed in (0, 1, 2)] for how in ({}, {"focus": disc()})]
    error, psnr = (
        [median(map(of, stacks)) for stacks in found] for of in (missed, lambda each: psnr_to(each, photo()))
    )
    assert error[1] < 0.85 * error[0]  # the middle one: a single seed may be lucky, or unlucky
    assert psnr[1] < psnr[0] + 1


def test_a_guide_is_read_at_another_size() -> None:
    numbers = np.array([[0, 1], [2, 3]])
    level = np.stack([numbers] * 3).astype(np.float32)
    found = Guide(numbers, ("a", "b", "c", "d"), numbers.astype(np.float32), levels=(level,)).at(4, 6)
    assert found.segments is not None
    assert found.focus is not None
    assert found.segments.tolist() == [[0, 0, 0, 1, 1, 1]] * 2 + [[2, 2, 2, 3, 3, 3]] * 2
    assert found.focus.shape == (4, 6)
    assert found.levels[0].tolist() == [found.segments.tolist()] * 3


def test_auto_chooses_what_can_be_guided(picture: Picture) -> None:
    assert choose_model(picture, "good", is_guided=True).name == "paths"


@pytest.mark.parametrize(
    ("guide", "words"),
    [
        (
            {"segments": "nowhere.png"},
            "one of u2netp, hed, felzenszwalb, sam or the file of a mask.*nowhere.png",
        ),
        ({"focus": "nowhere"}, "focus must be subject or the file of a mask.*nowhere"),
        ({"segments": np.zeros((50, 96), np.uint8)}, "mask of 96 x 50 px does not fit a picture of 160 x 120 px"),
        ({"focus": np.zeros((10, 90), bool)}, "focus.*same aspect"),
        ({"segments": np.arange(HEIGHT * WIDTH).reshape(HEIGHT, WIDTH)}, "at most 64 parts, not 19,200"),
        ({"segments": np.zeros((HEIGHT, WIDTH), np.float32)}, "whole numbers, not float32"),
        ({"segments": disc(), "model": "photos"}, "those of photos are not; use paths"),
        ({"focus": disc(), "model": "graphic"}, "those of graphic are not; use paths"),
        ({"segments": disc(), "model": "bitmap"}, "those of bitmap are not; use paths"),
        ({"simplify": "sds:x", "model": "splines"}, "those of splines are not; use paths"),
        ({"segments": "felzenszwalb:net.bin"}, "felzenszwalb has no weights; leave out 'net.bin'"),
        ({"simplify": "blur"}, "simplify must be sds:PATH or sds:OWNER/NAME@REVISION, not 'blur'"),
    ],
)
def test_what_cannot_guide_is_refused_in_a_line(guide: dict[str, Any], words: str) -> None:
    with pytest.raises(UsageError, match=words) as refused:
        guided(**guide)
    assert "\n" not in str(refused.value)
    assert refused.value.parameter in ("segments", "focus", "simplify")
