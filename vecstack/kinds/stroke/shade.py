"""Strokes as functions of a point, in PyTorch: exact, on any device, and the referee of the compiled loops.

A stroke is the union of the discs along its spine, so that a point is inside by the most that any disc holds it:
the greatest r(t) - |p - B(t)| over t in 0..1. The edge near a pixel is taken as a straight line, across the way to the
nearest disc, and covers the exact share of the pixel's square."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import torch
from torch import Tensor

from vecstack.kinds.stroke.bristles import Marks, cover_left
from vecstack.kinds.stroke.bristles import shades as shades_of
from vecstack.kinds.stroke.layer import Bristles, StrokeLayer, seed_of, sharpest_turn

if TYPE_CHECKING:
    from vecstack.kinds.base import Shader

SAMPLES = 65  # of a spine, of which the nearest disc is looked for around the best
STEPS = 5  # of Newton's method, from there on
CHUNK = 1 << 14  # points looked at together: bounds memory to some 10 MB
THIN, SHARP = 2.0, 2.0  # sides of a pixel: least radius, and least of a concave edge, that lines stand for
PARTS = 4  # of a side of a pixel where they do not
HALF_DIAGONAL = 0.7072  # of a pixel, in sides: how far from its middle an edge can cover a part of it
TINY = 1e-12


def shader(layers: Sequence[StrokeLayer], device: torch.device) -> Shader:
    """The layers as a function of points (see kinds.base.Kind.shader)."""
    strokes = [StrokeShape.of(layer, device) for layer in layers]
    colors = torch.tensor([layer.color for layer in layers], dtype=torch.float32, device=device)

    has_marks = any(layer.bristles for layer in layers)

    @torch.no_grad()
    def shade(points: Tensor, footprint: float) -> tuple[Tensor, Tensor]:
        alphas = colors.new_zeros(len(layers), len(points))
        drawn = colors[:, None].expand(-1, len(points), -1)
        drawn = drawn.clone() if has_marks else drawn
        for alpha, rgb, stroke in zip(alphas, drawn, strokes, strict=True):
            for first in range(0, len(points), CHUNK):
                part = slice(first, first + CHUNK)
                alpha[part], shades = stroke.drawn(points[part].double(), footprint)
                if shades is not None:
                    rgb[part] = (rgb[part] * shades[:, None]).clamp_max(1)
        return alphas, drawn

    return shade


@dataclass(frozen=True)
class StrokeShape:
    """A stroke in its local frame (float64): its spine [3,2], radii [2], opacities [2]; the map to the frame, `matrix`
    [2,2] and `offset` [2]; how long a canvas unit is there; the sharpest turn of the spine; and the marks of the brush,
    with what they are random by."""

    spine: Tensor
    radii: Tensor
    opacities: Tensor
    matrix: Tensor
    offset: Tensor
    unit: float
    turn: float
    bristles: Bristles | None
    seed: int

    @classmethod
    def of(cls, layer: StrokeLayer, device: torch.device) -> StrokeShape:
        """That of a layer, on a device."""
        numbers = (layer.spine, layer.radii, layer.opacities)
        spine, radii, opacities = (torch.tensor(values, dtype=torch.float64, device=device) for values in numbers)
        inverse = layer.transform.inverse()
        rows = torch.tensor(inverse.rows(), dtype=torch.float64, device=device)
        unit = abs(inverse.determinant) ** 0.5
        place, turn = (rows[:, :2], rows[:, 2], unit), sharpest_turn(layer.spine)
        return cls(spine.view(3, 2), radii, opacities, *place, turn, layer.bristles, seed_of(layer))

    def drawn(self, points: Tensor, footprint: float) -> tuple[Tensor, Tensor | None]:
        """How much the stroke covers at points [P,2] of the canvas, with its opacities: [P]; and what the marks of its
        brush multiply the colour by there [P], if it has any."""
        result = points.new_zeros(len(points), dtype=torch.float32)
        shades = None if self.bristles is None else torch.ones_like(result)
        near = self._may_cover(points, footprint).nonzero()[:, 0]
        if not len(near):
            return result, shades
        points = points[near]
        place = self.nearest(points)
        cover = self._cover(points, place, footprint)
        if self.is_delicate(footprint):
            partial = (self._inside(points, place)[0].abs() < footprint).nonzero()[:, 0]
            cover[partial] = self._in_parts(points[partial], footprint)
        if self.bristles is not None and shades is not None:
            marks = self._marks(points, place, footprint)
            cover = cover * cover_left(marks, self.bristles, self.seed, self._length)
            turn = self.matrix / self.unit
            shades[near] = shades_of(marks, self.bristles, self.seed, turn).float()
        result[near] = (cover * torch.lerp(self.opacities[0], self.opacities[1], place)).float()
        return result, shades

    @property
    def _broadest(self) -> float:
        return max(float(self.radii.max()), TINY)

    @property
    def _length(self) -> float:
        """How long the stroke is, along its control points, in its greatest radius."""
        return float((self.spine[1:] - self.spine[:-1]).norm(dim=1).sum()) / self._broadest

    def _marks(self, points: Tensor, place: Tensor, footprint: float) -> Marks:
        """Where points [P,2] are in the stroke."""
        away = self._local(points) - self._along(place)
        distance, radius = away.norm(dim=1), self._radius(place).clamp_min(TINY)
        forward = torch.lerp(self.spine[1] - self.spine[0], self.spine[2] - self.spine[1], place[:, None])
        forward = forward / forward.norm(dim=1, keepdim=True).clamp_min(TINY)
        return Marks(
            across=(forward[:, 0] * away[:, 1] - forward[:, 1] * away[:, 0]) / radius,
            along=place * self._length + (away * forward).sum(1) / self._broadest,
            apart=(distance / radius).clamp_max(1),
            outward=away / distance.clamp_min(TINY)[:, None],
            forward=forward,
            taper=radius / self._broadest,
            pixels=radius / (footprint * self.unit),
        )

    def is_delicate(self, footprint: float) -> bool:
        """Whether lines do not stand for the edges in pixels of a side: the stroke is thin, or bends sharply."""
        side, least, most = footprint * self.unit, float(self.radii.min()), float(self.radii.max())
        return least < THIN * side or self.turn * (most + SHARP * side) > 1

    def nearest(self, points: Tensor) -> Tensor:
        """The place 0..1 along the spine of the disc that holds each point [P,2] of the canvas most: [P]."""
        local = self._local(points)
        places = torch.linspace(0, 1, SAMPLES, dtype=local.dtype, device=local.device)
        away = local[:, None] - self._along(places)
        held = self._radius(places) - away.norm(dim=2)
        best, index = held.max(1)
        place, growth = places[index], self.radii[1] - self.radii[0]
        bend = self.spine[0] - 2 * self.spine[1] + self.spine[2]
        for _ in range(STEPS):
            away = local - self._along(place)
            speed = 2 * (self.spine[1] - self.spine[0]) + 2 * place[:, None] * bend
            distance = away.norm(dim=1).clamp_min(TINY)
            along, square = (away * speed).sum(1), speed.square().sum(1)
            slope = square - 2 * (away @ bend) + growth * along / distance
            step = (along + growth * distance) / torch.maximum(slope, 0.1 * square + TINY)
            moved = (place + step.clamp(-1 / (SAMPLES - 1), 1 / (SAMPLES - 1))).clamp(0, 1)
            now = self._radius(moved) - (local - self._along(moved)).norm(dim=1)
            place, best = torch.where(now >= best, moved, place), torch.maximum(now, best)
        return place

    def _may_cover(self, points: Tensor, footprint: float) -> Tensor:
        """Whether points are so near to the box around the spine that the stroke may cover a part of their pixel."""
        local = self._local(points)
        reach = self.radii.max() + self.matrix.norm() * footprint
        low, high = self.spine.amin(0) - reach, self.spine.amax(0) + reach
        inside: Tensor = ((local >= low) & (local <= high)).all(1)
        return inside

    def _local(self, points: Tensor) -> Tensor:
        return points @ self.matrix.T + self.offset

    def _along(self, places: Tensor) -> Tensor:
        """Points [...,2] of the spine at places [...]."""
        t = places[..., None]
        return (1 - t) ** 2 * self.spine[0] + 2 * t * (1 - t) * self.spine[1] + t * t * self.spine[2]

    def _radius(self, places: Tensor) -> Tensor:
        radius: Tensor = torch.lerp(self.radii[0], self.radii[1], places)
        return radius

    def _inside(self, points: Tensor, place: Tensor) -> tuple[Tensor, Tensor, Tensor]:
        """How far points are within the edge that is nearest to their disc, and within the one beyond its middle, both
        in canvas units [P]; and the direction [P,2] across both."""
        away = self._local(points) - self._along(place)
        distance, radius = away.norm(dim=1), self._radius(place)
        across = (away / distance.clamp_min(TINY)[:, None]) @ self.matrix
        slope = across.norm(dim=1)
        slope = torch.where(slope > 0, slope, torch.full_like(slope, self.unit))
        return (radius - distance) / slope, (radius + distance) / slope, across / slope[:, None]

    def _cover(self, points: Tensor, place: Tensor, side: float) -> Tensor:
        """How much of squares of a side around points lies between both edges: [P]."""
        near, far, across = self._inside(points, place)
        return (half_plane(near / side, across) + half_plane(far / side, across) - 1).clamp_min(0)

    def _in_parts(self, points: Tensor, footprint: float) -> Tensor:
        """The same as the mean over the parts of a pixel: [P]."""
        steps = (torch.arange(PARTS, dtype=points.dtype, device=points.device) + 0.5) / PARTS - 0.5
        shifts = footprint * torch.cartesian_prod(steps, steps)
        parts = (points[:, None] + shifts).flatten(0, 1)
        return self._cover(parts, self.nearest(parts), footprint / PARTS).view(-1, PARTS * PARTS).mean(1)


def half_plane(inside: Tensor, across: Tensor) -> Tensor:
    """The share of a unit square on one side of a line: how far its middle is inside [P], and the line's unit normal
    [P,2]: [P] in 0..1."""
    sizes = across.abs()
    long, short = sizes.amax(1).clamp_min(0.7), sizes.amin(1)
    corner = ((long + short) / 2 - inside.abs()).clamp_min(0).square() / (2 * long * short).clamp_min(TINY)
    share = torch.where(inside.abs() <= (long - short) / 2, 0.5 - inside.abs() / long, corner)
    return torch.where(inside >= 0, 1 - share, share)
