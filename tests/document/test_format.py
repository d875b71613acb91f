"""docs/format.md is the specification: its example, drawn by a reader written from its text alone, and the schema that
ships beside it, agree with the program."""

from __future__ import annotations

import base64
import hashlib
import json
import re
import struct
from collections.abc import Callable
from pathlib import Path
from typing import Any

import jsonschema
import numpy as np
import pytest
import torch

import vecstack.document.file
import vecstack.kinds
from vecstack import stack as stack_module
from vecstack.composite import over
from vecstack.document.file import dumps, dumps_json, load
from vecstack.document.schema import joined_schema
from vecstack.errors import DocumentError
from vecstack.geometry import Affine
from vecstack.kinds import find_kind
from vecstack.kinds.mask import layer as mask_module
from vecstack.kinds.mask.layer import MaskLayer
from vecstack.kinds.mask.net import MaskNet, NetSizes
from vecstack.kinds.mask.shade import net_to_asset
from vecstack.kinds.spline import layer as spline_module
from vecstack.kinds.spline.layer import SplineLayer
from vecstack.stack import Canvas, Group, Stack, UnknownLayer

Document = dict[str, Any]
TEXT = (Path(__file__).parents[2] / "docs" / "format.md").read_text(encoding="utf-8")
SCHEMA = joined_schema()
VALIDATOR = jsonschema.Draft202012Validator(SCHEMA)
SPLINE_EXAMPLE, PATH_EXAMPLE = "Example of a spline layer", "Example of a path layer"


def section(title: str) -> str:
    """The text below a heading, up to the next one of any level outside of code."""
    begin = re.search(rf"^#+ {re.escape(title)}\n", TEXT, re.MULTILINE)
    assert begin is not None, title
    return re.split(r"^#+ ", TEXT[begin.end() :], maxsplit=1, flags=re.MULTILINE)[0]


def table(title: str) -> list[list[str]]:
    """The cells of the first table below a heading, without its head."""
    lines = [line for line in section(title).splitlines() if line.startswith("|")][2:]
    return [[cell.strip() for cell in line.strip("|").split("|")] for line in lines]


def field_names(title: str) -> set[str]:
    return {row[0].strip("`") for row in table(title)}


def example(title: str = "Example") -> Document:
    found = re.search(r"```json\n(.*?)```", section(title), re.DOTALL)
    assert found is not None
    document: Document = json.loads(found[1])
    return document


def random_surface(rows: int, columns: int) -> tuple[tuple[float, ...], ...]:
    values = 4 * np.random.default_rng(rows).normal(size=(rows, columns))
    return tuple(map(tuple, values.tolist()))


def make_stack() -> Stack:
    """Mask and spline layers over and beside one another, some turned and windowed, one not visible, with a net of two
    layers, in groups, on a transparent canvas."""
    with torch.random.fork_rng():
        torch.manual_seed(11)
        net = MaskNet(NetSizes(code=3, width=8, depth=2))
        for parameter in net.parameters():
            parameter.data += 0.5 * torch.randn(parameter.shape)
    data = net_to_asset(net)
    asset = hashlib.sha256(data).hexdigest()
    whole = Affine(26.5, 0.0, 26.5, 0.0, 18.5, 18.5)
    layers = (
        MaskLayer(id="a", transform=whole, color=(0.9, 0.2, 0.4), code=(1.0, -0.5, 2.0), net=asset),
        UnknownLayer(id="b", transform=whole, unknown_kind="sparkle"),
        MaskLayer(
            id="c", group="thing", opacity=0.7, transform=Affine(20.0, 8.0, 30.0, -6.0, 9.0, 12.0),
            color=(0.1, 0.8, 0.3), code=(-1.0, 0.25, 0.5), net=asset, window=0.6,
        ),
        MaskLayer(id="d", visible=False, transform=whole, color=(1.0, 1.0, 1.0), code=(9.0, 9.0, 9.0), net=asset),
        MaskLayer(id="e", opacity=0.4, transform=whole, color=(0.0, 0.0, 1.0), code=(0.1, 0.1, -2.0), net=asset),
        SplineLayer(
            id="f", group="part", opacity=0.9, transform=Affine(14.0, -5.0, 20.0, 4.0, 11.0, 17.0),
            color=(0.9, 0.9, 0.1), surface=random_surface(6, 9), window=0.45,
        ),
        SplineLayer(id="g", transform=whole, color=(0.2, 0.0, 0.5), surface=random_surface(5, 4), window=1.0),
    )  # fmt: skip
    groups = (Group("thing", "A thing"), Group("part", parent="thing"))
    return Stack(Canvas(53, 37, (0.3, 0.3, 0.1), transparent=True), layers, {asset: data}, groups=groups)


# A reader written from docs/format.md, which shares nothing with the program


def read_net(data: bytes) -> dict[str, np.ndarray]:
    """The tensors of an asset (The net)."""
    (length,) = struct.unpack("<Q", data[:8])
    body, tensors = data[8 + length :], {}
    for name, entry in json.loads(data[8 : 8 + length]).items():
        if name != "__metadata__":
            begin, end = entry["data_offsets"]
            numbers = np.frombuffer(body[begin:end], {"F16": "<f2", "F32": "<f4"}[entry["dtype"]])
            tensors[name] = numbers.astype(np.float32).reshape(entry["shape"])
    return tensors


def read_place(layer: Document, canvas: Document, x: float, y: float) -> tuple[float, float]:
    """(u, v) of a point of the canvas (Layer)."""
    width, height = canvas["width"], canvas["height"]
    (a, b, c), (d, e, f) = layer.get("transform", [[width / 2, 0, width / 2], [0, height / 2, height / 2]])
    u, v = np.linalg.solve([[a, b], [d, e]], [x - c, y - f])
    return float(u), float(v)


def read_bump(coordinate: float, softness: float) -> float:
    """bump of one coordinate (The mask of a mask layer)."""
    t = min(max((1 - abs(coordinate)) / softness, 0), 1)
    return t * t * (3 - 2 * t)


def read_mask(layer: Document, net: dict[str, np.ndarray], u: float, v: float) -> float:
    """m of a mask layer at one point of its frame (The mask of a mask layer)."""
    h = np.array([u, v, *layer["code"]])
    depth = sum(re.fullmatch(r"hidden\.\d+\.weight", name) is not None for name in net)
    for i in range(depth):
        z = net[f"hidden.{i}.weight"] @ h + net[f"hidden.{i}.bias"]
        groups = z.reshape(-1, 4)
        mean = groups.mean(1, keepdims=True)
        variance = ((groups - mean) ** 2).mean(1, keepdims=True)
        z = ((groups - mean) / np.sqrt(variance + 0.00001)).reshape(-1)
        h = np.tanh(z * net[f"norms.{i}.weight"] + net[f"norms.{i}.bias"])
    m = 1 / (1 + np.exp(-(net["output.weight"] @ h + net["output.bias"])[0]))
    softness = layer.get("window")
    if softness is not None:
        m *= read_bump(u, softness) * read_bump(v, softness)
    return float(m)


def read_weight(t: float) -> float:
    """B(t) (The mask of a spline layer)."""
    if abs(t) < 1:
        return (4 - 6 * t**2 + 3 * abs(t) ** 3) / 6
    return (2 - abs(t)) ** 3 / 6 if abs(t) < 2 else 0.0


def read_spline(layer: Document, u: float, v: float) -> float:
    """m of a spline layer at one point of its frame (The mask of a spline layer)."""
    if not (abs(u) < 1 and abs(v) < 1):
        return 0.0
    surface = layer["surface"]
    rows, columns = len(surface), len(surface[0])
    h = 0.0
    for i in range(rows):
        for j in range(columns):
            a = read_weight((u + 1) * (columns - 3) / 2 + 1 - j)
            b = read_weight((v + 1) * (rows - 3) / 2 + 1 - i)
            h += b * a * surface[i][j]
    softness = layer.get("window", 0.3)
    return float(read_bump(u, softness) * read_bump(v, softness) / (1 + np.exp(-h)))


def read_contour(contour: list[float], transform: list[list[float]]) -> np.ndarray:
    """A contour as a polygon [N,2] of 50 sides a piece, on the canvas (Path layer)."""
    points = np.reshape(contour, (-1, 2)) @ np.array(transform)[:, :2].T + np.array(transform)[:, 2]
    t = np.linspace(0, 1, 51)[:-1, None]
    pieces = []
    for i in range(0, len(points), 3):
        a, b, c, d = points[i], points[i + 1], points[i + 2], points[(i + 3) % len(points)]
        pieces.append(a * (1 - t) ** 3 + 3 * b * (1 - t) ** 2 * t + 3 * c * (1 - t) * t**2 + d * t**3)
    return np.concatenate(pieces)


def read_area(polygon: np.ndarray, x: float, y: float, side: float) -> float:
    """The signed area of a polygon [N,2] within a square, which is cut along one side after the other."""
    cut = [tuple(point) for point in polygon]
    for axis, sign, bound in (
        (0, 1, x + side / 2),
        (0, -1, -(x - side / 2)),
        (1, 1, y + side / 2),
        (1, -1, -(y - side / 2)),
    ):
        old, cut = cut, []
        for p, q in zip(old, old[1:] + old[:1], strict=True):
            before, after = bound - sign * p[axis], bound - sign * q[axis]  # above 0 inside
            if before >= 0:
                cut.append(p)
            if before * after < 0:
                share = before / (before - after)
                cut.append((p[0] + share * (q[0] - p[0]), p[1] + share * (q[1] - p[1])))
    return sum(p[0] * q[1] - q[0] * p[1] for p, q in zip(cut, cut[1:] + cut[:1], strict=True)) / 2


def read_path(layer: Document, x: float, y: float, p: float) -> float:
    """m of a path layer at a point of the canvas (The mask of a path layer)."""
    polygons = [read_contour(contour, layer["transform"]) for contour in layer["contours"]]
    return min(1.0, abs(sum(read_area(polygon, x, y, p) for polygon in polygons)) / p**2)


def read_color(layer: Document, u: float, v: float) -> np.ndarray:
    """c of a layer at a point of its frame (The mask of a path layer)."""
    if "color" in layer:
        return np.array(layer["color"])
    gradient = layer["gradient"]
    axis, q = np.subtract(gradient["end"], gradient["start"]), np.subtract((u, v), gradient["start"])
    f = np.subtract(gradient.get("focus", gradient["start"]), gradient["start"])
    d, r = q - f, axis @ axis - f @ f
    t = q @ axis / (axis @ axis) if gradient["shape"] == "linear" else (d @ f + np.sqrt((d @ f) ** 2 + r * d @ d)) / r
    offsets, *channels = zip(*gradient["stops"], strict=True)
    return np.array([np.interp(t, offsets, channel) for channel in channels])


def read_and_draw(data: bytes, width_px: int, height_px: int) -> np.ndarray:
    """A bare JSON document drawn whole: [height_px,width_px,3] (Drawing)."""
    document = json.loads(data)
    assets = document.get("assets", {})
    nets = {name: read_net(base64.b64decode(asset["data"])) for name, asset in assets.items()}
    canvas = document["canvas"]
    drawn = np.empty((height_px, width_px, 3))
    for i in range(height_px):
        for j in range(width_px):
            x, y = (j + 0.5) * canvas["width"] / width_px, (i + 0.5) * canvas["height"] / height_px
            color = np.array(canvas.get("background", [0, 0, 0]), float)
            for layer in document["layers"]:
                u, v = read_place(layer, canvas, x, y)
                if layer["kind"] == "mask":
                    m = read_mask(layer, nets[layer["net"]], u, v)
                elif layer["kind"] == "spline":
                    m = read_spline(layer, u, v)
                elif layer["kind"] == "path":
                    m = read_path(layer, x, y, max(canvas["width"] / width_px, canvas["height"] / height_px))
                else:
                    continue
                m *= layer.get("opacity", 1) * layer.get("visible", True)
                color = color * (1 - m) + read_color(layer, u, v) * m
            drawn[i, j] = color
    return drawn


def draw(stack: Stack, width_px: int, height_px: int) -> np.ndarray:
    """The stack drawn by the program's own kinds: [height_px,width_px,3]."""
    x = (torch.arange(width_px, dtype=torch.float64) + 0.5) * stack.canvas.width / width_px
    y = (torch.arange(height_px, dtype=torch.float64) + 0.5) * stack.canvas.height / height_px
    points = torch.stack(torch.meshgrid(x, y, indexing="xy"), -1).view(-1, 2)
    drawn = torch.tensor(stack.canvas.background).expand(len(points), 3)
    for layer in stack.layers:
        kind = find_kind(layer.kind)
        if kind is not None and layer.visible:
            alpha, rgb = kind.shader([layer], stack.assets, torch.device("cpu"))(points, 1.0)
            drawn = over(drawn, rgb[0], layer.opacity * alpha[0, :, None])
    return drawn.view(height_px, width_px, 3).numpy()


def test_the_example_loads_with_all_it_says() -> None:
    stack = load(json.dumps(example()).encode())
    assert [layer.id for layer in stack.layers] == ["sky", "sparkles", "sun"]
    assert stack.extra == {"mood": "calm"}
    assert load(dumps(stack)) == stack
    assert load(dumps_json(stack)) == stack


def test_the_example_of_a_spline_layer_loads_with_all_it_says() -> None:
    stack = load(json.dumps(example(SPLINE_EXAMPLE)).encode())
    leaf, mist = stack.layers
    assert isinstance(leaf, SplineLayer)
    assert isinstance(mist, SplineLayer)
    assert (leaf.window, len(leaf.surface), len(leaf.surface[0])) == (0.25, 4, 5)
    assert (mist.window, len(mist.surface), len(mist.surface[0])) == (0.3, 5, 4)
    assert load(dumps(stack)) == stack
    assert load(dumps_json(stack)) == stack


@pytest.mark.parametrize(("title", "bound"), [("Example", 0.0005), (SPLINE_EXAMPLE, 0.0005), (PATH_EXAMPLE, 0.002)])
def test_the_examples_have_the_colours_that_the_page_gives(title: str, bound: float) -> None:
    rows = [[float(cell) for cell in row] for row in table(title)]
    assert len(rows) == 8
    data = json.dumps(example(title)).encode()
    for drawn in (draw(load(data), 8, 6), read_and_draw(data, 8, 6)):
        for row, column, *color in rows:
            assert drawn[int(row), int(column)] == pytest.approx(color, abs=bound)


@pytest.mark.slow
@pytest.mark.parametrize(("width_px", "height_px"), [(53, 37), (20, 31)])
def test_a_reader_written_from_the_page_draws_the_same(width_px: int, height_px: int) -> None:
    theirs = read_and_draw(dumps_json(make_stack()), width_px, height_px)
    ours = draw(make_stack(), width_px, height_px)
    assert ours.std() > 0.02  # there is something to see
    np.testing.assert_allclose(ours, theirs, atol=2e-5)  # float32 against float64


# The schema


def test_the_schema_is_a_schema() -> None:
    jsonschema.Draft202012Validator.check_schema(SCHEMA)


@pytest.mark.parametrize(
    "document",
    [example(), example(SPLINE_EXAMPLE), example(PATH_EXAMPLE), json.loads(dumps_json(make_stack()))],
    ids=["example", "spline", "path", "saved"],
)
def test_the_schema_accepts_what_is_loaded(document: Document) -> None:
    VALIDATOR.validate(document)


@pytest.mark.parametrize(
    ("title", "definition"),
    [
        ("Document", SCHEMA),
        ("Canvas", SCHEMA["$defs"]["canvas"]),
        ("Group", SCHEMA["$defs"]["group"]),
        ("Asset entry", SCHEMA["$defs"]["asset"]),
        ("Layer", SCHEMA["$defs"]["layer"]),
        ("Mask layer", SCHEMA["$defs"]["mask"]),
        ("Spline layer", SCHEMA["$defs"]["spline"]),
        ("Path layer", SCHEMA["$defs"]["path"]),
    ],
)
def test_the_page_and_the_schema_list_the_same_fields(title: str, definition: Document) -> None:
    assert field_names(title) == set(definition["properties"])
    assert {row[0].strip("`") for row in table(title) if row[2] == "required"} == set(definition["required"])


@pytest.mark.parametrize(("name", "title", "index"), [("mask", "Mask layer", 2), ("spline", "Spline layer", 5)])
def test_the_page_lists_the_fields_that_a_kind_knows(name: str, title: str, index: int) -> None:
    kind = find_kind(name)
    assert kind is not None
    assert field_names(title) == set(kind.fields)
    optional = {row[0].strip("`") for row in table(title) if row[2] != "required"}
    written = set(json.loads(dumps_json(make_stack()))["layers"][index])
    assert (field_names("Layer") | field_names(title)) - optional == written - optional
    assert f"Kind `{name}`, feature `kind:{name}`" in section(title)


def test_the_page_lists_the_fields_that_the_program_knows() -> None:
    written = json.loads(dumps_json(make_stack()))
    assert field_names("Document") == set(written)
    assert field_names("Canvas") == set(written["canvas"])
    assert field_names("Group") == set(written["groups"][1])
    assert written["features_required"] == ["kind:mask", "kind:spline"]


def test_every_kind_of_the_program_is_on_the_page_and_in_the_schema() -> None:
    folders = {path.parent.name for path in Path(vecstack.kinds.__file__).parent.glob("*/kind.py")}
    assert set(re.findall(r"feature `kind:(\w+)`", TEXT)) == folders
    branches = SCHEMA["$defs"]["layer"]["allOf"]
    assert {branch["if"]["properties"]["kind"]["const"] for branch in branches} == folders
    assert {branch["then"]["$ref"] for branch in branches} == {f"#/$defs/{name}" for name in folders}


def test_the_page_and_the_program_have_the_same_limits() -> None:
    limits = dict(table("Limits"))
    numbers = {
        name: [int(n.replace(",", "")) for n in re.findall(r"[\d,]*\d", value)] for name, value in limits.items()
    }
    assert numbers == {
        "the file, the sum of all members unpacked, and that of all assets": [vecstack.document.limits.MAX_FILE_BYTES],
        "`document.json`, or a bare JSON document": [vecstack.document.limits.MAX_DOCUMENT_BYTES],
        "an asset": [vecstack.document.limits.MAX_ASSET_BYTES],
        "`mimetype`": [vecstack.document.limits.MAX_MIMETYPE_BYTES],
        "`Thumbnails/thumbnail.png`": [
            vecstack.document.limits.MAX_THUMBNAIL_BYTES,
            *2 * [vecstack.document.limits.MAX_THUMBNAIL_PX],
        ],
        "members of a zip, of any name": [vecstack.document.limits.MAX_MEMBERS],
        "layers": [stack_module.MAX_LAYERS],
        "groups": [stack_module.MAX_GROUPS],
        "groups within one another": [stack_module.MAX_GROUP_LEVELS],
        "objects and lists within one another": [vecstack.document.limits.MAX_NESTING],
    }
    for number in (stack_module.MAX_SIDE, mask_module.MAX_CODE, mask_module.MAX_WIDTH):
        assert f"{number:,}" in TEXT
    assert f"1 to {mask_module.MAX_DEPTH}," in TEXT
    assert mask_module.MAX_CODE_VALUE == spline_module.MAX_VALUE == 1e6
    least, most = spline_module.MIN_SIDE, spline_module.MAX_SIDE
    assert f"{least} to {most} rows of {least} to {most} numbers" in section("Spline layer")
    assert {row[0]: row[2] for row in table("Spline layer")}["`window`"] == f"`{spline_module.WINDOW}`"
    assert (stack_module.MAX_TRANSFORM, stack_module.MIN_DETERMINANT) == (1e9, 1e-12)


def change(*path: Any, to: Any) -> Callable[[Document], None]:
    def apply(document: Document) -> None:
        parent: Any = document
        for key in path[:-1]:
            parent = parent[key]
        parent[path[-1]] = to

    return apply


BROKEN = {
    "format": change("format", to="svg"),
    "version": change("version", to="2.0"),
    "version-type": change("version", to=1.0),
    "min_reader": change("min_reader", to="1"),
    "features": change("features_required", to=[1]),
    "canvas": change("canvas", to=[53, 37]),
    "width": change("canvas", "width", to=0),
    "height": change("canvas", "height", to=1.5),
    "background": change("canvas", "background", to=[0, 0, 2]),
    "transparent": change("canvas", "transparent", to=1),
    "groups": change("groups", to={}),
    "group": change("groups", 0, to="thing"),
    "group-id": change("groups", 0, "id", to=""),
    "group-name": change("groups", 0, "name", to=None),
    "group-parent": change("groups", 1, "parent", to=3),
    "layers": change("layers", to={}),
    "layer-group": change("layers", 2, "group", to=None),
    "layer": change("layers", 0, to=3),
    "id": change("layers", 0, "id", to=""),
    "id-line": change("layers", 0, "id", to="a\nb"),
    "kind": change("layers", 0, "kind", to="Mask"),
    "visible": change("layers", 0, "visible", to=1),
    "opacity": change("layers", 0, "opacity", to=1.5),
    "transform": change("layers", 0, "transform", to=[[1, 0, 0], [0, 1]]),
    "color": change("layers", 0, "color", to=[0, 0]),
    "code": change("layers", 0, "code", to=["1"]),
    "net": change("layers", 0, "net", to="mask.safetensors"),
    "window": change("layers", 2, "window", to=0),
    "spline-color": change("layers", 5, "color", to=[0, 0, 1.5]),
    "surface": change("layers", 5, "surface", to="flat"),
    "surface-missing": lambda document: document["layers"][5].pop("surface"),
    "surface-rows-few": change("layers", 5, "surface", to=3 * [4 * [0]]),
    "surface-rows-many": change("layers", 5, "surface", to=65 * [4 * [0]]),
    "surface-columns-few": change("layers", 5, "surface", to=4 * [3 * [0]]),
    "surface-columns-many": change("layers", 5, "surface", to=4 * [65 * [0]]),
    "surface-flat": change("layers", 5, "surface", to=16 * [0]),
    "surface-deep": change("layers", 5, "surface", to=4 * [4 * [[0]]]),
    "surface-text": change("layers", 5, "surface", to=4 * [["0", 0, 0, 0]]),
    "surface-boolean": change("layers", 5, "surface", to=4 * [[True, 0, 0, 0]]),
    "surface-value": change("layers", 5, "surface", 0, 0, to=1000001),
    "spline-window": change("layers", 5, "window", to=0),
    "spline-window-null": change("layers", 5, "window", to=None),
    "spline-window-wide": change("layers", 5, "window", to=1.01),
    "asset-name": change("assets", "abc", to={"bytes": 0}),
    "asset-bytes": change("assets", "0" * 64, to={}),
    "source": change("source", to="photo.png"),
}


@pytest.mark.parametrize("name", BROKEN)
def test_what_the_schema_rejects_is_not_loaded(name: str) -> None:
    document = json.loads(dumps_json(make_stack()))
    BROKEN[name](document)
    assert not VALIDATOR.is_valid(document)
    with pytest.raises(DocumentError):
        load(json.dumps(document).encode())


def test_rows_of_other_lengths_are_not_loaded() -> None:
    """The one rule of a surface that a schema cannot say."""
    document = json.loads(dumps_json(make_stack()))
    document["layers"][5]["surface"][3].append(0.0)
    VALIDATOR.validate(document)
    with pytest.raises(DocumentError, match="layer f: surface must have 4 to 64 rows"):
        load(json.dumps(document).encode())


def test_a_surface_of_the_greatest_size_is_loaded_and_valid() -> None:
    document = json.loads(dumps_json(make_stack()))
    document["layers"][5]["surface"] = 63 * [64 * [-1e6]] + [64 * [1000000]]
    del document["layers"][5]["window"]
    VALIDATOR.validate(document)
    layer = load(json.dumps(document).encode()).layers[5]
    assert isinstance(layer, SplineLayer)
    assert (len(layer.surface), len(layer.surface[0]), layer.window) == (64, 64, 0.3)


WRONG = [None, True, -1, 0, 1, 0.5, 7.0, 1e300, "", "1.0", "mask", [], [1, 2, 3], {}]


@pytest.mark.parametrize("wrong", WRONG, ids=repr)
def test_what_is_loaded_is_accepted_by_the_schema(wrong: Any) -> None:
    whole = json.loads(dumps_json(make_stack()))
    paths = [(name,) for name in whole]
    paths += [("canvas", name) for name in whole["canvas"]]
    paths += [("groups", 1, name) for name in whole["groups"][1]]
    paths += [("layers", 2, name) for name in whole["layers"][2]]
    paths += [("layers", 1, name) for name in whole["layers"][1]]
    paths += [("layers", 5, name) for name in whole["layers"][5]]
    paths += [("layers", 5, "surface", 0), ("layers", 5, "surface", 0, 0), ("layers", 5, "color", 0)]
    paths += [("layers", 2, "code", 0), ("layers", 2, "color", 0), ("layers", 2, "transform", 0), ("mood",)]
    loaded = 0
    for path in paths:
        document = json.loads(json.dumps(whole))
        change(*path, to=wrong)(document)
        try:
            load(json.dumps(document).encode())
        except DocumentError:
            continue
        loaded += 1
        VALIDATOR.validate(document)
    assert loaded >= 1  # the unknown field, at least
