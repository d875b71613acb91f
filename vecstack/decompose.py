"""Decompose: a picture and a model give a stack of layers."""

from __future__ import annotations

import dataclasses
from typing import Any

from vecstack.errors import UsageError
from vecstack.models import Model
from vecstack.stack import Canvas, Color, Stack

THUMBNAIL_PX = 64  # long side: enough for a list of files, and drawn in 0.05 s (ten layers, one core)


def decompose(picture: Any, model: Model, layers: int | None = None, *, background: Color = (0.0, 0.0, 0.0)) -> Stack:
    """A stack of `layers` layers (all that the model can give, if not said) that looks like the picture: a path,
    bytes, an open binary file, a PIL picture, or an array (see vecstack.image.load_picture). `background` shows where
    the picture is transparent. Fewer layers are the first of more where the stacks have the same background, which is
    the one of black and white that comes closer. Raises PictureError; UsageError for a count that the model cannot
    give, and for a name in place of a model."""
    from vecstack.image import load_picture
    from vecstack.render import thumbnail_png

    if not isinstance(model, Model):
        raise UsageError(f"model must be a Model, not {model!r:.60}. Give load_model(NAME or PATH).")
    most = model.maker.most_layers
    count = most if layers is None else layers
    if not 1 <= count <= most:
        raise UsageError(f"--layers must be 1 to {most} for the model {model.name}, not {count}.")
    loaded = load_picture(picture)
    whole = Canvas(loaded.width, loaded.height)
    made = model.maker.make(loaded.over(background), whole.rect, count)
    stack = Stack(
        Canvas(loaded.width, loaded.height, made.background),
        made.layers,
        made.assets,
        source={"sha256": loaded.sha256, "width": loaded.width, "height": loaded.height},
        model={"name": model.name, "sha256": model.sha256},
    )
    return dataclasses.replace(stack, thumbnail=thumbnail_png(stack, THUMBNAIL_PX))
