"""Choose: a picture says which model suits it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from vecstack.fitting.effort import SKETCH
from vecstack.models import DEFAULT_MODEL

if TYPE_CHECKING:
    from vecstack.pictures.read import Picture

AUTO = "auto"  # in place of a model's name: the one that suits the picture
SMALL_PX = 64  # long side of the largest picture that counts as a small bitmap


@dataclass(frozen=True)
class Choice:
    """The name of a model that suits a picture, and why, in words that can stand in parentheses."""

    name: str
    reason: str


def choose_model(picture: Picture, effort: str | float, budget_bytes: int | None = None) -> Choice:
    """The model for a picture, an effort and a size of the file, if one is asked for: the first rule that fits. No rule
    looks for handwriting."""
    size = f"{picture.width} x {picture.height} px"
    if effort == SKETCH:
        return Choice(DEFAULT_MODEL, f"a sketch of {size}, as predicted")
    if max(picture.width, picture.height) <= SMALL_PX:
        return Choice("splines", f"a small bitmap of {size}")
    if picture.alpha is not None:
        return Choice("paths", f"a transparent picture of {size}")
    if budget_bytes is not None:
        return Choice("paths", f"a budget of {budget_bytes:,} bytes, in which a net would not pay")
    return Choice(DEFAULT_MODEL, f"a picture of {size}")
