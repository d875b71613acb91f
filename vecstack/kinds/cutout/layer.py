"""Cut-outs as data: an item of the document, placed by the layer's transform."""

from __future__ import annotations

import re
import reprlib
from dataclasses import dataclass

from vecstack.color import Color, check_color
from vecstack.errors import DocumentError
from vecstack.stack import Layer

_SHA256 = re.compile("[0-9a-f]{64}")


@dataclass(frozen=True, kw_only=True)
class CutoutLayer(Layer):
    """An item, which is an asset that many layers may share: shapes or a picture, within the local frame, the long side
    from -1 to 1. A `color` takes the place of all colours of the item, whose transparency stays."""

    item: str
    color: Color | None = None

    def __post_init__(self) -> None:
        super().__post_init__()
        if not isinstance(self.item, str) or not _SHA256.fullmatch(self.item):
            raise DocumentError(f"layer {self.id}: item must be the sha256 of an asset, not {reprlib.repr(self.item)}.")
        if self.color is not None:
            check_color(self.color, f"layer {self.id}: color")
