from __future__ import annotations

import dataclasses
from itertools import combinations
from typing import Any

import numpy as np
import pytest

from tests.helpers import block
from tests.kinds.path.examples import SUNSET, at, blob, corner
from vecstack import Canvas, Stack, render
from vecstack.errors import ExportError, UsageError
from vecstack.exporting.cutting.areas import Area, common, parts
from vecstack.exporting.cutting.curves import Curves
from vecstack.exporting.cutting.partition import cutout
from vecstack.exporting.cutting.prepare import prepared
from vecstack.geometry import Affine, Rect
from vecstack.kinds import kind_of
from vecstack.kinds.path.layer import PathLayer

RED, BLUE = (0.9, 0.1, 0.1), (0.1, 0.2, 0.9)
CANVAS = Canvas(60, 40, (0.9, 0.8, 0.6))
STACK = Stack(
    CANVAS,
    (
        PathLayer(id="low", name="Low", transform=at(20, 20), contours=(blob(15.0, 12.0),), color=RED),
        PathLayer(id="glow", transform=at(34, 22), contours=(blob(12.0, 14.0), corner(5.0)), gradient=SUNSET),
        PathLayer(id="edge", transform=at(58, 8), contours=(corner(11.0),), color=BLUE),
        PathLayer(id="top", transform=at(30, 10), contours=(corner(7.0),), color=RED),
        PathLayer(id="hidden", transform=at(30, 20), contours=(corner(9.0),), color=BLUE, visible=False),
    ),
)


FINE = 100.0  # times larger, so that polygons are close to the curves that they stand for


def areas(stack: Stack) -> list[Area]:
    """What the layers cover, enlarged."""
    place = Affine(FINE, 0, 0, 0, FINE, 0)
    return [Curves().area(kind_of(layer).outline(layer) or (), place.after(layer.transform)) for layer in stack.layers]


def sizes(stack: Stack) -> list[float]:
    """The areas of the layers in square canvas units."""
    return [area.area / FINE**2 for area in areas(stack)]


def test_nothing_overlaps_and_no_gap_is_left() -> None:
    cut = cutout(STACK, device="cpu")
    assert sum(sizes(cut)) == pytest.approx(60 * 40, rel=1e-5)
    assert max(common(one, two).area / FINE**2 for one, two in combinations(areas(cut), 2)) < 0.01


def test_it_looks_as_before_away_from_edges() -> None:
    before, after = (render(stack, 600, transparent=False, device="cpu") for stack in (STACK, cutout(STACK)))
    assert (np.abs(before.astype(int) - after).max(-1) > 2).mean() < 0.02


def test_names_ids_and_gradients_are_kept() -> None:
    cut = cutout(STACK, device="cpu")
    assert [layer.id for layer in cut.layers] == ["background", "low", "glow", "edge", "top"]
    assert cut.layers[1].name == "Low"
    assert kind_of(cut.layers[2]).gradient(cut.layers[2]) == kind_of(STACK.layers[1]).gradient(STACK.layers[1])
    assert cut.canvas.transparent


def test_a_transparent_canvas_has_no_background() -> None:
    clear = dataclasses.replace(STACK, canvas=dataclasses.replace(CANVAS, transparent=True))
    assert "background" not in [layer.id for layer in cutout(clear, device="cpu").layers]


def test_layers_of_one_colour_are_united() -> None:
    cut = cutout(STACK, by_color=True, device="cpu")
    assert len(cut.layers) == 4
    assert cut.layers[1].name == cut.layers[1].id == "#e61a1a"
    apart = {layer.id: size for layer, size in zip(cutout(STACK).layers, sizes(cutout(STACK)), strict=True)}
    assert sizes(cut)[1] == pytest.approx(apart["low"] + apart["top"], rel=1e-4)
    assert sum(sizes(cut)) == pytest.approx(60 * 40, rel=1e-5)


def test_small_parts_go_to_what_they_touch() -> None:
    dots = tuple(
        PathLayer(id=f"dot{x}", transform=at(x, 20), contours=(blob(1.0, 1.5),), color=BLUE) for x in (6, 20, 36, 50)
    )
    stack = STACK.with_layers((*STACK.layers, *dots))
    cut = cutout(stack, min_area=6.0, device="cpu")
    assert not {layer.id for layer in cut.layers} & {layer.id for layer in dots}
    assert min(part.area for area in areas(cut) for part in parts(area)) >= 6.0 * FINE**2
    assert sum(sizes(cut)) == pytest.approx(60 * 40, rel=1e-5)


def test_pieces_bleed_below_those_above_them_and_look_as_before() -> None:
    plain, bled = cutout(STACK, device="cpu"), cutout(STACK, bleed=1.0, device="cpu")
    assert [layer.id for layer in bled.layers] == [layer.id for layer in plain.layers]
    grown = [after - before for before, after in zip(sizes(plain), sizes(bled), strict=True)]
    assert min(grown[:3]) > 5  # square units, along edges of some 20 units and more
    assert grown[-1] == pytest.approx(0, abs=1e-3)
    before, after = (render(stack, 600, transparent=False, device="cpu").astype(int) for stack in (STACK, bled))
    assert (np.abs(before - after).max(-1) > 2).mean() < 0.002


def test_translucent_layers_are_refused_or_made_opaque() -> None:
    faded = STACK.with_layers([dataclasses.replace(STACK.layers[0], opacity=0.5)])
    with pytest.raises(ExportError, match=r"low is translucent.*opaque"):
        cutout(faded, device="cpu")
    ready = prepared(faded, opaque=True, cutout=True, device="cpu")
    assert kind_of(ready.layers[1]).color(ready.layers[1]) == pytest.approx((0.9, 0.45, 0.35), abs=0.01)


def test_soft_layers_are_traced() -> None:
    stack = Stack(CANVAS, (block("block", Rect(10.0, 10.0, 20.0, 15.0)),))
    background, traced = sizes(cutout(stack, device="cpu"))
    assert 200 < traced < 400
    assert background + traced == pytest.approx(60 * 40, rel=1e-5)


@pytest.mark.parametrize("option", [{"by_color": True}, {"min_area": "3px"}, {"bleed": "1px"}])
def test_what_needs_a_cutout_says_so(option: dict[str, Any]) -> None:
    with pytest.raises(UsageError, match=f"^{next(iter(option))} needs"):
        prepared(STACK, **option)
