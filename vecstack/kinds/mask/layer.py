"""Mask layers as data: one colour behind a mask that the document's net draws from a short code."""

from __future__ import annotations

import reprlib
from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache

from vecstack.color import Color, check_color, is_number, is_number_list
from vecstack.errors import DocumentError
from vecstack.stack import Layer

MAX_CODE = 4096  # numbers; the paper's codes have 5 to 20
SIGNIFICANT_DIGITS = 6  # of a code or colour in a document: finer than what a float16 net can show
MAX_CODE_VALUE = 1e6  # far past where every tanh of a net is saturated, far inside float32


@dataclass(frozen=True, kw_only=True)
class MaskLayer(Layer):
    """A colour behind a mask: `code` are the numbers p of f(x, y, p), `net` the asset that is f. With a `window`
    (share of the half side over which it fades, above 0 to 1) the mask is 0 outside the local frame."""

    color: Color
    code: tuple[float, ...]
    net: str
    window: float | None = None

    def __post_init__(self) -> None:
        super().__post_init__()
        check_color(self.color, f"layer {self.id}: color")
        if not is_number_list(self.code):
            raise DocumentError(f"layer {self.id}: code must be a list or tuple of numbers.")
        if not 1 <= len(self.code) <= MAX_CODE:
            raise DocumentError(f"layer {self.id}: code has {len(self.code)} numbers, 1 to {MAX_CODE} are allowed.")
        if not all(abs(value) <= MAX_CODE_VALUE for value in self.code):
            raise DocumentError(f"layer {self.id}: code must be finite numbers up to {MAX_CODE_VALUE:g}.")
        if not isinstance(self.net, str):
            raise DocumentError(f"layer {self.id}: net must be the sha256 of an asset, not {reprlib.repr(self.net)}.")
        if self.window is not None and not (is_number(self.window) and 0 < self.window <= 1):
            raise DocumentError(
                f"layer {self.id}: window must be above 0 and at most 1, not {reprlib.repr(self.window)}."
            )


def rounded_numbers(values: Sequence[float]) -> tuple[float, ...]:
    """Numbers as a document keeps them."""
    return tuple(float(f"{value:.{SIGNIFICANT_DIGITS}g}") for value in values)


MAX_WEIGHT = 65504.0  # the largest float16; far larger float32 weights overflow on the way and draw NaN
MAX_WIDTH, MAX_DEPTH = 1024, 16  # channels and hidden layers: bounds the time a hostile net can take


@lru_cache(maxsize=4)  # few, since each keeps up to 64 MB of asset in memory
def net_code_length(data: bytes) -> int:
    """Count of numbers in a code of the net in a safetensors file: hidden.I.weight [C,N], hidden.I.bias [C],
    norms.I.weight and .bias [C] for I = 0 ..., output.weight [1,C], output.bias [1], float16 or float32, all
    finite. Raises DocumentError for any other content."""
    import numpy as np
    from safetensors import SafetensorError
    from safetensors.numpy import load

    try:
        tensors = load(data)
    except (SafetensorError, ValueError, KeyError, TypeError, AttributeError) as error:
        raise DocumentError(f"a mask net is not a readable safetensors file ({error}).") from error
    first = tensors.get("hidden.0.weight")
    if first is None or first.ndim != 2 or not 1 <= first.shape[1] - 2 <= MAX_CODE:
        raise DocumentError("a mask net needs hidden.0.weight of shape [C,2+K].")
    width, depth = first.shape[0], sum(name.startswith("hidden.") for name in tensors) // 2
    if not 4 <= width <= MAX_WIDTH or width % 4 or not 1 <= depth <= MAX_DEPTH:
        raise DocumentError(
            f"a mask net has {width} channels and {depth} hidden layers; allowed are multiples of 4 up to "
            f"{MAX_WIDTH}, and up to {MAX_DEPTH}."
        )
    shapes: dict[str, tuple[int, ...]] = {"output.weight": (1, width), "output.bias": (1,)}
    for index in range(depth):
        shapes[f"hidden.{index}.weight"] = (width, first.shape[1] if index == 0 else width)
        for name in (f"hidden.{index}.bias", f"norms.{index}.weight", f"norms.{index}.bias"):
            shapes[name] = (width,)
    if {name: tensor.shape for name, tensor in tensors.items()} != shapes:
        raise DocumentError(f"a mask net of {depth} hidden layers needs the tensors {sorted(shapes)}, in its shapes.")
    for name, tensor in tensors.items():
        if tensor.dtype not in (np.float16, np.float32) or not (np.abs(tensor) <= MAX_WEIGHT).all():
            raise DocumentError(f"a mask net's {name} must be float16 or float32 and finite, up to {MAX_WEIGHT:g}.")
    return int(first.shape[1]) - 2
