"""What elements take over from those around them."""

from __future__ import annotations

import dataclasses
from dataclasses import dataclass

from vecstack.geometry import Affine
from vecstack.importing.items import Place
from vecstack.importing.styles import Style
from vecstack.importing.values import FONT_PX, Viewport, length, shift, transform

MAX_FINE = 1e6  # of coordinates in fine units: a thousand times the canvas
SIDES = {"left": "0%", "top": "0%", "center": "50%", "right": "100%", "bottom": "100%"}


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
        origin = self._origin(style["transform-origin"])
        own = shift(*origin).after(transform(style["transform"])).after(shift(-origin[0], -origin[1]))
        font = length(style["font-size"], self.viewport.font, self.viewport.font)
        return dataclasses.replace(
            self,
            style=style,
            to_fine=self.to_fine.after(own),
            viewport=dataclasses.replace(self.viewport, font=FONT_PX if font is None else font),
            displayed=self.displayed and style["display"] != "none",
        )

    def _origin(self, text: str) -> tuple[float, float]:
        """The point about which an element is transformed."""
        words = text.lower().split()
        if len(words) == 1:
            words = ["center", words[0]] if words[0] in ("top", "bottom") else [words[0], "center"]
        if len(words) > 1 and (words[0] in ("top", "bottom") or words[1] in ("left", "right")):
            words = [words[1], words[0]]
        wholes = self.viewport.width, self.viewport.height
        found = [
            length(SIDES.get(word, word), whole, self.viewport.font) for word, whole in zip(words, wholes, strict=False)
        ]
        x, y = (0.0 if value is None else value for value in (*found, None, None)[:2])
        return x, y
