"""Arguments that several commands share, so that they read and mean the same everywhere."""

from __future__ import annotations

import re
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Annotated

import typer

from vecstack.errors import UsageError

Inputs = Annotated[
    list[str], typer.Argument(metavar="INPUT...", help="Files, folders, globs, - (standard input) or @list.txt.")
]
Output = Annotated[
    str | None,
    typer.Option(
        "-o", "--output", metavar="OUT", help="A file, a folder for several inputs, or - for standard output."
    ),
]
Overwrite = Annotated[bool, typer.Option("--overwrite", help="Replace outputs that exist.")]
SkipExisting = Annotated[bool, typer.Option("--skip-existing", help="Leave inputs alone whose output exists.")]
Device = Annotated[str, typer.Option("--device", metavar="DEVICE", help="auto, cpu, cuda or cuda:1.")]
Quiet = Annotated[bool, typer.Option("-q", "--quiet", help="Say nothing but errors.")]
AsJson = Annotated[bool, typer.Option("--json", help="Print one JSON document.")]
Background = Annotated[
    str,
    typer.Option("--background", metavar="COLOR", help="Shows where a picture is transparent: #rrggbb or a CSS name."),
]
Psnr = Annotated[float | None, typer.Option("--psnr", metavar="DB", help="Add detail up to this PSNR.")]
Budget = Annotated[
    str | None,
    typer.Option("--budget", metavar="SIZE", help="Add detail up to this size of the file, such as 20kB; compacted."),
]
Prune = Annotated[bool, typer.Option("--prune", help="Drop and merge layers that hardly show.")]
Compact = Annotated[bool, typer.Option("--compact", help="Keep as few digits as hardly shows.")]
Tolerance = Annotated[
    float,
    typer.Option(
        "--tolerance", metavar="N", help="What --prune and --compact may each change: root mean square, in 1/255."
    ),
]


def parse_effort(text: str, option: str) -> str | float:
    """An effort by name, or a number of seconds. Raises UsageError, which names the option."""
    from vecstack.fitting.refine import check_effort

    try:
        effort: str | float = float(text)
    except ValueError:
        effort = text
    with _named(option):
        check_effort(effort)
    return effort


def parse_bytes(text: str | None) -> int | None:
    """A size such as 20kB, 1.5MB, 64KiB or 20000, in bytes; None for None. Raises UsageError."""
    if text is None:
        return None
    match = re.fullmatch(r"([0-9]{1,15}(?:\.[0-9]{1,15})?) *(?:([kKMG])(i?))?[bB]?", text.strip())
    if match is None:
        raise UsageError(f"--budget {text!r:.40} is not a size. Write it as 20kB, 1.5MB or 20000.")
    power = "_kmg".index(match[2].lower()) if match[2] else 0
    unit: int = (1024 if match[3] else 1000) ** power
    return round(float(match[1]) * unit)


def parse_color(text: str, option: str) -> tuple[float, float, float]:
    """A colour written #rrggbb, #rgb or by its CSS name, as sRGB in 0..1. Raises UsageError, which names the option."""
    from vecstack.color import to_color

    with _named(option):
        return to_color(text)


@contextmanager
def _named(option: str) -> Iterator[None]:
    """Puts the option before what is wrong with its value, in the place of the parameter's name."""
    try:
        yield
    except UsageError as error:
        text = str(error)
        if error.parameter is not None and text.startswith(error.parameter):
            raise UsageError(option + text.removeprefix(error.parameter)) from error
        raise UsageError(f"{option}: {text}") from error
