"""Whichever use of the disk fails, and how: one line, the right exit code, and no file is lost or half there."""

from __future__ import annotations

import errno
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from tests.faulty_disk import FaultyDisk
from tests.helpers import block
from vecstack import Canvas, Stack, save
from vecstack.geometry import Rect

Call = Callable[..., Any]
CODES = (errno.ENOSPC, errno.EACCES, errno.EIO)
READ, WRITTEN, WEIGHTS = 3, 4, 6  # exit codes
VERBS = {
    "decompose": "decompose photo.png --model tiny.safetensors --effort sketch -o out.layers",
    "edit": "edit made.layers --hide 1 -o out.layers",
    "render": "render made.layers -o out.png",
    "render tiff": "render made.layers -o out.tif",
    "export svg": "export made.layers -o out.svg",
    "export json": "export made.layers -o out.json",
    "export layers": "export made.layers --format png-layers -o out",
    "view": "view made.layers --no-browser -o out.html",
}


def files(folder: Path) -> dict[str, bytes]:
    """All files below a folder, with their contents."""
    return {str(path.relative_to(folder)): path.read_bytes() for path in folder.rglob("*") if path.is_file()}


@pytest.fixture
def inputs(photo: Path, weights: Path, tmp_path: Path) -> Path:
    """A folder of a picture, weights, and a small layer file."""
    folder = tmp_path / "inputs"
    folder.mkdir()
    for path in (photo, weights):
        path.rename(folder / path.name)
    save(Stack(Canvas(9, 9), (block("a", Rect(1.0, 2.0, 6.0, 5.0)),)), folder / "made.layers")
    return folder


@pytest.mark.parametrize("overwrite", [False, True])
@pytest.mark.parametrize("verb", VERBS)
def test_every_use_of_the_disk_may_fail(
    vecstack: Call, inputs: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, verb: str, overwrite: bool
) -> None:
    words = VERBS[verb].split() + ["--overwrite"] * overwrite
    disk, before = tmp_path / "disk", inputs
    if overwrite:  # of a file that is there from before
        before = shutil.copytree(inputs, tmp_path / "before")
        monkeypatch.chdir(before)
        assert vecstack(*words[:-1]).code == 0
        if (before / words[-2]).is_file():
            (before / words[-2]).write_bytes(b"old")
    held = files(before)

    def run(fail_at: int, code: int) -> tuple[Any, FaultyDisk]:
        """What a command line does on a disk with a fault, and the disk."""
        shutil.rmtree(disk, ignore_errors=True)
        shutil.copytree(before, disk)
        monkeypatch.chdir(disk)
        with FaultyDisk(disk, fail_at, code).mounted() as used:
            return vecstack(*words), used

    result, whole = run(0, 0)
    assert result.code == 0
    assert {use.split()[0] for use in whole.uses} >= {"open", "write"}
    expected = files(disk)
    for number, use in enumerate(whole.uses, start=1):
        code = CODES[number % len(CODES)]
        result, _ = run(number, code)
        where = f"{use} ({errno.errorcode[code]}): {result.err}"
        if result.code == 0:
            assert use == "link", where  # which a rename stands in for
            assert files(disk) == expected, where
        else:
            assert result.code in ((READ, WEIGHTS) if use in ("open rb", "open r") else (WRITTEN,)), where
            assert (result.out, len(result.err.splitlines())) == ("", 1), where
            assert files(disk) == held, where
