"""Containers: what items are packed into, on a canvas."""

from __future__ import annotations

import dataclasses
import os
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from vecstack.document.file import SUFFIXES as DOCUMENTS
from vecstack.document.file import load
from vecstack.drawing.render import render
from vecstack.editing.select import select
from vecstack.errors import DocumentError, PictureError, UsageError, named
from vecstack.exporting.cutting.areas import Area
from vecstack.geometry import Affine
from vecstack.importing.svg import import_svg
from vecstack.kinds.base import Curve
from vecstack.kinds.items import bounds
from vecstack.packing.outlines import FINE, Outline, area_of_curves, area_of_mask, container_outline
from vecstack.packing.shapes import shape_called
from vecstack.packing.words import Face
from vecstack.pictures.read import Picture, load_picture
from vecstack.pictures.suffixes import SUFFIXES as PICTURES
from vecstack.stack import Stack

OPEN, WORD = "open", "word:"
MARGIN = 0.03  # of the long side of a shape by name, on each side
MASK_PX = 768  # of the long side of a mask
HALF = 0.5  # of a mask: from there on a pixel belongs to what is masked
LEAST_SHARE = 1e-4  # of the canvas: less is no container


@dataclass(frozen=True, eq=False)
class Container:
    """Rings in canvas units, and the sides of the canvas."""

    outline: Outline
    width: int
    height: int


def container_of(into: str, size: int, font: str | os.PathLike[str] | None = None) -> Container | None:
    """What `into` stands for, on a canvas of `size` units on its long side: a file (SVG: what it fills; a mask, whose
    inside is what is seen of it or, where it is opaque, what is not as bright as most of its border; LAYERS#NAME: the
    layers of that selection), the name of a shape, or word:TEXT. None for "open". Raises UsageError, PictureError,
    DocumentError."""
    path, _, selection = into.partition("#")
    if into == OPEN:
        return None
    if into.startswith(WORD):
        return _fitted(Face(font).curves(into.removeprefix(WORD)), size)
    if Path(into).exists():
        return _of_file(Path(into), None, size)
    if selection and Path(path).exists():
        return _of_file(Path(path), selection, size)
    return _fitted([shape_called(into, also=(OPEN, f"{WORD}TEXT"))], size)


def whole_of(width: int, height: int, size: int) -> tuple[int, int]:
    """The sides of a canvas of that aspect, `size` units on its long side."""
    scale = size / max(width, height)
    return max(1, round(width * scale)), max(1, round(height * scale))


def _fitted(curves: Sequence[Curve], size: int) -> Container:
    """Curves that fill a canvas but for a margin."""
    box = bounds(curves)
    margin = MARGIN * size
    scale = (size - 2 * margin) / max(box.width, box.height)
    width, height = (round(side * scale + 2 * margin) for side in (box.width, box.height))
    left, top = (width - box.width * scale) / 2 - box.x * scale, (height - box.height * scale) / 2 - box.y * scale
    place = Affine.similarity(2 * left / size, 2 * top / size, 2 * scale / size)
    return _checked(area_of_curves(curves, place), width, height)


def _of_file(path: Path, selection: str | None, size: int) -> Container:
    """A container in a file."""
    suffix = path.suffix.lower()
    try:
        if suffix in DOCUMENTS:
            return _of_layers(load(path), selection, size)
        if selection is not None:
            raise UsageError(f"into: {path} has no layers to choose; leave out #{selection:.40}.", parameter="into")
        if suffix in PICTURES:
            return _of_mask(load_picture(path), size)
        return _of_cover(_cover(import_svg(path)), size)
    except (PictureError, DocumentError) as error:
        raise named(error, str(path)) from error


def _of_layers(stack: Stack, selection: str | None, size: int) -> Container:
    """What layers of a stack cover, all of them where no selection is given."""
    chosen = range(len(stack.layers)) if selection is None else select(stack, selection)
    layers = [dataclasses.replace(stack.layers[index], visible=True) for index in chosen]
    return _of_cover(_cover(stack.with_layers(layers)), size)


def _cover(stack: Stack) -> np.ndarray:
    """How much the layers of a stack cover: [H,W] in 0..1."""
    bare = dataclasses.replace(stack, canvas=dataclasses.replace(stack.canvas, transparent=True))
    alpha: np.ndarray = render(bare, MASK_PX, device="cpu")[..., 3] / np.float32(255)
    return alpha


def _of_mask(picture: Picture, size: int) -> Container:
    """A picture's inside."""
    if picture.alpha is not None:
        return _of_cover(picture.alpha, size)
    grey = picture.pixels.mean(2)
    border = np.concatenate([grey[0], grey[-1], grey[:, 0], grey[:, -1]])
    return _of_cover(1 - grey if (border >= HALF).mean() > HALF else grey, size)


def _of_cover(cover: np.ndarray, size: int) -> Container:
    """Where a mask [H,W] in 0..1 is above 1/2, on a canvas of its aspect."""
    from PIL import Image

    image = Image.fromarray(np.rint(255 * cover).astype(np.uint8))
    image.thumbnail((MASK_PX, MASK_PX), Image.Resampling.BOX)
    width, height = whole_of(cover.shape[1], cover.shape[0], size)
    return _checked(area_of_mask(np.asarray(image, np.float64) / 255, 0.0, 0.0, 2 / max(image.size)), width, height)


def _checked(area: Area, width: int, height: int) -> Container:
    """The container of an area of a frame whose long side is 2, that of the canvas, in fine units. Raises PictureError
    where it is empty."""
    if area.area < LEAST_SHARE * (2 * FINE) ** 2:
        raise PictureError("the container is empty; use a shape that covers something.")
    return Container(tuple(ring * max(width, height) / 2 for ring in container_outline(area)), width, height)
