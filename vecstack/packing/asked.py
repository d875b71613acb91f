"""What is asked of a collage: arguments checked, and as options of a packing."""

from __future__ import annotations

import math
import os
import re
from collections.abc import Sequence

from vecstack.errors import UsageError
from vecstack.fitting.guide import Segments
from vecstack.packing.colors import Colors
from vecstack.packing.items import Item
from vecstack.packing.options import DEFAULT_SCALES, Packing
from vecstack.packing.outlines import area_of_rings
from vecstack.stack import MAX_LAYERS

SIZES = 16, 100_000  # canvas units of the long side of a canvas
MAX_PADDING = 1 / 3  # of the side of an even part of a container: items cover less than half of it then
WORD_SCALES = 0.8, 1.2  # of the sizes that counts ask for: words fit better so
WORD_ANGLES = "0,0,0,-90"  # three of four are level
ORDERED_SCALES = 0.75, 1.35  # of sizes that fall: items fit better so
ORDERS = {"right": (1.0, 0.0), "left": (-1.0, 0.0), "down": (0.0, 1.0), "up": (0.0, -1.0)}
ANY = "any"
_NUMBER = r"[+-]?(?:[0-9]+\.?[0-9]*|\.[0-9]+)"

Path = str | os.PathLike[str]


def check_numbers(count: int | None, size: int) -> None:
    """Raise UsageError for a count or a size of the canvas that is out of range."""
    if count is not None and not 1 <= count <= MAX_LAYERS:
        raise UsageError(f"count must be 1 to {MAX_LAYERS:,}, not {count:,}.", parameter="count")
    least, most = SIZES
    if not least <= size <= most:
        raise UsageError(f"size must be {least} to {most:,}, not {size:,}.", parameter="size")


def check_room(area: float, count: int, padding: float) -> None:
    """Raise UsageError where so many items that keep a distance would have hardly any room within an area."""
    most = MAX_PADDING * math.sqrt(area / count)
    if padding >= most:
        raise UsageError(
            f"padding must be below {most:.3g} for {count:,} items, not {padding:g}; place fewer, or leave less room.",
            parameter="padding",
        )


def check_together(
    sources: Sequence[Path],
    into: str | None,
    words: Path | None,
    font: Path | None,
    sizes: Path | None,
    column: str | None,
    picture: Path | None,
    segments: Segments | None,
    colors: Colors | None,
) -> None:
    """Raise UsageError for arguments that exclude each other, or that need others."""
    exclude = "and `{}` exclude each other; leave one out."
    if words is not None and sizes is not None:
        raise UsageError("words " + exclude.format("sizes"), parameter="words")
    if words is not None and sources:
        raise UsageError("words are the items; leave out the others, or `words`.", parameter="words")
    if words is None and not sources:
        raise UsageError("no items; name files, folders with SVG or PNG files in them, or shapes such as circle.")
    if font is not None and words is None and not (into or "").startswith("word:"):
        raise UsageError("font is for words; give `words`, or leave it out.", parameter="font")
    if column is not None and sizes is None:
        raise UsageError("column is one of a table; give `sizes`, or leave it out.", parameter="column")
    if picture is None and segments is not None:
        raise UsageError("segments are parts of a picture; give `picture`, or leave them out.", parameter="segments")
    for name, value in (("into", into), ("sizes", sizes), ("colors", colors)):
        if picture is not None and value is not None:
            raise UsageError("picture " + exclude.format(name), parameter="picture")


def options_of(
    items: Sequence[Item],
    are_words: bool,
    scale_range: tuple[float, float] | None,
    padding: float,
    angles: str | None,
    mirror: bool,
    gravity: float,
    order: str | None,
    effort: str,
) -> Packing:
    """What is asked of the packer."""
    if order is not None and order not in ORDERS:
        raise UsageError(f"order must be one of {', '.join(ORDERS)}, not {order!r:.40}.", parameter="order")
    turns, tilt = _angles((WORD_ANGLES if are_words else ANY) if angles is None else angles)
    sizes = tuple(item.size for item in items if item.size is not None) or None
    if scale_range is None and are_words:
        scale_range = WORD_SCALES
    if order is not None and sizes is None:
        sizes, scale_range = _falling(items, *(scale_range or DEFAULT_SCALES)), ORDERED_SCALES
    return Packing(
        scales=scale_range,
        sizes=sizes,
        padding=padding,
        angles=turns,
        tilt=tilt,
        mirror=mirror,
        gravity=gravity,
        axis=None if order is None else ORDERS[order],
        effort=effort,
        start=None if order is None else "image",
    )


def _falling(items: Sequence[Item], least: float, most: float) -> tuple[float, ...]:
    """Sizes that fall evenly in their logarithm from the first item to the last, whatever the area of its outline."""
    if not 0 < least <= most < math.inf:
        raise UsageError(
            f"scales must be two numbers above 0, the least first, not {least:g} and {most:g}.", parameter="scales"
        )
    shares = (index / max(len(items) - 1, 1) for index in range(len(items)))
    return tuple(
        most * (least / most) ** share / math.sqrt(area_of_rings(item.outline))
        for share, item in zip(shares, items, strict=True)
    )


def _angles(text: str) -> tuple[tuple[float, ...] | None, float]:
    """The angles in radians that items may be turned to, and how far off; None for any."""
    if text == ANY:
        return None, 0.0
    between = re.fullmatch(rf"\s*({_NUMBER})\s*\.\.\s*({_NUMBER})\s*", text)
    if between and float(between[1]) <= float(between[2]):
        low, high = (math.radians(float(number)) for number in between.groups())
        return ((low + high) / 2,), (high - low) / 2
    if re.fullmatch(rf"\s*{_NUMBER}(?:\s*,\s*{_NUMBER})*\s*", text):
        return tuple(math.radians(float(number)) for number in text.split(",")), 0.0
    raise UsageError(
        f"angles must be any, degrees such as 0,90 or a range such as -30..30, not {text!r:.40}.", parameter="angles"
    )
