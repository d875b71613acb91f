"""Pictures for exports: each layer alone, and their encoding as PNG."""

from __future__ import annotations

import dataclasses
import io
from typing import TYPE_CHECKING, Any

from vecstack.drawing.render import render
from vecstack.drawing.viewport import Viewport
from vecstack.errors import ExportError, UsageError
from vecstack.kinds import can_draw
from vecstack.pictures.write import pixels_to_file
from vecstack.stack import Layer, Stack

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from vecstack.pictures.layout import Pixels

MAX_PIXELS = 1 << 28  # of a layer's picture, held in memory at up to 24 bytes a pixel: 16,384 px square

Numbered = list[tuple[int, Layer]]


def drawable(stack: Stack) -> Numbered:
    """The layers that can be drawn, lowest first, with their numbers in the stack (1 is the lowest). Raises ExportError
    where there are layers, but none can be drawn."""
    layers = [(number, layer) for number, layer in enumerate(stack.layers, start=1) if can_draw(layer)]
    if stack.layers and not layers:
        raise ExportError("none of the layers is of a kind that this version can draw; install a newer vecstack.")
    return layers


def viewport_of(stack: Stack, size: int | None) -> Viewport:
    """The viewport of the whole canvas, `size` pixels on its long side (None: 1 px per canvas unit). Raises UsageError,
    also for a picture too large to hold in memory."""
    viewport = Viewport.of_region(stack.canvas.rect, size=size)
    if viewport.width_px * viewport.height_px > MAX_PIXELS:
        raise UsageError(
            f"{viewport.width_px:,} x {viewport.height_px:,} px is too large, "
            f"at most {MAX_PIXELS / 1e6:,.0f} megapixels a layer; use a smaller `size`."
        )
    return viewport


def draw_alone(stack: Stack, layer: Layer, viewport: Viewport, device: str, *, depth: int = 8) -> Pixels:
    """One layer of the stack, visible and opaque, on a transparent canvas: [H,W,4] with straight alpha, its mask."""
    bare = dataclasses.replace(layer, visible=True, opacity=1.0)
    return render(stack.with_layers([bare]), viewport=viewport, depth=depth, transparent=True, device=device)


def covered(alpha: NDArray[Any]) -> tuple[slice, slice]:
    """Rows and columns of the bounding box of the pixels with alpha above 0; the first pixel where there are none."""
    rows, columns = alpha.any(axis=1).nonzero()[0], alpha.any(axis=0).nonzero()[0]
    if not len(rows):
        return slice(0, 1), slice(0, 1)
    return slice(int(rows[0]), int(rows[-1]) + 1), slice(int(columns[0]), int(columns[-1]) + 1)


def png(pixels: Pixels) -> bytes:
    """The bytes of pixels [H,W,3] or [H,W,4] as PNG."""
    file = io.BytesIO()
    pixels_to_file(pixels, file, format="png")
    return file.getvalue()
