"""A stack as a page that shows it in a browser: one file that holds the document and what draws it."""

from __future__ import annotations

import base64
import dataclasses
import gzip
import hashlib
import html
import io
import json
import re
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from vecstack.device import resolve_device
from vecstack.document.file import dumps_json
from vecstack.drawing.render import render
from vecstack.errors import ExportError, ShapeError
from vecstack.exporting.pictures import covered, draw_alone, drawable, png, viewport_of
from vecstack.exporting.svg.options import SvgOptions
from vecstack.exporting.xml import ElementIds
from vecstack.kinds import can_draw, color_of, kind_of
from vecstack.stack import Layer, Stack

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    Pixels = NDArray[np.uint8]

SVG_BYTES = 150_000  # of the SVG that a page holds: twice what it needs besides for a photo
SOURCE_PX = 1600  # long side of the picture that a page compares with: as large as most screens show it
PREVIEW_PX = 256  # long side of what is seen until the page has drawn: some 10 kB
JPEG_QUALITY = 85
BITMAP_PX = 1024  # long side of the canvas in bitmaps of layers
MAX_BITMAP_PIXELS = 1 << 23  # in all bitmaps: each worker of a page holds them, 4 bytes a pixel

FOLDER = Path(__file__).parent / "viewer"
# Scripts in the order in which they build on one another: those that the page and its workers share, then the page's.
SHARED = ("kinds.js", "patches.js", "paths.js", "baked.js")
PAGE = (
    *("glengine.js", "scriptengine.js", "pathengine.js", "picture.js", "layerfile.js", "store.js", "groups.js"),
    *("finder.js", "stage.js", "outline.js", "groupbar.js", "panel.js", "downloads.js", "thumbnails.js"),
    *("player.js", "main.js"),
)
# What HTML or JavaScript would read as its own, as JSON escapes; within JSON, all of these are only found in strings.
ESCAPES = {ord(character): f"\\u{ord(character):04x}" for character in "<>&\u2028\u2029"}


def to_html(
    stack: Stack,
    *,
    source: Pixels | None = None,
    title: str = "",
    device: str = "auto",
    svg: bool = True,
) -> str:
    """The stack as the text of a page that shows it in a browser, from a file and without a network: its layers can be
    found by a click, recoloured, faded, hidden and renamed, whole groups of them too, and put in another order, and
    what comes of it saved. The page holds the whole document. `source`, the picture that it was made from (uint8
    [H,W,3]), is held too, made smaller, to compare with. `svg` is whether the page can save an SVG, which takes seconds
    to make; where contourpy is missing, or the SVG would be large, it cannot. Equal arguments give equal bytes. Raises
    ShapeError, DeviceError; DocumentError where the stack cannot be saved."""
    text, elements = _svg(stack, device) if svg else (None, [])
    title = title or "Layers"
    extras = {
        "title": title,
        "source": None if source is None else _data_uri(_checked(source)),
        "svg": text,
        "elements": elements,
        "layers": _traits(stack, device),
    }
    style, shared, page = _read(FOLDER / "style.css"), _shared(stack), _join(FOLDER / name for name in PAGE)
    unpack = _read(FOLDER / "unpack.js")
    parts = {
        "policy": _policy(style, [shared, page, unpack]),
        "title": html.escape(title),
        "style": style,
        "preview": _data_uri(render(stack, _preview_size(stack), device=device)),
        "document": _packed(dumps_json(stack).decode().translate(ESCAPES)),
        "extras": _packed(json.dumps(extras).translate(ESCAPES)),
        "worker": _packed(_read(FOLDER / "worker.js")),
        "kinds": _packed(shared),
        "page": _packed(page),
        "unpack": unpack,
    }
    # All at once, so that nothing in one part is taken for the name of another.
    return re.sub(r"{{(\w+)}}", lambda match: parts[match[1]], _read(FOLDER / "page.html"))


def _svg(stack: Stack, device: str) -> tuple[str | None, list[str | None]]:
    """An SVG of bounded size, or None, with a background and without groups, which the page takes away and adds,
    and the id in it of each layer's element, None where it has none."""
    from vecstack.exporting.svg.scene import scene_of
    from vecstack.exporting.svg.soft import soft_svg

    elements: list[str | None] = [None] * len(stack.layers)
    canvas = dataclasses.replace(stack.canvas, transparent=False)
    layers = tuple(dataclasses.replace(layer, group=None) for layer in stack.layers)
    bare = dataclasses.replace(stack, canvas=canvas, layers=layers, groups=())
    try:
        drawable(bare)
        scene = scene_of(bare, resolve_device(device))
        text = soft_svg(scene, SvgOptions(max_bytes=SVG_BYTES))
    except ExportError:
        return None, []
    # A browser that forbids other styles than the page's own would complain of one in what it reads, too.
    text = re.sub(r'(<\w+ id="[^"]*"(?: opacity="[^"]*")?) style="display:none"', r'\1 display="none"', text)
    for mask, name in zip(scene.masks, ElementIds().of_layers(mask.layer for mask in scene.masks), strict=True):
        elements[mask.index] = name
    return text, elements


def _shared(stack: Stack) -> str:
    """The script that the page and its workers share, with all that draws the stack's kinds of layer: the script of
    each kind in a function of its own, so that no name in it is seen by others."""
    kinds = {layer.kind: kind_of(layer) for layer in stack.layers if can_draw(layer)}
    scripts = [_read(kind.web) for _, kind in sorted(kinds.items()) if kind.web]
    return "\n".join([*(_read(FOLDER / name) for name in SHARED), *(f"(() => {{\n{text}\n}})();" for text in scripts)])


def _traits(stack: Stack, device: str) -> list[dict[str, Any] | None]:
    """What the page is told of each layer beside the document (viewer/main.js says how), None of those that cannot be
    drawn."""
    bitmaps = _bitmaps(stack, [layer for layer in stack.layers if can_draw(layer) and not kind_of(layer).web], device)
    return [
        {"color": color_of(layer), "bitmap": bitmaps.get(layer.id)} if can_draw(layer) else None
        for layer in stack.layers
    ]


def _bitmaps(stack: Stack, layers: Sequence[Layer], device: str) -> dict[str, dict[str, Any]]:
    """Each layer drawn alone, by id: `png`, a URI, and `box`, the part of the canvas that it fills. Where they would be
    large together, all are drawn smaller."""
    size, found = BITMAP_PX, _bitmaps_at(BITMAP_PX, stack, layers, device)
    while len(found) < len(layers):
        size //= 2
        found = _bitmaps_at(size, stack, layers, device)
    return found


def _bitmaps_at(size: int, stack: Stack, layers: Sequence[Layer], device: str) -> dict[str, dict[str, Any]]:
    """The same with `size` pixels on the canvas's long side; only the first where all would have too many pixels."""
    found, pixels = {}, 0
    for layer in layers:
        count, bitmap = _bitmap(stack, layer, size, device)
        pixels += count
        if pixels > MAX_BITMAP_PIXELS:
            break
        found[layer.id] = bitmap
    return found


def _bitmap(stack: Stack, layer: Layer, size: int, device: str) -> tuple[int, dict[str, Any]]:
    """How many pixels a layer covers, drawn alone with `size` pixels on the canvas's long side, and these as a bitmap;
    with a pixel more on each side, so that its edge fades into nothing."""
    viewport = viewport_of(stack, size)
    picture = draw_alone(stack, layer, viewport, device)
    rows, columns = (slice(max(part.start - 1, 0), part.stop + 1) for part in covered(picture[..., 3]))
    part = picture[rows, columns]
    height, width = part.shape[:2]
    x, y = viewport.region.width / viewport.width_px, viewport.region.height / viewport.height_px
    box = [columns.start * x, rows.start * y, (columns.start + width) * x, (rows.start + height) * y]
    return width * height, {"box": box, "png": _uri("image/png", png(part))}


def _policy(style: str, scripts: Iterable[str]) -> str:
    """What the page may do: run these scripts and show what it holds, and nothing else."""
    allowed = " ".join(map(_hash, scripts))
    return (
        f"default-src 'none'; script-src {allowed}; style-src {_hash(style)}; img-src data: blob:; worker-src blob:; "
        "base-uri 'none'; form-action 'none'"
    )


def _hash(text: str) -> str:
    return f"'sha256-{base64.b64encode(hashlib.sha256(text.encode()).digest()).decode()}'"


def _packed(text: str) -> str:
    """A text as gzip in base64, which takes half the bytes; the same each time."""
    return base64.b64encode(gzip.compress(text.encode(), mtime=0)).decode()


def _join(paths: Iterable[Path]) -> str:
    return "\n".join(map(_read, paths))


def _uri(media_type: str, data: bytes) -> str:
    return f"data:{media_type};base64,{base64.b64encode(data).decode()}"


def _read(path: Path) -> str:
    return path.read_text(encoding="utf-8")


def _preview_size(stack: Stack) -> int:
    return min(PREVIEW_PX, max(stack.canvas.width, stack.canvas.height))


def _checked(source: Pixels) -> Pixels:
    """The picture, if it is one. Raises ShapeError."""
    if getattr(source, "dtype", None) != "uint8" or source.ndim != 3 or source.shape[2] != 3 or not source.size:
        what = f"{source.dtype} {source.shape}" if hasattr(source, "dtype") else f"a {type(source).__name__}"
        raise ShapeError(f"source must be pixels, uint8 [H,W,3], not {what}.")
    return source


def _data_uri(pixels: Any) -> str:
    """A picture in a URI, its long side at most SOURCE_PX: [H,W,3] as a JPEG, [H,W,4] as a WebP."""
    from PIL import Image

    picture, buffer = Image.fromarray(pixels), io.BytesIO()
    name = "WebP" if picture.mode == "RGBA" else "JPEG"
    picture.thumbnail((SOURCE_PX, SOURCE_PX))
    picture.save(buffer, name, quality=JPEG_QUALITY)
    return _uri(f"image/{name.lower()}", buffer.getvalue())
