"""vecstack refine: fit layer files to their pictures."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from vecstack.cli.arguments import (
    Background,
    Budget,
    Compact,
    Device,
    Inputs,
    MaxPixels,
    Output,
    Overwrite,
    Prune,
    Psnr,
    Quiet,
    Seed,
    SkipExisting,
    Tolerance,
    parse_bytes,
    parse_color,
    parse_effort,
)
from vecstack.cli.inputs import STANDARD
from vecstack.cli.items import Item, ItemProgress, picture_in, plan, run_all, source_of
from vecstack.cli.tuning import Finish, show_psnr
from vecstack.document.file import SUFFIXES
from vecstack.errors import ExportError, PictureError, UsageError
from vecstack.fitting.effort import DEFAULT_EFFORT, check_seed
from vecstack.fitting.goal import Goal
from vecstack.pictures.suffixes import SUFFIXES as PICTURES


def run(
    inputs: Inputs,
    picture: Annotated[
        str,
        typer.Option(
            "--to", metavar="PICTURE", help="The target picture, or a folder of pictures named like the inputs."
        ),
    ],
    output: Output = None,
    effort: Annotated[
        str,
        typer.Option("--effort", metavar="EFFORT", help="How much is fitted: fast, good, best or a number of seconds."),
    ] = DEFAULT_EFFORT,
    layers: Annotated[
        int | None, typer.Option("--layers", metavar="N", help="Add detail until there are this many layers.")
    ] = None,
    psnr: Psnr = None,
    budget: Budget = None,
    tune_net: Annotated[
        bool, typer.Option("--tune-net", help="Also fine-tune the mask net, which is then stored in the file.")
    ] = False,
    prune: Prune = False,
    compact: Compact = False,
    tolerance: Tolerance = 0.5,
    background: Background = None,
    max_pixels: MaxPixels = None,
    seed: Seed = 0,
    overwrite: Overwrite = False,
    skip_existing: SkipExisting = False,
    device: Device = "auto",
    quiet: Quiet = False,
) -> None:
    """Fit layer files to their pictures, and add detail."""
    how = parse_effort(effort)
    color = None if background is None else parse_color(background, "--background")
    check_seed(seed)
    finish = Finish(prune, compact, tolerance, budget is not None, device, overwrite)
    limits = layers, psnr, parse_bytes(budget, "--budget")
    goal = None if limits == (None, None, None) else Goal(*limits)
    if output is None and inputs != [STANDARD]:
        raise UsageError("refine needs an output; name one with -o.")
    batch = plan(inputs, output, SUFFIXES, ".layers")
    from vecstack.document.file import load
    from vecstack.fitting.refine import refine

    def act(item: Item, report: ItemProgress) -> None:
        stack = load(source_of(item.source))
        source = picture_of(item, picture)
        if item.target != STANDARD and Path(source).resolve() == Path(item.target).resolve():
            raise ExportError(f"{item.target} is the picture itself; choose another output with -o.")
        target = picture_in(source, max_pixels, fitted=True)
        stack = refine(
            stack,
            target,
            how,
            goal,
            tune_net=tune_net,
            background=color or target.ground,
            seed=seed,
            device=device,
            report=show_psnr(report),
        )
        finish.write(stack, item)

    run_all(batch, act, overwrite=overwrite, skip_existing=skip_existing, quiet=quiet, verb="Refining")


def picture_of(item: Item, picture: str) -> str:
    """The target picture of an input: the one given, or in a folder the one of the same name, at the place where the
    input lies in its own. Raises PictureError."""
    if not Path(picture).is_dir():
        return picture
    folder, name = Path(picture, item.place), Path(item.source).name.split(".layers")[0]
    beside = [path for path in folder.iterdir() if path.suffix.lower() in PICTURES] if folder.is_dir() else []
    found = sorted(path for path in beside if path.name == name) or sorted(path for path in beside if path.stem == name)
    if len(found) != 1:
        raise PictureError(f"{folder} has {len(found)} pictures called {name}; {item.source} needs exactly one.")
    return str(found[0])
