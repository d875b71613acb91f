"""Paths drawn large beside resvg, and very many of them."""

from __future__ import annotations

from collections.abc import Callable

import resvg_py
from _common import Cost
from _tracing import draw
from fidelity import Photo, closeness

import vecstack
from _paths.fitting import FITTED, cost_of
from _paths.quality import make, stored, svg_of

DRAW_COLUMNS = ("seconds", "CPU seconds")


def draw_rows(photo: Photo, count: int, side: int) -> list[list[str]]:
    """Seconds of drawing a photo's paths with a long side in pixels, by us and by resvg. resvg gives a PNG: what it
    takes longer where all paths are drawn twice is what drawing them once takes, its reading of the SVG included."""
    stack, _ = make(photo, count, FITTED)
    once = enlarged(svg_of(stack, photo), photo, side)
    ours = cost_of(lambda: vecstack.render(stack, side))
    whole, both = cost_of(resvg(once)), cost_of(resvg(twice(once)))
    alone = Cost(both.wall - whole.wall, both.cpu - whole.cpu)
    named = {"vecstack": ours, "resvg": alone, "resvg, and the PNG written": whole}
    return [[name, f"{cost.wall:.2f}", f"{cost.cpu:.2f}"] for name, cost in named.items()]


def resvg(svg: str) -> Callable[[], object]:
    return lambda: resvg_py.svg_to_bytes(svg_string=svg, skip_system_fonts=True)


def enlarged(svg: str, photo: Photo, side: int) -> str:
    """An SVG shown with a long side in pixels; its own size is that of its photo."""
    width, height = photo.picture.size
    scale = side / max(width, height)
    own, larger = (
        f'width="{w}" height="{h}"' for w, h in ((width, height), (round(width * scale), round(height * scale)))
    )
    if own not in svg:
        raise SystemExit(f"the SVG does not say {own}; its size cannot be changed.")
    return svg.replace(own, larger, 1)


def twice(svg: str) -> str:
    """An SVG with all that it draws, and then all of it again."""
    begin, end = svg.index(">", svg.index("<svg")) + 1, svg.rindex("</svg>")
    return svg[:end] + svg[begin:end] + svg[end:]


MANY_COLUMNS = ("paths", "seconds", "CPU seconds", "PSNR", "PSNR, SVG", "KB", "seconds to draw")


def many_row(photo: Photo, count: int, effort: str) -> list[str]:
    """What very many paths of a photo take."""
    stack, cost = make(photo, count, effort)
    loaded, file_bytes = stored(stack)
    side = max(photo.picture.size)
    return [
        effort,
        f"{len(loaded.layers):,}",
        f"{cost.wall:.1f}",
        f"{cost.cpu:.1f}",
        f"{closeness(vecstack.render(loaded), photo)[0]:.2f}",
        f"{closeness(draw(svg_of(loaded, photo)), photo)[0]:.2f}",
        f"{file_bytes / 1000:,.0f}",
        f"{cost_of(lambda: vecstack.render(loaded, side)).wall:.2f}",
    ]
