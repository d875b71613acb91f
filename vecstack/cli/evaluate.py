"""vecstack evaluate: how close a model comes to pictures."""

from __future__ import annotations

import json
import os
import re
import sys
from collections.abc import Sequence
from collections.abc import Set as AbstractSet
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from vecstack.atomic import atomic_writer, check_writable
from vecstack.cli.arguments import AsJson, Data, Device, Overwrite, Quiet
from vecstack.errors import ExportError, UsageError
from vecstack.pictures.suffixes import SUFFIXES

if TYPE_CHECKING:
    from vecstack.train.evaluate import Subject
    from vecstack.train.report import Report

PARTS = ("held-out", "training", "all")
TRAINING_SUFFIXES = {".safetensors", ".toml", ".pt", ".jsonl"}  # of the files in a training's folder
WIDTH = 100  # columns of a table that does not go to a terminal


def run(
    model: Annotated[
        str,
        typer.Argument(metavar="MODEL", help="A shipped model, a weights file, the folder of a training, or REPO@REV."),
    ],
    data: Data,
    layers: Annotated[
        str | None,
        typer.Option(
            "--layers", metavar="N,N...", help="Counts of layers to measure (default: 1, 2, 5, 10, 20 and all)."
        ),
    ] = None,
    part: Annotated[
        str,
        typer.Option(
            "--part",
            metavar="PART",
            help="Which pictures: held-out (not trained on, given the same data), training, or all.",
        ),
    ] = "held-out",
    limit: Annotated[
        int | None,
        typer.Option("--limit", metavar="N", help="Measure at most N pictures, spread evenly over the data."),
    ] = None,
    side: Annotated[
        int | None,
        typer.Option(
            "--side",
            metavar="PX",
            help="Scale pictures down to PX x PX with a box filter, instead of as the recipe beside the weights says.",
        ),
    ] = None,
    as_json: AsJson = False,
    csv_file: Annotated[
        Path | None, typer.Option("--csv", metavar="FILE", help="Also write the figures as CSV.")
    ] = None,
    markdown_file: Annotated[
        Path | None, typer.Option("--markdown", metavar="FILE", help="Also write them as a Markdown table.")
    ] = None,
    plot_file: Annotated[
        Path | None,
        typer.Option("--plot", metavar="FILE.png", help="Also plot them by count of layers (needs the extra `plots`)."),
    ] = None,
    overwrite: Overwrite = False,
    device: Device = "auto",
    quiet: Quiet = False,
) -> None:
    """Measure how closely a model reproduces pictures.

    Prints PSNR, SSIM and mean absolute error (L1) for each count of layers."""
    counts = None if layers is None else parse_counts(layers)
    _check_options(part, limit)
    _check_files([path for path in (csv_file, markdown_file, plot_file) if path], Path(model), data, overwrite)
    if plot_file is not None:
        _check_plot(plot_file)
    from vecstack.device import resolve_device
    from vecstack.train.data import LeftOut
    from vecstack.train.evaluate import data_beside, load_part, load_subject, ssim_window
    from vecstack.train.recipe import MAX_DATA_SIDE, DataRecipe
    from vecstack.train.report import Report, write_csv, write_markdown, write_plot

    if side is not None and not 1 <= side <= MAX_DATA_SIDE:
        raise UsageError(f"--side must be 1 to {MAX_DATA_SIDE}, not {side}.")
    subject = load_subject(model, device)
    counts = choose_counts(subject, counts)
    fixed = side or subject.side
    recipe = (None if side else data_beside(model)) or DataRecipe(side=fixed, stored_side=fixed)

    def say(message: str) -> None:
        if not quiet:
            typer.echo(message, err=True)

    left_out = LeftOut()
    pictures = load_part(data, part, recipe, limit, left_out.bad.append, left_out.others.append)
    for line in left_out.lines():
        say(line)
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
    for path, write in ((csv_file, write_csv), (markdown_file, write_markdown), (plot_file, write_plot)):
        if path is not None:
            with atomic_writer(path, overwrite=overwrite) as file:
                write(report, file)


def parse_counts(text: str) -> list[int]:
    """Counts of layers written 1,2,5, each once, fewest first. Raises UsageError."""
    if not re.fullmatch(r"[0-9]{1,9}(,[0-9]{1,9})*", text):
        raise UsageError(f"--layers {text}: write it as counts with commas between, for example 1,2,5.")
    return sorted({int(count) for count in text.split(",")})


def choose_counts(subject: Subject, counts: list[int] | None) -> list[int]:
    """The counts of layers to measure, of a model without layers none. Raises UsageError."""
    from vecstack.train.evaluate import check_layers, counts_up_to

    if not subject.layers:
        if counts is not None:
            raise UsageError(f"{subject.name} draws without layers. Leave --layers out.")
        return []
    if counts is None:
        return counts_up_to(subject.layers)
    check_layers(counts, subject.layers)
    return counts


def _check_options(part: str, limit: int | None) -> None:
    """Raise UsageError for values out of range."""
    if part not in PARTS:
        raise UsageError(f"--part must be {', '.join(PARTS)}, not {part}.")
    if limit is not None and limit < 1:
        raise UsageError(f"--limit must be 1 or more, not {limit}.")


def _check_files(paths: Sequence[Path], model: Path, data: Sequence[Path], overwrite: bool) -> None:
    """Raise ExportError for a file that cannot or must not be written, UsageError for one named twice."""
    places = [Path(os.path.realpath(path)) for path in paths]
    for path, place in zip(paths, places, strict=True):
        if places.count(place) > 1:
            raise UsageError(f"{path} is named for several outputs. Use a different file for each.")
        check_writable(path, overwrite=overwrite)
        if place.exists() and (
            _is_of(place, model, TRAINING_SUFFIXES) or any(_is_of(place, d, SUFFIXES) for d in data)
        ):
            raise ExportError(f"{path} is an input. Choose another name.")


def _is_of(place: Path, source: Path, suffixes: AbstractSet[str]) -> bool:
    """Whether a file is a source or, by its suffix, part of one that is a folder."""
    real = Path(os.path.realpath(source))
    return place == real or (real in place.parents and place.suffix.lower() in suffixes)


def _check_plot(path: Path) -> None:
    """Raise UsageError for a plot that is not a PNG, ExportError where there is nothing to draw it with."""
    if path.suffix.lower() != ".png":
        raise UsageError(f"--plot {path}: plots are PNG files. Use a name that ends in .png.")
    from vecstack.train.report import check_plots

    check_plots()


def _print_table(report: Report) -> None:
    from rich.console import Console

    from vecstack.train.report import caption, to_table

    console = Console(width=None if sys.stdout.isatty() else WIDTH)
    console.print(caption(report), highlight=False, markup=False, soft_wrap=True)
    console.print(to_table(report))
