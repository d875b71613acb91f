from __future__ import annotations

import dataclasses
import math
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from tests.helpers import new_net
from vecstack.document.file import Sizes, dumps, dumps_json, load, save, size_of
from vecstack.drawing.render import render
from vecstack.errors import DocumentError, UsageError
from vecstack.fitting.compact import compact
from vecstack.geometry import Affine, Rect
from vecstack.kinds.base import Steps, to_step
from vecstack.kinds.mask.kind import KIND, MaskKind
from vecstack.kinds.mask.layer import MaskLayer
from vecstack.kinds.mask.shade import net_to_asset
from vecstack.kinds.mask.tune import MaskTunable
from vecstack.kinds.spline.layer import SplineLayer
from vecstack.stack import Canvas, Layer, Stack, UnknownLayer, asset_id

CANVAS = Canvas(37, 53, (0.9, 0.4, 0.1))
CODE = 6


NET = net_to_asset(new_net(3, code=CODE))


def make_layers(count: int, seed: int = 0, window: float | None = None) -> tuple[MaskLayer, ...]:
    """Layers with all the digits that a float has: on the whole canvas, or each in a window at a random place."""
    rng = np.random.default_rng(seed)

    def place() -> Affine:
        if window is None:
            return Affine.of_frame(CANVAS.rect)
        left, top, width, height = rng.uniform((0, 0, 8, 8), (20, 30, 17, 23)).tolist()
        return Affine.of_frame(Rect(left, top, width, height))

    return tuple(
        MaskLayer(
            id=f"{seed}-{index}",
            transform=place(),
            opacity=float(rng.uniform(0.3, 1)),
            color=tuple(rng.random(3).tolist()),
            code=tuple(rng.normal(size=CODE).tolist()),
            net=asset_id(NET),
            window=window,
        )
        for index in range(count)
    )


def make_splines(count: int, seed: int) -> tuple[SplineLayer, ...]:
    """Spline layers with all the digits that a float has, in the places of mask layers."""
    rng = np.random.default_rng(seed)

    def surface() -> tuple[tuple[float, ...], ...]:
        return tuple(map(tuple, (4 * rng.normal(size=(6, 7))).tolist()))

    return tuple(
        SplineLayer(
            id=f"spline-{layer.id}",
            transform=layer.transform,
            opacity=layer.opacity,
            color=layer.color,
            surface=surface(),
            window=0.3,
        )
        for layer in make_layers(count, seed, window=0.3)
    )


def make_stack(layers: tuple[Layer, ...]) -> Stack:
    return Stack(CANVAS, layers, {asset_id(NET): NET})


def change(first: Stack, second: Stack) -> float:
    """Root mean square between two drawings, in 1/255, measured on 16-bit pixels."""
    drawn = [render(stack, depth=16, device="cpu").astype(np.float64) / 257 for stack in (first, second)]
    return float(np.sqrt(np.square(drawn[0] - drawn[1]).mean()))


STACKS = {
    "whole": make_stack(make_layers(12)),
    "windows": make_stack(make_layers(12, seed=1, window=0.371234)),
    "both": make_stack((*make_layers(4, seed=2), *make_layers(8, seed=3, window=0.9))),
}


@pytest.mark.parametrize("tolerance", [0.05, 0.5, 2.0])
@pytest.mark.parametrize("name", STACKS)
def test_the_drawing_changes_by_no_more_than_the_tolerance(name: str, tolerance: float) -> None:
    stack = STACKS[name]
    assert 0 < change(stack, compact(stack, tolerance, device="cpu")) <= tolerance + 0.01  # rounding to 16 bits


@pytest.mark.parametrize("name", STACKS)
def test_a_good_part_of_the_tolerance_is_used(name: str) -> None:
    assert change(STACKS[name], compact(STACKS[name], 1.0, device="cpu")) > 0.3  # steps are discrete


@pytest.mark.parametrize("name", STACKS)
def test_a_document_with_all_digits_shrinks_to_less_than_half(name: str) -> None:
    assert 2 * size_of(compact(STACKS[name], device="cpu")).document < size_of(STACKS[name]).document


@pytest.mark.slow
def test_a_greater_tolerance_gives_fewer_bytes() -> None:
    documents = [size_of(compact(STACKS["both"], tolerance, device="cpu")).document for tolerance in (0.1, 0.5, 2.5)]
    assert documents == sorted(documents, reverse=True)
    assert len(set(documents)) == 3


@pytest.mark.parametrize("seed", range(4))
def test_a_file_of_few_digits_never_grows(seed: int) -> None:
    layers = tuple(
        KIND.rounded(dataclasses.replace(layer, opacity=1.0), Steps(1.0, 0.1)) for layer in make_layers(5, seed)
    )
    stack = make_stack(layers)
    for tolerance in (0.01, 0.3, 3.0):
        assert len(dumps(compact(stack, tolerance, device="cpu"))) <= len(dumps(stack))


@pytest.mark.slow
@pytest.mark.parametrize("name", STACKS)
def test_compacting_again_changes_little(name: str) -> None:
    once = compact(STACKS[name], device="cpu")
    twice = compact(once, device="cpu")
    assert change(once, twice) <= 0.5
    assert size_of(twice).document > 0.9 * size_of(once).document


@pytest.mark.slow
@pytest.mark.parametrize("name", STACKS)
def test_the_same_call_gives_the_same_bytes(name: str) -> None:
    assert dumps(compact(STACKS[name], device="cpu")) == dumps(compact(STACKS[name], device="cpu"))


@pytest.mark.parametrize("suffix", [".layers", ".layers.json"])
def test_a_saved_one_is_read_back_as_it_was(tmp_path: Path, suffix: str) -> None:
    rounded = compact(STACKS["both"], device="cpu")
    save(rounded, tmp_path / f"small{suffix}")
    assert load(tmp_path / f"small{suffix}") == rounded


def test_everything_but_numbers_is_kept() -> None:
    thumbnail = load(dumps(STACKS["whole"])).thumbnail
    stack = dataclasses.replace(
        STACKS["both"], metrics={"psnr": 20.123456}, source={"width": 37}, extra={"mood": 1.23456}, thumbnail=thumbnail
    )
    rounded = compact(stack, device="cpu")
    assert dataclasses.replace(rounded, layers=stack.layers) == stack
    for old, new in zip(stack.layers, rounded.layers, strict=True):
        assert (new.id, new.name, new.visible, new.kind, new.extra) == (old.id, old.name, True, "mask", old.extra)


def test_the_whole_canvas_stays_the_frame() -> None:
    whole = Affine.of_frame(CANVAS.rect)
    assert {layer.transform for layer in compact(STACKS["whole"], 5.0, device="cpu").layers} == {whole}


def test_places_of_windows_lose_digits() -> None:
    for layer in compact(STACKS["windows"], device="cpu").layers:
        assert all(len(str(number)) <= 6 for row in layer.transform.rows() for number in row)


def test_a_tolerance_of_0_leaves_the_stack() -> None:
    assert compact(STACKS["both"], 0) is STACKS["both"]


@pytest.mark.parametrize("tolerance", [-0.1, math.nan, math.inf, -math.inf])
def test_a_tolerance_that_is_none_is_refused(tolerance: float) -> None:
    with pytest.raises(UsageError, match=r"^tolerance must be"):
        compact(STACKS["whole"], tolerance)


def test_a_tiny_tolerance_is_kept_too() -> None:
    rounded = compact(STACKS["whole"], 1e-9, device="cpu")
    assert change(STACKS["whole"], rounded) == 0


def test_layers_that_do_not_show_stay_as_they_are() -> None:
    hidden, clear, *seen = make_layers(6)
    hidden, clear = dataclasses.replace(hidden, visible=False), dataclasses.replace(clear, opacity=0.0)
    rounded = compact(make_stack((hidden, *seen, clear)), 3.0, device="cpu")
    assert (rounded.layers[0], rounded.layers[-1]) == (hidden, clear)
    assert all(new != old for new, old in zip(rounded.layers[1:-1], seen, strict=True))


def test_a_layer_beside_the_canvas_stays_as_it_is() -> None:
    bottom, top = make_layers(2)
    beside = dataclasses.replace(
        make_layers(1, seed=5)[0], window=0.2, transform=Affine.of_frame(Rect(100.3, 7.7, 3.3, 4.4))
    )
    assert compact(make_stack((bottom, beside, top)), device="cpu").layers[1] == beside


def test_a_covered_layer_keeps_its_character() -> None:
    covered, cover = make_layers(1, seed=6, window=0.2)[0], make_layers(1)[0]
    covers = tuple(dataclasses.replace(cover, id=f"cover-{index}", opacity=1.0) for index in range(12))
    rounded = compact(make_stack((covered, *covers)), 5.0, device="cpu").layers[0]
    assert isinstance(rounded, MaskLayer)
    for old, new in zip(covered.code, rounded.code, strict=True):
        assert abs(old - new) <= 0.25
    for old, new in zip(covered.color, rounded.color, strict=True):
        assert abs(old - new) <= 0.025 + 1e-9
    assert abs(rounded.transform.determinant / covered.transform.determinant - 1) <= 0.1


def test_faint_layers_and_narrow_windows_do_not_vanish() -> None:
    faint = dataclasses.replace(make_layers(1, window=0.0012)[0], opacity=0.0013)
    (rounded,) = compact(make_stack((faint,)), 5.0, device="cpu").layers
    assert isinstance(rounded, MaskLayer)
    assert rounded.opacity > 0
    assert rounded.window is not None


def test_layers_of_unknown_kinds_stay_as_they_are() -> None:
    stranger = UnknownLayer(
        id="s", unknown_kind="sparkle", fields={"size": 0.123456789}, transform=Affine(1.23456, 0, 2.34567, 0, 1.1, 0.3)
    )
    rounded = compact(make_stack((*make_layers(3), stranger)), 2.0, device="cpu")
    assert rounded.layers[-1] == stranger


def test_stacks_of_no_layer_stay_as_they_are() -> None:
    assert compact(make_stack(()), device="cpu") == make_stack(())


def test_a_stack_without_its_net_is_told() -> None:
    with pytest.raises(DocumentError, match="net"):
        compact(Stack(CANVAS, make_layers(2)), device="cpu")


def test_sizes_are_those_of_the_file() -> None:
    stack = STACKS["both"]
    found = size_of(stack)
    assert found.file == len(dumps(stack))
    assert 0 < found.document < len(dumps_json(stack))
    assert 0 < found.file - found.document - found.assets < 1000  # the zip's own entries
    assert size_of(Stack(CANVAS)) == Sizes(len(dumps(Stack(CANVAS))), size_of(Stack(CANVAS)).document, 0)


@pytest.mark.parametrize(
    ("value", "step", "text"),
    [(0.123456, 0.05, "0.1"), (-0.01, 0.05, "0.0"), (0.15000001, 0.05, "0.15"), (-7.49, 5.0, "-5.0"), (0.7, 0, "0.7")],
)
def test_a_step_is_written_with_few_digits(value: float, step: float, text: str) -> None:
    assert str(to_step(value, step)) == text


@pytest.mark.parametrize("tolerance", [0.1, 0.5, 2.0])
def test_spline_layers_are_rounded_as_mask_layers_are(tolerance: float) -> None:
    stack = make_stack((*make_layers(3), *make_splines(9, seed=8)))
    rounded = compact(stack, tolerance, device="cpu")
    assert 0.3 * tolerance < change(stack, rounded) <= tolerance + 0.01  # steps are discrete; rounding to 16 bits
    assert 2 * size_of(rounded).document < size_of(stack).document
    assert load(dumps(rounded)) == rounded
    for old, new in zip(stack.layers[3:], rounded.layers[3:], strict=True):
        assert isinstance(old, SplineLayer)
        assert isinstance(new, SplineLayer)
        assert new.window == old.window
        change_of_surface = np.abs(np.array(new.surface) - np.array(old.surface)).max()
        assert 0 < change_of_surface <= 1 + 1e-9  # half of the coarsest step: 0.5 of a shape, 2 of a control value


def test_the_steps_of_a_surface_are_written_with_few_digits() -> None:
    rounded = compact(make_stack(make_splines(9, seed=8)), 0.5, device="cpu")
    for layer in rounded.layers:
        assert isinstance(layer, SplineLayer)
        assert all(len(str(abs(value))) <= 5 for row in layer.surface for value in row)  # such as 12.48


@pytest.mark.slow
def test_many_windows_take_as_much_work_more_as_there_are_more(monkeypatch: pytest.MonkeyPatch) -> None:
    points = [0]
    shader, slopes = MaskKind.shader, MaskTunable.slopes

    def counted_shader(kind: MaskKind, layers: Any, *others: Any) -> Any:
        shade = shader(kind, layers, *others)

        def counted(at: Any, footprint: Any) -> Any:
            points[0] += len(layers) * len(at)
            return shade(at, footprint)

        return counted

    def counted_slopes(tunable: MaskTunable, shapes: Any, at: Any, footprint: Any) -> Any:
        points[0] += len(shapes) * len(at)
        return slopes(tunable, shapes, at, footprint)

    monkeypatch.setattr(MaskKind, "shader", counted_shader)
    monkeypatch.setattr(MaskTunable, "slopes", counted_slopes)
    work = []
    for count in (25, 100):
        points[0] = 0
        compact(make_stack(make_layers(count, window=0.5)), device="cpu")
        work.append(points[0])
    assert 0 < work[1] < 6 * work[0]  # 4 times the layers; 16 would be each layer anew for each
