from __future__ import annotations

import dataclasses
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from tests.helpers import psnr_to
from vecstack import load_model
from vecstack.fitting.decompose import decompose
from vecstack.fitting.goal import Goal
from vecstack.fitting.refine import refine, tune_first
from vecstack.fitting.underlay import with_grown_layers, with_sharp_layers
from vecstack.kinds import kind_of
from vecstack.kinds.base import SceneMaker
from vecstack.pictures.read import Picture, load_picture
from vecstack.stack import Stack

DIGIT = Path(__file__).parents[2] / "examples" / "digit.png"
BLACK = (0.0, 0.0, 0.0)


@pytest.fixture(scope="module")
def digit() -> Picture:
    return load_picture(DIGIT)


@pytest.fixture(scope="module")
def sharp(digit: Picture) -> Stack:
    """What the maker of small bitmaps makes of the digit."""
    return decompose(digit, "bitmap", effort="fast", device="cpu")


def bar() -> np.ndarray:
    """A white bar on black, whose edges run through pixels: [24,24,3] uint8."""

    def covered(first: float, end: float) -> np.ndarray:
        return np.clip(np.arange(1, 25) - first, 0, 1) - np.clip(np.arange(1, 25) - end, 0, 1)

    cover = covered(4.5, 19.75)[:, None] * covered(7.25, 15.5)
    return np.repeat(np.rint(cover * 255).astype(np.uint8)[..., None], 3, 2)


def test_a_predicting_model_draws_a_small_bitmap_as_sharp_as_the_maker_that_suits_it(
    digit: Picture, sharp: Stack, weights: Path
) -> None:
    model = load_model(weights, "cpu")
    stack = decompose(digit, model, effort="fast", device="cpu")
    count = len(sharp.layers)
    assert stack.layers[-count:] == sharp.layers
    assert all(layer.kind == model.kind for layer in stack.layers[:-count])
    pixels = np.rint(digit.pixels * 255).astype(np.uint8)
    assert psnr_to(stack, pixels) >= psnr_to(sharp, pixels)
    assert stack.model == {"name": "tiny", "sha256": model.sha256}


def test_layers_below_that_do_not_show_are_left_out_with_their_net(weights: Path) -> None:
    stack = decompose(bar(), load_model(weights, "cpu"), effort="fast", device="cpu")
    assert [layer.kind for layer in stack.layers] == ["path"]
    assert not stack.assets


def test_the_model_s_layers_alone_are_kept_where_they_are_closer(
    digit: Picture, sharp: Stack, weights: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    sketch = decompose(digit, load_model(weights, "cpu"), effort="sketch", device="cpu")
    black = [kind_of(layer).with_color(layer, BLACK) for layer in sharp.layers]  # where the digit is white
    poor = dataclasses.replace(sharp.with_layers(black), metrics={"psnr": 3.0})
    monkeypatch.setattr("vecstack.fitting.underlay._composed", lambda *_: poor)
    maker = load_model("bitmap", "cpu").maker
    assert isinstance(maker, SceneMaker)
    found = with_sharp_layers(sketch, digit, maker, "fast", background=BLACK, seed=0, device="cpu", report=None)
    assert found.layers == refine(sketch, digit, "fast", device="cpu").layers


def test_the_first_layers_alone_are_tuned(stack: Stack) -> None:
    picture = load_picture(np.full((53, 37, 3), 128, np.uint8))
    tuned = tune_first(stack, 1, picture, "fast", BLACK, 0, "cpu", None)
    assert tuned.layers[1:] == stack.layers[1:]
    assert kind_of(stack.layers[0]).shape(tuned.layers[0]) != kind_of(stack.layers[0]).shape(stack.layers[0])
    same = tune_first(stack, 0, picture, 0.1, BLACK, 0, "cpu", None)
    assert same.layers == stack.layers
    assert tuned.metrics["psnr"] > same.metrics["psnr"]


def test_layers_that_keep_a_transparent_picture_away_go_with_their_net(weights: Path) -> None:
    clear = np.zeros((12, 16, 4), np.uint8)
    model = load_model(weights, "cpu")
    empty = decompose(clear, model, model.maker.max_layers + 1, effort="fast", device="cpu")
    assert not empty.layers
    assert not empty.assets
    clear[:, :8] = (200, 40, 40, 255)
    sketch = decompose(clear, model, effort="sketch", device="cpu")
    free = dataclasses.replace(sketch, canvas=dataclasses.replace(sketch.canvas, transparent=True))
    picture = load_picture(clear)
    tuned = refine(free, picture, "fast", device="cpu")
    goal = Goal(len(sketch.layers) + 1)
    options: Any = {"background": BLACK, "seed": 0, "device": "cpu"}
    grown = with_grown_layers(free, picture, goal, "fast", **options, report=None)
    kept = [layer for layer in grown.layers if layer.kind == model.kind]
    assert [layer for layer in tuned.layers if layer in kept] == kept
    assert grown.metrics["psnr"] > tuned.metrics["psnr"]
