"""vecstack decompose: turn pictures into layer files."""

from __future__ import annotations

from functools import cache, partial
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

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
    Verbose,
    parse_bytes,
    parse_color,
    parse_effort,
)
from vecstack.cli.items import Item, ItemProgress, name_of, picture_in, plan, run_all
from vecstack.cli.tuning import Finish, show_psnr
from vecstack.editing.palette import load_palette
from vecstack.fitting.choose import AUTO, Choice, choose_model
from vecstack.fitting.effort import DECOMPOSE_EFFORTS, DEFAULT_EFFORT, check_seed
from vecstack.fitting.goal import Goal, check_count
from vecstack.kinds.base import Style
from vecstack.pictures.suffixes import SUFFIXES

if TYPE_CHECKING:
    from vecstack.pictures.read import Picture


def run(
    inputs: Inputs,
    output: Output = None,
    model: Annotated[
        str,
        typer.Option(
            "--model",
            metavar="NAME|PATH|REPO@REV",
            help="A shipped model, a weights file, a Hub repository, or auto, which chooses by the picture.",
        ),
    ] = AUTO,
    layers: Annotated[
        int | None,
        typer.Option("--layers", metavar="N", help="Number of layers; those beyond the model's own add detail."),
    ] = None,
    effort: Annotated[
        str,
        typer.Option(
            "--effort",
            metavar="EFFORT",
            help="How much is fitted: sketch (nothing), fast, good, best or a number of seconds.",
        ),
    ] = DEFAULT_EFFORT,
    psnr: Psnr = None,
    budget: Budget = None,
    prune: Prune = False,
    compact: Compact = False,
    tolerance: Tolerance = 0.5,
    background: Background = None,
    colors: Annotated[
        int | None,
        typer.Option("--colors", metavar="N", help="At most so many colours, of model graphic."),
    ] = None,
    palette: Annotated[
        Path | None,
        typer.Option(
            "--palette",
            metavar="FILE",
            help="Colours of a file only, of model graphic: a PNG, a GIMP palette or a text with one colour per line.",
        ),
    ] = None,
    smooth: Annotated[
        float | None,
        typer.Option(
            "--smooth",
            metavar="PX",
            help="How far outlines may leave what is seen to have fewer pieces, in pixels, of model graphic.",
        ),
    ] = None,
    segments: Annotated[
        str | None,
        typer.Option(
            "--segments",
            metavar="NAME[:WEIGHTS]|FILE",
            help="Parts that become groups: u2netp, hed, felzenszwalb, sam:PATH, a mask, or a picture of flat parts.",
        ),
    ] = None,
    focus: Annotated[
        str | None,
        typer.Option("--focus", metavar="subject|FILE", help="Where detail matters more: a subject, or a mask."),
    ] = None,
    max_pixels: MaxPixels = None,
    simplify: Annotated[
        str | None,
        typer.Option(
            "--simplify",
            metavar="sds:PATH|REPO@REV",
            help="Take out detail before structure is looked for, by a Stable Diffusion.",
        ),
    ] = None,
    seed: Seed = 0,
    overwrite: Overwrite = False,
    skip_existing: SkipExisting = False,
    device: Device = "auto",
    verbose: Verbose = False,
    quiet: Quiet = False,
) -> None:
    """Turn pictures into layer files.

    photo.png becomes photo.layers: masks as a model predicts them, and paths where these miss the picture, 128 layers
    in all. With --layers, --psnr or --budget, and for a transparent picture, all layers are paths. A bitmap of up to
    64 px in few colours gets sharp paths, others splines. A flat picture, such as a logo or a screenshot, gets few
    exact paths of its parts. --model chooses otherwise."""
    color = None if background is None else parse_color(background, "--background")
    how = parse_effort(effort, DECOMPOSE_EFFORTS)
    check_count(layers)
    check_seed(seed)
    finish = Finish(prune, compact, tolerance, budget is not None, device, overwrite)
    style = Style(colors, None if palette is None else load_palette(palette), smooth)
    goal = None if psnr is None and budget is None else Goal(layers, psnr, parse_bytes(budget, "--budget"))
    batch = plan(inputs, output, set(SUFFIXES), ".layers")
    from vecstack.device import resolve_device
    from vecstack.fitting.decompose import decompose
    from vecstack.models import load_model

    is_guided = any(wish is not None for wish in (segments, focus, simplify))
    choose = partial(choose_model, effort=how, layers=layers, detail=goal, is_guided=is_guided)
    opened = cache(partial(load_model, device=device))
    resolve_device(device)  # before any picture, as the model: what is wrong with them is wrong for all
    if model != AUTO:
        opened(model)

    def act(item: Item, report: ItemProgress) -> None:
        picture = picture_in(item.source, max_pixels)
        name = model if model != AUTO else _chosen(choose(picture), item, quiet)
        stack = decompose(
            picture,
            opened(name),
            layers,
            effort=how,
            detail=goal,
            background=color,
            style=style,
            segments=segments,
            focus=focus,
            simplify=simplify,
            seed=seed,
            device=device,
            report=show_psnr(report),
        )
        if picture.alpha is not None and not stack.canvas.transparent and color is None and not quiet:
            typer.echo(f"{name_of(item.source)}: {_told_of_ground(picture)}", err=True)
        finish.write(stack, item)

    run_all(
        batch,
        act,
        overwrite=overwrite,
        skip_existing=skip_existing,
        quiet=quiet,
        verb="Decomposing",
        verbose=verbose,
    )


def _told_of_ground(picture: Picture) -> str:
    """What is said of a transparent picture whose layers are not."""
    ground = "white" if any(picture.ground) else "black"
    return f"transparent pixels become {ground}; --background chooses another color, --model paths keeps them"


def _chosen(choice: Choice, item: Item, quiet: bool) -> str:
    """The name of the model that suits an item's picture, which standard error is told, and why."""
    if not quiet:
        typer.echo(f"{name_of(item.source)}: {choice.name} ({choice.reason})", err=True)
    return choice.name
