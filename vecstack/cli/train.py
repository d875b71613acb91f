"""vecstack train: a recipe and pictures become a model."""

from __future__ import annotations

import math
import re
from pathlib import Path
from typing import Annotated

import typer

from vecstack.cli.arguments import Device, Quiet
from vecstack.errors import UsageError


def run(
    recipe: Annotated[Path, typer.Argument(metavar="RECIPE.toml", help="What to train, and how.")],
    data: Annotated[
        list[Path], typer.Option("--data", metavar="PATH", help="A folder or zip of pictures; repeat for more.")
    ],
    out: Annotated[
        Path, typer.Option("--out", metavar="DIR", help="Folder for the weights, the log and the checkpoint.")
    ],
    resume: Annotated[
        bool, typer.Option("--resume", help="Go on from the checkpoint in --out, if there is one.")
    ] = False,
    time_limit: Annotated[
        str | None, typer.Option("--time-limit", metavar="9m", help="Save and stop after this long (s, m or h).")
    ] = None,
    device: Device = "auto",
    quiet: Quiet = False,
) -> None:
    """Train a model (Ctrl-C or SIGTERM saves; --resume goes on)."""
    limit = math.inf if time_limit is None else parse_seconds(time_limit)
    from vecstack.render.device import resolve_device
    from vecstack.train.data import load_pictures
    from vecstack.train.loop import prepare_folder, train
    from vecstack.train.recipe import load_recipe

    plan = load_recipe(recipe)
    chosen = resolve_device(device)
    prepare_folder(out, resume=resume)  # before the pictures, which can take minutes
    pictures = load_pictures(data, plan.data.stored_side)

    def report(message: str) -> None:
        if not quiet:
            typer.echo(message, err=True)

    report(f"{len(pictures[0]):,} pictures to train on, {len(pictures[1]):,} held out")
    weights = train(plan, pictures, out, resume=resume, time_limit_seconds=limit, device=chosen, report=report)
    typer.echo(str(weights))


def parse_seconds(text: str) -> float:
    """A time written 90s, 9m or 2h, in seconds. Raises UsageError."""
    match = re.fullmatch(r"(\d+(?:\.\d+)?)([smh]?)", text)
    if not match:
        raise UsageError(f"--time-limit {text}: write it as 90s, 9m or 2h.")
    return float(match[1]) * {"": 1, "s": 1, "m": 60, "h": 3600}[match[2]]
