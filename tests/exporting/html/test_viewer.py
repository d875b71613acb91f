"""The page in a browser, used as a person uses it."""

from __future__ import annotations

import base64
import dataclasses
import io
import re
import shutil
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image

from tests.exporting.conftest import draw as draw_svg
from tests.exporting.html.conftest import HOSTILE
from tests.helpers import block, make_spline, psnr
from tests.kinds.cutout.examples import examples as item_examples
from tests.kinds.path.examples import examples as path_examples
from tests.kinds.spline.examples import examples as spline_examples
from vecstack import Canvas, Stack, edit, kinds, load, render, to_html
from vecstack.color import in_gamut, to_color, to_oklab, to_srgb
from vecstack.document.file import dumps_json, validate
from vecstack.drawing.viewport import Viewport
from vecstack.editing.changes import Recolor
from vecstack.exporting.html.page import FOLDER, PAGE, SHARED
from vecstack.geometry import Affine, Rect
from vecstack.kinds.spline.layer import SplineLayer
from vecstack.stack import Group, Layer, UnknownLayer

playwright = pytest.importorskip("playwright.sync_api", reason="playwright is not installed: pip install '.[web]'")
BROWSER = next(filter(None, map(shutil.which, ("chromium", "chromium-browser", "google-chrome"))), None)
pytestmark = [
    pytest.mark.slow,
    pytest.mark.skipif(BROWSER is None, reason="no chromium, chromium-browser or google-chrome in the path"),
]

SIZE = 64  # px, at which the page is compared: a graphics card in software is slow
ENGINES = ["webgl2", "script"]
RED = (200 / 255, 0.0, 16 / 255)  # #c80010
WAIT_MS = 60_000  # on a busy machine


@pytest.fixture(scope="module")
def browser() -> Iterator[Any]:
    with playwright.sync_playwright() as tool:
        arguments = ["--no-sandbox", "--use-angle=swiftshader", "--enable-unsafe-swiftshader"]
        browser = tool.chromium.launch(executable_path=BROWSER, args=arguments)
        yield browser
        browser.close()


class Viewer:
    """A page of a stack, open in a browser."""

    def __init__(self, page: Any, stack: Stack) -> None:
        self.page, self.stack = page, stack
        self.complaints: list[str] = []
        self.requests: list[str] = []
        page.set_default_timeout(WAIT_MS)
        page.on("request", lambda request: self.requests.append(request.url))
        page.on("pageerror", lambda error: self.complaints.append(str(error)))
        page.on("dialog", lambda dialog: self.complaints.append(f"dialog {dialog.message}"))
        page.on("console", lambda message: self._hear(message))

    def _hear(self, message: Any) -> None:
        is_of_the_card = "GPU stall" in message.text or "WebGL" in message.text  # a driver's remarks on its speed
        if message.type in ("error", "warning") and not is_of_the_card:
            self.complaints.append(message.text)

    def settle(self) -> None:
        self.page.wait_for_function("() => window.vecstack")
        self.page.evaluate("vecstack.settled()")

    def pixels(self, size: int = SIZE) -> np.ndarray:
        """The picture drawn anew by the page: [H,W,3]."""
        found = self.page.evaluate("size => vecstack.pixels(size)", size)
        return np.array(found["data"], np.uint8).reshape(found["height"], found["width"], 4)[..., :3]

    def screen(self) -> np.ndarray:
        """What is on the page's canvas: [H,W,4]."""
        self.settle()
        url = self.page.evaluate("picture.toDataURL()")
        return np.asarray(Image.open(io.BytesIO(base64.b64decode(url.split(",")[1]))))

    def check(self, expected: Stack) -> None:
        """Assert that the page has the picture of a stack, anew and on its canvas."""
        self.settle()
        assert error(self.pixels(), render(expected, SIZE, device="cpu")) < 1
        seen, wanted = self.screen(), self.region(expected)
        assert (seen[..., 3][wanted[1]] == 255).all()
        assert error(seen[..., :3][wanted[1]], wanted[0]) < 1

    def region(self, stack: Stack) -> tuple[np.ndarray, tuple[slice, slice]]:
        """What should be on the page's canvas, and where there."""
        view = self.page.evaluate("vecstack.view")
        width, height = self.page.evaluate("[picture.width, picture.height]")
        scale, left, top = view["scale"], view["left"], view["top"]
        x0, y0 = max(left, 0), max(top, 0)
        x1 = min(left + width, int(stack.canvas.width * scale))  # without a last pixel that is only in part there
        y1 = min(top + height, int(stack.canvas.height * scale))
        viewport = Viewport(Rect(x0 / scale, y0 / scale, (x1 - x0) / scale, (y1 - y0) / scale), x1 - x0, y1 - y0)
        return render(stack, viewport=viewport, device="cpu"), np.s_[y0 - top : y1 - top, x0 - left : x1 - left]

    def row(self, name: str) -> Any:
        return self.page.locator(".layer").filter(has=self.page.get_by_text(name, exact=True))

    def order(self) -> list[str]:
        """The names in the list, topmost first."""
        return list(self.page.locator(".layer .name").all_text_contents())

    def said(self) -> str:
        return str(self.page.locator("#live").text_content())

    def click(self, name: str) -> None:
        self.page.get_by_role("button", name=name, exact=True).click()

    def download(self, name: str) -> tuple[str, bytes]:
        """The name and the bytes of the file that a button saves."""
        with self.page.expect_download() as waiting:
            self.click(name)
        return waiting.value.suggested_filename, Path(waiting.value.path()).read_bytes()


def error(one: np.ndarray, other: np.ndarray) -> float:
    """Mean difference in 1/255."""
    assert one.shape == other.shape
    return float(np.abs(one.astype(float) - other).mean())


@pytest.fixture
def show(browser: Any, tmp_path: Path) -> Iterator[Callable[..., Viewer]]:
    """Opens a page of a stack: an engine, or "" for the page's own choice; options of to_html; a
    script that runs before the page's own."""
    opened: list[Viewer] = []

    def call(
        stack: Stack,
        engine: str = "script",
        size: tuple[int, int] = (800, 480),
        before: str = "",
        **options: Any,
    ) -> Viewer:
        path = tmp_path / f"{len(opened)}.html"
        path.write_text(to_html(stack, device="cpu", **{"svg": False} | options), encoding="utf-8")
        page = browser.new_page(viewport={"width": size[0], "height": size[1]})
        viewer = Viewer(page, stack)
        opened.append(viewer)
        page.add_init_script(before)
        page.goto(path.as_uri() + (f"#draw={engine}" if engine else ""))
        viewer.settle()
        return viewer

    yield call
    for viewer in opened:
        viewer.page.close()
        assert viewer.complaints == []
        assert {url.split(":")[0] for url in viewer.requests} <= {"file", "data", "blob"}
        assert sum(url.startswith("file:") for url in viewer.requests) == 1


def moved(stack: Stack, name: str, place: int) -> Stack:
    """The stack with a layer at another place, 0 the lowest."""
    layers = [layer for layer in stack.layers if layer.id != name]
    return stack.with_layers([*layers[:place], stack.layer(name), *layers[place:]])


def example(number: int) -> str:
    """A complete document in docs/format.md."""
    page = Path(__file__).parents[3] / "docs" / "format.md"
    return page.read_text(encoding="utf-8").split("```json\n")[number].split("```")[0]


@pytest.mark.parametrize("engine", ENGINES)
def test_the_page_draws_what_render_draws(show: Callable[..., Viewer], mixed: Stack, engine: str) -> None:
    viewer = show(mixed, engine)
    assert viewer.page.evaluate("vecstack.engine") == engine
    viewer.check(mixed)


@pytest.mark.parametrize("engine", ENGINES)
def test_a_net_of_the_shipped_size_is_drawn(show: Callable[..., Viewer], painted: Stack, engine: str) -> None:
    stack = painted.with_layers(painted.layers[:2])
    viewer = show(stack, engine, size=(420, 180))
    assert error(viewer.pixels(), render(stack, SIZE, device="cpu")) < 1


@pytest.mark.parametrize("engine", ENGINES)
@pytest.mark.parametrize(("number", "bound"), [(1, 0.5), (2, 0.5), (3, 1.0)])  # 3: edges as a browser draws them
def test_the_examples_of_the_format_are_drawn(
    show: Callable[..., Viewer], engine: str, number: int, bound: float
) -> None:
    stack = load(example(number).encode())
    viewer = show(stack, engine, size=(420, 180))
    assert error(viewer.pixels(), render(stack, SIZE, device="cpu")) < bound


@pytest.mark.parametrize("engine", ENGINES)
def test_soft_and_hard_edges_of_surfaces_are_drawn(show: Callable[..., Viewer], engine: str) -> None:
    layers, _ = spline_examples()
    stack = Stack(Canvas(37, 53, (0.9, 0.8, 0.7)), tuple(layer for layer in layers if layer.softness is not None))
    assert len({layer.softness for layer in stack.layers}) > 1
    viewer = show(stack, engine, size=(420, 180))
    assert error(viewer.pixels(), render(stack, SIZE, device="cpu")) < 0.5


def test_a_card_in_software_is_not_used_by_itself(show: Callable[..., Viewer], mixed: Stack) -> None:
    assert show(mixed, "").page.evaluate("vecstack.engine") == "script"


def test_a_lost_card_is_replaced(show: Callable[..., Viewer], mixed: Stack) -> None:
    remember = """
        const original = HTMLCanvasElement.prototype.getContext;
        HTMLCanvasElement.prototype.getContext = function (kind, ...options) {
            const context = original.call(this, kind, ...options);
            if (kind === "webgl2") window.card = context;
            return context;
        };"""
    viewer = show(mixed, "webgl2", size=(420, 180), before=remember)
    viewer.page.evaluate("card.getExtension('WEBGL_lose_context').loseContext()")
    viewer.page.wait_for_function("() => vecstack.engine === 'script'")
    assert "card was lost; drawing continues without it" in viewer.page.locator("#notice").inner_text()
    viewer.click("Show whole")
    viewer.check(mixed.edit("whole", visible=False))


def test_what_is_seen_can_be_moved_and_made_larger(show: Callable[..., Viewer], mixed: Stack) -> None:
    viewer = show(mixed)
    before = viewer.page.evaluate("vecstack.view.scale")
    viewer.click("Zoom in")
    viewer.click("Zoom in")
    viewer.check(mixed)
    assert viewer.page.evaluate("vecstack.view.scale") == pytest.approx(before * 1.25**2)
    picture = viewer.page.locator("#picture")
    picture.focus()
    for keys in (("+", "+", "-"), ("ArrowRight", "ArrowDown"), ("ArrowLeft", "ArrowLeft", "ArrowUp")):
        for key in keys:
            viewer.page.keyboard.press(key)
        viewer.check(mixed)
    box = picture.bounding_box()
    viewer.page.mouse.move(box["x"] + 100, box["y"] + 60)
    viewer.page.mouse.wheel(0, -900)
    viewer.page.mouse.down()
    viewer.page.mouse.move(box["x"] + 160, box["y"] + 90, steps=3)
    viewer.page.mouse.up()
    viewer.check(mixed)
    assert viewer.page.evaluate("vecstack.view.scale") > 5 * before
    viewer.page.keyboard.press("0")
    viewer.check(mixed)
    assert viewer.page.evaluate("vecstack.view.scale") == pytest.approx(before)


def test_two_fingers_zoom_about_the_place_between_them(show: Callable[..., Viewer], mixed: Stack) -> None:
    viewer = show(mixed)
    box, before = viewer.page.locator("#picture").bounding_box(), viewer.page.evaluate("vecstack.view")
    x, y = box["x"] + 200, box["y"] + 80
    devices = viewer.page.context.new_cdp_session(viewer.page)
    for kind, spread in (("touchStart", 20), ("touchMove", 30), ("touchMove", 40)):
        points = [{"x": x - spread, "y": y, "id": 0}, {"x": x + spread, "y": y, "id": 1}]
        devices.send("Input.dispatchTouchEvent", {"type": kind, "touchPoints": points})
    devices.send("Input.dispatchTouchEvent", {"type": "touchEnd", "touchPoints": []})
    after = viewer.page.evaluate("vecstack.view")
    assert after["scale"] == pytest.approx(2 * before["scale"])
    for corner, place in (("left", 200), ("top", 80)):
        assert (after[corner] + place) / 2 == pytest.approx(before[corner] + place, abs=1.5)
    viewer.check(mixed)


def test_a_deep_view_is_left_to_the_engine_that_has_the_digits(show: Callable[..., Viewer], stack: Stack) -> None:
    viewer = show(stack, "webgl2", size=(420, 180))
    box = viewer.page.locator("#picture").bounding_box()
    viewer.page.mouse.move(box["x"] + box["width"] / 2, box["y"] + box["height"] / 2)
    for _ in range(12):
        viewer.page.mouse.wheel(0, -1000)
    viewer.page.wait_for_function("() => vecstack.engine === 'script'")
    seen, (wanted, place) = viewer.screen(), viewer.region(stack)
    assert error(seen[..., :3][place], wanted) < 1


def test_layers_are_hidden_and_shown(show: Callable[..., Viewer], mixed: Stack) -> None:
    viewer = show(mixed)
    viewer.click("Show whole")
    assert viewer.said() == "whole hidden"
    viewer.check(mixed.edit("whole", visible=False))
    toggle = viewer.page.get_by_role("button", name="Show hidden", exact=True)
    assert toggle.get_attribute("aria-pressed") == "false"
    toggle.focus()
    viewer.page.keyboard.press("Space")
    assert toggle.get_attribute("aria-pressed") == "true"
    viewer.check(mixed.edit("whole", visible=False).edit("hidden", visible=True))


@pytest.mark.parametrize("engine", ENGINES)
def test_layers_are_recoloured_and_faded(show: Callable[..., Viewer], mixed: Stack, engine: str) -> None:
    viewer = show(mixed, engine, size=(620, 300))
    viewer.page.get_by_label("Colour of whole", exact=True).fill("#c80010")
    slider = viewer.page.get_by_label("Opacity of upright", exact=True)
    assert slider.input_value() == "70"
    slider.focus()
    for _ in range(3):
        viewer.page.keyboard.press("ArrowLeft")
    assert viewer.said() == "Opacity of upright 67 %"
    viewer.page.get_by_label("Background").fill("#1000c8")
    canvas = dataclasses.replace(mixed.canvas, background=RED[::-1])
    wanted = dataclasses.replace(mixed.edit("whole", color=RED).edit("upright", opacity=0.67), canvas=canvas)
    viewer.check(wanted)


def test_a_slider_is_pulled_with_the_mouse_in_one_step(show: Callable[..., Viewer], mixed: Stack) -> None:
    viewer = show(mixed)
    slider = viewer.page.get_by_label("Opacity of turned", exact=True)
    box = slider.bounding_box()
    viewer.page.mouse.move(box["x"] + 0.8 * box["width"], box["y"] + box["height"] / 2)
    viewer.page.mouse.down()
    viewer.page.mouse.move(box["x"] + 0.4 * box["width"], box["y"] + box["height"] / 2, steps=6)
    viewer.page.mouse.up()
    opacity = int(slider.input_value()) / 100
    assert 0.3 < opacity < 0.5
    viewer.check(mixed.edit("turned", opacity=opacity))
    viewer.click("Undo")
    viewer.check(mixed)
    assert viewer.page.get_by_role("button", name="Undo", exact=True).is_disabled()


def test_the_slider_shows_the_lowest_layers_and_plays_them(show: Callable[..., Viewer], paths: Stack) -> None:
    viewer = show(paths, "")
    slider, button = viewer.page.locator("#built"), viewer.page.locator("#play")
    move = "(slider, count) => { slider.value = count; slider.dispatchEvent(new Event('input')); }"
    for count in (1, 2, 4, 1, 0):  # more over what is there, and anew
        slider.evaluate(move, count)
        seen, (wanted, place) = viewer.screen(), viewer.region(paths.with_layers(paths.layers[:count]))
        assert error(seen[..., :3][place], wanted) < 1
    viewer.page.keyboard.press("p")
    assert button.get_attribute("aria-pressed") == "true"
    viewer.page.wait_for_timeout(100)
    button.click()
    assert button.get_attribute("aria-pressed") == "false"
    slider.evaluate(move, len(paths.layers))
    viewer.check(paths)


def test_one_layer_is_shown_alone(show: Callable[..., Viewer], mixed: Stack) -> None:
    viewer = show(mixed)
    viewer.click("Show only faded")
    alone = mixed.with_layers([mixed.layer("faded")])
    seen, (wanted, place) = viewer.screen(), viewer.region(alone)
    assert error(seen[..., :3][place], wanted) < 1
    assert error(viewer.pixels(), render(mixed, SIZE, device="cpu")) < 1  # a way of looking, no change
    viewer.click("Show only faded")
    viewer.check(mixed)
    assert viewer.page.get_by_role("button", name="Undo", exact=True).is_disabled()


def test_layers_are_put_in_another_order(show: Callable[..., Viewer], mixed: Stack) -> None:
    viewer = show(mixed, size=(900, 1300))
    names = [layer.id for layer in reversed(mixed.layers)]
    assert viewer.order() == names
    start = viewer.row("whole").locator(".grip").bounding_box()
    target = viewer.row(names[1]).bounding_box()
    viewer.page.mouse.move(start["x"] + 20, start["y"] + 20)
    viewer.page.mouse.down()
    viewer.page.mouse.move(target["x"] + 20, target["y"] + 10, steps=12)
    viewer.page.mouse.up()
    wanted = moved(mixed, "whole", len(names) - 2)
    assert viewer.order() == [names[0], "whole", *names[1:-1]]
    assert viewer.said() == f"whole moved to place 2 of {len(names)}"
    viewer.check(wanted)
    viewer.click("Move up whole")
    assert viewer.order()[0] == "whole"
    assert viewer.page.get_by_role("button", name="Move up whole", exact=True).is_disabled()
    viewer.click("Move down whole")
    viewer.page.get_by_label("Opacity of whole", exact=True).focus()
    viewer.page.keyboard.press("Alt+ArrowDown")
    viewer.page.keyboard.press("Alt+ArrowDown")
    assert viewer.page.evaluate("document.activeElement.getAttribute('aria-label')") == "Opacity of whole"
    viewer.check(moved(mixed, "whole", len(names) - 4))


def test_changes_are_undone_and_done_again(show: Callable[..., Viewer], mixed: Stack) -> None:
    viewer = show(mixed)
    viewer.click("Show whole")
    viewer.page.get_by_label("Colour of turned", exact=True).fill("#c80010")
    viewer.click("Move down turned")
    hidden = mixed.edit("whole", visible=False)
    red = hidden.edit("turned", color=RED)
    last = moved(red, "turned", len(mixed.layers) - 2)
    viewer.check(last)
    viewer.page.keyboard.press("Control+z")
    assert viewer.said() == f"Undone: turned moved to place 2 of {len(mixed.layers)}"
    viewer.check(red)
    viewer.click("Undo")
    viewer.click("Undo")
    viewer.check(mixed)
    assert viewer.page.get_by_role("button", name="Reset", exact=True).is_disabled()
    for key in ("Control+y", "Control+Shift+z"):
        viewer.page.keyboard.press(key)
    viewer.check(red)
    viewer.click("Redo")
    viewer.check(last)
    viewer.click("Reset")
    viewer.check(mixed)
    viewer.click("Undo")  # a reset can be undone
    viewer.check(last)


def test_the_source_is_seen_left_of_the_slider(show: Callable[..., Viewer], mixed: Stack) -> None:
    viewer = show(mixed, source=np.full((53, 37, 3), 255, np.uint8))
    viewer.click("Before")
    viewer.page.get_by_label("How much of the original is shown").fill("40")
    seen, (wanted, place) = viewer.screen()[..., :3], viewer.region(mixed)
    edge = round(0.4 * seen.shape[1])
    left, right = place[1].start, place[1].stop
    assert left < edge < right
    assert (seen[place[0], left : edge - 1] >= 254).all()
    assert error(seen[place[0], edge + 1 : right], wanted[:, edge + 1 - left :]) < 1
    handle = viewer.page.locator("#divider").bounding_box()
    viewer.page.mouse.move(handle["x"] + 12, handle["y"] + 100)
    viewer.page.mouse.down()
    viewer.page.mouse.move(handle["x"] + 40, handle["y"] + 100, steps=2)
    viewer.page.mouse.up()
    assert int(viewer.page.get_by_label("How much of the original is shown").input_value()) > 42
    viewer.click("Before")
    viewer.check(mixed)


def edit_all(viewer: Viewer) -> Stack:
    """Change something of every sort; the stack that should come of it."""
    viewer.click("Show upright")
    viewer.page.get_by_label("Colour of whole", exact=True).fill("#c80010")
    viewer.page.get_by_label("Opacity of faded", exact=True).fill("25")
    viewer.page.get_by_label("Background").fill("#1000c8")
    viewer.click("Move down turned")
    viewer.click("Show only faded")  # which is not saved
    stack = viewer.stack.edit("upright", visible=False).edit("whole", color=RED).edit("faded", opacity=0.25)
    stack = dataclasses.replace(stack, canvas=dataclasses.replace(stack.canvas, background=RED[::-1]))
    return moved(stack, "turned", len(stack.layers) - 2)


def test_the_layer_file_has_the_changes_and_keeps_the_rest(show: Callable[..., Viewer], mixed: Stack) -> None:
    strange = UnknownLayer(
        id="strange",
        unknown_kind="sparkle",
        transform=mixed.layers[0].transform,
        fields={"numbers": [10**20 + 1, 1.0, -0.0, 1e-7], "text": "</script>\u2028\\u003c", "order": {"b": 1, "a": 2}},
    )
    whole = dataclasses.replace(mixed.layers[0], extra={"note": 'a "b" \\'}, name="")
    stack = dataclasses.replace(mixed, layers=(whole, strange, *mixed.layers[1:]), extra={"mood": 12345678901234567890})
    viewer = show(stack, title="a/b <c>.d")
    assert viewer.download("Layer file") == ("a-b-c-.d.layers.json", dumps_json(stack))
    wanted = edit_all(viewer)
    _, data = viewer.download("Layer file")
    assert data == dumps_json(wanted)
    assert validate(data) == validate(dumps_json(stack))
    assert error(render(load(data), SIZE, device="cpu"), render(wanted, SIZE, device="cpu")) == 0


def test_fields_that_were_left_out_are_added(show: Callable[..., Viewer]) -> None:
    text = example(2)
    stack = load(text.encode())
    viewer = show(stack)
    code = """text => {
        const document_ = JSON.parse(text), before = stateOf(document_, document_.layers);
        const after = withLayer({ ...before, background: [0, 0.5, 1] }, 1, { visible: false, opacity: 0.5 });
        return [editedText(text, before, before), editedText(text, before, after)];
    }"""
    same, edited = viewer.page.evaluate(code, text)
    assert same == text
    wanted = stack.edit("mist", visible=False, opacity=0.5)
    assert load(edited.encode()).layers == wanted.layers
    assert load(edited.encode()).canvas.background == (0, 0.5, 1)


@pytest.mark.parametrize("engine", ENGINES)
def test_the_png_has_the_size_that_is_asked_for(show: Callable[..., Viewer], mixed: Stack, engine: str) -> None:
    viewer = show(mixed, engine, size=(620, 300))
    wanted = edit_all(viewer)
    viewer.page.get_by_label("px").fill("150")
    name, data = viewer.download("PNG")
    assert name == "Layers.png"
    picture = np.asarray(Image.open(io.BytesIO(data)).convert("RGB"))
    assert error(picture, render(wanted, 150, device="cpu")) < 1
    viewer.page.get_by_label("px").fill("5000")
    viewer.click("PNG")
    assert "1 to 4096 pixels" in viewer.said()


def test_the_svg_has_the_changes(show: Callable[..., Viewer], mixed: Stack) -> None:
    viewer = show(mixed, svg=True)
    _, data = viewer.download("SVG")
    assert psnr(draw_svg(data.decode(), 185), render(mixed, 265, device="cpu")) > 38
    wanted = edit_all(viewer)
    name, data = viewer.download("SVG")
    assert name == "Layers.svg"
    assert psnr(draw_svg(data.decode(), 185), render(wanted, 265, device="cpu")) > 36
    viewer.click("Show hidden")
    viewer.click("Show whole")
    _, data = viewer.download("SVG")
    wanted = wanted.edit("hidden", visible=True).edit("whole", visible=False)
    assert psnr(draw_svg(data.decode(), 185), render(wanted, 265, device="cpu")) > 33


def test_hostile_names_stay_text(show: Callable[..., Viewer], hostile: Stack) -> None:
    viewer = show(hostile, svg=True, title=HOSTILE[0])
    shown = viewer.order()[1:]
    assert shown == [layer.name for layer in reversed(hostile.layers[:-1])]
    assert viewer.page.locator("h1").text_content() == viewer.page.title() == HOSTILE[0]
    for layer in hostile.layers[:-1]:
        viewer.page.get_by_label(f"Colour of {layer.name}", exact=True).fill("#c80010")
    wanted = hostile
    for layer in hostile.layers[:-1]:
        wanted = wanted.edit(layer.id, color=RED)
    viewer.check(wanted)
    assert viewer.page.locator("img").count() == 1
    assert viewer.page.locator("script").count() == 6
    assert viewer.download("Layer file")[1] == dumps_json(wanted)
    assert psnr(draw_svg(viewer.download("SVG")[1].decode(), 185), render(wanted, 265, device="cpu")) > 36


def test_layers_of_unknown_kinds_are_listed_and_marked(show: Callable[..., Viewer], hostile: Stack) -> None:
    viewer = show(hostile)
    assert viewer.order()[0] == "strange sparkle, not drawn here"
    assert "1 of 9 layers cannot be drawn on this page (kind sparkle)." in viewer.page.locator("#notice").inner_text()
    assert viewer.page.get_by_label("Colour of strange", exact=True).is_disabled()
    viewer.click("Move down strange")
    viewer.click("Show strange")
    places = [*hostile.layers[:-2], dataclasses.replace(hostile.layers[-1], visible=False), hostile.layers[-2]]
    assert load(viewer.download("Layer file")[1]).layers == tuple(places)


def test_a_stack_without_layers_is_its_background(show: Callable[..., Viewer]) -> None:
    stack = Stack(Canvas(37, 53, RED))
    viewer = show(stack, svg=True)
    assert "no layers" in viewer.page.locator("#notice").inner_text()
    viewer.check(stack)
    assert draw_svg(viewer.download("SVG")[1].decode(), 37)[5, 5].tolist() == [200, 0, 16]


def test_every_control_has_a_name(show: Callable[..., Viewer], mixed: Stack) -> None:
    viewer = show(mixed, source=np.zeros((53, 37, 3), np.uint8), svg=True)
    for control in viewer.page.locator("button:visible, input:visible, #picture").all():
        snapshot = control.aria_snapshot()
        assert '"' in snapshot, snapshot  # a role and a name


def test_a_narrow_screen_shows_everything(show: Callable[..., Viewer], mixed: Stack) -> None:
    viewer = show(mixed, size=(360, 700))
    assert viewer.page.evaluate("document.documentElement.scrollWidth") <= 360
    viewer.click("Show whole")
    viewer.check(mixed.edit("whole", visible=False))


def test_nothing_can_be_loaded_or_added(show: Callable[..., Viewer], mixed: Stack) -> None:
    viewer = show(mixed)
    code = """async () => {
        const script = document.createElement("script");
        script.textContent = "window.added = true";
        document.body.append(script);
        const loads = (url) => fetch(url).then(() => true, () => false);
        return [window.added ?? false, await loads("https://example.com/"), await loads("data:,x")];
    }"""
    assert viewer.page.evaluate(code) == [False, False, False]
    assert len(viewer.complaints) >= 3  # of the browser, about what it refused
    viewer.complaints.clear()


GROUPS = (Group("head", "Head"), Group("eyes", "", "head"))
WITHIN = {"upright": "head", "overhanging": "head", "faded": "eyes", "hidden": "eyes", "turned": "head"}


@pytest.fixture
def tree(mixed: Stack) -> Stack:
    """The mixed stack with groups, of which one lies in another and comes twice."""
    layers = tuple(dataclasses.replace(layer, group=WITHIN.get(layer.id)) for layer in mixed.layers)
    return dataclasses.replace(mixed, layers=layers, groups=GROUPS)


def named(stack: Stack, group_id: str, name: str) -> Stack:
    """The stack with another name of a group."""
    groups = (dataclasses.replace(group, name=name) if group.id == group_id else group for group in stack.groups)
    return dataclasses.replace(stack, groups=tuple(groups))


def listed(viewer: Viewer) -> list[str]:
    """The names that can be seen in the list, topmost first, each after a dot for each group that it is in."""
    code = """rows => rows.map((row) => "·".repeat(row.style.getPropertyValue("--depth"))
        + row.querySelector(".text").textContent)"""
    return list(viewer.page.locator("#layers > li:not([hidden])").evaluate_all(code))


def click_at(viewer: Viewer, x: float, y: float) -> str:
    """Click a place of the canvas; what was said."""
    viewer.settle()
    view, box = viewer.page.evaluate("vecstack.view"), viewer.page.locator("#picture").bounding_box()
    viewer.page.mouse.click(
        box["x"] + x * view["scale"] - view["left"] + 0.01, box["y"] + y * view["scale"] - view["top"] + 0.01
    )
    viewer.settle()
    return viewer.said()


def test_groups_are_opened_and_closed(show: Callable[..., Viewer], tree: Stack) -> None:
    viewer = show(tree, size=(900, 1300))
    below = ["·eyes", "··hidden", "··faded", "·overhanging", "·upright"]
    middle = ["spline turned", "nothing", "window"]
    assert listed(viewer) == ["Head", "·turned", *middle, "Head", *below, "whole"]
    assert "9 layers in 2 groups" in (viewer.page.locator("#facts").text_content() or "")
    assert viewer.page.locator(".group .count").all_text_contents() == ["1", "4", "2"]
    viewer.click("Layers of group eyes")
    assert listed(viewer) == ["Head", "·turned", *middle, "Head", "·eyes", "·overhanging", "·upright", "whole"]
    fold = viewer.page.get_by_role("button", name="Layers of group Head", exact=True).last
    fold.click()
    assert fold.get_attribute("aria-expanded") == "false"
    assert listed(viewer) == ["Head", *middle, "Head", "whole"]
    viewer.click("Move up whole")  # past all of what is closed
    assert listed(viewer) == ["Head", *middle, "whole", "Head"]
    viewer.check(moved(tree, "whole", 4))
    fold.click()
    viewer.click("Move down whole")
    parted = ["Head", "·eyes", "whole", "Head", "·overhanging", "·upright"]
    assert listed(viewer) == ["Head", "·turned", *middle, *parted]
    assert load(viewer.download("Layer file")[1]).groups == tree.groups


def test_many_layers_begin_closed(show: Callable[..., Viewer]) -> None:
    layers = [block(str(index), Rect(2.0 + index % 20, 9.0, 12.0, 16.0), group="many") for index in range(31)]
    viewer = show(Stack(Canvas(37, 53), tuple(layers), groups=(Group("many", "Many"),)))
    assert listed(viewer) == ["Many"]
    assert viewer.page.locator(".group .count").text_content() == "31"
    assert viewer.page.locator(".layer .opacity").count() == 0  # thousands of controls would hold up the picture
    viewer.click("Layers of group Many")
    assert listed(viewer) == ["Many", *(f"·{index}" for index in reversed(range(31)))]


def test_what_is_drawn_once_is_drawn_no_further_than_asked(show: Callable[..., Viewer]) -> None:
    code = """keep => {
        const grid = { scaleX: 100, scaleY: 100, width: 3700, height: 5300 };
        const picture = new Picture({ tileSize: 512 }, grid, { style: {}, layers: [], keep });
        const tiles = [...picture.tilesOf({ left: 500, top: 20, width: 48, height: 40 }).values()];
        return tiles.map(({ left, top, width, height }) => [left, top, width, height]);
    }"""
    page = show(Stack(Canvas(37, 53), (HIGH,))).page
    assert sorted(page.evaluate(code, False)) == [[500, 20, 12, 40], [512, 20, 36, 40]]
    assert sorted(page.evaluate(code, True)) == [[0, 0, 512, 512], [512, 0, 512, 512]]


LOW = block("low", Rect(4.0, 6.0, 24.0, 30.0), RED, group="eyes")
HIGH = block("high", Rect(10.0, 12.0, 12.0, 14.0), RED[::-1], opacity=0.8, name="High one")
FAINT = block("faint", Rect(4.0, 6.0, 24.0, 30.0), (0.0, 1.0, 0.0), opacity=0.08)
GONE = block("gone", Rect(4.0, 6.0, 24.0, 30.0), (0.0, 1.0, 0.0), visible=False)
SAME = block("same", Rect(11.0, 30.0, 10.0, 5.0), RED)


@pytest.mark.parametrize("has_script", [True, False], ids=["surface", "bitmap"])
def test_a_click_selects_what_shows_there(
    show: Callable[..., Viewer], monkeypatch: pytest.MonkeyPatch, has_script: bool
) -> None:
    if not has_script:
        monkeypatch.setattr(kinds.find_kind("spline"), "web", None)
    viewer = show(Stack(Canvas(37, 53), (LOW, SAME, HIGH, FAINT, GONE), groups=GROUPS), size=(900, 420))
    viewer.click("Layers of group Head")
    selected = viewer.page.locator(".is-selected .text")
    assert click_at(viewer, 16, 18) == "High one"
    assert selected.all_text_contents() == ["High one"]
    assert listed(viewer) == ["gone", "faint", "High one", "same", "Head"]
    assert click_at(viewer, 16, 18) == "Head, eyes, low"
    assert selected.all_text_contents() == ["low"]
    assert listed(viewer) == ["gone", "faint", "High one", "same", "Head", "·eyes", "··low"]
    assert viewer.row("low").evaluate("row => row.getBoundingClientRect().bottom") <= 420  # in sight
    assert click_at(viewer, 16, 18) == "High one"  # and so on from the top
    assert click_at(viewer, 16, 33) == "Head, eyes, low"  # not the one of the colour that is there without it
    viewer.click("Show low")
    assert click_at(viewer, 16, 33) == "same"
    assert click_at(viewer, 2, 50) == "No layer there"
    assert selected.count() == 0
    viewer.click("Zoom in")
    assert click_at(viewer, 16, 18) == "High one"
    viewer.page.get_by_text("same", exact=True).click()
    assert selected.all_text_contents() == ["same"]


def test_a_drag_is_no_click(show: Callable[..., Viewer]) -> None:
    viewer = show(Stack(Canvas(37, 53), (LOW, HIGH), groups=GROUPS))
    box = viewer.page.locator("#picture").bounding_box()
    viewer.page.mouse.move(box["x"] + box["width"] / 2, box["y"] + box["height"] / 2)
    viewer.page.mouse.down()
    viewer.page.mouse.move(box["x"] + box["width"] / 2 + 30, box["y"] + box["height"] / 2, steps=3)
    viewer.page.mouse.up()
    assert viewer.page.locator(".is-selected").count() == 0


@pytest.mark.parametrize("engine", ENGINES)
def test_what_is_selected_is_outlined_for_a_moment(show: Callable[..., Viewer], engine: str) -> None:
    viewer = show(Stack(Canvas(37, 53), (LOW, HIGH), groups=GROUPS), engine, size=(620, 300))
    watch = """() => {
        const paper = picture.getContext("2d");
        const whites = () => {
            const { data } = paper.getImageData(0, 0, picture.width, picture.height);
            let count = 0;
            for (let at = 0; at < data.length; at += 4) count += data[at] + data[at + 1] + data[at + 2] === 765;
            return count;
        };
        window.most = 0;
        const look = () => {
            window.most = Math.max(window.most, whites());
            requestAnimationFrame(look);
        };
        look();
        window.whites = whites;
    }"""
    viewer.page.evaluate(watch)
    assert click_at(viewer, 16, 18) == "High one"
    viewer.page.wait_for_function("() => window.most > 0")
    scale = viewer.page.evaluate("vecstack.view.scale")
    around = 2 * (12 + 14) * scale * 0.9  # of the block where it covers half
    assert viewer.page.evaluate("window.most") == pytest.approx(2 * around, rel=0.25)
    viewer.page.wait_for_function("() => whites() === 0")


def test_a_group_is_hidden_and_shown(show: Callable[..., Viewer], tree: Stack) -> None:
    viewer = show(tree)
    eye = viewer.page.get_by_role("button", name="Show group Head", exact=True).last
    hidden = tree
    for name in WITHIN:
        hidden = hidden.edit(name, visible=False)
    eye.click()
    assert viewer.said() == "Head hidden"
    assert eye.get_attribute("aria-pressed") == "false"
    viewer.check(hidden)
    assert load(viewer.download("Layer file")[1]).layers == hidden.layers
    eye.click()
    viewer.check(tree)  # and what was hidden before is hidden
    viewer.page.get_by_role("button", name="Show only group Head", exact=True).last.click()
    assert viewer.page.locator(".layer:not(.is-hidden)").count() == len(WITHIN)
    alone = tree.with_layers([layer for layer in tree.layers if layer.id in WITHIN])
    seen, (wanted, place) = viewer.screen(), viewer.region(alone.edit("hidden", visible=True))
    assert error(seen[..., :3][place], wanted) < 1


def test_a_group_is_recoloured_and_its_colours_stay_apart(show: Callable[..., Viewer], tree: Stack) -> None:
    viewer = show(tree)
    viewer.page.wait_for_function("() => performance.getEntriesByName('vecstack-thumbnails').length")
    control = viewer.page.get_by_label("Colour of group Head", exact=True).last
    control.fill("#806070")
    assert viewer.said() == "Colour of Head #806070"
    saved = load(viewer.download("Layer file")[1])
    wanted = edit(tree, [Recolor("head", "#806070")])
    for found, layer in zip(saved.layers, wanted.layers, strict=True):
        assert found.color == pytest.approx(layer.color, abs=0.02)  # type: ignore[attr-defined]
        assert dataclasses.replace(found, color=layer.color) == layer  # type: ignore[attr-defined, call-arg]
    viewer.check(saved)
    assert np.abs(np.array(to_color(control.input_value())) * 255 - (128, 96, 112)).max() < 4
    viewer.click("Undo")
    viewer.check(tree)


def test_oklab_is_that_of_python(show: Callable[..., Viewer]) -> None:
    viewer = show(Stack(Canvas(3, 4)))
    colors = np.random.default_rng(0).random((20, 3))
    points = viewer.page.evaluate("colors => colors.map(toOklab)", colors.tolist())
    assert np.abs(np.array(points) - to_oklab(colors)).max() < 1e-6
    stronger = np.array(points) * [1, 3, 3]
    again = viewer.page.evaluate("points => points.map(fromOklab)", stronger.tolist())
    assert np.abs(np.array(again) - to_srgb(in_gamut(stronger))).max() < 1e-3


def test_layers_and_groups_are_renamed(show: Callable[..., Viewer], tree: Stack) -> None:
    viewer = show(tree, title="x")
    viewer.page.get_by_text("spline turned", exact=True).dblclick()
    field = viewer.page.get_by_label("Name of spline turned", exact=True)
    assert (field.input_value(), field.get_attribute("placeholder")) == ("", "spline turned")
    field.fill('A "new" näme 🎈 ')
    viewer.page.keyboard.press("Enter")
    assert viewer.said() == 'spline turned renamed to A "new" näme 🎈'
    viewer.page.get_by_label("Opacity of upright", exact=True).focus()
    viewer.page.keyboard.press("F2")
    viewer.page.keyboard.type("never")
    viewer.page.keyboard.press("Escape")
    assert viewer.page.evaluate("document.activeElement.getAttribute('aria-label')") == "Opacity of upright"
    viewer.page.get_by_role("button", name="Layers of group eyes", exact=True).focus()
    viewer.page.keyboard.press("F2")
    viewer.page.keyboard.type("<b>Augen</b>")
    viewer.page.keyboard.press("Enter")
    viewer.page.get_by_role("button", name="Show group <b>Augen</b>", exact=True).click()
    viewer.click("Undo")
    wanted = named(tree.edit("spline turned", name='A "new" näme 🎈'), "eyes", "<b>Augen</b>")
    assert viewer.download("Layer file")[1] == dumps_json(wanted)
    viewer.click("Undo")
    assert "·eyes" in listed(viewer)
    assert viewer.page.get_by_label('Opacity of A "new" näme 🎈', exact=True).count() == 1
    viewer.click("Undo")
    assert viewer.download("Layer file")[1] == dumps_json(tree)


def test_the_svg_has_the_groups(show: Callable[..., Viewer], tree: Stack) -> None:
    viewer = show(tree, svg=True)
    before = viewer.download("SVG")[1].decode()
    assert psnr(draw_svg(before, 185), render(tree, 265, device="cpu")) > 38
    viewer.page.get_by_text("eyes", exact=True).dblclick()
    viewer.page.keyboard.type("<Eyes>")
    viewer.page.keyboard.press("Enter")
    viewer.page.get_by_text("overhanging", exact=True).dblclick()
    viewer.page.keyboard.type("Over")
    viewer.page.keyboard.press("Enter")
    viewer.click("Move down turned")
    after = viewer.download("SVG")[1].decode()
    inside = r'<g [^>]*id="head[^>]*inkscape:label="Head"[^>]*>\s*<g [^>]*id="([^"]*)"'
    assert re.findall(inside, before) == ["upright", "turned"]
    assert re.findall(inside, after) == ["upright", "turned"]
    assert after.index('id="turned"') < after.index('id="spline_turned"')
    assert [name in after for name in ("&lt;Eyes&gt;", 'label="Over"', 'label="overhanging"')] == [True, True, False]
    found = re.findall(r' id="([^"]+)"', after)
    assert len(found) == len(set(found))
    assert psnr(draw_svg(after, 185), render(moved(tree, "turned", 7), 265, device="cpu")) > 36


def clear_pixels(viewer: Viewer) -> np.ndarray:
    """The picture drawn anew by the page, with its alpha times its colours: [H,W,4]."""
    found = viewer.page.evaluate("size => vecstack.pixels(size)", SIZE)
    return premultiplied(np.array(found["data"], np.uint8).reshape(found["height"], found["width"], 4))


def premultiplied(pixels: np.ndarray) -> np.ndarray:
    alpha = pixels[..., 3:] / 255
    return np.concatenate([pixels[..., :3] * alpha, pixels[..., 3:]], axis=-1)


@pytest.mark.parametrize("engine", ENGINES)
def test_a_transparent_picture_has_no_background(show: Callable[..., Viewer], tree: Stack, engine: str) -> None:
    layers = tuple(layer for layer in tree.layers if layer.id in ("upright", "overhanging", "spline turned", "window"))
    canvas = dataclasses.replace(tree.canvas, transparent=True)
    clear = dataclasses.replace(tree, canvas=canvas, layers=layers)
    viewer = show(clear, engine, size=(620, 300), svg=True)
    wanted = premultiplied(render(clear, SIZE, transparent=True, device="cpu"))
    assert error(clear_pixels(viewer), wanted) < 1
    faded = clear.edit("upright", opacity=0.3)
    viewer.page.get_by_label("Opacity of upright", exact=True).fill("30")
    viewer.settle()
    wanted = premultiplied(render(faded, SIZE, transparent=True, device="cpu"))
    assert error(clear_pixels(viewer), wanted) < 1
    seen, (_, place) = viewer.screen(), viewer.region(faded)
    assert (seen[..., 3][place] == 255).all()  # squares are behind it
    assert "background" not in viewer.download("SVG")[1].decode()
    viewer.page.get_by_label("px").fill("64")
    picture = np.asarray(Image.open(io.BytesIO(viewer.download("PNG")[1])))
    assert error(premultiplied(picture), wanted) < 1
    viewer.page.get_by_label("Transparent").uncheck()
    opaque = dataclasses.replace(faded, canvas=tree.canvas)
    viewer.check(opaque)
    assert 'id="background"' in viewer.download("SVG")[1].decode()
    assert load(viewer.download("Layer file")[1]).canvas.transparent is False
    viewer.click("Undo")
    viewer.page.get_by_label("Background").fill("#c80010")
    viewer.check(dataclasses.replace(opaque, canvas=Canvas(37, 53, RED)))


class DotLayer(SplineLayer):
    """A spline layer of a kind that only these tests have."""

    @property
    def kind(self) -> str:
        return "dot"


@pytest.fixture
def dots(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Callable[[str], Layer]:
    """Gives a layer of the kind "dot", in which a script then draws such layers in a page."""
    layer = make_spline("dot", 4, Affine.of_frame(Rect(4.0, 6.0, 28.0, 33.0)))
    kind = kinds.kind_of(layer)

    def call(script: str) -> Layer:
        path = tmp_path / "dot.js"
        path.write_text(f'"use strict";\n{script}', encoding="utf-8")
        dot = type("DotKind", (type(kind),), {"web": path})()
        find = kinds.find_kind
        for module in (
            "vecstack.kinds",
            "vecstack.document.file",
            "vecstack.document.encode",
            "vecstack.document.decode",
        ):
            monkeypatch.setattr(f"{module}.find_kind", lambda name: dot if name == "dot" else find(name))
        return DotLayer(**{field.name: getattr(layer, field.name) for field in dataclasses.fields(layer)})

    return call


def script_of(kind: str) -> str:
    path = kinds.find_kind(kind).web  # type: ignore[union-attr]
    assert path is not None
    return path.read_text(encoding="utf-8")


def declared(script: str) -> set[str]:
    """The names that a script declares outside functions."""
    return set(re.findall(r"^(?:async )?(?:const|let|class|function\*?) (\w+)", script, re.MULTILINE))


@pytest.mark.parametrize("engine", ENGINES)
def test_the_script_of_a_kind_may_use_any_name(
    show: Callable[..., Viewer], dots: Callable[[str], Layer], mixed: Stack, engine: str
) -> None:
    spline = script_of("spline")
    script = spline.replace('kinds.set("spline"', 'kinds.set("dot"')
    script += "\nfunction sigmoid(height) { return 1 / (1 + Math.exp(-height)); }"
    core = [(FOLDER / name).read_text(encoding="utf-8") for name in (*SHARED, *PAGE, "worker.js")]
    names = set().union(*map(declared, (*core, spline, script_of("mask"))))
    assert {"sigmoid", "SplineSurface"} <= names & declared(script)
    others = sorted(name for name in names if not re.search(rf"\b{name}\b", script))
    assert {"CHUNK", "MaskSurface", "Plane", "STEEP", "scene", "start"} <= set(others)
    script += "".join(f"\nconst {name} = null;" for name in others)
    stack = mixed.with_layers([*mixed.layers[:2], dots(script), *mixed.layers[2:]])
    viewer = show(stack, engine, size=(620, 300))
    assert viewer.page.evaluate("vecstack.engine") == engine
    viewer.check(stack)


# A surface of many colours: the spline's, red from left to right and green from top to bottom.
COLORS = """
class ColoredSurface extends SplineSurface {
  colors(us, vs, count, out) {
    for (let point = 0; point < count; point++) out.set([(us[point] + 1) / 2, (vs[point] + 1) / 2, 0], 3 * point);
  }
}
const GLSL = `${SPLINE_GLSL}
vec3 color(vec2 place) { return vec3((place + 1.0) / 2.0, 0.0); }`;
const { plan } = kinds.get("dot").glsl;
kinds.set("dot", { prepare: (layer) => new ColoredSurface(layer), glsl: { source: GLSL, plan, hasColors: true } });"""


def many_colored(monkeypatch: pytest.MonkeyPatch, kind: str) -> None:
    """Let layers of a kind be of many colours."""
    monkeypatch.setattr(
        "vecstack.exporting.html.page.color_of",
        lambda layer: None if layer.kind == kind else layer.color,
    )


@pytest.mark.parametrize(
    ("asked", "has_glsl", "engine"),
    [("script", True, "script"), ("webgl2", True, "webgl2"), ("webgl2", False, "script")],
)
def test_a_surface_gives_colours_of_its_own(
    show: Callable[..., Viewer],
    dots: Callable[[str], Layer],
    monkeypatch: pytest.MonkeyPatch,
    asked: str,
    has_glsl: bool,
    engine: str,
) -> None:
    many_colored(monkeypatch, "dot")
    script = script_of("spline").replace('kinds.set("spline"', 'kinds.set("dot"') + COLORS
    layer = dots(script if has_glsl else script.replace("hasColors: true", "hasColors: false"))
    stack = Stack(Canvas(37, 53, RED), (layer,))
    viewer = show(stack, asked, size=(620, 300))
    assert viewer.page.evaluate("vecstack.engine") == engine
    assert ("cannot draw one of the kinds" in viewer.page.locator("#notice").inner_text()) != has_glsl

    def wanted(opacity: float) -> np.ndarray:
        alpha = render(stack, SIZE, transparent=True, device="cpu")[..., 3:] / 255 * opacity
        rows, columns = alpha.shape[:2]
        red = ((np.arange(columns) + 0.5) * 37 / columns - 4) / 28
        green = ((np.arange(rows) + 0.5) * 53 / rows - 6) / 33
        colors = np.stack(np.broadcast_arrays(red, green[:, None], 0.0), -1)
        return 255 * (np.array(RED) * (1 - alpha) + colors * alpha)

    assert np.abs(viewer.pixels() - wanted(1.0)).max() < 2
    for opacity in (0.5, 0.4):  # the second time, what lies around the layer is known
        viewer.page.get_by_label("Opacity of dot", exact=True).fill(str(round(100 * opacity)))
        viewer.settle()
        assert np.abs(viewer.pixels() - wanted(opacity)).max() < 2
    middle = viewer.screen()[75:-75, ::8, :3]
    assert (np.abs(np.diff(middle.astype(int), axis=1)).max(axis=(0, 2)) > 0).any()


@pytest.mark.parametrize("has_color", [True, False], ids=["one colour", "many colours"])
@pytest.mark.parametrize("engine", ENGINES)
def test_a_layer_without_a_script_is_drawn_from_a_bitmap(
    show: Callable[..., Viewer], mixed: Stack, monkeypatch: pytest.MonkeyPatch, engine: str, has_color: bool
) -> None:
    monkeypatch.setattr(kinds.find_kind("spline"), "web", None)
    if not has_color:
        many_colored(monkeypatch, "spline")
    viewer = show(mixed, engine, size=(620, 300))
    assert viewer.page.evaluate("vecstack.engine") == engine
    viewer.check(mixed)
    found = viewer.pixels().astype(int)
    assert np.abs(found - render(mixed, SIZE, device="cpu")).max() <= 3
    if has_color:
        viewer.page.get_by_label("Colour of upright", exact=True).fill("#c80010")
        mixed = mixed.edit("upright", color=RED)
    viewer.page.get_by_label("Opacity of upright", exact=True).fill("30")
    viewer.click("Move down spline turned")
    viewer.check(moved(mixed.edit("upright", opacity=0.3), "spline turned", len(mixed.layers) - 3))


PATH_ENGINES = ["", *ENGINES]  # the page's own choice is the browser's rasteriser


@pytest.mark.parametrize("engine", PATH_ENGINES)
def test_paths_are_drawn_by_the_browser(show: Callable[..., Viewer], engine: str) -> None:
    paths = Stack(Canvas(37, 53, (0.9, 0.8, 0.7)), path_examples()[0])
    viewer = show(paths, engine, size=(620, 300))
    assert viewer.page.evaluate("vecstack.engine") == (engine or "canvas")
    viewer.check(paths)
    viewer.click("Show upright")
    viewer.page.get_by_label("Opacity of faded", exact=True).fill("30")
    viewer.page.get_by_label("Colour of overhanging", exact=True).fill("#c80010")
    edited = paths.edit("upright", visible=False).edit("faded", opacity=0.3).edit("overhanging", color=RED)
    viewer.check(edited)
    viewer.page.wait_for_function("() => performance.getEntriesByName('vecstack-thumbnails').length")


@pytest.mark.parametrize("engine", ["", "script"])
def test_items_are_drawn_by_the_browser(show: Callable[..., Viewer], engine: str) -> None:
    items = Stack(Canvas(37, 53, (0.9, 0.8, 0.7)), *item_examples())
    viewer = show(items, engine, size=(620, 300), svg=True)
    assert viewer.page.evaluate("vecstack.engine") == (engine or "canvas")
    viewer.check(items)
    viewer.click("Show upright")
    viewer.page.get_by_label("Opacity of turned", exact=True).fill("30")
    viewer.page.get_by_label("Colour of plain", exact=True).fill("#c80010")
    edited = items.edit("upright", visible=False).edit("turned", opacity=0.3).edit("plain", color=RED)
    viewer.check(edited)
    viewer.page.wait_for_function("() => performance.getEntriesByName('vecstack-thumbnails').length")
    _, svg = viewer.download("SVG")
    assert error(draw_svg(svg.decode(), 185), render(edited, 265, device="cpu")) < 1.5


@pytest.mark.parametrize("engine", ENGINES)
def test_paths_lie_among_other_layers(show: Callable[..., Viewer], mixed: Stack, engine: str) -> None:
    below, above = mixed.layers[0], mixed.layers[-1]
    others = dataclasses.replace(mixed, layers=(below, *path_examples()[0][:3], above), thumbnail=None)
    show(others, engine, size=(620, 300)).check(others)


@pytest.mark.parametrize("engine", PATH_ENGINES)
def test_paths_are_sharp_at_a_deep_zoom(show: Callable[..., Viewer], engine: str) -> None:
    paths = Stack(Canvas(37, 53, (0.9, 0.8, 0.7)), path_examples()[0][:4])
    viewer = show(paths, engine, size=(500, 300))
    view, density = viewer.page.evaluate("vecstack.view"), viewer.page.evaluate("devicePixelRatio")
    box = viewer.page.locator("#picture").bounding_box()
    x, y = (33.7 * view["scale"] - view["left"]) / density, (15 * view["scale"] - view["top"]) / density
    viewer.page.mouse.move(box["x"] + round(x), box["y"] + round(y))
    for delta in (300, 600, 600, 600, 600, 600, 600):
        viewer.page.mouse.wheel(0, -delta)
    viewer.settle()
    view = viewer.page.evaluate("vecstack.view")
    viewer.page.mouse.down()  # rounding has led away from the edge
    viewer.page.mouse.move(
        box["x"] + round(x) + round(box["width"] / 2 - (33.7 * view["scale"] - view["left"]) / density),
        box["y"] + round(y) + round(box["height"] / 2 - (15 * view["scale"] - view["top"]) / density),
    )
    viewer.page.mouse.up()
    viewer.settle()
    seen, (wanted, part) = viewer.screen(), viewer.region(paths)
    assert viewer.page.evaluate("vecstack.view.scale") > 50_000
    assert wanted.std() > 5  # the edge is there
    assert error(seen[part][..., :3], wanted) < 1.5


def test_a_page_of_many_paths_saves_an_svg_with_their_changes(show: Callable[..., Viewer]) -> None:
    paths = Stack(Canvas(37, 53, (0.9, 0.8, 0.7)), path_examples()[0])
    viewer = show(paths, "", svg=True)
    viewer.page.get_by_label("Colour of overhanging", exact=True).fill("#c80010")
    viewer.click("Show hidden")
    text = viewer.download("SVG")[1].decode()
    edited = paths.edit("overhanging", color=RED).edit("hidden", visible=True)
    assert error(draw_svg(text, 37), render(edited, 53, device="cpu")) < 1.5


@pytest.fixture
def paths() -> Stack:
    """Paths in a group, two of them with gradients."""
    layers = (dataclasses.replace(layer, group="eyes") for layer in path_examples()[0])
    return Stack(Canvas(37, 53, (0.9, 0.8, 0.7)), tuple(layers), groups=GROUPS)


def test_a_click_finds_a_path_and_not_its_hole(show: Callable[..., Viewer], paths: Stack) -> None:
    viewer = show(paths, "", size=(900, 420))
    assert click_at(viewer, 17, 40) == "Head, eyes, upright"
    assert click_at(viewer, 5, 28) == "Head, eyes, upright"
    assert click_at(viewer, 11, 28) == "No layer there"  # the hole
    assert click_at(viewer, 36, 2) == "No layer there"
    viewer.click("Show turned")
    assert click_at(viewer, 17, 28) == "No layer there"
    assert click_at(viewer, 22, 17) == "Head, eyes, faded"
    assert click_at(viewer, 22, 17) == "Head, eyes, upright"


@pytest.mark.parametrize("engine", PATH_ENGINES)
@pytest.mark.parametrize("called", ["group Head", "turned"])
def test_gradients_are_recoloured(show: Callable[..., Viewer], paths: Stack, engine: str, called: str) -> None:
    viewer = show(paths, engine, size=(620, 300), svg=True)
    viewer.page.wait_for_function("() => performance.getEntriesByName('vecstack-thumbnails').length")
    viewer.page.get_by_label(f"Colour of {called}", exact=True).fill("#806070")
    saved = load(viewer.download("Layer file")[1])
    wanted = edit(paths, [Recolor(called.removeprefix("group "), "#806070")])
    for found, layer in zip(saved.layers, wanted.layers, strict=True):
        assert colors_of(found) == pytest.approx(colors_of(layer), abs=0.03)
    assert [found == layer for found, layer in zip(saved.layers, paths.layers, strict=True)] == [
        called == "turned" and layer.id != "turned" for layer in paths.layers
    ]
    viewer.check(saved)
    text = viewer.download("SVG")[1].decode()
    assert error(draw_svg(text, 37), render(saved, 53, device="cpu")) < 1.5
    viewer.click("Undo")
    viewer.check(paths)


def colors_of(layer: Layer) -> list[float]:
    """The numbers of a path's colours."""
    found: list[float] = []
    kinds.kind_of(layer).recolored(layer, lambda color: found.extend(color) or color)
    return found


@pytest.mark.parametrize("engine", PATH_ENGINES)
def test_transparent_paths_have_no_background(show: Callable[..., Viewer], paths: Stack, engine: str) -> None:
    clear = dataclasses.replace(paths, canvas=Canvas(37, 53, transparent=True))
    viewer = show(clear, engine, size=(620, 300))
    assert error(clear_pixels(viewer), premultiplied(render(clear, SIZE, transparent=True, device="cpu"))) < 1.5


def test_a_bitmap_is_averaged_over_a_pixel(show: Callable[..., Viewer], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(kinds.find_kind("spline"), "web", None)
    surface = tuple(tuple(1e4 * (-1) ** ((row + column) // 2) for column in range(40)) for row in range(40))
    rect = Rect(0.0, 0.0, 37.0, 53.0)
    layer = SplineLayer(id="stripes", color=RED, surface=surface, transform=Affine.of_frame(rect), window=0.001)
    stack = Stack(Canvas(37, 53), (layer,))
    fine = render(stack, viewport=Viewport(rect, 37 * 16, 53 * 16), device="cpu")
    wanted = fine.reshape(53, 16, 37, 16, 3).mean(axis=(1, 3))
    for engine in ENGINES:
        found = show(stack, engine, size=(420, 180)).pixels(53)
        assert np.abs(found - wanted).max() < 3  # both sides are sampled; a pixel's centre alone is up to 98 off


def test_a_layer_of_many_colours_keeps_them(
    show: Callable[..., Viewer], mixed: Stack, monkeypatch: pytest.MonkeyPatch
) -> None:
    many_colored(monkeypatch, "spline")
    monkeypatch.setattr(kinds.find_kind("spline"), "web", None)
    viewer = show(mixed, svg=True)
    control = viewer.page.get_by_label("Colour of upright", exact=True)
    assert control.is_disabled()
    assert control.get_attribute("title") == "This layer has colours of its own"
    assert viewer.page.get_by_label("Colour of whole", exact=True).is_enabled()
    viewer.page.wait_for_function("() => performance.getEntriesByName('vecstack-thumbnails').length")
    code = "canvas => [...canvas.getContext('2d').getImageData(0, 0, canvas.width, canvas.height).data]"
    thumbnail = np.array(viewer.row("upright").locator("canvas").evaluate(code)).reshape(-1, 4)
    covered = thumbnail[thumbnail[:, 3] > 128]
    assert len(covered) > 50
    color = np.array(mixed.layer("upright").color) * 255  # type: ignore[attr-defined]
    assert np.abs(covered[:, :3] - color).max() < 4
    before = viewer.download("SVG")[1].decode()
    viewer.page.get_by_label("Opacity of upright", exact=True).fill("30")
    viewer.click("Show overhanging")
    viewer.page.get_by_label("Colour of whole", exact=True).fill("#c80010")
    wanted = mixed.edit("upright", opacity=0.3).edit("overhanging", visible=False).edit("whole", color=RED)
    viewer.check(wanted)
    assert viewer.download("Layer file")[1] == dumps_json(wanted)
    fills = [
        re.findall(r'<rect[^>]* fill="([^"]*)" mask=', text) for text in (before, viewer.download("SVG")[1].decode())
    ]
    changed = [(old, new) for old, new in zip(*fills, strict=True) if old != new]
    assert [new for _, new in changed] == ["#c80010"]
    viewer.click("Undo")
    viewer.click("Undo")
    viewer.check(mixed.edit("upright", opacity=0.3))
