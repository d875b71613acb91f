"""The marks of a brush: the same at every size and in both ways of computing, and none in curves."""

from __future__ import annotations

import dataclasses
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch

import vecstack.compiled
from tests.kinds.stroke.examples import examples
from vecstack import Canvas, Stack, load, render, save, to_svg, validate
from vecstack.drawing.viewport import Viewport
from vecstack.errors import DocumentError
from vecstack.geometry import Affine, Rect
from vecstack.kinds.stroke.kind import KIND
from vecstack.kinds.stroke.layer import Bristles, StrokeLayer

CPU = torch.device("cpu")
BRISTLES = Bristles(tone=0.5, dry=0.7, light=0.8)
CANVAS = Canvas(37, 53, (0.9, 0.8, 0.7))


def brushed(layer: Any) -> Any:
    """A stroke as a brush leaves it."""
    return dataclasses.replace(layer, bristles=BRISTLES)


def marked() -> Stack:
    """The examples as a brush leaves them, and one of them mirrored."""
    layers = [brushed(layer) for layer in examples()[0]]
    mirrored = dataclasses.replace(layers[0], id="mirrored", transform=Affine(-0.7, 0.7, 14.0, 0.7, 0.7, 40.0))
    return Stack(CANVAS, (*layers, mirrored))


def test_marks_are_kept_in_a_document_that_is_valid(tmp_path: Path) -> None:
    save(marked(), tmp_path / "marked.layers")
    assert load(tmp_path / "marked.layers").layers == marked().layers
    assert validate(tmp_path / "marked.layers") == []


def test_loops_leave_the_marks_of_the_shader(monkeypatch: pytest.MonkeyPatch) -> None:
    by_loops = render(marked(), 300, device="cpu").astype(int)
    monkeypatch.setattr(vecstack.compiled, "is_compiling", lambda: False)
    off = np.abs(render(marked(), 300, device="cpu").astype(int) - by_loops)
    assert off.max() <= 2


def test_a_tile_has_the_marks_of_the_whole() -> None:
    whole = render(marked(), viewport=Viewport(CANVAS.rect, 148, 212), device="cpu").astype(int)
    tile = render(marked(), viewport=Viewport(Rect(10, 15, 20, 25), 80, 100), device="cpu").astype(int)
    assert np.abs(tile - whole[60:160, 40:120]).max() <= 1


def test_marks_change_the_colours_and_take_from_the_end_only_what_is_there() -> None:
    generator = torch.Generator().manual_seed(1)
    points = torch.rand(8000, 2, dtype=torch.float64, generator=generator) * torch.tensor([37, 53])
    for layer in examples()[0][:2]:
        assert isinstance(layer, StrokeLayer)
        (flat, alpha), (_, colors) = KIND.shader([layer, brushed(layer)], {}, CPU)(points, 0.05)
        assert (alpha <= flat + 1e-6).all()
        assert (alpha < flat - 0.5).any()
        shades = (colors[flat > 0.99] / torch.tensor(layer.color)).mean(1)
        assert shades.std() > 0.05
        assert 0.8 < shades.mean() < 1.2


def test_light_on_a_broad_stroke_has_no_steps() -> None:
    fields: Any = {"spine": (-8, 8, 0, 0, 8, -8), "radii": (8, 8), "color": (0.5, 0.5, 0.5)}
    layer = dataclasses.replace(examples()[0][0], bristles=Bristles(0, 0, 1), **fields)
    points = torch.stack([torch.linspace(0, 37, 2000), torch.full((2000,), 28.0)], 1).double()
    (alpha,), (colors,) = KIND.shader([layer], {}, CPU)(points, 0.02)  # type: ignore[list-item]
    shades = colors[alpha == 1][:, 0] / 0.5
    assert shades.max() > shades.min() + 0.5
    assert shades.diff().abs().max() < 0.2  # 0.74 with a wall that begins at once


def test_another_id_leaves_other_marks() -> None:
    layer = brushed(examples()[0][0])
    stacks = [Stack(CANVAS, (dataclasses.replace(layer, id=name),)) for name in ("one", "other")]
    assert (render(stacks[0], 200, device="cpu") != render(stacks[1], 200, device="cpu")).any()


def test_curves_have_no_marks() -> None:
    flat = Stack(CANVAS, examples()[0])
    assert to_svg(flat.with_layers(map(brushed, flat.layers)), device="cpu") == to_svg(flat, device="cpu")


@pytest.mark.parametrize("marks", [Bristles(1.5, 0, 0), Bristles(0, float("nan"), 0), "hog"])
def test_marks_out_of_range_are_refused(marks: object) -> None:
    fields = {name: getattr(examples()[0][0], name) for name in ("id", "transform", "spine", "radii", "color")}
    with pytest.raises(DocumentError, match="bristles"):
        StrokeLayer(**fields, bristles=marks)  # type: ignore[arg-type]
