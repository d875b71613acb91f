"""The options of paintings: how many strokes, in which style, how they are, and what is under them."""

from __future__ import annotations

import dataclasses
from typing import Annotated, cast

import typer

from vecstack.cli.arguments import parse_color
from vecstack.errors import UsageError
from vecstack.fitting.choose import AUTO
from vecstack.fitting.goal import check_count
from vecstack.kinds.base import FREE, NO_GROUND, TONED, Style
from vecstack.models import painting_styles

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
