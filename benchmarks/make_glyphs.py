"""Draw glyphs of fonts as pictures to train on: a zip with a folder for each glyph and a picture in it for each font.

Each glyph is white on black, placed as in MNIST (see _bitmaps/glyphs.py). The fonts are those of a folder and the
folders in it; a glyph that a font lacks is left out.
"""

from __future__ import annotations

import argparse
import io
import zipfile
from pathlib import Path

from _bitmaps.glyphs import CLASSES, draw_glyph
from fontTools.ttLib import TTFont, TTLibError
from PIL import Image, ImageFont

OVERSAMPLING = 4
OUTLINES = 1000  # px, at which a font of bitmaps cannot be opened
SUFFIXES = (".ttf", ".otf")
EPOCH = (1980, 1, 1, 0, 0, 0)  # of every member, so that the same fonts give the same bytes


def glyphs_of(font: Path) -> str:
    """Those of the digits and letters that a font has; none of a file that is no font, or a font of bitmaps."""
    try:
        ImageFont.truetype(str(font), OUTLINES)
        known = TTFont(font, lazy=True).getBestCmap() or {}
    except (OSError, TTLibError):
        return ""
    return "".join(glyph for glyph in "".join(CLASSES.values()) if ord(glyph) in known)


def drawn(font: Path, glyph: str, side: int) -> bytes:
    """A glyph as PNG at side x side pixels, each the mean of what lies in it."""
    large = draw_glyph(str(font), glyph, side * OVERSAMPLING)
    file = io.BytesIO()
    large.resize((side, side), Image.Resampling.BOX).save(file, "PNG")
    return file.getvalue()


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("fonts", type=Path, help="folder of fonts")
    parser.add_argument("-o", "--output", type=Path, required=True, metavar="ZIP")
    parser.add_argument("--side", type=int, default=84, metavar="PX", help="side of a picture (default: 84)")
    parser.add_argument("--without", nargs="*", default=[], metavar="NAME", help="fonts to leave out, by file name")
    arguments = parser.parse_args()
    files = [path for path in sorted(arguments.fonts.rglob("*")) if path.suffix.lower() in SUFFIXES]
    fonts = [path for path in files if path.name not in arguments.without]
    count = 0
    with zipfile.ZipFile(arguments.output, "w") as archive:
        for font in fonts:
            for glyph in glyphs_of(font):
                member = zipfile.ZipInfo(f"{ord(glyph)}/{font.name}.png", EPOCH)
                archive.writestr(member, drawn(font, glyph, arguments.side))
                count += 1
    print(f"{count:,} pictures of {len(fonts)} fonts")


if __name__ == "__main__":
    main()
