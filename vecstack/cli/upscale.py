"""vecstack upscale: draw pictures larger, by way of layers."""

from __future__ import annotations

import dataclasses
import math
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from vecstack.batch.inputs import STANDARD
from vecstack.batch.items import Act, Item, Job, Report
from vecstack.batch.names import stem
from vecstack.batch.places import beside
from vecstack.batch.plan import plan
from vecstack.cli.arguments import (
    Blocks,
    Colors,
    Device,
    Effort,
    Inputs,
    MaxPixels,
    Model,
    Nodes,
    Opaque,
    Output,
    Palette,
    PixelArt,
    Scale,
    Seed,
    Sharp,
    Smooth,
    devices_in,
    parse_effort,
)
from vecstack.cli.course import Course, with_course
from vecstack.cli.items import title_of, write_standard_output
from vecstack.cli.making import Making, model_of, style_of
from vecstack.drawing.viewport import Viewport
from vecstack.errors import UsageError
from vecstack.exporting.formats import Options, Order, find_format, write_made
from vecstack.fitting.choose import AUTO
from vecstack.fitting.effort import DEFAULT_EFFORT, EFFORTS, check_seed
from vecstack.pictures.suffixes import SUFFIXES

if TYPE_CHECKING:
    from vecstack.stack import Stack

PICTURES = ("png", "jpeg", "webp", "tiff")
DRAWINGS = ("svg", "pdf")
SUFFIX_OF = {"jpeg": ".jpg", "tiff": ".tif"}  # where it is not the format's name
DEFAULT_SIZE = 1024  # px


@dataclass(frozen=True)
class Enlarging(Job):
    """Pictures drawn larger: in a format, with a long side of `size` px or enlarged by a factor."""

    making: Making
    file_format: str
    size: int | None
    scale: float | None

    @property
    def devices(self) -> tuple[str, ...]:
        return devices_in(self.making.device)

    def on(self, device: str) -> Enlarging:
        return dataclasses.replace(self, making=dataclasses.replace(self.making, device=device))

    def ready(self) -> Act:
        make = self.making.maker()

        def act(item: Item, report: Report) -> None:
            from vecstack.document.file import save

            stack = make(item, report)
            view = Viewport.of_region(stack.canvas.rect, size=self.size, scale=self.scale)
            for path in item.missing:
                if path in item.others:
                    save(stack, path, overwrite=item.overwrite)
                else:
                    _write(stack, path, self.file_format, view, self.making.device, item.overwrite)

        return act


@with_course
def run(
    inputs: Inputs,
    output: Output = None,
    size: Annotated[
        int | None,
        typer.Option("--size", metavar="PX", help=f"Length of the long side in pixels (default {DEFAULT_SIZE})."),
    ] = None,
    scale: Scale = None,
    file_format: Annotated[
        str | None,
        typer.Option(
            "--format",
            metavar="FORMAT",
            help=f"{', '.join((*PICTURES, *DRAWINGS))} (default: by the output's suffix, else png).",
        ),
    ] = None,
    model: Model = AUTO,
    pixel_art: PixelArt = False,
    blocks: Blocks = False,
    sharp: Sharp = False,
    effort: Effort = DEFAULT_EFFORT,
    colors: Colors = None,
    palette: Palette = None,
    smooth: Smooth = None,
    nodes: Nodes = None,
    opaque: Opaque = False,
    keep_layers: Annotated[
        bool, typer.Option("--keep-layers", help="Write the layer file too, beside the output.")
    ] = False,
    max_pixels: MaxPixels = None,
    seed: Seed = 0,
    device: Device = "auto",
    *,
    course: Course,
) -> None:
    """Draw pictures larger: decompose and render in one.

    Small bitmaps (glyphs, digits, icons) get sharp edges and corners, handwriting soft edges, or --sharp ones;
    --pixel-art and --blocks are for sprites. All formats have the size that is asked for (a PDF a point for each
    pixel); SVG and PDF stay sharp at any other."""
    if size is not None and scale is not None:
        raise UsageError("--size and --scale exclude each other; leave one out.")
    for option, value in (("--size", size), ("--scale", scale)):
        if value is not None and not 0 < value < math.inf:
            raise UsageError(f"{option} must be above 0, not {value:g}.")
    how = parse_effort(effort, EFFORTS)
    check_seed(seed)
    wanted, style = model_of(model, pixel_art, blocks), style_of(colors, palette, smooth, nodes, blocks, sharp, opaque)
    chosen = _format_of(file_format, output)
    from vecstack.pictures.write import find_format as find_picture_format

    batch = plan(inputs, output, set(SUFFIXES), SUFFIX_OF.get(chosen, f".{chosen}"), **course.planned)
    if keep_layers:
        batch = dataclasses.replace(batch, items=[_with_layers(item) for item in batch.items])
    if file_format is None and chosen in PICTURES:
        for item in batch.items:
            find_picture_format(None if item.target != STANDARD else chosen, item.target)
    making = Making(wanted, how, style, seed, device, max_pixels)
    side = DEFAULT_SIZE if size is None and scale is None else size

    from vecstack.cli.running import run_all

    run_all(batch, Enlarging(making, chosen, side, scale), course, "Enlarging")


def _format_of(name: str | None, output: str | None) -> str:
    """The format that is asked for, by its name or the output's suffix. Raises UsageError."""
    if name is not None:
        if name not in (*PICTURES, *DRAWINGS):
            raise UsageError(f"--format must be one of {', '.join((*PICTURES, *DRAWINGS))}, not {name!r:.40}.")
        return name
    suffix = Path(output or "").suffix.lower()[1:]
    found = {"jpg": "jpeg", "tif": "tiff"}.get(suffix, suffix)
    return found if found in (*PICTURES, *DRAWINGS) else "png"


def _with_layers(item: Item) -> Item:
    """An item whose layer file is written beside its output. Raises UsageError for one that has no place."""
    if item.target == STANDARD:
        raise UsageError("--keep-layers needs an output file; name one with -o.")
    return dataclasses.replace(item, others=(beside(item.target, stem(Path(item.target)) + ".layers"),))


def _write(stack: Stack, target: str, chosen: str, view: Viewport, device: str, overwrite: bool) -> None:
    """Draw a stack into an output, or export it at that size."""
    if chosen in DRAWINGS:
        made = find_format(chosen, None).make(Order(stack, target, title_of(target), _options(chosen, view), device))
        if target == STANDARD:
            assert isinstance(made, bytes)
            write_standard_output(made)
        else:
            write_made(made, target, overwrite=overwrite)
        return
    from vecstack.drawing.file import render_to_file

    place = sys.stdout.buffer if target == STANDARD else target
    render_to_file(stack, place, view, format=chosen, device=device, overwrite=overwrite)


def _options(chosen: str, view: Viewport) -> Options:
    """The options of a drawing of that size: in a PDF, of a point for each pixel, as far as pages go."""
    size = max(view.width_px, view.height_px)
    if chosen == "svg":
        return Options(size=size)
    from vecstack.exporting.pdf import MAX_POINTS, POINTS_PER_INCH
    from vecstack.exporting.physical import MM_PER_INCH

    points = view.width_px * min(1.0, MAX_POINTS / size)
    return Options(size=size, width_mm=points / POINTS_PER_INCH * MM_PER_INCH)
