"""Stacks as partitions of their canvas: each layer less what lies above it, so that nothing overlaps."""

from __future__ import annotations

import dataclasses
from collections.abc import Sequence

from vecstack.color import to_hex
from vecstack.errors import ExportError
from vecstack.exporting.cutting.areas import Area, common, less, parts, rectangle, together
from vecstack.exporting.cutting.bleed import with_bleed
from vecstack.exporting.cutting.colors import mean_color
from vecstack.exporting.cutting.cover import Cover
from vecstack.exporting.cutting.crumbs import without_crumbs
from vecstack.exporting.cutting.curves import Curves
from vecstack.exporting.cutting.outlines import outlined
from vecstack.exporting.cutting.piece import UPRIGHT, Piece
from vecstack.exporting.svg.exact import digits
from vecstack.geometry import Affine, Rect
from vecstack.kinds import kind_of, outlined_kind
from vecstack.kinds.base import Kind
from vecstack.stack import Layer, Stack

LONG_SIDE = 1000.0  # of the canvas, in the units in which areas are worked out
SLIVER = 1e-7  # of the canvas: what is smaller is what rounding leaves between layers whose edges touch
DECIMALS = 4  # of a canvas unit, in coordinates


def cutout(
    stack: Stack, *, by_color: bool = False, min_area: float = 0.0, bleed: float = 0.0, device: str = "auto"
) -> Stack:
    """The stack as layers that do not overlap and leave no gaps: each layer that is seen, less what lies above it,
    within the canvas; the background as the lowest, unless the canvas is transparent. `by_color` unites those of one
    colour. Parts smaller than `min_area` (square canvas units) are given to the layer that they touch most.
    With a `bleed` (canvas units), each goes on so far below those above it.

    Raises ExportError: a layer is translucent, or has no outline; no shapely; DeviceError."""
    _check_opaque(stack)
    canvas, scale = stack.canvas, LONG_SIDE / max(stack.canvas.width, stack.canvas.height)
    fine, back = Affine(scale, 0, 0, 0, scale, 0), Affine(1 / scale, 0, 0, 0, 1 / scale, 0)
    whole = rectangle(Rect(0, 0, canvas.width * scale, canvas.height * scale))
    curves = Curves()
    pieces = _visible(_shapes(stack, curves, fine, whole, device))
    if by_color:
        pieces = _united(pieces)
    if min_area:
        pieces = without_crumbs(pieces, min_area * scale**2)
    kind, sliver = outlined_kind(), SLIVER * whole.area
    kept = [piece for piece in (_large(piece, sliver) for piece in pieces) if piece]
    if bleed:
        kept = with_bleed(kept, bleed * scale)
    layers = (_layer(kind, piece, curves, back) for piece in kept)
    groups = () if by_color else stack.groups
    return dataclasses.replace(
        stack, canvas=dataclasses.replace(canvas, transparent=True), layers=tuple(layers), groups=groups, assets={}
    )


def _check_opaque(stack: Stack) -> None:
    """Raise ExportError where a layer is translucent."""
    for layer in stack.layers:
        if layer.is_seen and layer.opacity < 1:
            raise ExportError(
                f"layer {layer.id} is translucent, and what is cut out cannot be. Ask for opaque layers, which have "
                "the colours that they show (`opaque=True`)."
            )


def _shapes(stack: Stack, curves: Curves, fine: Affine, whole: Area, device: str) -> list[Piece]:
    """The layers that are seen, lowest first, where they lie on the canvas; the background below them."""
    found = outlined(stack, device)
    pieces = [] if stack.canvas.transparent else [_background(stack, whole)]
    for each in found:
        layer, area = each.layer, curves.area(each.outline, fine)
        inside = area if whole.contains(area) else common(area, whole)
        color, gradient = each.color or mean_color(stack, layer, device), kind_of(layer).gradient(layer)
        place = layer.transform if gradient else UPRIGHT
        pieces.append(Piece(layer.id, layer.name, layer.group, color, inside, gradient, place))
    return pieces


def _background(stack: Stack, whole: Area) -> Piece:
    """The background as a piece, its id not that of a layer."""
    taken, name = {layer.id for layer in stack.layers}, "background"
    while name in taken:
        name += "-"
    return Piece(name, "Background", None, stack.canvas.background, whole)


def _visible(pieces: Sequence[Piece]) -> list[Piece]:
    """Each piece less those above it."""
    result: list[Piece] = []
    above = Cover()
    for piece in reversed(pieces):
        area = piece.area
        for cover in above.parts:
            area = less(area, cover)
        result.append(piece.at(area))
        above.add(piece.area)
    return result[::-1]


def _united(pieces: Sequence[Piece]) -> list[Piece]:
    """One piece for each colour, in the order of the first of each."""
    codes: dict[str, list[Piece]] = {}
    for piece in pieces:
        codes.setdefault(to_hex(piece.color), []).append(piece)
    return [
        Piece(code, code, None, found[0].color, together(piece.area for piece in found))
        for code, found in codes.items()
    ]


def _large(piece: Piece, least: float) -> Piece | None:
    """The piece without parts that are too small; None where nothing is left."""
    every = parts(piece.area)
    large = [part for part in every if part.area >= least]
    if len(large) == len(every):
        return piece if every else None
    return dataclasses.replace(piece, area=together(large)) if large else None


def _layer(kind: Kind[Layer], piece: Piece, curves: Curves, back: Affine) -> Layer:
    """A piece as a layer of the stack."""
    decimals, to_frame = DECIMALS + digits(piece.place), piece.place.inverse().after(back)
    outline = [
        tuple((round(x, decimals), round(y, decimals)) for x, y in curve)
        for curve in curves.outline(piece.area, to_frame)
    ]
    fields = {"id": piece.id, "name": piece.name, "group": piece.group, "transform": piece.place}
    return kind.from_outline(fields, outline, piece.gradient or piece.color)
