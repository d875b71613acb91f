"""Stacks as flat SVG: each layer one path without a mask; thresholds, blurs and colours that fit best together."""

from __future__ import annotations

import math
from collections.abc import Iterable
from dataclasses import dataclass, replace
from itertools import groupby
from operator import attrgetter

import numpy as np
import torch
from torch import Tensor
from torch.nn.functional import avg_pool2d

from vecstack.color import Color
from vecstack.composite import best_colors, over, over_premultiplied
from vecstack.errors import ExportError
from vecstack.exporting.groups import grouped
from vecstack.exporting.svg.contours import Contours
from vecstack.exporting.svg.curves import fit, path_data
from vecstack.exporting.svg.exact import exact_shape
from vecstack.exporting.svg.levels import coverage, gaussian
from vecstack.exporting.svg.options import SvgOptions
from vecstack.exporting.svg.scene import SampledMask, Scene
from vecstack.exporting.svg.search import least_place
from vecstack.exporting.xml import (
    ElementIds,
    attributes,
    background,
    blur_filter,
    color_code,
    document,
    group_element,
    number,
)
from vecstack.stack import Canvas

BLURS = (0.0, 0.006, 0.012, 0.024, 0.048)  # standard deviations, as shares of the canvas's side (see _side)
THRESHOLDS = 14  # tried everywhere between a mask's least and greatest value
EDGE = 0.03  # of that range at both ends: there a mask is flat, and its contours are anywhere
NEARBY = (-0.04, -0.02, 0.0, 0.02, 0.04)  # tried about the one that is best so far, as shares of that range
PASSES = 5  # through all layers, at most
GAIN = 0.005  # of the squared error, without which there is no other pass
CURVE_MISS, MAX_MISS = 0.004, 0.05  # of curves, as shares of that side: as it is, and where bytes are few
STRIP = 8  # times as long as wide: of a longer canvas only so much counts, or nothing would be as fine as it is wide
BLUR_MISS = 0.2  # of a blur's deviation, which hides as much
BLUR_REACH = 3.0  # standard deviations


@dataclass(frozen=True)
class Shape:
    """How a layer is drawn: the level set of its mask above a threshold, blurred, in a colour."""

    mask: SampledMask
    threshold: float
    blur: float
    color: Color


def flat_svg(scene: Scene, options: SvgOptions) -> str:
    """The stack as flat SVG. Raises ExportError where it cannot be as small as it must be."""
    shapes = flatten(scene, _most_seen(scene, options.max_paths), (0.0,) if options.hard else BLURS)
    texts: dict[float, str] = {}

    def size(at: float) -> float:
        texts[at] = _text(scene, shapes, math.exp(at), options)
        return len(options.encode(texts[at]))

    start, coarsest = math.log(CURVE_MISS), math.log(MAX_MISS)
    least = size(start)
    if options.max_bytes is None or least <= options.max_bytes:
        return texts[start]
    place = least_place(size, options.max_bytes, start, coarsest, start)
    least = size(place)
    if least > options.max_bytes:
        raise ExportError(
            f"The flat SVG takes at least {int(least):,} bytes, more than {options.max_bytes:,}. "
            "Allow more, or fewer paths."
        )
    return texts[place]


def _most_seen(scene: Scene, count: int | None) -> list[SampledMask]:
    """The masks that change the picture most, lowest first."""
    if not scene.traced:  # none is sampled, and each is one element
        return list(scene.masks[-count:] if count else scene.masks)
    share = [float((mask.pooled**2 * mask.effect).mean()) * mask.rect.width * mask.rect.height for mask in scene.masks]
    order = sorted(range(len(share)), key=lambda index: -share[index])
    return [scene.masks[index] for index in sorted(order[:count]) if share[index] > 0]


def flatten(scene: Scene, masks: list[SampledMask], blurs: tuple[float, ...]) -> list[Shape]:
    """The shapes that come closest to the scene's picture together, found layer by layer; those of hidden layers are
    the middle of their masks."""
    shapes = [Shape(mask, float(mask.values.min() + mask.values.max()) / 2, 0.0, mask.color) for mask in masks]
    if not scene.traced:
        return shapes
    seen = [index for index, mask in enumerate(masks) if mask.layer.is_seen]
    fitter = _Fitter(scene, [shapes[index] for index in seen], blurs)
    for index, shape in zip(seen, fitter.run(), strict=True):
        shapes[index] = shape
    return shapes


class _Fitter:
    """Fits shapes to a picture at [h,w] cells, P in all."""

    def __init__(self, scene: Scene, shapes: list[Shape], blurs: tuple[float, ...]) -> None:
        self._blurs = blurs
        picture = avg_pool2d(scene.picture, 2, ceil_mode=True)
        self._target, self._sides, self._grid_sides = picture.flatten(1), picture.shape[1:], scene.picture.shape[1:]
        canvas = scene.stack.canvas
        self._cells = max(self._sides) * (_side(canvas) / max(canvas.width, canvas.height))
        self._background = torch.tensor(canvas.background)[:, None].expand_as(self._target)
        self._shapes = shapes
        self._masks = [self._pooled(shape.mask, scene) for shape in shapes]
        self._slopes = [
            torch.from_numpy(np.hypot(*np.gradient(mask.numpy())).clip(1e-4).astype(np.float32)) for mask in self._masks
        ]
        self._alphas = [
            mask.flatten() * shape.mask.layer.opacity
            if shape.mask.is_exact
            else self._drawn(index, [shape.threshold], 0.0)[0]
            for index, (shape, mask) in enumerate(zip(shapes, self._masks, strict=True))
        ]

    @staticmethod
    def _pooled(mask: SampledMask, scene: Scene) -> Tensor:
        """A mask over the whole canvas: [h,w]."""
        whole = torch.zeros(scene.picture.shape[1:])
        if mask.box.count:
            mask.box.of(whole).copy_(mask.common)
        return avg_pool2d(whole[None], 2, ceil_mode=True)[0]

    def run(self) -> list[Shape]:
        """The shapes."""
        if not self._shapes:
            return []
        error = math.inf
        for _ in range(PASSES):
            self._fit_each()
            self._fit_colors()
            before, error = error, float((self._picture() - self._target).square().mean())
            if error > before * (1 - GAIN):
                break
        return self._shapes

    def _drawn(self, index: int, thresholds: list[float], blur: float) -> Tensor:
        """What a layer covers if cut at thresholds: [N,P]."""
        sets = gaussian(coverage(self._masks[index], self._slopes[index], thresholds), blur * self._cells)
        return sets.flatten(1) * self._shapes[index].mask.layer.opacity

    def _picture(self) -> Tensor:
        """All shapes: [3,P]."""
        canvas = self._background
        for shape, alpha in zip(self._shapes, self._alphas, strict=True):
            canvas = over(canvas, self._rgb(shape), alpha)
        return canvas

    def _rgb(self, shape: Shape) -> Tensor:
        """The colours of a shape: [3,1], or [3,P] of one of many colours, which is exact."""
        mask = shape.mask
        if mask.rgb[0].numel() <= 1 or not mask.box.count:
            return torch.tensor(shape.color)[:, None]
        whole = torch.zeros(3, *self._grid_sides)
        mask.box.of(whole).copy_(mask.rgb)
        return avg_pool2d(whole, 2, ceil_mode=True).flatten(1)

    def _above(self) -> list[Tensor]:
        """What lies above each shape, premultiplied, with its coverage: [4,P] each."""
        above = [torch.zeros(4, self._target.shape[1])]
        for shape, alpha in zip(self._shapes[:0:-1], self._alphas[:0:-1], strict=True):
            rgb = self._rgb(shape)
            opaque = torch.cat([rgb, torch.ones_like(rgb[:1])])
            above.append(over_premultiplied(opaque * alpha, above[-1]))
        return above[::-1]

    def _fit_each(self) -> None:
        """Give each shape in turn the threshold, blur and colour that are best for the others as they are."""
        below = self._background
        for index, above in enumerate(self._above()):
            if self._shapes[index].mask.is_exact:
                below = over(below, self._rgb(self._shapes[index]), self._alphas[index])
                continue
            thresholds = self._thresholds(index)
            covers = torch.cat([self._drawn(index, thresholds, blur) for blur in self._blurs])
            colors, errors = self._best_colors(covers, below, above)
            best = int(errors.argmin())
            red, green, blue = colors[best].tolist()
            blur, threshold = self._blurs[best // len(thresholds)], thresholds[best % len(thresholds)]
            self._shapes[index] = replace(self._shapes[index], threshold=threshold, blur=blur, color=(red, green, blue))
            self._alphas[index] = covers[best]
            below = over(below, colors[best][:, None], covers[best])

    def _thresholds(self, index: int) -> list[float]:
        """What is tried for a shape."""
        values, now = self._shapes[index].mask.values, self._shapes[index].threshold
        low, high = float(values.min()), float(values.max())
        low, high = low + EDGE * (high - low), high - EDGE * (high - low)
        everywhere = [low + (high - low) * (step + 0.5) / THRESHOLDS for step in range(THRESHOLDS)]
        nearby = [now + (high - low) * share for share in NEARBY]
        return everywhere + [min(max(threshold, low), high) for threshold in nearby]

    def _best_colors(self, covers: Tensor, below: Tensor, above: Tensor) -> tuple[Tensor, Tensor]:
        """The colour [N,3] of least squared error for each of the ways [N,P] in which a shape may cover, and what
        that error is beyond one that all share: [N]. With the light x that a shape gets of what is seen, the picture
        is above + (1 - above) below + x (color - below)."""
        rest = self._target - above[:3] - (1 - above[3]) * below
        seen = covers * (1 - above[3])
        squares = seen.square()
        on_rest, on_below = seen @ rest.T, squares @ below.T  # [N,3]
        norms = squares.sum(1, keepdim=True)
        colors = ((on_rest + on_below) / norms.clamp_min(1e-9)).clamp(0, 1)
        fixed = 2 * seen @ (rest * below).sum(0) + squares @ below.square().sum(0)
        return colors, fixed + (norms * colors.square() - 2 * colors * (on_rest + on_below)).sum(1)

    def _fit_colors(self) -> None:
        """Give all shapes the colours that are best together, but those that are exact."""
        light = 1 - torch.stack(self._above())[:, 3]
        shares = torch.stack(self._alphas) * light
        last = (1 - self._alphas[0]) * light[0]
        rest = self._target - self._background * last
        for shape, share in zip(self._shapes, shares, strict=True):
            if shape.mask.is_exact:
                rest = rest - self._rgb(shape) * share
        free = [index for index, shape in enumerate(self._shapes) if not shape.mask.is_exact]
        if not free:
            return
        shares, own = shares[free], torch.tensor([self._shapes[index].color for index in free])
        colors = best_colors(shares, rest, own)
        for index, (red, green, blue) in zip(free, colors.tolist(), strict=True):
            self._shapes[index] = replace(self._shapes[index], color=(red, green, blue))


def _text(scene: Scene, shapes: list[Shape], miss: float, options: SvgOptions) -> str:
    """The SVG, its curves off by a share of the canvas's long side."""
    canvas = scene.stack.canvas
    side = _side(canvas)
    unit = options.unit(2 * miss * side)
    ids = ElementIds()
    names = ids.of_layers(shape.mask.layer for shape in shapes)
    blurs: dict[float, str] = {}
    parts: list[tuple[_Part, str | None]] = []
    definitions = []
    for shape, name in zip(shapes, names, strict=True):
        if shape.mask.is_exact:
            exact, defined = exact_shape(scene.stack, shape.mask.layer, name, options, scene.device)
            parts.append((_Part(exact), shape.mask.layer.group))
            definitions.append(defined)
            continue
        data = path_data(contours_of(shape, max(miss, BLUR_MISS * shape.blur) * side), unit)
        if data:
            blurred = f' filter="url(#{blurs.setdefault(shape.blur, f"b{len(blurs)}")})"' if shape.blur else ""
            fill = color_code(shape.color)
            path = f'<path{attributes(shape.mask.layer, name)} fill="{fill}"{blurred} d="{data}"/>'
            parts.append((_Part(path, is_scaled=True), shape.mask.layer.group))
    scale = 2 / unit  # of the paths' numbers: their units are halves
    filters = []
    for blur, name in blurs.items():
        reach = math.ceil(BLUR_REACH * blur * side)
        region = -reach, -reach, canvas.width + 2 * reach, canvas.height + 2 * reach
        left, top, width, height = (round(side * scale) for side in region)
        filters.append(blur_filter(name, (left, top, width, height), round(blur * side * scale, 1)))
    whole = grouped(
        parts,
        scene.stack.groups,
        lambda group, inside: _Part(group_element(group, ids.new(group.id), _lines(inside, scale))),
    )
    body = [*background(canvas), *_lines(whole, scale)]
    return document(canvas, options.sides(canvas), [*filters, *definitions], body)


def _side(canvas: Canvas) -> float:
    """What curves and blurs are shares of: the long side, but of a long strip less."""
    return min(max(canvas.width, canvas.height), STRIP * min(canvas.width, canvas.height))


@dataclass(frozen=True)
class _Part:
    """An element of the file; one that is scaled has numbers that are not canvas units."""

    text: str
    is_scaled: bool = False


def _lines(parts: Iterable[_Part], scale: float) -> list[str]:
    """The lines of elements, with what brings those that are scaled to canvas units."""
    lines = []
    for is_scaled, run in groupby(parts, key=attrgetter("is_scaled")):
        inside = [part.text for part in run]
        lines += [f'<g transform="scale({number(1 / scale)})">', *inside, "</g>"] if is_scaled else inside
    return lines


def contours_of(shape: Shape, miss: float) -> list[np.ndarray]:
    """The edge of a shape as closed quadratic B-splines, control points [N,2] each, within about `miss` canvas
    units."""
    mask = shape.mask
    margin = BLUR_REACH * shape.blur * mask.long_side + 2 * mask.step
    found = Contours(mask.values, mask.rect, margin).at(shape.threshold, max(mask.step, miss), (4 * miss) ** 2)
    return [fit(contour, miss) for contour in found]
