import os
import threading

import numpy as np
import pytest

from vecstack.pictures import parallel
from vecstack.pictures.layout import Layout
from vecstack.pictures.parallel import deflate_level, in_order, row_groups, threads, worker_count

LAYOUT = Layout(37, 53, 16, True)


def items(count):
    """Arrays of 8 bytes that hold their number."""
    for number in range(count):
        yield np.full(4, number, np.uint16)


@pytest.mark.parametrize("row_count", [1, 10, 53, 64])
@pytest.mark.parametrize("heights", [(53,), (1,), (7, 1, 11, 64)])
def test_groups_are_the_same_however_the_rows_come(row_count, heights):
    picture = np.random.default_rng(0).integers(0, 2**16, (53, 37, 4)).astype(np.uint16)
    strips, top = [], 0
    while top < 53:
        height = heights[len(strips) % len(heights)]
        strips.append(picture[top : top + height])
        top += height
    groups = [group.copy() for group in row_groups(iter(strips), LAYOUT, row_count)]
    assert [len(group) for group in groups[:-1]] == [row_count] * (len(groups) - 1)
    assert 0 < len(groups[-1]) <= row_count
    assert np.array_equal(np.concatenate(groups), picture)


def test_strips_may_reuse_their_memory():
    buffer = np.empty((10, 37, 4), np.uint16)

    def strips():
        for number in range(5):
            buffer[:] = number
            yield buffer

    groups = [group[:, 0, 0].tolist() for group in row_groups(strips(), LAYOUT, 25)]
    assert groups == [[0] * 10 + [1] * 10 + [2] * 5, [2] * 5 + [3] * 10 + [4] * 10]


def test_results_keep_the_order_of_the_items(monkeypatch):
    monkeypatch.setattr(parallel, "worker_count", lambda: 2)
    later_is_done = threading.Event()

    def work(item):
        if item[0] == 0:
            assert later_is_done.wait(10)
        if item[0] == 5:
            later_is_done.set()
        return int(item[0])

    with threads() as pool:
        assert list(in_order(pool, work, items(20))) == list(range(20))


def test_few_items_are_taken_before_they_are_done(monkeypatch):
    monkeypatch.setattr(parallel, "HELD_BYTES", 3 * 8)
    taken = []
    with threads() as pool:
        for done, _ in enumerate(in_order(pool, bytes, (taken.append(1) or item for item in items(20)))):
            assert len(taken) - done <= 4  # the three that are held, and the one in hand
    assert len(taken) == 20


def test_an_item_larger_than_may_be_held_is_worked_on_alone(monkeypatch):
    monkeypatch.setattr(parallel, "HELD_BYTES", 1)
    with threads() as pool:
        assert list(in_order(pool, lambda item: int(item[0]), items(5))) == list(range(5))


@pytest.mark.parametrize("error", [ValueError("no"), KeyboardInterrupt()])
@pytest.mark.parametrize("fails", ["items", "work", "caller"])
def test_an_error_comes_out_as_it_is_and_leaves_no_thread(fails, error):
    before = set(threading.enumerate())

    def failing_items():
        yield from items(3)
        if fails == "items":
            raise error

    def work(item):
        if fails == "work" and item[0] == 1:
            raise error

    def run():
        with threads() as pool:
            for _ in in_order(pool, work, failing_items()):
                if fails == "caller":
                    raise error

    with pytest.raises(type(error)) as caught:
        run()
    assert caught.value is error
    assert set(threading.enumerate()) == before


def test_what_has_not_begun_when_the_caller_fails_is_not_done(monkeypatch):
    monkeypatch.setattr(parallel, "worker_count", lambda: 1)
    begun, go = [], threading.Event()

    def work(item):
        begun.append(int(item[0]))
        if item[0] == 1:
            assert go.wait(10)

    def run():
        with threads() as pool:
            for _ in in_order(pool, work, items(20)):
                threading.Timer(0.5, go.set).start()  # when the pool is being shut down
                raise OSError(28, "No space left on device")

    with pytest.raises(OSError, match="No space"):
        run()
    assert begun in ([0], [0, 1])


def test_there_is_a_worker_for_each_usable_core_up_to_a_limit(monkeypatch):
    monkeypatch.setattr(os, "sched_getaffinity", lambda _: {2, 5, 6}, raising=False)
    assert worker_count() == 3
    monkeypatch.setattr(os, "sched_getaffinity", lambda _: set(range(100)), raising=False)
    assert worker_count() == parallel.MAX_WORKERS
    monkeypatch.delattr(os, "sched_getaffinity")
    monkeypatch.setattr(os, "cpu_count", lambda: 2)
    assert worker_count() == 2
    monkeypatch.setattr(os, "cpu_count", lambda: None)
    assert worker_count() == 1


def test_sparse_bytes_are_compressed_harder():
    values = np.zeros(1000, np.uint8)
    values[:59] = 1
    assert deflate_level(values) == 6
    values[:60] = 1
    assert deflate_level(values) == 5
