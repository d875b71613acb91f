from __future__ import annotations

import gzip
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any
from xml.etree import ElementTree

import pytest

from vecstack import load, to_svg

Call = Callable[..., Any]


def test_a_file_becomes_the_svg_of_the_library(vecstack: Call, document: Path, tmp_path: Path) -> None:
    result = vecstack("export", document)
    assert (result.code, result.out, result.err) == (0, "", "")
    written = (tmp_path / "made.svg").read_text(encoding="utf-8")
    assert written == to_svg(load(document))
    assert ElementTree.fromstring(written).attrib["viewBox"] == "0 0 37 53"


@pytest.mark.parametrize(
    ("words", "options"),
    [
        (["--tolerance", "6", "--size", "400"], {"tolerance": 6.0, "size": 400}),
        (["--max-bytes", "1.5kB"], {"max_bytes": 1500}),
        (["--max-paths", "4"], {"max_paths": 4}),
        (["--format", "svg-flat"], {"flat": True}),
    ],
)
def test_options_are_those_of_the_library(
    vecstack: Call, document: Path, words: list[str], options: dict[str, Any]
) -> None:
    result = vecstack("export", document, "-o", "-", *words)
    assert result.code == 0, result.err
    assert result.out == to_svg(load(document), **options)


def test_hard_shapes_have_no_blur(vecstack: Call, document: Path) -> None:
    result = vecstack("export", document, "-o", "-", "--format", "svg-flat", "--hard")
    assert result.code == 0
    assert "<path" in result.out
    assert "filter" not in result.out


def test_svgz_is_the_same_compressed_and_the_limit_holds_for_it(vecstack: Call, document: Path, tmp_path: Path) -> None:
    out = tmp_path / "small.svgz"
    assert vecstack("export", document, "-o", out).code == 0
    assert gzip.decompress(out.read_bytes()).decode() == to_svg(load(document))
    first = out.read_bytes()
    assert vecstack("export", document, "-o", out, "--overwrite").code == 0
    assert out.read_bytes() == first
    most = len(first) - 100
    assert vecstack("export", document, "-o", out, "--overwrite", "--max-bytes", str(most)).code == 0
    assert most * 0.6 < len(out.read_bytes()) <= most


def test_several_files_go_into_a_folder(vecstack: Call, document: Path, tmp_path: Path) -> None:
    (tmp_path / "in" / "deep").mkdir(parents=True)
    (tmp_path / "in" / "one.layers").write_bytes(document.read_bytes())
    (tmp_path / "in" / "deep" / "two.layers").write_bytes(document.read_bytes())
    assert vecstack("export", tmp_path / "in", "-o", tmp_path / "out", "--tolerance", "20").code == 0
    assert (tmp_path / "out" / "one.svg").read_bytes() == (tmp_path / "out" / "deep" / "two.svg").read_bytes()


def test_existing_files_are_kept_skipped_or_replaced(vecstack: Call, document: Path, tmp_path: Path) -> None:
    out = tmp_path / "made.svg"
    out.write_text("mine")
    refused = vecstack("export", document)
    assert (refused.code, out.read_text()) == (4, "mine")
    assert "--overwrite" in refused.err
    assert vecstack("export", document, "--skip-existing").code == 0
    assert out.read_text() == "mine"
    assert vecstack("export", document, "--overwrite", "--tolerance", "20").code == 0
    assert out.read_text().startswith("<svg")


def test_unknown_layers_are_noted(vecstack: Call, document: Path, tmp_path: Path) -> None:
    path = tmp_path / "strange.layers.json"
    frame = [[1, 0, 0], [0, 1, 0]]
    strange = {"id": "odd", "kind": "hologram", "transform": frame}
    base = {"format": "vecstack-layers", "version": "1.0", "min_reader": "1.0", "canvas": {"width": 37, "height": 53}}
    path.write_text(json.dumps(base | {"layers": [strange]}))
    result = vecstack("export", path)
    assert result.code == 4, result.err
    assert "note: layer odd is of kind hologram" in result.err
    assert "None of the layers" in result.err


@pytest.mark.parametrize(
    ("words", "code", "message"),
    [
        (["--format", "pdf"], 2, "--format must be svg or svg-flat"),
        (["-o", "made.png"], 4, "does not end in .svg or .svgz"),
        (["--max-bytes", "few"], 2, "--max-bytes 'few' is not a size"),
        (["--max-bytes", "20"], 4, "takes at least"),
        (["--tolerance", "0"], 2, "tolerance must be above 0"),
        (["--hard"], 2, "svg-flat"),
        (["--format", "svg-flat", "--tolerance", "1"], 2, "no tolerance"),
        (["--overwrite", "--skip-existing"], 2, "not both"),
    ],
)
def test_calls_that_cannot_be_meant_are_refused_in_one_line(
    vecstack: Call, document: Path, tmp_path: Path, words: list[str], code: int, message: str
) -> None:
    result = vecstack("export", document, *words)
    assert result.code == code
    assert message in result.err
    assert result.err.count("\n") == 1
    assert not list(tmp_path.glob("*.svg*"))
