"""Areas: outlines filled, stroked, cut out of one another, with the package skia-pathops.

Its numbers have 24 bits and its tolerances suit shapes of tens to thousands of units: callers give outlines in such
units."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any

from vecstack.errors import PictureError
from vecstack.extras import install
from vecstack.geometry import Affine
from vecstack.importing.left_out import LeftOut
from vecstack.importing.outlines import Contour, Outline, Point, area, bounds, closed, count, length, line_to, moved
from vecstack.importing.values import scale

MAX_POINTS = 20_000  # of an outline that is made simple: some seconds
MAX_DASHES = 10_000
SAME_AREA = 1e-4  # of an outline's area: less than this is rounding


@dataclass(frozen=True)
class Stroke:
    """How a line is drawn along an outline: widths and dashes in the outline's units."""

    width: float
    cap: str = "butt"
    join: str = "miter"
    miter_limit: float = 4.0
    dashes: tuple[float, ...] = ()
    dash_offset: float = 0.0


def need_pathops() -> Any:
    """The package. Raises PictureError where it is not installed."""
    try:
        import pathops
    except ImportError as error:
        raise PictureError(f"importing needs the package skia-pathops. {install('svg')}") from error
    return pathops


def filled(outline: Outline, rule: str, left_out: LeftOut) -> Outline:
    """What an outline covers by a rule ("nonzero" or "evenodd"), as closed contours that do not overlap: themselves
    where they did not before."""
    outline = closed(outline)
    if len(outline) == 1 and _is_convex_looking(outline[0]):
        return outline
    return _simple(outline, rule, left_out)


def _is_convex_looking(contour: Contour) -> bool:
    """Whether the polygon through all points turns one way, once around: then the curves do not cross."""
    points = [point for index, point in enumerate(contour.points) if not index or point != contour.points[index - 1]]
    turns, total = set(), 0.0
    for index, (bx, by) in enumerate(points):
        (ax, ay), (cx, cy) = points[index - 1], points[(index + 1) % len(points)]
        if (ax, ay) == (bx, by) or (bx, by) == (cx, cy):
            continue
        angle = math.atan2((bx - ax) * (cy - by) - (by - ay) * (cx - bx), (bx - ax) * (cx - bx) + (by - ay) * (cy - by))
        total += angle
        turns.add(angle > 0) if abs(angle) > 1e-9 else None
    return len(turns) <= 1 and abs(total) < 7


def _simple(outline: Outline, rule: str, left_out: LeftOut) -> Outline:
    """Contours that do not overlap. If they did not before, and all holes are cut by the other direction, the area that
    is covered is the signed area: they are kept as they are."""
    if count(outline) > MAX_POINTS:
        left_out.add("overlaps within paths of very many points")
        return outline
    pathops = need_pathops()
    path = _to_path(outline)
    path.fillType = pathops.FillType.EVEN_ODD if rule == "evenodd" else pathops.FillType.WINDING
    try:
        path.simplify(fix_winding=True)
    except pathops.PathOpsError:
        left_out.add("overlaps within paths that cannot be told apart")
        return outline
    result = _from_path(path)
    before, after = abs(area(outline)), abs(area(result))
    return outline if abs(before - after) <= SAME_AREA * after else result


def stroked(outline: Outline, stroke: Stroke, place: Affine, left_out: LeftOut) -> Outline:
    """What a stroke along an outline covers where `place` takes it, as contours that do not overlap."""
    pathops = need_pathops()
    size = math.sqrt(abs(place.determinant))
    if not size or stroke.width <= 0 or not outline:
        return ()
    path = _to_path(moved(outline, scale(size, size)))
    caps, joins = pathops.LineCap, pathops.LineJoin
    cap = {"round": caps.ROUND_CAP, "square": caps.SQUARE_CAP}.get(stroke.cap, caps.BUTT_CAP)
    join = {"round": joins.ROUND_JOIN, "bevel": joins.BEVEL_JOIN}.get(stroke.join, joins.MITER_JOIN)
    dashes = _dashes(stroke, outline, left_out)
    path.stroke(
        stroke.width * size,
        cap,
        join,
        stroke.miter_limit,
        [dash * size for dash in dashes] or None,
        stroke.dash_offset * size,
    )
    return _simple(closed(moved(_from_path(path), place.after(scale(1 / size, 1 / size)))), "nonzero", left_out)


def _dashes(stroke: Stroke, outline: Outline, left_out: LeftOut) -> tuple[float, ...]:
    """The dashes, an even number of them; none where they are all 0 or would be too many."""
    dashes = stroke.dashes * (1 + len(stroke.dashes) % 2)
    period = sum(dashes)
    if period <= 0 or min(dashes) < 0:
        return ()
    if length(outline) / period * len(dashes) > MAX_DASHES:
        left_out.add("dashes too fine to draw")
        return ()
    return dashes


def cut(outline: Outline, other: Outline, left_out: LeftOut) -> Outline:
    """The outline without what the other covers; itself where they do not meet."""
    return _combined("DIFFERENCE", outline, other, left_out)


def common(outline: Outline, other: Outline, left_out: LeftOut) -> Outline:
    """What both cover; the outline itself where it lies in the other."""
    return _combined("INTERSECTION", outline, other, left_out)


def together(outlines: list[Outline], left_out: LeftOut) -> Outline:
    """What any of several outlines covers."""
    result: Outline = ()
    for outline in outlines:
        result = _combined("UNION", result, outline, left_out) if result else outline
    return result


def meet(outline: Outline, other: Outline, left_out: LeftOut) -> bool:
    """Whether two outlines have an area in common."""
    if not outline or not other or not bounds(outline).meets(bounds(other)):
        return False
    return abs(area(common(outline, other, left_out))) > SAME_AREA * abs(area(outline))


def _combined(operation: str, outline: Outline, other: Outline, left_out: LeftOut) -> Outline:
    pathops = need_pathops()
    if count(outline) + count(other) > MAX_POINTS:
        left_out.add("clips of paths of very many points")
        return outline
    try:
        path = pathops.op(_to_path(outline), _to_path(other), getattr(pathops.PathOp, operation), fix_winding=True)
    except pathops.PathOpsError:
        left_out.add("clips that cannot be computed")
        return outline
    result = _from_path(path)
    size = abs(area(outline))
    return outline if operation != "UNION" and abs(size - abs(area(result))) <= SAME_AREA * size else result


def _to_path(outline: Outline) -> Any:
    """The outline in the package's own form."""
    path = need_pathops().Path()
    for contour in outline:
        path.moveTo(*contour.points[0])
        for start, first, second, end in contour.pieces:
            if first == start and second == end:
                path.lineTo(*end)
            else:
                path.cubicTo(*first, *second, *end)
        if contour.closed:
            path.close()
    return path


def _from_path(path: Any) -> Outline:
    """Closed contours of what the package gives."""
    verbs = need_pathops().PathVerb
    contours: list[list[Point]] = []
    for verb, points in path:
        if verb == verbs.MOVE:
            contours.append([points[0]])
        elif verb == verbs.LINE:
            line_to(contours[-1], points[0])
        elif verb == verbs.QUAD:
            _conic_to(contours[-1], points[0], points[1], 1.0)
        elif verb == verbs.CONIC:
            _conic_to(contours[-1], *points)
        elif verb == verbs.CUBIC:
            contours[-1] += points
    return closed(tuple(Contour(tuple(points), True) for points in contours))


def _conic_to(points: list[Point], handle: Point, end: Point, weight: float) -> None:
    """Add a conic piece as a cubic: exact for parabolas (weight 1), off by 0.03 % of the radius for quarter circles."""
    reach = 4 * weight / (3 * (1 + weight))
    start = points[-1]
    points += [_between(start, handle, reach), _between(end, handle, reach), end]


def _between(start: Point, end: Point, share: float) -> Point:
    return start[0] + share * (end[0] - start[0]), start[1] + share * (end[1] - start[1])
