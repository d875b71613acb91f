from __future__ import annotations

import io
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from PIL import Image

from tests.packing.examples import LEAF, drawing
from vecstack import load
from vecstack.cli import run

Call = Callable[..., Any]
SMALL = ("--count", "6", "--effort", "sketch", "--size", "100")


def test_a_collage_is_a_layer_file(vecstack: Call, tmp_path: Path) -> None:
    path = drawing(tmp_path, "leaf", LEAF + "<text>a</text>")
    result = vecstack("collage", path, "--into", "heart", "-o", tmp_path / "out.layers", *SMALL)
    assert (result.code, result.out) == (0, "")
    told, placed = (line for line in result.err.splitlines() if "compiling" not in line)
    assert told == f"{path}: left out: text (1)"
    assert placed.startswith("vecstack: 6 of 6 items placed, ")
    stack = load(tmp_path / "out.layers")
    assert len(stack.layers) == 6
    assert stack.thumbnail is not None


@pytest.mark.parametrize("suffix", ["svg", "png"])
def test_the_output_s_suffix_says_what_is_written(vecstack: Call, tmp_path: Path, suffix: str) -> None:
    path = tmp_path / f"out.{suffix}"
    result = vecstack("collage", "circle", "-o", path, "--json", *SMALL)
    assert (result.code, result.err) == (0, "")
    told = json.loads(result.out)
    assert (told["output"], told["placed"], told["overlap"], told["outside"]) == (str(path), 6, 0, 0)
    assert 0.3 < told["coverage"] < 1
    if suffix == "png":
        with Image.open(path) as image:
            assert image.size == (100, 100)
    else:
        assert path.read_text().startswith("<svg")


def test_standard_output_gets_layers(capfdbinary: pytest.CaptureFixture[bytes]) -> None:
    assert run(["collage", "circle", "-o", "-", "-q", *SMALL]) == 0
    out, err = capfdbinary.readouterr()
    assert err == b""
    assert load(io.BytesIO(out)).layers


def test_nothing_is_packed_where_the_output_could_not_be_written(vecstack: Call, tmp_path: Path) -> None:
    (tmp_path / "there.png").write_bytes(b"")
    result = vecstack("collage", "no-such-item", "-o", tmp_path / "there.png")
    assert result.code == 4
    assert "there.png" in result.err
    result = vecstack("collage", "no-such-item", "-o", tmp_path / "out.psd")
    assert result.code == 4
    assert "PSD files are not written" in result.err


@pytest.mark.parametrize(
    ("words", "code", "told"),
    [
        ("collage circle", 2, "Missing option"),
        ("collage -o x.svg", 2, "no items; name files"),
        ("collage circl -o x.svg", 2, "did you mean circle?"),
        ("collage circle --into zzz -o x.svg", 2, "use circle, square"),
        ("collage --words w.txt --sizes s.csv -o x.svg", 2, "--words and --sizes exclude each other; leave one out."),
        ("collage circle --words w.txt -o x.svg", 2, "--words are the items; leave out the others"),
        ("collage circle --scale-range 3 -o x.svg", 2, "--scale-range must be two numbers such as 0.5,1.5, not '3'."),
        ("collage circle --scale-range 2,1 -o x.svg", 2, "--scale-range must be two numbers above 0, the least first"),
        ("collage circle --count 99999 -o x.svg", 2, "--count must be 1 to 10,000"),
        ("collage circle --effort 3 -o x.svg", 2, "--effort must be one of sketch, fast, good, best"),
        ("collage --words missing.txt -o x.svg", 3, "missing.txt"),
        ("collage circle --sizes missing.csv -o x.svg", 3, "missing.csv"),
        ("collage missing.svg -o x.svg", 2, "there is no file and no shape 'missing.svg'"),
    ],
)
def test_bad_lines_are_refused_in_one(
    vecstack: Call, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, words: str, code: int, told: str
) -> None:
    monkeypatch.chdir(tmp_path)
    result = vecstack(*words.split())
    assert (result.code, result.out, result.err.count("\n")) == (code, "", 1)
    assert told in result.err
    assert not (tmp_path / "x.svg").exists()
