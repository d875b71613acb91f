"""SVG in: a drawing as a stack of layers."""

from __future__ import annotations

import dataclasses
import hashlib
import os
from collections.abc import Callable
from typing import BinaryIO

from vecstack.color import Color
from vecstack.errors import DocumentError, PictureError, named
from vecstack.importing.areas import Areas
from vecstack.importing.context import Context
from vecstack.importing.elements import Elements
from vecstack.importing.gradients import as_layers_have_them
from vecstack.importing.items import Item
from vecstack.importing.layers import layers_of
from vecstack.importing.left_out import LeftOut
from vecstack.importing.nodes import Sides
from vecstack.importing.outlines import polygon
from vecstack.importing.styles import INITIAL, Styles
from vecstack.importing.tree import parse, read_bytes
from vecstack.importing.values import Fonts, Viewport, scale
from vecstack.importing.viewports import canvas_of, fitted, size, view_box
from vecstack.stack import Canvas, Stack

FINE_SIDE = 1024  # units of the long side, in which areas are worked out

Told = Callable[[str], None]


def import_svg(source: str | os.PathLike[str] | BinaryIO, *, strict: bool = False, told: Told | None = None) -> Stack:
    """The drawing in an SVG (a path, or a binary stream) as a stack: a layer for each fill and each stroke, lowest
    first, and a group for each group that has a name or several layers. The canvas is transparent, unless the drawing
    has a background colour. Nothing is fetched and no script runs. `told` hears a line for each kind of thing that is
    left out, such as "left out: text (3)"; with `strict`, such a drawing is refused.
    Raises PictureError: missing, not SVG, damaged, larger than the limits or than a layer file may be, with entities, a
    script or references to other files, without a size, something left out where `strict`; or a package is missing."""
    name = str(source) if isinstance(source, str | os.PathLike) else getattr(source, "name", "the drawing")
    left_out = LeftOut()
    try:
        data = read_bytes(source)
        stack = _stack(data, left_out)
    except PictureError as error:
        raise named(error, str(name)) from error
    except DocumentError as error:
        raise PictureError(f"{name}: too much for a layer file ({error}) Leave something out.") from error
    except RecursionError as error:  # of the packages that read style sheets
        raise PictureError(f"{name}: style rules within one another on too many levels; take some out.") from error
    lines = left_out.lines()
    if strict and lines:
        raise PictureError(f"{name}: {'; '.join(lines)}. Take it out, or leave out `strict=True`.")
    if told is not None:
        for line in lines:
            told(line)
    return stack


def _stack(data: bytes, left_out: LeftOut) -> Stack:
    root = parse(data)
    width, height = size(root.get)
    across, down, factor = canvas_of(width, height)
    fine = FINE_SIDE / max(across, down)
    areas = Areas(left_out)
    styles = Styles(root, left_out)
    color, alpha = _background(styles)
    canvas = Canvas(across, down, color, transparent=alpha < 1)
    items = _items(styles, (width, height), factor * fine, areas)
    if 0 < alpha < 1:
        items.insert(0, _veil(across * fine, down * fine, color, alpha))
    layers, groups = layers_of(as_layers_have_them(items, areas), fine)
    source = {"sha256": hashlib.sha256(data).hexdigest(), "width": across, "height": down}
    return Stack(canvas, layers, groups=groups, source=source)


def _background(styles: Styles) -> tuple[Color, float]:
    """The colour behind a drawing, and its alpha."""
    style = styles.style(styles.tree, INITIAL)
    return styles.color(style["background-color"], style["color"]) or ((1.0, 1.0, 1.0), 0.0)


def _veil(width: float, height: float, color: Color, alpha: float) -> Item:
    """A background through which one sees."""
    whole = polygon(Sides(0.0, 0.0, width, height).corners())
    return Item(whole, color, alpha, "background", "", None, True, whole)


def _items(styles: Styles, sides: tuple[float, float], to_fine: float, areas: Areas) -> list[Item]:
    """What the drawing consists of, in fine units."""
    node = styles.tree
    get = node.etree_element.get
    box = view_box(get)
    viewport = Viewport(*(sides if box is None else (box.width, box.height)))
    around = Context(INITIAL, scale(to_fine, to_fine).after(fitted(get, *sides)), viewport)
    font = around.inside(styles.style(node, INITIAL)).viewport.font
    around = dataclasses.replace(around, viewport=dataclasses.replace(viewport, font=Fonts(root=font.own)))
    return Elements(styles, areas).items(node, around)
