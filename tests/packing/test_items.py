from __future__ import annotations

import io
from pathlib import Path

import numpy as np
import pytest
from PIL import Image
from shapely import Polygon

from tests.packing.examples import LEAF, RING, cut_out, drawing
from vecstack import import_svg, save
from vecstack.errors import DocumentError, PictureError, UsageError
from vecstack.kinds.gradient import Gradient
from vecstack.packing.items import items_of
from vecstack.packing.outlines import APART, FIRST_TOLERANCE, MAX_CORNERS, area_of_rings
from vecstack.packing.shapes import SHAPES


def test_a_drawing_is_shapes_in_its_frame(tmp_path: Path) -> None:
    (item,) = items_of([drawing(tmp_path, "leaf", LEAF)])
    assert item.name == "leaf"
    assert [shape.paint for shape in item.content] == [
        pytest.approx((46 / 255, 139 / 255, 87 / 255)),
        (1, 215 / 255, 0),
    ]
    points = np.concatenate([curve for shape in item.content for curve in shape.curves])
    assert np.abs(points[:, 1]).max() == pytest.approx(1)
    assert not item.is_plain


@pytest.mark.parametrize("name", SHAPES)
def test_an_outline_holds_its_item_closely(name: str) -> None:
    (item,) = items_of([name])
    (shape,) = item.content
    pieces = np.array(shape.curves[0][:-1]).reshape(-1, 3, 2)
    ends = np.concatenate([pieces, np.roll(pieces[:, :1], -1, 0)], 1)
    shares = np.linspace(0, 1, 32, endpoint=False)
    weights = np.stack([(1 - shares) ** 3, 3 * (1 - shares) ** 2 * shares, 3 * (1 - shares) * shares**2, shares**3])
    exact = Polygon(np.einsum("wt,pwd->ptd", weights, ends).reshape(-1, 2))
    (ring,) = item.outline
    assert Polygon(ring).contains(exact)
    assert len(ring) <= MAX_CORNERS
    assert exact.buffer(0.05, join_style="mitre").contains(Polygon(ring))
    assert item.is_plain


def test_holes_are_closed_unless_something_is_to_lie_in_them(tmp_path: Path) -> None:
    path = drawing(tmp_path, "ring", RING)
    (closed,), (open_,) = items_of([path]), items_of([path], nested=True)
    assert [len(item.outline) for item in (closed, open_)] == [1, 2]
    assert area_of_rings(closed.outline) == pytest.approx(4, rel=0.05)
    room = APART + FIRST_TOLERANCE
    assert area_of_rings(open_.outline) == pytest.approx((2 + 2 * room) ** 2 - (1.2 - 2 * room) ** 2, rel=0.02)


def test_a_picture_is_cut_off_and_outlined_where_it_is_seen(tmp_path: Path) -> None:
    (item,) = items_of([cut_out(tmp_path)])
    with Image.open(io.BytesIO(item.content)) as image:
        assert image.size == (40, 40)
    assert area_of_rings(item.outline) == pytest.approx(np.pi, rel=0.08)
    assert len(item.outline) == 1


def test_a_picture_without_transparency_is_a_rectangle(tmp_path: Path) -> None:
    path = tmp_path / "photo.png"
    Image.new("RGB", (60, 30), "teal").save(path)
    (item,) = items_of([path])
    assert area_of_rings(item.outline) == pytest.approx(2, rel=0.1)


def test_a_layer_file_is_an_item_like_the_drawing_that_it_was_made_of(tmp_path: Path) -> None:
    path = drawing(tmp_path, "leaf", LEAF)
    save(import_svg(path), tmp_path / "leaf.layers")
    of_drawing, of_layers = items_of([path, tmp_path / "leaf.layers"])
    assert of_drawing.content == of_layers.content


def test_a_gradient_turns_with_its_shape(tmp_path: Path) -> None:
    fill = '<linearGradient id="g"><stop stop-color="red"/><stop offset="1" stop-color="blue"/></linearGradient>'
    path = drawing(tmp_path, "wide", f'{fill}<rect width="40" height="10" transform="rotate(90)" fill="url(#g)"/>')
    (item,) = items_of([path])
    (shape,) = item.content
    assert isinstance(shape.paint, Gradient)
    assert np.allclose([shape.paint.start, shape.paint.end], [[0, -1], [0, 1]], atol=1e-4) or np.allclose(
        np.subtract(shape.paint.end, shape.paint.start), [0, 2], atol=1e-4
    )


def test_folders_hold_items_by_name(tmp_path: Path) -> None:
    drawing(tmp_path, "b", LEAF)
    cut_out(tmp_path, "a")
    (tmp_path / "notes.txt").write_text("no item")
    assert [item.name for item in items_of([tmp_path])] == ["a", "b"]


def test_what_is_left_out_is_told(tmp_path: Path) -> None:
    heard: list[str] = []
    path = drawing(tmp_path, "leaf", LEAF + "<text>hello</text>")
    items_of([path], told=heard.append)
    assert heard == [f"{path}: left out: text (1)"]


@pytest.mark.parametrize(
    ("content", "told"),
    [
        ("<text>hello</text>", "nothing to be seen in it"),
        ('<path d="M0 0 L40 40" fill="red"/>', "nothing to be seen in it|covers no area"),
        ("<script>alert(1)</script>", "script"),
        ('<image href="https://example.com/a.png" width="9" height="9"/>', "nothing to be seen in it"),
        ('<use href="other.svg#a"/>', "refers to something elsewhere"),
    ],
)
def test_drawings_that_are_no_items_are_refused_by_name(tmp_path: Path, content: str, told: str) -> None:
    path = drawing(tmp_path, "bad", content)
    with pytest.raises(PictureError, match=f"bad.svg: .*(?:{told})"):
        items_of([path])


def test_a_bomb_of_entities_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "bomb.svg"
    path.write_text(
        '<!DOCTYPE s [<!ENTITY a "aaaa"><!ENTITY b "&a;&a;">]><svg xmlns="http://www.w3.org/2000/svg">&b;</svg>'
    )
    with pytest.raises(PictureError, match=r"bomb\.svg"):
        items_of([path])


def test_a_picture_that_is_not_seen_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "clear.png"
    Image.new("RGBA", (20, 20)).save(path)
    with pytest.raises(PictureError, match=r"clear\.png: there is nothing to be seen in it"):
        items_of([path])


def test_unknown_names_empty_folders_and_no_items_are_refused(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match=r"no shape 'hexagn'; did you mean hexagon\?"):
        items_of(["hexagn"])
    with pytest.raises(UsageError, match="use circle, square, rectangle, rounded, triangle, star, hexagon, heart"):
        items_of(["zzz"])
    with pytest.raises(UsageError, match="no drawings and no pictures in this folder"):
        items_of([tmp_path])
    with pytest.raises(UsageError, match="no items"):
        items_of([])
    with pytest.raises(UsageError, match="at most 2,000"):
        items_of(["circle"] * 2001)


def test_a_damaged_layer_file_is_named(tmp_path: Path) -> None:
    path = tmp_path / "x.layers"
    path.write_bytes(b"{")
    with pytest.raises(DocumentError, match=r"x\.layers"):
        items_of([path])
