"""Export a stack as an animation that builds it up: the background first, then layer upon layer."""

from __future__ import annotations

import io
import math
from collections.abc import Iterator

import numpy as np
import torch
from PIL import Image

from vecstack.composite import over, unpremultiply
from vecstack.drawing.render import render
from vecstack.drawing.viewport import Viewport
from vecstack.errors import ExportError, UsageError
from vecstack.exporting.pictures import draw_alone, drawable
from vecstack.stack import Stack

SIZE_PX = 512  # long side
DURATION = 300  # milliseconds per layer
MIN_DURATION, MAX_DURATION = 20, 60_000  # milliseconds; viewers treat shorter ones as an error
HOLD, MIN_HOLD = 5, 2000  # of the last frame: multiple of the others' duration, and milliseconds
MAX_FRAMES = 256  # with more layers, several appear at once
MAX_SIDE_PX = 16_383  # the limit of WebP; a GIF of that size could not be shown either
MAX_PIXELS = 1 << 28  # of all frames together, which are held in memory: 20 layers at 4096 px
COLORS = 256  # of a GIF's palette, shared by all frames
SAMPLE_PIXELS = 1 << 18  # of all frames together, from which the palette is made
MEANS = 4  # rounds of k-means that improve the palette


def to_gif(stack: Stack, *, size: int | None = None, duration: int | None = None, device: str = "auto") -> bytes:
    """The bytes of a looping GIF of the stack: the background, then each visible layer on top of those below; the last
    frame is held. `size` is the long side in pixels (SIZE_PX if None), `duration` that of a frame in milliseconds
    (DURATION if None). All frames share 256 colours, dithered, and a transparent canvas shows its background. Raises
    UsageError; ExportError: no layer can be drawn; DeviceError; DocumentError where the stack's assets do not match its
    layers."""
    frames, times = _timed(stack, size, duration, device, transparent=False)
    palette, dither = _palette(frames), Image.Dither.FLOYDSTEINBERG
    indexed = [Image.fromarray(pixels).quantize(palette=palette, dither=dither) for pixels in frames]
    return _encoded(indexed, times, "GIF", optimize=False)


def to_webp(stack: Stack, *, size: int | None = None, duration: int | None = None, device: str = "auto") -> bytes:
    """The bytes of a lossless animated WebP of the stack, with the frames, arguments and errors of `to_gif`; it has
    alpha where the canvas is transparent."""
    frames, times = _timed(stack, size, duration, device, transparent=stack.canvas.transparent)
    return _encoded([Image.fromarray(pixels) for pixels in frames], times, "WEBP", lossless=True, quality=75, method=4)


def _timed(
    stack: Stack, size: int | None, duration: int | None, device: str, *, transparent: bool
) -> tuple[list[np.ndarray], list[int]]:
    """The frames, [H,W,4] where `transparent`, else [H,W,3], and the duration of each in milliseconds. Raises
    UsageError."""
    each = DURATION if duration is None else duration
    if not MIN_DURATION <= each <= MAX_DURATION:
        raise UsageError(f"duration must be {MIN_DURATION} to {MAX_DURATION:,} ms, not {each:,}.", parameter="duration")
    viewport = Viewport.of_region(stack.canvas.rect, size=SIZE_PX if size is None else size)
    count = min(MAX_FRAMES, 1 + len(stack.layers))
    if (
        max(viewport.width_px, viewport.height_px) > MAX_SIDE_PX
        or count * viewport.width_px * viewport.height_px > MAX_PIXELS
    ):
        raise UsageError(
            f"an animation of {count} frames of {viewport.width_px:,} x {viewport.height_px:,} px is too large; "
            "use a smaller `size`."
        )
    frames = list(_frames(stack, viewport, device, transparent=transparent))
    return frames, [each] * (len(frames) - 1) + [max(MIN_HOLD, HOLD * each)]


def _frames(stack: Stack, viewport: Viewport, device: str, *, transparent: bool) -> Iterator[np.ndarray]:
    """Pictures of the stack, [H,W,4] where `transparent`, else [H,W,3], from no layers to all visible ones."""
    layers = [layer for _, layer in drawable(stack) if layer.is_seen]
    picture = render(stack.with_layers([]), viewport=viewport, transparent=transparent, device=device)
    yield picture
    canvas = (torch.from_numpy(picture.astype(np.float32)) / 255).permute(2, 0, 1)  # premultiplied
    step = math.ceil(len(layers) / (MAX_FRAMES - 1))
    for count, layer in enumerate(layers[:-1], start=1):
        alone = draw_alone(stack, layer, viewport, device, depth=16).astype(np.float32)
        drawn = (torch.from_numpy(alone) / 65535).permute(2, 0, 1)
        color = torch.cat([drawn[:3], torch.ones_like(drawn[3:])])[: len(canvas)]
        canvas = over(canvas, color, drawn[3:] * layer.opacity)
        if count % step == 0:
            shown = unpremultiply(canvas) if transparent else canvas
            yield (shown * 255 + 0.5).to(torch.uint8).permute(1, 2, 0).numpy()
    if layers:
        yield render(stack, viewport=viewport, transparent=transparent, device=device)


def _encoded(frames: list[Image.Image], durations: list[int], name: str, **options: object) -> bytes:
    first, *others = frames
    file = io.BytesIO()
    if others:
        options |= {"save_all": True, "append_images": others, "duration": durations, "loop": 0}
    try:
        first.save(file, name, **options)
    except (KeyError, OSError) as error:  # a build of Pillow without the format
        raise ExportError(f"this build of Pillow cannot write {name} ({error}); use another format.") from error
    return file.getvalue()


def _palette(frames: list[np.ndarray]) -> Image.Image:
    """A picture whose palette is close to all colours of the frames, rare ones included; the last one, which is held,
    counts as much as all others."""
    *others, last = frames
    share = max(1, SAMPLE_PIXELS // (2 * max(1, len(others))))
    samples, held = [_sample(pixels, share) for pixels in others], _sample(last, SAMPLE_PIXELS // 2)
    times = max(1, round(sum(map(len, samples)) / len(held)))
    colors = np.concatenate([*samples, *[held] * times])[None]
    return Image.fromarray(colors).quantize(COLORS, Image.Quantize.MAXCOVERAGE, kmeans=MEANS)


def _sample(pixels: np.ndarray, count: int) -> np.ndarray:
    """About `count` pixels of a picture, evenly spaced: [N,3]."""
    flat = pixels.reshape(-1, 3)
    return flat[:: max(1, len(flat) // count)]
