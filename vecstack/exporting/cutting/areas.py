"""Areas and what is left, shared and covered by several of them, with the package shapely.

Areas are polygons whose corners lie on a grid: there shapely's operations (GEOS, with snap rounding) do not fail, and
what touches keeps touching. The module `curves` makes them of curves, and curves of them."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any

import numpy as np

from vecstack.errors import ExportError
from vecstack.extras import install
from vecstack.geometry import Rect
from vecstack.winding import windings

GRID = 2.0**-12  # units in which corners are whole numbers: far below what is seen of some thousand units

Area = Any  # a polygon, several, or an empty geometry of shapely


def need_shapely() -> Any:
    """The package. Raises ExportError where it is not installed."""
    try:
        import shapely
    except ImportError as error:
        raise ExportError(f"cutting layers out of one another needs shapely. {install('dxf')}") from error
    return shapely


def rectangle(rect: Rect) -> Area:
    """A rectangle."""
    return need_shapely().box(rect.x, rect.y, rect.x + rect.width, rect.y + rect.height)


def nothing() -> Area:
    """The empty area."""
    return need_shapely().Polygon()


def less(area: Area, other: Area) -> Area:
    """The area without another."""
    return _polygons(need_shapely().difference(area, other, grid_size=GRID))


def common(area: Area, other: Area) -> Area:
    """What two areas share."""
    return _polygons(need_shapely().intersection(area, other, grid_size=GRID))


def together(areas: Iterable[Area]) -> Area:
    """What any of several areas covers."""
    return _polygons(need_shapely().unary_union(list(areas), grid_size=GRID))


def grown(area: Area, reach: float) -> Area:
    """The area and what is nearer to it than `reach`."""
    return need_shapely().set_precision(area.buffer(reach, quad_segs=4), GRID)


def parts(area: Area) -> list[Area]:
    """The connected parts of an area."""
    return [part for part in need_shapely().get_parts(area) if part.area]


def _polygons(area: Area) -> Area:
    """The area without points and lines, as which areas that only touch may meet."""
    if area.geom_type != "GeometryCollection":
        return area if area.geom_type in ("Polygon", "MultiPolygon") else nothing()
    shapely = need_shapely()
    found = [part for part in shapely.get_parts(area) if part.geom_type == "Polygon"]
    return shapely.multipolygons(found) if found else nothing()


def covered(rings: Sequence[np.ndarray]) -> Area:
    """What closed polygons [N,2] cover (nonzero rule)."""
    shapely = need_shapely()
    rings = [ring for ring in rings if len(ring) > 2]
    if not rings:
        return nothing()
    if len(rings) == 1 and (polygon := shapely.Polygon(rings[0])).is_valid:
        return polygon
    lines = shapely.unary_union([shapely.LinearRing(ring) for ring in rings], grid_size=GRID)
    faces = shapely.get_parts(shapely.polygonize(shapely.get_parts(lines)))
    if not len(faces):
        return nothing()
    points = shapely.get_coordinates(shapely.point_on_surface(faces))
    starts, ends = np.concatenate(rings), np.concatenate([np.roll(ring, -1, 0) for ring in rings])
    return together(faces[windings(starts, ends, points) != 0])
