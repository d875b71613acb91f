from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from vecstack import load, save
from vecstack.fitting.prune import contributions

Call = Callable[..., Any]


@pytest.fixture
def hidden(document: Path) -> Path:
    """The document with its second layer hidden."""
    stack = load(document)
    save(stack.edit(stack.layers[1].id, visible=False), document, overwrite=True)
    return document


def test_info_gives_each_layer_s_contribution_as_json(vecstack: Call, hidden: Path) -> None:
    facts = json.loads(vecstack("info", hidden, "--contributions", "--json").out)
    for layer, expected in zip(facts["layers"], contributions(load(hidden)), strict=True):
        assert layer["id"] == expected.id
        assert layer["contribution"] == pytest.approx({"rms": expected.rms, "largest": expected.largest}, abs=1e-5)
    assert facts["layers"][1]["contribution"] == {"rms": 0, "largest": 0}
    assert facts["layers"][0]["contribution"]["rms"] > 0
    assert "1/255" in facts["note"]


def test_info_shows_the_contributions_and_says_what_they_are(vecstack: Call, hidden: Path) -> None:
    plain = vecstack("info", hidden).out.splitlines()
    *lines, note = vecstack("info", hidden, "--contributions").out.splitlines()
    assert len(lines) == len(plain)
    expected = [f"{each.rms:.2f}" for each in contributions(load(hidden))]
    assert [line.split()[4] for line in lines[-3:]] == expected
    assert "alone is removed" in note
    assert "1/255" in note


@pytest.mark.slow
def test_info_measures_nothing_unasked(vecstack: Call, document: Path) -> None:
    facts = json.loads(vecstack("info", document, "--json").out)
    assert "note" not in facts
    assert not any("contribution" in layer for layer in facts["layers"])
    code = "import sys; from vecstack.cli import run; run(sys.argv[1:]); sys.exit('torch' in sys.modules)"
    command = [sys.executable, "-c", code, "info", str(document)]
    assert subprocess.run(command, capture_output=True, check=False, env=os.environ).returncode == 0


def test_contributions_of_a_document_without_its_net_are_one_line(vecstack: Call, tmp_path: Path) -> None:
    layer = {"id": "a", "kind": "mask", "color": [1, 0, 0], "code": [0.5], "net": "0" * 64}
    fields = {"format": "vecstack-layers", "version": "1.0", "canvas": {"width": 37, "height": 53}, "layers": [layer]}
    path = tmp_path / "bare.layers.json"
    path.write_text(json.dumps(fields), encoding="utf-8")
    result = vecstack("info", path, "--contributions")
    assert result.code == 3
    assert len(result.err.splitlines()) == 1


def test_a_document_of_no_layers_has_no_contributions(vecstack: Call, tmp_path: Path) -> None:
    fields = {"format": "vecstack-layers", "version": "1.0", "canvas": {"width": 37, "height": 53}, "layers": []}
    path = tmp_path / "empty.layers.json"
    path.write_text(json.dumps(fields), encoding="utf-8")
    result = vecstack("info", path, "--contributions", "--json")
    assert result.code == 0
    assert json.loads(result.out)["layers"] == []
