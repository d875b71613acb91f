"""Path layers as data: what is read, written and refused."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from tests.kinds.path.examples import at, blob, examples
from vecstack import Canvas, Stack, load, render
from vecstack.cli import run
from vecstack.document.schema import check_schema
from vecstack.errors import DocumentError
from vecstack.kinds import find_kind
from vecstack.kinds.path.kind import KIND
from vecstack.kinds.path.layer import PathLayer

SQUARE = [0, 0, 1, 0, 2, 0, 3, 0, 3, 1, 3, 2, 3, 3, 2, 2, 1, 1]
GRADIENT = {"shape": "linear", "start": [0, 0], "end": [1, 0], "stops": [[0, 0, 0, 0], [1, 1, 1, 1]]}
BLACK = {"color": [0, 0, 0]}


def document(**fields: Any) -> dict[str, Any]:
    layer = {"id": "p", "kind": "path", **fields}
    return {"format": "vecstack-layers", "version": "1.0", "canvas": {"width": 8, "height": 6}, "layers": [layer]}


def test_the_kind_is_found_by_its_name() -> None:
    assert find_kind("path") is KIND
    assert examples()[0][0].kind == "path"


def test_whole_numbers_of_contours_are_written_without_fraction() -> None:
    layer = PathLayer(id="a", transform=at(0, 0), contours=((0.5, 1.0, -0.0, -2.0, 3.25, 1e6),), color=(1.0, 0.0, 0.0))
    assert json.dumps(KIND.write(layer)["contours"]) == "[[0.5, 1, 0, -2, 3.25, 1000000]]"
    assert json.dumps(KIND.write(layer)["color"]) == "[1.0, 0.0, 0.0]"


def test_a_gradient_is_an_object_and_unknown_fields_of_it_are_left_out() -> None:
    (layer,) = load(json.dumps(document(contours=[SQUARE], gradient=GRADIENT | {"mood": "calm"})).encode()).layers
    assert KIND.write(layer)["gradient"] == GRADIENT
    assert list(KIND.write(layer)) == ["contours", "gradient"]


def test_a_focus_is_kept() -> None:
    gradient = GRADIENT | {"shape": "radial", "focus": [0.5, -0.25]}
    (layer,) = load(json.dumps(document(contours=[SQUARE], gradient=gradient)).encode()).layers
    assert KIND.write(layer)["gradient"] == gradient


BAD: dict[str, tuple[dict[str, Any], str]] = {
    "no contours": (BLACK, "contours is missing"),
    "empty contours": (BLACK | {"contours": []}, "contours must be one or more lists of numbers"),
    "an empty contour": (BLACK | {"contours": [[]]}, "a contour must have six numbers for each of its pieces"),
    "an open contour": (BLACK | {"contours": [[*SQUARE, 0, 0]]}, "a contour must have six numbers for each"),
    "path data": (BLACK | {"contours": "M0 0"}, "contours must be a list, not 'M0 0'"),
    "text": (BLACK | {"contours": [["a"] * 6]}, "contours must be a number, not 'a'"),
    "a huge number": (BLACK | {"contours": [[1e300] * 6]}, "contours must be finite numbers of size up to 1e"),
    "too many points": (BLACK | {"contours": [[1.5] * 600_006]}, "contours must have at most 300,000 points"),
    "both fills": (BLACK | {"contours": [SQUARE], "gradient": GRADIENT}, "needs either a color or a gradient"),
    "no fill": ({"contours": [SQUARE]}, "needs either a color or a gradient"),
    "a name of a gradient": ({"contours": [SQUARE], "gradient": "sky"}, "gradient must be an object, not 'sky'"),
}
BAD_GRADIENTS: dict[str, tuple[dict[str, Any], str]] = {
    "no stops": ({"stops": []}, "gradient.stops must be 2 to 256"),
    "one stop": ({"stops": [[0, 0, 0, 0]]}, "gradient.stops must be 2 to 256"),
    "falling": ({"stops": [[1, 0, 0, 0], [0, 0, 0, 0]]}, "gradient.stops must have offsets that do not fall"),
    "three numbers": ({"stops": [[0, 0, 0], [1, 0, 0]]}, "gradient.stops must have 4 values, not 3"),
    "too bright": ({"stops": [[0, 0, 0, 2], [1, 0, 0, 0]]}, "gradient.stops must be four numbers in 0..1 each"),
    "another shape": ({"shape": "conic"}, "gradient.shape must be linear or radial, not 'conic'"),
    "no axis": ({"end": [0, 0]}, "gradient.end must be apart from start"),
    "a focus of a line": ({"focus": [0, 0]}, "gradient.focus is for radial gradients"),
    "a focus outside": ({"shape": "radial", "focus": [0, 1]}, "gradient.focus must be nearer to start than"),
    "a focus of three": ({"shape": "radial", "focus": [0, 1, 2]}, "gradient.focus must have 2 values, not 3"),
    "a far end": ({"end": [1e9, 0]}, "gradient.end must be two numbers of size up to 1e"),
}
BAD |= {
    name: ({"contours": [SQUARE], "gradient": GRADIENT | change}, says)
    for name, (change, says) in BAD_GRADIENTS.items()
}


@pytest.mark.parametrize(("fields", "says"), BAD.values(), ids=BAD)
def test_what_is_wrong_is_said_in_one_line(
    fields: dict[str, Any], says: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    path = tmp_path / "bad.layers.json"
    path.write_text(json.dumps(document(**fields)))
    assert run(["validate", str(path)]) == 3
    message = capsys.readouterr().err.strip()
    assert f"layer p: {says}" in message
    assert len(message.splitlines()) == 1


BEYOND = {"an open contour", "falling", "no axis", "a focus of a line", "a focus outside"}  # what a schema cannot say


@pytest.mark.parametrize(
    "name",
    [pytest.param(name, marks=[pytest.mark.slow] * (name == "too many points")) for name in BAD if name not in BEYOND],
)
def test_the_schema_refuses_what_it_can_tell(name: str) -> None:
    with pytest.raises(DocumentError):
        check_schema(document(**BAD[name][0]))


@pytest.mark.parametrize("number", ["NaN", "1e999", "-Infinity"])
def test_numbers_that_are_none_are_refused(number: str) -> None:
    text = json.dumps(document(contours=[SQUARE], **BLACK)).replace("[0, 0, 1", f"[{number}, 0, 1", 1)
    with pytest.raises(DocumentError, match="not finite"):
        load(text.encode())


def test_a_contour_of_a_hundred_thousand_points_is_drawn() -> None:
    pieces = 33_334
    saw = [
        value
        for piece in range(pieces - 1)
        for x in (piece, piece + 0.3, piece + 0.6)
        for value in (x / 5e3, piece % 2)
    ]
    contour = [*saw, 6.6, 9.0, 3.0, 9.0, 0.0, 9.0]
    stack = load(json.dumps(document(contours=[contour], transform=[[1, 0, 0.5], [0, 1, 0]], **BLACK)).encode())
    drawn = render(stack, device="cpu")
    assert drawn.shape == (6, 8, 3)


def test_huge_shapes_are_drawn_right() -> None:
    layer = PathLayer(id="a", transform=at(0, 0), contours=(blob(1e6, 1e6),), color=(1.0, 1.0, 1.0))
    stack = Stack(Canvas(8, 6), (layer,))
    assert (render(stack, device="cpu") == 255).all()
