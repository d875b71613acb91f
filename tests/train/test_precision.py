"""The precision a training computes in."""

import pytest
import torch

from vecstack.train import precision
from vecstack.train.precision import bfloat16_pays


def with_seconds(monkeypatch: pytest.MonkeyPatch, full: float, half: float) -> None:
    monkeypatch.setattr(precision, "_seconds", {torch.float32: full, torch.bfloat16: half}.__getitem__)


def test_a_cpu_is_timed(monkeypatch: pytest.MonkeyPatch) -> None:
    with_seconds(monkeypatch, 0.002, 0.001)
    assert bfloat16_pays(torch.device("cpu"))
    with_seconds(monkeypatch, 0.001, 0.2)
    assert not bfloat16_pays(torch.device("cpu"))


def test_what_is_timed_takes_time() -> None:
    assert precision._seconds(torch.float32) > 0
    assert precision._seconds(torch.bfloat16) > 0


def test_a_gpu_is_trusted(monkeypatch: pytest.MonkeyPatch) -> None:
    with_seconds(monkeypatch, 0.001, 0.2)
    assert bfloat16_pays(torch.device("cuda"))
