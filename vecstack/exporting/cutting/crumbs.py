"""Pieces of a partition without parts that are too small to be cut: these go to what they touch most."""

from __future__ import annotations

from collections.abc import Sequence

from vecstack.errors import ExportError
from vecstack.exporting.cutting.areas import Area, common, grown, less, outline_of, together
from vecstack.exporting.cutting.piece import UPRIGHT, Piece

# By which a crumb is made larger, so that its edges do not run along those of others: tried one after another.
REACHES = (0.1, 0.3, 0.6)
SAME = 0.05  # of a crumb's size: by how much all pieces together may change
PASSES = 3  # at most, as what is given away cuts others


def without_crumbs(pieces: Sequence[Piece], least: float, canvas: Area) -> list[Piece]:
    """The pieces of a canvas, none of whose parts is smaller than `least`, but those few that cannot be given away."""
    result = list(pieces)
    for _ in range(PASSES):
        crumbs = [
            (owner, part) for owner, piece in enumerate(result) for part in piece.area.parts() if part.size < least
        ]
        crumbs.sort(key=lambda crumb: crumb[1].size)
        given = [_give_away(result, owner, part, canvas) for owner, part in crumbs]
        if not any(given):
            break
    return result


def _give_away(pieces: list[Piece], owner: int, crumb: Area, canvas: Area) -> bool:
    """Give a part of a piece to the one that holds most of the points around it, if there is one; it stays where that
    goes wrong, so that nothing overlaps and no gap opens. Whether it was given."""
    for reach in REACHES:
        try:
            changed = _without(pieces, owner, common(grown(crumb, reach), canvas))
        except ExportError:
            continue
        before, after = sum(pieces[index].area.size for index in changed), sum(area.size for area in changed.values())
        if changed and abs(after - before) <= SAME * crumb.size:
            for index, area in changed.items():
                pieces[index] = pieces[index].at(area)
            return True
    return False


def _without(pieces: Sequence[Piece], owner: int, larger: Area) -> dict[int, Area]:
    """The areas that change where what is around a crumb goes to the piece that holds most of it, by the index of their
    piece; none where nothing is there."""
    points = [point for curve in outline_of(larger, UPRIGHT) for point in curve[::3]]
    near = [index for index, piece in enumerate(pieces) if piece.area.size and piece.area.bounds.meets(larger.bounds)]
    held = {index: sum(map(pieces[index].area.holds, points)) for index in near if index != owner}
    taker = max(held, key=held.__getitem__, default=owner)
    if not held.get(taker):
        return {}
    return {
        index: together(pieces[index].area, larger) if index == taker else less(pieces[index].area, larger)
        for index in near
    }
