"""Compiled loops: what is said of their first use, and what comes of a numba that does not work."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from vecstack.compiled import NOTE, is_compiling

LOOPS = """
from vecstack.compiled import compiled, is_compiling, tell_of_first_use

@compiled
def one(n):
    return n + 1

@compiled
def two(n):
    return one(n) * 2

tell_of_first_use(print)
print("before")
print(two(3), is_compiling())
"""


def said(folder: Path) -> list[str]:
    """What a program with loops says that runs in a folder."""
    (folder / "loops.py").write_text(LOOPS, encoding="utf-8")
    places = [str(folder), str(Path(__file__).parents[1])]
    more = {"NUMBA_CACHE_DIR": str(folder / "kept"), "PYTHONPATH": os.pathsep.join(places)}
    command = [sys.executable, "-c", "import loops"]
    result = subprocess.run(command, check=True, capture_output=True, text=True, env=os.environ | more)
    return result.stdout.splitlines()


@pytest.mark.skipif(not is_compiling(), reason="needs numba")
def test_a_first_use_is_told_once_and_a_second_not(tmp_path: Path) -> None:
    assert said(tmp_path) == ["before", NOTE, "8 True"]
    assert said(tmp_path) == ["before", "8 True"]


@pytest.mark.parametrize("error", ["ImportError('Numba needs NumPy 2.3 or less')", "AttributeError('no such ufunc')"])
def test_a_numba_that_does_not_work_is_as_none(tmp_path: Path, error: str) -> None:
    (tmp_path / "numba.py").write_text(f"raise {error}", encoding="utf-8")
    assert said(tmp_path) == ["before", "8 False"]
