"""Outlines as exact polygons: made sound before they are packed, measured after."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from vecstack import extras
from vecstack.errors import UsageError

Outline = tuple[np.ndarray, ...]  # closed rings [V,2], the last point not repeated


def shapely() -> Any:
    """The module shapely. Raises UsageError where it is not installed."""
    try:
        import shapely as module
    except ImportError:
        raise UsageError(f"packing needs shapely. {extras.install('collage')}") from None
    return module


def polygon(rings: Sequence[np.ndarray]) -> Any:
    """What rings hold by the even-odd rule, as a sound shapely polygon or several; empty where they hold nothing."""
    module = shapely()
    held = module.Polygon()
    for ring in rings:
        points = np.asarray(ring, dtype=float).reshape(-1, 2)
        if len(points) < 3 or not np.isfinite(points).all():
            continue
        held = module.symmetric_difference(held, module.make_valid(module.Polygon(points)))
    parts = [part for part in module.get_parts(held) if part.geom_type == "Polygon"]
    return parts[0] if len(parts) == 1 else module.MultiPolygon(parts)


def rings(shape: Any) -> Outline:
    """The rings of a polygon or several: those around it counterclockwise (of positive area), those of holes
    clockwise."""
    found = []
    for part in shapely().get_parts(shape):
        found.append(_turned(part.exterior, 1.0))
        found.extend(_turned(hole, -1.0) for hole in part.interiors)
    return tuple(found)


def _turned(ring: Any, sign: float) -> np.ndarray:
    """The points of a ring, whose area has a sign."""
    points = np.array(ring.coords)[:-1, :2]
    return points if signed_area(points) * sign > 0 else points[::-1].copy()


def signed_area(points: np.ndarray) -> float:
    """The area of a ring [V,2], positive where it goes round counterclockwise."""
    x, y = (points - points[0]).T
    return float(x @ np.roll(y, -1) - y @ np.roll(x, -1)) / 2


def measured(placed: Sequence[Any], container: Any) -> tuple[float, float, float]:
    """Coverage, overlap and what lies outside, as shares of the container's area: of polygons in a polygon. Overlap is
    the sum over pairs."""
    module = shapely()
    items = np.array(placed, object)
    first, second = touching(placed)
    overlap = module.area(module.intersection(items[first], items[second])).sum()
    module.prepare(container)
    parts = items if not len(first) else np.array([module.union_all(items)], object)
    beyond = module.area(module.difference(parts[~module.covers(container, parts)], container)).sum()
    shares = module.area(parts).sum() - beyond, overlap, beyond
    return tuple(float(share / container.area) for share in shares)  # type: ignore[return-value]


def hull(placed: Sequence[Any]) -> Any:
    """The convex hull of polygons."""
    return shapely().convex_hull(shapely().union_all(placed))


def touching(placed: Sequence[Any]) -> tuple[np.ndarray, np.ndarray]:
    """The pairs of polygons that have a point in common: first and second [M], the first below the second."""
    if not len(placed):
        return np.zeros(0, int), np.zeros(0, int)
    first, second = shapely().STRtree(placed).query(placed, predicate="intersects")
    once = first < second
    return first[once], second[once]
