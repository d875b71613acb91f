from __future__ import annotations

import base64
import dataclasses
import gzip
from html.parser import HTMLParser

import pytest

from tests.helpers import make_spline
from vecstack import Canvas, Stack
from vecstack.geometry import Affine
from vecstack.stack import Group, UnknownLayer

HOSTILE = [
    "</script><script>alert(1)</script>",
    "<!--<script>",
    "]]>-->",
    "\"'><img src=x onerror=alert(1)>",
    "&lt;b&gt;&amp;{{document}}{{kinds}}",
    "\\u003c\\n\\",
    "__proto__",
    "toString",
]


class Elements(HTMLParser):
    """The elements of a page: names, attributes and, of those that hold plain text, the text."""

    def __init__(self, page: str) -> None:
        super().__init__(convert_charrefs=True)
        self.found: list[tuple[str, dict[str, str | None]]] = []
        self.texts: dict[str, list[str]] = {"script": [], "style": [], "title": []}
        self._inside = ""
        self.feed(page)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.found.append((tag, dict(attrs)))
        self._inside = tag
        if tag in self.texts:
            self.texts[tag].append("")

    def handle_endtag(self, tag: str) -> None:
        self._inside = ""

    def handle_data(self, data: str) -> None:
        if self._inside in self.texts:
            self.texts[self._inside][-1] += data

    def scripts(self) -> list[tuple[dict[str, str | None], str]]:
        """As they are once the page has unpacked them."""
        attributes = [found for tag, found in self.found if tag == "script"]
        return [_unpacked(found, text) for found, text in zip(attributes, self.texts["script"], strict=True)]

    def data(self, name: str) -> str:
        (text,) = (text for found, text in self.scripts() if found.get("id") == name)
        return text


def _unpacked(found: dict[str, str | None], text: str) -> tuple[dict[str, str | None], str]:
    if found.get("type") != "application/gzip":
        return found, text
    kind = {"type": found["data-type"]} if found["data-type"] else {}
    return {"id": found["id"], **kind}, gzip.decompress(base64.b64decode(text)).decode()


@pytest.fixture(scope="session")
def hostile() -> Stack:
    """Spline layers whose ids and names are markup, as are those of their groups, and a layer of an unknown kind whose
    fields are."""
    place = Affine(9.0, 0.0, 15.0, 0.0, 9.0, 20.0)
    layers = [
        dataclasses.replace(make_spline(text, index, place), name=HOSTILE[-1 - index], group=text)
        for index, text in enumerate(HOSTILE)
    ]
    groups = [
        Group(text, HOSTILE[-1 - index], parent=HOSTILE[0] if index else None) for index, text in enumerate(HOSTILE)
    ]
    strange = UnknownLayer(
        id="strange",
        unknown_kind="sparkle",
        transform=Affine(1.0, 0.0, 0.0, 0.0, 1.0, 0.0),
        fields={"note": "\u2028</script>\u2029<!--&amp;"},
    )
    return Stack(Canvas(37, 53), (*layers, strange), groups=tuple(groups), extra={"</script>": ["<!--", "\u2028"]})
