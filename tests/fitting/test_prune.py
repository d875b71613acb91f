from __future__ import annotations

import dataclasses
import importlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import pytest
import torch
from torch import Tensor

from tests.helpers import CODE, HEIGHT, WIDTH, ids, make_net
from vecstack.color import Color
from vecstack.drawing.exact import prepare
from vecstack.drawing.render import render
from vecstack.drawing.viewport import Viewport
from vecstack.errors import DocumentError, UsageError
from vecstack.fitting.prune import POINTS, Contribution, contributions, prune
from vecstack.geometry import Affine, Rect
from vecstack.kinds import find_kind
from vecstack.kinds.base import Kind
from vecstack.kinds.mask.layer import MaskLayer
from vecstack.kinds.mask.net import MaskNet, NetSizes
from vecstack.kinds.mask.shade import net_to_asset
from vecstack.kinds.spline.layer import SplineLayer
from vecstack.stack import Canvas, Layer, Stack, UnknownLayer, asset_id

CPU = torch.device("cpu")
CANVAS = Canvas(WIDTH, HEIGHT)
WHOLE = Affine.of_frame(CANVAS.rect)
RED, GREY = (1.0, 0.0, 0.0), (0.5, 0.5, 0.5)


def full_net() -> bytes:
    """A net whose masks are 1 everywhere."""
    net = MaskNet(NetSizes(CODE, 4, 1))
    with torch.no_grad():
        net.output.weight.zero_()
        net.output.bias.fill_(50.0)
    return net_to_asset(net)


FULL, SHAPED, OTHER = full_net(), make_net(1), make_net(2)


def mask(layer_id: str, net: bytes = FULL, color: Color = RED, **fields: Any) -> MaskLayer:
    return MaskLayer(
        **{"id": layer_id, "net": asset_id(net), "color": color, "code": (0.3,) * CODE, "transform": WHOLE} | fields
    )


def unknown(name: str, **fields: Any) -> UnknownLayer:
    return UnknownLayer(**{"id": name, "transform": WHOLE, "unknown_kind": "sparkle"} | fields)


def stack_of(*layers: Layer, canvas: Canvas = CANVAS) -> Stack:
    return Stack(canvas, layers, {asset_id(net): net for net in (FULL, SHAPED, OTHER)})


def random_stack(count: int) -> Stack:
    """Layers of two nets, some of them faint, a third in windows."""
    rng = np.random.default_rng(7)

    def fields(number: int) -> dict[str, Any]:
        corner, side = rng.random(2) * (15, 25), 12 + 10 * rng.random()
        window = {"transform": Affine.of_frame(Rect(*corner, side, side)), "window": 0.5} if number % 3 == 0 else {}
        values = {"color": tuple(rng.random(3).tolist()), "code": tuple(rng.normal(size=CODE).tolist())}
        return {**values, **window, "opacity": float(rng.choice([0.01, 0.1, 0.5, 1.0]))}

    return stack_of(*(mask(f"layer {n}", (SHAPED, OTHER)[n % 2], **fields(n)) for n in range(count)))


def sampled(stack: Stack) -> Tensor:
    """The picture at the centres of the cells of a grid of the canvas's aspect: [4,P]."""
    columns = round((POINTS * stack.canvas.width / stack.canvas.height) ** 0.5)
    rows = round(POINTS / columns)
    y, x = torch.meshgrid(
        (torch.arange(rows, dtype=torch.float64) + 0.5) / rows * stack.canvas.height,
        (torch.arange(columns, dtype=torch.float64) + 0.5) / columns * stack.canvas.width,
        indexing="ij",
    )
    return prepare(stack, CPU)(torch.stack([x.flatten(), y.flatten()], 1), 1.0)


def drawn_change(old: Stack, new: Stack, size: int = 90) -> float:
    """How far two stacks are apart when drawn: root mean square in 1/255."""
    first, second = (render(each, size, depth=16, device="cpu").astype(np.float64) / 257 for each in (old, new))
    return float(np.sqrt(np.mean((first - second) ** 2)))


def test_a_contribution_is_the_change_when_the_layer_is_taken_out(stack: Stack) -> None:
    stack = dataclasses.replace(stack, layers=(*stack.layers[:2], unknown("strange"), *stack.layers[2:]))
    whole = sampled(stack)
    measured = contributions(stack, device="cpu")
    assert [each.id for each in measured] == ids(stack)
    for each in measured:
        change = (whole - sampled(stack.remove(each.id)))[:3] * 255
        assert each.rms == pytest.approx(float(change.square().mean().sqrt()), abs=1e-3)
        assert each.largest == pytest.approx(float(change.abs().max()), abs=1e-3)
    seen = {each.id for each in measured if each.rms > 0.1}
    assert seen == {"whole", "faded", "window", "turned"}


def test_layers_that_do_not_show_contribute_nothing_at_all(stack: Stack) -> None:
    stack = dataclasses.replace(stack, layers=(*stack.layers, unknown("strange")))
    measured = {each.id: each for each in contributions(stack, device="cpu")}
    for name in ("hidden", "nothing", "strange"):
        assert measured[name] == Contribution(name, 0.0, 0.0)


@pytest.mark.parametrize("canvas", [CANVAS, Canvas(1_000_000, 1), Canvas(1, 1_000_000)], ids=["usual", "wide", "high"])
def test_a_full_change_of_one_channel_is_known(canvas: Canvas) -> None:
    layer = mask("all", transform=Affine.of_frame(canvas.rect), opacity=0.5)
    (measured,) = contributions(stack_of(layer, canvas=canvas), device="cpu")
    assert measured.largest == pytest.approx(127.5)
    assert measured.rms == pytest.approx(127.5 / 3**0.5)


def test_a_missing_asset_is_named() -> None:
    bare = Stack(CANVAS, (mask("a"),))
    for call in (contributions, prune):
        with pytest.raises(DocumentError, match="layer a"):
            call(bare, device="cpu")


def test_a_stack_of_no_layers_stays_so() -> None:
    empty = stack_of()
    assert contributions(empty, device="cpu") == ()
    assert prune(empty, device="cpu") is empty


@pytest.mark.parametrize("tolerance", [-0.1, float("nan"), float("inf")])
def test_a_tolerance_that_cannot_be_is_refused_with_what_to_give(tolerance: float) -> None:
    with pytest.raises(UsageError, match=r"tolerance must be .*at least 0 .*1/255"):
        prune(stack_of(mask("a")), tolerance, device="cpu")


@pytest.mark.parametrize("tolerance", [0.0, 0.01])
def test_layers_that_are_covered_are_dropped(tolerance: float) -> None:
    lower, faint = mask("lower", SHAPED), mask("faint", OTHER, opacity=0.3)
    pruned = prune(stack_of(lower, faint, mask("cover", color=GREY)), tolerance, device="cpu")
    assert pruned.layers == (mask("cover", color=GREY),)


def test_of_two_layers_that_hide_each_other_s_absence_one_stays() -> None:
    pruned = prune(stack_of(mask("lower"), mask("upper")), 0.01, device="cpu")
    assert len(pruned.layers) == 1
    assert drawn_change(stack_of(mask("lower")), pruned) == 0


def test_a_tolerance_of_0_keeps_what_shows(stack: Stack) -> None:
    assert prune(stack, 0, device="cpu") is stack


def test_a_tolerance_of_0_drops_a_window_outside_the_canvas() -> None:
    outside = mask("outside", transform=Affine.of_frame(Rect(50, 10, 20, 20)), window=0.5)
    assert ids(prune(stack_of(mask("a", SHAPED), outside), 0, device="cpu")) == ["a"]


def test_a_layer_too_small_for_the_points_stays() -> None:
    canvas = Canvas(3700, 5300)  # points are 35 units apart
    dot = mask("dot", color=GREY, transform=Affine.of_frame(Rect(2010, 3010, 20, 20)), window=0.1)
    stack = stack_of(mask("base", transform=Affine.of_frame(canvas.rect)), dot, canvas=canvas)
    assert prune(stack, 0.5, device="cpu") is stack
    part = Viewport(Rect(2000, 3000, 40, 40), 37, 37)
    assert len(np.unique(render(stack, viewport=part, device="cpu").reshape(-1, 3), axis=0)) > 1


@pytest.mark.slow
@pytest.mark.parametrize("tolerance", [0.5, 2.0, 8.0])
@pytest.mark.parametrize("count", [12, 70])
def test_the_drawing_stays_within_the_tolerance(tolerance: float, count: int) -> None:
    many = random_stack(count)
    pruned = prune(many, tolerance, device="cpu")
    assert len(pruned.layers) < count
    # Drawn at other points than it was measured at: a tenth is what the pictures' edges make of that.
    assert 0 < drawn_change(many, pruned) < 1.1 * tolerance


def test_layers_go_while_the_tolerance_allows_it() -> None:
    many = random_stack(12)
    pruned = prune(many, 2.0, device="cpu")
    before = sampled(many)
    for layer in pruned.layers:
        change = (before - sampled(pruned.remove(layer.id)))[:3] * 255
        assert float(change.square().mean().sqrt()) > 2.0


@pytest.mark.slow
def test_a_greater_tolerance_keeps_fewer_layers() -> None:
    many = random_stack(12)
    counts = [len(prune(many, tolerance, device="cpu").layers) for tolerance in (0.0, 1.0, 10.0, 255.0)]
    assert counts == sorted(counts, reverse=True)
    assert counts[0] > counts[1] > counts[2] > counts[3] == 0


def test_kept_layers_stay_as_they_are_and_in_order() -> None:
    many = random_stack(12)
    pruned = prune(many, 2.0, device="cpu")
    assert pruned.layers == tuple(layer for layer in many.layers if layer.id in ids(pruned))


def test_the_same_call_gives_the_same_stack() -> None:
    assert prune(random_stack(12), 3.0, device="cpu") == prune(random_stack(12), 3.0, device="cpu")


def test_what_a_person_hid_and_what_is_unknown_stays() -> None:
    kept = mask("hidden", visible=False), mask("clear", opacity=0.0), unknown("strange")
    pruned = prune(stack_of(*kept, mask("faint", opacity=0.001)), 1.0, device="cpu")
    assert pruned.layers == kept


@pytest.mark.slow
def test_two_layers_of_one_shape_become_one_in_the_colour_of_both() -> None:
    lower = mask("lower", SHAPED, (0.6, 0.2, 0.0), name="Below", opacity=0.5)
    upper = mask("upper", SHAPED, (0.0, 0.2, 0.4), name="Above", opacity=0.5)
    pair = stack_of(lower, upper)
    pruned = prune(pair, 3.0, device="cpu")
    (layer,) = pruned.layers
    assert isinstance(layer, MaskLayer)
    assert layer in (dataclasses.replace(each, color=layer.color) for each in (lower, upper))

    def error(color: Color) -> float:
        return float((sampled(pruned.edit(layer.id, color=color)) - sampled(pair)).square().mean())

    # Where both masks are 1, half of the lower colour's half shows through: 0.25 + 0.5 of them, by a layer of 0.5.
    assert layer.color == pytest.approx((0.3, 0.3, 0.4), abs=0.1)
    for channel in range(3):
        for shift in (-0.01, 0.01):
            other = [*layer.color]
            other[channel] += shift
            assert error((other[0], other[1], other[2])) > error(layer.color)
    assert error(layer.color) ** 0.5 * 255 < 3.0
    assert len(prune(pair, 0.1, device="cpu").layers) == 2


def test_a_merged_colour_stays_a_colour() -> None:
    lower, upper = mask("lower", color=RED, opacity=0.5), mask("upper", color=(0.8, 0.3, 0.3), opacity=0.5)
    # 0.65 of red in all, of which a layer of 0.5 gives 0.5 at most: off by 22, dropping one alone by 37 or more.
    (layer,) = prune(stack_of(lower, upper), 25.0, device="cpu").layers
    assert getattr(layer, "color", None) == pytest.approx((1.0, 0.3, 0.3), abs=1e-5)


@pytest.mark.parametrize("between", [mask("between", visible=False), mask("between", opacity=0.0), unknown("between")])
def test_layers_with_one_between_that_stays_are_not_merged(between: Layer) -> None:
    lower, upper = mask("lower", color=RED, opacity=0.5), mask("upper", color=(0.1, 0.3, 0.3), opacity=0.5)
    assert len(prune(stack_of(lower, upper), 0.1, device="cpu").layers) == 1
    apart = stack_of(lower, between, upper)
    assert prune(apart, 0.1, device="cpu") is apart


def test_layers_with_one_between_that_goes_are_merged() -> None:
    lower, upper = mask("lower", color=RED, opacity=0.5), mask("upper", color=(0.1, 0.3, 0.3), opacity=0.5)
    faint = mask("between", opacity=0.0001)
    assert len(prune(stack_of(lower, faint, upper), 0.1, device="cpu").layers) == 1


def test_assets_go_with_the_last_layer_that_uses_them() -> None:
    stray = {"0" * 64: b"of no layer"}
    layers = mask("a", SHAPED), mask("b", OTHER, opacity=0.0001), mask("c", SHAPED, opacity=0.0001)
    stack = dataclasses.replace(stack_of(*layers), assets={**stack_of().assets, **stray}, thumbnail=b"old")
    pruned = prune(stack, 0.1, device="cpu")
    assert ids(pruned) == ["a"]
    assert set(pruned.assets) == set(stack.assets) - {asset_id(OTHER)}
    assert pruned.thumbnail is None


def test_a_layer_of_an_unknown_kind_keeps_all_assets() -> None:
    layers = mask("a", SHAPED), mask("b", OTHER, opacity=0.0001), unknown("strange")
    pruned = prune(stack_of(*layers), 0.1, device="cpu")
    assert ids(pruned) == ["a", "strange"]
    assert pruned.assets == stack_of().assets


def spline(layer_id: str, value: float = 3.0, color: Color = RED, **fields: Any) -> SplineLayer:
    surface = ((value,) * 5, (value, -value, value, -value, value), (value,) * 5, (value,) * 5)
    corner = Affine.of_frame(Rect(4.0, 6.0, 20.0, 30.0))
    return SplineLayer(
        **{"id": layer_id, "color": color, "surface": surface, "window": 0.3, "transform": corner} | fields
    )


def test_spline_layers_are_measured_dropped_and_merged_as_mask_layers_are() -> None:
    layers = (
        mask("below", SHAPED, (0.1, 0.1, 0.3), opacity=0.9),
        spline("lower", color=(0.2, 0.6, 0.0), opacity=0.25),
        spline("upper", color=(0.3, 0.5, 0.1), opacity=0.25),
        spline("faint", -20.0, GREY),
        mask("above", OTHER, GREY, opacity=0.3),
        spline("beside", transform=Affine.of_frame(Rect(100.0, 7.0, 9.0, 9.0))),
    )
    mixed = stack_of(*layers)
    whole = sampled(mixed)
    for each in contributions(mixed, device="cpu"):
        change = (whole - sampled(mixed.remove(each.id)))[:3] * 255
        assert each.rms == pytest.approx(float(change.square().mean().sqrt()), abs=1e-3)
        assert (each.rms > 2) == (each.id not in {"faint", "beside"})
    pruned = prune(mixed, 2.0, device="cpu")
    below, merged, above = pruned.layers
    assert (below, above) == (layers[0], layers[4])
    assert isinstance(merged, SplineLayer)
    assert merged.color not in {(0.2, 0.6, 0.0), (0.3, 0.5, 0.1)}
    assert drawn_change(mixed, pruned) <= 2.0 + 0.1  # measured at other points


@dataclass(frozen=True, kw_only=True)
class RampLayer(Layer):
    """Full coverage in a colour that changes from left to right."""

    color: Color = GREY

    @property
    def kind(self) -> str:
        return "ramp"


class RampKind(Kind[RampLayer]):
    layer = RampLayer

    def color(self, layer: RampLayer) -> None:
        return None

    def shader(self, layers: Sequence[RampLayer], assets: Mapping[str, bytes], device: torch.device) -> Any:
        def shade(points: Tensor, footprint: float) -> tuple[Tensor, Tensor]:
            color = (points[:, :1] / WIDTH).float().expand(-1, 3)
            return torch.ones(len(layers), len(points)), color.expand(len(layers), -1, -1)

        return shade


@pytest.fixture
def _ramps(monkeypatch: pytest.MonkeyPatch) -> None:
    """A second kind of layer."""
    kinds = {"ramp": RampKind()}
    for name in ("vecstack.kinds", "vecstack.drawing.exact"):
        module = importlib.import_module(name)
        monkeypatch.setattr(module, "find_kind", lambda name: kinds.get(name) or find_kind(name), raising=False)


@pytest.mark.usefixtures("_ramps")
def test_layers_whose_colour_changes_from_place_to_place_are_measured_too() -> None:
    mixed = stack_of(
        mask("below", SHAPED), RampLayer(id="ramp", transform=WHOLE, opacity=0.5), mask("above", OTHER, GREY)
    )
    for each in contributions(mixed, device="cpu"):
        change = (sampled(mixed) - sampled(mixed.remove(each.id)))[:3] * 255
        assert each.rms == pytest.approx(float(change.square().mean().sqrt()), abs=1e-3)


@pytest.mark.usefixtures("_ramps")
def test_layers_whose_colour_changes_from_place_to_place_are_not_merged() -> None:
    ramps = stack_of(*(RampLayer(id=name, transform=WHOLE, opacity=0.5) for name in ("a", "b")))
    assert prune(ramps, 5.0, device="cpu") is ramps
