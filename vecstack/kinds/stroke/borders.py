"""Parts of a picture that strokes stay within."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from vecstack.kinds.stroke import tracing

PLACES = np.linspace(0, 1, 9)  # along a spine, at which it is looked at
NARROW = 0.7  # of the least radius of other strokes: that of one between borders


@dataclass(frozen=True)
class Borders:
    """The part [H,W] (int64) of each pixel, and how far it is from another part [H,W] (float32, px)."""

    labels: np.ndarray
    room: np.ndarray

    @classmethod
    def of(cls, labels: np.ndarray) -> Borders:
        """Those of parts."""
        room = np.empty(labels.shape, np.float32)
        tracing.distances(labels, room)
        return cls(labels, room)

    def at(self, x: np.ndarray, y: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """The parts of places in pixels, the nearest ones' beyond the border of the picture; and their room."""
        pixels = pixels_of((x, y), *self.labels.shape)
        return self.labels[pixels], self.room[pixels]

    def keep(self, strokes: np.ndarray, before: np.ndarray, own: np.ndarray, least: float) -> None:
        """Have strokes [L,13] stay within their own parts [L], in place: those whose spines would leave have the ones
        from `before`, and no radius, down to a share of the least one, is greater than the room that there is."""
        label, _ = self.at(*_along(strokes))
        leaves = (label != own[:, None]).any(1)
        strokes[leaves, :6] = before[leaves, :6]
        label, room = self.at(*_along(strokes))
        room = np.where(label == own[:, None], room, 0)
        radii = strokes[:, 6, None] + (strokes[:, 7] - strokes[:, 6])[:, None] * PLACES
        share = (room / radii).min(1).clip(max=1)
        strokes[:, 6:8] = np.maximum(strokes[:, 6:8] * share[:, None], NARROW * least)


def pixels_of(places: tuple[np.ndarray, np.ndarray], height: int, width: int) -> tuple[np.ndarray, np.ndarray]:
    """The rows and columns of places (x, y), of the nearest pixels where they lie outside the picture."""
    x, y = places
    return y.astype(np.int64).clip(0, height - 1), x.astype(np.int64).clip(0, width - 1)


def middles_of(strokes: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """X and y of the middle of each spine: [L] each."""
    x, y = (strokes[:, axis:6:2] @ (0.25, 0.5, 0.25) for axis in (0, 1))
    return x, y


def _along(strokes: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """X and y of places along spines: [L,P] each."""
    weights = np.stack([(1 - PLACES) ** 2, 2 * PLACES * (1 - PLACES), PLACES**2])
    return strokes[:, 0:6:2] @ weights, strokes[:, 1:6:2] @ weights
