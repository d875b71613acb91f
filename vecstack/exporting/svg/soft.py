"""Stacks as SVG with soft masks: each layer one rectangle of its colour, seen through blurred nested level sets; or
plain: these level sets themselves, in its colour, more opaque from one to the next."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

import numpy as np

from vecstack.color import Color
from vecstack.errors import ExportError
from vecstack.exporting.svg.blurred import blurred_svg
from vecstack.exporting.svg.contours import Contours
from vecstack.exporting.svg.curves import fit, path_data
from vecstack.exporting.svg.exact import exact_shape
from vecstack.exporting.svg.levels import BLURS, ROUNDING, Basis, Choice, basis_of, choose
from vecstack.exporting.svg.options import TOLERANCE, SvgOptions
from vecstack.exporting.svg.scene import SampledMask, Scene
from vecstack.exporting.svg.search import NEAR, least_place
from vecstack.exporting.xml import (
    ElementIds,
    background,
    box,
    color_code,
    document,
    grey_code,
    in_groups,
    in_layer,
    layer_group,
    number,
    opacity,
    soft_filter,
)
from vecstack.geometry import Rect

# Squared error in the picture for a byte: no curve is worth less (a fifth of it took up to half as many bytes more for
# 0.3 dB), and nothing is worth more.
MIN_PRICE, MAX_PRICE = 5e-10, 1e-1
FIRST_PRICE = 1.5e-9  # of a photo of 20 layers at the usual tolerance
# What curves and renderers add to the squared error of the levels, measured on photos of 20 layers.
CURVE_SHARE, ROUNDING_SHARE = 1.3, 0.35
# A curve may be off by a share of the distance to the next one; by less where bytes are cheaper than a price.
LOOSE, TIGHT, TIGHT_PRICES = 0.12, 0.08, (3e-10, 3e-9)
MIN_MISS, MAX_MISS = 0.1 / 640, 4 / 640  # of curves, as shares of the canvas's long side
BLUR_REACH = 3.0  # standard deviations
PATH = "<path "
OPACITY_DECIMALS = 4  # of plain level sets: less than a step of 8 bits


def soft_svg(scene: Scene, options: SvgOptions) -> str:
    """The stack as SVG. Raises ExportError where it cannot be as small as it must be."""
    blurred = blurred_svg(scene, options) if options.max_bytes is None else None
    return blurred or SoftSvg(scene, options.plain).within(options)


@dataclass
class SoftSvg:
    """A stack's masks and what is known about their levels, from which SVG of any size is written."""

    scene: Scene
    plain: bool = False
    _bases: list[Basis] = field(init=False)
    _choices: dict[float, list[Choice]] = field(init=False, default_factory=dict)

    def __post_init__(self) -> None:
        rect = self.scene.stack.canvas.rect
        self._bases = [
            basis_of(
                mask.pooled,
                mask.effect,
                2 * mask.step,
                mask.long_side,
                mask.rect.width * mask.rect.height / (rect.width * rect.height),
            )
            for mask in self.scene.traced
        ]

    def within(self, options: SvgOptions) -> str:
        """The closest SVG that the options allow. Raises ExportError."""
        cheapest, dearest = math.log(MIN_PRICE), math.log(MAX_PRICE)
        tolerance = options.tolerance or TOLERANCE
        start = math.log(FIRST_PRICE * (tolerance / TOLERANCE) ** 3)
        # Cheaper bytes lower the error: the search runs from the dearest down.
        place = -least_place(lambda at: self.error(math.exp(-at)), tolerance, -dearest, -cheapest, -start)
        if options.max_paths is not None:
            place = least_place(lambda at: self.path_count(math.exp(at)), options.max_paths, place, dearest, place)
        text = self.text(math.exp(place), options)
        if options.max_bytes is None or len(options.encode(text)) <= options.max_bytes:
            return text
        return blurred_svg(self.scene, options) or self._smaller(place, dearest, options, options.max_bytes)

    def _smaller(self, place: float, dearest: float, options: SvgOptions, most: int) -> str:
        """The closest SVG that is small enough, of a layer at least where there are any."""
        texts: dict[float, str] = {}
        dearest = self._dearest(place, dearest)

        def size(at: float) -> float:
            texts[at] = self.text(math.exp(at), options)
            return len(options.encode(texts[at]))

        found = least_place(size, most, place, dearest, place)
        least = size(found)
        if least > most:
            raise ExportError(f"The SVG takes at least {int(least):,} bytes, more than {most:,}. Allow more.")
        return texts[found]

    def _dearest(self, low: float, high: float) -> float:
        """About the highest of these places at which a layer is drawn; the lowest where none is at all."""
        if self._draws(high):
            return high
        while high - low > NEAR:
            middle = (low + high) / 2
            low, high = (middle, high) if self._draws(middle) else (low, middle)
        return low

    def _draws(self, place: float) -> bool:
        is_drawn = len(self._bases) < len(self.scene.masks)  # those that are exact always are
        return is_drawn or not all(choice.is_empty for choice in self.choices(math.exp(place)))

    def choices(self, price: float) -> list[Choice]:
        """The levels of each layer at a price."""
        if price not in self._choices:
            self._choices[price] = [choose(basis, price, plain=self.plain) for basis in self._bases]
        return self._choices[price]

    def error(self, price: float) -> float:
        """What the picture is thought to be off by: root mean square, in 1/255."""
        choices = self.choices(price)
        error = CURVE_SHARE * sum(choice.error for choice in choices)
        rounding = ROUNDING_SHARE * ROUNDING * sum(choice.touched for choice in choices)
        return 255 * math.sqrt(error + rounding)

    def path_count(self, price: float) -> int:
        """How many paths are written at most."""
        return sum(len(choice.thresholds) for choice in self.choices(price))

    def text(self, price: float, options: SvgOptions) -> str:
        """The SVG at a price."""
        stack, masks = self.scene.stack, self.scene.masks
        canvas, ids = stack.canvas, ElementIds()
        names = ids.of_layers(mask.layer for mask in masks)
        choices, definitions = iter(self.choices(price)), []
        blurs: dict[tuple[tuple[float, float, float, float], float], str] = {}
        behind = background(canvas)
        if behind and (self._bases or not masks):
            behind = [in_layer(shape, "Background") for shape in behind]
        layers: list[tuple[str, str | None]] = []
        for mask, name in zip(masks, names, strict=True):
            if mask.is_exact:
                shape, defined = exact_shape(stack, mask.layer, name, options, self.scene.device)
                layers.append((shape, mask.layer.group))
                definitions.append(defined)
                continue
            choice = next(choices)
            drawn = _Drawing(mask, choice, _looseness(price), canvas.rect, options.unit)
            shapes = drawn.shapes(
                _faint(choice, mask.color) if self.plain else [f'fill="{grey_code(int(at))}"' for at in choice.greys]
            )
            if not shapes:
                continue
            if self.plain:
                layers.append((layer_group(mask.layer, name, shapes), mask.layer.group))
                continue
            if drawn.sigma:
                blur = blurs.setdefault((drawn.blurred, drawn.sigma), f"b{len(blurs)}")
                shapes = f'<g filter="url(#{blur})">{shapes}</g>'
            identity = f"m{len(layers) + 1}"
            fill = f'fill="{color_code(mask.color)}"{opacity(choice.strength)}'
            inside = (
                f'<mask id="{identity}">{shapes}</mask>\n<rect{box(*drawn.region)} {fill} mask="url(#{identity})"/>'
            )
            layers.append((layer_group(mask.layer, name, inside), mask.layer.group))
        filters = (soft_filter(name, region, sigma) for (region, sigma), name in blurs.items())
        body = [*behind, *in_groups(layers, stack.groups, ids)]
        return document(canvas, options.sides(canvas), [*filters, *definitions], body)


def _faint(choice: Choice, color: Color) -> list[str | None]:
    """How the base and each level set are painted, as attributes, so that laid over one another they cover as much as
    the greys say, in the colour; None where nothing is to be added.

    Programs multiply a colour with its opacity and keep 8 bits of it, and some round down. So each opacity is a whole
    number of steps of 8 bits, and each channel such that the product is one, too; what is missed by that is left to the
    next."""
    paints: list[str | None] = []
    cover, light = 0.0, np.zeros(3)  # of what lies over one another so far; premultiplied
    for wanted in np.maximum.accumulate(choice.greys / 255 * choice.strength):
        steps = round(255 * (wanted - cover) / (1 - cover)) if wanted > cover else 0
        if not steps:
            paints.append(None)
            continue
        left = 1 - steps / 255
        cover = 1 - (1 - cover) * left
        parts = np.rint(255 * (np.asarray(color) * cover - light * left)).clip(0, steps)
        light = light * left + parts / 255
        red, green, blue = (np.ceil(255 * parts / steps) / 255).tolist()
        share = math.ceil(steps / 255 * 10**OPACITY_DECIMALS) / 10**OPACITY_DECIMALS
        paints.append(f'fill="{color_code((red, green, blue))}" fill-opacity="{number(share)}"')
    return paints


def _looseness(price: float) -> float:
    """By what share of the distance to the next curve one may be off, at a price."""
    cheap, dear = TIGHT_PRICES
    share = math.log(price / cheap) / math.log(dear / cheap)
    return TIGHT + (LOOSE - TIGHT) * min(max(share, 0.0), 1.0)


class _Drawing:
    """The shapes of a layer's mask, and where they reach."""

    def __init__(
        self, mask: SampledMask, choice: Choice, looseness: float, canvas: Rect, unit: Callable[[float], float]
    ) -> None:
        self._mask, self._choice, self._looseness, self._canvas, self._unit = mask, choice, looseness, canvas, unit
        self.sigma = BLURS[choice.blur] * mask.long_side if len(choice.thresholds) else 0.0
        self._margin = BLUR_REACH * self.sigma + 2 * mask.step
        self._least, self._most = np.array([np.inf, np.inf]), np.array([-np.inf, -np.inf])

    @property
    def blurred(self) -> tuple[float, float, float, float]:
        """The region of the blur: left, top, width, height."""
        rect, margin = self._mask.rect, math.ceil(self._margin)
        left, top = math.floor(rect.x) - margin, math.floor(rect.y) - margin
        right, bottom = math.ceil(rect.x + rect.width) + margin, math.ceil(rect.y + rect.height) + margin
        return left, top, right - left, bottom - top

    @property
    def region(self) -> tuple[float, float, float, float]:
        """The part of the canvas that shapes, once drawn, touch: left, top, width, height in whole units."""
        rect = self._mask.rect
        start = np.maximum(self._least, [rect.x, rect.y])
        end = np.minimum(self._most, [rect.x + rect.width, rect.y + rect.height])
        left, top = np.maximum(np.floor(start), 0).tolist()
        right, bottom = np.minimum(np.ceil(end), [self._canvas.width, self._canvas.height]).tolist()
        return left, top, max(right - left, 1.0), max(bottom - top, 1.0)

    def shapes(self, paints: Sequence[str | None]) -> str:
        """The level sets, lowest first, with attributes of the base and of each that is drawn; empty where none is."""
        if self._choice.is_empty:
            return ""
        base, misses = int(self._choice.greys[0]), self._misses()
        unit = self._unit(min(misses, default=1.0) * 1.5)
        # a blur needs something opaque below (see soft_filter)
        shapes = self._base(paints[0], is_seen=base > 0) if paints[0] and (base or self.sigma) else ""
        paths = "".join(self._paths(misses, unit, paints[1:])) if misses else ""
        if paths:
            paths = f'<g transform="scale({number(unit / 2)})">{paths}</g>'
        return shapes + paths

    def _base(self, paint: str, *, is_seen: bool) -> str:
        """What is below all levels."""
        x, y, width, height = self.blurred
        if is_seen:
            self._touch(np.array([[x, y], [x + width, y + height]]))
        return f"<rect{box(x, y, width, height)} {paint}/>"

    def _misses(self) -> list[float]:
        """By how much the curves of each level may be off, in canvas units: the closer they are, the less."""
        mask, thresholds = self._mask, self._choice.thresholds
        if not len(thresholds):
            return []
        slopes = np.hypot(*np.gradient(mask.values)) / mask.step
        ends = float(mask.values.min()) - 1e-3, float(mask.values.max()) + 1e-3
        gaps = np.diff(np.concatenate([[ends[0]], thresholds, [ends[1]]]))
        long_side = max(self._canvas.width, self._canvas.height)
        misses = []
        for threshold, below, above in zip(thresholds, gaps, gaps[1:], strict=False):
            band = np.abs(mask.values - threshold) < max(below, above) / 4 + 1e-4
            slope = float(slopes[band].mean()) if band.any() else 1e-3
            spacing = max(min(below, above) / max(slope, 1e-6), self.sigma)
            misses.append(min(max(self._looseness * spacing, MIN_MISS * long_side), MAX_MISS * long_side))
        return misses

    def _paths(self, misses: list[float], unit: float, paints: Sequence[str | None]) -> list[str]:
        """A path for each level whose contours can be seen."""
        mask, choice = self._mask, self._choice
        contours = Contours(mask.values, mask.rect, self._margin)
        paths = []
        for threshold, paint, miss in zip(choice.thresholds, paints, misses, strict=True):
            if paint is None:
                continue
            found = contours.at(threshold, max(mask.step, miss), (4 * miss) ** 2)
            for contour in found:
                self._touch(contour.points, BLUR_REACH * (self.sigma + miss))
            if found:
                data = path_data((fit(contour, miss) for contour in found), unit)
                paths.append(f'{PATH}{paint} d="{data}"/>')
        return paths

    def _touch(self, points: np.ndarray, reach: float = 0.0) -> None:
        """Note that shapes reach so far."""
        self._least = np.minimum(self._least, points.min(0) - reach)
        self._most = np.maximum(self._most, points.max(0) + reach)
