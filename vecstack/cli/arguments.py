"""Arguments that several commands share, so that they read and mean the same everywhere."""

from __future__ import annotations

import re
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


def parse_color(text: str) -> tuple[float, float, float]:
    """A colour written #rrggbb or #rgb, as sRGB in 0..1. Raises UsageError."""
    digits = text.removeprefix("#")
    if re.fullmatch(r"[0-9a-fA-F]{3}", digits):
        digits = "".join(2 * digit for digit in digits)
    if not re.fullmatch(r"[0-9a-fA-F]{6}", digits):
        raise UsageError(f"{text} is not a colour. Write it as #rrggbb, for example #ffffff.")
    red, green, blue = (int(digits[i : i + 2], 16) / 255 for i in (0, 2, 4))
    return red, green, blue
