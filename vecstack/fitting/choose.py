"""Choose: a picture says which model suits it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from vecstack.fitting.effort import SKETCH
from vecstack.models import DEFAULT_MODEL

if TYPE_CHECKING:
    from vecstack.fitting.goal import Goal
    from vecstack.pictures.read import Picture

AUTO = "auto"  # in place of a model's name: the one that suits the picture
SMALL_PX = 64  # long side of the largest picture that counts as a small bitmap


@dataclass(frozen=True)
class Choice:
    """The name of a model that suits a picture, and why, in words that can stand in parentheses."""

    name: str
    reason: str


def choose_model(
    picture: Picture, effort: str | float, layers: int | None = None, detail: Goal | None = None
) -> Choice:
    """The model for a picture, an effort, and a number of layers or a goal, if one is asked for: the first rule that
    fits. No rule looks for handwriting."""
    size = f"{picture.width} x {picture.height} px"
    if effort == SKETCH:
        return Choice(DEFAULT_MODEL, f"a sketch of {size}, as predicted")
    if max(picture.width, picture.height) <= SMALL_PX:
        return Choice("splines", f"a small bitmap of {size}")
    if picture.alpha is not None:
        return Choice("paths", f"a transparent picture of {size}")
    if detail is not None and detail.budget_bytes is not None:
        return Choice("paths", f"a budget of {detail.budget_bytes:,} bytes, in which a net would not pay")
    if layers is not None or detail is not None:
        return Choice("paths", f"{size}: of all layers, paths draw most with as many")
    return Choice(DEFAULT_MODEL, f"a picture of {size}")
