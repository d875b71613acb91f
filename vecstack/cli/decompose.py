"""vecstack decompose: pictures become layer files."""

from __future__ import annotations

import dataclasses
import sys
from typing import Annotated

import typer

from vecstack.cli.arguments import Device, Inputs, Output, Overwrite, Quiet, SkipExisting, parse_color
from vecstack.cli.items import STANDARD, Item, Report, check_output, plan, run_all
from vecstack.models import DEFAULT_MODEL

THUMBNAIL_PX = 128  # long side: large enough for a file manager, a sixth of a second for ten layers
SUFFIXES = {".png", ".jpg", ".jpeg", ".webp", ".tif", ".tiff", ".bmp", ".gif", ".avif", ".jp2", ".ppm", ".pgm"}


def run(
    inputs: Inputs,
    output: Output = None,
    model: Annotated[
        str,
        typer.Option(
            "--model", metavar="NAME|PATH|REPO@REV", help="A shipped model, a weights file, or a Hub repository."
        ),
    ] = DEFAULT_MODEL,
    layers: Annotated[
        int | None, typer.Option("--layers", metavar="N", help="Count of layers; the model's own if not given.")
    ] = None,
    background: Annotated[
        str, typer.Option("--background", metavar="#RRGGBB", help="Shows where a picture is transparent.")
    ] = "#000000",
    overwrite: Overwrite = False,
    skip_existing: SkipExisting = False,
    device: Device = "auto",
    quiet: Quiet = False,
) -> None:
    """Turn pictures into layer files (photo.png becomes photo.layers)."""
    color = parse_color(background)
    items = plan(inputs, output, SUFFIXES, ".layers")
    if len(items) == 1 and not skip_existing:
        check_output(items[0], overwrite=overwrite)
    from vecstack.decompose import decompose
    from vecstack.file import dumps, save
    from vecstack.models import load_model
    from vecstack.render import thumbnail_png

    loaded = load_model(model, device)

    def act(item: Item, _: Report) -> None:
        check_output(item, overwrite=overwrite)
        picture = sys.stdin.buffer if item.source == STANDARD else item.source
        stack = decompose(picture, loaded, layers, background=color)
        stack = dataclasses.replace(stack, thumbnail=thumbnail_png(stack, THUMBNAIL_PX))
        if item.target == STANDARD:
            sys.stdout.buffer.write(dumps(stack))
        else:
            save(stack, item.target, overwrite=overwrite)

    run_all(items, act, skip_existing=skip_existing, quiet=quiet, verb="Decomposing")
