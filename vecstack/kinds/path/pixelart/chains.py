"""The edges that are seen between cells, joined into chains that become smooth curves (Kopf and Lischinski,
*Depixelizing Pixel Art*, SIGGRAPH 2011, sections 3.3 and 3.4)."""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass
from functools import cached_property

import numpy as np

from vecstack.kinds.path.pixelart.mesh import OUTSIDE, Mesh

NOWHERE = -1
SWEEPS, STEP = 150, 0.15  # of smoothing, and the share of what would be smoothest that a sweep goes
HOLD, HOLD_TIP = 0.3, 2.0  # pull back by how far a point has moved: amid straight runs, and at tips
LONG = 16  # edges of a run that are counted
TIP_TURN = np.radians(120)  # least, of a tip, at two points together
MOST = 0.45  # px that a point moves: less than to the middles of pixels


@dataclass(frozen=True)
class Chains:
    """Points [P,2] in pixels that control curves, uniform quadratic B-splines: which point comes `before` and `after`
    each [P] (NOWHERE: a curve ends here), and which `node` [P] it was. `at` [N] is the point of each node on the curve
    that goes through it, or one that ends there; `of_edge` [E,2] the points of an edge that is seen, in its order."""

    points: np.ndarray
    before: np.ndarray
    after: np.ndarray
    node: np.ndarray
    at: np.ndarray
    of_edge: np.ndarray

    @cached_property
    def is_end(self) -> np.ndarray:
        """Which points [P] are ends."""
        found: np.ndarray = (self.before == NOWHERE) | (self.after == NOWHERE)
        return found

    def places(self) -> np.ndarray:
        """Where the curve passes each of its points: [P,2]."""
        points, is_end = self.points, self.is_end
        through = (points[self.before] + 6 * points + points[self.after]) / 8
        return np.where(is_end[:, None], points, through)


def seen_edges(mesh: Mesh, number: np.ndarray) -> np.ndarray:
    """Which edges [E] of a mesh are between cells of two colours."""
    padded = np.append(number.ravel(), OUTSIDE)  # OUTSIDE is the last
    found: np.ndarray = padded[mesh.sides[:, 0]] != padded[mesh.sides[:, 1]]
    return found


def chains_of(mesh: Mesh, number: np.ndarray, alike: np.ndarray) -> Chains:
    """The chains of all edges that are seen between cells [H,W] of colours, of which some are alike."""
    seen = np.flatnonzero(seen_edges(mesh, number))
    is_shade = _shades(mesh, number, alike)
    around: dict[int, list[int]] = defaultdict(list)
    for edge in seen.tolist():
        for node in mesh.ends[edge].tolist():
            around[node].append(edge)
    through: dict[tuple[int, int], int] = {}  # the edge that goes on from a node and an edge
    for node, edges in around.items():
        pair = None if mesh.rim[node] or mesh.corner[node] else _pair(mesh, node, edges, is_shade)
        if pair is not None:
            through[node, pair[0]], through[node, pair[1]] = pair[1], pair[0]
    return _traced(mesh, seen.tolist(), through)


def _shades(mesh: Mesh, number: np.ndarray, alike: np.ndarray) -> np.ndarray:
    """Which edges [E] lie between colours that are alike."""
    padded = np.append(number.ravel(), 0)
    inside = (mesh.sides != OUTSIDE).all(1)
    found: np.ndarray = inside & alike[padded[mesh.sides[:, 0]], padded[mesh.sides[:, 1]]]
    return found


def _pair(mesh: Mesh, node: int, edges: list[int], is_shade: np.ndarray) -> tuple[int, int] | None:
    """The two edges at a node that are one curve: both there are; of three, those that are no shade where one is, else
    those that turn least; of four, none."""
    if len(edges) == 2:
        return edges[0], edges[1]
    if len(edges) != 3:
        return None
    plain = [edge for edge in edges if not is_shade[edge]]
    if len(plain) == 2:
        return plain[0], plain[1]
    ways = {edge: mesh.nodes[_far(mesh, edge, node)] - mesh.nodes[node] for edge in edges}
    pairs = ((edges[0], edges[1]), (edges[0], edges[2]), (edges[1], edges[2]))
    return min(pairs, key=lambda pair: float(_cosine(ways[pair[0]], ways[pair[1]])))


def _cosine(one: np.ndarray, other: np.ndarray) -> float:
    return float(one @ other / np.sqrt((one @ one) * (other @ other)))


def _far(mesh: Mesh, edge: int, node: int) -> int:
    first, last = mesh.ends[edge]
    return int(last if first == node else first)


def _traced(mesh: Mesh, seen: list[int], through: dict[tuple[int, int], int]) -> Chains:
    """Chains of edges that go on from one to the next."""
    node_of: list[int] = []
    before: list[int] = []
    after: list[int] = []
    of_edge = np.full((len(mesh.ends), 2), NOWHERE)
    at = np.full(len(mesh.nodes), NOWHERE)
    for start in seen:
        if of_edge[start, 0] != NOWHERE:
            continue
        nodes, edges, is_closed = _one(mesh, start, through)
        first, count = len(node_of), len(nodes)
        node_of += nodes
        before += [first + count - 1 if is_closed else NOWHERE, *range(first, first + count - 1)]
        after += [*range(first + 1, first + count), first if is_closed else NOWHERE]
        for index, edge in enumerate(edges):
            ends = (first + index, first + (index + 1) % count)
            of_edge[edge] = ends if mesh.ends[edge, 0] == nodes[index] else ends[::-1]
        inner = nodes if is_closed else nodes[1:-1]
        at[inner] = first + (0 if is_closed else 1) + np.arange(len(inner))
        for place, node in () if is_closed else ((0, nodes[0]), (count - 1, nodes[-1])):
            if at[node] == NOWHERE:
                at[node] = first + place
    indices = np.array(node_of, np.int64)
    return Chains(mesh.nodes[indices], np.array(before, np.int64), np.array(after, np.int64), indices, at, of_edge)


def _one(mesh: Mesh, start: int, through: dict[tuple[int, int], int]) -> tuple[list[int], list[int], bool]:
    """The nodes and edges of the chain of an edge, and whether it is closed: its first node is then the last, too, and
    named once."""
    edges, nodes = [start], mesh.ends[start].tolist()
    while (nodes[-1], edges[-1]) in through:
        on = through[nodes[-1], edges[-1]]
        if on == start:
            return nodes[:-1], edges, True
        edges.append(on)
        nodes.append(_far(mesh, on, nodes[-1]))
    edges.reverse()
    nodes.reverse()
    while (nodes[-1], edges[-1]) in through:
        on = through[nodes[-1], edges[-1]]
        edges.append(on)
        nodes.append(_far(mesh, on, nodes[-1]))
    return nodes, edges, False


def smoothed(chains: Chains) -> Chains:
    """The chains with curves whose bend changes as little as pixels allow, so that steps become lines and arcs but
    nothing shrinks; ends on another curve follow it, other ends stay."""
    start, is_end = chains.points, chains.is_end
    own = np.arange(len(start))
    before, after = np.where(is_end, own, chains.before), np.where(is_end, own, chains.after)
    inner_before, inner_after = np.where(is_end[before], own, before), np.where(is_end[after], own, after)
    follows = np.flatnonzero(is_end & (chains.at[chains.node] != own))
    leader = chains.at[chains.node[follows]]
    hold = _holds(start, before, after)[:, None]
    points = start.copy()
    for _ in range(SWEEPS):
        normal, bend = _bends(points, before, after)
        moved = points - start
        push = bend - (bend[inner_before] + bend[inner_after]) / 2
        moved = np.where(is_end[:, None], moved, moved + STEP * (push[:, None] * normal - hold * moved))
        far = np.hypot(*moved.T)[:, None]
        points = start + moved * np.minimum(1, MOST / np.maximum(far, 1e-9))
        points[follows] = (points[before[leader]] + 6 * points[leader] + points[after[leader]]) / 8
    return Chains(points, chains.before, chains.after, chains.node, chains.at, chains.of_edge)


def _holds(points: np.ndarray, before: np.ndarray, after: np.ndarray) -> np.ndarray:
    """How strongly each point [P] is pulled back: in the middle of a straight run, where a line or a curve passes that
    was drawn as steps; at tips, and along runs from tip to tip, which are sides of something a pixel wide."""
    is_straight = (np.abs(2 * points - points[before] - points[after]) < 1e-9).all(1) & (before != after)
    tips = _tips(points, before, after)
    back, ahead = np.zeros((2, len(points)))
    tip_back, tip_ahead = tips, tips
    for _ in range(LONG):
        back, ahead = np.where(is_straight, back[before] + 1, 0), np.where(is_straight, ahead[after] + 1, 0)
        tip_back = np.where(is_straight, tip_back[before], tips)
        tip_ahead = np.where(is_straight, tip_ahead[after], tips)
    amid = 2 * np.minimum(back, ahead) / np.maximum(back + ahead, 1)
    found: np.ndarray = np.maximum(HOLD * amid**4, HOLD_TIP * (tip_back & tip_ahead))
    return found


def _tips(points: np.ndarray, before: np.ndarray, after: np.ndarray) -> np.ndarray:
    """Which points [P] are at the tip of something a pixel wide: a curve turns there and at the next point to the same
    side, by much. The steps of a line turn to and fro."""
    back, ahead = points - points[before], points[after] - points
    turn = np.arctan2(back[:, 0] * ahead[:, 1] - back[:, 1] * ahead[:, 0], (back * ahead).sum(1))
    found: np.ndarray = (np.abs(turn + turn[before]) > TIP_TURN) | (np.abs(turn + turn[after]) > TIP_TURN)
    return found


def _bends(points: np.ndarray, before: np.ndarray, after: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """The normal [P,2] of curves at their points, and how much they bend to that side there [P]: half the curvature."""
    back, ahead = points - points[before], points[after] - points
    along = back + ahead
    sides = [np.maximum(np.hypot(*way.T), 1e-6) for way in (back, ahead, along)]
    normal = np.stack([-along[:, 1], along[:, 0]], 1) / sides[2][:, None]
    cross = back[:, 0] * ahead[:, 1] - back[:, 1] * ahead[:, 0]
    return normal, cross / (sides[0] * sides[1] * sides[2])
