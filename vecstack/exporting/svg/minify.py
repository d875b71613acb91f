"""SVG text in as few bytes as say the same: without what names its parts to people and other programs."""

from __future__ import annotations

import itertools
import re
import string
from collections.abc import Iterator
from xml.etree import ElementTree

from vecstack.exporting.xml import quoted

SVG = "{http://www.w3.org/2000/svg}"
_REFERENCE = re.compile(r"url\(#([^)]*)\)")
_USED = re.compile(r' href="#([^"]*)"')


def minified(text: str) -> str:
    """The text of an SVG of ours without line breaks, names, hidden elements, groups that say nothing, and ids that
    nothing refers to; other ids are as short as can be. It is drawn as before."""
    root = ElementTree.fromstring(text)
    found = dict.fromkeys([*_REFERENCE.findall(text), *_USED.findall(text)])
    short = dict(zip(found, _names(), strict=False))
    return _written(root, short, is_root=True)


def _names() -> Iterator[str]:
    """Ids, the shortest first."""
    letters = string.ascii_letters
    return ("".join(parts) for length in itertools.count(1) for parts in itertools.product(letters, repeat=length))


def _written(element: ElementTree.Element, short: dict[str, str], *, is_root: bool = False) -> str:
    attributes = _attributes(element, short)
    if attributes.pop("style", "") == "display:none":
        return ""
    tag = element.tag.removeprefix(SVG)
    inside = "".join(_written(child, short) for child in element)
    if tag in ("g", "defs") and not inside:
        return ""
    if tag == "g" and not attributes:
        return inside
    head = ' xmlns="http://www.w3.org/2000/svg"' if is_root else ""
    head += "".join(f" {name}={quoted(value)}" for name, value in attributes.items())
    return f"<{tag}{head}>{inside}</{tag}>" if inside else f"<{tag}{head}/>"


def _attributes(element: ElementTree.Element, short: dict[str, str]) -> dict[str, str]:
    """The attributes that count; those of other namespaces begin with a brace."""
    kept = {name: value for name, value in element.attrib.items() if not name.startswith("{")}
    if "id" in kept:
        del kept["id"]
        if element.attrib["id"] in short:
            kept = {"id": short[element.attrib["id"]], **kept}
    if kept.get("href", "").startswith("#"):
        kept["href"] = f"#{short[kept['href'][1:]]}"
    return {
        name: _REFERENCE.sub(lambda found: f"url(#{short[found[1]]})", value) if "url(" in value else value
        for name, value in kept.items()
    }
