"""Pieces of a partition without parts that are too small to be cut: these go to what they touch most."""

from __future__ import annotations

from collections.abc import Sequence

from vecstack.errors import ExportError
from vecstack.exporting.cutting.areas import Area, grown, less, outline_of, together
from vecstack.exporting.cutting.piece import UPRIGHT, Piece

REACH = 0.1  # by which a crumb is made larger, so that its edges do not run along those of others
SAME = 0.05  # of a crumb's size: by how much all pieces together may change


def without_crumbs(pieces: Sequence[Piece], least: float) -> list[Piece]:
    """The pieces, none of whose parts is smaller than `least`, but those few that cannot be given
    away."""
    result = list(pieces)
    for owner, piece in enumerate(pieces):
        for part in sorted(piece.area.parts(), key=lambda part: part.size):
            if part.size < least:
                _give_away(result, owner, part)
    return result


def _give_away(pieces: list[Piece], owner: int, crumb: Area) -> None:
    """Give a part of a piece to the one that holds most of the points around it; it stays where that goes wrong, so
    that nothing overlaps and no gap opens."""
    larger = grown(crumb, REACH)
    points = [point for curve in outline_of(larger, UPRIGHT) for point in curve[::3]]
    held = {index: sum(map(piece.area.holds, points)) for index, piece in enumerate(pieces)}
    taker = max(held, key=lambda index: held[index])
    if not held[taker]:
        return
    try:
        changed = {
            index: together(piece.area, larger) if index == taker else less(piece.area, larger)
            for index, piece in enumerate(pieces)
            if held[index] or index == owner
        }
    except ExportError:
        return
    before, after = (sum(areas[index].size for index in changed) for areas in (_areas(pieces), changed))
    if abs(after - before) <= SAME * crumb.size:
        for index, area in changed.items():
            pieces[index] = pieces[index].at(area)


def _areas(pieces: Sequence[Piece]) -> dict[int, Area]:
    return dict(enumerate(piece.area for piece in pieces))
