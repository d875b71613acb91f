"""vecstack upscale: draw pictures larger, by way of layers."""

from __future__ import annotations

import sys
from functools import cache, partial
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from vecstack.cli.arguments import Device, Inputs, Output, Overwrite, Quiet, Seed, SkipExisting, parse_effort
from vecstack.cli.items import STANDARD, Item, ItemProgress, plan, run_all, source_of, stem, write_standard_output
from vecstack.cli.tuning import show_psnr
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


def run(
    inputs: Inputs,
    output: Output = None,
    size: Annotated[
        int | None,
        typer.Option("--size", metavar="PX", help=f"Length of the long side in pixels (default {DEFAULT_SIZE})."),
    ] = None,
    scale: Annotated[float | None, typer.Option("--scale", metavar="X", help="Enlarge by this factor.")] = None,
    file_format: Annotated[
        str | None,
        typer.Option(
            "--format",
            metavar="FORMAT",
            help=f"{', '.join((*PICTURES, *DRAWINGS))} (default: by the output's suffix, else png).",
        ),
    ] = None,
    model: Annotated[
        str,
        typer.Option("--model", metavar="NAME|PATH|REPO@REV", help="As of decompose; auto chooses by the picture."),
    ] = AUTO,
    effort: Annotated[
        str,
        typer.Option("--effort", metavar="EFFORT", help="How much is fitted: fast, good, best or a number of seconds."),
    ] = DEFAULT_EFFORT,
    keep_layers: Annotated[
        bool, typer.Option("--keep-layers", help="Write the layer file too, beside the output.")
    ] = False,
    seed: Seed = 0,
    overwrite: Overwrite = False,
    skip_existing: SkipExisting = False,
    device: Device = "auto",
    quiet: Quiet = False,
) -> None:
    """Draw pictures larger: decompose and render in one.

    Small bitmaps (glyphs, digits, icons) get sharp edges and corners, handwriting soft edges. PNG, JPEG, WebP and TIFF
    are drawn at the size that is asked for; SVG and PDF have every size."""
    if size is not None and scale is not None:
        raise UsageError("--size and --scale exclude each other; leave one out.")
    how = parse_effort(effort, EFFORTS)
    check_seed(seed)
    chosen = _format_of(file_format, output)
    items = plan(inputs, output, set(SUFFIXES), SUFFIX_OF.get(chosen, f".{chosen}"))
    if keep_layers and any(item.target == STANDARD for item in items):
        raise UsageError("--keep-layers needs an output file; name one with -o.")
    from vecstack.device import resolve_device
    from vecstack.document.file import save
    from vecstack.fitting.decompose import decompose
    from vecstack.models import load_model
    from vecstack.pictures.read import load_picture

    opened = cache(partial(load_model, device=device))
    resolve_device(device)
    maker = AUTO if model == AUTO else opened(model)

    def act(item: Item, report: ItemProgress) -> None:
        picture = load_picture(source_of(item.source))
        stack = decompose(picture, maker, effort=how, seed=seed, device=device, report=show_psnr(report))
        if keep_layers:
            target = Path(item.target)
            save(stack, target.with_name(stem(target) + ".layers"), overwrite=overwrite)
        _write(stack, item, chosen, size or (None if scale else DEFAULT_SIZE), scale, device, overwrite)

    run_all(items, act, overwrite=overwrite, skip_existing=skip_existing, quiet=quiet, verb="Enlarging")


def _format_of(name: str | None, output: str | None) -> str:
    """The format that is asked for, by its name or the output's suffix. Raises UsageError."""
    if name is not None:
        if name not in (*PICTURES, *DRAWINGS):
            raise UsageError(f"--format must be one of {', '.join((*PICTURES, *DRAWINGS))}, not {name!r:.40}.")
        return name
    suffix = Path(output or "").suffix.lower()[1:]
    found = {"jpg": "jpeg", "tif": "tiff"}.get(suffix, suffix)
    return found if found in (*PICTURES, *DRAWINGS) else "png"


def _write(
    stack: Stack, item: Item, chosen: str, size: int | None, scale: float | None, device: str, overwrite: bool
) -> None:
    """Draw a stack into an item's output, or export it."""
    if chosen in DRAWINGS:
        title = "" if item.target == STANDARD else stem(Path(item.target))
        made = find_format(chosen, None).make(Order(stack, item.target, title, Options(), device))
        if item.target == STANDARD:
            assert isinstance(made, bytes)
            write_standard_output(made)
        else:
            write_made(made, item.target, overwrite=overwrite)
        return
    from vecstack.drawing.file import render_to_file

    render_to_file(
        stack,
        sys.stdout.buffer if item.target == STANDARD else item.target,
        Viewport.of_region(stack.canvas.rect, size=size, scale=scale),
        format=chosen,
        device=device,
        overwrite=overwrite,
    )
