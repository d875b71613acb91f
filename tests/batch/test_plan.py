"""vecstack.batch.inputs and vecstack.cli.items: what inputs stand for, and what their outputs are called."""

from __future__ import annotations

import dataclasses
import errno
import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from tests.batch.conftest import tree
from tests.batch.jobs import Copying
from vecstack.batch.inputs import search
from vecstack.batch.items import Item
from vecstack.batch.manifest import read_manifests
from vecstack.batch.plan import plan
from vecstack.cli.course import Course
from vecstack.cli.flags import in_flags
from vecstack.cli.items import partner_of, picture_in, title_of
from vecstack.cli.running import run_all
from vecstack.errors import (
    BatchError,
    DocumentError,
    ExportError,
    PictureError,
    TooLargeError,
    UsageError,
    on_one_line,
)
from vecstack.pictures.suffixes import SUFFIXES

PICTURES = set(SUFFIXES)


def make(folder: Path, *names: str) -> None:
    for name in names:
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(b"x")


def lock(monkeypatch: pytest.MonkeyPatch) -> None:
    """No folder called "locked" can be listed, by whoever it is."""
    listed = os.scandir

    def scandir(path):
        if Path(path).name == "locked":
            raise PermissionError(errno.EACCES, "Permission denied")
        return listed(path)

    monkeypatch.setattr(os, "scandir", scandir)


def names(folder: Path, found: list[object]) -> list[str]:
    return [str(Path(entry.path).relative_to(folder)) for entry in found]


def test_links_of_a_folder_are_followed_once(tmp_path):
    make(tmp_path, "in/b.png", "in/zoo/a.png", "elsewhere/c.png", "elsewhere/deep/d.png")
    (tmp_path / "in/album").symlink_to(tmp_path / "elsewhere")
    (tmp_path / "in/again").symlink_to(tmp_path / "elsewhere")
    (tmp_path / "in/also").symlink_to("zoo")
    (tmp_path / "elsewhere/up").symlink_to(tmp_path / "in")
    found = search([str(tmp_path / "in")], PICTURES)
    assert sorted(Path(entry.path).name for entry in found.files) == ["a.png", "b.png", "c.png", "d.png"]
    assert "zoo/a.png" in names(tmp_path / "in", found.files)
    assert found.missed == []


def test_what_cannot_be_read_and_what_is_left_out_is_told_and_counted(tmp_path, monkeypatch, capsys):
    make(tmp_path, "good.png", "locked/a.png", "b.psd", "c.psd", "d.nef", "e.txt", "f", ".hidden.png", "phone.HEIC")
    (tmp_path / "gone.jpg").symlink_to("nowhere")
    (tmp_path / "loop.png").symlink_to("loop.png")
    lock(monkeypatch)
    batch = plan([str(tmp_path)], str(tmp_path / "out"), PICTURES, ".layers")
    assert [Path(item.source).name for item in batch.items] == ["gone.jpg", "good.png", "loop.png", "phone.HEIC"]
    course = Course(jobs="1", verbose=True, overwrite=True)
    with pytest.raises(BatchError, match="3 of 5 inputs failed"):
        run_all(batch, Copying(), course, "Doing")
    assert tree(tmp_path / "out").keys() == {"good.layers", "phone.layers"}
    rows = {record.output: record.message for record in read_manifests(tmp_path / "out") if record.status == "failed"}
    assert rows["gone.layers"] == f"{tmp_path}/gone.jpg: a link to what is not there; mend or remove it."
    assert rows.keys() == {"gone.layers", "loop.layers"}
    said = capsys.readouterr().err
    assert said.count("a link to what is not there") == 2
    assert "locked: cannot be listed (Permission denied)" in said
    assert "left out pictures of a format that is not read: 2 .psd, 1 .nef\n" in said
    assert "left out other files: 1 .txt, 1 without ending\n" in said
    with pytest.raises(BatchError):
        run_all(batch, Copying(), dataclasses.replace(course, quiet=True), "Doing")
    assert "left out" not in capsys.readouterr().err


def test_a_folder_of_nothing_but_what_cannot_be_read_is_an_error_of_it(tmp_path, monkeypatch):
    make(tmp_path, "locked/a.png", "open/a.png")
    lock(monkeypatch)
    with pytest.raises(PictureError, match="locked: cannot be listed"):
        search([str(tmp_path / "locked")], PICTURES)
    with pytest.raises(UsageError, match="no inputs"):
        search([str(tmp_path / "open")], {".layers"})


def test_what_exists_is_no_list_and_no_glob(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    make(tmp_path, "@eaDir/t.png", "@home.png", "[1].png")
    assert [entry.path for entry in search(["@eaDir", "@home.png", "[1].png"], PICTURES).files] == [
        "@eaDir/t.png",
        "@home.png",
        "[1].png",
    ]
    Path("list.txt").write_text("a.png\n\n b.png \n")
    assert [entry.path for entry in search(["@list.txt"], PICTURES).files] == ["a.png", "b.png"]
    with pytest.raises(UsageError, match="cannot be read as a list"):
        search(["@none.txt"], PICTURES)


def test_inputs_of_one_name_get_outputs_of_their_own(tmp_path):
    make(tmp_path, "cat.jpg", "cat.png", "dog.png", "deep/cat.png")
    batch = plan([str(tmp_path)], str(tmp_path / "out"), PICTURES, ".layers")
    targets = [str(Path(item.target).relative_to(tmp_path / "out")) for item in batch.items]
    assert targets == ["cat.jpg.layers", "cat.png.layers", "deep/cat.layers", "dog.layers"]
    assert batch.notes == ("outputs that would have one name keep the endings of their inputs, such as cat.jpg.layers",)


def test_a_whole_name_may_be_anothers_too(tmp_path):
    make(tmp_path, "cat.jpg", "cat.png", "cat.jpg.png")
    batch = plan([str(tmp_path)], str(tmp_path / "out"), PICTURES, ".layers")
    targets = [Path(item.target).name for item in batch.items]
    assert targets == ["cat.jpg.layers", "cat.jpg.png.layers", "cat.png.layers"]


def test_names_are_the_same_when_some_outputs_are_there(tmp_path):
    make(tmp_path, "in/cat.jpg", "in/cat.png", "in/dog.png")
    outputs = {item.target for item in plan([str(tmp_path / "in")], str(tmp_path / "out"), PICTURES, ".layers").items}
    for output in sorted(outputs):
        make(tmp_path, str(Path(output).relative_to(tmp_path)))
        again = plan([str(tmp_path / "in")], str(tmp_path / "out"), PICTURES, ".layers")
        assert {item.target for item in again.items} == outputs


def test_an_output_under_its_whole_name_stays_that_inputs(tmp_path):
    make(tmp_path, "cat.jpg", "dog.jpg", "cat.jpg.layers")
    inputs = [str(tmp_path / name) for name in ("cat.jpg", "dog.jpg")]
    assert [Path(item.target).name for item in plan(inputs, None, PICTURES, ".layers").items] == [
        "cat.jpg.layers",
        "dog.layers",
    ]


def test_a_folder_for_several_outputs_is_not_named_like_a_file(tmp_path):
    make(tmp_path, "in/cat.jpg", "in/dog.jpg", "one/cat.jpg")
    for name, inputs in (("both.layers", "in"), ("both.png", "in"), ("both.svg", "one")):
        out = str(tmp_path / name)
        with pytest.raises(UsageError, match=rf"{name} would be a folder, of [12] outputs?; name a folder, or write"):
            plan([str(tmp_path / inputs)], out, PICTURES, Path(name).suffix)
        assert plan([str(tmp_path / inputs)], f"{out}/", PICTURES, Path(name).suffix).items
    (tmp_path / "both.layers").mkdir()
    assert len(plan([str(tmp_path / "in")], str(tmp_path / "both.layers"), PICTURES, ".layers").items) == 2
    assert len(plan([str(tmp_path / "in")], str(tmp_path / "trip.2026"), PICTURES, ".layers").items) == 2


def test_names_that_inputs_share_are_told_in_one_line(tmp_path):
    make(tmp_path, *(f"{folder}/{name}.jpg" for folder in "ab" for name in ("cat", "dog")))
    inputs = [str(path) for path in sorted(tmp_path.rglob("*.jpg"))]
    with pytest.raises(ExportError, match=r"would become cat.jpg.layers, the first of 2 such names; rename"):
        plan(inputs, str(tmp_path / "out"), PICTURES, ".layers")


def test_a_picture_to_refine_to_lies_at_the_same_place_of_the_tree(tmp_path):
    make(tmp_path, "s/a/one.layers", "s/b/cat.png.layers", "s/b/dog.layers", "pics/a/one.png", "pics/a/one.txt")
    make(tmp_path, "pics/one.png", "pics/b/cat.png", "pics/b/cat.jpg", "pics/b/dog.png", "pics/b/dog.jpg")
    batch = plan([str(tmp_path / "s")], str(tmp_path / "f"), {".layers"}, ".layers")
    pictures = str(tmp_path / "pics")
    one, cat, dog = batch.items

    def picture_of(item: Item, there: str) -> str:
        return partner_of(item, there, PICTURES, "pictures", PictureError)

    assert picture_of(one, pictures) == str(tmp_path / "pics/a/one.png")
    assert picture_of(cat, pictures) == str(tmp_path / "pics/b/cat.png")
    with pytest.raises(PictureError, match="has 2 pictures called dog"):
        picture_of(dog, pictures)
    with pytest.raises(PictureError, match="has 0 pictures called one"):
        picture_of(Item("s/none/one.layers", "", place="none"), pictures)
    assert picture_of(one, "photo.png") == "photo.png"


def test_a_layer_file_of_a_picture_lies_at_the_same_place_of_the_tree(tmp_path):
    make(tmp_path, "s/a/one.layers.json", "s/b/cat.png.layers", "s/b/cat.layers", "s/a/one.png")

    def layers_of(name: str, place: str) -> Path:
        item = Item(name, "", place=place)
        return Path(partner_of(item, str(tmp_path / "s"), {".layers", ".layers.json"}, "layer files", DocumentError))

    assert layers_of("pics/a/one.jpg", "a").name == "one.layers.json"
    assert layers_of("pics/b/cat.png", "b").name == "cat.png.layers"
    with pytest.raises(DocumentError, match=r"has 0 layer files called one; one.jpg needs exactly one"):
        layers_of("one.jpg", "")


def test_names_of_any_bytes_are_shown_on_one_line_and_are_titles():
    assert on_one_line("two\nlines \x1b[0m caf\udce9 \u00e9") == "two\\nlines \\x1b[0m caf\\udce9 \u00e9"
    assert in_flags(PictureError("a\nb: empty.")) == "a\\nb: empty."
    assert title_of(os.fsdecode(b"in/caf\xe9.layers")) == "caf\ufffd"
    assert title_of("-") == ""


def test_a_limit_of_pixels_can_be_raised(photo):
    with pytest.raises(TooLargeError, match=r"at most 0\.0; scale it down first, or raise --max-pixels\.$"):
        picture_in(str(photo), 0.00001)
    assert picture_in(str(photo), 1).width == picture_in(str(photo), None).width
    with pytest.raises(UsageError, match="--max-pixels must be above 0"):
        picture_in(str(photo), float("nan"))


WAITING = """
import sys, time
import vecstack.cli
from vecstack.atomic import atomic_writer

def run(arguments):
    with atomic_writer(arguments[0], overwrite=False) as file:
        file.write(b"half")
        print("ready", flush=True)
        time.sleep(60)

vecstack.cli.run = run
vecstack.cli.main()
"""


@pytest.mark.skipif(not hasattr(signal, "SIGHUP"), reason="this system has no SIGHUP")
def test_a_closed_terminal_leaves_no_half_file(tmp_path):
    process = subprocess.Popen([sys.executable, "-c", WAITING, tmp_path / "x.png"], stdout=subprocess.PIPE)
    assert process.stdout.readline() == b"ready\n"
    process.send_signal(signal.SIGHUP)
    process.communicate(timeout=30)
    assert process.returncode == 129
    assert list(tmp_path.iterdir()) == []
