"""Where paths can cover pixels of a raster, of which a band of rows is worked on at a time."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from vecstack.kinds.path.arrays import Paths


@dataclass(frozen=True)
class Windows:
    """The paths' windows in the rows top..bottom of a raster: the box (left, top, right, bottom) [L,4] of each; where
    its pixels begin among those of all windows [L+1], each row with a column more, into which goes what is to the
    right; and where its rows begin among those of all [L+1]."""

    top: int
    bottom: int
    boxes: np.ndarray
    starts: np.ndarray
    row_starts: np.ndarray

    @classmethod
    def of(cls, boxes: np.ndarray, top: int, bottom: int) -> Windows:
        """What is in some rows of boxes in a whole raster."""
        inside = boxes.copy()
        inside[:, 1::2] = boxes[:, 1::2].clip(top, bottom)
        rows = inside[:, 3] - inside[:, 1]
        starts = np.zeros((2, len(boxes) + 1), np.int64)
        np.cumsum([(inside[:, 2] - inside[:, 0] + 1) * rows, rows], axis=1, out=starts[:, 1:])
        return cls(top, bottom, inside, starts[0], starts[1])

    @property
    def met(self) -> list[int]:
        """The paths that can cover something here."""
        found: list[int] = np.flatnonzero(np.diff(self.starts)).tolist()
        return found

    def window(self, path: int) -> tuple[slice, slice, slice]:
        """A path's window, of what has these rows: [D,h,W]."""
        left, top, right, bottom = self.boxes[path].tolist()
        return slice(None), slice(top - self.top, bottom - self.top), slice(left, right)


@dataclass
class Room:
    """Arrays in which the loops of kernels.py work: signed areas of windows; the columns that each of their rows
    touches [rows,2]; colours of a row [D,W]; and entries, with the canvas below each."""

    areas: np.ndarray
    spans: np.ndarray
    fill: np.ndarray
    keys: np.ndarray
    weights: np.ndarray
    below: np.ndarray

    @classmethod
    def of(cls, areas: int, rows: int, entries: int, channels: int, width: int) -> Room:
        """Room for so many."""
        return cls(
            np.empty(areas, np.float32), np.empty((rows, 2), np.int64), np.empty((channels, width), np.float32),
            np.empty((entries, 2), np.int64), np.empty((entries, 8), np.float32),
            np.empty((entries, channels), np.float32),
        )  # fmt: skip

    @property
    def arrays(self) -> tuple[np.ndarray, np.ndarray, np.ndarray, np.ndarray, np.ndarray, np.ndarray]:
        """In the order in which the loops take them."""
        return self.areas, self.spans, self.fill, self.keys, self.weights, self.below

    def fit(self, areas: int, rows: int, entries: int) -> None:
        """Have room for so many: what is too small is made anew, with some to spare."""
        if len(self.areas) < areas:
            self.areas = np.empty(areas + areas // 4, np.float32)
        if len(self.spans) < rows:
            self.spans = np.empty((rows + rows // 4, 2), np.int64)
        if len(self.keys) < entries:
            self.keys = np.empty((entries, 2), np.int64)
            self.weights = np.empty((entries, 8), np.float32)
            self.below = np.empty((entries, self.below.shape[1]), np.float32)


def boxes_of(paths: Paths, height: int, width: int) -> np.ndarray:
    """Where each path can cover pixels of a raster: left, top, right, bottom [L,4]; no rows where it has no columns."""
    pieces = paths.points[paths.cubics]
    low, high = np.full((paths.count, 2), np.inf), np.full((paths.count, 2), -np.inf)
    has_any = np.diff(paths.cubic_start) > 0
    if has_any.any():
        starts = paths.cubic_start[:-1][has_any]
        low[has_any] = np.minimum.reduceat(pieces.min(1), starts)
        high[has_any] = np.maximum.reduceat(pieces.max(1), starts)
    low = np.floor(low.clip(0, (width, height)))
    high = np.ceil(high.clip(low, (width, height)))
    high[:, 1] = np.where(high[:, 0] > low[:, 0], high[:, 1], low[:, 1])
    return np.concatenate([low, high], 1).astype(np.int64)
