"""What elements take over from those around them."""

from __future__ import annotations

import dataclasses
from dataclasses import dataclass

from vecstack.geometry import Affine
from vecstack.importing.colors import CURRENT
from vecstack.importing.items import Place
from vecstack.importing.styles import Style
from vecstack.importing.values import FONT_PX, Viewport, length, transform_about

CONTEXT = ("context-fill", "context-stroke")
FONT_SIZES = {  # of CSS, as lengths
    "xx-small": "9",
    "x-small": "10",
    "small": "13",
    "medium": "16",
    "large": "18",
    "x-large": "24",
    "xx-large": "32",
    "xxx-large": "48",
    "smaller": "0.8333em",
    "larger": "1.2em",
}
MAX_FINE = 1e6  # of coordinates in fine units: a thousand times the canvas


@dataclass(frozen=True)
class Context:
    """The style of an element, the map from its units to the fine units of the drawing, what percentages refer to, the
    element that holds it, whether it is displayed, the ids of what is being used around it, and what context-fill and
    context-stroke stand for."""

    style: Style
    to_fine: Affine
    viewport: Viewport
    place: Place | None = None
    displayed: bool = True
    using: tuple[str, ...] = ()
    painted: tuple[str, str] = ("none", "none")

    def inside(self, style: Style) -> Context:
        """The context of an element within, which has a style of its own."""
        own = transform_about(style["transform"], style["transform-origin"], self.viewport)
        around = self.viewport.font
        size = length(FONT_SIZES.get(style["font-size"], style["font-size"]), around.own, around)
        font = dataclasses.replace(around, own=FONT_PX if size is None else size)
        return dataclasses.replace(
            self,
            style={**style, "font-size": str(font.own)},  # which children take over as it is here
            to_fine=self.to_fine.after(own),
            viewport=dataclasses.replace(self.viewport, font=font),
            displayed=self.displayed and style["display"] != "none",
        )

    def taken_over(self, own_id: str) -> Context:
        """The context of what an element uses by its id, such as a symbol or a marker."""
        fill, stroke = (self.paint_text(name) for name in ("fill", "stroke"))
        return dataclasses.replace(self, using=(*self.using, own_id), painted=(fill, stroke))

    def paint_text(self, name: str) -> str:
        """What a property asks for as paint, with what context-fill and context-stroke stand for."""
        text = self.style[name]
        if text in CONTEXT:
            return self.painted[CONTEXT.index(text)]
        return self.style["color"] if text.lower() == CURRENT else text
