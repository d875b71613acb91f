"""vecstack evaluate: the same figures in every form, each with what it was measured on."""

from __future__ import annotations

import csv
import json
import os
import subprocess
import sys
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image
from torch import nn

import vecstack.train.evaluate as measuring
from tests.train.conftest import RECIPE
from vecstack.kinds.mask.baselines import BaselineSizes, BaselineTrainee
from vecstack.train.data import load_pictures
from vecstack.train.evaluate import Subject, evaluate, load_subject

Call = Callable[..., Any]
ENVIRONMENT = {**os.environ, "OMP_NUM_THREADS": "1"}


@pytest.fixture
def data(tmp_path: Path) -> Path:
    """Twenty pictures of 20 x 20 pixels in a folder: two are held out."""
    folder = tmp_path / "data"
    folder.mkdir()
    noise = np.random.default_rng(0).integers(0, 256, (20, 20, 20, 3), dtype=np.uint8)
    for number, pixels in enumerate(noise):
        Image.fromarray(pixels).save(folder / f"{number:02}.png")
    return folder


def measured(vecstack: Call, *arguments: str | Path) -> dict[str, Any]:
    """The JSON document of a command line."""
    result = vecstack("evaluate", *arguments, "--json")
    assert result.code == 0, result.err
    facts: dict[str, Any] = json.loads(result.out)
    return facts


def test_figures_are_those_of_the_library(vecstack: Call, weights: Path, data: Path) -> None:
    found = measured(vecstack, weights, "--data", data)
    pictures = load_pictures([data], 16)[1]
    expected = load_subject(str(weights), "cpu").scores(pictures, [1, 2, 3])
    assert found["scores"] == [score.to_json() for score in expected]
    about = {key: value for key, value in found.items() if key not in ("scores", "sha256")}
    assert about == {
        "model": "tiny",
        "part": "held-out",
        "pictures": 2,
        "side": 16,
        "stored_side": 16,
        "ssim_window": 11,
    }


@pytest.mark.slow
def test_every_form_says_what_was_measured(vecstack: Call, weights: Path, data: Path, tmp_path: Path) -> None:
    table, rows = tmp_path / "figures.md", tmp_path / "figures.csv"
    arguments = (weights, "--data", data, "--part", "training", "--limit", "5", "--layers", "3,1")
    result = vecstack("evaluate", *arguments, "--markdown", table, "--csv", rows)
    assert result.code == 0, result.err
    what = "5 pictures of the training part of 16 px"
    assert what in result.out
    assert result.err == "measuring 5 pictures of 16 px\n"
    scores = measured(vecstack, *arguments)["scores"]

    lines = table.read_text(encoding="utf-8").splitlines()
    assert what in lines[0]
    assert [line.split("|")[1].strip() for line in lines[4:]] == ["1", "3"]
    assert f"{scores[1]['psnr_of_mean_error']:.2f} dB" in lines[5]

    with rows.open(encoding="utf-8", newline="") as file:
        records = list(csv.DictReader(file))
    for record, score in zip(records, scores, strict=True):
        assert [record[key] for key in ("model", "part", "pictures", "side")] == ["tiny", "training", "5", "16"]
        assert {key: float(record[key]) for key in score} == score
        assert f"{score['ssim']:.4f}" in result.out


@pytest.mark.slow
def test_the_plot_is_a_picture(vecstack: Call, weights: Path, data: Path, tmp_path: Path) -> None:
    arguments = ("evaluate", weights, "--data", data, "--plot", tmp_path / "figures.png")
    assert vecstack(*arguments).code == 0
    with Image.open(tmp_path / "figures.png") as plot:
        assert plot.format == "PNG"
        assert plot.width > plot.height > 500
        assert len(plot.convert("RGB").getcolors(1 << 20) or ()) > 20  # more than the frame


@pytest.mark.slow
def test_a_name_with_signs_of_mathematics_is_plotted_as_it_is(
    vecstack: Call, weights: Path, data: Path, tmp_path: Path
) -> None:
    named = weights.rename(tmp_path / r"a$\b[red]$_.safetensors")
    result = vecstack("evaluate", named, "--data", data, "--plot", tmp_path / "figures.png")
    assert result.code == 0, result.err
    assert result.out.startswith(r"a$\b[red]$_ (")


@pytest.mark.slow
def test_parts_are_disjoint_and_whole(vecstack: Call, weights: Path, data: Path) -> None:
    counts = {
        part: measured(vecstack, weights, "--data", data, "--part", part, "--layers", "1")["pictures"]
        for part in ("held-out", "training", "all")
    }
    assert counts == {"held-out": 2, "training": 18, "all": 20}
    result = vecstack("evaluate", weights, "--data", data, "--part", "all", "--layers", "1", "-q")
    assert "held out and trained on alike" in result.out


def test_quiet_leaves_only_the_table(vecstack: Call, weights: Path, data: Path) -> None:
    result = vecstack("evaluate", weights, "--data", data, "-q")
    assert result.err == ""
    assert "SSIM" in result.out


def test_the_recipe_beside_the_weights_says_the_side(vecstack: Call, weights: Path, data: Path) -> None:
    (weights.parent / "recipe.toml").write_text(RECIPE, encoding="utf-8")
    found = measured(vecstack, weights, "--data", data)
    assert (found["side"], found["stored_side"]) == (16, 20)
    assert "16 px, reduced from 20 px" in vecstack("evaluate", weights, "--data", data).out


def test_a_side_that_is_asked_for_goes_before_the_recipe(vecstack: Call, weights: Path, data: Path) -> None:
    (weights.parent / "recipe.toml").write_text(RECIPE, encoding="utf-8")
    found = measured(vecstack, weights, "--data", data, "--side", "9")
    assert (found["side"], found["stored_side"], found["ssim_window"]) == (9, 9, 9)


def test_the_folder_of_a_training_is_a_model(vecstack: Call, weights: Path, data: Path, tmp_path: Path) -> None:
    folder = tmp_path / "mine"
    folder.mkdir()
    (folder / "model.safetensors").write_bytes(weights.read_bytes())
    assert measured(vecstack, folder, "--data", data)["model"] == "mine"


def test_a_shipped_model_is_found_by_its_name(vecstack: Call, data: Path) -> None:
    found = measured(vecstack, "digits", "--data", data)
    assert [score["layers"] for score in found["scores"]] == [1, 2, 5]
    assert [score["numbers"] for score in found["scores"]] == [13, 26, 65]
    assert found["side"] == 28


def test_pictures_that_cannot_be_read_are_counted(vecstack: Call, weights: Path, data: Path) -> None:
    for number in range(3, 10):
        (data / f"{number:02}.png").write_bytes(b"bad")
    result = vecstack("evaluate", weights, "--data", data, "--part", "all")
    assert result.code == 0
    assert "13 pictures" in result.out
    lines = result.err.splitlines()
    assert [line.startswith("left out: ") for line in lines] == [True] * 6 + [False]
    assert lines[5] == "left out: 2 more that cannot be read"


def baseline(name: str, _: str) -> Subject:
    """A model without layers: it gives back what it is given."""
    trainee = BaselineTrainee(BaselineSizes(numbers=130, side=16))
    return Subject(name, "0" * 64, 0, 16, partial(evaluate, trainee, nn.Identity()))


@pytest.mark.slow
def test_a_model_without_layers_has_one_score(
    vecstack: Call, data: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(measuring, "load_subject", baseline)
    plot = tmp_path / "figures.png"
    result = vecstack("evaluate", tmp_path / "mine", "--data", data, "--json", "--plot", plot)
    assert result.code == 0, result.err
    (score,) = json.loads(result.out)["scores"]
    assert (score["layers"], score["numbers"]) == (0, 130)
    assert plot.is_file()
    refused = vecstack("evaluate", tmp_path / "mine", "--data", data, "--layers", "1")
    assert (refused.code, refused.out) == (2, "")
    assert "Leave --layers out" in refused.err


REFUSED = [
    ("nothing --data {data}", 6, "no such model or file; use digits, icons, photos, "),
    ("{data} --data {data}", 6, "no such weights file"),
    ("{data}/00.png --data {data}", 6, "not a vecstack model"),
    ("{weights}", 2, "--data"),
    ("{weights} --data {tmp}/nothing", 3, "nothing"),
    ("{weights} --data {tmp}/empty", 3, "No pictures"),
    ("{weights} --data {tmp}/one", 3, "nothing to train on"),
    ("{weights} --data {weights}", 3, "cannot be read"),
    ("{weights} --data {data} --layers 0", 2, "must be 1 to 3, which this model was trained to give, not 0"),
    ("{weights} --data {data} --layers 1,4", 2, "not 4"),
    ("{weights} --data {data} --layers two", 2, "with commas between"),
    ("{weights} --data {data} --layers 1,,2", 2, "with commas between"),
    ("{weights} --data {data} --layers -1", 2, "--layers"),
    ("{weights} --data {data} --layers 1{zeros}", 2, "with commas between"),
    ("{weights} --data {data} --part test", 2, "held-out, training, all"),
    ("{weights} --data {data} --limit 0", 2, "--limit must be 1 or more"),
    ("{weights} --data {data} --limit few", 2, "--limit"),
    ("{weights} --data {data} --side 0", 2, "--side must be 1 to"),
    ("{weights} --data {data} --side 100000", 2, "--side must be 1 to"),
    ("{weights} --data {data} --device gpu", 2, "auto, cpu, cuda"),
    ("{weights} --data {data} --csv {tmp}/there.csv", 4, "--overwrite"),
    ("{weights} --data {data} --csv {tmp}/no/x.csv", 4, "there is no folder"),
    ("{weights} --data {data} --csv {tmp}", 4, "is a folder"),
    ("{weights} --data {data} --csv {tmp}/x --markdown {tmp}/one/../x", 2, "several outputs"),
    ("{weights} --data {data} --plot {tmp}/x.svg", 2, "ends in .png"),
    ("{weights} --data {data} --plot {data}/00.png --overwrite", 4, "is an input"),
    ("{weights} --data {data} --csv {weights} --overwrite", 4, "is an input"),
    ("{tmp} --data {data} --csv {tmp}/recipe.toml --overwrite", 4, "is an input"),
    ("{broken} --data {data}", 3, "recipe.toml"),
]


@pytest.mark.parametrize(("line", "code", "says"), REFUSED, ids=[line for line, _, _ in REFUSED])
def test_bad_calls_are_one_line_and_leave_nothing(
    vecstack: Call, weights: Path, data: Path, tmp_path: Path, line: str, code: int, says: str
) -> None:
    for folder in ("empty", "one", "broken"):
        (tmp_path / folder).mkdir()
    (tmp_path / "one" / "only.png").write_bytes((data / "00.png").read_bytes())
    (tmp_path / "there.csv").write_text("mine", encoding="utf-8")
    (tmp_path / "recipe.toml").write_text(RECIPE, encoding="utf-8")
    broken = tmp_path / "broken" / "model.safetensors"
    broken.write_bytes(weights.read_bytes())
    (tmp_path / "broken" / "recipe.toml").write_text("name = ", encoding="utf-8")
    before = {path: path.read_bytes() for path in tmp_path.rglob("*") if path.is_file()}
    values = {"weights": weights, "data": data, "tmp": tmp_path, "broken": broken, "zeros": "0" * 5000}
    result = vecstack("evaluate", *(part.format(**values) for part in line.split()))
    assert result.code == code, result.err
    assert result.out == ""
    assert len(result.err.splitlines()) == 1, result.err
    assert says in result.err
    assert {path: path.read_bytes() for path in tmp_path.rglob("*") if path.is_file()} == before


def test_a_file_that_cannot_be_written_does_not_cost_the_figures(vecstack: Call, weights: Path, data: Path) -> None:
    result = vecstack("evaluate", weights, "--data", data, "--csv", "/proc/figures.csv", "-q")
    assert result.code == 4
    assert "SSIM" in result.out
    assert result.err.startswith("vecstack: cannot write /proc/figures.csv")


def test_a_plot_without_matplotlib_names_the_extra_before_the_work(
    vecstack: Call, weights: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(sys.modules, "matplotlib", None)
    result = vecstack("evaluate", weights, "--data", tmp_path / "nothing", "--plot", tmp_path / "figures.png")
    assert result.code == 4
    assert (
        result.err
        == "vecstack: A plot needs matplotlib. Install it from the folder of this project: pip install '.[plots]'.\n"
    )


def test_outputs_are_replaced_when_asked_for(vecstack: Call, weights: Path, data: Path, tmp_path: Path) -> None:
    table = tmp_path / "figures.md"
    table.write_text("mine", encoding="utf-8")
    assert vecstack("evaluate", weights, "--data", data, "--markdown", table, "--overwrite").code == 0
    assert "SSIM" in table.read_text(encoding="utf-8")


def test_outputs_may_lie_among_the_inputs(vecstack: Call, weights: Path, data: Path) -> None:
    arguments = ("evaluate", weights, "--data", data, "--csv", data / "figures.csv", "--overwrite")
    assert [vecstack(*arguments).code for _ in range(2)] == [0, 0]


@pytest.mark.slow
def test_matplotlib_is_imported_for_a_plot_alone(weights: Path, data: Path) -> None:
    code = "import sys; from vecstack.cli import run; sys.exit(run(sys.argv[1:]) or 'matplotlib' in sys.modules)"
    arguments = ["evaluate", str(weights), "--data", str(data), "-q"]
    done = subprocess.run([sys.executable, "-c", code, *arguments], check=False, env=ENVIRONMENT, capture_output=True)
    assert done.returncode == 0, done.stderr


@pytest.mark.slow
def test_a_full_standard_output_is_one_line(weights: Path, data: Path) -> None:
    command = [sys.executable, "-m", "vecstack", "evaluate", str(weights), "--data", str(data), "-q"]
    with Path("/dev/full").open("wb") as full:
        done = subprocess.run(command, stdout=full, stderr=subprocess.PIPE, check=False, env=ENVIRONMENT)
    assert done.returncode == 4
    assert len(done.stderr.splitlines()) == 1, done.stderr


@pytest.mark.slow
def test_a_pipe_closed_by_its_reader_is_no_error(weights: Path, data: Path) -> None:
    reader, writer = os.pipe()
    os.close(reader)
    command = [sys.executable, "-m", "vecstack", "evaluate", str(weights), "--data", str(data), "-q"]
    done = subprocess.run(command, stdout=writer, stderr=subprocess.PIPE, check=False, env=ENVIRONMENT)
    os.close(writer)
    assert (done.returncode, done.stderr) == (141, b"")
