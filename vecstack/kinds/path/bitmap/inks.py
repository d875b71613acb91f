"""The two colours of a small picture, and how much of each pixel the ink covers."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

LEAST_CONTRAST = 10 / 255  # between ground and ink; a picture of less is of one colour
NEAR = 0.06  # of the contrast: colours that count as an end
END, BINS = 0.8, 20  # share of the way to the farthest colour from which on the ink's peak is looked for, in bins
PLATEAU = 3  # pixels of a peak, at least; without one, strokes are thinner than pixels
MOST_EXTENDED = 1.3  # by which the ink may lie beyond the farthest colour there, where black or white is
OFF_LINE = 0.05  # root mean square distance of colours from the line of mixtures, as a share of the contrast
OPAQUE = 0.5  # coverage of a ground that is no transparent one


@dataclass(frozen=True)
class Inks:
    """A ground and an ink [D], and how much of each pixel the ink covers: [H,W] in 0..1."""

    ground: np.ndarray
    ink: np.ndarray
    cover: np.ndarray

    @property
    def is_plain(self) -> bool:
        """Whether there is nothing but the ground."""
        return not self.cover.any()


def inks_of(picture: np.ndarray) -> Inks | None:
    """The ground and the ink of a picture [D,H,W] (premultiplied where D is 4); None where more than two colours are
    mixed, or two of a transparent picture are opaque."""
    colors = picture.reshape(len(picture), -1).T.astype(np.float64)
    ground = _ground(picture)
    far = np.abs(colors - ground).max(1)
    if far.max() < LEAST_CONTRAST:
        is_clear = len(ground) == 3 or ground[3] < OPAQUE
        return Inks(ground, ground, np.zeros(picture.shape[1:])) if is_clear else None
    ink = _ink(colors, ground)
    way = ink - ground
    share = np.clip((colors - ground) @ way / (way @ way), 0, 1)
    off = np.linalg.norm(colors - ground - share[:, None] * way, axis=1) / np.linalg.norm(way)
    if np.sqrt(np.square(off).mean() / max(float((share > NEAR).mean()), 1e-6)) > OFF_LINE:
        return None
    cover = share.reshape(picture.shape[1:])
    if len(ground) == 4:
        if min(ground[3], ink[3]) > NEAR:
            return None
        if ink[3] < ground[3]:  # a hole
            return Inks(np.zeros(4), ground, 1 - cover)
        ground = np.zeros(4)
    return Inks(ground, ink, cover)


def _ground(picture: np.ndarray) -> np.ndarray:
    """The most frequent colour [D] along the border: the mean of all that are near it."""
    rim = np.concatenate([picture[:, 0], picture[:, -1], picture[:, :, 0], picture[:, :, -1]], 1).T
    _, place, counts = np.unique(np.rint(rim * 31), axis=0, return_inverse=True, return_counts=True)
    first = rim[place.ravel() == counts.argmax()].mean(0)
    near = rim[np.abs(rim - first).max(1) < NEAR / 2]
    found: np.ndarray = near.mean(0, dtype=np.float64) if len(near) else np.asarray(first, np.float64)
    return found


def _ink(colors: np.ndarray, ground: np.ndarray) -> np.ndarray:
    """The colour [D] at the other end of the mixtures with a ground: the peak of the histogram there; where strokes are
    too thin to have one, black, white or another end of the range of colours that is near."""
    away = colors - ground
    farthest = away[np.linalg.norm(away, axis=1).argmax()]
    share = away @ farthest / (farthest @ farthest)
    counts, edges = np.histogram(share, BINS, (END, 1.0 + 1e-6))
    peak = int(counts.argmax() if counts[-1] < PLATEAU else BINS - 1)
    if counts[peak] >= PLATEAU:
        inside = np.abs(share - (edges[peak] + edges[peak + 1]) / 2) <= edges[1] - edges[0]
        found: np.ndarray = colors[inside].mean(0)
        return found
    limits = np.where(farthest > 0, 1 - ground, ground)
    with np.errstate(divide="ignore"):
        reach = float((limits / np.abs(farthest)).min())
    end: np.ndarray = ground + (reach if 1 <= reach <= MOST_EXTENDED else 1.0) * farthest
    return end
