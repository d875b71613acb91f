"""What is cut out of a stack."""

from __future__ import annotations

import dataclasses

from vecstack.color import Color
from vecstack.exporting.cutting.areas import Area
from vecstack.geometry import Affine
from vecstack.kinds.gradient import Gradient

UPRIGHT = Affine(1.0, 0.0, 0.0, 0.0, 1.0, 0.0)


@dataclasses.dataclass(frozen=True)
class Piece:
    """What is cut out: the id, name and group of its layer, its colour, where it is, and the gradient that it has
    instead, if any, in the frame that `place` takes to the canvas."""

    id: str
    name: str
    group: str | None
    color: Color
    area: Area
    gradient: Gradient | None = None
    place: Affine = UPRIGHT

    def at(self, area: Area) -> Piece:
        """The piece with another area."""
        return dataclasses.replace(self, area=area)
