"""Groups and transparent canvases in the files of other programs."""

from __future__ import annotations

import dataclasses
import importlib
import io
import json
import re
import zipfile
import zlib
from xml.etree import ElementTree

import numpy as np
import pytest
import resvg_py
from PIL import Image

from tests.exporting.conftest import CANVAS, pixels_of
from tests.helpers import block
from vecstack import Canvas, Stack, render, to_svg
from vecstack.exporting.groups import grouped
from vecstack.exporting.ora import to_ora
from vecstack.exporting.pdf import to_pdf
from vecstack.exporting.png_layers import png_layers
from vecstack.geometry import Rect
from vecstack.stack import Group

SVG, INKSCAPE = "{http://www.w3.org/2000/svg}", "{http://www.inkscape.org/namespaces/inkscape}"
HEAD = (Group("head", "Head"), Group("eyes", "Eyes", "head"), Group("body", "<&>"))
CLEAR = dataclasses.replace(CANVAS, transparent=True)


def nested(parts: str, groups: tuple[Group, ...]) -> str:
    """Parts such as "1a 2 3b", each with the id of its group, as the brackets that files make of them."""
    pairs = [(part[:1], part[1:] or None) for part in parts.split()]
    return " ".join(grouped(pairs, groups, lambda group, inside: f"{group.id}({' '.join(inside)})"))


@pytest.mark.parametrize(
    ("parts", "wanted"),
    [
        ("", ""),
        ("1 2", "1 2"),
        ("1a 2a 3", "a(1 2) 3"),
        ("1a 2b 3a", "a(1 b(2) 3)"),  # b lies in a
        ("1b 2b", "a(b(1 2))"),
        ("1b 2c 3b", "a(b(1)) c(2) a(b(3))"),
        ("1a 2 3a", "a(1) 2 a(3)"),
        ("1b 2d", "a(b(1) d(2))"),
    ],
)
def test_neighbours_of_one_group_are_wrapped_together(parts: str, wanted: str) -> None:
    assert nested(parts, (Group("b", parent="a"), Group("a"), Group("c"), Group("d", parent="a"))) == wanted


@pytest.fixture
def stack() -> Stack:
    """Five layers: two in a group, one of them in a group within it; one in none; then one in each of two groups."""
    places = zip(("hair", "eye", "table", "arm", "nose"), ("head", "eyes", None, "body", "head"), strict=True)
    layers = [
        block(name, Rect(3.0 + 5 * index, 4.0 + 6 * index, 12.0, 16.0), group=group)
        for index, (name, group) in enumerate(places)
    ]
    return Stack(CANVAS, tuple(layers), groups=HEAD)


def bare(stack: Stack) -> Stack:
    """The stack without groups."""
    layers = tuple(dataclasses.replace(layer, group=None) for layer in stack.layers)
    return dataclasses.replace(stack, layers=layers, groups=())


def outline(element: ElementTree.Element) -> list[object]:
    """The labels of the groups within an element: a name, or a name and what is within it."""
    found: list[object] = []
    for child in element.findall(f"{SVG}g"):
        name = child.get(f"{INKSCAPE}label")
        inside = outline(child)
        if name is None:
            found += inside
        elif name != "Background":
            found.append((name, inside) if inside or not child.findall(f"{SVG}mask") else name)
    return found


@pytest.mark.slow
def test_an_svg_has_an_element_for_each_run_of_a_group(stack: Stack) -> None:
    text = to_svg(stack, device="cpu")
    assert outline(ElementTree.fromstring(text)) == [
        ("Head", ["hair", ("Eyes", ["eye"])]),
        "table",
        ("<&>", ["arm"]),
        ("Head", ["nose"]),
    ]
    found = re.findall(r' id="([^"]+)"', text)
    assert len(found) == len(set(found))
    assert {"head", "head-2", "eyes", "body"} <= set(found)
    layers = [line for line in text.splitlines() if 'id="hair"' in line or 'id="nose"' in line]
    assert layers == [line for line in to_svg(bare(stack), device="cpu").splitlines() if line in layers]


@pytest.mark.slow
def test_a_flat_svg_has_groups_and_the_same_picture(stack: Stack) -> None:
    pictures = []
    for found in (stack, bare(stack)):
        text = to_svg(found, flat=True, device="cpu")
        pictures.append(bytes(resvg_py.svg_to_bytes(svg_string=text, width=185)))
        assert ("Eyes" in text) == (found is stack)
    assert pictures[0] == pictures[1]


@pytest.mark.usefixtures("_with_example_kinds")
def test_exact_layers_are_grouped() -> None:
    layers, _ = importlib.import_module("tests.example_kinds.disc.examples").examples()
    layers = tuple(dataclasses.replace(layer, group="body") for layer in layers[:2])
    root = ElementTree.fromstring(to_svg(Stack(CANVAS, layers, groups=HEAD), device="cpu"))
    (group,) = root.findall(f"{SVG}g")
    assert group.attrib == {"id": "body", f"{INKSCAPE}groupmode": "layer", f"{INKSCAPE}label": "<&>"}
    assert [child.get("id") for child in group] == [layer.id for layer in layers]


def test_a_groups_id_gives_way_to_a_layers() -> None:
    layers = (block("same", Rect(3.0, 4.0, 12.0, 16.0), group="same"),)
    text = to_svg(Stack(CANVAS, layers, groups=(Group("same"),)), device="cpu")
    found = re.findall(r'<g id="([^"]+)"', text)
    assert found == ["same-2", "same"]


def members(data: bytes) -> dict[str, bytes]:
    with zipfile.ZipFile(io.BytesIO(data)) as archive:
        return {name: archive.read(name) for name in archive.namelist()}


def stacks_of(element: ElementTree.Element) -> list[object]:
    """What is within a stack of an OpenRaster file, topmost first: names, of stacks with what is within them."""
    return [
        (child.attrib["name"], stacks_of(child)) if child.tag == "stack" else child.attrib["name"] for child in element
    ]


def test_open_raster_has_stacks_within_the_stack(stack: Stack) -> None:
    root = ElementTree.fromstring(members(to_ora(stack, device="cpu"))["stack.xml"])
    (whole,) = root
    assert stacks_of(whole) == [
        ("Head", ["nose"]),
        ("<&>", ["arm"]),
        "table",
        ("Head", [("Eyes", ["eye"]), "hair"]),
        "Background",
    ]
    for element in root.iter("stack"):
        assert set(element.attrib) in (set(), {"name", "opacity", "visibility"})


def test_png_layers_say_their_groups(stack: Stack) -> None:
    listed = json.loads(dict(png_layers(stack, device="cpu"))["layers.json"])
    assert listed["groups"] == [
        {"id": "head", "name": "Head", "parent": None},
        {"id": "eyes", "name": "Eyes", "parent": "head"},
        {"id": "body", "name": "<&>", "parent": None},
    ]
    assert [entry.get("group") for entry in listed["layers"]] == ["head", "eyes", None, "body", "head"]
    assert "group" not in dict(png_layers(bare(stack), device="cpu"))["layers.json"].decode()


def test_a_pdf_lists_groups_with_their_layers(stack: Stack) -> None:
    data = to_pdf(stack, device="cpu")
    names = dict(re.findall(rb"(\d+) 0 obj\n<< /Type /OCG /Name <FEFF([0-9A-F]+)>", data))
    order = re.search(rb"/Order (\[.*\]) /OFF", data)
    assert order is not None
    text = re.sub(rb"(\d+) 0 R", lambda found: b"<FEFF" + names[found[1]] + b">", order[1])
    shown = re.sub(rb"<FEFF(\w+)>", lambda found: bytes.fromhex(found[1].decode()).decode("utf-16-be").encode(), text)
    assert shown == b"[[Head nose] [<&> arm] table [Head [Eyes eye] hair] Background]"


@pytest.mark.slow
@pytest.mark.parametrize("flat", [False, True])
def test_a_transparent_svg_has_no_background(stack: Stack, flat: bool) -> None:
    clear = dataclasses.replace(stack, canvas=CLEAR)
    text = to_svg(clear, flat=flat, device="cpu")
    assert "background" not in text.lower()
    drawn = np.asarray(Image.open(io.BytesIO(bytes(resvg_py.svg_to_bytes(svg_string=text, width=185)))).convert("RGBA"))
    wanted = render(clear, 265, transparent=True, device="cpu")
    assert np.abs(drawn[..., 3].astype(int) - wanted[..., 3]).mean() < 3


def test_transparent_pictures_have_alpha(stack: Stack) -> None:
    clear = dataclasses.replace(stack, canvas=CLEAR)
    wanted = render(clear, transparent=True, device="cpu")
    found = members(to_ora(clear, device="cpu"))
    for name in ("mergedimage.png", "Thumbnails/thumbnail.png"):
        assert (pixels_of(found[name]) == wanted).all()
    assert not any("background" in name for name in found)
    assert b"Background" not in found["stack.xml"]
    files = dict(png_layers(clear, device="cpu"))
    assert len(files) == len(stack.layers) + 2
    assert json.loads(files["layers.json"])["background"] is None
    sheet = pixels_of(files["contact-sheet.png"])
    assert {120, 155} <= set(np.unique(sheet[..., 0]).tolist())  # the checkerboard behind what is clear


def test_a_transparent_pdf_has_no_background(stack: Stack) -> None:
    for canvas in (CLEAR, CANVAS):
        data = to_pdf(dataclasses.replace(stack, canvas=canvas), device="cpu")
        pages = [zlib.decompress(found) for found in re.findall(rb"stream\n(.*?)\nendstream", data, re.DOTALL)]
        assert sum(b"0 0 37 53 re f" in page for page in pages) == (canvas is CANVAS)


def test_transparent_stacks_without_layers_are_written() -> None:
    empty = Stack(Canvas(3, 4, transparent=True))
    for made in (to_ora(empty, device="cpu"), to_pdf(empty, device="cpu"), to_svg(empty, device="cpu")):
        assert made


def test_ten_thousand_layers_in_as_many_groups_are_nested() -> None:
    count = 10_000
    groups = tuple(Group(str(index), parent=str(index - 1) if index % 64 else None) for index in range(count))
    layers = [block(str(index), CANVAS.rect, group=str(index * 7919 % count)) for index in range(count)]
    stack = Stack(CANVAS, tuple(layers), groups=groups)  # as deep as groups may be
    parts = [(layer.id, layer.group) for layer in stack.layers]
    text = "".join(grouped(parts, groups, lambda group, inside: f"<g>{''.join(inside)}</g>"))
    assert text.count("<g>") == text.count("</g>") < count * 64
