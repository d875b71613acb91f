from __future__ import annotations

import dataclasses
import json
from collections.abc import Callable
from dataclasses import asdict
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image

from vecstack import load, save
from vecstack.drawing.render import render, render_plan
from vecstack.drawing.viewport import Viewport

Call = Callable[..., Any]


@pytest.mark.slow
def test_exact_draws_every_layer_at_every_pixel(vecstack: Call, document: Path, tmp_path: Path) -> None:
    assert vecstack("render", document, "--size", "300", "--exact", "-o", tmp_path / "exact.png").code == 0
    assert vecstack("render", document, "--size", "300", "-o", tmp_path / "fast.png").code == 0
    drawn = {name: np.asarray(Image.open(tmp_path / f"{name}.png")) for name in ("exact", "fast")}
    assert np.array_equal(drawn["exact"], render(load(document), 300, exact=True))
    assert np.array_equal(drawn["fast"], render(load(document), 300))
    assert np.abs(drawn["exact"].astype(int) - drawn["fast"]).max() <= 2


@pytest.mark.parametrize("size", [40, 300])
def test_info_says_what_drawing_takes(vecstack: Call, document: Path, size: int) -> None:
    stack = load(document)
    frame = Viewport.of_region(stack.canvas.rect, size=size)
    plan = json.loads(vecstack("info", document, "--render-plan", "--size", str(size), "--json").out)["render_plan"]
    assert plan == {"width": frame.width_px, "height": frame.height_px, **asdict(render_plan(stack, frame))}


def test_info_says_it_in_a_line(vecstack: Call, document: Path) -> None:
    line = vecstack("info", document, "--render-plan", "--size", "300").out.splitlines()[-1]
    assert line.startswith("drawing 209 x 300 px: 3 layers compiled into ")
    assert f"{3 * 209 * 300:,}" in line  # what every layer at every pixel would take
    line = vecstack("info", document, "--render-plan").out.splitlines()[-1]
    assert line == f"drawing 37 x 53 px: 3 layers drawn exactly, by {3 * 37 * 53:,} evaluations"


def test_a_document_without_layers_takes_nothing(vecstack: Call, document: Path) -> None:
    save(dataclasses.replace(load(document), layers=()), document, overwrite=True)
    line = vecstack("info", document, "--render-plan", "--size", "300").out.splitlines()[-1]
    assert line == "drawing 209 x 300 px: nothing but the background"


@pytest.mark.parametrize(
    ("options", "said"),
    [(("--size", "9"), "--render-plan"), (("--render-plan", "--size", "0"), "above 0"),
     (("--render-plan", "--size", "1000001"), "1,000,000")],
)  # fmt: skip
def test_a_size_that_cannot_be_is_one_line(vecstack: Call, document: Path, options: tuple[str, ...], said: str) -> None:
    result = vecstack("info", document, *options)
    assert result.code == 2
    assert said in result.err
    assert len(result.err.splitlines()) == 1
