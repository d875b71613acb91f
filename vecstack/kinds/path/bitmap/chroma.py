"""Luma and chroma: a JPEG smears the chroma of edges over cells of two by two pixels, and keeps luma at each."""

from __future__ import annotations

import numpy as np

LUMA = np.array([0.299, 0.587, 0.114])  # of red, green, blue (ITU-R BT.601, as in JFIF)
MUTED = 0.4  # of chroma that is left where colours amid noise are compared


def muted(colors: np.ndarray) -> np.ndarray:
    """Colours [...,3] with less chroma, so that what they differ in by it counts less."""
    return _with_chroma(colors, MUTED)


def unmuted(colors: np.ndarray) -> np.ndarray:
    """The colours [...,3] in 0..1 that `muted` made these of."""
    return _with_chroma(colors, 1 / MUTED).clip(0, 1)


def luma_of(colors: np.ndarray) -> np.ndarray:
    """The luma [...,1] of colours [...,3]."""
    found: np.ndarray = (colors @ LUMA)[..., None]
    return found


def _with_chroma(colors: np.ndarray, share: float) -> np.ndarray:
    luma = luma_of(colors)
    found: np.ndarray = luma + share * (colors - luma)
    return found
