"""Write pixels to picture files: the formats, what each can hold, and where the bytes go."""

from __future__ import annotations

import io
import shutil
import tempfile
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager, nullcontext
from dataclasses import dataclass, replace
from os import PathLike
from pathlib import Path
from typing import TYPE_CHECKING, Any, BinaryIO

from vecstack.atomic import atomic_writer
from vecstack.errors import ExportError, UsageError
from vecstack.pictures.layout import MAX_SIDE_PX, Layout

if TYPE_CHECKING:
    from vecstack.pictures.layout import Pixels, Strips

Destination = str | PathLike[str] | BinaryIO
EXPORTED = ("svg", "svgz", "html", "htm", "pdf", "ora", "gif")  # suffixes of files that vecstack.export makes


@dataclass(frozen=True)
class PictureFormat:
    """A picture format: its names, which are also the suffixes of its files; how it is written (`keep`: without loss,
    if that is another way); and what it can hold. `seeks`: the writer must be able to seek in the file."""

    names: tuple[str, ...]
    write: Callable[[BinaryIO, Strips, Layout], None]
    depths: tuple[int, ...] = (8, 16)
    transparent: bool = True
    max_side: int = MAX_SIDE_PX
    seeks: bool = False
    keep: Callable[[BinaryIO, Strips, Layout], None] | None = None


def pixels_to_file(
    pixels: Pixels,
    target: Destination,
    *,
    format: str | None = None,
    overwrite: bool = False,
    dpi: float | None = None,
    exif: bytes | None = None,
) -> None:
    """Write pixels [H,W,3], or [H,W,4] with straight alpha, to a picture file as `render_to_file` does, but WebP
    without loss. Pixels are uint8 or uint16; 8-bit formats round them. `dpi`, the pixels in an inch, is kept by PNG,
    TIFF and JPEG, and `exif` by all four. Raises ExportError, UsageError."""
    height, width, channels = pixels.shape
    layout = Layout(width, height, 8 * pixels.dtype.itemsize, channels == 4, dpi, exif)
    chosen = find_format(format, target)
    if chosen.keep is not None:
        chosen = replace(chosen, write=chosen.keep)
    if layout.depth not in chosen.depths:
        pixels, layout = _to_8_bits(pixels), replace(layout, depth=8)
    check_fits(chosen, layout)
    write_picture(chosen, target, iter([pixels]), layout, overwrite)


def _to_8_bits(pixels: Pixels) -> Pixels:
    """16-bit pixels rounded to 8 bits."""
    return ((pixels.astype("u4") * 255 + 32767) // 65535).astype("u1")


def write_picture(chosen: PictureFormat, target: Destination, strips: Strips, layout: Layout, overwrite: bool) -> None:
    """Write strips to a path, whole or not at all, or to a stream. Raises ExportError."""
    if isinstance(target, str | PathLike):
        with atomic_writer(Path(target), overwrite=overwrite) as file:
            chosen.write(file, strips, layout)
    else:
        _write_stream(chosen, target, strips, layout)


def find_format(name: str | None, target: Destination) -> PictureFormat:
    """The format of that name, or else of the path's suffix. Raises ExportError for an unknown one, UsageError for a
    stream without a name."""
    if name is None:
        if not isinstance(target, str | PathLike):
            raise UsageError(
                f"format is missing, and a stream has no suffix that tells it; use {_names(PICTURE_FORMATS)}.",
                parameter="format",
            )
        name = Path(target).suffix.removeprefix(".")
    for chosen in PICTURE_FORMATS:
        if name.lower() in chosen.names:
            return chosen
    if not name:
        raise ExportError(f"{target} has no suffix that tells its format; use {_names(PICTURE_FORMATS)}.")
    advice = f", or write {name.lower()} files with `vecstack export`" if name.lower() in EXPORTED else ""
    raise ExportError(f"{name!r:.40} is not a picture format; use {_names(PICTURE_FORMATS)}{advice}.")


def _names(formats: Iterable[PictureFormat]) -> str:
    """The names of two or more formats, for a message."""
    *first, last = [chosen.names[0] for chosen in formats]
    return f"{', '.join(first)} or {last}"


def check_fits(chosen: PictureFormat, layout: Layout) -> None:
    """Raise UsageError or ExportError where the format cannot hold a picture of that layout."""
    name = chosen.names[0]
    if layout.depth not in chosen.depths:
        others = _names(other for other in PICTURE_FORMATS if layout.depth in other.depths)
        raise UsageError(f"{name} cannot hold {layout.depth} bits per channel; use {others}.")
    if layout.transparent and not chosen.transparent:
        raise UsageError(
            f"{name} cannot hold transparency; use {_names(other for other in PICTURE_FORMATS if other.transparent)}."
        )
    if max(layout.width, layout.height) > chosen.max_side:
        raise ExportError(
            f"{name} holds at most {chosen.max_side:,} px a side, not {layout.width:,} x {layout.height:,}; "
            "use png, or a smaller size."
        )


def _write_stream(chosen: PictureFormat, stream: BinaryIO, strips: Strips, layout: Layout) -> None:
    """Write to a stream. Raises ExportError where writing fails."""
    try:
        with _seekable(stream) if chosen.seeks else nullcontext(stream) as file:
            chosen.write(file, strips, layout)
        stream.flush()
    except OSError as error:
        raise ExportError(f"cannot write the picture to the stream ({error}).") from error


@contextmanager
def _seekable(stream: BinaryIO) -> Iterator[BinaryIO]:
    """An empty file that can seek; its content is copied to the stream at the end."""
    with tempfile.TemporaryFile() as file:
        yield file
        file.seek(0)
        shutil.copyfileobj(file, stream)


def _write_png(file: BinaryIO, strips: Strips, layout: Layout) -> None:
    from vecstack.pictures.png import write_png

    write_png(file, strips, layout)


def _write_tiff(file: BinaryIO, strips: Strips, layout: Layout) -> None:
    from vecstack.pictures.tiff import write_tiff

    write_tiff(file, strips, layout)


def _write_jpeg(file: BinaryIO, strips: Strips, layout: Layout) -> None:
    _write_by_pillow(file, strips, layout, "JPEG", quality=95, subsampling="4:4:4")


def _write_webp(file: BinaryIO, strips: Strips, layout: Layout) -> None:
    _write_by_pillow(file, strips, layout, "WEBP", quality=90)


def _write_webp_as_is(file: BinaryIO, strips: Strips, layout: Layout) -> None:
    # `exact`: transparent pixels keep their colours, too.
    _write_by_pillow(file, strips, layout, "WEBP", lossless=True, exact=True)


def _write_by_pillow(file: BinaryIO, strips: Strips, layout: Layout, name: str, **options: Any) -> None:
    from PIL import Image

    from vecstack.pictures.layout import gather

    # Encoded in memory: Pillow writes to a real file past its buffer, and misses the error of a full disk.
    encoded = io.BytesIO()
    advice = "make it smaller, or write PNG or TIFF, which need little memory"
    if layout.exif is not None:
        options["exif"] = layout.exif
    if layout.dpi is not None:
        options["dpi"] = (round(layout.dpi), round(layout.dpi))  # WebP has no place for it
    Image.fromarray(gather(strips, layout, advice=advice)).save(encoded, name, **options)
    file.write(encoded.getbuffer())


PICTURE_FORMATS = (
    PictureFormat(("png",), _write_png),
    PictureFormat(("tiff", "tif"), _write_tiff, seeks=True),
    PictureFormat(("webp",), _write_webp, depths=(8,), max_side=16_383, keep=_write_webp_as_is),
    PictureFormat(
        ("jpeg", "jpg"), _write_jpeg, depths=(8,), transparent=False, max_side=65_500
    ),  # 65,500 is libjpeg's limit
)
