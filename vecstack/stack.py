"""The stack: a canvas and the layers on it, as immutable values; an edit returns a new stack."""

from __future__ import annotations

import dataclasses
import hashlib
import re
import reprlib
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import KW_ONLY, dataclass, field
from typing import Any

from vecstack.color import Color, check_color, is_number, is_number_list
from vecstack.errors import DocumentError, PictureError
from vecstack.geometry import Affine, Rect


def check_aspect(stack: Stack, width: int, height: int) -> None:
    """Raise PictureError unless a picture of that size has the canvas's aspect, to within a pixel."""
    canvas = stack.canvas
    scale = max(width / canvas.width, height / canvas.height)
    if abs(canvas.width * scale - width) > 1 or abs(canvas.height * scale - height) > 1:
        raise PictureError(
            f"the picture is {width} x {height} and the canvas {canvas.width} x {canvas.height}; use the picture that "
            "the layers were made from, or another of that aspect ratio."
        )


Json = Mapping[str, Any]
MAX_SIDE = 1_000_000  # canvas units: far above any picture, far below where float32 points get coarse
MAX_LAYERS = 10_000
MAX_GROUPS = 10_000
MAX_GROUP_LEVELS = 64  # groups within one another: as deep as the lists of a document
MAX_TRANSFORM = 1e9  # canvas units: a thousand times the widest canvas
MIN_DETERMINANT = 1e-12  # square canvas units: a millionth of a pixel's side, which float64 can still invert
_LINE = r"[^\x00-\x1f\x7f-\x9f\u2028\u2029\ud800-\udfff]"  # any character but line breaks, controls and surrogates
_ID, _NAME = re.compile(_LINE + "{1,128}"), re.compile(_LINE + "{0,1024}")


def asset_id(data: bytes) -> str:
    """The name of an asset: the sha256 of its bytes, in hexadecimal."""
    return hashlib.sha256(data).hexdigest()


def check_id(layer_id: object, where: str) -> None:
    """Raise DocumentError unless the value can be a layer's id; the message begins with `where`."""
    _check_text(layer_id, _ID, where, "1 to 128")


def check_name(name: object, where: str) -> None:
    """Raise DocumentError unless the value can be a layer's name; the message begins with `where`."""
    _check_text(name, _NAME, where, "at most 1,024")


def _check_text(text: object, pattern: re.Pattern[str], where: str, lengths: str) -> None:
    if not isinstance(text, str) or not pattern.fullmatch(text):
        rule = f"{lengths} characters without line breaks, control characters or surrogates"
        raise DocumentError(f"{where} must be {rule}, not {reprlib.repr(text)}.")


def check_transform(transform: Affine, where: str) -> None:
    """Raise DocumentError unless the value can be a layer's transform; the message begins with `where`."""
    if not isinstance(transform, Affine) or not all(map(is_number_list, transform.rows())):
        raise DocumentError(f"{where} must be an Affine of six numbers, not {reprlib.repr(transform)}.")
    if not all(abs(number) <= MAX_TRANSFORM for row in transform.rows() for number in row):
        raise DocumentError(f"{where} must have numbers up to {MAX_TRANSFORM:g}.")
    if abs(transform.determinant) < MIN_DETERMINANT:
        raise DocumentError(f"{where} must be invertible (a determinant of at least {MIN_DETERMINANT:g}).")


@dataclass(frozen=True)
class Canvas:
    """The picture plane: width and height in canvas units (pixels of the source), and the colour behind all layers,
    which is only drawn where it must be if the picture is `transparent`: where a file cannot hold transparency. Raises
    DocumentError for values out of range."""

    width: int
    height: int
    background: Color = (0.0, 0.0, 0.0)
    transparent: bool = False
    extra: Json = field(default_factory=dict)  # fields of the file that this version does not know

    def __post_init__(self) -> None:
        if not (1 <= self.width <= MAX_SIDE and 1 <= self.height <= MAX_SIDE):
            raise DocumentError(f"canvas: sides must be 1 to {MAX_SIDE:,}, not {self.width} x {self.height}.")
        check_color(self.background, "canvas.background")
        if not isinstance(self.transparent, bool):
            raise DocumentError(f"canvas.transparent must be true or false, not {reprlib.repr(self.transparent)}.")

    @property
    def rect(self) -> Rect:
        """The whole canvas."""
        return Rect(0.0, 0.0, float(self.width), float(self.height))


@dataclass(frozen=True)
class Group:
    """Layers that belong together, such as the parts of a thing: an id, a name for people, and the id of the group that
    it lies in, if any. A layer names its own group. Groups are drawn in no way of their own. Raises DocumentError."""

    id: str
    name: str = ""
    parent: str | None = None
    extra: Json = field(default_factory=dict)  # fields of the file that this version does not know

    def __post_init__(self) -> None:
        check_id(self.id, "a group's id")
        check_name(self.name, f"group {self.id}: name")
        if self.parent is not None:
            check_id(self.parent, f"group {self.id}: parent")


@dataclass(frozen=True, kw_only=True)
class Layer:
    """The fields that every kind of layer has; a kind adds its own. The transform maps the layer's local frame [-1,1]^2
    to canvas units. Raises DocumentError for a value of another type or out of range."""

    id: str
    name: str = ""
    visible: bool = True
    opacity: float = 1.0
    transform: Affine
    group: str | None = None  # id of the group that it belongs to
    extra: Json = field(default_factory=dict)  # fields of the file that this version does not know

    @property
    def kind(self) -> str:
        """Name of the kind: of the folder under kinds/ in which the class of the layer is defined."""
        return type(self).__module__.split(".")[-2]

    @property
    def is_seen(self) -> bool:
        """Whether the layer is visible and not fully transparent."""
        return self.visible and self.opacity > 0

    def __post_init__(self) -> None:
        check_id(self.id, "a layer's id")
        where = f"layer {self.id}: "
        check_name(self.name, f"{where}name")
        if not isinstance(self.visible, bool):
            raise DocumentError(f"{where}visible must be true or false, not {reprlib.repr(self.visible)}.")
        if not is_number(self.opacity) or not 0 <= self.opacity <= 1:
            raise DocumentError(f"{where}opacity must be in 0..1, not {reprlib.repr(self.opacity)}.")
        check_transform(self.transform, f"{where}transform")
        if self.group is not None:
            check_id(self.group, f"{where}group")


@dataclass(frozen=True, kw_only=True)
class UnknownLayer(Layer):
    """A layer of a kind that this version does not have: kept unchanged, and not drawn."""

    unknown_kind: str
    fields: Json = field(default_factory=dict)  # the kind's own fields

    @property
    def kind(self) -> str:
        return self.unknown_kind


@dataclass(frozen=True)
class Stack:
    """A canvas and its layers, lowest first, with the assets they refer to (sha256 of the bytes -> bytes) and where
    they came from. It is complete: drawing it needs nothing else. `groups` say which layers belong together. Raises
    DocumentError for too many layers, for ids that repeat, and for groups that are not there or lie in themselves."""

    canvas: Canvas
    layers: tuple[Layer, ...] = ()
    assets: Mapping[str, bytes] = field(default_factory=dict)
    _: KW_ONLY
    groups: tuple[Group, ...] = ()
    source: Json = field(default_factory=dict)  # sha256 and size of the picture, never its path
    model: Json = field(default_factory=dict)  # name and sha256 of the model that made it
    metrics: Json = field(default_factory=dict)  # e.g. psnr
    extra: Json = field(default_factory=dict)  # fields of the file that this version does not know
    thumbnail: bytes | None = None  # PNG, at most 256 px

    def __post_init__(self) -> None:
        if len(self.layers) > MAX_LAYERS:
            raise DocumentError(f"{len(self.layers):,} layers, at most {MAX_LAYERS:,}.")
        seen: set[str] = set()
        for layer in self.layers:
            if layer.id in seen:
                raise DocumentError(f"layer id {layer.id} is used twice; ids must be unique.")
            seen.add(layer.id)
        _check_groups(self.groups, self.layers)

    def layer(self, layer_id: str) -> Layer:
        """The layer of that id. Raises DocumentError where there is none."""
        for layer in self.layers:
            if layer.id == layer_id:
                return layer
        raise DocumentError(
            f"no layer {layer_id}; the ids are {', '.join(layer.id for layer in self.layers) or 'none'}."
        )

    def edit(self, layer_id: str, **changes: Any) -> Stack:
        """This stack with fields of one layer changed, e.g. `opacity=0.5`. Raises DocumentError: no such layer, or a
        value of another type or out of range; TypeError: no such field."""
        old = self.layer(layer_id)
        new = dataclasses.replace(old, **changes)
        return self.with_layers(new if layer is old else layer for layer in self.layers)

    def remove(self, layer_id: str) -> Stack:
        """This stack without one layer. Raises DocumentError where no layer has that id."""
        gone = self.layer(layer_id)
        return self.with_layers(layer for layer in self.layers if layer is not gone)

    def members(self) -> dict[str, list[int]]:
        """The indices of the layers in each group and in the groups inside it, lowest first, by the group's id."""
        parents = {group.id: group.parent for group in self.groups}
        members: dict[str, list[int]] = {group.id: [] for group in self.groups}
        for index, layer in enumerate(self.layers):
            place = layer.group
            while place is not None:
                members[place].append(index)
                place = parents[place]
        return members

    def replace(self, layers: Mapping[int, Layer], assets: Mapping[str, bytes]) -> Stack:
        """This stack with other layers at some indices, and with the assets that they need in addition to its own."""
        new = self.with_layers(layers.get(index, layer) for index, layer in enumerate(self.layers))
        return dataclasses.replace(new, assets={**self.assets, **assets})

    def with_layers(self, layers: Iterable[Layer]) -> Stack:
        """This stack with other layers and without its thumbnail, which showed the old ones."""
        return dataclasses.replace(self, layers=tuple(layers), thumbnail=None)


def _check_groups(groups: Sequence[Group], layers: Sequence[Layer]) -> None:
    """Raise DocumentError unless every group that is named is there, once, and none lies in itself."""
    if len(groups) > MAX_GROUPS:
        raise DocumentError(f"{len(groups):,} groups, at most {MAX_GROUPS:,}.")
    parents: dict[str, str | None] = {}
    for group in groups:
        if group.id in parents:
            raise DocumentError(f"group id {group.id} is used twice; ids must be unique.")
        parents[group.id] = group.parent
    for layer in layers:
        if layer.group is not None and layer.group not in parents:
            raise DocumentError(f"layer {layer.id}: there is no group {layer.group}.")
    for group in groups:
        inside: list[str] = []
        place: str | None = group.id
        while place is not None:
            if place in inside:
                raise DocumentError(f"group {group.id} lies in itself.")
            if place not in parents:
                raise DocumentError(f"group {inside[-1]}: there is no group {place} for it to lie in.")
            if len(inside) == MAX_GROUP_LEVELS:
                raise DocumentError(f"group {group.id} lies in {MAX_GROUP_LEVELS} others or more, which is too deep.")
            inside.append(place)
            place = parents[place]
