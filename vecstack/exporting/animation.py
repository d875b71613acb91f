"""Export a stack as an animation that builds it up: the background first, then layer upon layer."""

from __future__ import annotations

import io
import json
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from itertools import pairwise

import numpy as np
from PIL import Image, PngImagePlugin

from vecstack.atomic import LIST
from vecstack.drawing.render import render
from vecstack.drawing.stages import stages
from vecstack.drawing.viewport import Viewport
from vecstack.errors import ExportError, UsageError
from vecstack.exporting.pictures import drawable, png
from vecstack.stack import Stack

FORMAT = "vecstack-frames"
SIZE_PX = 512  # long side
DURATION = 300  # milliseconds of a frame, at most, where nobody says how long
SECONDS = 8.0  # that it takes to build a stack of many layers up
MIN_DURATION, MAX_DURATION = 20, 60_000  # milliseconds; viewers treat shorter ones as an error
HOLD, MIN_HOLD = 5, 2000  # of the last frame: multiple of the others' duration, and milliseconds
FRAMES, MAX_FRAMES = 100, 1000  # with more layers, several appear at once
PACE = 2.0  # layers appear ever faster, in proportion to a power of the time: broad ones lie below fine ones
MAX_SIDE_PX = 16_383  # the limit of WebP; a GIF of that size could not be shown either
MAX_PIXELS = 1 << 28  # of all frames together, which are held in memory: 20 layers at 4096 px
COLORS = 255  # of a GIF's palette, shared by all frames; one more stands for what stays as it is
SAMPLE_PIXELS = 1 << 18  # of all frames together, from which the palette is made
NO_KEYS = {"kmin": 0, "kmax": 0}  # of a WebP: no frame is whole but the first, which takes half the bytes and the time
MEANS = 4  # rounds of k-means that improve the palette


@dataclass(frozen=True)
class Pace:
    """How an animation goes: at most so many `frames` (FRAMES if None), each shown for a `duration` in milliseconds,
    or all but the last for `seconds` together; by itself DURATION, or less so that all take no more than SECONDS.
    Raises UsageError where they are out of range or exclude each other."""

    frames: int | None = None
    duration: int | None = None
    seconds: float | None = None

    def __post_init__(self) -> None:
        if self.frames is not None and not 2 <= self.frames <= MAX_FRAMES:
            raise UsageError(f"frames must be 2 to {MAX_FRAMES:,}, not {self.frames:,}.", parameter="frames")
        if self.duration is not None and self.seconds is not None:
            raise UsageError("duration and `seconds` both say how fast it is; leave one out.", parameter="duration")
        if self.duration is not None and not MIN_DURATION <= self.duration <= MAX_DURATION:
            text = f"duration must be {MIN_DURATION} to {MAX_DURATION:,} ms, not {self.duration:,}."
            raise UsageError(text, parameter="duration")
        if self.seconds is not None and not 0 < self.seconds <= MAX_DURATION:
            raise UsageError(f"seconds must be above 0 and at most {MAX_DURATION:,}.", parameter="seconds")

    def counts(self, layers: int) -> list[int]:
        """How many of the lowest layers each frame shows: none first, all last, and ever more at a time between."""
        steps = min(layers, (self.frames or FRAMES) - 1)
        return [0, *(max(step, int(layers * (step / steps) ** PACE + 0.5)) for step in range(1, steps + 1))]

    def durations(self, frames: int) -> list[int]:
        """How long each frame is shown, in milliseconds."""
        if self.duration is not None:
            each = self.duration
        elif self.seconds is not None:
            each = min(max(round(1000 * self.seconds / max(frames - 1, 1)), MIN_DURATION), MAX_DURATION)
        else:
            each = min(DURATION, int(1000 * SECONDS / max(frames - 1, 1)))
        return [each] * (frames - 1) + [max(MIN_HOLD, HOLD * each)]


NORMAL = Pace()


def to_gif(stack: Stack, *, size: int | None = None, pace: Pace = NORMAL, device: str = "auto") -> bytes:
    """The bytes of a looping GIF of the stack: the background, then the visible layers on top of those below, one at a
    time where they are few; the last frame is held. `size` is the long side in pixels (SIZE_PX if None). All frames
    share 255 colours, dithered, and a transparent canvas shows its background. Raises UsageError; ExportError: no layer
    can be drawn; DeviceError; DocumentError where the stack's assets do not match its layers."""
    animation = Animation.of(stack, size, pace, transparent=False)
    return film(animation.all_frames(device), animation.durations, ".gif")


def to_webp(stack: Stack, *, size: int | None = None, pace: Pace = NORMAL, device: str = "auto") -> bytes:
    """The bytes of a lossless animated WebP of the stack, with the frames, arguments and errors of `to_gif`; it has
    alpha where the canvas is transparent."""
    animation = Animation.of(stack, size, pace, transparent=stack.canvas.transparent)
    return film(animation.all_frames(device), animation.durations, ".webp")


def to_apng(stack: Stack, *, size: int | None = None, pace: Pace = NORMAL, device: str = "auto") -> bytes:
    """The same as an animated PNG."""
    animation = Animation.of(stack, size, pace, transparent=stack.canvas.transparent)
    frames = animation.all_frames(device)
    if animation.transparent:
        return _encoded(map(Image.fromarray, frames), animation.durations, "PNG")
    return film(frames, animation.durations, ".png")


def frame_files(
    stack: Stack, *, size: int | None = None, pace: Pace = NORMAL, device: str = "auto"
) -> Iterator[tuple[str, bytes]]:
    """Names and contents of files: `frame-001.png` and so on, the frames of `to_webp`, and `layers.json`, which lists
    them with how many layers each shows and for how long. Arguments and errors as there."""
    animation = Animation.of(stack, size, pace, transparent=stack.canvas.transparent)
    digits = max(3, len(str(len(animation.counts))))
    names = [f"frame-{number:0{digits}}.png" for number in range(1, len(animation.counts) + 1)]
    for name, pixels in zip(names, animation.frames(device), strict=True):
        yield name, png(pixels)
    listed = [
        {"file": name, "layers": count, "milliseconds": duration}
        for name, count, duration in zip(names, animation.counts, animation.durations, strict=True)
    ]
    sides = {"width": animation.viewport.width_px, "height": animation.viewport.height_px}
    yield LIST, (json.dumps({"format": FORMAT, **sides, "frames": listed}, indent=2) + "\n").encode()


def film(frames: list[np.ndarray], durations: list[int], suffix: str) -> bytes:
    """The bytes of an animation of frames of one size, [H,W,3] uint8 (of a WebP also [H,W,4]), each shown for so many
    milliseconds: a GIF of 255 colours, a lossless WebP or an animated PNG, by the suffix of a file's name. Raises
    UsageError for another suffix."""
    if suffix == ".gif":
        return _encoded(_indexed(frames), durations, "GIF", optimize=False, transparency=COLORS, disposal=1)
    if suffix == ".webp":
        return _encoded(map(Image.fromarray, frames), durations, "WEBP", lossless=True, quality=75, method=4, **NO_KEYS)
    if suffix == ".png":
        return _encoded(_changes(frames), durations, "PNG", blend=PngImagePlugin.Blend.OP_OVER)
    raise UsageError(f"{suffix or 'no suffix'}: an animation is a .gif, a .webp or a .png.")


@dataclass(frozen=True)
class Animation:
    """The frames of a stack, all of whose layers are seen: how many each shows, and for how many milliseconds."""

    stack: Stack
    viewport: Viewport
    counts: list[int]
    durations: list[int]
    transparent: bool

    @classmethod
    def of(cls, stack: Stack, size: int | None, pace: Pace, *, transparent: bool) -> Animation:
        """That of a stack at a size and a pace. Raises UsageError, ExportError."""
        viewport = Viewport.of_region(stack.canvas.rect, size=SIZE_PX if size is None else size)
        seen = stack.with_layers(layer for _, layer in drawable(stack) if layer.is_seen)
        counts = pace.counts(len(seen.layers))
        return cls(seen, viewport, counts, pace.durations(len(counts)), transparent)

    def frames(self, device: str) -> Iterator[np.ndarray]:
        """Pictures of the stack, [H,W,4] where `transparent`, else [H,W,3], from no layers to all. Raises UsageError
        where one is too large."""
        self._check(1)
        yield from stages(self.stack, self.viewport, self.counts[:-1], transparent=self.transparent, device=device)
        yield render(self.stack, viewport=self.viewport, transparent=self.transparent, device=device)

    def all_frames(self, device: str) -> list[np.ndarray]:
        """The same at once. Raises UsageError where they are too large together."""
        self._check(len(self.counts))
        return list(self.frames(device))

    def _check(self, count: int) -> None:
        """Raise UsageError where so many frames are too large to be held in memory together."""
        width, height = self.viewport.width_px, self.viewport.height_px
        if max(width, height) > MAX_SIDE_PX or count * width * height > MAX_PIXELS:
            raise UsageError(
                f"an animation of {len(self.counts):,} frames of {width:,} x {height:,} px is too large; "
                "use a smaller `size`."
            )


def _encoded(frames: Iterable[Image.Image], durations: list[int], name: str, **options: object) -> bytes:
    first, *others = frames
    file = io.BytesIO()
    if others:
        options |= {"save_all": True, "append_images": others, "duration": durations, "loop": 0}
    try:
        first.save(file, name, **options)
    except (KeyError, OSError) as error:  # a build of Pillow without the format
        raise ExportError(f"this build of Pillow cannot write {name} ({error}); use another format.") from error
    return file.getvalue()


def _indexed(frames: list[np.ndarray]) -> Iterator[Image.Image]:
    """Frames [H,W,3] in the colours of one palette; what is as in the frame before has the index COLORS."""
    palette, before = _palette(frames), None
    for pixels in frames:
        picture = Image.fromarray(pixels).quantize(palette=palette, dither=Image.Dither.FLOYDSTEINBERG)
        if before is not None:
            picture.paste(COLORS, mask=Image.fromarray((pixels == before).all(2)))
        before = pixels
        yield picture


def _changes(frames: list[np.ndarray]) -> Iterator[Image.Image]:
    """Frames [H,W,3]; what is as in the frame before is clear."""
    yield Image.fromarray(frames[0])
    for before, pixels in pairwise(frames):
        differs = (pixels != before).any(2, keepdims=True)
        yield Image.fromarray(np.concatenate([pixels, np.full_like(pixels[..., :1], 255)], 2) * differs)


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
