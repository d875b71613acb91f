"""What is fuzzed: every reader of files that strangers may have made, and seeds, small files that it reads.

A reader may raise errors of this library alone, and takes a bounded time and memory for any bytes."""

from __future__ import annotations

import dataclasses
import gzip
import io
import random
import tempfile
from collections.abc import Callable
from dataclasses import dataclass
from functools import cache, partial
from pathlib import Path

import imagecodecs
import numpy as np
import tifffile
import torch
from PIL import Image

from tests.conftest import TINY
from tests.document.test_golden import FILES
from tests.fuzzing.documents import made_document, mutated_document
from tests.fuzzing.mutate import mutated
from tests.fuzzing.schema import ALONE
from tests.helpers import png_by_hand, slopes_and_edge
from vecstack.batch.manifest import NAME, Record, latest, line_of, read_manifests
from vecstack.batch.report import report_page, summary_of
from vecstack.document.file import dumps, load, validate
from vecstack.drawing.render import render
from vecstack.editing.palette import load_palette
from vecstack.editing.script import load_script
from vecstack.errors import VecstackError
from vecstack.importing.svg import import_svg
from vecstack.kinds.mask.maker import weights_to_bytes
from vecstack.kinds.mask.model import Predictor
from vecstack.models import load_model
from vecstack.packing.sizes import read_sizes
from vecstack.packing.words import read_words
from vecstack.pictures.read import load_picture
from vecstack.train.recipe import load_recipe

MAX_SECONDS = 2.0  # of the processor, for a file of at most MAX_BYTES
MAX_BYTES = 1 << 16
MAX_MEMORY = 1 << 30  # bytes more than before
DRAWN_LAYERS = 20  # most layers of a document that is drawn, too
DRAWN_PX = 8
MADE = 8  # seeds of each kind that follow the schema
PICTURE_PIXELS = 1 << 22  # as a person sets --max-pixels: 48 MB as floats


def read_layers(data: bytes) -> None:
    """Load a layer file, warn of it, write it and draw it."""
    stack = load(data)
    validate(data)
    dumps(stack)
    if len(stack.layers) <= DRAWN_LAYERS:
        render(stack, DRAWN_PX, device="cpu")


def read_picture(data: bytes) -> None:
    """Load a picture of any format."""
    load_picture(data, max_pixels=PICTURE_PIXELS)


def read_svg(data: bytes) -> None:
    """Import a drawing."""
    import_svg(io.BytesIO(data))


def read_text(data: bytes) -> None:
    """Read a palette, a script of edits, a recipe, a list of words and a table of sizes."""
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "text"
        path.write_bytes(data)
        for read in (load_palette, load_script, load_recipe, read_words, partial(read_sizes, column=None)):
            try:
                read(path)
            except VecstackError as error:
                check_message(error)


def read_manifest(data: bytes) -> None:
    """Report what the manifest of a folder says."""
    with tempfile.TemporaryDirectory() as folder:
        place = Path(folder)
        (place / NAME).write_bytes(data)
        records = latest(read_manifests(place))
        summary_of(records)
        report_page(place, records)


def check_message(error: VecstackError) -> None:
    """Fail unless an error has one line that is fit to be read."""
    text = str(error)
    assert text.strip(), "an error without a message"
    assert "\n" not in text, f"a message of several lines: {text!r}"
    assert len(text) <= 1000, f"a message of {len(text)} characters: {text[:200]!r}"


@dataclass(frozen=True)
class Target:
    """A reader, the seeds that its mutants are made of, and what makes a mutant of a file."""

    read: Callable[[bytes], None]
    seeds: Callable[[], list[bytes]]
    mutate: Callable[[bytes, random.Random], bytes] = mutated

    def check(self, data: bytes) -> None:
        """Read a file; raises whatever is not an error of this library, fit to be shown."""
        try:
            self.read(data)
        except VecstackError as error:
            check_message(error)


@cache
def layer_files() -> list[bytes]:
    """The golden files, every kind and feature of every version, and some that only follow the schema."""
    made = [made_document(kind, random.Random(seed)) for kind in ALONE for seed in range(MADE)]
    return [*(path.read_bytes() for path in FILES.values()), *made]


@cache
def pictures() -> list[bytes]:
    """A small picture in every format that is read, and in several variants of some."""
    pixels = slopes_and_edge()[:12, :9]
    deep = pixels.astype(np.uint16) * 257
    image, clear = Image.fromarray(pixels), Image.fromarray(np.dstack([pixels, pixels[..., :1]]))
    saved = [
        *(_saved(image, form) for form in ("PNG", "JPEG", "WebP", "TIFF", "GIF", "BMP", "JPEG2000", "PPM")),
        *(_saved(clear, form) for form in ("PNG", "WebP", "TIFF", "JPEG2000")),
        _saved(image.quantize(8), "PNG", transparency=1),
        _saved(image.quantize(8), "BMP"),
        _saved(image.convert("CMYK"), "JPEG"),
        _saved(image, "JPEG", progressive=True, dpi=(300, 300), exif=Image.Exif().tobytes()),
        _saved(image, "MPO", save_all=True, append_images=[image]),
        png_by_hand(9, 12, 16, 2, b"".join(b"\0" + row.astype(">u2").tobytes() for row in deep)),
        png_by_hand(9, 2, 1, 0, b"\0\xaa\x80" * 2, (b"gAMA", b"\0\1\x86\xa0"), (b"tRNS", b"\0\1")),
        b"PF\n9 12\n-1.0\n" + (pixels / 255).astype("<f4").tobytes(),
        b"P5\n9 12\n65535\n" + deep[..., 0].astype(">u2").tobytes(),
        b"P3\n2 1\n255\n1 2 3 4 5 6\n",
        _tiff(pixels / np.float32(255), photometric="rgb"),
        _tiff(deep.transpose(2, 0, 1), planarconfig="separate", photometric="rgb"),
        _tiff(deep, photometric="rgb", compression="zlib", predictor=True, tile=(16, 16)),
        _tiff(pixels, photometric="rgb", compression="lzw"),
        imagecodecs.jpeg2k_encode(deep, codecformat="J2K"),
    ]
    return saved + [_saved(image, form) for form in ("AVIF", "HEIF") if _has(form)]


def _saved(image: Image.Image, form: str, **options: object) -> bytes:
    file = io.BytesIO()
    image.save(file, form, **options)
    return file.getvalue()


def _has(form: str) -> bool:
    Image.init()
    if form == "HEIF":
        try:
            import pillow_heif
        except ImportError:
            return False
        pillow_heif.register_heif_opener()
    return form in Image.SAVE


def _tiff(pixels: np.ndarray, **options: object) -> bytes:
    file = io.BytesIO()
    tifffile.imwrite(file, pixels, **options)
    return file.getvalue()


BOX = b'<svg xmlns="http://www.w3.org/2000/svg" xmlns:xlink="http://www.w3.org/1999/xlink" viewBox="0 0 40 30">'
DRAWINGS = (
    b'<rect x="1" y="2" width="9" height="8" rx="3" fill="#f80" stroke="navy" stroke-width=".5"/>',
    b'<path d="M1 1h9v8zM20 5c1 2 3 4 5 6s7 8 9-2q1 1 2 2t3 3A5 4 30 0 1 9 9z" fill-rule="evenodd" opacity=".5"/>',
    b'<g id="a" transform="rotate(30 5 5) scale(2,1) skewX(5) matrix(1 0 0 1 2 3)"><circle cx="5" cy="5" r="4"/></g>'
    b'<use href="#a" x="9"/>',
    b'<style>.a{fill:red;stroke:rgb(1,2,3)} g > #b:first-child{opacity:50%}</style><g><ellipse id="b" class="a" '
    b'rx="5" ry="3" cx="9" cy="9"/></g>',
    b'<linearGradient id="g" x1="0" x2="1" spreadMethod="reflect"><stop offset="10%" stop-color="red"/><stop '
    b'offset="1" stop-color="#00f8" stop-opacity=".5"/></linearGradient><rect width="9" height="9" fill="url(#g)"/>',
    b'<radialGradient id="r" cx="20" cy="9" r="9" fx="3" gradientUnits="userSpaceOnUse"><stop/><stop offset="1" '
    b'stop-color="hsl(9,50%,50%)"/></radialGradient><polygon points="1,1 30,2 9,20" fill="url(#r)"/>',
    b'<clipPath id="c"><circle r="9" cx="9" cy="9"/></clipPath><rect width="40" height="9" clip-path="url(#c)"/>',
    b'<mask id="k" maskUnits="userSpaceOnUse" x="1" y="1" width="30" height="20">'
    b'<rect width="9" height="9" fill="#888"/><circle r="9" fill="#fff" fill-opacity=".5"/></mask>'
    b'<rect width="40" height="9" fill="#123" mask="url(#k)"/>',
    b'<svg x="1" y="1" width="20" height="9" viewBox="0 0 9 9" preserveAspectRatio="xMinYMax slice" overflow="visible">'
    b'<path d="M1,1L1e1.5-3zm2 2h1" stroke="red" paint-order="stroke" vector-effect="non-scaling-stroke"/></svg>',
    b'<pattern id="p" width="4" height="4" patternUnits="userSpaceOnUse"><rect width="2" height="2"/></pattern>'
    b'<rect width="20" height="20" fill="url(#p)"/>',
    b'<marker id="m" orient="auto" markerWidth="3" markerHeight="3"><path d="M0 0h1v1z"/></marker>'
    b'<polyline points="1 1 9 9 20 3" fill="none" stroke="red" stroke-dasharray="2 1" stroke-linecap="round" '
    b'marker-end="url(#m)"/>',
    b'<symbol id="s" viewBox="0 0 10 10"><line x1="1" y1="1" x2="9" y2="9" stroke="green"/></symbol><use '
    b'xlink:href="#s" width="20" height="20"/><text x="2" y="9">words</text>',
)


@cache
def drawings() -> list[bytes]:
    """A small drawing for each thing that is imported, one of all of them, and one that is compressed."""
    whole = BOX + b"".join(DRAWINGS) + b"</svg>"
    return [*(BOX + part + b"</svg>" for part in DRAWINGS), whole, gzip.compress(whole, mtime=0)]


TEXTS = (
    b"sea 12\nsky, 3\n\nblue sky\t1e3\n",
    b"name,size\nsea,12\nsky,3.5\n",
    b"#ff8800\n#123\nrgb(1, 2, 3)\n\nred\n",
    b"GIMP Palette\nName: few\nColumns: 2\n# a comment\n255 0 9\tRed\n  1  22 255 Blue\n",
    b'[[change]]\nrecolor = "1"\nto = "#ff0000"\n\n[[change]]\nhide = "Sky*"\n\n[[change]]\nopacity = "2"\nto = 0.5\n',
    b'[[change]]\nrename = "1"\nto = "Sky"\n\n[[change]]\npalette = "colors.gpl"\n',
)


@cache
def texts() -> list[bytes]:
    """Palettes, scripts of edits, lists of words, tables, and the recipes of the shipped models."""
    recipes = sorted((Path(__file__).parents[2] / "weights").glob("*/*.toml"))
    return [*TEXTS, *(path.read_bytes() for path in recipes)]


def read_weights(data: bytes) -> None:
    """Load the model in a weights file."""
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "model.safetensors"
        path.write_bytes(data)
        load_model(path, "cpu")


@cache
def weights_files() -> list[bytes]:
    """The weights of a tiny model."""
    torch.manual_seed(5)
    return [weights_to_bytes(Predictor(TINY))]


@cache
def manifests() -> list[bytes]:
    """What runs leave in a folder: items done and failed, one twice, and a line that is torn."""
    done = Record("a.png", "0" * 64, "a.layers", "done", seconds=1.5, psnr=31.25, bytes=900, made=("1" * 64,))
    failed = Record("b.png", "", "b.layers", "failed", "PictureError", "b.png: damaged", uses=("2" * 64,))
    lines = [line_of(record) for record in (done, failed, dataclasses.replace(failed, status="done"))]
    return ["\n".join(lines).encode(), "\n".join([*lines[:2], lines[2][:90]]).encode(), lines[0].encode() + b"\n"]


TARGETS = {
    "layers": Target(read_layers, layer_files, mutated_document),
    "picture": Target(read_picture, pictures),
    "svg": Target(read_svg, drawings),
    "text": Target(read_text, texts),
    "weights": Target(read_weights, weights_files),
    "manifest": Target(read_manifest, manifests),
}
