"""Decompose: a picture and a model give a stack of layers."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from vecstack.errors import UsageError
from vecstack.stack import Canvas, Color, Stack

if TYPE_CHECKING:
    from vecstack.models import Model


def decompose(picture: Any, model: Model, layers: int | None = None, *, background: Color = (0.0, 0.0, 0.0)) -> Stack:
    """A stack of `layers` layers (all that the model can give, if not said) that looks like the picture: a path,
    bytes, an open binary file, a PIL picture, or an array (see vecstack.image.load_picture). `background` shows where
    the picture is transparent. Raises PictureError; UsageError for a count that the model cannot give."""
    from vecstack.image import load_picture

    most = model.maker.most_layers
    count = most if layers is None else layers
    if not 1 <= count <= most:
        raise UsageError(f"--layers must be 1 to {most} for the model {model.name}, not {count}.")
    loaded = load_picture(picture)
    whole = Canvas(loaded.width, loaded.height)
    made = model.maker.make(loaded.over(background), whole.rect, count)
    return Stack(
        Canvas(loaded.width, loaded.height, made.background),
        made.layers,
        made.assets,
        source={"sha256": loaded.sha256, "width": loaded.width, "height": loaded.height},
        model={"name": model.name, "sha256": model.sha256},
    )
