"""Layer files of every version and feature of the format, as they were once written: they are read and look as then."""

from __future__ import annotations

import hashlib
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from vecstack import render
from vecstack.document.file import dumps, dumps_json, load, validate

GOLDEN = Path(__file__).parent / "golden"  # files with the pictures that were drawn of them, pixel by pixel and exactly
FILES = {path.name.split(".layers")[0]: path for path in sorted(GOLDEN.glob("*.layers*"))}
# Added to for each feature of the format, and never changed: what people saved must look as it did.
SUMS = dict(reversed(line.split("  ")) for line in (GOLDEN / "SHA256SUMS").read_text().splitlines())


def test_golden_files_are_those_that_were_written() -> None:
    found = {path.name: hashlib.sha256(path.read_bytes()).hexdigest() for path in GOLDEN.iterdir()}
    del found["SHA256SUMS"]
    assert found == SUMS
    assert set(FILES) == {path.stem for path in GOLDEN.glob("*.png")}


@pytest.mark.parametrize("name", FILES)
@pytest.mark.parametrize("exact", [True, False])
def test_a_golden_file_looks_as_it_did(name: str, exact: bool) -> None:
    with Image.open(GOLDEN / f"{name}.png") as picture:
        expected = np.asarray(picture)
    drawn = render(load(FILES[name]), exact=exact, device="cpu")
    assert drawn.shape == expected.shape
    assert np.abs(drawn.astype(int) - expected).max() <= 1


@pytest.mark.parametrize("name", FILES)
def test_a_golden_file_follows_the_schema_and_keeps_what_it_says(name: str) -> None:
    path = FILES[name]
    warnings = validate(path)
    assert bool(warnings) == (name in ("1.0", "1.1", "1.0-unknown-kind"))  # of unknown fields and a kind
    write = dumps if path.suffix == ".layers" else dumps_json
    once = write(load(path))
    assert load(once) == load(path)
    assert write(load(once)) == once
