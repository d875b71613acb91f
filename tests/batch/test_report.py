"""vecstack batch status and report."""

from __future__ import annotations

import dataclasses
import json
import re
from pathlib import Path
from typing import Any

import pytest
from PIL import Image

from tests.batch.conftest import Call as Copy
from vecstack import Canvas, Stack
from vecstack.batch.manifest import NAME, Manifest, Record, latest, read_manifests
from vecstack.batch.report import report_page, thumbnail
from vecstack.document.file import dumps
from vecstack.drawing.file import thumbnail_png


def test_a_folder_tells_what_became_of_its_items(copy: Copy, texts: Path, tmp_path: Path, monkeypatch) -> None:
    out = tmp_path / "out"
    copy(texts, "-o", out, "-j", 1)
    monkeypatch.undo()  # the command line of the program again
    from vecstack.cli import run

    assert run(["batch", "status", str(out)]) == 0
    assert run(["batch", "report", str(out), "-o", str(tmp_path / "r.html")]) == 0
    page = (tmp_path / "r.html").read_text(encoding="utf-8")
    rows = re.findall(r"<tr( class=\"failed\")?><td class=\"name\">", page)
    assert rows == [' class="failed"'] * 2 + [""] * 38
    assert run(["batch", "report", str(out), "-o", str(tmp_path / "r.html")]) == 4
    assert run(["batch", "status", str(tmp_path)]) == 2


def test_the_last_word_on_an_item_counts(tmp_path: Path, capsys) -> None:
    manifest = Manifest(tmp_path)
    for status in ("failed", "done", "failed"):
        manifest.add(Record("a.png", "", "a.layers", status))
    manifest.add(Record("b.png", "", "b.layers", "failed", message="b.png: empty."))
    assert {name: record.status for name, record in latest(read_manifests(tmp_path)).items()} == {
        "a.layers": "done",
        "b.layers": "failed",
    }
    from vecstack.cli import run

    assert run(["batch", "status", str(tmp_path), "--json"]) == 0
    told = json.loads(capsys.readouterr().out)
    assert (told["done"], told["failed"], told["failures"][0]["message"]) == (1, 1, "b.png: empty.")


def test_lines_that_are_torn_or_are_none_are_passed_over(tmp_path: Path) -> None:
    path = tmp_path / NAME
    path.write_bytes(b'{"input": "a"}\n[1]\nnull\n\xff\xfe\n{"input": "x", "sha')
    assert list(read_manifests(tmp_path)) == []
    Manifest(tmp_path).add(Record("b.png", "", "b.layers", "done"))
    assert [record.output for record in read_manifests(tmp_path)] == ["b.layers"]
    assert path.read_bytes().endswith(b"\n")


@pytest.mark.parametrize(
    "change",
    [
        {"bytes": float("inf")},
        {"bytes": 10**300},
        {"bytes": -1},
        {"seconds": float("nan")},
        {"seconds": 10**400},
        {"psnr": "1e"},
        {"uses": [0]},
    ],
    ids=lambda change: next(iter(change)),
)
def test_lines_of_no_run_are_passed_over(tmp_path: Path, change: dict[str, Any]) -> None:
    whole = dataclasses.asdict(Record("a.png", "", "a.layers", "done"))
    lines = [{**whole, **change}, {**whole, "input": "b.png"}]
    (tmp_path / NAME).write_text("[" * 100_000 + "\n" + "\n".join(map(json.dumps, lines)) + "\n", encoding="utf-8")
    assert [record.input for record in read_manifests(tmp_path)] == ["b.png"]


def test_a_page_shows_no_thumbnail_that_is_damaged(tmp_path: Path) -> None:
    """Its header says a size, which is all that a layer file is checked for."""
    whole = thumbnail_png(Stack(Canvas(9, 9)), 8)
    shown = []
    for name, data in (("a", whole), ("b", whole[:-20]), ("c", whole[:33] + b"\0\0\0\1IDAT" + whole[41:])):
        (tmp_path / f"{name}.layers").write_bytes(dumps(Stack(Canvas(9, 9), thumbnail=data)))
        shown.append(thumbnail(tmp_path / f"{name}.layers") is not None)
    assert shown == [True, False, False]


def test_a_page_shows_pictures_and_no_name_is_more_than_text(tmp_path: Path) -> None:
    name = "<script>alert(1)</script>\"'&.png"
    Image.new("RGB", (300, 200), "red").save(tmp_path / "o.png")
    records = [Record(name, "", "o.png", "done"), Record("caf\udce9", "", "<b>", "failed", message="<i>no</i>")]
    page = report_page(tmp_path, {record.output: record for record in records})
    assert "<script" not in page
    assert "<b>" not in page
    assert "<i>" not in page
    assert page.count("data:image/webp;base64,") == 1
    assert page.index("caf?") < page.index("&lt;script&gt;")
    assert "default-src 'none'" in page
    page.encode()
