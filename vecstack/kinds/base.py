"""The face of a kind of layer."""

from __future__ import annotations

from collections.abc import Callable, Hashable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, Protocol

from vecstack.color import Color
from vecstack.errors import RecipeError
from vecstack.geometry import Rect
from vecstack.stack import Layer

if TYPE_CHECKING:
    import numpy as np
    import torch
    from torch import Tensor

    # points [P,2] in canvas units, footprint (side of a pixel in canvas units) -> alpha [L,P] in 0..1, rgb [L,P,3]
    Shader = Callable[[Tensor, float], tuple[Tensor, Tensor]]
    # columns xs [W] and rows ys [H] of a grid in canvas units (float64), footprint -> alpha [H,W], color [3]
    GridShader = Callable[[Tensor, Tensor, float], tuple[Tensor, Tensor]]

METADATA_KEY = "vecstack"  # the only metadata key of a weights file: with two, its bytes vary from run to run


@dataclass(frozen=True)
class Made:
    """What a maker gives: layers, lowest first, the background they were made for, and their assets."""

    background: Color
    layers: tuple[Layer, ...]
    assets: Mapping[str, bytes]


@dataclass(frozen=True)
class Steps:
    """How coarsely a layer's own numbers are kept: those of its shape, and those in 0..1 such as a colour. 0 keeps
    them as they are."""

    shape: float
    color: float


def to_step(value: float, step: float) -> float:
    """The multiple of a decimal step (from 1e-5 up) that is nearest to a number; the number itself where it is 0."""
    return round(round(value / step) * step, 6) + 0.0 if step else value  # + 0.0: no sign before a zero


class Maker(Protocol):
    """What turns a picture into layers of one kind."""

    @property
    def most_layers(self) -> int:
        """How many layers it can give."""

    def make(self, pixels: np.ndarray, rect: Rect, count: int) -> Made:
        """`count` layers for the pixels [H,W,3] (float32, sRGB 0..1) that fill `rect` of a canvas."""


class Tunable(Protocol):
    """Layers of one kind as numbers: shapes [L,N], of which a mask depends on its own row alone, and colours [L,3]."""

    shapes: Tensor
    colors: Tensor

    @property
    def shared(self) -> Sequence[Tensor]:
        """What all masks depend on beside their shapes, such as the weights of a net."""

    def masks(self, shapes: Tensor, points: Tensor) -> Tensor:
        """Masks [L,P] in 0..1 of shapes [L,N] at points [P,2] in canvas units (float64), differentiable by the shapes
        and by what is shared."""

    def slopes(self, shapes: Tensor, points: Tensor) -> tuple[Tensor, Tensor]:
        """The masks [L,P] and the derivative of each by its own shape [L,N,P], without gradients."""

    def layers(self, shapes: Tensor, colors: Tensor) -> tuple[tuple[Layer, ...], Mapping[str, bytes]]:
        """The layers with other shapes and colours, and the assets that they now refer to."""


class Kind(Protocol):
    """What a kind of layer must offer."""

    web: Path | None  # JavaScript that draws such layers in a page (export/viewer/kinds.js says how)
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

    def extent(self, layer: Layer) -> Rect | None:
        """A rectangle of the canvas outside which the layer covers nothing; None where it has no edge."""

    def family(self, layer: Layer) -> Hashable:
        """Layers of one family have as many numbers and share their assets: they can be tuned together."""

    def number_count(self, layer: Layer) -> int:
        """How many of the layer's numbers are tuned, its colour's included."""

    def shape(self, layer: Layer) -> tuple[float, ...]:
        """The numbers that give the layer's mask its form; layers of one family have as many, of one meaning."""

    def with_shape(self, layer: Layer, shape: Sequence[float]) -> Layer:
        """The layer with such numbers, as they are, in the place of its own. Raises DocumentError for numbers that are
        out of range."""

    def prepare(self, layers: Sequence[Layer], assets: Mapping[str, bytes], device: torch.device) -> Shader:
        """A function from points to the layers' coverage and colour; no point sees another. Opacity and
        visibility are not its business."""

    def prepare_grid(self, layer: Layer, assets: Mapping[str, bytes], device: torch.device) -> GridShader | None:
        """The same of one layer on the points of a grid, where that takes a small part of the work; None where it
        does not."""

    def tune(self, layers: Sequence[Layer], assets: Mapping[str, bytes], device: torch.device) -> Tunable:
        """The layers, which are of one family, as numbers that can be tuned."""

    def rounded(self, layer: Layer, steps: Steps) -> Layer:
        """The layer with its own numbers at the nearest multiples of steps, as far as it allows them; its net, its
        transform and its opacity stay."""

    def maker(self, weights: bytes, sizes: Any, device: torch.device | None) -> Maker:
        """The maker in the bytes of a weights file, whose metadata (METADATA_KEY) is the JSON of {"kind": name,
        "sizes": sizes}. Raises WeightsError."""

    def trainee(self, tables: Mapping[str, Any]) -> Any:
        """What `vecstack train` trains for this kind (a train.trainee.Trainee), from the tables of a recipe that are
        the kind's own (values as parsed from TOML, unchecked). Raises RecipeError."""
        raise RecipeError("layers of this kind are not trained. Leave kind out, or choose one that is.")


class DetailKind(Kind, Protocol):
    """A kind of which layers can be begun anywhere on a canvas."""

    window: float  # of a layer that is begun: share of the half side of its window over which it fades

    def begin(self, layer_id: str, window: Rect, inside: Rect, target: Tensor, canvas: Tensor) -> Layer:
        """A layer in a window of the canvas, roughly as the picture wants it, to be tuned: the picture and the canvas
        below the layer, both [3,H,W], fill the part `inside` of the window."""
