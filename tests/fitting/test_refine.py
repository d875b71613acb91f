from __future__ import annotations

import dataclasses
import math
from collections.abc import Sequence
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest
import torch
from safetensors.torch import load, save
from torch import Tensor

from tests.helpers import HEIGHT, WIDTH, make_mask, make_net
from vecstack.color import Color
from vecstack.document.file import dumps
from vecstack.drawing.exact import prepare
from vecstack.drawing.render import render
from vecstack.errors import DeviceError, DocumentError, PictureError, UsageError
from vecstack.fitting import optimize
from vecstack.fitting.goal import Goal
from vecstack.fitting.progress import Progress
from vecstack.fitting.refine import GROUP_NUMBERS, Stage, groups, refine, tune_group
from vecstack.fitting.target import Target, open_target, side_by_side
from vecstack.geometry import Affine, Rect
from vecstack.kinds import find_kind
from vecstack.kinds.mask.kind import MaskKind
from vecstack.kinds.mask.layer import MaskLayer
from vecstack.kinds.spline.layer import SplineLayer
from vecstack.stack import Canvas, Group, Layer, Stack, UnknownLayer, asset_id

CPU = torch.device("cpu")
SMALL, CANVAS = Canvas(12, 9, (0.3, 0.2, 0.6)), Canvas(WIDTH, HEIGHT, (0.3, 0.2, 0.6))
FIRST, SECOND = make_net(1), make_net(2)
ASSETS = {asset_id(net): net for net in (FIRST, SECOND)}


def mask(rng: np.random.Generator, layer_id: str, canvas: Canvas, net: bytes = FIRST, **fields: Any) -> MaskLayer:
    return make_mask(layer_id, net, rng, **{"transform": Affine.of_frame(canvas.rect)} | fields)


def spline(rng: np.random.Generator, layer_id: str, rect: Rect, **fields: Any) -> SplineLayer:
    values = {
        "id": layer_id,
        "color": tuple(rng.random(3).tolist()),
        "surface": tuple(tuple(row) for row in (3 * rng.normal(size=(4, 5))).tolist()),
        "window": 0.5,
        "transform": Affine.of_frame(rect),
    }
    return SplineLayer(**values | fields)


def random_stack(seed: int, canvas: Canvas = SMALL) -> Stack:
    """One to six layers: of two nets and of splines, some in windows, some faded, some not to be seen."""
    rng = np.random.default_rng(seed)

    def layer(index: int) -> Layer:
        fields: dict[str, Any] = {
            "opacity": float(rng.choice([0.0, 0.4, 1.0], p=[0.1, 0.3, 0.6])),
            "visible": bool(rng.random() < 0.9),
        }
        corner, sides = rng.uniform(-0.3, 0.7, 2), rng.uniform(0.3, 1.0, 2)
        rect = Rect(
            corner[0] * canvas.width, corner[1] * canvas.height, sides[0] * canvas.width, sides[1] * canvas.height
        )
        if rng.random() < 0.25:
            return spline(rng, f"spline {index}", rect, **fields)
        if rng.random() < 0.3:
            fields |= {"transform": Affine.of_frame(rect), "window": float(rng.uniform(0.1, 1.0))}
        return mask(rng, f"mask {index}", canvas, (FIRST, SECOND)[rng.integers(2)], **fields)

    layers = (mask(rng, "seen", canvas), *(layer(index) for index in range(rng.integers(6))))
    return Stack(canvas, layers, ASSETS)


def plain_stack(seed: int = 0, canvas: Canvas = CANVAS, count: int = 5) -> Stack:
    """Layers of one net on the whole canvas."""
    rng = np.random.default_rng(seed)
    layers = tuple(mask(rng, f"layer {index}", canvas, name=f"No. {index}") for index in range(count))
    return Stack(canvas, layers, {asset_id(FIRST): FIRST})


def noise(width: int, height: int, seed: int = 0) -> np.ndarray:
    return np.random.default_rng(seed).random((height, width, 3)).astype(np.float32)


def psnr(stack: Stack, picture: np.ndarray) -> float:
    """PSNR in dB of the stack, evaluated at the picture's pixels, to the picture [H,W,3] in 0..1."""
    height, width = picture.shape[:2]
    y, x = np.mgrid[0:height, 0:width] + 0.5
    points = np.stack([x.ravel() * (stack.canvas.width / width), y.ravel() * (stack.canvas.height / height)], 1)
    drawn = prepare(stack, CPU)(torch.tensor(points), 1.0)[:3].T.numpy().reshape(height, width, 3)
    return float(-10 * np.log10(np.mean((drawn.astype(np.float64) - picture) ** 2)))


def run(stack: Stack, picture: Any, effort: str | float = "fast", **options: Any) -> Stack:
    return refine(stack, picture, effort, device="cpu", **options)


def one_line(error: pytest.ExceptionInfo[Exception]) -> str:
    message = str(error.value)
    assert "\n" not in message
    return message


# Closer


@pytest.mark.slow
@pytest.mark.parametrize("seed", range(50))
def test_a_refined_stack_is_never_further_from_the_picture(seed: int) -> None:
    stack, factor = random_stack(seed), 1 + seed % 2
    picture = noise(12 * factor, 9 * factor, seed)
    if seed % 3:
        picture = np.linspace(0, 1, picture.size, dtype=np.float32).reshape(picture.shape)
    before, after = psnr(stack, picture), psnr(run(stack, picture), picture)
    assert after >= before - 1e-5  # float32


@pytest.mark.slow
def test_a_stack_comes_closer_to_a_gradient_by_a_clear_margin(pixels: np.ndarray) -> None:
    stack, picture = plain_stack(), pixels.astype(np.float32) / 255
    fast, good = run(stack, pixels, "fast"), run(stack, pixels, "good")
    assert psnr(fast, picture) > psnr(stack, picture) + 5
    assert psnr(good, picture) > psnr(fast, picture)


def test_layers_in_windows_come_closer_too(pixels: np.ndarray) -> None:
    rng = np.random.default_rng(8)
    rects = [Rect(20.0 * (index % 2) - 3, 13.0 * (index // 2) - 2, 22.0, 17.0) for index in range(8)]
    masks = [
        mask(rng, f"mask {index}", CANVAS, transform=Affine.of_frame(rect), window=0.4)
        for index, rect in enumerate(rects[::2])
    ]
    splines = [spline(rng, f"spline {index}", rect) for index, rect in enumerate(rects[1::2])]
    stack, picture = Stack(CANVAS, (*masks, *splines), ASSETS), pixels.astype(np.float32) / 255
    refined = run(stack, pixels)
    assert psnr(refined, picture) > psnr(stack, picture) + 2
    assert all(new != old for new, old in zip(refined.layers, stack.layers, strict=True))


@pytest.mark.slow
def test_a_layer_that_looks_like_the_picture_is_found_again() -> None:
    stack = plain_stack(count=1)
    (layer,) = stack.layers
    assert isinstance(layer, MaskLayer)
    rng = np.random.default_rng(2)
    near = dataclasses.replace(
        layer, color=(0.5, 0.5, 0.5), code=tuple(value + 0.1 * rng.normal() for value in layer.code)
    )
    picture = render(stack, depth=16, device="cpu")
    assert psnr(run(dataclasses.replace(stack, layers=(near,)), picture, "good"), picture / 65535) > 50


def test_a_stack_that_is_the_picture_already_stays_it() -> None:
    stack = plain_stack()
    picture = render(stack, depth=16, device="cpu")
    assert psnr(run(stack, picture), picture / 65535) >= psnr(stack, picture / 65535) - 1e-5


@pytest.mark.slow
@pytest.mark.parametrize("effort", ["fast", "good"])
def test_the_same_call_gives_the_same_bytes(effort: str) -> None:
    stack, picture = random_stack(7), noise(12, 9)
    assert dumps(run(stack, picture, effort)) == dumps(run(stack, picture, effort))


# What stays


def test_only_shapes_places_and_colours_of_seen_layers_change() -> None:
    rng = np.random.default_rng(1)
    whole = Affine.of_frame(CANVAS.rect)
    left_alone: dict[int, Layer] = {
        1: mask(rng, "hidden", CANVAS, visible=False),
        3: mask(rng, "nothing", CANVAS, opacity=0.0),
        4: UnknownLayer(id="strange", transform=whole, unknown_kind="no_such_kind", fields={"a": [1]}),
        6: UnknownLayer(id="like", transform=whole, unknown_kind="mask"),
    }
    turned = {"transform": Affine(9.0, -4.0, 21.5, 6.0, 14.0, 25.25), "window": 0.7, "opacity": 0.8}
    seen: dict[int, Layer] = {
        0: mask(rng, "first", CANVAS, name="a name", group="thing", extra={"note": 1}),
        2: mask(rng, "second", CANVAS, opacity=0.5),
        5: mask(rng, "third", CANVAS, SECOND, **turned),
        7: spline(rng, "fourth", Rect(4.0, 5.0, 30.0, 40.0), opacity=0.9),
    }
    layers = tuple(layer for _, layer in sorted({**left_alone, **seen}.items()))
    metrics, groups = {"psnr": 3.0, "seconds": 5}, (Group("thing"),)
    origin: dict[str, Any] = {"source": {"sha256": "0"}, "model": {"name": "m"}}
    stack = Stack(CANVAS, layers, ASSETS, groups=groups, **origin, metrics=metrics, extra={"more": True})
    refined = run(stack, noise(WIDTH, HEIGHT))
    for index, layer in left_alone.items():
        assert refined.layers[index] is layer
    for index, layer in seen.items():
        new = refined.layers[index]
        assert new != layer
        own = {"color", "code"} if isinstance(layer, MaskLayer) else {"color", "surface"}
        if isinstance(layer, MaskLayer) and layer.window is None:
            own.add("transform")
        for field in dataclasses.fields(layer):
            if field.name not in own:
                assert getattr(new, field.name) == getattr(layer, field.name)
    for name in ("canvas", "assets", "groups", "source", "model", "extra"):
        assert getattr(refined, name) == getattr(stack, name)
    assert refined.metrics["seconds"] == 5


def test_a_refined_stack_is_a_document_as_it_is_kept() -> None:
    refined = run(plain_stack(), noise(WIDTH, HEIGHT))
    for layer in refined.layers:
        assert isinstance(layer, MaskLayer)
        assert layer.code == tuple(float(f"{value:.6g}") for value in layer.code)
    assert refined == dataclasses.replace(refined, assets=dict(refined.assets))


@pytest.mark.parametrize("metadata", [None, {"by": "another program"}], ids=["float32", "metadata"])
def test_a_net_that_another_program_wrote_stays_byte_for_byte(metadata: dict[str, str] | None) -> None:
    tensors = load(FIRST)
    net = save(tensors, metadata) if metadata else save({name: tensor.float() for name, tensor in tensors.items()})
    stack = plain_stack()
    layers = tuple(dataclasses.replace(layer, net=asset_id(net)) for layer in stack.layers)  # type: ignore[call-arg]
    stack = dataclasses.replace(stack, layers=layers, assets={asset_id(net): net})
    assert run(stack, noise(WIDTH, HEIGHT)).assets == {asset_id(net): net}


def test_a_thumbnail_of_other_layers_is_not_kept() -> None:
    stack = dataclasses.replace(plain_stack(), thumbnail=b"of the start")
    refined = run(stack, noise(WIDTH, HEIGHT))
    assert refined.layers != stack.layers
    assert refined.thumbnail != b"of the start"


def test_nothing_is_rounded_where_no_step_was_taken() -> None:
    stack, target = plain_stack(), Target.of_pixels(noise(WIDTH, HEIGHT), CANVAS.rect, CPU)
    (group,) = groups(stack)
    tuned, error = tune_group(stack, group, target, Stage(WIDTH * HEIGHT, 0))
    assert tuned is stack
    assert error == pytest.approx(float(target.errors(stack).mean()))


# What is said of the result


@pytest.mark.parametrize("picture", [noise(WIDTH, HEIGHT), noise(2 * WIDTH, 2 * HEIGHT)], ids=["same", "larger"])
def test_the_psnr_is_that_of_the_drawing(picture: np.ndarray) -> None:
    refined = run(plain_stack(), picture)
    assert refined.metrics["psnr"] == pytest.approx(psnr(refined, picture), abs=0.006)  # two digits


def test_the_psnr_is_that_of_the_start_where_nothing_is_closer() -> None:
    stack = plain_stack()
    picture = render(stack, device="cpu")  # 8 bits: some 59 dB
    refined = run(stack, picture, 1e-9)
    assert refined.metrics["psnr"] == pytest.approx(psnr(stack, picture / 255), abs=0.006)


@pytest.mark.slow
def test_the_share_done_grows_to_the_whole() -> None:
    heard: list[Progress] = []
    run(random_stack(3), noise(12, 9), "good", report=heard.append)
    shares = [progress.share for progress in heard]
    assert shares == sorted(shares)
    assert shares[0] > 0
    assert shares[-1] == pytest.approx(1)


@pytest.mark.parametrize(("width", "height"), [(64, 64), (70, 61), (96, 41)])
@pytest.mark.parametrize("transparent", [False, True])
def test_steps_see_all_of_a_picture_in_turns(
    width: int, height: int, transparent: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    canvas = Canvas(width, height, transparent=transparent)
    stack = plain_stack(canvas=canvas, count=2)
    seen: list[optimize.View] = []
    original = optimize.gauss_newton

    def gauss_newton(parts: Sequence[optimize.Part], *rest: Any) -> Any:
        seen.extend(part.view for part in parts)
        return original(parts, *rest)

    monkeypatch.setattr(optimize, "gauss_newton", gauss_newton)
    pixels = noise(width, height)
    if transparent:
        pixels = np.dstack([pixels, np.full_like(pixels[..., :1], 0.8)])
    run(stack, pixels, "fast")
    assert len(seen) == 4
    shown = torch.cat([view.target for view in seen], 1)
    _, whole, _ = open_target(stack, pixels, "black", "cpu").cells(None, 4096)
    assert shown.sort(1).values.equal(side_by_side(whole).sort(1).values)


@pytest.mark.slow
def test_the_psnr_is_told_on_the_way(pixels: np.ndarray) -> None:
    heard: list[Progress] = []
    refined = run(plain_stack(), pixels, "good", report=heard.append)
    assert len(heard) == 2
    assert heard[1].psnr == pytest.approx(refined.metrics["psnr"], abs=0.01)  # its points are the pixels
    assert heard[0].psnr == pytest.approx(heard[1].psnr, abs=3)


# Pictures


@pytest.mark.parametrize("size", [(53, 37), (37, 37), (37, 55), (38, 53 * 2), (1000, 1)])
def test_a_picture_of_another_aspect_is_refused(size: tuple[int, int]) -> None:
    with pytest.raises(PictureError) as error:
        run(plain_stack(), noise(*size))
    message = one_line(error)
    assert f"{size[0]} x {size[1]}" in message
    assert "37 x 53" in message


@pytest.mark.parametrize("size", [(37, 53), (19, 27), (18, 26), (18, 27), (74, 106), (4, 5), (1, 1), (100, 143)])
def test_a_picture_of_another_size_is_taken(size: tuple[int, int]) -> None:
    stack, picture = plain_stack(), noise(*size)
    refined = run(stack, picture)
    assert refined.canvas == stack.canvas
    assert psnr(refined, picture) > psnr(stack, picture)


def test_a_picture_of_one_pixel_is_met_on_a_canvas_of_one() -> None:
    canvas = Canvas(1, 1)
    picture = np.array([[[0.2, 0.6, 0.4]]], dtype=np.float32)
    refined = run(plain_stack(canvas=canvas, count=2), picture, "good")
    assert psnr(refined, picture) > 40


@pytest.mark.parametrize("value", [0.0, 0.4, 1.0])
def test_a_constant_picture_is_met(value: float) -> None:
    picture = np.full((HEIGHT, WIDTH, 3), value, np.float32)
    stack = plain_stack()
    assert psnr(run(stack, picture), picture) > psnr(stack, picture) + 3


@pytest.mark.parametrize("background", [(0.0, 0.0, 0.0), (0.2, 0.8, 0.4)])
def test_a_background_shows_through_a_transparent_picture(background: Color) -> None:
    picture = np.concatenate([noise(12, 9), np.zeros((9, 12, 1), np.float32)], 2)
    refined = run(random_stack(1), picture, background=background)
    seen = np.full((9, 12, 3), background, np.float32)
    assert dumps(refined) == dumps(run(random_stack(1), seen))


def test_nothing_is_to_cover_what_is_transparent_in_the_picture_and_the_canvas() -> None:
    stack = random_stack(1)
    clear = dataclasses.replace(stack, canvas=dataclasses.replace(stack.canvas, transparent=True))
    picture = np.concatenate([noise(12, 9), np.zeros((9, 12, 1), np.float32)], 2)
    refined = run(clear, picture, background="white")
    assert dumps(refined) == dumps(run(clear, picture))
    covered = [float(render(each, 40, device="cpu")[..., 3].mean()) for each in (clear, refined)]
    assert covered[1] < 0.5 * covered[0]


def test_a_file_is_a_picture_too(photo: Any, pixels: np.ndarray) -> None:
    assert dumps(run(plain_stack(), photo)) == dumps(run(plain_stack(), pixels))


def test_the_picture_is_not_changed() -> None:
    picture = noise(12, 9)
    before = picture.copy()
    run(random_stack(0), picture)
    assert (picture == before).all()


# Stacks and requests that cannot be meant


def test_a_stack_in_which_nothing_can_be_tuned_is_refused() -> None:
    stack = plain_stack()
    strange = UnknownLayer(id="strange", transform=Affine.of_frame(CANVAS.rect), unknown_kind="no_such_kind")
    hidden = tuple(dataclasses.replace(layer, visible=False) for layer in stack.layers)
    faded = tuple(dataclasses.replace(layer, opacity=0.0) for layer in stack.layers)
    for layers in ((), hidden, faded, (strange,), (strange, *hidden)):
        with pytest.raises(DocumentError, match="no layer can be tuned") as error:
            run(dataclasses.replace(stack, layers=layers), noise(WIDTH, HEIGHT))
        one_line(error)


def test_a_stack_whose_net_does_not_fit_is_refused() -> None:
    stack, picture = plain_stack(), noise(WIDTH, HEIGHT)
    with pytest.raises(DocumentError, match="is not in the document"):
        run(dataclasses.replace(stack, assets={}), picture)
    short = dataclasses.replace(stack.layers[0], code=(1.0,))  # type: ignore[call-arg]
    with pytest.raises(DocumentError, match="code has 1 numbers"):
        run(dataclasses.replace(stack, layers=(short,)), picture)


@pytest.mark.parametrize("effort", ["slow", "", "Good", "3", "a\nb", 0, -1, 0.0, -0.5, math.nan, math.inf, -math.inf])
def test_an_effort_that_cannot_be_meant_is_refused(effort: str | float) -> None:
    with pytest.raises(UsageError, match="effort") as error:
        run(plain_stack(), noise(WIDTH, HEIGHT), effort)
    assert "fast, good, best" in one_line(error)


def test_a_device_that_is_not_there_is_refused() -> None:
    with pytest.raises(DeviceError):
        refine(plain_stack(), noise(WIDTH, HEIGHT), "fast", device="abacus")


@pytest.mark.slow
def test_codes_at_the_limit_of_a_document_can_be_tuned() -> None:
    stack = plain_stack(canvas=SMALL)
    layers = tuple(
        dataclasses.replace(layer, code=tuple(1e6 * sign for sign in signs))  # type: ignore[call-arg]
        for layer, signs in zip(
            stack.layers, [(1, 1, 1), (1, -1, 1), (-1, -1, 1), (-1, 1, -1), (1, 1, -1)], strict=True
        )
    )
    for seed in range(3):
        run(dataclasses.replace(stack, layers=layers), noise(12, 9, seed), "good")


# Time


def test_seconds_are_kept_to_within_a_step(monkeypatch: pytest.MonkeyPatch) -> None:
    seconds, step = [0.0], 0.1

    def monotonic() -> float:
        """A clock on which every step takes as long: it is looked at once a step, and around each group."""
        seconds[0] += step
        return seconds[0]

    for module in ("refine", "optimize"):
        monkeypatch.setattr(f"vecstack.fitting.{module}.time", SimpleNamespace(monotonic=monotonic))
    stack, picture = plain_stack(), noise(WIDTH, HEIGHT)
    refined = run(stack, picture, 1.5)
    assert 1.5 <= seconds[0] < 1.5 + 4 * step
    assert psnr(refined, picture) > psnr(stack, picture)


def test_hardly_any_time_leaves_the_stack_as_it_is() -> None:
    stack = plain_stack()
    assert run(stack, noise(WIDTH, HEIGHT), 1e-9).layers == stack.layers


# A net of its own


@pytest.mark.slow
def test_a_tuned_net_brings_the_stack_closer_still(pixels: np.ndarray) -> None:
    stack, picture = plain_stack(), pixels.astype(np.float32) / 255
    refined = run(stack, pixels, tune_net=True)
    assert psnr(refined, picture) > psnr(run(stack, pixels), picture)
    (net,) = refined.assets
    assert net != asset_id(FIRST)
    assert {layer.net for layer in refined.layers if isinstance(layer, MaskLayer)} == {net}
    assert dumps(run(stack, pixels, tune_net=True)) == dumps(refined)


@pytest.mark.slow
@pytest.mark.parametrize("seed", range(5))
def test_with_a_tuned_net_a_stack_is_never_further_from_the_picture(seed: int) -> None:
    stack, picture = plain_stack(seed, SMALL, 2), noise(12, 9, seed)
    assert psnr(run(stack, picture, tune_net=True), picture) >= psnr(stack, picture) - 1e-5  # float32


@pytest.mark.slow
def test_layers_that_are_not_tuned_keep_the_net_that_they_had(pixels: np.ndarray) -> None:
    rng = np.random.default_rng(3)
    hidden = mask(rng, "hidden", CANVAS, visible=False)
    stack = plain_stack()
    refined = run(dataclasses.replace(stack, layers=(hidden, *stack.layers)), pixels, tune_net=True)
    assert refined.layers[0] is hidden
    assert refined.assets[asset_id(FIRST)] == FIRST
    assert len(refined.assets) == 2


def test_a_tuned_net_takes_layers_of_one_net_and_place() -> None:
    rng = np.random.default_rng(3)
    several = (mask(rng, "first", SMALL), mask(rng, "second", SMALL, SECOND))
    none = (spline(rng, "spline", SMALL.rect),)
    for layers in (several, none):
        with pytest.raises(UsageError, match="tune_net") as error:
            run(Stack(SMALL, layers, ASSETS), noise(12, 9), tune_net=True)
        one_line(error)


@pytest.mark.slow
def test_splines_beside_the_layers_of_a_tuned_net_are_tuned_too() -> None:
    rng = np.random.default_rng(3)
    stack = Stack(SMALL, (mask(rng, "mask", SMALL), spline(rng, "spline", SMALL.rect)), {asset_id(FIRST): FIRST})
    picture = noise(12, 9)
    refined = run(stack, picture, tune_net=True)
    assert psnr(refined, picture) > psnr(stack, picture)
    assert all(new != old for new, old in zip(refined.layers, stack.layers, strict=True))


# Groups


def test_seen_layers_of_a_kind_a_net_and_a_place_are_tuned_together() -> None:
    rng = np.random.default_rng(0)
    window = {"transform": Affine.of_frame(Rect(1.0, 2.0, 9.0, 8.0)), "window": 0.5}
    layers = (
        mask(rng, "0", CANVAS),
        mask(rng, "1", CANVAS, visible=False),
        mask(rng, "2", CANVAS),
        mask(rng, "3", CANVAS, SECOND),
        mask(rng, "4", CANVAS, SECOND, **window),
        UnknownLayer(id="5", transform=Affine.of_frame(CANVAS.rect), unknown_kind="no_such_kind"),
        mask(rng, "6", CANVAS, SECOND, **window, opacity=0.5),
        spline(rng, "7", Rect(1.0, 2.0, 9.0, 8.0)),
        spline(rng, "8", Rect(1.0, 2.0, 9.0, 8.0), surface=((0.0,) * 6,) * 4),
        mask(rng, "9", CANVAS),
    )
    assert groups(Stack(CANVAS, layers, ASSETS)) == [(0, 2), (3,), (4, 6), (7,), (8,), (9,)]


def test_groups_are_of_bounded_length() -> None:
    (layer,) = plain_stack(count=1).layers
    most = GROUP_NUMBERS // (len(MaskKind().shape(layer)) + 3)  # the numbers of a colour too
    found = groups(plain_stack(count=2 * most + 3))
    assert [len(group) for group in found] == [most, most, 3]
    assert [index for group in found for index in group] == list(range(2 * most + 3))


# Layers as numbers (vecstack.kinds.base.Tunable)


def mask_layers() -> list[Layer]:
    rng = np.random.default_rng(4)
    window = {"transform": Affine(9.0, -4.0, 21.5, 6.0, 14.0, 25.25), "window": 0.7}
    return [mask(rng, "whole", CANVAS), mask(rng, "turned", CANVAS, **window)]


def spline_layers() -> list[Layer]:
    rng = np.random.default_rng(4)
    turned = {"transform": Affine(9.0, -4.0, 21.5, 6.0, 14.0, 25.25), "window": 1.0}
    return [spline(rng, "one", Rect(-3.0, 5.0, 30.0, 40.0)), spline(rng, "turned", CANVAS.rect, **turned)]


def points_around() -> Tensor:
    return torch.tensor(np.random.default_rng(5).uniform((-5, -5), (WIDTH + 5, HEIGHT + 5), (300, 2)))


@pytest.mark.slow
@pytest.mark.parametrize("layers", [mask_layers(), spline_layers()], ids=["mask", "spline"])
def test_tuned_masks_are_those_that_are_drawn(layers: list[Layer]) -> None:
    kind, points = find_kind(layers[0].kind), points_around()
    assert kind is not None
    tunable = kind.tunable(layers, ASSETS, CPU)
    drawn, colors = kind.shader(layers, ASSETS, CPU)(points, 1.0)
    torch.testing.assert_close(tunable.shade(tunable.shapes, points, 1.0)[0], drawn)
    torch.testing.assert_close(tunable.slopes(tunable.shapes, points, 1.0).alpha, drawn)
    assert tunable.colors.equal(colors[:, 0])


@pytest.mark.parametrize("layers", [mask_layers(), spline_layers()], ids=["mask", "spline"])
def test_slopes_are_the_gradients_of_the_masks(layers: list[Layer]) -> None:
    kind, points = find_kind(layers[0].kind), points_around()
    assert kind is not None
    tunable = kind.tunable(layers, ASSETS, CPU)
    shapes = tunable.shapes.clone().requires_grad_()
    masks, _ = tunable.shade(shapes, points, 1.0)
    slopes = tunable.slopes(tunable.shapes, points, 1.0).by_alpha
    assert not slopes.requires_grad
    for place in range(0, len(points), 7):
        (by_shape,) = torch.autograd.grad(masks[:, place].sum(), shapes, retain_graph=True)
        torch.testing.assert_close(slopes[:, :, place], by_shape, atol=1e-5, rtol=1e-4)


@pytest.mark.parametrize("layers", [mask_layers(), spline_layers()], ids=["mask", "spline"])
def test_layers_of_other_numbers_have_these_and_all_else_of_the_old(layers: list[Layer]) -> None:
    kind, points = find_kind(layers[0].kind), points_around()
    assert kind is not None
    tunable = kind.tunable(layers, ASSETS, CPU)
    shapes, colors = tunable.shapes + 0.25, tunable.colors / 2
    new, assets = tunable.layers(shapes, colors)
    kind.check(new, {**ASSETS, **assets})
    again = kind.tunable(new, {**ASSETS, **assets}, CPU)
    torch.testing.assert_close(again.shapes, shapes, atol=2e-3, rtol=0)  # a spline's steps of 0.01 over 4
    torch.testing.assert_close(again.colors, colors, atol=1e-4, rtol=0)
    after, before = again.shade(again.shapes, points, 1.0)[0], tunable.shade(shapes, points, 1.0)[0]
    torch.testing.assert_close(after, before, atol=5e-3, rtol=0)
    for layer, old in zip(new, layers, strict=True):
        assert (layer.id, layer.transform, layer.opacity) == (old.id, old.transform, old.opacity)


def test_a_goal_adds_detail_above_the_tuned_layers() -> None:
    stack, picture, shares = plain_stack(count=2), noise(WIDTH, HEIGHT), []
    goal = Goal(layers=4)
    more = refine(stack, picture, "fast", goal, device="cpu", report=lambda progress: shares.append(progress.share))
    tuned = refine(stack, picture, "fast", device="cpu")
    assert more.layers[:2] == tuned.layers
    assert [layer.kind for layer in more.layers[2:]] == ["path"] * 2
    assert shares == sorted(shares)
    assert shares[-1] == 1


def test_a_stack_in_which_nothing_can_be_tuned_still_gets_detail() -> None:
    bare, picture = Stack(CANVAS), noise(WIDTH, HEIGHT)
    with pytest.raises(DocumentError, match="no layer can be tuned"):
        refine(bare, picture, "fast", device="cpu")
    assert len(refine(bare, picture, "fast", Goal(layers=2), device="cpu").layers) == 2
