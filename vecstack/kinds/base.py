"""The face of a kind of layer: all that the rest of the program asks of one.

A kind is a folder of `vecstack/kinds`, named as its layers are in a document. Its module `kind` has one object, KIND,
of a subclass of `Kind`. Nothing else in the program has to know of it: documents, drawing, fitting, editing, exports
and the page ask what stands here, and say in one line what they cannot do where the answer is that there is none.

A kind must say two things: what its layers are (`layer`, a frozen dataclass of `vecstack.stack.Layer`, whose fields
are the fields of the document) and how they look (`shader`). All other members have an answer already, and a kind
overrides those that it can answer better:

- in a document: `read`, `write`, `asset_ids`, `asset_words`, `check`; beside the module, `schema.json` and `format.md`;
- to be drawn fast and cut out well: `extent`, `grid_shader`, `is_cheap`, `run_painter`;
- where a layer has one colour that is no field `color`: `color`, `with_color`; where it has many: `recolored`,
  `takes_color`;
- to be fitted: `tunable`, `family`, `shape`, `with_shape`, `rounded`, `begin`, `begin_window`; many layers at once on
  the pixels of a picture: `grower`; to be made of a surface that was fitted to them: `from_surface`;
- to be exported as curves: `outline`, `gradient`, `svg`, `parts`; as a picture: `picture`; to be imported from curves:
  `from_outline`; to be drawn in the page: `web`;
- to hold items that are placed again and again: `item`, `placed`;
- to be made of pictures: `makers`, `load_maker`; of noise: `load_generator`; to be trained: `trainee`.

Coordinates are canvas units (pixels of the source, y down) or those of the layer's local frame [-1,1]^2, which its
transform maps to the canvas. Shape letters: L layers, P points, N numbers of a layer, H W rows and columns of a grid.
What a kind needs from PyTorch it imports when it shades, so that a document can be read, checked and written without.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Callable, Hashable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, Generic, Protocol, TypeAlias, TypeVar, cast, runtime_checkable

from vecstack.color import Color, is_number, to_color
from vecstack.errors import RecipeError, UsageError, WeightsError
from vecstack.geometry import Rect
from vecstack.kinds.fields import from_json, own_fields, to_json
from vecstack.kinds.gradient import Gradient
from vecstack.stack import Group, Layer

if TYPE_CHECKING:
    import numpy as np
    import torch
    from torch import Tensor

# points [P,2] in canvas units (float64), footprint (side of a pixel there) -> alpha [L,P] in 0..1 and rgb [L,P,3]
Shader: TypeAlias = "Callable[[Tensor, float], tuple[Tensor, Tensor]]"
# columns xs [W] and rows ys [H] of a grid in canvas units (float64), footprint -> alpha [H,W], rgb [3] where it is the
# same everywhere, else [H,W,3]
GridShader: TypeAlias = "Callable[[Tensor, Tensor, float], tuple[Tensor, Tensor]]"

# a premultiplied canvas [4,H,W], or [3,H,W] where it is opaque, at columns xs [W] and rows ys [H], footprint -> layers
# laid over it in place, with their opacities
RunPainter: TypeAlias = "Callable[[Tensor, Tensor, Tensor, float], None]"

METADATA_KEY = "vecstack"  # the only metadata key of a weights file: with two, its bytes vary from run to run

AnyLayer = TypeVar("AnyLayer", bound=Layer)
# Rows of the control values of a uniform cubic B-spline surface over the local frame: the first at the least v, and all
# as docs/format.md places them, one beyond each edge.
Surface = tuple[tuple[float, ...], ...]
# A closed curve of cubic Bezier pieces, in the local frame: a point, then two control points and a point for each
# piece, the last of which is the first point of all.
Curve = tuple[tuple[float, float], ...]


@dataclass(frozen=True)
class Made:
    """What a maker gives: layers, lowest first, the background they were made for, and their assets."""

    background: Color
    layers: tuple[Layer, ...]
    assets: Mapping[str, bytes]


class Maker(Protocol):
    """What turns a picture into layers of one kind."""

    @property
    def max_layers(self) -> int:
        """How many layers it can give."""

    def make(self, pixels: np.ndarray, rect: Rect, count: int) -> Made:
        """`count` layers for the pixels [H,W,3] (float32, sRGB 0..1) that fill `rect` of a canvas."""


@runtime_checkable
class Sees(Protocol):
    """A maker that has an encoder of pictures."""

    def features(self, pictures: Tensor) -> Tensor:
        """What its encoder sees in pictures [B,3,S,S] in 0..1: [B,F]."""

    def maps(self, pictures: Tensor) -> list[Tensor]:
        """What its encoder sees at places of pictures [B,3,H,W] in 0..1, which keep their size: [B,C,h,w] of each of
        its stages, the finest first, with gradients by the pictures."""


class Generates(Protocol):
    """What makes pictures of one kind of layer from noise."""

    @property
    def side(self) -> int:
        """Side in pixels of the pictures that it learned from."""

    @property
    def noise_shape(self) -> tuple[int, int]:
        """How often it is given noise for a picture, and how many numbers each time."""

    def make(self, noise: np.ndarray, rect: Rect) -> Made:
        """The picture of a noise [times,N] of `noise_shape` (float32) that fills `rect` of a canvas."""


MAX_STYLE_COLORS, MAX_SMOOTH_PX = 256, 20.0
MAX_RADIUS_PX = 100_000.0
LEAST_LENGTH, MAX_LENGTH = 0.5, 20.0  # of strokes, in their widths
LEAST_OPACITY = 0.05  # of layers that are all as opaque
TONED, NO_GROUND = "toned", "none"
FREE = "free"


@dataclass(frozen=True)
class Style:
    """What may be asked of the looks of layers, of a maker that takes it: at most so many `colors`, those of a
    `palette`, outlines that may leave what is seen by up to `smooth` pixels to have fewer pieces, the `blocks` that
    pixels are, edges that are all `sharp`, no layer that is translucent (`opaque`), at most so many `nodes` (knots of
    all outlines). Of paintings: the `ground` under all strokes, a colour, "toned" (the picture's mean colour) or "none"
    (a transparent canvas); the least and the greatest of their `radii`, in pixels; how many times as long as wide they
    are at least (`length`); and one `opacity` of all, or "free" for each its own. None and False ask for nothing.
    Raises UsageError where they are out of range or exclude each other."""

    colors: int | None = None
    palette: tuple[Color, ...] | None = None
    smooth: float | None = None
    blocks: bool = False
    sharp: bool = False
    opaque: bool = False
    nodes: int | None = None
    ground: Color | str | None = None
    radii: tuple[float, float] | None = None
    length: float | None = None
    opacity: float | str | None = None

    def __post_init__(self) -> None:
        if self.colors is not None and not 1 <= self.colors <= MAX_STYLE_COLORS:
            raise UsageError(f"colors must be 1 to {MAX_STYLE_COLORS}, not {self.colors}.", parameter="colors")
        if self.smooth is not None and not 0 < self.smooth <= MAX_SMOOTH_PX:
            raise UsageError(
                f"smooth must be above 0 and at most {MAX_SMOOTH_PX:g} pixels, not {self.smooth:g}.", parameter="smooth"
            )
        if self.nodes is not None and self.nodes < 1:
            raise UsageError(f"nodes must be at least 1, not {self.nodes}.", parameter="nodes")
        if self.nodes is not None and self.smooth is not None:
            raise UsageError("a number of nodes chooses the tolerance; leave smooth out.", parameter="nodes")
        if self.palette is not None and not self.palette:
            raise UsageError("palette must have at least one color.", parameter="palette")
        if self.colors is not None and self.palette is not None:
            raise UsageError("a palette says how many colors there are; leave colors out.", parameter="colors")
        self._check_painting()

    def _check_painting(self) -> None:
        """Raise UsageError where what is asked of a painting is out of range."""
        if self.ground not in (None, TONED, NO_GROUND):
            to_color(self.ground)
        if self.radii is not None and not 0 < self.radii[0] <= self.radii[1] <= MAX_RADIUS_PX:
            raise UsageError(
                "radii must be the least and the greatest, above 0 and at most "
                f"{MAX_RADIUS_PX:,.0f} pixels, not {self.radii[0]:g} and {self.radii[1]:g}.",
                parameter="radii",
            )
        if self.length is not None and not LEAST_LENGTH <= self.length <= MAX_LENGTH:
            raise UsageError(
                f"length must be {LEAST_LENGTH:g} to {MAX_LENGTH:g} times the width, not {self.length:g}.",
                parameter="length",
            )
        is_given = self.opacity not in (None, FREE)
        if is_given and not (is_number(self.opacity) and LEAST_OPACITY <= cast(float, self.opacity) <= 1):
            raise UsageError(
                f"opacity must be {LEAST_OPACITY:g} to 1, or {FREE}, not {self.opacity!r:.40}.", parameter="opacity"
            )
        if self.opaque and self.opacity not in (None, 1):
            raise UsageError("opacity of opaque layers is 1; leave one out.", parameter="opacity")

    @property
    def asked(self) -> tuple[str, ...]:
        """The names of what is asked for."""
        return tuple(field.name for field in dataclasses.fields(self) if getattr(self, field.name) != field.default)


@runtime_checkable
class StyledMaker(Maker, Protocol):
    """A maker of which something may be asked of the looks."""

    @property
    def takes(self) -> frozenset[str]:
        """What it takes of a style: names of its fields."""

    def styled(self, style: Style) -> StyledMaker:
        """The maker with what is asked of the looks."""


@runtime_checkable
class SceneMaker(StyledMaker, Protocol):
    """A maker that composes layers for a whole picture in its own way, above none."""

    @property
    def most_layers(self) -> int:
        """How many layers it makes at most where nobody says how many."""

    def grower(self, scene: Scene, terms: Terms, device: torch.device) -> Grower:
        """What makes layers for the picture of a scene."""


@runtime_checkable
class GuidedMaker(SceneMaker, Protocol):
    """A maker that composes layers as a guide says."""

    @property
    def guides(self) -> frozenset[str]:
        """What guides it, of "segments", "focus" and "simplify"."""


@runtime_checkable
class GridMaker(SceneMaker, Protocol):
    """A maker of pictures in which each pixel counts, which may have been enlarged."""

    def looked_at(self, pixels: np.ndarray) -> np.ndarray:
        """The pixels [H,W,D] (float32 in 0..1, straight) of a picture that it works on: those before it was enlarged.
        Raises UsageError for a picture that it is not for."""


@dataclass(frozen=True)
class MakerEntry:
    """A maker that needs no weights: what it is good for, in a line, how it is opened on a device, and, where it is
    the best for some small pictures, what says why a picture [D,H,W] (float32 in 0..1, premultiplied where D is 4) is
    one, in words; None of others. `resembles` says the same of a picture for which the maker is worth a try, but not
    chosen unasked. A maker that paints is a style of painting (`is_style`)."""

    description: str
    open: Callable[[torch.device], Maker]
    suits: Callable[[np.ndarray], str | None] | None = None
    resembles: Callable[[np.ndarray], str | None] | None = None
    is_style: bool = False


@dataclass(frozen=True)
class Steps:
    """How coarsely a layer's own numbers are kept: those of its shape, and those in 0..1 such as a colour. 0 keeps
    them as they are."""

    shape: float
    color: float


def to_step(value: float, step: float) -> float:
    """The multiple of a decimal step (from 1e-5 up) that is nearest to a number; the number itself where it is 0."""
    return round(round(value / step) * step, 6) + 0.0 if step else value  # + 0.0: no sign before a zero


@dataclass(frozen=True)
class Slopes:
    """Layers at P points and how they answer to their own N numbers: alpha [L,P] in 0..1 and its derivative [L,N,P];
    for layers of many colours also rgb [L,3,P] and its derivative [L,N,3,P]."""

    alpha: Tensor
    by_alpha: Tensor
    rgb: Tensor | None = None
    by_rgb: Tensor | None = None


class Tunable(Protocol):
    """Layers of one family as numbers: shapes [L,N], of which a layer's look depends on its own row alone, and colours
    [L,3]; layers of many colours have no colours here, [L,0]: what they look like is all in their shapes. First come
    the numbers of Kind.shape, in whatever unit, and then those of how a layer moves, in a kind that tunes its place."""

    shapes: Tensor
    colors: Tensor

    @property
    def shared(self) -> Sequence[Tensor]:
        """What all layers depend on beside their shapes, such as the weights of a net."""

    def shade(self, shapes: Tensor, points: Tensor, footprint: float) -> tuple[Tensor, Tensor | None]:
        """Alpha [L,P] in 0..1 of shapes [L,N] at points [P,2] in canvas units (float64) and, of layers of many
        colours, rgb [L,3,P]; differentiable by the shapes and by what is shared."""

    def slopes(self, shapes: Tensor, points: Tensor, footprint: float) -> Slopes:
        """The same with its derivatives, without gradients (kinds.slopes.slopes_of gives them where there is no closed
        form)."""

    def layers(self, shapes: Tensor, colors: Tensor) -> tuple[tuple[Layer, ...], Mapping[str, bytes]]:
        """The layers with other shapes and colours, and the assets that they now refer to."""


@dataclass(frozen=True)
class Scene:
    """A picture on pixels that fill `rect` of a canvas, and what surrounds the layers that are to come close to it: all
    [D,H,W] float32 in 0..1, where D is 3, or 4 (premultiplied, with coverage) for a transparent picture. `below` is the
    canvas under the layers; `light` [H,W] is what the layers above let through and `above` [D,H,W] what these add, both
    None where nothing is above. Arrays may be views in any layout, so that a large picture is not copied."""

    rect: Rect
    picture: np.ndarray
    below: np.ndarray
    light: np.ndarray | None = None
    above: np.ndarray | None = None


@dataclass(frozen=True)
class Guide:
    """What is known of a picture beside its pixels: the part [H,W] (int64) that each pixel belongs to, in the order in
    which parts lie over one another; their names, and the whole, a part before it, that each is in, where any is; and
    `focus` [H,W] (float32), how much detail matters there, 0 to 1. `levels` is the picture simplified, from simple to
    nearly itself, each [3,H,W] (float32 in 0..1). None, or empty, where nothing is known."""

    segments: np.ndarray | None = None
    names: tuple[str, ...] = ()
    focus: np.ndarray | None = None
    parents: tuple[int | None, ...] = ()
    levels: tuple[np.ndarray, ...] = ()

    def at(self, height: int, width: int) -> Guide:
        """The same for the picture at another size: what is known of the nearest pixel."""
        import numpy as np

        def nearest(values: np.ndarray) -> np.ndarray:
            rows, columns = values.shape[-2:]
            lines = values[..., np.arange(height) * rows // height, :]
            found: np.ndarray = lines[..., np.arange(width) * columns // width]
            return found

        segments = None if self.segments is None else nearest(self.segments)
        focus = None if self.focus is None else nearest(self.focus)
        return Guide(segments, self.names, focus, self.parents, tuple(nearest(level) for level in self.levels))


# hears the share done in 0..1 and the mean squared error
Told: TypeAlias = Callable[[float, float], None]


@dataclass(frozen=True)
class Terms:
    """How hard layers are fitted: an effort ("fast", "good" or "best"), until a deadline (time.monotonic) at most; the
    seed of what is random; who hears how far it is; the mean squared error that is close enough, where one is asked
    for; what guides them; whether no layer that is added may be translucent."""

    effort: str
    seed: int = 0
    deadline: float | None = None
    told: Told | None = None
    enough: float | None = None
    guide: Guide | None = None
    opaque: bool = False


@dataclass(frozen=True)
class Grown:
    """Layers, lowest first, and the groups that they name."""

    layers: tuple[Layer, ...]
    groups: tuple[Group, ...] = ()


class Grower(Protocol):
    """Layers of a kind that lie directly one above the other, fitted together to the picture of a scene."""

    @property
    def count(self) -> int:
        """How many layers there are."""

    @property
    def error(self) -> float:
        """Mean squared error of the picture, over pixels and channels."""

    def tune(self) -> None:
        """Bring the layers that are there closer to the picture."""

    def grow_to(self, count: int) -> None:
        """Add layers where the picture is missed, until there are about so many or nothing more helps."""

    def shrink_to(self, count: int) -> None:
        """Drop the layers that matter least, of those that were added, until there are so many."""

    def grown(self) -> Grown:
        """The layers as they are now; those that were there at the start keep all but their looks."""


@dataclass(frozen=True)
class CenterLine:
    """What a pen of one width draws a layer along, in canvas units: open curves, and closed ones, whose last point is
    their first; the `width`; how the ends of open ones are drawn ("round", or "butt": cut off), and corners ("round",
    or "miter": sharp, but for tips of more than twice the width)."""

    curves: tuple[Curve, ...]
    width: float
    ends: str
    corners: str


@dataclass(frozen=True)
class ItemShape:
    """A shape of an item that is placed: what closed curves hold (nonzero rule, so that a curve of the other direction
    cuts a hole), in a colour or a gradient, with an opacity in 0..1. All shapes of an item have one frame."""

    curves: tuple[Curve, ...]
    paint: Color | Gradient
    opacity: float = 1.0


@dataclass(frozen=True)
class FramedPicture:
    """A picture in a layer's local frame: the bytes of a PNG with sides of so many pixels, the longer of which is from
    -1 to 1; the middle is at 0."""

    png: bytes
    width: int
    height: int

    @property
    def rect(self) -> Rect:
        """What it fills of the local frame."""
        longer = max(self.width, self.height)
        width, height = 2 * self.width / longer, 2 * self.height / longer
        return Rect(-width / 2, -height / 2, width, height)


@dataclass(frozen=True)
class SvgElement:
    """A layer as an element of SVG in its local frame: its tag, its attributes but those that all layers have (id,
    opacity, visibility, its transform, and the fill where the layer has one colour), and what it refers to (such as a
    gradient). A `path` without `d` is given the layer's outline, or goes along `curves`, open or closed, which are in
    canvas units, as are its attributes."""

    tag: str
    attributes: Mapping[str, str]
    definitions: str = ""
    curves: tuple[Curve, ...] = ()


class Kind(Generic[AnyLayer]):
    """A kind of layer; see the top of this module."""

    # Every kind says

    layer: type[AnyLayer]  # a frozen dataclass

    @property
    def name(self) -> str:
        """The name of the kind, which is that of its folder."""
        return type(self).__module__.split(".")[-2]

    def shader(self, layers: Sequence[AnyLayer], assets: Mapping[str, bytes], device: torch.device) -> Shader:
        """A function from points to the layers' alpha and colour; no point sees another. Opacity and visibility are
        not its business. A footprint is the side of the pixel around each point: hard edges cover a part of it."""
        raise NotImplementedError

    # In a document

    @property
    def fields(self) -> tuple[str, ...]:
        """Names of the kind's own fields in a document, beside those of every layer."""
        return tuple(own_fields(self.layer))

    def read(self, common: Mapping[str, Any], own: Mapping[str, Any]) -> AnyLayer:
        """A layer from the common fields (arguments of Layer, checked) and the kind's own fields (values as parsed
        from JSON, unchecked). Raises DocumentError."""
        return from_json(self.layer, common, own)

    def write(self, layer: AnyLayer) -> dict[str, Any]:
        """The kind's own fields as JSON values; `read` gives the same layer back."""
        return to_json(layer)

    def asset_ids(self, layer: AnyLayer) -> tuple[str, ...]:
        """The assets that a layer refers to."""
        return ()

    def asset_words(self, data: bytes) -> str:
        """What an asset that layers refer to is, in a few words; empty where there is nothing to say."""
        return ""

    def check(self, layers: Sequence[AnyLayer], assets: Mapping[str, bytes]) -> None:
        """Raise DocumentError unless the layers' assets are there, well-formed and fit them."""

    # Drawn fast

    is_cheap: bool = False  # at each point, so that compiling a layer into polynomials would not pay

    def extent(self, layer: AnyLayer, footprint: float) -> Rect | None:
        """A rectangle of the canvas outside which the layer covers nothing of a pixel with that side, at its centre;
        None where it has no edge. A hard edge reaches half a pixel further."""
        return None

    def grid_shader(self, layer: AnyLayer, assets: Mapping[str, bytes], device: torch.device) -> GridShader | None:
        """The shader of one layer on the points of a grid, where that takes a small part of the work; None where it
        does not."""
        return None

    @property
    def draws_runs(self) -> bool:
        """Whether layers that lie directly one above the other are drawn at once, where a device allows it."""
        return type(self).run_painter is not Kind.run_painter

    def run_painter(
        self, layers: Sequence[AnyLayer], assets: Mapping[str, bytes], device: torch.device
    ) -> RunPainter | None:
        """What draws layers that lie directly one above the other on the pixels of a grid, all at once; None where they
        are drawn one by one."""
        return None

    # Colours

    def color(self, layer: AnyLayer) -> Color | None:
        """The colour of a layer that has one; None for a layer of many colours."""
        color = getattr(layer, "color", None) if "color" in self.fields else None
        return None if color is None else cast(Color, tuple(color))

    takes_color: bool = False  # whether a layer of many colours can be given one in their place, by `with_color`

    def with_color(self, layer: AnyLayer, color: Color) -> AnyLayer:
        """A layer that has one colour, or can be given one, in another."""
        return dataclasses.replace(layer, **cast(Any, {"color": color}))

    def recolored(self, layer: AnyLayer, change: Callable[[Color], Color]) -> AnyLayer | None:
        """The layer with each of its colours changed, of many colours too; None where they cannot be."""
        color = self.color(layer)
        return None if color is None else self.with_color(layer, change(color))

    # Fitted to a picture

    @property
    def can_tune(self) -> bool:
        """Whether its layers can be brought closer to a picture."""
        return type(self).tunable is not Kind.tunable

    @property
    def can_begin(self) -> bool:
        """Whether a layer can be begun anywhere on a canvas, to add detail."""
        return type(self).begin is not Kind.begin

    def tunable(self, layers: Sequence[AnyLayer], assets: Mapping[str, bytes], device: torch.device) -> Tunable | None:
        """The layers, which are of one family, as numbers that can be tuned; None where they cannot."""
        return None

    def family(self, layer: AnyLayer) -> Hashable:
        """Layers of one family have as many numbers and share their assets: they can be tuned together."""
        return self.asset_ids(layer), len(self.shape(layer))

    def shape(self, layer: AnyLayer) -> tuple[float, ...]:
        """The numbers that give the layer its form; layers of one family have as many, of one meaning. Empty where
        they are not to be changed at random or swapped."""
        return ()

    def with_shape(self, layer: AnyLayer, shape: Sequence[float]) -> AnyLayer:
        """The layer with such numbers, as they are, in the place of its own. Raises DocumentError for numbers that are
        out of range."""
        return layer

    def rounded(self, layer: AnyLayer, steps: Steps) -> AnyLayer:
        """The layer with its own numbers at the nearest multiples of steps, as far as it allows them; its assets, its
        transform and its opacity stay."""
        return layer

    begin_window: float = 0.0  # of a layer that is begun: share of the half side of its window over which it fades

    def begin(self, layer_id: str, window: Rect, inside: Rect, target: Tensor, canvas: Tensor) -> AnyLayer:
        """A layer in a window of the canvas, roughly as the picture wants it, to be tuned: the picture and the canvas
        below the layer, both [3,H,W], fill the part `inside` of the window."""
        raise NotImplementedError

    @property
    def can_grow(self) -> bool:
        """Whether its layers can be grown where a picture is missed."""
        return type(self).grower is not Kind.grower

    def grower(self, layers: Sequence[AnyLayer], scene: Scene, terms: Terms, device: torch.device) -> Grower:
        """What tunes layers that lie directly one above the other, all at once, and grows more above them."""
        raise NotImplementedError

    surface_side: int = 0  # most control values on a side of a surface that a layer can be made of; 0: of none

    def from_surface(self, common: Mapping[str, Any], surface: Surface, window: float, color: Color) -> AnyLayer:
        """A layer from the common fields (arguments of Layer) that covers, in one colour, where a surface over its
        frame is above 0, with a soft edge: the mask at height h is t^2 (3 - 2 t), where t is the number in 0..1 nearest
        to 1/2 + 2/3 h / sqrt(1 + r^2) and r is by how much the surface rises in a pixel. It may fade over `window`, a
        share of the half side, at the edge of the frame. Raises DocumentError."""
        raise NotImplementedError

    # Exported

    def outline(self, layer: AnyLayer) -> tuple[Curve, ...] | None:
        """The layer's edge as closed curves (nonzero rule), where it covers all within them and nothing outside; None
        where it does not."""
        return None

    def has_outline(self, layer: AnyLayer) -> bool:
        """Whether there is an outline, for kinds that know it without making one."""
        return self.outline(layer) is not None

    def has_soft_edge(self, layer: AnyLayer) -> bool:
        """Whether the layer is a shape with an edge that is soft alike everywhere, so that a blurred outline may stand
        for it."""
        return False

    def center_line(self, layer: AnyLayer) -> CenterLine | None:
        """What a pen of one width draws a layer along that has an outline, within what is told apart, where that takes
        fewer numbers; None where there is nothing of the kind."""
        return None

    def gradient(self, layer: AnyLayer) -> Gradient | None:
        """The gradient that a layer with an outline is filled with, if it is."""
        return None

    def svg(self, layer: AnyLayer, name: str) -> SvgElement | None:
        """The layer as an element of SVG that looks exactly as it; `name` is unique, for what it refers to."""
        return None

    def parts(self, layer: AnyLayer, assets: Mapping[str, bytes]) -> tuple[Layer, ...] | None:
        """Layers with outlines that, laid over one another, are this one, lowest first: on a canvas that is its local
        frame, and without its opacity; layers of the same assets and colour have the same. None where it is not made of
        such."""
        return None

    def picture(self, layer: AnyLayer, assets: Mapping[str, bytes]) -> FramedPicture | None:
        """The picture that the layer is, without its opacity; None where it is none."""
        return None

    web: Path | None = None  # JavaScript that draws such layers in a page (exporting/html/viewer/kinds.js says how)

    # Imported

    @property
    def can_be_outlined(self) -> bool:
        """Whether a layer can be made of an outline."""
        return type(self).from_outline is not Kind.from_outline

    def from_outline(self, common: Mapping[str, Any], outline: Sequence[Curve], paint: Color | Gradient) -> AnyLayer:
        """A layer from the common fields (arguments of Layer) that covers what closed curves which do not overlap hold
        (nonzero rule), in a colour or a gradient. Raises DocumentError."""
        raise NotImplementedError

    # Placed

    @property
    def can_be_placed(self) -> bool:
        """Whether its layers are items that are placed again and again."""
        return type(self).placed is not Kind.placed

    def item(self, content: Sequence[ItemShape] | bytes) -> bytes:
        """The asset of an item: shapes, lowest first, or the bytes of a picture in a file, with its transparency. The
        long side of what the item covers, of the whole of a picture, is from -1 to 1 in the local frame of its layers,
        and the middle is at 0 (kinds.items.fitted does so to shapes). Raises DocumentError for shapes that no item may
        have, PictureError for such pictures."""
        raise NotImplementedError

    def placed(self, common: Mapping[str, Any], item: str, color: Color | None = None) -> AnyLayer:
        """A layer from the common fields (arguments of Layer) that shows the item of an asset, all of it in one color
        where there is one. Its transform should be a similarity (Affine.similarity). Raises DocumentError."""
        raise NotImplementedError

    # Made of pictures

    makers: Mapping[str, MakerEntry] = {}  # without weights, by name

    def load_maker(self, weights: bytes, sizes: Any, device: torch.device | None) -> Maker:
        """The maker in the bytes of a weights file, whose metadata (METADATA_KEY) is the JSON of {"kind": name,
        "sizes": sizes}. Raises WeightsError."""
        raise WeightsError("layers of this kind are made without weights. Use the weights of another kind of layer.")

    def load_generator(self, weights: bytes, sizes: Any, device: torch.device | None) -> Generates:
        """The generator in the bytes of a weights file (see `load_maker`). Raises WeightsError."""
        raise WeightsError("layers of this kind are not made of noise. Use the weights of another kind of layer.")

    def trainee(self, tables: Mapping[str, Any]) -> Any:
        """What `vecstack train` trains for this kind (a train.trainee.Trainee), from the tables of a recipe that are
        the kind's own (values as parsed from TOML, unchecked). Raises RecipeError."""
        raise RecipeError("layers of this kind are not trained. Leave kind out, or choose one that is.")
