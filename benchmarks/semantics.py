"""Measure whether layers are the shapes that were drawn: folders of SVG files, drawn by resvg on a transparent ground
and turned into paths again, of N layers at most, by the model graphic.

The measure: each shape of the original (a path, a circle, ...; subpaths of one are one shape) is drawn alone, whole,
so with what others hide of it. Its value is the best intersection over union, over pixels covered by half or more, with
one of our layers or groups. A picture has the mean of its shapes, a folder that of its pictures. Shapes with less than
16 pixels are left out. `visible` is the same of the part of each shape that no later one hides. VTracer's are the paths
of its closest drawing over a grid of settings (benchmarks/graphics.py), and all its paths of one colour together.
"""

from __future__ import annotations

import argparse
import dataclasses
import sys
import xml.etree.ElementTree as ElementTree
from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from _common import print_markdown, write_json
from graphics import closest_tracing, on_white, rastered
from PIL import Image

import vecstack
from vecstack.kinds.path.layer import PathLayer

MODEL = "graphic"
SHAPES = ("path", "circle", "ellipse", "rect", "polygon", "polyline", "line")
MIN_SHAPE_PX = 16
Masks = list[np.ndarray[Any, Any]]  # which pixels are covered by half or more, [H,W] each


@dataclass(frozen=True)
class Row:
    """What is measured of one picture, or the means over several."""

    shapes: float
    layers: float
    groups: float
    iou: float
    layers_iou: float
    visible_iou: float
    vtracer_paths: float
    vtracer_iou: float
    vtracer_visible_iou: float


def measured(path: Path, side: int, count: int) -> Row:
    """All of one picture."""
    original = path.read_text(encoding="utf-8")
    pixels = rastered(original, side)
    stack = vecstack.decompose(Image.fromarray(np.rint(pixels * 255).astype(np.uint8)), MODEL, count)
    whole = alone(original, side)
    seen = _visible(whole)
    layers = [_cover(stack, [layer], side) for layer in stack.layers]
    groups = [_cover(stack, _within(stack, group.id), side) for group in stack.groups]
    traced = closest_tracing(on_white(pixels))[0].svg
    paths = alone(traced, side)
    together = paths + _by_color(traced, paths)
    return Row(
        len(whole), len(layers), len(groups), _best(whole, layers + groups), _best(whole, layers),
        _best(seen, layers + groups), len(paths), _best(whole, together), _best(seen, together),
    )  # fmt: skip


def alone(svg: str, side: int) -> Masks:
    """What each shape of an SVG covers, drawn by itself."""
    root = ElementTree.fromstring(svg)
    shapes = _shapes(root)
    for parent, child in shapes:
        parent.remove(child)
    found = []
    for parent, child in shapes:
        parent.append(child)
        found.append(rastered(ElementTree.tostring(root, encoding="unicode"), side)[..., 3] > 0.5)
        parent.remove(child)
    return found


def _shapes(root: ElementTree.Element) -> list[tuple[ElementTree.Element, ElementTree.Element]]:
    """The shapes of a drawing in their order, each with its parent."""
    return [(parent, child) for parent in root.iter() for child in parent if child.tag.split("}")[-1] in SHAPES]


def _visible(whole: Masks) -> Masks:
    """What is left of each shape where no later one lies."""
    over = np.zeros_like(whole[0]) if whole else None
    found = []
    for mask in reversed(whole):
        found.append(mask & ~over)
        over = over | mask
    return found[::-1]


def _by_color(svg: str, paths: Masks) -> Masks:
    """What all paths of one colour cover together, of those with more than one."""
    groups = defaultdict(list)
    for (_, shape), mask in zip(_shapes(ElementTree.fromstring(svg)), paths, strict=True):
        groups[shape.get("fill")].append(mask)
    return [np.logical_or.reduce(own) for own in groups.values() if len(own) > 1]


def _within(stack: vecstack.Stack, group: str) -> list[Any]:
    """The layers in a group, and in groups inside it."""
    parents = {one.id: one.parent for one in stack.groups}

    def is_inside(place: str | None) -> bool:
        return place is not None and (place == group or is_inside(parents[place]))

    return [layer for layer in stack.layers if is_inside(layer.group)]


def _cover(stack: vecstack.Stack, layers: Sequence[Any], side: int) -> np.ndarray[Any, Any]:
    """Which pixels some layers cover by half or more."""
    plain = [dataclasses.replace(layer, opacity=1.0) for layer in layers if isinstance(layer, PathLayer)]
    one = dataclasses.replace(stack.with_layers(plain), canvas=dataclasses.replace(stack.canvas, transparent=True))
    return np.asarray(vecstack.render(one, side, transparent=True))[..., 3] > 127


def _best(shapes: Masks, found: Masks) -> float:
    """The mean over shapes of the best intersection over union with what was found."""
    values = [
        max(((shape & own).sum() / (shape | own).sum() for own in found), default=0.0)
        for shape in shapes
        if shape.sum() >= MIN_SHAPE_PX
    ]
    return float(np.mean(values)) if values else float("nan")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("folders", nargs="+", type=Path, help="folders of SVG files")
    parser.add_argument("--count", type=int, default=10, help="pictures of each folder (default %(default)s)")
    parser.add_argument("--side", type=int, default=512, help="pixels (default %(default)s)")
    parser.add_argument("--layers", type=int, default=32, help="layers at most (default %(default)s)")
    parser.add_argument("--json", type=Path)
    options = parser.parse_args()
    names = [field.name for field in dataclasses.fields(Row)]
    every: dict[str, dict[str, Any]] = {}
    for folder in options.folders:
        every[folder.name] = {}
        for path in sorted(folder.glob("*.svg"))[: options.count]:
            row = dataclasses.asdict(measured(path, options.side, options.layers))
            every[folder.name][path.name] = row
            print(path.name, " ".join(f"{name} {row[name]:.4g}" for name in names), file=sys.stderr, flush=True)
    sets = {**every, "all": {f"{name}/{file}": row for name, own in every.items() for file, row in own.items()}}
    rows = [
        [f"{name} ({len(own)})", *(f"{np.nanmean([row[key] for row in own.values()]):.2f}" for key in names)]
        for name, own in sets.items()
    ]
    print_markdown("Means", ["set", *(name.replace("_", " ") for name in names)], rows)
    write_json(options.json, every)


if __name__ == "__main__":
    main()
