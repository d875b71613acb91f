"""Paintings as layers: strokes with names, in groups of their parts and rounds."""

from __future__ import annotations

import dataclasses
from typing import TYPE_CHECKING, cast

import numpy as np

from vecstack.color import Color, color_words, mean_color
from vecstack.compiled import fault
from vecstack.errors import UsageError
from vecstack.geometry import Affine, Rect
from vecstack.kinds.base import Grown, Guide, Made, Scene, Style, Terms
from vecstack.kinds.stroke.layer import Bristles, StrokeLayer
from vecstack.stack import Group

if TYPE_CHECKING:
    import torch

    from vecstack.kinds.base import Grower
    from vecstack.kinds.stroke.looks import Look
    from vecstack.kinds.stroke.paint import Painting

DECIMALS, FINE_DECIMALS, SMALL = 1, 2, 384  # of places in canvas units, and on canvases of a long side below
COLOR_DECIMALS = 3
THICK = 1 / 100  # of the long side: radius of the strokes that have as much paint on them as any


class PainterMaker:
    """Paints pictures in one way."""

    max_layers = 0
    takes = frozenset({"opaque", "ground", "radii", "length", "opacity"})
    guides = frozenset({"segments", "focus"})

    def __init__(self, look: Look) -> None:
        self._look = look
        self.most_layers = look.strokes

    def styled(self, style: Style) -> PainterMaker:
        """The maker with what is asked of the looks."""
        return PainterMaker(self._look.styled(style))

    def make(self, pixels: np.ndarray, rect: Rect, count: int) -> Made:
        """No layers, on a ground in the picture's mean colour."""
        return Made(mean_color(pixels), (), {})

    def grower(self, scene: Scene, terms: Terms, device: torch.device) -> Grower:
        """What paints the picture of a scene. Raises UsageError where loops cannot be compiled."""
        if fault() is not None:
            raise UsageError(
                f"paintings are made by compiled loops, and numba does not work here ({fault()}); install it, or use "
                "paths.",
                parameter="model",
            )
        return Painter(scene, terms, self._look)


class Painter:
    """The painting of a scene (vecstack.kinds.base.Grower)."""

    def __init__(self, scene: Scene, terms: Terms, look: Look) -> None:
        self._scene, self._terms, self._look = scene, terms, look
        self._painting: Painting | None = None

    @property
    def count(self) -> int:
        """How many strokes there are."""
        return 0 if self._painting is None else len(self._painting.numbers)

    @property
    def error(self) -> float:
        """Mean squared error of the picture as the layers draw it, rounded as they are, without marks of the brush."""
        from vecstack.kinds.stroke.raster import NUMBERS, draw_over, numbers_of, placed

        rect, (_, height, width) = self._scene.rect, self._scene.picture.shape
        canvas = np.ascontiguousarray(self._scene.below, np.float32).copy()
        sides = rect.width / width, rect.height / height
        strokes = placed(numbers_of(self._layers())[:, :NUMBERS], (rect.x, rect.y), max(sides))
        draw_over(canvas, strokes, (sides[0] / max(sides), sides[1] / max(sides)))
        return float(np.square(canvas.clip(0, 1) - self._scene.picture, dtype=np.float64).mean())

    def tune(self) -> None:
        """Bring the strokes closer to the picture."""
        from vecstack.kinds.stroke.paint import STEPS

        if self._painting is not None:
            self._painting.tune(STEPS[self._terms.effort][1], self._look.rounds)

    def grow_to(self, count: int) -> None:
        """Paint the picture with so many strokes, anew where it is painted already."""
        from vecstack.kinds.stroke.paint import Painting

        if count != self.count and count > 0:
            self._painting = Painting(self._scene, self._terms, self._look, count)
            self._painting.paint()

    def shrink_to(self, count: int) -> None:
        """Drop the strokes without which the error rises least."""
        if self._painting is not None:
            self._painting.shrink_to(count)

    def grown(self) -> Grown:
        """The strokes, in groups of their parts and rounds."""
        return Grown(tuple(self._layers()), tuple(self._groups()))

    def _layers(self) -> list[StrokeLayer]:
        painting = self._painting
        if painting is None:
            return []
        rect = self._scene.rect
        across, down = rect.width / painting.width, rect.height / painting.height
        decimals = DECIMALS if max(rect.width, rect.height) >= SMALL else FINE_DECIMALS
        numbers = painting.numbers.copy()
        numbers[:, 0:6:2] = rect.x + across * numbers[:, 0:6:2]
        numbers[:, 1:6:2] = rect.y + down * numbers[:, 1:6:2]
        numbers[:, 6:8] *= (across * down) ** 0.5
        places = zip(painting.part.tolist(), painting.round.tolist(), strict=True)
        groups = [self._group(part, index) for part, index in places]
        rows = enumerate(zip(numbers, groups, strict=True), 1)
        return [_layer(f"stroke-{index}", row, group, decimals, self._bristles(row)) for index, (row, group) in rows]

    def _bristles(self, row: np.ndarray) -> Bristles | None:
        """The marks of the brush of a stroke's numbers [13] in canvas units: fine strokes have less paint on them."""
        bristles, rect = self._look.bristles, self._scene.rect
        if bristles is None:
            return None
        share = min(1.0, float(row[6:8].max()) / (THICK * max(rect.width, rect.height)))
        return dataclasses.replace(bristles, light=round(bristles.light * share, 2))

    def _group(self, part: int, index: int) -> str:
        """The group of a stroke's part and round."""
        return f"part-{part + 1}-round-{index + 1}" if self._has_parts else f"round-{index + 1}"

    @property
    def _has_parts(self) -> bool:
        return self._terms.guide is not None and self._terms.guide.segments is not None

    def _groups(self) -> list[Group]:
        painting, guide = self._painting, self._terms.guide or Guide()
        if painting is None:
            return []
        width = self._scene.rect.width / painting.width
        names = [f"Round {index}, {2 * radius * width:.3g} px wide" for index, radius in enumerate(painting.radii, 1)]
        pairs = sorted(set(zip(painting.part.tolist(), painting.round.tolist(), strict=True)))
        if not self._has_parts:
            return [Group(self._group(part, index), names[index]) for part, index in pairs]
        outer = {part: f"part-{part + 1}" for part, _ in pairs}
        of_parts = [
            Group(own, dict(enumerate(guide.names)).get(part, f"Part {part + 1}")) for part, own in outer.items()
        ]
        return [*of_parts, *(Group(self._group(part, index), names[index], outer[part]) for part, index in pairs)]


def _layer(name: str, row: np.ndarray, group: str, decimals: int, bristles: Bristles | None) -> StrokeLayer:
    """The layer of a stroke's numbers [13] in canvas units, around a place in whole units."""
    x, y = np.round((row[0:6:2].mean(), row[1:6:2].mean())).tolist()
    spine = np.round(row[:6] - np.tile((x, y), 3), decimals) + 0.0
    first, last = np.round(row[8:10], 2).tolist()
    is_even = first == last
    color = cast(Color, tuple(np.round(row[10:], COLOR_DECIMALS).tolist()))
    return StrokeLayer(
        id=name,
        name=color_words(color),
        opacity=first if is_even else 1.0,
        transform=Affine(1.0, 0.0, x, 0.0, 1.0, y),
        group=group,
        color=color,
        spine=tuple(spine.tolist()),
        radii=tuple(np.round(row[6:8], decimals).tolist()),
        opacities=(1.0, 1.0) if is_even else (first, last),
        bristles=bristles,
    )
