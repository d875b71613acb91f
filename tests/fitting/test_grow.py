"""Layers of paths are grown on small pictures, as many as are asked for or as a goal takes."""

from __future__ import annotations

import re
import time
from functools import cache
from itertools import pairwise
from statistics import median
from typing import Any

import numpy as np
import pytest
import torch

from tests.helpers import ids, psnr_to
from vecstack import Canvas, Goal, Stack, decompose, refine
from vecstack.document.file import dumps, load
from vecstack.drawing.render import render
from vecstack.fitting import grow, scenes
from vecstack.fitting.scenes import own_scene
from vecstack.kinds.base import Scene, Style
from vecstack.pictures.read import Picture, as_picture

ROUNDING_DB = 0.02  # of drawings in 8 bits, and of numbers as a document keeps them
NAME = re.compile(r"(?:Region|Part) [1-9][0-9]*: [a-z ]+, [a-z ]+")
LAYER_NAME = re.compile(r"[a-z ]+, (?:middle|top|bottom|left|right|(?:upper|lower) (?:left|right))")


def disc(height: int = 48, width: int = 64) -> np.ndarray:
    """A red disc on a gradient: [H,W,3] uint8."""
    y, x = np.mgrid[0:height, 0:width]
    picture = np.stack([x * (255 / width), y * (255 / height), np.full((height, width), 90.0)], -1)
    picture[(x - 0.45 * width) ** 2 + (y - 0.5 * height) ** 2 < (0.3 * height) ** 2] = (230, 60, 30)
    return picture.astype(np.uint8)


def stripes() -> np.ndarray:
    """Yellow and blue stripes across a square: [64,64,3] uint8."""
    y, x = np.mgrid[0:64, 0:64]
    return np.where(((x + y) // 6 % 2 == 0)[..., None], (220, 200, 40), (30, 40, 120)).astype(np.uint8)


def waves() -> np.ndarray:
    """A picture without edges: [64,96,3] uint8."""
    y, x = np.mgrid[0:64, 0:96]
    colors = [128 + 100 * np.sin(x / 9 + y / 14), 128 + 90 * np.cos(x / 7 - y / 11), 2.0 * x]
    return np.stack(colors, -1).clip(0, 255).astype(np.uint8)


def noise(height: int = 48, width: int = 48) -> np.ndarray:
    """Noise in every pixel and channel: [H,W,3] uint8."""
    return np.random.default_rng(0).integers(0, 256, (height, width, 3), dtype=np.uint8)


def flat(height: int = 40, width: int = 32) -> np.ndarray:
    """One colour: [H,W,3] uint8."""
    return np.full((height, width, 3), (10, 200, 90), np.uint8)


def covered(picture: np.ndarray, alpha: Any) -> np.ndarray:
    """A picture with alpha in 0..255, a number or [H,W]: [H,W,4] uint8."""
    alphas = np.broadcast_to(np.asarray(alpha, np.uint8), picture.shape[:2])
    return np.concatenate([picture, alphas[..., None]], 2)


PICTURES = {"disc": disc(), "stripes": stripes(), "waves": waves(), "noise": noise(), "flat": flat()}
NOT_FLAT = ("disc", "stripes", "waves", "noise")


def grown(
    picture: np.ndarray | Picture, layers: int | None = None, effort: str | float = "fast", **options: Any
) -> Stack:
    return decompose(picture, "paths", layers, effort=effort, device="cpu", **options)


@cache
def with_layers(name: str, count: int) -> Stack:
    """One of the pictures as so many layers."""
    return grown(PICTURES[name], count)


def drawn(stack: Stack, picture: np.ndarray) -> np.ndarray:
    """A stack at the size of a picture, 8 bits."""
    return render(stack, max(picture.shape[:2]), device="cpu")


# What a number of layers promises.


@pytest.mark.slow
@pytest.mark.parametrize("name", NOT_FLAT)
@pytest.mark.parametrize("count", [1, 2, 8, 33])
def test_there_are_as_many_layers_as_asked_for(name: str, count: int) -> None:
    assert count - count // 32 <= len(with_layers(name, count).layers) <= count  # one more may help nothing


@pytest.mark.slow
@pytest.mark.parametrize("name", NOT_FLAT)
def test_more_layers_come_closer(name: str) -> None:
    found = [psnr_to(with_layers(name, count), PICTURES[name]) for count in (1, 8, 16, 33)]
    assert all(more > fewer for fewer, more in pairwise(found))


@pytest.mark.parametrize("name", PICTURES)
def test_the_psnr_that_a_document_has_is_that_of_its_drawing(name: str) -> None:
    stack = with_layers(name, 16)
    stated = stack.metrics["psnr"]
    assert psnr_to(stack, PICTURES[name]) >= min(stated, 60) - 0.3


@pytest.mark.parametrize("name", PICTURES)
def test_a_document_of_grown_layers_is_read_as_it_was(name: str) -> None:
    stack = with_layers(name, 16)
    assert load(dumps(stack)) == stack


@pytest.mark.slow
def test_opaque_layers_are_asked_for_and_draw_edges_nearly_as_close() -> None:
    seeds = (0, 1, 2)
    free = [grown(PICTURES["stripes"], 32, seed=seed) for seed in seeds]
    opaque = [grown(PICTURES["stripes"], 32, style=Style(opaque=True), seed=seed) for seed in seeds]
    assert all(min(layer.opacity for layer in stack.layers) < 1 for stack in free)
    assert {layer.opacity for stack in opaque for layer in stack.layers} == {1}
    closeness = [median(stack.metrics["psnr"] for stack in stacks) for stacks in (free, opaque)]
    assert closeness[1] > closeness[0] - 2  # the middle one: a seed may be lucky by 3 dB


def test_the_same_seed_gives_the_same_bytes_and_another_may_not() -> None:
    first, same, other = (dumps(grown(disc(), 8, seed=seed)) for seed in (3, 3, 4))
    assert first == same
    assert first != other


def test_fitting_ends_with_the_seconds_that_it_was_given() -> None:
    grown(disc(), 4)  # compiles what has to be
    began = time.monotonic()
    stack = grown(disc(), 64, 0.5)
    assert time.monotonic() - began < 20  # on a machine that is busy
    assert 0 < len(stack.layers) <= 64


def test_there_are_layers_even_where_there_is_no_time() -> None:
    assert len(grown(disc(), 8, 1e-6).layers) == 8


# What a goal promises.


@pytest.mark.parametrize(
    ("name", "goal", "most"),
    [("disc", 20, 8), ("disc", 28, 24), ("stripes", 20, 24), ("stripes", 28, 36), ("flat", 40, 1)],
)
def test_a_psnr_that_is_asked_for_is_reached_with_few_layers(name: str, goal: int, most: int) -> None:
    """At most about twice as many layers as were enough when this was written."""
    stack = grown(PICTURES[name], detail=Goal(psnr=goal))
    assert psnr_to(stack, PICTURES[name]) >= goal - ROUNDING_DB
    assert len(stack.layers) <= most


@pytest.mark.slow
def test_a_psnr_is_reached_on_noise() -> None:
    picture = noise(24, 24)
    assert psnr_to(grown(picture, detail=Goal(psnr=16)), picture) >= 16 - ROUNDING_DB


@pytest.mark.slow
def test_a_budget_is_kept_and_a_larger_one_is_not_worse() -> None:
    budgets = (1024, 2048, 8192)
    stacks = [grown(disc(), detail=Goal(budget_bytes=budget)) for budget in budgets]
    assert all(len(dumps(stack)) <= budget for stack, budget in zip(stacks, budgets, strict=True))
    found = [psnr_to(stack, disc()) for stack in stacks]
    assert all(more >= fewer for fewer, more in pairwise(found))
    assert found[-1] > found[0] + 10


# Groups and names.


@pytest.mark.parametrize("name", PICTURES)
def test_layers_are_in_groups_that_say_colour_and_place(name: str) -> None:
    stack = with_layers(name, 16)
    groups = {group.id for group in stack.groups}
    assert all(layer.group in groups for layer in stack.layers)
    assert all(group.parent in {None, *groups} for group in stack.groups)
    assert all(NAME.fullmatch(group.name) for group in stack.groups)
    assert all(LAYER_NAME.fullmatch(layer.name) for layer in stack.layers)


def test_a_group_is_named_after_what_is_seen_there() -> None:
    picture = np.full((32, 96, 3), (200, 20, 20), np.uint8)
    picture[:, 60:] = (20, 40, 200)
    names = {group.name.partition(": ")[2] for group in grown(picture, 4).groups}
    assert names <= {"red, left", "blue, right"}
    assert names


# Refining.


@pytest.mark.parametrize("name", PICTURES)
def test_refined_paths_are_never_worse(name: str) -> None:
    stack, picture = with_layers(name, 8), PICTURES[name]
    refined = refine(stack, picture, "fast", device="cpu")
    assert ids(refined) == ids(stack)
    assert psnr_to(refined, picture) >= psnr_to(stack, picture) - ROUNDING_DB


@pytest.mark.parametrize("name", NOT_FLAT)
def test_layers_that_are_added_lie_on_top_of_the_old_ones(name: str) -> None:
    stack, picture = with_layers(name, 8), PICTURES[name]
    more = refine(stack, picture, "fast", Goal(layers=20), device="cpu")
    assert len(more.layers) == 20
    assert ids(more)[:8] == ids(stack)
    assert more.groups[: len(stack.groups)] == stack.groups
    assert psnr_to(more, picture) > psnr_to(stack, picture)


def test_layers_are_added_where_one_was_taken_away() -> None:
    stack = with_layers("disc", 8)
    fewer = stack.remove(stack.layers[2].id)
    more = refine(fewer, disc(), "fast", Goal(layers=16), device="cpu")
    assert ids(more)[:7] == ids(fewer)
    assert len(more.layers) == 16


@pytest.mark.parametrize("goal", [None, Goal(layers=16)], ids=["refined", "with more layers"])
@pytest.mark.parametrize("place", [0, 4, 7])
def test_hidden_layers_stay(goal: Goal | None, place: int) -> None:
    stack = with_layers("disc", 8)
    stack = stack.edit(stack.layers[place].id, visible=False)
    refined = refine(stack, disc(), "fast", goal, device="cpu")
    assert refined.layers[place] == stack.layers[place]
    assert ids(refined)[:8] == ids(stack)
    assert psnr_to(refined, disc()) >= psnr_to(stack, disc()) - ROUNDING_DB


# Pictures at the edge of what there is.


@pytest.mark.slow
@pytest.mark.parametrize(
    ("size", "count"),
    [
        *((size, count) for size in [(1, 1), (1, 2), (2, 1), (2, 2), (1, 40), (40, 1), (3, 3)] for count in (1, 4)),
        *((size, None) for size in [(1, 1), (40, 1), (3, 3)]),
    ],
)
def test_tiny_pictures_are_drawn(size: tuple[int, int], count: int | None) -> None:
    picture = noise(*size)
    stack = grown(picture, count)
    assert drawn(stack, picture).shape == picture.shape
    bare = stack.with_layers(())
    assert psnr_to(stack, picture) >= psnr_to(bare, picture)


@pytest.mark.slow
@pytest.mark.parametrize("size", [(1, 20_000), (20_000, 1)])
def test_a_picture_of_one_row_is_drawn(size: tuple[int, int]) -> None:
    long = np.sort(noise(*size).reshape(-1, 3), 0).reshape(*size, 3)
    assert psnr_to(grown(long, 32), long) > 25


def test_one_colour_needs_no_more_than_its_background() -> None:
    for count in (1, 8):
        stack = with_layers("flat", count)
        assert len(stack.layers) <= count
        assert (drawn(stack, flat()) == flat()).all()


@pytest.mark.parametrize("detail", [None, Goal(psnr=30), Goal(budget_bytes=3000)], ids=["default", "psnr", "budget"])
def test_a_picture_that_is_clear_everywhere_stays_so(detail: Goal | None) -> None:
    stack = grown(covered(disc(), 0), detail=detail)
    assert stack.canvas.transparent
    assert not drawn(stack, disc())[..., 3].any()


@pytest.mark.parametrize("name", ["disc", "noise", "flat"])
def test_a_picture_that_is_hardly_there_stays_so(name: str) -> None:
    picture = covered(PICTURES[name], 1)
    stack = grown(picture, 8)
    assert stack.canvas.transparent
    assert drawn(stack, picture)[..., 3].max() <= 2


def test_no_layer_covers_more_than_the_picture_does() -> None:
    stack = grown(covered(disc(), 1), 24)
    assert 0 < max(layer.opacity for layer in stack.layers) <= 0.005


def test_a_half_of_a_picture_stays_clear() -> None:
    picture = covered(disc(), np.where(np.arange(64) < 32, 255, 0))
    alpha = drawn(grown(picture, 16), picture)[..., 3].astype(int)
    assert np.abs(alpha - picture[..., 3]).mean() < 4
    assert np.abs(alpha - picture[..., 3])[:, [2, -3]].max() <= 8


def test_shade_over_all_of_a_picture_is_drawn() -> None:
    picture = covered(disc(), 128)
    found = drawn(grown(picture, 24), picture).astype(int)
    assert np.abs(found[..., 3] - 128).mean() < 4
    assert np.abs(found[..., :3] - picture[..., :3]).mean() < 12


# Pictures larger than what layers are grown on.


def test_a_large_picture_is_polished_on_its_own_pixels_without_a_copy(monkeypatch: pytest.MonkeyPatch) -> None:
    picture = as_picture(waves())
    seen: list[Scene] = []
    monkeypatch.setattr(grow, "_pixels_for", lambda layers: 1500)

    def kept(*where: Any) -> Scene:
        seen.append(own_scene(*where))
        return seen[-1]

    monkeypatch.setattr(grow, "own_scene", kept)
    stack = grown(picture, 6)
    (scene,) = seen
    assert scene.picture.shape == (3, 64, 96)
    assert np.shares_memory(scene.picture, picture.pixels)
    assert scene.below.strides[1:] == (0, 0)
    assert stack.metrics["psnr"] == pytest.approx(psnr_to(stack, waves()), abs=2 * ROUNDING_DB)
    monkeypatch.setattr(grow, "_polished", lambda kind, own, layers, *how: (layers, 1.0))
    assert psnr_to(grown(picture, 6), waves()) < psnr_to(stack, waves())


def test_a_large_picture_that_must_be_copied_is_polished_on_fewer_pixels(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(scenes, "COPIED_PIXELS", 2000)
    clear = as_picture(covered(waves(), 128))
    stack = Stack(Canvas(96, 64, transparent=True))
    scene = own_scene(stack, clear, 0, (0.0, 0.0, 0.0), torch.device("cpu"))
    assert scene.picture.shape[0] == 4
    assert 1800 < scene.picture[0].size <= 2100
