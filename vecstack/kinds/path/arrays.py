"""Path layers as arrays, in pixels of a raster: what the kernels work on."""

from __future__ import annotations

import dataclasses
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import chain
from typing import cast

import numpy as np

from vecstack.color import Color
from vecstack.geometry import Affine
from vecstack.kinds.gradient import Gradient
from vecstack.kinds.path.layer import PathLayer

FLAT_FORM, LINEAR_FORM, RADIAL_FORM = 0, 1, 2
PLACE = 8  # numbers of a place


@dataclass
class Paths:
    """L paths as arrays: control points [M,2] (float64; pixels, y down), those of each path from `point_start` [L+1];
    cubics [Q,4] as indices of points, from `cubic_start` [L+1]; opacities [L] (float32). A fill is a `form` [L] (flat,
    linear, radial), a `place` [L,8] (six numbers that map a pixel to the frame of a gradient, and its focus there), and
    stops: `offsets` [S], `colors` [S,D] (float32; D is 3, or 4 with a coverage of 1 for transparent canvases), from
    `stop_start` [L+1]."""

    points: np.ndarray
    point_start: np.ndarray
    cubics: np.ndarray
    cubic_start: np.ndarray
    opacity: np.ndarray
    form: np.ndarray
    place: np.ndarray
    offsets: np.ndarray
    colors: np.ndarray
    stop_start: np.ndarray

    @property
    def count(self) -> int:
        """L."""
        return len(self.opacity)

    @classmethod
    def empty(cls, channels: int = 3) -> Paths:
        """No paths."""
        start = np.zeros(1, np.int64)
        return cls(
            np.zeros((0, 2)), start, np.zeros((0, 4), np.int64), start, np.zeros(0, np.float32), np.zeros(0, np.int64),
            np.zeros((0, PLACE)), np.zeros(0, np.float32), np.zeros((0, channels), np.float32), start,
        )  # fmt: skip

    @classmethod
    def of_contours(cls, contours: Sequence[Sequence[np.ndarray]], colors: np.ndarray, opacity: np.ndarray) -> Paths:
        """Paths of contours [3n,2] (knot, handle, handle, ...), with a flat colour [L,D] and an opacity [L] each."""
        count = len(opacity)
        pieces = [contour for path in contours for contour in path]
        sizes = np.array([sum(map(len, path)) for path in contours], np.int64)
        return cls(
            np.concatenate(pieces).astype(np.float64) if pieces else np.zeros((0, 2)),
            _starts(sizes),
            _cubics(np.array(list(map(len, pieces)), np.int64)),
            _starts(sizes // 3),
            np.asarray(opacity, np.float32),
            np.zeros(count, np.int64),
            np.zeros((count, PLACE)),
            np.zeros(count, np.float32),
            np.ascontiguousarray(colors, np.float32),
            np.arange(count + 1),
        )

    @classmethod
    def of_layers(cls, layers: Sequence[PathLayer], to_pixels: Affine, channels: int = 3) -> Paths:
        """The layers in pixels, of which `to_pixels` says where they lie on the canvas."""
        maps = [to_pixels.after(layer.transform) for layer in layers]
        sizes = [[len(contour) // 2 for contour in layer.contours] for layer in layers]
        counts = np.array([sum(own) for own in sizes], np.int64)
        numbers = chain.from_iterable(chain.from_iterable(layer.contours for layer in layers))
        local = np.fromiter(numbers, np.float64, 2 * int(counts.sum())).reshape(-1, 2)
        matrices = np.repeat(np.array([place.rows() for place in maps]).reshape(-1, 2, 3), counts, 0)
        paths = cls.of_contours([], np.zeros((len(layers), channels)), np.array([layer.opacity for layer in layers]))
        paths.points = np.einsum("mij,mj->mi", matrices[:, :, :2], local) + matrices[:, :, 2]
        paths.cubics = _cubics(np.array([size for own in sizes for size in own], np.int64))
        paths.point_start, paths.cubic_start = _starts(counts), _starts(counts // 3)
        stops = [stops_of(layer) for layer in layers]
        paths.stop_start = _starts(np.array([len(own) for own in stops], np.int64))
        every = np.array([stop for own in stops for stop in own], np.float32).reshape(-1, 4)
        paths.offsets = np.ascontiguousarray(every[:, 0])
        paths.colors = np.ones((len(every), channels), np.float32)
        paths.colors[:, :3] = every[:, 1:]
        for index, (layer, place) in enumerate(zip(layers, maps, strict=True)):
            if layer.gradient is not None:
                paths.form[index] = RADIAL_FORM if layer.gradient.is_radial else LINEAR_FORM
                paths.place[index] = gradient_frame(layer.gradient, place)
        return paths

    def placed(self, origin: tuple[float, float], sides: tuple[float, float], channels: int) -> Paths:
        """The paths in pixels of some sides, the first of which has its corner at `origin`; for a canvas of so many
        channels."""
        place = self.place.copy()
        shift = np.array(origin)
        place[:, 2] += self.place[:, :2] @ shift
        place[:, 5] += self.place[:, 3:5] @ shift
        place[:, [0, 1, 3, 4]] *= (sides[0], sides[1], sides[0], sides[1])
        return dataclasses.replace(
            self,
            points=(self.points - shift) / sides,
            place=place,
            colors=np.ascontiguousarray(self.colors[:, :channels]),
        )

    def bends(self) -> np.ndarray:
        """How far each cubic is from straight: the largest second difference of its control points, [Q]."""
        pieces = self.points[self.cubics]
        found: np.ndarray = np.linalg.norm(pieces[:, 2:] - 2 * pieces[:, 1:3] + pieces[:, :2], axis=2).max(1)
        return found

    def split(self, low: np.ndarray, high: np.ndarray, most: float) -> Paths:
        """The same shapes, in which cubics that meet the box from `low` [2] to `high` [2] bend by no more than `most`
        (see `bends`), for drawing: their cubics have no order."""
        paths = self
        while True:
            pieces = paths.points[paths.cubics]
            meets = ((pieces.min(1) <= high) & (pieces.max(1) >= low)).all(1)
            halved = (paths.bends() > most) & meets
            if not halved.any():
                return paths
            first, second = _halves(pieces[halved])
            count = int(halved.sum())
            new = len(paths.points) + np.arange(8 * count).reshape(2, count, 4)
            copies = 1 + halved.astype(np.int64)
            cubics = np.repeat(paths.cubics, copies, 0)
            places = (np.cumsum(copies) - copies)[halved]
            cubics[places], cubics[places + 1] = new
            starts = np.concatenate([[0], np.cumsum(copies)])[paths.cubic_start]
            points = np.concatenate([paths.points, first.reshape(-1, 2), second.reshape(-1, 2)])
            paths = dataclasses.replace(paths, points=points, cubics=cubics, cubic_start=starts)

    def contours_of(self, index: int) -> list[np.ndarray]:
        """The contours of a path, each [3n,2]."""
        cubics = self.cubics[self.cubic_start[index] : self.cubic_start[index + 1]]
        ends = np.flatnonzero(cubics[:, 3] <= cubics[:, 0])  # the last piece of a contour leads back
        firsts = np.concatenate([[0], ends[:-1] + 1])
        return [self.points[cubics[a, 0] : cubics[b, 2] + 1] for a, b in zip(firsts, ends, strict=True)]

    def chosen(self, indices: Sequence[int] | np.ndarray) -> Paths:
        """Some of the paths, in the order of their indices."""
        found = np.asarray(indices, np.int64)
        points, point_start = _ranges(self.point_start, found)
        cubics, cubic_start = _ranges(self.cubic_start, found)
        stops, stop_start = _ranges(self.stop_start, found)
        moved = np.repeat(point_start[:-1] - self.point_start[found], np.diff(cubic_start))
        return Paths(
            self.points[points], point_start, self.cubics[cubics] + moved[:, None], cubic_start, self.opacity[found],
            self.form[found], self.place[found], self.offsets[stops], self.colors[stops], stop_start,
        )  # fmt: skip

    def joined(self, other: Paths) -> Paths:
        """These paths and others above them."""
        return Paths(
            np.concatenate([self.points, other.points]),
            _joined(self.point_start, other.point_start),
            np.concatenate([self.cubics, other.cubics + len(self.points)]),
            _joined(self.cubic_start, other.cubic_start),
            np.concatenate([self.opacity, other.opacity]),
            np.concatenate([self.form, other.form]),
            np.concatenate([self.place, other.place]),
            np.concatenate([self.offsets, other.offsets]),
            np.concatenate([self.colors, other.colors]),
            _joined(self.stop_start, other.stop_start),
        )

    def with_contours(self, contours: Sequence[Sequence[np.ndarray]]) -> Paths:
        """The same paths with other contours [3n,2]."""
        paths = Paths.of_contours(contours, self.colors[:0], self.opacity)
        return dataclasses.replace(
            paths,
            form=self.form,
            place=self.place,
            offsets=self.offsets,
            colors=self.colors,
            stop_start=self.stop_start,
        )

    def copy(self) -> Paths:
        """The same in arrays of its own."""
        return Paths(*(getattr(self, field.name).copy() for field in dataclasses.fields(self)))


def stops_of(layer: PathLayer) -> tuple[tuple[float, float, float, float], ...]:
    """The stops of a layer's fill; a flat colour has one."""
    return layer.gradient.stops if layer.gradient is not None else ((0.0, *cast(Color, layer.color)),)


def gradient_frame(gradient: Gradient, place: Affine) -> np.ndarray:
    """The map from pixels to a gradient's own frame, where `place` maps the layer's frame to pixels: u = 0 at the start
    and 1 at the end; of a radial one also v, across; and its focus there, else 0: [8]."""
    (x0, y0), (x1, y1) = gradient.start, gradient.end
    dx, dy = x1 - x0, y1 - y0
    inverse = Affine(dx, -dy, x0, dy, dx, y0).inverse()
    focus = inverse.apply(*(gradient.focus or gradient.start))
    rows = inverse.after(place.inverse()).rows()
    return np.array([*(number for row in rows for number in row), *(focus if gradient.focus else (0.0, 0.0))])


def _halves(pieces: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """The two halves of cubic pieces [K,4,2]."""
    a, b, c, d = pieces.transpose(1, 0, 2)
    ab, bc, cd = (a + b) / 2, (b + c) / 2, (c + d) / 2
    abc, bcd = (ab + bc) / 2, (bc + cd) / 2
    middle = (abc + bcd) / 2
    return np.stack([a, ab, abc, middle], 1), np.stack([middle, bcd, cd, d], 1)


def _cubics(sizes: np.ndarray) -> np.ndarray:
    """The cubics [Q,4] of contours with so many points, one after another."""
    first = np.repeat(_starts(sizes)[:-1], sizes // 3)
    knots = 3 * (np.arange(len(first)) - np.repeat(_starts(sizes // 3)[:-1], sizes // 3))
    size = np.repeat(sizes, sizes // 3)
    cubics: np.ndarray = first[:, None] + (knots[:, None] + np.arange(4)) % size[:, None]
    return cubics


def _starts(sizes: np.ndarray) -> np.ndarray:
    return np.concatenate([[0], np.cumsum(sizes)]).astype(np.int64)


def _joined(starts: np.ndarray, others: np.ndarray) -> np.ndarray:
    return np.concatenate([starts, others[1:] + starts[-1]])


def _ranges(starts: np.ndarray, chosen: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """The indices of all that belongs to some of the paths, and where each begins among them."""
    sizes = np.diff(starts)[chosen]
    new = _starts(sizes)
    return np.arange(new[-1]) + np.repeat(starts[chosen] - new[:-1], sizes), new
