"""Paths of small pictures: lines, curves and corners that cover their pixels as they are covered. A picture in two
colours is one path, or a layer with a soft edge where its pixels tell of no such shape."""

from __future__ import annotations

import dataclasses
from typing import TYPE_CHECKING

import numpy as np

from vecstack.color import color_words
from vecstack.errors import UsageError
from vecstack.geometry import Rect, place_words
from vecstack.kinds.base import Grown, Made, Scene, Style, Terms
from vecstack.kinds.path.arrays import Paths
from vecstack.kinds.path.bitmap.areas import Aim, fitted
from vecstack.kinds.path.bitmap.inks import Inks, inks_of
from vecstack.kinds.path.bitmap.mixtures import Mixtures
from vecstack.kinds.path.bitmap.reading import reading_of
from vecstack.kinds.path.bitmap.rough import (
    is_ringing,
    is_smoothed,
    is_supersampled,
    is_uneven,
    is_wide,
    may_be_rough,
)
from vecstack.kinds.path.bitmap.several import SeveralGrower
from vecstack.kinds.path.bitmap.shape import Contour, short_lines
from vecstack.kinds.path.bitmap.simplify import described, described_smoothly, length_of, missed_by
from vecstack.kinds.path.bitmap.soft import Surface, surface_of
from vecstack.kinds.path.bitmap.softened import drawn, hardened, kind_of_surfaces, softened
from vecstack.kinds.path.graphic.grower import GraphicMaker
from vecstack.kinds.path.make import LayerGrower

if TYPE_CHECKING:
    import torch

    from vecstack.kinds.base import Grower, Kind
    from vecstack.stack import Layer

MOST_PX = 256  # long side
MARGIN, SOFT_MARGIN = 4, 2  # px of ground around what is inked; of a layer with a soft edge
OFF = 0.015  # of the contrast: colours that are further off the mixtures of two may be more
GREY = 2 / 255  # most difference of channels
INK_PRICE = 20.0  # of an ink that is not as far from the ground as may be, in logarithms of an odds
MISSED = 0.065  # of cover: median error of pixels on edges that no sharp shape has, however fine (horse: 0.052)
STEPS = {"fast": 6, "good": 10, "best": 20}


def suits(picture: np.ndarray) -> str | None:
    """Why a picture [D,H,W] is one that becomes sharp, in words; None of others."""
    inks, mixtures = _looked_at(picture)
    if mixtures is not None:
        return f"{len(mixtures.colors)} colors and what lies between"
    return None if inks is None or inks.is_plain else "two colors and what lies between"


def _looked_at(picture: np.ndarray) -> tuple[Inks | None, Mixtures | None]:
    """The two colours of a picture, or the several: amid noise, where two are read as several are, too, but for greys,
    in which there is no chroma to be heeded less."""
    inks = inks_of(picture)
    if inks is not None and inks.off <= OFF and not inks.is_noisy:
        return inks, None
    mixtures = reading_of(picture)
    if inks is not None and mixtures is not None and len(mixtures.colors) == 2 and _is_grey(picture):
        return inks, None
    return inks, mixtures


def _is_grey(picture: np.ndarray) -> bool:
    """Whether the pixels of a picture [D,H,W] are grey."""
    return bool(np.ptp(picture[:3], axis=0).max() < GREY)


class BitmapMaker:
    """Makes paths of small pictures: glyphs, digits and icons."""

    max_layers = 0
    takes = frozenset({"colors", "palette", "smooth", "nodes", "sharp", "opaque"})

    def __init__(self, style: Style | None = None) -> None:
        asked = dataclasses.replace(style or Style(), sharp=False)
        self._others = GraphicMaker(asked if asked.asked else None)  # makes those of more colours; all is sharp
        self._has_style = bool(dataclasses.replace(asked, opaque=False).asked)
        self._is_opaque = asked.opaque
        self._may_be_soft = not (asked.opaque or (style is not None and style.sharp))
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
        if self._has_style or (self._is_opaque and len(scene.picture) == 4):
            return self._others.grower(scene, terms, device)
        inks, mixtures = _looked_at(scene.picture)
        if mixtures is not None:
            return SeveralGrower(scene, terms, device, mixtures, STEPS[terms.effort])
        if inks is None:
            return self._others.grower(scene, terms, device)
        return BitmapGrower(scene, terms, device, inks, may_be_soft=self._may_be_soft)


class BitmapGrower(LayerGrower):
    """The layer of a picture in two colours (vecstack.kinds.base.Grower)."""

    def __init__(self, scene: Scene, terms: Terms, device: torch.device, inks: Inks, *, may_be_soft: bool) -> None:
        super().__init__((), scene, terms, device)
        self._corner, self._inks = inks.cropped(MARGIN)
        self._contours: tuple[Contour, ...] = ()
        self._soft: Layer | None = None
        self._may_be_soft = may_be_soft
        self._steps = STEPS[terms.effort]

    @property
    def count(self) -> int:
        """How many layers there are."""
        return 1 if self._soft is not None else super().count

    @property
    def error(self) -> float:
        """Mean squared error of the picture, over pixels and channels."""
        if self._soft is None:
            return super().error
        _, height, width = self.scene.picture.shape
        cover = drawn(self._soft, self.scene.rect, height, width)
        return float(np.square(self._inks.painted(cover) - self.scene.picture).mean())

    def tune(self) -> None:
        """Bring the path closer to the picture."""
        aim = Aim.of(self._inks.cover)
        self._take(fitted(self._contours, aim, self._steps).contours if self._contours else ())

    def grow_to(self, count: int) -> None:
        """Have the layer of what is inked, if there may be one."""
        if count < 1 or self._inks.is_plain or self.count:
            return
        cover = self._inks.cover
        may_be_soft = self._may_be_soft and not (is_supersampled(cover) or is_ringing(cover))
        kind = kind_of_surfaces(max(self.scene.picture.shape)) if may_be_soft else None
        is_soft = kind is not None and (is_uneven(cover) or is_wide(cover))
        if self._inks.is_hardly_full and not is_soft:
            self._inks = self._inks.stronger
            cover = self._inks.cover
        contours = None if is_soft else described(cover, self._steps, may_be_soft=kind is not None)
        if contours is None and kind is not None:
            self._take_soft(kind)
        elif contours:
            self._take(self._stronger(contours))

    def _take_soft(self, kind: Kind[Layer]) -> None:
        """Have a layer of a kind with a soft edge; or a path: the same with a hard edge of a smooth shape that was
        blurred, and what pixels tell of one that was drawn with sharp edges, however fine."""
        cover, (_, height, width) = self._inks.cover, self.scene.picture.shape
        corner, inks = self._inks.cropped(SOFT_MARGIN)
        surface = surface_of(inks.cover, height * width)
        layer = self._softened(kind, surface, inks.cover, corner)
        if is_smoothed(cover, height * width, surface.smoothness):
            hard, (rows, columns) = hardened(layer, self.scene.rect, height, width), cover.shape
            left, top = self._corner
            self._inks = dataclasses.replace(self._inks, cover=hard[top : top + rows, left : left + columns])
            self._take(described_smoothly(self._inks.cover, self._steps))
        elif may_be_rough(cover):
            self._soft = layer
        else:
            contours = described(cover, self._steps) or ()
            if missed_by(contours, cover) > MISSED:
                self._soft = layer
            else:
                self._take(self._stronger(contours))

    def _softened(self, kind: Kind[Layer], surface: Surface, cover: np.ndarray, corner: tuple[int, int]) -> Layer:
        """The layer of a kind with the soft edge of a surface that was fitted to a cover [H,W], whose first column and
        row these are."""
        place, (height, width) = self._to_canvas, cover.shape
        at = place.apply(self._corner[0] + corner[0], self._corner[1] + corner[1])
        rect, whole = Rect(*at, width * place.a, height * place.e), self.scene.rect
        red, green, blue = self._color.tolist()
        x, y = rect.x + rect.width / 2 - whole.x, rect.y + rect.height / 2 - whole.y
        name = f"{color_words((red, green, blue))}, {place_words(x / whole.width, y / whole.height)}"
        common = {"id": "path-1", "name": name, "opacity": self._opacity}
        return softened(kind, common, surface, self._color, rect)

    def _stronger(self, contours: tuple[Contour, ...]) -> tuple[Contour, ...]:
        """Contours, or those of an ink that may as well be stronger, where they are a shorter description."""
        if self._inks.beyond == 1:
            return contours
        stronger = self._inks.stronger
        others = described(stronger.cover, self._steps)
        length = length_of(contours, self._inks.cover, 1.0) + INK_PRICE
        if not others or length_of(others, stronger.cover, self._inks.beyond) >= length:
            return contours
        self._inks = stronger
        return others

    def shrink_to(self, count: int) -> None:
        """Drop the layer where there may be none."""
        if count < 1:
            self._soft = None
            self._take(())

    def grown(self) -> Grown:
        """The layer, if there is one."""
        if self._soft is not None:
            return Grown((self._soft,))
        return Grown(tuple(self._layer(index, f"path-{index + 1}", None) for index in range(self.count)))

    @property
    def _opacity(self) -> float:
        """That of the ink."""
        return round(float(self._inks.ink[3]), 2) if len(self._inks.ink) == 4 else 1.0

    @property
    def _color(self) -> np.ndarray:
        """That of the ink [3], not premultiplied."""
        strength = float(self._inks.ink[3]) if len(self._inks.ink) == 4 else 1.0
        color: np.ndarray = np.clip(self._inks.ink[:3] / max(strength, 1e-3), 0, 1)
        return color

    def _take(self, contours: tuple[Contour, ...]) -> None:
        """Have a path of some contours."""
        self._contours = contours
        channels = len(self.scene.picture)
        if not contours:
            paths = Paths.empty(channels)
        else:
            color = np.ones((1, channels))
            color[0, :3] = self._color
            paths = Paths.of_contours(
                [[short_lines(contour) + self._corner for contour in contours]], color, np.array([self._opacity])
            )
        self.growth = dataclasses.replace(
            self.growth, paths=paths, owner=np.zeros(paths.count, np.int64), source=np.full(paths.count, -1)
        )
