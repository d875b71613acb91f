"""How close paintings come to photos, and what they cost: PSNR, mean absolute difference and CPU seconds by the number
of strokes; with --segments, how much of the strokes' area lies outside their own part; with --steps, Gauss-Newton and
Adam over seconds, from the same strokes.

    python benchmarks/painting.py --photos astronaut chelsea

The photos are those of scikit-image and scikit-learn, at 512 px. Needs the extra `benchmarks`."""

from __future__ import annotations

import argparse
import dataclasses
import time
from statistics import fmean

import numpy as np
from _common import print_markdown, timed
from PIL import Image

import vecstack
from vecstack.document.file import size_of
from vecstack.geometry import Rect
from vecstack.kinds.base import Scene, Terms
from vecstack.kinds.stroke.fit import Tuner
from vecstack.kinds.stroke.looks import LOOKS
from vecstack.kinds.stroke.paint import Painting
from vecstack.kinds.stroke.raster import NUMBERS

PHOTOS = ("astronaut", "coffee", "chelsea", "rocket", "china", "flower")
OF_SKLEARN = ("china", "flower")
SIDE = 512
COUNTS = (250, 1000, 4000)
COLUMNS = ("strokes", "PSNR, dB", "mean difference", "CPU s", "kB without thumbnail")
RATES = np.repeat((1.0, 0.3, 0.02, 0.02), (6, 2, 2, 3))  # of Adam: px, px, of 1, of 1
DECAY, SQUARES, TINY = 0.9, 0.99, 1e-9


def photo(name: str) -> Image.Image:
    """A photo at SIDE on its long side."""
    if name in OF_SKLEARN:
        from sklearn.datasets import load_sample_image  # type: ignore[import-untyped]

        pixels = load_sample_image(f"{name}.jpg")
    else:
        from skimage import data

        pixels = getattr(data, name)()
    picture = Image.fromarray(pixels).convert("RGB")
    picture.thumbnail((SIDE, SIDE), Image.Resampling.LANCZOS)
    return picture


def closeness(picture: Image.Image, model: str, count: int) -> tuple[float, float, float, float]:
    """PSNR, mean absolute difference, CPU seconds and kilobytes of a painting."""
    stack, cost = timed(lambda: vecstack.decompose(picture, model, count, device="cpu"))
    flat = stack.with_layers(dataclasses.replace(layer, bristles=None) for layer in stack.layers)  # type: ignore[call-arg]
    off = np.abs(vecstack.render(flat, device="cpu").astype(float) - np.asarray(picture)) / 255
    kilobytes = size_of(dataclasses.replace(stack, thumbnail=None)).file / 1000
    return float(-10 * np.log10(np.square(off).mean())), float(off.mean()), cost.cpu, kilobytes


def outside(picture: Image.Image, model: str, count: int) -> float:
    """The share of the strokes' area that lies outside their own part, of parts that felzenszwalb finds."""
    from vecstack.fitting.guide import find_guide
    from vecstack.pictures.read import as_picture

    loaded = as_picture(picture)
    guide = find_guide(loaded, "felzenszwalb", None, layers=count)
    assert guide is not None
    assert guide.segments is not None
    pixels = np.ascontiguousarray(loaded.pixels.transpose(2, 0, 1))
    scene = Scene(Rect(0, 0, loaded.width, loaded.height), pixels, np.full_like(pixels, 0.5))
    painting = Painting(scene, Terms("fast", guide=guide), LOOKS[model], count)
    painting.paint()
    labels = guide.at(painting.height, painting.width).segments
    out = whole = 0.0
    tuner = Tuner(np.zeros((4, painting.height, painting.width), np.float32), np.zeros_like(pixels[:1]).repeat(4, 0))
    for stroke, part in zip(painting.numbers, painting.part, strict=True):
        cover = tuner.draw(stroke[None])[3]
        out += float(cover[labels != part].sum())
        whole += float(cover.sum())
    return out / whole


def adam(tuner: Tuner, strokes: np.ndarray, steps: int) -> list[tuple[float, float]]:
    """CPU seconds and PSNR after each step of Adam, whose rates fall in the second half."""
    strokes, mean, square = strokes.copy(), np.zeros_like(strokes), np.zeros_like(strokes)
    began, found = time.process_time(), []
    for step in range(steps):
        slopes = tuner.slopes(strokes)
        found.append((time.process_time() - began, psnr(slopes.error / tuner.picture.size)))
        mean = DECAY * mean + (1 - DECAY) * slopes.slopes
        square = SQUARES * square + (1 - SQUARES) * slopes.slopes**2
        rate = min(1.0, 2 * (1 - step / steps)) * RATES
        strokes -= rate * (mean / (1 - DECAY ** (step + 1))) / (np.sqrt(square / (1 - SQUARES ** (step + 1))) + TINY)
        kept(strokes, strokes)
    return found


def gauss_newton(tuner: Tuner, strokes: np.ndarray, steps: int) -> list[tuple[float, float]]:
    """The same of damped Gauss-Newton."""
    began, found = time.process_time(), []

    def told(error: float) -> None:
        found.append((time.process_time() - began, psnr(error)))

    tuner.tune(strokes, steps, kept, free=np.ones(NUMBERS), told=told)
    return found


def kept(strokes: np.ndarray, _: np.ndarray) -> None:
    """Bring strokes back to what may be drawn, in place."""
    np.clip(strokes[:, 8:], 0.05, 1, out=strokes[:, 8:])
    strokes[:, 8:10] = strokes[:, 8:10].mean(1, keepdims=True)
    np.maximum(strokes[:, 6:8], 0.5, out=strokes[:, 6:8])


def psnr(error: float) -> float:
    """In dB, of a mean squared error."""
    return float(-10 * np.log10(error))


def compare_steps(picture: Image.Image, count: int) -> None:
    """Print both ways of tuning over seconds, from strokes that are not tuned."""
    pixels = np.ascontiguousarray(np.asarray(picture, np.float32).transpose(2, 0, 1) / 255)
    ground = np.broadcast_to(pixels.mean((1, 2), keepdims=True), pixels.shape).copy()
    look = dataclasses.replace(LOOKS["realistic"], rounds=1)
    painting = Painting(Scene(Rect(0, 0, *picture.size), pixels, ground), Terms("fast"), look, count)
    painting.add(0, float(painting.radii[0]), count)
    tuner = Tuner(pixels, ground)
    gauss_newton(tuner, painting.numbers, 1)  # compiles
    ways = {"Gauss-Newton": (gauss_newton, (10, 20, 40, 80)), "Adam": (adam, (10, 20, 40, 80, 160))}
    rows = []
    for name, (tune, lengths) in ways.items():
        ends = [tune(tuner, painting.numbers, steps)[-1] for steps in lengths]
        rows.append([name, ", ".join(f"{decibels:.2f} @ {seconds:.1f}" for seconds, decibels in ends)])
    print_markdown(f"{count} strokes, dB @ CPU s", ("", "after 10, 20, 40, ... steps"), rows)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--photos", nargs="+", default=PHOTOS)
    parser.add_argument("--counts", nargs="+", type=int, default=COUNTS)
    parser.add_argument("--models", nargs="+", default=["realistic"])
    parser.add_argument("--segments", action="store_true")
    parser.add_argument("--steps", action="store_true")
    arguments = parser.parse_args()
    pictures = {name: photo(name) for name in arguments.photos}
    vecstack.decompose(next(iter(pictures.values())), "realistic", 20, device="cpu")  # compiles
    for model in arguments.models:
        rows = []
        for count in arguments.counts:
            found = zip(*(closeness(picture, model, count) for picture in pictures.values()), strict=True)
            means = [fmean(values) for values in found]
            rows.append(
                [f"{count:,}", *(f"{value:.{digits}f}" for value, digits in zip(means, (2, 4, 1, 0), strict=True))]
            )
        print_markdown(f"{model}, means of {', '.join(pictures)}", COLUMNS, rows)
    if arguments.segments:
        shares = [[name, f"{100 * outside(picture, 'painterly', 1200):.1f} %"] for name, picture in pictures.items()]
        print_markdown("painterly with --segments felzenszwalb", ("photo", "area outside the own part"), shares)
    if arguments.steps:
        compare_steps(next(iter(pictures.values())), 1000)


if __name__ == "__main__":
    main()
