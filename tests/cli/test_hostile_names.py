"""Names of files, layers and groups that are made to do harm do none, whichever verb meets them."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any
from xml.etree import ElementTree

import pytest

from tests.exporting.html.conftest import Elements
from tests.helpers import block
from vecstack import Canvas, Group, Stack, save
from vecstack.geometry import Rect

Call = Callable[..., Any]
NAMES = {
    "markup": b"<><script>alert(1)<&amp;",
    "quotes": b"a\"'`b",
    "right to left": "\u202egnp".encode(),
    "lines": b"a\nb\rc",
    "separators": "\u2028\u2029".encode(),
    "no text": b"\xff\xfe",
    "escapes": b"\x1b[31mred\x07",
    "an option": b"-o",
    "a list": b"@x",
    "a pattern": b"*[a]?",
    "a blank": b" ",
    "formats": b"%s{0}$(id)`id`",
}
INSIDE = "\u202e</script><script>alert(1)</script>\"'&{{document}}"
VERBS = (
    "info {}",
    "validate {}",
    "render {} -o out.png",
    "edit {} --hide 1 -o out.layers",
    "export {} -o out.svg",
    "export {} -o out.pdf",
    "export {} --format png-layers -o out",
    "view {} --no-browser -o out.html",
)


@pytest.mark.parametrize("name", NAMES)
def test_a_hostile_name_does_no_harm(
    vecstack: Call, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, name: str
) -> None:
    monkeypatch.chdir(tmp_path)
    path = "./" + os.fsdecode(NAMES[name]) + ".layers"
    layer = block(INSIDE, Rect(1.0, 2.0, 6.0, 5.0), name=INSIDE, group=INSIDE)
    save(Stack(Canvas(9, 9), (layer,), groups=(Group(INSIDE, INSIDE),)), path)
    for verb in VERBS:
        words = [path if word == "{}" else word for word in verb.split()]
        result = vecstack(*words)
        assert result.code == 0, (verb, result.err)
        printed = (result.out + result.err).replace("\n", "")
        assert printed.isprintable(), (verb, printed)
    assert {entry.name for entry in tmp_path.iterdir()} == {
        *(f"out{suffix}" for suffix in ("", ".png", ".layers", ".svg", ".pdf", ".html")),
        Path(path).name,
    }
    ElementTree.parse("out.svg")
    assert len(Elements(Path("out.html").read_text(encoding="utf-8")).scripts()) == len(
        Elements(_plain_page(vecstack, tmp_path)).scripts()
    )


def _plain_page(vecstack: Call, folder: Path) -> str:
    save(Stack(Canvas(9, 9), (block("a", Rect(1.0, 2.0, 6.0, 5.0)),)), folder / "plain.layers")
    assert vecstack("view", folder / "plain.layers", "--no-browser", "-o", folder / "plain.html").code == 0
    return (folder / "plain.html").read_text(encoding="utf-8")


@pytest.mark.parametrize("name", NAMES)
def test_what_is_wrong_with_a_hostile_name_is_one_printable_line(
    vecstack: Call, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, name: str
) -> None:
    monkeypatch.chdir(tmp_path)
    for suffix, verb, code in ((".png", "decompose", 3), (".layers", "render", 3), (".svg", "import", 3)):
        path = "./" + os.fsdecode(NAMES[name]) + suffix
        Path(path).write_bytes(b"bad")
        result = vecstack(verb, path, "-o", "out.layers" if verb != "render" else "out.png")
        assert (result.code, result.out) == (code, "")
        assert result.err.removesuffix("\n").isprintable(), result.err
        assert result.err.startswith("vecstack: ")


@pytest.mark.slow
@pytest.mark.parametrize(("encoding", "printed"), [("utf-8", b"\xff\xfe.html"), ("latin-1", rb"\udcff\udcfe.html")])
def test_a_printed_path_that_is_no_text_is_its_bytes(tmp_path: Path, encoding: str, printed: bytes) -> None:
    save(Stack(Canvas(9, 9), (block("a", Rect(1.0, 2.0, 6.0, 5.0)),)), tmp_path / "a.layers")
    command = [sys.executable, "-m", "vecstack", "view", "a.layers", "--no-browser", "-o", b"\xff\xfe.html"]
    environment = {**os.environ, "PYTHONIOENCODING": encoding}
    done = subprocess.run(command, cwd=tmp_path, capture_output=True, check=False, env=environment)
    assert (done.returncode, done.stderr) == (0, b"")
    assert printed in done.stdout
