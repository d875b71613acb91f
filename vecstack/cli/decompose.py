"""vecstack decompose: turn pictures into layer files."""

from __future__ import annotations

from typing import Annotated

import typer

from vecstack.cli.arguments import (
    Background,
    Blocks,
    Budget,
    Colors,
    Compact,
    Device,
    Inputs,
    MaxPixels,
    Model,
    Opaque,
    Output,
    Overwrite,
    Palette,
    PixelArt,
    Prune,
    Psnr,
    Quiet,
    Seed,
    Sharp,
    SkipExisting,
    Smooth,
    Tolerance,
    Verbose,
    parse_bytes,
    parse_color,
    parse_effort,
)
from vecstack.cli.items import Item, ItemProgress, plan, run_all
from vecstack.cli.making import Making, model_of, style_of
from vecstack.cli.tuning import Finish
from vecstack.fitting.choose import AUTO
from vecstack.fitting.effort import DECOMPOSE_EFFORTS, DEFAULT_EFFORT, check_seed
from vecstack.fitting.goal import Goal, check_count
from vecstack.pictures.suffixes import SUFFIXES


def run(
    inputs: Inputs,
    output: Output = None,
    model: Model = AUTO,
    pixel_art: PixelArt = False,
    blocks: Blocks = False,
    sharp: Sharp = False,
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
    tolerance: Tolerance = None,
    background: Background = None,
    colors: Colors = None,
    palette: Palette = None,
    smooth: Smooth = None,
    opaque: Opaque = False,
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
    goal = None if psnr is None and budget is None else Goal(layers, psnr, parse_bytes(budget, "--budget"))
    style = style_of(colors, palette, smooth, blocks, sharp, opaque)
    chosen = model_of(model, pixel_art, blocks)
    batch = plan(inputs, output, set(SUFFIXES), ".layers")
    make = Making(
        chosen, how, style, seed, device, quiet, max_pixels, layers, goal, color, segments, focus, simplify
    ).maker()

    def act(item: Item, report: ItemProgress) -> None:
        finish.write(make(item, report), item)

    run_all(
        batch,
        act,
        overwrite=overwrite,
        skip_existing=skip_existing,
        quiet=quiet,
        verb="Decomposing",
        verbose=verbose,
    )
