"""What `--model auto` chooses for pictures of every sort, and what other models make of them.

The pictures come with scikit-image, scikit-learn and matplotlib, or are drawn here, as photos, thumbnails, scans,
charts, maps, logos, icons, glyphs and pixel art; `--folder` adds those of a folder. The first table says what is chosen
and why. With `--compare`, the models named there are tried on each picture (a large one reduced to --side px first, but
the choice is that of the whole): dB of what is drawn at the picture's own size, over its ground where it is
transparent, and kB of the layer file. Models that refuse a picture are left out.
"""

from __future__ import annotations

import argparse
import io
import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch
from _bitmaps.glyphs import draw_glyph, find_font
from _common import print_markdown
from PIL import Image, ImageDraw, ImageFont
from skimage import data as skimage_data

from vecstack.document.file import dumps
from vecstack.drawing.render import render
from vecstack.errors import VecstackError
from vecstack.fitting.choose import choose_model
from vecstack.fitting.decompose import decompose
from vecstack.fitting.effort import DEFAULT_EFFORT
from vecstack.pictures.read import load_picture
from vecstack.pictures.suffixes import SUFFIXES

EXAMPLES = Path(__file__).parent.parent / "examples"
PHOTOS = ("astronaut", "coffee", "chelsea", "rocket", "motorcycle_left")
GREY = {
    "scan": ("page", "text"),
    "medical": ("cell", "microaneurysms", "phantom"),
    "texture": ("brick", "grass"),
    "grey photo": ("camera", "coins", "moon"),
}
FONT = "DejaVuSans.ttf"
QUALITY = 80  # of JPEG


@dataclass(frozen=True)
class Example:
    """A picture, and what sort of picture it is."""

    sort: str
    name: str
    picture: Image.Image


def from_skimage(name: str) -> Image.Image:
    """A picture that comes with scikit-image, by its name there."""
    folder = Path(skimage_data.__file__).parent
    return Image.open(next(path for path in folder.glob(f"{name}.*") if path.suffix in (".png", ".jpg")))


def shrunk(picture: Image.Image, side: int) -> Image.Image:
    """The picture with a long side of at most so many pixels."""
    copy = picture.copy() if picture.mode in ("L", "RGB", "RGBA") else picture.convert("RGB")
    copy.thumbnail((side, side), Image.Resampling.BOX)
    return copy


def as_jpeg(picture: Image.Image) -> Image.Image:
    """The picture after it was a JPEG, on white where it is transparent."""
    white = Image.new("RGBA", picture.size, "white")
    white.alpha_composite(picture.convert("RGBA"))
    file = io.BytesIO()
    white.convert("RGB").save(file, "JPEG", quality=QUALITY)
    return Image.open(file)


def photos() -> Iterator[Example]:
    """Photos, thumbnails of them, and pictures in grey."""
    for name in PHOTOS:
        yield Example("photo", name, from_skimage(name))
    for name, side in (("astronaut", 200), ("chelsea", 128), ("coffee", 96), ("rocket", 64), ("astronaut", 32)):
        small = shrunk(from_skimage(name), side)
        yield Example("thumbnail", f"{name} {side}", small)
        yield Example("thumbnail, JPEG", f"{name} {side}", as_jpeg(small))
    for sort, names in GREY.items():
        for name in names:
            yield Example(sort, name, from_skimage(name))
    yield Example("scan, small", "text 200", shrunk(from_skimage("text"), 200))


def drawn_by_matplotlib() -> Iterator[Example]:
    """Charts and maps."""
    import matplotlib

    matplotlib.use("agg")
    from matplotlib import pyplot

    x, y = np.meshgrid(np.linspace(-3, 3, 200), np.linspace(-3, 3, 200))
    hills = np.sin(x) * np.cos(y) + 0.1 * x * y
    points = np.random.default_rng(0).normal(size=(2, 300))
    drawings = {
        "chart: lines": lambda axes: axes.plot(hills[::40].T),
        "chart: bars": lambda axes: axes.bar(range(6), range(1, 7), color=["C0", "C1", "C2", "C3", "C4", "C5"]),
        "chart: points": lambda axes: axes.scatter(*points, c=points[0], s=12),
        "map: bands": lambda axes: axes.contourf(x, y, hills, 8, cmap="terrain"),
        "map: shades": lambda axes: axes.imshow(hills, cmap="viridis"),
    }
    for name, draw in drawings.items():
        figure, axes = pyplot.subplots(figsize=(5, 4), dpi=100)
        draw(axes)
        axes.set_title(name)
        file = io.BytesIO()
        figure.savefig(file, format="png")
        pyplot.close(figure)
        yield Example("drawing", name, Image.open(file).convert("RGB"))


def graphics() -> Iterator[Example]:
    """Logos, icons of all sizes with and without transparency, line art, and a page of text."""
    logo, horse = from_skimage("logo"), from_skimage("horse")
    yield Example("logo", "logo", logo)
    yield Example("logo, JPEG", "logo", as_jpeg(logo))
    yield Example("logo, JPEG", "logo 128", as_jpeg(shrunk(logo, 128)))
    for side in (16, 32, 64, 128, 256):
        yield Example("icon", f"logo {side}", shrunk(logo, side))
    for side in (32, 128):
        white = Image.new("RGBA", shrunk(logo, side).size, "white")
        white.alpha_composite(shrunk(logo, side))
        yield Example("icon on white", f"logo {side}", white.convert("RGB"))
    yield Example("line art", "horse", horse.convert("L"))
    yield Example("line art", "horse 100", shrunk(horse.convert("L"), 100))
    yield Example("screenshot", "text", page_of_text())
    yield Example("screenshot, JPEG", "text", as_jpeg(page_of_text()))


def page_of_text() -> Image.Image:
    """A window with a bar, a button and some lines of text."""
    page = Image.new("RGB", (640, 400), "white")
    pen, font = ImageDraw.Draw(page), ImageFont.truetype(find_font(FONT), 15)
    pen.rectangle((0, 0, 640, 36), fill=(44, 62, 80))
    pen.rounded_rectangle((480, 340, 610, 376), 8, fill=(52, 152, 219))
    for line in range(11):
        pen.text((24, 54 + 25 * line), f"{line + 1}. The quick brown fox jumps over the lazy dog.", "black", font)
    pen.text((514, 348), "Save as", "white", font)
    return page


def bitmaps() -> Iterator[Example]:
    """Glyphs, digits and pixel art."""
    from sklearn.datasets import load_digits

    for side in (16, 28, 64, 100, 200):
        yield Example("glyph", f"g {side}", draw_glyph(find_font(FONT), "g", 8 * side).reduce(8))
    yield Example("handwriting", "digit 28", Image.open(EXAMPLES / "digit.png"))
    yield Example("handwriting", "digit 8", Image.fromarray(np.uint8(load_digits().images[3] * 255 / 16)))
    sprite = Image.open(EXAMPLES / "sprite.png")
    yield Example("pixel art", "sprite", sprite)
    yield Example("pixel art", "sprite, 8 times", sprite.resize([8 * side for side in sprite.size], 0))


def pictures(folders: list[Path]) -> Iterator[Example]:
    """All pictures."""
    for part in (photos, drawn_by_matplotlib, graphics, bitmaps):
        yield from part()
    for folder in folders:
        for path in sorted(folder.iterdir()):
            if path.suffix.lower() in SUFFIXES:
                yield Example(folder.name, path.stem, Image.open(path))


def compared(example: Example, models: list[str], side: int, sheets: Path | None) -> Iterator[str]:
    """What each model makes of a picture: dB and kB."""
    small = shrunk(example.picture, side)
    loaded = load_picture(small)
    truth = loaded.over(loaded.ground)
    for model in models:
        try:
            stack = decompose(loaded, model, device="cpu")
        except VecstackError:
            yield ""
            continue
        drawn = render(stack).astype(np.float64) / 255
        cover = drawn[..., 3:] if drawn.shape[2] == 4 else 1.0
        error = float(np.square(drawn[..., :3] * cover + (1 - cover) * np.array(loaded.ground) - truth).mean())
        if sheets is not None:
            Image.fromarray(render(stack, size=1024)).save(sheets / f"{example.sort} {example.name} {model}.png")
        yield f"{-10 * np.log10(max(error, 1e-7)):.1f} dB, {len(dumps(stack)) / 1000:.1f} kB"


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--folder", type=Path, nargs="+", default=[], metavar="PATH", help="pictures to add")
    parser.add_argument("--only", default="", metavar="REGEX", help="pictures whose sort and name match")
    parser.add_argument("--compare", nargs="+", default=[], metavar="MODEL", help="models to try on each picture")
    parser.add_argument("--side", type=int, default=256, metavar="PX", help="long side at which they are tried")
    parser.add_argument("--sheets", type=Path, metavar="FOLDER", help="draw what they make at 1,024 px there")
    arguments = parser.parse_args()
    torch.set_num_threads(1)
    rows = []
    for example in pictures(arguments.folder):
        if not re.search(arguments.only, f"{example.sort} {example.name}"):
            continue
        choice = choose_model(load_picture(example.picture), DEFAULT_EFFORT)
        found = compared(example, arguments.compare, arguments.side, arguments.sheets)
        rows.append([example.sort, example.name, choice.name, choice.reason, *found])
    print_markdown("what auto chooses", ["sort", "picture", "choice", "why", *arguments.compare], rows)


if __name__ == "__main__":
    main()
