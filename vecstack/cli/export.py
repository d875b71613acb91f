"""vecstack export: layer files become files of other programs."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from vecstack.cli.arguments import Device, Inputs, Output, Overwrite, Quiet, SkipExisting, parse_bytes
from vecstack.cli.items import STANDARD, Item, Report, plan, run_all, standard_input, write_standard_output
from vecstack.errors import ExportError, UsageError

SUFFIXES = {".layers", ".layers.json"}
FORMAT_NAMES = ("svg", "svg-flat")
SVG_SUFFIXES = (".svg", ".svgz")


def run(
    inputs: Inputs,
    output: Output = None,
    file_format: Annotated[
        str | None,
        typer.Option("--format", metavar="FORMAT", help="svg (the default), or svg-flat: one path a layer, no masks."),
    ] = None,
    tolerance: Annotated[
        float | None,
        typer.Option(
            "--tolerance",
            metavar="N",
            help="How far svg may be off, about: root mean square of the picture, in 1/255. 1.5 if not given.",
        ),
    ] = None,
    max_bytes: Annotated[
        str | None, typer.Option("--max-bytes", metavar="SIZE", help="Most that the file may take, such as 20kB.")
    ] = None,
    max_paths: Annotated[
        int | None, typer.Option("--max-paths", metavar="N", help="Most paths that the file may have.")
    ] = None,
    size: Annotated[
        int | None, typer.Option("--size", metavar="PX", help="Long side that the file asks to be shown at.")
    ] = None,
    hard: Annotated[bool, typer.Option("--hard", help="No blurs in svg-flat.")] = False,
    overwrite: Overwrite = False,
    skip_existing: SkipExisting = False,
    device: Device = "auto",
    quiet: Quiet = False,
) -> None:
    """Write layer files as SVG, which other programs open (photo.layers becomes photo.svg)."""
    if file_format not in (None, *FORMAT_NAMES):
        raise UsageError(f"--format must be {' or '.join(FORMAT_NAMES)}, not {file_format}.")
    items = plan(inputs, output, SUFFIXES, ".svg")
    for item in items:
        _check_suffix(item)
    from vecstack.export import SvgOptions, svg_text
    from vecstack.file import load
    from vecstack.kinds import undrawable

    most, flat = _parse_most(max_bytes), file_format == "svg-flat"

    def act(item: Item, report: Report) -> None:
        is_compressed = item.target.lower().endswith(".svgz")
        options = SvgOptions(tolerance, most, max_paths, size, flat, hard, is_compressed)
        stack = load(standard_input() if item.source == STANDARD else item.source)
        for layer in undrawable(stack):
            typer.echo(
                f"{item.source}: note: layer {layer.id} is of kind {layer.kind}, not drawn by this version", err=True
            )
        _write(options.encode(svg_text(stack, options, device=device)), item, overwrite)

    run_all(items, act, overwrite=overwrite, skip_existing=skip_existing, quiet=quiet, verb="Exporting")


def _parse_most(text: str | None) -> int | None:
    """A size in bytes. Raises UsageError."""
    try:
        return parse_bytes(text)
    except UsageError:
        raise UsageError(f"--max-bytes {text!r:.40} is not a size. Write it as 20kB, 1.5MB or 20000.") from None


def _check_suffix(item: Item) -> None:
    """Raise ExportError for an output whose name asks for another format."""
    if item.target != STANDARD and Path(item.target).suffix.lower() not in SVG_SUFFIXES:
        raise ExportError(f"{item.target} does not end in .svg or .svgz, which is all that is exported. Rename it.")


def _write(data: bytes, item: Item, overwrite: bool) -> None:
    from vecstack.atomic import atomic_writer

    if item.target == STANDARD:
        write_standard_output(data)
    else:
        with atomic_writer(item.target, overwrite=overwrite) as file:
            file.write(data)
