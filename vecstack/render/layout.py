"""How a drawn picture is stored: its sides, its channels and how many bits a channel has."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from vecstack.errors import UsageError
from vecstack.geometry import MAX_SIDE_PX

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    Pixels = NDArray[np.unsignedinteger[Any]]  # [H,W,3] or, transparent, [H,W,4]; uint8 or uint16
    Strips = Iterator[Pixels]  # a picture's rows from the top, some at a time


@dataclass(frozen=True)
class Layout:
    """A picture of width x height pixels, red, green, blue and, where it is transparent, straight alpha, each of
    `depth` bits. Raises UsageError where a side or the depth is out of range."""

    width: int
    height: int
    depth: int = 8
    transparent: bool = False

    def __post_init__(self) -> None:
        if self.depth not in (8, 16):
            raise UsageError(f"--depth must be 8 or 16, not {self.depth}.")
        if not (1 <= self.width <= MAX_SIDE_PX and 1 <= self.height <= MAX_SIDE_PX):
            raise UsageError(
                f"A picture's sides must be 1 to {MAX_SIDE_PX:,} px, not {self.width:,} x {self.height:,}."
            )

    @property
    def channels(self) -> int:
        """Numbers in a pixel."""
        return 4 if self.transparent else 3

    @property
    def dtype(self) -> np.dtype[np.unsignedinteger[Any]]:
        """The array type of a channel."""
        import numpy as np

        return np.dtype(np.uint8 if self.depth == 8 else np.uint16)

    @property
    def row_bytes(self) -> int:
        """Size of one row of pixels."""
        return self.width * self.channels * self.depth // 8
