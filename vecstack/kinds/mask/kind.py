"""The kind of mask layers: how they are read, written, checked, shaded and tuned."""

from __future__ import annotations

import dataclasses
import math
from collections.abc import Hashable, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any, cast

from vecstack.color import Color
from vecstack.errors import DocumentError
from vecstack.geometry import Rect
from vecstack.kinds.base import Steps, to_step
from vecstack.kinds.mask.layer import MaskLayer, net_code_length
from vecstack.stack import Layer

if TYPE_CHECKING:
    import torch

    from vecstack.kinds.base import Maker, Shader, Tunable


class MaskKind:
    """How mask layers are read, written, checked and shaded (see vecstack.kinds.base.Kind)."""

    web = Path(__file__).with_name("viewer.js")
    fields = ("color", "code", "net", "window")

    def read(self, common: Mapping[str, Any], own: Mapping[str, Any]) -> MaskLayer:
        where = f"layer {common['id']}"
        color = _numbers(own.get("color"), f"{where}: color")
        code = _numbers(own.get("code"), f"{where}: code")
        net, window = cast(str, own.get("net")), own.get("window")  # MaskLayer checks that it is one
        if window is not None:
            window = _numbers([window], f"{where}: window")[0]
        return MaskLayer(**common, color=cast(Color, color), code=code, net=net, window=window)

    def write(self, layer: Layer) -> dict[str, Any]:
        mask = cast(MaskLayer, layer)
        window = {} if mask.window is None else {"window": float(mask.window)}
        return {"color": _floats(mask.color), "code": _floats(mask.code), "net": mask.net, **window}

    def asset_ids(self, layer: Layer) -> tuple[str, ...]:
        return (cast(MaskLayer, layer).net,)

    def check(self, layers: Sequence[Layer], assets: Mapping[str, bytes]) -> None:
        needed: dict[str, int] = {}  # numbers in a code, by net
        for layer in layers:
            mask = cast(MaskLayer, layer)
            if mask.net not in assets:
                raise DocumentError(f"layer {mask.id}: its net, asset {mask.net:.16}, is not in the document.")
            if mask.net not in needed:
                needed[mask.net] = net_code_length(assets[mask.net])
            if needed[mask.net] != len(mask.code):
                raise DocumentError(
                    f"layer {mask.id}: code has {len(mask.code)} numbers, its net takes {needed[mask.net]}."
                )

    def extent(self, layer: Layer) -> Rect | None:
        return None if cast(MaskLayer, layer).window is None else layer.transform.bounds_of_frame()

    def family(self, layer: Layer) -> Hashable:
        return cast(MaskLayer, layer).net

    def number_count(self, layer: Layer) -> int:
        return len(cast(MaskLayer, layer).code) + 3

    def shape(self, layer: Layer) -> tuple[float, ...]:
        return tuple(cast(MaskLayer, layer).code)

    def with_shape(self, layer: Layer, shape: Sequence[float]) -> MaskLayer:
        return dataclasses.replace(cast(MaskLayer, layer), code=tuple(shape))

    def prepare(self, layers: Sequence[Layer], assets: Mapping[str, bytes], device: torch.device) -> Shader:
        from vecstack.kinds.mask.shade import prepare

        return prepare(cast(Sequence[MaskLayer], layers), assets, device)

    def prepare_grid(self, layer: Layer, assets: Mapping[str, bytes], device: torch.device) -> None:
        return None

    def tune(self, layers: Sequence[Layer], assets: Mapping[str, bytes], device: torch.device) -> Tunable:
        from vecstack.kinds.mask.tune import MaskTunable

        return MaskTunable(cast(Sequence[MaskLayer], layers), assets, device)

    def rounded(self, layer: Layer, steps: Steps) -> Layer:
        mask = cast(MaskLayer, layer)
        window = mask.window
        if window is not None:
            window = to_step(window, steps.color) or window  # 0 would be no window
        return dataclasses.replace(
            mask,
            code=tuple(to_step(value, steps.shape) for value in mask.code),
            color=cast(Color, tuple(to_step(value, steps.color) for value in mask.color)),
            window=window,
        )

    def maker(self, weights: bytes, sizes: Any, device: torch.device | None) -> Maker:
        from vecstack.kinds.mask.maker import load_maker

        return load_maker(weights, sizes, device)

    def trainee(self, tables: Mapping[str, Any]) -> Any:
        from vecstack.kinds.mask.training import read_trainee

        return read_trainee(tables)


def _floats(values: Sequence[float]) -> list[float]:
    """The values as floats, so that an edit with integers is written as it will be read."""
    return [float(value) for value in values]


def _numbers(value: Any, where: str) -> tuple[float, ...]:
    """A JSON list of finite numbers as floats. Raises DocumentError."""
    if not isinstance(value, list):
        raise DocumentError(f"{where} must be a list of numbers, not {value!r:.40}.")
    for number in value:
        if isinstance(number, bool) or not isinstance(number, int | float) or abs(number) > 1e300:
            raise DocumentError(f"{where} must be finite numbers, not {number!r:.40}.")
        if not math.isfinite(number):
            raise DocumentError(f"{where} must be finite numbers, not {number!r:.40}.")
    return tuple(float(number) for number in value)


KIND = MaskKind()
