"""The layout of a picture in memory or in a file: its sides, its channels and the bits per channel."""

from __future__ import annotations

import math
import os
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from vecstack.errors import UsageError

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    Pixels = NDArray[np.unsignedinteger[Any]]  # [H,W,3] or, transparent, [H,W,4]; uint8 or uint16
    Strips = Iterator[Pixels]  # the rows of a picture from the top, several at a time

MAX_SIDE_PX = 1_000_000  # of a drawn picture: beyond any printer, and a typing error is caught before hours of work
RowCallback = Callable[[int, int], None]  # called with the number of finished rows and of all rows


@dataclass(frozen=True)
class Layout:
    """A picture of width x height pixels with red, green and blue and, where it is transparent, straight alpha, of
    `depth` bits (8 or 16) each. `dpi`, the pixels in an inch, and `exif`, EXIF data, are written where the format has a
    place for them. Raises UsageError where a side or the depth is out of range."""

    width: int
    height: int
    depth: int = 8
    transparent: bool = False
    dpi: float | None = None
    exif: bytes | None = None

    def __post_init__(self) -> None:
        if self.depth not in (8, 16):
            raise UsageError(f"depth must be 8 or 16, not {self.depth}.", parameter="depth")
        if not (1 <= self.width <= MAX_SIDE_PX and 1 <= self.height <= MAX_SIDE_PX):
            raise UsageError(
                f"a picture's sides must be 1 to {MAX_SIDE_PX:,} px, not {self.width:,} x {self.height:,}."
            )

    @property
    def channels(self) -> int:
        """The number of channels: 3, or 4 with alpha."""
        return 4 if self.transparent else 3

    @property
    def dtype(self) -> np.dtype[np.unsignedinteger[Any]]:
        """The array type of a channel: uint8 or uint16."""
        import numpy as np

        return np.dtype(np.uint8 if self.depth == 8 else np.uint16)

    @property
    def row_bytes(self) -> int:
        """The size of one row of pixels, in bytes."""
        return self.width * self.channels * self.depth // 8


def gather(strips: Strips, layout: Layout, *, advice: str = "make it smaller") -> Pixels:
    """The whole picture [H,W,C], put together from its strips. Raises UsageError, whose message ends in the advice,
    where it does not fit in memory."""
    import numpy as np

    needed = layout.row_bytes * layout.height
    try:
        if needed > memory_bytes():  # some systems promise more, and then kill the program that uses it
            raise MemoryError
        picture = np.empty((layout.height, layout.width, layout.channels), layout.dtype)
    except MemoryError:
        raise UsageError(
            f"{layout.width:,} x {layout.height:,} px need {needed / 1e9:,.0f} GB, more than this machine's memory; "
            f"{advice}."
        ) from None
    top = 0
    for strip in strips:
        picture[top : top + len(strip)] = strip
        top += len(strip)
    return picture


def memory_bytes() -> float:
    """The memory of this machine in bytes; infinity where the system does not tell."""
    try:
        return os.sysconf("SC_PHYS_PAGES") * os.sysconf("SC_PAGE_SIZE")
    except (AttributeError, OSError, ValueError):  # Windows has no sysconf
        return math.inf
