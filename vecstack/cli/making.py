"""Shared by the commands that make stacks of pictures: which model, and what is asked of it, of paintings too."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable
from dataclasses import dataclass
from functools import cache, partial
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, cast

import typer

from vecstack.batch.items import Item, Report
from vecstack.cli.arguments import parse_color
from vecstack.cli.items import name_of, picture_in
from vecstack.cli.tuning import show_psnr
from vecstack.color import Color
from vecstack.errors import UsageError
from vecstack.fitting.choose import AUTO, Choice, choose_model
from vecstack.fitting.goal import Goal, check_count
from vecstack.kinds.base import FREE, NO_GROUND, TONED, Style
from vecstack.models import painting_styles

if TYPE_CHECKING:
    from vecstack.pictures.read import Picture
    from vecstack.stack import Stack

Make = Callable[[Item, Report], "Stack"]

PIXEL_ART = "pixel-art"  # the model that --pixel-art and --blocks ask for

# Of paintings: how many strokes, in which style, how they are, and what is under them
Strokes = Annotated[
    int | None,
    typer.Option("--strokes", metavar="N", help="Paint with N strokes (painterly, unless --style says otherwise)."),
]
PaintingStyle = Annotated[
    str | None,
    typer.Option("--style", metavar="NAME", help="Paint, in a style: painterly, realistic, abstract, expressionist."),
]
Ground = Annotated[
    str | None,
    typer.Option(
        "--ground",
        metavar="COLOR|toned|none",
        help="What is under the strokes: a color, the picture's mean (toned), or nothing (none: transparent).",
    ),
]
Radii = Annotated[
    str | None,
    typer.Option("--radii", metavar="LEAST:GREATEST", help="Radii of strokes, in pixels of the picture, such as 2:30."),
]
Length = Annotated[
    float | None, typer.Option("--length", metavar="RATIO", help="Strokes are at least so many times as long as wide.")
]
Opacity = Annotated[
    str | None,
    typer.Option("--opacity", metavar="0..1|free", help="The opacity of all strokes, or free: each has its own."),
]


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
            if is_lost and self.background is None and self.style.ground is None:
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


def painting_model(
    model: str, style: str | None, strokes: int | None, layers: int | None, *, is_asked_for: bool
) -> str:
    """The model that options of paintings ask for, beside one that is asked for or AUTO; the usual one where there are
    others (`is_asked_for`). Raises UsageError: two models, no such style, strokes of what is no painting, a number of
    strokes that cannot be, or beside one of layers."""
    styles = painting_styles()
    if style is not None and style not in styles:
        raise UsageError(f"--style must be one of {', '.join(styles)}, not {style!r:.40}.")
    if style is not None and model not in (AUTO, style):
        raise UsageError(f"--style asks for model {style}, and another option for {model}; leave one out.")
    model = style or model
    if strokes is not None:
        check_count(strokes, "strokes")
        if layers is not None:
            raise UsageError("--strokes and --layers say the same of a painting; leave one out.")
        if model not in (AUTO, *styles):
            raise UsageError(f"--strokes is for paintings, and not for {model}; use --layers, or --style {styles[0]}.")
    is_painted = is_asked_for or strokes is not None
    return styles[0] if model == AUTO and is_painted else model


def as_painted(style: Style, ground: str | None, radii: str | None, length: float | None, opacity: str | None) -> Style:
    """A style with what options ask of paintings. Raises UsageError."""
    color = ground if ground in (None, TONED, NO_GROUND) else parse_color(ground, "--ground")
    pair = None if radii is None else cast(tuple[float, float], _numbers("--radii", radii.split(":"), 2, "2:30"))
    own = (
        None
        if opacity is None
        else FREE
        if opacity == FREE
        else _numbers("--opacity", [opacity], 1, f"0.8 or {FREE}")[0]
    )
    return dataclasses.replace(style, ground=color, radii=pair, length=length, opacity=own)


def _numbers(option: str, texts: list[str], count: int, example: str) -> tuple[float, ...]:
    """The numbers of an option. Raises UsageError where they are none, or not so many."""
    try:
        numbers = tuple(map(float, texts))
    except ValueError:
        numbers = ()
    if len(numbers) != count:
        raise UsageError(f"{option} must be such as {example}, not {':'.join(texts)!r:.40}.")
    return numbers


def _told_of_ground(picture: Picture) -> str:
    """What is said of a transparent picture whose layers are not."""
    ground = "white" if any(picture.ground) else "black"
    return f"transparent pixels become {ground}; --background chooses another color, --model paths keeps them"


def _chosen(choice: Choice, item: Item, report: Report) -> str:
    """The name of the model that suits an item's picture, which the user is told, and why."""
    report.say(f"{name_of(item.source)}: {choice.name} ({choice.reason})")
    return choice.name
