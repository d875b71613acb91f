"""Export a stack as PDF (ISO 32000-1): a page of layers to show and hide, each one colour behind a soft mask."""

from __future__ import annotations

import hashlib
import zlib
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from vecstack.color import Color
from vecstack.drawing.viewport import Viewport
from vecstack.errors import UsageError
from vecstack.exporting.groups import grouped
from vecstack.exporting.pdf_gradient import pattern
from vecstack.exporting.physical import MM_PER_INCH
from vecstack.exporting.pictures import covered, draw_alone, drawable, viewport_of
from vecstack.exporting.xml import number, plain
from vecstack.geometry import Affine, Rect
from vecstack.kinds import color_of, kind_of
from vecstack.kinds.base import Curve
from vecstack.kinds.gradient import Gradient
from vecstack.pictures.png import filter_rows
from vecstack.stack import Group, Layer, Stack

MASK_PX = 1024  # long side of the masks: smooth at the size of a screen
MAX_POINTS, MIN_POINTS = 14_400, 3  # sides of a page that readers accept
POINTS_PER_INCH = 72
HEADER = b"%PDF-1.7\n%\xe2\xe3\xcf\xd3\n"  # bytes above 127 tell programs that the file is binary
PLAIN = 2 / 255  # colours that differ by less count as one: small alphas round them
CROPPED = 0.5  # share of the page above which a mask is not cropped
# Share by which a picture's sides are shortened: Poppler draws one that ends exactly on a pixel into the next pixel.
INSET = 1e-5
OPAQUE = 0.1  # smallest alpha of pixels whose colours are compared


def to_pdf(
    stack: Stack, *, size: int | None = None, width_mm: float | None = None, title: str = "", device: str = "auto"
) -> bytes:
    """The bytes of a PDF of one page, `width_mm` wide, or 1 point per canvas unit.

    The page has a rectangle for the background, unless the canvas is transparent, and, for each layer, one of its
    colour behind its mask, in an optional content group of the layer's name; the groups of hidden layers are off, and
    the list of layers that readers show has the stack's groups. Layers whose kinds have exact curves are paths, filled
    with their colour or their gradient. Masks are 8-bit pictures with `size` pixels on the
    canvas's long side (MASK_PX if None). A layer of several colours becomes a picture. Layers of unknown kinds are left
    out. Raises UsageError; ExportError: no layer can be drawn; DeviceError; DocumentError where the stack's assets do
    not match its layers."""
    layers, viewport = drawable(stack), viewport_of(stack, MASK_PX if size is None else size)
    file, page = _File(), _Page.of(viewport, width_mm)
    entries = [] if stack.canvas.transparent else [_background(file, page, stack)]
    for _, layer in layers:
        outline, fill = kind_of(layer).outline(layer), kind_of(layer).gradient(layer) or color_of(layer)
        if outline is not None and fill is not None:
            entries.append(_exact_entry(file, page, layer, outline, fill))
        else:
            pixels = draw_alone(stack, layer, viewport, device, depth=16)
            entries.append(_masked_entry(file, page, layer, pixels))
    return _document(file, page, entries, stack.groups, title)


# Objects


class _File:
    """The objects of a PDF, numbered in the order in which they are added."""

    def __init__(self) -> None:
        self.objects: list[bytes] = []

    def add(self, content: str | bytes) -> str:
        """Add an object and return its reference."""
        self.objects.append(content.encode("ascii") if isinstance(content, str) else content)
        return f"{len(self.objects)} 0 R"

    def add_stream(self, fields: str, data: bytes) -> str:
        """Add a stream of bytes, compressed, and return its reference."""
        packed = zlib.compress(data, 9)
        head = f"<< {fields} /Filter /FlateDecode /Length {len(packed)} >>\nstream\n"
        return self.add(head.encode("ascii") + packed + b"\nendstream")

    def encode(self, root: str, info: str) -> bytes:
        """The bytes of the file: header, objects, the table of their offsets, and the trailer."""
        data = bytearray(HEADER)
        places = []
        for index, content in enumerate(self.objects, start=1):
            places.append(len(data))
            data += b"%d 0 obj\n%b\nendobj\n" % (index, content)
        table = b"".join(b"%010d 00000 n \n" % place for place in places)
        name = hashlib.sha256(data).hexdigest()[:32]
        trailer = f"<< /Size {len(places) + 1} /Root {root} /Info {info} /ID [<{name}> <{name}>] >>"
        start = len(data)
        data += b"xref\n0 %d\n0000000000 65535 f \n%b" % (len(places) + 1, table)
        data += b"trailer\n%b\nstartxref\n%d\n%%%%EOF\n" % (trailer.encode("ascii"), start)
        return bytes(data)


def _text(text: str) -> str:
    """Text as a string in UTF-16, written in hexadecimal, where nothing needs escaping."""
    return f"<FEFF{plain(text).encode('utf-16-be').hex().upper()}>"


def _name(reference: str) -> str:
    """The name of an object on the page: its number."""
    return f"/R{reference.split()[0]}"


def _names(references: list[str]) -> str:
    """A dictionary from the objects' names on the page to their references."""
    return f"<< {' '.join(f'{_name(reference)} {reference}' for reference in references)} >>"


def _numbers(*values: float) -> str:
    return " ".join(number(value) for value in values)


# The page


@dataclass(frozen=True)
class _Page:
    """The sides of the page, and of a pixel of the masks on it, in points."""

    width: float
    height: float
    across: float
    down: float
    region: Rect

    @classmethod
    def of(cls, viewport: Viewport, width_mm: float | None) -> _Page:
        """Raises UsageError where it is not between MIN_POINTS and MAX_POINTS as wide and as high as it must be."""
        width, height = viewport.region.width, viewport.region.height
        if width_mm is None:
            scale = min(1.0, MAX_POINTS / max(width, height))
            scale = max(scale, min(MIN_POINTS / min(width, height), MAX_POINTS / max(width, height)))
        else:
            scale = width_mm / MM_PER_INCH * POINTS_PER_INCH / width
        width, height = width * scale, height * scale
        if width_mm is not None and not MIN_POINTS <= min(width, height) <= max(width, height) <= MAX_POINTS:
            raise UsageError("a PDF's sides must be 1.1 to 5,080 mm; ask for another width.", parameter="width_mm")
        return cls(width, height, width / viewport.width_px, height / viewport.height_px, viewport.region)

    @property
    def place_of_canvas(self) -> Affine:
        """The map from canvas units to points of the page, whose y is up."""
        scale = self.width / self.region.width
        return Affine(scale, 0.0, -self.region.x * scale, 0.0, -scale, self.height + self.region.y * scale)

    @property
    def box(self) -> str:
        return f"[0 0 {_numbers(self.width, self.height)}]"

    def place(self, rows: slice, columns: slice) -> tuple[float, float, float, float]:
        """Left, bottom, width and height, in points, of a part of the masks; y points up in a PDF."""
        width, height = (columns.stop - columns.start) * self.across, (rows.stop - rows.start) * self.down
        return columns.start * self.across, self.height - rows.stop * self.down, width, height


@dataclass(frozen=True)
class _Entry:
    """A layer of the file: its content group, what is drawn, its graphics state parameters, picture and pattern, if
    any, and the id of the stack's group that it belongs to."""

    group: str
    drawing: str
    is_visible: bool = True
    parameters: str | None = None
    picture: str | None = None
    belongs: str | None = None
    pattern: str | None = None


def _background(file: _File, page: _Page, stack: Stack) -> _Entry:
    color = _numbers(*_rounded(stack.canvas.background))
    return _Entry(_group(file, "Background"), f"{color} rg 0 0 {_numbers(page.width, page.height)} re f")


def _group(file: _File, name: str) -> str:
    return file.add(f"<< /Type /OCG /Name {_text(name)} >>")


def _exact_entry(file: _File, page: _Page, layer: Layer, outline: Sequence[Curve], fill: Color | Gradient) -> _Entry:
    """A layer of the file as the curves of its edge, filled with a colour or a gradient."""
    place = page.place_of_canvas.after(layer.transform)
    operators = []
    for curve in outline:
        start, *rest = (_numbers(*place.apply(*point)) for point in curve)
        operators.append(f"{start} m")
        operators += [f"{' '.join(rest[first : first + 3])} c" for first in range(0, len(rest), 3)]
        operators.append("h")
    parameters = None if layer.opacity == 1 else file.add(f"<< /Type /ExtGState /ca {number(layer.opacity)} >>")
    painted = None
    if isinstance(fill, Gradient):
        painted = file.add(pattern(fill, place))
        operators.insert(0, f"/Pattern cs {_name(painted)} scn")
    else:
        operators.insert(0, f"{_numbers(*_rounded(fill))} rg")
    group = _group(file, layer.name or layer.id)
    return _Entry(group, f"{' '.join(operators)} f", layer.visible, parameters, belongs=layer.group, pattern=painted)


def _masked_entry(file: _File, page: _Page, layer: Layer, pixels: np.ndarray) -> _Entry:
    """A layer of the file, from its 16-bit picture [H,W,4]."""
    rows, columns = _cropped(pixels[..., 3] > 128)  # the part of a mask that 8 bits do not round to 0
    part = pixels[rows, columns].astype(np.float32) / 65535
    place = page.place(rows, columns)
    parameters = _parameters(file, page, layer.opacity, part[..., 3], place)
    color, picture = _only_color(part), None
    if color is None:
        picture = _picture(file, part[..., :3])
        drawing = _shown(picture, place)
    else:
        drawing = f"{_numbers(*color)} rg {_numbers(*place)} re f"
    return _Entry(_group(file, layer.name or layer.id), drawing, layer.visible, parameters, picture, layer.group)


def _cropped(mask: np.ndarray) -> tuple[slice, slice]:
    """Rows and columns of a mask to write: all, unless only few are covered. Programs align the edges of a picture with
    the pixels of the screen, so that cropping can shift it slightly."""
    rows, columns = covered(mask)
    if (rows.stop - rows.start) * (columns.stop - columns.start) < CROPPED * mask.size:
        return rows, columns
    return slice(0, mask.shape[0]), slice(0, mask.shape[1])


def _only_color(pixels: np.ndarray) -> list[float] | None:
    """The colour of pixels [H,W,4]; None where they have several."""
    alpha = pixels[..., 3]
    clear = pixels[alpha >= min(OPAQUE, float(alpha.max()))][:, :3]
    if (clear.max(0) - clear.min(0)).max() > PLAIN:
        return None
    place = np.unravel_index(int(alpha.argmax()), alpha.shape)
    return _rounded(pixels[place][:3].tolist())


def _rounded(color: Sequence[float]) -> list[float]:
    """A colour rounded to 8 bits, as programs round other values differently."""
    return [int(value * 255 + 0.5) / 255 for value in color]


def _parameters(
    file: _File, page: _Page, opacity: float, mask: np.ndarray, place: tuple[float, float, float, float]
) -> str:
    """The reference of graphics state parameters that draw through a mask [H,W] at a place, with an opacity."""
    image = _picture(file, mask[..., None])
    form = file.add_stream(
        f"/Type /XObject /Subtype /Form /BBox {page.box} /Resources << /XObject {_names([image])} >> "
        "/Group << /S /Transparency /CS /DeviceGray >>",
        _shown(image, place).encode(),
    )
    mask_reference = f"<< /Type /Mask /S /Luminosity /G {form} >>"
    return file.add(f"<< /Type /ExtGState /ca {number(opacity)} /SMask {mask_reference} >>")


def _shown(picture: str, place: tuple[float, float, float, float]) -> str:
    """The operators that draw a picture, which fills the unit square, at a place."""
    left, bottom, width, height = place
    scale = f"{_numbers(width * (1 - INSET))} 0 0 {_numbers(height * (1 - INSET))}"
    return f"{scale} {_numbers(left, bottom + INSET * height)} cm {_name(picture)} Do"


def _picture(file: _File, values: np.ndarray) -> str:
    """The reference of an 8-bit picture of values [H,W,C] in 0..1, C of 1 or 3, with the filters of PNG."""
    height, width, channels = values.shape
    stored = (values * 255 + 0.5).astype(np.uint8).reshape(height, -1)
    space = "/DeviceGray" if channels == 1 else "/DeviceRGB"
    return file.add_stream(
        f"/Type /XObject /Subtype /Image /Width {width} /Height {height} /ColorSpace {space} /BitsPerComponent 8 "
        f"/Interpolate true /DecodeParms << /Predictor 15 /Colors {channels} /Columns {width} >>",
        filter_rows(np.concatenate([np.zeros_like(stored[:1]), stored]), channels).tobytes(),
    )


def _document(file: _File, page: _Page, entries: list[_Entry], groups: Sequence[Group], title: str) -> bytes:
    content = []
    for entry in entries:
        state = "" if entry.parameters is None else f"{_name(entry.parameters)} gs "
        content.append(f"/OC {_name(entry.group)} BDC\nq {state}{entry.drawing} Q\nEMC")
    contents = file.add_stream("", "\n".join(content).encode())
    parameters = [entry.parameters for entry in entries if entry.parameters is not None]
    pictures = [entry.picture for entry in entries if entry.picture is not None]
    patterns = [entry.pattern for entry in entries if entry.pattern is not None]
    resources = (
        f"<< /Properties {_names([entry.group for entry in entries])} /ExtGState {_names(parameters)} "
        f"/XObject {_names(pictures)} /Pattern {_names(patterns)} >>"
    )
    pages = f"{len(file.objects) + 2} 0 R"
    leaf = file.add(
        f"<< /Type /Page /Parent {pages} /MediaBox {page.box} /Resources {resources} /Contents {contents} "
        "/Group << /S /Transparency /CS /DeviceRGB >> >>"
    )
    file.add(f"<< /Type /Pages /Kids [{leaf}] /Count 1 >>")
    root = file.add(
        f"<< /Type /Catalog /Pages {pages} /PageMode /UseOC /OCProperties {_properties(entries, groups)} "
        f"/ViewerPreferences << /DisplayDocTitle {'true' if title else 'false'} >> >>"
    )
    named = f"/Title {_text(title)} " if title else ""
    return file.encode(root, file.add(f"<< {named}/Producer {_text('vecstack')} >>"))


def _properties(entries: list[_Entry], groups: Sequence[Group]) -> str:
    """The properties of the optional content: all content groups, the topmost listed first and below the names of the
    stack's groups, and those that are off."""
    every = [entry.group for entry in entries]
    hidden = [entry.group for entry in entries if not entry.is_visible]
    listed = grouped(((entry.group, entry.belongs) for entry in entries), groups, _listed_group)
    shown = f"/Order [{' '.join(reversed(listed))}] /OFF [{' '.join(hidden)}]"
    return f"<< /OCGs [{' '.join(every)}] /D << /Name {_text('Layers')} /BaseState /ON {shown} >> >>"


def _listed_group(group: Group, inside: list[str]) -> str:
    """A group of the stack in the list of layers."""
    return f"[{_text(group.name or group.id)} {' '.join(reversed(inside))}]"
