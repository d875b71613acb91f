"""Ways of painting, each a set of numbers: how many strokes of what form and opacity, in how many rounds."""

from __future__ import annotations

import dataclasses
import math
from collections.abc import Mapping
from dataclasses import dataclass
from typing import cast

from vecstack.kinds.base import FREE, Style
from vecstack.kinds.stroke.layer import Bristles

BRISTLES = Bristles(tone=0.14, dry=0.6, light=0.24)
FREE_FROM = 0.6  # least opacity of strokes that have each their own: paler ones look like a blurred photo
STRAIGHT = 0.35  # most bend of strokes that do not look like worms: they turn by up to 70 degrees
LONGEST = 2.0  # of new strokes, at least, in those that are as short as any may be


@dataclass(frozen=True)
class Look:
    """How strokes look. `strokes` is how many there are where nobody says how many, in `rounds` from broad to fine
    ones. Radii of the last round are about `fineness` of the distance between strokes, and vary by the factor
    e^`spread`; none is below `least_radius` of the picture's long side. New strokes are `lengths`, least and
    most, times as long as wide, and stay `kept_length` times so; the handle of a spine is no further from the middle of
    its ends than `most_bend` of the way between these. Their `opacity` is fixed, or free from `least_opacity` on.
    `bristles` are the marks of the brush, if it leaves any. With `radii`, least and greatest in canvas units, none
    is outside these, in place of `least_radius`."""

    description: str
    strokes: int
    rounds: int
    fineness: float
    least_radius: float
    lengths: tuple[float, float]
    kept_length: float
    most_bend: float = STRAIGHT
    spread: float = 0.35
    opacity: float = 1.0
    least_opacity: float | None = None
    bristles: Bristles | None = BRISTLES
    radii: tuple[float, float] | None = None

    def styled(self, style: Style) -> Look:
        """The look with what is asked of it."""
        look = dataclasses.replace(self, radii=style.radii or self.radii)
        if style.length is not None:
            lengths = style.length, max(self.lengths[1], LONGEST * style.length)
            look = dataclasses.replace(look, lengths=lengths, kept_length=style.length)
        if style.opacity == FREE:
            return dataclasses.replace(look, least_opacity=FREE_FROM)
        if style.opaque or style.opacity is not None:
            opacity = 1.0 if style.opaque else cast(float, style.opacity)
            return dataclasses.replace(look, opacity=opacity, least_opacity=None)
        return look


LOOKS: Mapping[str, Look] = {
    "painterly": Look("Paintings of opaque brush strokes.", 1200, 5, 0.19, 1.6 / 512, (2.5, 8.0), 2.2),
    "realistic": Look(
        "Paintings of many fine, slightly translucent strokes, close to the picture.",
        *(4000, 6, 0.2, 0.6 / 512, (1.5, 6.0), 1.2),
        most_bend=math.inf,
        opacity=0.95,
        least_opacity=FREE_FROM,
        bristles=None,
    ),
    "abstract": Look("Paintings of few, broad strokes.", 350, 4, 0.275, 5 / 512, (2.0, 5.0), 1.6),
    "expressionist": Look("Paintings of long strokes.", 600, 3, 0.24, 3 / 512, (4.0, 12.0), 4.0, spread=0.2),
}
