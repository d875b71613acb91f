"""Large pictures: what the polish on their own pixels takes, and what it gains (one photo, enlarged, with grain)."""

from __future__ import annotations

import argparse
import subprocess
import sys
import time
from pathlib import Path

import numpy as np
import torch
from skimage import data
from torch.nn.functional import interpolate

from vecstack.color import Color
from vecstack.fitting.grow import growing_kind
from vecstack.fitting.scenes import own_scene, scene_of
from vecstack.fitting.target import psnr_of
from vecstack.kinds.base import Terms
from vecstack.pictures.read import Picture, as_picture
from vecstack.stack import Canvas, Stack

BLACK: Color = (0.0, 0.0, 0.0)
GRAIN = 6.0  # standard deviation of 255


def photo(megapixels: float) -> Picture:
    """The photo at a size."""
    small = torch.from_numpy(data.coffee()).permute(2, 0, 1)[None].float()
    scale = (megapixels * 1e6 / small[0, 0].numel()) ** 0.5
    height, width = (round(side * scale) for side in small.shape[2:])
    large = interpolate(small, (height, width), mode="bicubic")[0].permute(1, 2, 0).numpy()
    for top in range(0, height, 256):
        rows = large[top : top + 256]
        rows += np.random.default_rng(top).normal(0, GRAIN, rows.shape)
    return as_picture(large.clip(0, 255).astype(np.uint8))


def peak_mb(*, is_begun: bool = False) -> float:
    """The most memory that this process had, in MB (Linux), since it was last begun to be counted."""
    if is_begun:
        Path("/proc/self/clear_refs").write_text("5")
    lines = Path("/proc/self/status").read_text().splitlines()
    return next(int(line.split()[1]) / 1024 for line in lines if line.startswith("VmHWM"))


def measure(megapixels: float, layers: int) -> None:
    """Print a row of the table."""
    picture, device, kind = photo(megapixels), torch.device("cpu"), growing_kind()
    assert kind is not None
    stack = Stack(Canvas(picture.width, picture.height))
    start = kind.grower((), scene_of(stack, picture, 0, 0, BLACK, device, 1 << 18), Terms("fast"), device)
    start.grow_to(layers)
    before, began = peak_mb(is_begun=True), time.process_time()
    grower = kind.grower(start.grown().layers, own_scene(stack, picture, 0, BLACK, device), Terms("fast"), device)
    error = grower.error
    grower.tune()
    took, more = time.process_time() - began, peak_mb() - before
    print(
        f"| {megapixels:g} | {picture.pixels.nbytes / 2**20:.0f} | {more:.0f} | {took:.1f} "
        f"| {psnr_of(error):.2f} | {psnr_of(grower.error):.2f} |",
        flush=True,
    )


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--megapixels", type=float, nargs="+", default=[2, 8, 24])
    parser.add_argument("--layers", type=int, default=256)
    chosen = parser.parse_args()
    if len(chosen.megapixels) == 1:
        measure(chosen.megapixels[0], chosen.layers)
        return
    print(
        "| megapixels | picture, MB | polish, MB more | CPU s | PSNR before | after |\n|---|---|---|---|---|---|",
        flush=True,
    )
    for megapixels in chosen.megapixels:  # each in a process of its own, for its own peak
        own = [
            sys.executable,
            "-m",
            "benchmarks.large",
            "--megapixels",
            str(megapixels),
            "--layers",
            str(chosen.layers),
        ]
        subprocess.run(own, check=True)


if __name__ == "__main__":
    main()
