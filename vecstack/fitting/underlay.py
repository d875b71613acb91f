"""Underlay: predicted layers below those of a maker that draws small pictures sharp, or below grown ones on a
transparent canvas, as far as they bring the picture closer."""

from __future__ import annotations

import dataclasses
import time
from typing import TYPE_CHECKING, Any

from vecstack.fitting.goal import Goal
from vecstack.fitting.progress import ProgressCallback, part_of
from vecstack.fitting.prune import prune
from vecstack.fitting.refine import MIN_SECONDS, TUNING_SHARE, groups, refine, tune_first
from vecstack.kinds import without_unused
from vecstack.stack import Canvas, Stack

if TYPE_CHECKING:
    from vecstack.color import Color
    from vecstack.kinds.base import SceneMaker
    from vecstack.pictures.read import Picture

PARTS = 3  # of the time: the predicted layers, the sharp ones, and the predicted ones below these
UNSEEN = 0.5  # RMS change of the picture (1/255) up to which layers below go: what hardly shows
PAYS_DB = 0.1  # by how much all layers below together must bring a picture closer


def with_sharp_layers(
    sketch: Stack,
    loaded: Picture,
    maker: SceneMaker,
    effort: str | float,
    *,
    background: Color,
    seed: int,
    device: str,
    report: ProgressCallback | None,
) -> Stack:
    """The layers that a maker composes for a picture, and below them those of a sketch, tuned to what shows through,
    without those that hardly show; the sharp layers alone, or the tuned sketch alone, where these are as close. Raises
    UsageError for a picture that the maker is not for; DeviceError."""
    share = effort if isinstance(effort, str) else effort / PARTS
    tuned = refine(
        sketch, loaded, share, background=background, seed=seed, device=device, report=part_of(report, 0, 1 / PARTS)
    )
    sharp = _composed(sketch, loaded, maker, share, background, seed, device, part_of(report, 1 / PARTS, 2 / PARTS))
    both = _beneath(tuned, sharp)
    below = len(sketch.layers)
    both = tune_first(both, below, loaded, share, background, seed, device, part_of(report, 2 / PARTS, 1))
    both = tune_first(_shown(both, sharp, device), 0, loaded, share, background, seed, device, None)
    found = both if _psnr(both) >= _psnr(sharp) + PAYS_DB else sharp
    return found if _psnr(found) >= _psnr(tuned) else tuned


def with_grown_layers(
    sketch: Stack,
    loaded: Picture,
    goal: Goal,
    effort: str | float,
    *,
    background: Color,
    seed: int,
    device: str,
    report: ProgressCallback | None,
) -> Stack:
    """The layers of a sketch on a transparent canvas, tuned, without those that keep the picture away, and more grown
    above them until a goal is met. Raises DeviceError."""
    from vecstack.fitting.grow import grow

    began = time.monotonic()
    share = effort if isinstance(effort, str) else effort * TUNING_SHARE
    report_tuning, report_growing = part_of(report, 0, TUNING_SHARE), part_of(report, TUNING_SHARE, 1)
    options: Any = {"background": background, "seed": seed, "device": device}
    tuned = refine(sketch, loaded, share, **options, report=report_tuning) if groups(sketch) else sketch
    below = _helping(tuned, loaded, background, seed, device)
    left = effort if isinstance(effort, str) else max(MIN_SECONDS, effort - (time.monotonic() - began))
    return grow(below, loaded, goal, left, **options, report=report_growing)


def _helping(stack: Stack, loaded: Picture, background: Color, seed: int, device: str) -> Stack:
    """The stack without layers that its picture is as close without, tried from the top down until all that are left
    help: of two that only hide one another, the lower goes first."""
    from vecstack.fitting.target import open_target

    target = open_target(stack, loaded, background, device, seed)
    kept, least, count = stack, float(target.errors(stack).mean()), -1
    while len(kept.layers) != count:
        count = len(kept.layers)
        for layer in reversed(kept.layers):
            tried = kept.with_layers([other for other in kept.layers if other is not layer])
            error = float(target.errors(tried).mean())
            if error <= least:
                kept, least = tried, error
    return without_unused(kept, stack.layers)


def _composed(
    sketch: Stack,
    loaded: Picture,
    maker: SceneMaker,
    effort: str | float,
    background: Color,
    seed: int,
    device: str,
    report: ProgressCallback | None,
) -> Stack:
    """What a maker makes of a picture, on a canvas of its own."""
    from vecstack.fitting.grow import grow

    canvas = sketch.canvas
    ground = maker.make(loaded.over(background), canvas.rect, 0).background
    bare = dataclasses.replace(sketch, canvas=Canvas(canvas.width, canvas.height, ground), layers=(), assets={})
    return grow(
        bare, loaded, Goal(maker.most_layers), effort, maker=maker, background=background, seed=seed, device=device,
        report=report,
    )  # fmt: skip


def _beneath(lower: Stack, upper: Stack) -> Stack:
    """The layers of a stack below those of another, on its canvas."""
    assets = {**lower.assets, **upper.assets}
    return dataclasses.replace(upper, layers=(*lower.layers, *upper.layers), assets=assets, thumbnail=None)


def _shown(both: Stack, sharp: Stack, device: str) -> Stack:
    """The stack without layers below the sharp ones that hardly show, these as they are."""
    own = {layer.id for layer in sharp.layers}
    kept = [layer for layer in prune(both, UNSEEN, device=device).layers if layer.id not in own]
    return without_unused(both.with_layers((*kept, *sharp.layers)), both.layers)


def _psnr(stack: Stack) -> float:
    return float(stack.metrics["psnr"])
