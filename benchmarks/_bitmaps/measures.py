"""How close a bitmap that was drawn large is to the truth."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from PIL import Image
from scipy.ndimage import binary_erosion, distance_transform_edt

from _bitmaps.glyphs import errors

FAR = 95  # per cent of the outline that is nearer than the distance called far


@dataclass(frozen=True)
class Figures:
    """What a method made of a glyph: mean absolute error in 1/255, PSNR in dB, the mean and the far distance between
    its outline and the true one in pixels of the input, seconds of the processor, bytes of an SVG (NaN of others)."""

    error: float
    psnr: float
    edge: float
    far_edge: float
    seconds: float
    svg_bytes: float


def figures(drawn: Image.Image, truth: Image.Image, side: int, seconds: float, svg_bytes: int | None) -> Figures:
    """The figures of a picture of a glyph that had `side` pixels."""
    error, psnr = errors(drawn, truth)
    away = edge_distances(np.asarray(drawn) > 127, np.asarray(truth) > 127) * (side / truth.width)
    edge, far = (float(away.mean()), float(np.percentile(away, FAR))) if len(away) else (np.nan, np.nan)
    return Figures(255 * error, psnr, edge, far, seconds, np.nan if svg_bytes is None else svg_bytes)


def edge_distances(one: np.ndarray, other: np.ndarray) -> np.ndarray:
    """How far each pixel on the outline of a shape [H,W] is from the outline of another, and the other way round;
    nothing where one has none."""
    outlines = [shape & ~binary_erosion(shape, border_value=1) for shape in (one, other)]
    if not all(outline.any() for outline in outlines):
        return np.zeros(0)
    pairs = (outlines, outlines[::-1])
    found: np.ndarray = np.concatenate([distance_transform_edt(~there)[here] for here, there in pairs])
    return found
