"""Each line of bad_options.py is refused as it says, in one line, and changes no file."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from PIL import Image

from tests.cli.bad_options import BAD
from tests.cli.test_bad_input import refused
from tests.helpers import block, slopes_and_edge
from vecstack import Canvas, Stack, save
from vecstack.geometry import Rect

Call = Callable[..., Any]
SVG = '<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 9 9">'
FILES = {
    "bad.layers": "junk",
    "bad.png": "junk",
    "bad.svg": "<svg",
    "ok.svg": f'{SVG}<rect width="4" height="4"/><text>x</text></svg>',
    "script.svg": f"{SVG}<script/></svg>",
    "drawing.psd": "8BPS" + "\0" * 40,
    "misspelt.toml": '[[change]]\nrecolour = "1"\n',
    "no.toml": "x = 1\n",
    "broken.toml": "[[",
    "bad.gpl": "GIMP Palette\n300 0 0\n",
    "bad.txt": "#12\n",
    "empty.txt": "",
    "list.txt": "missing.png\n",
    **dict.fromkeys(("there.svg", "there.html", "there.layers"), "mine"),
}


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The files that the lines name."""
    folder = tmp_path_factory.mktemp("bad")
    for name, text in FILES.items():
        (folder / name).write_text(text, encoding="utf-8")
    (folder / "empty").mkdir()
    (folder / "pictures").mkdir()
    for place in ("photo.png", "pictures/photo.png"):
        Image.fromarray(slopes_and_edge()).save(folder / place)
    layers = block("a", Rect(1.0, 2.0, 30.0, 40.0)), block("b", Rect(5.0, 5.0, 20.0, 20.0), name="sky")
    save(Stack(Canvas(37, 53), layers), folder / "doc.layers")
    return folder


@pytest.mark.parametrize(("words", "code", "says"), BAD, ids=[words for words, _, _ in BAD])
def test_a_bad_option_is_refused(
    vecstack: Call, folder: Path, monkeypatch: pytest.MonkeyPatch, words: str, code: int, says: str
) -> None:
    monkeypatch.chdir(folder)
    monkeypatch.delenv("HF_HUB_OFFLINE", raising=False)
    before = {path: path.read_bytes() for path in folder.rglob("*") if path.is_file()}
    refused(vecstack(*words.split()), code, says)
    assert {path: path.read_bytes() for path in folder.rglob("*") if path.is_file()} == before


def test_no_line_is_there_twice() -> None:
    assert len({words for words, _, _ in BAD}) == len(BAD) >= 120
