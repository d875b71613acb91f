"""The two colours of a small picture, and how much of each pixel the ink covers."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np

LEAST_CONTRAST = 10 / 255  # between ground and ink; a picture of less is of one colour
LEAST_OPACITY = 0.01  # of what is seen at all
FAINT = 0.01  # cover that counts as ground
NEAR = 0.06  # of the contrast: colours that count as an end
END, BINS = 0.8, 10  # share of the way to the farthest colour from which on a noisy ink's peak is looked for, in bins
FLAT = 0.98  # share of the way to the farthest colour from which on pixels have it
FEW_FULL = 4  # pixels of the ink alone that may be so by chance, where it may be stronger
WITHIN = 0.6  # cover of pixels around one that is of the ink alone
LEAST_BEYOND, MOST_BEYOND = 1.005, 1.8  # times as far from the ground as the farthest colour the ink may be
NOISY = 0.004  # of the contrast: median distance of the ground's colours from it, from which on a picture has noise
OFF_LINE, NOISY_OFF_LINE = 0.05, 0.25  # distance of colours from the line of mixtures, the same; with noise
OTHER, MOST_OTHER = 0.3, 0.06  # of the contrast: distance of a third colour; share of inked pixels that may have it
EVEN, OFF_EVEN, MOST_OFF_EVEN = (
    0.08,
    0.15,
    0.04,
)  # the same amid noise, where pixels are even: difference of four pixels
BETWEEN, MOST_BETWEEN = (0.1, 0.9), 1.5  # amid noise: cover of mixtures; how many there may be for each pixel of edge
MOST_EDGE = 560  # sides of pixels between ink and ground, amid noise; fitting more takes minutes
OPAQUE = 0.5  # coverage of a ground that is no transparent one


@dataclass(frozen=True)
class Inks:
    """A ground and an ink [D], and how much of each pixel the ink covers: [H,W] in 0..1. Where no pixel is surely of
    the ink alone, the ink may as well be so many times as far from the ground: `beyond`, 1 where it is known.
    Colours are `off` the line of mixtures by so much of its length, root mean square; 0 amid noise (`is_noisy`)."""

    ground: np.ndarray
    ink: np.ndarray
    cover: np.ndarray
    beyond: float = 1.0
    off: float = 0.0
    is_noisy: bool = False

    @property
    def stronger(self) -> Inks:
        """The same with the ink that lies beyond."""
        ink = self.ground + self.beyond * (self.ink - self.ground)
        return replace(self, ink=ink, cover=self.cover / self.beyond, beyond=1.0)

    @property
    def is_hardly_full(self) -> bool:
        """Whether the ink may be stronger, and hardly a pixel says that it is not."""
        return self.beyond > 1 and int((self.cover >= FLAT).sum()) < FEW_FULL

    def cropped(self, margin: int) -> tuple[tuple[int, int], Inks]:
        """Its first column and row, and the part of the picture that is inked, with a margin of so many pixels."""
        rows, columns = np.nonzero(self.cover > FAINT)
        if not len(rows):
            return (0, 0), self
        left, top = max(int(columns.min()) - margin, 0), max(int(rows.min()) - margin, 0)
        part = self.cover[top : int(rows.max()) + margin + 1, left : int(columns.max()) + margin + 1]
        return (left, top), replace(self, cover=np.ascontiguousarray(part))

    def painted(self, cover: np.ndarray) -> np.ndarray:
        """What is seen [D,H,W] where the ink covers so much of each pixel [H,W]."""
        seen: np.ndarray = self.ground[:, None, None] + (self.ink - self.ground)[:, None, None] * cover
        return seen

    @property
    def is_plain(self) -> bool:
        """Whether there is nothing but the ground."""
        return not self.cover.any()


def inks_of(picture: np.ndarray) -> Inks | None:
    """The ground and the ink of a picture [D,H,W] (premultiplied where D is 4); None where more than two colours are
    mixed, as in a photo in tones of one colour, or two of a transparent picture are opaque."""
    colors = picture.reshape(len(picture), -1).T.astype(np.float64)
    ground = _ground(picture)
    far = np.abs(colors - ground).max(1)
    if far.max() < LEAST_CONTRAST:
        if len(ground) == 4 and ground[3] >= OPAQUE:
            return None
        if len(ground) == 4 and ground[3] >= LEAST_OPACITY:  # a translucent colour is the ink of all
            return Inks(np.zeros(4), ground, np.ones(picture.shape[1:]))
        return Inks(ground, ground, np.zeros(picture.shape[1:]))
    near = np.linalg.norm(colors - ground, axis=1) / far.max()
    noise = float(np.median(near[near < 2 * NEAR]))
    ink = _ink(colors, ground, noise > NOISY)
    way = ink - ground
    share = np.clip((colors - ground) @ way / (way @ way), 0, 1)
    off = np.linalg.norm(colors - ground - share[:, None] * way, axis=1) / np.linalg.norm(way)
    inked = int(max((share > NEAR).sum(), 1))
    spread = float(np.sqrt(np.square(off).sum() / inked))
    if spread > (OFF_LINE if noise <= NOISY else NOISY_OFF_LINE) or (off > OTHER).sum() > MOST_OTHER * inked:
        return None
    if noise > NOISY and (
        _is_toned(share.reshape(picture.shape[1:]))
        or _has_third(picture, share.reshape(picture.shape[1:]), off.reshape(picture.shape[1:]))
    ):
        return None
    is_noisy = noise > NOISY
    spread = 0.0 if is_noisy else spread
    cover = share.reshape(picture.shape[1:])
    if len(ground) == 4:
        if min(ground[3], ink[3]) > NEAR:
            return None
        if ink[3] < ground[3]:  # a hole
            return Inks(np.zeros(4), ground, 1 - cover, off=spread, is_noisy=is_noisy)
        ground = np.zeros(4)
    inks = Inks(ground, ink, cover, off=spread, is_noisy=is_noisy)
    return replace(inks, beyond=_beyond(inks))


def _is_toned(share: np.ndarray) -> bool:
    """Whether a noisy picture is one of tones between its ends: more pixels are mixtures (`share` of the ink [H,W])
    than there is edge for, or there is more edge than a drawing has."""
    between = int(((share > BETWEEN[0]) & (share < BETWEEN[1])).sum())
    inked = share > 0.5
    edge = int((inked[1:] != inked[:-1]).sum() + (inked[:, 1:] != inked[:, :-1]).sum())
    return between > MOST_BETWEEN * edge or edge > MOST_EDGE


def _has_third(picture: np.ndarray, share: np.ndarray, off: np.ndarray) -> bool:
    """Whether areas of a noisy picture [D,H,W] have a third colour: inked pixels (`share` of the ink [H,W]) in squares
    of four that are even are `off` the line of mixtures [H,W], though no edge is near that a JPEG smears."""
    height, width = share.shape
    squares = np.stack([picture[:, a : height - 1 + a, b : width - 1 + b] for a in (0, 1) for b in (0, 1)])
    is_even = (np.ptp(squares, axis=0).max(0) < EVEN) & (share[1:, 1:] > NEAR)
    return bool((off[1:, 1:][is_even] > OFF_EVEN).sum() > MOST_OFF_EVEN * is_even.sum())


def _ground(picture: np.ndarray) -> np.ndarray:
    """The most frequent colour [D] along the border: the mean of all that are near it."""
    rim = np.concatenate([picture[:, 0], picture[:, -1], picture[:, :, 0], picture[:, :, -1]], 1).T
    _, place, counts = np.unique(np.rint(rim * 31), axis=0, return_inverse=True, return_counts=True)
    first = rim[place.ravel() == counts.argmax()].mean(0)
    near = rim[np.abs(rim - first).max(1) < NEAR / 2]
    found: np.ndarray = near.mean(0, dtype=np.float64) if len(near) else np.asarray(first, np.float64)
    return found


def _ink(colors: np.ndarray, ground: np.ndarray, is_noisy: bool) -> np.ndarray:
    """The colour [D] at the other end of the mixtures with a ground: the farthest, or with noise the peak of the
    histogram there."""
    away = colors - ground
    at = int(np.linalg.norm(away, axis=1).argmax())
    farthest = away[at]
    share = away @ farthest / (farthest @ farthest)
    if not is_noisy:
        end: np.ndarray = colors[at]
        return end
    counts, edges = np.histogram(share, BINS, (END, 1.0 + 1e-6))
    peak = int(counts.argmax())
    inside = np.abs(share - (edges[peak] + edges[peak + 1]) / 2) <= edges[1] - edges[0]
    found: np.ndarray = colors[inside].mean(0)
    return found


def _beyond(inks: Inks) -> float:
    """How many times as far from the ground black, white or another end of the range of colours lies, if that is near
    and no square of four pixels is of the ink alone, nor several pixels within it (of an ink that runs); else 1."""
    full = inks.cover >= FLAT
    square = full[1:, 1:] & full[:-1, 1:] & full[1:, :-1] & full[:-1, :-1]
    if inks.is_noisy or square.any() or _inner_count(inks.cover) >= FEW_FULL:
        return 1.0
    way = inks.ink - inks.ground
    limits = np.where(way > 0, 1 - inks.ground, inks.ground)
    with np.errstate(divide="ignore", invalid="ignore"):
        reach = float(np.nanmin(limits / np.abs(way)))
    return reach if LEAST_BEYOND < reach <= MOST_BEYOND else 1.0


def _inner_count(cover: np.ndarray) -> int:
    """How many pixels [H,W] are surely of the ink alone, since all nine around them are mostly inked."""
    inked = np.pad(cover > WITHIN, 1)
    across = inked[:, :-2] & inked[:, 1:-1] & inked[:, 2:]
    return int((across[:-2] & across[1:-1] & across[2:]).sum())
