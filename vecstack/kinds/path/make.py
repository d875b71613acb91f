"""Paths made of pictures: layers with names and groups from what has grown."""

from __future__ import annotations

import dataclasses
from collections import Counter
from collections.abc import Sequence
from itertools import count
from typing import TYPE_CHECKING, cast

import numpy as np

from vecstack.color import Color, color_words
from vecstack.geometry import Affine, Rect, place_words
from vecstack.kinds.base import Grown, Guide, Made, Scene, Style, Terms
from vecstack.kinds.gradient import LINEAR, RADIAL, Gradient, focused
from vecstack.kinds.path.arrays import Paths
from vecstack.kinds.path.grow import PathGrower
from vecstack.kinds.path.growth import Growth
from vecstack.kinds.path.layer import PathLayer
from vecstack.stack import Group, Layer

if TYPE_CHECKING:
    from collections.abc import Mapping

    import torch

STEP_PX = 0.1  # of contours, in pixels of the picture that they were fitted to: what shows
SMALL_PX = 256  # long side of a picture that is looked at more closely, so that the steps are finer
COLOR_DECIMALS, OPACITY_DECIMALS = 3, 2
FAINT = 0.05  # an opacity with a decimal more
MIN_IN_GROUP = 3  # paths of a part that has a group of its own


class PathMaker:
    """Makes no layers by itself: all paths are grown where a picture is missed."""

    max_layers = 0
    takes = frozenset({"opaque"})

    def styled(self, style: Style) -> PathMaker:
        """The maker itself: what grows the layers is told."""
        return self

    def make(self, pixels: np.ndarray, rect: Rect, count: int) -> Made:
        """No layers, on the picture's most frequent colour along its border."""
        return Made(_ground(pixels), (), {})


class LayerGrower(PathGrower):
    """Path layers that are tuned and grown on the canvas of a scene."""

    def __init__(self, layers: Sequence[PathLayer], scene: Scene, terms: Terms, device: torch.device) -> None:
        channels, height, width = scene.picture.shape
        rect = scene.rect
        self._layers = layers
        self._to_canvas = Affine(rect.width / width, 0, rect.x, 0, rect.height / height, rect.y)
        super().__init__(Paths.of_layers(layers, self._to_canvas.inverse(), channels), scene, terms, device)

    @property
    def error(self) -> float:
        """Mean squared error of the picture as the layers draw it, rounded as they are."""
        channels = len(self.scene.picture)
        layers = [self._layer(index, "path", None) for index in range(self.count)]
        return self.tuner.error(Paths.of_layers(layers, self._to_canvas.inverse(), channels))

    def grown(self) -> Grown:
        """The layers, and groups of those that were added."""
        growth = self.growth
        names = _Names(growth, self.terms.guide or Guide(), self.scene)
        own = growth.owner[growth.source < 0]
        groups = names.groups(own) if growth.regions.size else {}
        taken = {layer.id for layer in self._layers}
        free = (name for number in count(1) if (name := f"path-{number}") not in taken)
        layers: list[Layer] = []
        for index, (owner, source) in enumerate(zip(growth.owner, growth.source, strict=True)):
            is_new = source < 0
            layers.append(self._layer(index, next(free) if is_new else "", groups[int(owner)].id if is_new else None))
        return Grown(tuple(layers), tuple(names.all_groups))

    def _layer(self, index: int, layer_id: str, group: str | None) -> PathLayer:
        """The layer of a path: one that was there, changed, or a new one."""
        source = self.growth.source[index]
        return self._new(index, layer_id, group) if source < 0 else self._changed(self._layers[source], index)

    def _new(self, index: int, layer_id: str, group: str | None) -> PathLayer:
        """A layer of its own around a place in whole canvas units."""
        contours = [self._on_canvas(contour) for contour in self.growth.paths.contours_of(index)]
        every = np.concatenate(contours)
        middle = np.round((every.min(0) + every.max(0)) / 2)
        place = Affine(1.0, 0.0, float(middle[0]), 0.0, 1.0, float(middle[1]))
        layer = PathLayer(
            id=layer_id, transform=place, group=group, contours=self._rounded(contours, place), color=(0.0, 0.0, 0.0)
        )
        filled = self._filled(layer, index)
        red, green, blue = self._mean_color(index)
        rect = self.scene.rect
        words = place_words(float(middle[0] - rect.x) / rect.width, float(middle[1] - rect.y) / rect.height)
        return dataclasses.replace(filled, name=f"{color_words((red, green, blue))}, {words}")

    def _changed(self, layer: PathLayer, index: int) -> PathLayer:
        """A layer that was there, with what was tuned."""
        contours = [self._on_canvas(contour) for contour in self.growth.paths.contours_of(index)]
        return self._filled(dataclasses.replace(layer, contours=self._rounded(contours, layer.transform)), index)

    def _on_canvas(self, points: np.ndarray) -> np.ndarray:
        place = self._to_canvas
        return points * (place.a, place.e) + (place.c, place.f)

    def _rounded(self, contours: Sequence[np.ndarray], place: Affine) -> tuple[tuple[float, ...], ...]:
        """Contours [3n,2] on the canvas as numbers of a layer's frame, as fine as shows."""
        inverse = np.array(place.inverse().rows())
        scale = abs(place.determinant) ** 0.5
        closeness = min(1.0, max(self.scene.picture.shape[1:]) / SMALL_PX)
        step = closeness * STEP_PX * min(self._to_canvas.a, self._to_canvas.e) / scale
        decimals = max(0, -int(np.floor(np.log10(step) + 1e-9)))
        found = []
        for contour in contours:
            local = np.round(contour @ inverse[:, :2].T + inverse[:, 2], decimals) + 0.0
            found.append(tuple(local.ravel().tolist()))
        return tuple(found)

    def _filled(self, layer: PathLayer, index: int) -> PathLayer:
        """The layer with the fill and the opacity of a path."""
        paths = self.growth.paths
        faint = float(paths.opacity[index]) < FAINT
        opacity = round(float(paths.opacity[index]), OPACITY_DECIMALS + faint)
        first, end = paths.stop_start[index], paths.stop_start[index + 1]
        colors = np.round(np.clip(paths.colors[first:end, :3].astype(float), 0, 1), COLOR_DECIMALS).tolist()
        if paths.form[index] == 0:
            return dataclasses.replace(layer, color=cast(Color, tuple(colors[0])), gradient=None, opacity=opacity)
        offsets = np.round(paths.offsets[first:end].astype(float), COLOR_DECIMALS).tolist()
        stops = tuple((offset, *color) for offset, color in zip(offsets, colors, strict=True))
        frame = Affine(*paths.place[index][:6]).inverse()  # from the gradient's frame to pixels
        to_layer = layer.transform.inverse().after(self._to_canvas)
        off = paths.place[index][6:]
        start, end_point, focus = (_point(to_layer.apply(*frame.apply(*at))) for at in ((0, 0), (1, 0), off))
        shape = LINEAR if paths.form[index] == 1 else RADIAL
        gradient = Gradient(shape, start, end_point, stops, focused(start, end_point, focus) if off.any() else None)
        return dataclasses.replace(layer, color=None, gradient=gradient, opacity=opacity)

    def _mean_color(self, index: int) -> Color:
        paths = self.growth.paths
        colors = paths.colors[paths.stop_start[index] : paths.stop_start[index + 1], :3].mean(0)
        return cast(Color, tuple(np.clip(colors, 0, 1).astype(float).tolist()))


def _point(point: tuple[float, float]) -> tuple[float, float]:
    return round(float(point[0]), 2) + 0.0, round(float(point[1]), 2) + 0.0


class _Names:
    """Groups of layers by the segments and the regions of the picture that they belong to, named after what is seen
    there."""

    def __init__(self, growth: Growth, guide: Guide, scene: Scene) -> None:
        self._regions, self._parent, self._segment = growth.regions, growth.parent, growth.segment
        self._titles, self._above, self._scene = guide.names, guide.parents, scene
        self._segments: dict[int, Group] = {}
        self._count = 0  # of regions with a group
        self.all_groups: list[Group] = []

    def groups(self, owner: np.ndarray) -> Mapping[int, Group]:
        """The group of the layers of each region, of layers in their order."""
        counts = Counter(owner.tolist())
        found: dict[int, Group] = {}
        wholes: dict[int, Group] = {}
        for region in dict.fromkeys(owner.tolist()):
            number = int(self._parent[region])
            if number not in wholes:
                wholes[number] = self._whole(number)
            whole = wholes[number]
            parts = [part for part in counts if self._parent[part] == number]
            if len(parts) > 1 and counts[region] >= MIN_IN_GROUP:
                inside = sum(group.parent == whole.id for group in self.all_groups) + 1
                name = f"Part {inside}"
                found[region] = self._group(f"{whole.id}-part-{inside}", name, self._regions == region, whole)
            else:
                found[region] = whole
        return found

    def _whole(self, number: int) -> Group:
        """The group of a coarser region: that of its segment, where it is the only one there."""
        segment = int(self._segment[self._parent == number][0])
        around = self._segment_of(segment) if self._titles else None
        if around is not None and (self._parent[self._segment == segment] == number).all():
            return around
        self._count += 1
        inside = self._parent[self._regions] == number
        return self._group(f"region-{self._count}", f"Region {self._count}", inside, around)

    def _segment_of(self, number: int) -> Group:
        """The group of a segment, in those of the wholes that it is a part of."""
        if number not in self._segments:
            above = self._above[number]
            around = None if above is None else self._segment_of(above)
            title = self._titles[number]
            name = title.lower().replace(" ", "-").replace(".", "-")
            inside = np.isin(self._segment, [part for part in range(len(self._titles)) if self._is_in(part, number)])
            self._segments[number] = self._group(name, title, inside[self._regions], around)
        return self._segments[number]

    def _is_in(self, part: int | None, whole: int) -> bool:
        """Whether a segment is a part of another, or the same."""
        return part is not None and (part == whole or self._is_in(self._above[part], whole))

    def _group(self, group_id: str, name: str, inside: np.ndarray, parent: Group | None) -> Group:
        """A group with the colour and the place of some pixels [H,W] in its name."""
        rows, columns = np.nonzero(inside)
        picture = self._scene.picture
        color = picture[:3, rows, columns].mean(1)
        if len(picture) == 4:
            color = color / max(float(picture[3, rows, columns].mean()), 1e-3)
        words = color_words(cast(Color, tuple(np.clip(color, 0, 1).astype(float).tolist())))
        height, width = self._regions.shape
        place = place_words((columns.mean() + 0.5) / width, (rows.mean() + 0.5) / height)
        group = Group(group_id, f"{name}: {words}, {place}", None if parent is None else parent.id)
        self.all_groups.append(group)
        return group


def _ground(pixels: np.ndarray) -> Color:
    """The colour that is most frequent along the border of pixels [H,W,3], to within 16 levels a channel."""
    rim = np.concatenate([pixels[0], pixels[-1], pixels[:, 0], pixels[:, -1]])
    levels = (rim * 15.999).astype(np.int64) @ np.array([256, 16, 1])
    _, place, counts = np.unique(levels, return_inverse=True, return_counts=True)
    color = rim[place == counts.argmax()].mean(0)
    return cast(Color, tuple(np.round(color.astype(float), COLOR_DECIMALS).tolist()))
