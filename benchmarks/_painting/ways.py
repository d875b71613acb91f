"""Ways of painting a photo with a number of shapes: each gives the drawing and CPU seconds, and what else it knows."""

from __future__ import annotations

import dataclasses
import resource
import subprocess
import tempfile
from itertools import pairwise, product
from pathlib import Path

import numpy as np
from _common import timed
from PIL import Image

import vecstack
from vecstack.document.file import size_of
from vecstack.geometry import Rect
from vecstack.kinds.base import Scene, Terms
from vecstack.kinds.stroke.fields import blurred
from vecstack.kinds.stroke.fit import Tuner
from vecstack.kinds.stroke.looks import LOOKS
from vecstack.kinds.stroke.paint import Painting

SHAPES = {"triangles": 1, "ellipses": 7}  # modes of primitive
BUDGETS = (9, 49, 64, 81)  # strokes of a patch, level by level (arXiv 2311.14271, "realistic")
FIRST_SIDE = 3  # patches along the long side, of the first level; a patch of each next one is smaller by 1 / SHRINK
SHRINK = 1.5
SEEN = 0.3  # of the attention that is left where a patch was painted, for what is painted later


def painted(picture: Image.Image, model: str, count: int) -> tuple[np.ndarray, float, float]:
    """By this program: the flat drawing, CPU seconds and kilobytes without a thumbnail."""
    stack, cost = timed(lambda: vecstack.decompose(picture, model, count, device="cpu"))
    flat = stack.with_layers(dataclasses.replace(layer, bristles=None) for layer in stack.layers)  # type: ignore[call-arg]
    kilobytes = size_of(dataclasses.replace(stack, thumbnail=None)).file / 1000
    return vecstack.render(flat, device="cpu"), cost.cpu, kilobytes


def by_primitive(program: str, picture: Image.Image, shape: str, count: int) -> tuple[np.ndarray, float]:
    """By primitive, which tries shapes at 256 px and takes the best, one after another."""
    with tempfile.TemporaryDirectory() as folder:
        source, drawn = Path(folder) / "photo.png", Path(folder) / "drawn.png"
        picture.save(source)
        began = resource.getrusage(resource.RUSAGE_CHILDREN)
        numbers = {"-m": SHAPES[shape], "-n": count, "-s": max(picture.size)}
        options = [str(part) for pair in numbers.items() for part in pair]
        subprocess.run([program, "-i", source, "-o", drawn, *options], check=True, stdout=subprocess.DEVNULL)
        ended = resource.getrusage(resource.RUSAGE_CHILDREN)
        seconds = ended.ru_utime + ended.ru_stime - began.ru_utime - began.ru_stime
        return np.asarray(Image.open(drawn).convert("RGB").resize(picture.size)), seconds


def in_patches(picture: Image.Image, count: int) -> tuple[np.ndarray, float]:
    """The published way: from coarse to fine, patch by patch, on black; after the first level, patches where a map of
    attention is highest. Each patch is painted by itself, with its own number of strokes."""
    pixels = _planes(picture)
    canvas, cost = timed(lambda: _painted_in_patches(pixels, count))
    return (255 * canvas.clip(0, 1)).round().astype(np.uint8).transpose(1, 2, 0), cost.cpu


def _painted_in_patches(pixels: np.ndarray, count: int) -> np.ndarray:
    canvas, attention = np.zeros_like(pixels), np.ones(pixels.shape[1:])
    long_side = max(attention.shape)
    first = _grid(attention.shape, long_side // FIRST_SIDE)
    budget, *others = BUDGETS
    for patch in first:
        _paint_patch(pixels, canvas, patch, budget)
    share = (count - budget * len(first)) / len(others)
    for level, budget in enumerate(others, 1):
        for _ in range(round(share / budget)):
            patch = _most_attended(canvas, pixels, attention, int(long_side / (FIRST_SIDE * SHRINK**level)))
            _paint_patch(pixels, canvas, patch, budget)
            attention[patch] *= SEEN
    return canvas


def _grid(size: tuple[int, ...], side: int) -> list[tuple[slice, slice]]:
    """Patches side by side that cover a picture."""
    cuts = (np.linspace(0, length, max(1, round(length / side)) + 1).astype(int).tolist() for length in size)
    rows, columns = ([slice(first, end) for first, end in pairwise(ends)] for ends in cuts)
    return list(product(rows, columns))


def _most_attended(canvas: np.ndarray, pixels: np.ndarray, attention: np.ndarray, side: int) -> tuple[slice, slice]:
    """The patch of a side around the place that is missed most, by the attention paid to it."""
    import torch

    missed = np.square(canvas - pixels).sum(0) * attention
    around = blurred(torch.from_numpy(missed)[None], side / 4)[0].numpy()
    places = np.unravel_index(int(around.argmax()), around.shape)
    row, column = (
        slice(start, start + side)
        for start in (
            int(np.clip(place - side // 2, 0, max(0, length - side)))
            for place, length in zip(places, around.shape, strict=True)
        )
    )
    return row, column


def _paint_patch(pixels: np.ndarray, canvas: np.ndarray, patch: tuple[slice, slice], budget: int) -> None:
    """Paint a patch of a picture [3,H,W] over what there is of it on a canvas, in place."""
    picture, below = (np.ascontiguousarray(values[(slice(None), *patch)]) for values in (pixels, canvas))
    scene = Scene(Rect(0, 0, picture.shape[2], picture.shape[1]), picture, below)
    painting = Painting(scene, Terms("good"), dataclasses.replace(LOOKS["realistic"], rounds=1), budget)
    painting.paint()
    canvas[(slice(None), *patch)] = Tuner(picture, below).draw(painting.numbers)


def _planes(picture: Image.Image) -> np.ndarray:
    """[3,H,W] (float32 in 0..1)."""
    return np.ascontiguousarray(np.asarray(picture, np.float32).transpose(2, 0, 1) / 255)
