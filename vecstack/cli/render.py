"""vecstack render: draw layer files as pictures."""

from __future__ import annotations

import sys
from typing import Annotated

import typer

from vecstack.cli.arguments import Device, Inputs, Output, Overwrite, Quiet, SkipExisting
from vecstack.cli.inputs import STANDARD
from vecstack.cli.items import Item, ItemProgress, name_of, plan, run_all, source_of
from vecstack.document.file import SUFFIXES
from vecstack.drawing.viewport import Viewport
from vecstack.errors import UsageError
from vecstack.geometry import Rect

FORMAT_NAMES = ("png", "jpeg", "webp", "tiff")


def run(
    inputs: Inputs,
    output: Output = None,
    size: Annotated[int | None, typer.Option("--size", metavar="PX", help="Length of the long side in pixels.")] = None,
    width: Annotated[int | None, typer.Option("--width", metavar="PX", help="Width in pixels.")] = None,
    height: Annotated[int | None, typer.Option("--height", metavar="PX", help="Height in pixels.")] = None,
    scale: Annotated[float | None, typer.Option("--scale", metavar="X", help="Enlarge by this factor.")] = None,
    region: Annotated[
        str | None,
        typer.Option("--region", metavar="X,Y,W,H", help="Draw only this part of the canvas, in pixels of the source."),
    ] = None,
    depth: Annotated[
        int, typer.Option("--depth", metavar="8|16", help="Bits per channel (16: PNG and TIFF only).")
    ] = 8,
    transparent: Annotated[
        bool | None,
        typer.Option(
            "--transparent/--no-transparent",
            help="Leave the background out, or draw it (default: as the canvas says, where the format has alpha).",
        ),
    ] = None,
    picture_format: Annotated[
        str | None,
        typer.Option("--format", metavar="FORMAT", help="png, jpeg, webp or tiff (default: by the output's suffix)."),
    ] = None,
    dpi: Annotated[
        float | None,
        typer.Option("--dpi", metavar="N", help="Pixels in an inch that a PNG, TIFF or JPEG says it has."),
    ] = None,
    exact: Annotated[
        bool, typer.Option("--exact", help="Evaluate every layer at every pixel (hundreds of times slower).")
    ] = False,
    overwrite: Overwrite = False,
    skip_existing: SkipExisting = False,
    device: Device = "auto",
    quiet: Quiet = False,
) -> None:
    """Draw layer files as pictures of any size.

    photo.layers becomes photo.png."""
    box = None if region is None else parse_region(region)
    if depth not in (8, 16):
        raise UsageError(f"--depth must be 8 or 16, not {depth}.")
    if picture_format is not None and picture_format not in FORMAT_NAMES:
        raise UsageError(f"--format must be one of {', '.join(FORMAT_NAMES)}, not {picture_format!r:.40}.")
    batch = plan(inputs, output, SUFFIXES, f".{picture_format or 'png'}")
    from vecstack.document.file import load
    from vecstack.drawing.file import render_to_file
    from vecstack.exporting.physical import source_dpi
    from vecstack.kinds import undrawable

    def act(item: Item, report: ItemProgress) -> None:
        stack = load(source_of(item.source))
        for layer in undrawable(stack):
            note = f"note: layer {layer.id} is of kind {layer.kind}, not drawn by this version"
            typer.echo(f"{name_of(item.source)}: {note}", err=True)
        area = stack.canvas.rect if box is None else box
        if not area.inside(stack.canvas.rect):
            sides = f"{stack.canvas.width},{stack.canvas.height}"
            raise UsageError(f"--region {region} reaches outside the canvas; it must lie within 0,0,{sides}.")
        viewport = Viewport.of_region(area, size=size, width=width, height=height, scale=scale)
        told = source_dpi(stack)
        render_to_file(
            stack,
            sys.stdout.buffer if item.target == STANDARD else item.target,
            viewport,
            format=picture_format or ("png" if item.target == STANDARD else None),
            depth=depth,
            transparent=transparent,
            exact=exact,
            device=device,
            overwrite=overwrite,
            dpi=told * viewport.width_px / area.width if dpi is None and told is not None else dpi,
            progress=report,
        )

    run_all(batch, act, overwrite=overwrite, skip_existing=skip_existing, quiet=quiet, verb="Drawing")


def parse_region(text: str) -> Rect:
    """The rectangle written as x,y,w,h in canvas units. Raises UsageError."""
    try:
        x, y, width, height = (float(part) for part in text.split(","))
    except ValueError:
        raise UsageError(
            f"--region {text!r:.40}: expected x,y,w,h in pixels of the source, such as 0,0,100,80."
        ) from None
    return Rect(x, y, width, height)
