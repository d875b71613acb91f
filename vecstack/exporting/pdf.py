"""Export a stack as PDF (ISO 32000-1): a page of layers to show and hide, each one colour behind a soft mask."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from vecstack.color import Color
from vecstack.drawing.viewport import Viewport
from vecstack.errors import UsageError
from vecstack.exporting.groups import grouped
from vecstack.exporting.pdf_gradient import pattern
from vecstack.exporting.pdf_items import Items
from vecstack.exporting.pdf_objects import File, filled, name_of, names_of, numbers_of, picture_object, rounded, text_of
from vecstack.exporting.physical import MM_PER_INCH
from vecstack.exporting.pictures import covered, draw_alone, drawable, viewport_of
from vecstack.exporting.xml import number
from vecstack.geometry import Affine, Rect
from vecstack.kinds import color_of, kind_of
from vecstack.kinds.base import Curve
from vecstack.kinds.gradient import Gradient
from vecstack.stack import Group, Layer, Stack

MASK_PX = 1024  # long side of the masks: smooth at the size of a screen
MAX_POINTS, MIN_POINTS = 14_400, 3  # sides of a page that readers accept
POINTS_PER_INCH = 72
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
    with their colour or their gradient; items that are placed again and again are in the file once. Masks are 8-bit
    pictures with `size` pixels on the canvas's long side (MASK_PX if None). A layer of several colours becomes a
    picture. Layers of unknown kinds are left out. Raises UsageError; ExportError: no layer can be drawn; DeviceError;
    DocumentError where the stack's assets do not match its layers."""
    layers, viewport = drawable(stack), viewport_of(stack, MASK_PX if size is None else size)
    file, page = File(), _Page.of(viewport, width_mm)
    entries = [] if stack.canvas.transparent else [_background(file, page, stack)]
    items = Items(file, stack.assets)
    for _, layer in layers:
        item = items.of(layer)
        outline, fill = kind_of(layer).outline(layer), kind_of(layer).gradient(layer) or color_of(layer)
        if outline is not None and fill is not None:
            entries.append(_exact_entry(file, page, layer, outline, fill))
        elif item is not None:
            entries.append(_placed_entry(file, page, layer, *item))
        else:
            pixels = draw_alone(stack, layer, viewport, device, depth=16)
            entries.append(_masked_entry(file, page, layer, pixels))
    return _document(file, page, entries, stack.groups, title)


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
        return f"[0 0 {numbers_of(self.width, self.height)}]"

    def place(self, rows: slice, columns: slice) -> tuple[float, float, float, float]:
        """Left, bottom, width and height, in points, of a part of the masks; y points up in a PDF."""
        width, height = (columns.stop - columns.start) * self.across, (rows.stop - rows.start) * self.down
        return columns.start * self.across, self.height - rows.stop * self.down, width, height


@dataclass(frozen=True)
class _Entry:
    """A layer of the file: its content group, what is drawn, its graphics state parameters, picture (or form) and
    pattern, if any, and the id of the stack's group that it belongs to."""

    group: str
    drawing: str
    is_visible: bool = True
    parameters: str | None = None
    picture: str | None = None
    belongs: str | None = None
    pattern: str | None = None


def _background(file: File, page: _Page, stack: Stack) -> _Entry:
    color = numbers_of(*rounded(stack.canvas.background))
    return _Entry(_group(file, "Background"), f"{color} rg 0 0 {numbers_of(page.width, page.height)} re f")


def _group(file: File, name: str) -> str:
    return file.add(f"<< /Type /OCG /Name {text_of(name)} >>")


def _exact_entry(file: File, page: _Page, layer: Layer, outline: Sequence[Curve], fill: Color | Gradient) -> _Entry:
    """A layer of the file as the curves of its edge, filled with a colour or a gradient."""
    place = page.place_of_canvas.after(layer.transform)
    painted = file.add(pattern(fill, place)) if isinstance(fill, Gradient) else None
    drawing = filled(outline, place, fill, painted)
    group = _group(file, layer.name or layer.id)
    return _Entry(group, drawing, layer.visible, _faded(file, layer), belongs=layer.group, pattern=painted)


def _placed_entry(file: File, page: _Page, layer: Layer, item: str, to_frame: Affine) -> _Entry:
    """A layer of the file as an object that other layers may share, which a map takes to its local frame."""
    place = page.place_of_canvas.after(layer.transform).after(to_frame)
    drawing = f"{numbers_of(place.a, place.d, place.b, place.e, place.c, place.f)} cm {name_of(item)} Do"
    group = _group(file, layer.name or layer.id)
    return _Entry(group, drawing, layer.visible, _faded(file, layer), item, layer.group)


def _faded(file: File, layer: Layer) -> str | None:
    """The reference of graphics state parameters with the opacity of a layer; None for 1."""
    return None if layer.opacity == 1 else file.add(f"<< /Type /ExtGState /ca {number(layer.opacity)} >>")


def _masked_entry(file: File, page: _Page, layer: Layer, pixels: np.ndarray) -> _Entry:
    """A layer of the file, from its 16-bit picture [H,W,4]."""
    rows, columns = _cropped(pixels[..., 3] > 128)  # the part of a mask that 8 bits do not round to 0
    part = pixels[rows, columns].astype(np.float32) / 65535
    place = page.place(rows, columns)
    parameters = _parameters(file, page, layer.opacity, part[..., 3], place)
    color, picture = _only_color(part), None
    if color is None:
        picture = picture_object(file, part[..., :3])
        drawing = _shown(picture, place)
    else:
        drawing = f"{numbers_of(*color)} rg {numbers_of(*place)} re f"
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
    return rounded(pixels[place][:3].tolist())


def _parameters(
    file: File, page: _Page, opacity: float, mask: np.ndarray, place: tuple[float, float, float, float]
) -> str:
    """The reference of graphics state parameters that draw through a mask [H,W] at a place, with an opacity."""
    image = picture_object(file, mask[..., None])
    form = file.add_stream(
        f"/Type /XObject /Subtype /Form /BBox {page.box} /Resources << /XObject {names_of([image])} >> "
        "/Group << /S /Transparency /CS /DeviceGray >>",
        _shown(image, place).encode(),
    )
    mask_reference = f"<< /Type /Mask /S /Luminosity /G {form} >>"
    return file.add(f"<< /Type /ExtGState /ca {number(opacity)} /SMask {mask_reference} >>")


def _shown(picture: str, place: tuple[float, float, float, float]) -> str:
    """The operators that draw a picture, which fills the unit square, at a place."""
    left, bottom, width, height = place
    scale = f"{numbers_of(width * (1 - INSET))} 0 0 {numbers_of(height * (1 - INSET))}"
    return f"{scale} {numbers_of(left, bottom + INSET * height)} cm {name_of(picture)} Do"


def _document(file: File, page: _Page, entries: list[_Entry], groups: Sequence[Group], title: str) -> bytes:
    content = []
    for entry in entries:
        state = "" if entry.parameters is None else f"{name_of(entry.parameters)} gs "
        content.append(f"/OC {name_of(entry.group)} BDC\nq {state}{entry.drawing} Q\nEMC")
    contents = file.add_stream("", "\n".join(content).encode())
    parameters = [entry.parameters for entry in entries if entry.parameters is not None]
    pictures = list(dict.fromkeys(entry.picture for entry in entries if entry.picture is not None))
    patterns = [entry.pattern for entry in entries if entry.pattern is not None]
    resources = (
        f"<< /Properties {names_of([entry.group for entry in entries])} /ExtGState {names_of(parameters)} "
        f"/XObject {names_of(pictures)} /Pattern {names_of(patterns)} >>"
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
    named = f"/Title {text_of(title)} " if title else ""
    return file.encode(root, file.add(f"<< {named}/Producer {text_of('vecstack')} >>"))


def _properties(entries: list[_Entry], groups: Sequence[Group]) -> str:
    """The properties of the optional content: all content groups, the topmost listed first and below the names of the
    stack's groups, and those that are off."""
    every = [entry.group for entry in entries]
    hidden = [entry.group for entry in entries if not entry.is_visible]
    listed = grouped(((entry.group, entry.belongs) for entry in entries), groups, _listed_group)
    shown = f"/Order [{' '.join(reversed(listed))}] /OFF [{' '.join(hidden)}]"
    return f"<< /OCGs [{' '.join(every)}] /D << /Name {text_of('Layers')} /BaseState /ON {shown} >> >>"


def _listed_group(group: Group, inside: list[str]) -> str:
    """A group of the stack in the list of layers."""
    return f"[{text_of(group.name or group.id)} {' '.join(reversed(inside))}]"
