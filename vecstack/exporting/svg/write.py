"""A stack as SVG, which other programs open: a scene is sampled once, then written soft or flat."""

from __future__ import annotations

from typing import TYPE_CHECKING

from vecstack.exporting.pictures import drawable
from vecstack.exporting.svg.options import SvgOptions
from vecstack.stack import Stack

if TYPE_CHECKING:
    import torch


def to_svg(
    stack: Stack,
    *,
    flat: bool = False,
    tolerance: float | None = None,
    max_bytes: int | None = None,
    max_paths: int | None = None,
    precision: int | None = None,
    size: int | None = None,
    width_mm: float | None = None,
    minify: bool = False,
    plain: bool = False,
    device: str = "auto",
) -> str:
    """The stack as the text of an SVG: a group for each layer, with its name, and one shape of its colour, seen
    through a mask of blurred curves; `flat`, a single blurred path instead; `plain`, translucent curves without masks
    and blurs, which all programs draw alike. Neighbours of one group of the stack are in a group of its name. A
    transparent canvas has no background. Within about `tolerance` (root mean square, in 1/255;
    1.5 if None) of the stack's own picture, unless `max_bytes` or `max_paths` forbid it. `size` is the long side in
    pixels that is asked for, `width_mm` the width in millimetres instead, `precision` the decimals of the curves'
    points (None: as many as they are worth). `minify` leaves out ids, names and hidden layers. Layers that do not show,
    and those of unknown kinds, are left out.
    Raises UsageError; ExportError: too few bytes, no layer that can be drawn, or no contourpy; DeviceError;
    DocumentError where the stack's assets do not fit its layers."""
    options = SvgOptions(
        tolerance,
        max_bytes,
        max_paths,
        size,
        flat=flat,
        precision=precision,
        width_mm=width_mm,
        minify=minify,
        plain=plain,
    )
    return options.finished(svg_text(stack, options, device=device))


def svg_text(stack: Stack, options: SvgOptions, *, device: str = "auto") -> str:
    """The stack as the text of an SVG; raises as `to_svg`."""
    from vecstack.device import resolve_device
    from vecstack.exporting.svg.flat import flat_svg
    from vecstack.exporting.svg.scene import scene_of
    from vecstack.exporting.svg.soft import soft_svg

    drawable(stack)
    where: torch.device = resolve_device(device)
    scene = scene_of(stack, where)
    return flat_svg(scene, options) if options.flat else soft_svg(scene, options)
