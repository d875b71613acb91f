from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import pytest

from vecstack.cli import run


@dataclass(frozen=True)
class Result:
    """What a command line left behind."""

    code: int
    out: str
    err: str


@pytest.fixture
def vecstack(capfd: pytest.CaptureFixture[str]) -> Callable[..., Result]:
    """Runs a command line in this process."""

    def call(*arguments: str | Path) -> Result:
        code = run([str(argument) for argument in arguments])
        return Result(code, *capfd.readouterr())

    return call


@pytest.fixture
def document(photo: Path, weights: Path, tmp_path: Path, vecstack: Callable[..., Result]) -> Path:
    """A layer file of the test picture, made by the tiny model."""
    path = tmp_path / "made.layers"
    assert vecstack("decompose", photo, "--model", weights, "--effort", "sketch", "-o", path).code == 0
    return path
