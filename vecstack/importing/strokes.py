"""How lines are drawn, as styles say it."""

from __future__ import annotations

from dataclasses import dataclass

from vecstack.importing.styles import Style
from vecstack.importing.values import Viewport, length, number


@dataclass(frozen=True)
class Stroke:
    """How a line is drawn along an outline: widths and dashes in the outline's units."""

    width: float
    cap: str = "butt"
    join: str = "miter"
    miter_limit: float = 4.0
    dashes: tuple[float, ...] = ()
    dash_offset: float = 0.0


def stroke_of(style: Style, viewport: Viewport) -> Stroke | None:
    """How an element's lines are drawn; None where they are not."""

    def find(name: str, otherwise: float) -> float:
        value = length(style[name], viewport.diagonal, viewport.font)
        return otherwise if value is None else value

    width = find("stroke-width", 1.0)
    if style["stroke"] == "none" or width <= 0:
        return None
    words = style["stroke-dasharray"].replace(",", " ").split()
    found = [length(word, viewport.diagonal, viewport.font) for word in words]
    dashes = tuple(dash for dash in found if dash is not None)
    return Stroke(
        width,
        style["stroke-linecap"],
        style["stroke-linejoin"],
        number(style["stroke-miterlimit"], 4.0, 1.0),
        dashes if len(dashes) == len(found) else (),
        find("stroke-dashoffset", 0.0),
    )
