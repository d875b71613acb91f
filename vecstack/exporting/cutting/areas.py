"""Areas and what is left, shared and covered by several of them, with the package skia-pathops.

Its numbers have 24 bits and its tolerances suit shapes of tens to thousands of units: areas are in such units, and
outlines come and go through an affine map."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any

from vecstack.errors import ExportError
from vecstack.extras import install
from vecstack.geometry import Affine, Rect
from vecstack.kinds.base import Curve

Point = tuple[float, float]
TURNS = (0.0, 17.0, 41.0, 73.0)  # degrees by which areas are turned, one after another, until the result is right
SAME = 1e-5  # of the areas' sizes: less than this is rounding
SPOTS = 8  # on each side of a grid at whose points a result is checked
MAX_MISSED = 2  # of these points: those beside an edge
PIECES = 16  # straight ones in the place of a curve, the last thing that is tried


def need_pathops() -> Any:
    """The package. Raises ExportError where it is not installed."""
    try:
        import pathops
    except ImportError as error:
        raise ExportError(f"cutting layers out of one another needs skia-pathops. {install('dxf')}") from error
    return pathops


@dataclass(frozen=True)
class Area:
    """A part of the plane, as the package's path of closed curves that do not overlap; holes run clockwise."""

    path: Any

    @property
    def size(self) -> float:
        """In square units."""
        return abs(float(self.path.area))

    @property
    def bounds(self) -> Rect:
        """A rectangle that holds it."""
        left, top, right, bottom = self.path.controlPointBounds
        return Rect(left, top, right - left, bottom - top)

    def holds(self, point: Point) -> bool:
        """Whether a point lies in it."""
        return bool(self.path.contains(point))

    def parts(self) -> list[Area]:
        """Its connected parts: each outer contour with the holes in it."""
        contours = [_closed(points) for points in contours_of(self.path)]
        outer = [[contour] for contour in contours if not contour.path.clockwise]
        for hole in contours:
            around = [part for part in outer if part[0] is not hole and _is_around(part[0], hole)]
            if hole.path.clockwise and around:
                min(around, key=lambda part: part[0].size).append(hole)
        return [joined(part) for part in outer]


def joined(areas: Iterable[Area]) -> Area:
    """Areas that do not overlap, as one."""
    path = need_pathops().Path()
    for area in areas:
        path.addPath(area.path)
    return Area(path)


def _is_around(outer: Area, inner: Area) -> bool:
    """Whether most points of a contour lie within another, which it may touch."""
    if not inner.bounds.meets(outer.bounds):
        return False
    points = contours_of(inner.path)[0][::3]
    return 2 * sum(map(outer.holds, points)) > len(points)


def area_of(outline: Sequence[Curve], place: Affine) -> Area:
    """What closed curves cover (nonzero rule) where a map takes them."""
    path = need_pathops().Path()
    for curve in outline:
        _add(path, [place.apply(*point) for point in curve])
    return _untangled(Area(path)) if outline else Area(path)


def grown(area: Area, reach: float) -> Area:
    """The area and what is nearer to it than `reach`."""
    pathops = need_pathops()
    edge = pathops.Path(area.path)
    edge.stroke(2 * reach, pathops.LineCap.ROUND_CAP, pathops.LineJoin.ROUND_JOIN, 4)
    edge.convertConicsToQuads()
    return together(area, _untangled(Area(edge)))


def _untangled(area: Area) -> Area:
    """What closed curves that may overlap cover (nonzero rule)."""
    rect = area.bounds
    around = rectangle(Rect(rect.x - 1, rect.y - 1, rect.width + 2, rect.height + 2))

    def untangle(area: Area, around: Area) -> tuple[Area, float]:
        simple = _combined("INTERSECTION", area, around)
        return simple, simple.size - _combined("INTERSECTION", simple, around).size

    return _checked([area, around], untangle, area.holds)


def rectangle(rect: Rect) -> Area:
    """A rectangle."""
    path = need_pathops().Path()
    corners = (0, 0), (rect.width, 0), (rect.width, rect.height), (0, rect.height)
    path.moveTo(rect.x, rect.y)
    for x, y in corners[1:]:
        path.lineTo(rect.x + x, rect.y + y)
    path.close()
    return Area(path)


def outline_of(area: Area, place: Affine) -> tuple[Curve, ...]:
    """Its edge as closed curves where a map takes it; holes run the other way."""
    return tuple(tuple(place.apply(*point) for point in points) for points in contours_of(area.path))


def less(area: Area, other: Area) -> Area:
    """The area without another."""
    if not area.bounds.meets(other.bounds):
        return area

    def cut(one: Area, two: Area) -> tuple[Area, float]:
        rest, shared = _combined("DIFFERENCE", one, two), _combined("INTERSECTION", one, two)
        return rest, rest.size + shared.size - one.size

    return _checked([area, other], cut, lambda point: area.holds(point) and not other.holds(point))


def common(area: Area, other: Area) -> Area:
    """What two areas share."""

    def share(one: Area, two: Area) -> tuple[Area, float]:
        rest, shared = _combined("DIFFERENCE", one, two), _combined("INTERSECTION", one, two)
        return shared, rest.size + shared.size - one.size

    return _checked([area, other], share, lambda point: area.holds(point) and other.holds(point))


def together(area: Area, other: Area) -> Area:
    """What two areas cover."""

    def unite(one: Area, two: Area) -> tuple[Area, float]:
        whole, shared = _combined("UNION", one, two), _combined("INTERSECTION", one, two)
        return whole, whole.size + shared.size - one.size - two.size

    return _checked([area, other], unite, lambda point: area.holds(point) or other.holds(point))


def _combined(operation: str, one: Area, two: Area) -> Area:
    pathops = need_pathops()
    kind = getattr(pathops.PathOp, operation)
    return Area(pathops.op(one.path, two.path, kind, keep_starting_points=False))


def _checked(
    areas: Sequence[Area],
    combine: Callable[..., tuple[Area, float]],
    is_wanted: Callable[[Point], bool],
) -> Area:
    """What `combine` makes of areas; it also says how far sizes that must add up do not. The package errs at times,
    most often where curves touch: then the areas are turned, and at last made straight, and it tries again, until the
    result covers the points that are wanted and sizes add up. Raises ExportError where they never do."""
    spots, rounding = list(_spots(areas)), SAME * sum(area.size for area in areas)
    wanted = [is_wanted(spot) for spot in spots]
    ways = [(turn, False) for turn in TURNS] + [(turn, True) for turn in TURNS]
    for degrees, straight in ways:
        turn, back = (_turned(math.radians(sign * degrees)) for sign in (1, -1))
        tried = [_straightened(area) for area in areas] if straight else areas
        try:
            turned, amiss = combine(*(_moved(area, turn) for area in tried))
        except need_pathops().PathOpsError:
            continue
        result = _moved(turned, back)
        missed = sum(result.holds(spot) != want for spot, want in zip(spots, wanted, strict=True))
        if missed <= MAX_MISSED and abs(amiss) <= rounding:
            return result
    raise ExportError("the outlines of two layers cannot be cut apart. Simplify the layers, or export without cutout.")


def _spots(areas: Sequence[Area]) -> Iterator[Point]:
    """Points of a grid over where all areas may be, or else over the first."""
    rect = areas[0].bounds
    for area in areas[1:]:
        rect = rect.overlap(area.bounds) or rect
    for row in range(SPOTS):
        for column in range(SPOTS):
            yield rect.x + rect.width * (column + 0.47) / SPOTS, rect.y + rect.height * (row + 0.53) / SPOTS


def _turned(angle: float) -> Affine:
    return Affine(math.cos(angle), -math.sin(angle), 0.0, math.sin(angle), math.cos(angle), 0.0)


def _moved(area: Area, place: Affine) -> Area:
    if place.b == 0 and place.a == 1:
        return area
    return Area(area.path.transform(place.a, place.d, place.b, place.e, place.c, place.f))


def _straightened(area: Area) -> Area:
    """The area with straight pieces in the place of curves."""
    path = need_pathops().Path()
    for points in contours_of(area.path):
        path.moveTo(*points[0])
        for at in range(0, len(points) - 1, 3):
            for step in range(1, PIECES + 1):
                path.lineTo(*on_piece(points[at : at + 4], step / PIECES))
        path.close()
    return Area(path)


def on_piece(piece: Sequence[Point], share: float) -> Point:
    """The point of a cubic piece (four points) at a parameter 0..1."""
    weights = (1 - share) ** 3, 3 * (1 - share) ** 2 * share, 3 * (1 - share) * share**2, share**3
    x, y = (sum(weight * point[axis] for weight, point in zip(weights, piece, strict=True)) for axis in (0, 1))
    return x, y


def _closed(points: Sequence[Point]) -> Area:
    path = need_pathops().Path()
    _add(path, points)
    return Area(path)


def _add(path: Any, points: Sequence[Point]) -> None:
    """Add a closed curve to the package's path; pieces that look straight as lines."""
    path.moveTo(*points[0])
    for at in range(0, len(points) - 1, 3):
        start, first, second, end = points[at : at + 4]
        if is_straight(start, first, second, end):
            path.lineTo(*end)
        else:
            path.cubicTo(*first, *second, *end)
    path.close()


def is_straight(start: Point, first: Point, second: Point, end: Point) -> bool:
    """Whether a cubic piece is a straight line: both handles lie on the way from its start to its end."""
    x, y = end[0] - start[0], end[1] - start[1]
    length = x * x + y * y
    if length == 0:
        return first == start and second == end
    for handle in (first, second):
        dx, dy = handle[0] - start[0], handle[1] - start[1]
        if abs(dx * y - dy * x) > 1e-7 * length or not -1e-7 * length <= dx * x + dy * y <= (1 + 1e-7) * length:
            return False
    return True


def contours_of(path: Any) -> list[list[Point]]:
    """The contours of the package's path as cubic pieces: a point, then two handles and a point for each; each ends
    where it begins."""
    verbs = need_pathops().PathVerb
    contours: list[list[Point]] = []
    for verb, points in path:
        if verb == verbs.MOVE:
            contours.append([points[0]])
        elif verb == verbs.LINE:
            _line_to(contours[-1], points[0])
        elif verb == verbs.QUAD:
            start, (handle, end) = contours[-1][-1], points
            contours[-1] += [_between(start, handle, 2 / 3), _between(end, handle, 2 / 3), end]
        elif verb == verbs.CUBIC:
            contours[-1] += points
    for contour in contours:
        if contour[-1] != contour[0]:
            _line_to(contour, contour[0])
    return [contour for contour in contours if len(contour) > 1]


def _line_to(points: list[Point], end: Point) -> None:
    start = points[-1]
    points += [_between(start, end, 1 / 3), _between(start, end, 2 / 3), end]


def _between(start: Point, end: Point, share: float) -> Point:
    return start[0] + share * (end[0] - start[0]), start[1] + share * (end[1] - start[1])
