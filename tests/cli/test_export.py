from __future__ import annotations

import dataclasses
import gzip
import io
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any
from xml.etree import ElementTree

import ezdxf
import ezdxf.bbox
import numpy as np
import pytest
from PIL import Image

from tests.exporting.cutting.test_partition import STACK
from vecstack import load, save, to_svg
from vecstack.exporting.animation import Pace, to_gif, to_webp
from vecstack.exporting.pdf import to_pdf

Call = Callable[..., Any]


@pytest.mark.slow
def test_a_file_becomes_the_svg_of_the_library(vecstack: Call, document: Path, tmp_path: Path) -> None:
    result = vecstack("export", document)
    assert (result.code, result.out, result.err) == (0, "", "")
    written = (tmp_path / "made.svg").read_text(encoding="utf-8")
    assert written == to_svg(load(document))
    assert ElementTree.fromstring(written).attrib["viewBox"] == "0 0 37 53"


@pytest.mark.slow
@pytest.mark.parametrize(
    ("words", "options"),
    [
        (["--tolerance", "6", "--size", "400"], {"tolerance": 6.0, "size": 400}),
        (["--max-bytes", "1.5kB"], {"max_bytes": 1500}),
        (["--max-paths", "4"], {"max_paths": 4}),
        (["--precision", "1", "--tolerance", "6"], {"precision": 1, "tolerance": 6.0}),
        (["--format", "svg-flat"], {"flat": True}),
    ],
)
def test_options_are_those_of_the_library(
    vecstack: Call, document: Path, words: list[str], options: dict[str, Any]
) -> None:
    result = vecstack("export", document, "-o", "-", *words)
    assert result.code == 0, result.err
    assert result.out == to_svg(load(document), **options)


@pytest.mark.slow
def test_hard_shapes_have_no_blur(vecstack: Call, document: Path) -> None:
    result = vecstack("export", document, "-o", "-", "--format", "svg-flat", "--hard")
    assert result.code == 0
    assert "<path" in result.out
    assert "filter" not in result.out


@pytest.mark.slow
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


@pytest.mark.slow
def test_several_files_go_into_a_folder(vecstack: Call, document: Path, tmp_path: Path) -> None:
    (tmp_path / "in" / "deep").mkdir(parents=True)
    (tmp_path / "in" / "one.layers").write_bytes(document.read_bytes())
    (tmp_path / "in" / "deep" / "two.layers").write_bytes(document.read_bytes())
    assert vecstack("export", tmp_path / "in", "-o", tmp_path / "out", "--tolerance", "20").code == 0
    assert (tmp_path / "out" / "one.svg").read_bytes() == (tmp_path / "out" / "deep" / "two.svg").read_bytes()


@pytest.mark.slow
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


@pytest.mark.slow
def test_unknown_layers_are_noted(vecstack: Call, document: Path, tmp_path: Path) -> None:
    path = tmp_path / "strange.layers.json"
    frame = [[1, 0, 0], [0, 1, 0]]
    strange = {"id": "odd", "kind": "hologram", "transform": frame}
    base = {"format": "vecstack-layers", "version": "1.0", "min_reader": "1.0", "canvas": {"width": 37, "height": 53}}
    path.write_text(json.dumps(base | {"layers": [strange]}))
    for name in ("svg", "pdf", "ora", "gif", "webp", "apng", "png-layers", "frames"):
        result = vecstack("export", path, "--format", name)
        assert result.code == 4, result.err
        assert "note: layer odd is of kind hologram" in result.err
        assert "none of the layers is of a kind" in result.err
    kept = vecstack("export", path, "--format", "json", "-o", tmp_path / "kept.json")
    assert (kept.code, kept.err) == (0, "")
    assert load(tmp_path / "kept.json") == load(path)


@pytest.mark.slow
@pytest.mark.parametrize(
    ("words", "code", "message"),
    [
        (["--format", "psd"], 2, "json, not 'psd'; use ora, which Krita, GIMP and other paint programs open."),
        (["-o", "made.png"], 4, "made.png: .png is the suffix of a picture; draw pictures with `vecstack render`."),
        (["-o", "made.psd"], 4, "made.psd: PSD files are not written; use ora, which Krita, GIMP and other"),
        (
            ["-o", "made.xyz"],
            4,
            "made.xyz: unknown suffix .xyz; use one of .svg, .svgz, .html, .htm, .pdf, .dxf, .ora, .gif",
        ),
        (["-o", "made"], 4, "made: there is no suffix; use one of .svg, "),
        (["-o", "made.ora", "--format", "pdf"], 4, "made.ora: the suffix of pdf files is .pdf; rename it."),
        (["-o", "made.svg", "--format", "gif"], 4, "made.svg: the suffix of gif files is .gif"),
        (["-o", "made.json", "--format", "png-layers"], 4, "made.json is the name of a file"),
        (["-o", "-", "--format", "png-layers"], 2, "png-layers makes a folder"),
        (["-o", "made.pdf", "--tolerance", "1"], 2, "--tolerance does not apply to pdf, only to svg."),
        (
            ["-o", "made.ora", "--duration", "1"],
            2,
            "--duration does not apply to ora, only to gif, webp, apng, frames.",
        ),
        (["--format", "svg", "--source", "a.png"], 2, "--source does not apply to svg, only to html."),
        (["--format", "json", "--size", "9"], 2, "--size does not apply to json"),
        (["--max-bytes", "few"], 2, "--max-bytes must be a size such as 20kB, 1.5MB or 20000, not 'few'."),
        (["--max-bytes", "20"], 4, "takes at least"),
        (["--tolerance", "0"], 2, "tolerance must be above 0"),
        (["--hard"], 2, "--hard does not apply to svg, only to svg-flat."),
        (["--format", "svg-flat", "--tolerance", "1"], 2, "--tolerance does not apply to svg-flat"),
        (["--overwrite", "--skip-existing"], 2, "exclude each other; use only one"),
    ],
)
def test_calls_that_cannot_be_meant_are_refused_in_one_line(
    vecstack: Call, document: Path, tmp_path: Path, words: list[str], code: int, message: str
) -> None:
    result = vecstack("export", document, *words)
    assert result.code == code
    assert message in result.err
    assert result.err.count("\n") == 1
    assert {path.name for path in tmp_path.iterdir()} == {"made.layers", "photo.png", "tiny.safetensors"}


FORMATS = {
    "svg": ".svg",
    "svg-flat": ".svg",
    "pdf": ".pdf",
    "ora": ".ora",
    "gif": ".gif",
    "webp": ".webp",
    "json": ".layers.json",
}
STARTS = {
    "svg": b"<svg",
    "svg-flat": b"<svg",
    "pdf": b"%PDF-",
    "ora": b"PK",
    "gif": b"GIF89a",
    "webp": b"RIFF",
    "json": b"{",
}


@pytest.mark.slow
@pytest.mark.parametrize("name", STARTS)
def test_every_format_goes_beside_its_input_to_a_file_and_to_standard_output(
    vecstack: Call, document: Path, tmp_path: Path, name: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert vecstack("export", document, "--format", name).code == 0
    beside = (tmp_path / f"made{FORMATS[name]}").read_bytes()
    assert beside.startswith(STARTS[name])
    named = tmp_path / f"other{FORMATS[name]}"
    assert vecstack("export", document, "-o", named, *(["--format", name] if name == "svg-flat" else [])).code == 0
    assert named.read_bytes() == beside
    stream = io.BytesIO()
    monkeypatch.setattr("vecstack.cli.export.write_standard_output", stream.write)
    assert vecstack("export", document, "-o", "-", "--format", name).code == 0
    assert stream.getvalue() == beside


def test_json_is_the_document_as_text(vecstack: Call, document: Path, tmp_path: Path) -> None:
    assert vecstack("export", document, "--format", "json").code == 0
    assert load(tmp_path / "made.layers.json") == dataclasses.replace(load(document), thumbnail=None)


@pytest.mark.slow
def test_a_folder_of_layers_is_the_one_that_is_named(vecstack: Call, document: Path, tmp_path: Path) -> None:
    out = tmp_path / "out"
    for extra in ([], ["--overwrite"]):
        assert vecstack("export", document, "--format", "png-layers", "-o", out, "--size", "20", *extra).code == 0
        assert {"layers.json", "contact-sheet.png"} < {path.name for path in out.iterdir()}
    refused = vecstack("export", document, "--format", "png-layers", "-o", out)
    assert (refused.code, "--overwrite" in refused.err) == (4, True)
    assert vecstack("export", document, "--format", "png-layers", "-o", out, "--skip-existing").code == 0
    assert vecstack("export", document, "--format", "png-layers", "--size", "20").code == 0
    assert sorted(path.name for path in (tmp_path / "made-layers").iterdir()) == sorted(
        path.name for path in out.iterdir()
    )


def test_several_files_become_a_folder_each(vecstack: Call, document: Path, tmp_path: Path) -> None:
    (tmp_path / "in").mkdir()
    for name in ("one", "two"):
        (tmp_path / "in" / f"{name}.layers").write_bytes(document.read_bytes())
    assert (
        vecstack("export", tmp_path / "in", "-o", tmp_path / "out", "--format", "png-layers", "--size", "9").code == 0
    )
    assert sorted(path.name for path in (tmp_path / "out").glob("*-layers")) == ["one-layers", "two-layers"]


def test_a_folder_with_other_things_is_left_alone(vecstack: Call, document: Path, tmp_path: Path) -> None:
    out = tmp_path / "out"
    out.mkdir()
    (out / "mine.png").write_bytes(b"mine")
    refused = vecstack("export", document, "--format", "png-layers", "-o", out, "--overwrite")
    assert (refused.code, refused.err.count("\n")) == (4, 1)
    assert "contains files that were not exported" in refused.err
    assert [path.name for path in out.iterdir()] == ["mine.png"]


@pytest.mark.parametrize("name", ["pdf", "gif", "webp"])
def test_options_of_other_formats_are_heeded(vecstack: Call, document: Path, tmp_path: Path, name: str) -> None:
    made = {"pdf": to_pdf, "gif": to_gif, "webp": to_webp}[name]
    out, moves = tmp_path / f"out.{name}", name != "pdf"
    words = ["--duration", "500", "--frames", "3"] if moves else []
    assert vecstack("export", document, "-o", out, "--size", "40", *words).code == 0
    options = {"pace": Pace(frames=3, duration=500)} if moves else {"title": "made"}
    assert out.read_bytes() == made(load(document), size=40, **options)


@pytest.mark.slow
def test_a_source_is_of_one_input(vecstack: Call, document: Path, photo: Path, tmp_path: Path) -> None:
    (tmp_path / "other.layers").write_bytes(document.read_bytes())
    words = ["--format", "html", "--source", photo, "-o", tmp_path / "out"]
    result = vecstack("export", document, tmp_path / "other.layers", *words)
    assert (result.code, result.err.count("\n")) == (2, 1)
    assert "--source is one picture, but there are 2 inputs; export them one by one." in result.err


@pytest.mark.slow
def test_a_folder_of_another_format_needs_its_name(vecstack: Call, document: Path, tmp_path: Path) -> None:
    out = tmp_path / "out.pdf"  # an odd name for a folder
    out.mkdir()
    assert vecstack("export", document, "-o", out).code == 0
    assert vecstack("export", document, "-o", out, "--format", "ora").code == 0
    assert sorted(path.name for path in out.iterdir()) == ["made.ora", "made.svg"]


def test_makers_get_what_they_ask_for(vecstack: Call, tmp_path: Path) -> None:
    stack = STACK.with_layers([dataclasses.replace(layer, opacity=0.7) for layer in STACK.layers])
    paths, out = tmp_path / "paths.layers", tmp_path / "cut.dxf"
    words = ["export", paths, "-o", out, "--cutout", "--by-color", "--width-mm", "120", "--min-area"]
    save(stack, paths)
    refused = vecstack(*words, "1mm2")
    assert (refused.code, refused.out) == (4, "")
    assert "low is translucent" in refused.err
    assert "(--opaque)" in refused.err
    assert vecstack(*words, "1mm2", "--opaque").code == 0
    box = ezdxf.bbox.extents(ezdxf.readfile(out).modelspace())
    assert tuple(box.size)[:2] == pytest.approx((120.0, 80.0), abs=0.01)
    wrong = vecstack(*words, "1cm2", "--opaque", "--overwrite")
    assert (wrong.code, wrong.err.count("\n")) == (2, 1)
    assert "--min-area must be an area" in wrong.err


@pytest.mark.parametrize(("words", "sides"), [(["--width-mm", "30"], "30mm"), (["--dpi", "127"], "12mm")])
def test_an_svg_has_the_size_that_is_asked_for(vecstack: Call, tmp_path: Path, words: list[str], sides: str) -> None:
    save(STACK, tmp_path / "paths.layers")
    result = vecstack("export", tmp_path / "paths.layers", "-o", "-", "--minify", *words)
    assert result.code == 0, result.err
    assert ElementTree.fromstring(result.out).attrib["width"] == sides
    both = vecstack("export", tmp_path / "paths.layers", "-o", "-", "--size", "99", *words)
    assert (both.code, both.out) == (2, "")
    assert "--size in pixels" in both.err


def test_a_picture_that_is_named_is_turned_into_layers_first(vecstack: Call, tmp_path: Path) -> None:
    disk = np.hypot(*(np.mgrid[0:24, 0:24] - 11.5)) < 7
    Image.fromarray(np.where(disk[..., None], [200, 30, 30], [255, 255, 255]).astype(np.uint8)).save(tmp_path / "a.png")
    result = vecstack("export", tmp_path / "a.png", "-o", tmp_path / "a.svg")
    assert (result.code, "a.png: bitmap (" in result.err) == (0, True)
    assert ElementTree.parse(tmp_path / "a.svg").getroot().attrib["viewBox"] == "0 0 24 24"
