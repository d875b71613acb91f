"""The formats that layer files can be exported to: their names, suffixes and options."""

from __future__ import annotations

import dataclasses
import os
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from vecstack.atomic import atomic_writer, write_folder
from vecstack.errors import ExportError, PictureError, UsageError, named

if TYPE_CHECKING:
    from vecstack.exporting.animation import Pace
    from vecstack.pictures.layout import Pixels
    from vecstack.stack import Stack

PICTURES = (".png", ".jpg", ".jpeg", ".tif", ".tiff")  # suffixes of files that `vecstack render` makes
# Suffixes of other programs' files that are not written, and what to use instead.
_ORA = "ora, which Krita, GIMP and other paint programs open"
INSTEAD = {".psd": _ORA, ".xcf": _ORA, ".kra": _ORA, ".eps": "pdf or svg", ".ps": "pdf", ".ai": "pdf or svg"}
Files = Iterator[tuple[str, bytes]]  # names and contents of the files of a folder


@dataclass(frozen=True)
class Options:
    """The options of an export; None for each that is not given."""

    tolerance: float | None = None
    max_bytes: int | None = None
    max_paths: int | None = None
    precision: int | None = None
    size: int | None = None
    hard: bool | None = None
    duration: int | None = None
    seconds: float | None = None
    frames: int | None = None
    source: str | None = None
    width_mm: float | None = None
    dpi: float | None = None
    opaque: bool | None = None
    cutout: bool | None = None
    by_color: bool | None = None
    min_area: str | None = None
    bleed: str | None = None
    polylines: float | None = None
    center_lines: bool | None = None
    minify: bool | None = None
    plain: bool | None = None

    def given(self) -> dict[str, object]:
        """The options that are given, by name."""
        return {name: value for name, value in dataclasses.asdict(self).items() if value is not None}


@dataclass(frozen=True)
class Order:
    """One export to be made: the stack, the name of the output, the title inside the file ("" for none), the options
    and the device."""

    stack: Stack
    target: str
    title: str
    options: Options
    device: str

    @property
    def width_mm(self) -> float | None:
        """The width in millimetres that is asked for, if any. Raises UsageError."""
        from vecstack.exporting.physical import width_in_mm

        return width_in_mm(self.stack.canvas, self.options.width_mm, self.options.dpi)

    def printed(self) -> Order:
        """The same at the size of the picture that the stack was made of, where that told one and no other is asked
        for."""
        from vecstack.exporting.physical import source_dpi

        if self.options.width_mm is not None or self.options.dpi is not None:
            return self
        return dataclasses.replace(self, options=dataclasses.replace(self.options, dpi=source_dpi(self.stack)))

    def prepared(self) -> Stack:
        """The stack as the options of makers of things ask for it; raises as cutting.prepare.prepared."""
        from vecstack.exporting.cutting.prepare import prepared

        asked = self.options
        return prepared(
            self.stack,
            opaque=bool(asked.opaque),
            cutout=bool(asked.cutout),
            by_color=bool(asked.by_color),
            min_area=asked.min_area,
            bleed=asked.bleed,
            width_mm=self.width_mm,
            device=self.device,
        )


@dataclass(frozen=True)
class ExportFormat:
    """A format. `suffixes` are those of its files, the usual one first; there are none where it is a folder, whose name
    ends with `ending` where nobody names it. `options` are the names of the options that apply to it. `make`
    returns the bytes of the file, or the files of the folder. `draws` is false where layers that cannot be drawn are
    kept all the same."""

    name: str
    suffixes: tuple[str, ...]
    options: tuple[str, ...]
    make: Callable[[Order], bytes | Files]
    draws: bool = True
    ending: str = ""

    @property
    def output_suffix(self) -> str:
        """What replaces the suffix of an input's name to give the name of its output."""
        return self.suffixes[0] if self.suffixes else self.ending

    @property
    def is_folder(self) -> bool:
        """Whether an export is a folder of several files."""
        return not self.suffixes

    def check_options(self, options: Options) -> None:
        """Raise UsageError for an option that does not apply to the format."""
        for name in options.given():
            if name not in self.options:
                having = ", ".join(other.name for other in FORMATS if name in other.options)
                raise UsageError(f"{name} does not apply to {self.name}, only to {having}.", parameter=name)

    def check_stream(self) -> None:
        """Raise UsageError for a format that cannot be written to a stream."""
        if self.is_folder:
            raise UsageError(
                f"{self.name} makes a folder, which cannot go to standard output; choose an output folder."
            )

    def check_target(self, target: str, *, is_asked: bool) -> None:
        """Raise ExportError where the name of an output does not suit the format. `is_asked`: the user chose the
        format, and it is not merely the default."""
        if self.is_folder:
            if target.lower().endswith(tuple(name for other in FORMATS for name in other.suffixes)):
                raise ExportError(f"{target} is the name of a file, but {self.name} makes a folder; rename it.")
        elif not target.lower().endswith(self.suffixes):
            raise ExportError(f"{target}: {self._why_not(Path(target).suffix.lower(), is_asked=is_asked)}")

    def _why_not(self, suffix: str, *, is_asked: bool) -> str:
        """Why a file of that suffix is refused, and what to do."""
        if suffix in INSTEAD:
            return f"{suffix[1:].upper()} files are not written; use {INSTEAD[suffix]}."
        if suffix in PICTURES:
            return f"{suffix} is the suffix of a picture; draw pictures with `vecstack render`."
        if is_asked:
            return f"the suffix of {self.name} files is {' or '.join(self.suffixes)}; rename it."
        known = ", ".join(dict.fromkeys(suffix for other in FORMATS for suffix in other.suffixes))
        return f"{f'unknown suffix {suffix}' if suffix else 'there is no suffix'}; use one of {known}."


def _svg(order: Order) -> bytes:
    return _svg_bytes(order, flat=False)


def _flat_svg(order: Order) -> bytes:
    return _svg_bytes(order, flat=True)


def _svg_bytes(order: Order, *, flat: bool) -> bytes:
    from vecstack.exporting.svg.options import SvgOptions
    from vecstack.exporting.svg.write import svg_text

    asked, is_compressed = order.options, order.target.lower().endswith(".svgz")
    options = SvgOptions(
        asked.tolerance,
        asked.max_bytes,
        asked.max_paths,
        asked.size,
        flat=flat,
        hard=bool(asked.hard),
        is_compressed=is_compressed,
        precision=asked.precision,
        width_mm=order.width_mm,
        minify=bool(asked.minify),
        plain=bool(asked.plain),
    )
    return options.encode(svg_text(order.prepared(), options, device=order.device))


def _html(order: Order) -> bytes:
    from vecstack.exporting.html.page import to_html

    source = read_source(order.options.source, order.stack)
    return to_html(order.stack, source=source, title=order.title, device=order.device).encode()


def read_source(path: str | None, stack: Stack) -> Pixels | None:
    """A picture file as pixels [H,W,3], uint8, over the background of the stack; None for None. Raises PictureError: it
    cannot be read, or its aspect is not the canvas's."""
    if path is None:
        return None
    import numpy as np

    from vecstack.pictures.read import load_picture
    from vecstack.stack import check_aspect

    try:
        picture = load_picture(path)
        check_aspect(stack, picture.width, picture.height)
    except PictureError as error:
        raise named(error, path) from error
    return (picture.over(stack.canvas.background) * 255 + 0.5).astype(np.uint8)


def _pdf(order: Order) -> bytes:
    from vecstack.exporting.pdf import to_pdf

    order = order.printed()
    stack, size = order.prepared(), order.options.size
    return to_pdf(stack, size=size, width_mm=order.width_mm, title=order.title, device=order.device)


def _dxf(order: Order) -> bytes:
    from vecstack.exporting.dxf import to_dxf

    order = order.printed()
    asked, stack = order.options, order.prepared()
    along = bool(asked.center_lines)
    return to_dxf(stack, width_mm=order.width_mm, polylines=asked.polylines, center_lines=along, device=order.device)


def _ora(order: Order) -> bytes:
    from vecstack.exporting.ora import to_ora

    return to_ora(order.stack, size=order.options.size, device=order.device)


def _png_layers(order: Order) -> Files:
    from vecstack.exporting.png_layers import png_layers

    return png_layers(order.stack, size=order.options.size, device=order.device)


def _gif(order: Order) -> bytes:
    from vecstack.exporting.animation import to_gif

    return to_gif(order.stack, size=order.options.size, pace=_pace(order.options), device=order.device)


def _webp(order: Order) -> bytes:
    from vecstack.exporting.animation import to_webp

    return to_webp(order.stack, size=order.options.size, pace=_pace(order.options), device=order.device)


def _apng(order: Order) -> bytes:
    from vecstack.exporting.animation import to_apng

    return to_apng(order.stack, size=order.options.size, pace=_pace(order.options), device=order.device)


def _frames(order: Order) -> Files:
    from vecstack.exporting.animation import frame_files

    return frame_files(order.stack, size=order.options.size, pace=_pace(order.options), device=order.device)


def _pace(asked: Options) -> Pace:
    from vecstack.exporting.animation import Pace

    return Pace(asked.frames, asked.duration, asked.seconds)


def _json(order: Order) -> bytes:
    from vecstack.document.file import dumps_json

    return dumps_json(order.stack)


_MADE = ("width_mm", "dpi", "opaque", "cutout", "by_color", "min_area", "bleed")  # of formats that things are made from
_SVG_OPTIONS = ("max_bytes", "max_paths", "precision", "size", "minify", *_MADE)
_MOVING = ("size", "frames", "duration", "seconds")

FORMATS = (
    ExportFormat("svg", (".svg", ".svgz"), ("tolerance", "plain", *_SVG_OPTIONS), _svg),
    ExportFormat("svg-flat", (".svg", ".svgz"), ("hard", *_SVG_OPTIONS), _flat_svg),
    ExportFormat("html", (".html", ".htm"), ("source",), _html),
    ExportFormat("pdf", (".pdf",), ("size", *_MADE), _pdf),
    ExportFormat("dxf", (".dxf",), ("polylines", "center_lines", *_MADE), _dxf),
    ExportFormat("ora", (".ora",), ("size",), _ora),
    ExportFormat("png-layers", (), ("size",), _png_layers, ending="-layers"),
    ExportFormat("gif", (".gif",), _MOVING, _gif),
    ExportFormat("webp", (".webp",), _MOVING, _webp),
    ExportFormat("apng", (".apng",), _MOVING, _apng),
    ExportFormat("frames", (), _MOVING, _frames, ending="-frames"),
    ExportFormat("json", (".layers.json", ".json"), (), _json, draws=False),
)
NAMES = ", ".join(chosen.name for chosen in FORMATS)


def find_format(name: str | None, output: str | None) -> ExportFormat:
    """The format of that name, else that of the output's suffix, else SVG. Raises UsageError for an unknown name."""
    for chosen in FORMATS:
        if chosen.name == name or (name is None and output is not None and _ends_as(output, chosen)):
            return chosen
    if name is not None:
        instead = INSTEAD.get(f".{name.lower()}")
        advice = f"; use {instead}" if instead else ""
        raise UsageError(f"format must be one of {NAMES}, not {name!r:.40}{advice}.", parameter="format")
    return FORMATS[0]


def _ends_as(output: str, chosen: ExportFormat) -> bool:
    return not chosen.is_folder and not os.path.isdir(output) and output.lower().endswith(chosen.suffixes)  # noqa: PTH112


def export(
    stack: Stack,
    path: str | os.PathLike[str],
    *,
    format: str | None = None,
    device: str = "auto",
    overwrite: bool = False,
    **options: Any,
) -> None:
    """Write a stack as a file that other programs open, or as a folder of them: in the format of that name (FORMATS),
    or else the one that the path's suffix says, or else SVG. Further arguments are options of the format, the fields of
    `Options`; one that the format does not have is refused. Raises UsageError for an unknown format or option;
    ExportError for a path that does not fit the format, exists without `overwrite` or cannot be written; and what the
    format raises."""
    target = os.fspath(path)
    chosen = find_format(format, target)
    asked = {field.name for field in dataclasses.fields(Options)}
    for name in options:
        if name not in asked:
            raise UsageError(f"unknown option {name!r}: use {', '.join(sorted(asked))}.")
    wanted = Options(**options)
    chosen.check_options(wanted)
    chosen.check_target(target, is_asked=format is not None)
    made = chosen.make(Order(stack, target, Path(target).stem, wanted, device))
    write_made(made, target, overwrite=overwrite)


def write_made(made: bytes | Files, target: str, *, overwrite: bool) -> None:
    """Write a file's bytes, or a folder's files. Raises ExportError."""
    if isinstance(made, bytes):
        with atomic_writer(target, overwrite=overwrite) as file:
            file.write(made)
    else:
        write_folder(target, made, overwrite=overwrite)
