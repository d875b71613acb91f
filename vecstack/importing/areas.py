"""Areas: outlines filled, stroked, cut out of one another, with the package skia-pathops.

Its numbers have 24 bits and its tolerances suit shapes of tens to thousands of units: callers give outlines in such
units."""

from __future__ import annotations

import functools
import math
from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from vecstack.errors import PictureError
from vecstack.extras import install
from vecstack.geometry import Affine
from vecstack.importing.apart import divided, forward
from vecstack.importing.left_out import LeftOut
from vecstack.importing.outlines import Contour, Outline, Point, area, bounds, closed, count, length, line_to, moved
from vecstack.importing.strokes import Stroke
from vecstack.importing.values import rotation, scale
from vecstack.importing.winding import crossings, directed, grid, hull, inside

MAX_PIECES = 6_000  # of outlines that are worked out together
MAX_CROSSED = 4_000  # times that the pieces of these cross: a second
MAX_CROSSINGS = 20_000  # of all that is worked out for a drawing: some seconds
MAX_SOLUTIONS = 20_000  # of a drawing: less than a minute
MAX_WORK = 500_000  # pieces of these: about a minute
FEW_PIECES = 64  # too few to cross very often
FEW_OUTLINES = 8  # that are put together at once
MAX_DASHES = 10_000
TURNS = (0.0, 17.0, 41.0)  # degrees by which outlines are turned, one after another, until their area is right
MAX_MISSED = 3  # of the points that an area is checked at: those beside a curve
SAME_AREA = 1e-4  # of an outline's area: less than this is rounding


def need_pathops() -> Any:
    """The package. Raises PictureError where it is not installed."""
    try:
        import pathops
    except ImportError as error:
        raise PictureError(f"importing needs the package skia-pathops. {install('svg')}") from error
    return pathops


class Areas:
    """Works out areas, as long as that takes no more than a bounded time; what it cannot is left out."""

    def __init__(self, left_out: LeftOut) -> None:
        self.left_out = left_out
        self._crossings_left, self._solutions_left, self._work_left = MAX_CROSSINGS, MAX_SOLUTIONS, MAX_WORK

    def filled(self, outline: Outline, rule: str) -> Outline:
        """What an outline covers by a rule ("nonzero" or "evenodd"), as closed contours that do not overlap: themselves
        where they did not before."""
        outline = closed(outline)
        alone, rest = divided(outline)
        result = (*alone, *self._without_overlaps(rest, rule))
        # Contours that did not overlap, with holes of the other direction, cover just their signed area.
        return outline if _is_same(area(outline), area(result)) else result

    def _without_overlaps(self, outline: Outline, rule: str) -> Outline:
        """What closed contours cover by a rule, as some that do not overlap; as they are, where that takes too long."""
        if not outline:
            return outline
        path = _to_path(outline)
        if rule == "evenodd":
            path.fillType = need_pathops().FillType.EVEN_ODD
        wanted = functools.partial(inside, outline, rule=rule)
        result = self._solved(_simplified, [path], wanted, "overlaps within paths")
        return outline if result is None else result

    def stroked(self, outline: Outline, stroke: Stroke, place: Affine) -> Outline:
        """What a stroke along an outline covers where `place` takes it, as contours that do not overlap."""
        pathops = need_pathops()
        size = math.sqrt(abs(place.determinant))
        path = _to_path(moved(outline, scale(size, size)))
        caps, joins = pathops.LineCap, pathops.LineJoin
        cap = {"round": caps.ROUND_CAP, "square": caps.SQUARE_CAP}.get(stroke.cap, caps.BUTT_CAP)
        join = {"round": joins.ROUND_JOIN, "bevel": joins.BEVEL_JOIN}.get(stroke.join, joins.MITER_JOIN)
        dashes = [dash * size for dash in self._dashes(stroke, outline)] or None
        path.stroke(stroke.width * size, cap, join, stroke.miter_limit, dashes, stroke.dash_offset * size)
        drawn = _from_path(path)
        if not drawn:
            return ()
        result = self._solved(_simplified, [path], functools.partial(inside, drawn), "overlaps within strokes")
        return moved(drawn if result is None else result, place.after(scale(1 / size, 1 / size)))

    def _dashes(self, stroke: Stroke, outline: Outline) -> tuple[float, ...]:
        """The dashes, an even number of them; none where they are all 0 or would be too many."""
        dashes = stroke.dashes * (1 + len(stroke.dashes) % 2)
        period = sum(dashes)
        if period <= 0 or min(dashes) < 0:
            return ()
        if length(outline) / period * len(dashes) > MAX_DASHES:
            self.left_out.add("dashes too fine to draw")
            return ()
        return dashes

    def cut(self, outline: Outline, other: Outline) -> Outline:
        """The outline without what the other covers; itself where they do not meet."""
        return self._combined("DIFFERENCE", outline, other)

    def common(self, outline: Outline, other: Outline) -> Outline:
        """What both cover; the outline itself where it lies in the other."""
        return self._combined("INTERSECTION", outline, other)

    def together(self, outlines: Sequence[Outline]) -> Outline:
        """What any of several outlines covers. Of many, each half is put together first, which hides most crossings."""
        if len(outlines) > FEW_OUTLINES:
            outlines = [self.together(half) for half in _halves(outlines)]
        whole = tuple(contour for outline in outlines for contour in forward(outline))
        return self.filled(whole, "nonzero") if len(outlines) > 1 else whole

    def meet(self, outline: Outline, other: Outline) -> bool:
        """Whether two outlines have an area in common."""
        return bool(outline) and abs(area(self.common(outline, other))) > SAME_AREA * abs(area(outline))

    def _combined(self, operation: str, outline: Outline, other: Outline) -> Outline:
        if not outline or not other or not bounds(outline).meets(bounds(other)):
            return outline if operation == "DIFFERENCE" else ()
        pathops = need_pathops()
        kind = getattr(pathops.PathOp, operation)

        def combine(one: Any, two: Any) -> Any:
            return pathops.op(one, two, kind, fix_winding=False, keep_starting_points=False)

        def wanted(points: np.ndarray) -> np.ndarray:
            return OPERATIONS[operation](inside(outline, points), inside(other, points))

        result = self._solved(combine, [_to_path(outline), _to_path(other)], wanted, "clips and cuts")
        if result is None:
            return outline
        return outline if _is_same(area(outline), area(result)) else result

    def _solved(
        self, solve: Callable[..., Any], paths: Sequence[Any], wanted: Callable[[np.ndarray], np.ndarray], what: str
    ) -> Outline | None:
        """What `solve` makes of paths, as closed contours. The package errs at times, most often where curves touch:
        then the paths are turned, and it tries again; None, and `what` is left out, where it does not come to cover the
        points that are wanted, or would take too long."""
        pathops = need_pathops()
        outlines = [_from_path(path) for path in paths]
        can_be_solved = self._can_be_solved(outlines)
        points = grid(hull(outlines)) if can_be_solved else np.empty((0, 2))
        covered = wanted(points)
        for degrees in TURNS if can_be_solved else ():
            turn, back = (rotation(math.radians(sign * degrees)) for sign in (1, -1))
            try:
                found = solve(*(path.transform(turn.a, turn.d, turn.b, turn.e, 0, 0) for path in paths))
            except pathops.PathOpsError:
                continue
            result = directed(moved(_from_path(found), back))
            if np.count_nonzero(inside(result, points) != covered) <= MAX_MISSED:
                return result
        self.left_out.add(f"{what} that cannot be worked out")
        return None

    def _can_be_solved(self, outlines: Sequence[Outline]) -> bool:
        """Whether outlines are simple enough, so that it takes a bounded time."""
        pieces = sum(map(count, outlines)) // 3
        self._solutions_left -= 1
        if pieces > MAX_PIECES or self._solutions_left < 0 or self._work_left < pieces:
            return False
        self._work_left -= pieces
        crossed = crossings(outlines) if pieces > FEW_PIECES else 0
        self._crossings_left -= min(crossed, MAX_CROSSED)
        return crossed <= MAX_CROSSED and self._crossings_left >= 0


OPERATIONS: dict[str, Callable[[np.ndarray, np.ndarray], np.ndarray]] = {
    "INTERSECTION": np.logical_and,
    "DIFFERENCE": lambda one, other: one & ~other,
}


def _simplified(path: Any) -> Any:
    path.simplify(fix_winding=False, keep_starting_points=False)
    return path


def _halves(outlines: Sequence[Outline]) -> list[list[Outline]]:
    """Outlines in two halves, one beside the other."""
    starts = np.array([outline[0].points[0] for outline in outlines])
    order = np.argsort(starts[:, np.ptp(starts, axis=0).argmax()], kind="stable").tolist()
    middle = len(order) // 2
    return [[outlines[index] for index in half] for half in (order[:middle], order[middle:])]


def _is_same(one: float, other: float) -> bool:
    """Whether two signed areas are as large."""
    return abs(abs(one) - abs(other)) <= SAME_AREA * abs(one)


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
