"""Items as layers of the kind that is made of outlines, and as pictures in their frame."""

from __future__ import annotations

from functools import lru_cache

from vecstack.color import Color
from vecstack.geometry import Affine
from vecstack.kinds import outlined_kind
from vecstack.kinds.base import FramedPicture
from vecstack.kinds.cutout.item import KEPT_BYTES, KEPT_ITEMS, header_of, shapes_of
from vecstack.stack import Layer

AS_IT_IS = Affine(1.0, 0.0, 0.0, 0.0, 1.0, 0.0)


def parts_in_frame(data: bytes, color: Color | None) -> tuple[Layer, ...]:
    """The shapes of an item as layers on a canvas that is its frame, lowest first; all in one colour where there is
    one. Raises DocumentError."""
    return (_kept_parts if len(data) <= KEPT_BYTES else _parts)(data, color)


def _parts(data: bytes, color: Color | None) -> tuple[Layer, ...]:
    kind = outlined_kind()
    return tuple(
        kind.from_outline(
            {"id": f"shape-{index}", "transform": AS_IT_IS, "opacity": shape.opacity},
            shape.curves,
            color or shape.paint,
        )
        for index, shape in enumerate(shapes_of(data))
    )


_kept_parts = lru_cache(KEPT_ITEMS)(_parts)


def picture_in_frame(data: bytes, color: Color | None) -> FramedPicture:
    """The picture of an item; all in one colour where there is one. Raises DocumentError."""
    from vecstack.kinds.cutout.picture import tinted

    header = header_of(data)
    return FramedPicture(data if color is None else tinted(data, color), header.width, header.height)
