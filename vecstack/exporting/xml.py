"""The parts that all SVG documents share: numbers, colours, names, layers and the frame around them."""

from __future__ import annotations

import html
import re
from collections.abc import Iterable, Sequence

from vecstack.color import Color, to_hex
from vecstack.exporting.groups import grouped
from vecstack.stack import Canvas, Group, Layer

INKSCAPE = "http://www.inkscape.org/namespaces/inkscape"  # what other programs, too, know layers by
UNKNOWN = "\ufffd"  # in the place of what no XML can hold
_NOT_XML = re.compile("[^\t\n\r\x20-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")
_SPACES = {ord(space): f"&#{ord(space)};" for space in "\t\n\r"}  # which XML would read as blanks
_ID = re.compile(r"[A-Za-z_][A-Za-z0-9_.-]*")
_OURS = re.compile(r"[mb][0-9]+|background")  # masks, blurs and the background
OPAQUE = '<feColorMatrix values="1 0 0 0 0 0 1 0 0 0 0 0 1 0 0 0 0 0 0 1"/>'  # as it is, without its alpha


def number(value: float) -> str:
    """A number in as few characters as keep seven digits after the point."""
    text = f"{value:.7f}".rstrip("0").rstrip(".")
    return re.sub(r"^(-?)0\.", r"\1.", text) if text not in ("-0", "") else "0"


def color_code(color: Color) -> str:
    """A colour as #rrggbb, or #rgb where that is the same."""
    digits = to_hex(color).removeprefix("#")
    return "#" + (digits[::2] if digits[::2] == digits[1::2] else digits)


def grey_code(grey: int) -> str:
    """A grey 0..255 as a colour."""
    return color_code((grey / 255,) * 3)


def box(x: float, y: float, width: float, height: float) -> str:
    """Attributes of a rectangle, with a space before; a place of 0 needs none."""
    place = "".join(f' {name}="{number(value)}"' for name, value in (("x", x), ("y", y)) if value)
    return f'{place} width="{number(width)}" height="{number(height)}"'


class ElementIds:
    """Names of elements, each given out once."""

    def __init__(self) -> None:
        self._taken: set[str] = set()
        self._counts: dict[str, int] = {}  # of those tried for each base

    def new(self, wanted: str) -> str:
        """The id of a layer or a group as far as XML allows, with a number where it is taken."""
        base = re.sub(r"[^A-Za-z0-9_.-]", "_", wanted)
        if not _ID.fullmatch(base) or _OURS.fullmatch(base):
            base = f"layer-{base}"
        name, count = base, self._counts.get(base, 1)
        while name in self._taken:
            count += 1
            name = f"{base}-{count}"
        self._counts[base] = count
        self._taken.add(name)
        return name

    def of_layers(self, layers: Iterable[Layer]) -> list[str]:
        """The ids of layers."""
        return [self.new(layer.id) for layer in layers]


def in_groups(parts: Iterable[tuple[str, str | None]], groups: Sequence[Group], ids: ElementIds) -> list[str]:
    """Elements, each with the id of its group or None, within elements of their groups."""
    return grouped(parts, groups, lambda group, inside: group_element(group, ids.new(group.id), inside))


def group_element(group: Group, name: str, inside: Iterable[str]) -> str:
    """A group of layers, `name` its id."""
    return "\n".join([f'<g id="{name}"{_groupmode(group.name or group.id)}>', *inside, "</g>"])


def layer_group(layer: Layer, name: str, inside: str) -> str:
    """A layer of the document."""
    return f"<g{attributes(layer, name)}{_groupmode(layer.name or layer.id)}>{inside}</g>"


def background(canvas: Canvas) -> list[str]:
    """What is behind all layers: a shape, or none where the canvas is transparent."""
    sides = box(0, 0, canvas.width, canvas.height)
    shape = f'<rect id="background"{sides} fill="{color_code(canvas.background)}"/>'
    return [] if canvas.transparent else [shape]


def in_layer(shape: str, name: str) -> str:
    """A shape as a layer of its own, which is not one of the stack."""
    return f"<g{_groupmode(name)}>{shape}</g>"


def attributes(layer: Layer, name: str) -> str:
    """What says which layer an element is and how it is seen."""
    hidden = "" if layer.visible else ' style="display:none"'
    return f' id="{name}"{opacity(layer.opacity)}{hidden}'


def label(layer: Layer) -> str:
    """What names an element to other programs, with a space before; nothing where the layer has no name."""
    return f" inkscape:label={quoted(layer.name)}" if layer.name else ""


def opacity(value: float) -> str:
    """An attribute, with a space before; none for 1."""
    return "" if value == 1 else f' opacity="{number(value)}"'


def _groupmode(text: str) -> str:
    """What makes a group a layer of that name to other programs."""
    return f' inkscape:groupmode="layer" inkscape:label={quoted(text)}'


def quoted(text: str) -> str:
    """Any text as the value of an attribute, in quotes."""
    return f'"{html.escape(plain(text)).translate(_SPACES)}"'


def plain(text: str) -> str:
    """Any text, without what no XML can hold."""
    return _NOT_XML.sub(UNKNOWN, text)


def document(canvas: Canvas, sides: str, definitions: Iterable[str], layers: Iterable[str]) -> str:
    """The whole: a canvas shown with `sides` (attributes), what layers refer to, and layers, lowest first."""
    body = "\n".join(layers)
    prefix = f' xmlns:inkscape="{INKSCAPE}"' if "inkscape:" in body else ""
    head = f'<svg xmlns="http://www.w3.org/2000/svg"{prefix} {sides} viewBox="0 0 {canvas.width} {canvas.height}">'
    defined = "".join(dict.fromkeys(definitions))  # what many refer to, once
    if defined:  # all filters inherit that they work on colours as they are written
        head += f'\n<defs color-interpolation-filters="sRGB">{defined}</defs>'
    return f"{head}\n{body}\n</svg>\n"


def blur_filter(name: str, region: tuple[float, float, float, float], sigma: float, then: str = "") -> str:
    """A Gaussian blur of sRGB values within a region of the canvas, and perhaps another step."""
    return (
        f'<filter id="{name}" filterUnits="userSpaceOnUse"{box(*region)}>'
        f'<feGaussianBlur stdDeviation="{number(sigma)}"/>{then}</filter>'
    )


def unit_blur_filter(name: str, sigma: float) -> str:
    """A Gaussian blur of a shape that has no place of its own in the text: as far around as the shape is large."""
    region = 'x="-1" y="-1" width="3" height="3"'
    return f'<filter id="{name}" {region}><feGaussianBlur stdDeviation="{number(sigma)}"/></filter>'


def soft_filter(name: str, region: tuple[float, float, float, float], sigma: float) -> str:
    """The same for the greys of a mask, which are opaque within the region, and everywhere after it. Where a program
    knows nothing of what is beyond the canvas (librsvg), its edge gets the mean of what is known, nothing darker."""
    return blur_filter(name, region, sigma, OPAQUE)
