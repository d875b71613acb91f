"""Draw a stack into a picture file."""

from __future__ import annotations

import dataclasses
import io

from vecstack.drawing.render import layout_of, rows
from vecstack.drawing.viewport import Viewport
from vecstack.errors import UsageError
from vecstack.pictures.layout import RowCallback
from vecstack.pictures.write import Destination, check_fits, find_format, write_picture
from vecstack.stack import Stack

MAX_DPI = 1_000_000  # beyond any printer; a typing error is caught
THUMBNAIL_PX = 64  # long side: enough for a list of files, and drawn in 0.05 s (ten layers, one core)
SMALL_PX, SMALL_THUMBNAIL_PX = 32, 28  # of a picture of up to so many px: more would be most of its file


def render_to_file(
    stack: Stack,
    target: Destination,
    viewport: Viewport,
    *,
    format: str | None = None,
    depth: int = 8,
    transparent: bool | None = None,
    exact: bool = False,
    device: str = "auto",
    overwrite: bool = False,
    dpi: float | None = None,
    progress: RowCallback | None = None,
) -> None:
    """Draw a viewport of a stack into a picture file: PNG, TIFF, JPEG (quality 95, colours not subsampled) or WebP
    (quality 90). PNG and TIFF of any size need little memory, JPEG and WebP that of the whole picture.

    `target` is a path, or a binary stream that need not seek; `format` (png, jpeg, webp or tiff) is taken from the
    path's suffix unless given; `exact` is that of `render`, and so is `transparent`, but where it is None, a
    format without alpha shows the background. PNG, TIFF and JPEG say how many pixels are an inch (`dpi`). A file is
    written whole or left as it was. Raises ExportError: an unknown format, a side too long for it, an existing file
    without `overwrite`, a failed write; UsageError: a depth, transparency or size that the format cannot hold, or a dpi
    out of range; DeviceError; DocumentError where the stack's assets do not match its layers."""
    chosen = find_format(format, target)
    if transparent is None and not chosen.transparent:
        transparent = False
    if dpi is not None and not 0 < dpi < MAX_DPI:
        raise UsageError(f"dpi must be above 0 and below {MAX_DPI:,}, not {dpi:g}.", parameter="dpi")
    layout = dataclasses.replace(layout_of(stack, viewport, depth, transparent), dpi=dpi)
    check_fits(chosen, layout)
    strips = rows(stack, viewport, depth=depth, transparent=transparent, exact=exact, device=device, progress=progress)
    write_picture(chosen, target, strips, layout, overwrite)


def thumbnail_png(stack: Stack, size: int) -> bytes:
    """The stack as a small PNG, `size` pixels on its long side. Raises as `render_to_file` does."""
    file = io.BytesIO()
    # Always on the CPU, so that a document does not depend on the machine's other devices.
    render_to_file(stack, file, Viewport.of_region(stack.canvas.rect, size=size), format="png", device="cpu")
    return file.getvalue()


def with_thumbnail(stack: Stack) -> Stack:
    """The stack with a thumbnail of what it draws, a smaller one where the picture is small. Raises as `render_to_file`
    does."""
    is_small = max(stack.canvas.width, stack.canvas.height) <= SMALL_PX
    return dataclasses.replace(stack, thumbnail=thumbnail_png(stack, SMALL_THUMBNAIL_PX if is_small else THUMBNAIL_PX))
