"""Pictures and what a model's layers draw of them, drawn once for a training and kept beside it."""

from __future__ import annotations

import hashlib
import time
from collections.abc import Callable
from pathlib import Path

import torch
from safetensors import SafetensorError
from safetensors.torch import load_file, save
from torch import Tensor

from vecstack.atomic import atomic_writer
from vecstack.train.distributed import World
from vecstack.train.enhancer import COLORS, Drawing, EnhancerTrainee, drawing_of
from vecstack.train.trainee import Trainee

PAIRS = "pairs.safetensors"  # in a training's folder
HELD_OUT_SHARE = 10  # pairs to train on for one that is held out
LINE_SECONDS = 60  # between lines of progress


def as_trained(
    trainee: Trainee,
    pictures: tuple[Tensor, Tensor],
    folder: Path,
    world: World,
    say: Callable[[str], None],
    is_over: Callable[[], bool],
) -> tuple[Tensor, Tensor]:
    """Pictures [N,3,S,S] uint8 to train on and held out, as a trainee learns from them: themselves or, for an enhancer,
    some of them beside their drawings, [N,6,S,S]. These are drawn once, and kept in the folder; where `is_over` says on
    the way that time is up, those that are drawn by then, the held-out ones first. Every process draws all, and all
    must ask. Raises WeightsError."""
    if not isinstance(trainee, EnhancerTrainee):
        return pictures
    drawing = drawing_of(trainee.of)
    training = evenly(pictures[0], trainee.pairs)
    held_out = evenly(pictures[1], max(1, trainee.pairs // HELD_OUT_SHARE))
    wanted = torch.cat([held_out, training])
    digest = _digest(drawing, wanted)
    pairs = _kept(folder / PAIRS, digest, wanted)
    if world.any(len(pairs) < len(wanted)):
        pairs = torch.cat([pairs, _drawn(drawing, wanted[len(pairs) :], say, is_over)])
        if world.is_first:
            with atomic_writer(folder / PAIRS, overwrite=True) as file:
                file.write(save({digest: pairs}))
    return pairs[len(held_out) :], pairs[: len(held_out)]


def evenly(pictures: Tensor, count: int) -> Tensor:
    """At most so many of some pictures, spread evenly over them."""
    count = min(count, len(pictures))
    return pictures[torch.arange(count) * len(pictures) // count]


def _digest(drawing: Drawing, pictures: Tensor) -> str:
    """What tells the pairs of a model and pictures from those of others."""
    found = hashlib.sha256(f"{drawing.sha256} {tuple(pictures.shape)}".encode())
    found.update(pictures.cpu().numpy().tobytes())
    return found.hexdigest()


def _kept(path: Path, digest: str, wanted: Tensor) -> Tensor:
    """The pairs in a file, as far as they were drawn; none of a file of another training's, or a damaged one."""
    none = wanted.new_empty(0, 2 * COLORS, *wanted.shape[2:])
    try:
        return load_file(path).get(digest, none).to(wanted.device)
    except (OSError, SafetensorError):
        return none


def _drawn(drawing: Drawing, pictures: Tensor, say: Callable[[str], None], is_over: Callable[[], bool]) -> Tensor:
    """Pairs of pictures, or of the first of them where time is up before; a line of progress each minute."""
    say(f"drawing {len(pictures):,} pictures with the layers of {drawing.name}")
    told = time.monotonic()

    def go_on(done: int) -> bool:
        nonlocal told
        if time.monotonic() >= told + LINE_SECONDS:
            told = time.monotonic()
            say(f"drawn {done:,} of {len(pictures):,}")
        return not is_over()

    return drawing.beside(pictures, go_on)
