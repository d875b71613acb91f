"""Paths brought closer to a picture: damped Gauss-Newton steps of their points, colours and opacities."""

from __future__ import annotations

import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor

import numpy as np
import torch

from vecstack.compiled import is_compiled_on
from vecstack.kinds.base import Scene
from vecstack.kinds.path import kernels, twin
from vecstack.kinds.path.arrays import Paths
from vecstack.kinds.path.border import kept_outside
from vecstack.kinds.path.raster import TOLERANCE as EXACT_TOLERANCE
from vecstack.kinds.path.raster import draw_over
from vecstack.kinds.path.slopes import Slopes
from vecstack.kinds.path.windows import Room, Windows, boxes_of

BAND_ROWS, BAND_PIXELS = 64, 1 << 16  # most worked on together: they stay in a processor's cache, however wide
MIN_ROWS = 8  # of a band: each costs a look at all paths
STRIP_PIXELS = 1 << 21  # whose errors are measured together: bounds memory to some 100 MB, however large a picture is
PARTS = 2  # of a picture, of bands each; sums do not depend on how many threads there are
TOLERANCE = 0.1  # px that edges may be away from their curve, in a picture of SMALL_PX and larger
SMALL_PX = 256  # long side
DIAGONAL = [row * (row + 3) // 2 for row in range(8)]  # of a cubic's block
# Damping as shares of the mean curvature; a full step with less momentum oscillates (docs/decisions.md).
POINT_DAMPING, COLOR_DAMPING, OPACITY_DAMPING = 0.01, 0.1, 0.1
RATE, MOMENTUM = 0.5, 0.75
# How strongly handles are pulled to the thirds of their chord, as a share of the mean curvature: outlines cross
# themselves less, and have fewer barbs. Of few paths each is seen, and pulled more.
PULL, MANY, MOST_PULL = 0.0003, 256, 10.0
POINT_LIMIT, COLOR_LIMIT, OPACITY_LIMIT = 3.0, 0.2, 0.1  # most in a step: px, of 1, of 1
MIN_OPACITY = 0.004  # about a step of 8 bits
SETTLING = 0.5  # last share of the steps, which become shorter
MAX_TUNED_POINTS = 600  # of a path; those of larger ones stay, since a step takes their square


class Tuner:
    """Steps of paths towards the picture of a scene, computed on a device. Drawn edges may be away from their curve by
    a `tolerance` in px (None: as far as does not show among many paths). Tuned paths cover no more than the picture
    does anywhere: a stack covers at least as much as each of its layers."""

    def __init__(self, scene: Scene, device: torch.device, tolerance: float | None = None) -> None:
        self.scene, self._device = scene, device
        self._tolerance = tolerance or TOLERANCE * min(1.0, max(scene.picture.shape[1:]) / SMALL_PX)
        channels, _, width = scene.picture.shape
        self.most_opacity = 1.0 if channels == 3 else max(MIN_OPACITY, float(scene.picture[3].max()))
        self._band_rows = min(BAND_ROWS, max(MIN_ROWS, BAND_PIXELS // width))
        self._rooms = [Room.of(1 << 18, 1 << 12, 1 << 12, channels, width) for _ in range(PARTS)]

    def tune(
        self,
        paths: Paths,
        steps: int,
        *,
        deadline: float | None = None,
        told: Callable[[float], None] | None = None,
    ) -> Paths:
        """The closest of the paths after each of some steps, or of those that fit before a deadline (time.monotonic);
        `told` hears the mean squared error before each."""
        paths = paths.copy()
        best, least = paths, float("inf")
        height, width = self.scene.picture.shape[1:]
        limits = kept_outside(paths.points, width, height)
        speed = np.zeros_like(paths.points), np.zeros_like(paths.colors), np.zeros_like(paths.opacity)
        for step in range(steps + 1):
            slopes = self.slopes(paths)
            if slopes.error < least:
                best, least = paths.copy(), slopes.error
            if told is not None:
                told(slopes.error / self.scene.picture.size)
            if step == steps or (deadline is not None and time.monotonic() >= deadline):
                break
            rate = RATE * min(1.0, (steps - step) / (SETTLING * steps))
            _move(paths, slopes, speed, rate, self._device)
            np.clip(paths.points, *limits, out=paths.points)
            np.clip(paths.opacity, MIN_OPACITY, self.most_opacity, out=paths.opacity)
        return best

    def slopes(self, paths: Paths) -> Slopes:
        """How the squared error answers to all numbers."""
        if not is_compiled_on(self._device):
            return twin.slopes(paths, self.scene, self._device, self._tolerance)
        height, width = self.scene.picture.shape[1:]
        boxes = boxes_of(paths, height, width)
        bands = -(-height // self._band_rows)
        cuts = [self._band_rows * (bands * part // PARTS) for part in range(PARTS)] + [height]
        parts = [(self._rooms[part], cuts[part], cuts[part + 1]) for part in range(PARTS)]
        with ThreadPoolExecutor(PARTS) as threads:
            sums, *others = threads.map(lambda part: self._part(paths, boxes, *part), parts)
        for other in others:
            sums.add(other)
        return sums

    def error(self, paths: Paths, weight: np.ndarray | None = None) -> float:
        """Mean squared error of the picture with the paths, over pixels and channels, each pixel by its `weight` [H,W]
        if there is one."""
        _, height, width = self.scene.picture.shape
        total, step = 0.0, max(1, STRIP_PIXELS // width)
        for top in range(0, height, step):
            rows = slice(top, min(top + step, height))
            missing = np.clip(self._draw_rows(paths, EXACT_TOLERANCE, rows), 0, 1) - self.scene.picture[:, rows]
            squares = np.square(missing, dtype=np.float64)
            total += float((squares if weight is None else squares * weight[rows]).sum())
        return total / self.scene.picture.size

    def draw(self, paths: Paths, tolerance: float | None = None) -> np.ndarray:
        """The picture [D,H,W] with the paths, whose edges are off their curves by no more than a tolerance (px)."""
        return self._draw_rows(paths, tolerance or self._tolerance, slice(0, self.scene.picture.shape[1]))

    def _draw_rows(self, paths: Paths, tolerance: float, rows: slice) -> np.ndarray:
        """Some rows of the picture with the paths: [D,h,W]."""
        scene = self.scene
        canvas = torch.tensor(scene.below[:, rows].copy(), device=self._device)
        draw_over(canvas, paths.placed((0, rows.start), (1, 1), len(canvas)) if rows.start else paths, tolerance)
        drawn: np.ndarray = canvas.cpu().numpy()
        if scene.light is not None and scene.above is not None:
            drawn = drawn * scene.light[rows] + scene.above[:, rows]
        return drawn

    def _part(self, paths: Paths, boxes: np.ndarray, room: Room, top: int, bottom: int) -> Slopes:
        sums = Slopes.of(paths)
        for first in range(top, bottom, self._band_rows):
            self._band(paths, boxes, room, first, min(first + self._band_rows, bottom), sums)
        return sums

    def _band(self, paths: Paths, boxes: np.ndarray, room: Room, top: int, bottom: int, sums: Slopes) -> None:
        """Add what the rows top..bottom tell."""
        scene = self.scene
        look = paths.opacity, paths.form, paths.place, paths.offsets, paths.colors, paths.stop_start
        outline = paths.points, paths.cubics, paths.cubic_start
        windows = Windows.of(boxes, top, bottom)
        places = windows.boxes, windows.starts, windows.row_starts
        entries = len(room.keys)
        entry_start = np.zeros(paths.count + 1, np.int64)
        while True:
            canvas = scene.below[:, top:bottom].copy()
            room.fit(int(windows.starts[-1]), int(windows.row_starts[-1]), entries)
            kept = *places, *room.arrays, entry_start
            if kernels.forward(*outline, *look, canvas, top, self._tolerance, *kept):
                break
            entries *= 2
        if scene.light is None or scene.above is None:
            light, above = np.ones(canvas.shape[1:], np.float32), np.zeros_like(canvas)
        else:
            light, above = scene.light[top:bottom].copy(), scene.above[:, top:bottom].copy()
            canvas *= light
            canvas += above
        missing = np.subtract(canvas, scene.picture[:, top:bottom], order="C")
        color = np.empty(len(canvas), np.float32)
        sums.error += float(np.vdot(missing, missing))
        kernels.backward(
            *outline, *look, canvas, top, missing, *kept, light, above, color, sums.points, sums.blocks, sums.colors,
            sums.color_curvature, sums.opacity, sums.opacity_curvature,
        )  # fmt: skip


def _move(
    paths: Paths,
    slopes: Slopes,
    speed: tuple[np.ndarray, np.ndarray, np.ndarray],
    rate: float,
    device: torch.device,
) -> None:
    """Move paths along a damped step, with the speed that is left of those before."""
    if not paths.count:
        return
    curvature = float(slopes.blocks[:, DIAGONAL].sum()) / (2 * len(paths.points))
    _pull(paths, slopes, PULL * min(max(MANY / paths.count, 1.0), MOST_PULL) * curvature)
    step = solved(paths, slopes, POINT_DAMPING * curvature + 1e-9, device)
    by_points, by_colors, by_opacity = speed
    _push(by_points, rate * step, POINT_LIMIT)
    by_color = slopes.color_curvature[:, None]
    _push(by_colors, -rate * slopes.colors / (by_color + COLOR_DAMPING * by_color.mean() + 1e-6), COLOR_LIMIT)
    by_cover = slopes.opacity_curvature
    _push(by_opacity, -rate * slopes.opacity / (by_cover + OPACITY_DAMPING * by_cover.mean() + 1e-6), OPACITY_LIMIT)
    paths.points += by_points
    paths.colors[:, :3] = np.clip(paths.colors[:, :3] + by_colors[:, :3], 0, 1)
    paths.opacity += by_opacity


def _pull(paths: Paths, slopes: Slopes, strength: float) -> None:
    """Add what pulls the handles of each cubic to the thirds of its chord: half the squared distances, by strength."""
    slopes.blocks += strength * _BENDING[np.tril_indices(8)]
    pieces = paths.points[paths.cubics].reshape(-1, 8)
    np.add.at(slopes.points, paths.cubics.ravel(), (strength * pieces @ _BENDING).reshape(-1, 2))


def _bending() -> np.ndarray:
    """The quadratic form [8,8] of a cubic's numbers: the sum of its handles' squared distances from the thirds of its
    chord."""
    away = np.array([[-2 / 3, 1, 0, -1 / 3], [-1 / 3, 0, 1, -2 / 3]])
    result: np.ndarray = np.kron(away.T @ away, np.eye(2))
    return result


_BENDING = _bending()


def solved(paths: Paths, slopes: Slopes, damping: float, device: torch.device) -> np.ndarray:
    """The damped Gauss-Newton step of all points, [M,2]; those of large paths stay."""
    most = min(MAX_TUNED_POINTS, int(np.diff(paths.point_start).max()))
    if not is_compiled_on(device):
        return twin.solve(paths, slopes, damping, most, device)
    steps, size = np.zeros_like(paths.points), 2 * most
    room = np.zeros((size, size)), np.zeros(size, np.int64), np.zeros(size)
    starts = paths.cubic_start, paths.point_start
    kernels.solve(paths.cubics, *starts, slopes.blocks, slopes.points, damping, *room, steps)
    return steps


def _push(speed: np.ndarray, step: np.ndarray, limit: float) -> None:
    """Add a step to a speed, in place."""
    speed *= MOMENTUM
    speed += step
    np.clip(speed, -limit, limit, out=speed)
