"""What an evaluation measured, as a table, Markdown, CSV or a plot. No figure goes without what it is of."""

from __future__ import annotations

import csv
import io
import textwrap
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from typing import Any, BinaryIO

from rich.table import Table

from vecstack.errors import ExportError
from vecstack.extras import install
from vecstack.train.evaluate import Score

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


def caption(report: Report) -> str:
    """What the figures are of, which no figure should go without."""
    part = {"all": "pictures, held out and trained on alike,", "training": "pictures of the training part"}
    what = part.get(report.part, "held-out pictures")
    reduced = f", reduced from {report.stored_side} px" if report.stored_side != report.side else ""
    return (
        f"{report.model} ({report.sha256:.12}): {report.pictures:,} {what} of {report.side} px{reduced}; "
        f"SSIM over windows of {report.ssim_window} px"
    )


def rows(report: Report) -> list[list[str]]:
    """The cells of a table, a row for each score."""
    return [[cell.format(**score.to_json()) for cell in COLUMNS.values()] for score in report.scores]


def to_table(report: Report) -> Table:
    """A table for a terminal, without the caption."""
    table = Table()
    for heading in COLUMNS:
        table.add_column(heading, justify="right")
    for row in rows(report):
        table.add_row(*row)
    return table


def write_markdown(report: Report, file: BinaryIO) -> None:
    """The caption and a table."""
    lines = [list(COLUMNS), ["---:"] * len(COLUMNS), *rows(report)]
    table = "".join(f"| {' | '.join(line)} |\n" for line in lines)
    file.write(f"{caption(report)}.\n\n{table}".encode())


def write_csv(report: Report, file: BinaryIO) -> None:
    """A row for each score, with all that it was measured on."""
    measured = {key: value for key, value in asdict(report).items() if key != "scores"}
    records: list[dict[str, Any]] = [measured | score.to_json() for score in report.scores]
    text = io.StringIO()
    writer = csv.DictWriter(text, list(records[0]), lineterminator="\n")
    writer.writeheader()
    writer.writerows(records)
    file.write(text.getvalue().encode())


def check_plots() -> None:
    """Raise ExportError where there is nothing to draw a plot with."""
    try:
        import matplotlib  # noqa: F401
    except ImportError as error:
        raise ExportError(f"A plot needs matplotlib. {install('plots')}") from error


def write_plot(report: Report, file: BinaryIO) -> None:
    """PSNR and SSIM against the count of layers, side by side, as a PNG. Raises ExportError:
    matplotlib is not installed."""
    check_plots()
    from matplotlib.figure import Figure
    from matplotlib.ticker import MaxNLocator

    figure = Figure(PLOT_INCHES, PLOT_DPI, layout="constrained")
    figure.suptitle(textwrap.fill(caption(report), TITLE_LETTERS), fontsize="small", parse_math=False)
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
