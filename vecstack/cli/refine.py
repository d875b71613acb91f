"""vecstack refine: fit layer files to their pictures."""

from __future__ import annotations

import dataclasses
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated

import typer

from vecstack.batch.inputs import STANDARD
from vecstack.batch.items import Act, Item, Job, Report
from vecstack.batch.plan import plan
from vecstack.cli.arguments import (
    Assets,
    Background,
    Budget,
    Compact,
    Device,
    Effort,
    Inputs,
    MaxPixels,
    Output,
    Prune,
    Psnr,
    Seed,
    Tolerance,
    devices_in,
    parse_bytes,
    parse_color,
    parse_effort,
)
from vecstack.cli.course import Course, with_course
from vecstack.cli.items import partner_of, picture_in, source_of
from vecstack.cli.tuning import Finish, check_assets, show_psnr
from vecstack.color import Color
from vecstack.document.file import SUFFIXES
from vecstack.errors import ExportError, PictureError, UsageError
from vecstack.fitting.effort import DEFAULT_EFFORT, check_seed
from vecstack.fitting.goal import Goal
from vecstack.pictures.suffixes import SUFFIXES as PICTURES


@dataclass(frozen=True)
class Refining(Job):
    """Layer files fitted to a picture, or to those of a folder, with the options of `vecstack.refine`."""

    picture: str
    effort: str | float
    goal: Goal | None
    tune_net: bool
    background: Color | None
    max_pixels: float | None
    seed: int
    device: str
    finish: Finish

    @property
    def devices(self) -> tuple[str, ...]:
        return devices_in(self.device)

    def on(self, device: str) -> Refining:
        return dataclasses.replace(self, device=device, finish=dataclasses.replace(self.finish, device=device))

    def uses(self, item: Item) -> tuple[str, ...]:
        return (self._picture_of(item),)

    def _picture_of(self, item: Item) -> str:
        return partner_of(item, self.picture, set(PICTURES), "pictures", PictureError)

    def ready(self) -> Act:
        return self._refine

    def _refine(self, item: Item, report: Report) -> None:
        from vecstack.document.file import load
        from vecstack.fitting.refine import refine

        stack = load(source_of(item.source))
        source = self._picture_of(item)
        if item.target != STANDARD and Path(source).resolve() == Path(item.target).resolve():
            raise ExportError(f"{item.target} is the picture itself; choose another output with -o.")
        target = picture_in(source, self.max_pixels, fitted=True)
        refined = refine(
            stack,
            target,
            self.effort,
            self.goal,
            tune_net=self.tune_net,
            background=self.background or target.ground,
            seed=self.seed,
            device=self.device,
            report=show_psnr(report),
        )
        self.finish.write(refined, item)


@with_course
def run(
    inputs: Inputs,
    picture: Annotated[
        str,
        typer.Option(
            "--to", metavar="PICTURE", help="The target picture, or a folder of pictures named like the inputs."
        ),
    ],
    output: Output = None,
    effort: Effort = DEFAULT_EFFORT,
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
    tolerance: Tolerance = None,
    background: Background = None,
    max_pixels: MaxPixels = None,
    assets: Assets = None,
    seed: Seed = 0,
    device: Device = "auto",
    *,
    course: Course,
) -> None:
    """Fit layer files to their pictures, and add detail."""
    how = parse_effort(effort)
    color = None if background is None else parse_color(background, "--background")
    check_seed(seed)
    finish = Finish(prune, compact, tolerance, budget is not None, device, assets)
    limits = layers, psnr, parse_bytes(budget, "--budget")
    goal = None if limits == (None, None, None) else Goal(*limits)
    if output is None and inputs != [STANDARD]:
        raise UsageError("refine needs an output; name one with -o.")
    batch = plan(inputs, output, SUFFIXES, ".layers", **course.planned)
    check_assets(assets, batch.items)
    job = Refining(picture, how, goal, tune_net, color, max_pixels, seed, device, finish)
    from vecstack.cli.running import run_all

    run_all(batch, job, course, "Refining")
