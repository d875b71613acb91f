from __future__ import annotations

import dataclasses
import io
import zipfile
from collections.abc import Callable
from xml.etree import ElementTree

import numpy as np
import pytest

from tests.exporting.conftest import BLUE, CANVAS, HOSTILE, RED, pixels_of
from tests.helpers import block
from vecstack import Stack, render
from vecstack.errors import ExportError, UsageError
from vecstack.exporting import runs
from vecstack.exporting.ora import to_ora
from vecstack.exporting.pdf import to_pdf
from vecstack.exporting.png_layers import png_layers
from vecstack.geometry import Affine, Rect
from vecstack.stack import Group, UnknownLayer


def members(data: bytes) -> dict[str, bytes]:
    with zipfile.ZipFile(io.BytesIO(data)) as archive:
        return {name: archive.read(name) for name in archive.namelist()}


def entries(data: bytes) -> list[ElementTree.Element]:
    """The layers of the file, lowest first."""
    root = ElementTree.fromstring(members(data)["stack.xml"])
    return list(root.findall("stack/layer"))[::-1]


def composite(data: bytes) -> np.ndarray:
    """What a reader makes of the layers: [H,W,3] in 0..255."""
    root = ElementTree.fromstring(members(data)["stack.xml"])
    canvas = np.zeros((int(root.attrib["h"]), int(root.attrib["w"]), 4))
    for entry in entries(data):
        if entry.attrib["visibility"] == "hidden":
            continue
        layer = pixels_of(members(data)[entry.attrib["src"]]) / 255
        y, x = int(entry.attrib["y"]), int(entry.attrib["x"])
        part = canvas[y : y + layer.shape[0], x : x + layer.shape[1]]
        assert part.shape == layer.shape  # within the picture
        alpha = layer[..., 3:] * float(entry.attrib["opacity"])
        part += (np.concatenate([layer[..., :3], np.ones_like(alpha)], 2) - part) * alpha
    assert (canvas[..., 3] == 1).all()
    return canvas[..., :3] * 255


@pytest.mark.slow
@pytest.mark.parametrize("name", ["stack", "mixed", "digit", "painted"])
@pytest.mark.parametrize("size", [None, 200])
def test_the_layers_together_are_the_merged_picture_and_ours(
    stacks: Callable[[str], Stack], name: str, size: int | None
) -> None:
    data = to_ora(stacks(name), size=size, device="cpu")
    merged = pixels_of(members(data)["mergedimage.png"])
    wanted = render(stacks(name), size, device="cpu")
    assert (merged[..., :3] == wanted).all()
    assert (merged[..., 3] == 255).all()
    difference = np.abs(composite(data) - wanted)
    assert difference.max() <= 2  # masks of 8 bits: half a step for each layer, and half for the picture itself
    assert difference.mean() < 0.5


def test_the_zip_is_as_the_specification_wants_it(stack: Stack) -> None:
    data = to_ora(stack, device="cpu")
    with zipfile.ZipFile(io.BytesIO(data)) as archive:
        infos = archive.infolist()
        assert archive.testzip() is None
    assert (infos[0].filename, infos[0].compress_type, infos[0].extra) == ("mimetype", zipfile.ZIP_STORED, b"")
    assert data[30:54] == b"mimetypeimage/openraster"
    assert {info.date_time for info in infos} == {(1980, 1, 1, 0, 0, 0)}
    root = ElementTree.fromstring(members(data)["stack.xml"])
    assert root.attrib == {"version": "0.0.6", "w": "37", "h": "53"}
    names = {"mimetype", "stack.xml", "mergedimage.png", "Thumbnails/thumbnail.png"}
    assert names | {entry.attrib["src"] for entry in entries(data)} == {info.filename for info in infos}
    assert all(entry.attrib["composite-op"] == "svg:src-over" for entry in entries(data))


def test_the_bytes_are_the_same_each_time(mixed: Stack) -> None:
    assert to_ora(mixed, device="cpu") == to_ora(mixed, device="cpu")


@pytest.mark.slow
def test_thumbnails_have_at_most_256_pixels(stack: Stack) -> None:
    for size, height in ((None, 53), (600, 256)):
        thumbnail = members(to_ora(stack, size=size, device="cpu"))["Thumbnails/thumbnail.png"]
        assert pixels_of(thumbnail).shape == (height, round(height * 37 / 53), 4)


def test_layers_keep_names_order_opacity_and_visibility(mixed: Stack) -> None:
    background, *layers = entries(to_ora(mixed, device="cpu"))
    assert background.attrib["name"] == "Background"
    for entry, layer in zip(layers, mixed.layers, strict=True):
        assert entry.attrib["name"] == layer.id
        assert float(entry.attrib["opacity"]) == layer.opacity
        assert entry.attrib["visibility"] == ("visible" if layer.visible else "hidden")


def test_a_layer_is_its_mask_in_its_colour_and_no_larger_than_it_must_be() -> None:
    faded = dataclasses.replace(RED, opacity=0.25, name="Red one")
    data = to_ora(Stack(CANVAS, (faded,)), device="cpu")
    entry = entries(data)[1]
    assert [entry.attrib[name] for name in ("name", "x", "y", "opacity")] == ["Red one", "4", "6", "0.250000"]
    layer = pixels_of(members(data)[entry.attrib["src"]])
    assert layer.shape == (30, 20, 4)
    assert (layer[layer[..., 3] > 0][:, :3] == (255, 0, 0)).all()
    assert layer[..., 3].max() == 255


def test_a_layer_outside_the_canvas_is_an_empty_picture() -> None:
    outside = block("outside", Rect(100.0, 0.0, 20.0, 20.0), (0.0, 1.0, 0.0))
    data = to_ora(Stack(CANVAS, (RED, outside, BLUE)), device="cpu")
    assert pixels_of(members(data)[entries(data)[2].attrib["src"]]).tolist() == [[[0, 0, 0, 0]]]
    assert np.abs(composite(data) - render(Stack(CANVAS, (RED, BLUE)), device="cpu")).max() <= 1


def test_hostile_names_stay_names() -> None:
    layers = tuple(
        block(name, Rect(2.0, 3.0, 9.0, 12.0), (0.1 * index, 1.0, 0.0), name=text)
        for index, (name, text) in enumerate(HOSTILE)
    )
    data = to_ora(Stack(CANVAS, layers), device="cpu")
    found = [entry.attrib["name"] for entry in entries(data)[1:]]
    assert found == [
        (text or name).translate(dict.fromkeys((0xFFFE, 0xFFFF, 0xD800), "\ufffd")) for name, text in HOSTILE
    ]
    assert all(not name.startswith(("/", "..")) and "\\" not in name for name in members(data))


def test_a_stack_without_layers_is_its_background() -> None:
    data = to_ora(Stack(CANVAS), device="cpu")
    assert len(entries(data)) == 1
    assert (composite(data) == render(Stack(CANVAS), device="cpu")).all()


def test_unknown_kinds_are_left_out() -> None:
    strange = UnknownLayer(id="strange", unknown_kind="hologram", transform=Affine.of_frame(CANVAS.rect))
    assert [entry.attrib["name"] for entry in entries(to_ora(Stack(CANVAS, (strange, RED)), device="cpu"))] == [
        "Background",
        "red",
    ]
    with pytest.raises(ExportError, match="none of the layers is of a kind that this version can draw"):
        to_ora(Stack(CANVAS, (strange,)), device="cpu")


@pytest.mark.parametrize("size", [0, -3, 10**9])
def test_sizes_that_cannot_be_are_refused(size: int) -> None:
    with pytest.raises(UsageError, match=r"^size must be"):
        to_ora(Stack(CANVAS, (RED,)), size=size, device="cpu")


@pytest.mark.parametrize("export", [to_ora, to_pdf, lambda stack, **options: list(png_layers(stack, **options))])
def test_layers_of_pictures_too_large_to_hold_are_refused_before_they_are_drawn(
    stack: Stack, export: Callable[..., object]
) -> None:
    match = r"100,000 px is too large, at most 268 megapixels a layer; use a smaller `size`\.$"
    with pytest.raises(UsageError, match=match):
        export(stack, size=100_000, device="cpu")


def test_of_many_layers_those_of_a_group_are_one(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(runs, "MOST", 3)
    places = [Rect(4.0 * at, 3.0, 9.0, 8.0) for at in range(5)]
    blocks = [block(f"b{at}", place, opacity=0.6, group="g" if at > 1 else None) for at, place in enumerate(places)]
    stack = Stack(CANVAS, tuple(blocks), groups=(Group("g", name="Round 1"),))
    data = to_ora(stack, device="cpu")
    assert [entry.attrib["name"] for entry in entries(data)] == ["Background", "b0", "b1", "Round 1"]
    assert np.abs(composite(data) - render(stack, device="cpu")).max() <= 2
    with pytest.raises(ExportError, match="5 layers are more than the 3 of"):
        to_ora(stack.with_layers([dataclasses.replace(layer, group=None) for layer in blocks]), device="cpu")
