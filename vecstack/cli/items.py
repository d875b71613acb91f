"""Inputs and outputs of an item, as commands read and write them."""

from __future__ import annotations

import math
import os
import sys
from pathlib import Path
from typing import TYPE_CHECKING, BinaryIO

from vecstack.batch.inputs import STANDARD, suffix_of
from vecstack.batch.items import Item, Report
from vecstack.batch.names import stem
from vecstack.errors import ExportError, TooLargeError, UsageError, VecstackError, on_one_line

if TYPE_CHECKING:
    from vecstack.pictures.read import Picture
    from vecstack.stack import Stack


def name_of(source: str) -> str:
    """What messages call an input."""
    return "standard input" if source == STANDARD else on_one_line(source)


def title_of(source: str) -> str:
    """The title of an input in what is made of it: its name without suffix, "" for standard input. What is no text in
    it is replaced."""
    return "" if source == STANDARD else os.fsencode(stem(Path(source))).decode("utf-8", "replace")


def source_of(path: str) -> str | BinaryIO:
    """What to read an input from: standard input for "-", else the path. Raises UsageError without standard input."""
    return standard_input() if path == STANDARD else path


def partner_of(item: Item, there: str, suffixes: set[str], called: str, error: type[VecstackError]) -> str:
    """The file that belongs to an input: `there`, or, where that is a folder, the one in it with one of the suffixes
    that is named like the input, at the place where the input lies in its own. Raises an error of that class, with what
    such files are called."""
    if not Path(there).is_dir():
        return there
    folder, source = Path(there, item.place), Path(item.source)
    beside = [path for path in folder.iterdir() if suffix_of(path.name) in suffixes] if folder.is_dir() else []
    whole = [path for path in beside if path.name == stem(source) or stem(path) == source.name]
    found = sorted(whole or [path for path in beside if stem(path) == stem(source)])
    if len(found) != 1:
        raise error(f"{folder} has {len(found)} {called} called {stem(source)}; {item.source} needs exactly one.")
    return str(found[0])


def picture_in(path: str, megapixels: float | None, *, fitted: bool = False) -> Picture:
    """The picture in an input, or in a file, of at most so many megapixels (None: pictures.read.MAX_PIXELS); where
    layers are fitted to it, reduced to what they need. Raises PictureError, which names the option that raises the
    limit."""
    from vecstack.pictures.read import FITTED_PIXELS, MAX_PIXELS, load_picture

    if megapixels is not None and not 0 < megapixels < math.inf:
        raise UsageError(f"--max-pixels must be above 0, not {megapixels:g}.")
    try:
        most = MAX_PIXELS if megapixels is None else round(megapixels * 1e6)
        return load_picture(source_of(path), max_pixels=most, enough_pixels=FITTED_PIXELS if fitted else None)
    except TooLargeError as error:
        raise TooLargeError(str(error).rstrip(".") + ", or raise --max-pixels.") from error


def standard_input() -> BinaryIO:
    """Standard input as a binary stream. Raises UsageError where the program was started without it."""
    if sys.stdin is None:
        raise UsageError("there is no standard input; name a file instead of -.")
    return sys.stdin.buffer


def write_standard_output(data: bytes) -> None:
    """Write bytes to standard output, and flush it. Raises ExportError."""
    try:
        sys.stdout.buffer.write(data)
        sys.stdout.buffer.flush()
    except OSError as error:
        raise ExportError(f"standard output: {error.strerror}.") from error


def tell_of_undrawable(stack: Stack, item: Item, report: Report) -> None:
    """Say which layers of an item's stack this version does not draw."""
    from vecstack.kinds import undrawable

    for layer in undrawable(stack):
        report.say(f"{name_of(item.source)}: note: layer {layer.id} is of kind {layer.kind}, not drawn by this version")
