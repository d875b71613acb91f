"""Stacks as partitions of their canvas: each layer less what lies above it, so that nothing overlaps."""

from __future__ import annotations

import dataclasses
from collections.abc import Iterable, Sequence

from vecstack.color import to_hex
from vecstack.errors import ExportError
from vecstack.exporting.cutting.areas import Area, area_of, common, joined, less, outline_of, rectangle, together
from vecstack.exporting.cutting.colors import mean_color
from vecstack.exporting.cutting.crumbs import without_crumbs
from vecstack.exporting.cutting.outlines import outlined
from vecstack.exporting.cutting.piece import UPRIGHT, Piece
from vecstack.exporting.svg.exact import digits
from vecstack.geometry import Affine, Rect
from vecstack.kinds import find_kind, kind_names, kind_of
from vecstack.kinds.base import Kind
from vecstack.stack import Layer, Stack

LONG_SIDE = 1000.0  # of the canvas, in the units in which areas are worked out
SLIVER = 1e-7  # of the canvas: what is smaller is what rounding leaves between layers whose edges touch
DECIMALS = 4  # of a canvas unit, in coordinates


def cutout(stack: Stack, *, by_color: bool = False, min_area: float = 0.0, device: str = "auto") -> Stack:
    """The stack as layers that do not overlap and leave no gaps: each layer that is seen, less what lies above it,
    within the canvas; the background as the lowest, unless the canvas is transparent. `by_color` unites those of one
    colour. Parts smaller than `min_area` (square canvas units) are given to the layer that they touch most.

    Raises ExportError: a layer is translucent, or has no outline; no skia-pathops; DeviceError."""
    _check_opaque(stack)
    canvas, scale = stack.canvas, LONG_SIDE / max(stack.canvas.width, stack.canvas.height)
    fine, back = Affine(scale, 0, 0, 0, scale, 0), Affine(1 / scale, 0, 0, 0, 1 / scale, 0)
    whole = rectangle(Rect(0, 0, canvas.width * scale, canvas.height * scale))
    pieces = _visible(_shapes(stack, fine, whole, device), by_color=by_color)
    if by_color:
        pieces = _united(pieces)
    if min_area:
        pieces = without_crumbs(pieces, min_area * scale**2, whole)
    kind, sliver = outlined_kind(), SLIVER * whole.size
    kept = [piece for piece in (_large(piece, sliver) for piece in pieces) if piece]
    layers = (_layer(kind, piece, back) for piece in kept)
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


def outlined_kind() -> Kind[Layer]:
    """The kind of layer that is made of outlines. Raises ExportError where there is none."""
    kinds = (find_kind(name) for name in kind_names())
    kind = next((kind for kind in kinds if kind is not None and kind.can_be_outlined), None)
    if kind is None:
        raise ExportError("no kind of layer is made of outlines; install one that is.")
    return kind


def _shapes(stack: Stack, fine: Affine, whole: Area, device: str) -> list[Piece]:
    """The layers that are seen, lowest first, where they lie on the canvas; the background below them."""
    found = outlined(stack, device)
    pieces = [] if stack.canvas.transparent else [_background(stack, whole)]
    for each in found:
        layer, area = each.layer, area_of(each.outline, fine)
        inside = area if area.bounds.inside(whole.bounds) else common(area, whole)
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


def _visible(pieces: Sequence[Piece], *, by_color: bool) -> list[Piece]:
    """Each piece less those above it; by colour, less those of other colours, as equal ones are united."""
    return [
        dataclasses.replace(
            piece,
            area=_less_all(
                piece.area,
                [
                    above.area
                    for above in pieces[index + 1 :]
                    if not (by_color and to_hex(above.color) == to_hex(piece.color))
                ],
            ),
        )
        for index, piece in enumerate(pieces)
    ]


def _less_all(area: Area, others: Iterable[Area]) -> Area:
    for other in others:
        if not area.size:
            break
        area = less(area, other)
    return area


def _united(pieces: Sequence[Piece]) -> list[Piece]:
    """One piece for each colour, in the order of the first of each."""
    united: dict[str, Piece] = {}
    for piece in pieces:
        if not piece.area.size:
            continue
        code = to_hex(piece.color)
        area = together(united[code].area, piece.area) if code in united else piece.area
        united[code] = Piece(code, code, None, piece.color, area)
    return list(united.values())


def _large(piece: Piece, least: float) -> Piece | None:
    """The piece without parts that are too small; None where nothing is left."""
    parts = [part for part in piece.area.parts() if part.size >= least]
    return dataclasses.replace(piece, area=joined(parts)) if parts else None


def _layer(kind: Kind[Layer], piece: Piece, back: Affine) -> Layer:
    """A piece as a layer of the stack."""
    decimals, to_frame = DECIMALS + digits(piece.place), piece.place.inverse().after(back)
    outline = [
        tuple((round(x, decimals), round(y, decimals)) for x, y in curve) for curve in outline_of(piece.area, to_frame)
    ]
    fields = {"id": piece.id, "name": piece.name, "group": piece.group, "transform": piece.place}
    return kind.from_outline(fields, outline, piece.gradient or piece.color)
