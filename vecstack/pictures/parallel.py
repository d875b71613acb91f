"""Shared by the writers of large pictures: groups of rows, threads that encode them, and the compression level."""

from __future__ import annotations

import os
from collections import deque
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import contextmanager
from typing import TYPE_CHECKING, TypeVar

import numpy as np
from numpy.typing import NDArray

from vecstack.pictures.layout import Layout

if TYPE_CHECKING:
    from vecstack.pictures.layout import Pixels, Strips

MAX_WORKERS = 8  # more threads would only wait for the drawing
HELD_BYTES = 1 << 24  # of pixels waiting for the threads: enough to keep them busy while the next are drawn
# Share of filtered bytes that are not 0, below which level 6 is used. On pictures of smooth layers level 5 takes half
# the time of level 6 for 6 % more bytes; where nearly all bytes are 0, for three times as much, and level 6 is fast.
SPARSE = 0.06
Result = TypeVar("Result")


def row_groups(strips: Strips, layout: Layout, row_count: int) -> Iterator[Pixels]:
    """The rows of a picture in groups [h,W,C] of `row_count` rows (the last may have fewer). A group is valid until the
    next one is requested."""
    group = np.empty((min(row_count, layout.height), layout.width, layout.channels), layout.dtype)
    filled = 0
    for strip in strips:
        first = 0
        while first < len(strip):
            part = strip[first : first + len(group) - filled]
            group[filled : filled + len(part)] = part
            first += len(part)
            filled += len(part)
            if filled == len(group):
                yield group
                filled = 0
    if filled:
        yield group[:filled]


@contextmanager
def threads() -> Iterator[ThreadPoolExecutor]:
    """Worker threads that end with the block; work that has not started by then is cancelled."""
    pool = ThreadPoolExecutor(worker_count())
    try:
        yield pool
    finally:
        pool.shutdown(cancel_futures=True)


def worker_count() -> int:
    """The number of encoding threads: one for each core that this process may use, at most MAX_WORKERS."""
    cores = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
    return min(cores, MAX_WORKERS)


def in_order(pool: ThreadPoolExecutor, work: Callable[[Pixels], Result], items: Iterable[Pixels]) -> Iterator[Result]:
    """The results of `work` for each item, in the order of the items. The calling thread produces items while the pool
    works on earlier ones, of which at most HELD_BYTES (or a single item) are held."""
    pending: deque[tuple[Future[Result], int]] = deque()
    held = 0
    for item in items:
        while pending and held + item.nbytes > HELD_BYTES:
            future, size = pending.popleft()
            yield future.result()
            held -= size
        pending.append((pool.submit(work, item), item.nbytes))
        held += item.nbytes
    for future, _ in pending:
        yield future.result()


def deflate_level(values: NDArray[np.uint8]) -> int:
    """The Deflate level for filtered pixels: 5, or 6 where nearly all bytes are 0."""
    return 6 if np.count_nonzero(values) < SPARSE * values.size else 5
