from __future__ import annotations

import base64
import dataclasses
import hashlib
import io
import json
import re
import sys
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

import vecstack.kinds
from tests.exporting.html.conftest import Elements
from tests.helpers import make_spline
from vecstack import Canvas, Stack, render, to_html
from vecstack.document.file import dumps_json, load
from vecstack.errors import ShapeError
from vecstack.exporting.html.page import BITMAP_PX, FOLDER, PAGE, SHARED, SOURCE_PX
from vecstack.geometry import Affine
from vecstack.kinds import find_kind


def page_of(stack: Stack, **options: object) -> str:
    return to_html(stack, device="cpu", **{"svg": False} | options)  # type: ignore[arg-type]


def test_a_page_holds_the_document(mixed: Stack) -> None:
    text = Elements(page_of(mixed)).data("document")
    again = load(text.encode())
    assert again.layers == mixed.layers
    assert again.assets == mixed.assets
    assert json.loads(text) == json.loads(dumps_json(mixed))


def test_hostile_texts_stay_within_the_data(hostile: Stack) -> None:
    page = page_of(hostile, title="</title><script>alert(1)</script>")
    elements = Elements(page)
    plain = Elements(page_of(Stack(Canvas(37, 53))))
    assert [tag for tag, _ in elements.found] == [tag for tag, _ in plain.found]
    assert elements.texts["title"] == ["</title><script>alert(1)</script>"]
    for name in ("document", "extras"):
        assert not set("<>&\u2028\u2029") & set(elements.data(name))
    assert load(elements.data("document").encode()).layers == hostile.layers
    assert json.loads(elements.data("extras"))["title"] == "</title><script>alert(1)</script>"


def test_the_policy_allows_what_the_page_holds_and_nothing_else(mixed: Stack) -> None:
    elements = Elements(page_of(mixed))
    (policy,) = (found["content"] for tag, found in elements.found if found.get("http-equiv"))
    assert policy is not None
    rules = {rule.split()[0]: rule.split()[1:] for rule in policy.split(";")}

    def hashed(text: str) -> str:
        return f"'sha256-{base64.b64encode(hashlib.sha256(text.encode()).digest()).decode()}'"

    run = [text for found, text in elements.scripts() if "type" not in found]
    assert rules["default-src"] == ["'none'"]
    assert rules["script-src"] == [hashed(text) for text in run]
    assert rules["style-src"] == [hashed(text) for text in elements.texts["style"]]
    assert set(rules) == {
        *("default-src", "script-src", "style-src", "img-src", "worker-src"),
        *("base-uri", "form-action"),
    }
    assert (rules["img-src"], rules["worker-src"]) == (["data:", "blob:"], ["blob:"])


def test_nothing_is_loaded(mixed: Stack) -> None:
    elements = Elements(page_of(mixed))
    for tag, found in elements.found:
        assert not any(name.startswith("on") or name == "style" for name in found), (tag, found)
        for name in ("src", "href", "srcset", "action"):
            assert re.match(r"data:|#", found.get(name) or "#"), (tag, found)


@pytest.mark.slow
def test_the_bytes_are_the_same_each_time(stack: Stack, pixels: np.ndarray) -> None:
    assert page_of(stack, source=pixels, svg=True) == page_of(stack, source=pixels, svg=True)


@pytest.mark.slow
def test_an_svg_is_held_with_the_elements_of_the_layers(mixed: Stack) -> None:
    extras = json.loads(Elements(page_of(mixed, svg=True)).data("extras"))
    found = re.findall(r'<g id="([^"]+)"', extras["svg"])
    names = [name for name in extras["elements"] if name in found]
    assert names == found  # in the order of the layers
    assert len(found) >= len(mixed.layers) - 2
    assert len(extras["elements"]) == len(mixed.layers)


@pytest.mark.slow
def test_without_contourpy_there_is_a_page_and_no_svg(stack: Stack, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "contourpy", None)  # which no import finds then
    assert json.loads(Elements(page_of(stack, svg=True)).data("extras"))["svg"] is None


def test_a_source_is_made_smaller(stack: Stack) -> None:
    source = np.zeros((40, 2 * SOURCE_PX, 3), np.uint8)
    extras = json.loads(Elements(page_of(stack, source=source)).data("extras"))
    assert extras["source"].startswith("data:image/jpeg;base64,")
    assert len(extras["source"]) < 5000
    assert json.loads(Elements(page_of(stack)).data("extras"))["source"] is None


@pytest.mark.parametrize("source", [np.zeros((4, 4), np.uint8), np.zeros((4, 4, 3)), np.zeros((0, 4, 3), np.uint8)])
def test_what_is_no_picture_is_refused(stack: Stack, source: np.ndarray) -> None:
    with pytest.raises(ShapeError, match=r"source must be pixels, uint8 \[H,W,3\], not (a|uint|float)"):
        page_of(stack, source=source)


def test_a_page_has_the_scripts_of_the_kinds_that_it_draws(stack: Stack, mixed: Stack, hostile: Stack) -> None:
    for found, kinds in (
        (stack, {"mask"}),
        (mixed, {"mask", "spline"}),
        (hostile, {"spline"}),
        (Stack(Canvas(3, 4)), set()),
    ):
        shared = Elements(page_of(found)).data("kinds")
        assert set(re.findall(r'^kinds\.set\("(\w+)"', shared, re.MULTILINE)) == kinds


def test_every_kind_names_a_script_that_is_there_or_none() -> None:
    for path in Path(vecstack.kinds.__file__).parent.glob("*/kind.py"):
        kind = find_kind(path.parent.name)
        assert kind is not None
        assert kind.web is None or kind.web.read_text(encoding="utf-8").startswith('"use strict";')


def test_every_script_of_the_folder_is_used_once() -> None:
    assert sorted(path.name for path in FOLDER.glob("*.js")) == sorted((*SHARED, *PAGE, "worker.js", "unpack.js"))


@pytest.mark.parametrize("path", sorted(FOLDER.glob("*")), ids=lambda path: path.name)
def test_no_part_can_end_the_element_that_holds_it(path: object) -> None:
    text = path.read_text(encoding="utf-8")  # type: ignore[attr-defined]
    if path.suffix in (".js", ".css"):  # type: ignore[attr-defined]
        assert not re.search(r"</(script|style)|<!--|{{", text)
    assert "\r" not in text


def test_a_stack_of_unknown_kinds_alone_has_a_page(hostile: Stack) -> None:
    strange = dataclasses.replace(hostile, layers=hostile.layers[-1:])
    extras = json.loads(Elements(page_of(strange, svg=True)).data("extras"))
    assert (extras["svg"], extras["elements"]) == (None, [])


def test_the_page_is_told_the_colour_of_each_layer(mixed: Stack, hostile: Stack) -> None:
    traits = json.loads(Elements(page_of(mixed)).data("extras"))["layers"]
    assert traits == [{"color": list(layer.color), "bitmap": None} for layer in mixed.layers]  # type: ignore[attr-defined]
    traits = json.loads(Elements(page_of(hostile)).data("extras"))["layers"]
    assert [trait is None for trait in traits] == [layer.kind == "sparkle" for layer in hostile.layers]


def bitmaps(stack: Stack) -> list[tuple[list[float], np.ndarray] | None]:
    """The bitmap of each layer of a page: its box, and its pixels [H,W,4]."""
    found: list[tuple[list[float], np.ndarray] | None] = []
    for trait in json.loads(Elements(page_of(stack)).data("extras"))["layers"]:
        if trait["bitmap"] is None:
            found.append(None)
            continue
        head, data = trait["bitmap"]["png"].split(",")
        assert head == "data:image/png;base64"
        picture = Image.open(io.BytesIO(base64.b64decode(data)))
        assert picture.mode == "RGBA"
        found.append((trait["bitmap"]["box"], np.asarray(picture)))
    return found


@pytest.fixture
def without_scripts(monkeypatch: pytest.MonkeyPatch) -> None:
    """Spline layers are of a kind without a script."""
    monkeypatch.setattr(find_kind("spline"), "web", None)


@pytest.mark.slow
@pytest.mark.usefixtures("without_scripts")
def test_a_layer_without_a_script_comes_with_a_bitmap_of_what_it_covers(mixed: Stack) -> None:
    found = bitmaps(mixed)
    assert [bitmap is None for bitmap in found] == [layer.kind == "mask" for layer in mixed.layers]
    wanted = render(mixed.with_layers([dataclasses.replace(mixed.layers[1], opacity=1.0)]), BITMAP_PX, transparent=True)
    assert found[1] is not None
    box, pixels = found[1]
    height, width = wanted.shape[:2]
    left, top, right, bottom = np.array(box) * [width / 37, height / 53, width / 37, height / 53]
    assert pixels.shape[:2] == pytest.approx((bottom - top, right - left))
    part = np.s_[round(top) : round(bottom), round(left) : round(right)]
    assert np.array_equal(pixels, wanted[part])
    assert wanted[..., 3].sum() == pixels[..., 3].sum(dtype=int)
    for edge in (pixels[0], pixels[-1], pixels[:, 0], pixels[:, -1]):
        assert not edge[:, 3].any()


@pytest.mark.usefixtures("without_scripts")
def test_bitmaps_that_are_large_together_are_made_smaller(mixed: Stack, monkeypatch: pytest.MonkeyPatch) -> None:
    limit = 60_000
    monkeypatch.setattr("vecstack.exporting.html.page.MAX_BITMAP_PIXELS", limit)
    sizes = [bitmap[1].shape[0] * bitmap[1].shape[1] for bitmap in bitmaps(mixed) if bitmap is not None]
    assert len(sizes) == 3
    assert limit / 5 < sum(sizes) <= limit


@pytest.mark.usefixtures("without_scripts")
def test_a_layer_that_covers_nothing_has_a_bitmap_of_nothing() -> None:
    layer = make_spline("away", 1, Affine(1.0, 0.0, -90.0, 0.0, 1.0, -90.0))
    (found,) = bitmaps(Stack(Canvas(37, 53), (layer,)))
    assert found is not None
    assert not found[1][..., 3].any()
