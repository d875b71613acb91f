"""vecstack evaluate: how close a model comes to pictures."""

from __future__ import annotations

import csv
import io
import json
import os
import re
import sys
import textwrap
from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, BinaryIO

import typer

from vecstack.atomic import atomic_writer, check_writable
from vecstack.cli.arguments import AsJson, Device, Overwrite, Quiet
from vecstack.errors import ExportError, UsageError

if TYPE_CHECKING:
    from vecstack.train.evaluate import Score, Subject

LAYER_COUNTS = (1, 2, 5, 10, 20)  # measured if not said otherwise, and the count that the model was trained to give
PARTS = ("held-out", "training", "all")
SUFFIXES = {".png", ".jpg", ".jpeg", ".webp", ".bmp"}  # of vecstack.train.data, which is not imported for a help text
TRAINING_SUFFIXES = {".safetensors", ".toml", ".pt", ".jsonl"}  # of the files in a training's folder
BAD_NAMED = 5  # pictures that cannot be read and are named; the rest are counted
WIDTH = 100  # columns of a table that does not go to a terminal
PLOT_INCHES, PLOT_DPI = (9.0, 3.6), 150
TITLE_LETTERS = 110  # of a line above the plot, which is as wide as it
# How each column of a table is headed, and how its values are written.
COLUMNS = {
    "layers": "{layers}",
    "numbers": "{numbers:,}",
    "PSNR of the mean error": "{psnr_of_mean_error:.2f} dB",
    "mean PSNR": "{mean_psnr:.2f} dB",
    "SSIM": "{ssim:.4f}",
    "mean absolute error": "{mean_absolute_error:.4f}",
}


@dataclass(frozen=True)
class Report:
    """What was measured: the model and the sha256 of its weights; the part of the pictures, their count, their side and
    the one they were reduced from, and the side of SSIM's window, in pixels; the scores."""

    model: str
    sha256: str
    part: str
    pictures: int
    side: int
    stored_side: int
    ssim_window: int
    scores: Sequence[Score]


def run(
    model: Annotated[
        str,
        typer.Argument(metavar="MODEL", help="A shipped model, a weights file, a training's folder, or REPO@REV."),
    ],
    data: Annotated[
        list[Path], typer.Option("--data", metavar="PATH", help="A folder, zip or tar of pictures; repeat for more.")
    ],
    layers: Annotated[
        str | None,
        typer.Option(
            "--layers", metavar="N,N...", help="Counts of layers; 1, 2, 5, 10, 20 and the model's own if not given."
        ),
    ] = None,
    part: Annotated[
        str,
        typer.Option(
            "--part",
            metavar="PART",
            help="held-out (what training leaves out, given the same data), training or all.",
        ),
    ] = "held-out",
    limit: Annotated[
        int | None, typer.Option("--limit", metavar="N", help="Measure no more than N pictures, evenly chosen.")
    ] = None,
    side: Annotated[
        int | None,
        typer.Option(
            "--side",
            metavar="PX",
            help="Reduce pictures to this side by a box filter, instead of as the recipe beside the weights says.",
        ),
    ] = None,
    as_json: AsJson = False,
    csv_file: Annotated[Path | None, typer.Option("--csv", metavar="FILE", help="Write the figures as CSV.")] = None,
    markdown_file: Annotated[
        Path | None, typer.Option("--markdown", metavar="FILE", help="Write them as a table in Markdown.")
    ] = None,
    plot_file: Annotated[
        Path | None,
        typer.Option("--plot", metavar="FILE.png", help="Draw them against the layers (needs the extra `plots`)."),
    ] = None,
    overwrite: Overwrite = False,
    device: Device = "auto",
    quiet: Quiet = False,
) -> None:
    """Measure how close a model comes to pictures: PSNR, SSIM and L1 by count of layers."""
    counts = None if layers is None else parse_counts(layers)
    _check_options(part, limit)
    files: list[tuple[Path, Callable[[Report, BinaryIO], None]]] = [
        (path, write)
        for path, write in ((csv_file, _write_csv), (markdown_file, _write_markdown), (plot_file, _write_plot))
        if path is not None
    ]
    _check_files([path for path, _ in files], Path(model), data, overwrite)
    if plot_file is not None:
        _check_plot(plot_file)
    from vecstack.device import resolve_device
    from vecstack.train.evaluate import data_beside, load_part, load_subject, ssim_window
    from vecstack.train.recipe import MAX_DATA_SIDE, DataRecipe

    if side is not None and not 1 <= side <= MAX_DATA_SIDE:
        raise UsageError(f"--side must be 1 to {MAX_DATA_SIDE}, not {side}.")
    subject = load_subject(model, device)
    counts = choose_counts(subject, counts)
    fixed = side or subject.side
    recipe = (None if side else data_beside(model)) or DataRecipe(side=fixed, stored_side=fixed)

    def say(message: str) -> None:
        if not quiet:
            typer.echo(message, err=True)

    bad: list[str] = []
    pictures = load_part(data, part, recipe, limit, bad.append)
    for line in bad[:BAD_NAMED]:
        say(f"left out: {line}")
    if len(bad) > BAD_NAMED:
        say(f"left out: {len(bad) - BAD_NAMED:,} more that cannot be read")
    say(f"measuring {len(pictures):,} pictures of {recipe.side} px")
    report = Report(
        subject.name,
        subject.sha256,
        part,
        len(pictures),
        recipe.side,
        recipe.stored_side,
        ssim_window(recipe.side),
        subject.scores(pictures.to(resolve_device(device)), counts),
    )
    if as_json:
        typer.echo(json.dumps(asdict(report), indent=2))
    else:
        _print_table(report)
    for path, write in files:
        with atomic_writer(path, overwrite=overwrite) as file:
            write(report, file)


def parse_counts(text: str) -> list[int]:
    """Counts of layers written 1,2,5, each once, fewest first. Raises UsageError."""
    if not re.fullmatch(r"[0-9]{1,9}(,[0-9]{1,9})*", text):
        raise UsageError(f"--layers {text}: write it as counts with commas between, for example 1,2,5.")
    return sorted({int(count) for count in text.split(",")})


def choose_counts(subject: Subject, counts: list[int] | None) -> list[int]:
    """The counts of layers to measure, of a model without layers none. Raises UsageError."""
    from vecstack.train.evaluate import check_layers

    if not subject.layers:
        if counts is not None:
            raise UsageError(f"{subject.name} draws without layers. Leave --layers out.")
        return []
    if counts is None:
        return sorted({count for count in (*LAYER_COUNTS, subject.layers) if count <= subject.layers})
    check_layers(counts, subject.layers)
    return counts


def _check_options(part: str, limit: int | None) -> None:
    """Raise UsageError for values that cannot be meant."""
    if part not in PARTS:
        raise UsageError(f"--part must be {', '.join(PARTS)}, not {part}.")
    if limit is not None and limit < 1:
        raise UsageError(f"--limit must be 1 or more, not {limit}.")


def _check_files(paths: Sequence[Path], model: Path, data: Sequence[Path], overwrite: bool) -> None:
    """Raise ExportError for a file that cannot or must not be written, UsageError for one named twice."""
    places = [Path(os.path.realpath(path)) for path in paths]
    for path, place in zip(paths, places, strict=True):
        if places.count(place) > 1:
            raise UsageError(f"{path} is named for several outputs. Give each a file of its own.")
        check_writable(path, overwrite=overwrite)
        if place.exists() and (
            _is_of(place, model, TRAINING_SUFFIXES) or any(_is_of(place, d, SUFFIXES) for d in data)
        ):
            raise ExportError(f"{path} is an input. Give another name.")


def _is_of(place: Path, source: Path, suffixes: set[str]) -> bool:
    """Whether a file is a source or, by its suffix, part of one that is a folder."""
    real = Path(os.path.realpath(source))
    return place == real or (real in place.parents and place.suffix.lower() in suffixes)


def _check_plot(path: Path) -> None:
    """Raise UsageError for a plot that is not a PNG, ExportError where there is nothing to draw it with."""
    if path.suffix.lower() != ".png":
        raise UsageError(f"--plot {path}: a plot is a PNG. Give a name that ends in .png.")
    try:
        import matplotlib  # noqa: F401
    except ImportError as error:
        raise ExportError("--plot needs matplotlib: pip install 'vecstack[plots]'.") from error


# --- outputs ---------------------------------------------------------------------------------------------------------


def _caption(report: Report) -> str:
    """What the figures are of, which no figure should go without."""
    part = {"all": "pictures, held out and trained on alike,", "training": "pictures of the training part"}
    what = part.get(report.part, "held-out pictures")
    reduced = f", reduced from {report.stored_side} px" if report.stored_side != report.side else ""
    return (
        f"{report.model} ({report.sha256:.12}): {report.pictures:,} {what} of {report.side} px{reduced}; "
        f"SSIM over windows of {report.ssim_window} px"
    )


def _rows(report: Report) -> list[list[str]]:
    """The cells of a table, a row for each score."""
    return [[cell.format(**score.to_json()) for cell in COLUMNS.values()] for score in report.scores]


def _print_table(report: Report) -> None:
    from rich.console import Console
    from rich.table import Table

    table = Table()
    for heading in COLUMNS:
        table.add_column(heading, justify="right")
    for row in _rows(report):
        table.add_row(*row)
    console = Console(width=None if sys.stdout.isatty() else WIDTH)
    console.print(_caption(report), highlight=False, markup=False, soft_wrap=True)
    console.print(table)


def _write_markdown(report: Report, file: BinaryIO) -> None:
    lines = [list(COLUMNS), ["---:"] * len(COLUMNS), *_rows(report)]
    table = "".join(f"| {' | '.join(line)} |\n" for line in lines)
    file.write(f"{_caption(report)}.\n\n{table}".encode())


def _write_csv(report: Report, file: BinaryIO) -> None:
    """A row for each score, with all that it was measured on."""
    measured = {key: value for key, value in asdict(report).items() if key != "scores"}
    rows: list[dict[str, Any]] = [measured | score.to_json() for score in report.scores]
    text = io.StringIO()
    writer = csv.DictWriter(text, list(rows[0]), lineterminator="\n")
    writer.writeheader()
    writer.writerows(rows)
    file.write(text.getvalue().encode())


def _write_plot(report: Report, file: BinaryIO) -> None:
    """PSNR and SSIM against the count of layers, side by side, as a PNG."""
    from matplotlib.figure import Figure
    from matplotlib.ticker import MaxNLocator

    figure = Figure(PLOT_INCHES, PLOT_DPI, layout="constrained")
    figure.suptitle(textwrap.fill(_caption(report), TITLE_LETTERS), fontsize="small", parse_math=False)
    psnr, ssim = figure.subplots(1, 2)
    counts = [score.layers for score in report.scores]
    psnr.plot(counts, [score.psnr_of_mean_error for score in report.scores], "o-", label="of the mean error")
    psnr.plot(counts, [score.mean_psnr for score in report.scores], "s--", label="mean over pictures")
    psnr.set_ylabel("PSNR in dB")
    psnr.legend()
    ssim.plot(counts, [score.ssim for score in report.scores], "o-")
    ssim.set_ylabel("SSIM")
    for axes in (psnr, ssim):
        axes.set_xlabel("layers")
        axes.xaxis.set_major_locator(MaxNLocator(integer=True))
        axes.grid(alpha=0.3)
    figure.savefig(file, format="png")
