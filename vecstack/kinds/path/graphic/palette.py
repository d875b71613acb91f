"""Parts in few colours, or those of a palette: neighbours that get the same colour are one part."""

from __future__ import annotations

import dataclasses

import numpy as np

from vecstack.color import Color, nearest, reduced
from vecstack.kinds.base import Style
from vecstack.kinds.path.graphic.seeds import Parts, united


def in_style(parts: Parts, ground: np.ndarray, behind: np.ndarray | None, style: Style) -> Parts:
    """The parts, those but the ground's [K] in the colours that a style allows: of a number of colours, that of an
    opaque canvas `behind` [3] is one."""
    palette = _palette(parts, ground, behind, style)
    drawn = np.flatnonzero(~ground)
    if palette is None or not len(drawn):
        return parts
    straight = straightened(parts.colors[drawn])
    chosen = np.array(nearest([_color(color) for color in straight], palette), np.float32)
    colors = parts.colors.copy()
    colors[drawn, :3] = chosen * (colors[drawn, 3:] if colors.shape[1] == 4 else 1)
    if behind is not None:
        colors[ground] = behind
    return united(
        dataclasses.replace(parts, colors=colors), lambda one, other: np.array_equal(colors[one], colors[other])
    )


def straightened(colors: np.ndarray) -> np.ndarray:
    """The colours [K,3] of those that may be premultiplied [K,D]."""
    if colors.shape[1] == 3:
        return colors
    found: np.ndarray = np.clip(colors[:, :3] / np.maximum(colors[:, 3:], 1e-3), 0, 1)
    return found


def _palette(parts: Parts, ground: np.ndarray, behind: np.ndarray | None, style: Style) -> list[Color] | None:
    """The colours that a style allows; None where it allows all."""
    if style.palette is not None:
        return list(style.palette)
    if style.colors is None:
        return None
    fixed = [] if behind is None else [_color(behind)]
    sizes = np.bincount(parts.part.ravel(), minlength=parts.count)
    weights: dict[Color, float] = {}
    for number in np.flatnonzero(~ground):
        color = _color(straightened(parts.colors[number : number + 1])[0])
        weights[color] = weights.get(color, 0) + max(float(sizes[number]), 1)
    count = min(style.colors - len(fixed), len(weights))
    return [*fixed, *(reduced(weights, count) if count > 0 else [])]


def _color(values: np.ndarray) -> Color:
    red, green, blue = (round(float(value), 6) for value in values[:3])
    return red, green, blue
