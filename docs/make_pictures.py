"""Makes the pictures of these pages: python docs/make_pictures.py [result] [tutorial] [gallery] [paintings] [collages]

Most photos of the gallery come with scikit-image (the extra `benchmarks`), the picture of the viewer takes playwright
(the extra `web`) and Chromium. The gallery takes some ten minutes; with --keep DIR, layer files that are in DIR already
are not made again. Nor are those beside the pictures, whose layers and groups the pages name: to make them anew, delete
them.
"""

from __future__ import annotations

import argparse
import importlib.util
import shutil
import tempfile
from collections import Counter
from collections.abc import Callable
from pathlib import Path

import numpy as np
from PIL import Image

from vecstack import Stack, Style, collage, decompose, edit, load, render, save, to_html
from vecstack.editing.changes import Background, Change, Hide, Keep, Recolor
from vecstack.stack import Layer

DOCS = Path(__file__).parent
EXAMPLES = DOCS.parent / "examples"
CUP, ICON = DOCS / "tutorial" / "cup.layers", DOCS / "tutorial" / "icon.layers"
TWENTY = DOCS / "gallery" / "coffee-20.layers"
PHOTOS = ("astronaut.png", "rocket.jpg", "chelsea.png")  # of scikit-image
COUNTS = (20, 64, 128, 256)
PAINTINGS = (  # photo, way of painting
    *(("astronaut", way) for way in ("painterly", "expressionist")),
    *(("chelsea", way) for way in ("painterly", "abstract")),
    *(("coffee", "expressionist"), ("rocket", "realistic")),
)
WIDTH_PX = 640
MAX_BYTES = 60_000  # of a picture: the pages are to be light
WIDE_MAX_BYTES = 120_000  # of one of many parts
QUALITIES = range(80, 40, -5)  # of JPEG; the first that fits
PAPER = (255, 255, 255)
GAP_PX = 8
RECOLORED = (Recolor("region-1-part-1", "royalblue"), Recolor("region-6", "saddlebrown"))
EMPTY = (Hide("region-6"),)
ICON_RECOLORED = (Recolor("path-3", "skyblue"), Recolor("path-4", "tomato"))
# The plane of a layer seen from the side: where its corner to the right and its corner below go.
RIGHT, DOWN = (0.66, 0.16), (0.0, 0.84)
CARD_STEP = 0.46  # of a plane's width, from one to the next
LEAST_LAYERS = 2  # of a group that has a plane
BROWSER_PX = (1000, 600)
CLICKED_PX = (480, 280)  # of the browser: where the saucer is


def main() -> None:
    """Make what is asked for, or all."""
    makers = result, tutorial, gallery, paintings, collages
    parts: dict[str, Callable[[Path], None]] = {maker.__name__: maker for maker in makers}
    parser = argparse.ArgumentParser(description="Make the pictures of these pages.")
    parser.add_argument("parts", nargs="*", metavar="PART", help=f"{', '.join(parts)}; all, if not said")
    parser.add_argument("--keep", type=Path, help="folder of layer files that are kept from one time to the next")
    arguments = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        for name in arguments.parts or parts:
            if name not in parts:
                parser.error(f"{name} is none of {', '.join(parts)}")
            parts[name](arguments.keep or Path(folder))


def result(kept: Path) -> None:
    """The picture of the README: a photo, its layers drawn, one group in another colour, and below these the groups one
    behind the other."""
    photo = EXAMPLES / "coffee.jpg"
    first, grouped = layers_of(photo, kept / "coffee.layers"), layers_of(photo, CUP, 64)
    size = (2 * WIDTH_PX - 2 * GAP_PX) // 3
    above = in_rows([reduced(photo, size), drawn(first, size), drawn(edit(grouped, RECOLORED), size)], 3)
    below = on_paper(apart(grouped, above.width))
    sheet = Image.new("RGB", (above.width, above.height + 2 * GAP_PX + below.height), PAPER)
    sheet.paste(above, (0, 0))
    sheet.paste(below, (0, above.height + 2 * GAP_PX))
    save_picture(sheet, DOCS / "result.jpg", WIDE_MAX_BYTES)


def tutorial(kept: Path) -> None:
    """The pictures of the tutorial."""
    folder = DOCS / "tutorial"
    folder.mkdir(exist_ok=True)
    photo, icon = EXAMPLES / "coffee.jpg", EXAMPLES / "icon.png"
    first, grouped = layers_of(photo, kept / "coffee.layers"), layers_of(photo, CUP, 64)
    save_picture(drawn(first, WIDTH_PX), folder / "first.jpg")
    save_picture(drawn(grouped, WIDTH_PX), folder / "paths.jpg")
    save_picture(on_paper(apart(grouped, 2 * WIDTH_PX)), folder / "groups.jpg")
    save_picture(drawn(edit(grouped, RECOLORED), WIDTH_PX), folder / "recolored.jpg")
    save_picture(drawn(edit(grouped, EMPTY), WIDTH_PX), folder / "empty.jpg")
    with tempfile.TemporaryDirectory() as place:
        page = Path(place) / "page.html"
        page.write_text(to_html(grouped, svg=False), encoding="utf-8")
        save_picture(screenshot(page), folder / "viewer.jpg")
    flat = layers_of(icon, ICON)
    icons = [Image.open(icon).convert("RGBA"), *(drawn(each, 256) for each in (flat, edit(flat, ICON_RECOLORED)))]
    save_picture(in_rows([on_squares(each) for each in icons], 3), folder / "icon.png")


def gallery(kept: Path) -> None:
    """The pictures of the gallery: photos, their layers drawn, and those of one apart."""
    folder = DOCS / "gallery"
    folder.mkdir(exist_ok=True)
    coffee = EXAMPLES / "coffee.jpg"
    for photo in (coffee, *map(scikit_image, PHOTOS)):
        for count in COUNTS:
            file = kept / f"{photo.stem}-{count}.layers"
            stack = layers_of(photo, TWENTY if file.name == TWENTY.name else file, count)
            save_picture(drawn(stack, WIDTH_PX), folder / f"{photo.stem}-{count}.jpg")
        save_picture(reduced(photo, WIDTH_PX), folder / f"{photo.stem}.jpg")
    save_picture(one_by_one(load(TWENTY), 5), folder / "coffee-apart.jpg", WIDE_MAX_BYTES)
    save_picture(sprite(EXAMPLES / "sprite.png", WIDTH_PX // 2), folder / "sprite.png")


def paintings(kept: Path) -> None:
    """The paintings of the gallery."""
    photos = {photo.stem: photo for photo in (EXAMPLES / "coffee.jpg", *map(scikit_image, PHOTOS))}
    for name, way in PAINTINGS:
        file = kept / f"{name}-{way}.layers"
        if not file.exists():
            save(decompose(photos[name], way, effort="fast"), file)
        save_picture(drawn(load(file), WIDTH_PX), DOCS / "gallery" / f"{name}-{way}.jpg")


def collages(kept: Path) -> None:
    """The pictures of the page about collages: icons in a heart, a word cloud, a photo of icons. They are made anew."""
    folder, icons = DOCS / "gallery", EXAMPLES / "icons"
    made = {
        "heart": collage(icons, "heart", count=120, angles="-60..60", mirror=True),
        "words": collage(words=EXAMPLES / "words.txt", into="heart"),
        "mosaic": collage(icons, picture=EXAMPLES / "coffee.jpg", count=1200, effort="fast"),
    }
    for name, stack in made.items():
        save_picture(on_paper(drawn(stack, WIDTH_PX)), folder / f"collage-{name}.jpg")


def sprite(picture: Path, size_px: int) -> Image.Image:
    """A sprite as blocks and as smooth outlines."""
    styles = Style(blocks=True), Style()
    tiles = [drawn(decompose(picture, "pixel-art", style=style), size_px) for style in styles]
    return in_rows([on_squares(tile) for tile in tiles], 2)


def scikit_image(name: str) -> Path:
    """The file of a photo that comes with scikit-image."""
    found = importlib.util.find_spec("skimage")
    if found is None or found.origin is None:
        raise SystemExit("the photos come with scikit-image; run: pip install -c constraints.txt '.[benchmarks]'")
    return Path(found.origin).parent / "data" / name


def layers_of(picture: Path, file: Path, count: int | None = None) -> Stack:
    """What the first command makes of a picture, or so many layers with the effort best: from a file where it is there
    already, else kept in it."""
    if not file.exists():
        save(decompose(picture) if count is None else decompose(picture, layers=count, effort="best"), file)
    return load(file)


def reduced(photo: Path, size_px: int) -> Image.Image:
    """A photo with a long side of so many pixels."""
    with Image.open(photo) as picture:
        scale = size_px / max(picture.size)
        size = round(picture.width * scale), round(picture.height * scale)
        return picture.convert("RGB").resize(size, Image.Resampling.LANCZOS)


def drawn(stack: Stack, size_px: int) -> Image.Image:
    """A stack with a long side of so many pixels."""
    return Image.fromarray(render(stack, size_px))


def apart(stack: Stack, width: int) -> Image.Image:
    """The groups that lie in no other, lowest first, as planes one behind the other."""
    counts = Counter(outer_group(stack, layer) for layer in stack.layers)
    groups = [group for group in stack.groups if counts[group.id] >= LEAST_LAYERS]
    card_px = round(width / (RIGHT[0] + CARD_STEP * (len(groups) - 1)))
    cards = [leaning(drawn(alone(stack, Keep(group.id)), card_px)) for group in groups]
    sheet = Image.new("RGBA", (width, cards[0].height), (*PAPER, 0))
    for index, card in enumerate(cards):
        sheet.alpha_composite(card, (min(round(index * CARD_STEP * card_px), width - card.width), 0))
    return sheet


def outer_group(stack: Stack, layer: Layer) -> str | None:
    """The id of the group that a layer is in and that lies in no other."""
    parents = {group.id: group.parent for group in stack.groups}
    found = layer.group
    while found is not None and parents[found] is not None:
        found = parents[found]
    return found


def alone(stack: Stack, *changes: Change) -> Stack:
    """A stack after changes, on a transparent canvas."""
    return edit(stack, [*changes, Background("none")])


def leaning(picture: Image.Image) -> Image.Image:
    """A picture as a plane seen from the side, framed, on tracing paper."""
    width, height = picture.size
    plane = Image.new("RGBA", (width, height), (120, 120, 120, 255))
    plane.paste((255, 255, 255, 225), (1, 1, width - 1, height - 1))
    plane.alpha_composite(picture.convert("RGBA"))
    across, down = np.array(RIGHT), np.array(DOWN)
    inverse = np.linalg.inv(np.stack([across, down], 1))
    size = (round(width * RIGHT[0]), round(width * RIGHT[1] + height * DOWN[1]))
    numbers = (inverse[0, 0], inverse[0, 1], 0.0, inverse[1, 0], inverse[1, 1], 0.0)
    return plane.transform(size, Image.Transform.AFFINE, numbers, Image.Resampling.BICUBIC)


def one_by_one(stack: Stack, columns: int) -> Image.Image:
    """Each layer of a stack alone, lowest first, over squares that show where it is clear."""
    size = (2 * WIDTH_PX - GAP_PX * (columns - 1)) // columns
    tiles = [on_squares(drawn(alone(stack, Keep(layer.id)), size)) for layer in stack.layers]
    return in_rows(tiles, columns)


def on_squares(picture: Image.Image) -> Image.Image:
    """A picture over a chequered ground that shows where it is clear."""
    y, x = np.mgrid[0 : picture.height, 0 : picture.width]
    squares = np.where((x // 8 + y // 8) % 2 == 0, 255, 225).astype(np.uint8)
    return Image.alpha_composite(Image.fromarray(squares).convert("RGBA"), picture.convert("RGBA")).convert("RGB")


def on_paper(picture: Image.Image) -> Image.Image:
    """A picture over white."""
    return Image.alpha_composite(Image.new("RGBA", picture.size, PAPER), picture.convert("RGBA")).convert("RGB")


def in_rows(tiles: list[Image.Image], columns: int) -> Image.Image:
    """Pictures side by side, in rows, each in the middle of a cell of the first one's size or scaled down to it."""
    width, height = tiles[0].size
    rows = -(-len(tiles) // columns)
    sheet = Image.new("RGB", (columns * (width + GAP_PX) - GAP_PX, rows * (height + GAP_PX) - GAP_PX), PAPER)
    for index, tile in enumerate(tiles):
        tile.thumbnail((width, height), Image.Resampling.LANCZOS)
        left = index % columns * (width + GAP_PX) + (width - tile.width) // 2
        sheet.paste(tile, (left, index // columns * (height + GAP_PX) + (height - tile.height) // 2))
    return sheet


def screenshot(page: Path) -> Image.Image:
    """A page of the viewer as a browser shows it once its picture was clicked."""
    from playwright.sync_api import sync_playwright

    browser = next(filter(None, map(shutil.which, ("chromium", "chromium-browser", "google-chrome"))), None)
    with sync_playwright() as tool, tempfile.TemporaryDirectory() as place:
        opened = tool.chromium.launch(executable_path=browser, args=["--no-sandbox"])
        tab = opened.new_page(viewport={"width": BROWSER_PX[0], "height": BROWSER_PX[1]})
        tab.goto(page.as_uri())
        tab.evaluate("vecstack.settled()")
        tab.mouse.click(*CLICKED_PX)
        picture = Path(place) / "page.png"
        tab.screenshot(path=picture)
        opened.close()
        with Image.open(picture) as shown:
            return shown.convert("RGB")


def save_picture(picture: Image.Image, path: Path, max_bytes: int = MAX_BYTES) -> None:
    """Write a picture, as a JPEG of the first quality with which it is small enough."""
    if path.suffix == ".png":
        picture.quantize(256, dither=Image.Dither.NONE).save(path, optimize=True)
        return
    for quality in QUALITIES:
        picture.save(path, quality=quality, optimize=True, progressive=True)
        if path.stat().st_size <= max_bytes:
            return


if __name__ == "__main__":
    main()
