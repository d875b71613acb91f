"""Path layers as functions of a point: how much of the box around it lies within the shape, exactly.

The signed area of a box within closed contours is the sum, over their edges, of the area of the box to the left of each
edge, counted up where the edge leads down and the other way round. Curves become edges first, finely only where they
come near to the points."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import torch
from torch import Tensor

from vecstack.geometry import Affine
from vecstack.kinds.gradient import Gradient
from vecstack.kinds.path.layer import PathLayer

if TYPE_CHECKING:
    from vecstack.kinds.base import Shader

TOLERANCE = 0.001  # footprints that an edge may be off its curve: changes no pixel by more than 0.3/255
MAX_HALVINGS = 48  # of a piece: from the largest coordinates to far below any pixel
CHUNK = 1 << 18  # points times edges: bounds memory to some 50 MB
MIN_RUN = 1e-9  # footprints: a steeper edge is upright


def shader(layers: Sequence[PathLayer], device: torch.device) -> Shader:
    """The layers as a function of points (see kinds.base.Kind.shader)."""
    shapes = [PathShape.of(layer, device) for layer in layers]
    controls = [torch.tensor(flat(layer), dtype=torch.float64, device=device).view(-1, 2) for layer in layers]
    paints = [torch.tensor(colors_of(layer), dtype=torch.float32, device=device) for layer in layers]

    @torch.no_grad()
    def shade(points: Tensor, footprint: float) -> tuple[Tensor, Tensor]:
        alphas = points.new_zeros(len(layers), len(points), dtype=torch.float32)
        colors = points.new_empty(len(layers), len(points), 3, dtype=torch.float32)
        for index, (layer, shape) in enumerate(zip(layers, shapes, strict=True)):
            edges = shape.edges_near(controls[index], points, footprint)
            alphas[index] = shape.coverage(controls[index], edges, points, footprint)
            colors[index] = paints[index][0] if layer.gradient is None else blend(layer, paints[index], points)
        return alphas, colors

    return shade


def flat(layer: PathLayer) -> tuple[float, ...]:
    """The numbers of all contours, one after another."""
    return tuple(value for contour in layer.contours for value in contour)


def colors_of(layer: PathLayer) -> tuple[tuple[float, ...], ...]:
    """The colours of the stops, or the only colour."""
    if layer.gradient is None:
        assert layer.color is not None
        return (tuple(layer.color),)
    return tuple(tuple(stop[1:]) for stop in layer.gradient.stops)


def blend(layer: PathLayer, colors: Tensor, points: Tensor) -> Tensor:
    """A gradient with stops of such colours [S,3] at points [P,2] of the canvas: [P,3]."""
    gradient = layer.gradient
    assert gradient is not None
    first, second, share = stops_at(gradient, layer.transform, points)
    share = share.to(colors.dtype)[:, None]
    return colors[first] * (1 - share) + colors[second] * share


def stops_at(gradient: Gradient, transform: Affine, points: Tensor) -> tuple[Tensor, Tensor, Tensor]:
    """The stops before and after points [P,2] of the canvas, and the share of the second one: [P] each."""
    matrix = points.new_tensor(transform.inverse().rows(), dtype=torch.float64)
    start, end = points.new_tensor((gradient.start, gradient.end), dtype=torch.float64)
    from_start, axis = points.double() @ matrix[:, :2].T + matrix[:, 2] - start, end - start
    if gradient.focus is not None:
        focus = (points.new_tensor(gradient.focus, dtype=torch.float64) - start) / axis.norm()
        place = from_focus(from_start / axis.norm(), focus)
    elif gradient.is_radial:
        place = from_start.norm(dim=1) / axis.norm()
    else:
        place = from_start @ axis / axis.square().sum()
    offsets = points.new_tensor([stop[0] for stop in gradient.stops], dtype=torch.float64)
    second = torch.searchsorted(offsets, place, right=True)
    first, second = (second - 1).clamp_min(0), second.clamp_max(len(offsets) - 1)
    width = offsets[second] - offsets[first]
    share = (place - offsets[first]) / torch.where(width > 0, width, torch.ones_like(width))
    return first, second, torch.where(width > 0, share, torch.zeros_like(share))


def from_focus(points: Tensor, focus: Tensor) -> Tensor:
    """The offsets [...] of points [...,2] on circles that grow evenly from a focus [2] to the unit circle: t, where a
    point is t away from the middle of its circle, (1 - t) times the focus."""
    away, room = points - focus, 1 - focus.square().sum()
    along = away @ focus
    return (along + (along.square() + room * away.square().sum(-1)).sqrt()) / room


@dataclass(frozen=True)
class PathShape:
    """Which control points [C,2] of the local frame, those of all contours, make up the pieces of closed curves: `ids`
    [K,4] of each piece; `matrix` [2,2] and `offset` [2] take the local frame to the canvas (float64)."""

    ids: Tensor
    matrix: Tensor
    offset: Tensor

    @classmethod
    def of(cls, layer: PathLayer, device: torch.device) -> PathShape:
        """That of a layer, on a device."""
        ids, first = [], 0
        for contour in layer.contours:
            count = len(contour) // 2
            knots = torch.arange(0, count, 3)[:, None]
            ids.append(first + (knots + torch.arange(4)) % count)
            first += count
        rows = torch.tensor(layer.transform.rows(), dtype=torch.float64, device=device)
        return cls(torch.cat(ids).to(device), rows[:, :2], rows[:, 2])

    def placed(self, controls: Tensor) -> Tensor:
        """Control points [C,2] on the canvas, in float64."""
        return controls.double() @ self.matrix.T + self.offset

    def edges_near(self, controls: Tensor, points: Tensor, footprint: float) -> Edges:
        """The edges that the boxes around points [P,2] see."""
        half = footprint / 2
        return flatten(self.placed(controls)[self.ids], points.amin(0) - half, points.amax(0) + half, footprint)

    def edges_everywhere(self, controls: Tensor, footprint: float) -> Edges:
        """The edges that boxes of a side see, wherever they are."""
        everywhere = self.offset.new_full((2,), torch.inf)
        return flatten(self.placed(controls)[self.ids], -everywhere, everywhere, footprint)

    def coverage(self, controls: Tensor, edges: Edges, points: Tensor, footprint: float) -> Tensor:
        """How much of the boxes around points [P,2] of the canvas lies within the shape of control points [C,2], whose
        curves are cut into edges: [P] in 0..1 (float64), differentiable by the control points."""
        placed = self.placed(controls)
        near = near_points(placed, points, footprint)
        if not len(near):
            return placed.new_zeros(len(points))
        starts, ends = edges.ends(placed[self.ids])
        parts = torch.split(points[near], edges.points_at_a_time)
        areas = torch.cat([signed_area(starts, ends, part, footprint) for part in parts])
        return placed.new_zeros(len(points)).index_copy(0, near, areas.abs().clamp_max(1))

    def slopes(self, controls: Tensor, edges: Edges, points: Tensor, footprint: float) -> tuple[Tensor, Tensor]:
        """The same and its derivative by each of the control points' numbers: [P], [2*C,P]. Where an edge moves, the
        signed area changes by what the part of it in the box sweeps."""
        placed = self.placed(controls)
        alpha, by_controls = placed.new_zeros(len(points)), placed.new_zeros(len(points), len(placed), 2)
        near = near_points(placed, points, footprint)
        if not len(near):
            return alpha, by_controls.flatten(1).T
        starts, ends = edges.ends(placed[self.ids])
        for part in torch.split(near, edges.points_at_a_time):
            area = signed_area(starts, ends, points[part], footprint)
            by_ends = swept(starts, ends, points[part], footprint)
            by_placed = edges.by_controls(by_ends, self.ids, len(placed))
            sign = area.sign() * (area.abs() < 1)
            alpha[part] = area.abs().clamp_max(1)
            by_controls[part] = sign[:, None, None] * (by_placed @ self.matrix)
        return alpha, by_controls.flatten(1).T


def near_points(placed: Tensor, points: Tensor, footprint: float) -> Tensor:
    """Which points [P,2] have boxes that can touch the shape of control points [C,2]: their indices."""
    low, high = placed.detach().amin(0) - footprint / 2, placed.detach().amax(0) + footprint / 2
    return ((points >= low) & (points <= high)).all(1).nonzero()[:, 0]


@dataclass(frozen=True)
class Edges:
    """Curves as edges: the index of the piece of each, [E], and the parameters 0..1 of its ends on it, [E,2]."""

    piece: Tensor
    places: Tensor

    @property
    def points_at_a_time(self) -> int:
        """How many points are shaded in one go."""
        return max(1, CHUNK // max(1, len(self.piece)))

    def ends(self, pieces: Tensor) -> tuple[Tensor, Tensor]:
        """Where the edges of pieces [K,4,2] start and end: [E,2], [E,2]."""
        controls = pieces[self.piece]
        first, second = (weights @ controls for weights in bernstein(self.places)[:, :, None].unbind(1))
        return first[:, 0], second[:, 0]

    def by_controls(self, by_ends: Tensor, ids: Tensor, count: int) -> Tensor:
        """Derivatives by the ends of edges, [P,E,2,2] (end, coordinate), as those by `count` control points, of which
        pieces have `ids` [K,4]: [P,count,2]."""
        weights = bernstein(self.places)  # [E,2,4]
        result = by_ends.new_zeros(len(by_ends), count, 2)
        for control in range(4):
            moved = (by_ends * weights[:, :, control, None]).sum(2)
            result.index_add_(1, ids[self.piece, control], moved)
        return result


def bernstein(places: Tensor) -> Tensor:
    """The weights of the four control points of a cubic piece at parameters [...]: [...,4]."""
    rest = 1 - places
    return torch.stack([rest**3, 3 * rest**2 * places, 3 * rest * places**2, places**3], -1)


def flatten(pieces: Tensor, low: Tensor, high: Tensor, footprint: float) -> Edges:
    """Cubic pieces [K,4,2] as edges, off by at most TOLERANCE in the rectangle from `low` [2] to `high` [2]. Pieces to
    the right of it are one edge: of these, only the height counts. Those above, below and to the left count for nothing
    and are left out."""
    piece, begin, step = torch.arange(len(pieces), device=pieces.device), pieces.new_zeros(len(pieces)), 1.0
    found: list[tuple[Tensor, Tensor]] = []
    for _ in range(MAX_HALVINGS):
        bend = (pieces[:, 2:] - 2 * pieces[:, 1:3] + pieces[:, :2]).norm(dim=2).amax(1)
        is_near = ((pieces.amin(1) <= high) & (pieces.amax(1) >= low)).all(1)
        rough = (0.75 * bend > TOLERANCE * footprint) & is_near  # 0.75: of a cubic curve from its chord, at most
        counts = (pieces.amax(1) >= low).all(1) & (pieces[..., 1].amin(1) <= high[1])
        done = counts & ~rough
        found.append((piece[done], torch.stack([begin, begin + step], 1)[done]))
        piece, begin, pieces = piece[rough], begin[rough], halves(pieces[rough])
        step /= 2
        piece, begin = torch.cat([piece, piece]), torch.cat([begin, begin + step])
        if not len(piece):
            break
    found.append((piece, torch.stack([begin, begin + step], 1)))
    return Edges(torch.cat([piece for piece, _ in found]), torch.cat([places for _, places in found]))


def halves(pieces: Tensor) -> Tensor:
    """The first halves of cubic pieces [K,4,2], then the second ones: [2*K,4,2]."""
    a, b, c, d = pieces.unbind(1)
    ab, bc, cd = (a + b) / 2, (b + c) / 2, (c + d) / 2
    abc, bcd = (ab + bc) / 2, (bc + cd) / 2
    middle = (abc + bcd) / 2
    return torch.cat([torch.stack([a, ab, abc, middle], 1), torch.stack([middle, bcd, cd, d], 1)])


def signed_area(starts: Tensor, ends: Tensor, points: Tensor, footprint: float) -> Tensor:
    """The mean winding number of edges of closed contours, [E,2] and [E,2], over the boxes around points [P,2]: [P]."""
    x0, y0 = ((starts - points[:, None]) / footprint).unbind(2)
    x1, y1 = ((ends - points[:, None]) / footprint).unbind(2)
    top, bottom = y0.clamp(-0.5, 0.5), y1.clamp(-0.5, 0.5)
    height = y1 - y0
    slope = (x1 - x0) / torch.where(height == 0, torch.ones_like(height), height)
    return ((bottom - top) * mean_width(x0 + (top - y0) * slope, x1 + (bottom - y1) * slope)).sum(1)


def mean_width(first: Tensor, second: Tensor) -> Tensor:
    """How much of a row of the box, -0.5 to 0.5, lies to the left of edges from one place to another, on average."""
    low, high = torch.minimum(first, second), torch.maximum(first, second)
    inner_low, inner_high = low.clamp(-0.5, 0.5), high.clamp(-0.5, 0.5)
    beyond = (high - 0.5).clamp_min(0) - (low - 0.5).clamp_min(0)
    run = high - low
    is_upright = run < MIN_RUN
    covered = (inner_high - inner_low) * ((inner_low + inner_high) / 2 + 0.5) + beyond
    slanted = covered / torch.where(is_upright, torch.ones_like(run), run)
    upright = ((first + second) / 2 + 0.5).clamp(0, 1)
    return torch.where(is_upright | (low >= 0.5) | (high <= -0.5), upright, slanted)


def swept(starts: Tensor, ends: Tensor, points: Tensor, footprint: float) -> Tensor:
    """By how much the mean winding number over the boxes around points [P,2] changes with the ends of edges, [E,2] and
    [E,2], per canvas unit: [P,E,2,2] (end, coordinate)."""
    starts, steps = (starts - points[:, None]) / footprint, ((ends - starts) / footprint).expand(len(points), -1, 2)
    safe = torch.where(steps == 0, torch.full_like(steps, 1e-300), steps)
    crossings = torch.stack([(-0.5 - starts) / safe, (0.5 - starts) / safe])
    enter, leave = crossings.amin(0).amax(2).clamp(0, 1), crossings.amax(0).amin(2).clamp(0, 1)
    leave = torch.maximum(enter, leave)
    by_second = (leave**2 - enter**2) / 2
    shares = torch.stack([leave - enter - by_second, by_second], 2)
    normals = torch.stack([steps[..., 1], -steps[..., 0]], 2) / footprint
    return shares[..., None] * normals[:, :, None]
