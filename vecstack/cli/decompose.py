"""vecstack decompose: pictures become layer files."""

from __future__ import annotations

from typing import Annotated

import typer

from vecstack.cli.arguments import Device, Inputs, Output, Overwrite, Quiet, SkipExisting, parse_color
from vecstack.cli.items import STANDARD, Item, Report, plan, run_all, standard_input, write_standard_output
from vecstack.models import DEFAULT_MODEL

# Endings that a folder is searched for: those of vecstack.image.FORMATS, which is not imported for a help text.
SUFFIXES = {".png", ".apng", ".jpg", ".jpeg", ".jpe", ".jfif", ".webp", ".tif", ".tiff", ".gif", ".bmp"}
SUFFIXES |= {".avif", ".avifs", ".jp2", ".j2k", ".jpc", ".jpf", ".jpx", ".j2c", ".ppm", ".pgm", ".pbm", ".pnm", ".pfm"}


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
    from vecstack.decompose import decompose
    from vecstack.file import dumps, save
    from vecstack.models import load_model

    loaded = load_model(model, device)

    def act(item: Item, _: Report) -> None:
        picture = standard_input() if item.source == STANDARD else item.source
        stack = decompose(picture, loaded, layers, background=color)
        if item.target == STANDARD:
            write_standard_output(dumps(stack))
        else:
            save(stack, item.target, overwrite=overwrite)

    run_all(items, act, overwrite=overwrite, skip_existing=skip_existing, quiet=quiet, verb="Decomposing")
