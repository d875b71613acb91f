"""Shared by the commands that make stacks of pictures: which model, and what is asked of it."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import cache, partial
from pathlib import Path
from typing import TYPE_CHECKING

from vecstack.batch.items import Item, Report
from vecstack.cli.items import name_of, picture_in
from vecstack.cli.tuning import show_psnr
from vecstack.color import Color
from vecstack.errors import UsageError
from vecstack.fitting.choose import AUTO, Choice, choose_model
from vecstack.fitting.goal import Goal
from vecstack.kinds.base import Style

if TYPE_CHECKING:
    from vecstack.pictures.read import Picture
    from vecstack.stack import Stack

Make = Callable[[Item, Report], "Stack"]

PIXEL_ART = "pixel-art"  # the model that --pixel-art and --blocks ask for


@dataclass(frozen=True)
class Making:
    """How pictures become stacks: what is asked of vecstack.decompose, and whether the model that is chosen is told."""

    model: str
    effort: str | float
    style: Style
    seed: int
    device: str
    max_pixels: float | None = None
    layers: int | None = None
    detail: Goal | None = None
    background: Color | None = None
    segments: str | None = None
    focus: str | None = None
    simplify: str | None = None

    def maker(self) -> Make:
        """What makes the stack of an item's picture. Raises WeightsError, DeviceError, UsageError: what is wrong with
        the model, the device and who is to find parts is wrong for all pictures."""
        from vecstack.device import resolve_device
        from vecstack.fitting.decompose import decompose
        from vecstack.fitting.guide import check_sources
        from vecstack.models import load_model

        is_guided = any(wish is not None for wish in (self.segments, self.focus, self.simplify))
        choose = partial(
            choose_model,
            effort=self.effort,
            layers=self.layers,
            detail=self.detail,
            is_guided=is_guided,
            is_opaque=self.style.opaque,
        )
        opened = cache(partial(load_model, device=self.device))
        resolve_device(self.device)
        check_sources(self.segments, self.focus, self.simplify)
        if self.model != AUTO:
            opened(self.model)

        def make(item: Item, report: Report) -> Stack:
            picture = picture_in(item.source, self.max_pixels, fitted=True)
            name = self.model if self.model != AUTO else _chosen(choose(picture), item, report)
            stack = decompose(
                picture,
                opened(name),
                self.layers,
                effort=self.effort,
                detail=self.detail,
                background=self.background,
                style=self.style,
                segments=self.segments,
                focus=self.focus,
                simplify=self.simplify,
                seed=self.seed,
                device=self.device,
                report=show_psnr(report),
            )
            is_lost = picture.alpha is not None and not stack.canvas.transparent
            if is_lost and self.background is None:
                report.say(f"{name_of(item.source)}: {_told_of_ground(picture)}")
            return stack

        return make


def model_of(model: str, pixel_art: bool, blocks: bool) -> str:
    """The model that options ask for. Raises UsageError for two."""
    if not pixel_art and not blocks:
        return model
    if model not in (AUTO, PIXEL_ART):
        option = "--pixel-art" if pixel_art else "--blocks"
        raise UsageError(f"{option} asks for model {PIXEL_ART}, and --model for {model}; leave one out.")
    return PIXEL_ART


def style_of(
    colors: int | None,
    palette: Path | None,
    smooth: float | None,
    nodes: int | None,
    blocks: bool,
    sharp: bool,
    opaque: bool = False,
) -> Style:
    """The style that options ask for. Raises UsageError, RecipeError (a palette that cannot be read)."""
    from vecstack.editing.palette import load_palette

    chosen = None if palette is None else load_palette(palette)
    return Style(colors, chosen, smooth, blocks, sharp, opaque, nodes)


def _told_of_ground(picture: Picture) -> str:
    """What is said of a transparent picture whose layers are not."""
    ground = "white" if any(picture.ground) else "black"
    return f"transparent pixels become {ground}; --background chooses another color, --effort fast keeps them"


def _chosen(choice: Choice, item: Item, report: Report) -> str:
    """The name of the model that suits an item's picture, which the user is told, and why."""
    report.say(f"{name_of(item.source)}: {choice.name} ({choice.reason})")
    return choice.name
