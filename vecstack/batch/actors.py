"""The engine on Ray: items worked on by actors on the machines of a cluster, and what became of each as it becomes
known.

An actor is a process somewhere, and has at most one item, as a process of the local engine has. So a machine that is
lost costs the items that its actors had, and these are tried once more."""

from __future__ import annotations

import dataclasses
import logging
import os
import signal
import socket
import threading
from collections import deque
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

from vecstack.atomic import written_by
from vecstack.batch.attempt import attempt
from vecstack.batch.engine import AUTO_BYTES, MAX_DEATHS, STOP_SECONDS, Watch, cores
from vecstack.batch.inputs import STANDARD
from vecstack.batch.items import Item, Job, Outcome, Report
from vecstack.batch.places import exists
from vecstack.batch.runs import Run, clear
from vecstack.batch.worker import use_threads
from vecstack.errors import DeviceError, UsageError, VecstackError
from vecstack.extras import install
from vecstack.hub.download import OFFLINE
from vecstack.hub.lock import VARIABLE

LOCAL = "local"  # the address of a Ray of this machine alone, for this run
TOLD_SECONDS = 30.0  # without a worker that is ready, after which the user is told
KNOCK_SECONDS = 5.0  # that a cluster has to take a connection
STORE_BYTES = 100 << 20  # of memory for Ray's objects, on this machine alone: items and outcomes are small
HANDED_OVER = (OFFLINE, VARIABLE)  # variables that an actor takes from the run


class Worker:
    """What runs on a machine of the cluster: it makes a job ready once, and works on items in the folder of the run, so
    that paths mean there what they mean here."""

    def __init__(self, job: Job, folder: str, variables: dict[str, str]) -> None:
        self.job, self.folder, self.variables = job, folder, variables

    def ready(self) -> VecstackError | None:
        """Make the job ready; the error that would be the same for all items."""
        use_threads(1)
        os.environ.update(self.variables)
        try:
            os.chdir(self.folder)
            self.act = self.job.ready()
        except OSError as error:
            place = f"{self.folder} on {socket.gethostname()}"
            return UsageError(f"{place}: {error.strerror}; start where all machines of the cluster see the same files.")
        except VecstackError as error:
            return error
        return None

    def work(self, item: Item, writer: str) -> Outcome:
        """What becomes of an item."""
        with written_by(writer):
            return attempt(self.job, self.act, item, Report(lambda *_: None))


def work_on_ray(
    items: Iterable[Item],
    job: Job,
    run: Run,
    watch: Watch,
    most: int,
    *,
    processes: int | None = None,
    address: str | None = None,
) -> Iterator[Outcome]:
    """What becomes of items, `most` of them, that actors of the Ray cluster at an address work on, each as soon as it
    is known. Without an address it is the one that RAY_ADDRESS names, or else a Ray of this machine is started for the
    run. Without a number of processes there are as many as the cluster has cores and memory for, or GPUs where the job
    is on one. When the caller leaves off, items under way are abandoned. Raises what is wrong for all items."""
    if len(job.devices) > 1:
        raise UsageError("device: on Ray name one, such as cuda; each worker has a GPU of its own.", parameter="device")
    with connected(address, processes or 1):
        on_gpu = job.devices[0].startswith("cuda")
        device = "cuda" if on_gpu else job.devices[0].replace("auto", "cpu")  # Ray shows a worker its own GPU alone
        count = min(most, processes or _room(on_gpu))
        watch.said(f"Ray: {count} worker{'s'[: count > 1]}")
        pool = _Pool(job.on(device), run, watch, count, on_gpu)
        try:
            yield from pool.outcomes(iter(items))
        finally:
            pool.stop()


@dataclass
class _Try:
    """An item to work on, the first time or again; `is_new` says that no output of it was there before."""

    item: Item
    is_new: bool = True
    is_second: bool = False

    @property
    def given(self) -> Item:
        """What a worker gets: it may replace what one that was lost has made of the same item."""
        overwrite = self.item.overwrite or (self.is_second and self.is_new)
        return dataclasses.replace(self.item, overwrite=overwrite)


@dataclass
class _Actor:
    handle: Any
    answer: Any = None  # what Ray will know of what it does
    is_ready: bool = False
    task: _Try | None = None
    writer: str = ""  # of the item's files


class _Pool:
    """The actors of one run."""

    def __init__(self, job: Job, run: Run, watch: Watch, count: int, on_gpu: bool) -> None:
        import ray

        self.run, self.watch, self.count = run, watch, count
        variables = {name: os.environ[name] for name in HANDED_OVER if name in os.environ}
        kind: Any = ray.remote(num_cpus=1, num_gpus=int(on_gpu), max_restarts=0)(Worker)
        self.start: Callable[[], Any] = lambda: kind.remote(job, os.getcwd(), variables)  # noqa: PTH109 - a text, for other machines
        self.actors: list[_Actor] = []
        self.waiting: deque[_Try] = deque()
        self.given = self.deaths = 0

    def outcomes(self, items: Iterator[Item]) -> Iterator[Outcome]:
        self._take(items)
        while self.waiting or any(actor.task for actor in self.actors):
            while self.waiting and len(self.actors) < self.count:
                self._start()
            heard = self._first_answer()
            outcome = None if heard is None else self._hear(heard)
            for actor in self.actors:
                if self.waiting and actor.is_ready and actor.task is None:
                    self._give(actor, self.waiting.popleft())
                    self._take(items)
            if outcome is not None:
                yield outcome

    def stop(self) -> None:
        """End all actors, and remove what they have half-written."""
        import ray

        for actor in self.actors:
            ray.kill(actor.handle)
        under_way = [actor.answer for actor in self.actors if actor.answer is not None]
        if under_way:
            ray.wait(under_way, num_returns=len(under_way), timeout=STOP_SECONDS)
        for actor in self.actors:
            self._clear(actor)
        self.actors.clear()

    def _take(self, items: Iterator[Item]) -> None:
        """Have an item waiting, where one is left."""
        if not self.waiting and (item := next(items, None)) is not None:
            self.waiting.append(_Try(item))

    def _start(self) -> None:
        handle = self.start()
        self.actors.append(_Actor(handle, handle.ready.remote()))

    def _first_answer(self) -> _Actor | None:
        """The first actor that has something to say, or is lost; None after a while."""
        import ray

        under_way = [actor for actor in self.actors if actor.answer is not None]
        heard, _ = ray.wait([actor.answer for actor in under_way], num_returns=1, timeout=TOLD_SECONDS)
        if not heard and not any(actor.is_ready for actor in self.actors):
            self.watch.said("waiting for Ray to find room for a worker; `ray status` says what the cluster has")
        return next((actor for actor in under_way if actor.answer in heard), None)

    def _hear(self, actor: _Actor) -> Outcome | None:
        """What an actor says: the outcome of its item, if it does. Raises what is wrong for all items."""
        import ray
        from ray.exceptions import RayError

        try:
            answer: Outcome | VecstackError | None = ray.get(actor.answer)
        except RayError as error:
            return self._bury(actor, error)
        actor.answer = None
        if isinstance(answer, VecstackError):
            raise answer
        task, actor.task = actor.task, None
        if answer is None or task is None:
            actor.is_ready, self.deaths = True, 0
            return None
        return dataclasses.replace(answer, item=task.item)

    def _give(self, actor: _Actor, task: _Try) -> None:
        if not task.is_second:
            task.is_new = not any(map(exists, task.item.missing))
            self.watch.began(task.item)
        actor.writer, actor.task = f"{self.run.name}-{self.given}", task
        self.given += 1
        actor.answer = actor.handle.work.remote(task.given, actor.writer)

    def _bury(self, actor: _Actor, error: Exception) -> Outcome | None:
        """Leave a lost actor behind; what became of its item, where that is not to be tried again. Raises VecstackError
        where none can begin."""
        import ray

        self.actors.remove(actor)
        ray.kill(actor.handle)
        self._clear(actor)
        why = str(getattr(error, "cause", None) or error).strip().split("\n")[0].rstrip(".")
        if not actor.is_ready:
            self.deaths += 1
            if self.deaths >= MAX_DEATHS:
                raise VecstackError(f"Ray's workers end before they begin ({why}); is vecstack on all its machines?")
        task = actor.task
        if task is None:
            return None
        if not task.is_second:
            self.waiting.append(dataclasses.replace(task, is_second=True))
            return None
        told = f"{task.item.source}: a worker died twice ({why}); run again, with a smaller -j if memory ran out."
        return Outcome(task.item, "failed", VecstackError(told), "WorkerDied", is_settled=False)

    def _clear(self, actor: _Actor) -> None:
        """Remove what an actor has half-written."""
        for path in actor.task.item.outputs if actor.task is not None else ():
            if path != STANDARD:
                clear(actor.writer, path)


@contextmanager
def connected(address: str | None, processes: int) -> Iterator[None]:
    """Within the block, this process is one of a Ray cluster. Raises UsageError."""
    os.environ.setdefault("RAY_USAGE_STATS_ENABLED", "0")  # nothing is told to anyone
    os.environ.setdefault("RAY_DEDUP_LOGS_SKIP_REGEX", ".*")  # which would go to standard output: see `_bury`
    try:
        import ray
        from ray.exceptions import RayError
    except ImportError as error:
        raise UsageError(f"Ray needs the package ray. {install('ray')}") from error
    place = address or os.environ.get("RAY_ADDRESS") or LOCAL
    own = {"num_cpus": max(cores(), processes), "include_dashboard": False, "object_store_memory": STORE_BYTES}
    try:
        _knock(place)
        with _signals_kept():
            ray.init(place, log_to_driver=False, logging_level=logging.ERROR, **(own if place == LOCAL else {}))
    except (OSError, RuntimeError, ValueError, RayError) as error:
        reason = str(error).strip().split("\n")[0].rstrip(".")
        told = f"address {place}: no Ray answers ({reason}); check it by `ray status`."
        raise UsageError(told, parameter="address") from error
    try:
        yield
    finally:
        ray.shutdown()


def _knock(place: str) -> None:
    """Raise OSError where nothing listens at HOST:PORT: Ray would try for minutes. Other addresses pass."""
    host, _, port = place.rpartition(":")
    if host and port.isdecimal() and "/" not in host:
        socket.create_connection((host, int(port)), timeout=KNOCK_SECONDS).close()


@contextmanager
def _signals_kept() -> Iterator[None]:
    """Leave the block with the handler of SIGTERM with which it was entered: Ray sets one that ends the program."""
    if threading.current_thread() is not threading.main_thread():
        yield
        return
    before = signal.getsignal(signal.SIGTERM)
    try:
        yield
    finally:
        signal.signal(signal.SIGTERM, before)


def _room(on_gpu: bool) -> int:
    """How many workers the cluster has room for. Raises DeviceError where they need GPUs and it has none."""
    import ray

    has = ray.cluster_resources()
    if not on_gpu:
        return max(1, min(int(has.get("CPU", 1)), int(has.get("memory", AUTO_BYTES) // AUTO_BYTES)))
    if not has.get("GPU"):
        raise DeviceError("the Ray cluster has no GPU; use `device='cpu'`.")
    return int(has["GPU"])
