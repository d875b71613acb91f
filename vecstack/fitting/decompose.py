"""Decompose: a picture and a model give a stack of layers."""

from __future__ import annotations

import dataclasses
from typing import TYPE_CHECKING, Any

from vecstack.color import Color, mean_color, to_color
from vecstack.document.file import size_of
from vecstack.errors import UsageError
from vecstack.fitting.compact import compact
from vecstack.fitting.goal import Goal
from vecstack.fitting.progress import ProgressCallback
from vecstack.fitting.refine import check_effort
from vecstack.fitting.refine import refine as tune
from vecstack.models import Model
from vecstack.stack import MAX_LAYERS, Canvas, Stack

if TYPE_CHECKING:
    from vecstack.pictures.read import Picture

SKETCH_SHARE = 0.9  # most that the model's layers and their net may take of a budget
DETAIL_LAYERS = 60  # where a model gives none by itself and nothing else is asked for


def decompose(
    picture: Any,
    model: Model,
    layers: int | None = None,
    *,
    refine: str | float | None = None,
    detail: Goal | None = None,
    background: str | Color = (0.0, 0.0, 0.0),
    device: str = "auto",
    report: ProgressCallback | None = None,
) -> Stack:
    """A stack of `layers` layers (all that the model can give, if not said) that looks like the picture: a path,
    bytes, an open binary file, a PIL picture, or an array (see pictures.read.load_picture). `background` shows where
    the picture is transparent. Fewer layers are the first of more where the stacks have the same background, which is
    the one of black and white that comes closer.

    `refine` brings the layers closer to the picture: see vecstack.refine. More layers than the model can give, or a
    `detail` goal, add layers where the picture is still missed: see vecstack.detail; the model's are then refined
    first ("good", if not said). A goal of so few bytes that the model's net leaves no room is met without it, by detail
    alone over the picture's mean colour. Raises PictureError, DeviceError; UsageError for a count that cannot be
    given, what is no colour, and a name in place of a model."""
    from vecstack.drawing.file import with_thumbnail
    from vecstack.pictures.read import load_picture

    if not isinstance(model, Model):
        raise UsageError(f"model must be a Model, not {model!r:.60}; use load_model(NAME or PATH).")
    most = model.maker.max_layers
    if layers is not None and layers < 1:
        raise UsageError(f"layers must be 1 to {MAX_LAYERS:,}, not {layers}.", parameter="layers")
    goal = _goal_of(layers, detail, most)
    count = most if layers is None else min(layers, most)
    if refine is not None:
        check_effort(refine)
    background = to_color(background)
    loaded = load_picture(picture)
    stack = _sketch(loaded, model, count, background)
    budget = None if goal is None else goal.budget_bytes
    if budget is not None and size_of(compact(stack, device=device)).file > SKETCH_SHARE * budget:
        stack = dataclasses.replace(_bare(loaded, background), source=stack.source)
    if goal is not None or refine is not None:
        stack = tune(stack, loaded, refine or "good", goal, background=background, device=device, report=report)
    if budget is not None:
        return stack  # a thumbnail would take of its bytes
    return with_thumbnail(stack)


def _goal_of(layers: int | None, detail: Goal | None, most: int) -> Goal | None:
    """The goal of a model that gives so many layers by itself."""
    if detail is not None:
        return dataclasses.replace(detail, layers=detail.layers if layers is None else layers)
    wanted = layers or (DETAIL_LAYERS if most == 0 else None)
    return None if wanted is None or wanted <= most else Goal(wanted)


def _sketch(loaded: Picture, model: Model, count: int, background: Color) -> Stack:
    """The layers that a model predicts."""
    whole = Canvas(loaded.width, loaded.height)
    made = model.maker.make(loaded.over(background), whole.rect, count)
    return Stack(
        Canvas(loaded.width, loaded.height, made.background),
        made.layers,
        made.assets,
        source={"sha256": loaded.sha256, "width": loaded.width, "height": loaded.height},
        model={"name": model.name} | ({} if model.sha256 is None else {"sha256": model.sha256}),
    )


def _bare(loaded: Picture, background: Color) -> Stack:
    """A canvas in the picture's mean colour, without layers."""
    return Stack(Canvas(loaded.width, loaded.height, mean_color(loaded.over(background))))
