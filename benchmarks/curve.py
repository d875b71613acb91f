"""Where a training curve leads: `python benchmarks/curve.py RUN --layers 20 --before 137600 --to 19e6`.

RUN is a folder of `vecstack train`. The held-out error is taken for a power law of the pictures seen (those of earlier
trainings, --before, among them), so that its PSNR is a straight line over their logarithm, fitted by least squares to
the part of the log after --from. Printed is the line, and what it says of --to pictures with its standard error, which
knows of the noise around the line and not of what a learning rate that falls, or a model that is too small, will do.
How well such lines hold is told by another one, fitted to the first half of the pictures alone, beside what the second
half brought."""

from __future__ import annotations

import argparse
import json
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from _common import print_markdown

from vecstack.train.checkpoint import LOG
from vecstack.train.recipe import load_recipe


@dataclass(frozen=True)
class Line:
    """PSNR (dB) over log10 of the pictures seen: intercept, slope, and their covariance."""

    values: np.ndarray
    covariance: np.ndarray

    def at(self, pictures: float) -> tuple[float, float]:
        """dB, and its standard error."""
        row = np.array([1.0, np.log10(pictures)])
        return float(row @ self.values), float(np.sqrt(row @ self.covariance @ row))


def fitted(pictures: np.ndarray, psnr: np.ndarray) -> Line:
    """The line of least squares through [N] points, three or more."""
    rows = np.stack([np.ones(len(pictures)), np.log10(pictures)], 1)
    values = np.linalg.lstsq(rows, psnr, rcond=None)[0]
    variance = np.square(psnr - rows @ values).sum() / (len(rows) - 2)
    return Line(values, variance * np.linalg.inv(rows.T @ rows))


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("run", type=Path, help="folder of a training: its log and recipe")
    parser.add_argument("--layers", type=int, required=True, help="the count of layers whose curve it is")
    parser.add_argument("--before", type=float, default=0, metavar="N", help="pictures seen in earlier trainings")
    parser.add_argument(
        "--from", dest="first", type=float, default=0, metavar="N", help="pictures of this run left out"
    )
    parser.add_argument("--to", type=float, nargs="+", required=True, metavar="N", help="pictures to extrapolate to")
    arguments = parser.parse_args()
    batch = load_recipe(arguments.run / "recipe.toml").batch
    log = [json.loads(line) for line in (arguments.run / LOG).read_text(encoding="utf-8").splitlines()]
    seen = np.array([entry["step"] * batch for entry in log], float)
    kept = seen >= arguments.first
    pictures = (seen + arguments.before)[kept]
    psnr = np.array([entry["psnr"][str(arguments.layers)] for entry in log])[kept]
    line, half = fitted(pictures, psnr), len(pictures) // 2
    early = fitted(pictures[:half], psnr[:half])
    rows = [("each ten times as many", f"{line.values[1]:+.2f}", f"{line.covariance[1, 1] ** 0.5:.2f}")]
    rows += [(f"at {count:,.0f}", *(f"{value:.2f}" for value in line.at(count))) for count in arguments.to]
    rows.append((f"at {pictures[-1]:,.0f}, by the first half", *(f"{value:.2f}" for value in early.at(pictures[-1]))))
    rows.append((f"at {pictures[-1]:,.0f}, measured (mean of five)", f"{psnr[-5:].mean():.2f}", ""))
    print_markdown(f"{arguments.run.name}, {arguments.layers} layers", ("pictures seen", "dB", "error"), rows)


if __name__ == "__main__":
    main()
