from __future__ import annotations

import dataclasses
import io
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image

from tests.helpers import in_predicted_colors, psnr_to
from vecstack import Stack, load, load_model, render
from vecstack.cli import run
from vecstack.compiled import NOTE
from vecstack.document.file import dumps
from vecstack.fitting.decompose import decompose
from vecstack.fitting.goal import Goal

pytestmark = pytest.mark.slow

Call = Callable[..., Any]


@pytest.fixture
def made(vecstack: Call, photo: Path, weights: Path, tmp_path: Path) -> Callable[..., tuple[Stack, int]]:
    """The picture decomposed with options: the stack, and the bytes of its file."""
    out = tmp_path / "out.layers"

    def call(*options: object) -> tuple[Stack, int]:
        result = vecstack("decompose", photo, "--model", weights, "-o", out, "--overwrite", *options)
        assert (result.code, result.out, result.err.replace(f"{NOTE}\n", "")) == (0, "", "")
        return load(out), out.stat().st_size

    return call


Made = Callable[..., tuple[Stack, int]]


@pytest.mark.slow
def test_the_command_line_spells_the_library(
    made: Made, photo: Path, weights: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("vecstack.fitting.decompose.GROWN_LAYERS", 8)
    model = load_model(weights, "cpu")
    assert made("--effort", "sketch")[0] == decompose(photo, model, effort="sketch", device="cpu")
    assert made()[0] == decompose(photo, model, device="cpu")
    assert made("--effort", "fast")[0] == decompose(photo, model, effort="fast", device="cpu")
    assert made("--effort", "fast", "--seed", 3)[0] == decompose(photo, model, effort="fast", seed=3, device="cpu")
    assert made("--effort", "fast", "--layers", 5)[0] == decompose(photo, model, 5, effort="fast", device="cpu")
    by_psnr = decompose(photo, model, effort="fast", detail=Goal(psnr=19), device="cpu")
    assert made("--effort", "fast", "--psnr", 19)[0] == by_psnr


@pytest.mark.parametrize("effort", ["fast", "0.3"])
def test_refining_comes_closer(made: Made, weights: Path, pixels: np.ndarray, effort: str) -> None:
    plain, refined = made("--effort", "sketch")[0], made("--effort", effort, "--layers", 3)[0]
    assert [layer.id for layer in refined.layers] == [layer.id for layer in plain.layers]
    assert psnr_to(refined, pixels) > psnr_to(in_predicted_colors(plain, weights, pixels), pixels) + 0.5


@pytest.mark.slow
def test_more_layers_than_the_model_gives_are_detail(made: Made, pixels: np.ndarray) -> None:
    few, many = made("--effort", "fast", "--layers", 4)[0], made("--effort", "fast", "--layers", 8)[0]
    assert [layer.kind for layer in many.layers] == ["mask"] * 3 + ["path"] * 5
    assert psnr_to(many, pixels) > psnr_to(few, pixels)


def test_a_psnr_is_met(made: Made, pixels: np.ndarray) -> None:
    assert 20.98 < psnr_to(made("--effort", "fast", "--psnr", 21)[0], pixels) < 24


@pytest.mark.slow
@pytest.mark.parametrize(
    ("size", "options"),
    [("1.5kB", ()), ("2KiB", ("--compact",)), ("2.2kB", ("--prune",)), ("1800", ("--prune", "--compact"))],
)
def test_a_file_keeps_its_budget_whatever_else_is_asked(made: Made, size: str, options: tuple[str, ...]) -> None:
    stack, length = made("--effort", "fast", "--budget", size, *options)
    assert length <= {"1.5kB": 1500, "2KiB": 2048, "2.2kB": 2200, "1800": 1800}[size]
    assert len(stack.layers) > 1


@pytest.mark.slow
def test_compacting_makes_the_file_smaller_and_hardly_changes_the_drawing(made: Made) -> None:
    options = ("--effort", "fast", "--layers", 5)
    plain, compacted = made(*options)[0], made(*options, "--compact")[0]
    assert bare_size(compacted) < bare_size(plain)
    difference = render(plain, device="cpu").astype(float) - render(compacted, device="cpu")
    assert np.sqrt(np.square(difference).mean()) < 0.5 + 0.5  # in 1/255: the tolerance, and 8 bits of both drawings
    assert bare_size(made(*options, "--compact", "--tolerance", 3)[0]) < bare_size(compacted)
    assert made(*options, "--compact", "--tolerance", 0)[0].layers == plain.layers


def bare_size(stack: Stack) -> int:
    """Bytes of the file without its thumbnail, whose size is chance."""
    return len(dumps(dataclasses.replace(stack, thumbnail=None)))


@pytest.mark.slow
def test_pruning_with_a_large_tolerance_leaves_fewer_layers(made: Made) -> None:
    options = ("--effort", "fast", "--layers", 12)
    plain, pruned = made(*options)[0], made(*options, "--prune", "--tolerance", 5)[0]
    assert 0 < len(pruned.layers) < len(plain.layers)
    assert {layer.id for layer in pruned.layers} <= {layer.id for layer in plain.layers}


@pytest.mark.slow
def test_the_thumbnail_shows_the_layers_that_there_are(made: Made) -> None:
    for options in (("--effort", "fast"), ("--layers", 5, "--effort", "fast", "--prune", "--compact")):
        stack, _ = made(*options)
        assert stack.thumbnail is not None
        with Image.open(io.BytesIO(stack.thumbnail)) as picture:
            assert np.array_equal(np.asarray(picture), render(stack, max(picture.size), device="cpu"))


def test_a_picture_goes_through_standard_input_and_output(
    photo: Path, weights: Path, capfdbinary: pytest.CaptureFixture[bytes], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sys, "stdin", io.TextIOWrapper(io.BytesIO(photo.read_bytes())))
    arguments = ["-", "--model", str(weights), "--effort", "fast", "--layers", "5", "-o", "-"]
    assert run(["decompose", *arguments]) == 0
    out, err = capfdbinary.readouterr()
    assert err == b""
    expected = decompose(photo, load_model(weights, "cpu"), 5, effort="fast", device="cpu")
    assert load(out) == expected


@pytest.mark.parametrize(
    ("options", "code", "says"),
    [
        ("--effort slow", 2, "sketch, fast, good, best"),
        ("--effort 0", 2, "above 0"),
        ("--effort -3", 2, "above 0"),
        ("--effort inf", 2, "above 0"),
        ("--effort sketch --layers 4", 2, "--effort sketch fits nothing"),
        ("--effort sketch --psnr 20", 2, "--effort sketch fits nothing"),
        ("--seed -1", 2, "--seed must be a whole number from 0"),
        ("--refine good", 2, "No such option: --refine; did you mean --effort?"),
        ("--layers 0", 2, "1 to 10,000"),
        ("--layers 10001", 2, "1 to 10,000"),
        ("--layers 0 --psnr 20", 2, "1 to 10,000"),
        ("--psnr 0", 2, "above 0"),
        ("--psnr 61", 2, "at most 60 dB"),
        ("--psnr loud", 2, "--psnr"),
        ("--budget 1kB", 2, "at least 1,024"),
        ("--budget 20qB", 2, "20kB"),
        ("--budget 1e5", 2, "20kB"),
        ("--compact --tolerance -1", 2, "tolerance"),
        ("--prune --tolerance nan", 2, "tolerance"),
        ("--compact --tolerance little", 2, "--tolerance"),
        ("--effort fast -o {photo} --overwrite", 4, "is an input"),
        ("--effort fast -o {there}", 4, "--overwrite"),
    ],
)
def test_what_cannot_be_done_is_one_line_and_touches_no_file(
    vecstack: Call, photo: Path, weights: Path, tmp_path: Path, options: str, code: int, says: str
) -> None:
    there = tmp_path / "there.layers"
    there.write_bytes(b"mine")
    before = {path: path.read_bytes() for path in tmp_path.rglob("*") if path.is_file()}
    result = vecstack("decompose", photo, "--model", weights, *options.format(photo=photo, there=there).split())
    assert result.code == code, result.err
    assert says in result.err
    assert result.err.count("\n") == 1
    assert result.out == ""
    assert {path: path.read_bytes() for path in tmp_path.rglob("*") if path.is_file()} == before
