"""What elements say, as nodes of the tree that style sheets are matched with."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from vecstack.errors import PictureError
from vecstack.importing.tree import SVG
from vecstack.importing.values import Viewport, length, split_url

XLINK = "{http://www.w3.org/1999/xlink}"
MAX_NAME = 4096  # characters that are read of what an element is called
INKSCAPE = "{http://www.inkscape.org/namespaces/inkscape}"


def tag_of(node: Any) -> str:
    """The name of an element; of one that is not SVG, with its namespace."""
    tag: str = node.etree_element.tag
    return tag.removeprefix(SVG)


def getter(node: Any) -> Callable[[str], str | None]:
    """What gives an attribute of an element, or None."""
    found: Callable[[str], str | None] = node.etree_element.get
    return found


def name_of(node: Any) -> str:
    """What an element is called for people: its label, or its title."""
    label = node.etree_element.get(f"{INKSCAPE}label")
    titles = (child.text for child in node.etree_element if child.tag in (f"{SVG}title", "title"))
    return " ".join((label or next(titles, None) or "")[:MAX_NAME].split())


def is_wanted(node: Any) -> bool:
    """Whether an element may be drawn: it wants no language but English, and no extension."""
    get = getter(node)
    languages = [word.strip().split("-")[0] for word in (get("systemLanguage") or "en").split(",")]
    return not get("requiredExtensions") and "en" in languages


def url_of(text: str) -> tuple[str | None, str]:
    """The id in a url(), and what stands behind it; None and the text where there is no url(). Raises PictureError for
    one in another file."""
    target, otherwise = split_url(text)
    return (None if target is None else _own_id(target)), otherwise


def href(node: Any) -> str | None:
    """The id that an element refers to; None for none. Raises PictureError for one in another file."""
    get = getter(node)
    text = (get("href") or get(f"{XLINK}href") or "").strip()
    return _own_id(text) if text else None


def _own_id(target: str) -> str:
    if not target.startswith("#"):
        raise PictureError(f"refers to something elsewhere ({target:.40}); only what is in the file is read.")
    return target[1:]


@dataclass(frozen=True)
class Sides:
    """The rectangle that an element asks for, in the units around it."""

    x: float
    y: float
    width: float
    height: float

    @classmethod
    def of(cls, node: Any, viewport: Viewport) -> Sides:
        """The rectangle of an element: all of the viewport where it asks for none."""
        get = getter(node)
        wholes = {"x": viewport.width, "y": viewport.height, "width": viewport.width, "height": viewport.height}
        found = {name: length(get(name), whole, viewport.font) for name, whole in wholes.items()}
        otherwise = {**wholes, "x": 0.0, "y": 0.0}
        return cls(**{name: otherwise[name] if value is None else value for name, value in found.items()})

    def corners(self) -> list[tuple[float, float]]:
        """The four corners, one way around."""
        right, bottom = self.x + self.width, self.y + self.height
        return [(self.x, self.y), (right, self.y), (right, bottom), (self.x, bottom)]
