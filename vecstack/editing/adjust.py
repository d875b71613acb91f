"""Adjust: change the pixels of a picture where the masks of some layers are, after Sbai, Couprie, Aubry, ICIP 2020,
figure 5a."""

from __future__ import annotations

import dataclasses
import math
import os
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, BinaryIO, cast

from vecstack.color import Color, in_gamut, is_number, to_color, to_oklab, to_srgb
from vecstack.drawing.render import rows
from vecstack.drawing.viewport import Viewport
from vecstack.editing.select import select
from vecstack.errors import DocumentError, UsageError
from vecstack.kinds import can_draw
from vecstack.stack import Stack, check_aspect

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from vecstack.pictures.decoding.raster import Floats
    from vecstack.pictures.layout import Pixels, RowCallback
    from vecstack.pictures.read import Picture

BAND_PX = 256  # rows adjusted together: bounds the memory needed in addition to the picture
MAX_BLUR_PX = 250.0  # standard deviation: beyond any lens, and a band with its surroundings fits in memory
CHUNK = 1 << 14  # colours adjusted together: fits a processor's cache
REACH = 3.0  # of a blur, in standard deviations: 0.3 % lies beyond
BLOCK = 64  # lines blurred in one matrix product
STEEPEST = 4.0  # exponent at brightness -1, and slope at middle grey at contrast 1
LIMITS = {
    "brightness": (-1.0, 1.0),
    "contrast": (-1.0, 1.0),
    "saturation": (-1.0, 1.0),
    "hue": (-360.0, 360.0),
    "tint_strength": (0.0, 1.0),
    "blur": (0.0, MAX_BLUR_PX),
}


@dataclass(frozen=True)
class Adjustment:
    """How pixels are changed; 0 changes nothing. Raises UsageError where a value is out of range, or where nothing
    would change.

    The steps, in this order: `blur` is the standard deviation of a Gaussian, in pixels of the picture, up to
    MAX_BLUR_PX. `brightness` in -1..1 and `contrast` in -1..1 are curves of the sRGB values that keep black and white
    (but a contrast below 0 moves all values towards middle grey, which -1 reaches). `saturation` in -1..1 goes from
    grey to twice the chroma, `hue` rotates colours by -360..360 degrees, and `tint` moves all pixels towards the hue
    and chroma of a colour, by `tint_strength` in 0..1; these three keep the lightness of OKLab."""

    brightness: float = 0.0
    contrast: float = 0.0
    saturation: float = 0.0
    hue: float = 0.0
    tint: str | Color | None = None
    tint_strength: float = 1.0
    blur: float = 0.0

    def __post_init__(self) -> None:
        for name, (least, most) in LIMITS.items():
            value = getattr(self, name)
            if not is_number(value) or not least <= value <= most:
                raise UsageError(f"{name} must be {least:g} to {most:g}, not {value!r:.40}.", parameter=name)
        if self.tint is not None:
            to_color(self.tint)
        if not (self.brightness or self.contrast or self.blur or self.changes_color):
            raise UsageError(
                "nothing to adjust; set at least one of brightness, contrast, saturation, hue, tint and blur."
            )

    @property
    def changes_color(self) -> bool:
        """Whether colours change by more than curves of single channels."""
        return bool(self.saturation or self.hue or (self.tint is not None and self.tint_strength))

    def __call__(self, colors: Floats) -> Floats:
        """Colours [N,3], sRGB in 0..1, after all steps but the blur: [N,3]."""
        colors = _with_contrast(_with_brightness(colors, self.brightness), self.contrast)
        if not self.changes_color:
            return colors
        import numpy as np

        parts = [self._recolored(colors[first : first + CHUNK]) for first in range(0, len(colors), CHUNK)]
        return np.concatenate(parts)

    def _recolored(self, colors: Floats) -> Floats:
        import numpy as np

        points = to_oklab(colors)
        turn = math.radians(self.hue)
        turned = np.array([[math.cos(turn), math.sin(turn)], [-math.sin(turn), math.cos(turn)]], points.dtype)
        points[:, 1:] = (1 + self.saturation) * points[:, 1:] @ turned
        if self.tint is not None:
            tint = to_oklab(np.array([to_color(self.tint)], points.dtype))
            points[:, 1:] += self.tint_strength * (tint[:, 1:] - points[:, 1:])
        return cast("Floats", to_srgb(in_gamut(points)))


def _with_brightness(values: Floats, brightness: float) -> Floats:
    """Values in 0..1 after a power curve."""
    return cast("Floats", values ** (STEEPEST**-brightness)) if brightness else values


def _with_contrast(values: Floats, contrast: float) -> Floats:
    """Values in 0..1 after an S-shaped curve through black, middle grey and white, or moved towards middle grey."""
    if contrast <= 0:
        return cast("Floats", 0.5 + (values - 0.5) * (1 + contrast)) if contrast else values
    power = STEEPEST**contrast
    above = values**power
    return cast("Floats", above / (above + (1 - values) ** power))


def adjust(
    picture: str | os.PathLike[str] | bytes | BinaryIO | NDArray[Any] | Picture,
    stack: Stack,
    layers: str,
    adjustment: Adjustment,
    *,
    invert: bool = False,
    device: str = "auto",
    progress: RowCallback | None = None,
) -> Pixels:
    """The picture with its own pixels adjusted where the masks of some layers of its stack are.

    The result is picture + m * (adjusted - picture), where m in 0..1 is the joint coverage of the masks, or 1 minus it
    where `invert`. Opacity and visibility of the layers do not matter; where m is 0, the pixels stay exactly as they
    are. `picture` is a Picture, or anything that `vecstack.pictures.read.load_picture` takes;
    `layers` is a selection as in `vecstack.editing.select`. Returns pixels [H,W,3], or [H,W,4] with the picture's
    straight alpha where it is not opaque: uint8, or uint16 for a picture of 16 bits or of floats. Raises PictureError:
    it cannot be read, or its aspect is not the canvas's; UsageError, DocumentError: no such layer, or one that this
    version cannot draw; DeviceError."""
    import numpy as np

    from vecstack.pictures.read import as_picture

    masks = _masks(stack, layers)
    loaded = as_picture(picture)
    check_aspect(stack, loaded.width, loaded.height)
    most = 2**loaded.depth - 1
    values = np.empty((loaded.height, loaded.width, 3 if loaded.alpha is None else 4), f"u{loaded.depth // 8}")
    if loaded.alpha is not None:
        values[..., 3] = loaded.alpha * most + 0.5
    viewport, top = Viewport(stack.canvas.rect, loaded.width, loaded.height), 0
    for strip in rows(
        masks, viewport, depth=16, transparent=True, device=device, strip_rows=BAND_PX, progress=progress
    ):
        mask = strip[..., 3].astype(np.float32) / np.float32(65535)
        band = _adjusted(loaded, top, np.float32(1) - mask if invert else mask, adjustment)
        values[top : top + len(strip), :, :3] = band * most + 0.5
        top += len(strip)
    return values


def _masks(stack: Stack, selection: str) -> Stack:
    """A stack of the selected layers only, visible and opaque. Raises UsageError, DocumentError."""
    chosen = [stack.layers[index] for index in select(stack, selection)]
    if not chosen:
        raise DocumentError("the stack has no layers whose masks could be used.")
    for layer in chosen:
        if not can_draw(layer):
            raise DocumentError(f"layer {layer.id} is of kind {layer.kind}, whose mask this version cannot draw.")
    return stack.with_layers(dataclasses.replace(layer, visible=True, opacity=1.0) for layer in chosen)


def _adjusted(picture: Picture, top: int, mask: Floats, adjustment: Adjustment) -> Floats:
    """Rows of a picture from `top` on, adjusted by a mask [H,W] in 0..1: [H,W,3]."""
    # A smaller mask changes no value by half a step.
    bottom, where = top + len(mask), mask >= 0.5 / (2**picture.depth - 1)
    pixels: Floats = picture.pixels[top:bottom].copy()
    if where.any():
        source = _blurred(picture, top, bottom, adjustment.blur) if adjustment.blur else pixels
        old = pixels[where]
        pixels[where] = old + mask[where][:, None] * (adjustment(source[where]) - old)
    return pixels


# Blur


def _blurred(picture: Picture, top: int, bottom: int, sigma: float) -> Floats:
    """Rows of a picture after a Gaussian blur: [H,W,3]. Pixels at the border are repeated outside, and transparent ones
    do not count."""
    import numpy as np

    kernel = _kernel(sigma)
    reach = len(kernel) // 2
    near = np.arange(top - reach, bottom + reach).clip(0, picture.height - 1)
    band = picture.pixels[near]
    if picture.alpha is not None:
        alpha = picture.alpha[near][..., None]
        band = np.concatenate([band * alpha, alpha], axis=2)
    down = _filtered(band.reshape(len(near), -1), kernel).reshape(bottom - top, picture.width, -1)
    columns = np.pad(down.transpose(1, 0, 2), ((reach, reach), (0, 0), (0, 0)), mode="edge")
    across = _filtered(columns.reshape(len(columns), -1), kernel).reshape(picture.width, bottom - top, -1)
    result: Floats = across.transpose(1, 0, 2)
    if picture.alpha is not None:
        result = result[..., :3] / result[..., 3:].clip(1e-6)  # keeps the division finite where nothing is visible
    return cast("Floats", result.clip(0, 1))


def _kernel(sigma: float) -> Floats:
    """The values of a Gaussian at integer distances, with sum 1: [K]."""
    import numpy as np

    distances = np.arange(-math.ceil(REACH * sigma), math.ceil(REACH * sigma) + 1)
    weights = np.exp(-0.5 * np.square(distances / max(sigma, 1e-3)))  # keeps the division finite for a blur of 0
    return cast("Floats", (weights / weights.sum()).astype(np.float32))


def _filtered(lines: Floats, kernel: Floats) -> Floats:
    """The weighted means of K neighbouring lines of [N,M], wherever there are K: [N + 1 - K,M]. Computed as matrix
    products, the fastest way for wide blurs."""
    import numpy as np

    count = len(lines) + 1 - len(kernel)
    weights = np.zeros((BLOCK, BLOCK + len(kernel) - 1), np.float32)
    for line in range(BLOCK):
        weights[line, line : line + len(kernel)] = kernel
    result = np.empty((count, lines.shape[1]), np.float32)
    for first in range(0, count, BLOCK):
        part = lines[first : first + BLOCK + len(kernel) - 1]
        size = min(BLOCK, count - first)
        np.matmul(weights[:size, : len(part)], part, out=result[first : first + size])
    return result
