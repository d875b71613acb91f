"""Pieces of a partition without parts that are too small to be cut: these go to what they touch most."""

from __future__ import annotations

import heapq
from collections import defaultdict
from collections.abc import Sequence

import numpy as np

from vecstack.exporting.cutting.areas import Area, grown, need_shapely, parts, together
from vecstack.exporting.cutting.piece import Piece

REACH = 0.1  # units around a crumb in which it is measured how much it touches what is there


def without_crumbs(pieces: Sequence[Piece], least: float) -> list[Piece]:
    """The pieces, none of whose parts is smaller than `least`, but those that touch nothing: the smallest goes first,
    to the part that it touches most, and they are one from then on."""
    owned = [(owner, part) for owner, piece in enumerate(pieces) for part in parts(piece.area)]
    areas, owners = [part for _, part in owned], [owner for owner, _ in owned]
    touching = _touching(areas, least)
    sizes = [part.area for part in areas]
    members = [[index] for index in range(len(areas))]
    waiting = [(size, index) for index, size in enumerate(sizes) if size < least]
    heapq.heapify(waiting)
    while waiting:
        size, crumb = heapq.heappop(waiting)
        if size != sizes[crumb] or not members[crumb] or not touching[crumb]:
            continue
        taker = max(touching[crumb], key=touching[crumb].__getitem__)
        members[taker] += members[crumb]
        members[crumb] = []
        sizes[taker] += size
        _hand_over(touching, crumb, taker)
        if sizes[taker] < least:
            heapq.heappush(waiting, (sizes[taker], taker))
    found: list[list[Area]] = [[] for _ in pieces]
    for index, own in enumerate(members):
        found[owners[index]] += [areas[member] for member in own]
    return [piece.at(together(own)) for piece, own in zip(pieces, found, strict=True)]


def _touching(areas: Sequence[Area], least: float) -> list[dict[int, float]]:
    """For each part, how much it touches others: known of those that are smaller than `least`, and of what is beside
    them."""
    shapely = need_shapely()
    tree = shapely.STRtree(areas)
    crumbs = np.array([index for index, area in enumerate(areas) if area.area < least], int)
    around = [grown(areas[index], REACH) for index in crumbs]
    found: list[dict[int, float]] = [defaultdict(float) for _ in areas]
    for at, other in tree.query(around, "intersects").T if len(crumbs) else ():
        crumb = int(crumbs[at])
        if crumb != other:
            shared = shapely.intersection(around[at], areas[other]).area
            found[crumb][int(other)] = max(found[crumb][int(other)], shared)
            found[other][crumb] = max(found[other][crumb], shared)
    return found


def _hand_over(touching: list[dict[int, float]], crumb: int, taker: int) -> None:
    """Let what touched a crumb touch the one that took it."""
    for other, much in touching[crumb].items():
        del touching[other][crumb]
        if other != taker:
            touching[taker][other] += much
            touching[other][taker] += much
    touching[crumb] = {}
