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

from vecstack.color import Color, in_gamut, is_number, is_number_list, nearest, reduced, to_color, to_oklab, to_srgb
from vecstack.editing.palette import MAX_FEW, MAX_PALETTE, load_palette
from vecstack.editing.select import check_selection, groups_called, select, select_one
from vecstack.errors import DocumentError, UsageError
from vecstack.geometry import Affine, Rect
from vecstack.kinds import can_draw, color_of, kind_of, without_unused
from vecstack.stack import MAX_LAYERS, MAX_TRANSFORM, Group, Layer, Stack, check_name, check_transform

MAX_AMOUNT = 1e6  # of a jitter, in spreads: the largest number of a code
SHIFT_DECIMALS = 9  # of a shifted place: far below what shows, and a shift and its reverse give the same numbers
JITTER_DIGITS = 3  # of a typical move that are kept: finer than shows, and shorter in a file
POINTS = 1 << 14  # at which layers that are merged are compared, and their shares of the picture measured
NO_BACKGROUND = "none"  # in the place of a colour
COLOR_DECIMALS = 4  # of a shifted colour: as those of a picture's mean, and finer than 8 bits
MIN_WEIGHT = 1e-6  # of a colour or a layer that does not show: it counts where no other does


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
class Recolor(SelectedChange):
    """Set the colour of layers: #rgb, #rrggbb, a CSS name, or three numbers in 0..1. Several colours shift together in
    OKLab, so that their mean is the wanted one and light and dark stay apart: those of a layer of many colours, and
    where the selection is the id or the name of groups, those of all their layers, which count as much as they show."""

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
            one = color_of(layer) is not None
            changed |= {index: _with_color(layer, wanted)} if one else _shifted(stack, {index: 1.0}, wanted)
        return stack.replace(changed, {})


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
    """Set the name of layers; where the selection is the id or the name of groups, that of the groups."""

    to: str

    def __post_init__(self) -> None:
        super().__post_init__()
        _check(check_name, self.to, "a name")

    def changed(self, layer: Layer) -> Layer:
        return dataclasses.replace(layer, name=self.to)

    def apply(self, stack: Stack, device: str) -> Stack:
        called = groups_called(stack, self.select)
        if not called:
            return super().apply(stack, device)
        groups = (dataclasses.replace(group, name=self.to) if group in called else group for group in stack.groups)
        return dataclasses.replace(stack, groups=tuple(groups))


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
        elif not _is_count(self.to, MAX_FEW):
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
        changed = {index: _with_color(stack.layers[index], near[color]) for index, color in _colors(stack).items()}
        canvas = stack.canvas
        for color in _background(stack):
            canvas = dataclasses.replace(canvas, background=near[color])
        return dataclasses.replace(stack.replace(changed, {}), canvas=canvas)


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
    them gets. Their canvas is stretched to this one; their groups come along, and so do those around them; a number is
    appended to an id that is in use."""

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
        groups = _copied_groups(self.from_, taken, stack)
        copies = _scaled(
            _renamed(taken, {layer.id for layer in stack.layers}, groups), self.from_.canvas.rect, stack.canvas.rect
        )
        layers = _inserted(list(stack.layers), copies, most if self.to is None else self.to, most)
        whole = dataclasses.replace(stack, groups=(*stack.groups, *groups.values())).with_layers(layers)
        return dataclasses.replace(whole, assets={**stack.assets, **_assets(self.from_, taken)})


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


def _background(stack: Stack) -> tuple[Color, ...]:
    """The colour behind all layers; none where the canvas is transparent."""
    return () if stack.canvas.transparent else (cast(Color, tuple(stack.canvas.background)),)


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


def _copied_groups(source: Stack, layers: Iterable[Layer], stack: Stack) -> dict[str, Group]:
    """By their old ids, the groups of some layers and those around them, with new ids where a stack uses theirs."""
    groups = {group.id: group for group in source.groups}
    needed: set[str] = set()
    for layer in layers:
        place = layer.group
        while place is not None and place not in needed:
            needed.add(place)
            place = groups[place].parent
    used = {group.id for group in stack.groups}
    ids = {group: _free_id(group, used) for group in groups if group in needed}
    return {
        old: dataclasses.replace(groups[old], id=new, parent=None if parent is None else ids[parent])
        for old, new in ids.items()
        for parent in (groups[old].parent,)
    }


def _renamed(layers: Iterable[Layer], used: set[str], groups: Mapping[str, Group]) -> list[Layer]:
    """The layers with new ids where theirs are used already, in the groups that have taken the place of theirs; `used`
    is updated."""
    return [
        dataclasses.replace(
            layer, id=_free_id(layer.id, used), group=None if layer.group is None else groups[layer.group].id
        )
        for layer in layers
    ]


def _free_id(wanted: str, used: set[str]) -> str:
    """An id, with a number at its end where it is used already; `used` is updated."""
    free, number = wanted, 2
    while free in used:
        free, number = f"{wanted[:118]}-{number}", number + 1  # ids have up to 128 characters
    used.add(free)
    return free


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


def _shares(stack: Stack, device: str) -> tuple[dict[int, float], float]:
    """How much of the picture each layer that shows is, by index, and what is behind all: the visible share of the
    canvas, 0..1."""
    from vecstack.device import resolve_device
    from vecstack.drawing.points import Grid
    from vecstack.drawing.sheets import lights, sheets_on

    points = Grid.about(stack.canvas.rect, POINTS, resolve_device(device))
    light = points.background(stack).new_ones(len(points.ys), len(points.xs))  # that the layers above let through
    shares = {
        sheet.index: float((part * sheet.alpha).sum()) / light.numel()
        for sheet, part in lights(list(sheets_on(stack, points)), light)
    }
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
