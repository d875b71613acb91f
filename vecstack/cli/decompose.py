"""vecstack decompose: turn pictures into layer files."""

from __future__ import annotations

from typing import Annotated

import typer

from vecstack.cli.arguments import (
    Background,
    Budget,
    Compact,
    Device,
    Inputs,
    Output,
    Overwrite,
    Prune,
    Psnr,
    Quiet,
    SkipExisting,
    Tolerance,
    parse_bytes,
    parse_color,
    parse_effort,
)
from vecstack.cli.items import Item, ItemProgress, plan, run_all, source_of
from vecstack.cli.tuning import Finish, show_psnr
from vecstack.fitting.goal import Goal
from vecstack.models import DEFAULT_MODEL
from vecstack.pictures.suffixes import SUFFIXES


def run(
    inputs: Inputs,
    output: Output = None,
    model: Annotated[
        str,
        typer.Option(
            "--model", metavar="NAME|PATH|REPO@REV", help="A shipped model, a weights file or a Hub repository."
        ),
    ] = DEFAULT_MODEL,
    layers: Annotated[
        int | None,
        typer.Option("--layers", metavar="N", help="Number of layers; those beyond the model's own add detail."),
    ] = None,
    refine: Annotated[
        str | None,
        typer.Option(
            "--refine", metavar="EFFORT", help="Fit the layers to the picture: fast, good, best or a number of seconds."
        ),
    ] = None,
    psnr: Psnr = None,
    budget: Budget = None,
    prune: Prune = False,
    compact: Compact = False,
    tolerance: Tolerance = 0.5,
    background: Background = "#000000",
    overwrite: Overwrite = False,
    skip_existing: SkipExisting = False,
    device: Device = "auto",
    quiet: Quiet = False,
) -> None:
    """Turn pictures into layer files.

    photo.png becomes photo.layers."""
    color = parse_color(background, "--background")
    effort = None if refine is None else parse_effort(refine, "--refine")
    finish = Finish(prune, compact, tolerance, budget is not None, device, overwrite)
    goal = None if psnr is None and budget is None else Goal(layers, psnr, parse_bytes(budget, "--budget"))
    items = plan(inputs, output, set(SUFFIXES), ".layers")
    from vecstack.fitting.decompose import decompose
    from vecstack.models import load_model

    loaded = load_model(model, device)

    def act(item: Item, report: ItemProgress) -> None:
        stack = decompose(
            source_of(item.source),
            loaded,
            layers,
            refine=effort,
            detail=goal,
            background=color,
            device=device,
            report=show_psnr(report),
        )
        finish.write(stack, item)

    run_all(items, act, overwrite=overwrite, skip_existing=skip_existing, quiet=quiet, verb="Decomposing")
