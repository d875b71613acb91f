"""Few exact paths of a flat picture: those of its parts, simpler and fewer while they stay close enough."""

from __future__ import annotations

import dataclasses
import time
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from vecstack.color import nearest
from vecstack.kinds.base import Grown, Made, Scene, Style, Terms
from vecstack.kinds.path.arrays import Paths
from vecstack.kinds.path.fit import Tuner
from vecstack.kinds.path.graphic.curves import CURVE, WHOLE
from vecstack.kinds.path.graphic.fills import OPAQUE, Fill, filled, fills_of
from vecstack.kinds.path.graphic.forms import Form, tuned
from vecstack.kinds.path.graphic.glyphs import cleared, glyphs_of, with_glyphs, without_glyphs
from vecstack.kinds.path.graphic.glyphs import shapes_of as shapes_of_glyphs
from vecstack.kinds.path.graphic.ground import ground_of, most_on_rim
from vecstack.kinds.path.graphic.groups import by_color
from vecstack.kinds.path.graphic.nodes import tolerance_of
from vecstack.kinds.path.graphic.palette import in_style, straightened
from vecstack.kinds.path.graphic.reach import Reach, without_fringes
from vecstack.kinds.path.graphic.seeds import Parts, is_noisy, parts_of
from vecstack.kinds.path.graphic.stacking import Shape, neighbours, shapes_of
from vecstack.kinds.path.graphic.strokes import strokes_of
from vecstack.kinds.path.grow import effects
from vecstack.kinds.path.growth import Growth
from vecstack.kinds.path.make import LayerGrower

if TYPE_CHECKING:
    import torch

    from vecstack.geometry import Rect

MOST_LAYERS = 2000  # where nothing else is asked for
AIM_DB = 46.0  # that outlines are simplified down to, where nothing else is asked for
ERRORS = (0.1, 0.16, 0.25, 0.4, 0.6)  # px that pieces may be off their outline before tuning, tried one after another
MANY, MANY_ERRORS = 300, (0.1,)  # shapes, and what is tried of so many: letters of a page, which are to be legible
ROUGH_ERRORS = (1.0,)  # px, of the regions of a picture that is not flat
MIN_SLACK, NOISY_SLACK = 1.001, 1.12  # the same of fewer paths, and where noise is left out
CLEAR_PX, CLEAR = 0.4, 0.1  # width and contrast of a path that is seen however small it is
SLACK = 1.2  # times the error of the closest outlines, that simpler ones may have
STEPS = {"fast": 8, "good": 10, "best": 20}
TOLERANCE = 0.02  # px that drawn edges may be away from their curve


class GraphicMaker:
    """Makes few exact paths of flat pictures: logos, icons, line art and screenshots."""

    max_layers = 0
    most_layers = MOST_LAYERS
    takes = frozenset({"colors", "palette", "smooth", "nodes", "opaque"})

    def __init__(self, style: Style | None = None) -> None:
        self._style = style or Style()

    def styled(self, style: Style) -> GraphicMaker:
        """The maker with what is asked of the looks."""
        return GraphicMaker(style)

    def make(self, pixels: np.ndarray, rect: Rect, count: int) -> Made:
        """No layers, on the picture's most frequent colour along its border, or that of the palette nearest to it."""
        red, green, blue = most_on_rim(pixels.transpose(2, 0, 1)).tolist()
        palette = self._style.palette
        return Made((red, green, blue) if palette is None else nearest([(red, green, blue)], palette)[0], (), {})

    def grower(self, scene: Scene, terms: Terms, device: torch.device) -> GraphicGrower:
        """What makes paths of the picture of a scene."""
        return GraphicGrower(scene, terms, device, self._style)


@dataclass(frozen=True)
class Drawing:
    """Paths, lowest first, the form of each, the part that each is of, and their mean squared error."""

    paths: Paths
    forms: tuple[Form, ...]
    owner: np.ndarray
    error: float

    @property
    def nodes(self) -> int:
        """How many knots the paths have in all."""
        return sum(outline.pieces for form in self.forms for outline in form.outlines)

    def chosen(self, indices: np.ndarray) -> Drawing:
        """Some of the paths; the error stays."""
        forms = tuple(self.forms[index] for index in indices)
        return Drawing(self.paths.chosen(indices), forms, self.owner[indices], self.error)


class GraphicGrower(LayerGrower):
    """Paths of the parts of a picture, tuned so that lines stay lines (vecstack.kinds.base.Grower)."""

    def __init__(self, scene: Scene, terms: Terms, device: torch.device, style: Style) -> None:
        super().__init__((), scene, terms, device)
        self.tuner = Tuner(scene, device, TOLERANCE)
        self._style = style
        self._whole: Drawing | None = None
        self._forms: tuple[Form, ...] = ()
        enough = 10 ** (-AIM_DB / 10) if terms.enough is None else terms.enough
        self._enough = enough
        self._steps = STEPS[terms.effort]

    def tune(self) -> None:
        """Bring the paths closer to the picture."""
        self._take(self._tuned(self._drawing()))

    def grow_to(self, count: int) -> None:
        """Have the paths of the picture's parts, `count` at most: those that matter most."""
        if self._whole is None:
            self._whole = self._simple()
        self._take(self._whole)
        if self._whole.paths.count > count:
            self.shrink_to(count)
            self.tune()

    def shrink_to(self, count: int) -> None:
        """Drop the paths without which the error rises least: half of those that are too many at a time, since what
        one is worth depends on the others."""
        drawing = self._drawing()
        while (more := drawing.paths.count - count) > 0:
            order = np.argsort(effects(self.tuner, drawing.paths), kind="stable")
            drawing = drawing.chosen(np.sort(order[(more + 1) // 2 :]))
        self._take(drawing)

    def grown(self) -> Grown:
        """The layers; those of what hangs together are in a group, and in it those of one colour."""
        return by_color(super().grown())

    def _simple(self) -> Drawing:
        """The paths of all parts, of the fewest pieces that are close enough."""
        noisy = is_noisy(self.scene.picture)
        glyphs = glyphs_of(self.scene.picture, noisy)
        picture = cleared(self.scene.picture, glyphs)
        parts = with_glyphs(parts_of(picture, noisy), glyphs)
        is_opaque = len(self.scene.picture) == 3
        ground = ground_of(parts, most_on_rim(self.scene.picture) if is_opaque else np.zeros(4))
        fills = fills_of(parts, self.scene.picture)
        if self._has_colors:
            behind = self.scene.below[:, 0, 0] if is_opaque else None
            parts = in_style(parts, ground, behind, self._style)
            ground = ground_of(parts, np.zeros(4) if behind is None else behind)
            fills = [Fill.flat(color) for color in straightened(parts.colors)]
        shapes = self._shapes(without_glyphs(parts, glyphs), picture, ground) + shapes_of_glyphs(parts, glyphs)
        self._know(parts, ground)
        found: Drawing | None = None
        allowed = 0.0
        errors = self._errors(parts, len(shapes))
        for index, error in enumerate(errors):
            drawing = self._tuned(self._drawn(parts, shapes, fills, error))
            if self.terms.told is not None:
                self.terms.told((index + 1) / (len(errors) + 1), drawing.error)
            if found is None:
                allowed = max(self._enough, SLACK * drawing.error)
            elif drawing.error > allowed:
                break
            found = drawing
            if self.terms.deadline is not None and time.monotonic() >= self.terms.deadline:
                break
        assert found is not None
        found = self._fewer(found, NOISY_SLACK if parts.is_noisy else MIN_SLACK)
        nodes = self._style.nodes
        if nodes is None or found.nodes <= nodes:
            return found
        shapes = [shape for shape in shapes if shape.part in found.owner]
        return self._tuned(self._drawn(parts, shapes, fills, tolerance_of(shapes, nodes, errors[0])))

    @property
    def _has_colors(self) -> bool:
        """Whether parts have other colours than the picture."""
        return self._style.colors is not None or self._style.palette is not None

    def _shapes(self, parts: Parts, picture: np.ndarray, ground: np.ndarray) -> list[Shape]:
        """The shapes of all parts of a picture [D,H,W] but the ground's [K]; fills go on below strokes as far as pixels
        tell."""
        strokes = strokes_of(parts, ground)
        if not strokes or self._has_colors:
            return shapes_of(parts, ground, strokes)
        behind = self.scene.below[:, 0, 0] if len(picture) == 3 else np.zeros(4)
        reach = Reach.seen(parts, picture, strokes, ground, behind)
        return shapes_of(without_fringes(parts, picture, strokes, ground, behind, reach), ground, strokes, reach)

    def _errors(self, parts: Parts, shapes: int) -> tuple[float, ...]:
        """How far pieces may be off their outline, px: what is tried, one after another."""
        if self._style.smooth is not None:
            return (self._style.smooth,)
        if not parts.is_flat:
            return ROUGH_ERRORS
        return ERRORS if shapes <= MANY else MANY_ERRORS

    def _know(self, parts: Parts, ground: np.ndarray) -> None:
        """Keep the parts, and what hangs together, for names and groups."""
        beside = neighbours(parts.part, parts.count)
        parent = np.where(ground, np.arange(parts.count), -1)
        for start in np.flatnonzero(~ground):
            waiting = [int(start)] if parent[start] < 0 else []
            while waiting:
                number = waiting.pop()
                parent[number] = start
                waiting += [other for other in beside[number] if parent[other] < 0]
        self.growth = Growth(
            self.growth.paths,
            self.growth.owner,
            self.growth.source,
            parts.part,
            np.arange(parts.count),
            parent,
            np.zeros(parts.count, np.int64),
        )

    def _drawn(self, parts: Parts, shapes: Sequence[Shape], fills: Sequence[Fill], error: float) -> Drawing:
        """Shapes with their fills as paths of pieces within an error, px."""
        forms, owner = [], []
        for shape in shapes:
            outlines = shape.outlines(error)
            if outlines:
                forms.append(Form.of(outlines))
                owner.append(shape.part)
        channels = len(self.scene.picture)
        cover = parts.colors[owner, 3] if channels == 4 else np.ones(len(owner))
        opacity = np.where((cover > OPAQUE) | self._style.opaque, 1, cover)
        contours = [_contours(form) for form in forms]
        paths = filled(Paths.of_contours(contours, np.ones((len(owner), channels)), opacity), [fills[n] for n in owner])
        return Drawing(paths, tuple(forms), np.array(owner, np.int64), np.inf)

    def _tuned(self, drawing: Drawing) -> Drawing:
        """A drawing brought closer to the picture."""
        if not drawing.paths.count:
            return dataclasses.replace(drawing, error=self._error_of(drawing.paths))
        paths = tuned(self.tuner, drawing.paths, drawing.forms, self._steps)
        starts = paths.point_start
        forms = tuple(
            form.moved(paths.points[starts[index] : starts[index + 1]]) for index, form in enumerate(drawing.forms)
        )
        return Drawing(paths, forms, drawing.owner, self._error_of(paths))

    def _fewer(self, drawing: Drawing, slack: float) -> Drawing:
        """A drawing without paths that it is close enough without, or within `slack` times its error: as many of the
        least as that allows, but none that stands clear of what is around it."""
        effect = effects(self.tuner, drawing.paths)
        clear = _are_clear(drawing, effect / len(self.scene.picture))
        order = np.argsort(np.where(clear, np.inf, effect), kind="stable")
        allowed = max(self._enough, slack * drawing.error)
        low, high = 0, int(np.count_nonzero(~clear)) + 1
        while high - low > 1:
            middle = (low + high) // 2
            left = drawing.chosen(np.sort(order[middle:]))
            if self._error_of(left.paths) <= allowed:
                low = middle
            else:
                high = middle
        return drawing if low == 0 else self._tuned(drawing.chosen(np.sort(order[low:])))

    def _error_of(self, paths: Paths) -> float:
        """Mean squared error of the picture; of a transparent one over black or white, where it is larger."""
        missing = self.tuner.draw(paths) - self.scene.picture
        over_black = float(np.square(missing[:3], dtype=np.float64).mean())
        if len(missing) == 3:
            return over_black
        return max(over_black, float(np.square(missing[:3] - missing[3], dtype=np.float64).mean()))

    def _drawing(self) -> Drawing:
        return Drawing(self.growth.paths, self._forms, self.growth.owner, np.inf)

    def _take(self, drawing: Drawing) -> None:
        """Have the paths of a drawing."""
        self._forms = drawing.forms
        self.growth.paths, self.growth.owner = _with_short_lines(drawing.paths, drawing.forms), drawing.owner
        self.growth.source = np.full(drawing.paths.count, -1)


def _are_clear(drawing: Drawing, effect: np.ndarray) -> np.ndarray:
    """Which paths [L] are seen by themselves, such as the dot of an i: as wide as a line, and of such a contrast, by
    how much the squared error would rise without each [L]."""
    area, width = np.array([form.area_and_width for form in drawing.forms]).reshape(-1, 2).T
    found: np.ndarray = (width > CLEAR_PX) & (effect > CLEAR**2 * area)
    return found


def _contours(form: Form) -> list[np.ndarray]:
    """The contours [3n,2] of a form."""
    cuts = np.cumsum([len(outline.points) for outline in form.outlines])[:-1]
    found: list[np.ndarray] = np.split(form.points, cuts)
    return found


def _with_short_lines(paths: Paths, forms: Sequence[Form]) -> Paths:
    """The paths with the handles of lines on their knots, where rounding leaves them lines."""
    points = paths.points.copy()
    at = 0
    for form in forms:
        for outline in form.outlines:
            size = len(outline.points)
            own = points[at : at + size]
            for index in np.flatnonzero((outline.kinds != CURVE) & ~np.isin(outline.kinds, WHOLE)):
                own[3 * index + 1] = own[3 * index]
                own[3 * index + 2] = own[(3 * index + 3) % size]
            at += size
    return dataclasses.replace(paths, points=points)
