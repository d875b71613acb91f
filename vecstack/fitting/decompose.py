"""Decompose: a picture and a model give a stack of layers."""

from __future__ import annotations

import dataclasses
from pathlib import Path
from typing import TYPE_CHECKING, Any

from vecstack.color import Color, mean_color, to_color
from vecstack.document.file import size_of
from vecstack.errors import UsageError
from vecstack.fitting.choose import AUTO, choose_model
from vecstack.fitting.compact import compact
from vecstack.fitting.effort import DECOMPOSE_EFFORTS, DEFAULT_EFFORT, EFFORTS, SKETCH, check_effort, check_seed
from vecstack.fitting.goal import Goal, check_count
from vecstack.fitting.progress import ProgressCallback
from vecstack.fitting.refine import groups, refine
from vecstack.models import Model, load_model
from vecstack.stack import Canvas, Stack

if TYPE_CHECKING:
    from vecstack.pictures.read import Picture

SKETCH_SHARE = 0.9  # most that the model's layers and their net may take of a budget
DETAIL_LAYERS = 60  # where a model gives none by itself and nothing else is asked for
# Tuning where neither a count nor a goal is given: seconds, not half a minute.
UNASKED: dict[str | float, str | float] = {"good": "fast"}


def decompose(
    picture: Any,
    model: str | Path | Model = AUTO,
    layers: int | None = None,
    *,
    effort: str | float = DEFAULT_EFFORT,
    detail: Goal | None = None,
    background: str | Color = (0.0, 0.0, 0.0),
    seed: int = 0,
    device: str = "auto",
    report: ProgressCallback | None = None,
) -> Stack:
    """A stack of `layers` layers (all that the model can give, if not said) that looks like the picture: a path,
    bytes, an open binary file, a PIL picture, an array (see pictures.read.load_picture), or a Picture. `model` is a
    Model, what load_model takes, or "auto" for the one that fitting.choose.choose_model chooses. `background` shows
    where the picture is transparent. Fewer layers of a sketch are the first of more where the stacks have the same
    background, which is the one of black and white that comes closer.

    `effort` is "sketch", the layers that the model predicts and nothing fitted; or how much the layers are fitted to
    the picture: "fast", "good" or "best", or a number of seconds (see vecstack.refine). Where neither a count nor a
    goal is given, "good" tunes as quickly as "fast". More layers than the model can give, or a `detail` goal, add
    layers where the picture is still missed: see fitting.detail.add_detail. A goal of so few bytes that the model's
    net leaves no room is met without it, by detail alone over the picture's mean colour. The same `seed` gives the same
    stack, except with a number of seconds.

    Raises PictureError, DeviceError, WeightsError (no such model); UsageError for a count or an effort that cannot be
    given, a sketch with more than the model predicts, a seed out of 0..2**32-1, and what is no colour."""
    from vecstack.drawing.file import with_thumbnail
    from vecstack.pictures.read import as_picture

    check_count(layers)
    check_effort(effort, DECOMPOSE_EFFORTS)
    check_seed(seed)
    color = to_color(background)
    loaded = as_picture(picture)
    opened = _opened(model, loaded, effort, device)
    goal = _goal_of(layers, detail, opened.maker.max_layers)
    if effort == SKETCH:
        _check_sketch(opened, goal)
    stack = _sketch(loaded, opened, layers, color)
    if effort != SKETCH:
        pace = effort if layers is not None or goal is not None else UNASKED.get(effort, effort)
        stack = _fit(stack, loaded, pace, goal, color, seed, device, report)
    if goal is not None and goal.budget_bytes is not None:
        return stack  # a thumbnail would take of its bytes
    return with_thumbnail(stack)


def _opened(model: str | Path | Model, loaded: Picture, effort: str | float, device: str) -> Model:
    """The model that was given, named or left to be chosen."""
    if isinstance(model, Model):
        return model
    if not isinstance(model, str | Path):
        raise UsageError(f"model must be a Model, a name or a path, not {model!r:.60}; use {AUTO!r} or a shipped name.")
    return load_model(choose_model(loaded, effort).name if model == AUTO else model, device)


def _goal_of(layers: int | None, detail: Goal | None, most: int) -> Goal | None:
    """The goal of a model that gives so many layers by itself."""
    if detail is not None:
        return dataclasses.replace(detail, layers=detail.layers if layers is None else layers)
    wanted = layers or (DETAIL_LAYERS if most == 0 else None)
    return None if wanted is None or wanted <= most else Goal(wanted)


def _check_sketch(model: Model, goal: Goal | None) -> None:
    """Raise UsageError where a goal asks for more than the model predicts."""
    if goal is not None:
        raise UsageError(
            f"effort {SKETCH} fits nothing, so it gives no more than the {model.maker.max_layers} layers that "
            f"{model.name} predicts, and meets no goal; use {', '.join(EFFORTS)} or a number of seconds.",
            parameter="effort",
        )


def _sketch(loaded: Picture, model: Model, layers: int | None, background: Color) -> Stack:
    """The layers that a model predicts, as many as are asked for and it can give."""
    most = model.maker.max_layers
    whole = Canvas(loaded.width, loaded.height)
    made = model.maker.make(loaded.over(background), whole.rect, most if layers is None else min(layers, most))
    return Stack(
        Canvas(loaded.width, loaded.height, made.background),
        made.layers,
        made.assets,
        source={"sha256": loaded.sha256, "width": loaded.width, "height": loaded.height},
        model={"name": model.name} | ({} if model.sha256 is None else {"sha256": model.sha256}),
    )


def _fit(
    stack: Stack,
    loaded: Picture,
    effort: str | float,
    goal: Goal | None,
    background: Color,
    seed: int,
    device: str,
    report: ProgressCallback | None,
) -> Stack:
    """The sketch brought closer to its picture, as far as there is something to tune or to add; of a budget that leaves
    no room for the sketch, detail alone."""
    budget = None if goal is None else goal.budget_bytes
    if budget is not None and size_of(compact(stack, device=device)).file > SKETCH_SHARE * budget:
        stack = dataclasses.replace(_bare(loaded, background), source=stack.source)
    if goal is None and not groups(stack):
        return stack
    return refine(stack, loaded, effort, goal, background=background, seed=seed, device=device, report=report)


def _bare(loaded: Picture, background: Color) -> Stack:
    """A canvas in the picture's mean colour, without layers."""
    return Stack(Canvas(loaded.width, loaded.height, mean_color(loaded.over(background))))
