"""A stack drawn as pixels, in memory or strip by strip."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

from vecstack.errors import UsageError
from vecstack.geometry import Frame
from vecstack.render.layout import Layout
from vecstack.render.plan import Plan
from vecstack.stack import Stack

if TYPE_CHECKING:
    from vecstack.render.layout import Pixels, Strips

Progress = Callable[[int, int], None]  # called with the rows that are done and the rows of the picture


def render(
    stack: Stack,
    size: int | None = None,
    *,
    frame: Frame | None = None,
    depth: int = 8,
    transparent: bool = False,
    exact: bool = False,
    device: str = "auto",
    progress: Progress | None = None,
) -> Pixels:
    """The stack as pixels [H,W,3], or [H,W,4] with straight alpha where `transparent`: uint8, or uint16 where
    `depth` is 16. `size` is the long side in pixels (1 px per canvas unit by default); `frame` draws a part.
    The colours are within half a step of 8 bits of those of `exact`, which evaluates every layer at every pixel and
    takes hundreds of times as long.
    Raises UsageError, DeviceError; DocumentError where the stack's assets do not fit its layers."""
    from vecstack.render.strips import gather

    if frame is None:
        frame = Frame.of_region(stack.canvas.rect, size=size)
    elif size is not None:
        raise UsageError("Give a size or a frame, not both.")
    strips = rows(stack, frame, depth=depth, transparent=transparent, exact=exact, device=device, progress=progress)
    return gather(strips, Layout(frame.width_px, frame.height_px, depth, transparent))


def rows(
    stack: Stack,
    frame: Frame,
    *,
    depth: int = 8,
    transparent: bool = False,
    exact: bool = False,
    device: str = "auto",
    strip_rows: int = 64,
    progress: Progress | None = None,
) -> Strips:
    """The picture of `render` from the top, `strip_rows` rows (rounded up to a multiple of 64) at a time.
    The pixels are the same for every height of the strips."""
    from vecstack.render.strips import draw_strips

    if strip_rows < 1:
        raise UsageError(f"A strip must have at least 1 row, not {strip_rows}.")
    layout = Layout(frame.width_px, frame.height_px, depth, transparent)
    return draw_strips(stack, frame, layout, device, strip_rows, progress, exact=exact)


def render_plan(stack: Stack, frame: Frame, *, depth: int = 8, transparent: bool = False, device: str = "auto") -> Plan:
    """What `render` does for a frame, which takes as long as compiling the layers. Raises as `render` does."""
    from vecstack.render.strips import plan_of

    return plan_of(stack, frame, Layout(frame.width_px, frame.height_px, depth, transparent), device)
