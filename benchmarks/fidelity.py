"""Measure how close stacks come to photos, and at what cost, beside VTracer, JPEG and WebP on the same photos.

PSNR and SSIM against the count of numbers, the bytes of the file and the seconds, for each count of layers, predicted
alone ("sketch") and refined ("fast", "good", "best"). Numbers are those of the layers: codes, colours, windows and
their places, and the net's own where it is not the model's. Bytes are those of the .layers file without its thumbnail,
and in a second column without the model's net, which is the same in every file. Seconds are of one decomposition or
one call of a tracer or codec; loading the model, drawing, and the search for a tracer's settings are not in them.

VTracer is at its best, by a search of its settings, of sides to reduce the picture to, and of how small a speck it
leaves out, with at most 256 and 1,024 paths, and gzipped in no more bytes than our file. JPEG and WebP have the best
quality in no more bytes, at the best of several sides. Rivals in bytes are set against the last --effort.

Photos are scikit-learn's and, where it is installed, scikit-image's, and those of --pictures, each reduced to --side on
its long side; VTracer's search takes minutes a photo. --small adds pictures of one small side, held out as in training,
beside PCA with as many numbers.
"""

from __future__ import annotations

import argparse
import dataclasses
import itertools
import sys
import tempfile
import time
import zipfile
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass
from functools import partial
from importlib.util import find_spec
from pathlib import Path
from statistics import fmean
from typing import Any

import numpy as np
import torch
from _common import print_table, write_json
from _pca import Pca
from _raster import encode_within
from _tracing import Tracer, Tracing, draw
from PIL import Image
from safetensors.torch import load
from sklearn.datasets import load_sample_images  # type: ignore[import-untyped]

import vecstack
from vecstack.errors import VecstackError
from vecstack.geometry import Affine
from vecstack.kinds import find_kind
from vecstack.models import Model
from vecstack.pictures.read import load_picture
from vecstack.stack import Layer, Stack
from vecstack.train.data import load_pictures
from vecstack.train.evaluate import Distances, Score, compare, score

LAYER_COUNTS = (20, 50, 100, 200, 500, 1000)
SMALL_LAYER_COUNTS = (10, 20)
PATH_LIMITS = (256, 1024)
EFFORTS = ("sketch", "fast", "good", "best")
BYTE_LIMITS = ("with net", "without net")
RIVALS = ("vtracer", "jpeg", "webp")
TITLES = {"vtracer": "VTracer", "jpeg": "JPEG", "webp": "WebP"}
SKIMAGE_PHOTOS = ("astronaut.png", "chelsea.png", "coffee.png", "rocket.jpg", "motorcycle_left.png")
SUFFIXES = (".png", ".jpg", ".jpeg", ".webp")
PLACE_NUMBERS, COLOR_NUMBERS = 6, 3
ZIP_ENTRY_BYTES = 76  # of a member's two headers, beside its name, which is in both

Array = np.ndarray[Any, Any]


@dataclass(frozen=True)
class Photo:
    """A picture of the benchmark, and the PNG that holds it."""

    name: str
    path: Path
    picture: Image.Image

    @property
    def pixels(self) -> Array:
        return np.asarray(self.picture)


@dataclass(frozen=True)
class Result:
    """One drawing of a photo. Its `limit` is in layers or in paths, of which `count` at most, or in the bytes of our
    file with `count` layers: "with net" or "without net", the model's. What a method does not have is None."""

    photo: str
    method: str
    limit: str
    count: int
    psnr: float
    ssim: float
    seconds: float
    bytes: int
    bytes_without_net: int | None = None
    numbers: int | None = None
    parts: int | None = None  # layers or paths


@dataclass(frozen=True)
class Mean:
    """Means of results over photos; None where one has none."""

    psnr: float
    ssim: float
    seconds: float
    bytes: float
    bytes_without_net: float | None
    numbers: float | None
    parts: float | None


Key = tuple[str, str, int]  # method, limit, count

# Photos


def sample_photos() -> Iterator[tuple[str, Path | Array]]:
    """Names and pictures of the photos that come with scikit-learn and scikit-image."""
    samples = load_sample_images()
    yield from zip((Path(name).stem for name in samples.filenames), samples.images, strict=True)
    found = find_spec("skimage")
    if found is not None and found.origin is not None:
        folder = Path(found.origin).parent / "data"
        yield from ((path.stem, path) for path in map(folder.joinpath, SKIMAGE_PHOTOS) if path.is_file())


def photos_in(folder: Path) -> Iterator[tuple[str, Path]]:
    return ((path.name, path) for path in sorted(folder.iterdir()) if path.suffix.lower() in SUFFIXES)


def prepare(name: str, source: Path | Array, side: int, folder: Path) -> Photo:
    """The photo over black and reduced to a long side of `side` px, never enlarged, as a PNG in a folder."""
    pixels = load_picture(source).over((0.0, 0.0, 0.0))
    picture = Image.fromarray((pixels * 255).round().astype(np.uint8))
    picture.thumbnail((side, side), Image.Resampling.LANCZOS)
    path = folder / f"{name}.png"
    picture.save(path)
    return Photo(name, path, picture)


def closeness(drawn: Array, photo: Photo) -> tuple[float, float]:
    """PSNR in dB and SSIM of a drawing uint8 [H,W,3]."""
    found = score([compare(as_batch(drawn), as_batch(photo.pixels))], 0, 0)
    return found.mean_psnr, found.ssim


def as_batch(pixels: Array) -> torch.Tensor:
    """Pixels uint8 [H,W,3] -> [1,3,H,W] in 0..1."""
    return torch.tensor(pixels).permute(2, 0, 1)[None].double() / 255


# Stacks


def make_stack(picture: Path | Array, model: Model, layers: int, effort: str) -> Stack:
    return vecstack.decompose(picture, model, layers=layers, effort=effort)


def measure_stack(photo: Photo, model: Model, layers: int, effort: str) -> Result:
    """A stack of the photo. Raises VecstackError: the model cannot give so many layers."""
    began = time.perf_counter()
    stack = make_stack(photo.path, model, layers, effort)
    seconds = time.perf_counter() - began
    of_model = make_stack(photo.path, model, 1, "sketch").assets
    file, without_net = stored_bytes(stack, of_model)
    return Result(
        photo.name,
        effort,
        "layers",
        layers,
        *closeness(vecstack.render(stack), photo),
        seconds=seconds,
        bytes=file,
        bytes_without_net=without_net,
        numbers=count_numbers(stack, of_model),
        parts=len(stack.layers),
    )


def count_numbers(stack: Stack, of_model: Iterable[str]) -> int:
    """Numbers that were chosen for the picture: of its layers, and of assets that are not the model's."""
    own = stack.assets.keys() - set(of_model)
    return numbers_of_layers(stack) + sum(asset_numbers(stack.assets[asset]) for asset in own)


def numbers_of_layers(stack: Stack) -> int:
    return sum(layer_numbers(layer, stack) for layer in stack.layers)


def layer_numbers(layer: Layer, stack: Stack) -> int:
    """What a layer is told by: its shape and colour, and its place and window where it has one of its own."""
    kind = find_kind(layer.kind)
    assert kind is not None
    placed = 0 if layer.transform == Affine.of_frame(stack.canvas.rect) else PLACE_NUMBERS
    colored = 0 if kind.color(layer) is None else COLOR_NUMBERS
    return len(kind.shape(layer)) + colored + placed + (kind.extent(layer, 0.0) is not None)


def asset_numbers(data: bytes) -> int:
    numbers: int = sum(tensor.numel() for tensor in load(data).values())
    return numbers


def stored_bytes(stack: Stack, of_model: Iterable[str]) -> tuple[int, int]:
    """Bytes of the file without a thumbnail, and of what is left of it without the model's assets."""
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "stack.layers"
        vecstack.save(dataclasses.replace(stack, thumbnail=None), path)
        size, members = path.stat().st_size, zipfile.ZipFile(path).infolist()
    shared = [member for member in members if Path(member.filename).stem in set(of_model)]
    return size, size - sum(member.compress_size + 2 * len(member.filename) + ZIP_ENTRY_BYTES for member in shared)


# Rivals


def has_paths(most: int, found: Tracing) -> bool:
    return found.paths <= most


def has_bytes(most: int, found: Tracing) -> bool:
    return found.bytes <= most


def measure_tracing(
    photo: Photo, tracer: Tracer, limit: str, count: int, fits: Callable[[Tracing], bool]
) -> Iterator[Result]:
    """VTracer's closest drawing that fits, if one does."""
    found = tracer.best(fits)
    if found is not None:
        yield Result(
            photo.name,
            "vtracer",
            limit,
            count,
            *closeness(draw(found.svg), photo),
            seconds=found.seconds,
            bytes=found.bytes,
            numbers=found.numbers,
            parts=found.paths,
        )


def measure_rivals(photo: Photo, ours: Sequence[Result], rivals: Sequence[str]) -> Iterator[Result]:
    """Every rival at its limits of paths and at the bytes of each of our files."""
    tracer = Tracer(photo.picture)
    if "vtracer" in rivals:
        for most in PATH_LIMITS:
            yield from measure_tracing(photo, tracer, "paths", most, partial(has_paths, most))
    for result in ours:
        for limit, budget in zip(BYTE_LIMITS, (result.bytes, result.bytes_without_net), strict=True):
            for rival in rivals:
                yield from measure_within(photo, tracer, rival, limit, result.count, budget or 0)


def measure_within(photo: Photo, tracer: Tracer, rival: str, limit: str, count: int, budget: int) -> Iterator[Result]:
    """A rival's closest drawing in a budget of bytes, that of our file with `count` layers, if one fits."""
    if rival == "vtracer":
        yield from measure_tracing(photo, tracer, limit, count, partial(has_bytes, budget))
        return
    found = encode_within(photo.picture, rival, budget)
    if found is not None:
        close = closeness(found.drawn, photo)
        yield Result(photo.name, rival, limit, count, *close, seconds=found.seconds, bytes=found.bytes)


def measure_photo(photo: Photo, model: Model, arguments: argparse.Namespace) -> Iterator[Result]:
    """All methods on one photo."""
    stacks: dict[str, list[Result]] = {effort: [] for effort in arguments.effort}
    for effort, layers in itertools.product(arguments.effort, arguments.layers):
        if effort == "sketch" and layers > model.maker.max_layers:
            continue  # detail is always tuned
        try:
            stacks[effort].append(measure_stack(photo, model, layers, effort))
        except VecstackError as error:
            print(f"{photo.name}, {layers} layers, {effort}: left out. {error}", file=sys.stderr, flush=True)
    yield from itertools.chain(*stacks.values())
    compared = () if arguments.no_bytes else stacks[arguments.effort[-1]]
    yield from measure_rivals(photo, compared, arguments.rivals)


# Means over the photos


def means(results: Sequence[Result]) -> dict[Key, Mean]:
    """Means over the photos by method, limit and count, of those that there are for every photo."""
    photos = {result.photo for result in results}
    groups: dict[Key, list[Result]] = {}
    for result in results:
        groups.setdefault((result.method, result.limit, result.count), []).append(result)
    return {key: mean(group) for key, group in groups.items() if len(group) == len(photos)}


def mean(group: Sequence[Result]) -> Mean:
    averaged: dict[str, Any] = {}
    for field in dataclasses.fields(Mean):
        values = [getattr(result, field.name) for result in group]
        averaged[field.name] = None if None in values else fmean(values)
    return Mean(**averaged)


# What is printed


def print_stacks(found: Mapping[Key, Mean]) -> None:
    rows = [
        [TITLES.get(method, method), str(count), *figures(mean)]
        for (method, limit, count), mean in found.items()
        if limit in ("layers", "paths")
    ]
    columns = ["method", "at most", "parts", "numbers", "KB", "KB without net", "seconds", "PSNR", "SSIM"]
    print_table("Means over the photos; parts are layers of ours, paths of VTracer's", columns, rows)


def figures(mean: Mean) -> list[str]:
    return [
        f"{mean.parts:,.0f}",
        f"{mean.numbers:,.0f}",
        kilobytes(mean.bytes),
        kilobytes(mean.bytes_without_net),
        f"{mean.seconds:.2f}",
        f"{mean.psnr:.2f}",
        f"{mean.ssim:.4f}",
    ]


def kilobytes(count: float | None) -> str:
    return "" if count is None else f"{count / 1000:.1f}"


def print_photos(results: Sequence[Result], effort: str) -> None:
    """PSNR of each photo with at most so many paths, beside ours with at most as many layers."""
    psnr = {(result.photo, result.method, result.limit, result.count): result.psnr for result in results}
    pairs = [(max_layers(results, effort, most), most) for most in PATH_LIMITS]
    columns = ["photo", *(title for layers, most in pairs for title in (f"{layers} layers", f"<= {most} paths"))]
    rows = []
    for photo in dict.fromkeys(result.photo for result in results):
        keys = [
            key
            for layers, most in pairs
            for key in ((photo, effort, "layers", layers), (photo, "vtracer", "paths", most))
        ]
        rows.append([photo, *(f"{psnr[key]:.2f}" if key in psnr else "-" for key in keys)])
    print_table(f"PSNR in dB: ours ({effort}) beside VTracer", columns, rows)


def max_layers(results: Iterable[Result], effort: str, most: int) -> int:
    """The largest count of layers that was measured and is at most so many."""
    return max((result.count for result in results if result.method == effort and result.count <= most), default=0)


def print_bytes(found: Mapping[Key, Mean], effort: str, rivals: Sequence[str], limit: str) -> None:
    """Rivals at the bytes of our files, and in so many words who wins where."""
    rows = []
    leads: dict[str, list[tuple[str, float | None]]] = {rival: [] for rival in rivals}
    for (method, _, count), ours in found.items():
        if method != effort:
            continue
        theirs = {rival: found.get((rival, limit, count)) for rival in rivals}
        size = kilobytes(ours.bytes if limit == "with net" else ours.bytes_without_net)
        rows.append([str(count), size, closeness_text(ours), *map(closeness_text, theirs.values())])
        at = f"{size} KB ({count} layers)"
        for rival, their in theirs.items():
            leads[rival].append((at, None if their is None else their.psnr - ours.psnr))
    columns = ["layers", "KB", f"ours ({effort})", *(TITLES[rival] for rival in rivals)]
    print_table(f"PSNR in dB and SSIM in no more bytes than our file {limit}", columns, rows)
    for rival in rivals:
        print_verdict(TITLES[rival], leads[rival])


def closeness_text(mean: Mean | None) -> str:
    return "-" if mean is None else f"{mean.psnr:.2f} {mean.ssim:.4f}"


def print_verdict(title: str, leads: Sequence[tuple[str, float | None]]) -> None:
    """Say where a rival wins and where the stack does: places, and by how many dB the rival is ahead."""
    wins = [f"{at} by {lead:.2f} dB" for at, lead in leads if lead is not None and lead > 0]
    losses = [f"{at} by {-lead:.2f} dB" for at, lead in leads if lead is not None and lead <= 0]
    misses = [at for at, lead in leads if lead is None]
    for what, where in (
        (f"{title} wins over the stack", wins),
        (f"The stack wins over {title}", losses),
        (f"{title} cannot draw every photo in so few bytes", misses),
    ):
        if where:
            print(f"{what}: {', '.join(where)}.")


# Small pictures


def measure_small(model: Model, arguments: argparse.Namespace) -> list[dict[str, Any]]:
    """Scores of stacks and of PCA with as many numbers, on held-out pictures of one small side."""
    training, held_out = load_pictures(arguments.small, arguments.small_side)
    held_out = held_out[:: max(1, len(held_out) // arguments.small_limit)]
    most_numbers = 0
    found = []
    for layers, effort in itertools.product(arguments.small_layers, arguments.effort):
        distances, numbers = measure_squares(held_out, model, layers, effort)
        most_numbers = max(most_numbers, numbers)
        found.append((effort, score(distances, layers, numbers)))
    pca = Pca(training, most_numbers)
    for layers, numbers in sorted({(ours.layers, ours.numbers) for _, ours in found}):
        found.append(("PCA", score(pca.distances(held_out, numbers), layers, numbers)))
    found.sort(key=lambda item: item[1].layers)
    print_small(found, len(held_out), len(training), arguments.small_side)
    return [{"method": method, **ours.to_json()} for method, ours in found]


def measure_squares(pictures: torch.Tensor, model: Model, layers: int, effort: str) -> tuple[list[Distances], int]:
    """Distances of stacks to their pictures [N,3,S,S] uint8, and the numbers of the layers of one."""
    distances, numbers = [], 0
    for picture in pictures:
        pixels = picture.permute(1, 2, 0).numpy()
        stack = make_stack(pixels, model, layers, effort)
        distances.append(compare(as_batch(vecstack.render(stack)), as_batch(pixels)))
        numbers = numbers_of_layers(stack)
    return distances, numbers


def print_small(found: Sequence[tuple[str, Score]], pictures: int, training: int, side: int) -> None:
    rows = [
        [method, str(ours.layers), str(ours.numbers), *(f"{figure:.2f}" for figure in psnrs(ours)), f"{ours.ssim:.4f}"]
        for method, ours in found
    ]
    columns = ["method", "layers", "numbers", "PSNR of mean error", "mean PSNR", "SSIM"]
    print_table(
        f"{pictures:,} held-out pictures of {side} px (PCA: {training:,}, numbers as of so many layers)", columns, rows
    )


def psnrs(ours: Score) -> tuple[float, float]:
    return ours.psnr_of_mean_error, ours.mean_psnr


# Plots


def write_plots(found: Mapping[Key, Mean], folder: Path) -> None:
    """PSNR against numbers, bytes and seconds, a line for each method, as PNGs."""
    folder.mkdir(parents=True, exist_ok=True)
    for cost in ("numbers", "bytes", "seconds"):
        write_plot(cost, curves(found, cost), folder / f"psnr-{cost}.png")


def curves(found: Mapping[Key, Mean], cost: str) -> dict[str, list[tuple[float, float]]]:
    """Points (cost, PSNR) of each method, least cost first."""
    lines: dict[str, list[tuple[float, float]]] = {}
    for (method, limit, _), mean in found.items():
        title = TITLES.get(method, f"ours, {method}")
        if method == "vtracer":
            title += ", by paths" if limit == "paths" else ", by bytes"
        costs = {title: getattr(mean, cost)}
        if cost == "bytes" and mean.bytes_without_net is not None:
            costs = {f"{title}, with net": mean.bytes, f"{title}, without net": mean.bytes_without_net}
        for name, value in costs.items():
            if value is not None:
                lines.setdefault(name, []).append((value, mean.psnr))
    return {name: sorted(points) for name, points in lines.items()}


def write_plot(cost: str, lines: Mapping[str, list[tuple[float, float]]], path: Path) -> None:
    """Write PSNR against a cost, a line for each method, as a picture of the format that the suffix names."""
    from matplotlib import rc_context
    from matplotlib.figure import Figure

    figure = Figure(figsize=(8, 5), layout="constrained")
    axes = figure.subplots()
    for name, points in lines.items():
        axes.semilogx(*zip(*points, strict=True), "o-", label=name, markersize=3)
    axes.set_xlabel(cost)
    axes.set_ylabel("PSNR in dB, mean over the photos")
    axes.grid(alpha=0.3, which="both")
    axes.legend(fontsize="small")
    with rc_context({"svg.fonttype": "none", "svg.hashsalt": cost}):  # text as text; the same file from the same lines
        figure.savefig(path, dpi=120)


# The command


def parse_arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--model", default="photos", help="name or path of a model (default: photos)")
    parser.add_argument("--layers", type=int, nargs="+", default=LAYER_COUNTS, metavar="N")
    parser.add_argument(
        "--effort", nargs="+", default=EFFORTS, choices=EFFORTS, help="efforts, the one to compare last"
    )
    parser.add_argument("--rivals", nargs="*", default=RIVALS, choices=RIVALS, help="beside ours (default: all)")
    parser.add_argument("--no-bytes", action="store_true", help="leave out rivals at our count of bytes (minutes)")
    parser.add_argument("--pictures", type=Path, metavar="DIR", help="more photos")
    parser.add_argument("--limit", type=int, metavar="N", help="measure the first N photos only")
    parser.add_argument("--side", type=int, default=512, metavar="PX", help="of photos, the long one (default: 512)")
    parser.add_argument("--small", type=Path, nargs="+", metavar="PATH", help="folders or zips of small pictures")
    parser.add_argument("--small-side", type=int, default=32, metavar="PX", help="(default: 32)")
    parser.add_argument("--small-layers", type=int, nargs="+", default=SMALL_LAYER_COUNTS, metavar="N")
    parser.add_argument("--small-limit", type=int, default=100, metavar="N", help="about so many (default: 100)")
    parser.add_argument("--json", type=Path, metavar="OUT", help="write the figures there, too")
    parser.add_argument("--plots", type=Path, metavar="DIR", help="write PSNR against numbers, bytes and seconds there")
    return parser.parse_args()


def measure_photos(model: Model, arguments: argparse.Namespace) -> list[Result]:
    pictures = itertools.chain(sample_photos(), photos_in(arguments.pictures) if arguments.pictures else ())
    results: list[Result] = []
    with tempfile.TemporaryDirectory() as folder:
        for name, source in itertools.islice(pictures, arguments.limit):
            photo = prepare(name, source, arguments.side, Path(folder))
            if not results:
                make_stack(photo.path, model, 1, "sketch")  # the first one takes longer
            results += measure_photo(photo, model, arguments)
            write_figures(arguments, results)  # by and by: a photo takes a while
            print(f"{name}: {len(results)} drawings", file=sys.stderr, flush=True)
    return results


def write_figures(
    arguments: argparse.Namespace, results: Iterable[Result], small: Sequence[dict[str, Any]] = ()
) -> None:
    """Write what was measured so far, where that was asked for."""
    photos = list(map(asdict, results))
    write_json(arguments.json, {"model": arguments.model, "side": arguments.side, "photos": photos, "small": small})


def print_results(results: Sequence[Result], found: Mapping[Key, Mean], arguments: argparse.Namespace) -> None:
    effort = arguments.effort[-1]
    print_stacks(found)
    if "vtracer" in arguments.rivals:
        print_photos(results, effort)
    if arguments.rivals and not arguments.no_bytes:
        for limit in BYTE_LIMITS:
            print_bytes(found, effort, arguments.rivals, limit)


def main() -> None:
    arguments = parse_arguments()
    model = vecstack.load_model(arguments.model)
    results = measure_photos(model, arguments)
    found = means(results)
    if results:
        print_results(results, found, arguments)
    if arguments.plots:
        write_plots(found, arguments.plots)
    small = measure_small(model, arguments) if arguments.small else []
    write_figures(arguments, results, small)


if __name__ == "__main__":
    main()
