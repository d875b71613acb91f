"""Guides: which parts of a picture belong together, and where detail matters, from a mask or a segmenter."""

from __future__ import annotations

import dataclasses
import os
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from vecstack.device import resolve_device
from vecstack.errors import UsageError
from vecstack.fitting.segmenters import published
from vecstack.fitting.segmenters.felzenszwalb import felzenszwalb_parts
from vecstack.fitting.segmenters.hed import hed_parts
from vecstack.fitting.segmenters.pretrained import folder_of
from vecstack.fitting.segmenters.published import HED
from vecstack.fitting.segmenters.saliency import saliency
from vecstack.fitting.segmenters.sam import sam_parts
from vecstack.fitting.segmenters.tree import tree
from vecstack.fitting.simplify import nets_of, simplified
from vecstack.kinds.base import Guide
from vecstack.pictures.read import Picture, load_picture

if TYPE_CHECKING:
    import torch

SUBJECT = "subject"  # of the picture, as U2-Net-p finds it
U2NETP, SAM = published.U2NETP.name, "sam"
FINDERS = {"segments": (U2NETP, HED.name, "felzenszwalb", SAM), "focus": (U2NETP,)}  # that may be named for each
PUBLISHED = {each.name: each for each in (published.U2NETP, HED)}
HALF = 0.5  # of a mask: from there on a pixel belongs to what is masked
ENDS, END_SHARE = 8 / 255, 0.9  # a mask is black and white, to so many levels, but for so few of its pixels
MAX_SEGMENTS = 64
LAYERS_OF_PART, FEWEST, MOST = 6, 2, 24  # of a part that a segmenter finds; and how many of them it is asked for
SLACK = 0.02  # by which the aspect of a mask may differ, since its sides are whole pixels

Segments = str | os.PathLike[str] | np.ndarray


def find_guide(
    picture: Picture,
    segments: Segments | None,
    focus: Segments | None,
    simplify: str | None = None,
    *,
    layers: int,
    device: str = "auto",
    seed: int = 0,
) -> Guide | None:
    """What guides so many layers of a picture; None where nothing does.

    `segments` says which parts are told apart: a segmenter (see FINDERS), with its weights after a colon if they
    are not where it looks for them ("hed:PATH"); a picture file in which each colour is a part, or a mask, white on
    black; or an array [H,W] of whole numbers or booleans. `focus` is where detail matters more: "subject", or a mask in
    the same ways, or "u2netp". Both may be of another size than the picture, not of another aspect. `simplify` is what
    takes out the detail (see simplify.simplified).

    Raises UsageError (neither a segmenter nor a file; another aspect; too many parts), PictureError, WeightsError,
    DeviceError."""
    if segments is None and focus is None and simplify is None:
        return None
    chosen = resolve_device(device)
    parts = Guide() if segments is None else _parts(picture, segments, layers, chosen)
    return dataclasses.replace(
        parts,
        focus=None if focus is None else _share(picture, focus),
        levels=() if simplify is None else simplified(picture, simplify, chosen, seed),
    )


def check_sources(segments: Segments | None, focus: Segments | None, simplify: str | None) -> None:
    """Raise what `find_guide` would raise whatever the picture: UsageError for neither a segmenter nor a file,
    WeightsError for weights that are nowhere."""
    for name, source in (("segments", segments), ("focus", focus)):
        if source is None or isinstance(source, np.ndarray):
            continue
        finder = _finder(name, source)
        if finder is None:
            _check_file(source, name)
        else:
            _check_weights(*finder)
    if simplify is not None:
        nets_of(simplify)


def _check_weights(name: str, weights: str | None) -> None:
    """Raise WeightsError where the weights of a segmenter are nowhere, UsageError where it has none."""
    if name in PUBLISHED:
        PUBLISHED[name].place(weights)
    elif name == SAM:
        folder_of(name, weights)
    elif weights is not None:
        raise UsageError(f"segments: {name} has no weights; leave out {weights!r:.80}.", parameter="segments")


def _parts(picture: Picture, segments: Segments, layers: int, device: torch.device) -> Guide:
    """The part of each pixel, lowest first, with their names."""
    if isinstance(segments, np.ndarray):
        labels = _labels_of_array(segments)
    elif (segmenter := _finder("segments", segments)) is not None:
        most = min(max(layers // LAYERS_OF_PART, FEWEST), MOST)
        return _found(picture, *segmenter, most, device)
    else:
        labels = _labels_of_file(_open(segments, "segments"))
    _check_aspect(labels, picture, "segments")
    count = int(labels.max()) + 1
    if count > MAX_SEGMENTS:
        raise UsageError(
            f"segments must be at most {MAX_SEGMENTS} parts, not {count:,}; join the smaller ones.",
            parameter="segments",
        )
    return _subject(labels) if count <= 2 else tree(labels, [None] * count)


def _finder(name: str, source: str | os.PathLike[str]) -> tuple[str, str | None] | None:
    """Who is to find segments or a focus, and the weights that are named, if they are; None of a file."""
    if name == "focus" and str(source) == SUBJECT:
        return U2NETP, None
    who, _, weights = os.fspath(source).partition(":")
    return (who, weights or None) if who in FINDERS[name] else None


def _found(picture: Picture, name: str, weights: str | None, most: int, device: torch.device) -> Guide:
    """The parts that a segmenter finds, at most so many."""
    _check_weights(name, weights)
    if name == U2NETP:
        return _subject((saliency(picture, weights) >= HALF).astype(np.int64))
    if name == HED.name:
        return hed_parts(picture, weights, most, device)
    if name == SAM:
        return sam_parts(picture, weights, most, device)
    return felzenszwalb_parts(picture, most)


def _subject(mask: np.ndarray) -> Guide:
    """A subject, of a mask [H,W] where it is 1, and its background."""
    return Guide(mask, ("Background", "Subject"), parents=(None, None))


def _labels_of_array(values: np.ndarray) -> np.ndarray:
    """The labels in an array of an argument."""
    if values.ndim != 2 or values.dtype.kind not in "bui":
        raise UsageError(
            f"segments must be an array [H,W] of whole numbers, not {values.dtype} {list(values.shape)}.",
            parameter="segments",
        )
    return _numbered(values)


def _labels_of_file(mask: Picture) -> np.ndarray:
    """Numbers of the parts that a picture shows: 0 and 1 of a mask, else one for each colour."""
    grey = _grey(mask)
    is_mask = float(((grey < ENDS) | (grey > 1 - ENDS)).mean()) >= END_SHARE
    if is_mask or mask.alpha is not None:
        return (grey >= HALF).astype(np.int64)
    return _numbered(np.rint(mask.pixels * 255).astype(np.int64) @ np.array([65536, 256, 1]))


def _numbered(values: np.ndarray) -> np.ndarray:
    """Values [h,w] as numbers from 0."""
    numbers: np.ndarray = np.unique(values, return_inverse=True)[1].reshape(values.shape)
    return numbers


def _share(picture: Picture, focus: Segments) -> np.ndarray:
    """How much of each pixel is masked: [H,W] in 0..1."""
    if not isinstance(focus, np.ndarray):
        finder = _finder("focus", focus)
        if finder is not None:
            return saliency(picture, finder[1])
        shares = _grey(_open(focus, "focus"))
    else:
        shares = _grey(load_picture(focus.astype(np.float32) if focus.dtype.kind == "b" else focus))
    _check_aspect(shares, picture, "focus")
    return shares


def _open(source: str | os.PathLike[str], name: str) -> Picture:
    """A mask in a file."""
    _check_file(source, name)
    return load_picture(source)


def _check_file(source: str | os.PathLike[str], name: str) -> None:
    """Raise UsageError where there is no file."""
    if not Path(source).exists():
        known = f"one of {', '.join(FINDERS[name])}" if name == "segments" else SUBJECT
        raise UsageError(
            f"{name} must be {known} or the file of a mask, and there is no file {os.fspath(source)!r:.80}.",
            parameter=name,
        )


def _grey(mask: Picture) -> np.ndarray:
    """A mask as one channel [H,W]: its coverage where it is transparent, else its brightness."""
    grey: np.ndarray = mask.pixels.mean(2) if mask.alpha is None else mask.alpha
    return grey


def _check_aspect(mask: np.ndarray, picture: Picture, name: str) -> None:
    """Raise UsageError for a mask [h,w] of another aspect than a picture's."""
    height, width = mask.shape
    across, down = width / picture.width, height / picture.height
    if abs(across - down) * max(picture.width, picture.height) > 1 + SLACK * min(height, width):
        raise UsageError(
            f"{name}: a mask of {width} x {height} px does not fit a picture of {picture.width} x {picture.height} px; "
            "give one of the same aspect.",
            parameter=name,
        )
