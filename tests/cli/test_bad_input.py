"""Bad pictures, documents, weights and calls: each gives one line on stderr that says what to do, the right exit
code, and leaves no output behind."""

from __future__ import annotations

import io
import json
import os
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image

from tests.helpers import png_by_hand, zipped
from vecstack import Canvas, Stack
from vecstack.document.file import dumps_json

Call = Callable[..., Any]


def saved(kind: str) -> bytes:
    buffer = io.BytesIO()
    noise = np.random.default_rng(0).integers(0, 256, (53, 37, 3), dtype=np.uint8)
    Image.fromarray(noise).save(buffer, kind)
    return buffer.getvalue()


PICTURES: dict[str, bytes] = {
    "empty.png": b"",
    "text.png": b"hello",
    "html.jpg": b"<!doctype html><title>404</title>",
    "cut.png": saved("PNG")[:200],
    "cut.jpg": saved("JPEG")[:300],
    "cut.gif": saved("GIF")[:100],
    "cut.webp": saved("WEBP")[:60],
    "cut.tif": saved("TIFF")[:90],
    "cut.bmp": saved("BMP")[:60],
    "header-only.png": saved("PNG")[:33],
    "huge.png": png_by_hand(2_000_000_000, 2_000_000_000, 8, 2, b""),
    "claims.png": png_by_hand(100_000, 100_000, 8, 2, b""),
    "zero.png": png_by_hand(0, 10, 8, 2, b""),
    "script.eps": b"%!PS-Adobe-3.0 EPSF-3.0\n%%BoundingBox: 0 0 10 10\n",
    "page.pdf": b"%PDF-1.7\n",
    "drawing.svg": b'<svg xmlns="http://www.w3.org/2000/svg"/>',
    "archive.png": b"PK\x03\x04" + b"\0" * 40,
    "flipped.png": saved("PNG")[:60] + b"\xff" * 40 + saved("PNG")[100:],
}


@pytest.mark.parametrize("name", PICTURES)
def test_bad_pictures(vecstack: Call, weights: Path, tmp_path: Path, name: str) -> None:
    path = tmp_path / name
    path.write_bytes(PICTURES[name])
    refused(vecstack("decompose", path, "--model", weights, "-o", tmp_path / "out.layers"), 3, name)
    assert not (tmp_path / "out.layers").exists()


def document(**changes: Any) -> bytes:
    base: dict[str, Any] = {
        "format": "vecstack-layers",
        "version": "1.0",
        "canvas": {"width": 37, "height": 53},
        "layers": [],
    }
    return json.dumps({key: value for key, value in (base | changes).items() if value is not None}).encode()


LAYER: dict[str, Any] = {"id": "a", "kind": "mask", "color": [1, 0, 0], "code": [1], "net": "0" * 64}
DOCUMENTS: dict[str, tuple[bytes, int]] = {
    "empty": (b"", 3),
    "text": (b"hello", 3),
    "cut json": (document()[:-1], 3),
    "list": (b"[]", 3),
    "number": (b"5", 3),
    "deep": (b"[" * 100_000, 3),
    "not utf-8": (b'{"format": "\xff"}', 3),
    "nan": (document().replace(b"37", b"NaN"), 3),
    "infinite": (document().replace(b"37", b"1e999"), 3),
    "many digits": (document().replace(b"37", b"9" * 5000), 3),
    "key twice": (document()[:-1] + b', "format": "vecstack-layers"}', 3),
    "other format": (document(format="ora"), 3),
    "no canvas": (document(canvas=None), 3),
    "flat canvas": (document(canvas={"width": 0, "height": 5}), 3),
    "layers is no list": (document(layers={}), 3),
    "layer without kind": (document(layers=[{"id": "a"}]), 3),
    "layer without net": (document(layers=[LAYER]), 3),
    "two of one id": (document(layers=[{"id": "a", "kind": "x"}, {"id": "a", "kind": "x"}]), 3),
    "newer version": (document(version="2.0"), 5),
    "needs a newer reader": (document(min_reader="9.0"), 5),
    "needs a kind": (document(features_required=["kind:ribbon"]), 5),
    "zip without document": (zipped(("a", b"x")), 3),
    "zip that climbs": (zipped(("document.json", document()), ("../x", b"x")), 3),
    "cut zip": (zipped(("document.json", document()))[:-30], 3),
}


@pytest.mark.parametrize("name", DOCUMENTS)
@pytest.mark.parametrize("verb", ["render", "info", "validate"])
def test_bad_documents(vecstack: Call, tmp_path: Path, name: str, verb: str) -> None:
    path = tmp_path / "bad.layers"
    data, code = DOCUMENTS[name]
    path.write_bytes(data)
    output = ("-o", tmp_path / "out.png") if verb == "render" else ()
    refused(vecstack(verb, path, *output), code, "bad.layers")
    assert not (tmp_path / "out.png").exists()


@dataclass(frozen=True)
class Line:
    """A command line that must be refused. {photo}, {doc}, {weights} and {tmp} are filled in."""

    arguments: str
    code: int
    says: str


CALLS = [
    Line("fly", 2, "fly"),
    Line("decompose", 2, "INPUT"),
    Line("decompose {tmp}/nothing.png", 3, "nothing.png"),
    Line("decompose {tmp} -o {tmp}/out --model paths --layers 1 --effort fast", 7, "2 of 4"),
    Line("decompose {tmp}/empty-folder -o {tmp}/out", 2, "no inputs in "),
    Line("decompose {tmp}/*.nothing -o {tmp}/out", 2, "no inputs in "),
    Line("decompose @{tmp}/nothing.txt", 2, "nothing.txt"),
    Line("decompose {photo} --layers 10001 --model {weights}", 2, "must be 1 to 10,000"),
    Line("decompose {photo} --layers 0 --model {weights}", 2, "must be 1 to 10,000"),
    Line("decompose {photo} --layers two", 2, "vecstack: --layers must be a whole number, not 'two'. See"),
    Line("decompose {photo} --psnr 1,5", 2, "vecstack: --psnr must be a number, not '1,5'. See"),
    Line("decompose {photo} --layers two", 2, ". See vecstack decompose --help."),
    Line("decompose {photo} --model {weights} -o {tmp}/new.svg", 4, "name it new.layers"),
    Line("edit {doc} --hide 1 -o {tmp}/new.PNG", 4, "name it new.layers"),
    Line("decompose {photo} --background mud", 2, "--background: 'mud' is not a colour; write it as #rrggbb"),
    Line("decompose {photo} --fast", 2, "vecstack: No such option: --fast. See vecstack decompose --help."),
    Line("info {photo} --csv", 2, "vecstack: No such option: --csv. See vecstack info --help."),
    Line("decompose {photo} --refine good", 2, "No such option: --refine; did you mean --effort? See"),
    Line("render {doc} --refine good", 2, "vecstack: No such option: --refine. See vecstack render --help."),
    Line("decompose {photo} --layers 0", 2, "must be 1 to 10,000"),
    Line("decompose {photo} --layer 3", 2, "No such option: --layer; did you mean --layers? See"),
    Line("decompose {photo} --device cuda", 2, "--device cpu"),
    Line("decompose {photo} --device gpu", 2, "auto, cpu, cuda"),
    Line("decompose {photo} --model nothing", 6, "no such model or file; use digits, icons, photos, "),
    Line("decompose {photo} --model {photo}", 6, "not a vecstack model"),
    Line("decompose {photo} --model {tmp}/cut.safetensors", 6, "damaged weights"),
    Line("decompose {photo} --model {tmp}/empty.safetensors", 6, "not a vecstack model"),
    Line("decompose {photo} --model {tmp}/empty-folder", 6, "no such weights file"),
    Line("decompose {photo} --model {weights} -o {photo}", 4, "photo.png"),
    Line("decompose {photo} --model {weights} -o {tmp}/there.layers", 4, "--overwrite"),
    Line("decompose {photo} --model {weights} -o {tmp}/no/where.layers", 4, "there is no folder"),
    Line("decompose {photo} {doc} --model {weights} -o -", 2, "standard output"),
    Line("decompose {photo} {tmp}/bad.png --model {weights} -o {tmp}/there.layers", 4, "is a file"),
    Line(
        "decompose {photo} {tmp}/same/../photo.png --model {weights} -o {tmp}/out/",
        4,
        "photo.png.layers; rename one, or run them separately.",
    ),
    Line("decompose {photo} --model {weights} --overwrite --skip-existing", 2, "exclude each other; use only one"),
    Line("decompose {photo} --model {weights} -o {tmp}/{long}.layers", 4, "shorter name"),
    Line("decompose {tmp}/{long}.png --model {weights} -o {tmp}/x.layers", 3, "too long"),
    Line("decompose {tmp}/loop.png --model {weights} -o {tmp}/x.layers", 3, "loop.png"),
    Line("decompose @{tmp}/dot.txt", 2, "is not a file name"),
    Line("decompose {photo} {tmp}/bad.png --layers 0 --model {weights} -o {tmp}/out", 2, "must be 1 to 10,000"),
    Line("render {doc} --scale 1e308", 2, "1,000,000"),
    Line("render {doc} --scale 1e5 -o {tmp}/x.png", 2, "1,000,000"),
    Line("render {doc} --region 0,0,1e-310,1 --width 10", 2, "1,000,000"),
    Line("render {doc} --format xyz", 2, "png, jpeg, webp, tiff"),
    Line("render {doc} {tmp}/there.layers --format xyz -o {tmp}/out", 2, "png, jpeg, webp, tiff"),
    Line("render {tmp}/nothing.layers", 3, "nothing.layers"),
    Line("render {photo}", 4, "photo.png is not a layer file; turn a picture into one with `vecstack decompose`."),
    Line("decompose {doc}", 4, "made.layers is a layer file, not a picture; draw it with `vecstack render`."),
    Line("decompose {doc} --model {weights} -o {tmp}/x.layers", 3, "made.layers: a layer file, not a picture; draw it"),
    Line("decompose {tmp}/bare.layers.json --model {weights}", 3, "bare.layers.json: a layer file, not a picture"),
    Line("render {photo} -o {tmp}/x.png", 3, "photo.png: is a picture, not a layer file; turn it into one with"),
    Line("render {doc} --size 0", 2, "--size must be above 0"),
    Line("render {doc} --size -5", 2, "vecstack: --size must be above 0, not -5."),
    Line("render {doc} --size 99999999 -o {tmp}/x.png", 2, "1,000,000"),
    Line("render {doc} --size big", 2, "--size"),
    Line("render {doc} --size 5 --scale 2", 2, "only one of --size, --scale, and --width with --height"),
    Line("render {doc} --width 5 --scale 2", 2, "exclude each other"),
    Line("render {doc} --scale nan", 2, "--scale"),
    Line("render {doc} --region 1,2,3", 2, "expected x,y,w,h in pixels of the source"),
    Line("render {doc} --region a,b,c,d", 2, "expected x,y,w,h in pixels of the source"),
    Line("render {doc} --region 0,0,0,5", 2, "above 0"),
    Line("render {doc} --region 30,0,30,5", 2, "outside the canvas"),
    Line("render {doc} --region nan,0,3,5", 2, "outside the canvas"),
    Line("render {doc} --depth 12", 2, "8 or 16"),
    Line("render {doc} --depth 16 -o {tmp}/x.jpg", 2, "16"),
    Line("render {doc} --transparent -o {tmp}/x.jpg", 2, "png"),
    Line("render {doc} -o {tmp}/x.xyz", 4, "'xyz' is not a picture format; use png, tiff, webp or jpeg."),
    Line("render {doc} -o {tmp}/x.svg", 4, "or jpeg, or write svg files with `vecstack export`."),
    Line("render {doc} -o {tmp}/x", 4, "png"),
    Line("render {doc} -o {doc}", 4, "is an input"),
    Line("render {doc} -o {tmp}/photo.png", 4, "--overwrite"),
    Line("render {doc} --size 20000 -o {tmp}/x.webp", 4, "16,383"),
    Line("render {doc} --device cuda:7 -o {tmp}/x.png", 2, "cuda"),
    Line("render {doc} -o /dev/full", 4, "/dev/full"),
    Line("render {doc} -o /proc/x.png", 4, "/proc"),
    Line("info {tmp}/nothing.layers", 3, "nothing.layers"),
    Line("info {tmp}/none*", 2, "looked for .layers, .layers.json"),
    Line("info {photo}", 3, "photo.png"),
    Line("validate {photo}", 3, "photo.png"),
    Line("models fly", 2, "fly"),
    Line("train {tmp}/nothing.toml --data {tmp} --out {tmp}/out", 3, "nothing.toml"),
    Line("train {photo} --data {tmp} --out {tmp}/out", 3, "not TOML"),
    Line("train {tmp}/recipe.toml --data {tmp}/nothing.zip --out {tmp}/out", 3, "nothing.zip"),
    Line("train {tmp}/recipe.toml --data {photo} --out {tmp}/out", 3, "photo.png"),
    Line("train {tmp}/recipe.toml --out {tmp}/out", 2, "--data"),
    Line("train {tmp}/recipe.toml --data {tmp} --out {tmp}/out --time-limit soon", 2, "9m"),
]


@pytest.mark.parametrize("line", CALLS, ids=lambda line: line.arguments)
def test_bad_calls(vecstack: Call, photo: Path, weights: Path, document: Path, tmp_path: Path, line: Line) -> None:
    from tests.train.conftest import RECIPE

    (tmp_path / "empty-folder").mkdir()
    (tmp_path / "bad.png").write_bytes(b"bad")
    (tmp_path / "loop.png").symlink_to(tmp_path / "loop.png")
    (tmp_path / "dot.txt").write_text(".\n", encoding="utf-8")
    (tmp_path / "same").mkdir()
    (tmp_path / "bare.layers.json").write_bytes(dumps_json(Stack(Canvas(37, 53))))
    (tmp_path / "same" / "photo.jpg").write_bytes(photo.read_bytes())
    (tmp_path / "there.layers").write_bytes(b"mine")
    (tmp_path / "empty.safetensors").write_bytes(b"")
    (tmp_path / "cut.safetensors").write_bytes(weights.read_bytes()[:-100])
    (tmp_path / "recipe.toml").write_text(RECIPE, encoding="utf-8")
    before = {path: path.read_bytes() for path in tmp_path.rglob("*") if path.is_file()}
    values = {"photo": photo, "doc": document, "weights": weights, "tmp": tmp_path, "long": "a" * 300}
    arguments = [part.format(**values) for part in line.arguments.split()]
    if line.code == 7:
        arguments += ["--model", str(weights)]
        result = vecstack(*arguments)
        assert result.code == 7
        assert line.says in result.err
        return
    refused(vecstack(*arguments), line.code, line.says)
    assert {path: path.read_bytes() for path in tmp_path.rglob("*") if path.is_file()} == before


def test_an_empty_argument_is_not_the_current_folder(vecstack: Call, photo: Path) -> None:
    refused(vecstack("decompose", ""), 2, "is not a file name")
    refused(vecstack("decompose", photo, "-o", ""), 2, "-o is empty")


def test_a_program_without_standard_input_says_so(
    vecstack: Call, weights: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("sys.stdin", None)
    for arguments in (("decompose", "-", "--model", weights), ("info", "-"), ("render", "-"), ("validate", "-")):
        refused(vecstack(*arguments), 2, "there is no standard input; name a file")


def test_an_unwritable_folder_is_named(vecstack: Call, photo: Path, weights: Path) -> None:
    result = vecstack("decompose", photo, "--model", weights, "--layers", 1, "-o", "/proc/photo.layers")
    refused(result, 4, "/proc")


def test_a_fifo_does_not_hang(vecstack: Call, weights: Path, tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pipe.png")
    refused(
        vecstack("decompose", tmp_path / "pipe.png", "--model", weights, "-o", tmp_path / "x.layers"), 3, "pipe.png"
    )


def refused(result: Any, code: int, says: str) -> None:
    """One line on stderr that says what is asked, nothing on stdout, the exit code."""
    assert result.code == code, result.err
    assert result.out == ""
    assert len(result.err.splitlines()) == 1, result.err
    assert result.err.startswith("vecstack: ")
    assert says in result.err
