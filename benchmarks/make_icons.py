"""Draw the icons of SVG packages as pictures to train on: a zip with a folder for each package.

A package is an `icons.json` of Iconify's npm packages (@iconify-json/twemoji and the like), whose folder gives the set
its name. Each icon is drawn by resvg in the middle of flat grounds of random colours, or of one colour. Variants by
tone of skin or hair are left out: five of a kind would make a set of faces of it.
"""

from __future__ import annotations

import argparse
import io
import json
import random
import re
import zipfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import resvg_py
from PIL import Image

EPOCH = (1980, 1, 1, 0, 0, 0)  # of every member, so that the same packages give the same bytes
TONE = re.compile(r"-(light|medium-light|medium|medium-dark|dark)(-skin-tone)?(-|$)")
SHARE = 0.875  # of the side, that the icon takes


def icons(package: dict[str, Any]) -> Iterator[tuple[str, str]]:
    """Names and SVG of the icons of a package, variants by tone left out."""
    for name, icon in sorted(package["icons"].items()):
        if TONE.search(name) or icon.get("hidden"):
            continue
        width, height = (icon.get(key, package.get(key, 16)) for key in ("width", "height"))
        box = f"{icon.get('left', 0)} {icon.get('top', 0)} {width} {height}"
        yield name, f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="{box}">{icon["body"]}</svg>'


def drawn(svg: str, side: int) -> Image.Image:
    """An icon at side x side pixels with its alpha, in the middle of them."""
    inner = round(SHARE * side)
    png = bytes(resvg_py.svg_to_bytes(svg_string=svg, width=inner, height=inner, skip_system_fonts=True))
    icon = Image.open(io.BytesIO(png)).convert("RGBA")
    picture = Image.new("RGBA", (side, side))
    picture.paste(icon, ((side - icon.width) // 2, (side - icon.height) // 2))
    return picture


def on_ground(icon: Image.Image, ground: tuple[int, int, int]) -> bytes:
    """An icon over a flat colour, as PNG."""
    picture = Image.alpha_composite(Image.new("RGBA", icon.size, (*ground, 255)), icon).convert("RGB")
    file = io.BytesIO()
    picture.save(file, "PNG")
    return file.getvalue()


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("packages", type=Path, nargs="+", help="icons.json of the packages")
    parser.add_argument("-o", "--output", type=Path, required=True, metavar="ZIP")
    parser.add_argument("--side", type=int, default=64, metavar="PX", help="side of a picture (default: 64)")
    parser.add_argument("--grounds", type=int, default=2, metavar="N", help="random grounds of each icon (default: 2)")
    parser.add_argument("--ground", nargs=3, type=int, metavar=("R", "G", "B"), help="this one ground instead")
    arguments = parser.parse_args()
    source, count = random.Random(0), 0
    with zipfile.ZipFile(arguments.output, "w") as archive:
        for package in arguments.packages:
            for name, svg in icons(json.loads(package.read_text(encoding="utf-8"))):
                icon = drawn(svg, arguments.side)
                for index in range(1 if arguments.ground else arguments.grounds):
                    ground = tuple(arguments.ground or (source.randrange(256) for _ in range(3)))
                    member = zipfile.ZipInfo(f"{package.parent.name}/{name}-{index}.png", EPOCH)
                    archive.writestr(member, on_ground(icon, (ground[0], ground[1], ground[2])))
                    count += 1
    print(f"{count:,} pictures of {len(arguments.packages)} packages")


if __name__ == "__main__":
    main()
