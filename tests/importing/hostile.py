"""Drawings that are made to do harm, by what they try."""

from __future__ import annotations

import gzip
from collections.abc import Callable

XLINK = 'xmlns:xlink="http://www.w3.org/1999/xlink"'
BOX = 'viewBox="0 0 100 100"'


def svg(inside: str, attributes: str = BOX) -> str:
    """A drawing with that inside."""
    return f'<svg xmlns="http://www.w3.org/2000/svg" {XLINK} {attributes}>{inside}</svg>'


def doubling(levels: int) -> str:
    """Groups that use the one before twice each."""
    groups = (f'<g id="g{n}"><use href="#g{n - 1}"/><use href="#g{n - 1}"/></g>' for n in range(1, levels))
    return svg(f'<defs><g id="g0"><rect width="1" height="1"/></g>{"".join(groups)}</defs><use href="#g{levels - 1}"/>')


def zigzag(points: int) -> str:
    """A path that crosses itself very often."""
    return svg(f'<path d="M0 0{"".join(f"L{n * 37 % 100} {n * 61 % 97}" for n in range(points))}z"/>')


def circles(count: int) -> str:
    """Circles that overlap."""
    return "".join(f'<circle r="9" cx="{n % 90}" cy="{n % 77}"/>' for n in range(count))


def double_clip(level: int) -> str:
    """A clip of two parts, each with the clip of the level below."""
    part = f'{RECT} clip-path="url(#c{level - 1})"/>'
    return f'<clipPath id="c{level}">{part * 2}</clipPath>'


LAUGHS = "".join(f'<!ENTITY a{n} "{f"&a{n - 1};" * 10}">' for n in range(1, 10))
GREY = '<circle r="9" cx="{}" cy="{}" fill="#{:02x}7788"/>'
RECT = '<rect width="50" height="50"'

# What is refused, each with words of the one line that says why.
REFUSED: dict[str, tuple[Callable[[], str | bytes], str]] = {
    "nested groups": (lambda: svg("<g>" * 10_000 + "</g>" * 10_000), "levels"),
    "nested groups of use": (lambda: doubling(60), "again and again"),
    "an entity bomb": (lambda: f'<!DOCTYPE svg [<!ENTITY a0 "ha">{LAUGHS}]>{svg("<text>&a9;</text>")}', "entities"),
    "an external entity": (
        lambda: f'<!DOCTYPE svg [<!ENTITY x SYSTEM "file:///etc/passwd">]>{svg("<text>&x;</text>")}',
        "entities",
    ),
    "a long entity, often": (
        lambda: f'<!DOCTYPE svg [<!ENTITY x "{"y" * 10_000}">]>{svg("<text>" + "&x;" * 10_000 + "</text>")}',
        "entities",
    ),
    "a parameter entity": (
        lambda: f'<!DOCTYPE svg [<!ENTITY % x SYSTEM "http://localhost/">%x;]>{svg("")}',
        "entities",
    ),
    "use of another file": (lambda: svg('<use href="other.svg#a"/>'), "elsewhere"),
    "a fill elsewhere": (lambda: svg(f'{RECT} fill="url(http://localhost/a.svg#b)"/>'), "elsewhere"),
    "a clip elsewhere": (lambda: svg(f'{RECT} clip-path="url(file:///etc/passwd#a)"/>'), "elsewhere"),
    "a mask elsewhere": (lambda: svg(f'{RECT} mask="url(http://localhost/a.svg#b)"/>'), "elsewhere"),
    "a marker elsewhere": (lambda: svg('<path d="M0 0h9" marker-end="url(http://localhost/a.svg#b)"/>'), "elsewhere"),
    "a gradient after one elsewhere": (
        lambda: svg(f'<linearGradient id="a" href="b.svg#c"/>{RECT} fill="url(#a)"/>'),
        "elsewhere",
    ),
    "an imported style sheet": (lambda: svg('<style>@import url("http://localhost/a.css");</style>'), "elsewhere"),
    "a linked style sheet": (lambda: f'<?xml-stylesheet href="http://localhost/a.css"?>{svg("")}', "elsewhere"),
    "a script": (lambda: svg("<script>alert(1)</script>"), "script"),
    "use of itself": (lambda: svg('<g id="a"><use href="#a"/></g>'), "uses itself"),
    "a symbol of itself": (lambda: svg('<symbol id="a"><use href="#a"/></symbol><use href="#a"/>'), "uses itself"),
    "a circle of uses": (
        lambda: svg('<g id="a"><use href="#b"/></g><g id="b"><use href="#a"/></g>'),
        "uses itself",
    ),
    "a clip of itself": (
        lambda: svg(f'<clipPath id="a" clip-path="url(#a)">{RECT}/></clipPath>{RECT} clip-path="url(#a)"/>'),
        "uses itself",
    ),
    "a mask of itself": (
        lambda: svg(f'<mask id="a" mask="url(#a)">{RECT} fill="white"/></mask>{RECT} mask="url(#a)"/>'),
        "uses itself",
    ),
    "percentages without a viewBox": (lambda: svg(RECT + "/>", 'width="100%" height="50%"'), "no size"),
    "a width beyond numbers": (lambda: svg(RECT + "/>", 'width="1e309" height="10"'), "no size"),
    "a viewBox of no numbers": (lambda: svg(RECT + "/>", 'viewBox="0 0 nan inf"'), "no size"),
    "a canvas of 10 million px": (lambda: svg(RECT + "/>", 'width="1e7" height="1e7"'), "sides"),
    "a negative size": (lambda: svg(RECT + "/>", 'width="-5" height="10"'), "sides"),
    "50 MB of digits": (lambda: svg(f'<path d="M{"1" * 50_000_000}"/>'), "bytes"),
    "a packed bomb": (lambda: gzip.compress(svg(" " * 50_000_000).encode(), 1), "bytes"),
    "too many elements": (lambda: svg("<g/>" * 200_000), "elements"),
    "too many shapes": (lambda: svg(f"{RECT}/>" * 20_000), "too many layers"),
    "too many style rules": (lambda: svg("<style>" + "a{}" * 5_000 + "</style>"), "style rules"),
    "too many selectors": (lambda: svg("<style>" + "a," * 50_000 + "a{}</style>"), "style rules"),
    "selectors within one another": (lambda: svg("<style>" + "a " * 2_000 + "{}</style>"), "too many levels"),
    "brackets in a style sheet": (lambda: svg(f"<style>a{{b:{'[' * 20_000}}}</style>"), "too many levels"),
    "brackets in a style": (lambda: svg(f'{RECT} style="fill:{"(" * 20_000}"/>'), "too many levels"),
    "no XML": (lambda: "M 0 0 L 1 1", "well-formed"),
    "half a drawing": (lambda: svg(RECT + "/>")[:-9], "well-formed"),
    "another XML": (lambda: "<html><body/></html>", "not SVG"),
    "nothing": (lambda: "", "well-formed"),
    "bytes of no encoding": (lambda: b"\xff\xfe<\x00s\xd8", "well-formed"),
    "an encoding that is none": (lambda: '<?xml version="1.0" encoding="none"?>' + svg(""), "well-formed"),
}

# What becomes layers, or nothing, in a short time all the same.
BOUNDED: dict[str, Callable[[], str]] = {
    "numbers beyond numbers": lambda: svg(
        f'{RECT} x="1e309"/><path d="M1e309 0 L5 1e400z"/><path d="M0 0L1e30 5 9 9z"/>'
    ),
    "arcs of radius 0": lambda: svg('<path d="M1 1A0 0 0 0 1 50 50A0 5 0 1 0 90 5A1e-300 1e-300 0 0 1 5 90z"/>'),
    "arcs from a point to itself": lambda: svg('<path d="M5 5A9 9 0 1 1 5 5z" stroke="red"/>'),
    "very large arcs": lambda: svg('<path d="M1 1A1e8 1e8 45 1 1 50 50z"/>'),
    "angles beyond numbers": lambda: svg(
        f'<marker id="m" orient="1e309">{RECT}/></marker><path d="M0 0h9v9A9 9 1e309 0 1 9 50" marker-mid="url(#m)"/>'
        f'{RECT} transform="rotate(1e309)"/>{RECT} transform="skewX(1e309)"/>{RECT} fill="oklch(50% .1 1e309)"/>'
    ),
    "a transform without an inverse": lambda: svg(
        f'<g transform="scale(0)">{RECT}/></g><g transform="matrix(1 1 1 1 0 0)">{RECT}/></g>'
    ),
    "a transform beyond numbers": lambda: svg("<g transform='scale(1e8)'>" * 50 + f"{RECT}/>" + "</g>" * 50),
    "very fine dashes": lambda: svg(f'{RECT} stroke="red" stroke-dasharray="1e-9"/>'),
    "no dashes": lambda: svg(f'{RECT} stroke="red" stroke-dasharray="0 0" stroke-dashoffset="1e8"/>'),
    "a very wide stroke": lambda: svg(f'{RECT} stroke="red" stroke-width="1e8" stroke-miterlimit="1e9"/>'),
    "a path that crosses itself": lambda: zigzag(3_000),
    "a path of very many points": lambda: zigzag(200_000),
    "gradients that take after one another": lambda: svg(
        '<linearGradient id="a" href="#b"/><linearGradient id="b" href="#a"/>' + f'{RECT} fill="url(#a)"/>'
    ),
    "a gradient of very many stops": lambda: svg(
        f'<linearGradient id="a">{"<stop/>" * 5000}</linearGradient>{RECT} fill="url(#a)"/>'
    ),
    "a gradient that repeats for ever": lambda: svg(
        '<linearGradient id="a" x2="1e-9" spreadMethod="repeat"><stop/><stop offset="1" stop-color="red"/>'
        f'</linearGradient>{RECT} fill="url(#a)"/>'
    ),
    "brackets": lambda: svg(f'<g style="{"(" * 100_000}">{RECT} transform="{"(" * 100_000}"/></g>'),
    "blanks": lambda: svg(f'<path d="M0 0{" ," * 500_000}"/>{RECT} transform="{" " * 500_000}x"/>'),
    "digits": lambda: svg(f'<path d="M{"1" * 1_000_000}"/>{RECT} x="{"1" * 1_000_000}"/>'),
    "long names": lambda: svg(f'<g id="{"x" * 100_000}"><title>{"y" * 100_000}</title>{RECT} id="a&#10;b"/></g>'),
    "a style sheet for all": lambda: svg("<style>" + "* * *{fill:red}" * 1_000 + "</style>" + "<g/>" * 2_000),
    "siblings": lambda: svg("<style>" + "a~b~c~d{fill:red}" * 100 + "</style>" + "<g/>" * 20_000),
    "a pattern of itself": lambda: svg(
        f'<pattern id="p" width=".1" height=".1"><rect width="9" height="9" fill="url(#p)"/></pattern>'
        f'{RECT} fill="url(#p)"/>'
    ),
    "patterns of patterns": lambda: svg(
        "".join(
            f'<pattern id="p{n}" width=".02" height=".02"><rect width="9" height="9" fill="url(#p{n - 1})"/></pattern>'
            for n in range(1, 9)
        )
        + f'<pattern id="p0" width=".02" height=".02"><circle r="1"/></pattern>{RECT} fill="url(#p8)"/>'
    ),
    "patterns of long tiles": lambda: svg(
        f'<pattern id="p" width=".02" height=".02"><path d="M0 0{"h1v1" * 5_000}"/></pattern>'
        + f'{RECT} fill="url(#p)"/>' * 50
    ),
    "markers of markers": lambda: svg(
        "".join(
            f'<marker id="m{n}" orient="auto"><path d="M0 0h1v1" fill="none" marker-mid="url(#m{n - 1})" '
            f'marker-end="url(#m{n - 1})"/></marker>'
            for n in range(1, 99)
        )
        + '<marker id="m0"/><path d="M9 9h9v9" fill="none" marker-mid="url(#m9)"/>'
    ),
    "many clips": lambda: svg(
        '<clipPath id="a"><circle r="40"/></clipPath>' + '<g clip-path="url(#a)">' * 50 + RECT + "/>" + "</g>" * 50
    ),
    "a clip of many parts": lambda: svg(f'<clipPath id="a">{circles(900)}</clipPath>{RECT} clip-path="url(#a)"/>'),
    "a mask of many greys": lambda: svg(
        f'<mask id="a">{"".join(GREY.format(n % 90, n % 77, n * 37 % 256) for n in range(900))}</mask>'
        f'{RECT} mask="url(#a)"/>'
    ),
    "masks of masks": lambda: svg(
        '<linearGradient id="g"><stop stop-color="white"/><stop offset="1"/></linearGradient>'
        + "".join(
            f'<mask id="a{n}"><g mask="url(#a{n - 1})"><rect width="{60 - n}" height="50" fill="url(#g)"/></g></mask>'
            for n in range(1, 30)
        )
        + f'<mask id="a0">{RECT} fill="white"/></mask>{RECT} mask="url(#a29)"/>'
    ),
    "a group of very many that fade": lambda: svg(f'<g opacity=".5">{circles(95)}</g>'),
}
