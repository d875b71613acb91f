"""Outlines of what is packed and of what it is packed into: curves and masks as polygons of few corners."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise
from typing import Any

import numpy as np

from vecstack.errors import UsageError
from vecstack.exporting.cutting.areas import Area, nothing, together
from vecstack.exporting.cutting.curves import Curves
from vecstack.extras import install
from vecstack.geometry import Affine
from vecstack.kinds.base import Curve

Outline = tuple[np.ndarray, ...]  # closed rings [V,2], outer ones and holes

FINE = 64.0  # units of areas in one of the local frame, so that their grid and tolerances are not seen
MAX_CORNERS, MAX_WALL_CORNERS = 60, 120  # of a ring of an item, and of a container: more take a packer longer
UNMOVED, TO_FINE = Affine.similarity(0.0, 0.0, 1.0), Affine.similarity(0.0, 0.0, FINE)
FIRST_TOLERANCE = 0.004  # of the frame's half side, by which an outline may be off; more where corners are too many
COARSER = 1.4
CLOSED_BY, APART = 0.06, 0.015  # of the frame's half side: gaps up to twice the first are closed; room left around
LEAST_AREA = 1e-4  # square units of the frame: what is smaller is no item
SPECK = 0.002  # of an area: smaller parts and holes are left out


def check_packages() -> None:
    """Raise UsageError where a package is missing that outlines are worked out with."""
    try:
        import contourpy
        import shapely  # noqa: F401
    except ImportError as error:
        raise UsageError(f"a collage needs the package {error.name}. {install('collage')}") from error
    assert contourpy


def area_of_curves(curves: Sequence[Curve], place: Affine = UNMOVED) -> Area:
    """What closed curves cover (nonzero rule) where a map takes them in the local frame, in fine units."""
    return Curves().area(curves, TO_FINE.after(place))


def area_within(curves: Sequence[Curve]) -> Area:
    """What closed curves of the local frame surround, holes included, in fine units."""
    return together(Curves().area([curve], TO_FINE) for curve in curves)


def area_of_mask(cover: np.ndarray, left: float, top: float, side: float) -> Area:
    """Where a mask [H,W] in 0..1 is above 1/2, in fine units: its pixels have a `side`, the first a corner at left, top
    (units of the frame)."""
    import shapely
    from contourpy import FillType, contour_generator

    padded = np.pad(np.asarray(cover, np.float64), 1)
    across, down = (side * (np.arange(count) - 0.5) for count in (padded.shape[1], padded.shape[0]))
    lines: Any = contour_generator(FINE * (left + across), FINE * (top + down), padded, fill_type=FillType.OuterOffset)
    points, offsets = lines.filled(0.5, np.inf)
    polygons = []
    for corners, ends in zip(points, offsets, strict=True):
        rings = [corners[start:end] for start, end in pairwise(ends)]
        polygons.append(shapely.Polygon(rings[0], rings[1:]))
    return together(shapely.make_valid(polygon) for polygon in polygons) if polygons else nothing()


def item_outline(area: Area, nested: bool, closed_by: float = CLOSED_BY, apart: float = APART) -> Outline:
    """Rings in the local frame around an area in fine units: they hold all of it, in at most MAX_CORNERS corners each.
    Where nothing is to be nested in it, gaps up to twice `closed_by` are closed, and holes, and there is room around it
    of `apart`."""
    import shapely

    grown = area.buffer(FINE * (apart if nested else closed_by), quad_segs=3)
    if not nested:
        closed = grown.buffer(-FINE * (closed_by - apart), quad_segs=3)
        grown = shapely.union_all([shapely.Polygon(part.exterior) for part in shapely.get_parts(closed)])
    return _rings(_simple(_without_specks(grown), 1.0, MAX_CORNERS))


def container_outline(area: Area) -> Outline:
    """Rings, in the local frame, of an area in fine units: all of them lie in it, few corners each."""
    return _rings(_simple(_without_specks(area), -1.0, MAX_WALL_CORNERS))


def _without_specks(area: Area) -> Area:
    """The area without parts and holes that are too small to matter."""
    import shapely

    least = SPECK * area.area
    kept = []
    for part in shapely.get_parts(area):
        if part.area >= least:
            holes = [hole for hole in part.interiors if shapely.Polygon(hole).area >= least]
            kept.append(shapely.Polygon(part.exterior, holes))
    return shapely.union_all(kept)


def _simple(area: Area, side: float, most: int) -> Area:
    """An area of at most so many corners a ring that holds this one (side 1), or that it holds (side -1): what is moved
    outward by a tolerance and then off by as much at the most has nothing cut away."""
    tolerance = FIRST_TOLERANCE
    while True:
        reach = FINE * tolerance
        found = area.buffer(side * reach, quad_segs=2).simplify(reach)
        if max((len(ring) for ring in _rings(found)), default=0) <= most:
            return found
        tolerance *= COARSER


def _rings(area: Area) -> Outline:
    """The rings of an area in fine units, in the local frame, the last point not repeated."""
    import shapely

    return tuple(
        shapely.get_coordinates(ring)[:-1] / FINE
        for part in shapely.get_parts(area)
        if part.geom_type == "Polygon" and not part.is_empty
        for ring in (part.exterior, *part.interiors)
    )


def area_of_rings(outline: Outline) -> float:
    """The area within rings, some of which are holes in others."""
    import shapely

    polygons = [shapely.Polygon(ring) for ring in outline]
    total = polygons[0] if polygons else shapely.Polygon()
    for polygon in polygons[1:]:
        total = total.symmetric_difference(polygon)
    return float(total.area)
