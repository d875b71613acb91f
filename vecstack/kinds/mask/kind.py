"""The kind of mask layers: how they are read, written, checked, shaded and tuned."""

from __future__ import annotations

import dataclasses
from collections.abc import Hashable, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any, cast

from vecstack.color import Color
from vecstack.errors import DocumentError
from vecstack.geometry import Rect
from vecstack.kinds.base import Kind, Steps, to_step
from vecstack.kinds.mask.layer import MaskLayer, net_code_length

if TYPE_CHECKING:
    import torch

    from vecstack.kinds.base import Generates, Maker, Shader
    from vecstack.kinds.mask.tune import MaskTunable


class MaskKind(Kind[MaskLayer]):
    """How mask layers are read, written, checked, shaded and tuned."""

    layer = MaskLayer
    web = Path(__file__).with_name("viewer.js")

    def asset_ids(self, layer: MaskLayer) -> tuple[str, ...]:
        return (layer.net,)

    def check(self, layers: Sequence[MaskLayer], assets: Mapping[str, bytes]) -> None:
        needed: dict[str, int] = {}  # numbers in a code, by net
        for layer in layers:
            if layer.net not in assets:
                raise DocumentError(f"layer {layer.id}: its net, asset {layer.net:.16}, is not in the document.")
            if layer.net not in needed:
                needed[layer.net] = net_code_length(assets[layer.net])
            if needed[layer.net] != len(layer.code):
                raise DocumentError(
                    f"layer {layer.id}: code has {len(layer.code)} numbers, its net takes {needed[layer.net]}."
                )

    def extent(self, layer: MaskLayer, footprint: float) -> Rect | None:
        return None if layer.window is None else layer.transform.bounds_of_frame()

    def family(self, layer: MaskLayer) -> Hashable:
        return layer.net

    def shape(self, layer: MaskLayer) -> tuple[float, ...]:
        return tuple(layer.code)

    def with_shape(self, layer: MaskLayer, shape: Sequence[float]) -> MaskLayer:
        return dataclasses.replace(layer, code=tuple(shape))

    def shader(self, layers: Sequence[MaskLayer], assets: Mapping[str, bytes], device: torch.device) -> Shader:
        from vecstack.kinds.mask.shade import shader

        return shader(layers, assets, device)

    def tunable(self, layers: Sequence[MaskLayer], assets: Mapping[str, bytes], device: torch.device) -> MaskTunable:
        from vecstack.kinds.mask.tune import MaskTunable

        return MaskTunable(layers, assets, device)

    def rounded(self, layer: MaskLayer, steps: Steps) -> MaskLayer:
        window = layer.window
        if window is not None:
            window = to_step(window, steps.color) or window  # 0 would be no window
        return dataclasses.replace(
            layer,
            code=tuple(to_step(value, steps.shape) for value in layer.code),
            color=cast(Color, tuple(to_step(value, steps.color) for value in layer.color)),
            window=window,
        )

    def load_maker(self, weights: bytes, sizes: Any, device: torch.device | None) -> Maker:
        from vecstack.kinds.mask.maker import load_maker

        return load_maker(weights, sizes, device)

    def load_generator(self, weights: bytes, sizes: Any, device: torch.device | None) -> Generates:
        from vecstack.kinds.mask.generator import load_generator

        return load_generator(weights, sizes, device)

    def trainee(self, tables: Mapping[str, Any]) -> Any:
        from vecstack.kinds.mask.training import read_trainee

        return read_trainee(tables)


KIND = MaskKind()
