"""What elements take over from those around them."""

from __future__ import annotations

import dataclasses
from dataclasses import dataclass

from vecstack.geometry import Affine
from vecstack.importing.items import Place
from vecstack.importing.styles import Style
from vecstack.importing.values import FONT_PX, Viewport, length, transform_about

MAX_FINE = 1e6  # of coordinates in fine units: a thousand times the canvas


@dataclass(frozen=True)
class Context:
    """The style of an element, the map from its units to the fine units of the drawing, what percentages refer to, the
    element that holds it, whether it is displayed, and the ids of what is being used around it."""

    style: Style
    to_fine: Affine
    viewport: Viewport
    place: Place | None = None
    displayed: bool = True
    using: tuple[str, ...] = ()

    def inside(self, style: Style) -> Context:
        """The context of an element within, which has a style of its own."""
        own = transform_about(style["transform"], style["transform-origin"], self.viewport)
        font = length(style["font-size"], self.viewport.font, self.viewport.font)
        return dataclasses.replace(
            self,
            style=style,
            to_fine=self.to_fine.after(own),
            viewport=dataclasses.replace(self.viewport, font=FONT_PX if font is None else font),
            displayed=self.displayed and style["display"] != "none",
        )
