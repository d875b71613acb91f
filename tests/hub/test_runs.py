"""Runs over folders whose model is of the Hub."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import torch

from tests.conftest import TINY
from tests.hub.fake import NAME, OTHER, FakeHub
from vecstack.kinds.mask.maker import weights_to_bytes
from vecstack.kinds.mask.model import Predictor

Call = Callable[..., Any]


def test_what_was_made_with_other_weights_of_the_same_name_is_made_anew(
    hub: FakeHub, vecstack: Call, photo: Path, tmp_path: Path
) -> None:
    (tmp_path / "in").mkdir()
    for name in "ab":
        (tmp_path / f"in/{name}.png").write_bytes(photo.read_bytes())
    words = ("decompose", tmp_path / "in", "-o", tmp_path / "out", "--model", NAME, "--effort", "sketch", "-j", 1)

    def done() -> int:
        return int(json.loads(vecstack(*words, "--resume", "--json").out.splitlines()[-1])["summary"]["done"])

    assert vecstack(*words, "--dry-run").out.count("make") == 2
    assert hub.asked == []
    assert [done(), done()] == [2, 0]
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(6)
        hub.files["model.safetensors"] = weights_to_bytes(Predictor(TINY))
    hub.commit = OTHER
    assert done() == 0
    assert vecstack("models", "download", NAME).code == 0
    assert vecstack(*words, "--resume", "--dry-run").out.count("replace") == 2
    assert [done(), done()] == [2, 0]
