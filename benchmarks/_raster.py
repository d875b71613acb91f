"""Give JPEG and WebP their best: the quality, and the side of the picture, that come closest in a budget of bytes."""

from __future__ import annotations

import io
import time
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from typing import Any

import numpy as np
from PIL import Image

Pixels = np.ndarray[Any, Any]  # [H,W,3]
Encode = Callable[[Image.Image, int], tuple[bytes, float]]  # picture, quality -> bytes, seconds

SCALES = (1, 0.7, 0.5, 0.35, 0.25, 0.18, 0.12, 0.08)  # of the side that is encoded
QUALITIES = range(1, 101)
PROGRESSIVE = {"optimize": True, "progressive": True}
OPTIONS: dict[str, tuple[dict[str, Any], ...]] = {  # all of which are tried
    "jpeg": ({**PROGRESSIVE, "subsampling": "4:2:0"}, {**PROGRESSIVE, "subsampling": "4:4:4"}),
    "webp": ({"method": 4},),
}


@dataclass(frozen=True)
class Encoded:
    """What a codec made of a picture: drawn again at its size as uint8 [H,W,3], the bytes, the seconds to encode."""

    drawn: Pixels
    bytes: int
    seconds: float


def encode_within(picture: Image.Image, codec: str, most_bytes: int) -> Encoded | None:
    """The closest picture of at most so many bytes: of smaller sides as long as they come closer. None if none fits."""
    truth = np.asarray(picture, np.float32)
    ways = (_closest_side(picture, truth, partial(_encode, codec, options), most_bytes) for options in OPTIONS[codec])
    return min((way for way in ways if way is not None), key=partial(_error, truth), default=None)


def _closest_side(picture: Image.Image, truth: Pixels, encode: Encode, most_bytes: int) -> Encoded | None:
    """The closest of at most so many bytes over the sides, from the whole one on."""
    best = None
    for scale in SCALES:
        found = _best_quality(picture, encode, scale, most_bytes)
        if best is not None and (found is None or _error(truth, found) >= _error(truth, best)):
            break
        best = found
    return best


def _error(truth: Pixels, encoded: Encoded) -> float:
    return float(np.square(encoded.drawn - truth).mean())


def _best_quality(picture: Image.Image, encode: Encode, scale: float, most_bytes: int) -> Encoded | None:
    """The best quality of at most so many bytes at a part of the side; None where the least has more."""
    size = max(1, round(picture.width * scale)), max(1, round(picture.height * scale))
    reduced = picture.resize(size, Image.Resampling.LANCZOS) if scale != 1 else picture
    best, low, high = None, QUALITIES.start, QUALITIES.stop
    while low < high:
        quality = (low + high) // 2
        data, seconds = encode(reduced, quality)
        if len(data) <= most_bytes:
            best, low = (data, seconds), quality + 1
        else:
            high = quality
    return None if best is None else Encoded(_draw(best[0], picture.size), len(best[0]), best[1])


def _encode(codec: str, options: dict[str, Any], picture: Image.Image, quality: int) -> tuple[bytes, float]:
    """The bytes of a picture and the seconds that they took."""
    buffer = io.BytesIO()
    began = time.perf_counter()
    picture.save(buffer, codec, quality=quality, **options)
    return buffer.getvalue(), time.perf_counter() - began


def _draw(data: bytes, size: tuple[int, int]) -> Pixels:
    decoded = Image.open(io.BytesIO(data)).convert("RGB")
    return np.asarray(decoded.resize(size, Image.Resampling.LANCZOS) if decoded.size != size else decoded)
