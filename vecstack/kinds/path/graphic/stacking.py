"""Parts of a picture laid over one another: each goes on under those that lie on it."""

from __future__ import annotations

import heapq
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from PIL import Image, ImageChops, ImageDraw

from vecstack.kinds.path.graphic.curves import SHARP_POINTS, Outline, outline_of
from vecstack.kinds.path.graphic.edges import Edge, boxes_of, edges_of, grown
from vecstack.kinds.path.graphic.evidence import over_of
from vecstack.kinds.path.graphic.hidden import Hidden, completed, pushed_under
from vecstack.kinds.path.graphic.reach import Reach, without_strokes
from vecstack.kinds.path.graphic.seeds import Parts
from vecstack.winding import area_of

MIN_AREA = 0.7  # px, of a loop
SAME = 2.5 / 255  # difference of the colours of what may be one shape, hidden in between
OPAQUE = 0.98  # cover of a part that hides what is below
TAIL_WIDTH, TAIL_PX = 0.9, 0.8  # px: of the end of a notch, at most, and how near what it ends is
MISSED_PX = 3  # pixels that edges may get wrong, more than lines along them
AROUND_PX = 16  # px around a shape and what lies over it that are looked at
TRIES = 6  # how often what hides an edge is taken away, to find a way for it


@dataclass(frozen=True)
class Shape:
    """A shape of one fill: the part that its fill is of, all parts that are seen of it, and its closed edges [N,2]."""

    part: int
    members: tuple[int, ...]
    loops: tuple[np.ndarray, ...]

    def outlines(self, error: float) -> tuple[Outline, ...]:
        """Its edges as few pieces within an error, px."""
        found = (outline_of(loop, error) for loop in self.loops)
        return tuple(outline for outline in found if outline is not None)


def shapes_of(parts: Parts, ground: np.ndarray, strokes: Sequence[int] = (), reach: Reach | None = None) -> list[Shape]:
    """The shapes of all parts but the ground's [K], lowest first. Strokes over others are the highest: what is beside
    them goes on to their middle, or as far as `reach` says."""
    rest, veil = parts, np.zeros(parts.part.shape, bool)
    if strokes:
        rest, veil = without_strokes(parts, strokes, ground, reach)
        ground = ground | np.isin(np.arange(parts.count), strokes)
    boxes = boxes_of(rest.part, rest.count)
    is_drawn = ~ground & (boxes[:, 2] > 0)
    edges = [_edges(rest, number, boxes) if boxes[number, 2] else [] for number in range(rest.count)]
    area = np.array([max((area_of(edge.points) for edge in own), default=0.0) for own in edges])
    beside = neighbours(rest.part, rest.count)
    group = _groups(rest, is_drawn, beside, area)
    over = over_of(edges, ground, group)
    order = _order(group, np.unique(group[is_drawn]), over, np.bincount(group, area, rest.count))
    rank = np.full(rest.count, -1)
    rank[order] = np.arange(len(order))
    rank = np.where(is_drawn, rank[group], -1)
    found = []
    for number in order:
        members = np.flatnonzero((group == number) & is_drawn)
        found += _shapes(rest, members, area, _loops(rest, members, rank, beside, boxes, veil))
    whole = boxes_of(parts.part, parts.count)
    for number in strokes:
        loops = tuple(edge.points for edge in _edges(parts, number, whole) if abs(area_of(edge.points)) >= MIN_AREA)
        found += [Shape(number, (number,), loops)] if loops else []
    return found


def _edges(parts: Parts, number: int, boxes: np.ndarray) -> list[Edge]:
    """The closed edges of one part."""
    inside = np.zeros(parts.count, bool)
    inside[number] = True
    return edges_of(parts, inside, boxes)


def _order(
    group: np.ndarray, numbers: np.ndarray, over: Mapping[tuple[int, int], float], area: np.ndarray
) -> list[int]:
    """The groups of parts [K], lowest first: those of which least tells that they lie over one that is not yet there,
    and of these the largest."""
    weight: dict[tuple[int, int], float] = {}
    for (above, below), value in over.items():
        pair = int(group[above]), int(group[below])
        if pair[0] != pair[1]:
            weight[pair] = weight.get(pair, 0) + value
            weight[pair[::-1]] = weight.get(pair[::-1], 0) - value
    higher: dict[int, list[tuple[int, float]]] = {}
    waiting = dict.fromkeys(numbers.tolist(), 0.0)
    for (above, below), value in weight.items():
        if value > 0:
            higher.setdefault(below, []).append((above, value))
            waiting[above] += value
    heap = [(value, -area[number], number) for number, value in waiting.items()]
    heapq.heapify(heap)
    found: list[int] = []
    while heap:
        value, _, number = heapq.heappop(heap)
        if waiting.get(number) != value:
            continue
        found.append(number)
        del waiting[number]
        for above, less in higher.get(number, ()):
            if above in waiting:
                waiting[above] -= less
                heapq.heappush(heap, (waiting[above], -area[above], above))
    return found


def _groups(parts: Parts, is_drawn: np.ndarray, beside: list[set[int]], area: np.ndarray) -> np.ndarray:
    """A number [K] for each part, the same for those of one colour that touch, or that a part between them may hide:
    one that is, with all that may be one shape with it, smaller than they together."""
    loose = _united(parts, is_drawn, beside)
    return _united(parts, is_drawn, beside, np.bincount(loose, area, parts.count)[loose])


def _united(parts: Parts, is_drawn: np.ndarray, beside: list[set[int]], size: np.ndarray | None = None) -> np.ndarray:
    """Numbers [K] of parts of one colour that touch, or have a neighbour in common which may lie over them: of less
    `size` [K], if that counts."""
    root = list(range(parts.count))
    _, shade = np.unique(parts.colors, axis=0, return_inverse=True)
    shade = shade.ravel()

    def find(number: int) -> int:
        while root[number] != number:
            number = root[number]
        return number

    for between in np.flatnonzero(is_drawn).tolist():
        own = [number for number in beside[between] if is_drawn[number]]
        first: dict[int, int] = {}  # of each shade
        for number in (number for number in own if size is None or size[number] > size[between]):
            root[find(number)] = find(first.setdefault(int(shade[number]), number))
        around = list(first.values())
        pairs = [(one, other) for index, one in enumerate(around) for other in around[:index]]
        for one, other in pairs + [(between, number) for number in own]:
            if np.abs(parts.colors[one] - parts.colors[other]).max() < SAME:
                root[find(one)] = find(other)
    return np.array([find(number) for number in range(parts.count)])


def _loops(
    parts: Parts, members: np.ndarray, rank: np.ndarray, beside: list[set[int]], boxes: np.ndarray, veil: np.ndarray
) -> list[tuple[np.ndarray, set[int]]]:
    """The closed edges of some parts, in pixels, with the members that are seen along each; where parts above have the
    edge, it is hidden below them if it can be, and they are left out if it cannot."""
    is_member = np.zeros(parts.count, bool)
    is_member[members] = True
    hides = rank > rank[members[0]]
    if parts.colors.shape[1] == 4:
        hides &= parts.colors[:, 3] > OPAQUE
    own = boxes[_above(members, hides, beside)]
    top, left = corner = np.maximum(own[:, :2].min(0) - AROUND_PX, 0)
    window = np.s_[top : own[:, 2].max() + AROUND_PX, left : own[:, 3].max() + AROUND_PX]
    parts, veil, boxes = parts.within(window), veil[window], boxes - np.tile(corner, 2)
    wide = grown(veil, 1)
    allowed, left_out = hides[parts.part], np.zeros(parts.count, bool)
    for attempt in range(TRIES):
        over = hides & ~left_out if attempt < TRIES - 1 else np.zeros(parts.count, bool)
        found, blockers = [], set()
        for edge in edges_of(parts, _above(members, over, beside), boxes):
            if abs(area_of(edge.points)) < MIN_AREA:
                continue
            seen = is_member[edge.inner]
            if not seen.any() and area_of(edge.points) > 0:
                continue
            is_beside = seen & (edge.outer >= 0) & (hides & ~over)[edge.outer]
            points, soft = pushed_under(edge.points, is_beside, allowed)
            columns, rows = np.floor(edge.points).astype(np.int64).T
            soft = soft | wide[np.clip(rows, 0, len(veil) - 1), np.clip(columns, 0, veil.shape[1] - 1)]
            way, blocking = completed(Hidden(points, seen, soft, edge.inner), allowed)
            blockers |= blocking
            found.append((way, set(np.unique(edge.inner[seen]).tolist())))
        if not blockers and _fits(parts, is_member, allowed, veil, [loop for loop, _ in found]):
            break
        if not blockers:
            left_out |= hides
        left_out[list(blockers)] = True
    return [(loop + corner[::-1], seen) for loop, seen in found]


def _shapes(
    parts: Parts, members: np.ndarray, area: np.ndarray, loops: Sequence[tuple[np.ndarray, set[int]]]
) -> list[Shape]:
    """The shapes that hang together, of closed edges and the members that are seen along each."""
    outer = [(loop, seen) for loop, seen in loops if area_of(loop) >= MIN_AREA]
    outer.sort(key=lambda own: -area_of(own[0]))
    holes: list[list[np.ndarray]] = [[] for _ in outer]
    inner = [loop for loop, _ in loops if area_of(loop) <= -MIN_AREA]
    for number, hole in enumerate(inner):
        around = [index for index, (loop, _) in enumerate(outer) if _holds(loop, hole[0])]
        if around and not _is_tail(hole, [outer[around[-1]][0], *inner[:number], *inner[number + 1 :]]):
            holes[around[-1]].append(hole)
    found = []
    for (loop, seen), own in zip(outer, holes, strict=True):
        inside = sorted(seen & set(members.tolist()))
        found.append(Shape(max(inside, key=lambda number: area[number]), tuple(inside), (loop, *own)))
    return found


def nested(loops: Sequence[np.ndarray]) -> list[tuple[np.ndarray, ...]]:
    """Closed edges [N,2] by what they hold: each outer one and the holes in it."""
    outer = sorted((loop for loop in loops if area_of(loop) > 0), key=area_of)
    found = [[loop] for loop in outer]
    for hole in (loop for loop in loops if area_of(loop) < 0):
        around = (own for own in found if _holds(own[0], hole[0]))
        next(around, []).append(hole)
    return [tuple(own) for own in found]


def _is_tail(hole: np.ndarray, others: Sequence[np.ndarray]) -> bool:
    """Whether a hole [N,2] is what pixels leave of the end of a thin notch in the edge around it, the first of the
    other edges: as thin, and a corner from one of these."""
    around = float(np.hypot(*(np.roll(hole, -1, 0) - hole).T).sum())
    if len(others[0]) < SHARP_POINTS or abs(area_of(hole)) > TAIL_WIDTH * around / 2:
        return False
    return any(np.hypot(*(hole[:, None] - other).transpose(2, 0, 1)).min() < TAIL_PX for other in others)


def _fits(
    parts: Parts, is_member: np.ndarray, allowed: np.ndarray, veil: np.ndarray, loops: Sequence[np.ndarray]
) -> bool:
    """Whether closed edges hold the pixels of the members, but for those next to them and those below a veil, and none
    that they may not, but for lines along them."""
    image = Image.new("1", parts.part.shape[::-1])
    for loop in loops:
        own = Image.new("1", image.size)
        ImageDraw.Draw(own).polygon([(x - 0.5, y - 0.5) for x, y in loop.tolist()], fill=1)
        image = ImageChops.logical_xor(image, own)
    held, seen = np.asarray(image), is_member[parts.part]
    lost = seen & ~grown(held, 1) & ~veil
    more = ~grown(~held | seen | allowed, 1)
    return bool(np.count_nonzero(lost) <= MISSED_PX and np.count_nonzero(more) <= MISSED_PX)


def _holds(loop: np.ndarray, point: np.ndarray) -> bool:
    """Whether a point is within a closed edge [N,2]."""
    after = np.roll(loop, -1, 0)
    crosses = (loop[:, 1] > point[1]) != (after[:, 1] > point[1])
    a, b = loop[crosses], after[crosses]
    at = a[:, 0] + (point[1] - a[:, 1]) / (b[:, 1] - a[:, 1]) * (b[:, 0] - a[:, 0])
    return bool((at > point[0]).sum() % 2)


def _above(members: np.ndarray, over: np.ndarray, beside: list[set[int]]) -> np.ndarray:
    """Which parts [K] are members of a shape or are `over` it [K], connected to it by others that are."""
    inside = np.zeros(len(over), bool)
    inside[members] = True
    waiting = members.tolist()
    while waiting:
        for other in beside[waiting.pop()]:
            if not inside[other] and over[other]:
                inside[other] = True
                waiting.append(other)
    return inside


def neighbours(part: np.ndarray, count: int) -> list[set[int]]:
    """The parts that each part borders on, also by corners."""
    pairs = np.concatenate([
        np.stack([one.ravel(), other.ravel()], 1)
        for one, other in (
            (part[:, 1:], part[:, :-1]), (part[1:], part[:-1]), (part[1:, 1:], part[:-1, :-1]),
            (part[1:, :-1], part[:-1, 1:]),
        )
    ])  # fmt: skip
    pairs = np.unique(pairs[pairs[:, 0] != pairs[:, 1]], axis=0)
    found: list[set[int]] = [set() for _ in range(count)]
    for a, b in pairs.tolist():
        found[a].add(b)
        found[b].add(a)
    return found
