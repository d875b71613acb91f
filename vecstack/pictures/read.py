"""Read pictures: the only way a picture enters the program, so that each one is upright, in sRGB, of a bounded size,
and read completely or refused."""

from __future__ import annotations

import hashlib
import importlib
import io
import os
import stat
import sys
import threading
import warnings
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, BinaryIO, cast

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageCms

from vecstack.color import Color
from vecstack.errors import PictureError, ShapeError, VecstackError

Floats = NDArray[np.float32]
MAX_PIXELS = 200_000_000  # more than any camera has (about 150 million); 2.4 GB as float32 RGB
MAX_BYTES = 2**31  # of a file or stream: MAX_PIXELS with four channels of 16 bits, uncompressed, are 1.6 GB
CHUNK_BYTES = 2**20  # read at a time: bounds what is allocated before the limit is checked
# Formats that can be read, and the module of Pillow that reads each. Left out are formats that run a program (EPS),
# whose pictures differ in size from what the header says (ICO), or that have no signature (TGA).
PLUGINS = {
    "PNG": "PngImagePlugin",
    "JPEG": "JpegImagePlugin",
    "WEBP": "WebPImagePlugin",
    "TIFF": "TiffImagePlugin",
    "GIF": "GifImagePlugin",
    "BMP": "BmpImagePlugin",
    "AVIF": "AvifImagePlugin",
    "JPEG2000": "Jpeg2KImagePlugin",
    "PPM": "PpmImagePlugin",
}
SIGNATURE_BYTES = 16  # at the start of a file: enough to tell its format
# How layer files start, and what distinguishes them from other zips and other JSON within their first MARK_BYTES.
LAYER_FILES = ((b"PK", b"application/vnd.vecstack.layers"), (b"{", b'"vecstack-layers"'))
MARK_BYTES = 1024
JPEG2000_END = b"\xff\xd9"  # marker that ends a codestream and cannot occur inside one
WHOLE_NUMBERS = ("I", "I;16", "I;16B", "I;16L", "I;16N")  # Pillow's modes of grey with more than 8 bits
# The mode to which each mode of 8 bits is converted: grey, colour or ink, with straight alpha or none.
READ_AS = {
    "L": "L",
    "LA": "LA",
    "La": "LA",
    "P": "RGBA",  # a palette may hold transparency
    "PA": "RGBA",
    "RGB": "RGB",
    "RGBA": "RGBA",
    "RGBa": "RGBA",
    "RGBX": "RGB",
    "YCbCr": "RGB",
    "LAB": "RGB",
    "HSV": "RGB",
    "CMYK": "CMYK",
}
DEEP_GREY_ALPHA = "LA;16B"  # Pillow's name for 16 bits of grey and 16 of alpha: four bytes, like 8-bit RGBA
# From the byte order of 16-bit values to the opposite one. Pillow keeps the high byte of each value; read in the
# opposite order, that is the low byte.
LOW_BYTES = {"16B": "16L", "16L": "16B", "16N": "16B" if sys.byteorder == "little" else "16L"}
EXIF_ORIENTATION = 0x0112
TIFF_BITS, TIFF_PHOTOMETRIC, TIFF_WHITE_IS_ZERO = 258, 262, 0
# From stored to upright rows and columns, by the EXIF orientation.
UPRIGHT: dict[int, Callable[[Floats], Floats]] = {
    1: lambda stored: stored,
    2: lambda stored: stored[:, ::-1],
    3: lambda stored: stored[::-1, ::-1],
    4: lambda stored: stored[::-1],
    5: lambda stored: stored.swapaxes(0, 1),
    6: lambda stored: np.rot90(stored, -1),
    7: lambda stored: stored[::-1, ::-1].swapaxes(0, 1),
    8: lambda stored: np.rot90(stored),
}
FLOAT_SLACK = 1e-3  # a quarter of an 8-bit step: how far rounding may push a value out of 0..1


@dataclass(frozen=True, eq=False)
class Picture:
    """An upright picture in sRGB.

    `pixels` [H,W,3], float32 in 0..1, are straight (not premultiplied); `alpha` [H,W], float32 in 0..1, is None where
    the picture is opaque everywhere. `sha256` identifies what was loaded: it is the hash of a file's bytes, or of the
    pixels of a picture from memory. `depth` is the number of bits per channel: 8, or 16 (also for floats)."""

    pixels: Floats
    alpha: Floats | None
    sha256: str
    depth: int = 8

    @property
    def width(self) -> int:
        """Columns of the picture, in pixels."""
        return int(self.pixels.shape[1])

    @property
    def height(self) -> int:
        """Rows of the picture, in pixels."""
        return int(self.pixels.shape[0])

    def over(self, background: Color) -> Floats:
        """The picture over a background of one colour (sRGB, 0..1), composited in gamma-encoded values as layers are:
        [H,W,3], float32 in 0..1. For an opaque picture these are its own pixels, not a copy."""
        if self.alpha is None:
            return self.pixels
        below = np.asarray(background, np.float32)
        return below + (self.pixels - below) * self.alpha[..., None]


def load_picture(
    source: str | os.PathLike[str] | bytes | BinaryIO | Image.Image | NDArray[Any], *, max_pixels: int = MAX_PIXELS
) -> Picture:
    """The picture in a file (a path, its bytes, or a binary stream, which is read to its end), a Pillow image or an
    array.

    Files may be PNG, JPEG, WebP, TIFF, GIF, BMP, AVIF (if Pillow supports it), JPEG 2000 and PPM/PGM/PBM/PFM. Of an
    animation the first frame is read, of a Pillow image its current frame. The EXIF orientation is applied. Colours are
    converted to sRGB through the embedded ICC profile; a profile that is damaged or of another colour space than the
    picture is ignored. Grey in PNG (also with alpha), TIFF and PGM keeps 16 bits, and so does colour in PNG and TIFF
    that is in sRGB already; everything else is reduced to 8 bits. Integers of more than 8 bits stand for 0..65535.
    Floats (PFM, TIFF, mode F) stand for 0..1 if no value is above 1, else for 0..255.

    Arrays are [H,W], [H,W,1], [H,W,3] or [H,W,4] (straight alpha) in sRGB, of uint8, uint16 or floats in 0..1.

    Raises PictureError: missing, not a regular file, not a picture, damaged, truncated, more than `max_pixels` (found
    before anything is decoded), or values out of range, NaN and infinity included; ShapeError: an array of another
    shape."""
    with _boundary(_name(source)):
        if isinstance(source, np.ndarray):
            return _hashed(*_split(_array_values(source, max_pixels)), 8 if source.dtype == np.uint8 else 16)
        if isinstance(source, Image.Image):
            return _hashed(*_decode(_trusted(source), max_pixels))
        data = _read(source)
        pixels, alpha, depth = _decode(_open(data), max_pixels, _low_bytes(data))
        return Picture(pixels, alpha, hashlib.sha256(data).hexdigest(), depth)


def as_picture(
    source: str | os.PathLike[str] | bytes | BinaryIO | Image.Image | NDArray[Any] | Picture,
) -> Picture:
    """A picture that is loaded already, as it is; any other source loaded (see load_picture, also for what is
    raised)."""
    return source if isinstance(source, Picture) else load_picture(source)


@contextmanager
def _boundary(name: str) -> Iterator[None]:
    """Turns every exception into one of this library, with a message of one line that begins with `name`. Pillow's
    plugins raise all kinds of exceptions for damaged files, so no list of classes would be complete."""
    try:
        yield
    except VecstackError as error:
        raise type(error)(f"{name}: {error}") from error
    except MemoryError as error:
        raise PictureError(f"{name}: too large for the memory of this machine; scale it down first.") from error
    except Image.DecompressionBombError as error:  # of frames and tiles larger than the picture
        raise PictureError(f"{name}: more pixels than the limit; scale it down first.") from error
    except Exception as error:
        if isinstance(error, OSError) and error.strerror:
            raise PictureError(f"{name}: cannot be read ({error.strerror}); check the path.") from error
        reason = " ".join(str(error).split())[:200] or type(error).__name__
        raise PictureError(f"{name}: damaged, cut short or of an unknown variant ({reason}); save it again.") from error


def _name(source: object) -> str:
    """The name of the source in messages: its path, "standard input" or "picture", without line breaks."""
    if isinstance(source, str | os.PathLike):
        name: object = os.fsdecode(source)
    else:
        name = getattr(source, "filename", None) or getattr(source, "name", None)
    if not isinstance(name, str) or not name:
        return "picture"
    if name == "<stdin>":
        return "standard input"
    return name if name.isprintable() else ascii(name)


# --- bytes -----------------------------------------------------------------------------------------------------------


def _read(source: object) -> bytes:
    """The bytes of a path or a binary stream, or the bytes given. Raises PictureError, OSError."""
    if isinstance(source, bytes):
        data = source
    elif isinstance(source, str | os.PathLike):
        data = _read_file(Path(os.fsdecode(source)))
    elif hasattr(source, "read"):
        data = _read_stream(source)
    else:
        raise PictureError(
            f"cannot read a picture from a {type(source).__name__}; pass a path, bytes, a binary stream or an array."
        )
    if not data:
        raise PictureError("empty; save it again.")
    return data


def _read_file(path: Path) -> bytes:
    """The bytes of a regular file; anything else could block or never end. Raises PictureError, OSError."""
    status = path.stat()
    if stat.S_ISDIR(status.st_mode):
        raise PictureError("a folder, not a picture; name a file in it.")
    if not stat.S_ISREG(status.st_mode):
        raise PictureError("not a regular file; read a pipe as standard input.")
    if status.st_size > MAX_BYTES:
        raise PictureError(f"{status.st_size:,} bytes, at most {MAX_BYTES:,}; scale it down first.")
    with path.open("rb") as file:
        return _read_stream(file)


def _read_stream(stream: Any) -> bytes:
    """All bytes of a binary stream. Raises PictureError: a text stream, more than MAX_BYTES."""
    chunks, count = [], 0
    while chunk := stream.read(CHUNK_BYTES):
        if not isinstance(chunk, bytes):
            raise PictureError(f"the stream returns {type(chunk).__name__}, not bytes; open it in binary mode.")
        chunks.append(chunk)
        count += len(chunk)
        if count > MAX_BYTES:
            raise PictureError(f"more than {MAX_BYTES:,} bytes; scale it down first.")
    return b"".join(chunks)


# --- from bytes to a Pillow image ------------------------------------------------------------------------------------


_filters = threading.Lock()


@contextmanager
def _quiet() -> Iterator[None]:
    """Silences Pillow's warnings about headers and metadata; those that matter are errors here. The lock is needed
    because warning filters are shared by all threads; pixels are decoded outside it."""
    with _filters, warnings.catch_warnings():
        warnings.simplefilter("ignore")
        yield


def _open(data: bytes) -> Image.Image:
    """A picture file as a Pillow image whose pixels are not decoded yet. Pillow's own `open` is not used: its pixel
    limit is global to the process and partly only a warning. Raises PictureError, and whatever the plugins raise."""
    for name, module in PLUGINS.items():
        try:
            importlib.import_module(f"PIL.{module}")
        except ImportError:  # a Pillow older than the format
            continue
        factory, accepts = Image.OPEN[name]
        verdict = accepts(data[:SIGNATURE_BYTES]) if accepts else False
        if isinstance(verdict, str):
            raise PictureError(f"a {name} file, which this build of Pillow cannot read; save it as PNG.")
        if verdict:
            if name == "JPEG2000" and JPEG2000_END not in data:
                raise PictureError("cut short; save it again.")  # the decoder would fill the rest with grey
            with _quiet():
                return factory(io.BytesIO(data), "")
    if any(data.lstrip().startswith(start) and mark in data[:MARK_BYTES] for start, mark in LAYER_FILES):
        raise PictureError("a layer file, not a picture; draw it with `vecstack render`.")
    if b"<svg" in data[:MARK_BYTES]:
        raise PictureError("a drawing, not a picture of pixels; turn it into layers with `vecstack import`.")
    raise PictureError(f"not a picture in a format that is read ({', '.join(PLUGINS)}); save it as PNG.")


def _low_bytes(data: bytes) -> Image.Image | None:
    """A second image of a PNG or TIFF with 16 bits per channel, set up to read the low bytes: Pillow has no mode for
    more than 8 bits and reads the high bytes only. For a PNG of grey with alpha it reads both bytes. None for any other
    picture."""
    image: Any = _open(data)  # Any: only some images have tiles
    if image.format not in ("PNG", "TIFF") or image.mode not in ("RGB", "RGBA"):
        return None
    tiles = []
    for tile in image.tile:
        parameters = tile.args if isinstance(tile.args, tuple) else (tile.args,)
        mode, _, order = str(parameters[0]).partition(";")
        if image.format == "PNG" and parameters[0] == DEEP_GREY_ALPHA:
            name = "RGBA"
        elif mode == image.mode and order in LOW_BYTES:
            name = f"{mode};{LOW_BYTES[order]}"
        else:
            return None
        parameters = (name, *parameters[1:])
        tiles.append(tile._replace(args=parameters if isinstance(tile.args, tuple) else parameters[0]))
    image.tile = tiles
    return cast(Image.Image, image)


def _trusted(image: Image.Image) -> Image.Image:
    """The caller's image. Raises PictureError where decoding its pixels would run a decoder that is not allowed."""
    if getattr(image, "tile", None) and image.format not in (*PLUGINS, "MPO"):
        raise PictureError(f"an unread {image.format} picture; call its load() first if you trust it.")
    return image


# --- from a Pillow image to arrays -----------------------------------------------------------------------------------


def _decode(image: Image.Image, max_pixels: int, low: Image.Image | None = None) -> tuple[Floats, Floats | None, int]:
    """Pixels [H,W,3], alpha [H,W] or None, and the depth of a Pillow image: upright, sRGB, straight, 0..1. `low` is the
    image of `_low_bytes`. Raises PictureError, and whatever the plugins raise."""
    _check_size(image.width, image.height, max_pixels)
    is_deep_grey = low is not None and DEEP_GREY_ALPHA in map(_raw_mode, getattr(image, "tile", ()))
    image.load()
    orientation = _orientation(image)  # after the pixels, as a PNG may store it behind them
    profile, depth = image.info.get("icc_profile"), 8
    if image.mode in ("1", "F", *WHOLE_NUMBERS):
        grey, alpha = _deep_grey(image)
        pixels, depth = _grey_to_srgb(grey, profile), 8 if image.mode == "1" else 16
    elif low is not None and is_deep_grey:
        grey, alpha = _deep_grey_alpha(low)
        pixels, depth = _grey_to_srgb(grey, profile), 16
    elif low is not None and _is_srgb(profile):
        (pixels, alpha), depth = _deep_color(image, low), 16
    else:
        pixels, alpha = _shallow(image, profile)
    turn = UPRIGHT[orientation]
    upright_alpha = None if alpha is None or alpha.min() == 1 else np.ascontiguousarray(turn(alpha))
    return np.ascontiguousarray(turn(pixels)), upright_alpha, depth


def _check_size(width: int, height: int, max_pixels: int) -> None:
    """Raise PictureError for a picture without pixels, or with more than `max_pixels`."""
    if width < 1 or height < 1:
        raise PictureError(f"its header says {width} x {height} pixels; save it again.")
    if width * height > max_pixels:
        raise PictureError(
            f"{width * height / 1e6:,.1f} megapixels ({width:,} x {height:,} px), at most {max_pixels / 1e6:,.1f} "
            "(`max_pixels`); scale it down first."
        )


def _orientation(image: Image.Image) -> int:
    """The EXIF orientation; 1 (upright) where it is missing or cannot be read."""
    try:
        with _quiet():
            value = image.getexif().get(EXIF_ORIENTATION)
    except Exception:  # damaged metadata must not cost the picture, and plugins raise anything for it
        return 1
    return value if isinstance(value, int) and value in UPRIGHT else 1


def _deep_grey(image: Image.Image) -> tuple[Floats, Floats | None]:
    """Values and alpha, [H,W] in 0..1, of a picture of 1 bit, of integers or of floats. Raises PictureError for values
    out of range."""
    stored = np.asarray(image)
    if image.mode == "1":
        stored = stored * np.uint8(255)
        return _unit(stored), _keyed_alpha(stored, image)
    alpha = _keyed_alpha(stored, image)
    if image.mode == "F":
        _check_floats(stored, 0, 255)
        return _unit(stored, 1 if stored.max() <= 1 else 255), alpha
    least, most = stored.min(), stored.max()
    if least < 0 or most > 65535:
        raise PictureError(f"values {least:,} to {most:,} are out of range 0..65535; rescale them.")
    tags = getattr(image, "tag_v2", {})
    grey = _unit(stored, 4095 if tags.get(TIFF_BITS) == (12,) else 65535)
    white_is_zero = tags.get(TIFF_PHOTOMETRIC) == TIFF_WHITE_IS_ZERO  # Pillow applies it up to 8 bits only
    return (1 - grey if white_is_zero else grey), alpha


def _deep_color(image: Image.Image, low: Image.Image) -> tuple[Floats, Floats | None]:
    """Pixels [H,W,3] and alpha [H,W] or None of a picture of 16 bits in sRGB."""
    low.load()
    stored = np.asarray(image).astype(np.uint16) << 8 | np.asarray(low)
    if stored.shape[2] == 4:
        return _unit(stored[..., :3], 65535), _unit(stored[..., 3], 65535)
    return _unit(stored, 65535), _keyed_alpha(stored, image)


def _raw_mode(tile: Any) -> object:
    """Pillow's name for the layout of a tile's bytes."""
    return tile.args[0] if isinstance(tile.args, tuple) else tile.args


def _deep_grey_alpha(packed: Image.Image) -> tuple[Floats, Floats]:
    """Values and alpha [H,W] of a 16-bit picture of grey with alpha, whose bytes were read as four channels, high byte
    first."""
    packed.load()
    stored = np.asarray(packed).astype(np.uint16)
    return _unit(stored[..., 0] << 8 | stored[..., 1], 65535), _unit(stored[..., 2] << 8 | stored[..., 3], 65535)


def _shallow(image: Image.Image, profile: bytes | None) -> tuple[Floats, Floats | None]:
    """Pixels [H,W,3] in sRGB and alpha [H,W] or None of an 8-bit picture. Raises PictureError for an unknown mode."""
    if image.mode not in READ_AS:
        raise PictureError(f"pixels of mode {image.mode} cannot be read; save it as PNG.")
    mode = READ_AS[image.mode]
    straight = image if image.mode == mode else image.convert(mode)
    if mode == "CMYK":
        return _color_to_srgb(straight, profile), None
    bands = np.asarray(straight)
    if mode in ("LA", "RGBA"):
        alpha: Floats | None = _unit(bands[..., -1])
    else:
        alpha = _keyed_alpha(bands, straight)
    if mode in ("L", "LA"):
        return _grey_to_srgb(_unit(bands if mode == "L" else bands[..., 0]), profile), alpha
    return _color_to_srgb(straight if mode == "RGB" else straight.convert("RGB"), profile), alpha


def _keyed_alpha(stored: NDArray[Any], image: Image.Image) -> Floats | None:
    """Alpha [H,W] of a picture in which one grey value or one colour means transparent; None for any other."""
    key = image.info.get("transparency")
    if stored.ndim == 2 and isinstance(key, int):
        opaque: NDArray[np.bool_] = stored != key
    elif stored.ndim == 3 and isinstance(key, tuple) and len(key) == 3:
        if max(key) > 255 and stored.dtype == np.uint8:
            key = tuple(value >> 8 for value in key)  # of a 16-bit PNG, whose colours Pillow reduced to 8 bits
        opaque = (stored != np.asarray(key)).any(axis=-1)
    else:
        return None
    return opaque.astype(np.float32)


def _check_floats(values: NDArray[Any], least: float, most: float) -> None:
    """Raise PictureError unless every value is finite and in least..most."""
    low, high = values.min(), values.max()
    if not (np.isfinite(low) and np.isfinite(high)):
        raise PictureError("some values are NaN or infinite; replace them first.")
    if low < least or high > most:
        raise PictureError(f"float values {low:g} to {high:g} are out of range; rescale or clip them to 0..1.")


def _unit(stored: NDArray[Any], most: int = 255) -> Floats:
    """Values 0..most as float32 in 0..1."""
    values: Floats = stored.astype(np.float32)
    values /= most
    return values


# --- colour ----------------------------------------------------------------------------------------------------------


def _color_to_srgb(image: Image.Image, profile: bytes | None) -> Floats:
    """An RGB or CMYK image as sRGB pixels [H,W,3] in 0..1."""
    transform = _transform(profile, image.mode)
    if transform is not None:
        image = transform.apply(image)
    return _unit(np.asarray(image if image.mode == "RGB" else image.convert("RGB")))


def _grey_to_srgb(grey: Floats, profile: bytes | None) -> Floats:
    """Grey values [H,W] in 0..1 as sRGB pixels [H,W,3]. A profile acts as a curve, so that 16 bits stay."""
    ramp = Image.fromarray(np.arange(256, dtype=np.uint8)[None])
    for step in (ramp, ramp.convert("RGB")):  # grey pictures with the profile of an RGB space are common
        # not optimized: Little CMS would draw the curve through 33 points, up to 7 of 255 off
        transform = _transform(profile, step.mode, ImageCms.Flags.NOOPTIMIZE)
        if transform is not None:
            curve = _unit(np.asarray(transform.apply(step))[0])
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


# --- arrays ----------------------------------------------------------------------------------------------------------


def _array_values(array: NDArray[Any], max_pixels: int) -> Floats:
    """An array of any allowed type as [H,W,C] float32 in 0..1, C of 1, 3 or 4. Raises ShapeError, PictureError."""
    if array.ndim not in (2, 3) or (array.ndim == 3 and array.shape[2] not in (1, 3, 4)) or 0 in array.shape:
        raise ShapeError(f"an array must be [H,W], [H,W,1], [H,W,3] or [H,W,4], not {list(array.shape)}.")
    _check_size(array.shape[1], array.shape[0], max_pixels)
    kind = array.dtype.kind + str(array.dtype.itemsize)
    if kind in ("u1", "u2"):
        values = _unit(array, 255 if kind == "u1" else 65535)
    elif array.dtype.kind == "f":
        _check_floats(array, -FLOAT_SLACK, 1 + FLOAT_SLACK)
        values = _unit(array, 1).clip(0, 1)
    else:
        raise PictureError(f"an array must be of uint8, uint16 or floats in 0..1, not {array.dtype}.")
    return values.reshape(*array.shape[:2], -1)


def _split(values: Floats) -> tuple[Floats, Floats | None]:
    """Pixels [H,W,3] and alpha [H,W] (None where all pixels are opaque) of values [H,W,C], C of 1, 3 or 4."""
    if values.shape[2] == 1:
        return np.repeat(values, 3, axis=2), None
    alpha = np.ascontiguousarray(values[..., 3]) if values.shape[2] == 4 else None
    return np.ascontiguousarray(values[..., :3]), None if alpha is None or alpha.min() == 1 else alpha


def _hashed(pixels: Floats, alpha: Floats | None, depth: int) -> Picture:
    """A picture from memory, identified by its pixels: the sha256 of "WIDTHxHEIGHT", the pixels and the alpha, row by
    row as little-endian float32. Equal pixels give the same hash, whatever their type was."""
    digest = hashlib.sha256(f"{pixels.shape[1]}x{pixels.shape[0]}".encode())
    for part in (pixels, alpha):
        if part is not None:
            digest.update(np.ascontiguousarray(part, "<f4").data)
    return Picture(pixels, alpha, digest.hexdigest(), depth)
