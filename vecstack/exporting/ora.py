"""Export a stack as OpenRaster, the layered file format shared by paint programs (specification 0.0.6)."""

from __future__ import annotations

import io
import zipfile

from vecstack.drawing.render import render
from vecstack.drawing.viewport import Viewport
from vecstack.exporting.groups import grouped
from vecstack.exporting.pictures import covered, drawable, png, viewport_of
from vecstack.exporting.runs import runs_of
from vecstack.exporting.xml import quoted
from vecstack.stack import Group, Layer, Stack

MEDIA_TYPE = b"image/openraster"
THUMBNAIL_PX = 256  # long side: the largest that the specification allows
EPOCH = (1980, 1, 1, 0, 0, 0)  # the earliest date of a zip, so that equal stacks give equal bytes


def to_ora(stack: Stack, *, size: int | None = None, device: str = "auto") -> bytes:
    """The bytes of an OpenRaster file of the stack: a picture for each layer above one for the background, `size`
    pixels on the long side (that of the canvas if None); groups are stacks within the stack. The alpha of a layer's
    picture is its mask; its opacity and visibility are attributes of the layer in the file. A transparent canvas has no
    background, and its merged picture has alpha. Of more than 500 layers, neighbours of one group are one layer, as
    they show together. Layers of unknown kinds are left out. Raises UsageError; ExportError: no layer can be drawn, or
    there are more than 500 even so; DeviceError; DocumentError where the stack's assets do not match its layers."""
    layers, viewport = drawable(stack), viewport_of(stack, size)
    clear, pictures = stack.canvas.transparent, {}
    entries: list[tuple[str, str | None]] = []
    if not clear:
        pictures["data/background.png"] = png(render(stack.with_layers([]), viewport=viewport, device=device))
        entries.append((_entry("Background", "data/background.png", 0, 0), None))
    for run in runs_of(stack, layers, "an OpenRaster file"):
        pixels = run.drawn(stack, viewport, device)
        rows, columns = covered(pixels[..., 3])
        path = f"data/layer-{run.number:04}.png"
        pictures[path] = png(pixels[rows, columns])
        entries.append((_entry(run.name, path, columns.start, rows.start, run.layer), run.group))
    pictures["mergedimage.png"] = png(render(stack, viewport=viewport, device=device))
    thumbnail = render(stack, _thumbnail_size(viewport), device=device)
    pictures["Thumbnails/thumbnail.png"] = png(thumbnail)
    inside = grouped(entries, stack.groups, _group)
    return _zip({"stack.xml": _document(viewport, inside).encode()} | pictures)


def _thumbnail_size(viewport: Viewport) -> int:
    return min(THUMBNAIL_PX, max(viewport.width_px, viewport.height_px))


def _entry(name: str, path: str, x: int, y: int, layer: Layer | None = None) -> str:
    """The element of a layer, whose picture's corner is at x, y in pixels."""
    opacity = 1.0 if layer is None else layer.opacity
    visibility = "visible" if layer is None or layer.visible else "hidden"
    return (
        f'<layer name={quoted(name)} src="{path}" x="{x}" y="{y}" opacity="{opacity:.6f}" visibility="{visibility}" '
        'composite-op="svg:src-over"/>'
    )


def _group(group: Group, entries: list[str]) -> str:
    """The element of a group; entries as in `_document`."""
    inside = "\n".join(reversed(entries))
    return f'<stack name={quoted(group.name or group.id)} opacity="1.000000" visibility="visible">\n{inside}\n</stack>'


def _document(viewport: Viewport, entries: list[str]) -> str:
    """The text of stack.xml: the entries, given lowest first, are written topmost first."""
    inside = "\n".join(reversed(entries))
    return (
        "<?xml version='1.0' encoding='UTF-8'?>\n"
        f'<image version="0.0.6" w="{viewport.width_px}" h="{viewport.height_px}">\n'
        f"<stack>\n{inside}\n</stack>\n</image>\n"
    )


def _zip(members: dict[str, bytes]) -> bytes:
    """A zip of the members by path, with the media type first and uncompressed."""
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w") as archive:
        for name, data in ({"mimetype": MEDIA_TYPE} | members).items():
            info = zipfile.ZipInfo(name, EPOCH)
            info.create_system = 3  # Unix, on every system
            info.external_attr = 0o100644 << 16
            method = (
                zipfile.ZIP_DEFLATED if name.endswith(".xml") else zipfile.ZIP_STORED
            )  # a PNG is compressed already
            archive.writestr(info, data, method)
    return buffer.getvalue()
