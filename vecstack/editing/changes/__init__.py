"""The changes that can be made to the layers of a stack, each a value that is checked when it is created."""

from __future__ import annotations

from collections.abc import Mapping

from vecstack.editing.changes.base import Change
from vecstack.editing.changes.codes import Jitter, SwapCode
from vecstack.editing.changes.colors import Background, ColorsOf, Palette, Recolor
from vecstack.editing.changes.copying import CopyLayer
from vecstack.editing.changes.looks import Hide, Opacity, Rename, Scale, Shift, Show, Transform
from vecstack.editing.changes.merging import Merge
from vecstack.editing.changes.order import Keep, Move, Remove

__all__ = [
    "CHANGES",
    "Background",
    "Change",
    "ColorsOf",
    "CopyLayer",
    "Hide",
    "Jitter",
    "Keep",
    "Merge",
    "Move",
    "Opacity",
    "Palette",
    "Recolor",
    "Remove",
    "Rename",
    "Scale",
    "Shift",
    "Show",
    "SwapCode",
    "Transform",
]

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
    "colors-of": ColorsOf,
    "swap-code": SwapCode,
    "jitter": Jitter,
    "merge": Merge,
    "copy-layer": CopyLayer,
}
