"""Kinds of layer. A kind is a folder here whose module `layer` has one object, KIND, that follows `Kind`;
nothing else has to know of it. Everything a kind needs from PyTorch it imports when it shades, so that a
document can be read, checked and written without it."""

from __future__ import annotations

import importlib
import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Any, Protocol, cast

from vecstack.geometry import Rect
from vecstack.stack import Color, Layer, Stack, UnknownLayer

if TYPE_CHECKING:
    import numpy as np
    import torch
    from torch import Tensor

    # points [P,2] in canvas units, footprint (side of a pixel in canvas units) -> alpha [L,P] in 0..1, rgb [L,P,3]
    Shader = Callable[[Tensor, float], tuple[Tensor, Tensor]]


METADATA_KEY = "vecstack"  # the only metadata key of a weights file: with two, its bytes vary from run to run


@dataclass(frozen=True)
class Made:
    """What a maker gives: layers, lowest first, the background they were made for, and their assets."""

    background: Color
    layers: tuple[Layer, ...]
    assets: Mapping[str, bytes]


class Maker(Protocol):
    """What turns a picture into layers of one kind."""

    @property
    def most_layers(self) -> int:
        """How many layers it can give."""

    def make(self, pixels: np.ndarray, rect: Rect, count: int) -> Made:
        """`count` layers for the pixels [H,W,3] (float32, sRGB 0..1) that fill `rect` of a canvas."""


class Kind(Protocol):
    """What a kind of layer must offer."""

    fields: tuple[str, ...]  # names of its own fields in a document, beside those of every layer

    def read(self, common: Mapping[str, Any], own: Mapping[str, Any]) -> Layer:
        """A layer from the common fields (arguments of Layer, checked) and the kind's own fields (values as
        parsed from JSON, unchecked). Raises DocumentError."""

    def write(self, layer: Layer) -> dict[str, Any]:
        """The kind's own fields as JSON values; `read` gives the same layer back."""

    def asset_ids(self, layer: Layer) -> tuple[str, ...]:
        """The assets that a layer refers to."""

    def check(self, layers: Sequence[Layer], assets: Mapping[str, bytes]) -> None:
        """Raise DocumentError unless the layers' assets are there, well-formed and fit them."""

    def prepare(self, layers: Sequence[Layer], assets: Mapping[str, bytes], device: torch.device) -> Shader:
        """A function from points to the layers' coverage and colour; no point sees another. Opacity and
        visibility are not its business."""

    def maker(self, weights: bytes, sizes: Any, device: torch.device | None) -> Maker:
        """The maker in the bytes of a weights file, whose metadata (METADATA_KEY) is the JSON of {"kind": name,
        "sizes": sizes}. Raises WeightsError."""


@cache
def find_kind(name: str) -> Kind | None:
    """The kind of that name, or None where this version has no such folder."""
    if not re.fullmatch(r"[a-z][a-z0-9_]*", name) or not (Path(__file__).parent / name / "layer.py").is_file():
        return None
    return cast(Kind, importlib.import_module(f"vecstack.kinds.{name}.layer").KIND)


def can_draw(layer: Layer) -> bool:
    """Whether this version has the layer's kind."""
    return not isinstance(layer, UnknownLayer) and find_kind(layer.kind) is not None


def undrawable(stack: Stack) -> tuple[Layer, ...]:
    """The layers that should be seen and that this version cannot draw, lowest first; a drawing leaves them out."""
    return tuple(layer for layer in stack.layers if layer.is_seen and not can_draw(layer))
