from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

import vecstack.cli
from tests.batch import program
from tests.cli.conftest import Result

Call = Callable[..., Result]


@pytest.fixture
def copy(capfd: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> Call:
    """Runs the command line of `tests.batch.program` in this process."""
    monkeypatch.setattr(vecstack.cli, "app_for", lambda _: program.app)

    def call(*arguments: str | Path) -> Result:
        code = vecstack.cli.run(["copy", *map(str, arguments)])
        return Result(code, *capfd.readouterr())

    return call


@pytest.fixture
def texts(tmp_path: Path) -> Path:
    """A folder of forty texts in a tree, two of which are broken."""
    folder = tmp_path / "in"
    for number in range(40):
        path = folder / ("deep" if number % 3 else ".") / f"{number:02}.txt"
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text("broken" if number % 20 == 7 else f"text {number}")
    return folder


def tree(folder: Path) -> dict[str, bytes]:
    """The outputs of a folder, by path; all that lies there but manifests."""
    files = (path for path in folder.rglob("*") if path.is_file() and not path.name.startswith("manifest"))
    return {path.relative_to(folder).as_posix(): path.read_bytes() for path in files}
