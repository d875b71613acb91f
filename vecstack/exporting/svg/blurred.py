"""A small shape with a soft edge as one outline under one blur, in the place of many levels: fitted to what the mask
covers, since a level of a mask, blurred, is another shape where strokes are thin or edges are rough."""

from __future__ import annotations

import math

import numpy as np

from vecstack.drawing.viewport import Viewport
from vecstack.exporting.pictures import draw_alone
from vecstack.exporting.svg.blur_fit import Aim, Blurred, fitted, with_more
from vecstack.exporting.svg.contours import Contours
from vecstack.exporting.svg.curves import closest, path_data
from vecstack.exporting.svg.exact import exact_shape
from vecstack.exporting.svg.options import SvgOptions
from vecstack.exporting.svg.scene import SampledMask, Scene
from vecstack.exporting.xml import (
    ElementIds,
    attributes,
    background,
    color_code,
    document,
    in_groups,
    label,
    number,
    unit_blur_filter,
)
from vecstack.kinds import kind_of

MOST_PX = 64  # long side of the canvas
LONGEST = 200.0  # px of outlines: steps take time with the square of their numbers
STRONG, WIDEST = 0.98, 2.0  # what a mask covers at most, and how wide its edge is, of a shape with a soft edge; px
CLOSE, ENOUGH = 4.5, 3.9  # error of the picture at its own size, root mean square in 1/255: 35 dB; and enough
SPACING = 0.15  # px, of the points of the first outlines
LEAST_AREA = 0.2  # of an outline, px^2
FIRST, ROUNDS = 0.5, 4  # control points for a px of outline; how often more are added
DEVIATION = 0.25  # px, of the blur at first
PIXEL = 12**-0.5  # px: deviation of a pixel's own square, through which the picture at its own size is seen
FINE, FINE_WEIGHT = 0.5, 0.075  # px between the places where the fine mask is to be met, too; what one counts
EDGE, REACH = 0.004, 2.0  # cover from which on, and px about which, places are near the edge
UNIT = 1 / 16  # px, to which control points are rounded


def blurred_svg(scene: Scene, options: SvgOptions) -> str | None:
    """A stack whose only layer that is traced is a small shape with a soft edge, with one blurred path for it; None
    where it is not, or that does not come CLOSE, and for who asks for a tolerance of his own, or for no blurs."""
    if options.plain or options.tolerance is not None or len(scene.traced) != 1:
        return None
    (mask,) = scene.traced
    if not (mask.layer.is_seen and kind_of(mask.layer).has_soft_edge(mask.layer)):
        return None
    blurred = _outlined(scene, mask)
    if blurred is None or _missed(scene, mask, blurred) > CLOSE:
        return None
    text = _text(scene, blurred, options)
    is_small = options.max_bytes is None or len(options.encode(text)) <= options.max_bytes
    return text if is_small else None


def _text(scene: Scene, blurred: Blurred, options: SvgOptions) -> str:
    """The SVG."""
    canvas, ids = scene.stack.canvas, ElementIds()
    layers: list[tuple[str, str | None]] = []
    definitions = []
    for mask, name in zip(scene.masks, ids.of_layers(mask.layer for mask in scene.masks), strict=True):
        if mask.is_exact:
            element, defined = exact_shape(scene.stack, mask.layer, name, options, scene.device)
        else:
            element, defined = _element(blurred, mask, name, options)
        layers.append((element, mask.layer.group))
        definitions.append(defined)
    body = [*background(canvas), *in_groups(layers, scene.stack.groups, ids)]
    return document(canvas, options.sides(canvas), definitions, body)


def _element(blurred: Blurred, mask: SampledMask, name: str, options: SvgOptions) -> tuple[str, str]:
    """A layer as an element, `name` its id, and the filter that it refers to."""
    unit = UNIT if options.precision is None else options.unit(UNIT)
    looks = f'{label(mask.layer)} fill="{color_code(mask.color)}" filter="url(#b0)"'
    path = f'transform="scale({number(unit / 2)})" d="{path_data(blurred.splines, unit)}"'
    deviation = round(2 * blurred.deviation / unit, 1)
    return f"<path{attributes(mask.layer, name)}{looks} {path}/>", unit_blur_filter("b0", deviation)


def _missed(scene: Scene, mask: SampledMask, blurred: Blurred) -> float:
    """By how much the picture is off at its own size: root mean square, in 1/255; on a transparent canvas, of what it
    covers."""
    canvas = scene.stack.canvas
    contrast = 1.0 if canvas.transparent else float(mask.effect.max())
    return 255 * math.sqrt(blurred.error * contrast / (canvas.width * canvas.height))


def _outlined(scene: Scene, mask: SampledMask) -> Blurred | None:
    """The blurred outlines of a mask, as close as they get or need; None of masks that are no small shapes with a
    narrow edge."""
    canvas = scene.stack.canvas
    if max(canvas.width, canvas.height) > MOST_PX or mask.values.max() < STRONG or _width(mask) > WIDEST:
        return None
    contours = Contours(mask.values, mask.rect, 1.0).at(0.5, SPACING, LEAST_AREA)
    length = sum(len(contour.points) * contour.spacing for contour in contours)
    if not 0 < length <= LONGEST:
        return None
    counts = [FIRST * len(contour.points) * contour.spacing for contour in contours]
    begun = (closest(contour, math.ceil(count)) for contour, count in zip(contours, counts, strict=True))
    aim = _aim(scene, mask)
    found = fitted(Blurred(tuple(begun), DEVIATION), aim)
    for _ in range(ROUNDS):
        if _missed(scene, mask, found) <= ENOUGH:
            break
        found = fitted(with_more(found, aim), aim)
    return found


def _width(mask: SampledMask) -> float:
    """How wide the edge of a mask is, in canvas units: what is partly covered for its length."""
    length = float(np.hypot(*np.gradient(mask.values)).sum()) / mask.step
    return float((4 * mask.values * (1 - mask.values)).sum()) / max(length, 1e-9)


def _aim(scene: Scene, mask: SampledMask) -> Aim:
    """What a mask covers near its edge: of the pixels of the picture, and between them."""
    canvas, rect, every = scene.stack.canvas, mask.rect, max(1, round(FINE / mask.step))
    whole = Viewport(canvas.rect, canvas.width, canvas.height)
    own = draw_alone(scene.stack, mask.layer, whole, scene.device, depth=16)[..., 3] / 65535
    fine = mask.values[every // 2 :: every, every // 2 :: every].astype(float)
    columns, rows = (np.arange(count) * every + every // 2 + 0.5 for count in fine.shape[::-1])
    parts = [
        _near(np.arange(canvas.width) + 0.5, np.arange(canvas.height) + 0.5, own, REACH),
        _near(rect.x + columns * mask.step, rect.y + rows * mask.step, fine, REACH / FINE),
    ]
    counts = [len(cover) for _, cover in parts]
    return Aim(
        np.concatenate([places for places, _ in parts]),
        np.concatenate([cover for _, cover in parts]),
        np.repeat([PIXEL, 0.0], counts),
        np.repeat([1.0, FINE_WEIGHT], counts),
        counts[0],
    )


def _near(across: np.ndarray, down: np.ndarray, cover: np.ndarray, reach: float) -> tuple[np.ndarray, np.ndarray]:
    """Places [P,2] of a grid that are within `reach` of it (in its steps) of the edge of a cover [H,W], and the cover
    there [P]."""
    is_near = (cover > EDGE) & (cover < 1 - EDGE)
    for _ in range(round(reach)):
        padded = np.pad(is_near, 1)
        is_near = padded[:-2, 1:-1] | padded[2:, 1:-1] | padded[1:-1, :-2] | padded[1:-1, 2:] | is_near
    rows, columns = is_near.nonzero()
    return np.stack([across[columns], down[rows]], 1), cover[rows, columns]
