from __future__ import annotations

import dataclasses
import re
import shutil
import subprocess
import zlib
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pypdfium2
import pytest
from PIL import Image

from tests.exporting.conftest import BLUE, CANVAS, HOSTILE, RED
from tests.helpers import block, psnr
from tests.kinds.path.examples import examples
from vecstack import Canvas, Stack, render
from vecstack.errors import ExportError, UsageError
from vecstack.exporting.pdf import to_pdf
from vecstack.geometry import Affine, Rect
from vecstack.stack import UnknownLayer

DPI = 5 * 72  # 5 pixels a canvas unit
needs_poppler = pytest.mark.skipif(shutil.which("pdftoppm") is None, reason="pdftoppm (poppler) is not installed")


def draw(data: bytes, folder: Path, program: str = "pdftoppm", dpi: int = DPI) -> np.ndarray:
    """The picture that another program makes of a PDF."""
    (folder / "made.pdf").write_bytes(data)
    words = [program, "-png", "-r", str(dpi), "-singlefile", str(folder / "made.pdf"), str(folder / "drawn")]
    done = subprocess.run(words, check=True, capture_output=True, timeout=600)
    assert done.stderr == b""
    return np.asarray(Image.open(folder / "drawn.png").convert("RGB"))


def objects(data: bytes) -> dict[int, bytes]:
    """The objects of a PDF, found by its table, which is checked on the way."""
    assert data.startswith(b"%PDF-1.7\n")
    start = int(re.search(rb"startxref\n(\d+)\n%%EOF\n$", data)[1])  # type: ignore[index]
    head = re.match(rb"xref\n0 (\d+)\n0000000000 65535 f \n", data[start:])
    assert head is not None
    count, found = int(head[1]), {}
    for index in range(1, count):
        entry = data[start + head.end() + 20 * (index - 1) :][:20]
        assert re.fullmatch(rb"\d{10} 00000 n \n", entry)
        place = int(entry[:10])
        prefix = b"%d 0 obj\n" % index
        assert data[place : place + len(prefix)] == prefix
        found[index] = content(data[place + len(prefix) :])
    trailer = data[start:].split(b"trailer\n")[1]
    assert b"/Size %d " % count in trailer
    for reference in re.findall(rb"(\d+) 0 R", b"".join(map(dictionary, found.values())) + trailer):
        assert int(reference) in found
    assert data.count(b" 0 obj\n") == count - 1
    return found


def content(rest: bytes) -> bytes:
    """What an object is, up to its end; a stream's length is what its dictionary says."""
    length = re.match(rb"<<[^\n]*/Length (\d+) >>\nstream\n", rest)
    if length is None:
        return rest[: rest.index(b"\nendobj\n")]
    end = length.end() + int(length[1])
    assert rest[end:].startswith(b"\nendstream\nendobj\n")
    return rest[:end]


def dictionary(item: bytes) -> bytes:
    return item.split(b"\nstream\n")[0]


def stream(item: bytes) -> bytes:
    return zlib.decompress(item.split(b"\nstream\n", 1)[1])


def names(data: bytes) -> list[str]:
    """Names of the groups in the order of the list that is shown."""
    items = objects(data)
    order = re.search(rb"/Order \[([^]]*)\]", b"".join(map(dictionary, items.values())))
    assert order is not None
    groups = [items[int(number)] for number in re.findall(rb"(\d+) 0 R", order[1])]
    texts = [re.fullmatch(rb"<< /Type /OCG /Name <([0-9A-F]+)> >>", group)[1] for group in groups]  # type: ignore[index]
    return [bytes.fromhex(text.decode()).decode("utf-16") for text in texts]


@needs_poppler
@pytest.mark.parametrize("name", ["stack", "mixed", "digit", "painted"])
def test_another_program_draws_what_we_draw(stacks: Callable[[str], Stack], name: str, tmp_path: Path) -> None:
    stack = stacks(name)
    found = draw(to_pdf(stack, device="cpu"), tmp_path)
    wanted = render(stack, 5 * max(stack.canvas.width, stack.canvas.height), device="cpu")
    assert found.shape == wanted.shape
    assert psnr(found, wanted) > 38


@pytest.mark.skipif(shutil.which("pdftocairo") is None, reason="pdftocairo (poppler) is not installed")
def test_a_program_that_rounds_to_nearest_comes_closer(painted: Stack, tmp_path: Path) -> None:
    found = draw(to_pdf(painted, device="cpu"), tmp_path, "pdftocairo")
    assert psnr(found, render(painted, 265, device="cpu")) > 44


@pytest.mark.slow
@pytest.mark.parametrize("name", ["stack", "mixed", "painted"])
def test_the_file_is_well_formed(stacks: Callable[[str], Stack], name: str) -> None:
    stack = stacks(name)
    items = objects(to_pdf(stack, title="A title", device="cpu"))
    for item in items.values():
        head = dictionary(item)
        assert (head.count(b"<<"), head.count(b"[")) == (head.count(b">>"), head.count(b"]"))
        if b"/Subtype /Image" in head:
            height = int(re.search(rb"/Height (\d+)", head)[1])  # type: ignore[index]
            width = int(re.search(rb"/Width (\d+)", head)[1])  # type: ignore[index]
            assert len(stream(item)) == height * (1 + width)
            assert max(width, height) <= 1024
            assert b"/Interpolate true" in head
    assert sum(b"/Type /OCG" in item for item in items.values()) == len(stack.layers) + 1
    (leaf,) = (item for item in items.values() if b"/Type /Page " in item)
    drawn = stream(items[int(re.search(rb"/Contents (\d+)", leaf)[1])])  # type: ignore[index]
    assert drawn.count(b" BDC\n") == drawn.count(b"\nEMC") == len(stack.layers) + 1
    for used in set(re.findall(rb"/R\d+", drawn)):
        assert used + b" " in leaf


@pytest.mark.slow
def test_the_bytes_are_the_same_each_time(mixed: Stack) -> None:
    assert to_pdf(mixed, title="x", device="cpu") == to_pdf(mixed, title="x", device="cpu")
    assert to_pdf(mixed, title="x", device="cpu") != to_pdf(mixed, title="y", device="cpu")


@needs_poppler
def test_hidden_layers_are_off_and_opacity_is_kept(tmp_path: Path) -> None:
    stack = Stack(CANVAS, (dataclasses.replace(RED, opacity=0.375), dataclasses.replace(BLUE, visible=False)))
    data = to_pdf(stack, device="cpu")
    assert psnr(draw(data, tmp_path), render(stack, 265, device="cpu")) > 40
    shown = re.sub(rb"/OFF \[[^]]*\]", lambda found: b"/OFF []".ljust(len(found[0])), data)
    assert shown != data
    visible = stack.edit("blue", visible=True)
    assert psnr(draw(shown, tmp_path), render(visible, 265, device="cpu")) > 40


@pytest.mark.slow
def test_groups_have_the_names_of_the_layers_the_top_one_first(mixed: Stack) -> None:
    assert names(to_pdf(mixed, device="cpu")) == [layer.id for layer in reversed(mixed.layers)] + ["Background"]
    named = Stack(CANVAS, (dataclasses.replace(RED, name="Die Sonne \u2600 \U0001f388"), BLUE))
    assert names(to_pdf(named, device="cpu")) == ["blue", "Die Sonne \u2600 \U0001f388", "Background"]


@pytest.mark.slow
def test_hostile_names_stay_names(tmp_path: Path) -> None:
    hostile = [
        *HOSTILE,
        ("(", ") Tj \\( <</JS (app.alert(1))>>"),
        ("endobj", "endstream endobj xref %%EOF"),
        ("w", "w" * 1024),
    ]
    layers = tuple(block(name, Rect(2.0, 3.0, 9.0, 12.0), (0.0, 1.0, 0.0), name=text) for name, text in hostile)
    data = to_pdf(Stack(CANVAS, layers), title="(a\\b) \ud800", device="cpu")
    found = names(data)[-2::-1]
    assert found == [
        (text or name).translate(dict.fromkeys((0xFFFE, 0xFFFF, 0xD800), "\ufffd")) for name, text in hostile
    ]
    assert b"JS" not in b"".join(map(dictionary, objects(data).values()))


@pytest.mark.parametrize(
    ("sides", "box"),
    [
        ((37, 53), "[0 0 37 53]"),
        ((28_800, 14_400), "[0 0 14400 7200]"),
        ((1, 2), "[0 0 3 6]"),
        ((1_000_000, 1), "[0 0 14400 .0144]"),
    ],
)
def test_the_page_has_the_shape_of_the_canvas(sides: tuple[int, int], box: str) -> None:
    data = to_pdf(Stack(Canvas(*sides)), size=64, device="cpu")
    assert f"/MediaBox {box} ".encode() in data


def test_a_mask_takes_no_more_of_the_page_than_it_covers(tmp_path: Path) -> None:
    items = objects(to_pdf(Stack(CANVAS, (RED,)), size=530, device="cpu"))
    (image,) = (item for item in items.values() if b"/Subtype /Image" in item)
    assert b"/Width 200 /Height 300 " in image


def test_a_layer_that_covers_nothing_is_written(tmp_path: Path) -> None:
    outside = block("outside", Rect(100.0, 0.0, 20.0, 20.0), (0.0, 1.0, 0.0))
    assert names(to_pdf(Stack(CANVAS, (RED, outside)), device="cpu")) == ["outside", "red", "Background"]


@needs_poppler
def test_a_layer_of_several_colours_is_a_picture(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    def colorful(*arguments: object, **options: object) -> np.ndarray:
        pixels = np.full((106, 74, 4), 65535, np.uint16)
        pixels[:, 37:, :3] = (0, 65535, 0)
        pixels[53:, :, 3] = 0
        return pixels

    monkeypatch.setattr("vecstack.exporting.pdf.draw_alone", colorful)
    found = draw(to_pdf(Stack(CANVAS, (RED,)), size=106, device="cpu"), tmp_path)
    for place, color in (((60, 40), (255, 255, 255)), ((60, 140), (0, 255, 0)), ((200, 90), (230, 102, 26))):
        assert np.abs(found[place].astype(int) - color).max() <= 2


@needs_poppler
def test_a_stack_without_layers_is_its_background(tmp_path: Path) -> None:
    found = draw(to_pdf(Stack(CANVAS), device="cpu"), tmp_path, dpi=72)
    assert found.shape == (53, 37, 3)
    assert (found == (230, 102, 26)).all()


def test_a_transparent_canvas_has_no_background() -> None:
    clear = dataclasses.replace(CANVAS, transparent=True)
    opaque, bare = to_pdf(Stack(CANVAS, (RED,)), device="cpu"), to_pdf(Stack(clear, (RED,)), device="cpu")
    background = "Background".encode("utf-16-be").hex().upper().encode()
    assert background in opaque
    assert background not in bare
    assert to_pdf(Stack(clear), device="cpu").startswith(b"%PDF")


def test_unknown_kinds_are_left_out() -> None:
    strange = UnknownLayer(id="strange", unknown_kind="hologram", transform=Affine.of_frame(CANVAS.rect))
    assert to_pdf(Stack(CANVAS, (strange, RED)), device="cpu") == to_pdf(Stack(CANVAS, (RED,)), device="cpu")
    with pytest.raises(ExportError, match="none of the layers is of a kind"):
        to_pdf(Stack(CANVAS, (strange,)), device="cpu")


@pytest.mark.parametrize("size", [0, -1, 10**9])
def test_sizes_that_cannot_be_are_refused(size: int) -> None:
    with pytest.raises(UsageError, match=r"^size must be"):
        to_pdf(Stack(CANVAS, (RED,)), size=size, device="cpu")


def test_paths_are_curves_and_gradients_are_shadings() -> None:
    stack = Stack(CANVAS, *examples())
    data = to_pdf(stack, device="cpu")
    items = objects(data)
    assert not any(b"/Subtype /Image" in item for item in items.values())
    assert sorted(re.findall(rb"/ShadingType (\d)", b"".join(items.values()))) == [b"2", b"3"]
    page = pypdfium2.PdfDocument(data)[0]
    drawn = np.asarray(page.render(scale=10).to_pil().convert("RGB"))
    wanted = render(stack, 530, transparent=False, device="cpu")
    assert psnr(drawn, wanted) > 40


def test_a_page_has_the_width_that_is_asked_for() -> None:
    data = to_pdf(Stack(CANVAS, *examples()), width_mm=37 * 25.4, device="cpu")
    assert b"/MediaBox [0 0 2664 3816] " in data
    with pytest.raises(UsageError, match=r"^width_mm must be|PDF's sides"):
        to_pdf(Stack(CANVAS, *examples()), width_mm=1e5, device="cpu")
