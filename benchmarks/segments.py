"""What it costs to tell parts of a picture apart, what focus gains, and how well groups follow what is seen: photos of
scikit-image with as many layers each way.

PSNR is of all pixels, and within the subject that U2-Net-p finds and around it. "the subject in groups" is the
intersection over union of that subject with the outermost groups that are mostly in it; "on edges" is how sure HED is
of an edge along the boundaries between such groups (of its own, where it made them).

    python benchmarks/segments.py --layers 64 --sheet segments.jpg

Needs the extras `segments` and `benchmarks`, and the weights of U2-Net-p and HED where docs/segments.md says."""

from __future__ import annotations

import argparse
import time
from pathlib import Path
from typing import Any

import numpy as np
import torch
from _common import print_markdown
from PIL import Image
from skimage import data
from skimage.segmentation import find_boundaries

import vecstack
from vecstack.fitting.segmenters.hed import edges_of
from vecstack.fitting.segmenters.saliency import saliency
from vecstack.fitting.target import psnr_of
from vecstack.pictures.read import as_picture

PHOTOS = ("astronaut", "coffee", "chelsea")
WAYS: dict[str, dict[str, Any]] = {
    "plain": {},
    "`--segments u2netp`": {"segments": "u2netp"},
    "`--segments hed`": {"segments": "hed"},
    "`--segments felzenszwalb`": {"segments": "felzenszwalb"},
    "`--focus subject`": {"focus": "subject"},
}
CELL_PX = 240  # width of a picture of the sheet
COLUMNS = ("photo", "", "subject", "around it", "all, dB", "the subject in groups", "on edges", "CPU s")


class Photo:
    """A photo, its subject and its edges."""

    def __init__(self, name: str) -> None:
        self.name, self.pixels = name, getattr(data, name)()
        picture = as_picture(self.pixels)
        self.subject = saliency(picture) >= 0.5
        edges = Image.fromarray(edges_of(picture, None, torch.device("cpu")))
        self.edges = np.asarray(edges.resize(self.pixels.shape[1::-1], Image.Resampling.BILINEAR))


def owners(stack: vecstack.Stack, size: int) -> np.ndarray:
    """The outermost group that is on top at each pixel: [H,W], 0 where there is none."""
    parents = {group.id: group.parent for group in stack.groups}

    def root(group: str | None) -> str | None:
        while group is not None and parents[group] is not None:
            group = parents[group]
        return group

    roots = [root(layer.group) for layer in stack.layers]
    found: np.ndarray | None = None
    for number, group in enumerate(dict.fromkeys(roots), 1):
        own = stack.with_layers([layer for layer, each in zip(stack.layers, roots, strict=True) if each == group])
        cover = vecstack.render(own, size, transparent=True)[..., 3]
        found = np.zeros(cover.shape, np.int64) if found is None else found
        found[cover > 127] = number
    assert found is not None
    return found


def overlap(groups: np.ndarray, subject: np.ndarray) -> float:
    """Intersection over union of a subject with the groups that are mostly in it."""
    shares = np.bincount(groups.ravel(), subject.ravel()) / np.maximum(np.bincount(groups.ravel()), 1)
    chosen = (shares > 0.5)[groups]
    return float((chosen & subject).sum() / (chosen | subject).sum())


def row(photo: Photo, way: str, layers: int, effort: str) -> tuple[list[str], np.ndarray]:
    """A photo decomposed in one of the ways: figures, and its groups [H,W]."""
    began = time.process_time()
    stack = vecstack.decompose(photo.pixels, "paths", layers, effort=effort, **WAYS[way])
    seconds = time.process_time() - began
    size = max(photo.pixels.shape[:2])
    squares = np.square((vecstack.render(stack, size)[..., :3].astype(float) - photo.pixels) / 255)
    parts = squares[photo.subject], squares[~photo.subject], squares
    groups = owners(stack, size)
    figures = [f"{psnr_of(float(part.mean())):.2f}" for part in parts]
    edges = photo.edges[find_boundaries(groups, mode="inner")].mean()
    figures += [f"{overlap(groups, photo.subject):.2f}", f"{edges:.2f}", f"{seconds:.1f}"]
    return [photo.name, way, *figures], groups


def cell(photo: Photo, groups: np.ndarray | None) -> np.ndarray:
    """A picture of the sheet: the photo, or its groups, each in its mean colour."""
    values = photo.pixels
    if groups is not None:
        size = np.maximum(np.bincount(groups.ravel()), 1)
        means = [np.bincount(groups.ravel(), values[..., channel].ravel()) / size for channel in range(3)]
        values = np.stack(means, 1)[groups].astype(np.uint8)
        values[find_boundaries(groups, mode="thick")] = 255
    height, width = values.shape[:2]
    return np.asarray(Image.fromarray(values).resize((CELL_PX, round(CELL_PX * height / width)), Image.Resampling.BOX))


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--layers", type=int, default=64, metavar="N")
    parser.add_argument("--effort", default="good")
    parser.add_argument("--sheet", type=Path, help="JPEG of the photos and of their groups, in the order of the table")
    arguments = parser.parse_args()
    rows, sheet = [], []
    for photo in map(Photo, PHOTOS):
        cells = [cell(photo, None)]
        for way in WAYS:
            figures, groups = row(photo, way, arguments.layers, arguments.effort)
            rows.append(figures)
            if way != "`--focus subject`":
                cells.append(cell(photo, groups))
        sheet.append(np.concatenate([np.pad(each, ((4, 4), (4, 4), (0, 0)), constant_values=255) for each in cells], 1))
    print_markdown(f"{arguments.layers} layers", COLUMNS, rows)
    if arguments.sheet is not None:
        Image.fromarray(np.concatenate(sheet)).save(arguments.sheet, quality=80)


if __name__ == "__main__":
    main()
