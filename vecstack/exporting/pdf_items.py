"""What layers are made of that are placed again and again: an object of a PDF for all that look the same."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from vecstack.color import Color
from vecstack.exporting.pdf_gradient import pattern
from vecstack.exporting.pdf_objects import File, filled, name_of, names_of, picture_object
from vecstack.exporting.xml import number
from vecstack.geometry import Affine
from vecstack.kinds import color_of, kind_of
from vecstack.kinds.base import FramedPicture
from vecstack.kinds.gradient import Gradient
from vecstack.pictures.read import load_picture
from vecstack.stack import Layer

BOX = "[-2 -2 2 2]"  # of a local frame, with room for the edges
AS_IT_IS = Affine(1.0, 0.0, 0.0, 0.0, 1.0, 0.0)


class Items:
    """The objects of a file that layers of a document share."""

    def __init__(self, file: File, assets: Mapping[str, bytes]) -> None:
        self._file, self._assets = file, assets
        self._found: dict[tuple[tuple[str, ...], Color | None], tuple[str, Affine] | None] = {}

    def of(self, layer: Layer) -> tuple[str, Affine] | None:
        """The object that a layer is, and the map from its coordinates to the layer's local frame; None where it is
        neither made of others nor a picture. Raises DocumentError where an asset is missing or does not fit it."""
        kind = kind_of(layer)
        key = kind.asset_ids(layer), color_of(layer)
        if not key[0]:
            return None
        if key not in self._found:
            kind.check([layer], self._assets)
            parts, picture = kind.parts(layer, self._assets), kind.picture(layer, self._assets)
            if picture is not None:
                self._found[key] = _framed(self._file, picture)
            else:
                self._found[key] = None if parts is None else (_form(self._file, parts), AS_IT_IS)
        return self._found[key]


def _form(file: File, parts: Sequence[Layer]) -> str:
    """The reference of a form that draws layers with outlines, on a canvas that is a local frame, as one group."""
    states: dict[float, str] = {}
    patterns: list[str] = []
    drawings = []
    for part in parts:
        kind = kind_of(part)
        outline, fill = kind.outline(part) or (), kind.gradient(part) or color_of(part) or (0.0, 0.0, 0.0)
        painted = file.add(pattern(fill, part.transform)) if isinstance(fill, Gradient) else None
        patterns += [] if painted is None else [painted]
        if part.opacity not in states:
            states[part.opacity] = file.add(f"<< /Type /ExtGState /ca {number(part.opacity)} >>")
        drawings.append(f"{name_of(states[part.opacity])} gs {filled(outline, part.transform, fill, painted)}")
    resources = f"<< /ExtGState {names_of(list(states.values()))} /Pattern {names_of(patterns)} >>"
    return file.add_stream(
        f"/Type /XObject /Subtype /Form /BBox {BOX} /Resources {resources} "
        "/Group << /S /Transparency /CS /DeviceRGB >>",
        "\n".join(drawings).encode(),
    )


def _framed(file: File, picture: FramedPicture) -> tuple[str, Affine]:
    """The reference of a picture, and the map from the unit square that it fills, y up, to its local frame."""
    found = load_picture(picture.png)
    mask = None if found.alpha is None else picture_object(file, found.alpha[..., None])
    rect = picture.rect
    to_frame = Affine(rect.width, 0.0, rect.x, 0.0, -rect.height, rect.y + rect.height)
    return picture_object(file, found.pixels, mask), to_frame
