"""Enhancing: what is drawn has the detail of a net, by the layers alone, and layers of others are refused."""

from __future__ import annotations

import dataclasses
from pathlib import Path

import numpy as np
import pytest
import torch

from tests.kinds.path.examples import examples
from vecstack.drawing.render import render
from vecstack.enhancing.enhance import enhance
from vecstack.enhancing.weights import load_enhancer
from vecstack.errors import UsageError
from vecstack.stack import Stack


def test_it_is_the_drawing_with_what_the_net_adds(stack: Stack, enhancer: Path) -> None:
    drawn = torch.from_numpy(render(stack, 40, transparent=False, device="cpu")).permute(2, 0, 1)[None].float() / 255
    wanted = load_enhancer(enhancer, "cpu").net(drawn).clamp(0, 1)[0].permute(1, 2, 0) * 255
    found = enhance(stack, enhancer, size=40, device="cpu")
    assert max(found.shape[:2]) == 40
    assert np.abs(found - wanted.numpy()).max() <= 0.51


def test_by_default_it_is_as_large_as_the_canvas(stack: Stack, enhancer: Path) -> None:
    assert enhance(stack, enhancer, device="cpu").shape == (round(stack.canvas.height), round(stack.canvas.width), 3)


@pytest.mark.parametrize(
    "model", [{}, {"name": "renamed", "sha256": "SAME"}, {"name": "tiny", "sha256": "trained further"}]
)
def test_layers_of_its_model_are_taken(stack: Stack, enhancer: Path, model: dict[str, str]) -> None:
    made = load_enhancer(enhancer, "cpu").made
    told = {key: {"SAME": made.sha256, "tiny": made.model}.get(value, value) for key, value in model.items()}
    assert enhance(dataclasses.replace(stack, model=told), enhancer, size=8, device="cpu").shape[2] == 3


def test_layers_of_another_model_or_kind_are_refused(stack: Stack, mixed: Stack, enhancer: Path) -> None:
    other = dataclasses.replace(stack, model={"name": "theirs", "sha256": "f" * 64})
    with pytest.raises(UsageError, match=r"noise was trained for the layers of .*, and these are of theirs"):
        enhance(other, enhancer, device="cpu")
    with pytest.raises(UsageError, match="noise enhances layers of kind mask, and here are path"):
        enhance(Stack(stack.canvas, *examples()), enhancer, device="cpu")
    with pytest.raises(UsageError, match="enhances layers of kind mask, and here are mask and spline"):
        enhance(mixed, enhancer, device="cpu")
    with pytest.raises(UsageError, match="and here are none"):
        enhance(dataclasses.replace(stack, layers=()), enhancer, device="cpu")
