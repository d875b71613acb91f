from __future__ import annotations

import copy
import dataclasses
import json
import random
from collections.abc import Callable, Iterator
from typing import Any

import numpy as np
import pytest
import torch

from vecstack.document.file import dumps, dumps_json, load
from vecstack.drawing.render import render
from vecstack.errors import DocumentError, WeightsError
from vecstack.geometry import Affine, Rect
from vecstack.kinds import find_kind
from vecstack.kinds.base import Steps
from vecstack.kinds.spline.kind import KIND
from vecstack.kinds.spline.layer import GAIN, SplineLayer
from vecstack.stack import Canvas, Stack

CPU = torch.device("cpu")
COMMON: dict[str, Any] = {"id": "a", "transform": Affine.of_frame(Rect(0, 0, 37, 53))}
SURFACE: list[list[float]] = np.random.default_rng(1).normal(size=(5, 7)).tolist()
OWN: dict[str, Any] = {"color": [0.1, 0.2, 0.3], "surface": SURFACE, "window": 0.25}


def make_layer(**fields: Any) -> SplineLayer:
    return SplineLayer(
        **{**COMMON, "color": (0.1, 0.2, 0.3), "surface": tuple(map(tuple, SURFACE)), "window": 0.4} | fields
    )


def flat(rows: int, columns: int, value: Any = 0.0) -> list[list[Any]]:
    return [[value] * columns for _ in range(rows)]


def test_the_kind_is_found_by_its_name() -> None:
    assert find_kind("spline") is KIND
    assert make_layer().kind == "spline"


def test_write_gives_what_read_took() -> None:
    assert KIND.write(KIND.read(COMMON, OWN)) == OWN


def test_read_gives_what_write_took() -> None:
    layer = make_layer(id="b", name="Leaf", opacity=0.3, extra={"note": 1})
    common = {field.name: getattr(layer, field.name) for field in dataclasses.fields(layer)}
    for name in KIND.fields:
        del common[name]
    assert KIND.read(common, KIND.write(layer)) == layer


def test_a_window_that_is_not_said_has_its_default() -> None:
    own = {name: OWN[name] for name in ("color", "surface")}
    assert KIND.read(COMMON, own).window == 0.3


def test_integers_are_kept_as_the_floats_that_they_are_read_back_as() -> None:
    layer = KIND.read(COMMON, {"color": [0, 1, 0], "surface": flat(4, 4, 2), "window": 1})
    assert json.dumps(KIND.write(layer)) == json.dumps(
        {"color": [0.0, 1.0, 0.0], "surface": flat(4, 4, 2.0), "window": 1.0}
    )
    assert layer == KIND.read(COMMON, KIND.write(layer))


def test_an_edited_layer_is_read_back_as_it_was_saved() -> None:
    stack = Stack(Canvas(37, 53), (make_layer(),)).edit("a", surface=flat(4, 6, 1), color=[0, 0, 1], window=1)
    data = dumps(stack)
    assert dumps(load(data)) == data
    assert load(data).layers == (make_layer(surface=((1.0,) * 6,) * 4, color=(0.0, 0.0, 1.0), window=1.0),)


@pytest.mark.parametrize(("rows", "columns"), [(4, 4), (4, 64), (64, 4), (64, 64)])
def test_the_least_and_the_largest_surfaces_are_read(rows: int, columns: int) -> None:
    layer = KIND.read(COMMON, OWN | {"surface": flat(rows, columns, 1e6)})
    assert np.array(layer.surface).shape == (rows, columns)


MISSING = object()
WRONG_FIELDS: dict[str, dict[str, Any]] = {
    "no surface": {"surface": MISSING},
    "no surface at all": {"surface": None},
    "a surface as text": {"surface": "high"},
    "a surface as a number": {"surface": 1.0},
    "a surface as an object": {"surface": {"0": [0, 0, 0, 0]}},
    "an empty surface": {"surface": []},
    "a surface of empty rows": {"surface": [[], [], [], []]},
    "a surface of one list": {"surface": [0.0] * 16},
    "a surface of texts": {"surface": ["0000"] * 4},
    "a surface of objects": {"surface": [{}, {}, {}, {}]},
    "a surface of lists too deep": {"surface": [flat(4, 4)] * 4},
    "3 rows": {"surface": flat(3, 4)},
    "65 rows": {"surface": flat(65, 4)},
    "3 columns": {"surface": flat(4, 3)},
    "65 columns": {"surface": flat(4, 65)},
    "a short row": {"surface": [*flat(4, 5), [0.0] * 4]},
    "a long row": {"surface": [[0.0] * 6, *flat(4, 5)]},
    "a number as text": {"surface": flat(4, 4, "0")},
    "a truth as a number": {"surface": flat(4, 4, True)},
    "nothing as a number": {"surface": flat(4, 4, None)},
    "NaN": {"surface": flat(4, 4, float("nan"))},
    "infinity": {"surface": flat(4, 4, -float("inf"))},
    "a number too large": {"surface": flat(4, 4, 1000001)},
    "an integer that no float holds": {"surface": flat(4, 4, 10**400)},
    "an integer of 5,000 digits": {"surface": flat(4, 4, 10**5000)},
    "no colour": {"color": MISSING},
    "a colour as text": {"color": "red"},
    "a colour of two": {"color": [0, 0]},
    "a colour below 0": {"color": [0, -0.1, 0]},
    "a colour above 1": {"color": [0, 0, 1.001]},
    "a colour of NaN": {"color": [0, 0, float("nan")]},
    "a colour of truths": {"color": [True, True, True]},
    "a colour of a large integer": {"color": [0, 0, 10**400]},
    "a window of 0": {"window": 0},
    "a window of 2": {"window": 2},
    "a negative window": {"window": -0.3},
    "no window at all": {"window": None},
    "a window of true": {"window": True},
    "a window as text": {"window": "wide\nopen"},
    "a window of NaN": {"window": float("nan")},
    "a window as a list": {"window": [0.3]},
    "a window of a large integer": {"window": 10**400},
    "a softness below 0": {"softness": -0.1},
    "a softness above a million": {"softness": 1e7},
    "a softness as text": {"softness": "soft"},
}


@pytest.mark.parametrize("changes", WRONG_FIELDS.values(), ids=WRONG_FIELDS)
def test_own_fields_of_another_form_are_refused_in_one_line(changes: dict[str, Any]) -> None:
    own = {name: value for name, value in (OWN | changes).items() if value is not MISSING}
    with pytest.raises(DocumentError, match="layer a: ") as caught:
        KIND.read(COMMON, own)
    (name,) = changes
    assert name in str(caught.value)
    assert "\n" not in str(caught.value)
    assert len(str(caught.value)) < 200


@pytest.mark.parametrize("changes", WRONG_FIELDS.values(), ids=WRONG_FIELDS)
def test_an_edit_to_what_could_not_be_read_is_refused(changes: dict[str, Any]) -> None:
    if MISSING in changes.values():
        changes = dict.fromkeys(changes, None)
    with pytest.raises(DocumentError, match="layer a: "):
        Stack(Canvas(37, 53), (make_layer(),)).edit("a", **changes)


def test_a_spline_layer_has_no_assets_and_needs_none() -> None:
    assert KIND.asset_ids(make_layer()) == ()
    KIND.check([make_layer()], {})


def test_spline_layers_are_made_without_weights() -> None:
    with pytest.raises(WeightsError, match="without weights"):
        KIND.load_maker(b"", {}, None)


def test_nothing_is_covered_outside_the_extent() -> None:
    layer = make_layer(transform=Affine(9.0, -4.0, 21.5, 6.0, 14.0, 25.25), surface=flat(4, 4, 50.0), window=0.01)
    extent = KIND.extent(layer, 1.0)
    assert extent == Rect(8.5, 5.25, 26.0, 40.0)
    points = torch.tensor(np.random.default_rng(3).uniform(-5, 60, (4000, 2)))
    covered = points[KIND.shader([layer], {}, CPU)(points, 1.0)[0][0] > 0]
    (left, top), (right, bottom) = covered.amin(0).tolist(), covered.amax(0).tolist()
    assert extent.x < left < extent.x + 3  # and the extent is not much larger than needed
    assert extent.y < top < extent.y + 3
    assert extent.x + extent.width - 3 < right < extent.x + extent.width
    assert extent.y + extent.height - 3 < bottom < extent.y + extent.height


def test_layers_of_grids_of_one_size_are_a_family() -> None:
    other = make_layer(id="b", window=1.0, opacity=0.5, transform=Affine(9.0, -4.0, 21.5, 6.0, 14.0, 25.25))
    assert KIND.family(other) == KIND.family(make_layer())
    turned = [list(column) for column in zip(*SURFACE, strict=True)]
    assert KIND.family(make_layer(surface=turned)) != KIND.family(make_layer())
    tunable = KIND.tunable([make_layer(), other], {}, CPU)
    assert tunable.shapes.shape == (2, 35)
    assert len({KIND.family(make_layer()): 1}) == 1


@pytest.mark.parametrize(("shape", "color"), [(0.5, 0.05), (0.05, 0.001), (1e-5, 1e-5)])
def test_rounded_numbers_are_the_nearest_multiples_of_their_steps(shape: float, color: float) -> None:
    layer = make_layer(color=(0.123456, 0.987654, 1.0))
    rounded = KIND.rounded(layer, Steps(shape, color))
    assert isinstance(rounded, SplineLayer)
    for old, new, step in (
        (np.array(layer.surface), np.array(rounded.surface), GAIN * shape),
        (np.array(layer.color), np.array(rounded.color), color),
    ):
        assert np.abs(new - old).max() <= step / 2 * (1 + 1e-6)
        assert np.abs(new / step - np.round(new / step)).max() < 1e-6
    assert dataclasses.replace(rounded, surface=layer.surface, color=layer.color) == layer


def test_steps_of_0_leave_a_layer_as_it_is() -> None:
    layer = make_layer(color=(0.123456, 0.987654, 1 / 3))
    assert KIND.rounded(layer, Steps(0.0, 0.0)) == layer


def test_the_coarsest_steps_leave_a_layer_that_can_be_read() -> None:
    for value in (1e6, -1e6, 0.24, -0.24):
        rounded = KIND.rounded(make_layer(surface=flat(4, 4, value), color=(0.99, 0.01, 1.0)), Steps(0.5, 0.05))
        assert KIND.read(COMMON, KIND.write(rounded)) == rounded
        assert "-0.0" not in json.dumps(KIND.write(rounded)).replace("-0.01", "")


def test_a_mask_rounded_by_a_step_changes_by_a_share_of_it() -> None:
    """A step of shape is one of GAIN in a control value. Weights sum to 1 and the sigmoid's steepest slope is 1/4: half
    a step of a control value is an eighth of it in the mask."""
    layer = make_layer(surface=(4 * np.array(SURFACE)).tolist())
    points = torch.tensor(np.random.default_rng(4).uniform(0, (37, 53), (500, 2)))
    exact = KIND.shader([layer], {}, CPU)(points, 1.0)[0]
    for step in (0.5, 0.1, 0.01):
        rounded = KIND.shader([KIND.rounded(layer, Steps(step, 0.0))], {}, CPU)(points, 1.0)[0]
        assert 0 < float((rounded - exact).abs().max()) <= GAIN * step / 8 + 1e-6


# Damage: whatever happens to a document, the result is an error of ours or a stack that can be drawn

Document = dict[str, Any]


def parsed() -> Document:
    """A document of two spline layers."""
    turned = Affine(9.0, -4.0, 21.5, 6.0, 14.0, 25.25)
    layers = make_layer(softness=4.0), make_layer(id="b", transform=turned, surface=flat(4, 4), softness=0.0)
    document: Document = json.loads(dumps_json(Stack(Canvas(37, 53), layers)))
    return document


def check(texts: Iterator[str]) -> tuple[int, int]:
    """Load each; count those that load, all of which can be drawn and saved, and those that do not."""
    loaded, messages = 0, []
    for text in texts:
        try:
            stack = load(text.encode())
        except DocumentError as error:
            messages.append(str(error))
            continue
        loaded += 1
        if max(stack.canvas.width, stack.canvas.height) < 100:
            assert render(stack, 6, device="cpu").shape[2] == 3
        assert load(dumps(stack)) == stack
    assert all(message.isprintable() and message.startswith("document: ") for message in messages)
    return loaded, len(messages)


WRONG: list[str] = [
    "null", "true", "-1", "0", "0.5", "2", "NaN", "Infinity", "1e999", "-1e999", "1e300", "9" * 400, "9" * 5000, '""',
    '"0.5"', "[]", "[[]]", "[[[0]]]", "{}", '{"a": [1]}', "[0, 0, 0, 0]", json.dumps(flat(4, 4)),
    json.dumps([flat(4, 4)] * 4),
]  # fmt: skip


def replaced(mark: Callable[[Any], Any]) -> Iterator[str]:
    """The document with the marked place replaced by each wrong value."""
    document = parsed()
    mark(document)
    text = json.dumps(document)
    for wrong in WRONG:
        yield text.replace('"HERE"', wrong)


def test_wrong_values_in_every_place_of_a_layer_do_no_harm() -> None:
    paths: list[tuple[Any, ...]] = [(name,) for name in parsed()["layers"][0]]
    paths += [("color", 1), ("surface", 2), ("surface", 0, 0), ("surface", 4, 6), ("new",)]

    def mark_at(path: tuple[Any, ...]) -> Callable[[Document], None]:
        def mark(document: Document) -> None:
            parent = document["layers"][0]
            for key in path[:-1]:
                parent = parent[key]
            parent[path[-1]] = "HERE"

        return mark

    loaded, refused = 0, 0
    for path in paths:
        counts = check(replaced(mark_at(path)))
        loaded, refused = loaded + counts[0], refused + counts[1]
        if path[0] in ("surface", "color", "window", "softness"):
            assert counts[1] >= len(WRONG) - 5  # 0, 0.5 and the like are numbers of a surface
    assert loaded > 20
    assert refused > 200


def test_missing_fields_do_no_harm() -> None:
    for name in KIND.fields:
        document = copy.deepcopy(parsed())
        del document["layers"][1][name]
        assert check(iter([json.dumps(document)])) == ((1, 0) if name in ("window", "softness") else (0, 1))


@pytest.mark.slow
def test_changed_letters_do_no_harm() -> None:
    chance, text = random.Random(5), json.dumps(parsed())

    def changed() -> Iterator[str]:
        for _ in range(600):
            place = chance.randrange(text.index('"layers"'), len(text))
            yield text[:place] + chance.choice('0123456789.-+eE"{}[],:trufalsn \\') + text[place + 1 :]

    loaded, refused = check(changed())
    assert loaded > 50
    assert refused > 100
