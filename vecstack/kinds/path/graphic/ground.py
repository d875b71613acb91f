"""The canvas itself among the parts of a flat picture."""

from __future__ import annotations

import numpy as np

from vecstack.kinds.path.graphic.seeds import Parts
from vecstack.kinds.path.graphic.stacking import neighbours

GROUND = 2.5 / 255  # difference up to which a part has the colour below
CLEAR = 0.02  # cover up to which a part of a transparent picture is empty


def most_on_rim(picture: np.ndarray) -> np.ndarray:
    """The most frequent colour [D] along the border of a picture [D,H,W], of 8 bits a channel."""
    rim = np.concatenate([picture[:, 0], picture[:, -1], picture[:, :, 0], picture[:, :, -1]], 1)
    colors, counts = np.unique(np.rint(rim.T * 255), axis=0, return_counts=True)
    found: np.ndarray = colors[counts.argmax()] / 255
    return found


def ground_of(parts: Parts, below: np.ndarray) -> np.ndarray:
    """Which parts [K] are the canvas itself, of a colour [D]: those like it at the border of the picture, and those
    that one other part alone surrounds."""
    like: np.ndarray = np.abs(parts.colors - below).max(1) < GROUND
    if len(below) == 4:
        clear: np.ndarray = like | (parts.colors[:, 3] < CLEAR)
        return clear
    part = parts.part
    rim = np.unique(np.concatenate([part[0], part[-1], part[:, 0], part[:, -1]]))
    beside = neighbours(part, parts.count)
    single = np.array([len(others) == 1 for others in beside])
    found: np.ndarray = like & (np.isin(np.arange(parts.count), rim) | single)
    return found
