from __future__ import annotations

import dataclasses

import numpy as np
import pytest
import torch

from tests.exporting.conftest import draw
from tests.helpers import block, psnr
from vecstack import Canvas, Stack, render, to_svg
from vecstack.exporting.svg.blur_fit import Aim, Blurred, _answers, _moved, fitted
from vecstack.exporting.svg.blurred import blurred_svg
from vecstack.exporting.svg.options import SvgOptions
from vecstack.exporting.svg.scene import Scene, scene_of
from vecstack.geometry import Affine, Rect
from vecstack.kinds import find_kind

SIDE = 28  # px
TURNS = np.arange(20) * (2 * np.pi / 20)
EGG = np.stack([13 + 8 * np.cos(TURNS), 13 + (7 + np.sin(TURNS)) * np.sin(TURNS)], 1)  # clockwise, y down


@pytest.fixture(scope="module")
def handwriting() -> Stack:
    """A rough ring with a tail, drawn as handwriting is: a surface with a soft edge."""
    places = np.arange(SIDE + 5) - 1.5
    across, down = np.meshgrid(places, places)
    turn = np.arctan2(down - 11, across - 13)
    ring = np.abs(np.hypot(across - 13, down - 11) - 6.0 - 0.6 * np.sin(5 * turn))
    tail = np.hypot(across - np.clip(across, 15, 22), down - 20)
    heights = (2.2 * (1.7 - np.minimum(ring, tail))).clip(-6, 6)
    kind = find_kind("spline")
    assert kind is not None
    common = {"id": "ink", "name": "Ink", "transform": Affine.of_frame(Rect(-1.0, -1.0, SIDE + 2, SIDE + 2))}
    surface = tuple(map(tuple, heights.tolist()))
    return Stack(Canvas(SIDE, SIDE), (kind.from_surface(common, surface, 0.07, (1.0, 1.0, 1.0)),))


@pytest.fixture(scope="module")
def scene(handwriting: Stack) -> Scene:
    return scene_of(handwriting, torch.device("cpu"))


@pytest.fixture(scope="module")
def written(scene: Scene) -> str:
    text = blurred_svg(scene, SvgOptions())
    assert text is not None
    return text


def test_handwriting_is_one_blurred_path_of_few_bytes(written: str, handwriting: Stack) -> None:
    assert len(written) < 800
    assert written.count("<path") == written.count("<feGaussianBlur") == 1
    assert "<mask" not in written
    assert 'fill="#fff"' in written
    large = draw(written, 16 * SIDE).astype(float)
    averaged = large.reshape(SIDE, 16, SIDE, 16, 3).mean((1, 3))
    assert psnr(averaged, render(handwriting, device="cpu")) > 36
    assert psnr(large, render(handwriting, 16 * SIDE, device="cpu")) > 31


def test_a_layer_that_is_traced_becomes_the_path_in_the_whole_file(handwriting: Stack, written: str) -> None:
    assert to_svg(handwriting, device="cpu") == written


@pytest.mark.parametrize("options", [SvgOptions(tolerance=4.0), SvgOptions(max_bytes=400), SvgOptions(plain=True)])
def test_who_asks_for_what_a_blur_is_not_gets_levels(scene: Scene, options: SvgOptions) -> None:
    assert blurred_svg(scene, options) is None


@pytest.mark.slow
def test_of_so_many_bytes_levels_come_closer_and_of_few_the_blur(handwriting: Stack, written: str) -> None:
    assert "<mask" in to_svg(handwriting, max_bytes=20_000, device="cpu")
    assert to_svg(handwriting, max_bytes=len(written), device="cpu") == written


@pytest.mark.parametrize(
    "change", [{"visible": False}, {"softness": 40.0}, {"softness": None}, {"surface": ((0.5,) * 4,) * 4}]
)
def test_what_is_no_shape_with_a_narrow_edge_stays(handwriting: Stack, change: dict[str, object]) -> None:
    (layer,) = handwriting.layers
    other = handwriting.with_layers([dataclasses.replace(layer, **change)])  # type: ignore[arg-type]
    assert blurred_svg(scene_of(other, torch.device("cpu")), SvgOptions()) is None


def test_two_layers_that_are_traced_stay(handwriting: Stack) -> None:
    both = handwriting.with_layers([*handwriting.layers, block("b", Rect(2.0, 2.0, 9.0, 9.0), (1.0, 0.0, 0.0))])
    assert blurred_svg(scene_of(both, torch.device("cpu")), SvgOptions()) is None


def test_a_faded_layer_keeps_its_opacity(handwriting: Stack) -> None:
    (layer,) = handwriting.layers
    faded = handwriting.with_layers([dataclasses.replace(layer, opacity=0.5)])
    text = to_svg(faded, device="cpu")
    assert 'opacity=".5"' in text
    assert abs(int(draw(text, SIDE).max()) - 128) <= 1


def test_black_ink_on_a_transparent_canvas_is_to_be_as_close(
    handwriting: Stack, monkeypatch: pytest.MonkeyPatch
) -> None:
    (layer,) = handwriting.layers
    black = dataclasses.replace(layer, color=(0.0, 0.0, 0.0))
    clear = dataclasses.replace(handwriting, canvas=Canvas(SIDE, SIDE, transparent=True), layers=(black,))
    scene = scene_of(clear, torch.device("cpu"))
    assert "<rect" not in str(blurred_svg(scene, SvgOptions()))
    monkeypatch.setattr("vecstack.exporting.svg.blurred.CLOSE", 0.1)
    assert blurred_svg(scene, SvgOptions()) is None


def grid_aim(cover: np.ndarray) -> Aim:
    """What is to be covered in the middles of pixels."""
    rows, columns = np.indices(cover.shape).reshape(2, -1) + 0.5
    ones = np.ones(cover.size)
    return Aim(np.stack([columns, rows], 1), cover.ravel(), 0 * ones, ones, cover.size)


def test_answers_are_slopes_of_what_is_drawn() -> None:
    aim = grid_aim(np.zeros((26, 26)))
    blurred = Blurred((EGG,), 0.9)
    drawn, answers = _answers(blurred, aim)
    assert drawn.min() > -1e-3
    assert 1 - 1e-3 < drawn.max() < 1 + 1e-3
    for number in (0, 5, 29, 40):
        step = np.zeros(41)
        step[number] = 1e-5
        moved, _ = _answers(_moved(blurred, step), aim)
        np.testing.assert_allclose((moved - drawn) / 1e-5, answers[:, number], atol=0.01)


def test_an_outline_and_its_blur_are_found_again() -> None:
    true = Blurred((EGG,), 0.8)
    aim = grid_aim(_answers(true, grid_aim(np.zeros((26, 26))))[0].reshape(26, 26))
    found = fitted(Blurred((EGG * 1.05 - 0.4,), 0.4), aim)
    assert found.error < 0.02
    assert abs(found.deviation - 0.8) < 0.05
