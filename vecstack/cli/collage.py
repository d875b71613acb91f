"""vecstack collage: pack drawings, pictures and words into a shape."""

from __future__ import annotations

import json
import time
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from vecstack.batch.inputs import STANDARD
from vecstack.batch.items import Item
from vecstack.cli.arguments import AsJson, Overwrite, Quiet, Seed
from vecstack.cli.items import write_standard_output
from vecstack.document.file import SUFFIXES as DOCUMENTS
from vecstack.errors import UsageError
from vecstack.fitting.effort import DEFAULT_EFFORT
from vecstack.pictures.suffixes import SUFFIXES as PICTURES

if TYPE_CHECKING:
    from vecstack.cli.display import Display
    from vecstack.packing.pack import Losses, Told
    from vecstack.stack import Stack

DEFAULT_SIZE = 1024  # canvas units


def run(
    items: Annotated[
        list[str] | None,
        typer.Argument(
            metavar="ITEMS",
            help="SVG files, pictures, layer files, folders of them, or shapes such as circle.",
            show_default=False,
        ),
    ] = None,
    output: Annotated[
        str,
        typer.Option(
            "-o",
            "--output",
            metavar="OUT",
            help="Output file (.layers, .svg, .png, ...), or - (layers, standard output).",
        ),
    ] = ...,  # type: ignore[assignment]
    into: Annotated[
        str | None,
        typer.Option(
            "--into",
            metavar="SHAPE",
            help="What is filled: an SVG, a mask, photo.layers#NAME, a shape (default circle), word:TEXT, or open.",
        ),
    ] = None,
    words: Annotated[
        Path | None,
        typer.Option("--words", metavar="FILE", help="Words as items: one on each line, and perhaps its count."),
    ] = None,
    font: Annotated[
        Path | None, typer.Option("--font", metavar="FILE", help="TrueType or OpenType font of words.")
    ] = None,
    sizes: Annotated[
        Path | None,
        typer.Option("--sizes", metavar="CSV", help="A table: an item for each row, its area as a column says."),
    ] = None,
    column: Annotated[
        str | None,
        typer.Option("--column", metavar="NAME", help="That column (default: the only one of numbers)."),
    ] = None,
    picture: Annotated[
        Path | None,
        typer.Option("--picture", metavar="FILE", help="A picture that the collage shows, in place of a shape."),
    ] = None,
    segments: Annotated[
        str | None,
        typer.Option("--segments", metavar="NAME|FILE", help="Its parts, as in decompose (default felzenszwalb)."),
    ] = None,
    count: Annotated[
        int | None,
        typer.Option("--count", metavar="N", help="Number of items (default 100, all items, words or rows)."),
    ] = None,
    scale_range: Annotated[
        str | None,
        typer.Option(
            "--scale-range",
            metavar="LEAST,MOST",
            help="Sizes over the mean one (default 0.25,1.6), or over what data says (1,1; words 0.8,1.2).",
        ),
    ] = None,
    padding: Annotated[
        float, typer.Option("--padding", metavar="UNITS", help="Least distance between items, in canvas units.")
    ] = 0.0,
    angles: Annotated[
        str | None,
        typer.Option(
            "--angles",
            metavar="ANGLES",
            help="any, degrees such as 0,90, or a range such as -30..30 (words: 0 and -90).",
        ),
    ] = None,
    mirror: Annotated[bool, typer.Option("--mirror", help="Items may be mirrored.")] = False,
    gravity: Annotated[
        float, typer.Option("--gravity", metavar="N", help="How much items are drawn down, 0 to 1.")
    ] = 0.0,
    order: Annotated[
        str | None,
        typer.Option("--order", metavar="WAY", help="Sizes fall towards right, left, down or up, roughly."),
    ] = None,
    nest: Annotated[bool, typer.Option("--nest", help="Use holes, and the room between letters, too.")] = False,
    colors: Annotated[
        str | None,
        typer.Option(
            "--colors",
            metavar="COLORS|FILE",
            help="A palette (its file, or names with commas between), or a picture: the colour beneath each item.",
        ),
    ] = None,
    background: Annotated[
        str | None,
        typer.Option("--background", metavar="COLOR", help="Colour of the canvas, or none (default white, or dark)."),
    ] = None,
    size: Annotated[int, typer.Option("--size", metavar="PX", help="Length of the canvas's long side.")] = DEFAULT_SIZE,
    effort: Annotated[
        str, typer.Option("--effort", metavar="EFFORT", help="How long is packed: sketch, fast, good or best.")
    ] = DEFAULT_EFFORT,
    seed: Seed = 0,
    overwrite: Overwrite = False,
    quiet: Quiet = False,
    as_json: AsJson = False,
) -> None:
    """Pack drawings, pictures and words into a shape.

    Items fill the shape without touching one another, and are turned and scaled to do so. Words with counts become a
    word cloud, a column of a table a packed chart, and with --picture the items are a mosaic. The layer file has a
    layer for each item that is placed, and holds each drawing once. See docs/collage.md."""
    scales = None if scale_range is None else _scales(scale_range)
    _check_output(output, overwrite)
    began = time.monotonic()
    from vecstack.cli.display import Counts, display_of

    with display_of("Packing", Counts(1), quiet, False, is_single=True) as display:
        from vecstack.packing.collage import collage

        display.start(1)
        stack = collage(
            items or (),
            into,
            words=words,
            font=font,
            sizes=sizes,
            column=column,
            picture=picture,
            segments=segments,
            count=count,
            scale_range=scales,
            padding=padding,
            angles=angles,
            mirror=mirror,
            gravity=gravity,
            order=order,
            nest=nest,
            colors=colors,
            background=background,
            size=size,
            effort=effort,
            seed=seed,
            told=display.said,
            report=_shown(display, output),
        )
    seconds = time.monotonic() - began
    _write(stack, output, overwrite)
    _sum_up(stack.metrics, output, seconds, quiet, as_json)


def _scales(text: str) -> tuple[float, float]:
    """The least and the greatest size. Raises UsageError."""
    try:
        least, most = map(float, text.split(","))
    except ValueError as error:
        raise UsageError(f"--scale-range must be two numbers such as 0.5,1.5, not {text!r:.40}.") from error
    return least, most


def _check_output(output: str, overwrite: bool) -> None:
    """Raise ExportError or UsageError for an output that could not be written, before anything is packed."""
    if output == STANDARD:
        return
    from vecstack.atomic import check_writable
    from vecstack.exporting.formats import find_format
    from vecstack.pictures.write import find_format as find_picture_format

    check_writable(output, overwrite=overwrite)
    suffix = Path(output).suffix.lower()
    if suffix in PICTURES and find_format(None, output).name == "svg":
        find_picture_format(None, output)
    elif suffix not in DOCUMENTS:
        find_format(None, output).check_target(output, is_asked=False)


def _shown(display: Display, output: str) -> Told:
    """What shows how far a packing is, and the three losses."""
    item = Item(output, output)

    def told(losses: Losses) -> None:
        note = f"overlap {losses.overlap:.4f}, outside {losses.outside:.4f}, uncovered {losses.uncovered:.3f}"
        display.moved(item, losses.share, note)

    return told


def _write(stack: Stack, output: str, overwrite: bool) -> None:
    """Write a stack: as a layer file, a picture or an export, as the output's suffix says."""
    from vecstack.document.file import dumps, save
    from vecstack.drawing.file import render_to_file, with_thumbnail
    from vecstack.drawing.viewport import Viewport
    from vecstack.exporting.formats import export, find_format

    if output == STANDARD:
        write_standard_output(dumps(with_thumbnail(stack)))
    elif Path(output).suffix.lower() in DOCUMENTS:
        save(with_thumbnail(stack), output, overwrite=overwrite)
    elif Path(output).suffix.lower() in PICTURES and find_format(None, output).name == "svg":
        render_to_file(stack, output, Viewport.of_region(stack.canvas.rect), device="cpu", overwrite=overwrite)
    else:
        export(stack, output, overwrite=overwrite, device="cpu")


def _sum_up(metrics: Any, output: str, seconds: float, quiet: bool, as_json: bool) -> None:
    """Tell how many items were placed, how much they cover, and how long that took."""
    if as_json and output != STANDARD:
        typer.echo(json.dumps({"output": output, **metrics, "seconds": round(seconds, 3)}))
    elif not quiet:
        from vecstack.cli.display import duration

        share = f"{100 * metrics['coverage']:.1f} % covered"
        line = f"{metrics['placed']} of {metrics['asked']} items placed, {share}, {duration(seconds)}"
        typer.echo(f"vecstack: {line}", err=True)
