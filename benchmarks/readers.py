"""Whether pictures are read as a second program reads them: folders of public test pictures, read by vecstack, pyvips
and ImageMagick, and compared as thumbs of 64 px over black and over white.

    python benchmarks/readers.py FOLDER... [--show]

It needs pyvips with pyvips-binary, and the program `convert` of ImageMagick where a format is none of libvips. What
differs is listed by name, with the largest mean difference of a thumb in levels of 255 from the closer reader; so is
what vecstack refuses and another program reads, with its reason. `--show` lists every file.
"""

from __future__ import annotations

import argparse
import subprocess
from collections import Counter
from pathlib import Path

import numpy as np
import pyvips
from PIL import Image

from vecstack.errors import PictureError
from vecstack.pictures.read import load_picture
from vecstack.pictures.suffixes import SUFFIXES

SIDE_PX = 64
PATIENCE_SECONDS = 60  # with ImageMagick, which ponders some damaged files for minutes
SAME = 3.0  # levels of 255: profiles, chroma and lossy decoders differ by less


def main() -> None:
    """Compare all pictures in the folders."""
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("folders", nargs="+", type=Path)
    parser.add_argument("--show", action="store_true", help="list every file")
    options = parser.parse_args()
    counts: Counter[str] = Counter()
    files = sorted(file for folder in options.folders for file in folder.rglob("*") if file.suffix.lower() in SUFFIXES)
    for file in files:
        verdict, note = compare(file)
        counts[verdict] += 1
        if options.show or verdict in ("different", "refused, others read it"):
            print(f"{verdict}: {file} {note}")
    print(", ".join(f"{count} {verdict}" for verdict, count in counts.most_common()), f"of {len(files)} files")


def compare(file: Path) -> tuple[str, str]:
    """What became of a file, in a few words, and what is known of it."""
    data = file.read_bytes()
    others = {name: thumbs for name, read in (("vips", by_vips), ("magick", by_magick)) if (thumbs := read(data))}
    try:
        picture = load_picture(data)
    except PictureError as error:
        return ("refused, others read it" if others else "refused by all"), f"({', '.join(others)}) {error}"
    if not others:
        return "read by vecstack only", ""
    own = thumbs_of(picture.pixels, picture.alpha)
    distances = {
        name: max(float(np.abs(a - b).mean()) for a, b in zip(own, other, strict=True))
        for name, other in others.items()
    }
    note = ", ".join(f"{name} {distance:.1f}" for name, distance in distances.items())
    return ("same" if min(distances.values()) < SAME else "different"), note


def by_vips(data: bytes) -> list[np.ndarray] | None:
    """The thumbs that libvips gives; None where it cannot read the file."""
    try:
        image = pyvips.Image.new_from_buffer(data, "", fail_on="error").autorot()
        if image.get_typeof("icc-profile-data"):
            image = image.icc_transform("srgb", embedded=True, intent="relative", black_point_compensation=True)
        image = image.colourspace("srgb")
        bands = image.numpy().reshape(image.height, image.width, -1)[..., : 4 if image.hasalpha() else 3] / 255
    except pyvips.Error:
        return None
    return thumbs_of(bands[..., :3], bands[..., 3] if bands.shape[2] == 4 else None)


def by_magick(data: bytes) -> list[np.ndarray] | None:
    """The thumbs that ImageMagick gives; None where it cannot read the file."""
    command = ["convert", "-[0]", "-auto-orient", "-colorspace", "sRGB", "-depth", "8", "-strip", "png32:-"]
    try:
        done = subprocess.run(command, input=data, capture_output=True, timeout=PATIENCE_SECONDS, check=False)
    except subprocess.TimeoutExpired:
        return None
    if done.returncode or not done.stdout:
        return None
    bands = pyvips.Image.new_from_buffer(done.stdout, "").numpy() / 255
    return thumbs_of(bands[..., :3], bands[..., 3])


def thumbs_of(pixels: np.ndarray, alpha: np.ndarray | None) -> list[np.ndarray]:
    """Pixels [H,W,3] and alpha [H,W], 0..1, as thumbs in levels of 255: over black, and over white."""
    cover = np.ones(pixels.shape[:2]) if alpha is None else alpha
    over = (pixels * cover[..., None] + ground * (1 - cover[..., None]) for ground in (0, 1))
    return [
        np.asarray(
            Image.fromarray(np.rint(picture * 255).astype(np.uint8)).resize((SIDE_PX, SIDE_PX), Image.Resampling.BOX),
            float,
        )
        for picture in over
    ]


if __name__ == "__main__":
    main()
