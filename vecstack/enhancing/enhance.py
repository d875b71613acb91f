"""Enhance: layers as they are drawn, with the detail that an enhancer adds."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from vecstack.drawing.render import layout_of, rows
from vecstack.drawing.viewport import Viewport
from vecstack.enhancing.tiles import enhanced_strips
from vecstack.enhancing.weights import LoadedEnhancer, load_enhancer
from vecstack.errors import UsageError
from vecstack.models import DEFAULT_ENHANCER
from vecstack.pictures.layout import RowCallback, gather
from vecstack.pictures.write import Destination, check_fits, find_format, write_picture
from vecstack.stack import Stack

if TYPE_CHECKING:
    from vecstack.pictures.layout import Pixels, Strips


def enhance(
    stack: Stack, model: str | Path = DEFAULT_ENHANCER, *, size: int | None = None, device: str = "auto"
) -> Pixels:
    """The stack drawn, with the detail that an enhancer (a name, a path or a Hub repository) adds: [H,W,3] uint8, over
    the background. It depends on the layers alone. `size` is the long side in pixels (1 px per canvas unit by default);
    detail has the size in pixels that it had where the enhancer learned. Raises WeightsError: no such model, or one
    that is no enhancer; UsageError: layers that it was not trained for, or a size out of range; DeviceError;
    DocumentError."""
    loaded = load_enhancer(model, device)
    viewport = Viewport.of_region(stack.canvas.rect, size=size)
    strips = _strips(stack, viewport, loaded, device, None)
    return gather(strips, layout_of(stack, viewport, 8, transparent=False))


def enhance_to_file(
    stack: Stack,
    target: Destination,
    enhancer: LoadedEnhancer,
    *,
    size: int | None = None,
    format: str | None = None,
    device: str = "auto",
    overwrite: bool = False,
    progress: RowCallback | None = None,
) -> None:
    """What `enhance` gives, in a picture file: PNG, TIFF, JPEG or WebP, of any size in little memory where the format
    is the first or the second. Raises as `enhance` and drawing.file.render_to_file do."""
    chosen = find_format(format, target)
    viewport = Viewport.of_region(stack.canvas.rect, size=size)
    layout = layout_of(stack, viewport, 8, transparent=False)
    check_fits(chosen, layout)
    write_picture(chosen, target, _strips(stack, viewport, enhancer, device, progress), layout, overwrite)


def check_layers(stack: Stack, enhancer: LoadedEnhancer) -> None:
    """Raise UsageError where an enhancer was trained for another model's layers than a stack has: by the kind of the
    layers, and by what the stack says of its model, if it does."""
    model, made = stack.model, enhancer.made
    kinds = sorted({layer.kind for layer in stack.layers})
    if kinds != [enhancer.kind]:
        raise UsageError(
            f"{enhancer.name} enhances layers of kind {enhancer.kind}, and here are {' and '.join(kinds) or 'none'}; "
            f"make layers for it with `vecstack decompose --model {made.model} --effort sketch`."
        )
    is_told = "name" in model or "sha256" in model
    if is_told and model.get("sha256") != made.sha256 and model.get("name") != made.model:
        raise UsageError(
            f"{enhancer.name} was trained for the layers of {made.model}, and these are of "
            f"{model.get('name', 'another model')!s:.60}; use an enhancer trained for that model, or layers of "
            f"{made.model}."
        )


def _strips(
    stack: Stack, viewport: Viewport, enhancer: LoadedEnhancer, device: str, progress: RowCallback | None
) -> Strips:
    check_layers(stack, enhancer)
    drawn = rows(stack, viewport, transparent=False, device=device, progress=progress)
    return enhanced_strips(enhancer.net, drawn, viewport.width_px, viewport.height_px)
