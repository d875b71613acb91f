"""Export a stack as a folder of pictures: one for each layer, a contact sheet of all, and a list."""

from __future__ import annotations

import json
import math
import re
import unicodedata
from collections.abc import Iterator

import numpy as np
from PIL import Image, ImageDraw, ImageFont

from vecstack.atomic import LIST
from vecstack.drawing.render import render
from vecstack.exporting.pictures import drawable, png, viewport_of
from vecstack.exporting.runs import Run, runs_of
from vecstack.exporting.xml import color_code, plain
from vecstack.kinds import color_of
from vecstack.stack import Stack

FORMAT = "vecstack-png-layers"
SHEET = "contact-sheet.png"
NAME_BYTES = 100  # of a layer's name in a file name, which may have 255
CELL_PX, MIN_CELL_PX = 240, 64  # side of a picture on the sheet: smaller with many layers
SHEET_PX = 4096  # side of the sheet above which its pictures get smaller
LABEL_PX, GAP_PX, SQUARE_PX = 22, 8, 8  # height of a label, gap between pictures, squares of the checkerboard
TEXT_PX = 14  # size of the labels' font
PAPER, INK, DARK, LIGHT = (250, 250, 250), (30, 30, 30), 120, 155  # colours of the sheet, greys of the checkerboard

Cell = tuple[str, Image.Image]


def png_layers(stack: Stack, *, size: int | None = None, device: str = "auto") -> Iterator[tuple[str, bytes]]:
    """Names and contents of the files: `NN-name.png` for each layer, with its number, its name, and its mask as alpha;
    `00-background.png`, unless the canvas is transparent; `contact-sheet.png`; and `layers.json`, which lists the
    layers, lowest first, with their names, groups, colours, opacity and visibility. `size` is the long side in pixels
    (that of the canvas if None). Of more than 500 layers, neighbours of one group are one picture, as they show
    together. Layers of unknown kinds are left out. Raises UsageError; ExportError: no layer can be drawn, or there are
    more than 500 even so; DeviceError; DocumentError where the stack's assets do not match its layers."""
    viewport, runs = viewport_of(stack, size), runs_of(stack, drawable(stack), "a folder of layers")
    digits = max(2, len(str(len(stack.layers))))
    clear, background = stack.canvas.transparent, f"{0:0{digits}}-background.png"
    cell_px = _cell_px(len(runs) + (1 if clear else 2))
    together = render(stack, viewport=viewport, device=device)
    cells: list[Cell] = [("All layers", _fitted(together, cell_px))]
    if not clear:
        pixels = render(stack.with_layers([]), viewport=viewport, device=device)
        cells.append(("Background", _fitted(pixels, cell_px)))
        yield background, png(pixels)
    listed = []
    for run in runs:
        pixels = run.drawn(stack, viewport, device)
        file = f"{run.number:0{digits}}-{file_name(run.name)}.png"
        yield file, png(pixels)
        listed.append({"number": run.number, "file": file} | _facts(run))
        cells.append((f"{run.number} {run.name}", _fitted(pixels, cell_px)))
    yield SHEET, png(np.asarray(_sheet(cells, cell_px)))
    behind = None if clear else {"file": background, "color": color_code(stack.canvas.background)}
    sides = {"width": viewport.width_px, "height": viewport.height_px}
    yield LIST, _json({"format": FORMAT, **sides, "background": behind, **_groups(stack), "layers": listed})


def file_name(name: str) -> str:
    """A layer's name as part of a file name that any system accepts: letters and digits of any script, and hyphens."""
    text = re.sub(r"[\W_]+", "-", unicodedata.normalize("NFC", name)).strip("-")
    return text.encode()[:NAME_BYTES].decode(errors="ignore").strip("-") or "layer"


def _groups(stack: Stack) -> dict[str, object]:
    """The entry of the groups in the list; none where there are none."""
    groups = [{"id": group.id, "name": group.name, "parent": group.parent} for group in stack.groups]
    return {"groups": groups} if groups else {}


def _facts(run: Run) -> dict[str, object]:
    """The entry of a picture in the list: what is known of its layer, or how many layers it has."""
    layer, group = run.layer, {} if run.group is None else {"group": run.group}
    if layer is None:
        return {"layers": len(run.layers), "name": run.name, **group, "color": None, "opacity": 1.0, "visible": True}
    color = color_of(layer)
    return {
        "id": layer.id,
        "name": layer.name,
        "kind": layer.kind,
        **group,
        "color": None if color is None else color_code(color),
        "opacity": layer.opacity,
        "visible": layer.visible,
    }


def _json(value: object) -> bytes:
    return (json.dumps(value, ensure_ascii=True, indent=2) + "\n").encode()


# The sheet


def _columns(count: int) -> int:
    return math.ceil(math.sqrt(count))


def _cell_px(count: int) -> int:
    return max(MIN_CELL_PX, min(CELL_PX, SHEET_PX // _columns(count) - GAP_PX))


def _fitted(pixels: np.ndarray, side: int) -> Image.Image:
    """Pixels as a picture, resized to a long side of `side` pixels."""
    picture = Image.fromarray(pixels)
    scale = side / max(picture.size)
    width, height = (max(1, round(length * scale)) for length in picture.size)
    return picture.resize((width, height), Image.Resampling.LANCZOS)


def _sheet(cells: list[Cell], side: int) -> Image.Image:
    """The contact sheet: the pictures in rows, on a checkerboard, each above its label."""
    columns = _columns(len(cells))
    width, height = (max(picture.size[axis] for _, picture in cells) for axis in (0, 1))
    across, down = max(width, side // 2) + GAP_PX, height + LABEL_PX + GAP_PX
    rows = math.ceil(len(cells) / columns)
    sheet = Image.new("RGB", (columns * across + GAP_PX, rows * down + GAP_PX), PAPER)
    pen, font = ImageDraw.Draw(sheet), ImageFont.load_default(TEXT_PX)
    for index, (label, picture) in enumerate(cells):
        place = GAP_PX + index % columns * across, GAP_PX + index // columns * down
        board = _checkerboard(*picture.size)
        board.paste(picture, mask=picture if picture.mode == "RGBA" else None)
        sheet.paste(board, place)
        pen.text((place[0], place[1] + height + 3), _shortened(label, font, across - GAP_PX), INK, font)
    return sheet


def _checkerboard(width: int, height: int) -> Image.Image:
    y, x = np.ogrid[:height, :width]
    squares = np.where((x // SQUARE_PX + y // SQUARE_PX) % 2, DARK, LIGHT).astype(np.uint8)
    return Image.fromarray(squares).convert("RGB")


def _shortened(label: str, font: ImageFont.ImageFont | ImageFont.FreeTypeFont, width: int) -> str:
    """The start of a text that fits the width in pixels."""
    text = plain(label)[:width]  # no character is narrower than a pixel
    while font.getlength(text) > width:
        text = text[:-2].rstrip() + "\N{HORIZONTAL ELLIPSIS}"
    return text
