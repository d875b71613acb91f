"""Items: drawings, pictures, shapes and words, as what is placed and as outlines to be packed."""

from __future__ import annotations

import dataclasses
import io
import os
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from PIL import Image

from vecstack.color import Color
from vecstack.document.file import SUFFIXES as DOCUMENTS
from vecstack.document.file import load
from vecstack.errors import DocumentError, PictureError, UsageError, named
from vecstack.exporting.cutting.areas import Area
from vecstack.importing.svg import import_svg
from vecstack.kinds.base import ItemShape
from vecstack.kinds.items import bounds, fitted
from vecstack.packing.drawn import shapes_of
from vecstack.packing.outlines import (
    CLOSED_BY,
    FINE,
    LEAST_AREA,
    Outline,
    area_of_curves,
    area_of_mask,
    area_within,
    item_outline,
)
from vecstack.packing.shapes import shape_called
from vecstack.packing.words import Face
from vecstack.pictures.read import Picture, load_picture
from vecstack.pictures.suffixes import SUFFIXES as PICTURES

DRAWINGS = frozenset({".svg", ".svgz"})
MAX_PICTURE_PX = 1024  # of the long side of a picture as an item: it is drawn far smaller
MASK_PX = 256  # of the long side of a picture in which its outline is found
MAX_FILES = 2_000  # of items: each is read
LETTERS_CLOSED_BY, BLANKS_CLOSED_BY = 0.1, 0.3  # of the em: gaps between letters, and between words
INK: Color = (0.15, 0.15, 0.15)  # of what has no colour of its own

Told = Callable[[str], None]


@dataclass(frozen=True, eq=False)
class Item:
    """What is placed: its name, its `content`, shapes in the local frame or a picture in a file's bytes, and rings
    around it in that frame. `is_plain` of what has no colours of its own. `size` is how large it is to be beside the
    others, times the size that it has in the frame, where something says so."""

    name: str
    content: tuple[ItemShape, ...] | bytes
    outline: Outline
    is_plain: bool = False
    size: float | None = None


def items_of(
    sources: Sequence[str | os.PathLike[str]], *, nested: bool = False, told: Told | None = None
) -> list[Item]:
    """The items that files, folders (the files in them) and names of shapes stand for. Files are SVG, pictures (cut out
    by their transparency, at one half; a picture without is a rectangle) and layer files. `told` hears what is left out
    of drawings. Raises UsageError: no items, neither a file nor a shape, too many; PictureError, DocumentError: a file
    that cannot be read, or shows nothing."""
    found = [part for source in sources for part in _files(source)]
    if not found:
        raise UsageError("no items; name files, folders with SVG or PNG files in them, or shapes such as circle.")
    if len(found) > MAX_FILES:
        raise UsageError(f"{len(found):,} items, at most {MAX_FILES:,}; name fewer files.")
    return [_item_of_file(part, nested, told) if isinstance(part, Path) else shape_item(part, nested) for part in found]


def _files(source: str | os.PathLike[str]) -> Iterable[Path | str]:
    """The files of a source, or the name of a shape. Raises UsageError for a folder without any."""
    path = Path(source)
    if not path.is_dir():
        return (path if path.exists() else os.fspath(source),)
    known = DRAWINGS | PICTURES | set(DOCUMENTS)
    files = sorted(file for file in path.iterdir() if file.suffix.lower() in known and file.is_file())
    if not files:
        raise UsageError(f"{path}: no drawings and no pictures in this folder; name one with SVG or PNG files.")
    return files


def _item_of_file(path: Path, nested: bool, told: Told | None) -> Item:
    suffix = path.suffix.lower()
    try:
        if suffix in PICTURES:
            return picture_item(path.stem, load_picture(path), nested)
        if suffix in DOCUMENTS:
            stack = load(path)
        else:
            stack = import_svg(path, told=None if told is None else lambda line: told(f"{path}: {line}"))
        drawn = shapes_of(stack)
        if isinstance(drawn, Picture):
            return picture_item(path.stem, drawn, nested)
        return shapes_item(path.stem, drawn, nested)
    except (PictureError, DocumentError) as error:
        raise named(error, str(path)) from error


def shape_item(name: str, nested: bool = False) -> Item:
    """A shape by its name. Raises UsageError."""
    shapes = (ItemShape((shape_called(name),), INK),)
    return dataclasses.replace(shapes_item(name, shapes, nested), is_plain=True)


def shapes_item(name: str, shapes: Sequence[ItemShape], nested: bool = False) -> Item:
    """An item of shapes, lowest first. Raises PictureError where they cover nothing."""
    try:
        content = fitted(shapes)
    except DocumentError as error:
        raise PictureError("there is nothing to be seen in it; leave it out.") from error
    return Item(name, content, _outline(content, nested, CLOSED_BY))


def _outline(shapes: Sequence[ItemShape], nested: bool, closed_by: float) -> Outline:
    """The rings around shapes in the local frame. Raises PictureError where these cover nothing."""
    curves = [curve for shape in shapes for curve in shape.curves]
    return item_outline(_seen(area_of_curves(curves) if nested else area_within(curves)), nested, closed_by)


def picture_item(name: str, picture: Picture, nested: bool = False) -> Item:
    """A picture, cut off where it is seen. Raises PictureError where it is not seen at all."""
    pixels = _cut_off(picture)
    image = Image.fromarray(pixels)
    image.thumbnail((MAX_PICTURE_PX, MAX_PICTURE_PX), Image.Resampling.LANCZOS)
    data = io.BytesIO()
    image.save(data, "PNG")
    mask = image.getchannel("A")
    mask.thumbnail((MASK_PX, MASK_PX), Image.Resampling.BOX)
    cover = np.asarray(mask, np.float64) / 255
    side = 2 / max(cover.shape)
    area = area_of_mask(cover, -side * cover.shape[1] / 2, -side * cover.shape[0] / 2, side)
    return Item(name, data.getvalue(), item_outline(_seen(area), nested))


def _cut_off(picture: Picture) -> np.ndarray:
    """The pixels [H,W,4] (8 bits, straight) of a picture within the box of what is seen of it."""
    alpha = np.ones(picture.pixels.shape[:2], np.float32) if picture.alpha is None else picture.alpha
    rows, columns = (np.flatnonzero((alpha > 0).any(axis)) for axis in (1, 0))
    if not len(rows):
        raise PictureError("there is nothing to be seen in it; leave it out.")
    pixels = np.concatenate([picture.pixels, alpha[..., None]], 2)
    seen = pixels[rows[0] : rows[-1] + 1, columns[0] : columns[-1] + 1]
    levels: np.ndarray = np.rint(seen * 255).astype(np.uint8)
    return levels


def _seen(area: Area) -> Area:
    """An area in fine units. Raises PictureError where it is none."""
    if area.area < LEAST_AREA * FINE**2:
        raise PictureError("it covers no area; leave it out.")
    return area


def word_items(sizes: Mapping[str, float], face: Face, *, nested: bool = False) -> list[Item]:
    """Words with the sizes of their letters. Raises UsageError for letters that the font has not."""
    return [_word_item(word, size, face, nested) for word, size in sizes.items()]


def _word_item(word: str, size: float, face: Face, nested: bool) -> Item:
    curves = face.curves(word)
    box = bounds(curves)
    em = 2 / max(box.width, box.height)  # of the local frame
    shapes = fitted((ItemShape(curves, INK),))
    closed_by = em * (BLANKS_CLOSED_BY if " " in word else LETTERS_CLOSED_BY)
    return Item(word, shapes, _outline(shapes, nested, closed_by), is_plain=True, size=size / em)
