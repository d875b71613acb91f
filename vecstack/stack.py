"""The stack: a canvas and the layers on it, as plain values; an edit gives a new stack."""

from __future__ import annotations

import dataclasses
import hashlib
import math
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

from vecstack.errors import DocumentError
from vecstack.geometry import Affine, Rect

Color = tuple[float, float, float]  # sRGB, 0..1, not premultiplied
Json = Mapping[str, Any]

MAX_SIDE = 1_000_000  # canvas units: far past any picture, far inside what a float32 point can tell apart
MAX_LAYERS = 10_000


def asset_id(data: bytes) -> str:
    """What an asset is called: the sha256 of its bytes."""
    return hashlib.sha256(data).hexdigest()


def check_color(color: Color, where: str) -> None:
    """Raise DocumentError unless `color` is three numbers in 0..1."""
    if len(color) != 3 or not all(0 <= value <= 1 for value in color):
        raise DocumentError(f"{where} must be three numbers in 0..1, not {list(color)}.")


@dataclass(frozen=True)
class Canvas:
    """The picture plane: width and height in canvas units (pixels of the source) and what is behind all layers."""

    width: int
    height: int
    background: Color = (0.0, 0.0, 0.0)
    extra: Json = field(default_factory=dict)  # fields of the file that this version does not know

    def __post_init__(self) -> None:
        if not (1 <= self.width <= MAX_SIDE and 1 <= self.height <= MAX_SIDE):
            raise DocumentError(f"canvas: sides must be 1 to {MAX_SIDE:,}, not {self.width} x {self.height}.")
        check_color(self.background, "canvas.background")

    @property
    def rect(self) -> Rect:
        """The whole canvas."""
        return Rect(0.0, 0.0, float(self.width), float(self.height))


@dataclass(frozen=True, kw_only=True)
class Layer:
    """What every kind of layer has; a kind adds its own fields. The transform maps the layer's local frame
    [-1,1]^2 to canvas units."""

    id: str
    name: str = ""
    visible: bool = True
    opacity: float = 1.0
    transform: Affine
    extra: Json = field(default_factory=dict)  # fields of the file that this version does not know

    @property
    def kind(self) -> str:
        """Name of the kind: the folder under kinds/ that knows how to read, write and shade it."""
        raise NotImplementedError

    def __post_init__(self) -> None:
        if not self.id:
            raise DocumentError("a layer's id must not be empty.")
        if not 0 <= self.opacity <= 1:
            raise DocumentError(f"layer {self.id}: opacity must be in 0..1, not {self.opacity}.")
        determinant = self.transform.determinant
        if not (math.isfinite(determinant) and abs(determinant) > 0):
            raise DocumentError(f"layer {self.id}: transform must be invertible, not {self.transform.rows()}.")


@dataclass(frozen=True, kw_only=True)
class UnknownLayer(Layer):
    """A layer of a kind that this version does not have: kept as it is, not drawn."""

    unknown_kind: str
    fields: Json = field(default_factory=dict)  # the kind's own fields

    @property
    def kind(self) -> str:
        return self.unknown_kind


@dataclass(frozen=True)
class Stack:
    """A canvas and its layers, lowest first, with the assets they refer to (sha256 of the bytes -> bytes) and
    where they came from. Complete: drawing it needs nothing else. Raises DocumentError where it contradicts itself."""

    canvas: Canvas
    layers: tuple[Layer, ...] = ()
    assets: Mapping[str, bytes] = field(default_factory=dict)
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

    def layer(self, layer_id: str) -> Layer:
        """The layer of that id. Raises DocumentError where there is none."""
        for layer in self.layers:
            if layer.id == layer_id:
                return layer
        raise DocumentError(f"no layer {layer_id}; there are {', '.join(layer.id for layer in self.layers) or 'none'}.")

    def edit(self, layer_id: str, **changes: Any) -> Stack:
        """This stack with fields of one layer changed, e.g. `opacity=0.5`. Raises DocumentError: no such layer, a
        value out of its range; TypeError: no such field."""
        old = self.layer(layer_id)
        new = dataclasses.replace(old, **changes)
        return self._with_layers(new if layer is old else layer for layer in self.layers)

    def remove(self, layer_id: str) -> Stack:
        """This stack without one layer. Raises DocumentError where there is none of that id."""
        gone = self.layer(layer_id)
        return self._with_layers(layer for layer in self.layers if layer is not gone)

    def _with_layers(self, layers: Iterable[Layer]) -> Stack:
        """This stack with other layers, and so without its thumbnail, which showed the old ones."""
        return dataclasses.replace(self, layers=tuple(layers), thumbnail=None)
