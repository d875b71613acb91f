"""A stack as a page that shows it in a browser: one file that holds the document and what draws it."""

from __future__ import annotations

import base64
import hashlib
import html
import io
import json
import re
from collections.abc import Iterable
from pathlib import Path
from typing import TYPE_CHECKING, Any

from vecstack.device import resolve_device
from vecstack.document.file import dumps_json
from vecstack.drawing.render import render
from vecstack.errors import ExportError, ShapeError
from vecstack.export.pictures import drawable
from vecstack.export.svg.options import SvgOptions
from vecstack.export.xml import element_ids
from vecstack.kinds import find_kind
from vecstack.stack import Stack

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    Pixels = NDArray[np.uint8]

SVG_BYTES = 150_000  # of the SVG that a page holds: twice what it needs besides for a photo
SOURCE_PX = 1600  # long side of the picture that a page compares with: as large as most screens show it
PREVIEW_PX = 256  # long side of what is seen until the page has drawn: some 10 kB
JPEG_QUALITY = 85

FOLDER = Path(__file__).parent / "viewer"
# Scripts in the order in which they build on one another: those that the page and its workers share, then the page's.
SHARED = ("kinds.js", "patches.js")
PAGE = (
    *("glengine.js", "scriptengine.js", "picture.js", "layerfile.js", "store.js"),
    *("stage.js", "panel.js", "downloads.js", "main.js"),
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
    recoloured, faded, hidden and put in another order, and what comes of it saved. The page holds the whole document.
    `source`, the picture that it was made from (uint8 [H,W,3]), is held too, made smaller, to compare with. `svg` is
    whether the page can save an SVG, which takes seconds to make; where contourpy is missing, or the SVG would be
    large, it cannot. Equal arguments give equal bytes. Raises ShapeError, DeviceError; DocumentError where the stack
    cannot be saved."""
    text, groups = _svg(stack, device) if svg else (None, [])
    title = title or "Layers"
    extras = {
        "title": title,
        "source": None if source is None else _data_uri(_checked(source)),
        "svg": text,
        "groups": groups,
    }
    style, shared, page = _read(FOLDER / "style.css"), _shared(stack), _join(FOLDER / name for name in PAGE)
    parts = {
        "policy": _policy(style, [shared, page]),
        "title": html.escape(title),
        "style": style,
        "preview": _data_uri(render(stack, _preview_size(stack), device=device)),
        "document": dumps_json(stack).decode().translate(ESCAPES),
        "extras": json.dumps(extras).translate(ESCAPES),
        "worker": _read(FOLDER / "worker.js"),
        "kinds": shared,
        "page": page,
    }
    # All at once, so that nothing in one part is taken for the name of another.
    return re.sub(r"{{(\w+)}}", lambda match: parts[match[1]], _read(FOLDER / "page.html"))


def _svg(stack: Stack, device: str) -> tuple[str | None, list[str | None]]:
    """An SVG of bounded size, or None, and the id in it of each layer's group, None where it has none."""
    from vecstack.export.svg.scene import scene_of
    from vecstack.export.svg.soft import soft_svg

    groups: list[str | None] = [None] * len(stack.layers)
    try:
        drawable(stack)
        scene = scene_of(stack, resolve_device(device))
        text = soft_svg(scene, SvgOptions(max_bytes=SVG_BYTES))
    except ExportError:
        return None, []
    # A browser that forbids other styles than the page's own would complain of one in what it reads, too.
    text = re.sub(r'(<g id="[^"]*"(?: opacity="[^"]*")?) style="display:none"', r'\1 display="none"', text)
    for mask, name in zip(scene.masks, element_ids([mask.layer for mask in scene.masks]), strict=True):
        groups[mask.index] = name
    return text, groups


def _shared(stack: Stack) -> str:
    """The script that the page and its workers share, with all that draws the stack's kinds of layer."""
    kinds = (find_kind(name) for name in sorted({layer.kind for layer in stack.layers}))
    return _join([*(FOLDER / name for name in SHARED), *(kind.web for kind in kinds if kind and kind.web)])


def _policy(style: str, scripts: Iterable[str]) -> str:
    """What the page may do: run these scripts and show what it holds, and nothing else."""
    allowed = " ".join(map(_hash, scripts))
    return (
        f"default-src 'none'; script-src {allowed}; style-src {_hash(style)}; img-src data: blob:; worker-src blob:; "
        "base-uri 'none'; form-action 'none'"
    )


def _hash(text: str) -> str:
    return f"'sha256-{base64.b64encode(hashlib.sha256(text.encode()).digest()).decode()}'"


def _join(paths: Iterable[Path]) -> str:
    return "\n".join(map(_read, paths))


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
    """A picture [H,W,3] as a JPEG in a URI, its long side at most SOURCE_PX."""
    from PIL import Image

    picture, buffer = Image.fromarray(pixels), io.BytesIO()
    picture.thumbnail((SOURCE_PX, SOURCE_PX))
    picture.save(buffer, "JPEG", quality=JPEG_QUALITY)
    return f"data:image/jpeg;base64,{base64.b64encode(buffer.getvalue()).decode()}"
