"""Draw a stack as pixels, in memory or strip by strip."""

from __future__ import annotations

from typing import TYPE_CHECKING

from vecstack.drawing.plan import Plan
from vecstack.drawing.viewport import Viewport
from vecstack.errors import UsageError
from vecstack.pictures.layout import Layout, RowCallback
from vecstack.stack import Stack

if TYPE_CHECKING:
    from vecstack.pictures.layout import Pixels, Strips


def render(
    stack: Stack,
    size: int | None = None,
    *,
    viewport: Viewport | None = None,
    depth: int = 8,
    transparent: bool | None = None,
    exact: bool = False,
    device: str = "auto",
    progress: RowCallback | None = None,
) -> Pixels:
    """The stack as pixels [H,W,3], or [H,W,4] with straight alpha where `transparent` (that of the canvas if None):
    uint8, or uint16 where `depth` is 16.

    `size` is the long side in pixels (1 px per canvas unit by default); `viewport` draws a part of the canvas instead.
    `exact` evaluates every layer at every pixel, which takes hundreds of times as long; without it, colours differ from
    those by less than half a step of 8 bits. Raises UsageError, DeviceError; DocumentError where the stack's assets do
    not match its layers."""
    from vecstack.pictures.layout import gather

    if viewport is None:
        viewport = Viewport.of_region(stack.canvas.rect, size=size)
    elif size is not None:
        raise UsageError("size and viewport exclude each other; pass only one.", parameter="size")
    strips = rows(stack, viewport, depth=depth, transparent=transparent, exact=exact, device=device, progress=progress)
    return gather(strips, layout_of(stack, viewport, depth, transparent))


def rows(
    stack: Stack,
    viewport: Viewport,
    *,
    depth: int = 8,
    transparent: bool | None = None,
    exact: bool = False,
    device: str = "auto",
    strip_rows: int = 64,
    progress: RowCallback | None = None,
) -> Strips:
    """The picture of `render` from the top, `strip_rows` rows (rounded up to a multiple of 64) at a time. The pixels do
    not depend on the height of the strips. Raises as `render` does, before the first strip."""
    from vecstack.drawing.strips import draw_strips

    if strip_rows < 1:
        raise UsageError(f"strip_rows must be at least 1, not {strip_rows}.", parameter="strip_rows")
    layout = layout_of(stack, viewport, depth, transparent)
    return draw_strips(stack, viewport, layout, device, strip_rows, progress, exact=exact)


def render_plan(
    stack: Stack, viewport: Viewport, *, depth: int = 8, transparent: bool | None = None, device: str = "auto"
) -> Plan:
    """The cost of drawing a viewport with `render`; finding it takes as long as compiling the layers. Raises as
    `render` does."""
    from vecstack.drawing.strips import plan_of

    return plan_of(stack, viewport, layout_of(stack, viewport, depth, transparent), device)


def layout_of(stack: Stack, viewport: Viewport, depth: int, transparent: bool | None) -> Layout:
    """The layout of the picture that `render` makes. Raises UsageError for a depth that there is not."""
    has_alpha = stack.canvas.transparent if transparent is None else transparent
    return Layout(viewport.width_px, viewport.height_px, depth, has_alpha)
