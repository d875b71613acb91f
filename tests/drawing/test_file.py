import dataclasses
import io
import os
import pickle
import subprocess
import sys

import numpy as np
import pytest
from PIL import Image

from vecstack.drawing.file import render_to_file, thumbnail_png, with_thumbnail
from vecstack.drawing.render import render
from vecstack.drawing.viewport import Viewport
from vecstack.errors import ExportError, UsageError
from vecstack.geometry import Rect
from vecstack.stack import Canvas, Stack

VIEWPORT = Viewport(Rect(2.0, -3.0, 37.0, 53.0), 74, 150)  # three strips
ENDINGS = ["png", "PNG", "tif", "tiff", "jpg", "jpeg", "webp"]


class Pipe(io.RawIOBase):
    """A stream that can only be written to, as a pipe is."""

    def __init__(self, room=10**9):
        self.data, self.room = bytearray(), room

    def writable(self):
        return True

    def write(self, data):
        if len(self.data) + len(data) > self.room:
            raise BrokenPipeError(32, "Broken pipe")
        self.data += data
        return len(data)

    def seek(self, *_):
        raise AssertionError("a pipe does not seek")

    tell = seek


def draw(stack, target, **options):
    render_to_file(stack, target, VIEWPORT, device="cpu", **options)


def read(source):
    with Image.open(source) as image:
        return np.asarray(image)


@pytest.mark.parametrize("ending", ENDINGS)
def test_the_ending_chooses_the_format(stack, tmp_path, ending):
    path = tmp_path / f"out.{ending}"
    draw(stack, path)
    with Image.open(path) as image:
        wanted = {"tif": "TIFF", "jpg": "JPEG"}.get(ending, ending.upper())
        assert (image.format, image.size, image.mode) == (wanted, (74, 150), "RGB")


@pytest.mark.slow
@pytest.mark.parametrize("transparent", [False, True])
@pytest.mark.parametrize("ending", ["png", "tiff"])
def test_lossless_files_hold_the_rendered_pixels(stack, tmp_path, ending, transparent):
    path = tmp_path / f"out.{ending}"
    draw(stack, path, transparent=transparent)
    assert np.array_equal(read(path), render(stack, viewport=VIEWPORT, transparent=transparent, device="cpu"))


@pytest.mark.parametrize(("ending", "mean_error"), [("jpg", 1.5), ("webp", 4.0)])  # levels; their usual loss
def test_lossy_files_are_near_the_rendered_pixels(stack, tmp_path, ending, mean_error):
    path = tmp_path / f"out.{ending}"
    draw(stack, path)
    assert np.abs(read(path).astype(int) - render(stack, viewport=VIEWPORT, device="cpu")).mean() < mean_error


@pytest.mark.slow
def test_webp_keeps_transparency(stack, tmp_path):
    draw(stack, tmp_path / "out.webp", transparent=True)
    expected = render(stack, viewport=VIEWPORT, transparent=True, device="cpu")
    assert np.array_equal(read(tmp_path / "out.webp")[..., 3], expected[..., 3])


@pytest.mark.parametrize(("ending", "mode"), [("png", "RGBA"), ("tiff", "RGBA"), ("webp", "RGBA"), ("jpg", "RGB")])
def test_a_transparent_canvas_has_alpha_where_the_format_has(stack, tmp_path, ending, mode):
    clear = dataclasses.replace(stack, canvas=dataclasses.replace(stack.canvas, transparent=True))
    draw(clear, tmp_path / f"out.{ending}")
    draw(clear, tmp_path / f"told.{ending}", transparent=False)
    draw(stack, tmp_path / f"opaque.{ending}")
    with Image.open(tmp_path / f"out.{ending}") as image:
        assert image.mode == mode
    assert (tmp_path / f"told.{ending}").read_bytes() == (tmp_path / f"opaque.{ending}").read_bytes()
    if mode == "RGB":
        assert (tmp_path / f"out.{ending}").read_bytes() == (tmp_path / f"opaque.{ending}").read_bytes()


def test_the_thumbnail_of_a_transparent_canvas_is_transparent(stack):
    clear = dataclasses.replace(stack, canvas=dataclasses.replace(stack.canvas, transparent=True))
    assert read(io.BytesIO(thumbnail_png(clear, 53))).shape == (53, 37, 4)


@pytest.mark.parametrize(("side", "thumbnail_side"), [(32, 28), (33, 64)])
def test_the_thumbnail_of_a_small_picture_is_smaller(side, thumbnail_side):
    png = with_thumbnail(Stack(Canvas(side, side))).thumbnail
    assert read(io.BytesIO(png)).shape[:2] == (thumbnail_side, thumbnail_side)


def test_jpeg_keeps_colours_at_full_resolution(stack, tmp_path):
    draw(stack, tmp_path / "out.jpg")
    with Image.open(tmp_path / "out.jpg") as image:
        assert {part[1:3] for part in image.layer} == {(1, 1)}


@pytest.mark.slow
@pytest.mark.parametrize("ending", ["png", "tiff", "jpeg", "webp"])
def test_a_stream_that_cannot_seek_gets_the_file_s_bytes(stack, tmp_path, ending):
    path, pipe = tmp_path / f"out.{ending}", Pipe()
    draw(stack, path)
    draw(stack, pipe, format=ending)
    assert bytes(pipe.data) == path.read_bytes()


def test_a_file_object_keeps_what_it_held(stack):
    file = io.BytesIO()
    file.write(b"before")
    draw(stack, file, format="tiff")
    assert file.getvalue()[:8] == b"beforeII"
    assert read(io.BytesIO(file.getvalue()[6:])).shape == (150, 74, 3)


def test_the_format_goes_before_the_ending(stack, tmp_path):
    draw(stack, tmp_path / "out.dat", format="png")
    with Image.open(tmp_path / "out.dat") as image:
        assert image.format == "PNG"


@pytest.mark.parametrize(
    ("name", "options", "error", "message"),
    [
        (
            "out.gif",
            {},
            ExportError,
            "'gif' is not a .* use png, tiff, webp or jpeg, or write gif files with",
        ),
        ("out", {}, ExportError, "out has no suffix that tells its format; use png, tiff, webp or jpeg"),
        ("out.png", {"format": "bmp"}, ExportError, "'bmp'"),
        ("out.jpg", {"transparent": True}, UsageError, "jpeg cannot hold transparency.*png, tiff or webp"),
        ("out.jpg", {"depth": 16}, UsageError, "jpeg cannot hold 16 bits.*png or tiff"),
        ("out.webp", {"depth": 16}, UsageError, "webp cannot hold 16 bits.*png or tiff"),
        ("out.png", {"depth": 9}, UsageError, "^depth must be 8 or 16"),
    ],
)
def test_what_a_format_cannot_hold_is_refused_before_a_file_appears(stack, tmp_path, name, options, error, message):
    with pytest.raises(error, match=message):
        draw(stack, tmp_path / name, **options)
    assert list(tmp_path.iterdir()) == []


@pytest.mark.slow
@pytest.mark.parametrize(("ending", "limit"), [("webp", 16_383), ("jpg", 65_500)])
def test_a_side_past_the_format_s_limit_is_refused_with_the_way_out(stack, tmp_path, ending, limit):
    region = Rect(0, 0, 37, 53)
    path = tmp_path / f"out.{ending}"
    with pytest.raises(ExportError, match=f"at most {limit:,} px a side, not 1 x {limit + 1:,}; use png"):
        render_to_file(stack, path, Viewport(region, 1, limit + 1), device="cpu")
    assert list(tmp_path.iterdir()) == []
    render_to_file(stack, path, Viewport(region, 1, limit), device="cpu")
    with Image.open(path) as image:
        assert image.size == (1, limit)


def test_a_side_past_every_limit_is_a_usage_error(stack, tmp_path):
    with pytest.raises(UsageError, match="1 to 1,000,000 px"):
        render_to_file(stack, tmp_path / "out.png", Viewport(Rect(0, 0, 37, 53), 1_000_001, 1), device="cpu")


def test_a_stream_needs_a_format(stack):
    with pytest.raises(UsageError, match="png, tiff, webp or jpeg"):
        draw(stack, io.BytesIO())


@pytest.mark.slow
@pytest.mark.parametrize("ending", ["png", "tiff", "jpg", "webp"])
def test_an_existing_file_is_kept_unless_overwriting(stack, tmp_path, ending):
    path = tmp_path / f"out.{ending}"
    path.write_bytes(b"old")
    with pytest.raises(ExportError, match="exists"):
        draw(stack, path)
    assert path.read_bytes() == b"old"
    draw(stack, path, overwrite=True)
    assert read(path).shape == (150, 74, 3)


@pytest.mark.parametrize("ending", ["png", "tiff", "jpg", "webp"])
@pytest.mark.parametrize("interruption", [KeyboardInterrupt, OSError(28, "No space left on device")])
def test_an_interrupted_file_is_not_left(stack, tmp_path, ending, interruption):
    def stop(done, total):
        if done == 128:
            raise interruption

    path = tmp_path / f"out.{ending}"
    path.write_bytes(b"old")
    expected = KeyboardInterrupt if interruption is KeyboardInterrupt else ExportError
    with pytest.raises(expected):
        draw(stack, path, overwrite=True, progress=stop)
    assert [entry.name for entry in tmp_path.iterdir()] == [path.name]
    assert path.read_bytes() == b"old"


@pytest.mark.slow
@pytest.mark.parametrize("ending", ["png", "tiff"])
def test_a_disk_that_fills_up_leaves_nothing(stack, tmp_path, ending):
    # In a process of its own, whose files may have at most 8 KB: to a writer that is a full disk.
    code = """
import pickle, resource, signal, sys
from vecstack.drawing.viewport import Viewport; from vecstack.geometry import Rect
from vecstack.drawing.file import render_to_file
from vecstack.errors import ExportError
stack = pickle.loads(sys.stdin.buffer.read())
signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
resource.setrlimit(resource.RLIMIT_FSIZE, (8192, 8192))
try:
    render_to_file(stack, sys.argv[1], Viewport(Rect(0, 0, 37, 53), 150, 200), depth=16, device="cpu")
except ExportError as error:
    print(error)
"""
    path = tmp_path / f"out.{ending}"
    run = subprocess.run(
        [sys.executable, "-c", code, os.fspath(path)], input=pickle.dumps(stack), capture_output=True, check=True
    )
    assert path.name in run.stdout.decode()
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("ending", ["png", "tiff", "jpeg"])
def test_a_stream_that_breaks_is_an_export_error(stack, ending):
    with pytest.raises(ExportError, match="Broken pipe"):
        draw(stack, Pipe(room=300), format=ending)


@pytest.mark.slow
def test_a_thumbnail_is_a_small_png_of_the_whole_canvas(stack):
    with Image.open(io.BytesIO(thumbnail_png(stack, 256))) as image:
        assert (image.format, image.size, image.mode) == ("PNG", (179, 256), "RGB")
    with Image.open(io.BytesIO(thumbnail_png(stack, 53))) as image:
        assert np.array_equal(np.asarray(image), render(stack, device="cpu"))


def test_a_thumbnail_is_the_same_each_time(stack):
    assert thumbnail_png(stack, 60) == thumbnail_png(stack, 60)


def test_importing_loads_neither_torch_nor_numpy():
    code = "import sys, vecstack.drawing.file; print([name for name in ('torch', 'numpy') if name in sys.modules])"
    run = subprocess.run([sys.executable, "-c", code], capture_output=True, check=True, text=True)
    assert run.stdout.strip() == "[]"
