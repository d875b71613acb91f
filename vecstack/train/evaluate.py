"""How close predicted layers come to pictures, by the usual measures, in memory that does not grow with either."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass
from functools import partial
from pathlib import Path

import torch
from torch import Tensor, nn

from vecstack.device import resolve_device
from vecstack.errors import RecipeError, ShapeError, UsageError, WeightsError
from vecstack.kinds.weights import describe
from vecstack.models import find_weights, published_models
from vecstack.train.data import as_seen, load_pictures
from vecstack.train.recipe import DataRecipe, load_recipe, trainee_of
from vecstack.train.trainee import Trainee

LAYER_COUNTS = (1, 2, 5, 10, 20)  # at which a model is measured, besides all its layers
MAX_PIXELS = 1 << 17  # of stored pictures reduced at once: some 2 MB
MIN_ERROR = 1e-10  # mean squared: a PSNR is 100 dB at most
RECIPE = "recipe.toml"  # beside the weights, where it is kept with them
# Constants of SSIM as in the paper, for values in 0..1.
SSIM_WINDOW_PX, SSIM_SIGMA_PX = 11, 1.5
SSIM_C1, SSIM_C2 = 0.01**2, 0.03**2


@dataclass(frozen=True)
class Score:
    """How close pictures drawn with `layers` layers (0: by a model that has none), each from `numbers` numbers, come
    to the true ones: PSNR in dB of the mean squared error over all of them, and the mean of each one's; the means of
    SSIM and of the absolute error (L1) in the scale 0..1."""

    layers: int
    psnr_of_mean_error: float
    mean_psnr: float
    ssim: float
    mean_absolute_error: float
    numbers: int

    def to_json(self) -> dict[str, float]:
        return asdict(self)


@dataclass(frozen=True)
class Distances:
    """Of each drawn picture to its true one, in the scale 0..1: mean squared error, mean absolute error, SSIM; [N]."""

    squared: Tensor
    absolute: Tensor
    ssim: Tensor


def compare(drawn: Tensor, truth: Tensor) -> Distances:
    """Distances between two batches of pictures [N,3,H,W] in 0..1. Raises ShapeError."""
    if drawn.shape != truth.shape or drawn.ndim != 4:
        raise ShapeError(f"drawn pictures are {list(drawn.shape)}, true ones {list(truth.shape)}, not both [N,3,H,W]")
    error = drawn - truth
    return Distances(error.square().mean((1, 2, 3)), error.abs().mean((1, 2, 3)), ssim(drawn, truth))


def score(batches: Sequence[Distances], layers: int, numbers: int) -> Score:
    """The score over all pictures of some batches (at least one picture)."""
    squared = torch.cat([batch.squared for batch in batches]).clamp_min(MIN_ERROR)
    return Score(
        layers,
        psnr_of_mean_error=float(-10 * torch.log10(squared.mean())),
        mean_psnr=float(-10 * torch.log10(squared).mean()),
        ssim=float(torch.cat([batch.ssim for batch in batches]).mean()),
        mean_absolute_error=float(torch.cat([batch.absolute for batch in batches]).mean()),
        numbers=numbers,
    )


def ssim(drawn: Tensor, truth: Tensor) -> Tensor:
    """Structural similarity of two batches of pictures [N,3,H,W] in 0..1: [N], 1 for equal ones, in float64. After
    Wang, Bovik, Sheikh, Simoncelli, IEEE Transactions on Image Processing 13(4), 2004: a Gaussian window of 11 x 11 px
    and sigma 1.5, K1 = 0.01, K2 = 0.03, averaged over the channels and over all places where the whole window lies
    in the picture. Pictures below 11 px have a window of the largest odd side that they hold (see `ssim_window`)."""
    # Variances are small differences of large numbers, and a GPU may round float32 products to 10 bits.
    a, b = drawn.double(), truth.double()
    mean_a, mean_b = _local_mean(a), _local_mean(b)
    squares, product = mean_a.square() + mean_b.square(), mean_a * mean_b
    variances = _local_mean(a.square() + b.square()) - squares
    covariance = _local_mean(a * b) - product
    luminance = (2 * product + SSIM_C1) / (squares + SSIM_C1)
    structure = (2 * covariance + SSIM_C2) / (variances + SSIM_C2)
    return (luminance * structure).mean((1, 2, 3))


def ssim_window(side: int) -> int:
    """Side in pixels of the window of SSIM in pictures whose shorter side is `side`."""
    return min(SSIM_WINDOW_PX, side - 1 + side % 2)


def _local_mean(values: Tensor) -> Tensor:
    """Mean under the Gaussian window at every place: [...,H,W] -> [...,H-w+1,W-w+1]. Products with banded matrices
    take a tenth of the time of a convolution at these sizes."""
    height, width = values.shape[-2:]
    window = ssim_window(min(height, width))
    return _windows(height, window, values) @ values @ _windows(width, window, values).T


def _windows(length: int, window: int, like: Tensor) -> Tensor:
    """A Gaussian of `window` pixels and sum 1 in each row, moved by one pixel from row to row: [length-window+1,
    length], of the type and on the device of another tensor."""
    count = length - window + 1
    offsets = torch.arange(length, device=like.device) - torch.arange(count, device=like.device)[:, None]
    from_centre = (offsets - window // 2).to(like) / SSIM_SIGMA_PX
    weights = torch.exp(from_centre.square() / -2).where((offsets >= 0) & (offsets < window), 0.0)
    return weights / weights.sum(1, keepdim=True)


@torch.no_grad()
def evaluate(trainee: Trainee, model: nn.Module, pictures: Tensor, layer_counts: Sequence[int]) -> list[Score]:
    """One score for each count of layers, fewest first (a single one of a model without layers): pictures [N,3,S,S]
    uint8, compared with what is drawn of them at S x S pixels. Raises ShapeError; UsageError for counts that the model
    was not trained to give, or a side that it cannot draw."""
    _check_pictures(pictures)
    if trainee.layers:
        check_layers(layer_counts, trainee.layers)
    counts = sorted(layer_counts) if trainee.layers else [0]
    batches: list[list[Distances]] = [[] for _ in counts]
    first = 0
    for drawn in trainee.draw(model, pictures, counts):
        truth = pictures[first : first + len(drawn)].float() / 255
        first += len(drawn)
        for found, canvas in zip(batches, drawn.unbind(1), strict=True):
            found.append(compare(canvas, truth))
    return [score(found, count, trainee.numbers(count)) for found, count in zip(batches, counts, strict=True)]


def counts_up_to(layers: int) -> list[int]:
    """The counts of layers at which a model of so many is measured, where nothing else is asked for."""
    return sorted({count for count in (*LAYER_COUNTS, layers) if 1 <= count <= layers})


def _check_pictures(pictures: Tensor) -> None:
    """Raise ShapeError unless these are pictures [N,3,S,S] uint8, one at least."""
    shape = tuple(pictures.shape)
    if pictures.dtype != torch.uint8 or len(shape) != 4 or shape[1] != 3 or shape[2] != shape[3] or 0 in shape:
        raise ShapeError(f"pictures are {list(shape)} of {pictures.dtype}, and must be [N,3,S,S] of torch.uint8")


def check_layers(counts: Sequence[int], layers: int) -> None:
    """Raise UsageError unless there are counts, each 1 to `layers`: a model can go on beyond the layers that it was
    trained to give, but not to any purpose."""
    wrong = [str(count) for count in counts if not 1 <= count <= layers]
    if wrong or not counts:
        given = ", ".join(wrong) or "none"
        raise UsageError(
            f"layers must be 1 to {layers}, which this model was trained to give, not {given}.", parameter="layers"
        )


@dataclass(frozen=True)
class Subject:
    """A model to evaluate: the name it goes by, the sha256 of its weights, the count of layers it was trained to give
    (0 where it draws without), the side in pixels of the pictures it sees, and its scores for pictures [N,3,S,S] uint8
    and counts of layers, which a model without layers passes by."""

    name: str
    sha256: str
    layers: int
    side: int
    scores: Callable[[Tensor, Sequence[int]], list[Score]]


def load_subject(model: str, device: str) -> Subject:
    """The model of a name or path (see load_model), to be evaluated on a device. Raises WeightsError, DeviceError."""
    chosen = resolve_device(device)
    name, data = find_weights(model)
    described = describe(data, model)
    try:
        trainee = trainee_of(described)
        loaded = trainee.load(data, chosen)
    except (RecipeError, WeightsError) as error:
        raise WeightsError(f"{model}: {error}") from error
    if trainee.is_generator:
        raise WeightsError(
            f"{model}: {trainee.name}, whose pictures have no truth to be measured by; look at them "
            "with `vecstack generate`."
        )
    scores = partial(evaluate, trainee, loaded)
    return Subject(name, hashlib.sha256(data).hexdigest(), trainee.layers, trainee.side, scores)


def data_beside(model: str) -> DataRecipe | None:
    """How the pictures of a model are to be read, by the recipe beside its weights, if there is one; the model is a
    name or path. Raises RecipeError for a recipe that cannot be read, WeightsError."""
    published = {entry.name: Path(str(entry.path)) for entry in published_models()}
    path = published.get(model, Path(model))
    recipe = (path if path.is_dir() else path.parent) / RECIPE
    return load_recipe(recipe).data if path.exists() and recipe.is_file() else None


def load_part(
    paths: Sequence[Path],
    part: str,
    data: DataRecipe,
    limit: int | None,
    report_bad: Callable[[str], None],
    report_other: Callable[[str], None] = lambda _: None,
) -> Tensor:
    """Pictures [N,3,S,S] uint8 of one part (`held-out` and `training`, split as in training, or `all`) of folders and
    archives: kept at the recipe's stored side, then reduced to its side as a model sees pictures. With a limit no more
    than that many, evenly chosen. `report_bad` and
    `report_other` are told of what is left out (see load_pictures). Raises RecipeError."""
    training, held_out = load_pictures(paths, data.stored_side, report_bad=report_bad, report_other=report_other)
    pictures = {"held-out": held_out, "training": training}.get(part)
    if pictures is None:
        pictures = torch.cat([training, held_out])
    if limit is not None and limit < len(pictures):
        pictures = pictures[torch.arange(limit) * len(pictures) // limit]
    chunks = torch.split(pictures, max(1, MAX_PIXELS // data.stored_side**2))
    return torch.cat([as_seen(chunk.float(), data).round().byte() for chunk in chunks])
