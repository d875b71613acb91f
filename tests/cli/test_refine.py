from __future__ import annotations

import io
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image

from tests.helpers import in_predicted_colors, psnr_to
from vecstack import Stack, load, load_model, render, save
from vecstack.cli import run
from vecstack.document.file import dumps
from vecstack.fitting.decompose import decompose
from vecstack.fitting.refine import refine

pytestmark = pytest.mark.slow

Call = Callable[..., Any]


@pytest.fixture
def out(tmp_path: Path) -> Path:
    return tmp_path / "closer.layers"


@pytest.fixture
def refined(vecstack: Call, document: Path, photo: Path, out: Path) -> Callable[..., Stack]:
    """The document refined with options."""

    def call(*options: object) -> Stack:
        result = vecstack("refine", document, "--to", photo, "-o", out, "--effort", "fast", "--overwrite", *options)
        assert (result.code, result.out, result.err) == (0, "", "")
        return load(out)

    return call


def test_the_layers_come_closer_and_stay_the_same_ones(
    refined: Callable[..., Stack], document: Path, photo: Path, weights: Path, pixels: np.ndarray
) -> None:
    before, after = load(document), refined()
    assert [layer.id for layer in after.layers] == [layer.id for layer in before.layers]
    assert psnr_to(after, pixels) > psnr_to(in_predicted_colors(before, weights, pixels), pixels) + 0.5
    assert after.layers == refine(before, photo, "fast", device="cpu").layers


def test_the_document_itself_is_left_alone(refined: Callable[..., Stack], document: Path) -> None:
    before = document.read_bytes()
    refined("--layers", "5")
    assert document.read_bytes() == before


def test_the_thumbnail_shows_the_refined_layers(refined: Callable[..., Stack]) -> None:
    stack = refined("--layers", "5")
    assert stack.thumbnail is not None
    with Image.open(io.BytesIO(stack.thumbnail)) as picture:
        assert np.array_equal(np.asarray(picture), render(stack, max(picture.size), device="cpu"))


@pytest.mark.slow
def test_the_same_call_gives_the_same_bytes(refined: Callable[..., Stack], out: Path) -> None:
    refined("--layers", "6")
    first = out.read_bytes()
    refined("--layers", "6")
    assert out.read_bytes() == first


@pytest.mark.slow
@pytest.mark.parametrize("effort", ["0.3", "good"])
def test_other_efforts_come_closer_too(
    vecstack: Call, document: Path, photo: Path, weights: Path, out: Path, pixels: np.ndarray, effort: str
) -> None:
    assert vecstack("refine", document, "--to", photo, "-o", out, "--effort", effort, "-q").code == 0
    assert psnr_to(load(out), pixels) > psnr_to(in_predicted_colors(load(document), weights, pixels), pixels) + 0.5


@pytest.mark.slow
def test_detail_is_added_up_to_a_count(refined: Callable[..., Stack], pixels: np.ndarray) -> None:
    few, many = refined("--layers", "4"), refined("--layers", "9")
    assert [layer.kind for layer in many.layers] == ["mask"] * 3 + ["path"] * 6
    assert len(few.layers) == 4
    assert psnr_to(many, pixels) > psnr_to(few, pixels) + 0.5


@pytest.mark.slow
def test_detail_is_added_up_to_a_psnr(refined: Callable[..., Stack], pixels: np.ndarray) -> None:
    assert 20.98 < psnr_to(refined("--psnr", "21"), pixels) < 24


@pytest.mark.slow
def test_detail_is_added_up_to_a_size_of_the_file(refined: Callable[..., Stack], out: Path, document: Path) -> None:
    budget = len(dumps(load(document))) + 700
    stack = refined("--budget", f"{budget / 1000}kB")
    assert budget - 600 < out.stat().st_size <= budget
    assert len(stack.layers) > 3


@pytest.mark.slow
def test_compacting_makes_the_file_smaller_and_hardly_changes_the_drawing(
    refined: Callable[..., Stack], out: Path
) -> None:
    plain, plain_size = refined("--layers", "6"), out.stat().st_size
    compacted = refined("--layers", "6", "--compact")
    assert out.stat().st_size < plain_size
    difference = render(plain, device="cpu").astype(float) - render(compacted, device="cpu")
    assert np.sqrt(np.square(difference).mean()) < 0.5 + 0.5  # in 1/255: the tolerance, and 8 bits of both drawings
    small = out.stat().st_size
    refined("--layers", "6", "--compact", "--tolerance", "2")
    assert out.stat().st_size < small
    assert refined("--layers", "6", "--compact", "--tolerance", "0").layers == plain.layers


def test_pruning_takes_out_a_layer_that_does_not_show(refined: Callable[..., Stack], document: Path) -> None:
    stack = load(document)
    save(stack.edit(stack.layers[1].id, opacity=0.001), document, overwrite=True)
    assert stack.layers[1].id in [layer.id for layer in refined().layers]
    assert stack.layers[1].id not in [layer.id for layer in refined("--prune").layers]


@pytest.mark.slow
def test_tuning_the_net_gives_the_file_one_of_its_own(
    refined: Callable[..., Stack], document: Path, pixels: np.ndarray
) -> None:
    plain, tuned = refined(), refined("--tune-net")
    assert plain.assets == load(document).assets
    assert len(tuned.assets) == 1
    assert tuned.assets.keys() != plain.assets.keys()
    assert psnr_to(tuned, pixels) > psnr_to(plain, pixels)


@pytest.mark.slow
def test_the_background_shows_where_the_picture_is_transparent(vecstack: Call, document: Path, tmp_path: Path) -> None:
    clear, white = tmp_path / "clear.png", tmp_path / "white.png"
    Image.new("RGBA", (37, 53), (0, 0, 0, 0)).save(clear)
    Image.new("RGB", (37, 53), (255, 255, 255)).save(white)
    found = []
    for picture, options in ((clear, ("--background", "#fff")), (white, ())):
        out = picture.with_suffix(".layers")
        arguments = ("--to", picture, "--effort", "fast", "--layers", 5, "-o", out)
        assert vecstack("refine", document, *arguments, *options).code == 0
        found.append(load(out).layers)
    assert found[0] == found[1]


@pytest.mark.slow
def test_several_files_take_the_pictures_of_their_names(
    vecstack: Call, document: Path, pixels: np.ndarray, tmp_path: Path
) -> None:
    (tmp_path / "stacks").mkdir()
    (tmp_path / "pictures").mkdir()
    for name, picture in (("a", pixels), ("b", 255 - pixels)):
        (tmp_path / "stacks" / f"{name}.layers").write_bytes(document.read_bytes())
        Image.fromarray(picture).save(tmp_path / "pictures" / f"{name}.png")
    arguments = ("--to", tmp_path / "pictures", "--effort", "fast", "-o", tmp_path / "out")
    assert vecstack("refine", tmp_path / "stacks", *arguments).code == 0
    a, b = (load(tmp_path / "out" / f"{name}.layers") for name in "ab")
    assert psnr_to(a, pixels) > psnr_to(b, pixels)
    assert psnr_to(b, 255 - pixels) > psnr_to(a, 255 - pixels)
    (tmp_path / "pictures" / "b.png").unlink()
    result = vecstack("refine", tmp_path / "stacks" / "b.layers", *arguments, "--overwrite")
    assert result.code == 3
    assert "0 pictures called b" in result.err
    (tmp_path / "stacks" / "b.layers").rename(tmp_path / "stacks" / "A.layers")  # comes first
    result = vecstack("refine", tmp_path / "stacks", *arguments[:-1], tmp_path / "second")
    assert result.code == 7
    assert "0 pictures called A" in result.err
    assert load(tmp_path / "second" / "a.layers") == a


def test_a_document_goes_through_standard_input_and_output(
    photo: Path, weights: Path, capfdbinary: pytest.CaptureFixture[bytes], monkeypatch: pytest.MonkeyPatch
) -> None:
    document = dumps(decompose(photo, load_model(weights, "cpu"), effort="sketch"))
    monkeypatch.setattr(sys, "stdin", io.TextIOWrapper(io.BytesIO(document)))
    assert run(["refine", "-", "--to", str(photo), "-o", "-", "--effort", "fast", "--layers", "5"]) == 0
    out, err = capfdbinary.readouterr()
    assert err == b""
    assert len(load(out).layers) == 5


@pytest.mark.slow
@pytest.mark.parametrize(
    ("line", "code", "says"),
    [
        ("{doc} -o {tmp}/x.layers", 2, "--to"),
        ("{doc} --to {photo}", 2, "-o"),
        ("{doc} --to {photo} -o {tmp}/x.layers --effort slow", 2, "fast, good, best"),
        ("{doc} --to {photo} -o {tmp}/x.layers --effort 0", 2, "above 0"),
        ("{doc} --to {photo} -o {tmp}/x.layers --effort nan", 2, "above 0"),
        ("{doc} --to {photo} -o {tmp}/x.layers --effort sketch", 2, "use fast, good, best"),
        ("{doc} --to {photo} -o {tmp}/x.layers --refine good", 2, "did you mean --effort?"),
        ("{doc} --to {photo} -o {tmp}/x.layers --seed 4294967296", 2, "--seed must be a whole number from 0"),
        ("{doc} --to {photo} -o {tmp}/x.layers --layers 0", 2, "1 to 10,000"),
        ("{doc} --to {photo} -o {tmp}/x.layers --effort fast --layers 2", 2, "layers must be at least 3"),
        ("{doc} --to {photo} -o {tmp}/x.layers --layers many", 2, "--layers"),
        ("{doc} --to {photo} -o {tmp}/x.layers --psnr 99", 2, "at most 60 dB"),
        ("{doc} --to {photo} -o {tmp}/x.layers --psnr nan", 2, "--psnr"),
        ("{doc} --to {photo} -o {tmp}/x.layers --budget 10", 2, "at least 1,024"),
        ("{doc} --to {photo} -o {tmp}/x.layers --budget lots", 2, "20kB"),
        ("{doc} --to {photo} -o {tmp}/x.layers --budget -5kB", 2, "20kB"),
        ("{doc} --to {photo} -o {tmp}/x.layers --budget " + "9" * 400, 2, "--budget"),
        ("{doc} --to {photo} -o {tmp}/x.layers --effort fast --budget 1024", 2, "--budget must be at least the"),
        ("{doc} --to {photo} -o {tmp}/x.layers --effort fast --compact --tolerance -1", 2, "tolerance"),
        ("{doc} --to {photo} -o {tmp}/x.layers --effort fast --prune --tolerance nan", 2, "tolerance"),
        ("{doc} --to {photo} -o {tmp}/x.layers --background mud", 2, "--background: 'mud' is not a colour"),
        ("{doc} --to {photo} -o {tmp}/x.layers --device gpu", 2, "auto, cpu, cuda"),
        ("{tmp}/nothing.layers --to {photo} -o {tmp}/x.layers", 3, "nothing.layers"),
        ("{photo} --to {photo} -o {tmp}/x.layers", 3, "photo.png"),
        ("{bare} --to {photo} -o {tmp}/x.layers", 3, "no layer can be tuned"),
        ("{doc} --to {tmp}/nothing.png -o {tmp}/x.layers", 3, "nothing.png"),
        ("{doc} --to {doc} -o {tmp}/x.layers", 3, "made.layers"),
        ("{doc} --to {wide} -o {tmp}/x.layers", 3, "64 x 20"),
        ("{doc} --to {photo} -o {doc}", 4, "is an input"),
        ("{doc} --to {photo} -o {doc} --overwrite", 4, "is an input"),
        ("{doc} --to {photo} -o {photo}", 4, "photo.png"),
        ("{doc} --to {photo} -o {photo} --effort fast --overwrite", 4, "photo.png"),
        ("{doc} --to {photo} -o {bare}", 4, "--overwrite"),
        (
            "{doc} --to {photo} -o {wide}",
            4,
            "does not look like a layer file; name it wide.layers.",
        ),
        ("{doc} --to {photo} -o {tmp}/no/x.layers", 4, "no folder"),
    ],
)
def test_what_cannot_be_done_is_one_line_and_touches_no_file(
    vecstack: Call, document: Path, photo: Path, tmp_path: Path, line: str, code: int, says: str
) -> None:
    bare, wide = tmp_path / "bare.layers", tmp_path / "wide.png"
    save(load(document).with_layers(()), bare)
    Image.new("RGB", (64, 20)).save(wide)
    before = {path: path.read_bytes() for path in tmp_path.rglob("*") if path.is_file()}
    values = {"doc": document, "photo": photo, "tmp": tmp_path, "bare": bare, "wide": wide}
    result = vecstack("refine", *(part.format(**values) for part in line.split()))
    assert result.code == code, result.err
    assert says in result.err
    assert result.err.count("\n") == 1
    assert result.out == ""
    assert {path: path.read_bytes() for path in tmp_path.rglob("*") if path.is_file()} == before


def test_a_file_without_layers_takes_detail(
    vecstack: Call, document: Path, photo: Path, out: Path, tmp_path: Path, pixels: np.ndarray
) -> None:
    bare = tmp_path / "bare.layers"
    save(load(document).with_layers(()), bare)
    assert vecstack("refine", bare, "--to", photo, "-o", out, "--effort", "fast", "--layers", 6).code == 0
    assert [layer.kind for layer in load(out).layers] == ["path"] * 6
    assert psnr_to(load(out), pixels) > psnr_to(load(bare), pixels) + 3
