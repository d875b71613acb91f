"""What opaque paths cost: photos of scikit-image as so many paths, free and with `--opaque`. PSNR in dB, CPU seconds.

    python benchmarks/opaque.py --layers 64 256

Needs the extra `benchmarks`."""

from __future__ import annotations

import argparse
import time

import numpy as np
from _common import print_markdown
from skimage import data

import vecstack
from vecstack.fitting.target import psnr_of
from vecstack.kinds.base import Style

PHOTOS = ("astronaut", "coffee", "chelsea")


def measured(pixels: np.ndarray, layers: int, style: Style) -> list[str]:
    """PSNR and CPU seconds of a photo as so many paths."""
    began = time.process_time()
    stack = vecstack.decompose(pixels, "paths", layers, style=style)
    seconds = time.process_time() - began
    missing = (vecstack.render(stack, max(pixels.shape[:2]))[..., :3].astype(float) - pixels) / 255
    return [f"{psnr_of(float(np.square(missing).mean())):.2f}", f"{seconds:.1f}"]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--layers", type=int, nargs="+", default=[64, 256], metavar="N")
    rows = []
    for layers in parser.parse_args().layers:
        for name in PHOTOS:
            pixels = getattr(data, name)()
            figures = [figure for style in (Style(), Style(opaque=True)) for figure in measured(pixels, layers, style)]
            rows.append([name, str(layers), *figures])
    print_markdown("Opaque paths", ("photo", "paths", "free, dB", "CPU s", "opaque, dB", "CPU s"), rows)


if __name__ == "__main__":
    main()
