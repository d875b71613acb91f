"""The local engine: items worked on in this process, or in several, and what became of each as it becomes known.

Each worker process has a pipe of its own, and at most one item. So one that is killed, in whatever moment, costs the
item that it had and nothing else."""

from __future__ import annotations

import multiprocessing
import os
import time
from collections.abc import Iterable, Iterator
from contextlib import suppress
from dataclasses import dataclass
from itertools import cycle
from multiprocessing.connection import Connection, wait
from multiprocessing.context import SpawnProcess
from pathlib import Path
from typing import Protocol

from vecstack.atomic import written_by
from vecstack.batch.attempt import attempt
from vecstack.batch.items import Item, Job, Outcome, Report
from vecstack.batch.runs import Run, clear
from vecstack.batch.worker import work
from vecstack.errors import VecstackError

AUTO_ITEMS = 4  # of each process, where their number is chosen: fewer are done before another process has started
AUTO_BYTES = 1 << 30  # of memory for each process: what PyTorch and a model take, and some pixels
OWN_GROUP, GROUPS = Path("/proc/self/cgroup"), Path("/sys/fs/cgroup")  # what Linux says of limits
MAX_DEATHS = 3  # of processes in a row before they could begin, after which none is started again
STOP_SECONDS = 5.0  # that a process has to remove what it has half-written


class Watch(Protocol):
    """Hears of items that are under way."""

    def began(self, item: Item) -> None:
        """An item is being worked on."""

    def moved(self, item: Item, share: float, note: str) -> None:
        """So much of it is done, 0 to 1."""

    def said(self, line: str) -> None:
        """A line for the user."""


def cores() -> int:
    """How many cores this process may use."""
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


def choose_processes(items: int, devices: int) -> int:
    """How many processes work on so many items, where the user leaves it open: one for each core, as far as there is
    memory and enough to do; where several devices were named, one for each."""
    if devices > 1:
        return devices
    return max(1, min(cores(), items // AUTO_ITEMS, _memory() // AUTO_BYTES))


def work_here(items: Iterable[Item], job: Job, run: Run, watch: Watch) -> Iterator[Outcome]:
    """What becomes of items that this process works on, one after the other. Raises what is wrong for all items."""
    act = job.on(job.devices[0]).ready()
    for index, item in enumerate(items):
        watch.began(item)

        def moved(done: float, total: float, note: str = "", *, item: Item = item) -> None:
            watch.moved(item, done / total, note)

        with written_by(f"{run.name}-{index}"):
            yield attempt(job, act, item, Report(moved, watch.said))


def work_in_processes(
    items: Iterable[Item], job: Job, run: Run, watch: Watch, processes: int, *, one_first: bool = False
) -> Iterator[Outcome]:
    """What becomes of items that worker processes work on, each as soon as it is known; at most one item a process is
    under way, and none is taken before. Where `one_first`, the other processes start when the first item is done, so
    that what is kept for all is made once. When the caller leaves off, items under way are abandoned. Raises what is
    wrong for all items."""
    pool = _Pool(job, run, watch, max(1, cores() // processes), processes)
    try:
        yield from pool.outcomes(iter(items), one_first)
    finally:
        pool.stop()


@dataclass
class _Worker:
    process: SpawnProcess
    connection: Connection
    device: str
    is_ready: bool = False
    item: Item | None = None
    writer: str = ""  # of the item's files


class _Pool:
    """Worker processes of one run."""

    def __init__(self, job: Job, run: Run, watch: Watch, threads: int, processes: int) -> None:
        self.job, self.run, self.watch, self.threads = job, run, watch, threads
        self.devices = [device for device, _ in zip(cycle(job.devices), range(processes), strict=False)]
        self.workers: list[_Worker] = []
        self.given = self.deaths = 0

    def outcomes(self, items: Iterator[Item], one_first: bool) -> Iterator[Outcome]:
        following = next(items, None)
        wanted = 1 if one_first else len(self.devices)
        while following is not None or any(worker.item for worker in self.workers):
            while following is not None and len(self.workers) < wanted:
                self._start()
            for worker in self._ready_workers():
                answer = self._hear(worker)
                if following is not None and self._is_free(worker) and self._give(worker, following):
                    following = next(items, None)
                if answer is not None:
                    wanted = len(self.devices)
                    yield answer

    def stop(self) -> None:
        """End all processes, and remove what they have half-written."""
        for worker in self.workers:
            with suppress(OSError):
                if worker.item is None and worker.is_ready:
                    worker.connection.send(None)
                else:
                    worker.process.terminate()
        deadline = time.monotonic() + STOP_SECONDS
        for worker in self.workers:
            self._end(worker, deadline)
        self.workers.clear()

    def _start(self) -> None:
        """Start a process on the device that the fewest have."""
        used = [worker.device for worker in self.workers]
        device = min(self.devices, key=lambda name: used.count(name) - self.devices.count(name))
        context = multiprocessing.get_context("spawn")
        ours, theirs = context.Pipe()
        process = context.Process(target=work, args=(theirs, self.job.on(device), self.threads), daemon=True)
        process.start()
        theirs.close()
        self.workers.append(_Worker(process, ours, device))

    def _ready_workers(self) -> list[_Worker]:
        """The workers that have something to say, or have died; waits for the first."""
        heard = wait([worker.connection for worker in self.workers])
        return [worker for worker in self.workers if worker.connection in heard]

    def _hear(self, worker: _Worker) -> Outcome | None:
        """What a worker says: the outcome of its item, if it does. Raises what is wrong for all items."""
        try:
            answer = worker.connection.recv()
        except (EOFError, OSError):
            return self._bury(worker)
        if isinstance(answer, VecstackError):
            raise answer
        if isinstance(answer, Outcome):
            worker.item = None
            return answer
        if answer == "ready":
            worker.is_ready, self.deaths = True, 0
        elif worker.item is not None:
            self.watch.moved(worker.item, *answer)
        return None

    def _give(self, worker: _Worker, item: Item) -> bool:
        """Send an item to a worker; False where it has died."""
        worker.writer = f"{self.run.name}-{self.given}"
        worker.item = item  # first, so that a run that is interrupted here knows what the worker may have begun
        try:
            worker.connection.send((item, worker.writer))
        except OSError:
            worker.item = None
            self._bury(worker)
            return False
        self.given += 1
        self.watch.began(item)
        return True

    def _bury(self, worker: _Worker) -> Outcome | None:
        """Leave a dead worker behind; what became of its item. Raises VecstackError where none can begin."""
        self.workers.remove(worker)
        code = self._end(worker, time.monotonic() + STOP_SECONDS)
        if not worker.is_ready:
            self.deaths += 1
            if self.deaths >= MAX_DEATHS:
                raise VecstackError(f"worker processes end before they begin ({code}); use -j 1 to see why.")
        if worker.item is None:
            return None
        why = f"{worker.item.source}: a worker process died ({code}); run again, with a smaller -j if memory ran out."
        return Outcome(worker.item, "failed", VecstackError(why), "WorkerDied", is_settled=False)

    def _is_free(self, worker: _Worker) -> bool:
        return worker in self.workers and worker.is_ready and worker.item is None

    def _end(self, worker: _Worker, deadline: float) -> str:
        """Wait for a process to end, or kill it; how it ended. What it has half-written is removed."""
        worker.process.join(max(0.0, deadline - time.monotonic()))
        if worker.process.is_alive():
            worker.process.kill()
            worker.process.join()
        worker.connection.close()
        if worker.item is not None:
            for path in worker.item.outputs:
                clear(worker.writer, path)
        code = worker.process.exitcode or 0
        return f"signal {-code}" if code < 0 else f"exit code {code}"


def kill_processes() -> None:
    """Kill all worker processes at once."""
    processes = multiprocessing.active_children()
    for process in processes:
        process.kill()
    for process in processes:
        process.join(1)


def _memory() -> int:
    """Bytes of memory of this machine, or fewer, where a container or a scheduler allows no more to this process; as
    many as anyone needs where neither says."""
    try:
        physical = os.sysconf("SC_PHYS_PAGES") * os.sysconf("SC_PAGE_SIZE")
    except (AttributeError, ValueError, OSError):
        physical = 1 << 50
    return min([physical, *_limits(OWN_GROUP, GROUPS)])


def _limits(own: Path, groups: Path) -> Iterator[int]:
    """The limits of memory of the control group that a file names, and of those around it (cgroup v2 of Linux)."""
    try:
        inside = next(line for line in own.read_text().splitlines() if line.startswith("0::/"))[4:]
    except (OSError, StopIteration):
        return
    place = Path(inside)
    for group in (place, *place.parents):
        with suppress(OSError, ValueError):  # none, or "max"
            yield int((groups / group / "memory.max").read_text())
