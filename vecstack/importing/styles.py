"""What elements look like: attributes, style sheets and style attributes, in the order of CSS."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any
from xml.etree.ElementTree import Element

from vecstack.color import Color
from vecstack.errors import PictureError
from vecstack.extras import install
from vecstack.importing.colors import CURRENT, parsed
from vecstack.importing.left_out import LeftOut
from vecstack.importing.tree import SVG
from vecstack.importing.values import split_url

INITIAL = {
    "fill": "black",
    "fill-opacity": "1",
    "fill-rule": "nonzero",
    "clip-rule": "nonzero",
    "color": "black",
    "color-interpolation": "sRGB",
    "stroke": "none",
    "stroke-opacity": "1",
    "stroke-width": "1",
    "stroke-linecap": "butt",
    "stroke-linejoin": "miter",
    "stroke-miterlimit": "4",
    "stroke-dasharray": "none",
    "stroke-dashoffset": "0",
    "paint-order": "normal",
    "visibility": "visible",
    "font-size": "16",
    "marker-start": "none",
    "marker-mid": "none",
    "marker-end": "none",
    "marker": "none",
}  # the properties that children inherit
OWN = {
    "opacity": "1",
    "display": "inline",
    "clip-path": "none",
    "mask": "none",
    "filter": "none",
    "stop-color": "black",
    "stop-opacity": "1",
    "mix-blend-mode": "normal",
    "overflow": "hidden",
    "background-color": "none",
    "transform": "",
    "transform-origin": "0 0",
    "vector-effect": "none",
    "mask-type": "luminance",
}  # those that they do not
COLORS = ("fill", "stroke", "color", "stop-color")  # what is no colour is not said
MAX_RULES = 2000  # selectors of all style sheets
MAX_TRIES = 10_000_000  # of a selector on an element
MANY_ELEMENTS = 1000  # so many are not searched for each of them

WORDS = ("none", "inherit", "initial", "unset", "revert", "context-fill", "context-stroke")  # in the place of a colour

Style = Mapping[str, str]
Ranked = tuple[tuple[Any, ...], str, str]


class Styles:
    """The style sheets of a drawing, and the styles that its elements have by them."""

    def __init__(self, root: Element, left_out: LeftOut) -> None:
        self._css, self._select = _packages()
        self._left_out = left_out
        self._matcher = self._select.Matcher()
        self._count = 0
        self._inherited: dict[Element, Style] = {}
        self.tree = self._select.ElementWrapper.from_xml_root(root)
        self._elements = sum(1 for _ in root.iter())
        for element in root.iter():
            if element.tag in (f"{SVG}style", "style") and element.get("type", "text/css") in ("text/css", ""):
                self._add_sheet("".join(element.itertext()))

    def _add_sheet(self, text: str) -> None:
        for rule in self._css.parse_stylesheet(text, skip_comments=True, skip_whitespace=True):
            if rule.type == "at-rule":
                if rule.lower_at_keyword == "import":
                    raise PictureError("refers to a stylesheet elsewhere; put it into a style element.")
                self._left_out.add(f"@{rule.lower_at_keyword} in style sheets")
            elif rule.type == "qualified-rule":
                self._add_rule(rule)

    def _add_rule(self, rule: Any) -> None:
        self._check_count(1 + sum(token == "," for token in rule.prelude))
        try:
            selectors = self._select.compile_selector_list(rule.prelude)
        except self._select.SelectorError:
            self._left_out.add("style rules of unknown selectors")
            return
        if self._elements > MANY_ELEMENTS and any(token == "~" for token in rule.prelude):
            self._left_out.add("style rules of siblings (~) in large drawings")
            return
        declarations = self._declarations(rule.content)
        for selector in selectors:
            self._count += 1
            self._matcher.add_selector(selector, declarations)

    def _check_count(self, more: int) -> None:
        """Raise PictureError where so many selectors more are too many."""
        count = self._count + more
        if count > MAX_RULES or count * self._elements > MAX_TRIES:
            raise PictureError("more style rules than so large a drawing may have; leave some out.")

    def _declarations(self, content: Any) -> tuple[tuple[str, str, bool], ...]:
        """Names, values and importance of what a rule or a style attribute says."""
        found = self._css.parse_blocks_contents(content, skip_comments=True, skip_whitespace=True)
        return tuple(
            (entry.lower_name, self._css.serialize(entry.value).strip(), entry.important)
            for entry in found
            if entry.type == "declaration"
        )

    def style(self, node: Any, parent: Style) -> dict[str, str]:
        """The style of an element (a node of `tree`) whose parent has another: every property of INITIAL and OWN."""
        attributes = node.etree_element.attrib
        result = {**{name: parent[name] for name in INITIAL}, **OWN}
        for name, value in self._cascaded(node, attributes):
            if name in result and value and (name not in COLORS or _is_paint(value)):
                result[name] = _resolved(name, value, parent)
        if result["marker"] != "none":
            result.update(dict.fromkeys(("marker-start", "marker-mid", "marker-end"), result["marker"]))
        return result

    def inherited(self, node: Any) -> Style:
        """The style of an element by where it stands in the drawing."""
        element = node.etree_element
        if element not in self._inherited:
            around = INITIAL if node.parent is None else self.inherited(node.parent)
            self._inherited[element] = self.style(node, around)
        return self._inherited[element]

    def _cascaded(self, node: Any, attributes: Mapping[str, str]) -> Iterable[tuple[str, str]]:
        """Properties and values, the weakest first."""
        said = (name for name in attributes if (name in INITIAL or name in OWN) and name != "marker")
        yield from ((name, attributes[name].strip()) for name in said)  # `marker` is one of CSS only
        entries: list[Ranked] = []
        for specificity, order, pseudo, declarations in self._matcher.match(node) if self._count else ():
            if pseudo is None:
                entries += [
                    ((important, 0, *specificity, order), name, value) for name, value, important in declarations
                ]
        if "style" in attributes:
            own = self._declarations(attributes["style"])
            entries += [((important, 1), name, value) for name, value, important in own]
        yield from ((name, value) for _, name, value in sorted(entries, key=lambda entry: entry[0]))

    def color(self, text: str, current: str) -> tuple[Color, float] | None:
        """A CSS colour as sRGB in 0..1, and its alpha; None where the text is none. `current` is what currentColor
        stands for."""
        found = parsed(text)
        if found == CURRENT:
            found = parsed(current)
        return None if isinstance(found, str) else found


def _is_paint(text: str) -> bool:
    """Whether a text says what a shape is painted with, or that it is not: a url() may have one colour behind it."""
    name, otherwise = split_url(text)
    return (name is not None and not otherwise) or otherwise in WORDS or parsed(otherwise) is not None


def _resolved(name: str, value: str, parent: Style) -> str:
    """The value of a property, with the parent's in the place of `inherit`."""
    if value == "inherit":
        return parent[name]
    if value in ("initial", "unset", "revert"):
        return parent[name] if value != "initial" and name in INITIAL else {**INITIAL, **OWN}[name]
    return value


def _packages() -> tuple[Any, Any]:
    """The packages that read style sheets. Raises PictureError where they are not installed."""
    try:
        import cssselect2
        import tinycss2
    except ImportError as error:
        raise PictureError(f"importing needs the packages tinycss2 and cssselect2. {install('svg')}") from error
    return tinycss2, cssselect2
