"""Pictures painted: as many strokes as asked for, of the form of their look, within their parts."""

from __future__ import annotations

import dataclasses
from typing import Any

import numpy as np
import pytest
import torch
from PIL import Image

import vecstack
from vecstack.compiled import is_compiling
from vecstack.errors import UsageError
from vecstack.geometry import Rect
from vecstack.kinds import color_of
from vecstack.kinds.base import Guide, Scene, Style, Terms
from vecstack.kinds.stroke.fields import Fields
from vecstack.kinds.stroke.looks import LOOKS
from vecstack.kinds.stroke.make import Painter, PainterMaker
from vecstack.kinds.stroke.paint import Painting

pytestmark = pytest.mark.skipif(not is_compiling(), reason="needs numba")
HEIGHT, WIDTH = 72, 96


def picture() -> np.ndarray:
    """A disc on a sloping ground: [H,W,3] in 0..255."""
    y, x = np.mgrid[0:HEIGHT, 0:WIDTH]
    ground = np.stack([90 + x, 60 + y, 150 - x], -1)
    return np.where(disc()[..., None], (230, 190, 40), ground).astype(np.uint8)


def disc() -> np.ndarray:
    y, x = np.mgrid[0:HEIGHT, 0:WIDTH]
    inside: np.ndarray = np.hypot(x - 50, y - 34) < 22
    return inside


def painted(model: str = "painterly", layers: int = 60, pixels: Any = None, **options: Any) -> vecstack.Stack:
    source = Image.fromarray(picture() if pixels is None else pixels)
    return vecstack.decompose(source, model, layers, device="cpu", **options)


@pytest.mark.parametrize("model", LOOKS)
def test_a_painting_has_as_many_strokes_as_asked_for_and_looks_like_the_picture(model: str) -> None:
    stack = painted(model)
    assert [layer.kind for layer in stack.layers] == ["stroke"] * 60
    assert stack.metrics["psnr"] > 21
    groups = {group.id: group.name for group in stack.groups}
    assert set(groups) == {layer.group for layer in stack.layers}
    assert all(name.startswith("Round ") for name in groups.values())


def test_the_same_call_paints_the_same_picture_and_another_seed_another() -> None:
    first = painted(layers=20).layers
    assert painted(layers=20).layers == first
    assert painted(layers=20, seed=1).layers != first


def test_strokes_are_as_long_and_as_broad_as_their_look_says() -> None:
    for look in ("painterly", "expressionist"):
        scene_pixels = picture().transpose(2, 0, 1).astype(np.float32) / 255
        scene = Scene(Rect(0, 0, WIDTH, HEIGHT), scene_pixels, np.full_like(scene_pixels, 0.5))
        painting = Painting(scene, Terms("fast"), LOOKS[look], 40)
        painting.paint()
        strokes = painting.numbers
        length = sum(np.hypot(*(strokes[:, at + 2 : at + 4] - strokes[:, at : at + 2]).T) for at in (0, 2))
        least = max(LOOKS[look].least_radius * WIDTH, 0.5)
        assert (strokes[:, 6:8] >= least - 1e-9).all()
        is_broad = strokes[:, 6:8].max(1) > least + 1e-9
        assert (length >= LOOKS[look].kept_length * 2 * least - 1e-6).all()  # no dots
        assert (length[is_broad] >= LOOKS[look].kept_length * 2 * strokes[is_broad, 6:8].max(1) - 1e-6).all()
        assert (strokes[:, 8:10] == 1).all()
        middles, ends = (strokes[:, 0:2] + strokes[:, 4:6]) / 2, strokes[:, 4:6] - strokes[:, 0:2]
        bends = np.linalg.norm(strokes[:, 2:4] - middles, axis=1) - LOOKS[look].most_bend * np.linalg.norm(ends, axis=1)
        assert bends.max() < 0.1 + 1e-9


def test_a_brush_runs_along_what_is_far_where_all_is_even() -> None:
    noise = np.random.default_rng(3).normal(0, 0.002, (3, 160, 200)).astype(np.float32)
    y, x = np.mgrid[0:160, 0:200]
    along = Fields.of(noise + (y > 60 + x / 4), 8).along[:, 110:140, 20:180]
    off = np.abs(along[1] - along[0] / 4) / np.hypot(1, 1 / 4)  # sine of the angle to the edge, 50 pixels away
    assert np.quantile(off, 0.9) < 0.2


def test_strokes_stay_within_their_segments() -> None:
    stack = painted(segments=disc())
    assert {group.name for group in stack.groups if group.parent is None} == {"Background", "Subject"}
    inside = {group.id for group in stack.groups if group.parent == "part-2"}
    shares = {True: [0.0, 0.0], False: [0.0, 0.0]}
    for layer in stack.layers:
        alone = dataclasses.replace(stack, canvas=dataclasses.replace(stack.canvas, transparent=True), layers=(layer,))
        cover = vecstack.render(alone, WIDTH, transparent=True, device="cpu")[..., 3] / 255
        is_own = disc() == (layer.group in inside)
        shares[layer.group in inside][0] += cover[~is_own].sum()
        shares[layer.group in inside][1] += cover.sum()
    assert sum(out for out, _ in shares.values()) < 0.02 * sum(whole for _, whole in shares.values())


def test_focus_moves_strokes_to_the_subject() -> None:
    noise = np.random.default_rng(1).integers(0, 255, (HEIGHT // 4, WIDTH // 4, 3), np.uint8)
    pixels = noise.repeat(4, 0).repeat(4, 1)

    def share(stack: vecstack.Stack) -> float:
        places = [(int(layer.transform.f), int(layer.transform.c)) for layer in stack.layers]
        return float(np.mean([disc()[min(max(y, 0), HEIGHT - 1), min(max(x, 0), WIDTH - 1)] for y, x in places]))

    assert share(painted(pixels=pixels, focus=disc())) > 1.5 * share(painted(pixels=pixels))


@pytest.mark.parametrize("size", [(1, 1), (2000, 2), (3, 40)])
def test_pictures_of_any_size_are_painted(size: tuple[int, int]) -> None:
    pixels = np.random.default_rng(1).integers(0, 255, (size[1], size[0], 3), np.uint8)
    stack = painted(layers=12, pixels=pixels)
    assert len(stack.layers) == 12


def test_a_picture_of_one_colour_is_painted_in_it_with_as_many_strokes_though_none_mends_anything() -> None:
    stack = painted(layers=200, pixels=np.full((40, 50, 3), (20, 90, 160), np.uint8))
    assert len(stack.layers) == 200
    assert {color_of(layer) for layer in stack.layers} <= {(0.078, 0.353, 0.627), (0.079, 0.353, 0.627)}


def test_nothing_is_painted_where_nothing_is() -> None:
    pixels = np.concatenate([picture(), np.zeros((HEIGHT, WIDTH, 1), np.uint8)], 2)
    pixels[:, :48, 3] = 255
    stack = painted(pixels=pixels)
    drawn = vecstack.render(stack, WIDTH, transparent=True, device="cpu")
    assert stack.canvas.transparent
    assert drawn[:, 56:, 3].mean() < 8
    assert drawn[:, :40, 3].mean() > 200
    assert len(painted(pixels=np.zeros((9, 9, 4), np.uint8)).layers) == 0


def test_opaque_strokes_may_be_asked_of_a_look_that_has_translucent_ones() -> None:
    assert any(layer.opacity < 1 for layer in painted("realistic").layers)
    assert all(layer.opacity == 1 for layer in painted("realistic", style=Style(opaque=True)).layers)


def test_the_ground_is_as_asked_for() -> None:
    colors = {ground: painted(layers=9, style=Style(ground=ground)).canvas for ground in ("black", "toned", "none")}
    assert colors["black"].background == (0, 0, 0)
    assert colors["toned"] == painted(layers=9).canvas
    assert colors["none"].transparent


def test_a_transparent_picture_is_painted_over_a_ground_that_is_asked_for() -> None:
    pixels = np.concatenate([picture(), np.zeros((HEIGHT, WIDTH, 1), np.uint8)], 2)
    pixels[:, :48, 3] = 255
    stack = painted(pixels=pixels, style=Style(ground="red"))
    drawn = vecstack.render(stack, WIDTH, device="cpu")
    assert drawn.shape == (HEIGHT, WIDTH, 3)
    assert np.abs(drawn[:, 60:].astype(int) - (255, 0, 0)).mean() < 4


def test_the_ground_of_a_grey_picture_may_have_a_tint() -> None:
    grey = picture()[..., :1].repeat(3, 2)
    assert painted(layers=9, pixels=grey, style=Style(ground="#804020")).canvas.background[0] > 0.5


def test_strokes_are_as_asked_for() -> None:
    strokes: Any = painted("realistic", 40, style=Style(radii=(2, 6), length=3, opacity=0.5)).layers
    radii = np.array([stroke.radii for stroke in strokes])
    spines = np.array([stroke.spine for stroke in strokes])
    length = sum(np.hypot(*(spines[:, at + 2 : at + 4] - spines[:, at : at + 2]).T) for at in (0, 2))
    assert radii.min() >= 2
    assert radii.max() <= 6
    is_broad = radii.max(1) > 2
    assert (length[is_broad] >= 3 * 2 * radii[is_broad].max(1) - 0.2).all()
    assert {stroke.opacity for stroke in strokes} == {0.5}
    free = painted(layers=40, style=Style(opacity="free")).layers
    assert len({layer.opacity for layer in free}) > 2


@pytest.mark.parametrize(
    ("asked", "said"),
    [
        ({"ground": "puce"}, "not a colour"),
        ({"radii": (5, 2)}, "radii must be"),
        ({"radii": (0, 2)}, "radii must be"),
        ({"length": 0}, "length must be"),
        ({"opacity": 0}, "opacity must be"),
        ({"opacity": "some"}, "opacity must be"),
        ({"opacity": 0.5, "opaque": True}, "opacity of opaque"),
    ],
)
def test_what_no_painting_can_have_is_refused(asked: Any, said: str) -> None:
    with pytest.raises(UsageError, match=said):
        Style(**asked)


def test_what_is_no_guide_of_a_painting_is_refused() -> None:
    with pytest.raises(UsageError, match="focus and segments"):
        painted(simplify="smooth")


def test_without_compiled_loops_painting_is_refused_in_a_line(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("vecstack.kinds.stroke.make.fault", lambda: "no numba")
    pixels = np.zeros((3, 4, 4), np.float32)
    with pytest.raises(UsageError, match="numba"):
        PainterMaker(LOOKS["painterly"]).grower(
            Scene(Rect(0, 0, 4, 4), pixels, pixels), Terms("fast"), torch.device("cpu")
        )


def test_the_strokes_that_matter_least_are_dropped() -> None:
    pixels = picture().transpose(2, 0, 1).astype(np.float32) / 255
    painter = Painter(
        Scene(Rect(0, 0, WIDTH, HEIGHT), pixels, np.full_like(pixels, 0.5)), Terms("fast"), LOOKS["realistic"]
    )
    painter.grow_to(50)
    before = painter.error
    painter.shrink_to(40)
    assert painter.count == 40
    assert painter.error < 2 * before


def test_segments_of_a_guide_may_have_no_names() -> None:
    pixels = picture().transpose(2, 0, 1).astype(np.float32) / 255
    guide = Guide(disc().astype(np.int64))
    painter = Painter(
        Scene(Rect(0, 0, WIDTH, HEIGHT), pixels, pixels * 0), Terms("fast", guide=guide), LOOKS["abstract"]
    )
    painter.grow_to(10)
    assert {group.name for group in painter.grown().groups if group.parent is None} == {"Part 1", "Part 2"}
