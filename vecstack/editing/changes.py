"""The changes that can be made to the layers of a stack, each a value that is checked when it is created."""

from __future__ import annotations

import dataclasses
import math
import random
import reprlib
from collections.abc import Callable, Collection, Hashable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import reduce
from pathlib import Path
from typing import Any, ClassVar, cast

from vecstack.color import Color, is_number, is_number_list, to_color
from vecstack.editing.palette import MAX_FEW, MAX_PALETTE, load_palette, nearest, reduced
from vecstack.editing.select import check_selection, select, select_one
from vecstack.errors import DocumentError, UsageError
from vecstack.geometry import Affine, Rect
from vecstack.kinds import can_draw, color_of, kind_of, without_unused
from vecstack.stack import MAX_LAYERS, MAX_TRANSFORM, Layer, Stack, check_name, check_transform

MAX_AMOUNT = 1e6  # of a jitter, in spreads: the largest number of a code
SHIFT_DECIMALS = 9  # of a shifted place: far below what shows, and a shift and its reverse give the same numbers
JITTER_DIGITS = 3  # of a typical move that are kept: finer than shows, and shorter in a file
POINTS = 1 << 14  # at which layers that are merged are compared, and their shares of the picture measured
MIN_WEIGHT = 1e-6  # of a colour that does not show: it counts where no other does


class Change:
    """One change of a stack, as a value that is checked when it is created (UsageError). In a script the change's own
    key sets its first field; a field named like a keyword of Python ends in an underscore."""

    def apply(self, stack: Stack, device: str) -> Stack:
        """The stack after the change; if that needs a picture, it is drawn on the device. Raises DocumentError where
        the change cannot be made, or the stack would not be valid after it; DeviceError."""
        raise NotImplementedError

    @classmethod
    def of_script(cls, fields: Mapping[str, Any], folder: Path) -> Change:
        """The change with the fields of a script; paths are relative to the script's folder. Raises UsageError for a
        value out of range, and whatever loading a file raises."""
        return cast(Any, cls)(**fields)  # type: ignore[no-any-return]


@dataclass(frozen=True)
class SelectedChange(Change):
    """A change of selected layers (see `select`)."""

    select: str

    def __post_init__(self) -> None:
        check_selection(self.select)


@dataclass(frozen=True)
class LayerChange(SelectedChange):
    """A change that is made to each selected layer separately."""

    def changed(self, layer: Layer) -> Layer:
        """A layer after the change."""
        raise NotImplementedError

    def apply(self, stack: Stack, device: str) -> Stack:
        chosen = select(stack, self.select)
        return stack.replace({index: self.changed(stack.layers[index]) for index in chosen}, {})


@dataclass(frozen=True)
class Recolor(LayerChange):
    """Set the colour of layers: #rgb, #rrggbb, a CSS name, or three numbers in 0..1."""

    to: str | Color

    def __post_init__(self) -> None:
        super().__post_init__()
        to_color(self.to)

    def changed(self, layer: Layer) -> Layer:
        return _with_color(layer, to_color(self.to))


@dataclass(frozen=True)
class Opacity(LayerChange):
    """Set the opacity of layers, 0..1."""

    to: float

    def __post_init__(self) -> None:
        super().__post_init__()
        if not is_number(self.to) or not 0 <= self.to <= 1:
            raise UsageError(f"an opacity must be 0 to 1, not {reprlib.repr(self.to)}.")

    def changed(self, layer: Layer) -> Layer:
        return dataclasses.replace(layer, opacity=float(self.to))


@dataclass(frozen=True)
class Hide(LayerChange):
    """Hide layers."""

    def changed(self, layer: Layer) -> Layer:
        return dataclasses.replace(layer, visible=False)


@dataclass(frozen=True)
class Show(LayerChange):
    """Show hidden layers."""

    def changed(self, layer: Layer) -> Layer:
        return dataclasses.replace(layer, visible=True)


@dataclass(frozen=True)
class Rename(LayerChange):
    """Set the name of layers."""

    to: str

    def __post_init__(self) -> None:
        super().__post_init__()
        _check(check_name, self.to, "a name")

    def changed(self, layer: Layer) -> Layer:
        return dataclasses.replace(layer, name=self.to)


@dataclass(frozen=True)
class Transform(LayerChange):
    """Set the transform of layers: a, b, c, d, e, f, which map a point (u, v) of a layer's frame to
    (a u + b v + c, d u + e v + f) on the canvas."""

    to: Sequence[float]

    def __post_init__(self) -> None:
        super().__post_init__()
        _check_numbers(self.to, 6, "a transform")
        _check(check_transform, Affine(*self.to), "a transform")

    def changed(self, layer: Layer) -> Layer:
        return dataclasses.replace(layer, transform=Affine(*map(float, self.to)))


@dataclass(frozen=True)
class Shift(LayerChange):
    """Move layers to the right and down, in canvas units."""

    by: Sequence[float]

    def __post_init__(self) -> None:
        super().__post_init__()
        _check_numbers(self.by, 2, "a shift")

    def changed(self, layer: Layer) -> Layer:
        old, (right, down) = layer.transform, self.by
        c, f = (round(value, SHIFT_DECIMALS) for value in (old.c + right, old.f + down))
        return dataclasses.replace(layer, transform=dataclasses.replace(old, c=c, f=f))


@dataclass(frozen=True)
class Scale(LayerChange):
    """Scale layers by a factor about the centre of each one's frame."""

    by: float

    def __post_init__(self) -> None:
        super().__post_init__()
        if not is_number(self.by) or not 0 < self.by <= MAX_TRANSFORM:
            raise UsageError(f"a factor must be above 0 and at most {MAX_TRANSFORM:g}, not {reprlib.repr(self.by)}.")

    def changed(self, layer: Layer) -> Layer:
        old = layer.transform
        a, b, d, e = (self.by * value for value in (old.a, old.b, old.d, old.e))
        return dataclasses.replace(layer, transform=Affine(a, b, old.c, d, e, old.f))


@dataclass(frozen=True)
class Remove(SelectedChange):
    """Remove layers, and assets that only they used."""

    def apply(self, stack: Stack, device: str) -> Stack:
        return _only(stack, set(range(len(stack.layers))).difference(select(stack, self.select)))


@dataclass(frozen=True)
class Keep(SelectedChange):
    """Remove all other layers."""

    def apply(self, stack: Stack, device: str) -> Stack:
        return _only(stack, set(select(stack, self.select)))


@dataclass(frozen=True)
class Move(SelectedChange):
    """Move layers in the stack, keeping their order: `up` or `down` by one, to the `top` or the `bottom`, or to a
    position (1 is the lowest), which the lowest of them gets."""

    to: str | int
    ENDS: ClassVar = ("up", "down", "top", "bottom")

    def __post_init__(self) -> None:
        super().__post_init__()
        if self.to not in self.ENDS and not _is_count(self.to):
            places = ", ".join(self.ENDS)
            raise UsageError(f"layers can move {places} or to a position from 1 up, not to {reprlib.repr(self.to)}.")

    def apply(self, stack: Stack, device: str) -> Stack:
        chosen = list(select(stack, self.select))
        if not chosen:
            return stack
        order = self._stepped(stack, chosen) if self.to in ("up", "down") else self._placed(stack, chosen)
        return stack.with_layers(stack.layers[index] for index in order)

    def _stepped(self, stack: Stack, chosen: list[int]) -> list[int]:
        """The old indices in the new order, with each chosen layer one step up or down. Raises DocumentError at the
        end."""
        order, step = list(range(len(stack.layers))), 1 if self.to == "up" else -1
        ahead = chosen[::-step]
        if ahead[0] == order[-1 if step == 1 else 0]:
            end = "top" if step == 1 else "lowest"
            raise DocumentError(f"layer {stack.layers[ahead[0]].id} is the {end} one and cannot move {self.to}.")
        for index in ahead:
            order[index], order[index + step] = order[index + step], order[index]
        return order

    def _placed(self, stack: Stack, chosen: list[int]) -> list[int]:
        """The old indices in the new order, with the chosen layers together at their position."""
        others = sorted(set(range(len(stack.layers))).difference(chosen))
        most = len(others) + 1
        number = {"bottom": 1, "top": most}.get(str(self.to), self.to)
        return _inserted(others, chosen, cast(int, number), most)


@dataclass(frozen=True)
class Background(Change):
    """Set the colour behind all layers (written as for Recolor)."""

    to: str | Color

    def __post_init__(self) -> None:
        to_color(self.to)

    def apply(self, stack: Stack, device: str) -> Stack:
        return _with_background(stack, to_color(self.to))


@dataclass(frozen=True)
class Palette(Change):
    """Limit the colours of the layers and the background to those of a palette, each replaced by the most similar one
    (nearest in OKLab); or to a number of colours, chosen so that the most visible colours change least."""

    to: Sequence[str | Color] | int

    def __post_init__(self) -> None:
        if isinstance(self.to, list | tuple):
            if not 1 <= len(self.to) <= MAX_PALETTE:
                raise UsageError(f"a palette must have 1 to {MAX_PALETTE:,} colours, not {len(self.to):,}.")
            for color in self.to:
                to_color(color)
        elif not _is_count(self.to, MAX_FEW):
            raise UsageError(
                f"a palette must be a list of colours or a number from 1 to {MAX_FEW}, not {reprlib.repr(self.to)}."
            )

    @classmethod
    def of_script(cls, fields: Mapping[str, Any], folder: Path) -> Palette:
        to = fields["to"]
        return cls(load_palette(folder / to) if isinstance(to, str) else to)

    def apply(self, stack: Stack, device: str) -> Stack:
        colors = dict.fromkeys((_background(stack), *_colors(stack).values()))
        if isinstance(self.to, int):
            if len(colors) <= self.to:
                return stack
            palette = reduced(_weights(stack, device), self.to)
        else:
            palette = [to_color(color) for color in self.to]
        near = dict(zip(colors, nearest(list(colors), palette), strict=True))
        changed = {index: _with_color(stack.layers[index], near[color]) for index, color in _colors(stack).items()}
        return _with_background(stack.replace(changed, {}), near[_background(stack)])


@dataclass(frozen=True)
class SwapCode(SelectedChange):
    """Swap the masks of two layers: they exchange the numbers that define the shapes, and keep all else. Both must be
    of one kind, with masks of the same net or of equally many numbers."""

    with_: str

    def __post_init__(self) -> None:
        super().__post_init__()
        check_selection(self.with_)

    def apply(self, stack: Stack, device: str) -> Stack:
        indices = [select_one(stack, selection) for selection in (self.select, self.with_)]
        one, other = (stack.layers[index] for index in indices)
        if _family(one) != _family(other):
            raise DocumentError(f"the codes of {one.id} and {other.id} cannot be swapped; their masks differ in kind.")
        kind = kind_of(one)
        swapped = kind.with_shape(one, kind.shape(other)), kind.with_shape(other, kind.shape(one))
        return stack.replace(dict(zip(indices, swapped, strict=True)), {})


@dataclass(frozen=True)
class Jitter(SelectedChange):
    """Vary the masks of layers at random: a normal random number is added to each number of a code, in units of the
    standard deviation of all such codes in the stack. The seed and a layer's id fix its direction, the amount how far
    to go: so amounts 0.1, 0.2, 0.3 are steps of a walk. After Sbai, Couprie, Aubry, ICIP 2020, who explore masks so."""

    by: float
    seed: int = 0

    def __post_init__(self) -> None:
        super().__post_init__()
        if not is_number(self.by) or not abs(self.by) <= MAX_AMOUNT:
            raise UsageError(f"an amount must be a number up to {MAX_AMOUNT:g}, not {reprlib.repr(self.by)}.")
        if not isinstance(self.seed, int) or isinstance(self.seed, bool):
            raise UsageError(f"a seed must be an integer, not {reprlib.repr(self.seed)}.")

    def apply(self, stack: Stack, device: str) -> Stack:
        spreads: dict[Hashable, float] = {}
        changed = {}
        for index in select(stack, self.select):
            layer = stack.layers[index]
            family = _family(layer)
            if family not in spreads:
                spreads[family] = _spread(stack, family)
            changed[index] = self._moved(layer, self.by * spreads[family])
        return stack.replace(changed, {})

    def _moved(self, layer: Layer, amount: float) -> Layer:
        if amount == 0:
            return layer
        kind, rng = kind_of(layer), random.Random(f"{self.seed} {layer.id}")
        decimals = JITTER_DIGITS - math.floor(math.log10(abs(amount)))
        shape = (round(value + amount * rng.gauss(0, 1), decimals) for value in kind.shape(layer))
        return kind.with_shape(layer, tuple(shape))


@dataclass(frozen=True)
class Merge(SelectedChange):
    """Merge neighbouring layers into one: the one of them that, in its best colour, comes closest to what all of them
    show over the layers below. Each must be visible and have a single colour."""

    def apply(self, stack: Stack, device: str) -> Stack:
        chosen = select(stack, self.select)
        if len(chosen) < 2 or chosen[-1] - chosen[0] != len(chosen) - 1:
            numbers = ", ".join(str(index + 1) for index in chosen[:5]) + (", ..." if chosen[5:] else "")
            raise DocumentError(f"only neighbouring layers can be merged, two or more; got {numbers or 'none'}.")
        first, last = chosen[0], chosen[-1] + 1
        layers = stack.layers[first:last]
        for layer in layers:
            _color_of(layer)
            if not layer.is_seen:
                raise DocumentError(f"layer {layer.id} does not show and cannot be merged; show or remove it first.")
        merged = _merged(stack.with_layers(stack.layers[:first]), layers, device)
        return without_unused(stack.with_layers((*stack.layers[:first], merged, *stack.layers[last:])), layers)


@dataclass(frozen=True)
class CopyLayer(SelectedChange):
    """Copy layers of another stack with their assets, on top or to a position (1 is the lowest), which the lowest of
    them gets. Their canvas is stretched to this one; a number is appended to an id that is in use."""

    from_: Stack
    to: int | None = None

    def __post_init__(self) -> None:
        super().__post_init__()
        if not isinstance(self.from_, Stack):
            raise UsageError(f"layers can be copied from a stack or a layer file, not from {reprlib.repr(self.from_)}.")
        if self.to is not None and not _is_count(self.to):
            raise UsageError(f"layers can be copied to a position from 1 up, not to {reprlib.repr(self.to)}.")

    @classmethod
    def of_script(cls, fields: Mapping[str, Any], folder: Path) -> CopyLayer:
        from vecstack.document.file import load

        source = fields["from_"]
        return cls(**{**fields, "from_": load(folder / source) if isinstance(source, str) else source})

    def apply(self, stack: Stack, device: str) -> Stack:
        taken = [self.from_.layers[index] for index in select(self.from_, self.select)]
        most = len(stack.layers) + 1
        copies = _scaled(
            _renamed(taken, {layer.id for layer in stack.layers}), self.from_.canvas.rect, stack.canvas.rect
        )
        layers = _inserted(list(stack.layers), copies, most if self.to is None else self.to, most)
        return dataclasses.replace(stack.with_layers(layers), assets={**stack.assets, **_assets(self.from_, taken)})


CHANGES: Mapping[str, type[Change]] = {
    "recolor": Recolor,
    "opacity": Opacity,
    "hide": Hide,
    "show": Show,
    "remove": Remove,
    "keep": Keep,
    "move": Move,
    "rename": Rename,
    "transform": Transform,
    "shift": Shift,
    "scale": Scale,
    "background": Background,
    "palette": Palette,
    "swap-code": SwapCode,
    "jitter": Jitter,
    "merge": Merge,
    "copy-layer": CopyLayer,
}


def _check(check: Callable[[Any, str], None], value: object, where: str) -> None:
    """Raise UsageError where a check of the document raises DocumentError."""
    try:
        check(value, where)
    except DocumentError as error:
        raise UsageError(str(error)) from error


def _check_numbers(values: object, count: int, where: str) -> None:
    numbers = cast("Sequence[float]", values) if is_number_list(values) else ()
    if len(numbers) != count or not all(abs(number) <= MAX_TRANSFORM for number in numbers):
        raise UsageError(f"{where} must be {count} numbers up to {MAX_TRANSFORM:g}, not {reprlib.repr(values)}.")


def _is_count(value: object, most: int = MAX_LAYERS) -> bool:
    return isinstance(value, int) and not isinstance(value, bool) and 1 <= value <= most


def _only(stack: Stack, kept: Collection[int]) -> Stack:
    """The stack with the kept layers only, and without assets that only the others used."""
    gone = [layer for index, layer in enumerate(stack.layers) if index not in kept]
    if not gone:
        return stack
    left = stack.with_layers(layer for index, layer in enumerate(stack.layers) if index in kept)
    return without_unused(left, filter(can_draw, gone))


def _inserted(others: list[Any], block: list[Any], number: int, most: int) -> list[Any]:
    """A list with a block inserted so that its first entry has a position, counted from 1. Raises DocumentError."""
    if number > most:
        raise DocumentError(f"cannot put the selected layers at position {number}; the highest is {most}.")
    return [*others[: number - 1], *block, *others[number - 1 :]]


def _background(stack: Stack) -> Color:
    return cast(Color, tuple(stack.canvas.background))


def _with_background(stack: Stack, color: Color) -> Stack:
    return dataclasses.replace(stack, canvas=dataclasses.replace(stack.canvas, background=color))


# Masks


def _family(layer: Layer) -> tuple[str, Hashable]:
    """A key that is equal for layers whose codes can be exchanged. Raises DocumentError."""
    if not _has_shape(layer):
        raise DocumentError(f"layer {layer.id} is of kind {layer.kind}, whose mask this version cannot change.")
    return layer.kind, kind_of(layer).family(layer)


def _has_shape(layer: Layer) -> bool:
    return can_draw(layer) and bool(kind_of(layer).shape(layer))


def _spread(stack: Stack, family: Hashable) -> float:
    """The standard deviation of the numbers of all codes of a family; 1 where they are all equal."""
    layers = [layer for layer in stack.layers if _has_shape(layer) and _family(layer) == family]
    values = [value for layer in layers for value in kind_of(layer).shape(layer)]
    mean = math.fsum(values) / len(values)
    return math.sqrt(math.fsum((value - mean) ** 2 for value in values) / len(values)) or 1.0


def _merged(below: Stack, layers: Sequence[Layer], device: str) -> Layer:
    """The layer that, alone and in its best colour, comes closest to all of them over the stack below."""
    from vecstack.device import resolve_device
    from vecstack.drawing.points import Grid
    from vecstack.drawing.sheets import color_of_sheet, compose, picture_on, recolored, sheets_on, spread

    points = Grid.about(_hull(below, layers), POINTS, resolve_device(device))
    under, sheets = picture_on(below, points), list(sheets_on(below.with_layers(layers), points))
    picture, tries = compose(sheets, under), []
    for sheet in sheets:
        alpha = spread(sheet, under)
        replacement, missing = recolored(sheet, alpha, picture - under * (1 - alpha))
        tries.append((float(missing.double().square().sum()), sheet.index, color_of_sheet(replacement)))
    if not tries:
        raise DocumentError("these layers show nothing that could be merged; remove them instead.")
    _, index, color = min(tries)
    return _with_color(layers[index], color)


def _hull(stack: Stack, layers: Iterable[Layer]) -> Rect:
    """The bounding box of the layers' extents, within the canvas where they overlap it."""
    extents = (kind_of(layer).extent(layer, 1.0) or stack.canvas.rect for layer in layers)
    hull = reduce(Rect.hull, extents)
    return hull.overlap(stack.canvas.rect) or hull


# Copies


def _renamed(layers: Iterable[Layer], used: set[str]) -> list[Layer]:
    """The layers with new ids where theirs are used already; `used` is updated."""
    renamed = []
    for layer in layers:
        layer_id, number = layer.id, 2
        while layer_id in used:
            layer_id, number = f"{layer.id[:118]}-{number}", number + 1  # ids have up to 128 characters
        used.add(layer_id)
        renamed.append(layer if layer_id == layer.id else dataclasses.replace(layer, id=layer_id))
    return renamed


def _scaled(layers: list[Layer], old: Rect, new: Rect) -> list[Layer]:
    """The layers of one canvas as they lie on another to which it is stretched."""
    across, down = new.width / old.width, new.height / old.height
    if across == down == 1:
        return layers

    def scaled(matrix: Affine) -> Affine:
        first, second = matrix.rows()
        return Affine.of_rows([[across * value for value in first], [down * value for value in second]])

    return [dataclasses.replace(layer, transform=scaled(layer.transform)) for layer in layers]


def _assets(stack: Stack, layers: Sequence[Layer]) -> Mapping[str, bytes]:
    """The assets of a stack that some of its layers need; all of them where a layer is of an unknown kind."""
    if not all(map(can_draw, layers)):
        return stack.assets
    needed = {name for layer in layers for name in kind_of(layer).asset_ids(layer)}
    return {name: data for name, data in stack.assets.items() if name in needed}


# Colours


def _color_of(layer: Layer) -> Color:
    """The colour of a layer. Raises DocumentError where it has no single colour."""
    color = color_of(layer)
    if color is None:
        raise DocumentError(f"layer {layer.id} is of kind {layer.kind}, which has no single colour.")
    return color


def _with_color(layer: Layer, color: Color) -> Layer:
    """The layer in another colour. Raises DocumentError where it has no single colour."""
    return layer if _color_of(layer) == color else kind_of(layer).with_color(layer, color)


def _colors(stack: Stack) -> dict[int, Color]:
    """The colours of the layers that have a single one, by index."""
    colors = {index: color_of(layer) for index, layer in enumerate(stack.layers)}
    return {index: color for index, color in colors.items() if color is not None}


def _weights(stack: Stack, device: str) -> dict[Color, float]:
    """How much of the picture is in each colour of the layers and the background: the visible share of the canvas,
    0..1."""
    from vecstack.device import resolve_device
    from vecstack.drawing.points import Grid
    from vecstack.drawing.sheets import lights, sheets_on

    points = Grid.about(stack.canvas.rect, POINTS, resolve_device(device))
    light = points.background(stack).new_ones(len(points.ys), len(points.xs))  # that the layers above let through
    shares = dict.fromkeys((_background(stack), *_colors(stack).values()), MIN_WEIGHT)
    for sheet, part in lights(list(sheets_on(stack, points)), light):
        color = color_of(stack.layers[sheet.index])
        if color is not None:
            shares[color] += float((part * sheet.alpha).sum()) / light.numel()
    shares[_background(stack)] += float(light.mean())
    return shares
