"""What reading a picture of 280 megapixels takes, whole and reduced to what layers are fitted to: the most memory, and
seconds of the processor, each in a process of its own. The pictures are made in a temporary folder, and removed.

    python benchmarks/large_reading.py [ENDING]
"""

from __future__ import annotations

import resource
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import imagecodecs
import numpy as np
import tifffile

from vecstack.pictures.read import FITTED_PIXELS, load_picture

WIDTH, HEIGHT = 20_000, 14_000
ENDINGS = ("jpg", "tif", "png", "jp2")


def main() -> None:
    """Print a row for each format."""
    if len(sys.argv) > 2:
        path, enough = Path(sys.argv[1]), int(sys.argv[2])
        read(path, enough) if enough else make(path)
        return
    print("| format | whole: MB | CPU s | reduced: MB | CPU s |")
    print("|---|---|---|---|---|")
    with tempfile.TemporaryDirectory() as folder:
        for ending in sys.argv[1:] or ENDINGS:
            path = Path(folder, f"picture.{ending}")
            _, *taken = [run(path, enough) for enough in (0, WIDTH * HEIGHT, FITTED_PIXELS)]
            print(f"| {ending} | {' | '.join(taken)} |")
            path.unlink()


def make(path: Path) -> None:
    """Write slopes of colour, and an even rectangle."""
    rows, columns = np.arange(HEIGHT)[:, None], np.arange(WIDTH)
    pixels = np.empty((HEIGHT, WIDTH, 3), np.uint8)
    pixels[..., 0], pixels[..., 1] = columns * 250 // WIDTH, rows * 250 // HEIGHT
    pixels[..., 2] = pixels[..., 0] // 2 + pixels[..., 1] // 2
    pixels[HEIGHT // 4 : HEIGHT // 2, WIDTH // 4 : WIDTH // 2] = 200, 40, 30
    if path.suffix == ".tif":
        tifffile.imwrite(path, pixels, photometric="rgb", tile=(256, 256), compression="zlib")
    elif path.suffix == ".jpg":
        path.write_bytes(imagecodecs.jpeg_encode(pixels, level=90))
    elif path.suffix == ".jp2":
        path.write_bytes(imagecodecs.jpeg2k_encode(pixels))
    else:
        path.write_bytes(imagecodecs.png_encode(pixels, level=1))


def run(path: Path, enough: int) -> str:
    """What reading so many pixels takes in a process of its own, as two cells of a row; of 0 the picture is made."""
    command = [sys.executable, __file__, str(path), str(enough)]
    return subprocess.run(command, check=True, capture_output=True, text=True).stdout.strip()


def read(path: Path, enough: int) -> None:
    """Read a picture, and print the memory and the time that it took."""
    began = time.process_time()
    load_picture(path, max_pixels=WIDTH * HEIGHT, enough_pixels=enough)
    seconds = time.process_time() - began
    print(f"{resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024:,.0f} | {seconds:.1f}")


if __name__ == "__main__":
    main()
