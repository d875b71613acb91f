"""What the built site needs beside the pages: links to files that are not on the site become their paths.

mkdocs.yml names this module. On a disk, and wherever the whole project is shown, those links lead to the files."""

from __future__ import annotations

import re
from typing import Any

OUTSIDE = re.compile(r"\[(?P<text>[^\]]*)\]\(\.\./(?P<path>[^)#\s]+)(?:#[^)\s]*)?\)")


def on_page_markdown(markdown: str, **_: Any) -> str:
    """The text of a page with the path of a file of the project in the place of a link to it."""
    return OUTSIDE.sub(_as_path, markdown)


def _as_path(match: re.Match[str]) -> str:
    text, path = match["text"], match["path"]
    return f"`{path}`" if text.strip("`").removeprefix("../") == path else f"{text} (`{path}` of the project)"
