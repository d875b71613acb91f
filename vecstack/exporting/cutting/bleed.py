"""Pieces that go on a little below those that are drawn over them, so that nothing shows between them."""

from __future__ import annotations

from collections.abc import Sequence

from vecstack.exporting.cutting.areas import common, grown, together
from vecstack.exporting.cutting.cover import Cover
from vecstack.exporting.cutting.piece import Piece

COARSE = 1 / 4  # of how far a piece goes on: by how much its hidden edge may be off


def with_bleed(pieces: Sequence[Piece], reach: float) -> list[Piece]:
    """The pieces, lowest first, each with what is nearer to it than `reach` and covered by those above it: together
    they look as before."""
    result: list[Piece] = []
    above = Cover()
    for piece in reversed(pieces):
        around = grown(piece.area, reach).simplify(COARSE * reach)
        result.append(piece.at(together([piece.area, *(common(around, cover) for cover in above.parts)])))
        above.add(piece.area)
    return result[::-1]
