"""The colours of a small picture, and how each pixel is mixed of those that lie around it."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np

from vecstack.compiled import compiled
from vecstack.kinds.path.graphic.fills import Fill

LEAST_SIDE = 8  # px of the long side, of a picture that tells of shapes
EVEN, EDGES = 0.5, 5.0  # share of the pixels in even squares, at least, and px of the long side that may be edges
MOST = 24  # colours
STRAY = 0.01  # share of pixels that are no mixtures, of a picture that has few colours
THIRD = (6 / 255) ** 2  # what a third colour in a pixel costs, against squared distances
REACH = 2  # px from where a colour is to where it may be mixed in
ALMOST = 0.25  # from a pixel to a colour that may be meant to be further
BEYOND = (1.06, 1.12, 1.18, 1.25, 1.35)  # times as far from another colour, tried one after another
SEEN = 0.35  # share of a pixel from which on a colour is there


@dataclass(frozen=True)
class Bounds:
    """How far colours may be apart: within squares of four pixels that have one colour (`exact`) or are all of one
    (`alike`); such colours that are one (`same`); a pixel and a mixture with a colour that does not lie around it
    (`foreign`), and a pixel and its mixture, from which on there is a colour more (`explained`). How many are `few`."""

    exact: float
    alike: float
    same: float
    foreign: float
    explained: float
    few: int = 20


CLEAN = Bounds(0.6 / 255, 3 / 255, 10 / 255, 10 / 255, 12 / 255)


@dataclass(frozen=True)
class Mixtures:
    """The pixels [H,W,D] of a picture, without noise; its colours [K,D], how many pixels are all of each [K], and the
    share of each in each pixel, [K,H,W]; the fills of colours that run, else None, where any does; and the noise that
    was taken away, root mean square."""

    pixels: np.ndarray
    colors: np.ndarray
    pure: np.ndarray
    shares: np.ndarray
    fills: tuple[Fill | None, ...] = ()
    noise: float = 0.0

    @property
    def painted(self) -> np.ndarray:
        """The colour of each in each pixel: [K,H,W,D]."""
        height, width, _ = self.pixels.shape
        found = _everywhere(self.colors, height, width)
        rows, columns = np.indices((height, width)) + 0.5
        places = np.stack([columns.ravel(), rows.ravel()], 1)
        for number, fill in enumerate(self.fills):
            if fill is not None:
                found[number, ..., :3] = fill.colors_at(places).reshape(height, width, 3)
        return found


def mixtures_of(pixels: np.ndarray, bounds: Bounds = CLEAN) -> Mixtures | None:
    """The colours of pixels [H,W,D] (premultiplied where D is 4): those of squares of four, and of what is thinner, as
    long as pixels are no mixtures of colours around them. None where there are few such squares, as in a photo, or many
    colours."""
    side = max(pixels.shape[:2])
    if side < LEAST_SIDE or _in_squares(pixels, bounds.exact).mean() < EVEN - EDGES / side:
        return None
    colors, counts, seeds = _pure(pixels, bounds)
    if not len(colors):
        colors, counts = pixels[:1, 0].copy(), np.zeros(1, np.int64)
        seeds = np.zeros((1, *pixels.shape[:2]), bool)
        seeds[0, 0, 0] = True
    shares, left = _explained(pixels, colors, seeds)
    for _ in range(4 * MOST):
        y, x = divmod(int(left.argmax()), left.shape[1])
        if left[y, x] < bounds.explained**2:
            break
        number = _foreign(pixels, colors, shares, y, x, bounds.foreign)
        further = _further(pixels, colors, counts, shares, y, x, bounds.foreign) if number < 0 else None
        if further is not None:
            number, colors = further
        if number < 0:
            if len(colors) >= MOST:
                break
            number = len(colors)
            colors = np.concatenate([colors, pixels[y, x][None]])
            counts = np.append(counts, 0)
            seeds = np.concatenate([seeds, np.zeros_like(seeds[:1])])
        seeds[number, y, x] = True
        shares, left = _explained(pixels, colors, seeds, shares)
    if len(colors) > bounds.few or (left > bounds.explained**2).mean() > STRAY:
        return None
    return Mixtures(pixels, colors, counts, shares)


def _pure(pixels: np.ndarray, bounds: Bounds) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Colours of squares of four pixels alike: [K,D], of how many pixels each is [K], and of which [K,H,W]."""
    height, width, channels = pixels.shape
    left = _in_squares(pixels, bounds.alike)
    colors: list[np.ndarray] = []
    seeds: list[np.ndarray] = []
    while left.any() and len(colors) < MOST:
        own = pixels[left]
        _, place, counts = np.unique(np.rint(own * 60), axis=0, return_inverse=True, return_counts=True)
        middle = own[place.ravel() == counts.argmax()].mean(0)
        near = left & (np.abs(pixels - middle).max(2) < bounds.same)
        colors.append(np.median(pixels[near], 0))
        seeds.append(near)
        left &= ~near
    return (
        np.array(colors).reshape(-1, channels),
        np.array([int(near.sum()) for near in seeds], np.int64),
        np.array(seeds).reshape(-1, height, width),
    )


def _in_squares(pixels: np.ndarray, alike: float) -> np.ndarray:
    """Which pixels are in a square of four that are alike: [H,W]."""
    height, width, _ = pixels.shape
    corners = np.stack([pixels[a : height - 1 + a, b : width - 1 + b] for a in (0, 1) for b in (0, 1)])
    is_square = np.ptp(corners, axis=0).max(2) < alike
    found = np.zeros((height, width), bool)
    for a in (0, 1):
        for b in (0, 1):
            found[a : height - 1 + a, b : width - 1 + b] |= is_square
    return found


def _explained(
    pixels: np.ndarray, colors: np.ndarray, seeds: np.ndarray, shares: np.ndarray | None = None
) -> tuple[np.ndarray, np.ndarray]:
    """The shares [K,H,W] of colours around each pixel, and squared distances from what they give [H,W]."""
    is_there = seeds.copy()
    if shares is not None:
        is_there[: len(shares)] |= shares > SEEN
    while True:
        near = _widened(is_there)
        found, left = _mixed(pixels, _everywhere(colors, *pixels.shape[:2]), near, THIRD)
        more = (found > SEEN) & ~is_there
        if not more.any():
            return found, left
        is_there |= more


def _widened(is_there: np.ndarray) -> np.ndarray:
    """Which pixels [K,H,W] are within REACH of such that are."""
    for axis in (1, 2):
        padded = np.pad(is_there, [(REACH, REACH) if axis == other else (0, 0) for other in range(3)])
        count = is_there.shape[axis]
        shifted = [np.take(padded, np.arange(count) + shift, axis) for shift in range(2 * REACH + 1)]
        is_there = np.logical_or.reduce(shifted)
    return is_there


def _further(
    pixels: np.ndarray,
    colors: np.ndarray,
    counts: np.ndarray,
    shares: np.ndarray,
    y: int,
    x: int,
    foreign: float,
) -> tuple[int, np.ndarray] | None:
    """The number of a colour that is sure of no pixel, and the colours with it a little further from another, so that
    it explains a pixel near it; None where none does."""
    near = _around(shares, y, x)
    for beyond in BEYOND:
        for number in np.flatnonzero((counts == 0) & (np.abs(colors - pixels[y, x]).max(1) < ALMOST)).tolist():
            for other in near:
                moved = colors.copy()
                moved[number] = (colors[other] + beyond * (colors[number] - colors[other])).clip(0, 1)
                if moved.shape[1] == 4:
                    moved[number, :3] = np.minimum(moved[number, :3], moved[number, 3])
                if other != number and _left(pixels, moved, [*near, number], y, x) < foreign**2:
                    return number, moved
    return None


def _around(shares: np.ndarray, y: int, x: int) -> list[int]:
    """The colours that lie around a pixel."""
    rows, columns = slice(max(0, y - REACH), y + REACH + 1), slice(max(0, x - REACH), x + REACH + 1)
    found: list[int] = np.flatnonzero(shares[:, rows, columns].max((1, 2)) > SEEN).tolist()
    return found


def _left(pixels: np.ndarray, colors: np.ndarray, chosen: list[int], y: int, x: int) -> float:
    """By how much the mixtures of some colours miss a pixel, squared."""
    allowed = np.zeros((len(colors), 1, 1), bool)
    allowed[chosen] = True
    return float(_mixed(pixels[y : y + 1, x : x + 1], colors[:, None, None], allowed, THIRD)[1][0, 0])


def _foreign(pixels: np.ndarray, colors: np.ndarray, shares: np.ndarray, y: int, x: int, foreign: float) -> int:
    """The colour that explains a pixel up to `foreign`, with one that lies around it, though it does not; -1 where none
    does."""
    near = _around(shares, y, x)
    best, least = -1, foreign**2
    for number in range(len(colors)):
        left = _left(pixels, colors, [*near, number], y, x)
        if left < least:
            best, least = number, left
    return best


def mixed_again(mixtures: Mixtures, is_there: np.ndarray) -> Mixtures:
    """The mixtures with shares of the colours that are near where some are [K,H,W]; of those that have any."""
    shares, _ = _mixed(mixtures.pixels, mixtures.painted, _widened(is_there), THIRD)
    kept = np.flatnonzero(shares.sum((1, 2)) > 1)
    fills = tuple(mixtures.fills[number] for number in kept) if mixtures.fills else ()
    return replace(mixtures, colors=mixtures.colors[kept], pure=mixtures.pure[kept], shares=shares[kept], fills=fills)


def _everywhere(colors: np.ndarray, height: int, width: int) -> np.ndarray:
    """Colours [K,D] in each pixel: [K,H,W,D]."""
    return np.repeat(np.repeat(colors[:, None, None], height, 1), width, 2)


@compiled
def _mixed(pixels, colors, allowed, third):
    """The shares [K,H,W] of one, two or three of the colours [K,H,W,D] that are `allowed` [K,H,W] in each pixel
    [H,W,D], which come closest to it, and by how much they miss it, squared [H,W]."""
    height, width, channels = pixels.shape
    shares = np.zeros(allowed.shape)
    missed = np.full((height, width), 9.0)
    own = np.empty(len(colors), np.int64)
    for y in range(height):
        for x in range(width):
            count = 0
            for k in range(len(colors)):
                if allowed[k, y, x]:
                    own[count] = k
                    count += 1
            best, a0, b0, c0, u0, v0 = 1e9, -1, -1, -1, 0.0, 0.0
            for i in range(count):
                a = own[i]
                pp = 0.0
                for d in range(channels):
                    pp += (pixels[y, x, d] - colors[a, y, x, d]) ** 2
                if pp < best:
                    best, a0, b0, c0, u0, v0 = pp, a, -1, -1, 0.0, 0.0
                for j in range(i + 1, count):
                    b = own[j]
                    bb, bp = 1e-12, 0.0
                    for d in range(channels):
                        way = colors[b, y, x, d] - colors[a, y, x, d]
                        bb += way * way
                        bp += way * (pixels[y, x, d] - colors[a, y, x, d])
                    u = min(max(bp / bb, 0.0), 1.0)
                    cost = pp - 2 * u * bp + u * u * bb + 1e-5
                    if cost < best:
                        best, a0, b0, c0, u0, v0 = cost, a, b, -1, u, 0.0
                    for k in range(j + 1, count):
                        c = own[k]
                        cc, cp, bc = 1e-12, 0.0, 0.0
                        for d in range(channels):
                            way = colors[c, y, x, d] - colors[a, y, x, d]
                            cc += way * way
                            cp += way * (pixels[y, x, d] - colors[a, y, x, d])
                            bc += way * (colors[b, y, x, d] - colors[a, y, x, d])
                        det = bb * cc - bc * bc
                        if det < 1e-6:
                            continue
                        u, v = (bp * cc - cp * bc) / det, (cp * bb - bp * bc) / det
                        if u < 0 or v < 0 or u + v > 1:
                            continue
                        cost = pp - u * bp - v * cp + third
                        if cost < best:
                            best, a0, b0, c0, u0, v0 = cost, a, b, c, u, v
            if a0 >= 0:
                shares[a0, y, x] = 1 - u0 - v0
                if b0 >= 0:
                    shares[b0, y, x] = u0
                if c0 >= 0:
                    shares[c0, y, x] = v0
                    best -= third
                missed[y, x] = max(best, 0.0)
    return shares, missed
