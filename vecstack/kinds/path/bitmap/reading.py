"""What a small picture is read as: few colours, few of which some run into each other, or few amid noise."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from vecstack.kinds.path.bitmap.chroma import muted, unmuted
from vecstack.kinds.path.bitmap.mixtures import Bounds, Mixtures, mixtures_of
from vecstack.kinds.path.bitmap.runs import with_runs
from vecstack.kinds.path.graphic.edges import grown
from vecstack.kinds.path.noise import REACH, without_noise

RUNNING = Bounds(5 / 255, 8 / 255, 12 / 255, 10 / 255, 12 / 255, 24)  # of a picture some of whose colours run
CLEANED = Bounds(5 / 255, 14 / 255, 32 / 255, 36 / 255, 48 / 255)  # of one without its noise
NOISES = (16 / 255, 32 / 255)  # between pixels that may be of one colour, of pictures with more noise and more
MOST_PX = 64  # long side of a picture that is looked at for more than few colours
GROUND, MOST = 0.6, 10  # share of the border that is of one colour, at least, of such a picture; colours that it has
PURE, SHADED = 0.97, 5.0 / 255  # share of a pixel of one colour; see _shading
LEAST_INNER = 6  # pixels that tell of a colour amid noise


def reading_of(picture: np.ndarray) -> Mixtures | None:
    """The colours of a picture [D,H,W] (premultiplied where D is 4); None of one that has many, as a photo does."""
    pixels = np.ascontiguousarray(picture.transpose(1, 2, 0), np.float64)
    found = mixtures_of(pixels)
    if found is not None:
        return with_runs(found)
    if max(pixels.shape[:2]) > MOST_PX or _ground_share(pixels) < GROUND:
        return None
    read = [
        found for found in (_running(pixels), _amid_noise(pixels)) if found is not None and len(found.colors) <= MOST
    ]
    return min(read, key=lambda found: len(found.colors), default=None)


def _running(pixels: np.ndarray) -> Mixtures | None:
    """The colours of pixels [H,W,D], some of which run; None where none does."""
    found = mixtures_of(pixels, RUNNING)
    found = None if found is None else with_runs(found)
    return None if found is None or not any(found.fills) else found


def _amid_noise(pixels: np.ndarray) -> Mixtures | None:
    """The colours of pixels [H,W,D] without the least noise that leaves few; None where shading is left, too."""
    is_opaque = pixels.shape[2] == 3
    seen = muted(pixels) if is_opaque else pixels
    for noise in NOISES:
        found = mixtures_of(without_noise(seen, noise), CLEANED)
        if found is not None and len(found.colors) > 1 and _shading(seen, found) < SHADED:
            left = float(np.sqrt(np.square(seen - found.pixels).mean()))
            found = replace(with_runs(found, blends=0), noise=left)  # a JPEG mixes chroma over more than an edge
            return _colored(_unmuted(found) if is_opaque else found, pixels)
    return None


def _unmuted(mixtures: Mixtures) -> Mixtures:
    """Mixtures of muted colours, with all of their chroma."""
    fills = tuple(fill and replace(fill, colors=unmuted(fill.colors)) for fill in mixtures.fills)
    return replace(mixtures, pixels=unmuted(mixtures.pixels), colors=unmuted(mixtures.colors), fills=fills)


def _colored(mixtures: Mixtures, pixels: np.ndarray) -> Mixtures:
    """Mixtures whose colours are the medians of pixels [H,W,D] that are far from all others, where there are some."""
    colors = mixtures.colors.copy()
    for number, share in enumerate(mixtures.shares):
        is_own = share > PURE
        for _ in range(REACH):
            inner = ~grown(~is_own, 1)
            is_own = inner if inner.sum() >= LEAST_INNER else is_own
        if is_own.sum() >= LEAST_INNER:
            colors[number] = np.median(pixels[is_own], 0)
    return replace(mixtures, colors=colors)


def _ground_share(pixels: np.ndarray) -> float:
    """The share of the pixels along the border that are of one colour, but for noise."""
    pixels = muted(pixels) if pixels.shape[2] == 3 else pixels
    rim = np.concatenate([pixels[0], pixels[-1], pixels[:, 0], pixels[:, -1]])
    return float((np.abs(rim - np.median(rim, 0)).max(1) < NOISES[0]).mean())


def _shading(pixels: np.ndarray, mixtures: Mixtures) -> float:
    """What means of nine pixels leave of the difference to their colours, root mean square: little of noise, and more
    of the shading of a photo."""
    left = pixels - np.einsum("khw,khwd->hwd", mixtures.shares, mixtures.painted)
    for axis in (0, 1):
        left = (np.roll(left, 1, axis) + left + np.roll(left, -1, axis)) / 3
    is_pure = mixtures.shares.max(0) > PURE
    return float(np.sqrt(np.square(left[is_pure]).mean())) if is_pure.any() else 1.0
