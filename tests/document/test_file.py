"""Layer files: what is saved is loaded, the same stack gives the same bytes, and nothing hostile gets further than an
error of one line."""

from __future__ import annotations

import base64
import copy
import dataclasses
import hashlib
import io
import json
import os
import random
import struct
import subprocess
import sys
import zipfile
from collections.abc import Callable, Iterable, Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch

from tests.helpers import new_net, png_of, zipped
from vecstack.document import archive, file, limits, strict_json
from vecstack.document.file import dumps, dumps_json, load, load_measured, save, size_of, validate
from vecstack.errors import DocumentError, ExportError, NewerFormatError, UnknownKindError
from vecstack.geometry import Affine
from vecstack.kinds import find_kind
from vecstack.kinds.mask.layer import MaskLayer
from vecstack.kinds.mask.shade import net_to_asset
from vecstack.stack import Canvas, Group, Layer, Stack, UnknownLayer

Document = dict[str, Any]
GOLDEN = Path(__file__).parent / "golden"  # a file as each version of the format wrote it
CANVAS = Affine(26.5, 0.0, 26.5, 0.0, 18.5, 18.5)


def sha256(data: bytes) -> str:
    return hashlib.sha256(data).hexdigest()


def png(width: int, height: int) -> bytes:
    """A black PNG."""
    return png_of(np.zeros((height, width), np.uint8))


NET = net_to_asset(new_net(7, width=8))
NET_ID = sha256(NET)


def make_stack() -> Stack:
    """Two mask layers and one of a kind that nobody has, with unknown fields at each level."""
    return Stack(
        Canvas(53, 37, (0.1, 0.2, 0.3), extra={"dpi": 300}),
        (
            MaskLayer(id="a", transform=CANVAS, color=(1.0, 0.5, 0.0), code=(0.5, -1.0, 2.0), net=NET_ID),
            UnknownLayer(
                id="b", transform=CANVAS, unknown_kind="sparkle", fields={"count": 12, "glow": {"z": 1, "a": [None]}}
            ),
            MaskLayer(
                id="c",
                name="Söñne ☀ \U0001f31e",
                visible=False,
                opacity=1 / 3,
                transform=Affine(5.0, 1.0, 20.0, -1.0, 4.0, 10.25),
                color=(0.1, 1e-9, 0.3),
                code=(0.1, 0.2, 1e5),
                net=NET_ID,
                window=0.25,
                extra={"note": "mine", "tags": ["x", {"y": 1e300}]},
            ),
        ),
        {NET_ID: NET},
        source={"sha256": "0" * 64, "width": 53, "height": 37},
        model={"name": "tiny"},
        metrics={"psnr": 21.125},
        extra={"mood": "calm", "history": [{"tool": "hand"}], "big": 12345678901234567890},
        thumbnail=png(53, 37),
    )


def parsed() -> Document:
    """The document of the stack as a bare JSON object, assets within."""
    document: Document = json.loads(dumps_json(make_stack()))
    return document


def encoded(document: Any) -> bytes:
    return json.dumps(document).encode()


def colors(stack: Stack) -> torch.Tensor:
    """The stack drawn at 12 scattered points, some off the canvas: [12,3]."""
    generator = torch.Generator().manual_seed(3)
    extent = torch.tensor([stack.canvas.width, stack.canvas.height], dtype=torch.float64)
    points = (torch.rand(12, 2, generator=generator, dtype=torch.float64) * 1.5 - 0.25) * extent
    drawn = torch.tensor(stack.canvas.background, dtype=torch.float32).expand(12, 3)
    for layer in stack.layers:
        kind = find_kind(layer.kind)
        if kind is not None:
            alpha, rgb = kind.shader([layer], stack.assets, torch.device("cpu"))(points, 1.0)
            drawn = drawn + (rgb[0] - drawn) * alpha[0, :, None] * layer.opacity
    return drawn


# Round trips


def test_a_stack_comes_back_from_a_zip_as_it_was() -> None:
    assert load(dumps(make_stack())) == make_stack()


def test_a_stack_comes_back_from_bare_json_without_its_thumbnail() -> None:
    stack = load(dumps_json(make_stack()))
    assert stack.thumbnail is None
    assert dataclasses.replace(stack, thumbnail=png(53, 37)) == make_stack()


@pytest.mark.parametrize("write", [dumps, dumps_json])
def test_saving_what_was_loaded_gives_the_same_bytes(write: Callable[[Stack], bytes]) -> None:
    data = write(make_stack())
    assert write(load(data)) == data
    assert write(load(write(load(data)))) == data


def test_equal_stacks_give_equal_bytes_whatever_the_order_of_unknown_fields() -> None:
    stack, document = make_stack(), parsed()
    document["layers"][2] = dict(reversed(document["layers"][2].items()))
    document["layers"][1]["glow"] = dict(reversed(document["layers"][1]["glow"].items()))
    turned = load(encoded(dict(reversed(document.items()))))
    assert dumps(dataclasses.replace(turned, thumbnail=stack.thumbnail)) == dumps(stack)


def test_the_bytes_do_not_depend_on_the_process(tmp_path: Path) -> None:
    (tmp_path / "a.layers").write_bytes(dumps(make_stack()))
    program = "import sys; from vecstack.document.file import *; sys.stdout.buffer.write(dumps(load(sys.argv[1])))"
    done = subprocess.run(
        [sys.executable, "-c", program, str(tmp_path / "a.layers")],
        capture_output=True,
        check=True,
        env={**os.environ, "PYTHONHASHSEED": "5", "TZ": "Asia/Tokyo"},
    )
    assert done.stdout == dumps(make_stack())


def test_the_zip_is_what_the_format_says() -> None:
    with zipfile.ZipFile(io.BytesIO(dumps(make_stack()))) as archive:
        infos = archive.infolist()
    names = [info.filename for info in infos]
    assert names == ["mimetype", "Thumbnails/thumbnail.png", f"assets/{NET_ID}.safetensors", "document.json"]
    assert [info.compress_type for info in infos] == [zipfile.ZIP_STORED] + 3 * [zipfile.ZIP_DEFLATED]
    assert {info.date_time for info in infos} == {(1980, 1, 1, 0, 0, 0)}
    assert {(info.create_system, info.external_attr >> 16) for info in infos} == {(3, 0o100644)}
    assert dumps(make_stack())[30:].startswith(b"mimetypeapplication/vnd.vecstack.layers+zip")


def test_numbers_are_written_in_their_shortest_form() -> None:
    text = dumps_json(make_stack()).decode()
    assert '"opacity": 0.3333333333333333,' in text
    assert '"color": [0.1, 1e-09, 0.3]' in text


def test_integers_in_number_fields_are_written_as_they_are_read_back() -> None:
    stack = Stack(Canvas(53, 37, (0, 1, 0)), (UnknownLayer(id="a", unknown_kind="x", opacity=1, transform=CANVAS),))
    data = dumps(stack.edit("a", transform=Affine(1, 0, 0, 0, 1, 0)))
    assert dumps(load(data)) == data


def test_an_edit_keeps_what_this_version_does_not_know() -> None:
    stack = load(dumps_json(load(dumps(make_stack())).edit("c", opacity=0.5)))
    assert stack.extra == make_stack().extra
    assert stack.canvas.extra == {"dpi": 300}
    assert stack.layer("c").extra == make_stack().layer("c").extra
    assert stack.layer("b") == make_stack().layer("b")


def test_an_unknown_field_never_replaces_a_known_one() -> None:
    stack = make_stack().edit("a", extra={"id": "z", "opacity": 7, "code": [], "window": 0.5})
    assert load(dumps(stack)).layer("a") == make_stack().layer("a")


def test_only_known_kinds_are_required() -> None:
    assert parsed()["features_required"] == ["kind:mask"]
    assert load(dumps(make_stack().remove("a").remove("c"))).layers == (make_stack().layer("b"),)


def test_a_document_by_hand_may_be_short() -> None:
    canvas = {"width": 53, "height": 37.0}
    layers = [{"id": "a", "kind": "sparkle"}, {"id": "b", "kind": "mask", "color": [1, 0, 0], "code": [1, 2, 3]}]
    document = {"format": "vecstack-layers", "version": "1.0", "canvas": canvas, "layers": layers}
    layers[1]["net"] = NET_ID
    document["assets"] = {NET_ID: {"bytes": len(NET), "data": base64.b64encode(NET).decode()}}
    stack = load(b" \r\n\t" + encoded(document))
    assert stack.canvas == Canvas(53, 37, (0.0, 0.0, 0.0))
    assert [(layer.name, layer.visible, layer.opacity, layer.transform) for layer in stack.layers] == 2 * [
        ("", True, 1.0, CANVAS)
    ]


# Sources and outputs


# Groups and transparency


def grouped_stack() -> Stack:
    """A tree of groups with a layer of every sort in it, and an empty one, on a transparent canvas."""
    mask, strange, other = make_stack().layers
    layers = (
        dataclasses.replace(mask, group="face"),
        dataclasses.replace(strange, group="eyes"),
        other,
    )
    groups = (
        Group("eyes", "The eyes", "face", extra={"mood": {"z": 1, "a": 2}}),
        Group("face"),
        Group("empty", parent="face"),
    )
    canvas = Canvas(53, 37, (0.1, 0.2, 0.3), transparent=True)
    return Stack(canvas, layers, {NET_ID: NET}, groups=groups)


@pytest.mark.parametrize("write", [dumps, dumps_json])
def test_groups_and_transparency_come_back_as_they_were(write: Callable[[Stack], bytes]) -> None:
    assert load(write(grouped_stack())) == grouped_stack()


def test_groups_and_transparency_are_written_only_where_they_are() -> None:
    fields = json.loads(dumps_json(make_stack()))
    assert "groups" not in fields
    assert "transparent" not in fields["canvas"]
    assert not any("group" in layer for layer in fields["layers"])
    fields = json.loads(dumps_json(grouped_stack()))
    assert fields["canvas"]["transparent"] is True
    assert [layer.get("group") for layer in fields["layers"]] == ["face", "eyes", None]
    assert [list(group) for group in fields["groups"]] == [
        ["id", "name", "parent", "mood"],
        ["id", "name"],
        ["id", "name", "parent"],
    ]


def test_an_unknown_field_is_never_written_in_the_place_of_a_known_one_that_is_left_out() -> None:
    canvas = Canvas(53, 37, extra={"transparent": 3})
    layer = UnknownLayer(id="a", transform=CANVAS, unknown_kind="sparkle", extra={"group": 3})
    stack = Stack(canvas, (layer,), groups=(Group("a", extra={"parent": 3}),), extra={"groups": 3})
    loaded = load(dumps(stack))
    assert (loaded.canvas.extra, loaded.layers[0].extra, loaded.groups[0].extra, loaded.extra) == ({}, {}, {}, {})


def test_a_reader_of_the_first_version_may_draw_what_is_written() -> None:
    fields = json.loads(dumps_json(grouped_stack()))
    assert (fields["version"], fields["min_reader"]) == ("1.1", "1.0")


@pytest.mark.parametrize("name", ["1.0", "1.1"])
def test_files_of_every_version_are_read(name: str) -> None:
    data = (GOLDEN / f"{name}.layers.json").read_bytes()
    assert load(data) == {"1.0": dataclasses.replace(make_stack(), thumbnail=None), "1.1": grouped_stack()}[name]
    assert (dumps_json(load(data)) == data) == (name == "1.1")
    assert [warning for warning in validate(data) if "written as" in warning] == []


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"groups": [{"name": "A"}]}, "groups[0].id is missing"),
        ({"groups": [{"id": "a"}, {"id": "a"}]}, "group id a is used twice"),
        ({"groups": [{"id": "a", "parent": "b"}]}, "group a: there is no group b for it to lie in"),
        ({"groups": [{"id": "a", "parent": "a"}]}, "group a lies in itself"),
        ({"groups": [{"id": "a", "parent": "b"}, {"id": "b", "parent": "a"}]}, "lies in itself"),
        ({"groups": [{"id": "a", "name": "x" * 1025}]}, "group a: name must be at most 1,024 characters"),
        ({"groups": [{"id": "a", "parent": None}]}, "group a: parent must be a string"),
        ({"groups": [{"id": str(number)} for number in range(10_001)]}, "10,001 groups, at most 10,000"),
        ({"layers": [{"id": "a", "kind": "sparkle", "group": "b"}]}, "layer a: there is no group b"),
        ({"layers": [{"id": "a", "kind": "sparkle", "group": None}]}, "layer a: group must be a string"),
        ({"canvas": {"width": 5, "height": 4, "transparent": 1}}, "canvas.transparent must be true or false"),
    ],
    ids=repr,
)
def test_groups_that_make_no_tree_are_refused_in_one_line(change: Document, message: str) -> None:
    fields = {"format": "vecstack-layers", "version": "1.1", "canvas": {"width": 5, "height": 4}, "layers": []}
    with pytest.raises(DocumentError) as caught:
        load(json.dumps({**fields, **change}).encode())
    assert message in str(caught.value)
    assert "\n" not in str(caught.value)


def test_an_unknown_field_of_a_group_is_told() -> None:
    assert "group eyes: unknown field mood; it is kept." in validate(dumps(grouped_stack()))


def test_a_document_is_recognised_by_its_content_not_its_name(tmp_path: Path) -> None:
    (tmp_path / "a.json").write_bytes(dumps(make_stack()))
    (tmp_path / "b.layers").write_bytes(dumps_json(make_stack()))
    assert load(tmp_path / "a.json") == make_stack()
    assert load(str(tmp_path / "b.layers")).layers == make_stack().layers


def test_a_stream_and_bytes_are_sources_too(tmp_path: Path) -> None:
    assert load(io.BytesIO(dumps(make_stack()))) == load(dumps(make_stack()))
    (tmp_path / "a.layers").write_bytes(dumps(make_stack()))
    with (tmp_path / "a.layers").open("rb") as stream:
        assert load(stream) == make_stack()


def test_the_name_of_an_output_chooses_its_form(tmp_path: Path) -> None:
    for name, begin in {"a.layers": b"PK", "b.layers.json": b"{", "c.JSON": b"{", "d.zip": b"PK", "e": b"PK"}.items():
        save(make_stack(), tmp_path / name)
        assert (tmp_path / name).read_bytes().startswith(begin)
        assert load(tmp_path / name).layers == make_stack().layers


def test_an_existing_output_is_refused_unless_told(tmp_path: Path) -> None:
    path = tmp_path / "photo.layers"
    save(make_stack(), path)
    with pytest.raises(ExportError, match=r"photo\.layers exists; use `overwrite=True`") as caught:
        save(make_stack().remove("a"), path)
    assert caught.value.exit_code == 4
    assert load(path) == make_stack()
    save(make_stack().remove("a"), path, overwrite=True)
    assert load(path).thumbnail is None
    assert [item.name for item in tmp_path.iterdir()] == ["photo.layers"]


@pytest.mark.parametrize(
    "stack",
    [
        pytest.param(Stack(Canvas(1, 1), metrics={"psnr": float("inf")}), id="infinite"),
        pytest.param(Stack(Canvas(1, 1), extra={"when": object()}), id="not-json"),
        pytest.param(Stack(Canvas(1, 1), extra={"half": "\ud800"}), id="half-a-character"),
        pytest.param(Stack(Canvas(1, 1), assets={"0" * 64: b"other"}), id="asset-of-another-name"),
        pytest.param(Stack(Canvas(1, 1), assets={"../a": b"x"}), id="asset-name"),
        pytest.param(Stack(Canvas(1, 1), thumbnail=b"GIF89a"), id="thumbnail"),
        pytest.param(Stack(Canvas(1, 1), thumbnail=png(257, 1)), id="thumbnail-size"),
        pytest.param(Stack(Canvas(1, 1), (Layer(id="a", transform=CANVAS),)), id="no-kind"),
        pytest.param(Stack(Canvas(1, 1), (UnknownLayer(id="a", transform=CANVAS, unknown_kind="X!"),)), id="kind"),
        pytest.param(make_stack().edit("a", code=(1.0,)), id="code-of-another-net"),
        pytest.param(make_stack().edit("a", net="1" * 64), id="net-not-there"),
    ],
)
def test_a_stack_that_could_not_be_loaded_is_not_saved(tmp_path: Path, stack: Stack) -> None:
    with pytest.raises(DocumentError) as caught:
        save(stack, tmp_path / "out.layers")
    assert "\n" not in str(caught.value)
    assert list(tmp_path.iterdir()) == []


def test_loading_needs_no_torch(tmp_path: Path) -> None:
    save(make_stack(), tmp_path / "a.layers")
    program = (
        "import sys, vecstack.document.file\n"
        "assert not {'torch', 'numpy'} & set(sys.modules)\n"
        "vecstack.document.file.load(sys.argv[1])\n"
        "assert 'torch' not in sys.modules\n"
    )
    subprocess.run([sys.executable, "-c", program, str(tmp_path / "a.layers")], check=True)


# Malformed documents, one test each


def with_json(change: Callable[[Document], object]) -> bytes:
    """A document with one change in its JSON."""
    document = parsed()
    change(document)
    return encoded(document)


def with_text(old: str, new: str) -> bytes:
    """A document with one change in its text."""
    text = dumps_json(make_stack()).decode()
    assert text.count(old) >= 1
    return text.replace(old, new, 1).encode()


def with_member(name: str, data: bytes) -> bytes:
    """A document with one more member in its zip."""
    return zipped(("document.json", dumps_json(make_stack())), (name, data))


def patched(old: bytes, new: bytes, method: int = zipfile.ZIP_DEFLATED) -> bytes:
    """A zip with a change in its raw bytes."""
    data = zipped(("document.json", dumps_json(make_stack())), method=method)
    assert old in data
    return data.replace(old, new)


def central(offset: int, value: int) -> bytes:
    """A zip of one member, with two bytes of its entry in the list changed."""
    data = bytearray(zipped(("document.json", dumps_json(make_stack()))))
    place = data.index(b"PK\x01\x02") + offset
    data[place : place + 2] = struct.pack("<H", value)
    return bytes(data)


def with_net(change: Callable[[bytes], bytes]) -> bytes:
    """A document whose net is changed, its name and length being right."""
    document, net = parsed(), change(NET)
    text = json.dumps(document).replace(NET_ID, sha256(net))
    document = json.loads(text)
    document["assets"] = {sha256(net): {"bytes": len(net), "data": base64.b64encode(net).decode()}}
    return encoded(document)


def layer_field(name: str, value: Any) -> bytes:
    return with_json(lambda document: document["layers"][2].update({name: value}))


def top_field(name: str, value: Any) -> bytes:
    return with_json(lambda document: document.update({name: value}))


def nested(depth: int) -> Any:
    value: Any = 0
    for _ in range(depth):
        value = [value]
    return value


MALFORMED = {
    "empty": (b"", "document: is empty"),
    "neither zip nor JSON": (b"%PDF-1.7", "is neither a .layers zip nor a JSON document"),
    "a picture": (b"GIF89a", "is a picture, not a layer file; turn it into one with `vecstack decompose`."),
    "a JSON list": (b"[]", "is neither"),
    "a byte order mark": (b"\xef\xbb\xbf" + encoded(parsed()), "is neither"),
    "UTF-16": (json.dumps(parsed()).encode("utf-16"), "is neither"),
    "not UTF-8": (with_text("calm", "calm").replace(b"calm", b"c\xffm"), "cannot be read ('utf-8' codec"),
    "a comma too many": (with_text('"calm"', '"calm",,'), "cannot be read (Expecting property name"),
    "text after the object": (encoded(parsed()) + b"{}", "cannot be read (Extra data"),
    "NaN": (with_text("21.125", "NaN"), "the number NaN is not finite"),
    "Infinity": (with_text("21.125", "-Infinity"), "the number -Infinity is not finite"),
    "1e999": (with_text("21.125", "1e999"), "the number 1e999 is not finite"),
    "an integer of 4,300 digits": (with_text("21.125", "9" * 4300), "is not finite"),
    "an integer of 400 digits": (with_text("21.125", "1" * 400), "is not finite"),
    "a field twice": (with_text('"mood"', '"version": "1.0", "mood"'), "the field 'version' occurs twice"),
    "a field twice among very many": (
        b"{%s}" % b",".join(b'"%d":0' % index for index in [*range(200_000), 199_999]),
        "the field '199999' occurs twice",
    ),
    "an unknown field twice": (with_text('"z"', '"a"'), "the field 'a' occurs twice"),
    "half a surrogate pair": (with_text("calm", "\\ud83d"), "cannot be read ('utf-8' codec"),
    "deep nesting": (top_field("mood", nested(64)), "nested deeper than 64"),
    "very deep nesting": (b'{"a":' + b"[" * 200_000, "cannot be read (maximum recursion depth"),
    "no format": (with_json(lambda document: document.pop("format")), 'format must be "vecstack-layers", not None'),
    "another format": (top_field("format", "svg"), "format must be \"vecstack-layers\", not 'svg'"),
    "no version": (with_json(lambda document: document.pop("version")), "version is missing"),
    "a version as a number": (top_field("version", 1.0), "version must be a string, not 1.0"),
    "a version of three parts": (top_field("version", "1.0.0"), 'version must be a version such as "1.0"'),
    "a version of other digits": (top_field("version", "1.٣"), 'version must be a version such as "1.0"'),
    "a version before the first": (top_field("version", "0.9"), "there is no format version 0.9"),
    "a min_reader that is none": (top_field("min_reader", "new"), "min_reader must be a version"),
    "features as a string": (top_field("features_required", "kind:mask"), "features_required must be a list"),
    "a feature as a number": (top_field("features_required", [1]), "features_required must be a string, not 1"),
    "generator as a number": (top_field("generator", 3), "generator must be a string, not 3"),
    "source as a string": (top_field("source", "photo.png"), "source must be an object, not 'photo.png'"),
    "model as a list": (top_field("model", []), "model must be an object, not []"),
    "metrics as null": (top_field("metrics", None), "metrics must be an object, not None"),
    "no canvas": (with_json(lambda document: document.pop("canvas")), "canvas is missing"),
    "no width": (with_json(lambda document: document["canvas"].pop("width")), "canvas.width is missing"),
    "a width of true": (top_field("canvas", {"width": True, "height": 1}), "canvas.width must be an integer, not True"),
    "a width of 1.5": (top_field("canvas", {"width": 1.5, "height": 1}), "canvas.width must be an integer, not 1.5"),
    "a width of 0": (top_field("canvas", {"width": 0, "height": 1}), "canvas: sides must be 1 to 1,000,000"),
    "a height of 2e6": (top_field("canvas", {"width": 1, "height": 2e6}), "canvas: sides must be 1 to 1,000,000"),
    "two background numbers": (
        top_field("canvas", {"width": 1, "height": 1, "background": [0, 0]}),
        "canvas.background must be 3 numbers, not 2",
    ),
    "a background of bytes": (
        top_field("canvas", {"width": 1, "height": 1, "background": [0, 0, 255]}),
        "canvas.background must be three numbers in 0..1",
    ),
    "layers as an object": (top_field("layers", {}), "layers must be a list, not {}"),
    "a layer as a number": (top_field("layers", [{"id": "a", "kind": "x"}, 3]), "layers[1] must be an object, not 3"),
    "10,001 layers": (top_field("layers", [{"id": f"{i}", "kind": "x"} for i in range(10_001)]), "at most 10,000"),
    "no id": (top_field("layers", [{"kind": "mask"}]), "layers[0].id is missing"),
    "an empty id": (top_field("layers", [{"id": "", "kind": "x"}]), "layers[0].id must be 1 to 128 characters"),
    "a long id": (top_field("layers", [{"id": "a" * 129, "kind": "x"}]), "layers[0].id must be 1 to 128 characters"),
    "a line break in an id": (top_field("layers", [{"id": "a\n", "kind": "x"}]), "without line breaks"),
    "an escape sequence in a name": (layer_field("name", "\x1b[2J"), "layer c: name must be at most 1,024 characters"),
    "an id twice": (layer_field("id", "a"), "layer id a is used twice"),
    "no kind": (top_field("layers", [{"id": "a"}]), "layer a: kind is missing"),
    "a kind that leaves its folder": (layer_field("kind", "../mask"), "layer c: kind must be a name such as mask"),
    "visible as a number": (layer_field("visible", 1), "layer c: visible must be true or false, not 1"),
    "opacity as a string": (layer_field("opacity", "0.5"), "layer c: opacity must be a number, not '0.5'"),
    "opacity above 1": (layer_field("opacity", 1.01), "layer c: opacity must be in 0..1, not 1.01"),
    "three rows of transform": (layer_field("transform", 3 * [[1, 0, 0]]), "two rows of three numbers, not 3 rows"),
    "a short row of transform": (layer_field("transform", [[1, 0, 0], [0, 1]]), "must be 3 numbers, not 2"),
    "a transform onto a line": (layer_field("transform", [[1, 0, 0], [1, 0, 0]]), "transform must be invertible"),
    "a huge transform": (layer_field("transform", [[2e9, 0, 0], [0, 1, 0]]), "transform must have numbers up to"),
    "no color": (with_json(lambda document: document["layers"][2].pop("color")), "layer c: color is missing"),
    "a color above 1": (layer_field("color", [0, 0, 2]), "layer c: color must be three numbers in 0..1"),
    "a color of a string": (layer_field("color", "red"), "layer c: color must be a list, not 'red'"),
    "a short code": (layer_field("code", [1, 2]), "layer c: code has 2 numbers, its net takes 3"),
    "an empty code": (layer_field("code", []), "layer c: code has 0 numbers"),
    "a code of objects": (layer_field("code", [{}, {}, {}]), "layer c: code must be a number, not {}"),
    "a code past its limit": (layer_field("code", [0, 0, 2e6]), "layer c: code must be finite numbers up to 1e+06"),
    "a window of 0": (layer_field("window", 0), "layer c: window must be above 0"),
    "a net that is not there": (layer_field("net", "0" * 64), "is not in the document"),
    "a net as a number": (layer_field("net", 3), "layer c: net must be a string, not 3"),
    "assets as a list": (top_field("assets", []), "assets must be an object, not []"),
    "an asset of a short name": (top_field("assets", {"ab": {}}), "an asset's name must be a sha256"),
    "an asset of a capital name": (top_field("assets", {"A" * 64: {}}), "an asset's name must be a sha256"),
    "an asset as a string": (top_field("assets", {NET_ID: "data"}), "must be an object, not 'data'"),
    "an asset without length": (top_field("assets", {NET_ID: {"data": ""}}), "bytes is missing"),
    "an asset without data": (top_field("assets", {NET_ID: {"bytes": 3}}), "is not in the file; save the document"),
    "an asset over its limit": (top_field("assets", {NET_ID: {"bytes": 2**26 + 1}}), "larger than the 67,108,864"),
    "an asset that is not base64": (top_field("assets", {NET_ID: {"bytes": 3, "data": "%%%%"}}), "cannot be read"),
    "an asset of another length": (
        with_json(lambda document: document["assets"][NET_ID].update(bytes=len(NET) - 1)),
        "is damaged (wrong size or sha256)",
    ),
    "an asset of other bytes": (
        top_field("assets", {NET_ID: {"bytes": 3, "data": "AAAA"}}),
        "is damaged (wrong size or sha256)",
    ),
    "a net that is not safetensors": (with_net(lambda net: b"net"), "not a readable safetensors file"),
    "a net cut short": (with_net(lambda net: net[:-1]), "not a readable safetensors file"),
    "a net with NaN": (with_net(lambda net: net[:-2] + b"\x00\x7e"), "must be float16 or float32 and finite"),
    "a net of integers": (with_net(lambda net: net.replace(b"F16", b"I16")), "must be float16 or float32 and finite"),
    "a net of other names": (with_net(lambda net: net.replace(b"norms", b"norma")), "needs the tensors"),
    "a zip without a document": (zipped(("mimetype", archive.MEDIA_TYPE)), "the zip has no document.json"),
    "an empty zip": (zipped(), "the zip has no document.json"),
    "a zip cut short": (dumps(make_stack())[:-30], "cannot be read (File is not a zip file)"),
    "the beginning of a zip": (b"PK\x03\x04", "cannot be read (File is not a zip file)"),
    "a zip of another kind": (with_member("mimetype", b"image/openraster"), "is a zip of another format"),
    "a document of a wrong checksum": (patched(b"calm", b"mood", method=0), "cannot be read (Bad CRC-32"),
    "a member twice": (with_member("document.json", b"{}"), "zip member 'document.json' occurs twice"),
    "an unknown member twice": (zipped(("a", b""), ("a", b"")), "zip member 'a' occurs twice"),
    "a member above the zip": (with_member("../../etc/passwd", b""), "names must be relative and stay within the zip"),
    "a member above a folder": (with_member("assets/../../x", b""), "names must be relative"),
    "an absolute member": (with_member("/etc/passwd", b""), "names must be relative"),
    "a member on a drive": (with_member("C:/x", b""), "names must be relative"),
    "a member with a zero byte": (patched(b"document.json", b"document.js\0n"), "names must be relative"),
    "an encrypted member": (central(8, 1), "zip member 'document.json' is encrypted"),
    "a member compressed by bzip2": (zipped(("document.json", encoded(parsed())), method=12), "by method 12; only"),
    "a member compressed by an unknown method": (central(10, 99), "is compressed by method 99"),
    "4,097 members": (zipped(*((f"{i}", b"") for i in range(4097))), "has 4,097 members, at most 4,096"),
    "an asset listed but not in the zip": (
        zipped(("document.json", with_json(lambda document: document["assets"][NET_ID].pop("data")))),
        f"asset {NET_ID} is not in the file",
    ),
    "an asset of other bytes in the zip": (
        zipped(
            ("document.json", with_json(lambda document: document["assets"][NET_ID].pop("data"))),
            (f"assets/{NET_ID}.safetensors", NET[:-1] + b"x"),
        ),
        "is damaged (wrong size or sha256)",
    ),
    "a thumbnail that is no PNG": (with_member(file.THUMBNAIL, b"\xff\xd8\xff"), "the thumbnail is not a PNG"),
    "a thumbnail cut short": (with_member(file.THUMBNAIL, png(9, 9)[:18]), "cannot be read (unpack requires"),
    "a thumbnail too large": (with_member(file.THUMBNAIL, png(9, 257)), "the thumbnail is 9 x 257 px, at most 256 px"),
}  # fmt: skip


@pytest.mark.slow
@pytest.mark.parametrize(("data", "message"), MALFORMED.values(), ids=MALFORMED)
def test_a_malformed_document_is_refused_with_its_reason(data: bytes, message: str) -> None:
    with pytest.raises(DocumentError) as caught:
        load(data)
    assert message in str(caught.value)
    assert str(caught.value).startswith("document: ")
    assert "\n" not in str(caught.value)
    assert len(str(caught.value)) < 600
    assert caught.value.exit_code == 3


@pytest.mark.parametrize(
    ("change", "error", "message"),
    [
        ({"version": "2.0"}, NewerFormatError, "needs a reader of format 2.0, but this vecstack reads up to 1.1"),
        ({"version": "3.7", "min_reader": "3.2"}, NewerFormatError, "needs a reader of format 3.2"),
        ({"version": "2.0", "min_reader": "1.0"}, NewerFormatError, "needs a reader of format 2.0"),
        ({"version": "1.4", "min_reader": "1.3"}, NewerFormatError, "needs a reader of format 1.3"),
        ({"version": "2.0", "canvas": "round", "layers": 5}, NewerFormatError, "needs a reader of format 2.0"),
        ({"features_required": ["kind:mask", "kind:stroke9"]}, UnknownKindError, "needs the feature 'kind:stroke9'"),
        ({"features_required": ["blend:multiply"]}, UnknownKindError, "needs the feature 'blend:multiply'"),
        ({"features_required": ["mask"]}, UnknownKindError, "needs the feature 'mask'"),
        ({"features_required": ["kind:../kinds/mask"]}, UnknownKindError, "needs the feature 'kind:../kinds/mask'"),
    ],
)
def test_a_document_of_a_later_version_names_what_it_needs(
    change: Document, error: type[DocumentError], message: str
) -> None:
    with pytest.raises(error) as caught:
        load(with_json(lambda document: document.update(change)))
    assert message in str(caught.value)
    assert "install a newer vecstack" in str(caught.value)
    assert caught.value.exit_code == 5


def test_a_later_minor_version_is_read() -> None:
    assert load(top_field("version", "1.9")).layers == make_stack().layers


@pytest.mark.parametrize(
    ("name", "message"),
    [
        ("missing.layers", "missing.layers: does not exist; check the name."),
        ("folder", "folder: is a folder; name a file in it."),
        ("pipe", "pipe: is not a regular file;"),
        ("empty.layers", "empty.layers: is empty; pass a file"),
        ("empty.layers/photo.layers", "photo.layers: cannot be read ("),
        ("x" * 300, "cannot be read ("),
        ("a\0b", "cannot be read (embedded null byte)"),
    ],
)
def test_a_path_without_a_document_is_refused(tmp_path: Path, name: str, message: str) -> None:
    (tmp_path / "folder").mkdir()
    (tmp_path / "empty.layers").touch()
    os.mkfifo(tmp_path / "pipe")
    with pytest.raises(DocumentError) as caught:
        load(tmp_path / name)
    assert message in str(caught.value)
    assert str(caught.value).startswith(str(tmp_path))


def test_a_file_that_may_not_be_read_is_not_called_damaged(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    save(make_stack(), tmp_path / "a.layers")

    def refuse(path: Path, *_: object) -> None:
        raise PermissionError(13, "Permission denied", str(path))

    monkeypatch.setattr(Path, "open", refuse)  # as root, no file's permissions keep it from being read
    with pytest.raises(DocumentError, match=r"a\.layers: cannot be read \(Permission denied\); check") as caught:
        load(tmp_path / "a.layers")
    assert "damaged" not in str(caught.value)


def test_a_name_of_a_file_reaches_a_message_as_one_printable_line(tmp_path: Path) -> None:
    with pytest.raises(DocumentError, match=r"a\?b\?\[2J\.layers: does not exist") as caught:
        load(tmp_path / "a\nb\x1b[2J.layers")
    assert str(caught.value).isprintable()


def test_standard_input_is_named_in_messages() -> None:
    program = (
        "import sys, vecstack.document.file\n"
        "try:\n"
        "    vecstack.document.file.load(sys.stdin.buffer)\n"
        "except vecstack.document.file.DocumentError as error:\n"
        "    print(error)\n"
    )
    done = subprocess.run([sys.executable, "-c", program], input=b"nothing", capture_output=True, check=True)
    assert done.stdout.startswith(b"standard input: is neither a .layers zip")


def test_a_stream_that_fails_is_an_error_of_one_line() -> None:
    class Torn(io.BytesIO):
        def read(self, size: int | None = -1, /) -> bytes:
            raise OSError(5, "Input/output error")

    with pytest.raises(DocumentError, match="Input/output error"):
        load(Torn())


# Limits


def test_a_compression_bomb_is_refused_before_it_is_unpacked() -> None:
    bomb = zipped(("document.json", b"{" + b" " * limits.MAX_DOCUMENT_BYTES))
    assert len(bomb) < 100_000
    with pytest.raises(DocumentError, match=r"document\.json is larger than the 33,554,432 bytes"):
        load(bomb)


def test_a_member_that_lies_about_its_size_is_unpacked_no_further() -> None:
    document = dumps_json(make_stack()) + b" " * 5_000_000
    data = zipped(("document.json", document))
    data = data.replace(struct.pack("<I", len(document)), struct.pack("<I", 1000))
    with pytest.raises(DocumentError, match="cannot be read"):
        load(data)


@pytest.mark.parametrize(
    ("limit", "value", "data", "message"),
    [
        ("MAX_FILE_BYTES", 1000, dumps(make_stack()), "the file is larger than the 1,000 bytes"),
        ("MAX_FILE_BYTES", 6000, with_member("other", bytes(5000)), "the zip, unpacked, is larger than the 6,000"),
        ("MAX_DOCUMENT_BYTES", 999, dumps_json(make_stack()), "the JSON document is larger than the 999 bytes"),
        ("MAX_ASSET_BYTES", 99, dumps(make_stack()), ".safetensors is larger than the 99 bytes"),
        ("MAX_THUMBNAIL_BYTES", 60, dumps(make_stack()), "thumbnail.png is larger than the 60 bytes"),
        ("MAX_MIMETYPE_BYTES", 9, dumps(make_stack()), "zip member mimetype is larger than the 9 bytes"),
        ("MAX_MEMBERS", 3, dumps(make_stack()), "has 4 members, at most 3"),
    ],
)  # fmt: skip
def test_every_limit_is_held_and_named(
    monkeypatch: pytest.MonkeyPatch, limit: str, value: int, data: bytes, message: str
) -> None:
    for module in (archive, file, strict_json):
        if hasattr(module, limit):
            monkeypatch.setattr(module, limit, value)
    with pytest.raises(DocumentError) as caught:
        load(data)
    assert message in str(caught.value)


def test_a_stream_is_read_no_further_than_the_limit(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(file, "MAX_FILE_BYTES", 100)
    stream = io.BytesIO(bytes(1000))
    with pytest.raises(DocumentError, match="larger than the 100 bytes"):
        load(stream)
    assert stream.tell() == 101


def test_nesting_up_to_the_limit_survives() -> None:
    data = top_field("mood", nested(63))
    assert load(dumps(load(data))).extra["mood"] == nested(63)


def test_a_zip64_document_is_read() -> None:
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w") as archive, archive.open("document.json", "w", force_zip64=True) as member:
        member.write(dumps_json(make_stack()))
    assert load(buffer.getvalue()).layers == make_stack().layers


# Warnings


def test_a_document_as_it_should_be_has_no_warnings() -> None:
    stack = Stack(make_stack().canvas, (make_stack().layers[0],), {NET_ID: NET})
    assert validate(dumps(Stack(Canvas(53, 37), stack.layers, stack.assets))) == []


def test_warnings_are_told() -> None:
    text = dumps_json(make_stack()).replace(b'"version": "1.1"', b'"version": "1.2"')
    data = zipped(("document.json", text), ("notes.txt", b""), (f"assets/{'1' * 64}.safetensors", b""))
    told = "\n".join(validate(data))
    for part in (
        "zip member notes.txt is unknown",
        "1.safetensors is not listed in assets",
        "written as format 1.2",
        "unknown field mood",
        "unknown field canvas.dpi",
        "layer b: kind sparkle is unknown",
        "layer c: unknown field note",
    ):
        assert part in told
    assert len(validate(data)) == 10


def test_warnings_are_printable_lines_whatever_the_document_says() -> None:
    hostile = "\x1b[2Jx\n\r\x9b\u202e" + "y" * 1000
    document = parsed()
    document[hostile] = document["canvas"][hostile] = document["layers"][0][hostile] = 1
    told = validate(zipped(("document.json", encoded(document)), (hostile, b"")))
    assert sum("[2Jx" in warning for warning in told) == 4
    assert all(warning.isprintable() and len(warning) <= 500 for warning in told)
    assert all(warning.endswith("kept.") for warning in told if "[2Jx" in warning)


def test_an_unused_asset_is_told_unless_an_unknown_layer_may_use_it() -> None:
    assert validate(dumps(Stack(Canvas(1, 1), assets={NET_ID: NET}))) == [
        f"asset {NET_ID} is not used by any layer; it is kept."
    ]
    kept = make_stack().remove("a").remove("c")
    assert not any("is not used by any layer" in warning for warning in validate(dumps(kept)))


def test_validate_raises_what_load_raises() -> None:
    with pytest.raises(NewerFormatError, match=r"format 2\.0"):
        validate(top_field("version", "2.0"))


# Damage: whatever happens to a file, the result is an error of ours or a stack that can be drawn


def check_all(damaged: Iterable[bytes], draw_every: int) -> tuple[int, int]:
    """Load each; count those that load and those that do not. Every `draw_every`th that loads is drawn and saved."""
    loaded, messages = 0, []
    for data in damaged:
        try:
            stack = load(data)
        except DocumentError as error:
            messages.append(str(error))
            continue
        loaded += 1
        if loaded % draw_every == 0:
            drawn = colors(stack)
            assert torch.isfinite(drawn).all()
            assert (drawn >= 0).all()
            assert (drawn <= 1).all()
            assert load(dumps(stack)) == stack
    assert all(message.isprintable() and message.startswith("document: ") for message in messages)
    return loaded, len(messages)


def flipped(data: bytes, count: int, seed: int, values: bytes = bytes(range(256))) -> Iterator[bytes]:
    """Copies of the data with 1 to 3 random bytes replaced by some of `values`."""
    chance = random.Random(seed)
    for _ in range(count):
        copied = bytearray(data)
        for _ in range(chance.randint(1, 3)):
            copied[chance.randrange(len(data))] = chance.choice(values)
        yield bytes(copied)


WRONG: list[Any] = [
    None, True, -1, 0, 1, 0.5, 1e-300, 1e300, 2**70, "", "1.0", "mask", "x" * 5000, [], [[]], [1, 2, 3], {}, {"a": 1},
    [[1e9, 0, 1e9], [0, 1e-20, 0]], [[1e-6, 0, 1e9], [0, 1e-6, -1e9]],
]  # fmt: skip


def places(value: Any, path: tuple[Any, ...] = ()) -> Iterator[tuple[Any, ...]]:
    """The path of every value within a JSON value."""
    if path:
        yield path
    if isinstance(value, dict | list):
        for key, child in value.items() if isinstance(value, dict) else enumerate(value):
            yield from places(child, (*path, key))


def restructured() -> Iterator[bytes]:
    """The document with each value deleted, and replaced by each wrong one."""
    document = parsed()
    for path in places(document):
        for wrong in ["delete", *WRONG]:
            changed = copy.deepcopy(document)
            parent = changed
            for key in path[:-1]:
                parent = parent[key]
            if wrong == "delete":
                del parent[path[-1]]
            else:
                parent[path[-1]] = wrong
            yield encoded(changed)


def test_a_truncated_zip_is_refused_at_every_length() -> None:
    data = dumps(make_stack())
    loaded, refused = check_all((data[:length] for length in range(len(data))), 1)
    assert (loaded, refused) == (0, len(data))


def test_a_truncated_json_is_refused_at_every_length() -> None:
    data = dumps_json(make_stack()).rstrip()
    loaded, refused = check_all((data[:length] for length in range(len(data))), 1)
    assert (loaded, refused) == (0, len(data))


@pytest.mark.slow
@pytest.mark.parametrize("method", [zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED])
def test_flipped_bytes_of_a_zip_do_no_harm(method: int) -> None:
    with zipfile.ZipFile(io.BytesIO(dumps(make_stack()))) as archive:
        data = zipped(*((name, archive.read(name)) for name in archive.namelist()), method=method)
    loaded, refused = check_all(flipped(data, 1500, seed=1), 5)
    assert loaded + refused == 1500
    assert refused > 1000


@pytest.mark.slow
def test_flipped_bytes_of_json_do_no_harm() -> None:
    document = parsed()
    assets = document.pop("assets")
    damaged = flipped(encoded(document)[:-1], 1500, 2, values=b'0123456789.-+eE"{}[],:trufalsn \\')
    loaded, refused = check_all((text + b', "assets": ' + encoded(assets) + b"}" for text in damaged), 5)
    assert loaded > 100
    assert refused > 100


@pytest.mark.slow
def test_flipped_bytes_of_a_net_do_no_harm() -> None:
    loaded, refused = check_all((with_net(lambda _, net=net: net) for net in flipped(NET, 600, seed=3)), 1)
    assert loaded > 50
    assert refused > 100


@pytest.mark.slow
def test_wrong_values_in_every_place_do_no_harm() -> None:
    loaded, refused = check_all(restructured(), 5)
    assert loaded > 300
    assert refused > 1000


def test_random_bytes_do_no_harm() -> None:
    chance = random.Random(4)
    starts = (b"", b"PK\x03\x04", b"PK\x05\x06", b"{", b'{"format": "vecstack-layers", ')
    loaded, _ = check_all((start + chance.randbytes(chance.randrange(300)) for start in 60 * starts), 1)
    assert loaded == 0


@pytest.mark.parametrize("name", ["new.png", "new.JPG", "new.svg", "new.html", "photo.layers.pdf"])
def test_a_layer_file_is_never_called_a_picture(tmp_path: Path, name: str) -> None:
    with pytest.raises(ExportError, match=r"does not look like a layer file; name it (new|photo\.layers)\.layers\. "):
        save(Stack(Canvas(37, 53)), tmp_path / name)
    assert not list(tmp_path.iterdir())
    for other in ("new", "new.zip", "v1.2", "new.layers", "new.json"):
        save(Stack(Canvas(37, 53)), tmp_path / other)
        assert load(tmp_path / other).canvas.width == 37


@pytest.mark.parametrize("write", [dumps, dumps_json])
def test_a_file_is_measured_as_it_is_and_a_bare_document_as_it_would_be(write: Callable[[Stack], bytes]) -> None:
    wanted = dataclasses.replace(make_stack(), thumbnail=None)
    assert load_measured(write(wanted)) == (wanted, size_of(wanted))


def test_a_file_of_another_program_has_its_own_size() -> None:
    with zipfile.ZipFile(io.BytesIO(dumps(make_stack()))) as archive:
        members = {name: archive.read(name) for name in archive.namelist()}
    data = zipped(*members.items())
    stack, sizes = load_measured(data)
    assert stack == make_stack()
    assert sizes.file == len(data) != size_of(stack).file
