"""Guides: which parts of a picture belong together, and where detail matters, from a mask or a segmenter."""

from __future__ import annotations

import os
from pathlib import Path

import numpy as np

from vecstack.errors import UsageError
from vecstack.fitting.saliency import SALIENCY, is_weights, saliency
from vecstack.kinds.base import Guide
from vecstack.pictures.read import Picture, load_picture

SUBJECT = "subject"  # of the picture, as `saliency` finds it
HALF = 0.5  # of a mask: from there on a pixel belongs to what is masked
ENDS, END_SHARE = 8 / 255, 0.9  # a mask is black and white, to so many levels, but for so few of its pixels
MAX_SEGMENTS = 64
SLACK = 0.02  # by which the aspect of a mask may differ, since its sides are whole pixels

Segments = str | os.PathLike[str] | np.ndarray


def find_guide(picture: Picture, segments: Segments | None, focus: Segments | None) -> Guide | None:
    """What guides the layers of a picture; None where nothing does.

    `segments` says which parts are told apart: "u2netp", or the path of its weights, for a subject and its background
    (see saliency.saliency); a picture file in which each colour is a part, or a mask, white on black; or an array [H,W]
    of whole numbers or booleans. `focus` is where detail matters more: "subject", or a mask in the same ways. Both may
    be of another size than the picture, not of another aspect.

    Raises UsageError (neither a segmenter nor a file; another aspect; too many parts), PictureError, WeightsError."""
    if segments is None and focus is None:
        return None
    numbers, names = (None, ()) if segments is None else _parts(picture, segments)
    return Guide(numbers, names, None if focus is None else _share(picture, focus))


def _parts(picture: Picture, segments: Segments) -> tuple[np.ndarray, tuple[str, ...]]:
    """The part of each pixel [H,W], lowest first, and their names."""
    if isinstance(segments, np.ndarray):
        labels = _labels_of_array(segments)
    elif str(segments) == SALIENCY or is_weights(Path(segments)):
        labels = (saliency(picture, segments) >= HALF).astype(np.int64)
    else:
        labels = _labels_of_file(_open(segments, "segments"))
    _check_aspect(labels, picture, "segments")
    values, numbers, sizes = np.unique(labels, return_inverse=True, return_counts=True)
    if len(values) > MAX_SEGMENTS:
        raise UsageError(
            f"segments must be at most {MAX_SEGMENTS} parts, not {len(values):,}; join the smaller ones.",
            parameter="segments",
        )
    if set(values.tolist()) <= {0, 1}:
        return labels, ("Background", "Subject")
    order = np.argsort(-sizes, kind="stable")
    place = np.empty(len(order), np.int64)
    place[order] = np.arange(len(order))
    return place[numbers.reshape(labels.shape)], tuple(f"Segment {number + 1}" for number in range(len(order)))


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
        if str(focus) in (SUBJECT, SALIENCY) or is_weights(Path(focus)):
            return saliency(picture, SALIENCY if str(focus) == SUBJECT else focus)
        shares = _grey(_open(focus, "focus"))
    else:
        shares = _grey(load_picture(focus.astype(np.float32) if focus.dtype.kind == "b" else focus))
    _check_aspect(shares, picture, "focus")
    return shares


def _open(source: str | os.PathLike[str], name: str) -> Picture:
    """A mask in a file."""
    if not Path(source).exists():
        raise UsageError(
            f"{name} must be {SALIENCY if name == 'segments' else SUBJECT} or the file of a mask, and there is no file "
            f"{os.fspath(source)!r:.80}.",
            parameter=name,
        )
    return load_picture(source)


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
