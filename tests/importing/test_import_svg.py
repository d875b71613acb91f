"""Imported drawings look as resvg draws them, by way of resvg's drawing of what they are exported to."""

from __future__ import annotations

import io

import numpy as np
import pytest
import resvg_py
from PIL import Image

from tests.importing.hostile import BOX, svg
from vecstack import Stack, import_svg, refine, render, to_svg
from vecstack.color import linear_light
from vecstack.errors import PictureError
from vecstack.kinds import kind_of

FILL = 'width="60" height="50" x="10" y="20"'
RADIAL = '<stop stop-color="gold"/><stop offset=".6" stop-color="teal"/><stop offset="1" stop-color="navy"/>'

# One drawing for each thing that is imported.
HIDDEN = '<text display="none">a</text><path id="p" d="M0 0h9"/>'
HALF = '<circle cx="9" cy="9" r="9" opacity=".5"/>'

DRAWINGS = {
    "shapes": '<rect width="40" height="30" rx="9" ry="4"/><circle cx="70" cy="20" r="15" fill="teal"/>'
    '<ellipse cx="30" cy="70" rx="25" ry="9"/><polygon points="60,50 95,60 70,90" fill="red"/>'
    '<line x1="5" y1="95" x2="95" y2="85" stroke="blue" stroke-width="3"/>',
    "path commands": '<path d="M10 80q20-60 40 0t30-20s5-40-20-50-30 20-50-8H5v9l3 3zm60-20a12 7 30 1 0 9 9z"/>',
    "a square on its corner": '<path d="M50 10 90 50 50 90 10 50z" fill="teal"/>',
    "transforms": f'<g transform="translate(50 10) rotate(30)"><rect {FILL} transform="skewX(20) scale(.5 1.2)"/></g>',
    "transforms in styles": f'<rect {FILL} style="transform: translate(10, 5) rotate(20)" transform-origin="40 40"/>',
    "even-odd": '<path fill-rule="evenodd" d="M50 5 79 90 5 35H95L21 90z"/>',
    "nonzero, in both directions": '<path d="M10 10H60V60H10zM40 40V90H90V40zM20 20V30H30V20z"/>',
    "strokes": '<path d="M10 80 40 20 55 70 90 30" fill="none" stroke="green" stroke-width="9" stroke-linecap="round"'
    ' stroke-linejoin="round"/><path d="M10 90 50 85 12 80" fill="none" stroke="red" stroke-width="4"/>',
    "a stroke in a skewed space": '<g transform="scale(2 .5)"><circle cx="25" cy="90" r="15" stroke="red" '
    'stroke-width="6"/></g>',
    "dashes": '<circle cx="50" cy="50" r="35" fill="none" stroke="#333" stroke-width="7" stroke-dasharray="9 4 2"/>',
    "strokes under fills": f'<rect {FILL} paint-order="stroke" fill="gold" stroke="navy" stroke-width="12"/>',
    "a linear gradient": f'<linearGradient id="g" gradientTransform="rotate(30)">{RADIAL}</linearGradient>'
    f'<rect {FILL} fill="url(#g)" transform="skewX(10)"/>',
    "a radial gradient": f'<radialGradient id="g" cx="30%">{RADIAL}</radialGradient><rect {FILL} fill="url(#g)"/>',
    "gradients that repeat": f'<linearGradient id="h" x2=".3">{RADIAL}</linearGradient>'
    '<radialGradient id="g" r=".2" spreadMethod="reflect" href="#h"/><linearGradient id="k" spreadMethod="repeat" '
    f'href="#h"/><rect {FILL} fill="url(#g)" stroke="url(#k)" stroke-width="12"/>',
    "opacity of stops that is one": '<linearGradient id="g"><stop stop-color="red" stop-opacity=".4"/><stop offset="1" '
    f'stop-opacity=".4"/></linearGradient><rect {FILL} fill="url(#g)"/>',
    "gradients turned about a point": f'<linearGradient id="g" gradientTransform="rotate(50)" transform-origin=".5 .5">'
    f'{RADIAL}</linearGradient><rect {FILL} fill="url(#g)"/>',
    "colors of other spaces": '<rect width="40" height="40" fill="hsl(120, 200%, 25%)"/>'
    '<rect x="50" width="40" height="40" fill="red icc-color(a, 0.1)"/>',
    "style sheets": "<style>.a, #b > rect { fill: tomato } rect.a { stroke: #00f8 } * { stroke-width: 4 }</style>"
    f'<rect class="a" {FILL}/><g id="b"><rect width="20" height="20"/></g>',
    "style before attribute": f'<rect {FILL} fill="red" style="fill:hsl(200, 60%, 40%);fill-opacity:50%"/>',
    "current color": f'<g color="teal"><rect {FILL} fill="currentColor" stroke="currentColor"/></g>',
    "use and symbol": '<symbol id="s" viewBox="0 0 10 10"><circle cx="5" cy="5" r="7"/></symbol><g id="g" fill="red">'
    '<rect width="9" height="9"/></g><use href="#s" x="10" y="20" width="40" height="30" fill="navy"/>'
    '<use xlink:href="#g" transform="translate(60 60) scale(3)"/>',
    "nested drawings": '<svg x="10" y="30" width="50%" height="40" viewBox="0 0 20 20" '
    'preserveAspectRatio="xMaxYMin slice">'
    '<circle cx="10" cy="10" r="9"/></svg>',
    "opacity of a group": f'<g opacity=".5"><rect {FILL} fill="red"/><circle cx="60" cy="60" r="25" fill="blue"/></g>',
    "opacity of fill and stroke": f'<rect {FILL} fill="red" stroke="blue" stroke-width="14" opacity=".6"/>',
    "clips": '<clipPath id="c" clipPathUnits="objectBoundingBox"><circle cx=".5" cy=".5" r=".4"/></clipPath>'
    f'<g clip-path="url(#c)"><rect {FILL} fill="red"/><rect y="40" width="50" height="50"/></g>',
    "clips of the box of what is displayed": '<clipPath id="c" clipPathUnits="objectBoundingBox"><circle cx=".5" '
    'cy=".5" r=".4"/></clipPath><g clip-path="url(#c)"><rect x="50" width="40" height="40" fill="red"/>'
    '<rect width="99" height="99" display="none"/></g>',
    "clips of clips": '<clipPath id="d"><rect width="50" height="99"/></clipPath><clipPath id="c" clip-path="url(#d)">'
    '<path clip-rule="evenodd" d="M50 5 79 90 5 35H95L21 90z"/></clipPath><rect width="99" '
    'height="99" clip-path="url(#c)"/>',
    "masks that are clips": f'<mask id="m"><circle cx="40" cy="40" r="25" fill="#fff"/></mask>'
    f'<rect {FILL} mask="url(#m)"/>',
    "masks of greys": '<mask id="m"><rect width="99" height="99" fill="white"/><circle cx="40" cy="40" r="25"/><path '
    'd="M30 30H90V50H30z" fill="#888"/><circle cx="60" cy="50" r="20" fill="red" opacity=".4"/></mask>'
    f'<g mask="url(#m)"><rect {FILL}/><circle cx="60" cy="60" r="35" fill="teal"/></g>',
    "masks of alpha": '<mask id="m" mask-type="alpha"><circle cx="40" cy="40" r="25" opacity=".7"/></mask>'
    f'<rect {FILL} mask="url(#m)"/>',
    "markers": '<marker id="m" viewBox="0 0 10 10" refX="5" refY="5" markerWidth="4" markerHeight="4" '
    'orient="auto-start-reverse">'
    '<path d="M0 0 10 5 0 10z" fill="context-stroke"/><rect x="8" width="9" height="4"/></marker><path fill="none" '
    'd="M15 80 40 20Q50 90 85 40" stroke="red" stroke-width="4" style="marker: url(#m)"/>',
    "markers that overflow": '<marker id="m" overflow="visible" markerWidth="2" markerHeight="2" refX="1" refY="1">'
    '<circle cx="1" cy="1" r="3" fill="teal"/></marker><marker id="n" style="overflow:scroll" markerWidth="4" '
    'markerHeight="4"><circle r="4"/></marker><path fill="none" d="M20 80 50 20 85 60" stroke="red" stroke-width="4" '
    'marker-mid="url(#m)" marker-end="url(#n)"/>',
    "markers in user units": '<marker id="m" markerUnits="userSpaceOnUse" markerWidth="20" markerHeight="20" refX="10" '
    'refY="10" orient="30"><circle cx="10" cy="10" r="11" fill="teal" opacity=".5"/></marker><polygon fill="gold" '
    'points="20,20 80,30 40,80" marker-mid="url(#m)" marker-start="url(#m)"/>',
    "a pattern": '<pattern id="p" width="25" height="25" patternUnits="userSpaceOnUse"><rect width="12.5" height="25" '
    'fill="gold"/></pattern><rect width="90" height="80" fill="url(#p)" fill-opacity=".6"/>',
    "focal points": f'<radialGradient id="g" fx=".3" fy=".7">{RADIAL}</radialGradient><rect {FILL} fill="url(#g)"/>'
    f'<radialGradient id="h" fr=".1" r=".3" fx=".6" fy=".55" spreadMethod="reflect">{RADIAL}</radialGradient>'
    '<ellipse cx="60" cy="80" rx="30" ry="15" fill="url(#h)"/>',
    "a gradient from a circle on": f'<radialGradient id="g" fr="20%">{RADIAL}</radialGradient>'
    f'<rect {FILL} fill="url(#g)"/>',
    "a switch": f'<switch><rect {FILL} systemLanguage="xx" fill="red"/><rect {FILL} fill="green"/><rect/></switch>',
    "a fallback where a gradient has no box": f'<linearGradient id="g">{RADIAL}</linearGradient>'
    '<path d="M10 50H90" stroke="url(#g) red" stroke-width="20"/>',
    "units": '<rect x="2mm" y="1em" width="50%" height=".5in"/>',
    "mistakes": '<rect width="50" height="40" fill="nonsense" transform="oops"/><path d="M10 60 50 60 30 90 x 9 9"/>',
}


def drawn(text: str) -> np.ndarray:
    """resvg's drawing, on grey, 256 px wide."""
    png = bytes(resvg_py.svg_to_bytes(svg_string=text, width=256, background="#888", dpi=96, languages=["en"]))
    return np.asarray(Image.open(io.BytesIO(png)).convert("RGB")).astype(float)


def imported(text: str) -> Stack:
    """The drawing as a stack; nothing may be left out."""
    return import_svg(io.BytesIO(text.encode()), strict=True)


def difference(one: np.ndarray, other: np.ndarray) -> float:
    """The mean absolute difference."""
    return float(np.abs(one - other).mean())


@pytest.mark.parametrize("name", DRAWINGS)
def test_a_drawing_looks_the_same_after_a_way_through_layers(name: str) -> None:
    text = svg(DRAWINGS[name])
    stack = imported(text)
    original = drawn(text)
    assert difference(original, drawn(svg(""))) > 3, "the drawing shows nothing"
    assert difference(original, drawn(to_svg(stack))) < 0.3
    pixels = render(stack, size=256).astype(float)
    on_grey = pixels[..., :3] * pixels[..., 3:] / 255 + 0x88 * (1 - pixels[..., 3:] / 255)
    assert difference(original, on_grey) < 0.5


def test_a_pattern_is_its_tiles() -> None:
    tile = '<rect width="12" height="20" fill="gold"/><circle cx="15" cy="9" r="6"/>'
    pattern = (
        '<pattern id="p" x="3" width="25" height="20" patternUnits="userSpaceOnUse" patternTransform="rotate(20)" '
        f'>{tile}</pattern><rect {FILL} rx="20" fill="url(#p)" stroke="red" stroke-width="3"/>'
    )
    uses = "".join(f'<use href="#t" x="{3 + 25 * x}" y="{20 * y}"/>' for x in range(-2, 6) for y in range(-3, 6))
    tiles = (
        f'<defs><g id="t">{tile}</g></defs><clipPath id="c"><rect {FILL} rx="20"/></clipPath><g clip-path="url(#c)"><g '
        f'transform="rotate(20)">{uses}</g></g><rect {FILL} rx="20" fill="none" stroke="red" stroke-width="3"/>'
    )
    stack = imported(svg(pattern))
    assert len(stack.layers) == 3
    assert difference(drawn(svg(tiles)), drawn(to_svg(stack))) < 0.3


def test_a_pattern_may_lie_in_a_pattern() -> None:
    text = svg(
        '<pattern id="q" width=".2" height=".2" viewBox="0 0 5 5"><path d="M0 5 5 0" stroke="red"/></pattern>'
        '<pattern id="p" width=".5" height=".5" patternContentUnits="objectBoundingBox"><rect x=".1" y=".1" width=".3" '
        'height=".3" fill="url(#q)"/></pattern><rect width="100" height="100" fill="url(#p)"/>'
    )
    pixels = render(imported(text), size=500)[..., 3]
    assert pixels[60:90, 60:90].mean() == pytest.approx(pixels[310:340, 310:340].mean())
    assert 20 < pixels[60:190, 60:190].mean() < 100
    assert not pixels[205:295].any()


@pytest.mark.parametrize(
    ("inside", "line"),
    [
        ("<text>a</text><g><text>b</text></g>", "left out: text (2)"),
        (
            '<text x="1 2" y="9">a<tspan dx="1" dy="2">b</tspan><textPath href="#p">c</textPath></text><text/>'
            + HIDDEN,
            "left out: text (1)",
        ),
        ('<image href="http://localhost/x.png"/>', "left out: images (1)"),
        (f'<filter id="f"/><rect {FILL} filter="url(#f)"/>', "left out: filters (1)"),
        (
            f'<pattern id="p" width="1e-5" height="1e-5"><path/></pattern><rect {FILL} fill="url(#p)"/>',
            "left out: patterns of very many tiles (1)",
        ),
        (f'<rect {FILL}><animate attributeName="x"/></rect><animate/>', "left out: animation (1)"),
        ("<foreignObject/>", "left out: foreign objects (1)"),
        (
            f'<mask id="m">{HALF * 9}</mask><rect {FILL} mask="url(#m)"/>',
            "left out: masks of shapes that show through one another (1)",
        ),
        (f'<g style="mix-blend-mode:multiply"><rect {FILL}/></g>', "left out: blend modes (1)"),
        (
            f'<radialGradient id="g" fx="1.2">{RADIAL}</radialGradient><rect {FILL} fill="url(#g)"/>',
            "left out: focal circles that reach out of their gradient (1)",
        ),
    ],
)
def test_what_is_left_out_is_told_and_refused_where_strict(inside: str, line: str) -> None:
    lines: list[str] = []
    import_svg(io.BytesIO(svg(inside).encode()), told=lines.append)
    assert lines == [line]
    with pytest.raises(PictureError, match=line.split(" (")[0]):
        imported(svg(inside))


def test_a_smooth_change_of_opacity_is_drawn_in_steps() -> None:
    stops = '<stop stop-color="red" stop-opacity="0"/><stop offset="1" stop-color="blue"/>'
    for gradient in ("linear", "radial"):
        text = svg(f'<{gradient}Gradient id="g">{stops}</{gradient}Gradient><rect {FILL} id="r" fill="url(#g)"/>')
        lines: list[str] = []
        stack = import_svg(io.BytesIO(text.encode()), told=lines.append)
        assert lines == ["left out: smooth changes of opacity, drawn in steps (1)"]
        assert difference(drawn(text), drawn(to_svg(stack))) < 1
        assert {layer.group for layer in stack.layers} == {"r"}


def test_a_mask_of_a_gradient_is_drawn_in_steps() -> None:
    stops = '<stop stop-color="white"/><stop offset="1" stop-color="black" stop-opacity=".5"/>'
    shape = f'<mask id="m"><rect {FILL} fill="url(#g)"/></mask><rect {FILL} fill="tomato" mask="url(#m)"/>'
    text = svg(f'<linearGradient id="g">{stops}</linearGradient>{shape}')
    lines: list[str] = []
    stack = import_svg(io.BytesIO(text.encode()), told=lines.append)
    assert lines == ["left out: smooth changes of opacity, drawn in steps (1)"]
    assert difference(drawn(text), drawn(to_svg(stack))) < 1


def test_the_light_of_a_mask_is_linear_where_it_says_so() -> None:
    stops = '<stop stop-color="white"/><stop offset="1" stop-color="black"/>'
    mask = f'<mask id="m" color-interpolation="linearRGB"><rect {FILL} fill="url(#g)"/></mask>'
    text = svg(f'<linearGradient id="g">{stops}</linearGradient>{mask}<rect {FILL} mask="url(#m)"/>')
    alpha = render(import_svg(io.BytesIO(text.encode())), size=100)[45, 10:70, 3] / 255
    values = 1 - (np.arange(60) + 0.5) / 60
    assert np.abs(alpha - linear_light(values)).max() < 0.05
    assert np.abs(alpha - linear_light(values)).mean() < 0.02


def test_a_drawing_is_refined_towards_a_picture_and_stays_a_drawing() -> None:
    def text(dx: int, red: str) -> str:
        return svg(
            f'<g id="sign"><title>A sign</title><circle id="disc" cx="{45 + dx}" cy="50" r="30" fill="{red}" '
            f'stroke="navy" stroke-width="8"/><path id="bar" d="M{30 + dx} 50h30" stroke="white" stroke-width="9"/>'
            "</g>",
            f'{BOX} style="background-color:#eee"',
        )

    drawing, wanted = imported(text(0, "tomato")), render(imported(text(2, "crimson")), device="cpu")[..., :3]
    refined = refine(drawing, wanted, device="cpu")
    before, after = (
        difference(render(stack, device="cpu")[..., :3].astype(float), wanted) for stack in (drawing, refined)
    )
    assert after < before / 5
    assert refined.groups == drawing.groups
    assert [(layer.id, layer.name, layer.group) for layer in refined.layers] == [
        (layer.id, layer.name, layer.group) for layer in drawing.layers
    ]
    assert [len(layer.contours) for layer in refined.layers] == [1, 2, 1]  # type: ignore[attr-defined]


def test_css_has_units_in_transforms() -> None:
    plain, css = (
        imported(svg(f"<rect {FILL} {text}/>"))
        for text in (
            'transform="translate(10,5) rotate(20)"',
            'style="transform:translate(10px, 5px) rotate(20deg)"',
        )
    )
    assert plain.layers == css.layers


def test_lengths_in_fonts_refer_to_those_of_the_element_and_of_the_root() -> None:
    def rect(side: float) -> str:
        return f'<rect width="{side}" height="9"/>'

    inside = '<g font-size="2em"><g font-size="50%"><rect width="{}" height="9"/></g><g><rect width="{}" height="9"/>'
    text = inside.format("1em", "1em") + '<g font-size="small"><rect width="1ex" height="9"/></g></g></g>'
    fonts = imported(svg(text + '<rect width="2rem" height="9" font-size="9"/>', f'{BOX} font-size="20"'))
    plain = imported(svg("".join(map(rect, (20, 40, 6.5, 40)))))
    assert [layer.transform for layer in fonts.layers] == [layer.transform for layer in plain.layers]


def test_groups_and_names_are_kept() -> None:
    inkscape = 'xmlns:inkscape="http://www.inkscape.org/namespaces/inkscape"'
    text = svg(
        f'<g id="out" inkscape:label="The outside"><g><title>Inner\n one</title>'
        f'<rect id="r" {FILL} stroke="red"/></g></g>'
        f'<g><rect {FILL}/></g><g><rect id="r" {FILL}/><rect {FILL}/></g>',
        f"{BOX} {inkscape}",
    )
    stack = imported(text)
    assert [(group.id, group.name, group.parent) for group in stack.groups] == [
        ("out", "The outside", None),
        ("group", "Inner one", "out"),
        ("group-2", "", None),
    ]
    assert [(layer.id, layer.group) for layer in stack.layers] == [
        ("r", "group"),
        ("r-stroke", "group"),
        ("path", None),
        ("r-2", "group-2"),
        ("path-2", "group-2"),
    ]


def test_ids_names_and_groups_survive_another_way_through_svg() -> None:
    stack = imported(svg(f'<g id="a"><title>A group</title><rect id="r" {FILL}/><rect id="q" {FILL} fill="red"/></g>'))
    again = imported(to_svg(stack))
    assert again.groups == stack.groups
    assert [(layer.id, layer.name) for layer in again.layers] == [(layer.id, layer.name) for layer in stack.layers]


def test_what_is_not_displayed_is_hidden() -> None:
    stack = imported(svg(f'<rect {FILL}/><g display="none"><rect {FILL}/></g><rect {FILL} visibility="hidden"/>'))
    assert [layer.visible for layer in stack.layers] == [True, False, False]


@pytest.mark.parametrize(
    ("attributes", "sides"),
    [
        ('viewBox="0 0 40 30"', (40, 30)),
        ('width="80" viewBox="0 0 40 30"', (80, 60)),
        ('width="1in" height="2in"', (96, 192)),
        ('width="100%" height="100%" viewBox="5 5 10 20"', (10, 20)),
        ('viewBox="0 0 47.5 47.5"', (48, 48)),
        ('viewBox="0 0 .5 .25"', (1, 1)),
        ('width="20.2" height="9.9"', (21, 11)),
    ],
)
def test_a_canvas_is_as_large_as_the_drawing_with_whole_sides(attributes: str, sides: tuple[int, int]) -> None:
    canvas = imported(svg(f"<rect {FILL}/>", attributes)).canvas
    assert (canvas.width, canvas.height) == sides
    assert canvas.transparent


def test_a_background_color_is_that_of_the_canvas() -> None:
    canvas = imported(svg("", f'{BOX} style="background-color:tomato"')).canvas
    assert (canvas.background, canvas.transparent) == ((1.0, 99 / 255, 71 / 255), False)


def test_a_background_that_is_half_transparent_is_a_layer() -> None:
    stack = imported(svg(f"<rect {FILL}/>", f'{BOX} style="background-color:#ff000080"'))
    background = stack.layers[0]
    assert (background.id, kind_of(background).color(background)) == ("background", (1.0, 0.0, 0.0))
    assert background.opacity == pytest.approx(128 / 255)
    assert stack.canvas.transparent


@pytest.mark.parametrize(
    ("text", "color"),
    [
        ("oklab(62.8% .225 .126)", (1.0, 0.0, 0.0)),
        ("oklch(86.6% .295 142.5)", (0.0, 1.0, 0.0)),
        ("hwb(240 0% 0%)", (0.0, 0.0, 1.0)),
        ("HSL(240 100% 50%)", (0.0, 0.0, 1.0)),
        ("lab(50% 20 20)", (0.0, 0.0, 0.0)),
        ("color()", (0.0, 0.0, 0.0)),
    ],
)
def test_colors_of_css_are_read_or_not_said(text: str, color: tuple[float, float, float]) -> None:
    layer = imported(svg(f'<rect {FILL} fill="{text}"/>')).layers[0]
    assert kind_of(layer).color(layer) == pytest.approx(color, abs=0.01)


def test_paths_that_do_not_overlap_are_kept_point_by_point() -> None:
    stack = imported(svg('<path d="M10 10H90V90H10zM30 30V70H70V30z"/>'))
    layer = stack.layers[0]
    corners = {layer.transform.apply(*layer.contours[1][at : at + 2]) for at in range(0, 24, 6)}  # type: ignore[attr-defined]
    assert corners == {(30, 30), (30, 70), (70, 70), (70, 30)}


def test_compressed_drawings_are_read() -> None:
    import gzip

    data = gzip.compress(svg(f"<rect {FILL}/>").encode())
    assert len(import_svg(io.BytesIO(data)).layers) == 1
    for damaged in (data[:-12], data[:15] + b"\xff" + data[16:], data[:10]):
        with pytest.raises(PictureError, match=r"cannot be read \(.*\); check the path"):
            import_svg(io.BytesIO(damaged))


def test_a_package_that_is_missing_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    for package in ("pathops", "tinycss2"):
        with monkeypatch.context() as context:
            context.setitem(__import__("sys").modules, package, None)
            with pytest.raises(PictureError, match=r"importing needs .*pip install"):
                imported(svg('<path d="M0 0 9 9 0 9 9 0z" stroke="red"/>'))
