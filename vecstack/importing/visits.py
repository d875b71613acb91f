"""How often the elements of a drawing are followed: what bounds the work of using some again and again."""

from __future__ import annotations

from typing import Any
from xml.etree.ElementTree import Element

from vecstack.errors import PictureError
from vecstack.importing.nodes import tag_of

MAX_AGAIN = 30_000  # visits beyond one of each element: three for each layer that a stack may have
LONG = 32  # characters of attributes that take about as much work as an element does


class Visits:
    """Counts visits of the elements of one drawing; an element that says much counts as several."""

    def __init__(self, root: Element) -> None:
        self._left = MAX_AGAIN + sum(map(_work, root.iter()))

    def tag(self, node: Any) -> str:
        """The tag of an element that is visited. Raises PictureError where elements are visited far too often."""
        self._left -= _work(node.etree_element)
        if self._left < 0:
            raise PictureError(
                f"uses elements again and again, more than {MAX_AGAIN:,} (a long one is several); use fewer."
            )
        return tag_of(node)


def _work(element: Element) -> int:
    """How much work an element makes, in short ones."""
    return 1 + sum(map(len, element.attrib.values())) // LONG
