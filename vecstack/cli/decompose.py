"""vecstack decompose: turn pictures into layer files."""

from __future__ import annotations

import dataclasses
from dataclasses import dataclass
from typing import Annotated

import typer

from vecstack.batch.items import Act, Item, Job, Report
from vecstack.batch.plan import plan
from vecstack.cli.arguments import (
    Assets,
    Background,
    Blocks,
    Budget,
    Colors,
    Compact,
    Device,
    Inputs,
    MaxPixels,
    Model,
    Nodes,
    Opaque,
    Output,
    Palette,
    PixelArt,
    Prune,
    Psnr,
    Seed,
    Sharp,
    Smooth,
    Tolerance,
    devices_in,
    parse_bytes,
    parse_color,
    parse_effort,
)
from vecstack.cli.course import Course, with_course
from vecstack.cli.making import (
    Ground,
    Length,
    Making,
    Opacity,
    PaintingStyle,
    Radii,
    Strokes,
    as_painted,
    model_of,
    painting_model,
    style_of,
)
from vecstack.cli.tuning import Finish, check_assets
from vecstack.fitting.choose import AUTO
from vecstack.fitting.effort import DECOMPOSE_EFFORTS, DEFAULT_EFFORT, check_seed
from vecstack.fitting.goal import Goal, check_count
from vecstack.pictures.suffixes import SUFFIXES


@dataclass(frozen=True)
class Decomposing(Job):
    """Pictures turned into layer files."""

    making: Making
    finish: Finish

    @property
    def devices(self) -> tuple[str, ...]:
        return devices_in(self.making.device)

    def on(self, device: str) -> Decomposing:
        return Decomposing(
            dataclasses.replace(self.making, device=device), dataclasses.replace(self.finish, device=device)
        )

    def ready(self) -> Act:
        make = self.making.maker()

        def act(item: Item, report: Report) -> None:
            self.finish.write(make(item, report), item)

        return act


@with_course
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
    nodes: Nodes = None,
    opaque: Opaque = False,
    style: PaintingStyle = None,
    strokes: Strokes = None,
    ground: Ground = None,
    radii: Radii = None,
    length: Length = None,
    opacity: Opacity = None,
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
    assets: Assets = None,
    seed: Seed = 0,
    device: Device = "auto",
    *,
    course: Course,
) -> None:
    """Turn pictures into layer files.

    photo.png becomes photo.layers: masks as a model predicts them, and paths where these miss the picture, 128 layers
    in all. With --layers, --psnr or --budget, and for a transparent picture, all layers are paths. A bitmap of up to
    64 px in few colours gets sharp paths, others splines. A flat picture, such as a logo or a screenshot, gets few
    exact paths of its parts. --style paints it. --model chooses otherwise."""
    color = None if background is None else parse_color(background, "--background")
    how = parse_effort(effort, DECOMPOSE_EFFORTS)
    check_count(layers)
    is_painting = any(asked is not None for asked in (ground, radii, length, opacity))
    chosen = painting_model(model_of(model, pixel_art, blocks), style, strokes, layers, is_asked_for=is_painting)
    count = layers if strokes is None else strokes
    check_seed(seed)
    finish = Finish(prune, compact, tolerance, budget is not None, device, assets)
    goal = None if psnr is None and budget is None else Goal(count, psnr, parse_bytes(budget, "--budget"))
    looks = style_of(colors, palette, smooth, nodes, blocks, sharp, opaque)
    looks = as_painted(looks, ground, radii, length, opacity)
    batch = plan(inputs, output, set(SUFFIXES), ".layers", **course.planned)
    check_assets(assets, batch.items)
    making = Making(chosen, how, looks, seed, device, max_pixels, count, goal, color, segments, focus, simplify)
    from vecstack.cli.running import run_all

    run_all(batch, Decomposing(making, finish), course, "Decomposing")
