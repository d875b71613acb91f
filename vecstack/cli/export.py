"""vecstack export: write layer files in formats of other programs."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import cache, partial
from typing import Annotated

import typer

from vecstack.batch.inputs import STANDARD, suffix_of
from vecstack.batch.items import Act, Item, Job, Report
from vecstack.batch.plan import plan
from vecstack.cli.arguments import Device, Inputs, Output, devices_in, parse_bytes
from vecstack.cli.course import Course, with_course
from vecstack.cli.items import source_of, tell_of_undrawable, title_of, write_standard_output
from vecstack.cli.making import Make, Making
from vecstack.document.file import SUFFIXES
from vecstack.errors import UsageError
from vecstack.exporting.formats import NAMES, Options, Order, find_format, write_made
from vecstack.fitting.choose import AUTO
from vecstack.fitting.effort import DEFAULT_EFFORT
from vecstack.kinds.base import Style
from vecstack.pictures.suffixes import SUFFIXES as PICTURES


@dataclass(frozen=True)
class Exporting(Job):
    """Layer files written in a format of other programs, by its name."""

    file_format: str
    options: Options
    device: str

    @property
    def devices(self) -> tuple[str, ...]:
        return devices_in(self.device)

    def on(self, device: str) -> Exporting:
        return dataclasses.replace(self, device=device)

    def ready(self) -> Act:
        return partial(self._export, cache(Making(AUTO, DEFAULT_EFFORT, Style(), 0, self.device).maker))

    def _export(self, maker: Callable[[], Make], item: Item, report: Report) -> None:
        from vecstack.document.file import load

        chosen = find_format(self.file_format, None)
        is_picture = suffix_of(item.source) in PICTURES
        stack = maker()(item, report) if is_picture else load(source_of(item.source))
        if chosen.draws:
            tell_of_undrawable(stack, item, report)
        made = chosen.make(Order(stack, item.target, title_of(item.source), self.options, self.device))
        _write(made, item)


@with_course
def run(
    inputs: Inputs,
    output: Output = None,
    file_format: Annotated[
        str | None,
        typer.Option("--format", metavar="FORMAT", help=f"{NAMES} (default: by suffix)."),
    ] = None,
    tolerance: Annotated[
        float | None,
        typer.Option(
            "--tolerance",
            metavar="N",
            help="Approximate error allowed in svg: RMS of the picture, in 1/255 (default 1.5).",
        ),
    ] = None,
    max_bytes: Annotated[
        str | None, typer.Option("--max-bytes", metavar="SIZE", help="Largest size of an SVG, such as 20kB.")
    ] = None,
    max_paths: Annotated[
        int | None, typer.Option("--max-paths", metavar="N", help="Largest number of paths in an SVG.")
    ] = None,
    precision: Annotated[
        int | None,
        typer.Option("--precision", metavar="N", help="Decimals of an SVG's coordinates (default: chosen to fit)."),
    ] = None,
    size: Annotated[
        int | None,
        typer.Option("--size", metavar="PX", help="Long side in pixels: of embedded pictures, or of the SVG as shown."),
    ] = None,
    hard: Annotated[bool, typer.Option("--hard", help="Write svg-flat without blurs.")] = False,
    duration: Annotated[
        int | None,
        typer.Option(
            "--duration", metavar="MS", help="Milliseconds of a frame of an animation (default: 300 or less)."
        ),
    ] = None,
    seconds: Annotated[
        float | None,
        typer.Option("--seconds", metavar="S", help="How long an animation builds up, instead (default: 8 or less)."),
    ] = None,
    frames: Annotated[
        int | None, typer.Option("--frames", metavar="N", help="Most frames of an animation (default 100).")
    ] = None,
    source: Annotated[
        str | None,
        typer.Option("--source", metavar="PICTURE", help="The original picture, which html shows for comparison."),
    ] = None,
    width_mm: Annotated[
        float | None, typer.Option("--width-mm", metavar="MM", help="Width of an SVG, PDF or DXF in millimetres.")
    ] = None,
    dpi: Annotated[
        float | None,
        typer.Option("--dpi", metavar="N", help="Pixels of the source in an inch, instead of --width-mm (DXF: 96)."),
    ] = None,
    opaque: Annotated[
        bool, typer.Option("--opaque", help="No layer is translucent: each has the colour that it shows.")
    ] = False,
    cutout: Annotated[
        bool, typer.Option("--cutout", help="No layer overlaps another: each is cut out where others lie above it.")
    ] = False,
    by_color: Annotated[bool, typer.Option("--by-color", help="Unite the layers of one colour of a cutout.")] = False,
    min_area: Annotated[
        str | None,
        typer.Option("--min-area", metavar="AREA", help="Smallest part of a cutout's layers, such as 2mm2 or 30px."),
    ] = None,
    bleed: Annotated[
        str | None,
        typer.Option(
            "--bleed", metavar="LENGTH", help="How far a cutout's layers go on below others, such as 0.2mm or 1px."
        ),
    ] = None,
    polylines: Annotated[
        float | None,
        typer.Option("--polylines", metavar="MM", help="Straight lines in a DXF, within so much of the curves."),
    ] = None,
    center_lines: Annotated[
        bool,
        typer.Option("--center-lines", help="In a DXF, the middle of what a pen of one width draws, not its outline."),
    ] = False,
    minify: Annotated[bool, typer.Option("--minify", help="Leave ids, names and hidden layers out of an SVG.")] = False,
    plain: Annotated[
        bool, typer.Option("--plain", help="No masks and blurs in an SVG: every program draws it alike, in steps.")
    ] = False,
    device: Device = "auto",
    *,
    course: Course,
) -> None:
    """Write layer files as SVG, PDF, DXF, OpenRaster and more.

    photo.layers becomes photo.svg; see docs/export.md. A picture that is named, such as photo.png, is first turned into
    layers, as decompose does without options."""
    chosen = find_format(file_format, output)
    options = Options(
        tolerance=tolerance,
        max_bytes=parse_bytes(max_bytes, "--max-bytes"),
        max_paths=max_paths,
        precision=precision,
        size=size,
        hard=hard or None,
        duration=duration,
        seconds=seconds,
        frames=frames,
        source=source,
        width_mm=width_mm,
        dpi=dpi,
        opaque=opaque or None,
        cutout=cutout or None,
        by_color=by_color or None,
        min_area=min_area,
        bleed=bleed,
        polylines=polylines,
        center_lines=center_lines or None,
        minify=minify or None,
        plain=plain or None,
    )
    chosen.check_options(options)
    batch = plan(inputs, output, SUFFIXES, chosen.output_suffix, makes_folders=chosen.is_folder, **course.planned)
    if source is not None and len(batch.items) > 1:
        raise UsageError(f"--source is one picture, but there are {len(batch.items)} inputs; export them one by one.")
    for item in batch.items:
        if item.target == STANDARD:
            chosen.check_stream()
        else:
            chosen.check_target(item.target, is_asked=file_format is not None)
    from vecstack.cli.running import run_all

    run_all(batch, Exporting(chosen.name, options, device), course, "Exporting")


def _write(made: bytes | Iterator[tuple[str, bytes]], item: Item) -> None:
    if isinstance(made, bytes) and item.target == STANDARD:
        write_standard_output(made)
    else:
        write_made(made, item.target, overwrite=item.overwrite)
