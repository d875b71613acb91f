"""What the writers of large pictures share: rows in groups, threads that encode them, and how hard to compress."""

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

MAX_WORKERS = 8  # more would wait for the drawing
HELD_BYTES = 1 << 24  # of pixels on their way through the workers: enough for them while the next ones are drawn
# On pictures of smooth layers level 5 takes half the time of level 6 for 6 % more bytes. Where nearly all filtered
# bytes are 0 (fewer than this share are not) it would be three times that, and level 6 takes little time.
SPARSE = 0.06
Result = TypeVar("Result")


def row_groups(strips: Strips, layout: Layout, row_count: int) -> Iterator[Pixels]:
    """The rows of a picture, `row_count` at a time and the rest last: [h,W,C]. A group is valid until the next one is
    asked for."""
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
    """Worker threads, gone at the end; what none of them has begun by then is not done."""
    pool = ThreadPoolExecutor(worker_count())
    try:
        yield pool
    finally:
        pool.shutdown(cancel_futures=True)


def worker_count() -> int:
    """How many threads encode: one for each core that this process may use, up to MAX_WORKERS."""
    cores = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
    return min(cores, MAX_WORKERS)


def in_order(pool: ThreadPoolExecutor, work: Callable[[Pixels], Result], items: Iterable[Pixels]) -> Iterator[Result]:
    """What `work` makes of each item, in the items' order. The calling thread takes the items one by one while the
    pool works on earlier ones: on HELD_BYTES at most, or on one."""
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
    """The level of Deflate that suits filtered pixels."""
    return 6 if np.count_nonzero(values) < SPARSE * values.size else 5
