"""vecstack export: write layer files in formats of other programs."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Annotated

import typer

from vecstack.cli.arguments import Device, Inputs, Output, Overwrite, Quiet, SkipExisting, parse_bytes
from vecstack.cli.inputs import STANDARD, suffix_of
from vecstack.cli.items import (
    Item,
    ItemProgress,
    name_of,
    plan,
    run_all,
    source_of,
    title_of,
    write_standard_output,
)
from vecstack.cli.making import Making
from vecstack.document.file import SUFFIXES
from vecstack.errors import UsageError
from vecstack.exporting.formats import NAMES, Options, Order, find_format, write_made
from vecstack.fitting.choose import AUTO
from vecstack.fitting.effort import DEFAULT_EFFORT
from vecstack.kinds.base import Style
from vecstack.pictures.suffixes import SUFFIXES as PICTURES


def run(
    inputs: Inputs,
    output: Output = None,
    file_format: Annotated[
        str | None,
        typer.Option("--format", metavar="FORMAT", help=f"{NAMES} (default: by suffix, else svg)."),
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
        typer.Option("--duration", metavar="MS", help="Milliseconds per layer in gif and webp (default 300)."),
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
    minify: Annotated[bool, typer.Option("--minify", help="Leave ids, names and hidden layers out of an SVG.")] = False,
    plain: Annotated[
        bool, typer.Option("--plain", help="No masks and blurs in an SVG: every program draws it alike, in steps.")
    ] = False,
    overwrite: Overwrite = False,
    skip_existing: SkipExisting = False,
    device: Device = "auto",
    quiet: Quiet = False,
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
        source=source,
        width_mm=width_mm,
        dpi=dpi,
        opaque=opaque or None,
        cutout=cutout or None,
        by_color=by_color or None,
        min_area=min_area,
        bleed=bleed,
        polylines=polylines,
        minify=minify or None,
        plain=plain or None,
    )
    chosen.check_options(options)
    batch = plan(inputs, output, SUFFIXES, chosen.output_suffix, makes_folders=chosen.is_folder)
    if source is not None and len(batch.items) > 1:
        raise UsageError(f"--source is one picture, but there are {len(batch.items)} inputs; export them one by one.")
    for item in batch.items:
        if item.target == STANDARD:
            chosen.check_stream()
        else:
            chosen.check_target(item.target, is_asked=file_format is not None)
    from vecstack.document.file import load
    from vecstack.kinds import undrawable

    making = Making(AUTO, DEFAULT_EFFORT, Style(), 0, device, quiet)
    is_picture = {item: suffix_of(Path(item.source)) in PICTURES for item in batch.items}
    make = making.maker() if any(is_picture.values()) else None

    def act(item: Item, report: ItemProgress) -> None:
        stack = make(item, report) if make and is_picture[item] else load(source_of(item.source))
        for layer in undrawable(stack) if chosen.draws else ():
            note = f"note: layer {layer.id} is of kind {layer.kind}, not drawn by this version"
            typer.echo(f"{name_of(item.source)}: {note}", err=True)
        _write(chosen.make(Order(stack, item.target, title_of(item.source), options, device)), item, overwrite)

    run_all(batch, act, overwrite=overwrite, skip_existing=skip_existing, quiet=quiet, verb="Exporting")


def _write(made: bytes | Iterator[tuple[str, bytes]], item: Item, overwrite: bool) -> None:
    if isinstance(made, bytes) and item.target == STANDARD:
        write_standard_output(made)
    else:
        write_made(made, item.target, overwrite=overwrite)
