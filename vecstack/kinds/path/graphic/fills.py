"""What a part is filled with: a colour, or one that runs along a line or around a point, in closed form."""

from __future__ import annotations

import dataclasses
import math
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise

import numpy as np

from vecstack.geometry import Affine
from vecstack.kinds.gradient import LINEAR, RADIAL, Gradient
from vecstack.kinds.path.arrays import FLAT_FORM, LINEAR_FORM, PLACE, RADIAL_FORM, Paths, gradient_frame
from vecstack.kinds.path.graphic.palette import straightened
from vecstack.kinds.path.graphic.seeds import Parts

FLAT = 0.9 / 255  # root mean square from its median up to which a part has one colour
NOISY_FLAT = 3 / 255  # the same, amid noise
CLOSE = 0.7 / 255  # the same, of a run of colours that is close enough
STOPS = (2, 3, 5, 8)  # tried one after another
MIN_GAIN = 0.85  # of the distance that is left with more stops, or around a point instead of along a line
MIN_PIXELS = 60  # of a part that may have a run of colours
SAMPLES = 3000  # pixels of a part that are looked at
HALVINGS = 14  # of the steps in which the middle of a run around a point is searched
OPAQUE = 0.98


@dataclass(frozen=True)
class Fill:
    """A fill as arrays have it (see Paths): its form, its place [8], offsets [S] and colours [S,3]."""

    form: int
    place: np.ndarray
    offsets: np.ndarray
    colors: np.ndarray

    @classmethod
    def flat(cls, color: np.ndarray) -> Fill:
        """One colour [3], of 8 bits."""
        return cls(FLAT_FORM, np.zeros(PLACE), np.zeros(1), _rounded(color)[None])

    def colors_at(self, places: np.ndarray) -> np.ndarray:
        """The colours [N,3] at places [N,2]."""
        if self.form == FLAT_FORM:
            return np.repeat(self.colors, len(places), 0)
        local = places @ self.place[:6].reshape(2, 3)[:, :2].T + self.place[:6].reshape(2, 3)[:, 2]
        along = local[:, 0] if self.form == LINEAR_FORM else np.hypot(*local.T)
        found: np.ndarray = np.stack([np.interp(along, self.offsets, channel) for channel in self.colors.T], 1)
        return found


def fills_of(parts: Parts, picture: np.ndarray) -> list[Fill]:
    """The fill of each part of a picture [D,H,W]."""
    part, inner = parts.part, parts.pure.copy()
    inner[1:] &= part[1:] == part[:-1]
    inner[:-1] &= part[1:] == part[:-1]
    inner[:, 1:] &= part[:, 1:] == part[:, :-1]
    inner[:, :-1] &= part[:, 1:] == part[:, :-1]
    rows, columns = np.nonzero(inner)
    order = np.argsort(part[rows, columns], kind="stable")
    rows, columns = rows[order], columns[order]
    starts = np.searchsorted(part[rows, columns], np.arange(parts.count + 1))
    flat = NOISY_FLAT if parts.is_noisy else FLAT
    straight_colors = straightened(parts.colors)
    found = []
    for number, (a, b) in enumerate(pairwise(starts)):
        straight = straight_colors[number]
        chosen = np.arange(a, b)[:: max(1, (b - a) // SAMPLES)]
        values = picture[:3, rows[chosen], columns[chosen]].T.astype(np.float64)
        is_opaque = len(picture) == 3 or parts.colors[number, 3] > OPAQUE
        if b - a < MIN_PIXELS or not is_opaque or _rms(values - straight) <= flat:
            found.append(Fill.flat(straight))
        else:
            found.append(run_of(np.stack([columns[chosen], rows[chosen]], 1) + 0.5, values, straight))
    return found


def filled(paths: Paths, fills: Sequence[Fill]) -> Paths:
    """The paths with other fills."""
    if not fills:
        return paths
    counts = [len(fill.offsets) for fill in fills]
    colors = np.ones((sum(counts), paths.colors.shape[1]), np.float32)
    colors[:, :3] = np.concatenate([fill.colors for fill in fills])
    return dataclasses.replace(
        paths, form=np.array([fill.form for fill in fills]), place=np.stack([fill.place for fill in fills]),
        offsets=np.concatenate([fill.offsets for fill in fills]).astype(np.float32), colors=colors,
        stop_start=np.concatenate([[0], np.cumsum(counts)]).astype(np.int64),
    )  # fmt: skip


def run_of(places: np.ndarray, values: np.ndarray, flat: np.ndarray, counts: tuple[int, ...] = STOPS) -> Fill:
    """A run of colours, with one of some counts of stops, that values [N,3] at places [N,2] have; the flat colour where
    none is closer."""
    middle = places.mean(0)
    size = float(np.abs(places - middle).max())
    local = (places - middle) / size
    design = np.concatenate([np.ones((len(local), 1)), local], 1)
    slopes = np.linalg.lstsq(design, values, rcond=None)[0][1:]  # [2,3]
    way = np.linalg.svd(slopes)[0][:, 0]
    along = local @ way
    linear = _stops(along, values, counts)
    centre = _centre(local, values)
    around = np.hypot(*(local - centre).T)
    radial = _stops(around, values, counts)
    if min(linear[2], radial[2]) > MIN_GAIN * _rms(values - flat):
        return Fill.flat(flat)
    if radial[2] < MIN_GAIN * linear[2] and linear[2] > CLOSE:
        start = middle + size * centre
        end = start + np.array([size * radial[3], 0.0])
        return _fill(RADIAL, start, end, radial[0], radial[1])
    low, high = along.min(), along.max()
    start, end = middle + size * low * way, middle + size * high * way
    return _fill(LINEAR, start, end, linear[0], linear[1])


def _fill(shape: str, start: np.ndarray, end: np.ndarray, offsets: np.ndarray, colors: np.ndarray) -> Fill:
    (x0, y0), (x1, y1) = start.tolist(), end.tolist()
    gradient = Gradient(shape, (x0, y0), (x1, y1), ((0.0, 0.0, 0.0, 0.0), (1.0, 0.0, 0.0, 0.0)))
    form = LINEAR_FORM if shape == LINEAR else RADIAL_FORM
    return Fill(form, gradient_frame(gradient, Affine(1, 0, 0, 0, 1, 0)), offsets, _rounded(colors))


def _stops(
    along: np.ndarray, values: np.ndarray, counts: tuple[int, ...] = STOPS
) -> tuple[np.ndarray, np.ndarray, float, float]:
    """Offsets [S] and colours [S,3] of the fewest stops that are close to values [N,3] that lie along a line from the
    least to the greatest, or from 0 on; the root mean square that is left, and the greatest."""
    low, high = min(0.0, along.min()) if (along >= 0).all() else along.min(), along.max()
    best: tuple[np.ndarray, np.ndarray, float, float] | None = None
    for count in counts:
        place = (along - low) / max(high - low, 1e-9) * (count - 1)
        index = np.clip(place.astype(np.int64), 0, count - 2)
        part = place - index
        design = np.zeros((len(along), count))
        design[np.arange(len(along)), index] = 1 - part
        design[np.arange(len(along)), index + 1] = part
        ridge = 1e-3 * (np.eye(count)[1:] - np.eye(count)[:-1])  # where no pixel tells
        full = np.concatenate([design, ridge])
        colors = np.linalg.lstsq(full, np.concatenate([values, np.zeros((count - 1, 3))]), rcond=None)[0]
        left = _rms(design @ colors - values)
        if best is None or left < MIN_GAIN * best[2]:
            best = np.linspace(0, 1, count), colors, left, float(high)
        if left <= CLOSE:
            break
    assert best is not None
    return best


def _centre(local: np.ndarray, values: np.ndarray) -> np.ndarray:
    """The point [2] around which values [N,3] at places [N,2] run: that of a paraboloid at first, then moved as long as
    a run around it comes closer."""
    axis = np.linalg.svd(values - values.mean(0), full_matrices=False)[2][0]
    tone = values @ axis
    square = np.square(local).sum(1)
    design = np.stack([np.ones(len(local)), *local.T, square], 1)
    _, bx, by, k = np.linalg.lstsq(design, tone, rcond=None)[0]
    best = np.array([-bx, -by]) / (2 * k) if abs(k) > 1e-9 else np.zeros(2)
    best = best if math.hypot(*best) < 3 else np.zeros(2)
    few = slice(None, None, max(1, len(local) // 800))
    places, tones = local[few], values[few]

    def left(centre: np.ndarray) -> float:
        return _stops(np.hypot(*(places - centre).T), tones, (5,))[2]

    least, step = left(best), 0.25
    for _ in range(HALVINGS):
        moves = [best + step * np.array(move) for move in ((1, 0), (-1, 0), (0, 1), (0, -1))]
        each = [left(move) for move in moves]
        if min(each) < least:
            best, least = moves[int(np.argmin(each))], min(each)
        else:
            step /= 2
    return best


def _rms(values: np.ndarray) -> float:
    return math.sqrt(float(np.square(values).mean()))


def _rounded(colors: np.ndarray) -> np.ndarray:
    """Colours of 8 bits a channel."""
    found: np.ndarray = np.rint(np.clip(colors, 0, 1) * 255) / 255
    return found
