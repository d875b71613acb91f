"""Arguments that several commands share, so that they read and mean the same everywhere."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Annotated

import typer

from vecstack.errors import UsageError
from vecstack.fitting.effort import EFFORTS, check_effort

Inputs = Annotated[
    list[str],
    typer.Argument(metavar="INPUT", help="Files, folders, globs, - (standard input) or @list.txt (a path per line)."),
]
Output = Annotated[
    str | None,
    typer.Option(
        "-o", "--output", metavar="OUT", help="Output file, folder (for several inputs) or - (standard output)."
    ),
]
Overwrite = Annotated[bool, typer.Option("--overwrite", help="Replace existing outputs.")]
SkipExisting = Annotated[
    bool,
    typer.Option(
        "--skip-existing", help="Skip inputs whose output exists, if no manifest says that it is out of date."
    ),
]
Resume = Annotated[
    bool,
    typer.Option("--resume", help="Go on with a run: skip what its manifest says is made of the same in the same way."),
]
Update = Annotated[bool, typer.Option("--update", help="The same, and make anew what is older than its input.")]
Device = Annotated[
    str,
    typer.Option(
        "--device", metavar="DEVICE", help="Where to compute: auto, cpu, cuda or cuda:N; several as cuda:0,cuda:1."
    ),
]
Quiet = Annotated[bool, typer.Option("-q", "--quiet", help="Print errors only.")]
AsJson = Annotated[bool, typer.Option("--json", help="Print JSON.")]
MaxPixels = Annotated[
    float | None,
    typer.Option("--max-pixels", metavar="MP", help="Largest picture that is read, in megapixels (default 200)."),
]
Background = Annotated[
    str | None,
    typer.Option(
        "--background",
        metavar="COLOR",
        help="Colour behind transparent pixels, where layers are not transparent: #rrggbb or a CSS name.",
    ),
]
Effort = Annotated[
    str,
    typer.Option("--effort", metavar="EFFORT", help="How much is fitted: fast, good, best or a number of seconds."),
]
Scale = Annotated[float | None, typer.Option("--scale", metavar="X", help="Enlarge by this factor.")]
Data = Annotated[
    list[Path],
    typer.Option("--data", metavar="PATH", help="Folder, zip or tar of pictures; repeat the option for several."),
]
Psnr = Annotated[float | None, typer.Option("--psnr", metavar="DB", help="Add detail until this PSNR is reached.")]
Budget = Annotated[
    str | None,
    typer.Option("--budget", metavar="SIZE", help="Add detail up to this size of the compacted file, such as 20kB."),
]
Prune = Annotated[bool, typer.Option("--prune", help="Remove or merge layers that hardly change the picture.")]
Compact = Annotated[bool, typer.Option("--compact", help="Round numbers as far as the picture hardly changes.")]
Assets = Annotated[
    str | None,
    typer.Option("--assets", metavar="DIR", help="Share nets in this folder, instead of one within each layer file."),
]
Seed = Annotated[int, typer.Option("--seed", metavar="N", help="Random seed: the same seed gives the same file.")]
Tolerance = Annotated[
    float | None,
    typer.Option(
        "--tolerance",
        metavar="N",
        help="Largest RMS change allowed to --prune and to --compact, in 1/255 (default 0.5).",
    ),
]

Model = Annotated[
    str,
    typer.Option(
        "--model",
        metavar="NAME|PATH|REPO@REV",
        help="A shipped model, a weights file, a Hub repository, or auto, which chooses by the picture.",
    ),
]
PixelArt = Annotated[
    bool, typer.Option("--pixel-art", help="Each pixel counts (model pixel-art): steps become smooth outlines.")
]
Blocks = Annotated[bool, typer.Option("--blocks", help="The same with pixels as crisp squares.")]
Sharp = Annotated[
    bool, typer.Option("--sharp", help="No soft edges, of model bitmap: handwriting becomes smooth outlines.")
]
Colors = Annotated[
    int | None,
    typer.Option("--colors", metavar="N", help="At most so many colours, of models graphic and pixel-art."),
]
Palette = Annotated[
    Path | None,
    typer.Option(
        "--palette",
        metavar="FILE",
        help="Colours of a file only, of these models: a PNG, a GIMP palette or a text with one colour per line.",
    ),
]
Smooth = Annotated[
    float | None,
    typer.Option(
        "--smooth",
        metavar="PX",
        help="Tolerance of outlines: how far they may be off to have fewer nodes, in pixels, of model graphic.",
    ),
]
Nodes = Annotated[
    int | None,
    typer.Option(
        "--nodes",
        metavar="N",
        help="At most so many nodes in all, of models graphic and bitmap: with the least --smooth that does it.",
    ),
]
Opaque = Annotated[
    bool,
    typer.Option(
        "--opaque",
        help="Fit layers none of which is translucent (cutters, screen print), of paths, graphic and bitmap.",
    ),
]


def devices_in(text: str) -> tuple[str, ...]:
    """The devices in a list such as cuda:0,cuda:1."""
    return tuple(name.strip() for name in text.split(","))


def parse_effort(text: str, names: Sequence[str] = EFFORTS) -> str | float:
    """An effort: one of the names, or a number of seconds. Raises UsageError, which names the option."""
    try:
        effort: str | float = float(text)
    except ValueError:
        effort = text
    with _named("--effort"):
        check_effort(effort, names)
    return effort


def parse_bytes(text: str | None, option: str) -> int | None:
    """The bytes of a size such as 20kB, 1.5MB, 64KiB or 20000; None for None. Raises UsageError, which names the
    option."""
    if text is None:
        return None
    match = re.fullmatch(r"([0-9]{1,15}(?:\.[0-9]{1,15})?) *(?:([kKMG])(i?))?[bB]?", text.strip())
    if match is None:
        raise UsageError(f"{option} must be a size such as 20kB, 1.5MB or 20000, not {text!r:.40}.")
    power = "_kmg".index(match[2].lower()) if match[2] else 0
    unit: int = (1024 if match[3] else 1000) ** power
    return round(float(match[1]) * unit)


def parse_color(text: str, option: str) -> tuple[float, float, float]:
    """A colour written as #rrggbb, #rgb or a CSS name, as sRGB in 0..1. Raises UsageError, which names the option."""
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
