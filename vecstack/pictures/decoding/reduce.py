"""Large pictures made smaller while they are read: every 2, 4 or 8 pixels across and down become their mean."""

from __future__ import annotations

import dataclasses
from typing import Any

import numpy as np
from numpy.typing import NDArray

from vecstack.pictures.decoding.raster import Raster

FACTORS = (1, 2, 4, 8)  # those that JPEG decoders have
BAND_ROWS = 64  # of means, computed together: bounds the memory needed in addition


def factor_for(width: int, height: int, enough: int | None) -> int:
    """The least of FACTORS that leaves at most `enough` pixels, else the greatest; 1 where all are wanted."""
    if enough is None:
        return 1
    return next((by for by in FACTORS if -(-width // by) * -(-height // by) <= enough), FACTORS[-1])


def reduced(raster: Raster, enough: int | None) -> Raster:
    """A decoded picture with about so many pixels at most, if its decoder has not reduced it."""
    height, width = raster.values.shape[:2]
    factor = factor_for(width, height, enough)
    if factor == 1 or raster.full is not None:
        return raster
    values, alpha = means(raster.values, raster.alpha, factor)
    return dataclasses.replace(raster, values=values, alpha=alpha, full=(width, height))


def means(values: NDArray[Any], alpha: NDArray[Any] | None, factor: int) -> tuple[NDArray[Any], NDArray[Any] | None]:
    """Values [H,W] or [H,W,C] and their alpha [H,W] averaged over squares of `factor` pixels, in their own types. What
    is transparent has no part in the mean of colours; the last row and column are repeated to a whole square."""
    if factor == 1:
        return values, alpha
    rows, columns = (-(-side // factor) for side in values.shape[:2])
    small = np.empty((rows, columns, *values.shape[2:]), values.dtype)
    cover = None if alpha is None else np.empty((rows, columns), alpha.dtype)
    for top in range(0, rows, BAND_ROWS):
        here, there = slice(top, top + BAND_ROWS), slice(top * factor, (top + BAND_ROWS) * factor)
        if alpha is None or cover is None:
            small[here] = _as(_mean(_whole(values[there], factor), factor), values.dtype)
            continue
        weights = _whole(alpha[there], factor).astype(np.float32)
        band = _whole(values[there], factor)
        over = weights if band.ndim == 2 else weights[..., None]
        mean = _mean(weights, factor)
        seen = _mean(band * over, factor) / np.maximum(mean if band.ndim == 2 else mean[..., None], 1e-9)
        small[here], cover[here] = _as(seen, values.dtype), _as(mean, alpha.dtype)
    return small, cover


def _whole(band: NDArray[Any], factor: int) -> NDArray[Any]:
    """Rows of a picture, filled up to whole squares."""
    below, right = -band.shape[0] % factor, -band.shape[1] % factor
    if not below and not right:
        return band
    return np.pad(band, ((0, below), (0, right), *[(0, 0)] * (band.ndim - 2)), mode="edge")


def _mean(band: NDArray[Any], factor: int) -> NDArray[Any]:
    """The means of whole squares, as floats."""
    total = np.zeros((band.shape[0] // factor, band.shape[1] // factor, *band.shape[2:]), np.float32)
    for row in range(factor):
        for column in range(factor):
            total += band[row::factor, column::factor]
    total /= np.float32(factor**2)
    return total


def _as(values: NDArray[Any], dtype: np.dtype[Any]) -> NDArray[Any]:
    """Floats in a type, rounded where it is one of whole numbers."""
    return (np.rint(values) if dtype.kind in "ui" else values).astype(dtype)
