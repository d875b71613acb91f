"""What stands out, by a net in place of U2-Net-p."""

from __future__ import annotations

import dataclasses
import hashlib
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from vecstack.fitting.guide import find_guide
from vecstack.fitting.segmenters import saliency as salient
from vecstack.pictures.read import as_picture

HEIGHT, WIDTH = 120, 160


class FakeNet:
    """A net that finds the left half of whatever it sees."""

    def __init__(self) -> None:
        self.seen: np.ndarray | None = None

    def get_inputs(self) -> list[Any]:
        return [type("Input", (), {"name": "x"})]

    def run(self, _: None, values: dict[str, np.ndarray]) -> list[np.ndarray]:
        self.seen = values["x"]
        found = np.zeros((1, 1, salient.SIDE, salient.SIDE), np.float32)
        found[..., : salient.SIDE // 2] = 0.7
        return [found - 0.2]


def test_a_net_is_asked_for_the_subject(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    net, weights = FakeNet(), tmp_path / "net.onnx"
    weights.write_bytes(b"a net")
    known = dataclasses.replace(salient.U2NETP, sha256=hashlib.sha256(b"a net").hexdigest())
    monkeypatch.setattr(salient, "U2NETP", known)
    monkeypatch.setattr(salient, "_session", lambda data: net if data == b"a net" else None)
    named = f"u2netp:{weights}"
    guide = find_guide(as_picture(np.zeros((HEIGHT, WIDTH, 3), np.uint8)), named, named, layers=64)
    assert guide is not None
    assert guide.segments is not None
    assert guide.focus is not None
    assert guide.segments[:, : WIDTH // 2 - 1].all()
    assert not guide.segments[:, WIDTH // 2 + 1 :].any()
    assert guide.names == ("Background", "Subject")
    assert guide.focus.shape == (HEIGHT, WIDTH)
    assert guide.focus.min() == 0
    assert guide.focus.max() == 1
    assert net.seen is not None
    assert net.seen.shape == (1, 3, salient.SIDE, salient.SIDE)
    assert net.seen.dtype == np.float32
