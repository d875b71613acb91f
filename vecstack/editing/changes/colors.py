"""Changes of colours."""

from __future__ import annotations

import dataclasses
import reprlib
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, cast

from vecstack.color import Color, color_words, in_gamut, nearest, reduced, to_color, to_oklab, to_srgb
from vecstack.editing.changes.base import Change, SelectedChange, is_count
from vecstack.editing.palette import MAX_FEW, MAX_PALETTE, load_palette
from vecstack.editing.select import groups_called, select
from vecstack.errors import DocumentError, PictureError, UsageError
from vecstack.kinds import can_draw, color_of, kind_of
from vecstack.stack import Layer, Stack

if TYPE_CHECKING:
    import numpy as np

NO_BACKGROUND = "none"  # in the place of a colour
COLOR_DECIMALS = 4  # of a shifted colour: as those of a picture's mean, and finer than 8 bits
MIN_WEIGHT = 1e-6  # of a colour or a layer that does not show: it counts where no other does
POINTS = 1 << 14  # at which layers that are merged are compared, and their shares of the picture measured
FEW_POINTS = 1 << 12  # at which many layers' shares are, of which only all together matter
MAX_PIXELS_READ = 1 << 22  # of a picture whose colours are taken; larger ones are reduced
TAKEN_PIXELS = 1 << 13  # of that picture, evenly spread


@dataclass(frozen=True)
class Recolor(SelectedChange):
    """Set the colour of layers: #rgb, #rrggbb, a CSS name, or three numbers in 0..1. Several colours shift together in
    OKLab, so that their mean is the wanted one and light and dark stay apart: those of a layer of many colours that
    cannot be given one in their place, and where the selection is the id or the name of groups, those of all their
    layers, which count as much as they show."""

    to: str | Color

    def __post_init__(self) -> None:
        super().__post_init__()
        to_color(self.to)

    def apply(self, stack: Stack, device: str) -> Stack:
        wanted, chosen = to_color(self.to), select(stack, self.select)
        if groups_called(stack, self.select) and chosen:
            shares, _ = _shares(stack, device)
            weights = {index: max(shares.get(index, 0.0), MIN_WEIGHT) for index in chosen}
            return stack.replace(_shifted(stack, weights, wanted), {})
        changed: dict[int, Layer] = {}
        for index in chosen:
            layer = stack.layers[index]
            if color_of(layer) is not None:
                changed[index] = with_color(layer, wanted)
            elif can_draw(layer) and kind_of(layer).takes_color:
                changed[index] = kind_of(layer).with_color(layer, wanted)
            else:
                changed |= _shifted(stack, {index: 1.0}, wanted)
        return stack.replace(changed, {})


@dataclass(frozen=True)
class Background(Change):
    """Set the colour behind all layers (written as for Recolor), or make the canvas transparent: `none`."""

    to: str | Color

    def __post_init__(self) -> None:
        if self.to != NO_BACKGROUND:
            to_color(self.to)

    def apply(self, stack: Stack, device: str) -> Stack:
        if self.to == NO_BACKGROUND:
            return dataclasses.replace(stack, canvas=dataclasses.replace(stack.canvas, transparent=True))
        opaque = dataclasses.replace(stack.canvas, background=to_color(self.to), transparent=False)
        return dataclasses.replace(stack, canvas=opaque)


@dataclass(frozen=True)
class Palette(Change):
    """Limit the colours of the layers and the background, if the canvas has one, to those of a palette, each replaced
    by the most similar one (nearest in OKLab); or to a number of colours, chosen so that the most visible colours
    change least."""

    to: Sequence[str | Color] | int

    def __post_init__(self) -> None:
        if isinstance(self.to, list | tuple):
            if not 1 <= len(self.to) <= MAX_PALETTE:
                raise UsageError(f"a palette must have 1 to {MAX_PALETTE:,} colours, not {len(self.to):,}.")
            for color in self.to:
                to_color(color)
        elif not is_count(self.to, MAX_FEW):
            raise UsageError(
                f"a palette must be a list of colours or a number from 1 to {MAX_FEW}, not {reprlib.repr(self.to)}."
            )

    @classmethod
    def of_script(cls, fields: Mapping[str, Any], folder: Path) -> Palette:
        to = fields["to"]
        return cls(load_palette(folder / to) if isinstance(to, str) else to)

    def apply(self, stack: Stack, device: str) -> Stack:
        colors = dict.fromkeys((*_background(stack), *_colors(stack).values()))
        if not colors or (isinstance(self.to, int) and len(colors) <= self.to):
            return stack
        if isinstance(self.to, int):
            palette = reduced(_weights(stack, device), self.to)
        else:
            palette = [to_color(color) for color in self.to]
        near = dict(zip(colors, nearest(list(colors), palette), strict=True))
        changed = {index: with_color(stack.layers[index], near[color]) for index, color in _colors(stack).items()}
        canvas = stack.canvas
        for color in _background(stack):
            canvas = dataclasses.replace(canvas, background=near[color])
        return dataclasses.replace(stack.replace(changed, {}), canvas=canvas)


@dataclass(frozen=True)
class ColorsOf(Change):
    """Move the colours of all layers and of the background, if the canvas has one, to those of a picture (a path, or
    what else load_picture takes): as a whole they become its colours, and similar ones stay similar. They count as much
    as they show."""

    picture: Any

    @classmethod
    def of_script(cls, fields: Mapping[str, Any], folder: Path) -> ColorsOf:
        return cls(folder / fields["picture"])

    def apply(self, stack: Stack, device: str) -> Stack:
        from vecstack.editing.transport import moved

        shares, rest = _shares(stack, device, FEW_POINTS)
        weights = dict.fromkeys(_background(stack), max(rest, MIN_WEIGHT))
        known = {index: layer for index, layer in enumerate(stack.layers) if can_draw(layer)}
        for index, layer in known.items():
            colors = _every_color(layer)
            for color in colors:
                weights[color] = weights.get(color, 0.0) + max(shares.get(index, 0.0), MIN_WEIGHT) / len(colors)
        if not weights:
            return stack
        new = moved(weights, _pixels(self.picture))
        changed = {index: _named_anew(_recolored(layer, new.__getitem__), layer) for index, layer in known.items()}
        canvas = stack.canvas
        for color in _background(stack):
            canvas = dataclasses.replace(canvas, background=new[color])
        return dataclasses.replace(stack.replace(changed, {}), canvas=canvas)


def _named_anew(layer: Layer, before: Layer) -> Layer:
    """The layer in the words of its colour, where it was named by the one that it had before."""
    old, new = color_of(before), color_of(layer)
    if old is None or new is None or layer.name != color_words(old):
        return layer
    return dataclasses.replace(layer, name=color_words(new))


def _pixels(source: Any) -> np.ndarray:
    """Pixels [N,3] (sRGB in 0..1), evenly spread, of a picture, without transparent ones. Raises PictureError."""
    from vecstack.pictures.read import as_picture

    picture = as_picture(source, MAX_PIXELS_READ)
    pixels = picture.pixels.reshape(-1, 3) if picture.alpha is None else picture.pixels[picture.alpha > 0]
    if not len(pixels):
        raise PictureError("a picture whose colours are taken must not be all transparent.")
    return pixels[:: -(-len(pixels) // TAKEN_PIXELS)]


def _background(stack: Stack) -> tuple[Color, ...]:
    """The colour behind all layers; none where the canvas is transparent."""
    return () if stack.canvas.transparent else (cast(Color, tuple(stack.canvas.background)),)


def single_color(layer: Layer) -> Color:
    """The colour of a layer. Raises DocumentError where it has no single colour."""
    color = color_of(layer)
    if color is None:
        raise DocumentError(f"layer {layer.id} is of kind {layer.kind}, which has no single colour.")
    return color


def with_color(layer: Layer, color: Color) -> Layer:
    """The layer in another colour. Raises DocumentError where it has no single colour."""
    return layer if single_color(layer) == color else kind_of(layer).with_color(layer, color)


def _colors(stack: Stack) -> dict[int, Color]:
    """The colours of the layers that have a single one, by index."""
    colors = {index: color_of(layer) for index, layer in enumerate(stack.layers)}
    return {index: color for index, color in colors.items() if color is not None}


def _weights(stack: Stack, device: str) -> dict[Color, float]:
    """How much of the picture is in each colour of the layers and of a background that shows: the visible share of the
    canvas, 0..1."""
    shares, rest = _shares(stack, device)
    weights = dict.fromkeys((*_background(stack), *_colors(stack).values()), MIN_WEIGHT)
    for index, share in shares.items():
        color = color_of(stack.layers[index])
        if color is not None:
            weights[color] += share
    for color in _background(stack):
        weights[color] += rest
    return weights


def _shares(stack: Stack, device: str, count: int = POINTS) -> tuple[dict[int, float], float]:
    """How much of the picture each layer that shows is, by index, and what is behind all: the visible share of the
    canvas, 0..1, at about so many points."""
    from vecstack.device import resolve_device
    from vecstack.drawing.points import Grid
    from vecstack.drawing.sheets import cover_on, shown_on

    points = Grid.about(stack.canvas.rect, count, resolve_device(device))
    light = points.background(stack).new_ones(len(points.ys), len(points.xs))  # that the layers above let through
    shares: dict[int, float] = {}
    for index, layer, box in reversed(list(shown_on(stack, points))):
        alpha, part = cover_on(layer, stack.assets, points.part(box)), box.of(light)
        shares[index] = float((part * alpha).sum()) / light.numel()
        part *= 1 - alpha
    return shares, float(light.mean())


def _shifted(stack: Stack, weights: Mapping[int, float], wanted: Color) -> dict[int, Layer]:
    """The layers at some indices with all their colours moved by the same way in OKLab, so that their mean, in which a
    layer counts by its weight, becomes the wanted one as far as it can be shown. Raises DocumentError for a layer whose
    colours this version cannot change."""
    import numpy as np

    shares: dict[Color, float] = {}
    for index, weight in weights.items():
        colors = _every_color(stack.layers[index])
        for color in colors:
            shares[color] = shares.get(color, 0.0) + weight / len(colors)
    points = to_oklab(np.array(list(shares)))
    way = to_oklab(np.array([wanted])) - np.average(points, axis=0, weights=list(shares.values()))
    moved = to_srgb(in_gamut(points + way)).round(COLOR_DECIMALS)
    new = {color: cast(Color, tuple(to)) for color, to in zip(shares, moved.tolist(), strict=True)}
    return {index: _recolored(stack.layers[index], new.__getitem__) for index in weights}


def _every_color(layer: Layer) -> list[Color]:
    """The colours of a layer, one or many. Raises DocumentError where this version cannot change them."""
    colors: list[Color] = []

    def note(color: Color) -> Color:
        colors.append(color)
        return color

    _recolored(layer, note)
    return colors


def _recolored(layer: Layer, change: Callable[[Color], Color]) -> Layer:
    """The layer with each of its colours changed. Raises DocumentError where this version cannot."""
    changed = kind_of(layer).recolored(layer, change) if can_draw(layer) else None
    if changed is None:
        raise DocumentError(f"layer {layer.id} is of kind {layer.kind}, whose colours this version cannot change.")
    return changed
