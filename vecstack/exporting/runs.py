"""The pictures that a file of another program has for the layers of a stack: one each, or one of a whole group."""

from __future__ import annotations

from dataclasses import dataclass
from itertools import groupby
from typing import TYPE_CHECKING

from vecstack.drawing.render import render
from vecstack.drawing.viewport import Viewport
from vecstack.errors import ExportError
from vecstack.exporting.pictures import Numbered, draw_alone
from vecstack.stack import Layer, Stack

if TYPE_CHECKING:
    from vecstack.pictures.layout import Pixels

MOST = 500  # pictures of layers in a file or a folder: of more layers, those of a group are one


@dataclass(frozen=True)
class Run:
    """Layers that are one picture: the number of the lowest in the stack, a name, the layers, and the id of the group
    that the picture lies in, if any."""

    number: int
    name: str
    layers: tuple[Layer, ...]
    group: str | None

    @property
    def layer(self) -> Layer | None:
        """The layer, where it is just one."""
        return self.layers[0] if len(self.layers) == 1 else None

    def drawn(self, stack: Stack, viewport: Viewport, device: str) -> Pixels:
        """The picture [H,W,4], with straight alpha: one layer visible and opaque, several as they show together."""
        if self.layer is not None:
            return draw_alone(stack, self.layer, viewport, device)
        return render(stack.with_layers(self.layers), viewport=viewport, transparent=True, device=device)


def runs_of(stack: Stack, layers: Numbered, where: str) -> list[Run]:
    """Each layer by itself or, of more than MOST, neighbours of one group together. Raises ExportError, whose message
    says `where` no more may be, for too many even so."""
    groups = {group.id: group for group in stack.groups}
    runs: list[Run] = []
    for name, run in groupby(layers, key=lambda numbered: numbered[1].group):
        same = list(run)
        if len(layers) <= MOST or name is None or len(same) == 1:
            runs += [Run(number, layer.name or layer.id, (layer,), layer.group) for number, layer in same]
        else:
            together = tuple(layer for _, layer in same)
            runs.append(Run(same[0][0], groups[name].name or name, together, groups[name].parent))
    if len(runs) > MOST:
        raise ExportError(
            f"{len(layers):,} layers are more than the {MOST} of {where}, and not in so few groups; "
            "merge some by `vecstack edit`, or export SVG."
        )
    return runs
