"""A path layer's gradient as SVG has it."""

from __future__ import annotations

import math

from vecstack.color import to_hex
from vecstack.kinds.base import SvgElement
from vecstack.kinds.gradient import Gradient

DIGITS = 9  # of a coordinate: a thousandth of a pixel on the widest canvas


def gradient_svg(gradient: Gradient, name: str) -> SvgElement:
    """The path with its gradient; `name` is the id of the element."""
    reference = f"{name}:fill"  # no layer's element has a colon in its id
    (x1, y1), (x2, y2) = gradient.start, gradient.end
    if gradient.is_radial:
        place = {"cx": x1, "cy": y1, "r": math.dist(gradient.start, gradient.end)}
        if gradient.focus is not None:
            place |= {"fx": gradient.focus[0], "fy": gradient.focus[1]}
    else:
        place = {"x1": x1, "y1": y1, "x2": x2, "y2": y2}
    attributes = "".join(f' {key}="{_number(value)}"' for key, value in place.items())
    stops = "".join(
        f'<stop offset="{_number(offset)}" stop-color="{to_hex((red, green, blue))}"/>'
        for offset, red, green, blue in gradient.stops
    )
    tag = f"{gradient.shape}Gradient"
    definition = f'<{tag} id="{reference}" gradientUnits="userSpaceOnUse"{attributes}>{stops}</{tag}>'
    return SvgElement("path", {"fill": f"url(#{reference})"}, definition)


def _number(value: float) -> str:
    return f"{value:.{DIGITS}g}"
