"""What several test files build and measure: nets, layers, stacks, bytes of files, and how alike two pictures are."""

from __future__ import annotations

import dataclasses
import io
import struct
import warnings
import zipfile
import zlib
from pathlib import Path
from typing import Any

import numpy as np
import torch
from PIL import Image

from vecstack.color import Color
from vecstack.drawing.render import render
from vecstack.geometry import Affine, Rect
from vecstack.kinds.mask.layer import MaskLayer
from vecstack.kinds.mask.maker import MaskMaker
from vecstack.kinds.mask.net import MaskNet, NetSizes
from vecstack.kinds.mask.shade import net_to_asset
from vecstack.kinds.spline.layer import SplineLayer
from vecstack.models import load_model
from vecstack.pictures.fit import fit_to_side
from vecstack.stack import Canvas, Stack, asset_id

WIDTH, HEIGHT = 37, 53  # of the usual canvas: a swapped axis shows
CODE = 3  # numbers of a mask layer's code
WHOLE = Affine.of_frame(Rect(0.0, 0.0, WIDTH, HEIGHT))
EVERYWHERE = ((20.0,) * 4,) * 4  # control values of a mask that is 1 but for its window
RED, GREEN, BLUE = (1.0, 0.0, 0.0), (0.0, 1.0, 0.0), (0.0, 0.0, 1.0)

EXAMPLE_KINDS = Path(__file__).parent / "example_kinds"  # kinds of layer that live in the tests

# Nets


def new_net(seed: int, width: int = 16, depth: int = 2, code: int = CODE) -> MaskNet:
    """A net as training begins with, whose masks are smooth; the generator is left as it was."""
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(seed)
        return MaskNet(NetSizes(code, width, depth)).requires_grad_(False)


def make_net(seed: int, width: int = 16) -> bytes:
    """The asset of a random net whose masks have edges inside the canvas."""
    net = new_net(seed, width)
    net.hidden[0].weight[:, :2] *= 3
    net.output.weight *= 6
    return net_to_asset(net)


# Layers and stacks


def make_mask(layer_id: str, net: bytes, rng: np.random.Generator | int, **fields: Any) -> MaskLayer:
    """A mask layer of a net on the whole canvas, its colour and code random (a generator, or the seed of one)."""
    rng = np.random.default_rng(rng)
    color, code = tuple(rng.random(3).tolist()), tuple(rng.normal(size=CODE).tolist())
    return MaskLayer(
        **{"id": layer_id, "net": asset_id(net), "color": color, "code": code, "transform": WHOLE} | fields
    )


def make_spline(name: str, seed: int, transform: Affine, **fields: Any) -> SplineLayer:
    """A spline layer of 7 x 5 random control values, whose mask has edges inside its window."""
    rng = np.random.default_rng(seed)
    surface = tuple(map(tuple, (8 * rng.normal(size=(7, 5))).tolist()))
    red, green, blue = rng.random(3).tolist()
    return SplineLayer(id=name, color=(red, green, blue), surface=surface, transform=transform, window=0.3, **fields)


def block(layer_id: str, rect: Rect, color: Color = RED, **fields: Any) -> SplineLayer:
    """A layer that covers a rectangle, with soft edges, and nothing outside it."""
    return SplineLayer(
        **{"id": layer_id, "color": color, "surface": EVERYWHERE, "transform": Affine.of_frame(rect), "window": 0.1}
        | fields
    )


def random_stack(seed: int, sharpest: float) -> Stack:
    """One to five mask layers on 40 x 30 of a random net, the weights of whose first, last hidden and output layer are
    up to `sharpest` times those of a net that training begins with."""
    rng = np.random.default_rng(seed)
    net = new_net(seed, depth=int(rng.integers(1, 4)))
    first, last, output = sharpest ** rng.uniform(0, 1, 3)
    net.hidden[0].weight[:, :2] *= first
    net.hidden[-1].weight *= last
    net.output.weight *= output
    data = net_to_asset(net)
    canvas = Canvas(40, 30, tuple(rng.random(3).tolist()))
    place = Affine.of_frame(canvas.rect)
    layers = []
    for index in range(int(rng.integers(1, 6))):
        layer = make_mask(str(index), data, rng, transform=place)
        layers.append(dataclasses.replace(layer, opacity=rng.choice([1.0, 1.0, 0.5]).item()))
    return Stack(canvas, tuple(layers), {asset_id(data): data})


def ids(stack: Stack) -> list[str]:
    """The ids of the layers, lowest first."""
    return [layer.id for layer in stack.layers]


# Bytes of files


def png_of(pixels: np.ndarray) -> bytes:
    """The PNG of pixels."""
    buffer = io.BytesIO()
    Image.fromarray(pixels).save(buffer, "PNG")
    return buffer.getvalue()


def png_by_hand(width: int, height: int, depth: int, color: int, rows: bytes, *chunks: tuple[bytes, bytes]) -> bytes:
    """A PNG of whatever size and colour type it claims, its rows as they are before they are deflated; chunks before
    them, each a name and its data."""
    header = struct.pack(">IIBBBBB", width, height, depth, color, 0, 0, 0)
    body = [(b"IHDR", header), *chunks, (b"IDAT", zlib.compress(rows)), (b"IEND", b"")]
    parts = [struct.pack(">I", len(d)) + n + d + struct.pack(">I", zlib.crc32(n + d)) for n, d in body]
    return b"\x89PNG\r\n\x1a\n" + b"".join(parts)


def zipped(*members: tuple[str, bytes], method: int = zipfile.ZIP_DEFLATED) -> bytes:
    """A zip of members, of which several may have one name."""
    buffer = io.BytesIO()
    with warnings.catch_warnings(), zipfile.ZipFile(buffer, "w", method) as archive:
        warnings.simplefilter("ignore")  # of names that are there twice
        for name, data in members:
            archive.writestr(name, data)
    return buffer.getvalue()


# Pictures


def slopes_and_edge() -> np.ndarray:
    """A picture 37 wide and 53 high, smooth with an edge: [53,37,3] uint8."""
    y, x = np.mgrid[0:53, 0:37]
    return np.stack([x * 6, y * 4, np.where(x > y, 200, 30)], -1).astype(np.uint8)


def psnr(one: np.ndarray, other: np.ndarray) -> float:
    """In dB, of 8-bit pictures; a row more or less, as programs round the shorter side, is left out."""
    rows = min(len(one), len(other))
    difference = one[:rows].astype(float) - other[:rows]
    return float(-10 * np.log10(max(np.square(difference / 255).mean(), 1e-10)))


def psnr_to(stack: Stack, pixels: np.ndarray) -> float:
    """In dB, of a stack drawn at the size of 8-bit pixels [H,W,3]."""
    return psnr(render(stack, max(pixels.shape[:2]), device="cpu"), pixels)


def in_predicted_colors(stack: Stack, weights: Path, pixels: np.ndarray) -> Stack:
    """The sketch that a model made of a picture [H,W,3] uint8, in the colours that it predicted; a sketch itself has
    the best ones for its masks."""
    maker = load_model(weights, "cpu").maker
    assert isinstance(maker, MaskMaker)
    predictor = maker.predictor
    picture = torch.from_numpy(pixels).permute(2, 0, 1)[None] / 255
    is_white = stack.canvas.background == (1.0, 1.0, 1.0)
    goal = fit_to_side(1 - picture if is_white else picture, predictor.sizes.encoder.side)
    colors = predictor.predict(goal)[1][0]
    layers = zip(stack.layers, (1 - colors if is_white else colors).tolist(), strict=True)
    return stack.with_layers(tuple(dataclasses.replace(layer, color=tuple(color)) for layer, color in layers))
