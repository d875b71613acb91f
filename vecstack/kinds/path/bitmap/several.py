"""Paths of a small picture in several colours: shapes that overlap, each fitted to the pixels in which it is seen."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import numpy as np

from vecstack.kinds.base import Grown, Scene, Terms
from vecstack.kinds.path.arrays import Paths
from vecstack.kinds.path.bitmap.chroma import luma_of, muted, unmuted
from vecstack.kinds.path.bitmap.mixtures import Mixtures
from vecstack.kinds.path.bitmap.overlaps import NOISY_CORNER_PRICE, Pile, Shape, shapes_seen
from vecstack.kinds.path.bitmap.phases import NOISY_BENDING, Phases, fitted, seen
from vecstack.kinds.path.bitmap.shape import short_lines
from vecstack.kinds.path.bitmap.simplify import EXACT
from vecstack.kinds.path.graphic.fills import Fill, filled
from vecstack.kinds.path.graphic.groups import by_color
from vecstack.kinds.path.graphic.pixels import joined
from vecstack.kinds.path.grow import effects
from vecstack.kinds.path.growth import Growth
from vecstack.kinds.path.make import LayerGrower

if TYPE_CHECKING:
    import torch

SURE = 3  # pixels of a colour from which on it is known
UNEXPLAINED = 2.0  # times its noise may a picture be missed: a JPEG has most of it on edges
HALF = 0.5  # of a pixel that a shape is named after


class SeveralGrower(LayerGrower):
    """The paths of a picture in several colours (vecstack.kinds.base.Grower)."""

    def __init__(self, scene: Scene, terms: Terms, device: torch.device, mixtures: Mixtures, steps: int) -> None:
        super().__init__((), scene, terms, device)
        self._mixtures, self._steps = mixtures, steps
        self._pile: Pile | None = None

    def tune(self) -> None:
        """Bring the paths closer to the picture."""
        if self._pile is not None:
            self._pile.refit(self._steps)
            self._take(self._pile)

    def grow_to(self, count: int) -> None:
        """Have the paths of all shapes, `count` at most: those that matter most."""
        if self._pile is None:
            self._pile = self._whole()
        self._take(self._pile)
        if len(self._pile.shapes) > count:
            self.shrink_to(count)
            self.tune()

    def shrink_to(self, count: int) -> None:
        """Drop the paths without which the error rises least."""
        if self._pile is not None and len(self._pile.shapes) > count:
            order = np.argsort(-effects(self.tuner, self.growth.paths), kind="stable")
            self._pile = self._pile.chosen(np.sort(order[:count]).tolist())
            self._take(self._pile)

    def grown(self) -> Grown:
        """The layers; those of what hangs together are in a group."""
        return by_color(super().grown())

    def _whole(self) -> Pile:
        """All shapes of the picture."""
        ground = self.scene.below[:, 0, 0].astype(np.float64)
        mixtures = self._mixtures
        pixels = np.ascontiguousarray(self.scene.picture.transpose(1, 2, 0), np.float64)
        held = np.maximum(mixtures.pure, SURE) if mixtures.noise else np.where(mixtures.pure >= SURE, mixtures.pure, 0)
        begun = Phases.begun(mixtures.shares, mixtures.painted, held)
        if mixtures.noise:
            pile = _pile_amid_noise(pixels, ground, begun, mixtures.noise)
        else:
            phases = fitted(begun, pixels)
            pile = Pile(pixels, ground, shapes_seen(seen(phases), phases.colors, ground))
        pile.refit(self._steps)
        pile.described(self._steps)
        pile.dropped()
        pile.refit(self._steps)
        return pile

    def _take(self, pile: Pile) -> None:
        """Have the paths of a pile, and what hangs together of it."""
        shapes = pile.shapes
        channels = len(self.scene.picture)
        opacity = np.round([shape.opacity for shape in shapes], 2)
        contours = [list(map(short_lines, shape.contours)) for shape in shapes]
        paths = Paths.of_contours(contours, np.ones((len(shapes), channels)), opacity)
        paths = filled(paths, [self._fill(shape) for shape in shapes])
        region = pile.topmost(HALF) + 1  # 0 is the ground
        together = joined(region > 0) + 1
        count = len(shapes) + 1
        parent = np.zeros(count, np.int64)
        parent[1:] = [together.ravel()[cover.argmax()] for cover in pile.covers]
        self.growth = Growth(
            paths, np.arange(1, count), np.full(len(shapes), -1), region, np.arange(count), parent,
            np.zeros(count, np.int64),
        )  # fmt: skip

    def _fill(self, shape: Shape) -> Fill:
        """What a shape is filled with."""
        fills = self._mixtures.fills
        run = fills[shape.number] if fills else None
        return run or Fill.flat(shape.color[0, 0, :3] / max(shape.opacity, 1e-3))


def _pile_amid_noise(pixels: np.ndarray, ground: np.ndarray, begun: Phases, noise: float) -> Pile:
    """The shapes of pixels [H,W,D] on a ground [D] amid so much noise: of fields that bend little and heed luma more
    than chroma, as far as they are opaque, and with smooth outlines."""
    is_opaque = pixels.shape[2] == 3
    if is_opaque:
        phases = fitted(replace(begun, colors=muted(begun.colors)), muted(pixels), NOISY_BENDING)
        phases = replace(phases, colors=unmuted(phases.colors))
    else:
        phases = fitted(begun, pixels, NOISY_BENDING)
    shown = seen(phases)
    if is_opaque:  # chroma beside edges tells nothing of where these run
        pixels = (shown.picture + luma_of(pixels - shown.picture)).clip(0, 1)
    shapes = shapes_seen(shown, phases.colors, ground, is_noisy=True)
    return Pile(pixels, ground, shapes, max(EXACT, UNEXPLAINED * noise), NOISY_CORNER_PRICE)
