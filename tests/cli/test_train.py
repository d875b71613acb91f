from __future__ import annotations

import io
import os
import pty
import re
import subprocess
import sys
import zipfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from PIL import Image

from tests.train.conftest import RECIPE
from vecstack.cli.train import parse_seconds
from vecstack.errors import UsageError
from vecstack.train.data import Examples

Call = Callable[..., Any]
ROOT = Path(__file__).parents[2]
ENVIRONMENT = os.environ | {"OMP_NUM_THREADS": "1", "TERM": "xterm", "COLUMNS": "100"}


def png(number: int) -> bytes:
    file = io.BytesIO()
    Image.fromarray(np.full((20, 24, 3), number, np.uint8)).save(file, "PNG")
    return file.getvalue()


@pytest.fixture
def data(tmp_path: Path) -> Path:
    """A folder of twelve pictures."""
    folder = tmp_path / "data"
    folder.mkdir()
    for number in range(12):
        (folder / f"{number:02}.png").write_bytes(png(number))
    return folder


@pytest.fixture
def recipe(tmp_path: Path) -> Path:
    path = tmp_path / "recipe.toml"
    path.write_text(RECIPE, encoding="utf-8")
    return path


@pytest.mark.parametrize(("text", "seconds"), [("90", 90), ("90s", 90), ("9m", 540), ("1.5h", 5400), ("0", 0)])
def test_times_are_read_with_their_unit(text: str, seconds: float) -> None:
    assert parse_seconds(text) == seconds


@pytest.mark.parametrize("text", ["", "soon", "-1", "1d", "1 m", "nan", "1e3"])
def test_what_is_no_time_is_refused(text: str) -> None:
    with pytest.raises(UsageError, match="write it as"):
        parse_seconds(text)


def test_an_empty_folder_of_pictures_is_one_line(vecstack: Call, recipe: Path, tmp_path: Path) -> None:
    (tmp_path / "empty").mkdir()
    result = vecstack("train", recipe, "--data", tmp_path / "empty", "--out", tmp_path / "out")
    assert (result.code, result.out) == (3, "")
    assert result.err.startswith(f"vecstack: No pictures in {tmp_path / 'empty'}.")
    assert result.err.count("\n") == 1


@pytest.mark.slow
def test_pictures_that_cannot_be_read_are_named_and_beyond_five_counted(
    vecstack: Call, recipe: Path, data: Path, tmp_path: Path
) -> None:
    for number in range(1, 8):
        (data / f"{number:02}.png").write_bytes(b"broken")
    result = vecstack("train", recipe, "--data", data, "--out", tmp_path / "out")
    assert result.code == 0
    lines = result.err.splitlines()
    assert lines[0] == "4 pictures to train on, 1 held out"
    for number, line in enumerate(lines[1:6], 1):
        assert line.startswith(f"left out: {data / f'{number:02}.png'}: ")
    assert lines[6] == "left out: 2 more that cannot be read"
    assert lines[7].startswith("step 1 of 6, loss ")
    assert "held-out dB" in lines[8]


def test_a_recipe_that_starts_from_nothing_that_is_there_says_so_before_the_pictures_are_read(
    vecstack: Call, recipe: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("HF_HUB_OFFLINE", "1")  # the name could be one of the Hub, too
    recipe.write_text(RECIPE.replace("steps = 6", 'steps = 6\nstart_from = "runs/photos-start"'), encoding="utf-8")
    result = vecstack("train", recipe, "--data", tmp_path / "nothing", "--out", tmp_path / "out")
    assert (result.code, result.out) == (6, "")
    assert 'recipe tiny: start_from = "runs/photos-start" cannot be used. Train that model first' in result.err
    assert result.err.count("\n") == 1
    assert not (tmp_path / "out").exists()


@pytest.mark.slow
def test_files_that_are_no_pictures_are_counted(vecstack: Call, recipe: Path, data: Path, tmp_path: Path) -> None:
    (data / "notes.txt").write_text("mine", encoding="utf-8")
    result = vecstack("train", recipe, "--data", data, "--out", tmp_path / "out", "--time-limit", "0")
    assert "left out: 1 file that is not a picture (.txt)" in result.err.splitlines()


def test_five_pictures_that_cannot_be_read_are_all_named(
    vecstack: Call, recipe: Path, data: Path, tmp_path: Path
) -> None:
    for number in range(1, 6):
        (data / f"{number:02}.png").write_bytes(b"broken")
    result = vecstack("train", recipe, "--data", data, "--out", tmp_path / "out", "--time-limit", "0")
    assert sum(line.startswith("left out: ") for line in result.err.splitlines()) == 5
    assert "more" not in result.err


def test_pictures_none_of_which_can_be_read_are_one_line(vecstack: Call, recipe: Path, tmp_path: Path) -> None:
    path = tmp_path / "broken.zip"
    with zipfile.ZipFile(path, "w") as archive:
        for number in range(12):
            archive.writestr(f"{number}.png", b"broken")
    result = vecstack("train", recipe, "--data", path, "--out", tmp_path / "out")
    assert result.code == 3
    assert "12 of 12 pictures cannot be read" in result.err
    assert result.err.count("\n") == 1


def test_a_gpu_without_the_memory_is_one_line(
    vecstack: Call, recipe: Path, data: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def run_out(*_: object) -> None:
        raise torch.cuda.OutOfMemoryError("tried to allocate 20.00 MiB")

    monkeypatch.setattr(Examples, "batch", run_out)
    result = vecstack("train", recipe, "--data", data, "--out", tmp_path / "out", "--quiet")
    assert (result.code, result.out) == (2, "")
    assert "ran out of memory" in result.err
    assert "a smaller batch than 4." in result.err
    assert result.err.count("\n") == 1


@pytest.mark.slow
def test_quiet_says_nothing_but_where_the_weights_are(vecstack: Call, recipe: Path, data: Path, tmp_path: Path) -> None:
    result = vecstack("train", recipe, "--data", data, "--out", tmp_path / "out", "--quiet")
    assert (result.code, result.err) == (0, "")
    assert result.out == f"{tmp_path / 'out' / 'model.safetensors'}\n"


def test_a_resumed_training_keeps_the_recipe_that_fits(
    vecstack: Call, recipe: Path, data: Path, tmp_path: Path
) -> None:
    out = tmp_path / "out"
    arguments = ("train", recipe, "--data", data, "--out", out, "--resume", "--time-limit", "0")
    assert vecstack(*arguments).code == 0
    assert (out / "recipe.toml").read_text(encoding="utf-8") == RECIPE
    recipe.write_text(RECIPE.replace("code = 3", "code = 4"), encoding="utf-8")
    assert vecstack(*arguments).code == 3
    assert (out / "recipe.toml").read_text(encoding="utf-8") == RECIPE
    slower = RECIPE.replace("batch = 4", "batch = 4\nlearning_rate = 1e-4")
    recipe.write_text(slower, encoding="utf-8")
    assert vecstack(*arguments).code == 0
    assert (out / "recipe.toml").read_text(encoding="utf-8") == slower


def test_a_job_is_not_sent_into_the_folder_of_another_training(
    vecstack: Call, recipe: Path, data: Path, tmp_path: Path
) -> None:
    (tmp_path / "out").mkdir()
    (tmp_path / "out" / "model.safetensors").write_bytes(b"mine")
    options = ("--slurm", "gpu", "--time-limit", "1h")
    result = vecstack("train", recipe, "--data", data, "--out", tmp_path / "out", *options)
    assert result.code == 4
    assert "model.safetensors exists" in result.err
    assert [file.name for file in (tmp_path / "out").iterdir()] == ["model.safetensors"]


def test_a_job_needs_a_time_limit_and_a_cluster(
    vecstack: Call, recipe: Path, data: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    arguments = ("train", recipe, "--data", data, "--out", tmp_path / "out", "--slurm", "gpu")
    for options, code, says in (((), 2, "--time-limit"), (("--time-limit", "1h"), 4, "sbatch")):
        result = vecstack(*arguments, *options)
        assert (result.code, result.out) == (code, "")
        assert says in result.err
        assert result.err.count("\n") == 1


@pytest.mark.slow
def test_a_terminal_shows_progress_below_the_log(recipe: Path, data: Path, tmp_path: Path) -> None:
    recipe.write_text(RECIPE.replace("steps = 6", "steps = 100000"), encoding="utf-8")
    (data / "05 [red].png").write_bytes(b"broken")
    ours, theirs = pty.openpty()
    arguments = ["train", recipe, "--data", data, "--out", tmp_path / "out"]
    command = [sys.executable, "-m", "vecstack", *map(str, arguments)]
    with subprocess.Popen(command, env=ENVIRONMENT, stderr=theirs, stdout=subprocess.PIPE) as process:
        os.close(theirs)
        shown = b""
        bar, line = (
            rb"/100000[^\r\n]* loss \d\.\d{5}, \d+\.\d s\S+, \d+:\d\d:\d\d left",
            rb"step 3 of 100000, [^\r\n]*}",
        )
        while not (re.search(bar, shown) and re.search(line, shown)):  # in either order, however long a step takes
            shown += os.read(ours, 1000)
        process.terminate()
        while part := read(ours):
            shown += part
        assert process.wait() == 0
    os.close(ours)
    text = re.sub(r"\x1b\[[0-9;?]*[a-zA-Z]", "", shown.decode())
    assert "reading pictures" in text
    assert re.search(r"\d+/100000", text)
    assert re.search(r"[\r\n]left out: [^\r\n]*/05 \[red\]\.png: [^\r\n]*\r\n", text)
    assert re.search(r"(^|[\r\n])11 pictures to train on, 1 held out\r\n", text)
    assert re.search(r"[\r\n]step 3 of 100000, loss \d\.\d{5}, held-out dB by layers {1: [^\r\n]*}\r\n", text)


def read(terminal: int) -> bytes:
    """The next bytes of a terminal; none where its other side is closed, which Linux tells as an error."""
    try:
        return os.read(terminal, 1000)
    except OSError:
        return b""


@pytest.mark.slow
def test_without_a_terminal_there_are_plain_lines_alone(recipe: Path, data: Path, tmp_path: Path) -> None:
    arguments = ["train", recipe, "--data", data, "--out", tmp_path / "out"]
    command = [sys.executable, "-m", "vecstack", *map(str, arguments)]
    done = subprocess.run(command, env=ENVIRONMENT, capture_output=True, text=True, check=True)
    lines = done.stderr.splitlines()
    told = [line for line in lines if "left" not in line]  # but for those of progress, which tell the time left
    assert [line.split(",")[0] for line in told] == ["11 pictures to train on", "step 3 of 6", "step 6 of 6"]
    assert lines[1].startswith("step 1 of 6, loss ")
    assert all(line.isprintable() for line in lines)


@pytest.mark.slow
@pytest.mark.parametrize(("heading", "count"), [("# Training", 3), ("## From nothing", 4)])
def test_the_commands_of_the_documentation_run_as_printed(
    vecstack: Call, data: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, heading: str, count: int
) -> None:
    """In a folder that has the weights beside it, as a checkout has; each training stops before its first step."""
    page = (ROOT / "docs" / "training.md").read_text(encoding="utf-8")
    section = page.split(f"{heading}\n", 1)[1].split("\n## ", 1)[0]
    commands = re.findall(r"^    vecstack (.*)$", section, re.MULTILINE)
    assert len(commands) == count
    (tmp_path / "weights").symlink_to(ROOT / "weights")
    data.rename(tmp_path / "pictures")
    (tmp_path / "photo.png").write_bytes(png(7))
    monkeypatch.chdir(tmp_path)
    for command in commands:
        short = ["--time-limit", "0"] if command.startswith("train") else []
        result = vecstack(*command.split(), *short)
        assert result.code == 0, result.err
