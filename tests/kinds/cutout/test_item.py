from __future__ import annotations

import json
import struct
import zlib
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

from tests.kinds.cutout.examples import ASSETS, FISH, ITEMS, WHEEL, blob, examples, png, polygon
from vecstack import Canvas, Stack, edit
from vecstack.document.file import dumps, load, validate
from vecstack.editing.changes import Recolor, Shift
from vecstack.errors import DocumentError, PictureError
from vecstack.geometry import Affine
from vecstack.kinds import color_of, placing_kind
from vecstack.kinds.base import ItemShape
from vecstack.kinds.cutout.item import MAX_SIDE_PX, header_of, is_picture, shapes_of
from vecstack.kinds.cutout.kind import KIND
from vecstack.kinds.cutout.picture import Pictures, decoded
from vecstack.kinds.items import bounds, fitted
from vecstack.stack import asset_id

CANVAS = Canvas(37, 53, (0.9, 0.8, 0.7))


def test_it_is_the_kind_that_places() -> None:
    assert placing_kind() is KIND


def test_shapes_are_kept_in_the_frame_of_the_item() -> None:
    shapes = shapes_of(ITEMS["fish"])
    box = bounds([curve for shape in shapes for curve in shape.curves])
    assert (box.x, box.x + box.width) == pytest.approx((-1, 1), abs=1e-5)
    assert [shape.opacity for shape in shapes] == [1, 1, 0.9, 1]
    for shape, wanted in zip(shapes, fitted(FISH), strict=True):
        assert np.allclose(np.concatenate(shape.curves), np.concatenate(wanted.curves), atol=1e-6)
    assert KIND.item(shapes) == ITEMS["fish"]


def test_a_picture_keeps_its_pixels() -> None:
    data = ITEMS["blob"]
    assert is_picture(data)
    assert (header_of(data).width, header_of(data).height) == (24, 36)
    pixels = blob() / 255
    np.testing.assert_allclose(decoded(data)[..., :3], pixels[..., :3] * pixels[..., 3:], atol=1e-6)
    opaque = KIND.item(png(blob()[..., :3]))
    assert decoded(opaque)[..., 3].min() == 1


def test_a_level_is_the_mean_of_squares() -> None:
    asset = asset_id(ITEMS["blob"])
    pictures = Pictures(ASSETS)
    whole, level = pictures.level(asset, 0), pictures.level(asset, 3)
    assert level.shape == (5, 3, 4)
    np.testing.assert_allclose(level[1, 1], whole[8:16, 8:16].mean((0, 1)), atol=1)
    assert pictures.level(asset, 3) is level


def test_an_item_is_stored_once_and_told_of_where_nobody_refers_to_it() -> None:
    layers, assets = examples()
    data = dumps(Stack(CANVAS, layers, assets))
    assert load(data).assets == assets
    assert validate(data) == []
    alone = dumps(Stack(CANVAS, layers[:2], assets))
    assert sum("is not used by any layer" in warning for warning in validate(alone)) == 2


def test_an_item_that_is_not_there_is_told() -> None:
    layers, assets = examples()
    with pytest.raises(DocumentError, match=r"layer upright: its item, asset [0-9a-f]{16}, is not in the document"):
        dumps(Stack(CANVAS, layers, {name: data for name, data in assets.items() if is_picture(data)}))


def test_a_layer_needs_the_name_of_an_asset() -> None:
    with pytest.raises(DocumentError, match="item must be the sha256 of an asset"):
        KIND.placed({"id": "a", "transform": Affine.similarity(0, 0, 1)}, "fish")


def changed(change: Callable[[dict[str, Any]], object]) -> bytes:
    """The item of shapes with something else in it."""
    document = json.loads(ITEMS["fish"])
    change(document)
    return json.dumps(document).encode()


def header(width: int, height: int, depth: int = 8, color_type: int = 6) -> bytes:
    """A PNG that says it has such pixels."""

    def chunk(name: bytes, body: bytes) -> bytes:
        return struct.pack(">I", len(body)) + name + body + struct.pack(">I", zlib.crc32(name + body))

    sides = struct.pack(">IIBBBBB", width, height, depth, color_type, 0, 0, 0)
    chunks = chunk(b"IHDR", sides) + chunk(b"IDAT", zlib.compress(bytes(100))) + chunk(b"IEND", b"")
    return b"\x89PNG\r\n\x1a\n" + chunks


HOSTILE = {
    "nothing": (b"", "neither a PNG nor"),
    "another file": (b"GIF89a" + bytes(20), "neither a PNG nor"),
    "deep lists": (b"[" * 100_000, "neither a PNG nor"),
    "other json": (b'{"format": "font"}', "is no item"),
    "a list": (b"[1, 2]", "is no item"),
    "a later version": (changed(lambda item: item.update(version=2)), "version must be 1"),
    "no shapes": (changed(lambda item: item.update(shapes=[])), "shapes must be a list"),
    "too many shapes": (changed(lambda item: item.update(shapes=[1] * 4097)), "shapes must be a list"),
    "a shape that is none": (changed(lambda item: item.update(shapes=[[]])), "must be an object"),
    "no contours": (changed(lambda item: item["shapes"][0].update(contours=[])), "six numbers"),
    "half a piece": (changed(lambda item: item["shapes"][0]["contours"][0].pop()), "six numbers"),
    "a text": (changed(lambda item: item["shapes"][0].update(contours=[["1"] * 6])), "must be a number"),
    "NaN": (changed(lambda item: item["shapes"][0].update(contours=[[float("nan")] * 6])), "must be finite"),
    "no end": (ITEMS["wheel"].replace(b"[[", b"[[1e999,0,1,0,1,0,", 1), "must be finite"),
    "no paint": (changed(lambda item: item["shapes"][0].pop("color")), "either a color or a gradient"),
    "two paints": (changed(lambda item: item["shapes"][1].update(color=[0, 0, 0])), "either a color or a gradient"),
    "a wrong colour": (changed(lambda item: item["shapes"][0].update(color=[0, 0, 2])), "color must be"),
    "a wrong gradient": (changed(lambda item: item["shapes"][1]["gradient"].update(stops=[])), "stops must be"),
    "a wrong opacity": (changed(lambda item: item["shapes"][0].update(opacity=2)), "opacity must be"),
    "out of the frame": (changed(lambda item: item["shapes"][0].update(contours=[[0, 0, 3, 0, 3, 0]])), "frame"),
    "too many points": (
        changed(lambda item: item["shapes"][0].update(contours=[[0.5] * 300_000])),
        "at most 100,000 points",
    ),
    "a bomb": (header(100_000, 100_000), "sides must be 1 to 4,096 px"),
    "no pixels": (header(0, 5), "sides must be"),
    "16 bits": (header(5, 5, 16), "must be a PNG of 8 bits"),
    "a palette": (header(5, 5, 8, 3), "must be a PNG of 8 bits"),
    "cut short": (ITEMS["blob"][:-20], "is damaged"),
    "a wrong byte": (ITEMS["blob"][:200] + b"\0\1" + ITEMS["blob"][202:], "is damaged"),
    "only a signature": (ITEMS["blob"][:8], "is damaged"),
}


@pytest.mark.parametrize("name", HOSTILE)
def test_what_is_no_item_is_refused_in_one_line(name: str) -> None:
    data, message = HOSTILE[name]
    layer = KIND.placed({"id": "a", "transform": Affine.similarity(9, 9, 9)}, asset_id(data))
    with pytest.raises(DocumentError, match=message) as caught:
        KIND.check([layer], {asset_id(data): data})
    assert str(caught.value).startswith(f"asset {asset_id(data):.16}: ")
    assert len(str(caught.value).splitlines()) == 1


def test_pixels_that_cannot_be_unpacked_are_refused_when_they_are_drawn() -> None:
    with pytest.raises(DocumentError, match="is damaged"):
        decoded(header(64, 64))


def test_items_placed_without_end_are_refused() -> None:
    many = KIND.item([ItemShape((polygon(*((np.cos(t), np.sin(t)) for t in range(3000))),), (0.0, 0.0, 0.0))])
    place = {"transform": Affine.similarity(9, 9, 9)}
    layers = [KIND.placed({"id": str(index), **place}, asset_id(many)) for index in range(600)]
    KIND.check(layers[:500], {asset_id(many): many})
    with pytest.raises(DocumentError, match="at most 5,000,000"):
        KIND.check(layers, {asset_id(many): many})
    big = [header(MAX_SIDE_PX, MAX_SIDE_PX) + bytes([index]) for index in range(9)]
    layers = [KIND.placed({"id": str(index), **place}, asset_id(data)) for index, data in enumerate(big)]
    with pytest.raises(DocumentError, match="pixels, at most"):
        KIND.check(layers, {asset_id(data): data for data in big})


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (b"no picture", "picture"),
        (png(np.zeros((1, MAX_SIDE_PX + 1, 3), np.uint8)), "at most 4,096 px a side"),
    ],
)
def test_pictures_that_no_item_may_be_are_refused(content: bytes, message: str) -> None:
    with pytest.raises(PictureError, match=message):
        KIND.item(content)


def test_shapes_that_no_item_may_have_are_refused() -> None:
    with pytest.raises(DocumentError, match="one curve at least"):
        KIND.item([])
    with pytest.raises(DocumentError, match="opacity must be"):
        KIND.item([ItemShape(WHEEL[0].curves, (0.0, 0.0, 0.0), 1.5)])
    with pytest.raises(DocumentError, match="finite"):
        KIND.item([ItemShape(WHEEL[0].curves, (0.0, float("nan"), 0.0))])


def test_a_cutout_of_many_colours_is_given_one_and_moved_as_others_are() -> None:
    layers, assets = examples()
    stack = Stack(CANVAS, layers, assets)
    edited = edit(stack, [Recolor("upright", "#336699")])
    assert color_of(edited.layer("upright")) == (0.2, 0.4, 0.6)
    turned = edit(stack, [Shift("upright", (3, 4))]).layer("upright").transform
    assert (turned.c, turned.f) == (20, 24)
