"""Stored values as sRGB: through an ICC profile, or from what a display of another gamma shows."""

from __future__ import annotations

import io
from typing import Any

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageCms

from vecstack.pictures.decoding.raster import Floats, Raster, unit

BAND_ROWS = 256  # of 16 bits, transformed together: bounds the memory needed in addition


def to_srgb(raster: Raster) -> tuple[Floats, int]:
    """The colours of a picture as sRGB pixels [H,W,3] in 0..1, as they are stored (not upright), and their depth."""
    values, profile = raster.values, raster.profile
    if values.ndim == 2:
        return _grey_to_srgb(_shown(values, raster.gamma), profile), raster.depth
    if values.shape[2] == 4:
        return _through(Image.fromarray(values, "CMYK"), profile), raster.depth
    if values.dtype == np.uint8 and raster.gamma is None:
        return _through(Image.fromarray(values), profile), raster.depth
    colors = _shown(values, raster.gamma)
    if _is_srgb(profile):
        return colors, raster.depth
    assert profile is not None  # or it would be sRGB
    return _deep_through(colors, profile), raster.depth


def _deep_through(colors: Floats, profile: bytes) -> Floats:
    """Colours [H,W,3] in 0..1 of a profile as sRGB, in 16 bits: Pillow has 8. Not optimized: Little CMS would draw 16
    bits through a grid of colours, up to a twelfth of their range off."""
    import imagecodecs

    shown = np.empty_like(colors)
    intent, flags = imagecodecs.CMS.INTENT.RELATIVE_COLORIMETRIC, imagecodecs.CMS.FLAGS
    srgb = ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB")).tobytes()
    for top in range(0, len(colors), BAND_ROWS):
        band = np.rint(colors[top : top + BAND_ROWS] * 65535).astype(np.uint16)
        changed = imagecodecs.cms_transform(
            band,
            profile,
            srgb,
            colorspace="rgb",
            outcolorspace="rgb",
            outdtype=np.uint16,
            intent=intent,
            flags=flags.NOOPTIMIZE | flags.BLACKPOINTCOMPENSATION,
        )
        shown[top : top + BAND_ROWS] = unit(changed, 65535)
    return shown


def _shown(values: NDArray[Any], gamma: float | None) -> Floats:
    """Values (uint8, or floats in 0..1) as a display of that gamma shows them, in sRGB values."""
    colors = unit(values) if values.dtype == np.uint8 else values
    if gamma is None:
        return colors
    light = np.power(colors, np.float32(gamma))
    shown: Floats = np.where(
        light <= 0.0031308, np.float32(12.92) * light, np.float32(1.055) * light ** np.float32(1 / 2.4) - 0.055
    ).astype(np.float32)
    return shown


def _through(image: Image.Image, profile: bytes | None) -> Floats:
    """An RGB or CMYK image as sRGB pixels [H,W,3] in 0..1."""
    transform = _transform(profile, image.mode)
    if transform is not None:
        image = transform.apply(image)
    return unit(np.asarray(image if image.mode == "RGB" else image.convert("RGB")))


def _grey_to_srgb(grey: Floats, profile: bytes | None) -> Floats:
    """Grey values [H,W] in 0..1 as sRGB pixels [H,W,3]. A profile acts as a curve, so that 16 bits stay."""
    ramp = Image.fromarray(np.arange(256, dtype=np.uint8)[None])
    for step in (ramp, ramp.convert("RGB")):  # grey pictures with the profile of an RGB space are common
        # not optimized: Little CMS would draw the curve through 33 points, up to 7 of 255 off
        transform = _transform(profile, step.mode, ImageCms.Flags.NOOPTIMIZE)
        if transform is not None:
            curve = unit(np.asarray(transform.apply(step))[0])
            at = grey * np.float32(255)
            return np.stack([np.interp(at, np.arange(256), band) for band in curve.T], axis=-1).astype(np.float32)
    return np.repeat(grey[..., None], 3, axis=-1)


def _is_srgb(profile: bytes | None) -> bool:
    """Whether an ICC profile changes no RGB colour by more than rounding; also where there is none of RGB."""
    transform = _transform(profile, "RGB")
    if transform is None:
        return True
    levels = np.arange(0, 256, 15, dtype=np.uint8)
    colors = np.stack(np.meshgrid(levels, levels, levels), axis=-1).reshape(1, -1, 3)
    changed = np.asarray(transform.apply(Image.fromarray(colors)))
    return int(np.abs(changed.astype(np.int16) - colors).max()) <= 1


def _transform(
    profile: bytes | None, mode: str, flags: ImageCms.Flags = ImageCms.Flags.NONE
) -> ImageCms.ImageCmsTransform | None:
    """The transform from an ICC profile to sRGB for images of a mode; None where the profile is missing, damaged or of
    another colour space."""
    if not profile:
        return None
    try:
        return ImageCms.buildTransform(
            ImageCms.ImageCmsProfile(io.BytesIO(profile)),
            ImageCms.createProfile("sRGB"),
            mode,
            "RGB",
            renderingIntent=ImageCms.Intent.RELATIVE_COLORIMETRIC,
            flags=ImageCms.Flags.BLACKPOINTCOMPENSATION | flags,
        )
    except (OSError, ImageCms.PyCMSError):
        return None


def lab_to_srgb(lab: NDArray[np.uint8]) -> NDArray[np.uint8]:
    """Colours [H,W,3] of CIE L*a*b* (L* of 0..100 as 0..255, a* and b* as bytes with a sign) as sRGB of 8 bits."""
    image = Image.frombytes("LAB", (lab.shape[1], lab.shape[0]), np.ascontiguousarray(lab).tobytes())
    return np.asarray(image.convert("RGB"))
