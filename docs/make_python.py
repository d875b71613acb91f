"""Brings the signatures in docs/python.md up to date: python docs/make_python.py

The page is written by hand. Only the first block under the heading of each public name is the code's own: its
signature."""

from __future__ import annotations

import inspect
import re
from pathlib import Path

import vecstack

PAGE = Path(__file__).with_name("python.md")
SECTION = re.compile(r"^## `?(?P<name>\w+)`?\n\n(?P<block>```text\n.*?```)", re.MULTILINE | re.DOTALL)
WIDTH = 100  # of a line, from which on each parameter has a line of its own


def page() -> str:
    """The text of docs/python.md with the signatures that the code has."""
    return SECTION.sub(_section, PAGE.read_text(encoding="utf-8"))


def names() -> list[str]:
    """The names that the page has a section for, in its order."""
    return [match["name"] for match in SECTION.finditer(PAGE.read_text(encoding="utf-8"))]


def _section(match: re.Match[str]) -> str:
    return f"{match[0].splitlines()[0]}\n\n```text\n{signature(match['name'])}\n```"


def signature(name: str) -> str:
    """How a public name is called: the name alone where it is not called, or takes what any exception takes."""
    thing = getattr(vecstack, name)
    if isinstance(thing, str) or (isinstance(thing, type) and issubclass(thing, Exception)):
        return name
    found = inspect.signature(thing)
    parameters = []
    for parameter in found.parameters.values():
        if parameter.kind is parameter.KEYWORD_ONLY and "*" not in parameters:
            parameters.append("*")
        parameters.append(_parameter(parameter))
    result = "" if isinstance(thing, type) else f" -> {found.return_annotation}"
    line = f"{name}({', '.join(parameters)}){result}"
    return line if len(line) <= WIDTH else f"{name}(\n    " + ",\n    ".join(parameters) + f",\n){result}"


def _parameter(parameter: inspect.Parameter) -> str:
    stars = "**" if parameter.kind is parameter.VAR_KEYWORD else ""
    text = f"{stars}{parameter.name}: {parameter.annotation}"
    if parameter.default is parameter.empty:
        return text
    default = "{}" if repr(parameter.default) == "<factory>" else repr(parameter.default).replace("'", '"')
    return f"{text} = {default}"


if __name__ == "__main__":
    PAGE.write_text(page(), encoding="utf-8")
