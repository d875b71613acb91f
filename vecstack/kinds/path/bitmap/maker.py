"""Paths of small pictures: lines, curves and corners that cover their pixels as they are covered. A picture in two
colours is one path."""

from __future__ import annotations

import dataclasses
from typing import TYPE_CHECKING

import numpy as np

from vecstack.errors import UsageError
from vecstack.kinds.base import Grown, Made, Scene, Style, Terms
from vecstack.kinds.path.arrays import Paths
from vecstack.kinds.path.bitmap.areas import Aim, fitted
from vecstack.kinds.path.bitmap.inks import Inks, inks_of
from vecstack.kinds.path.bitmap.mixtures import Mixtures, mixtures_of
from vecstack.kinds.path.bitmap.several import SeveralGrower
from vecstack.kinds.path.bitmap.shape import Contour, short_lines
from vecstack.kinds.path.bitmap.simplify import described, length_of
from vecstack.kinds.path.graphic.grower import GraphicMaker
from vecstack.kinds.path.make import LayerGrower

if TYPE_CHECKING:
    import torch

    from vecstack.geometry import Rect
    from vecstack.kinds.base import Grower

MOST_PX = 256  # long side
OFF = 0.015  # of the contrast: colours that are further off the mixtures of two may be more
STEPS = {"fast": 6, "good": 10, "best": 20}


def suits(picture: np.ndarray) -> str | None:
    """Why a picture [D,H,W] is one that becomes sharp, in words; None of others."""
    inks, mixtures = _looked_at(picture)
    if mixtures is not None:
        return f"{len(mixtures.colors)} colors and what lies between"
    return None if inks is None or inks.is_plain else "two colors and what lies between"


def _looked_at(picture: np.ndarray) -> tuple[Inks | None, Mixtures | None]:
    """The two colours of a picture, or the several."""
    inks = inks_of(picture)
    return inks, mixtures_of(picture) if inks is None or inks.off > OFF else None


class BitmapMaker:
    """Makes paths of small pictures: glyphs, digits and icons."""

    max_layers = 0
    takes = frozenset({"colors", "palette", "smooth"})

    def __init__(self, style: Style | None = None) -> None:
        self._others = GraphicMaker(style)  # makes those of more colours
        self._has_style = style is not None
        self.most_layers = self._others.most_layers

    def styled(self, style: Style) -> BitmapMaker:
        """The maker with what is asked of the looks."""
        return BitmapMaker(style)

    def make(self, pixels: np.ndarray, rect: Rect, count: int) -> Made:
        """No layers, on the colour of the picture's ground."""
        inks = None if self._has_style else inks_of(pixels.transpose(2, 0, 1))
        if inks is None:
            return self._others.make(pixels, rect, count)
        red, green, blue = np.round(inks.ground, 4).tolist()
        return Made((red, green, blue), (), {})

    def grower(self, scene: Scene, terms: Terms, device: torch.device) -> Grower:
        """What makes the path of a scene. Raises UsageError for a picture that is not small."""
        height, width = scene.picture.shape[1:]
        if max(height, width) > MOST_PX:
            raise UsageError(
                f"bitmap is for pictures of up to {MOST_PX} px a side, not {width} x {height}; use graphic.",
                parameter="model",
            )
        if self._has_style:
            return self._others.grower(scene, terms, device)
        inks, mixtures = _looked_at(scene.picture)
        if mixtures is not None:
            return SeveralGrower(scene, terms, device, mixtures, STEPS[terms.effort])
        if inks is None:
            return self._others.grower(scene, terms, device)
        return BitmapGrower(scene, terms, device, inks)


class BitmapGrower(LayerGrower):
    """The path of a picture in two colours (vecstack.kinds.base.Grower)."""

    def __init__(self, scene: Scene, terms: Terms, device: torch.device, inks: Inks) -> None:
        super().__init__((), scene, terms, device)
        self._inks = inks
        self._contours: tuple[Contour, ...] = ()
        self._steps = STEPS[terms.effort]

    def tune(self) -> None:
        """Bring the path closer to the picture."""
        aim = Aim.of(self._inks.cover)
        self._take(fitted(self._contours, aim, self._steps).contours if self._contours else ())

    def grow_to(self, count: int) -> None:
        """Have the path of what is inked, if there may be one."""
        if count < 1 or self._inks.is_plain or self._contours:
            return
        contours = described(self._inks.cover, self._steps)
        if self._inks.beyond > 1 and contours:
            stronger = self._inks.stronger
            others = described(stronger.cover, self._steps)
            length = length_of(contours, self._inks.cover, 1.0)
            if others and length_of(others, stronger.cover, self._inks.beyond) < length:
                self._inks, contours = stronger, others
        self._take(contours)

    def shrink_to(self, count: int) -> None:
        """Drop the path where there may be none."""
        if count < 1:
            self._take(())

    def grown(self) -> Grown:
        """The layer, if there is one."""
        return Grown(tuple(self._layer(index, f"path-{index + 1}", None) for index in range(self.count)))

    def _take(self, contours: tuple[Contour, ...]) -> None:
        """Have a path of some contours."""
        self._contours = contours
        channels = len(self.scene.picture)
        if not contours:
            paths = Paths.empty(channels)
        else:
            opacity = float(self._inks.ink[3]) if channels == 4 else 1.0
            color = np.ones((1, channels))
            color[0, :3] = np.clip(self._inks.ink[:3] / max(opacity, 1e-3), 0, 1)
            paths = Paths.of_contours([list(map(short_lines, contours))], color, np.array([round(opacity, 2)]))
        self.growth = dataclasses.replace(
            self.growth, paths=paths, owner=np.zeros(paths.count, np.int64), source=np.full(paths.count, -1)
        )
