"""Measure drawing: the fast way beside exact evaluation and beside the paper's plain way, in time, memory and error.

Stacks are of the shipped models, of scikit-learn's photo china.jpg at 256 px and of a digit of its load_digits at
28 px, as predicted and refined ("good"). The one of 100 layers is made up: the photo's 20 refined layers five times
over, each code moved by normal noise of a tenth of the codes' deviation, each opacity 0.5. --detail adds one of 200
layers, most of them detail, which takes minutes to make. --stack measures files instead.

Fast is `vecstack.render`. Its time is compiling (up to the first strip) and drawing (all strips into memory, none
kept): the medians of --runs runs, of fewer where these take more than 10 s. Its memory is the most that a fresh process
holds while it draws, less the most that it held before, with PyTorch imported and the stack loaded.

Exact is `exact=True`. Plain is what one would first write from the paper (Sbai, Couprie, Aubry, ICIP 2020): for each
layer the net of Table 3 at every pixel, a row of x, y and code for each, torch.nn.GroupNorm on rows (eq. 2), then the
over operator (eq. 3), 262,144 pixels at a time. A window multiplies the mask, and layers of other kinds draw
themselves, at every pixel too. Before it is timed, its colours must be within 1e-3 of the exact ones.

Neither is given the whole of a large picture, which would take quarters of an hour: both draw the same sample of blocks
of pixels, at least --sample-points, and their times are scaled by the count of pixels; such times are marked with ~.
Blocks are as exact evaluation draws them, 64 rows high, chosen at random from the whole picture with a fixed seed: on
rows that lie apart it would skip fewer windows. Errors are those of the fast way to the exact one on the sample, the
largest of a pixel's channels, in 1/255: of the colours before they are rounded, and of 8-bit pixels. --all-pixels takes
them, and the time of exact evaluation, on all pixels of pictures up to 1,024 px.

PNG, and TIFF from 16,384 px, are written to a temporary file; the time spent in drawing in between is taken off.
"""

from __future__ import annotations

import argparse
import dataclasses
import hashlib
import itertools
import math
import os
import random
import subprocess
import sys
import tempfile
import time
from collections import deque
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from statistics import median
from typing import Any, BinaryIO, cast

import numpy as np
import torch
from _common import print_table, write_json
from commands import MAXRSS_BYTES, MIB
from PIL import Image
from safetensors.torch import load as load_tensors
from sklearn.datasets import load_digits, load_sample_images  # type: ignore[import-untyped]
from torch import Tensor, nn

import vecstack
from vecstack.device import resolve_device
from vecstack.drawing.exact import BLOCK_PX, CUDA_BLOCK_PX, Painter, exact_painter
from vecstack.drawing.fast import FastPainter
from vecstack.drawing.plan import Plan
from vecstack.drawing.points import centres, grid
from vecstack.drawing.render import rows
from vecstack.drawing.viewport import Viewport
from vecstack.kinds import can_draw, kind_of
from vecstack.kinds.frame import to_frame, window_bump
from vecstack.kinds.mask.layer import MaskLayer
from vecstack.pictures.layout import Layout
from vecstack.pictures.png import write_png
from vecstack.pictures.tiff import write_tiff
from vecstack.stack import Layer, Stack

SIZES = (256, 1024, 4096, 16384)  # pixels of the long side
LAYER_COUNTS = (5, 20, 100)
DETAIL_LAYERS = 200
PHOTO_PX, DIGIT_PX, DIGIT_BOX_PX = 256, 28, 20  # the digit lies in its picture as those of MNIST do
COPIES, JITTER, COPY_OPACITY = 5, 0.1, 0.5  # of the stack of 100; jitter in deviations of its codes
LONG_SECONDS = 10.0  # after which a time is not taken again
SAMPLE_POINTS = PLAIN_POINTS = 1 << 18
PLAIN_TOLERANCE = 1e-3  # of colours in 0..1
GROUP_SIZE = 4  # channels: 32 groups of 128 in Table 3
PERCENTILE = 99.99
ALL_PIXELS_PX, CHECK_PX, TIFF_PX = 1024, 1024, 16384  # long sides
THREADS, STRIP_ROWS = (1, 2), (64, 256)  # which must give the same bytes

# A small process starts the one that is measured: on Linux a peak is never below the memory of the process that
# started it.
LAUNCHER = "import subprocess, sys; sys.exit(subprocess.run(sys.argv[1:]).returncode)"
DRAW = """
import resource, sys
import torch, vecstack, vecstack.drawing.strips
from vecstack.drawing.viewport import Viewport
from vecstack.render import resolve_device; from vecstack.drawing.render import rows
path, size, device = sys.argv[1:]
stack, on_device = vecstack.load(path), resolve_device(device).type == "cuda"
before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
for _ in rows(stack, Viewport.of_region(stack.canvas.rect, size=int(size)), device=device):
    pass
print(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before)
print(torch.cuda.max_memory_allocated() if on_device else 0)
"""

Tile = tuple[Tensor, Tensor]  # columns [W] and rows [H] of a block of pixels, canvas units (float64)


@dataclass(frozen=True)
class Fast:
    """The fast way: seconds, and bytes of memory: more than before of the machine, all of a device beside it."""

    compile_seconds: float
    draw_seconds: float
    peak_bytes: int
    device_peak_bytes: int

    @property
    def seconds(self) -> float:
        return self.compile_seconds + self.draw_seconds


@dataclass(frozen=True)
class Slow:
    """Seconds of a whole picture by a slow way, and of how many of its pixels that was measured."""

    seconds: float
    points: int


@dataclass(frozen=True)
class Errors:
    """Of the fast way to the exact one, in 1/255: the largest and a percentile, of colours and of 8-bit pixels, and the
    share of pixels whose colour is off by more than 1/255."""

    points: int
    largest: float
    percentile: float
    largest_of_8_bits: float
    percentile_of_8_bits: float
    share_off: float


@dataclass(frozen=True)
class Encoding:
    """A picture file: the seconds it takes beside drawing, and its bytes."""

    seconds: float
    bytes: int


@dataclass(frozen=True)
class Result:
    """One stack at one size."""

    stack: str
    layers: int
    size: int
    width: int
    height: int
    fast: Fast
    exact: Slow
    plain: Slow
    errors: Errors
    plan: Plan
    png: Encoding
    tiff: Encoding | None


# Stacks


def photo() -> Image.Image:
    picture = Image.fromarray(load_sample_images().images[0])
    picture.thumbnail((PHOTO_PX, PHOTO_PX), Image.Resampling.LANCZOS)
    return picture


def digit() -> Image.Image:
    """A digit (a zero) of 8 x 8 px in 17 levels, enlarged."""
    small = Image.fromarray((load_digits().images[0] / 16 * 255).astype(np.uint8))
    picture = Image.new("L", (DIGIT_PX, DIGIT_PX))
    margin = (DIGIT_PX - DIGIT_BOX_PX) // 2
    picture.paste(small.resize((DIGIT_BOX_PX, DIGIT_BOX_PX), Image.Resampling.BICUBIC), (margin, margin))
    return picture


def repeated(stack: Stack) -> Stack:
    """The stack's layers COPIES times over, with jittered codes and half see-through."""
    random_numbers = np.random.default_rng(0)
    layers = [cast(MaskLayer, layer) for layer in stack.layers]
    deviation = JITTER * np.std([layer.code for layer in layers])

    def copy(index: int, layer: MaskLayer) -> Layer:
        code = tuple((np.array(layer.code) + random_numbers.normal(0, deviation, len(layer.code))).tolist())
        return dataclasses.replace(layer, id=f"{layer.id}-{index}", code=code, opacity=COPY_OPACITY)

    return stack.with_layers(copy(index, layer) for index in range(COPIES) for layer in layers)


def made_stacks(counts: Sequence[int], with_detail: bool, device: str) -> Iterator[tuple[str, Stack]]:
    """Names and stacks of the shipped models, by counts of layers."""
    photos = vecstack.load_model("photos", device)
    if 5 in counts:
        glyphs = vecstack.load_model("digits", device)
        yield "digits", vecstack.decompose(digit(), glyphs, 5, effort="sketch", device=device)
        yield "digits, refined", vecstack.decompose(digit(), glyphs, 5, effort="good", device=device)
        yield "photos", vecstack.decompose(photo(), photos, 5, effort="sketch", device=device)
    if 20 in counts:
        yield "photos", vecstack.decompose(photo(), photos, 20, effort="sketch", device=device)
    if 20 in counts or 100 in counts:
        refined = vecstack.decompose(photo(), photos, 20, effort="good", device=device)
        if 20 in counts:
            yield "photos, refined", refined
        if 100 in counts:
            yield "photos, repeated", repeated(refined)
    if with_detail:
        goal = vecstack.Goal(layers=DETAIL_LAYERS)
        yield "photos, detail", vecstack.decompose(photo(), photos, detail=goal, device=device)


def chosen_stacks(arguments: argparse.Namespace) -> Iterator[tuple[str, Stack]]:
    if arguments.stack:
        return ((path.name, vecstack.load(path)) for path in arguments.stack)
    return made_stacks(arguments.layers, arguments.detail, arguments.device)


# The plain way


class PlainNet(nn.Module):
    """f(x, y, p) of eq. 2 and Table 3, a row for each point: [P,2+K] -> mask [P]. Its tensors are called as in the
    asset of a document."""

    def __init__(self, tensors: dict[str, Tensor]) -> None:
        super().__init__()
        width, inputs = tensors["hidden.0.weight"].shape
        depth = sum(name.startswith("norms.") for name in tensors) // 2
        self.hidden = nn.ModuleList(nn.Linear(width if index else inputs, width) for index in range(depth))
        self.norms = nn.ModuleList(nn.GroupNorm(width // GROUP_SIZE, width) for _ in range(depth))
        self.output = nn.Linear(width, 1)
        self.load_state_dict({name: tensor.float() for name, tensor in tensors.items()})

    def forward(self, rows: Tensor) -> Tensor:
        for linear, norm in zip(self.hidden, self.norms, strict=True):
            rows = torch.tanh(norm(linear(rows)))
        return torch.sigmoid(self.output(rows))[:, 0]


class PlainWay:
    """A stack, opaque, as colours [3,P] of points [P,2] in canvas units (float64)."""

    def __init__(self, stack: Stack, footprint: float, device: torch.device) -> None:
        self._stack, self._footprint, self._device = stack, footprint, device
        self._layers = [layer for layer in stack.layers if layer.is_seen and can_draw(layer)]
        assets = {layer.net for layer in self._layers if isinstance(layer, MaskLayer)}
        self._nets = {asset: PlainNet(load_tensors(stack.assets[asset])).to(device) for asset in assets}

    @torch.inference_mode()
    def __call__(self, points: Tensor) -> Tensor:
        return torch.cat([self._colors(part) for part in torch.split(points, PLAIN_POINTS)], 1)

    def _colors(self, points: Tensor) -> Tensor:
        """Eq. 3, the mask times the layer's opacity."""
        canvas = torch.tensor(self._stack.canvas.background, device=self._device)[:, None]
        for layer in self._layers:
            mask, color = self._shade(layer, points)
            alpha = mask * layer.opacity
            canvas = canvas * (1 - alpha) + color * alpha
        return canvas.expand(3, len(points))

    def _shade(self, layer: Layer, points: Tensor) -> tuple[Tensor, Tensor]:
        """Mask [P] and colour [3,1] or [3,P] of one layer."""
        if not isinstance(layer, MaskLayer):
            shader = kind_of(layer).prepare([layer], self._stack.assets, self._device)
            masks, colors = shader(points, self._footprint)
            return masks[0], colors[0].T
        local = to_frame(layer, points)
        code = torch.tensor([layer.code], device=self._device).expand(len(points), -1)
        mask = self._nets[layer.net](torch.cat([local, code], 1))
        if layer.window is not None:
            mask = mask * window_bump(local, layer.window)
        return mask, torch.tensor(layer.color, device=self._device)[:, None]


# Samples and times


def tiles_of(frame: Viewport, device: torch.device) -> list[Tile]:
    """The blocks in which a frame is drawn exactly."""
    xs = centres(frame.region.x, frame.region.width, frame.width_px, device)
    ys = centres(frame.region.y, frame.region.height, frame.height_px, device)
    columns = BLOCK_PX if device.type == "cpu" else CUDA_BLOCK_PX
    return list(itertools.product(torch.split(xs, columns), torch.split(ys, BLOCK_PX)))


def sample(tiles: Sequence[Tile], points: int) -> Sequence[Tile]:
    """Some blocks, in any order, that hold at least so many points; all where they hold no more."""
    mixed = random.Random(0).sample(tiles, len(tiles))
    reached = itertools.accumulate(len(xs) * len(ys) for xs, ys in mixed)
    count = next((index for index, total in enumerate(reached, 1) if total >= points), len(mixed))
    return mixed[:count]


def seconds_of(action: Callable[[], Tensor], device: torch.device) -> tuple[Tensor, float]:
    """What an action gives, and its time."""
    synchronize(device)
    began = time.perf_counter()
    result = action()
    synchronize(device)
    return result, time.perf_counter() - began


def synchronize(device: torch.device) -> None:
    if device.type == "cuda":
        torch.cuda.synchronize(device)


@torch.inference_mode()
def drawn(paint: Painter, tiles: Iterable[Tile]) -> Tensor:
    """Colours [3,P] of the pixels of blocks."""
    return torch.cat([paint(xs, ys)[:3].flatten(1) for xs, ys in tiles], 1)


def whole(seconds: float, points: int, frame: Viewport) -> Slow:
    """The time of a frame, of which so many points were drawn."""
    return Slow(seconds * frame.width_px * frame.height_px / points, points)


# The measures


def measure_fast(stack: Stack, path: Path, frame: Viewport, device: str, runs: int) -> Fast:
    times: list[tuple[float, float]] = []
    while len(times) < runs and sum(map(sum, times)) < LONG_SECONDS:
        times.append(time_fast(stack, frame, device))
    compiling, drawing = map(median, zip(*times, strict=True))
    return Fast(compiling, drawing, *peaks(path, max(frame.width_px, frame.height_px), device))


def time_fast(stack: Stack, frame: Viewport, device: str) -> tuple[float, float]:
    """Seconds to compile and to draw."""
    began = time.perf_counter()
    strips = rows(stack, frame, device=device)
    synchronize(resolve_device(device))
    compiled = time.perf_counter()
    deque(strips, maxlen=0)
    return compiled - began, time.perf_counter() - compiled


def peaks(path: Path, size: int, device: str) -> tuple[int, int]:
    """Bytes that drawing a file takes: of the machine's memory and of the device's."""
    drawing = [sys.executable, "-c", DRAW, str(path), str(size), device]
    child = subprocess.run([sys.executable, "-S", "-c", LAUNCHER, *drawing], capture_output=True, text=True)
    if child.returncode:
        raise SystemExit(f"{path.name} at {size} px: {child.stderr.strip()}")
    machine, other = map(int, child.stdout.split())
    return machine * MAXRSS_BYTES, other


def measure_exact(
    stack: Stack, frame: Viewport, tiles: Sequence[Tile], device: torch.device
) -> tuple[Slow, Errors, Plan]:
    """The exact way, and how far the fast one is off."""
    exactly, painter = exact_painter(stack, frame, device), FastPainter(stack, frame, device)
    drawn(exactly, tiles[:1])  # the first one takes longer
    truth, seconds = seconds_of(lambda: drawn(exactly, tiles), device)
    return whole(seconds, truth.shape[1], frame), errors(drawn(painter, tiles), truth), painter.plan


def errors(colors: Tensor, truth: Tensor) -> Errors:
    """How far colours [3,P] are off."""
    off = (colors - truth).abs().amax(0).mul(255).cpu().numpy()
    off_8_bits = (levels(colors) - levels(truth)).abs().amax(0).cpu().numpy()
    return Errors(
        points=len(off),
        largest=float(off.max()),
        percentile=float(np.percentile(off, PERCENTILE)),
        largest_of_8_bits=float(off_8_bits.max()),
        percentile_of_8_bits=float(np.percentile(off_8_bits, PERCENTILE)),
        share_off=float((off > 1).mean()),
    )


def levels(colors: Tensor) -> Tensor:
    """Colours in 0..1 as 8-bit pixels hold them: 0 to 255."""
    return (colors * 255 + 0.5).floor().clamp(0, 255)


def measure_plain(stack: Stack, frame: Viewport, tiles: Sequence[Tile], device: torch.device) -> Slow:
    """The plain way, once it is known to draw the same. Raises SystemExit where it does not."""
    colors_at = PlainWay(stack, frame.footprint, device)
    check_plain(colors_at, exact_painter(stack, frame, device), tiles[0])
    points = torch.cat([grid(xs, ys) for xs, ys in tiles])
    _, seconds = seconds_of(lambda: colors_at(points), device)
    return whole(seconds, len(points), frame)


def check_plain(colors_at: PlainWay, exactly: Painter, tile: Tile) -> None:
    off = float((colors_at(grid(*tile)) - drawn(exactly, [tile])).abs().max())
    if not off < PLAIN_TOLERANCE:
        raise SystemExit(f"The plain way draws another picture: a colour is off by {off:.2g}.")


def measure_encoding(
    stack: Stack, frame: Viewport, device: str, write: Callable[[BinaryIO, Iterator[Any], Layout], None]
) -> Encoding:
    strips, drawing = rows(stack, frame, device=device), [0.0]
    with tempfile.TemporaryFile() as file:
        began = time.perf_counter()
        write(file, timed(strips, drawing), Layout(frame.width_px, frame.height_px))
        file.flush()
        seconds = time.perf_counter() - began - sum(drawing)
        return Encoding(seconds, file.seek(0, os.SEEK_END))


def timed(strips: Iterator[Any], spent: list[float]) -> Iterator[Any]:
    """The strips; the seconds that each took are added to a list."""
    while True:
        began = time.perf_counter()
        strip = next(strips, None)
        spent.append(time.perf_counter() - began)
        if strip is None:
            return
        yield strip


def measure(name: str, stack: Stack, path: Path, size: int, arguments: argparse.Namespace) -> Result:
    """All of a stack (saved at a path) at a size."""
    frame, device = Viewport.of_region(stack.canvas.rect, size=size), resolve_device(arguments.device)
    tiles = tiles_of(frame, device)
    some = sample(tiles, arguments.sample_points)
    compared = tiles if arguments.all_pixels and size <= ALL_PIXELS_PX else some
    exact, found, plan = measure_exact(stack, frame, compared, device)
    return Result(
        name,
        len(stack.layers),
        size,
        frame.width_px,
        frame.height_px,
        fast=measure_fast(stack, path, frame, arguments.device, arguments.runs),
        exact=exact,
        plain=measure_plain(stack, frame, some, device),
        errors=found,
        plan=plan,
        png=measure_encoding(stack, frame, arguments.device, write_png),
        tiff=measure_encoding(stack, frame, arguments.device, write_tiff) if size >= TIFF_PX else None,
    )


def same_bytes(stack: Stack, device: str) -> dict[str, bool]:
    """Whether pixels depend neither on the count of threads nor on the height of strips."""
    threads_now = torch.get_num_threads()
    first = digest(stack, device, THREADS[0], STRIP_ROWS[0])
    other_threads = digest(stack, device, THREADS[1], STRIP_ROWS[0])
    other_strips = digest(stack, device, THREADS[0], STRIP_ROWS[1])
    torch.set_num_threads(threads_now)
    return {"threads": first == other_threads, "strips": first == other_strips}


def digest(stack: Stack, device: str, threads: int, strip_rows: int) -> str:
    """The sha256 of a drawing's pixels."""
    torch.set_num_threads(threads)
    pixels = hashlib.sha256()
    for strip in rows(
        stack, Viewport.of_region(stack.canvas.rect, size=CHECK_PX), device=device, strip_rows=strip_rows
    ):
        pixels.update(strip.tobytes())
    return pixels.hexdigest()


# What is printed


def label(result: Result) -> list[str]:
    return [result.stack, str(result.layers), str(result.size)]


LABEL = ["stack", "layers", "px"]


def digits(number: float) -> str:
    """A number above 0 in three digits, or in all before the point."""
    places = max(0, 2 - math.floor(math.log10(max(number, 1e-3))))
    return f"{number:,.{places}f}"


def slow_text(slow: Slow, result: Result) -> str:
    return ("" if slow.points == result.width * result.height else "~") + digits(slow.seconds)


def mebibytes(count: int) -> str:
    return f"{count / MIB:,.1f}"


def print_times(results: Iterable[Result]) -> None:
    table = [
        [
            *label(result),
            *map(digits, (result.fast.compile_seconds, result.fast.draw_seconds, result.fast.seconds)),
            *(slow_text(slow, result) for slow in (result.exact, result.plain)),
            digits(result.plain.seconds / result.fast.seconds),
            digits(result.plain.seconds / result.fast.draw_seconds),
        ]
        for result in results
    ]
    columns = ["compile", "draw", "both", "exact", "plain", "plain / both", "plain / draw"]
    print_table("Seconds: the fast way, the exact one, the plain one", [*LABEL, *columns], table)


def print_errors(results: Iterable[Result]) -> None:
    table = [
        [
            *label(result),
            f"{result.errors.points:,}",
            f"{result.errors.largest:.3f}",
            f"{result.errors.percentile:.3f}",
            f"{result.errors.largest_of_8_bits:.0f}",
            f"{result.errors.percentile_of_8_bits:.0f}",
            f"{result.errors.share_off:.4%}",
        ]
        for result in results
    ]
    columns = ["pixels", "largest", f"{PERCENTILE} %", "largest, 8 bits", f"{PERCENTILE} %, 8 bits", "share above 1"]
    print_table("Errors of the fast way to the exact one, in 1/255", [*LABEL, *columns], table)


def print_plans(results: Iterable[Result]) -> None:
    table = [
        [
            *label(result),
            f"{result.plan.patches:,}",
            f"{result.plan.exact_cells:,}",
            f"{result.plan.evaluations:,}",
            mebibytes(result.plan.patch_bytes),
            mebibytes(result.fast.peak_bytes),
            mebibytes(result.fast.device_peak_bytes) if result.fast.device_peak_bytes else "",
        ]
        for result in results
    ]
    columns = ["patches", "exact cells", "evaluations", "patches' MiB", "peak MiB", "device MiB"]
    print_table("What the fast way takes", [*LABEL, *columns], table)


def print_files(results: Iterable[Result]) -> None:
    table = [[*label(result), *encoding(result.png), *encoding(result.tiff)] for result in results]
    print_table("Writing files, without drawing", [*LABEL, "PNG, s", "PNG, MB", "TIFF, s", "TIFF, MB"], table)


def encoding(found: Encoding | None) -> list[str]:
    return ["", ""] if found is None else [digits(found.seconds), f"{found.bytes / 1e6:.2f}"]


def print_checks(checks: dict[str, dict[str, bool]]) -> None:
    for what, values in (("threads", THREADS), ("strips", STRIP_ROWS)):
        failed = [name for name, found in checks.items() if not found[what]]
        title = f"{values[0]} and {values[1]} " + ("threads" if what == "threads" else "rows a strip")
        print(f"Same bytes at {CHECK_PX} px with {title}: {'no: ' + '; '.join(failed) if failed else 'yes'}.")


def device_text(device: torch.device) -> str:
    """Where it ran, in a line."""
    name = torch.cuda.get_device_name(device) if device.type == "cuda" else "CPU"
    return f"torch {torch.__version__}, {os.cpu_count()} cores, {torch.get_num_threads()} threads, on {device} ({name})"


# The command


def parse_arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--stack", type=Path, nargs="+", metavar="FILE", help="measure these .layers files")
    parser.add_argument(
        "--layers", type=int, nargs="+", default=LAYER_COUNTS, choices=LAYER_COUNTS, help="stacks of so many layers"
    )
    parser.add_argument("--detail", action="store_true", help=f"add a stack of {DETAIL_LAYERS} layers (minutes)")
    parser.add_argument("--sizes", type=int, nargs="+", default=SIZES, metavar="PX", help="long sides of pictures")
    parser.add_argument("--sample-points", type=int, default=SAMPLE_POINTS, metavar="N", help="(default: 262144)")
    parser.add_argument("--all-pixels", action="store_true", help="errors on all pixels up to 1,024 px")
    parser.add_argument("--runs", type=int, default=3, metavar="N", help="of the fast way (default: 3)")
    parser.add_argument("--no-checks", action="store_true", help="leave out the drawings that must have the same bytes")
    parser.add_argument("--device", default="auto", help="auto, cpu, cuda or cuda:N (default: auto)")
    parser.add_argument("--json", type=Path, metavar="OUT", help="write the figures there, too")
    return parser.parse_args()


def measure_stacks(arguments: argparse.Namespace) -> tuple[list[Result], dict[str, dict[str, bool]]]:
    """Figures of each stack at each size, and checks of each stack."""
    results: list[Result] = []
    checks: dict[str, dict[str, bool]] = {}
    with tempfile.TemporaryDirectory() as folder:
        for index, (name, stack) in enumerate(chosen_stacks(arguments)):
            path = Path(folder) / f"{index}.layers"
            vecstack.save(stack, path)
            for size in arguments.sizes:
                results.append(measure(name, stack, path, size, arguments))
                print(f"{name}, {len(stack.layers)} layers, {size} px", file=sys.stderr, flush=True)
            if not arguments.no_checks:
                checks[f"{name}, {len(stack.layers)} layers"] = same_bytes(stack, arguments.device)
    return results, checks


def main() -> None:
    arguments = parse_arguments()
    results, checks = measure_stacks(arguments)
    where = device_text(resolve_device(arguments.device))
    for show in (print_times, print_errors, print_plans, print_files):
        show(results)
    if checks:
        print_checks(checks)
    print(where)
    write_json(arguments.json, {"where": where, "results": list(map(asdict, results)), "same_bytes": checks})


if __name__ == "__main__":
    main()
