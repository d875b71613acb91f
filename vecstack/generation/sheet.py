"""Contact sheets: many stacks drawn beside one another."""

from __future__ import annotations

import math
from collections.abc import Sequence

import numpy as np

from vecstack.drawing.render import render
from vecstack.errors import UsageError
from vecstack.stack import Stack

SIDE_PX, MAX_SIDE_PX = 256, 4096  # of a picture on a sheet
GAP_PX = 4  # between pictures
GAP = 255  # white
MAX_PIXELS = 1 << 28  # of a sheet


def contact_sheet(stacks: Sequence[Stack], *, size: int = SIDE_PX, device: str = "auto") -> np.ndarray:
    """The pictures of some stacks (one at least) in rows, about as many in a row as there are rows: [H,W,3] uint8.
    `size` is the long side of each in pixels. Raises UsageError where a side is out of range or the sheet is too large;
    DeviceError."""
    if not 1 <= size <= MAX_SIDE_PX:
        raise UsageError(f"size must be 1 to {MAX_SIDE_PX:,} pixels, not {size:,}.", parameter="size")
    columns = math.ceil(math.sqrt(len(stacks)))
    rows, step = math.ceil(len(stacks) / columns), size + GAP_PX
    if rows * columns * step**2 > MAX_PIXELS:
        raise UsageError(f"a sheet of {len(stacks):,} pictures of {size:,} pixels is too large; choose a smaller size.")
    sheet = np.full((rows * step - GAP_PX, columns * step - GAP_PX, 3), GAP, np.uint8)
    for index, stack in enumerate(stacks):
        top, left = (place * step for place in divmod(index, columns))
        picture = render(stack, size=size, transparent=False, device=device)
        sheet[top : top + picture.shape[0], left : left + picture.shape[1]] = picture[..., :3]
    return sheet
